"""Redirections: what a command reads instead of the terminal, and the files it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.terminal.risk import documents, targets, words, writes
from assay.terminal.risk.marks import FETCHED, MAYBE
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.traced import Traced, traced
from assay.terminal.risk.words import Arg

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

SIGNS = ("&>>", "&>", ">>", ">&", ">|", "<&", ">", "<")
NETWORK = ("/dev/tcp/", "/dev/udp/")


@dataclass(slots=True)
class Output:
    """A file to be written: which, by which redirection, and whether it gets standard output."""

    arg: Arg
    span: tuple[int, int]
    append: bool
    stdout: bool


@dataclass(slots=True)
class Outcome:
    """What redirections do to a command.

    Attributes
    ----------
    stdin : str, optional
        What it reads.
    outputs : list of Output
        Files it writes.
    extra : list of Node
        Words of the command that stand after a redirection; the grammar takes them for part of it.
    """

    stdin: str | None
    outputs: list[Output] = field(default_factory=list)
    extra: list[Node] = field(default_factory=list)


def begin(walk: Walk, nodes: Sequence[Node], scope: Scope) -> Outcome:
    """Read redirections."""
    outcome = Outcome(scope.stdin)
    for index, node in enumerate(nodes):
        if node.type == "herestring_redirect":
            outcome.stdin = _string(walk, list(node.children[-1:]), scope)
        elif node.type == "file_redirect":
            after = nodes[index + 1] if index + 1 < len(nodes) else None
            _file(walk, node, after, scope, outcome)
    return outcome


def _string(walk: Walk, nodes: list[Node], scope: Scope) -> str:
    parts = next(words.choices(words.read(walk, nodes, scope)), ())
    text = "".join(part for part, _, _ in parts).translate(words.NO_GLOBS)
    end = nodes[-1].end_byte
    string = traced(walk.tree, [Arg(text, nodes[0].start_byte, end, parts)])
    return Traced(string + "\n", [*string.places, walk.tree.span(end, end)])


def _file(walk: Walk, node: Node, after: Node | None, scope: Scope, outcome: Outcome) -> None:
    sign = next((child for child in node.children if child.type in SIGNS), None)
    if sign is None:
        return
    named = list(words.gathered(node.children_by_field_name("destination")))
    first, rest = (named[0], named[1:]) if named else ([], [])
    outcome.extra += [child for word in rest for child in word if not _descriptor(walk, word, after)]
    descriptor = node.child_by_field_name("descriptor")
    number = walk.tree.source(descriptor) if descriptor else ""
    if sign.start_byte in walk.tree.documents:
        outcome.stdin = documents.text(walk, walk.tree.documents[sign.start_byte], scope)
    elif sign.start_byte in walk.tree.strings:
        outcome.stdin = _string(walk, first, scope)
    elif first:
        args = [arg for args in words.fields(walk, first, scope) for arg in args]
        span = walk.tree.span(node.start_byte, first[-1].end_byte)
        for arg in args:
            _arg(walk, sign.type, number, arg, span, scope, outcome)


def _descriptor(walk: Walk, word: list[Node], after: Node | None) -> bool:
    """Whether a word is the descriptor of the next redirection, which the grammar gave to this one."""
    text = walk.tree.text[word[0].start_byte:word[-1].end_byte]
    touching = after is not None and after.start_byte == word[-1].end_byte
    return touching and (text.isdigit() or (text[:1] == "{" and text[-1:] == "}"))


def _arg(walk: Walk, sign: str, number: str, arg: Arg, span: tuple[int, int], scope: Scope,
         outcome: Outcome) -> None:
    copied = sign in (">&", "<&") and (arg.value.rstrip("-").isdigit() or arg.value == "-")
    if sign == "<" or copied:
        if sign[0] == "<" and number in ("", "0"):
            outcome.stdin = scope.files.get("&" + arg.value, MAYBE) if copied else _content(walk, arg, scope)
        elif sign[0] == "<":
            scope.files["&" + number] = _content(walk, arg, scope)
        return
    if arg.value.startswith(NETWORK) and number not in ("", "1", "2"):
        scope.files["&" + number] = FETCHED
    outcome.outputs.append(Output(arg, span, sign in (">>", "&>>"), number in ("", "1") or sign[0] == "&"))


def _content(walk: Walk, arg: Arg, scope: Scope) -> str:
    if arg.value.startswith(NETWORK):
        walk.report.events.append("network")
        return FETCHED
    return targets.content(arg.value, scope)


def finish(walk: Walk, outcome: Outcome, printed: str, scope: Scope) -> str:
    """Write the files; returns what is still printed."""
    for output in outcome.outputs:
        text = printed if output.stdout else MAYBE
        if output.stdout and output.arg.value.startswith(NETWORK):
            walk.report.events.append("network")
        writes.write(walk, output.arg.value, text, scope, output.span, output.append)
    taken = any(output.stdout and output.arg.value not in ("/dev/stdout", "/dev/tty") for output in outcome.outputs)
    return "" if taken else printed
