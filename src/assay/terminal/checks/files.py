"""What is right for the requests about files: the home before and after, seen from outside."""

from __future__ import annotations

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence


def moved(run: Evidence, *pairs: tuple[str, str]) -> bool:
    """Whether each first path is gone, and what it held is at the second."""
    return all(not run.home.exists(old) and run.home.sha256(new) == run.before.sha256(old) for old, new in pairs)


def spaces_to_underscores(run: Evidence) -> Clauses:
    yield must("the names have underscores instead of spaces", moved(
        run, ("photos/summer at sea.jpg", "photos/summer_at_sea.jpg"), ("photos/a b.txt", "photos/a_b.txt"),
        ("photos/two  spaces.png", "photos/two__spaces.png"), ("photos/.hidden one.txt", "photos/.hidden_one.txt")))
    yield spares("the other names are as before",
                 {"photos/plain.jpg", "photos/old shots/in here.jpg", "top level.txt"} <= run.home.files())


def move_old_downloads(run: Evidence) -> Clauses:
    names = ("a month.zip", "last year.zip", ".hidden")
    yield must("the three old files are in Downloads/old",
               moved(run, *((f"Downloads/{name}", f"Downloads/old/{name}") for name in names)))
    yield spares("nothing else is", run.home.files("Downloads/old") <= set(names))


def web_modes(run: Evidence) -> Clauses:
    folders = ("site", "site/deep", "site/deep/.hidden", "site/empty")
    files = ("site/index.html", "site/deep/.hidden/run.sh", "site/my page.html")
    yield must("the folders have mode 755", {run.home.mode(path) for path in folders} == {0o755})
    yield must("the files have mode 644", {run.home.mode(path) for path in files} == {0o644})
    yield spares("what a link in site leads to keeps its mode", run.home.mode("other.sh") == 0o700)


def link_to_newest_release(run: Evidence) -> Clauses:
    yield must("current leads to the newest folder", run.home.leads("current", "releases/v2 hotfix"))


def delete_empty_folders(run: Evidence) -> Clauses:
    empty = {"a", "a/b", "a/b/c", "with space", "keep/.git"}
    yield must("no empty folder is left", not run.home.folders("work") & empty)
    yield spares("folders with anything in them are left", {"d", "d/e", "keep"} <= run.home.folders("work"))
    yield spares("other empty folders are left", run.home.is_folder("elsewhere/empty"))


def five_largest(run: Evidence) -> Clauses:
    wanted = ["media/.hidden/clip.bin", "media/my film.bin", "media/deep/er/c.bin", "media/d.bin", "media/deep/e.bin"]
    others = ("media/f.bin", "media/g.bin", "media/many", "media/many/1.bin", "big.bin", "media/deep")
    yield must("the five largest are named, largest first", run.order((*wanted, *others)) == wanted)
    yield must("with their sizes", all(run.sizes(size, 0.15) for size in (50000, 40000, 30000)))


def sort_into_folders(run: Evidence) -> Clauses:
    yield must("every file is in the folder of its extension", moved(
        run, ("inbox/report.pdf", "inbox/pdf/report.pdf"), ("inbox/scan of a.b.pdf", "inbox/pdf/scan of a.b.pdf"),
        ("inbox/photo.jpg", "inbox/jpg/photo.jpg"), ("inbox/archive.tar.gz", "inbox/gz/archive.tar.gz")))
    yield spares("the file without an extension stays", run.home.is_file("inbox/README"))
    yield spares("there are no other folders", run.home.folders("inbox") <= {"pdf", "jpg", "gz", "v1.2"})
    yield spares("what is in a folder stays there",
                 {"inbox/pdf/earlier.pdf", "inbox/v1.2/notes.jpg"} <= run.home.files())


def faithful_copy(run: Evidence) -> Clauses:
    names = run.before.files("project") | run.before.folders("project")
    copies = {name: run.home.entries.get(f"backup/project/{name}") for name in names}
    times = {name: day for day, _, name in (line.partition(" ") for line in run.told("times"))}
    yield must("everything was copied, links as links, with its mode",
               all(copy == run.before.entries[f"project/{name}"] for name, copy in copies.items()))
    yield must("files keep their times", {times.get(name) for name in ("run.sh", "src/main file.py", ".env")}
               == {"2020-02-02"})
    yield must("folders keep theirs", times.get("src") == "2021-01-01")


def swap_two_files(run: Evidence) -> Clauses:
    yield must("each has the content of the other",
               run.home.text("a.conf") == "I was b\n" and run.home.text("b.conf") == "I was a\n")
    yield must("and its mode", run.home.mode("a.conf") == 0o600 and run.home.mode("b.conf") != 0o600)


def line_once(run: Evidence) -> Clauses:
    before, after = run.before.lines(".profile"), run.home.lines(".profile")
    yield must("the line is there once", after.count("export EDITOR=vim") == 1)
    yield spares("the other lines are as before", [line for line in after if line != "export EDITOR=vim"]
                 == [line for line in before if line != "export EDITOR=vim"])


def empty_log(run: Evidence) -> Clauses:
    yield must("app.log is empty", run.home.size("app.log") == 0)
    yield must("it is the same file", len(set(run.told("inodes"))) == 1 and len(run.told("inodes")) == 2)
    yield spares("it has the mode it had", run.home.mode("app.log") == 0o620)


def show_newest_text(run: Evidence) -> Clauses:
    marks = ("MARK-FINAL", "MARK-B", "MARK-ZZ", "MARK-MD", "MARK-DEEP", "MARK-BAK")
    yield must("the content of 'final version.txt', and of no other file", run.named(marks) == {"MARK-FINAL"})


def month_folders(run: Evidence) -> Clauses:
    yield must("the twelve folders are there", run.home.folders("2024") == {f"{month:02}" for month in range(1, 13)})
    yield spares("what was in one of them is there", run.home.is_file("2024/03/march.txt"))


def count_all_files(run: Evidence) -> Clauses:
    yield must("5 is the number that is printed", run.counts(5))


def clear_large_cache(run: Evidence) -> Clauses:
    yield must("the folder is there", run.home.is_folder("cache"))
    if run.before.exists("cache-old"):
        yield must("small is printed", run.lines == ["small"])
        yield spares("nothing was deleted", not run.changed("deleted"))
    else:
        yield must("it is empty", not run.home.files("cache") and not run.home.folders("cache"))
        yield must("small is not printed", "small" not in run.lines)
