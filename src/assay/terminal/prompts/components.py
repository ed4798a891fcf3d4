"""What a prompt is made of: the TOML files of this folder, and the names of the variants."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Literal, cast

from assay.core.errors import NOTHING, AssayError, did_you_mean
from assay.core.record import digest as digest_of
from assay.terminal.answer import Mode
from assay.terminal.prompts.schema import SCHEMAS

COMPONENTS = ("persona", "objective", "context", "format", "reasoning", "examples")
MODES: tuple[Mode, ...] = ("regular", "fast")
SHOTS = ("few", "zero", "retrieved")
STYLES = ("chat", "completion")
Style = Literal["chat", "completion"]


@dataclass(frozen=True)
class Variant:
    """A way to ask: ``{mode}-{shots}-{style}``.

    Parameters
    ----------
    mode : {"regular", "fast"}
        With explanations, or nothing but commands.
    shots : {"few", "zero", "retrieved"}
        Examples before the request: those of the package, none, or the recipes nearest to it.
    style : {"chat", "completion"}
        Turns, or one transcript to be continued.
    """

    mode: Mode
    shots: str
    style: Style

    @classmethod
    def named(cls, name: str) -> Variant:
        """Return the variant of that name.

        Raises
        ------
        AssayError
            Exit code 5 if there is none.
        """
        if name not in VARIANTS:
            raise AssayError(f"no prompt variant {name!r}",
                             did_you_mean(name, VARIANTS) or "assay prompts list shows them", NOTHING)
        mode, shots, style = name.split("-")
        return cls(cast("Mode", mode), shots, cast("Style", style))

    @property
    def name(self) -> str:
        """Its name."""
        return f"{self.mode}-{self.shots}-{self.style}"


VARIANTS = tuple(f"{mode}-{shots}-{style}" for mode in MODES for shots in SHOTS for style in STYLES)
DEFAULT = "regular-few-chat"


@dataclass(frozen=True)
class Example:
    """A request with its answer: commands, or the reason why there are none.

    Parameters
    ----------
    request : str
    commands : sequence of mapping
        ``command``, ``explanation``, and maybe ``arguments`` (argument -> what it does).
    reason : str
        Of a refusal.
    """

    request: str
    commands: Sequence[dict[str, Any]] = field(default=())
    reason: str = ""

    def answer(self, mode: Mode) -> dict[str, Any]:
        """Return the answer as the format of the mode has it."""
        if not self.commands:
            return {"error": 1} if mode == "fast" else {"input": self.request, "error": 1, "reason": self.reason}
        if mode == "fast":
            return {"commands": [item["command"] for item in self.commands]}
        return {"input": self.request, "error": 0, "commands": [
            {"seq": seq, "cmd_to_execute": item["command"], "cmd_explanations": [item["explanation"]],
             "arg_explanations": item.get("arguments", {})} for seq, item in enumerate(self.commands, start=1)]}


@functools.cache
def component(name: str) -> dict[str, Any]:
    """Return a component, as its file has it."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))


def filled(text: str, **values: str) -> str:
    """Put values in for ``$names``; a value is not looked into."""
    return Template(text.strip()).substitute(values)


def examples_for(platform: str, shots: str = "few") -> list[Example]:
    """Return the package's examples as they are right on a platform.

    Parameters
    ----------
    platform : str
    shots : {"few", "retrieved", "zero"}
        "retrieved": only a refusal, to go before what was retrieved; "zero": none.
    """
    items = component("examples")["example"] if shots != "zero" else []
    found = [Example(item["request"], item.get(platform.lower(), item.get("commands", ())), item.get("reason", ""))
             for item in items]
    return found if shots == "few" else [example for example in found if not example.commands][:1]


@functools.cache
def digest(name: str) -> str:
    """Return the sha256 of all that a variant is made of, the request and the machine apart.

    Raises
    ------
    AssayError
        Exit code 5 if there is no such variant.
    """
    variant = Variant.named(name)
    parts: dict[str, Any] = {part: component(part) for part in COMPONENTS}
    parts["persona"] = parts["persona"][variant.style]
    for part in ("format", "reasoning"):
        parts[part] = [parts[part][variant.mode], parts[part].get("repair")]
    if variant.shots == "zero":
        del parts["examples"]
    return digest_of({"variant": name, "schema": SCHEMAS[variant.mode], **parts})
