"""Groups that limit processes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from assay.terminal.box import cgroup
from sandboxes import wait_until


def test_a_group_limits_what_enters_it_and_is_gone_in_the_end() -> None:
    with cgroup.group(10) as enter:
        if not enter:
            assert not any(list(parent.glob("assay-box-*")) for parent in cgroup._parents())
            return  # no group can be made on this machine: then dry runs are watched, which is tested there
        group = Path(enter[-1]).parent
        assert (group / "pids.max").read_text() == "10\n"
        many = 'cat "$1"; for n in $(seq 20); do sleep 1 & done'
        done = subprocess.run([*enter, "bash", "-c", many, "bash", enter[-1]], capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.stdout.split()
        assert "Resource temporarily unavailable" in done.stderr
        wait_until(lambda: not (group / "cgroup.procs").read_text())
    assert not group.exists()


def test_a_folder_that_is_no_group_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.procs").touch()
    monkeypatch.setattr(cgroup, "_parents", lambda: iter([tmp_path]))
    with cgroup.group(10) as enter:
        assert enter == []
    assert not list(tmp_path.glob("assay*"))


def test_what_killed_owners_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assay-box-0").mkdir()
    monkeypatch.setattr(cgroup, "_parents", lambda: iter([tmp_path]))
    with cgroup.group(10):
        assert (tmp_path / "assay-box-0").exists()  # it is young: somebody may be about to enter
    monkeypatch.setattr(cgroup, "YOUNG", -1.0)
    with cgroup.group(10):
        assert not (tmp_path / "assay-box-0").exists()
