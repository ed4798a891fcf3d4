"""A home as a snapshot shows it; archives are read without unpacking."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from assay.terminal.changes import snapshot
from assay.terminal.checks.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    (folder / "docs" / "deep").mkdir(parents=True)
    (folder / "docs" / "a.txt").write_text("one\ntwo\n")
    (folder / "docs" / "deep" / "b").write_bytes(b"\xff\n")
    (folder / "docs" / "a.txt").chmod(0o640)
    (folder / "here").symlink_to("docs/a.txt")
    (folder / "docs" / "up").symlink_to("../here")
    (folder / "absolute").symlink_to("/home/user/docs")
    (folder / "gone").symlink_to("nowhere")
    with tarfile.open(folder / "x.tar.gz", "w:gz") as tar:
        for name, data in (("./docs/a", b"A"), ("b c", b"BC")):
            item = tarfile.TarInfo(name)
            item.size = len(data)
            tar.addfile(item, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "b c"
        tar.addfile(link)
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("docs/", "")
        archive.writestr("docs/a", "A")
    (folder / "cut.tar.gz").write_bytes((folder / "x.tar.gz").read_bytes()[:40])
    (folder / "large").write_bytes(b"x" * 200_000)
    return Home(snapshot(folder, keep=64 << 10))


def test_kinds_of_things(home: Home) -> None:
    assert home.is_file("docs/a.txt")
    assert not home.is_file("here")
    assert home.is_folder("docs")
    assert not home.is_folder("absolute")
    assert home.exists("gone")
    assert not home.exists("docs/absent")


def test_content_mode_size(home: Home) -> None:
    assert home.lines("docs/a.txt") == ["one", "two"]
    assert (home.mode("docs/a.txt"), home.size("docs/a.txt")) == (0o640, 8)
    assert home.text("docs/deep/b") == "\ufffd\n"
    assert (home.text("absent"), home.mode("absent"), home.size("absent"), home.sha256("absent")) == ("", 0, -1, "")
    assert (home.size("docs"), home.text("docs")) == (-1, "")


def test_a_large_file_has_a_size_and_a_hash_only(home: Home) -> None:
    assert home.bytes("large") == b""
    assert home.size("large") == 200_000
    assert len(home.sha256("large")) == 64


@pytest.mark.parametrize(("link", "target", "leads"), [
    ("here", "docs/a.txt", True), ("docs/up", "here", True), ("absolute", "docs", True),
    ("absolute", "docs/deep", False), ("gone", "nowhere", True), ("docs/a.txt", "docs/a.txt", False),
    ("absent", "docs", False),
])
def test_where_a_link_leads(home: Home, link: str, target: str, leads: bool) -> None:
    assert home.leads(link, target) is leads


def test_files_and_folders_below(home: Home) -> None:
    assert home.files("docs") == {"a.txt", "deep/b", "up"}
    assert home.folders() == {"docs", "docs/deep"}
    assert home.files("absent") == set()


def test_archives(home: Home) -> None:
    assert home.archive("x.tar.gz") == {"docs/a": b"A", "b c": b"BC"}
    assert home.archive("x.zip") == {"docs/a": b"A"}
    assert home.archive("cut.tar.gz") == home.archive("docs/a.txt") == home.archive("absent") == {}
