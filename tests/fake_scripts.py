"""What `fake_provider` does with a request: scripts by name, each a function (argument, call) -> `Act`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fake_rules import Refused


@dataclass
class Call:
    """A request as a script sees it: the text it asks for, its size in bytes, whether it wants a shape."""

    wire: str
    text: str
    size: int
    schema: bool
    table: dict[str, Any]
    default: str


@dataclass
class Act:
    """What the server does: a text with a reason for its end, and how the bytes go out.

    `how`: "" (at once), "hang" (never), "stall" (stops in the middle), "drop" (no answer), "cut" (breaks off in the
    middle), "slow" (byte by byte), "garbage" (no JSON), "error" (an error event in the middle of a stream).
    """

    text: str = ""
    stop: str = "stop"
    how: str = ""
    pause: float = 0.0
    refusal: str = ""
    blocked: bool = False


def answer(command: str, request: str = "") -> str:
    """Return an answer in the regular format."""
    return json.dumps({"input": request, "error": 0, "commands": [
        {"seq": 1, "cmd_to_execute": command, "cmd_explanations": ["does what was asked"], "arg_explanations": {}}]},
        ensure_ascii=False)


def act(spec: str, call: Call, seen: int = 0) -> Act:
    """Return what to do; of ``A,B,C`` the first time A, then B, then C and C again (`seen` times before).

    Raises
    ------
    Refused
        For an HTTP error.
    """
    steps = SEQUENCES.get(spec, spec).split(",") if not spec.startswith(("ok:", "text:")) else [spec]
    name, _, argument = steps[min(seen, len(steps) - 1)].partition(":")
    if name not in SCRIPTS:
        raise Refused(404, f"The model or script {name!r} does not exist", "model_not_found")
    return SCRIPTS[name](argument, call)


def _table(argument: str, call: Call) -> Act:
    """Look the text up: as it is, else the longest entry that occurs in it; an entry may be a script."""
    text = call.text.strip()
    found = [key for key in call.table if key in text]
    key = text if text in call.table else max(found, key=len, default=None)
    entry = call.default if key is None else call.table[key]
    if isinstance(entry, dict) and set(entry) == {"script"}:
        return act(entry["script"], call)
    if isinstance(entry, dict | list):
        entry = json.dumps(entry, ensure_ascii=False)
    return Act(entry or json.dumps({"error": 1, "input": text, "reason": "not in the table"}))


def _http(argument: str, call: Call) -> Act:
    code, _, retry_after = argument.partition(":")
    raise Refused(int(code or 500), f"scripted {code or 500}", _CODES.get(code, "server_error"), retry_after)


def _context(argument: str, call: Call) -> Act:
    if call.size <= int(argument or 2000):
        return Act(answer("echo fits", call.text))
    words = {"anthropic": "prompt is too long: 9000 tokens > 2000 maximum",
             "gemini": "The input token count (9000) exceeds the maximum number of tokens allowed (2000)."}
    raise Refused(400, words.get(call.wire, "This model's maximum context length is 2000 tokens. However, your "
                                            "messages resulted in 9000 tokens."), "context_length_exceeded")


def _no_schema(argument: str, call: Call) -> Act:
    if call.schema:
        raise Refused(400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
                           "model.", "invalid_request_error")
    return Act(answer("echo without", call.text))


_CODES = {"401": "invalid_api_key", "403": "permission_error", "404": "model_not_found", "429": "rate_limit_exceeded",
          "400": "invalid_request_error", "529": "overloaded_error"}
SEQUENCES = {"429-then-ok": "http:429:0.05,ok", "500-then-ok": "http:500,ok", "drop-then-ok": "drop,ok"}
CONTROL = "echo \x00\x1b[31mred\x1b[0m\x1b]0;title\x07 \u202egnp.txt\u202c zero\u200bwidth\r\x08"

SCRIPTS: dict[str, Callable[[str, Call], Act]] = {
    "ok": lambda argument, call: Act(answer(argument or "echo ok", call.text)),
    "text": lambda argument, call: Act(argument),
    "fast": lambda argument, call: Act(json.dumps({"commands": [argument or "echo ok"]})),
    "echo": lambda argument, call: Act(call.text),
    "table": _table,
    "http": _http,
    "hang": lambda argument, call: Act(how="hang"),
    "stall": lambda argument, call: Act(answer("echo stalls", call.text), how="stall"),
    "drop": lambda argument, call: Act(how="drop"),
    "cut": lambda argument, call: Act(answer("echo breaks off", call.text), how="cut"),
    "slow": lambda argument, call: Act(answer("echo slowly", call.text), how="slow", pause=float(argument or 0.05)),
    "fenced": lambda argument, call: Act(f"```json\n{answer(argument or 'echo fenced', call.text)}\n```"),
    "prose": lambda argument, call: Act(
        f"Sure! This does it:\n\n{answer(argument or 'echo prose', call.text)}\n\nLet me know if {{you}} need more."),
    "two-objects": lambda argument, call: Act(f"{answer('echo first')}\n{answer('echo second')}"),
    "truncated": lambda argument, call: Act(answer(argument or "echo truncated", call.text)[:-40], stop="length"),
    "bare": lambda argument, call: Act(argument or "ls -la"),
    "refusal": lambda argument, call: Act(json.dumps({"error": 1, "input": call.text, "reason": "not a task"})),
    "refused": lambda argument, call: Act(refusal="I can't help with that."),
    "blocked": lambda argument, call: Act(blocked=True),
    "empty": lambda argument, call: Act(""),
    "blank": lambda argument, call: Act(" \n "),
    "stream-error": lambda argument, call: Act(answer("echo fails", call.text), how="error"),
    "garbage": lambda argument, call: Act(how="garbage"),
    "controls": lambda argument, call: Act(answer(CONTROL, call.text)),
    "huge": lambda argument, call: Act(answer("echo " + "x" * int(argument or 5_000_000))),
    "context": _context,
    "no-schema": _no_schema,
    # A base model goes on with the other side's next turn unless it is stopped there.
    "base": lambda argument, call: Act(f" {answer(argument or 'echo base', call.text)}\nUser: another one\nAssistant:"),
}
