"""Benchmarks of the toy family: two that work, and the trouble a benchmark can make."""

import os
import signal
import time

from assay import (
    Artefact,
    Bar,
    Benchmark,
    Case,
    Line,
    Metric,
    Parity,
    Record,
    Remote,
    Skip,
    View,
    benchmark,
)

NUMBERS_SHA256 = "5e931377c13c9923aeaaede1d78a0f0b0a1d7d4eb4d75b04e436f42315836190"


def _errors(records):
    return [record["predicted"] - record["reference"] for record in records]


def _mae(records):
    return sum(map(abs, _errors(records))) / len(records)


@benchmark
class Sums(Benchmark):
    """Sums of a few numbers, against the right ones."""

    name, title, category, version = "toy/sums", "Sums", "Arithmetic", 1
    metrics = (
        Metric("mae", "u", good=0.0, bad=2.0, level="exact", tip="mean absolute error over the sums"),
        Metric("me", "u", good=0.0, bad=2.0, weight=0.0, tip="mean error"),
        Metric("mae_full", "u", good=0.0, bad=2.0, weight=0.0, tip="the same with the long sums"),
    )
    views = (View("mae", Parity("reference", "predicted", "u"), artefact="sum"),)
    citation, licence = "Ries (1522)", "public domain"
    load_timeout, case_timeout = 5.0, 10.0

    def cases(self):
        for n in range(12):
            yield Case(f"sum-{n:02d}", {"numbers": [n, 2 * n, 0.5]}, tags=("odd" if n % 2 else "even", "el:H"))
        yield Case("sum-long", {"numbers": list(range(100))}, tags=("full",))

    def calc(self, model, case):
        predicted = model.add(case.inputs["numbers"])
        text = " + ".join(map(str, case.inputs["numbers"])) + f" = {predicted}\n"
        return Record({"reference": sum(case.inputs["numbers"]), "predicted": predicted},
                      {"sum": Artefact("text", text.encode(), ".txt", "the sum")})

    def analyse(self, records):
        return {"mae": _mae(records), "me": sum(_errors(records)) / len(records), "mae_full": _mae(records)}


@benchmark
class Negatives(Benchmark):
    """Sums of negative numbers; models that know only positive ones do not take part."""

    name, title, category = "toy/negatives", "Negative sums", "Signs"
    metrics = (Metric("mae", "u", good=0.0, bad=2.0),)
    views = (View("mae", Bar("predicted", "u")),)
    load_timeout = 5.0

    def cases(self):
        return [Case(f"negative-{n}", {"numbers": [-n, 1]}) for n in range(1, 6)]

    def supports(self, model):
        return "knows no negative numbers" if model.meta.get("positive_only") else None

    def calc(self, model, case):
        return Record({"reference": sum(case.inputs["numbers"]), "predicted": model.add(case.inputs["numbers"])})

    def analyse(self, records):
        return {"mae": _mae(records)}


@benchmark
class Curves(Benchmark):
    """Partial sums of a series; one case raises until the variable ``TOY_REPAIRED`` is set."""

    name, title, category = "toy/curves", "Partial sums", "Arithmetic"
    metrics = (Metric("last", "u", good=0.0, bad=5.0),)
    views = (View("last", Line("n", "sums", unit="u")),)

    def cases(self):
        return [Case(name, {"step": step}, cost=step) for name, step in (("by-1", 1), ("by-2", 2), ("broken", 3))]

    def calc(self, model, case):
        if case.id == "broken" and not os.environ.get("TOY_REPAIRED"):
            raise ValueError("the series does not converge")
        n = list(range(0, 10, case.inputs["step"]))
        sums = [model.add(n[:i + 1]) for i in range(len(n))]
        return Record({"n": n, "sums": sums, "reference": sum(n), "predicted": sums[-1]})

    def analyse(self, records):
        return {"last": _mae(records)}


@benchmark
class Trouble(Benchmark):
    """Everything that a case can do to a worker."""

    name, title, category = "toy/trouble", "Trouble", "Trouble"
    metrics = (Metric("mae", "u", good=0.0, bad=1.0),)
    load_timeout, case_timeout = 5.0, 2.0

    def cases(self):
        names = ("first", "raises", "nan", "infinite", "not-json", "hangs", "aborts", "exits", "killed", "hungry",
                 "chatter", "skips", "no-record", "last")
        return [Case(name) for name in names]

    def calc(self, model, case):
        trouble = getattr(self, "_" + case.id.replace("-", "_"), None)
        values = {"reference": 3.0, "predicted": model.add([1.0, 2.0])}
        return Record(values) if trouble is None else trouble(values)

    def analyse(self, records):
        return {"mae": _mae(records)}

    def _raises(self, values):
        raise ValueError("two lines\nof text")

    def _nan(self, values):
        return Record({**values, "predicted": float("nan")})

    def _infinite(self, values):
        return Record({**values, "curve": {"y": [1.0, float("inf")]}})

    def _not_json(self, values):
        return Record({**values, "what": object()})

    def _hangs(self, values):
        time.sleep(600)

    def _aborts(self, values):
        os.abort()

    def _exits(self, values):
        os._exit(3)

    def _killed(self, values):
        # What the kernel does to a process when memory runs out.
        os.kill(os.getpid(), signal.SIGKILL)

    def _hungry(self, values):
        return Record({"size": len(bytearray(1 << 50))})

    def _chatter(self, values):
        os.write(1, b'{"event": "chatter from C"}\n')
        print("chatter from Python")
        return Record(values)

    def _skips(self, values):
        raise Skip("does not apply")

    def _no_record(self, values):
        return values


@benchmark
class Numbers(Benchmark):
    """Sums of the numbers in a file that has to be fetched."""

    name, title, category = "toy/numbers", "Numbers from a file", "Data"
    data = {"numbers": Remote("https://toy.invalid/numbers.txt", sha256=NUMBERS_SHA256)}
    metrics = (Metric("mae", "u", good=0.0, bad=1.0),)

    def cases(self):
        lines = self.path("numbers").read_text().splitlines()
        return [Case(f"line-{n}", {"numbers": [float(x) for x in line.split()]}) for n, line in enumerate(lines)]

    def calc(self, model, case):
        return Record({"reference": sum(case.inputs["numbers"]), "predicted": model.add(case.inputs["numbers"])})

    def analyse(self, records):
        return {"mae": _mae(records)}


@benchmark
class Unanalysable(Benchmark):
    """Cases that succeed, and an analysis that raises."""

    name, title, category = "toy/unanalysable", "Unanalysable", "Trouble"
    metrics = (Metric("mae", "u", good=0.0, bad=1.0),)

    def cases(self):
        return [Case("one"), Case("two")]

    def calc(self, model, case):
        return Record({"predicted": model.add([1.0])})

    def analyse(self, records):
        return {"mae": _mae(records)}


@benchmark
class Readiness(Benchmark):
    """Derived: reads the store, calculates nothing, never enters a score."""

    name, title, category, derived = "toy/readiness", "Readiness", "Derived", True
    metrics = (Metric("count", "", good=1.0, bad=0.0),)

    def cases(self):
        return [Case("only")]

    def analyse(self, records):
        return {"count": float(len(records))}


@benchmark
class Twins(Benchmark):
    """Two cases of one id: an error before anything runs. A family of its own keeps ``toy/*`` usable."""

    name, title, category = "spoilt/twins", "Twins", "Trouble"
    metrics = (Metric("mae", "u", good=0.0, bad=1.0),)

    def cases(self):
        return [Case("twin"), Case("twin")]
