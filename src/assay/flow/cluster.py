"""The same crew on many machines: chunks of a task run on dask.distributed, answers come back to the one writer."""

from __future__ import annotations

import functools
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any

from assay.core import config
from assay.core.errors import AssayError, describe
from assay.core.record import Record
from assay.flow.crew import Answer, Crew, Question, Task

CHUNKS_A_WORKER = 2
CONNECT_TIMEOUT = 10.0


@dataclass
class Report:
    """What a chunk brings home."""

    task: str
    answers: list[Answer]
    load_seconds: float | None
    unloadable: str
    evaluations: dict[str, dict[str, int]]
    log: bytes


def workforce(address: str) -> Callable[..., ClusterCrew]:
    """Return what `assay.flow.runner.run` takes as its workforce.

    Parameters
    ----------
    address : str
        ``local`` (worker processes on this machine), ``slurm`` (dask-jobqueue, from its own configuration file), or
        the address of a running scheduler.
    """
    return functools.partial(ClusterCrew, address=address)


class ClusterCrew:
    """A crew whose workers stand anywhere; built with the arguments of `Crew`."""

    def __init__(self, jobs: int, log: IO[bytes], on_answer: Callable[[Task, Answer], None],
                 on_load: Callable[[Task, float], None] = lambda task, seconds: None, *, address: str) -> None:
        self.jobs, self.log, self.on_answer, self.on_load = jobs, log, on_answer, on_load
        self.address = address
        self.evaluations: dict[str, Counter[str]] = {}

    def work(self, tasks: Sequence[Task]) -> None:
        """Answer every question of every task, those that use another's results after it.

        Raises
        ------
        AssayError
            If the packages are missing or the scheduler cannot be reached.
        """
        names = {task.model for task in tasks}
        waves = ([task for task in tasks if task.after not in names], [task for task in tasks if task.after in names])
        # To dask a task is a thread's work; on this machine alone we know how many cores there are for each.
        threads = max(1, config.cpus() // self.jobs) if self.address == "local" else 1
        with _client(self.address, self.jobs) as client:
            for wave in waves:
                self._work(client, wave, threads)

    def _work(self, client: Any, tasks: Sequence[Task], threads: int) -> None:
        from distributed import as_completed

        by_name = {task.model: task for task in tasks}
        workers = max(1, len(client.nthreads()), self.jobs)
        chunks = [chunk for task in tasks for chunk in _chunks(task, workers * CHUNKS_A_WORKER)]
        futures = {client.submit(work_chunk, chunk, threads, pure=False, retries=0): chunk for chunk in chunks}
        for future in as_completed(futures):
            chunk = futures[future]
            task = by_name[chunk.model]
            self._take(task, _given_up(chunk, task.unloadable) if future.cancelled() else _report(future, chunk))
            if task.unloadable and task.load_seconds is None:
                # Nobody could load it: the others need not find that out for themselves.
                client.cancel([other for other in futures if futures[other].model == task.model and not other.done()])

    def _take(self, task: Task, report: Report) -> None:
        task.unloadable = report.unloadable or task.unloadable
        if report.load_seconds is not None:
            task.load_seconds = report.load_seconds
            self.on_load(task, report.load_seconds)
        for name, counts in report.evaluations.items():
            self.evaluations.setdefault(name, Counter()).update(counts)
        self.log.write(report.log)
        for answer in report.answers:
            self.on_answer(task, answer)


def work_chunk(task: Task, threads: int) -> Report:
    """Answer the questions of a part of a task with a worker process on this machine."""
    answers: list[Answer] = []
    with tempfile.TemporaryFile() as log:
        crew = Crew(1, log, lambda _, answer: answers.append(answer), threads=threads)
        crew.work([task])
        log.seek(0)
        return Report(task.model, answers, task.load_seconds, task.unloadable,
                      {name: dict(counts) for name, counts in crew.evaluations.items()}, log.read())


def _chunks(task: Task, most: int) -> list[Task]:
    """Deal the questions out like cards, so that every chunk has dear and cheap ones."""
    hands: list[list[Question]] = [[] for _ in range(min(most, len(task.questions)))]
    for index, question in enumerate(task.questions):
        hands[index % len(hands)].append(question)
    return [replace(task, questions=deque(hand), after=None, rates={}) for hand in hands]


def _report(future: Any, chunk: Task) -> Report:
    error = future.exception()
    if error is not None:
        return _given_up(chunk, f"cluster: {describe(error)}")
    report: Report = future.result()
    return report


def _given_up(chunk: Task, reason: str) -> Report:
    return Report(chunk.model, [Answer(question, Record.failed(reason)) for question in chunk.questions], None, "",
                  {}, b"")


@contextmanager
def _client(address: str, jobs: int) -> Iterator[Any]:
    """Yield a client; a cluster that was started for it ends with it."""
    cluster, client = _connected(address, jobs)
    try:
        yield client
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _connected(address: str, jobs: int) -> tuple[Any, Any]:
    try:
        import distributed

        if address == "local":
            cluster = distributed.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address="127.0.0.1:0")
            return cluster, distributed.Client(cluster)
        if address == "slurm":
            import dask_jobqueue

            cluster = dask_jobqueue.SLURMCluster()
            cluster.scale(jobs=jobs)
            return cluster, distributed.Client(cluster)
        return None, distributed.Client(address, timeout=CONNECT_TIMEOUT)
    except ImportError as error:
        raise AssayError(f"--cluster needs {error.name}", "pip install 'assay[cluster]'") from error
    except (OSError, ValueError) as error:
        raise AssayError(f"--cluster {address}: cannot be reached: {describe(error)}",
                         "expected local, slurm, or the address of a running scheduler, as tcp://host:8786") from error
