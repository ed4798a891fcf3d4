"""What a model replied: the commands in it, a refusal, or nothing usable. Nothing is guessed, nothing raises.

The format of a regular answer is ``{"input", "error", "commands": [{"seq", "cmd_to_execute", "cmd_explanations",
"arg_explanations"}]}``, of a fast one ``{"commands": [text]}``, of a refusal in both ``{"error": 1}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.core.errors import printable

Mode = Literal["regular", "fast"]
Status = Literal["ok", "refused", "unusable"]
Via = Literal["raw", "extracted", "repaired", "none"]

CUT_OFF = "the reply is cut off"
NO_OBJECT = "no JSON object in the reply"
BROKEN_AT_MOST = 100  # broken objects looked at; a reply with more of them is no answer

_FIELDS = {"input", "error", "reason", "commands"}
_COMMAND_FIELDS = {"seq", "cmd_to_execute", "cmd_explanations", "arg_explanations"}
_PAIR = {"argument", "explanation"}
_START = re.compile(r'\{(?=\s*["}])')
# A string, whole or without its end, is stepped over, so that a comma inside it stays.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*[\]}])', re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command of an answer.

    Parameters
    ----------
    seq : int
        Its place, from 1.
    command : str
        Never blank, always encodable as UTF-8; control characters are as the model sent them.
    explanations : tuple of str
    arguments : dict of str to str
        Argument -> what it does.
    """

    seq: int
    command: str
    explanations: tuple[str, ...] = ()
    arguments: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON."""
        return {"seq": self.seq, "command": self.command, "explanations": list(self.explanations),
                "arguments": dict(self.arguments)}


@dataclass(frozen=True)
class Answer:
    """What a reply amounts to.

    Parameters
    ----------
    status : {"ok", "refused", "unusable"}
    commands : tuple of Command
        Empty unless the status is ok.
    via : {"raw", "extracted", "repaired", "none"}
        How the answer was had: the text was nothing but the object; the object was found in it, or needed
        tolerance; a second call was needed; not at all.
    reason : str
        Why the model refused, as it says, or what is wrong with the reply.
    """

    status: Status
    commands: tuple[Command, ...] = ()
    via: Via = "none"
    reason: str = ""


class _Invalid(Exception):
    """The object is not an answer; says why."""


def parse(text: str, mode: Mode) -> Answer:
    """Read a reply.

    Parameters
    ----------
    text : str
        Whatever the model sent.
    mode : {"regular", "fast"}

    Returns
    -------
    Answer
        With `via` "raw", "extracted" or "none". It never raises.

    >>> parse('{"commands": ["ls -l"]}', "fast").commands[0].command
    'ls -l'
    >>> parse('Sure: {"error": true}', "fast")
    Answer(status='refused', commands=(), via='extracted', reason='')
    >>> parse('ls -l', "fast").reason
    'no JSON object in the reply'
    """
    if not isinstance(text, str) or not text.strip():
        return Answer("unusable", reason="the reply is empty")
    problem = ""
    for value, whole in _objects(text):
        if isinstance(value, str):
            problem = problem or value
            continue
        try:
            return _answer(value, mode, whole)
        except _Invalid as error:
            problem = problem or str(error)
    return Answer("unusable", reason=problem or NO_OBJECT)


def _objects(text: str) -> Iterator[tuple[dict[str, Any] | str, bool]]:
    """Yield the complete objects that do not lie in one another; for a broken one, what is wrong with it.

    The second item tells whether the stripped text is that object, as it stands. A cut-off object takes the rest
    of the text with it: what lies inside is part of something that never came.
    """
    position, broken, stripped = 0, 0, text.strip()
    while broken < BROKEN_AT_MOST and (start := _START.search(text, position)):
        begin = start.start()
        value, end = _decoded(text, begin)
        whole = isinstance(value, dict) and text[begin:end] == stripped
        if isinstance(value, str) and text[min(end, len(text) - 1)] in ",]}":
            # Spaces for trailing commas: every position stays what it was.
            loose = _STRING_OR_COMMA.sub(lambda found: " " if found[0] == "," else found[0], text[begin:])
            value, end = _decoded(text[:begin] + loose, begin)
        yield value, whole
        if value == CUT_OFF:
            return
        broken += isinstance(value, str)
        position = max(end, begin + 1)


def _decoded(text: str, begin: int) -> tuple[dict[str, Any] | str, int]:
    """Return the object that begins there and its end, or what is wrong and where."""
    try:
        return _DECODER.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return CUT_OFF, len(text)
        return f"not valid JSON at character {error.pos}: {error.msg}", error.pos
    except (RecursionError, ValueError):
        return "the object is nested too deeply, or holds a number that JSON does not have", len(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _answer(value: dict[str, Any], mode: Mode, whole: bool) -> Answer:
    """Turn an object into an answer.

    Raises
    ------
    _Invalid
        If it is none.
    """
    strict = whole and value.keys() <= _FIELDS and type(value.get("error", 0)) is int
    via: Via = "raw" if strict else "extracted"
    if _refuses(value.get("error", 0)):
        return Answer("refused", via=via, reason=_reason(value))
    items = value.get("commands")
    if not isinstance(items, list) or not items:
        raise _Invalid("no list of commands" if not isinstance(items, list) else "the list of commands is empty")
    if any(not _in_format(item, mode) for item in items):
        via = "extracted"
    return Answer("ok", tuple(_command(item, seq) for seq, item in enumerate(_in_order(items), start=1)), via)


def _reason(value: dict[str, Any]) -> str:
    reason = value.get("reason")
    return printable(reason) if isinstance(reason, str) else ""


def _refuses(error: Any) -> bool:
    """Whether the model refuses: 1, "1" or true; 0, "0", false and null are no refusal."""
    word = error.strip().lower() if isinstance(error, str) else error
    if word in (1, "1", "true"):
        return True
    if word in (0, "0", "false", None):
        return False
    raise _Invalid('"error" is neither 0 nor 1')


def _in_order(items: list[Any]) -> list[Any]:
    """Return the commands by their `seq`, where every one has a number."""
    if all(isinstance(item, dict) and type(item.get("seq")) is int for item in items):
        return sorted(items, key=lambda item: item["seq"])
    return items


def _in_format(item: Any, mode: Mode) -> bool:
    """Whether a command has exactly the form that the mode asks for."""
    if mode == "fast":
        return isinstance(item, str)
    return (isinstance(item, dict) and item.keys() <= _COMMAND_FIELDS and type(item.get("seq", 1)) is int
            and _texts(item.get("cmd_explanations", [])) is not None
            and _pairs(item.get("arg_explanations", {})) is not None)


def _command(item: Any, seq: int) -> Command:
    """Read one command, whichever of the two forms it has."""
    fields = item if isinstance(item, dict) else {"cmd_to_execute": item}
    text = fields.get("cmd_to_execute")
    if not isinstance(text, str):
        raise _Invalid(f"command {seq} is not text")
    if not text.strip():
        raise _Invalid(f"command {seq} is blank")
    if printable(text) != text:
        raise _Invalid(f"command {seq} holds half a character, which no shell can be given")
    explained = fields.get("cmd_explanations")
    return Command(seq, text.strip(), tuple(_texts([explained] if isinstance(explained, str) else explained) or ()),
                   _pairs(fields.get("arg_explanations")) or {})


def _texts(value: Any) -> list[str] | None:
    """Return a list of texts as it is, None for anything else."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [printable(item) for item in value]
    return None


def _pairs(value: Any) -> dict[str, str] | None:
    """Return argument -> explanation from an object or from a list of pairs (the form that a schema can name)."""
    if isinstance(value, list) and all(isinstance(item, dict) and item.keys() == _PAIR for item in value):
        value = {item["argument"]: item["explanation"] for item in value if isinstance(item["argument"], str)}
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return {printable(name): printable(text) for name, text in value.items()}
    return None


