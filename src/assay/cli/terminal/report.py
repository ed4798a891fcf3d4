"""A command's doings for a reader: changes, diffs, output, calls."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assay.cli import output

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from assay.terminal.changes import Change, Entry
    from assay.terminal.preview import Preview
    from assay.terminal.sandbox import Result

MARKS = {"created": ("+", "green"), "deleted": ("-", "red"), "modified": ("~", "yellow"), "mode": ("~", "cyan"),
         "type": ("!", "magenta")}
STYLES = {"+": "green", "-": "red", "@": "cyan", "\\": "dim"}
MOST_CHANGES, MOST_LINES, MOST_OUTPUT = 200, 60, 40
WIDEST = 500  # characters of a line
KINDS = {"dir": "folder", "link": "link", "other": "special file"}


def preview(found: Preview) -> Iterator[RenderableType]:
    """Yield the parts of a dry run: what happened, changes, diffs, output, what it does not show."""
    if found.backend is None:
        yield output.styled(f"not checked: {found.reason}", "bold red")
        return
    yield _headline(found.command, found.rc, found.timed_out, found.limit, found.seconds)
    where = "a copy of" if found.backend == "copy" else "a layer over"
    yield output.styled(f"on {where} {found.folder}; nothing was changed there", "dim")
    if not found.checked:
        yield output.styled(f"not checked, it may come out otherwise: {found.reason}", "bold red")
    elif found.reason:
        yield output.styled(found.reason, "yellow")
    yield from changes(found.changes)
    for path, diff in found.diffs.items():
        yield from _diff(path, diff)
    yield from _output(found.stdout, found.stderr)
    yield output.styled(f"\nNot seen: {', '.join(found.unseen)}.", "dim")


def box(command: str, found: Result) -> Iterator[RenderableType]:
    """Yield the parts of a run in the sandbox."""
    if found.status != "checked":
        yield output.styled(f"not checked: {found.reason}", "bold red")
        return
    yield _headline(command, found.rc, found.timed_out, found.limit, found.seconds)
    yield from changes(found.changes)
    if found.calls:
        yield output.styled("\ncalls", "bold")
        yield from (output.styled(f"  {shown(' '.join(call))}", "") for call in found.calls)
    yield from _output(found.stdout, found.stderr)


def changes(found: Sequence[Change]) -> Iterator[RenderableType]:
    """Yield a table of changes, and how many of which."""
    if not found:
        yield "\nNothing changed."
        return
    table = output.table("", "", "~path", "", "~before and after")
    table.show_header = False
    for change in found[:MOST_CHANGES]:
        mark, style = MARKS[change.change]
        entry = change.after or change.before
        assert entry is not None
        name = shown(change.path) + ("/" if entry.type == "dir" else "")
        table.add_row(output.styled(mark, style), output.styled(name, style), change.change, _difference(change))
    yield table
    if len(found) > MOST_CHANGES:
        yield f"... and {len(found) - MOST_CHANGES:,} more; --json lists them all"
    counts = Counter(change.change for change in found)
    yield ", ".join(f"{counts[word]:,} {_counted(word)}" for word in MARKS if counts[word])


def _counted(word: str) -> str:
    return {"mode": "with another mode", "type": "of another type"}.get(word, word)


def _difference(change: Change) -> str:
    before, after = change.before, change.after
    if before is None or after is None:
        entry = after or before
        assert entry is not None
        return _size(entry)
    parts = []
    if before.type != after.type or before.size != after.size or before.target != after.target:
        parts.append(f"{_size(before)} -> {_size(after)}")
    if before.mode != after.mode and before.type == after.type:
        parts.append(f"mode {before.mode} -> {after.mode}")
    return ", ".join(parts) or _size(after)


def _size(entry: Entry) -> str:
    if entry.type == "file":
        return size(entry.size or 0)
    return f"link to {shown(entry.target or '')}" if entry.type == "link" else KINDS[entry.type]


def size(number: float) -> str:
    """Return bytes for a reader.

    >>> size(999), size(1500), size(2_300_000)
    ('999 B', '1.5 kB', '2.3 MB')
    """
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _headline(command: str, rc: int | None, timed_out: bool, limit: str | None, seconds: float) -> Text:
    line = output.styled(shown(command), "bold")
    if timed_out:
        how, style = "stopped: it took too long", "red"
    elif rc is None:
        how, style = f"stopped at a limit: {limit}", "red"
    else:
        how, style = f"exit code {rc}{_signal(rc)}", "green" if rc == 0 else "red"
    line.append(f"\n{how}", style)
    line.append(f" after {seconds:.2f} s", "dim")
    return line


def _signal(rc: int) -> str:
    names: dict[int, Any] = {one.value: one.name for one in signal.Signals}
    return f" ({names[rc - 128]})" if rc - 128 in names else ""


def _diff(path: str, diff: str) -> Iterator[Text]:
    from rich.text import Text

    lines = diff.split("\n")
    yield Text(f"\n{shown(path)}", "bold")
    for line in lines[:MOST_LINES]:
        yield Text(f"  {shown(line[:WIDEST])}", STYLES.get(line[:1], ""))
    if len(lines) > MOST_LINES:
        yield Text(f"  ... {len(lines) - MOST_LINES:,} more lines", "dim")


def _output(stdout: str, stderr: str) -> Iterator[Text]:
    from rich.text import Text

    for name, text in (("stdout", stdout), ("stderr", stderr)):
        lines = text.splitlines()
        if not lines:
            continue
        yield Text(f"\n{name}", "bold")
        yield from (Text(f"  {shown(line[:WIDEST], strip=True)}") for line in lines[:MOST_OUTPUT])
        if len(lines) > MOST_OUTPUT:
            yield Text(f"  ... {len(lines) - MOST_OUTPUT:,} more lines", "dim")


def shown(text: str, strip: bool = False) -> str:
    """Return a text on one line that moves no cursor and hides nothing; if `strip`, colours are taken out."""
    from assay.terminal.visible import visible

    return visible(text, strip).replace("\n", "⏎")
