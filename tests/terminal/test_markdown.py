"""Markdown that is shown while it comes."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from assay.terminal.markdown import Stream, blocks
from pseudo_terminal import ESCAPES

TEXT = """\
To find the **largest**, use `du`:

```bash
du -ah . | sort -rh

echo '# not a heading'
```

1. one

   more of one
2. two

| a | b |
|---|---|
| 1 | 2 |

See [here](https://example.org/x).
"""


def shown(text: str, size: int, width: int = 60, height: int = 20) -> str:
    """What stays on a terminal: escapes that move the cursor up and clear are carried out."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width, height=height, color_system=None, _environ={})
    with Stream(console, lambda raw: raw) as live:
        for start in range(0, len(text), size):
            live._drawn = 0.0  # draw every piece
            live.feed(text[start:start + size])
    lines = [""]
    for part in re.split(r"(\x1b\[\d+A|\x1b\[J|\n|\r)", stream.getvalue()):
        if found := re.fullmatch(r"\x1b\[(\d+)A", part):
            lines = [*lines[:len(lines) - 1 - int(found[1])], ""]
        elif part == "\n":
            lines.append("")
        elif part not in ("\r", "\x1b[J"):
            lines[-1] += ESCAPES.sub(b"", part.encode()).decode()
    return "\n".join(lines)


def test_what_stays_is_the_same_however_it_comes() -> None:
    whole = shown(TEXT, len(TEXT))
    assert all(shown(TEXT, size) == whole for size in (1, 3, 7, 40))
    assert whole.splitlines() == [
        "To find the largest, use du:", "", "    du -ah . | sort -rh", "", "    echo '# not a heading'", "",
        " 1 one", "   more of one", " 2 two", "", " a  b", " ────", " 1  2", "",
        "See here (https://example.org/x).", ""]


def test_a_text_longer_than_the_terminal_stays_whole() -> None:
    text = "\n".join(f"- line {number}" for number in range(50))
    assert shown(text, 5, height=10).split() == shown(text, len(text)).split()
    assert "line 49" in shown(text, 5, height=10)


@pytest.mark.parametrize(("text", "found"), [
    ("one", ["one"]), ("one\n\n", ["one\n\n"]), ("one\n\ntwo", ["one\n\n", "two"]),
    ("```\na\n\nb", ["```\na\n\nb"]), ("```\na\n\nb\n```\n\nc", ["```\na\n\nb\n```\n\n", "c"]),
    ("~~~\n```\n\n~~~\n\nx", ["~~~\n```\n\n~~~\n\n", "x"]), ("- a\n\n  b\n\nc", ["- a\n\n  b\n\n", "c"]), ("", [""])])
def test_blocks(text: str, found: list[str]) -> None:
    assert blocks(text) == found


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["a", "\n", "\n\n", "```\n", "- ", "  ", "~~~", "# ", "`"]), max_size=25).map("".join))
def test_blocks_that_are_done_do_not_change(text: str) -> None:
    assert "".join(blocks(text)) == text
    for end in range(len(text)):
        done = blocks(text[:end])[:-1]
        assert blocks(text)[:len(done)] == done
