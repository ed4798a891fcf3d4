"""What is rewritten in shell text so that tree-sitter-bash reads it as a shell does.

Lines that end in a backslash are joined; back quotes with backslashes become ``$(...)`` without; comments are taken
out, and here-documents, because the grammar loses what follows their word on the line; a line's end that it takes for
part of a word becomes a semicolon; ``<>`` and ``<<<`` in places it does not know become operators it does; `time` and
`coproc`, which it takes for programs, are taken out.
The shell's own rules: https://pubs.opengroup.org/onlinepubs/9799919799/ (XCU 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.terminal.shellsyntax import Document, Edit, Places, below

if TYPE_CHECKING:
    from tree_sitter import Node

RAW = ("raw_string", "ansi_c_string", "comment")
KEYWORDS = frozenset({"time", "coproc"})
SHIFTS = frozenset({"binary_expression"})  # where `<<` is arithmetic
LETTERS = " \t\n;&|()<>"  # what ends a word


def joins(text: str, root: Node) -> list[Edit]:
    """Return the line ends a shell takes out: a backslash before one, not in single quotes, comment, raw document."""
    if "\\\n" not in text:
        return []
    raw = [(node.start_byte, node.end_byte) for node in below(root, *RAW)] + list(_raw_documents(text, root))
    edits, at = [], text.find("\\\n")
    while at >= 0:
        before = at - len(text[:at].rstrip("\\"))
        if before % 2 == 0 and not any(start <= at < end for start, end in raw):
            edits.append((at, at + 2, ""))
        at = text.find("\\\n", at + 1)
    return edits


def _raw_documents(text: str, root: Node) -> Iterator[tuple[int, int]]:
    for sign in _signs(text, root):
        word, raw, end = _word(text, sign)
        if raw:
            yield end, _body(text, sign, word, end)[2]


def _signs(text: str, root: Node) -> Iterator[int]:
    """Return where here-documents are begun, also where the grammar lost its way."""
    for node in below(root, "<<", "<<-", "ERROR"):
        # The grammar's sign may begin in the word before it: ``-s<<-E``.
        at = node.start_byte if node.type == "ERROR" else text.find("<<", node.start_byte)
        known = node.type != "ERROR" or node.end_byte - at == 1
        shift = node.parent is not None and node.parent.type in SHIFTS
        if known and not shift and text.startswith("<<", at) and not text.startswith("<<<", at):
            yield at


def document(text: str, root: Node, places: Places | None, documents: dict[int, Document]) -> list[Edit]:
    """Take the first here-document out of the text into `documents`; return the edits that do so."""
    sign = next(_signs(text, root), None)
    if sign is None:
        return []
    word, raw, end = _word(text, sign)
    start, last, stop = _body(text, sign, word, end)
    tabs = text.startswith("<<-", sign)
    kept = [index for index in range(start, last)
            if not tabs or text[index] != "\t" or text[text.rfind("\n", 0, index) + 1:index].strip("\t")]
    where = places or [(index, index + 1) for index in range(len(text))]
    whole = (bool(word) or raw) and last < stop
    documents[sign] = Document("".join(text[index] for index in kept), [where[index] for index in kept], raw, whole)
    stand_in = "< ." + " " * max(0, end - sign - 3)
    return [(sign, end, stand_in), *([(start, stop, "")] if stop > start else [])]


def _word(text: str, sign: int) -> tuple[str, bool, int]:
    """Read a here-document's word: the word, whether it is quoted, where it ends."""
    at = sign + (3 if text.startswith("<<-", sign) else 2)
    while at < len(text) and text[at] in " \t":
        at += 1
    start, quote, word = at, "", []
    while at < len(text) and (quote or text[at] not in LETTERS):
        letter = text[at]
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        elif letter == "\\" and not quote and at + 1 < len(text):
            at += 1
            word.append(text[at])
        else:
            word.append(letter)
        at += 1
    return "".join(word), any(mark in text[start:at] for mark in "'\"\\"), at


def _body(text: str, sign: int, word: str, end: int) -> tuple[int, int, int]:
    """Return where a here-document begins, where the line that ends it begins, and where that one ends."""
    start = at = _line_end(text, end)
    while at < len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line = text[at:stop].lstrip("\t") if text.startswith("<<-", sign) else text[at:stop]
        if line == word:
            return start, at, min(stop + 1, len(text))
        at = stop + 1
    return start, len(text), len(text)


def _line_end(text: str, at: int) -> int:
    """Return where the next line begins; a line end in quotes is none."""
    quote = ""
    while at < len(text):
        letter = text[at]
        if letter == "\n" and not quote:
            return at + 1
        if letter == "\\" and quote != "'":
            at += 1
        elif letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        at += 1
    return len(text)


def backquotes(text: str, root: Node) -> list[Edit]:
    """Write the first `...` in which backslashes hide something as ``$(...)``, where they do not."""
    for node in below(root, "command_substitution"):
        start, end = node.start_byte, node.end_byte
        inside = text[start + 1:end - 1]
        if text[start] != "`" or "\\" not in inside:
            continue
        quoted = node.parent is not None and node.parent.type == "string"
        hides = re.compile(r'\\([\\`$"])' if quoted else r"\\([\\`$])")
        edits = [(start + 1 + match.start(), start + 1 + match.start() + 1, "") for match in hides.finditer(inside)]
        if edits:
            return [(start, start + 1, "$("), *edits, (end - 1, end, ")")]
    return []


def operators(text: str, root: Node, strings: set[int]) -> list[Edit]:
    """Return the edits of operators and words; `strings` gets where here-strings stand."""
    edits: list[Edit] = []
    for node in below(root, "command", "comment", "word", "ERROR", "<"):
        if node.type == "command":
            edits += _keyword(text, node)
        elif node.type == "word" and text.startswith("\n", node.start_byte):
            edits.append((node.start_byte, node.start_byte + 1, ";"))
        elif node.type == "comment":
            edits.append(_comment(text, node))
        elif node.type == "<" and text.startswith("<>", node.start_byte) and _error_after(node):
            edits.append((node.start_byte, node.start_byte + 2, ">>"))
        elif node.type == "ERROR" and text.startswith("<<<", node.start_byte) and node.end_byte - node.start_byte == 2:
            edits.append((node.start_byte, node.start_byte + 3, "<  "))
            strings.add(node.start_byte)
    return edits


def _comment(text: str, comment: Node) -> Edit:
    """Take a comment out; a sign inside a word begins none."""
    start = comment.start_byte
    if start == 0 or text[start - 1] in LETTERS:
        return start, comment.end_byte, ""
    return start, start + 1, "\\#"


def _error_after(node: Node) -> bool:
    after = node.next_sibling
    return after is not None and after.type == "ERROR" and after.start_byte == node.end_byte == after.end_byte - 1


def _keyword(text: str, command: Node) -> list[Edit]:
    """Take out `time` and `coproc`: a compound command may follow them."""
    name, *rest = command.children
    if name.type != "command_name" or text[name.start_byte:name.end_byte] not in KEYWORDS:
        return []
    end = name.end_byte
    for word in rest:
        option = text[word.start_byte:word.end_byte]
        if option not in ("-p", "--"):
            if option.startswith("-"):
                return []  # the program time, not the word
            break
        end = word.end_byte
    if text[name.start_byte:name.end_byte] == "coproc" and len(rest) > 1 and text[rest[1].start_byte] in "{(":
        end = rest[0].end_byte
    return [(name.start_byte, end, "")] if end < command.end_byte else []
