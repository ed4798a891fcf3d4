"""Pages of tldr-pages (CC BY 4.0, by their contributors) as recipes, from a checkout of your own."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from assay.core.errors import DATA, AssayError
from assay.terminal.recipebook import Recipe

CREDIT = "tldr-pages, CC BY 4.0"
PLATFORMS = {"Darwin": "osx"}
_MNEMONIC = re.compile(r"\[(\w+)\](?=\w)|(?<=\w)\[(\w+)\]")  # "E[x]tract", for the letter of the option
_PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}(?!\})")
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple((slot, re.compile(pattern)) for slot, pattern in (
    ("folder", r"director|folder"), ("url", r"^https?:|url"),
    ("file", r"path|file|\.[a-z]\w{1,3}\b"),
    ("host", r"host|domain|ip_addr"), ("user", r"user"), ("group", r"group"), ("port", r"port$"),
    ("pid", r"^(pid|process_id)$"), ("ext", r"extension"),
    ("branch", r"branch"), ("commit", r"commit"), ("package", r"package"), ("service", r"service|unit"),
    ("container", r"container"), ("image", r"^image"), ("n", r"^\d+$|number|count|size|seconds"), ("value", r"")))


def pages(folder: Path) -> list[Path]:
    """Return the pages of this platform: those common to all, then its own.

    Raises
    ------
    AssayError
        Exit code 3 if the folder is no checkout.
    """
    return [Path(entry.path) for entry in _entries(folder)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    root = folder / "pages" if (folder / "pages").is_dir() else folder
    own = PLATFORMS.get(platform.system(), "linux")
    found: list[os.DirEntry[str]] = []
    for part in filter(Path.is_dir, (root / "common", root / own)):
        with os.scandir(part) as entries:
            found += sorted((entry for entry in entries if entry.name.endswith(".md")), key=lambda entry: entry.name)
    if not found:
        raise AssayError(f"{folder}: no pages: expected pages/common/*.md in it, as a checkout of tldr-pages has",
                         "give --recipes the folder of the checkout", DATA)
    return found


def signature(folder: Path) -> str:
    """Return a hash that changes when a page does: names, sizes and times of all of them."""
    stats = hashlib.sha256()
    for entry in _entries(folder):
        state = entry.stat()
        stats.update(f"{entry.path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return stats.hexdigest()


def read(folder: Path) -> Iterator[Recipe]:
    """Yield a recipe for each example of each page; what is no example is passed over."""
    for path in pages(folder):
        yield from page(path.stem, path.read_text("utf-8", "replace"))


def page(name: str, text: str) -> Iterator[Recipe]:
    """Yield the examples of one page."""
    summary, task, count = "", "", 0
    for line in map(str.strip, text.splitlines()):
        if line.startswith(">") and not summary:
            summary = line.lstrip("> ").rstrip(".")
        elif line.startswith("- "):
            task = _MNEMONIC.sub(lambda found: found[1] or found[2], line[2:].rstrip(":"))
        elif task and len(line) > 2 and line[0] == line[-1] == "`":
            count += 1
            yield Recipe(f"tldr/{name}/{count}", (task.replace("`", ""),), _command(line[1:-1]),
                         f"{name}: {summary}.", credit=CREDIT)
            task = ""


def _command(text: str) -> str:
    """Turn placeholders into slots; of the spellings of an option the first is taken."""
    seen: dict[str, str] = {}

    def slot(found: re.Match[str]) -> str:
        inner = found[1]
        if "|" in inner and inner.lstrip("[").startswith("-"):
            return inner.strip("[]").split("|")[0]
        name = next(name for name, pattern in _KINDS if pattern.search(inner.lower()))
        taken = [other for other in seen.values() if other.rstrip("0123456789") == name]
        return f"{{{seen.setdefault(inner, name if not taken else f'{name}{len(taken) + 1}')}}}"

    return _PLACEHOLDER.sub(slot, text)
