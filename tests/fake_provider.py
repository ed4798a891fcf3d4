"""A provider of language models for tests: standard library only, every wire, scripted, and as strict as the true ones.

In a test::

    with FakeProvider("ok") as provider:
        connect("openai", base_url=provider.openai, key="k")
        provider.log[-1]["body"]

As a process of its own, for terminals and whole runs::

    python tests/fake_provider.py --port 0 --script table --table replies.json --log requests.jsonl

prints its address, ``http://127.0.0.1:PORT``, as the first line. The variables to point a client at it are those of
`FakeProvider.environment`; ``--env`` prints them as shell assignments instead (with a key of no worth).

Paths: ``POST /v1/chat/completions`` (wire openai), ``POST /v1/completions`` (completions), ``POST /v1/messages``
(anthropic), ``POST /v1beta/models/ID:generateContent`` and ``:streamGenerateContent?alt=sse`` (gemini),
``GET /v1/models``.

Which script: a model called ``fake-SCRIPT`` asks for its own; else those given to `FakeProvider.queue`, one a request;
else the server's. ``A,B`` is A for the first request of a body, B for the same body again. ``NAME:ARGUMENT`` where
said. What they do is in `fake_scripts.SCRIPTS`:

ok[:COMMAND]   an answer in the regular format         fast[:COMMAND]  in the fast format
text:TEXT      just that                               echo            the last user turn
table          the table's entry for the last user turn: text or JSON to reply, or {"script": SPEC}; as it is, else the
               longest entry that occurs in it; else --default, else a refusal
fenced prose two-objects truncated bare base controls (NUL, ANSI, bidi) empty blank huge[:BYTES]  awkward texts
refusal        the format's own refusal                refused, blocked  the provider's
http:CODE[:RETRY_AFTER]  an error                      429-then-ok 500-then-ok drop-then-ok
hang  drop  slow[:SECONDS a piece]  stall (in mid-answer)  cut (in mid-answer)  stream-error  garbage (no JSON)
context[:BYTES]  refuses longer requests               no-schema  refuses a request that wants a shape

Options beside: ``delay`` seconds before each answer, ``split`` bytes a write of a stream, ``crlf`` line ends, ``key``
the only one that is right, ``tls`` (certificate, its key). Stop sequences and the most tokens (4 bytes each) are kept
to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import ssl
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fake_rules
from fake_rules import Refused
from fake_scripts import Act, Call, act

GEMINI = re.compile(r"/v1beta/models/([^/?]+):(generateContent|streamGenerateContent)(\?alt=sse)?")
WIRES = {"/v1/chat/completions": "openai", "/v1/completions": "completions", "/v1/messages": "anthropic"}
MODELS = ["fake-ok", "fake-echo", "fake-table"]
PIECE = 7  # characters of a streamed piece: odd, so that words and characters are cut


class FakeProvider:
    """The server; see the head of this file. `log` has one dict a request, in order."""

    def __init__(self, script: str = "ok", table: dict[str, Any] | None = None, default: str = "",
                 key: str | None = None, port: int = 0, log: Path | None = None, delay: float = 0.0, split: int = 0,
                 crlf: bool = False, tls: tuple[Path, Path] | None = None) -> None:
        self.script, self.table, self.default, self.key = script, table or {}, default, key
        self.delay, self.split, self.crlf, self.log_file = delay, split, crlf, log
        self.log: list[dict[str, Any]] = []
        self.closing = threading.Event()
        self._queue: deque[str] = deque()
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.provider = self
        if tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, the base URL of the wires anthropic and gemini."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai(self) -> str:
        """Base URL of the wires openai and completions."""
        return f"{self.url}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that send every wire here, with a key."""
        key = self.key or "no-key-of-worth"
        return {"ASSAY_OPENAI_BASE_URL": self.openai, "ASSAY_COMPLETIONS_BASE_URL": self.openai,
                "ASSAY_ANTHROPIC_BASE_URL": self.url, "ASSAY_GEMINI_BASE_URL": self.url,
                "OPENAI_API_KEY": key, "ANTHROPIC_API_KEY": key, "GEMINI_API_KEY": key}

    def queue(self, *scripts: str) -> None:
        """Use these scripts for the next requests, one each."""
        self._queue.extend(scripts)

    def close(self) -> None:
        """End hanging answers, stop."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FakeProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def chosen(self, model: str, body: bytes) -> tuple[str, int]:
        """Return the script for a request, and how often this body came before."""
        with self._lock:
            seen, self._seen[mark] = self._seen[mark := hashlib.sha256(body).hexdigest()], self._seen[mark] + 1
            if model.startswith("fake-"):
                return model.removeprefix("fake-"), seen
            return (self._queue.popleft() if self._queue else self.script), seen

    def note(self, entry: dict[str, Any]) -> None:
        """Add to the log."""
        with self._lock:
            self.log.append({"n": len(self.log), **entry})
            if self.log_file is not None:
                with self.log_file.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(self.log[-1]) + "\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    provider: FakeProvider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        """Answer ``GET /v1/models``."""
        if self.path != "/v1/models":
            self._send(404, json.dumps({"error": {"message": "not found"}}).encode())
            return
        data = [{"id": name, "object": "model", "owned_by": "fake"} for name in MODELS]
        self._send(200, json.dumps({"object": "list", "data": data}).encode())

    def do_POST(self) -> None:
        """Answer a request, or refuse it."""
        provider, started = self.server.provider, time.time()
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        match = GEMINI.fullmatch(self.path)
        wire = "gemini" if match else WIRES.get(self.path, "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        entry = {"method": "POST", "path": self.path, "wire": wire, "headers": headers, "time": started}
        script, status = "", 200
        try:
            body = json.loads(raw)
            entry["body"] = body
            model = unquote(match[1]) if match else str(body.get("model"))
            if not wire:
                raise Refused(404, f"Unknown path {self.path}; a key belongs in a header", "not_found_error")
            getattr(fake_rules, wire)(body, headers, provider.key)
            script, seen = provider.chosen(model, self.path.encode() + raw)
            stream = bool(match and match[2].startswith("stream")) or bool(body.get("stream"))
            call = Call(wire, last_text(wire, body), len(raw), _wants_shape(body), provider.table, provider.default)
            done = act(script, call, seen)
        except (Refused, ValueError) as error:
            refused = error if isinstance(error, Refused) else Refused(400, "We could not parse the JSON body", "json")
            status = refused.status
            provider.note({**entry, "script": script, "status": status})
            self._refuse(wire, refused)
            return
        provider.note({**entry, "script": script, "status": status})
        if provider.delay:
            provider.closing.wait(provider.delay)
        self._act(wire, body, model, stream, done)

    def _act(self, wire: str, body: dict[str, Any], model: str, stream: bool, done: Act) -> None:
        if done.how in ("hang", "drop"):
            if done.how == "hang":
                self.server.provider.closing.wait()
            self._drop()
        elif done.how == "garbage":
            self._send(200, b"<html><body>It works!</body></html>", "text/html")
        else:
            done = _limited(wire, body, done)
            if stream:
                self._stream(wire, body, model, done)
            else:
                self._whole(json.dumps(_document(wire, body, model, done)).encode(), done)

    def _whole(self, data: bytes, done: Act) -> None:
        if done.how in ("", "error"):
            self._send(200, data)
            return
        self._head(200, "application/json", f"Content-Length: {len(data)}")
        self._uneven([data[:1], *(data[i:i + 8] for i in range(1, len(data), 8))], done)

    def _stream(self, wire: str, body: dict[str, Any], model: str, done: Act) -> None:
        provider = self.server.provider
        events = [": a comment\n\n", *_events(wire, body, model, done)]
        if done.how == "error":
            events = [*events[:len(events) // 2], _event({"type": "error", "error": {
                "type": "overloaded_error", "code": 529, "message": "Overloaded"}}, "error")]
        text = "".join(events)
        data = (text.replace("\n", "\r\n") if provider.crlf else text).encode()
        self.close_connection = True
        self._head(200, "text/event-stream", "Connection: close")
        if done.how in ("stall", "cut", "slow"):
            self._uneven([event.encode() for event in events], done)
        elif provider.split:
            for start in range(0, len(data), provider.split):
                self._write(data[start:start + provider.split])
        else:
            self._write(data)

    def _uneven(self, pieces: list[bytes], done: Act) -> None:
        """Send slowly, or only the first half."""
        half = pieces[:max(2, len(pieces) // 2)]
        for piece in pieces if done.how == "slow" else half:
            if done.pause and self.server.provider.closing.wait(done.pause):
                break
            self._write(piece)
        if done.how == "stall":
            self.server.provider.closing.wait()
        if done.how != "slow":
            self._drop()

    def _refuse(self, wire: str, error: Refused) -> None:
        document: dict[str, Any] = {"error": {"message": error.message, "type": error.code, "code": error.code}}
        if wire == "anthropic":
            document = {"type": "error", "error": {"type": error.code, "message": error.message}}
        elif wire == "gemini":
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{error.retry_after}s"}]
            document = {"error": {"code": error.status, "message": error.message, "status": error.code,
                                  "details": details if error.retry_after else []}}
        header = f"Retry-After: {error.retry_after}" if error.retry_after and wire != "gemini" else ""
        self._send(error.status, json.dumps(document).encode(), extra=header)

    def _head(self, status: int, kind: str, *extra: str) -> None:
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}", f"Content-Type: {kind}", *extra, "", ""]
        self._write("\r\n".join(lines).encode())

    def _send(self, status: int, data: bytes, kind: str = "application/json", extra: str = "") -> None:
        """Send a whole answer in one write: two would wait for each other."""
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}", f"Content-Type: {kind}",
                 f"Content-Length: {len(data)}", *([extra] if extra else []), "", ""]
        self._write("\r\n".join(lines).encode() + data)

    def _write(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data)

    def _drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


# -- what a request asks


def last_text(wire: str, body: dict[str, Any]) -> str:
    """Return the last user turn; of a transcript what stands after the last ``User:``."""
    if wire == "completions":
        turn = body["prompt"].rpartition("User:")[2]
        return turn.partition("\nAssistant:")[0].strip()
    if wire == "gemini":
        turns = [(item["role"], "".join(part["text"] for part in item["parts"])) for item in body["contents"]]
    else:
        turns = [(item["role"], item["content"]) for item in body["messages"]]
    return next((text for role, text in reversed(turns) if role == "user"), "")


def _wants_shape(body: dict[str, Any]) -> bool:
    config = body.get("generationConfig") or {}
    return bool(body.get("response_format") or body.get("output_config") or config.get("responseMimeType"))


def _limited(wire: str, body: dict[str, Any], done: Act) -> Act:
    """Cut the text at a stop sequence and at the most tokens, as providers do."""
    config = body.get("generationConfig") or {}
    stops = body.get("stop") or body.get("stop_sequences") or config.get("stopSequences") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        done.text = done.text.partition(stop)[0]
    most = body.get("max_tokens") or body.get("max_completion_tokens") or config.get("maxOutputTokens")
    if most and done.text and len(done.text.encode()) > 4 * most and not done.text.startswith('{"input": "", "error"'):
        done.text, done.stop = done.text.encode()[:4 * most].decode("utf-8", "ignore"), "length"
    return done


# -- what is answered


def _usage(body: dict[str, Any], text: str) -> tuple[int, int]:
    return -(-len(json.dumps(body)) // 4), -(-len(text.encode()) // 4)


def _document(wire: str, body: dict[str, Any], model: str, done: Act) -> dict[str, Any]:
    put, got = _usage(body, done.text)
    if wire == "anthropic":
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": done.text}] if done.text else [],
                "stop_reason": _anthropic_stop(done), "stop_sequence": None,
                "usage": {"input_tokens": put, "output_tokens": got}}
    if wire == "gemini":
        return _gemini(model, done, done.text, put, got, end=True)
    stop = "content_filter" if done.blocked else done.stop
    usage = {"prompt_tokens": put, "completion_tokens": got, "total_tokens": put + got}
    choice: dict[str, Any] = {"index": 0, "finish_reason": stop, "logprobs": None}
    if wire == "completions":
        choice["text"] = done.text
    else:
        choice["message"] = {"role": "assistant", "content": None if done.refusal else done.text,
                             "refusal": done.refusal or None}
    return {"id": "cmpl-1", "object": "text_completion" if wire == "completions" else "chat.completion",
            "created": 0, "model": model, "choices": [choice], "usage": usage}


def _events(wire: str, body: dict[str, Any], model: str, done: Act) -> Iterator[str]:
    pieces = [done.text[i:i + PIECE] for i in range(0, len(done.text), PIECE)] if len(done.text) < 100_000 else [
        done.text[i:i + 4096] for i in range(0, len(done.text), 4096)]
    put, got = _usage(body, done.text)
    if wire == "anthropic":
        yield from _anthropic_events(model, pieces, done, put, got)
    elif wire == "gemini":
        for number, piece in enumerate(pieces or [""]):
            yield _event(_gemini(model, done, piece, put, got, end=number + 1 >= len(pieces)))
    else:
        yield from _openai_events(wire, body, model, pieces, done, put, got)


def _openai_events(wire: str, body: dict[str, Any], model: str, pieces: list[str], done: Act, put: int,
                   got: int) -> Iterator[str]:
    def chunk(choices: list[dict[str, Any]], **more: Any) -> str:
        return _event({"id": "cmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model,
                       "choices": choices, **more})

    stop = "content_filter" if done.blocked else done.stop
    if wire == "completions":
        for piece in pieces:
            yield chunk([{"index": 0, "text": piece, "finish_reason": None}])
        yield chunk([{"index": 0, "text": "", "finish_reason": stop}])
    else:
        yield chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        for piece in pieces:
            yield chunk([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        if done.refusal:
            yield chunk([{"index": 0, "delta": {"refusal": done.refusal}, "finish_reason": None}])
        yield chunk([{"index": 0, "delta": {}, "finish_reason": stop}])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield chunk([], usage={"prompt_tokens": put, "completion_tokens": got, "total_tokens": put + got})
    yield "data: [DONE]\n\n"


def _anthropic_events(model: str, pieces: list[str], done: Act, put: int, got: int) -> Iterator[str]:
    yield _event({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
        "usage": {"input_tokens": put, "output_tokens": 1}}}, "message_start")
    yield _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                 "content_block_start")
    yield _event({"type": "ping"}, "ping")
    for piece in pieces:
        yield _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}},
                     "content_block_delta")
    yield _event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    yield _event({"type": "message_delta", "delta": {"stop_reason": _anthropic_stop(done), "stop_sequence": None},
                  "usage": {"output_tokens": got}}, "message_delta")
    yield _event({"type": "message_stop"}, "message_stop")


def _anthropic_stop(done: Act) -> str:
    if done.blocked or done.refusal:
        return "refusal"
    return {"stop": "end_turn", "length": "max_tokens"}[done.stop]


def _gemini(model: str, done: Act, text: str, put: int, got: int, end: bool) -> dict[str, Any]:
    usage = {"promptTokenCount": put, "candidatesTokenCount": got, "totalTokenCount": put + got}
    if done.blocked:
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage, "modelVersion": model}
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]} if text else {}, "index": 0}
    if end:
        candidate["finishReason"] = "SAFETY" if done.refusal else {"stop": "STOP", "length": "MAX_TOKENS"}[done.stop]
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}


def _event(document: dict[str, Any], name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(document, ensure_ascii=False)}\n\n"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", default="ok")
    parser.add_argument("--table", type=Path, help="JSON: {last user turn: reply}; sets --script table")
    parser.add_argument("--default", default="", help="reply where the table has none")
    parser.add_argument("--key", help="the only key that is right; default: any")
    parser.add_argument("--log", type=Path, help="JSON lines, one a request")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--split", type=int, default=0)
    parser.add_argument("--crlf", action="store_true")
    parser.add_argument("--env", action="store_true", help="print shell assignments instead of the address")
    given = parser.parse_args()
    table = json.loads(given.table.read_text(encoding="utf-8")) if given.table else None
    script = "table" if given.table and given.script == "ok" else given.script
    with FakeProvider(script, table, given.default, given.key, given.port, given.log, given.delay, given.split,
                      given.crlf) as provider:
        lines = [f"export {name}={value}" for name, value in provider.environment.items()]
        print("\n".join(lines) if given.env else provider.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
