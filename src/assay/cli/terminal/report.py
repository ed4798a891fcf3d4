"""A command's doings for a reader: changes, diffs, output, calls."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
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
MOST_CHANGES, MOST_OUTPUT = 200, 40  # lines
MOST_DIFF, MOST_LINES, MOST_NEW = 400, 60, 20  # lines of all diffs, of a file's, of a new file's
TOGETHER = 20  # entries of a folder that came or went whole: beyond, they take one line
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
    below = folded(found.changes)
    yield from changes(found.changes, below)
    yield from _diffs({path: diff for path, diff in found.diffs.items() if not _inside(path, below)})
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


def changes(found: Sequence[Change], below: Mapping[str, Sequence[Change]] | None = None) -> Iterator[RenderableType]:
    """Yield a table of changes, and how many of which.

    Parameters
    ----------
    found : sequence of Change
    below : mapping of str to sequence of Change, optional
        Folders whose entries take one line together.
    """
    if not found:
        yield "\nNothing changed."
        return
    table = output.table("", "", "~path", "", "~before and after")
    table.show_header = False
    listed = [change for change in found if not _inside(change.path, below or {})]
    for change in listed[:MOST_CHANGES]:
        mark, style = MARKS[change.change]
        entry = change.after or change.before
        assert entry is not None
        name = shown(change.path) + ("/" if entry.type == "dir" else "")
        more = _together((below or {}).get(change.path, ()))
        table.add_row(output.styled(mark, style), output.styled(name, style), change.change, _difference(change) + more)
    yield table
    if len(listed) > MOST_CHANGES or below:
        left = f"... and {len(listed) - MOST_CHANGES:,} more; " if len(listed) > MOST_CHANGES else ""
        yield output.styled(f"{left}--json lists every entry", "dim")
    counts = Counter(change.change for change in found)
    yield ", ".join(f"{counts[word]:,} {_counted(word)}" for word in MARKS if counts[word])


def folded(found: Sequence[Change]) -> dict[str, list[Change]]:
    """Return folders that came or went with many entries -> the changes below them, the outermost folders only."""
    roots: dict[str, list[Change]] = {}
    for change in sorted(found, key=lambda change: change.path.split("/")):
        if (root := _inside(change.path, roots)) is not None:
            roots[root].append(change)
        elif (entry := change.before or change.after) and entry.type == "dir" and None in (change.before, change.after):
            roots[change.path] = []
    return {root: below for root, below in roots.items() if len(below) > TOGETHER}


def _inside(path: str, roots: Container[str]) -> str | None:
    """Return which of the folders a path lies in."""
    parts = path.split("/")
    return next((root for root in ("/".join(parts[:length]) for length in range(1, len(parts))) if root in roots), None)


def _together(below: Sequence[Change]) -> str:
    if not below:
        return ""
    total = sum((entry.size or 0) for change in below if (entry := change.after or change.before))
    return f" with {len(below):,} entries, {size(total)}"


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


def _diffs(diffs: Mapping[str, str]) -> Iterator[Text]:
    """Yield diffs, of new files the first lines only, until it is enough."""
    from rich.text import Text

    left = MOST_DIFF
    for path, diff in diffs.items():
        if left <= 0:
            yield Text(f"\n... diffs of {len(diffs) - list(diffs).index(path):,} more files", "dim")
            return
        lines = diff.split("\n")
        new = lines[0].startswith("@@ -0,0")
        most = min(MOST_NEW if new else MOST_LINES, left)
        left -= min(most, len(lines))
        yield Text(f"\n{shown(path)}", "bold")
        for line in lines[:most]:
            yield Text(f"  {shown(line[:WIDEST])}", STYLES.get(line[:1], ""))
        if len(lines) > most:
            yield Text(f"  ... {len(lines) - most:,} more lines", "dim")


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
