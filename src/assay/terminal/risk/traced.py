"""Text that knows where it stands in the command, so that what is found in it is shown in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.terminal.risk.words import Arg
from assay.terminal.shellsyntax import Places

if TYPE_CHECKING:
    from assay.terminal.shellsyntax import Tree


class Traced(str):
    """A string with the place of each of its characters in the whole command."""

    places: Places

    def __new__(cls, text: str, places: Places) -> Traced:
        """Join a text and its places; both have one length."""
        new = super().__new__(cls, text)
        new.places = places
        return new


def traced(tree: Tree, args: Sequence[Arg]) -> Traced:
    """Return the words joined by blanks."""
    text: list[str] = []
    places: Places = []
    for index, arg in enumerate(args):
        if index:
            text.append(" ")
            places.append(tree.span(args[index - 1].end, arg.start) if args[index - 1].end < arg.start
                          else tree.span(arg.start, arg.end))
        text.append(arg.value)
        places += _places(tree, arg)
    return Traced("".join(text), places)


def _places(tree: Tree, arg: Arg) -> Places:
    if not arg.parts:
        return [tree.span(arg.start, arg.end)] * len(arg.value)
    places: Places = []
    for index, (text, start, flat) in enumerate(arg.parts):
        if flat:
            places += [tree.span(at, at + 1) for at in range(start, start + len(text))]
        else:
            end = arg.parts[index + 1][1] if index + 1 < len(arg.parts) else arg.end
            places += [tree.span(start, max(end, start + 1))] * len(text)
    return places


def pinned(text: str, span: tuple[int, int]) -> Traced:
    """Return a text all of which stands in one place: where it is run, if it was written elsewhere."""
    return Traced(text, [span] * len(text))
