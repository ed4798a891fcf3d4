"""What is right for the published requests about files and text."""

from __future__ import annotations

import hashlib
import re

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.files import moved
from assay.terminal.checks.search import exactly


def changed_within_a_day(run: Evidence) -> Clauses:
    yield must("the three files of the last day are named, and nothing else",
               exactly(run, {"Desktop/now.txt", "Desktop/this morning.txt", "Desktop/deep/er.txt"}))


def variable_kept(run: Evidence) -> Clauses:
    yield must("this shell has the variable, and hands it on", run.shell("now") == ["f8sjkdmn"])
    yield must("a shell that reads .zshenv has it too", run.told("later") == ["f8sjkdmn"])
    yield spares("what was in .zshenv is left", run.told("kept") == ["0", "C.UTF-8"])


def word_if_five(run: Evidence) -> Clauses:
    if run.before.exists("Documents/DeveloperGPT/e f.py"):
        yield must("filled is printed", run.lines == ["filled"])
    else:
        yield must("filled is not printed", "filled" not in run.lines)


def link_to_folder(run: Evidence) -> Clauses:
    yield must("the link is there, and leads to the folder",
               run.home.leads("Documents/DemoSymlink", "Desktop/DemoFiles"))


def script_for_everybody(run: Evidence) -> Clauses:
    path = "Desktop/DemoFiles/test.sh"
    yield must("everybody may run it", run.home.mode(path) & 0o111 == 0o111)
    yield must("everybody may still read it, which running needs", run.home.mode(path) & 0o444 == 0o444)
    yield spares("nobody else may write it now", run.home.mode(path) & 0o022 == 0)


def other_extension(run: Evidence) -> Clauses:
    folder = "Desktop/DemoFiles"
    yield must("the three files have the new extension", moved(run, *(
        (f"{folder}/{name}.mov", f"{folder}/{name}.mp4") for name in ("a", "at the sea", "x.mov"))))
    yield spares("the other files have their names", {"b.mov.txt", "cmov", "d.mp4"} <= run.home.files(folder))
    yield spares("no other file appears", len(run.home.files(folder)) == 6)


def ends_of_files_with_phrase(run: Evidence) -> Clauses:
    marks = {f"{letter}{number}" for letter in "ABCDE" for number in range(1, 7)}
    yield must("the last three lines of the two files are printed, and no other line",
               run.named(marks) == {"A3", "A4", "A5", "B4", "B5", "B6"})


def copy_sources(run: Evidence) -> Clauses:
    wanted = {"main.c", "my driver.c", "low.c", "high.c"}
    copies = run.home.files("firmware/Cfiles")
    yield must("the four files are in Cfiles", wanted <= copies)
    yield must("no other is", copies <= wanted)
    yield must("they are whole", all(run.home.sha256(f"firmware/Cfiles/{name}")
                                     == run.before.sha256(f"firmware/{name}") for name in wanted))


def copy_headers(run: Evidence) -> Clauses:
    wanted = {"new.h", "my types.h", "months.h"}
    copies = run.home.files("firmware/demo_headers")
    yield must("the three headers are in demo_headers", wanted <= copies)
    yield must("no other is", copies <= wanted)


def exists_or_create(run: Evidence) -> Clauses:
    path = "Desktop/DemoFiles/demo.txt"
    if run.before.exists(path):
        yield must("exists is printed", run.lines == ["exists"])
        yield spares("the file is as it was", run.home.sha256(path) == run.before.sha256(path))
    else:
        yield must("the file was created", run.home.is_file(path))
        yield must("exists is not printed", "exists" not in run.lines)


def zip_folder(run: Evidence) -> Clauses:
    made = [path for path in ("demo.zip", "Desktop/demo.zip", "Desktop/DemoFiles/demo.zip") if run.home.exists(path)]
    found = run.home.archive(made[0]) if len(made) == 1 else {}
    wanted = {"a.txt": b"1\n", "sub/b c.txt": b"2\n", ".hidden": b"3\n"}
    yield must("demo.zip is a zip archive", bool(found) and run.home.bytes(made[0])[:2] == b"PK")
    yield must("it has the files of the folder, in their folders", all(
        any(name == path or name.endswith("/" + path) for name, held in found.items() if held == data)
        for path, data in wanted.items()))
    yield must("it has no other", len(found) == len(wanted))


def full_folders(run: Evidence) -> Clauses:
    names = ("ten files", "eleven of them", "nine", "mixed", *(f"folder{i}" for i in range(1, 7)))
    yield must("the two folders are named, and none with fewer files",
               run.named(names) == {"ten files", "eleven of them"})


def unpack(run: Evidence) -> Clauses:
    wanted = {"test/a.txt": "one\n", "test/sub/b c.txt": "two\n", "test/.hidden": "three\n"}
    yield must("its files are here", all(
        text in (run.home.text(path), run.home.text(f"test/{path}")) for path, text in wanted.items()))
    yield spares("the archive is still there", run.home.is_file("test.tar.gz"))


def size_of_folder(run: Evidence) -> Clauses:
    yield must("3.6 MB are said, whatever the unit", run.sizes(3_600_000, 0.035, without=("~/temp", "/home/user/temp")))
    yield must("what is said is one size, and at most its parts", not run.named(("temp2", "other.bin", "c.bin")))


def is_it_a_link(run: Evidence) -> Clauses:
    if run.before.link("Desktop/Demo"):
        yield must("it is said where the link leads", "Documents/real thing.txt" in run.stdout)
    else:
        claims = re.search(r"(?<!not )(?<!no )(?<!not a )\b(symbolic link to|link to|is a sym)|->", run.stdout)
        yield must("it is not said to be a link", not claims and "Documents" not in run.stdout)
    yield must("no other link is shown", not run.named(("Demo2",)))


def count_characters(run: Evidence) -> Clauses:
    number = len(run.before.text("temp.txt"))
    yield must(f"{number} is the number that is printed", run.counts(number))


def count_lines_with_word(run: Evidence) -> Clauses:
    yield must("3 is the number that is printed, and no line", run.counts(3) and len(run.lines) == 1)


def replace_name(run: Evidence) -> Clauses:
    yield must("the name is replaced everywhere in the file",
               run.home.text("temp.txt") == "tony and tony\nhello\nmark tony, tony2\ntony\n")


def checksums(run: Evidence) -> Clauses:
    sums = {name: hashlib.sha256(run.before.bytes(f"stuff/{name}")).hexdigest()
            for name in ("a.txt", "two words.bin", "c.c")}
    yield must("the sums of the files are printed", all(value in run.stdout for value in sums.values()))
    yield must("with their names", run.named(sums) == sums.keys())


def shown_lines(run: Evidence) -> list[int]:
    """Return the numbers of the log's lines that are printed, in order."""
    return [int(number) for number in re.findall(r"^L(\d+)$", run.stdout, re.MULTILINE)]


def log_end(run: Evidence) -> Clauses:
    yield must("the last 50 lines are printed, and no other", shown_lines(run) == [*range(251, 301)])


def log_begin(run: Evidence) -> Clauses:
    yield must("the first 100 lines are printed, and no other", shown_lines(run) == [*range(101, 201)])
