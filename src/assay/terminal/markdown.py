"""Markdown on a terminal while it still comes: what is finished is printed for good, the rest redrawn as it grows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.syntax import Syntax
from rich.theme import Theme

if TYPE_CHECKING:
    from rich.markdown import MarkdownElement

PAUSE = 0.1  # s between two drawings
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
WIDEST = 100  # columns of running text
THEME = "ansi_dark"
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


class _Code(CodeBlock):
    """A block of code without a background: what is copied from the terminal holds no margin of spaces."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = Syntax(str(self.text).rstrip(), self.lexer_name, theme=self.theme, background_color="default")
        yield Padding(code, (0, 0, 0, 4), expand=False)


class Text(Markdown):
    """Markdown that shows where a link leads instead of hiding it."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "fence": _Code, "code_block": _Code}

    def __init__(self, text: str) -> None:
        super().__init__(text, code_theme=THEME, hyperlinks=False)


def blocks(text: str) -> list[str]:
    r"""Return a text in its blocks; all but the last one will not change any more, however the text goes on.

    A block ends at a blank line outside of code, once a line has begun behind it that does not belong to it.

    >>> blocks("one\n\n```\na\n\nb\n```\n\ntwo")
    ['one\n\n', '```\na\n\nb\n```\n\n', 'two']
    """
    fence, blank = "", False
    found = [""]
    for line in text.splitlines(keepends=True):
        if not fence and blank and not line[:1].isspace():
            found.append("")
        if mark := FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line.strip(" \n" + fence[0]):
                fence = ""
        found[-1] += line
        blank = not line.strip()
    return found


class Stream:
    """An answer that is shown as it comes; use it as a context.

    Parameters
    ----------
    console : Console
        A terminal.
    clean : callable
        Makes text fit to be shown: it gets the whole of what came so far.
    """

    def __init__(self, console: Console, clean: Callable[[str], str]) -> None:
        self.console, self.clean = console, clean
        self.console.push_theme(Theme({"markdown.code": "bold cyan", "markdown.block_quote": "dim"}))
        self.raw = ""
        self._printed = 0  # characters of the clean text that stand for good
        self._height = 0  # lines that are drawn below
        self._drawn = 0.0

    def __enter__(self) -> Stream:
        self._write(HIDE)
        return self

    def __exit__(self, *error: object) -> None:
        rest = self.clean(self.raw)[self._printed:]
        self._write(self._erased() + "".join(map(self._lines, blocks(rest))) + SHOW)

    def feed(self, piece: str) -> None:
        """Take a further piece."""
        self.raw += piece
        now = time.monotonic()
        if now - self._drawn >= PAUSE:
            self._drawn = now
            self._draw()

    def _draw(self) -> None:
        *done, tail = blocks(self.clean(self.raw)[self._printed:])
        growing = self._lines(tail, max(self.console.height - 2, 1))
        self._write(self._erased() + "".join(map(self._lines, done)) + growing)
        self._printed += sum(map(len, done))
        self._height = growing.count("\n")

    def _erased(self) -> str:
        up = f"\x1b[{self._height}A" if self._height else ""
        self._height = 0
        return f"\r{up}\x1b[J"

    def _lines(self, text: str, most: int | None = None) -> str:
        if not text.strip():
            return ""
        with self.console.capture() as capture:
            # One column less: a line that fills the terminal is two on some.
            self.console.print(_Lines(text, most), width=min(self.console.width - 1, WIDEST), end="")
        return capture.get()

    def _write(self, text: str) -> None:
        self.console.file.write(text)
        self.console.file.flush()


class _Lines:
    """A text as lines with nothing but what is seen, and a blank one behind; only the last ones if there are more."""

    def __init__(self, text: str, most: int | None = None) -> None:
        self.text, self.most = text, most

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [_trimmed(line) for line in console.render_lines(Text(self.text), options, pad=False)]
        filled = [number for number, line in enumerate(lines) if line]
        lines = lines[filled[0]:filled[-1] + 1] if filled else []
        for line in lines if self.most is None else lines[-self.most:]:
            yield from line
            yield Segment.line()
        yield Segment.line()


def _trimmed(line: list[Segment]) -> list[Segment]:
    """Return a line without the blanks at its end, which rich fills it with."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else []
