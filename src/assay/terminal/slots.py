"""A recipe's command with what a request names put into its slots."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from assay.terminal.recipebook import SLOT, Recipe, kind_of
from assay.terminal.values import ENDING, NUMBERS, WORD, Value, values
from assay.terminal.vocabulary import these

# Which values of a request a slot of a kind takes, the best first.
_TAKES: dict[str, tuple[str, ...]] = {
    "file": ("path", "file", "quoted", "pattern"), "folder": ("path", "quoted"), "text": ("quoted",),
    "number": ("number",), "name": ("quoted", "version", "commit"), "extension": ("extension", "pattern"),
    "pattern": ("pattern", "quoted", "file"), "size": ("size",), "days": ("span",), "minutes": ("span",),
    "seconds": ("span", "number"), "url": ("url", "host"),
    "host": ("host", "mail"), "mail": ("mail",), "command": ("quoted", "path", "file"), "commit": ("commit",),
    "mode": ("mode",), "date": ("date",), "variable": ("variable",), "zone": ("zone",), "sum": ("sum",),
}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

# Other words for what a slot is: "the directory X", "the process X".
_ALSO = {"folder": {"directory"}, "program": {"process", "processes"}, "text": {"word", "string", "phrase"},
         "package": {"program"}, "host": {"server"}, "name": {"directories", "folders"}}
# Behind these stands a folder, and hardly anything else: without it a command would go for the current one.
_WHERE = frozenset(("below", "under", "beneath", "inside"))
_NUMBERED = frozenset(("port", "pid", "process", "column", "line"))  # "port 80" is no number of anything else
_BARE = frozenset(("name", "folder", "file", "host", "variable", "text"))  # kinds that a plain word may fill
_PLAIN = re.compile(r"[\w./:+@%~-]+")
_SUM = re.compile(r"[\d.+*/%^() -]+")
_GLOB = re.compile(r"[\w./*?-]+")


@dataclass(frozen=True)
class Filling:
    """A recipe's command with the request's values in it.

    Parameters
    ----------
    command : str
    named : int
        Slots that the request names.
    left : tuple of str
        Values of the request that found no place: the more, the less the recipe is what was asked for.
    words : tuple of str
        Plain words of the request that became values.
    guessed : tuple of str
        Those of them that did so only because no recipe has them.
    """

    command: str
    named: int
    left: tuple[str, ...]
    words: tuple[str, ...]
    guessed: tuple[str, ...]


@dataclass
class _Request:
    """A request while its values are dealt out."""

    text: str
    left: list[Value]
    common: Container[str] = ()
    unknown: Container[str] = ()
    seen: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = list(self.left)

    def take(self, value: Value) -> None:
        """Deal a value out, or a plain word."""
        self.left = [other for other in self.left if other is not value]
        self.seen.append(value)

    def before(self, place: int) -> str:
        """Return the word that comes before a place."""
        words = self.text[:place].lower().split()
        return words[-1].strip(",:;(") if words else ""

    def words(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield plain words that could be a name: (before, word, after, where)."""
        found = list(WORD.finditer(self.text))
        for number, match in enumerate(found):
            if match[0].lower() in these("small") or any(value.holds(match.start()) for value in self.seen):
                continue
            after = found[number + 1][0].lower() if number + 1 < len(found) else ""
            yield (found[number - 1][0].lower() if number else ""), match[0], after, match.start()


def fill(recipe: Recipe, request: str, common: Container[str] = (), unknown: Container[str] = ()) -> Filling | None:
    """Put what a request names into the slots of a recipe.

    A slot takes a value of its kind that stands behind a word that comes before the slot in one of the phrasings
    ("to X"); else the first one of its kind that is left; else a plain word in such a place ("the branch X"), and
    for names any word that is known from no recipe; else its default.

    Parameters
    ----------
    recipe : Recipe
    request : str
    common, unknown : container of str
        Words (lower case) that many recipes have, and so are hardly a name; words that no recipe has.

    Returns
    -------
    Filling or None
        None where a slot stays empty, or a value cannot be written where the command needs it plain.
    """
    asked, chosen = _Request(request, list(values(request)), common, unknown), dict[str, str]()
    order = sorted(recipe.slots, key=lambda slot: _place(recipe, slot))
    for step in (_after_cue, _first, _behind_cue, _before_noun, _unknown):
        for slot in order:
            if slot not in chosen and (text := step(recipe, slot, asked)):
                chosen[slot] = text
    named = len(chosen)
    for slot in order:
        if slot not in chosen and (default := recipe.defaults.get(slot)) is not None:
            chosen[slot] = SLOT.sub(lambda found: chosen.get(found[1], found[0]), default)
    command = written(recipe, chosen)
    return None if command is None else Filling(
        command, named, tuple(value.text for value in asked.left),
        tuple(value.text for value in asked.seen if value.kind in ("word", "guess")),
        tuple(value.text for value in asked.seen if value.kind == "guess"))


def written(recipe: Recipe, chosen: dict[str, str]) -> str | None:
    """Return the command with values in its slots, each quoted as its place needs; None if one is missing."""
    pieces, end = [], 0
    for found in SLOT.finditer(recipe.command):
        if not kind_of(found[1]):
            continue
        text = chosen.get(found[1])
        piece = None if text is None else _quoted(text, kind_of(found[1]), found[2] or "")
        if piece is None:
            return None
        pieces += [recipe.command[end:found.start()], piece]
        end = found.end()
    return "".join([*pieces, recipe.command[end:]])


def _quoted(text: str, kind: str, way: str) -> str | None:
    """Write a value: plain, inside a pattern in single quotes, or quoted for the shell."""
    if way == "raw":
        return text if (_SUM if kind == "sum" else _PLAIN).fullmatch(text) else None
    if way == "re":
        return re.sub(r"([\\/.*\[\]^$])", r"\\\1", text).replace("'", r"'\''")
    if way == "to":
        return re.sub(r"([\\/&])", r"\\\1", text).replace("'", r"'\''")
    if kind == "command" or (kind == "file" and "*" in text and _GLOB.fullmatch(text)):
        return text
    if text.startswith("~/"):
        return "~/" + shlex.quote(text[2:]) if len(text) > 2 else text
    return text if text == "~" else shlex.quote(text)


def _place(recipe: Recipe, slot: str) -> tuple[int, int]:
    """Where the slot first occurs in the phrasings, so that values are dealt out in the order of the text."""
    for number, task in enumerate(recipe.tasks):
        if (place := task.find(f"{{{slot}}}")) >= 0:
            return number, place
    return len(recipe.tasks), recipe.command.find(f"{{{slot}")


@functools.cache
def _cues(tasks: tuple[str, ...], slot: str) -> frozenset[str]:
    """Return words that come right before a slot in the phrasings."""
    return frozenset(word.lower() for task in tasks for word in re.findall(rf"(\w+) \{{{slot}\}}", task))


def _fits(slot: str, value: Value) -> str:
    """Return what the value says for a slot, or nothing."""
    kind = kind_of(slot)
    if value.kind not in _TAKES[kind]:
        return ""
    if kind == "extension" and value.kind == "pattern":
        return value.text[2:] if ENDING.fullmatch(value.text) else ""
    return _span(value.text, kind) if value.kind == "span" else value.text


def _span(text: str, kind: str) -> str:
    amount, unit = text.split()
    count = 1 if amount in ("a", "an") else int(NUMBERS.get(amount, amount))
    if kind == "days":
        return str(count * _DAYS[unit]) if unit in _DAYS else str(count // 24) if not count % 24 else ""
    seconds = count * _SECONDS.get(unit, 0)
    return str(seconds if kind == "seconds" else seconds // 60) if seconds else ""


def _after_cue(recipe: Recipe, slot: str, asked: _Request) -> str:
    for value in asked.left:
        if asked.before(value.start) in _cues(recipe.tasks, slot) and (text := _fits(slot, value)):
            asked.take(value)
            return text
    return ""


def _first(recipe: Recipe, slot: str, asked: _Request) -> str:
    others = _NUMBERED - {slot.rstrip("0123456789"), *_cues(recipe.tasks, slot)}
    for kind in _TAKES[kind_of(slot)]:
        for value in asked.left:
            another = value.kind == "number" and asked.before(value.start) in others
            if value.kind == kind and not another and (text := _fits(slot, value)):
                asked.take(value)
                return text
    return ""


def _behind_cue(recipe: Recipe, slot: str, asked: _Request) -> str:
    """Take a plain word behind "called", behind what the slot is ("branch X"), or behind a cue."""
    kind, name = kind_of(slot), slot.rstrip("0123456789")
    if kind not in _BARE:
        return ""
    nouns = {"called", "named"} | ({name} | _ALSO.get(name, set()) if kind != "file" else set())
    if kind == "folder":
        nouns |= _WHERE
    cues = nouns if kind in ("folder", "file") else nouns | _cues(recipe.tasks, slot)
    for before, word, _, place in asked.words():
        if before in cues and word.lower() not in cues and (before in nouns or word.lower() not in asked.common):
            asked.take(Value("word", word, place, place + len(word)))
            return word
    return ""


def _before_noun(recipe: Recipe, slot: str, asked: _Request) -> str:
    """Take a plain word before what the slot is: "the X branch"; not the first word, which says what to do."""
    kind, name = kind_of(slot), slot.rstrip("0123456789")
    nouns = {name} | _ALSO.get(name, set())
    for _, word, after, place in asked.words() if kind in _BARE - {"file", "text"} else ():
        if place and after in nouns and word.lower() not in nouns | these("sorts"):
            asked.take(Value("word", word, place, place + len(word)))
            return word
    return ""


def _unknown(recipe: Recipe, slot: str, asked: _Request) -> str:
    """Take a plain word that no recipe has: it is likely to be a name."""
    for _, word, _, place in asked.words() if kind_of(slot) == "name" and slot not in recipe.defaults else ():
        if place and word.lower() in asked.unknown:
            asked.take(Value("guess", word, place, place + len(word)))
            return word
    return ""
