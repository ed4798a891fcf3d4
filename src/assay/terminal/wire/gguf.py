"""Models in GGUF files, run in this process by xllamacpp (llama.cpp): no provider, no network.

The engine is a server that always listens somewhere; here on a socket file that is taken away again before anybody
could find it. What it is asked comes by function call.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from assay.core import config
from assay.terminal.wire import failure
from assay.terminal.wire.apart import Apart
from assay.terminal.wire.completions import Completions
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.openai import OpenAI
from assay.terminal.wire.types import Delta, Reply, Request

MAGIC = b"GGUF"
LEAVE = 2.0  # s that a call which nobody waits for any more has to end
QUIET, LOUD = -1, 3
HERE = "this process"


_open: weakref.WeakSet[Gguf] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is still open: an engine that computes while the interpreter ends would abort the process."""
    for client in list(_open):
        client.close()


class Gguf:
    """A client whose model is a file; `Request.model` is its path.

    Parameters
    ----------
    timeout : float
        Seconds for one call; loading the file at the first one comes on top.
    habits : Habits, optional
    kind : str
        ``instruct``, or ``base`` for going on with a text.
    context : int
        Tokens; never more than the model was trained for.
    """

    def __init__(self, timeout: float = 60.0, habits: Habits | None = None, kind: str = "instruct",
                 context: int = 8192) -> None:
        self.timeout, self.habits, self.context = timeout, habits or Habits(), context
        self.wire: OpenAI | Completions = Completions() if kind == "base" else OpenAI()
        self.calls = 0
        self._lock = threading.Lock()
        self._engines: dict[str, Any] = {}
        self._running: set[Apart] = set()
        _open.add(self)

    def __repr__(self) -> str:
        return f"<gguf in {HERE}>"

    def body(self, request: Request, stream: bool = False) -> dict[str, Any]:
        """Return what the engine would be asked."""
        return self.habits.applied(self.wire.body(request, stream, self.habits.json))

    def complete(self, request: Request) -> Reply:
        """Ask, wait for the whole answer; see `Client`."""
        *_, last = self.stream(request)
        assert last.reply is not None
        return Reply(last.reply.text, last.reply.usage, last.reply.stop, last.reply.raw)

    def stream(self, request: Request) -> Iterator[Delta]:
        """Ask, yield the answer as it comes; see `Client`."""
        started, first = time.monotonic(), None
        reader = self.wire.reader()
        with _telling(), closing(self._documents(request)) as documents:
            for document in documents:
                text = reader.take(document)
                if text:
                    first = first or time.monotonic() - started
                    yield Delta(text)
            reply = reader.reply()
        yield Delta("", Reply(reply.text, reply.usage, reply.stop, reply.raw, first))

    def close(self) -> None:
        """Let the models go."""
        with self._lock:
            engines, self._engines = self._engines, {}
            running = list(self._running)
        for call in running:
            call.stop()
            call.thread.join(LEAVE)
        engines.clear()

    def _documents(self, request: Request) -> Generator[dict[str, Any], None, None]:
        engine = self._engine(request.model)
        ask = engine.handle_completions if isinstance(self.wire, Completions) else engine.handle_chat_completions
        # Progress is told while the request is read, so that also a long one can be left in time.
        body = {**self.body(request, stream=True), "return_progress": True}
        with self._lock:
            self.calls += 1
        try:
            yield from self._answered(ask, body)
        except ProviderError as error:
            if "system role" not in error.message.lower():
                raise
            yield from self._answered(ask, {**body, "messages": _without_system(body["messages"])})

    def _answered(self, ask: Any, body: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        call = Apart(lambda take: ask(dict(body), take))
        with self._lock:
            self._running = {other for other in self._running if other.thread.is_alive()} | {call}
        try:
            for document in call.items(time.monotonic() + self.timeout):
                error = failure.of_document(document)
                if error is not None:
                    raise error
                if "prompt_progress" not in document or document.get("choices"):
                    yield document
        except (ValueError, RuntimeError) as error:
            raise ProviderError("bad_request", None, str(error)) from None

    def _engine(self, path: str) -> Any:
        with self._lock:
            if path not in self._engines:
                self._engines[path] = loaded(path, self.context)
            return self._engines[path]


def loaded(path: str, context: int) -> Any:
    """Load a GGUF file and return its engine.

    Raises
    ------
    ProviderError
        If it is no such file, or the engine cannot load it.
    """
    file = Path(path).expanduser()
    _check(file)
    try:
        import xllamacpp  # type: ignore[import-untyped]
    except ImportError:
        raise ProviderError("bad_request", None, "xllamacpp is not installed", wire="gguf",
                            advice="pip install 'assay[gguf]'") from None
    folder = tempfile.mkdtemp(prefix="assay-")
    try:
        with _signals_kept():
            return xllamacpp.Server(_parameters(xllamacpp, file, context, f"{folder}/engine.sock"))
    except RuntimeError:
        raise ProviderError("bad_request", None, f"{file}: the engine cannot load it", wire="gguf",
                            advice="ASSAY_DEBUG=1 shows what the engine says") from None
    finally:
        # A socket without a name cannot be connected to.
        shutil.rmtree(folder, ignore_errors=True)


def threads() -> int:
    """Return the number of free cores: those that this process may use, less the busy ones.

    A worker is told its share: OMP_NUM_THREADS.
    """
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return min(int(given), config.cpus())
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(1, config.cpus() - int(busy))


def _check(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            magic = stream.read(len(MAGIC))
    except OSError as error:
        raise ProviderError("bad_request", None, f"{file}: {error.strerror}", wire="gguf",
                            advice="give the path of a GGUF file") from None
    if magic != MAGIC:
        raise ProviderError("bad_request", None, f"{file}: no GGUF file, it starts with {magic!r}", wire="gguf",
                            advice="give the path of a GGUF file")


def _parameters(xllamacpp: Any, file: Path, context: int, socket: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = 512
    parameters.warmup = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads()
    parameters.hostnames = [socket]
    parameters.offline = True
    parameters.verbosity = LOUD if os.environ.get("ASSAY_DEBUG", "") not in ("", "0") else QUIET
    return parameters


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put Python's handlers of Ctrl-C and termination back: the engine installs its own, which only end itself."""
    get, put = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
    get.restype, put.restype = ctypes.c_void_p, ctypes.c_void_p
    get.argtypes, put.argtypes = [ctypes.c_int], [ctypes.c_int, ctypes.c_void_p]
    before = {number: get(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(OSError):
                put(number, handler)


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        raise error.placed("gguf", HERE) from None


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the system text at the head of the first user turn, for templates that know no such role."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    first, *rest = [message for message in messages if message["role"] != "system"]
    return [{**first, "content": "\n\n".join([*system, first["content"]])}, *rest]
