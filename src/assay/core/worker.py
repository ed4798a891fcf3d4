"""The process that holds one model: reads cases from its standard input, answers with records, one JSON line each.

The first line is the `Job`; it is answered by ``ready`` or ``unloadable``, every later line by a ``record``.
It runs on the standard library (and what the model and the benchmark import), so that it also runs in an environment
of its own.
"""

from __future__ import annotations

import atexit
import base64
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from assay.core import provenance
from assay.core.benchmark import Benchmark
from assay.core.errors import LoadError, Skip, describe
from assay.core.model import Model, resolve
from assay.core.record import Artefact, Case, Record

SEED = 0
GRACE = 1.0  # seconds between the driver's end and a kill


@dataclass(frozen=True)
class Job:
    """What a worker is started with.

    Parameters
    ----------
    model : dict
        Fields of the `Model`.
    wrap : str, optional
        The family's ``"pkg.mod:callable"``, (loaded, model) -> what ``calc`` receives.
    weights : str, optional
        Path of the weights file.
    search : list of str
        The driver's ``sys.path``; empty for a worker in an environment of its own.
    packages : dict of str to str
        Top-level modules that such a worker finds by location instead.
    """

    model: dict[str, Any]
    wrap: str | None = None
    weights: str | None = None
    search: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)


class Located(importlib.abc.MetaPathFinder):
    """Finds a few top-level modules by location, without opening the folders they lie in to everything else."""

    def __init__(self, locations: dict[str, str]) -> None:
        self.locations = locations

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a module that was named; None leaves it to the others."""
        location = Path(self.locations.get(name, ""))
        if name not in self.locations:
            return None
        if location.is_dir():
            return importlib.util.spec_from_file_location(name, location / "__init__.py",
                                                          submodule_search_locations=[str(location)])
        return importlib.util.spec_from_file_location(name, location)


class Worker:
    """The loaded model, and what it has been asked so far."""

    def __init__(self, job: Job) -> None:
        self.model = Model(**job.model)
        weights = Path(job.weights) if job.weights else None
        loaded = self.model.load(weights)
        self.subject = resolve(job.wrap)(loaded, self.model) if job.wrap else loaded
        self.benchmarks: dict[str, Benchmark] = {}
        self.modules = 0

    def answer(self, benchmark: str, case: Case) -> dict[str, Any]:
        """Run one case and return the message for the driver."""
        started, loading, trace = time.perf_counter(), self._loading(), ""
        seed_everything()
        try:
            record = self._calc(benchmark, case)
        except LoadError:
            raise
        except Skip as reason:
            record = Record.skipped(str(reason))
        except Exception as error:
            record, trace = Record.failed(describe(error)), traceback.format_exc()
        loading = self._loading() - loading
        message = {"event": "record", "status": record.status, "reason": record.reason, "values": record.values,
                   "artefacts": {name: _encoded(item) for name, item in record.artefacts.items()},
                   "seconds": time.perf_counter() - started - loading, "loading": loading, "trace": trace,
                   "evaluations": self._evaluations()}
        if len(sys.modules) != self.modules:
            message["provenance"] = provenance.circumstances(self.model.device)
            self.modules = len(sys.modules)
        return message

    def _loading(self) -> float:
        """Return the seconds the family's wrapper spent on loading what it had put off; they are no case's."""
        seconds = getattr(self.subject, "load_seconds", 0.0)
        return seconds if isinstance(seconds, float) else 0.0

    def _evaluations(self) -> dict[str, dict[str, int]]:
        """Return what the family's wrapper counted; another model may use the name for something else."""
        counts = getattr(self.subject, "evaluations", None)
        if not isinstance(counts, dict):
            return {}
        return {str(name): {what: int(item[what]) for what in ("computed", "cached")}
                for name, item in counts.items() if isinstance(item, dict) and {"computed", "cached"} <= set(item)}

    def _calc(self, benchmark: str, case: Case) -> Record:
        if benchmark not in self.benchmarks:
            self.benchmarks[benchmark] = resolve(benchmark)()
        record = self.benchmarks[benchmark].calc(self.subject, case)
        if not isinstance(record, Record):
            return Record.failed(f"calc returned {type(record).__name__}: expected a Record")
        return record.checked()


def seed_everything() -> None:
    """Seed the global generators: a record is the same wherever in the queue its case stands."""
    random.seed(SEED)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(SEED)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(SEED)


def decoded(message: dict[str, Any]) -> Record:
    """Return the record of a ``record`` message (the driver's side)."""
    artefacts = {name: Artefact(**{**item, "data": base64.b64decode(item["data"])})
                 for name, item in message["artefacts"].items()}
    return Record(message["values"], artefacts, message["status"], message["reason"])


def _encoded(artefact: Artefact) -> dict[str, str]:
    return {**asdict(artefact), "data": base64.b64encode(artefact.data).decode("ascii")}


def main() -> None:
    """Serve until standard input ends, and be gone."""
    serve()
    # What was registered for the end runs. Taking large libraries apart after it would take a second for nothing.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def serve() -> None:
    """Load the model that the first line names, answer the cases of the others."""
    out = os.fdopen(os.dup(1), "wb")
    # What the model prints, also from C code, must not end up among the messages.
    os.dup2(2, 1)
    end_with_driver()
    lines = sys.stdin.buffer
    job = Job(**json.loads(lines.readline()))
    sys.path.extend(entry for entry in job.search if entry not in sys.path)
    sys.meta_path.insert(0, Located(job.packages))
    limit_memory(job.model.get("device", "cpu"))
    started = time.perf_counter()
    try:
        worker = Worker(job)
    except Exception as error:
        _send(out, _unloadable(error))
        return
    _send(out, {"event": "ready", "seconds": time.perf_counter() - started})
    for line in lines:
        question = json.loads(line)
        try:
            message = worker.answer(question["benchmark"], Case(**question["case"]))
        except LoadError as error:
            _send(out, _unloadable(error))
            return
        _send(out, message)


def _unloadable(error: Exception) -> dict[str, Any]:
    reason = error.message if isinstance(error, LoadError) else describe(error)
    return {"event": "unloadable", "reason": f"load: {reason}", "trace": traceback.format_exc()}


def _send(out: BinaryIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    out.flush()
    sys.stdout.flush()


def end_with_driver() -> None:
    """Fork a watch that kills this process and its children once the driver is gone, also in mid-case.

    A thread would not do: code that holds the interpreter's lock would keep it from running.
    """
    worker, group = os.getpid(), os.getpgrp()
    alive, _open_while_alive = os.pipe()
    if os.fork():
        os.close(alive)
        return
    # Only standard input (the driver) and `alive` (the worker) stay open here, or nobody would see the worker's end.
    os.dup2(alive, 3)
    os.closerange(1, 3)
    os.closerange(4, 65536)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ends = select.poll()
    ends.register(0, 0)
    ends.register(3, 0)
    ends.poll()
    worker_only = select.poll()
    worker_only.register(3, 0)
    if not worker_only.poll(GRACE * 1000):
        os.killpg(group, signal.SIGKILL) if group == worker else os.kill(worker, signal.SIGKILL)
    os._exit(0)


def limit_memory(device: str) -> None:
    """Let a runaway case meet a MemoryError, or the kernel choose this process, before the driver suffers (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError):  # containers may forbid it
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    if device == "cpu":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (memory, soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))


if __name__ == "__main__":
    main()
