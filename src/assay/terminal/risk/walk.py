"""The walk of a syntax tree: every statement, both branches, loops, functions, substitutions, with what each knows.

It follows the text without running it: values are known as far as they are in the text, each command is handed to
`commands.run`, and what a command prints is followed into pipes, substitutions and files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from assay.terminal.risk import commands, documents, loops, marks, parameters, redirects, words
from assay.terminal.risk.levels import UNBOUNDED, UNSURE
from assay.terminal.risk.marks import DECODED, FETCHED, MAYBE, SOME, SPLIT
from assay.terminal.risk.report import DEPTH, Report
from assay.terminal.risk.scope import Function, Scope, Values
from assay.terminal.risk.traced import Traced, pinned
from assay.terminal.risk.words import EXPANSIONS, Arg
from assay.terminal.shellsyntax import Tree, below, parse

if TYPE_CHECKING:
    from tree_sitter import Node

COMBINATIONS = 300  # of alternatives among the words of one command
LONGEST = 20_000  # characters of output that are followed
REDIRECTS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
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
        start = text.strip()[:1]
        if mark := marks.tainted(start):
            self.report.add("fetched-code", UNBOUNDED, span, CODE_FROM[mark])
            return MAYBE
        if marks.unknown(start):
            self.report.add("code-not-in-text", UNSURE, span, why)
            return MAYBE
        places = text.places if isinstance(text, Traced) else pinned(text, span).places
        return self._deeper(4, span, lambda: Walk(parse(text, places), self.report).run(scope))

    def _deeper(self, levels: int, span: tuple[int, int], follow: Callable[[], str]) -> str:
        if self.report.depth + levels > DEPTH:
            self.report.add("too-deep", UNSURE, span, "it is nested deeper than this looks")
            return MAYBE
        self.report.depth += levels
        try:
            return follow()
        finally:
            self.report.depth -= levels

    # Statements.

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
            return self._deeper(1, self.span(node), lambda: self._body(node, self._attached[node.id], scope))
        return self._deeper(1, self.span(node), lambda: follow(self, node, scope))

    def sequence(self, nodes: Iterable[Node], scope: Scope) -> str:
        """Follow statements one after the other, those before ``&`` beside the rest."""
        printed = ""
        for node in nodes:
            after = node.next_sibling
            if node.type in STATEMENTS and after is not None and after.type == "&":
                beside = scope.copy(parallel=True)
                printed += self.statement(node, beside)
                scope.keep(beside)
            else:
                printed += self.statement(node, scope)
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
            self._words(list(words.gathered(line[1])), scope)
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
            self._reverse(self.tree.span(nodes[0].start_byte, nodes[-1].end_byte))
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
        self.statement(body, inner)
        scope.functions[self.tree.source(name)] = (Function(self, body),)
        for child in node.children:
            if child.type in REDIRECTS:
                redirects.finish(self, redirects.begin(self, [child], scope), MAYBE, scope)
        return ""

    # Commands.

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
            return self._command(body, scope, others)
        outcome = redirects.begin(self, others, scope)
        before, scope.stdin = scope.stdin, outcome.stdin
        printed = STATEMENTS[body.type](self, body, scope)
        self._words(list(words.gathered(outcome.extra)), scope)
        scope.stdin = before
        return redirects.finish(self, outcome, printed, scope)

    def _command(self, node: Node, scope: Scope, others: Sequence[Node] = ()) -> str:
        given: list[Node] = []
        names: list[Node] = []
        inner: list[Node] = []
        for child in node.children:
            if child.type == "variable_assignment":
                given.append(child)
            elif child.type in REDIRECTS:
                inner.append(child)
            elif child.type != "comment":
                names += child.children if child.type == "command_name" else [child]
        outcome = redirects.begin(self, [*inner, *others], scope)
        names = sorted([*names, *outcome.extra], key=lambda child: child.start_byte)
        loose, before = scope.loose, dict[str, Values | None]()
        for child in given:
            name = self.name_of(child)
            before.setdefault(name, scope.variables.get(name))
            self.assign(child, scope)
        stdin, scope.stdin = scope.stdin, outcome.stdin
        events, waiting = len(self.report.events), set(self.report.sinks)
        printed = self._words(list(words.gathered(names)), scope)
        if names:
            scope.loose = loose
            for name, values in before.items():
                scope.variables.pop(name, None) if values is None else scope.variables.update({name: values})
        scope.stdin = outcome.stdin if self.tree.text[node.start_byte:node.end_byte].strip() == "exec" else stdin
        printed = redirects.finish(self, outcome, printed, scope)
        self.report.feed(waiting)
        if {"shell", "network"} <= set(self.report.events[events:]):
            self._reverse(self.tree.span(node.start_byte, max([node.end_byte, *(child.end_byte for child in others)])))
        return printed

    def _reverse(self, span: tuple[int, int]) -> None:
        self.report.add("reverse-shell", UNBOUNDED, span,
                        "it hands a shell of this machine to another one on the network")

    def _words(self, names: list[list[Node]], scope: Scope) -> str:
        """Run the command that the words make; each that they may make, where variables may have several values."""
        if not names:
            return ""
        choices = [words.fields(self, word, scope) for word in names]
        if any(True for node in names[0] for _ in below(node, "command_substitution")):
            choices[0] = [[args[0].at(marks.tainted(args[0].value) or MAYBE), *args[1:]] for args in choices[0] if args]
        if all(len(choice) == 1 for choice in choices):
            return self._run([arg for choice in choices for arg in choice[0]], scope)
        start, printed = scope.copy(), []
        for picked in itertools.islice(itertools.product(*choices), COMBINATIONS):
            other = start.copy()
            printed.append(self._run([arg for args in picked for arg in args], other))
            scope.join(other)
        return printed[0] if len(set(printed)) == 1 else "".join(printed)[:LONGEST]

    def _run(self, args: list[Arg], scope: Scope) -> str:
        return commands.run(self, args, scope) if args else ""

    def _test(self, node: Node, scope: Scope) -> str:
        self.visit(node, scope)
        for text in below(node, "raw_string"):
            commands.subscript(self, self.tree.source(text), self.span(text), scope)
        return ""

    # Variables.

    def name_of(self, node: Node) -> str:
        """Return the variable that an assignment sets."""
        name = node.child_by_field_name("name")
        return self.tree.source(name).split("[")[0] if name else ""

    def assign(self, node: Node, scope: Scope) -> None:
        """Follow ``x=value``."""
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        self.visit(name, scope)
        key = self.name_of(node)
        new = self._value(node, value, scope)
        if name.type == "subscript" or node.children[1].type == "+=":
            old = scope.variables.get(key, ("",))
            sign = SPLIT if name.type == "subscript" or any(SPLIT in text for text in (*old, *new)) else ""
            new = tuple(before + sign + after if before else after for before in old for after in new)
        commands.variable(self, key, new, self.span(node), scope)
        for text in new:
            commands.subscript(self, text, self.span(node), scope)
        scope.set(key, new)

    def _value(self, node: Node, value: Node | None, scope: Scope) -> Values:
        if value is None:
            return ("",)
        if value.type == "array":
            inside = [child for child in value.children if child.type not in ("(", ")", "comment")]
            choices = [words.fields(self, word, scope) for word in words.gathered(inside)]
            return tuple(SPLIT.join(arg.value for args in picked for arg in args)
                         for picked in itertools.islice(itertools.product(*choices), COMBINATIONS))
        after = [child for child in node.children if child.start_byte >= value.start_byte]
        return words.texts(self, after, scope)

    def _assignments(self, node: Node, scope: Scope) -> str:
        for child in node.children or [node]:
            if child.type == "variable_assignment":
                self.assign(child, scope)
        return ""

    def _assignment(self, node: Node, scope: Scope) -> str:
        self.assign(node, scope)
        return ""

    def _declaration(self, node: Node, scope: Scope) -> str:
        """Follow `export`, `declare`, `local`: they assign, also what a string spells out."""
        for word in words.gathered(node.children[1:]):
            if word[0].type == "variable_assignment":
                self.assign(word[0], scope)
                continue
            for arg in (arg for args in words.fields(self, word, scope) for arg in args):
                name, sign, value = arg.value.partition("=")
                if sign and name.isidentifier():
                    commands.variable(self, name, (value,), self.tree.span(arg.start, arg.end), scope)
                    scope.set(name, (value,))
        return ""

    def _unset(self, node: Node, scope: Scope) -> str:
        for child in node.children[1:]:
            name = self.tree.source(child)
            commands.subscript(self, name, self.span(child), scope)
            scope.functions.pop(name, None)
            scope.variables[name] = ("",)
            self.visit(child, scope)
        return ""

    # Expansions.

    def visit(self, node: Node, scope: Scope) -> None:
        """Follow every substitution below a node that is no statement."""
        stack = list(reversed(node.children))
        while stack:
            child = stack.pop()
            if child.type in EXPANSIONS:
                self.expansion(child, scope, True)
            elif child.type in STATEMENTS and child.type != "variable_assignment":
                self.statement(child, scope)
            elif child.children:
                stack += reversed(child.children)
            elif child.is_named and child.type not in words.QUOTED and words.HIDDEN.search(self.tree.source(child)):
                self.hidden(child.start_byte, child.end_byte, scope)

    def hidden(self, start: int, end: int, scope: Scope) -> None:
        """Follow the substitutions in a stretch that the grammar took for letters."""
        places = [self.tree.span(at, at + 1) for at in range(start, end)]
        text = Traced(self.tree.text[start:end], places)
        self._deeper(4, self.tree.span(start, end), lambda: documents.expanded(self, text, scope))

    def expansion(self, node: Node, scope: Scope, quoted: bool) -> Values:
        """Return what an expansion may give, before it is split into words."""
        if node.type in ("simple_expansion", "expansion"):
            found = parameters.values(self, node, scope)
            many = quoted and "@" not in self.tree.source(node)
            return tuple(value.replace(SPLIT, " ") for value in found) if many else found
        if node.type == "arithmetic_expansion":
            self.visit(node, scope)
            return (SOME,)
        return (self._deeper(2, self.span(node), lambda: self._substitution(node, scope)),)

    def _substitution(self, node: Node, scope: Scope) -> str:
        inside = [child for child in node.children if child.is_named]
        if node.type == "process_substitution":
            return self._process(node, inside, scope)
        if len(inside) == 1 and inside[0].type == "file_redirect":
            return (redirects.begin(self, inside, scope).stdin or MAYBE).rstrip("\n")
        return self.sequence(inside, scope.copy()).rstrip("\n")

    def _process(self, node: Node, inside: list[Node], scope: Scope) -> str:
        """Return the path that stands for ``<(...)``, whose text is known, or ``>(...)``, which waits for its own."""
        path = self.report.new_path()
        inner = scope.copy(parallel=True)
        if self.tree.source(node).startswith("<"):
            scope.files[path] = self.sequence(inside, inner)
            return path

        def feed(text: str) -> None:
            inner.stdin = text
            self.sequence(inside, inner)

        self.report.sinks[path] = feed
        return path

    def prompt(self, node: Node, found: Values, scope: Scope) -> None:
        """Follow ``${x@P}``: it runs the substitutions in a value."""
        for value in found:
            if marks.unknown(value):
                self.report.add("code-not-in-text", UNSURE, self.span(node), "it runs what stands in a variable")
            else:
                documents.expanded(self, pinned(value, self.span(node)), scope)


STATEMENTS: dict[str, Callable[[Walk, Node, Scope], str]] = {
    "program": Walk._block, "compound_statement": Walk._block, "do_group": Walk._block, "else_clause": Walk._block,
    "elif_clause": Walk._block, "negated_command": Walk._block, "subshell": Walk._subshell, "ERROR": Walk._error,
    "pipeline": Walk._pipeline, "list": Walk._list, "command": Walk._command, "test_command": Walk._test,
    "redirected_statement": Walk._redirected, "function_definition": Walk._function,
    "variable_assignment": Walk._assignment, "variable_assignments": Walk._assignments,
    "declaration_command": Walk._declaration, "unset_command": Walk._unset,
    "if_statement": loops.branches, "case_statement": loops.cases, "while_statement": loops.repeated,
    "for_statement": loops.each, "c_style_for_statement": loops.counted}
