"""The recipes that ship: everyday tasks in several phrasings, each with a command that has slots."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("recipes.toml")
SLOT = re.compile(r"\{([a-z]+[0-9]?)(?:\|(raw|re|to))?\}")

# The kind of thing a slot takes: see assay.terminal.slots for what each is filled with.
KINDS: dict[str, str] = {
    **dict.fromkeys(("file", "source", "target", "archive", "link"), "file"), "folder": "folder",
    **dict.fromkeys(("text", "old", "new", "word", "value"), "text"),
    **dict.fromkeys(("n", "from", "to", "column", "port", "pid"), "number"),
    **dict.fromkeys(("name", "user", "group", "branch", "tag", "remote", "program", "package", "service", "container",
                     "image", "database", "table", "field", "session"), "name"),
    "ext": "extension", "pattern": "pattern", "size": "size", "days": "days",
    "minutes": "minutes", "seconds": "seconds", "url": "url", "host": "host", "mail": "mail", "script": "command",
    "commit": "commit", "mode": "mode", "date": "date", "variable": "variable", "zone": "zone", "sum": "sum",
}


def kind_of(slot: str) -> str:
    """Return the kind of thing a slot takes, "" if the name is none of a slot; a digit behind it tells two apart.

    >>> kind_of("file2"), kind_of("print")
    ('file', '')
    """
    return KINDS.get(slot.rstrip("0123456789"), "")


@dataclass(frozen=True)
class Recipe:
    """A task and the command that does it.

    Parameters
    ----------
    id : str
    tasks : tuple of str
        The task in two to four phrasings; ``{slots}`` stand for what differs from time to time.
    command : str
        With ``{slots}``, maybe with how a value is written behind a bar: ``{text|re}``.
    explanation : str
    defaults : mapping
        Slot -> what it is where the request says nothing; may name another slot.
    credit : str
        Where the recipe is from, if it is not ours.
    """

    id: str
    tasks: tuple[str, ...]
    command: str
    explanation: str
    defaults: Mapping[str, str] = field(default_factory=dict)
    credit: str = ""

    @functools.cached_property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots of the command, each once, as they come."""
        return tuple(dict.fromkeys(found[1] for found in SLOT.finditer(self.command) if kind_of(found[1])))

    @property
    def shown(self) -> str:
        """The command as a reader meets it: slots without the way of writing."""
        return SLOT.sub(lambda found: f"{{{found[1]}}}" if kind_of(found[1]) else found[0], self.command)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON."""
        return {"id": self.id, "tasks": list(self.tasks), "command": self.command, "explanation": self.explanation,
                "defaults": dict(self.defaults), "credit": self.credit}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Recipe:
        """Make a recipe of its fields."""
        return cls(fields["id"], tuple(fields["tasks"]), fields["command"], fields["explanation"],
                   fields.get("defaults", {}), fields.get("credit", ""))


def recipes() -> list[Recipe]:
    """Return the recipes that ship, as the file has them."""
    return [Recipe.from_json(fields) for fields in tomllib.loads(FILE.read_text("utf-8"))["recipe"]]
