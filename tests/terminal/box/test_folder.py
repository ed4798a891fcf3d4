"""Temporary folders that are gone at the end, also after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.terminal.box import folder as folders
from assay.terminal.box.folder import Folder, remove, temporary
from sandboxes import WHO, folder_of, give, run_as, wait_until


def test_it_is_gone_at_the_end(tmp_path: Path) -> None:
    with Folder(parent=tmp_path) as place:
        place.folder("a")
        assert place.file("a/b", "text\udcff", 0o600).read_bytes() == b"text\xff"
        assert place.path.parent == tmp_path
    assert not place.path.exists()


@pytest.mark.parametrize("who", WHO)
def test_whatever_is_inside_can_be_removed(who: str) -> None:
    with folder_of(who) as place:
        deep = "import os; os.chdir('x'); [(os.mkdir('d'), os.chdir('d')) for _ in range(600)]; os.mkfifo('p')"
        (place / "x" / "a" / "b").mkdir(parents=True)
        subprocess.run([sys.executable, "-c", deep], cwd=place, check=True)
        (place / "x" / "a" / "b").chmod(0)
        (place / "x" / "a").chmod(0)
        give(who, place)
        run_as(who, remove, place / "x")
        assert list(place.iterdir()) == []


def test_links_lead_nowhere_when_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "f").touch()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "l").symlink_to(tmp_path / "kept")
    remove(tmp_path / "x")
    assert (tmp_path / "kept" / "f").exists()


HOLD = "import sys, time; from pathlib import Path; from assay.terminal.box.folder import Folder\n" \
       "with Folder(parent=Path(sys.argv[1])) as place: (place.path / 'f').touch(); time.sleep(60)"


def test_what_a_killed_owner_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    owner = subprocess.Popen([sys.executable, "-c", HOLD, parent])
    try:
        wait_until(lambda: list(parent.glob("*/f")))
        monkeypatch.setattr(folders, "YOUNG", -1.0)
        folders._sweep.cache_clear()
        with Folder(parent=parent):
            assert list(parent.glob("*/f"))  # its owner lives
    finally:
        owner.kill()
        owner.wait()
    assert list(parent.glob("*/f"))
    folders._sweep.cache_clear()
    with Folder(parent=parent) as place:
        assert list(parent.iterdir()) == [place.path]


def test_the_place_is_the_users_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert temporary() == tmp_path.resolve()
    with folder_of("me") as place:
        place.chmod(0o700)
        monkeypatch.setattr("tempfile.tempdir", str(place))
        assert temporary(shared=True) == Path("/tmp")  # another user has to reach it
        assert temporary() == place


def test_memory_is_taken_only_where_there_is_plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(folders, "PLENTY", float("inf"))
    assert temporary() != folders.MEMORY
    monkeypatch.setattr(folders, "PLENTY", 0)
    monkeypatch.setattr(folders, "MEMORY", Path("/proc/none"))
    assert os.path.isdir(temporary())
