"""Branches and loops: all that may run is followed, and what is known after is what any of them leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assay.terminal.risk import words
from assay.terminal.risk.levels import UNBOUNDED
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.scope import Scope, few
from assay.terminal.shellsyntax import below

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

TURNS = 6  # of a loop, until it leaves nothing new; then all it changes is taken for unknown
ENDLESS = frozenset({"true", ":", "[ 1 ]", "((1))", "(( 1 ))", ""})
PAUSES = frozenset({"sleep", "wait", "read"})


def branches(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``if``: conditions in turn, every branch."""
    ends: list[Scope] = []
    printed = ""
    whole = False
    for part in [node, *(child for child in node.children if child.type in ("elif_clause", "else_clause"))]:
        children = [child for child in part.children if child.type not in ("elif_clause", "else_clause")]
        then = next((index for index, child in enumerate(children) if child.type == "then"), 0)
        whole = whole or part.type == "else_clause"
        printed += walk.sequence(children[:then], scope)
        end = scope.copy()
        printed += walk.sequence(children[then:], end)
        ends.append(end)
    _meet(scope, ends, whole)
    return printed


def cases(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``case``: every branch."""
    ends: list[Scope] = []
    printed = ""
    for child in node.children:
        if child.type == "case_item":
            end = scope.copy()
            printed += walk.sequence(child.children, end)
            ends.append(end)
        elif child.children:
            words.fields(walk, [child], scope)
    _meet(scope, ends, False)
    return printed


def _meet(scope: Scope, ends: list[Scope], whole: bool) -> None:
    """Know after branches what any of them leaves; without an `else`, none may have run."""
    if whole and ends:
        scope.become(ends.pop())
    for end in ends:
        scope.join(end)


def repeated(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``while`` and ``until``."""
    body = node.child_by_field_name("body")
    conditions = [child for child in node.children if child is not body and child.start_byte < (
        body.start_byte if body else node.end_byte)]
    _bomb(walk, node, " ".join(walk.tree.source(child) for child in conditions[1:]).strip("; "), body)
    return _turns(walk, scope, lambda inner: walk.sequence(conditions, inner) + (
        walk.statement(body, inner) if body else ""))


def counted(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``for ((...))``."""
    body = node.child_by_field_name("body")
    header = [child for child in node.children if child is not body]
    if body is not None:
        _bomb(walk, node, "" if ";;" in walk.tree.text[node.start_byte:body.start_byte].replace(" ", "") else "i", body)
    return _turns(walk, scope, lambda inner: walk.sequence(header, inner) + (
        walk.statement(body, inner) if body else ""))


def each(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``for x in ...`` and ``select``: the variable may be any of the words."""
    variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    listed = any(child.type == "in" for child in node.children)
    nodes = node.children_by_field_name("value")
    found = [arg.value for word in words.gathered(nodes) for args in words.fields(walk, word, scope) for arg in args]
    if not listed:
        found = list(scope.arguments) if scope.arguments is not None else [MAYBE]
    name = walk.tree.source(variable) if variable else ""

    def turn(inner: Scope) -> str:
        inner.set(name, found or ("",))
        return walk.statement(body, inner) if body else ""

    return _turns(walk, scope, turn)


def _turns(walk: Walk, scope: Scope, turn: Callable[[Scope], str]) -> str:
    """Take turns until one leaves nothing new."""
    printed = ""
    for left in reversed(range(TURNS)):
        before = scope.copy()
        printed = turn(scope)
        scope.join(before)
        if scope.same(before):
            break
        if left == 1:
            for name, values in scope.variables.items():
                if before.variables.get(name) != values:
                    scope.variables[name] = few((*values[:8], MAYBE))
    return printed


def _bomb(walk: Walk, node: Node, condition: str, body: Node | None) -> None:
    """An endless loop that starts something in the background each time, and never waits."""
    if condition not in ENDLESS or body is None:
        return
    names = {walk.tree.source(name) for name in below(body, "command_name")}
    if any(below(body, "&")) and not names & PAUSES:
        walk.report.add("fork-bomb", UNBOUNDED, walk.span(node), "it starts processes without end")
