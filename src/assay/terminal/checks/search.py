"""What is right for the requests about finding things: exactly these names, these lines, this number."""

from __future__ import annotations

import re

from assay.terminal.checks.clause import Clauses, must
from assay.terminal.checks.evidence import Evidence


def exactly(run: Evidence, wanted: set[str]) -> bool:
    """Whether stdout names all of these, from here or from the folder they are in, and no other file or folder."""
    above = {path for path in run.before.entries if any(name.startswith(path + "/") for name in wanted)}
    there = run.before.entries.keys() - above | wanted
    return run.named(there) == wanted or run.named(map(_inside, there)) == set(map(_inside, wanted))


def _inside(path: str) -> str:
    return path.partition("/")[2] or path


def large_recent_files(run: Evidence) -> Clauses:
    yield must("the two large new files are named, and no other",
               exactly(run, {"logs/new.log", "logs/deep/new too.log"}))


def python_without_logging(run: Evidence) -> Clauses:
    yield must("the three files without it are named, and no other",
               exactly(run, {"src/b.py", "src/pkg/my module.py", "src/pkg/d.py"}))


def same_content(run: Evidence) -> Clauses:
    yield must("the five files with a twin are named, and no other", exactly(
        run, {"pics/a.jpg", "pics/copy of a.jpg", "pics/deep/x.png", "pics/d1.txt", "pics/deep/d2.txt"}))


def lines_around_errors(run: Evidence) -> Clauses:
    found = [int(number) for number in re.findall(r"\bL(\d+)\b", run.stdout)]
    yield must("lines 11 to 15 and 28 to 34 are shown, and no other",
               sorted(set(found)) == [*range(11, 16), *range(28, 35)])


def jpeg_any_case(run: Evidence) -> Clauses:
    yield must("the four pictures are named, and nothing else", exactly(
        run, {"photos/a.jpg", "photos/B.JPG", "photos/new york/c d.JpEg", "photos/deep/e.jpeg"}))


def list_addresses(run: Evidence) -> Clauses:
    yield must("each of the four addresses once, sorted", run.lines == [
        "ada@x.example", "bob.b+news@mail.y.example", "eve_1@x.example", "zoe-z@x.example"])


def where_defined(run: Evidence) -> Clauses:
    yield must("the file with the definition is named, and no other", exactly(run, {"src/net/b c.py"}))


def folders_without_python(run: Evidence) -> Clauses:
    wanted = {"src/docs", "src/my data", "src/outer", "src/assets", "src/app/empty", "src/app/odd.py"}
    found = {line.removeprefix("/home/user/").removeprefix("./").rstrip("/") for line in run.lines}
    yield must("the six folders are named, and nothing else",
               found == wanted or found == set(map(_inside, wanted)))


def world_writable(run: Evidence) -> Clauses:
    yield must("the three files are named, and nothing else",
               exactly(run, {"share/a.txt", "share/sub/c d.txt", "share/sub/e.txt"}))


def broken_links(run: Evidence) -> Clauses:
    yield must("the three broken links are named, and nothing else",
               exactly(run, {"links/broken", "links/dir/also broken", "links/chain"}))


def count_occurrences(run: Evidence) -> Clauses:
    yield must("4 is the number that is printed", run.counts(4))


def changed_since_stamp(run: Evidence) -> Clauses:
    yield must("the three newer files are named, and nothing else",
               exactly(run, {"project/new file.txt", "project/sub/new.c", "project/sub/.hidden-new"}))


def todo_without_vendor(run: Evidence) -> Clauses:
    places = {"app/main.c": 2, "app/ui/my view.c": 3, "app/vendored/own.c": 1, "app/vendor.c": 2}
    yield must("the four files are named, and no other", exactly(run, set(places)))
    yield must("with the numbers of the lines", all(
        re.search(rf"{re.escape(path)}\W+(?:line )?{line}\b", run.stdout) for path, line in places.items()))
    yield must("nothing that is no TODO", len(run.lines) <= 5 and "lower" not in run.stdout)


def orders_from_germany(run: Evidence) -> Clauses:
    yield must("rows R3 and R6, and no other", re.findall(r"\bR\d\b", run.stdout) == ["R3", "R6"])


def passwords_or_ok(run: Evidence) -> Clauses:
    if run.before.exists("conf/c.ini"):
        yield must("the three files are named, and no other",
                   exactly(run, {"conf/a.ini", "conf/sub/my app.ini", "conf/.env"}))
        yield must("ok is not printed", "ok" not in run.lines)
    else:
        yield must("ok is printed, and no name", run.lines == ["ok"])
