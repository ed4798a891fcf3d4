"""The words of a command, as the shell will see them: quotes, escapes, braces, `~`, variables, substitutions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from assay.terminal.risk import marks
from assay.terminal.risk.marks import CLOSE, COMMA, HOME, MAYBE, ONE, OPEN, SOME, SPLIT, STAR
from assay.terminal.risk.scope import Scope, Values

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

COMBINATIONS = 300  # of alternatives in one word
WORDS = 200  # that braces make of one word
PLAIN = re.compile(r"[\w./:@%+,=-]+", re.ASCII)
EXPANSIONS = frozenset({"simple_expansion", "expansion", "command_substitution", "process_substitution",
                        "arithmetic_expansion"})
QUOTED = frozenset({"raw_string", "ansi_c_string", "string", "translated_string"})
ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
GLOBS = str.maketrans({"*": STAR, "?": ONE})
BRACES = str.maketrans({"{": OPEN, ",": COMMA, "}": CLOSE})
NO_GLOBS = str.maketrans({STAR: "*", ONE: "?", OPEN: "{", COMMA: ",", CLOSE: "}", SPLIT: " "})
NO_BRACES = str.maketrans({OPEN: "{", COMMA: ",", CLOSE: "}"})
BRACKET = re.compile(r"\[[!^]?\]?[^\]/\s]*\]")
BRACE = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
SEQUENCE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.-?\d+)?")
HIDDEN = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\()")
IN_QUOTES = re.compile(r"\\([$`\"\\])")
BARE = re.compile(r"\\(.?)|(\[[!^]?\]?[^\]/\s\\]*\])", re.DOTALL)


class Piece(NamedTuple):
    """A stretch of a word: the texts it may be, where it begins, whether letter follows letter from there."""

    texts: Values
    start: int
    flat: bool


@dataclass(frozen=True, slots=True)
class Arg:
    """One word of a command.

    Attributes
    ----------
    value : str
        What it is, with marks for what is not known.
    start, end : int
        Where it stands in the tree's text.
    parts : tuple of (str, int, bool)
        Texts it was put together of, with their places; empty where the shell made several words of one.
    """

    value: str
    start: int
    end: int
    parts: tuple[tuple[str, int, bool], ...] = ()

    def at(self, value: str) -> Arg:
        """Return another word at the same place."""
        return Arg(value, self.start, self.end)

    def after(self, count: int) -> Arg:
        """Return the word without its first letters."""
        parts, left = [], count
        for text, start, flat in self.parts:
            if left < len(text):
                parts.append((text[left:], start + left if flat else start, flat))
            left = max(0, left - len(text))
        return Arg(self.value[count:], self.start, self.end, tuple(parts))


def gathered(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    """Return nodes by word: what touches is one word."""
    word: list[Node] = []
    for node in nodes:
        if word and node.start_byte != word[-1].end_byte:
            yield word
            word = []
        word.append(node)
    if word:
        yield word


def fields(walk: Walk, nodes: Sequence[Node], scope: Scope) -> list[list[Arg]]:
    """Return what a word may become: for each alternative the words it is split into."""
    start, end = nodes[0].start_byte, nodes[-1].end_byte
    source = walk.tree.text[start:end]
    if PLAIN.fullmatch(source):
        return [[Arg(source, start, end, ((source, start, True),))]]
    pieces = read(walk, nodes, scope)
    quoted = any(node.type in QUOTED or any(child.type in QUOTED for child in node.children) for node in nodes)
    found = [_fields(parts, start, end, quoted) for parts in choices(pieces)]
    return found or [[]]


def choices(pieces: list[Piece]) -> Iterator[tuple[tuple[str, int, bool], ...]]:
    """Yield a word's pieces with each text they may have."""
    many = itertools.product(*(piece.texts for piece in pieces))
    for texts in itertools.islice(many, COMBINATIONS):
        yield tuple((text, piece.start, piece.flat) for text, piece in zip(texts, pieces, strict=True))
    if next(many, None) is not None:
        yield tuple((MAYBE if len(piece.texts) > 1 else piece.texts[0], piece.start, piece.flat) for piece in pieces)


def _fields(parts: tuple[tuple[str, int, bool], ...], start: int, end: int, quoted: bool) -> list[Arg]:
    value = "".join(text for text, _, _ in parts)
    if OPEN not in value and SPLIT not in value:
        return [Arg(value, start, end, parts)] if value or quoted else []
    words = [word for braced in braces(value) for word in braced.split(SPLIT)]
    return [Arg(word.translate(NO_BRACES), start, end) for word in words if word or quoted]


def texts(walk: Walk, nodes: Sequence[Node], scope: Scope) -> Values:
    """Return the values of a word where the shell makes no several words of one: in an assignment, after ``<<<``."""
    return tuple("".join(text for text, _, _ in parts).translate(NO_GLOBS)
                 for parts in choices(read(walk, nodes, scope)))


def read(walk: Walk, nodes: Sequence[Node], scope: Scope) -> list[Piece]:
    """Return the pieces of a word."""
    first = nodes[0].start_byte
    braced = "{" in walk.tree.text[first:nodes[-1].end_byte]
    pieces: list[Piece] = []
    for node in nodes:
        if node.type == "string" and pieces and pieces[-1].texts == ("$",):
            pieces.pop()  # $"..." is a string to be translated
        pieces += _node(walk, node, scope, node.start_byte == first, braced)
    return pieces


def _node(walk: Walk, node: Node, scope: Scope, first: bool, braced: bool) -> list[Piece]:
    kind, start = node.type, node.start_byte
    if kind == "raw_string":
        return [Piece((walk.tree.source(node)[1:-1],), start + 1, True)]
    if kind == "ansi_c_string":
        return [Piece((ansi(walk.tree.source(node)[2:-1]),), start, False)]
    if kind == "string":
        return quoted(walk, node, scope, start + 1, node.end_byte - 1)
    if kind == "translated_string":
        return _node(walk, node.children[-1], scope, False, False)
    if kind in EXPANSIONS:
        values = walk.expansion(node, scope, False)
        return [Piece(tuple(split(value, scope) for value in values), start, False)]
    if kind == "subshell":
        walk.statement(node, scope.copy())
        return [Piece((MAYBE,), start, False)]
    return _mixed(walk, node, scope, first, braced)


def _mixed(walk: Walk, node: Node, scope: Scope, first: bool, braced: bool) -> list[Piece]:
    pieces: list[Piece] = []
    at = node.start_byte
    for child in _inner(node, at):
        if child.start_byte > at:
            pieces += _gap(walk, at, child.start_byte, scope, first and at == node.start_byte, braced)
        pieces += _node(walk, child, scope, first and child.start_byte == node.start_byte, braced)
        at = child.end_byte
    if at < node.end_byte:
        pieces += _gap(walk, at, node.end_byte, scope, first and at == node.start_byte, braced)
    return pieces


def _gap(walk: Walk, start: int, end: int, scope: Scope, first: bool, braced: bool) -> list[Piece]:
    text = walk.tree.text[start:end]
    if HIDDEN.search(text):  # the grammar saw letters where the shell sees a substitution
        walk.hidden(start, end, scope)
        return [Piece((MAYBE,), start, False)]
    return bare(text, start, first, braced)


def _inner(node: Node, start: int) -> Iterator[Node]:
    """Yield what is below a node, from a place on, and not bare text: the outermost of each."""
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        inner = child.type in EXPANSIONS or child.type in QUOTED or child.type == "subshell"
        if inner and child.start_byte >= start:
            yield child
        elif not inner:
            stack += reversed(child.children)


def quoted(walk: Walk, node: Node, scope: Scope, start: int, end: int) -> list[Piece]:
    """Return the pieces of what stands in double quotes, in a here-document, or after ``:-``."""
    pieces: list[Piece] = []
    at = start
    for child in _inner(node, start):
        pieces += _quoted_gap(walk, at, child.start_byte, scope)
        if child.type in EXPANSIONS:
            pieces.append(Piece(walk.expansion(child, scope, True), child.start_byte, False))
        else:
            pieces += _node(walk, child, scope, False, False)
        at = child.end_byte
    return pieces + _quoted_gap(walk, at, end, scope)


def _quoted_gap(walk: Walk, start: int, end: int, scope: Scope) -> list[Piece]:
    text = walk.tree.text[start:end]
    if HIDDEN.search(text):
        walk.hidden(start, end, scope)
        return [Piece((MAYBE,), start, False)]
    return _escaped(text, start, IN_QUOTES, lambda match: match[1])


def _escaped(text: str, start: int, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> list[Piece]:
    pieces, at = [], 0
    for match in pattern.finditer(text):
        pieces.append(Piece((text[at:match.start()],), start + at, True))
        pieces.append(Piece((meaning(match),), start + match.start(), False))
        at = match.end()
    return [piece for piece in (*pieces, Piece((text[at:],), start + at, True)) if piece.texts[0]]


def bare(text: str, start: int, first: bool = False, braced: bool = False) -> list[Piece]:
    """Return the pieces of text outside quotes."""
    if first and text.startswith("~"):
        end = re.match(r"~[\w.+-]*", text).end()  # type: ignore[union-attr]
        if text[end:end + 1] in ("", "/"):
            home = {"~+": ".", "~-": SOME}.get(text[:end], HOME)
            return [Piece((home,), start, False), *bare(text[end:], start + end, False, braced)]
    pieces = _escaped(text, start, BARE, lambda match: ONE if match[2] else match[1] or "")
    return [Piece((_marked(piece, braced),), piece.start, piece.flat) for piece in pieces]


def _marked(piece: Piece, braced: bool) -> str:
    if not piece.flat:
        return piece.texts[0]
    text = piece.texts[0].translate(GLOBS)
    return text.translate(BRACES) if braced else text


def split(value: str, scope: Scope) -> str:
    """Return a value that stands outside quotes: its blanks end words, its wildcards are live."""
    if scope.loose and marks.known(value):
        return SOME
    if PLAIN.fullmatch(value):
        return value
    value = BRACKET.sub(ONE, value).translate(GLOBS)
    return re.sub(r"[ \t\n]+", SPLIT, value)


def ansi(text: str) -> str:
    r"""Return what ``$'...'`` means.

    >>> ansi(r"a\x41\102\n")
    'aAB\n'
    """
    def meaning(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xuU" and len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= 0x10FFFF else "\ufffd"
        if code[0].isdigit() and code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] == "c" and len(code) > 1:
            return chr(ord(code[1]) & 0x1F)
        return ANSI_LETTERS.get(code, code if code in "\\'\"?" else "\\" + code)

    return marks.foreign(ANSI.sub(meaning, text))


def braces(value: str) -> list[str]:
    """Return the words that braces make of one; braces that make none stay letters.

    >>> braces(f"a{OPEN}b{COMMA}c{CLOSE}")
    ['ab', 'ac']
    """
    done: list[str] = []
    left = [value]
    while left and len(done) + len(left) < WORDS:
        word = left.pop(0)
        match = BRACE.search(word)
        if match is None:
            done.append(word)
            continue
        inner = _alternatives(match[1])
        left[:0] = [word[:match.start()] + text + word[match.end():] for text in inner]
    return done + left


def _alternatives(inner: str) -> list[str]:
    if COMMA in inner:
        return inner.split(COMMA)
    sequence = SEQUENCE.fullmatch(inner)
    if sequence is None:
        return ["{" + inner + "}"]
    low, high = sequence[1], sequence[2]
    if low.lstrip("-").isdigit() != high.lstrip("-").isdigit():
        return ["{" + inner + "}"]
    as_number = low.lstrip("-").isdigit()
    first, last = (int(low), int(high)) if as_number else (ord(low), ord(high))
    if abs(last - first) > 50:
        return [low, high, SOME]
    step = 1 if last >= first else -1
    return [str(number) if as_number else chr(number) for number in range(first, last + step, step)]
