"""The text of here-documents, in which the shell expands variables and substitutions but takes no quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.terminal.risk import words
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.traced import Traced, traced
from assay.terminal.shellsyntax import Document, Edit, applied, below, parse

if TYPE_CHECKING:
    from assay.terminal.risk.walk import Walk


def text(walk: Walk, document: Document, scope: Scope) -> str:
    """Return what a here-document hands over."""
    given = Traced(document.text, document.places)
    return given if document.raw else expanded(walk, given, scope)


def expanded(walk: Walk, given: Traced, scope: Scope) -> str:
    """Return a text with its substitutions followed, as the shell does in double quotes."""
    from assay.terminal.risk.walk import Walk as Reader

    if not set(given) & set("$`\\"):
        return given
    quotes: list[Edit] = [(at, at + 1, '\\"') for at in _quotes(given)]
    inner, places = applied(given, given.places, quotes)
    places = places or [(0, 0)]  # a text with nothing to expand does not get here
    tree = parse(f'"{inner}"', [places[0], *places, places[-1]])
    reader = Reader(tree, walk.report)
    string = next(below(tree.root, "string"), None)
    if string is None:
        return given
    pieces = words.quoted(reader, string, scope, 1, len(tree.text) - 1)
    parts = next(words.choices(pieces), ())
    value = "".join(part for part, _, _ in parts)
    return traced(tree, [words.Arg(value, 1, len(tree.text) - 1, parts)])


def _quotes(given: str) -> list[int]:
    """Return where double quotes stand that are letters: not inside ``$(...)``, ``${...}`` or back quotes."""
    found: list[int] = []
    closing: list[str] = []
    at = 0
    while at < len(given):
        pair, letter = given[at:at + 2], given[at]
        if letter == "\\":
            at += 1
        elif pair in ("$(", "${"):
            closing.append(")" if pair == "$(" else "}")
            at += 1
        elif closing and letter == "(" and closing[-1] == ")":
            closing.append(")")
        elif closing and letter == closing[-1]:
            closing.pop()
        elif letter == "`":
            closing.append("`")
        elif letter == '"' and not closing:
            found.append(at)
        at += 1
    return found
