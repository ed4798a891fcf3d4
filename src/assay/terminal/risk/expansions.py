"""What stands inside words: ``$x``, ``$(...)``, ``<(...)``, arithmetic, and what the grammar did not see in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.terminal.risk import documents, marks, parameters, redirects, words
from assay.terminal.risk.levels import UNSURE
from assay.terminal.risk.marks import MAYBE, SOME, SPLIT
from assay.terminal.risk.scope import Scope, Values
from assay.terminal.risk.traced import Traced, pinned
from assay.terminal.risk.words import EXPANSIONS

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk


def visit(walk: Walk, node: Node, scope: Scope) -> None:
    """Follow every substitution below a node that is no statement."""
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if child.type in EXPANSIONS:
            walk.expansion(child, scope, True)
        elif walk.is_statement(child) and child.type != "variable_assignment":
            walk.statement(child, scope)
        elif child.children:
            stack += reversed(child.children)
        elif child.is_named and child.type not in words.QUOTED and words.HIDDEN.search(walk.tree.source(child)):
            walk.hidden(child.start_byte, child.end_byte, scope)


def hidden(walk: Walk, start: int, end: int, scope: Scope) -> None:
    """Follow the substitutions in a stretch that the grammar took for letters."""
    places = [walk.tree.span(at, at + 1) for at in range(start, end)]
    text = Traced(walk.tree.text[start:end], places)
    walk.deeper(4, walk.tree.span(start, end), lambda: documents.expanded(walk, text, scope))


def values(walk: Walk, node: Node, scope: Scope, quoted: bool) -> Values:
    """Return what an expansion may give, before it is split into words."""
    if node.type in ("simple_expansion", "expansion"):
        found = parameters.values(walk, node, scope)
        many = quoted and "@" not in walk.tree.source(node)
        return tuple(value.replace(SPLIT, " ") for value in found) if many else found
    if node.type == "arithmetic_expansion":
        walk.visit(node, scope)
        return (SOME,)
    return (walk.deeper(2, walk.span(node), lambda: _substitution(walk, node, scope)),)


def _substitution(walk: Walk, node: Node, scope: Scope) -> str:
    inside = [child for child in node.children if child.is_named]
    if node.type == "process_substitution":
        return _process(walk, node, inside, scope)
    if len(inside) == 1 and inside[0].type == "file_redirect":
        return (redirects.begin(walk, inside, scope).stdin or MAYBE).rstrip("\n")
    return walk.sequence(inside, scope.copy()).rstrip("\n")


def _process(walk: Walk, node: Node, inside: list[Node], scope: Scope) -> str:
    """Return the path that stands for ``<(...)``, whose text is known, or ``>(...)``, which waits for its own."""
    path = walk.report.new_path()
    inner = scope.copy(parallel=True)
    if walk.tree.source(node).startswith("<"):
        scope.files[path] = walk.sequence(inside, inner)
        return path

    def feed(text: str) -> None:
        inner.stdin = text
        walk.sequence(inside, inner)

    walk.report.sinks[path] = feed
    return path


def prompt(walk: Walk, node: Node, found: Values, scope: Scope) -> None:
    """Follow ``${x@P}``: it runs the substitutions in a value."""
    for value in found:
        if marks.unknown(value):
            walk.report.add("code-not-in-text", UNSURE, walk.span(node), "it runs what stands in a variable")
        else:
            documents.expanded(walk, pinned(value, walk.span(node)), scope)
