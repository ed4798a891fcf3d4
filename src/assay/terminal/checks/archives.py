"""What is right for the requests about archives: which files are in them and out of them, read from outside."""

from __future__ import annotations

from collections.abc import Mapping

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence


def packed(run: Evidence, archive: str, folder: str = "") -> dict[str, bytes]:
    """Return the files of an archive; the name of a folder that all are in is left out."""
    found = run.home.archive(archive)
    prefix = f"{folder}/"
    inside = folder and all(name.startswith(prefix) for name in found)
    return {name.removeprefix(prefix) if inside else name: data for name, data in found.items()}


def holds(found: Mapping[str, bytes], **texts: str) -> bool:
    """Whether each of these names has this line as its content."""
    return all(found.get(name) == f"{text}\n".encode() for name, text in texts.items())


def pack_without_git(run: Evidence) -> Clauses:
    found = packed(run, "project.tar.gz", "project")
    wanted = {"main.c": "1", ".gitignore": "2", ".github/ci.yml": "3", "src/my file.c": "6", "git/readme": "7"}
    yield must("it is compressed", run.home.bytes("project.tar.gz")[:2] == b"\x1f\x8b")
    yield must("it has all files but those of .git", holds(found, **wanted))
    yield must("it has nothing of .git", not [name for name in found if ".git/" in name])
    yield must("it has nothing else", found.keys() <= wanted.keys())


def extract_one_file(run: Evidence) -> Clauses:
    got = [path for path in ("docs/guide.md", "guide.md") if run.home.text(path) == "guide\n"]
    yield must("the file is here, as it is in the archive", len(got) == 1)
    yield must("no other file was unpacked", run.home.files() == {"bundle.tar.gz", *got})


def list_zip(run: Evidence) -> Clauses:
    names = ("notes.txt", "photos/at sea.jpg", "deep/er/.hidden")
    yield must("all three files are named", run.named(names) == set(names))


def unzip_into_album(run: Evidence) -> Clauses:
    wanted = {"a.jpg": "1\n", "sub/b c.jpg": "2\n", "sub/.keep": "3\n"}
    yield must("the files are in album, in their folders",
               all(run.home.text(f"album/{name}") == text for name, text in wanted.items()))
    yield must("nothing else is", run.home.files("album") == wanted.keys())
    yield spares("the archive is where it was", run.home.is_file("photos.zip"))


def gzip_each_log(run: Evidence) -> Clauses:
    yield must("each log has a compressed copy", run.told("app") == ["app"] and run.told("service") == ["service"])
    yield must("the originals are there", {"app.log", "my service.log"} <= run.home.files("logs"))


def unpack_without_top(run: Evidence) -> Clauses:
    wanted = {"bin/run": "run\n", "README": "readme\n", ".env": "hidden\n", "release-1.4/same": "same\n"}
    yield must("the files are in app, without the top folder",
               {name: run.home.text(f"app/{name}") for name in run.home.files("app")} == wanted)


def add_to_zip(run: Evidence) -> Clauses:
    found = packed(run, "docs.zip")
    yield must("notes.txt is in it", holds(found, **{"notes.txt": "notes"}))
    yield must("what was in it still is", holds(found, **{"manual.txt": "manual", "old page.txt": "page"}))
    yield must("nothing else was added", len(found) == 3)


def is_it_intact(run: Evidence) -> Clauses:
    word = "broken" if run.before.exists("whole.tar.gz") else "ok"
    yield must(f"{word} is printed, and nothing else", run.lines == [word])


def split_into_pieces(run: Evidence) -> Clauses:
    sizes = [int(size) for size in run.told("sizes") if size.isdigit()]
    yield must("put together the pieces are the file", run.told("whole") == ["yes"])
    yield must("each is 1 MB, the last is the rest",
               len(sizes) == 3 and set(sizes[:2]) in ({1_000_000}, {1 << 20}) and sizes[2] < sizes[0])


def zip_to_tar(run: Evidence) -> Clauses:
    found = packed(run, "site.tar.gz")
    wanted = {"index.html": "1", "img/a b.png": "2", ".htaccess": "3"}
    yield must("it is compressed", run.home.bytes("site.tar.gz")[:2] == b"\x1f\x8b")
    yield must("it has the files of the zip", holds(found, **wanted) and found.keys() == wanted.keys())


def largest_in_tar(run: Evidence) -> Clauses:
    names = ("a/small.bin", "a/deep/large one.bin", "b/middle.bin", "z.bin")
    yield must("the largest is named, and no other", run.named(names) == {"a/deep/large one.bin"})
    yield must("with its size", run.sizes(120000, 0.05, without=names))


def zip_tables(run: Evidence) -> Clauses:
    found = packed(run, "tables.zip", "data")
    wanted = {"a.csv": "1", "2023/b c.csv": "2", "2023/deep/a.csv": "3"}
    yield must("the three tables are in it, in their folders", holds(found, **wanted))
    yield must("nothing else is", found.keys() == wanted.keys())


def unxz_keep(run: Evidence) -> Clauses:
    yield must("report.txt is there", run.home.text("report.txt") == "the true report\n")
    yield spares("the compressed file is there", run.home.is_file("report.txt.xz"))


def differs_from_archive(run: Evidence) -> Clauses:
    names = {"index.html", "about us.html", "style.css", "print.css", "logo.svg", "new.html"}
    said = run.stdout + run.stderr
    yield must("the changed and the missing file are named, and no other",
               run.named(names, said) == {"about us.html", "print.css"})


def append_or_create(run: Evidence) -> Clauses:
    found = run.home.archive("build.tar")
    if run.before.exists("build.tar"):
        yield must("the files of dist are in it", holds(found, **{"dist/app.js": "2", "dist/.map": "3"}))
        yield must("what was in it still is", holds(found, **{"old/keep.txt": "1"}) and len(found) == 3)
    else:
        yield must("the files of dist are in it, and no other",
                   holds(found, **{"dist/app.js": "2", "dist/sub/a b.js": "3"}) and len(found) == 2)
