"""Simple commands: their words, the variables and redirections that stand with them, assignments on their own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assay.terminal.risk import commands, marks, redirects, words
from assay.terminal.risk.marks import MAYBE, SPLIT
from assay.terminal.risk.scope import Scope, Values
from assay.terminal.risk.words import Arg
from assay.terminal.shellsyntax import below

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

COMBINATIONS = 300  # of alternatives among the words of one command
LONGEST = 20_000  # characters of output that are followed
REDIRECTS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})


def command(walk: Walk, node: Node, scope: Scope, others: Sequence[Node] = ()) -> str:
    """Follow a command with its redirections, `others` among them; returns what it prints."""
    given, names, redirected = _parts(node)
    outcome = redirects.begin(walk, [*redirected, *others], scope)
    names = sorted([*names, *outcome.extra], key=lambda child: child.start_byte)
    before = {name: scope.variables.get(name) for name in [name_of(walk, child) for child in given]}
    loose, stdin = scope.loose, scope.stdin
    for child in given:
        assign(walk, child, scope)
    scope.stdin = outcome.stdin
    events, waiting = len(walk.report.events), set(walk.report.sinks)
    printed = run(walk, list(words.gathered(names)), scope)
    if names:  # what stands before a command is gone after it
        scope.loose = loose
        _restore(scope, before)
    if walk.tree.source(node).strip() != "exec":
        scope.stdin = stdin
    printed = redirects.finish(walk, outcome, printed, scope)
    walk.report.feed(waiting)
    if {"shell", "network"} <= set(walk.report.events[events:]):
        walk.reverse(walk.tree.span(node.start_byte, max([node.end_byte, *(child.end_byte for child in others)])))
    return printed


def _parts(node: Node) -> tuple[list[Node], list[Node], list[Node]]:
    """Return a command's assignments, words and redirections."""
    given: list[Node] = []
    names: list[Node] = []
    redirected: list[Node] = []
    for child in node.children:
        if child.type == "variable_assignment":
            given.append(child)
        elif child.type in REDIRECTS:
            redirected.append(child)
        elif child.type != "comment":
            names += child.children if child.type == "command_name" else [child]
    return given, names, redirected


def _restore(scope: Scope, before: Mapping[str, Values | None]) -> None:
    for name, values in before.items():
        if values is None:
            scope.variables.pop(name, None)
        else:
            scope.variables[name] = values


def run(walk: Walk, names: list[list[Node]], scope: Scope) -> str:
    """Run the command that the words make; each that they may make, where variables may have several values."""
    if not names:
        return ""
    choices = [words.fields(walk, word, scope) for word in names]
    if any(True for node in names[0] for _ in below(node, "command_substitution")):
        choices[0] = [[args[0].at(marks.tainted(args[0].value) or MAYBE), *args[1:]] for args in choices[0] if args]
    if all(len(choice) == 1 for choice in choices):
        return _run(walk, [arg for choice in choices for arg in choice[0]], scope)
    start, printed = scope.copy(), []
    for picked in itertools.islice(itertools.product(*choices), COMBINATIONS):
        other = start.copy()
        printed.append(_run(walk, [arg for args in picked for arg in args], other))
        scope.join(other)
    return printed[0] if len(set(printed)) == 1 else "".join(printed)[:LONGEST]


def _run(walk: Walk, args: list[Arg], scope: Scope) -> str:
    return commands.run(walk, args, scope) if args else ""


def test(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow ``[ ... ]`` and ``[[ ... ]]``: only the substitutions in them run."""
    walk.visit(node, scope)
    for text in below(node, "raw_string"):
        commands.subscript(walk, walk.tree.source(text), walk.span(text), scope)
    return ""



def name_of(walk: Walk, node: Node) -> str:
    """Return the variable that an assignment sets."""
    name = node.child_by_field_name("name")
    return walk.tree.source(name).split("[")[0] if name else ""


def assign(walk: Walk, node: Node, scope: Scope) -> None:
    """Follow ``x=value``."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        return
    walk.visit(name, scope)
    key = name_of(walk, node)
    new = _value(walk, node, value, scope)
    if name.type == "subscript" or node.children[1].type == "+=":
        old = scope.variables.get(key, ("",))
        sign = SPLIT if name.type == "subscript" or any(SPLIT in text for text in (*old, *new)) else ""
        new = tuple(before + sign + after if before else after for before in old for after in new)
    commands.variable(walk, key, new, walk.span(node), scope)
    for text in new:
        commands.subscript(walk, text, walk.span(node), scope)
    scope.set(key, new)


def _value(walk: Walk, node: Node, value: Node | None, scope: Scope) -> Values:
    if value is None:
        return ("",)
    if value.type == "array":
        inside = [child for child in value.children if child.type not in ("(", ")", "comment")]
        choices = [words.fields(walk, word, scope) for word in words.gathered(inside)]
        return tuple(SPLIT.join(arg.value for args in picked for arg in args)
                     for picked in itertools.islice(itertools.product(*choices), COMBINATIONS))
    after = [child for child in node.children if child.start_byte >= value.start_byte]
    return words.texts(walk, after, scope)


def assignments(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow several assignments that stand without a command."""
    for child in node.children or [node]:
        if child.type == "variable_assignment":
            assign(walk, child, scope)
    return ""


def assignment(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow an assignment that stands without a command."""
    assign(walk, node, scope)
    return ""


def declaration(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow `export`, `declare`, `local`: they assign, also what a string spells out."""
    for word in words.gathered(node.children[1:]):
        if word[0].type == "variable_assignment":
            assign(walk, word[0], scope)
            continue
        for arg in (arg for args in words.fields(walk, word, scope) for arg in args):
            name, sign, value = arg.value.partition("=")
            if sign and name.isidentifier():
                commands.variable(walk, name, (value,), walk.tree.span(arg.start, arg.end), scope)
                scope.set(name, (value,))
    return ""


def unset(walk: Walk, node: Node, scope: Scope) -> str:
    """Follow `unset`: a variable without a value is empty."""
    for child in node.children[1:]:
        name = walk.tree.source(child)
        commands.subscript(walk, name, walk.span(child), scope)
        scope.functions.pop(name, None)
        scope.variables[name] = ("",)
        walk.visit(child, scope)
    return ""
