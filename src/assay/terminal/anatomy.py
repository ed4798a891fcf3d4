"""A command taken apart for a person: each command, option, word, redirection and sign, in order, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assay.terminal.risk import table
from assay.terminal.risk.table import Program
from assay.terminal.risk.words import gathered
from assay.terminal.shellsyntax import Places, Tree, parse

if TYPE_CHECKING:
    from tree_sitter import Node

DEPTH = 8  # of code inside code
NESTED = 30  # substitutions in each other that are taken apart
SIGNS = {
    "|": "pipe: what the left prints, the right reads",
    "|&": "pipe: what the left prints, errors too, the right reads",
    "&&": "and: the next runs only if this worked",
    "||": "or: the next runs only if this failed",
    "&": "in the background: the next does not wait for it",
    "!": "not: turns success and failure round",
}
WORDS = {
    "if": "if: what follows is tried, and decides",
    "then": "then: runs if it worked",
    "else": "else: runs if it failed",
    "elif": "else if: another condition",
    "fi": "end of if",
    "while": "while: again as long as this works",
    "until": "until: again as long as this fails",
    "for": "for: once for each of the words",
    "select": "select: a menu of the words",
    "do": "begin of the loop",
    "done": "end of the loop",
    "case": "case: looks which pattern fits",
    "esac": "end of case",
}
BRACKETS = {
    "subshell": "a shell of its own runs this",
    "compound_statement": "a group",
    "command_substitution": "replaced by what this prints",
    "process_substitution": "a file that holds what this prints, or takes what it is given",
    "function_definition": "defines a function",
}
REDIRECTIONS = {
    ">": "writes what it prints to a file, over what is there", ">>": "adds what it prints to a file",
    ">|": "writes what it prints to a file, over what is there", "<": "reads this file",
    "&>": "writes what it prints, errors too, to a file", "&>>": "adds what it prints, errors too, to a file",
    ">&": "sends what it prints to", "<&": "reads from", "<<<": "reads this text",
    ">&-": "closes what it prints to", "<&-": "closes what it reads",
}
SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh"})
RUNNERS = frozenset({"wrappers.wrapper", "wrappers.sudo", "wrappers.env", "wrappers.command", "wrappers.busybox",
                     "searches.xargs"})  # after whose options and operands another command begins
FOUND = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
ENDS = frozenset({"\\;", "';'", '";"', ";", "+"})
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def explain_tree(command: str) -> list[tuple[str, str]]:
    """Return the parts of a command with what each is, in order; never raises.

    Parameters
    ----------
    command : str
        Shell text.

    >>> for part in explain_tree("ls -l | wc -l > n"): print(*part, sep="  ")
    ls  command: lists files
    -l  option of ls
    |  pipe: what the left prints, the right reads
    wc  command: counts lines, words and characters
    -l  option of wc
    > n  writes what it prints to a file, over what is there
    """
    return list(_code(command, None, command, 0))


def _code(text: str, places: Places | None, whole: str, depth: int) -> Iterator[tuple[str, str]]:
    tree = parse(text, places)
    yield from _Reader(tree, whole, depth).node(tree.root)
    if tree.error and depth == 0:
        yield whole.strip(), "not complete shell syntax: the parts above are what could be made out"


class _Reader:
    """Reads one tree, from left to right."""

    def __init__(self, tree: Tree, whole: str, depth: int) -> None:
        self.tree, self.whole, self.depth = tree, whole, depth
        self.level = 0

    def text(self, first: Node, last: Node) -> str:
        """Return what stands in the command from one node to another."""
        start, end = self.tree.span(first.start_byte, last.end_byte)
        return self.whole[start:end]

    def node(self, root: Node) -> Iterator[tuple[str, str]]:
        """Yield the parts of a statement; what is in it comes after it, without recursion into depth."""
        stack = [root]
        while stack:
            node = stack.pop()
            kind = node.type
            if kind == "command":
                yield from self.command(node)
            elif kind in ("file_redirect", "herestring_redirect"):
                yield from self.redirection(node)
            elif kind == "variable_assignment":
                yield self.text(node, node), "sets a variable"
                stack += reversed(_inside(node))
            elif kind in ("test_command", "declaration_command", "unset_command"):
                yield self.text(node, node), TESTS[kind]
                stack += reversed(_inside(node))
            elif kind in SIGNS:
                yield self.text(node, node), SIGNS[kind]
            elif kind in WORDS and not node.is_named:
                yield self.text(node, node), WORDS[kind]
            else:
                if kind in BRACKETS:
                    yield self.text(node, node), BRACKETS[kind]
                elif kind in ("for_statement", "case_statement"):
                    yield from self.header(node)
                    stack += reversed([child for child in node.children if child.type in ("do_group", "case_item")])
                    continue
                stack += reversed(node.children)

    def header(self, node: Node) -> Iterator[tuple[str, str]]:
        """Yield what stands before the body of a loop over words, or of a case."""
        variable = node.child_by_field_name("variable")
        yield self.text(node.children[0], node.children[0]), WORDS[node.children[0].type]
        if variable is not None:
            yield self.text(variable, variable), "variable: each word in turn"
        for word in gathered(node.children_by_field_name("value")):
            yield self.text(word[0], word[-1]), "word" if variable is not None else "word that is looked at"
            yield from self.below(word)

    def command(self, node: Node) -> Iterator[tuple[str, str]]:
        """Yield the parts of one command."""
        words: list[list[Node]] = []
        others: list[Node] = []
        for group in gathered(node.children):
            if group[0].type == "variable_assignment":
                yield self.text(group[0], group[-1]), "sets a variable for this command"
            elif group[0].type in ("file_redirect", "herestring_redirect"):
                others += group
            else:
                words.append(group)
        if words:
            yield from self.words(words)
        for other in others:
            yield from self.redirection(other)

    def words(self, words: Sequence[list[Node]]) -> Iterator[tuple[str, str]]:
        """Yield a program and its words."""
        if not words:
            return
        name = self.text(words[0][0], words[0][-1])
        owner = _plain(name)
        program = table.find(owner.rpartition("/")[2])
        yield name, "command that is not known here" if program is None else (
            f"command: {program.does}" if program.does else "command")
        yield from self.below(words[0])
        skips = sum(int(skip) for skip in program.skips if skip.isdigit()) if program else 0
        yield from self.rest(words[1:], owner, program, skips)

    def rest(self, words: Sequence[list[Node]], owner: str, program: Program | None,
             skips: int) -> Iterator[tuple[str, str]]:
        """Yield the words after a program; where one begins another command, that one's."""
        runner = program is not None and program.handler in RUNNERS
        takes = ""
        for index, group in enumerate(words):
            text = self.text(group[0], group[-1])
            if takes in FOUND:
                end = next((at for at in range(index, len(words)) if self.text(words[at][0], words[at][-1]) in ENDS),
                           len(words))
                yield from self.words(words[index:end])
                yield from self.rest(words[end:], owner, program, 0)
                return
            if runner and not takes and not text.startswith("-") and not ASSIGNMENT.match(text) and not skips:
                yield from self.words(words[index:])
                return
            skips -= runner and not takes and not text.startswith("-") and not ASSIGNMENT.match(text)
            yield text, _what(text, owner, program, takes)
            if takes.endswith("c") and owner.rpartition("/")[2] in SHELLS and self.depth < DEPTH:
                yield from self.code(group)
            yield from self.below(group)
            if program is not None and not takes and text in program.subs:
                program = program.subs[text]
            takes = text if not takes and _takes(text, owner, program) else ""

    def code(self, group: list[Node]) -> Iterator[tuple[str, str]]:
        """Yield the parts of code in one quoted word."""
        start, end = group[0].start_byte, group[-1].end_byte
        text = self.tree.text[start:end]
        if len(group) == 1 and text[:1] in ("'", '"') and "\\" not in text:
            places = [self.tree.span(index, index + 1) for index in range(start + 1, end - 1)]
            yield from _code(text[1:-1], places, self.whole, self.depth + 1)

    def below(self, group: Sequence[Node]) -> Iterator[tuple[str, str]]:
        """Yield the substitutions inside a word."""
        if self.level >= NESTED:
            return
        self.level += 1
        for node in group:
            for inner in _inside(node):
                yield from self.node(inner)
        self.level -= 1

    def redirection(self, node: Node) -> Iterator[tuple[str, str]]:
        """Yield a redirection."""
        sign = next((child for child in node.children if child.type in REDIRECTIONS), None)
        if sign is None:
            return
        text = self.text(node, node)
        if sign.start_byte in self.tree.documents:
            yield text, "reads the lines that follow"
        elif sign.start_byte in self.tree.strings:
            yield text, REDIRECTIONS["<<<"]
        else:
            error = text.startswith("2")
            yield text, REDIRECTIONS[sign.type].replace("what it prints", "its errors") if error else (
                REDIRECTIONS[sign.type])
        yield from self.below([node])


TESTS = {"test_command": "a test: works if it is true", "declaration_command": "sets variables",
         "unset_command": "forgets variables or functions"}


def _inside(node: Node) -> list[Node]:
    """Return the substitutions in a node, or itself: the outermost of each."""
    found: list[Node] = []
    stack = [node]
    while stack:
        child = stack.pop()
        if child.type in ("command_substitution", "process_substitution"):
            found.append(child)
        else:
            stack += reversed(child.children)
    return found


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter not in "'\"\\")


def _what(text: str, owner: str, program: Program | None, takes: str) -> str:
    """Say what one word after a program is; `takes` is the option before it that takes a value."""
    if takes:
        return f"code that {owner} runs" if owner.rpartition("/")[2] in SHELLS else f"value of {takes}"
    if text == "--":
        return "end of the options"
    if text.startswith("-") and text != "-":
        reason = program.reasons.get(text.partition("=")[0], "") if program else ""
        return f"option of {owner}" + (f": {reason}" if reason else "")
    if text in ENDS:
        return "end of that command"
    sub = program.subs.get(text) if program else None
    if sub is not None:
        return f"what {owner} is to do" + (f": {sub.does}" if sub.does else "")
    return f"word given to {owner}"


def _takes(text: str, owner: str, program: Program | None) -> bool:
    """Whether an option takes the next word."""
    if owner.rpartition("/")[2] in SHELLS:
        return text.startswith("-") and text.endswith("c")
    if program is None or "=" in text or not text.startswith("-"):
        return False
    short = f"-{text[-1]}" if not text.startswith("--") and not program.words else text
    return text in FOUND or text in program.values or short in program.values
