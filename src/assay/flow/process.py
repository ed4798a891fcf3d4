"""A worker process as its driver sees it: started, asked, listened to, killed with all it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import assay
from assay.core import config
from assay.core.record import Case
from assay.core.worker import Job

# An environment of its own does not see the driver's packages: assay alone is made importable, by its location.
BOOT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("assay", sys.argv[1] + "/__init__.py",
                                              submodule_search_locations=[sys.argv[1]])
sys.modules["assay"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from assay.core.worker import main
main()
"""


class WorkerProcess:
    """One worker.

    Parameters
    ----------
    job : Job
    python : Path, optional
        Interpreter of an environment of its own; None is this one.
    log : file
        Receives what the worker, and the code it runs, prints.
    threads : int
        ``OMP_NUM_THREADS`` of the worker.
    """

    def __init__(self, job: Job, python: Path | None, log: IO[bytes], threads: int) -> None:
        command = ([str(python), "-c", BOOT, str(Path(assay.__file__).parent)] if python
                   else [sys.executable, "-P", "-m", "assay.core.worker"])
        number = str(threads)
        variables = {**os.environ, "ASSAY_HOME": str(config.home()), "ASSAY_CACHE": str(config.cache()),
                     "OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number, "MKL_NUM_THREADS": number}
        # -P: a file random.py in the current folder must not stand in for the library's; ours is the driver's path.
        # A session of its own: a Ctrl-C in the terminal reaches the driver alone, a kill reaches all children.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                         env=variables, start_new_session=True, bufsize=0)
        self._pending: list[bytes] = []
        self.started = time.monotonic()
        self._write(asdict(job))

    def ask(self, benchmark: str, case: Case) -> None:
        """Send a case; the answer comes through `messages`."""
        self._write({"benchmark": benchmark, "case": asdict(case)})

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is a message, or the worker has died."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def messages(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the complete messages at hand, and whether the worker has died. Call when readable."""
        data = os.read(self.fileno(), 1 << 20)
        self._pending.append(data)
        if b"\n" not in data:
            return [], not data
        # Joined once a message: artefacts of many megabytes come in pieces of 64 kB.
        *lines, rest = b"".join(self._pending).split(b"\n")
        self._pending = [rest]
        return [json.loads(line) for line in lines], False

    def end(self) -> None:
        """Tell the worker that nothing more will be asked; it ends by itself, `reap` waits for it."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def reap(self) -> None:
        """Wait a little for a worker that was told to end, then kill what is left of it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=3.0)
        self.kill()

    def kill(self) -> None:
        """Kill the worker and all it started."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()

    def cause_of_death(self) -> str:
        """Return ``worker died: signal SIGABRT`` or ``worker died: exit code 3``; call when it has died."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        self.kill()
        code = self._process.returncode
        if code >= 0:
            return f"worker died: exit code {code}"
        return f"worker died: signal {signal.Signals(-code).name}"

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        # A worker that has just died is noticed where its messages are read.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
