"""A plugin for tests of the machinery: models that load slowly, fail late, hold on to things; cases that take time."""

import os
import random
import re
import resource
import time
from pathlib import Path

from assay import Artefact, Benchmark, Case, Metric, Model, Record, Skip, benchmark, register_family, register_model
from assay.core.errors import LoadError

register_family("lab", wrap="assay_lab:wrapped")


class Sample:
    """What the loaders return: the options, and where this process notes what it did."""

    def __init__(self, **options):
        self.options = options
        self.evaluations = options.get("evaluations")

    def note(self, text):
        """Append a line to the file that the test named, with the process that wrote it."""
        if path := os.environ.get("LAB_NOTES"):
            with Path(path).open("a") as notes:
                notes.write(f"{time.monotonic()} {os.getpid()} {text}\n")


def load(device, seconds=0.0, **options):
    """Load, after some seconds."""
    time.sleep(seconds)
    sample = Sample(**options)
    sample.note(f"loaded {options.get('name', '')}")
    return sample


def once(device, flag):
    """Load the first time; afterwards die, as a second copy that does not fit into the memory does."""
    try:
        Path(flag).touch(exist_ok=False)
    except FileExistsError:
        os.abort()
    return Sample()


def wrapped(loaded, model):
    """Let the model know its name, as a family's wrapper may."""
    loaded.name = model.name
    return loaded


for name, loader, options, meta in (
    ("plain", "load", {}, {}),
    ("slow-to-load", "load", {"seconds": 0.5}, {}),
    ("base", "load", {"name": "base"}, {}),
    ("twin", "load", {"name": "twin"}, {"base": "lab-base"}),
    ("late", "load", {"late": True}, {}),
    ("counted", "load", {"evaluations": {"engine": {"computed": 2, "cached": 3}}}, {}),
    ("odd-attribute", "load", {"evaluations": "many"}, {}),
):
    register_model(Model(f"lab-{name}", "lab", f"assay_lab:{loader}", options, meta=meta))


class Quick(Benchmark):
    """Base of the benchmarks below: a few cases, a number each."""

    category, metrics = "Lab", (Metric("mean", "u", good=0.0, bad=1.0),)
    load_timeout, case_timeout = 10.0, 30.0

    def cases(self):
        return [Case(f"case-{n:02d}", {"n": n}) for n in range(4)]

    def calc(self, model, case):
        return Record({"x": case.inputs["n"]})

    def analyse(self, records):
        return {"mean": sum(record["x"] for record in records) / len(records)}


@benchmark
class Naps(Quick):
    """Cases that take 0.3 s each."""

    name, title = "lab/naps", "Naps"

    def cases(self):
        return [Case(f"nap-{n:02d}", {"n": n}) for n in range(10)]

    def calc(self, model, case):
        model.note(f"{model.name} {case.id}")
        time.sleep(0.3)
        return Record({"x": case.inputs["n"], "pid": os.getpid()})


@benchmark
class Lazy(Quick):
    """The first case makes the model load what it had put off: 0.8 s. Cases themselves take no time."""

    name, title = "lab/lazy", "Lazy"

    def calc(self, model, case):
        if not getattr(model, "load_seconds", 0.0):
            time.sleep(0.8)
            model.load_seconds = 0.8
        return Record({"pid": os.getpid()})


@benchmark
class Costly(Quick):
    """Cases whose cost says in which order they run."""

    name, title = "lab/costly", "Costly"

    def cases(self):
        return [Case(f"cost-{cost}", {"n": cost}, cost=cost) for cost in (1, 5, 3)]

    def calc(self, model, case):
        model.note(case.id)
        return Record({"x": 0})


@benchmark
class Late(Quick):
    """Models with the option ``late`` notice in the second case that they cannot load."""

    name, title = "lab/late", "Late"

    def calc(self, model, case):
        if case.id == "case-01" and model.options.get("late"):
            raise LoadError("the second part of the weights is missing", "fetch it")
        return Record({"x": case.inputs["n"]})


@benchmark
class Locked(Quick):
    """The second case never ends and holds the interpreter's lock all the while."""

    name, title = "lab/locked", "Locked"
    case_timeout = 600.0

    def calc(self, model, case):
        model.note(f"started {case.id}")
        if case.id == "case-01":
            # A subprocess too: it must not survive either. Then one call into C that takes centuries.
            if os.fork() == 0:
                time.sleep(600)
                os._exit(0)
            re.match("(a+)+$", "a" * 100 + "b")
        return Record({"x": case.inputs["n"]})


@benchmark
class Greedy(Quick):
    """The second case fills the memory little by little."""

    name, title = "lab/greedy", "Greedy"

    def calc(self, model, case):
        hoard = []
        while case.id == "case-01":
            hoard.append(b"x" * (8 << 20))
        return Record({"x": case.inputs["n"]})


@benchmark
class Limits(Quick):
    """What the worker may use."""

    name, title = "lab/limits", "Limits"

    def calc(self, model, case):
        return Record({"x": resource.getrlimit(resource.RLIMIT_DATA)[0],
                       "oom": int(Path("/proc/self/oom_score_adj").read_text())})


@benchmark
class Dice(Quick):
    """Draws from the global generators, before and after importing what else draws."""

    name, title = "lab/dice", "Dice"

    def calc(self, model, case):
        import numpy as np

        return Record({"x": random.random(), "y": float(np.random.random())})


@benchmark
class Texts(Quick):
    """Texts and files as a language model or a file system may give them."""

    name, title = "lab/texts", "Texts"

    def cases(self):
        return [Case(name) for name in ("surrogate-value", "surrogate-reason", "surrogate-skip", "surrogate-label",
                                        "no-bytes", "path-in-suffix", "list-of-values", "unicode", "large", "last")]

    def calc(self, model, case):
        values = {"x": 1.0}
        match case.id:
            case "surrogate-value":
                return Record({"text": "\udce4"})
            case "surrogate-reason":
                raise FileNotFoundError("\udce4.txt")
            case "surrogate-skip":
                raise Skip("no file \udce4.txt")
            case "surrogate-label":
                return Record(values, {"a": Artefact("text", b"", ".txt", "\udce4")})
            case "no-bytes":
                return Record(values, {"a": Artefact("text", "text", ".txt")})
            case "path-in-suffix":
                return Record(values, {"a": Artefact("text", b"", "/../../../outside.txt")})
            case "list-of-values":
                return Record([1.0])
            case "unicode":
                return Record({"text": "\x00\u2028Ä\U0001f600\n"})
            case "large":
                return Record(values, {"a": Artefact("image", bytes(range(256)) * (40 << 10), ".bin")})
        return Record(values)


@benchmark
class NoCases(Quick):
    """Its cases cannot be had."""

    name, title = "lab/no-cases", "No cases"

    def cases(self):
        raise KeyError("structures")


@benchmark
class NoSupport(Quick):
    """It cannot say whom it supports."""

    name, title = "lab/no-support", "No support"

    def supports(self, model):
        raise AttributeError("meta")
