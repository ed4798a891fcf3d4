"""The syntax tree of shell text: the one place that knows tree-sitter, which it imports at the first parse.

tree-sitter-bash reads some text differently from bash; `shellrewrites` says what is rewritten before the tree is
believed. Every position is mapped back to the text that was given.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

ROUNDS = 40  # rewriting ends when nothing is left to rewrite; this many rounds bound text that was made to be slow

Places = list[tuple[int, int]]
Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Document:
    """A here-document that was taken out of the text.

    Attributes
    ----------
    text : str
        What stands in it, tabs taken off where ``<<-`` does.
    places : list of (int, int)
        Where each character stands in the text given.
    raw : bool
        Whether its word is quoted: nothing is expanded.
    whole : bool
        Whether it has a word, and the line that ends it is there.
    """

    text: str
    places: Places
    raw: bool
    whole: bool


@dataclass(frozen=True)
class Tree:
    """Parsed shell text.

    Attributes
    ----------
    text : str
        What was parsed: the text as given, but for joined lines, here-documents and rewritten operators. A node's
        `start_byte` and `end_byte` index it as characters: what is not ASCII was parsed as one ordinary byte.
    root : Node
        The tree's root, a node of tree-sitter.
    error : bool
        Whether some part is not shell syntax, as far as the grammar knows.
    places : list of (int, int), optional
        For each character of `text`, where it begins and ends in the text given; None where both are the same.
    strings : frozenset of int
        Where operators stand that were here-strings and are now written as ``<``.
    documents : dict of int to Document
        The here-document of each operator that is now written as ``<``.
    """

    text: str
    root: Node
    error: bool
    places: Places | None
    strings: frozenset[int]
    documents: Mapping[int, Document]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of `text` begins and ends in the text given."""
        if self.places is None:
            return start, end
        if not self.places:
            return 0, 0
        if start < end:
            return self.places[start][0], self.places[min(end, len(self.places)) - 1][1]
        here = self.places[start][0] if start < len(self.places) else self.places[-1][1]
        return here, here

    def source(self, node: Node) -> str:
        """Return a node's text."""
        return self.text[node.start_byte:node.end_byte]

    def nodes(self, *kinds: str) -> Iterator[Node]:
        """Return all nodes of these kinds, or all there are, in order; does not recurse."""
        return below(self.root, *kinds)


def below(node: Node, *kinds: str) -> Iterator[Node]:
    """Return a node and all below it, of these kinds, in the order of the text."""
    stack = [node]
    while stack:
        node = stack.pop()
        if not kinds or node.type in kinds:
            yield node
        stack.extend(reversed(node.children))


def parse(text: str, places: Places | None = None) -> Tree:
    """Parse shell text; never raises, whatever the text.

    Parameters
    ----------
    text : str
        Any text; NUL, lone surrogates and broken syntax included.
    places : list of (int, int), optional
        Where each character stands in a text around this one, for code inside a string.

    >>> tree = parse("ls 'my files' | wc -l")
    >>> [tree.source(node) for node in tree.nodes("command")]
    ["ls 'my files'", 'wc -l']
    """
    from assay.terminal import shellrewrites as rewrites

    documents: dict[int, Document] = {}
    strings: set[int] = set()
    root = syntax(text)
    if joins := rewrites.joins(text, root):
        text, places = applied(text, places, joins)
        root = syntax(text)
    for _ in range(ROUNDS):
        edits = rewrites.backquotes(text, root) or rewrites.document(text, root, places, documents) or (
            rewrites.operators(text, root, strings))
        if not edits:
            break
        strings = {_moved(position, edits) for position in strings}
        documents = {_moved(position, edits): document for position, document in documents.items()}
        text, places = applied(text, places, edits)
        root = syntax(text)
    error = root.has_error or "\0" in text or _askew(text, root) or not all(
        document.whole for document in documents.values())
    return Tree(text, root, error, places, frozenset(strings), documents)


def _askew(text: str, root: Node) -> bool:
    """Whether some sign of the grammar is not the sign in the text: its scanner sometimes takes more for one."""
    return any(not node.is_named and text[node.start_byte:node.end_byte] != node.type
               for node in below(root) if node.child_count == 0)


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def syntax(text: str) -> Node:
    r"""Return the grammar's tree of a text, one byte a character.

    The grammar calls white space what a shell calls a letter (a no-break space, a form feed): `echo\f#; rm x` has no
    comment. One ordinary byte for each such character keeps words whole.
    """
    plain = text if text.isascii() and text.isprintable() else "".join(
        letter if " " <= letter <= "~" or letter in "\n\t" else "." for letter in text)
    return _parser().parse(plain.encode("ascii")).root_node


def applied(text: str, places: Places | None, edits: list[Edit]) -> tuple[str, Places | None]:
    """Return the text with each stretch replaced, and where its characters stand; new ones where the old ones stood."""
    places = [(index, index + 1) for index in range(len(text))] if places is None else places
    parts: list[str] = []
    moved: Places = []
    last = 0
    for start, end, new in sorted(edits):
        parts += text[last:start], new
        moved += places[last:start]
        moved += [(places[start][0], places[end - 1][1])] * len(new) if new else []
        last = end
    return "".join([*parts, text[last:]]), moved + places[last:]


def _moved(position: int, edits: list[Edit]) -> int:
    return position + sum(len(new) - (end - start) for start, end, new in edits if end <= position)
