"""Scripts of sed: `e` runs commands, `w` writes files; with ``-i`` the files themselves are changed."""

from __future__ import annotations

import re

from assay.terminal.risk import marks, streams, targets, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.traced import Traced

ADDRESS = re.compile(r"\s*(?:(?:\d+|\$|/(?:[^/\\\n]|\\.)*/[IM]*|\\(.)(?:(?!\1)[^\\\n]|\\.)*\1[IM]*)"
                     r"(?:[,~][+~]?(?:\d+|\$|/(?:[^/\\\n]|\\.)*/[IM]*))?)?\s*!*\s*", re.DOTALL)


def sed(call: Call) -> str:
    """Follow `sed`."""
    given = call.options()
    scripts = [call.traced(arg) for arg in given.values(("-e", "--expression"))]
    files = given.operands
    for file in given.values(("-f", "--file")):
        text = call.contents(file)
        if text == MAYBE:
            call.report("script", UNSURE, "the sed script stands in a file, not in this text")
        else:
            scripts.append(pinned(text, call))
    if not scripts and not given.values(("-f", "--file")) and files:
        scripts, files = [call.traced(files[0])], files[1:]
    if not given.has("--sandbox"):
        for script in scripts:
            Script(call, script).follow()
    if given.has("-i", "--in-place"):
        for file in files:
            if targets.gives_access(file.value, call.scope):
                name = marks.shown(file.value)
                call.report("access", DESTROYS, f"it changes {name}, which decides who gets in or what runs later")
        call.report("changes", CHANGES, "sed changes the files in place")
        return ""
    texts = [call.contents(file) for file in files]
    return next((mark for text in texts if (mark := marks.tainted(text))), "") or streams.altered(call)


def pinned(text: str, call: Call) -> Traced:
    """Return a script whose place is the whole command."""
    return Traced(text, [call.span] * len(text))


class Script:
    """Reads one script, command by command."""

    def __init__(self, call: Call, text: Traced) -> None:
        self.call, self.text, self.at = call, text, 0

    def follow(self) -> None:
        """Follow all commands."""
        if marks.unknown(self.text) and re.search(r"[ewW]", self.text):
            self._unclear_parts()
        while self.at < len(self.text):
            while self.at < len(self.text) and self.text[self.at] in "; \t\n{}":
                self.at += 1
            match = ADDRESS.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                self._command(self.text[self.at])

    def _unclear_parts(self) -> None:
        if marks.unknown(self.text.strip()[:1]):
            self.call.report("code-not-in-text", UNSURE, "a part of the sed script is not in this text")

    def _command(self, letter: str) -> None:
        self.at += 1
        if letter in "sy":
            self._substitution(letter)
        elif letter == "e":
            start, line = self._line()
            self._run(start, line)
        elif letter in "wW":
            _, line = self._line()
            self._write(line)
        elif letter in "aic#:btTrRqQlL":
            self._line(letter in "aic")
        elif letter == "}":
            return

    def _line(self, continued: bool = False) -> tuple[int, str]:
        """Read the rest of the line."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] != "\n":
            self.at += 2 if continued and self.text[self.at] == "\\" else 1
            if not continued and self.text[self.at - 1:self.at] == ";" and self.text[start - 1] in "btTqQlL":
                break
        return start, self.text[start:self.at].rstrip(";")

    def _substitution(self, letter: str) -> None:
        delimiter = self.text[self.at:self.at + 1]
        self.at += 1
        parts = [self._until(delimiter), self._until(delimiter)]
        flags = re.compile(r"[gpIiMm0-9e]*").match(self.text, self.at)
        self.at = flags.end() if flags else self.at
        if letter == "s" and flags and "e" in flags[0]:
            self._run_pattern(parts[1])
        if letter == "s" and self.text[self.at:self.at + 1] == "w":
            self.at += 1
            self._write(self._line()[1])

    def _until(self, delimiter: str) -> str:
        start, bracket = self.at, False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\\":
                self.at += 1
            elif letter == delimiter and not bracket:
                break
            self.at += 1
        self.at += 1
        return self.text[start:self.at - 1]

    def _run(self, start: int, line: str) -> None:
        code = line.strip()
        if not code:
            self.call.report("code-not-in-text", UNSURE, "sed runs each line it reads as a command")
            return
        start += len(line) - len(line.lstrip())
        self.call.code(Traced(code, self.text.places[start:start + len(code)]), self.call.scope.copy())

    def _run_pattern(self, replacement: str) -> None:
        self.call.report("code-not-in-text", UNSURE, "sed runs what it puts together from the lines it reads")
        self.call.code(re.sub(r"\\\d|&", MAYBE, replacement), self.call.scope.copy())

    def _write(self, line: str) -> None:
        if line.strip():
            writes.write(self.call.walk, line.strip(), MAYBE, self.call.scope, self.call.span)
