"""The walk of a syntax tree: every statement, both branches, loops, functions, substitutions, with what each knows.

It follows the text without running it: values are known as far as they are in the text, each command is handed to
`commands.run`, and what a command prints is followed into pipes, substitutions and files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from assay.terminal.risk import expansions, loops, marks, redirects, simple, words
from assay.terminal.risk.levels import UNBOUNDED, UNSURE
from assay.terminal.risk.marks import DECODED, FETCHED, MAYBE, UNKNOWN
from assay.terminal.risk.report import DEPTH, Report
from assay.terminal.risk.scope import Function, Scope, Values
from assay.terminal.risk.simple import LONGEST, REDIRECTS
from assay.terminal.risk.traced import Traced, pinned
from assay.terminal.shellsyntax import Tree, parse

if TYPE_CHECKING:
    from tree_sitter import Node

CODE_FROM = {FETCHED: "text that comes over the network is run as code", DECODED: "decoded text, which nobody can read "
             "here, is run as code"}


class Walk:
    """Reads one tree.

    Parameters
    ----------
    tree : Tree
        The parsed text, with places in the whole command.
    report : Report
        What was found; one for the command and all code inside it.
    """

    def __init__(self, tree: Tree, report: Report) -> None:
        self.tree, self.report = tree, report
        self._attached: dict[int, list[Node]] = {}  # redirections by the statement they belong to
        self._piped: dict[int, list[Node]] = {}  # the other stages of a pipeline by its first
        if tree.error:
            report.broken()

    def span(self, node: Node) -> tuple[int, int]:
        """Return where a node stands in the whole command."""
        return self.tree.span(node.start_byte, node.end_byte)

    def run(self, scope: Scope) -> str:
        """Follow the whole text; returns what it prints."""
        return self.statement(self.tree.root, scope)

    def code(self, text: str, scope: Scope, span: tuple[int, int],
             why: str = "what it runs is not in this text") -> str:
        """Follow code inside the command: a string handed to a shell; returns what it prints.

        `span` is where it is run: shown for code that stands nowhere in the command; `why` is what to say where it
        is not in the text at all.
        """
        start = text.lstrip()[:1]
        if mark := marks.tainted(start):
            self.report.add("fetched-code", UNBOUNDED, span, CODE_FROM[mark])
            return MAYBE
        if marks.unknown(start):
            self.report.add("code-not-in-text", UNSURE, span, why)
            rest = text.lstrip()[1:]
            return self.code(rest, scope, span, why) if "\n" in rest.strip() or rest[:1] == "\n" else MAYBE
        places = text.places if isinstance(text, Traced) else pinned(text, span).places
        return self.deeper(4, span, lambda: Walk(parse(text, places), self.report).run(scope))

    def deeper(self, levels: int, span: tuple[int, int], follow: Callable[[], str]) -> str:
        """Follow something that stands in something, up to a depth."""
        if self.report.depth + levels > DEPTH:
            self.report.add("too-deep", UNSURE, span, "it is nested deeper than this looks")
            return MAYBE
        self.report.depth += levels
        try:
            return follow()
        finally:
            self.report.depth -= levels

    # Statements.

    def is_statement(self, node: Node) -> bool:
        """Whether a node is something that runs."""
        return node.type in STATEMENTS

    def statement(self, node: Node, scope: Scope) -> str:
        """Follow one statement; returns what it prints."""
        follow = STATEMENTS.get(node.type)
        if follow is None:
            if node.children:
                self.visit(node, scope)
            return ""
        if stages := self._piped.pop(node.id, None):
            try:
                return self.stages([node, *stages], scope)
            finally:
                self._piped[node.id] = stages
        if node.id in self._attached:
            return self.deeper(1, self.span(node), lambda: self._body(node, self._attached[node.id], scope))
        return self.deeper(1, self.span(node), lambda: follow(self, node, scope))

    def sequence(self, nodes: Iterable[Node], scope: Scope) -> str:
        """Follow statements one after the other, those before ``&`` beside the rest."""
        printed = ""
        for node in nodes:
            after = node.next_sibling
            if node.type in STATEMENTS and after is not None and after.type == "&":
                beside = scope.copy(parallel=True)
                printed = followed(printed, self.statement(node, beside))
                scope.keep(beside)
            else:
                printed = followed(printed, self.statement(node, scope))
            if len(printed) > LONGEST:
                printed = marks.tainted(printed) or MAYBE
        return printed

    def _block(self, node: Node, scope: Scope) -> str:
        return self.sequence(node.children, scope)

    def _subshell(self, node: Node, scope: Scope) -> str:
        inner = scope.copy()
        printed = self.sequence(node.children, inner)
        scope.keep(inner)
        return printed

    def _error(self, node: Node, scope: Scope) -> str:
        """Follow what the grammar could not make out: what are words, and stand where a command may, are a command."""
        printed = self.sequence([child for child in node.children if child.type in STATEMENTS], scope)
        rest = [child for child in node.children if child.type not in STATEMENTS and (child.is_named or child.children)]
        for line in itertools.groupby(rest, lambda child: child.start_point[0]):
            simple.run(self, list(words.gathered(line[1])), scope)
        return printed

    def _pipeline(self, node: Node, scope: Scope) -> str:
        """Follow a pipeline; ``a && b < f | c`` is one of b and c, though the grammar has it the other way round."""
        stages = [child for child in node.children if child.type in STATEMENTS]
        body = stages[0].child_by_field_name("body") if stages and stages[0].type == "redirected_statement" else None
        if body is None or body.type != "list":
            return self.stages(stages, scope)
        self._piped[body.children[-1].id] = stages[1:]
        return self.statement(stages[0], scope)

    def stages(self, nodes: Sequence[Node], scope: Scope) -> str:
        """Follow a pipeline; returns what its last stage prints."""
        text = scope.stdin
        events: list[set[str]] = []
        for node in nodes:
            inner = scope.copy(stdin=text, parallel=True)
            before = len(self.report.events)
            text = self.statement(node, inner)
            events.append(set(self.report.events[before:]))
            scope.keep(inner)
        if any("shell" in early and "network" in late for early, late in itertools.combinations(events, 2)):
            self.reverse(self.tree.span(nodes[0].start_byte, nodes[-1].end_byte))
        if nodes:
            inner.stdin, inner.parallel = scope.stdin, scope.parallel
            scope.join(inner)  # some shells run the last stage themselves
        return text or ""

    def _list(self, node: Node, scope: Scope) -> str:
        """Follow ``a && b || c``: what comes after may have run, or not."""
        parts: list[tuple[str, Node]] = []
        while node.type == "list" and len(node.children) >= 3:
            parts.append((node.children[1].type, node.children[-1]))
            node = node.children[0]
        printed = self.statement(node, scope)
        for sign, right in reversed(parts):
            other = scope.copy()
            if sign == "&&":
                scope.cwd = scope.cwd[:1]
                printed += self.statement(right, scope)
            else:
                other.cwd = other.cwd[1:] or other.cwd
                printed += self.statement(right, other)
                scope.cwd = scope.cwd[:1]
            scope.join(other)
        return printed

    def _function(self, node: Node, scope: Scope) -> str:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            return ""
        inner = scope.copy(arguments=None, active=(*scope.active, self.tree.source(name)))
        inner.functions[self.tree.source(name)] = (Function(self, body),)
        self.statement(body, inner)
        scope.functions[self.tree.source(name)] = (Function(self, body),)
        for child in node.children:
            if child.type in REDIRECTS:
                redirects.finish(self, redirects.begin(self, [child], scope), MAYBE, scope)
        return ""

    def _redirected(self, node: Node, scope: Scope) -> str:
        """Follow a statement with redirections; after a list or pipeline they belong to its last command."""
        body = node.child_by_field_name("body")
        others = [child for child in node.children if child.type in REDIRECTS]
        if body is None:
            return redirects.finish(self, redirects.begin(self, others, scope), "", scope)
        last = body
        while last.type in ("list", "pipeline", "negated_command") and last.children:
            last = last.children[-1]
        if last is body or last.type not in STATEMENTS:
            return self._body(body, others, scope)
        self._attached[last.id] = others
        return self.statement(body, scope)

    def _body(self, body: Node, others: list[Node], scope: Scope) -> str:
        if body.type == "command":
            return simple.command(self, body, scope, others)
        outcome = redirects.begin(self, others, scope)
        before, scope.stdin = scope.stdin, outcome.stdin
        printed = STATEMENTS[body.type](self, body, scope)
        simple.run(self, list(words.gathered(outcome.extra)), scope)
        scope.stdin = before
        return redirects.finish(self, outcome, printed, scope)

    def reverse(self, span: tuple[int, int]) -> None:
        """Note a shell and the network at the two ends of a pipe."""
        self.report.add("reverse-shell", UNBOUNDED, span,
                        "it hands a shell of this machine to another one on the network")

    # What stands inside words; `expansions` knows how.

    def visit(self, node: Node, scope: Scope) -> None:
        """Follow every substitution below a node that is no statement."""
        expansions.visit(self, node, scope)

    def hidden(self, start: int, end: int, scope: Scope) -> None:
        """Follow the substitutions in a stretch that the grammar took for letters."""
        expansions.hidden(self, start, end, scope)

    def expansion(self, node: Node, scope: Scope, quoted: bool) -> Values:
        """Return what an expansion may give, before it is split into words."""
        return expansions.values(self, node, scope, quoted)


STATEMENTS: dict[str, Callable[[Walk, Node, Scope], str]] = {
    "program": Walk._block, "compound_statement": Walk._block, "do_group": Walk._block, "else_clause": Walk._block,
    "elif_clause": Walk._block, "negated_command": Walk._block, "subshell": Walk._subshell, "ERROR": Walk._error,
    "pipeline": Walk._pipeline, "list": Walk._list, "redirected_statement": Walk._redirected,
    "function_definition": Walk._function, "command": simple.command, "test_command": simple.test,
    "variable_assignment": simple.assignment, "variable_assignments": simple.assignments,
    "declaration_command": simple.declaration, "unset_command": simple.unset,
    "if_statement": loops.branches, "case_statement": loops.cases, "while_statement": loops.repeated,
    "for_statement": loops.each, "c_style_for_statement": loops.counted}


def followed(before: str, after: str) -> str:
    """Return what two commands print one after the other; text that is not known ends its line."""
    if not before or not after:
        return before or after
    return before + ("\n" if before[-1] in UNKNOWN else "") + after
