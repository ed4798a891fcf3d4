"""Models of the `llm` package and its plugins: whatever is set up there can be asked from here.

Reference: https://llm.datasette.io/en/stable/python-api.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from assay.core import config
from assay.terminal.wire import retry
from assay.terminal.wire.apart import Apart, Take
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.types import Delta, Reply, Request, Usage, split_system

# Plugins name the same options differently.
NAMES = {"temperature": ("temperature",), "max_tokens": ("max_tokens", "max_output_tokens", "num_predict"),
         "stop": ("stop", "stop_sequences")}


class Llm:
    """A client of the `llm` package; `Request.model` is a model's name there. Its plugins look after keys and tries.

    Parameters
    ----------
    timeout : float
        Seconds for one call.
    habits : Habits, optional
    kind, context
        Not used.
    """

    def __init__(self, timeout: float = 60.0, habits: Habits | None = None, kind: str = "instruct",
                 context: int = 8192) -> None:
        self.timeout, self.habits = timeout, habits or Habits()
        self.calls = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<llm>"

    def body(self, request: Request, stream: bool = False) -> dict[str, Any]:
        """Return what the package would be asked."""
        model = found(request.model)
        system, turns = split_system(request.messages)
        body = {"model": request.model, "system": system, "messages": turns, "options": options(model, request),
                "stream": bool(stream and model.can_stream)}
        if request.schema is not None and self.habits.json != "none" and model.supports_schema:
            body["schema"] = request.schema
        return self.habits.applied(body)

    def complete(self, request: Request) -> Reply:
        """Ask, wait for the whole answer; see `Client`."""
        *_, last = self._deltas(request, stream=False)
        assert last.reply is not None
        return Reply(last.reply.text, last.reply.usage, last.reply.stop, last.reply.raw)

    def stream(self, request: Request) -> Iterator[Delta]:
        """Ask, yield the answer as it comes; see `Client`."""
        return self._deltas(request, stream=True)

    def close(self) -> None:
        """Do nothing: the package holds what it holds."""

    def _deltas(self, request: Request, stream: bool) -> Generator[Delta, None, None]:
        model = found(request.model)
        secret = key_of(model)
        started, first, texts = time.monotonic(), None, []
        try:
            response = asked(model, self.body(request, stream))
            with self._lock:
                self.calls += 1
            with closing(Apart(lambda take: _handed(response, take)).items(started + self.timeout)) as pieces:
                for text in pieces:
                    first = first or time.monotonic() - started
                    texts.append(text)
                    yield Delta(text)
            whole = "".join(texts)
            cut = _cut(whole, request.stop)
            used = response.usage()
        except ProviderError as error:
            raise error.placed("llm", request.model, secret) from None
        except Exception as error:
            raise told_by(error).placed("llm", request.model, secret) from None
        yield Delta("", Reply(cut, Usage(used.input, used.output), "stop", response.response_json, first))


def found(name: str) -> Any:
    """Return a model of the package.

    Raises
    ------
    ProviderError
        If the package is not installed, has no such model, or the model would need the network and may not use it.
    """
    try:
        import llm
    except ImportError:
        raise ProviderError("bad_request", None, "the package llm is not installed", wire="llm",
                            advice="pip install 'assay[llm]'") from None
    try:
        model = llm.get_model(name)
    except llm.UnknownModelError as error:
        raise ProviderError("bad_request", None, str(error.args[0]), wire="llm", host=name,
                            advice="llm models list shows which there are") from None
    if config.offline() and model.needs_key is not None:
        raise ProviderError("network", None, "not asked, ASSAY_OFFLINE is set", wire="llm", host=name,
                            advice="unset it, or choose a model on this machine")
    return model


def options(model: Any, request: Request) -> dict[str, Any]:
    """Return the request's sampling under the names that a model has for it; what it has no name for is left out."""
    known = getattr(model.Options, "model_fields", {})
    values: dict[str, Any] = {"temperature": request.temperature, "max_tokens": request.max_tokens}
    if len(request.stop) == 1:
        values["stop"] = request.stop[0]
    chosen = {what: next((name for name in NAMES[what] if name in known), None) for what in values}
    return {str(chosen[what]): value for what, value in values.items() if chosen[what] and value is not None}


def asked(model: Any, body: dict[str, Any]) -> Any:
    """Return the package's response, which starts when it is read."""
    from llm.parts import Message, TextPart

    turns = body["messages"]
    fields = {"system": body["system"] or None, "stream": body["stream"], "options": body["options"],
              "schema": body.get("schema")}
    if not model.supports_conversation:
        return model.prompt("\n\n".join(turn["content"] for turn in turns), **fields)
    # The last turn as the prompt: there are plugins that know of nothing else.
    last = turns[-1]["content"] if turns and turns[-1]["role"] == "user" else None
    system = [{"role": "system", "content": body["system"]}] if body["system"] else []
    before = [*system, *(turns if last is None else turns[:-1])]
    return model.prompt(last, messages=[Message(role=turn["role"], parts=[TextPart(text=turn["content"])])
                                        for turn in before], **fields)


def key_of(model: Any) -> str:
    """Return the model's key, to keep it out of errors; empty if it has none."""
    try:
        return model.get_key() or ""
    except Exception:
        return ""


def told_by(error: Exception) -> ProviderError:
    """Return a plugin's exception as ours."""
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    words = f"{kind}: {error}" if str(error) else kind
    if kind == "NeedsKeyException":
        return ProviderError("auth", None, str(error), advice="llm keys set keeps it")
    if isinstance(status, int):
        return ProviderError(retry.kind_of(status), status, words)
    if "Timeout" in kind:
        return ProviderError("timeout", None, words)
    return ProviderError("network" if "Connect" in kind else "server", None, words)


def _handed(response: Any, take: Take) -> None:
    for text in response:
        if take(text):
            return


def _cut(text: str, stops: Any) -> str:
    """Cut at the first stop text: not every plugin knows them."""
    return text[:min((text.find(stop) for stop in stops if stop in text), default=len(text))]
