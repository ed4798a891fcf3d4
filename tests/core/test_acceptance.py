"""What must hold of the whole machine, shown through the command line with real processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from assay import Store
from assay.core.store import NoStoreError

NAPS = ("calc", "-b", "lab/naps", "-m", "lab-plain", "--json", "--jobs", "2")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(lab: Any, notes: Path) -> Start:
    """Start ``assay ARGS`` with the lab on the path, and do not wait for it."""

    def start(*args: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-m", "assay", *args], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    return start


def kept(home: Path) -> set[str]:
    """Ids of the cases that have a record."""
    with suppress(NoStoreError), Store(home, readonly=True) as store:
        return {record.case for record in store.records()}
    return set()


def workers(notes: Path) -> set[int]:
    return {int(line.split()[1]) for line in notes.read_text().splitlines()}


@pytest.mark.parametrize(("signals", "code"), [
    ([signal.SIGKILL], -signal.SIGKILL), ([signal.SIGINT], 130), ([signal.SIGTERM], None),
])
def test_a_run_that_is_stopped_keeps_its_records_and_the_next_does_only_the_rest(
        start: Start, folders: Path, notes: Path, until: Any, gone: Any, signals: list[int], code: int | None) -> None:
    home = folders / "home"
    driver = start(*NAPS)
    until(lambda: len(kept(home)) >= 2)
    for number in signals:
        driver.send_signal(number)
    _, err = driver.communicate(timeout=60)
    assert code is None or driver.returncode == code
    assert driver.returncode != 0
    assert "Traceback" not in err
    assert all(gone(group) for group in workers(notes))
    done = kept(home)
    assert 2 <= len(done) < 10
    out, _ = (second := start(*NAPS)).communicate(timeout=120)
    assert second.returncode == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert {event["case"] for event in events if event["event"] == "case"} == {f"nap-{n:02d}" for n in range(10)} - done
    assert (events[0]["todo"], events[0]["reused"]) == (10 - len(done), len(done))
    assert events[-1]["ok"] + events[-1]["reused"] == 10


def test_two_drivers_write_at_once(start: Start, folders: Path) -> None:
    drivers = [start("calc", "-b", "lab/late", "-m", name, "--json") for name in ("lab-plain", "lab-base", "lab-plain")]
    for driver in drivers:
        driver.communicate(timeout=120)
        assert driver.returncode == 0
    with Store(folders / "home") as store:
        assert {(r.model, r.case, r.status) for r in store.records()} == {
            (name, f"case-{n:02d}", "ok") for name in ("lab-plain", "lab-base") for n in range(4)}


def test_a_model_that_notices_late_that_it_cannot_load_is_4(assay: Any, lab: Any) -> None:
    done = assay("calc", "-b", "lab/late", "-m", "lab-late", "-m", "lab-plain", "--json", code=4,
                 env={"PYTHONPATH": os.environ["PYTHONPATH"]})
    cases = {(event["model"], event["case"]): event for event in done.events if event["event"] == "case"}
    assert [cases["lab-late", f"case-{n:02d}"]["status"] for n in range(4)] == ["ok", "failed", "failed", "failed"]
    assert {cases["lab-plain", f"case-{n:02d}"]["status"] for n in range(4)} == {"ok"}


def test_packages_in_folders_of_their_own_are_found_and_a_broken_one_is_left_out(assay: Any, lab: Any,
                                                                                folders: Path) -> None:
    info = folders / "broken" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[assay.plugins]\nbroken = broken_plugin_module\n")
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(folders / "broken")])
    done = assay("list", "benchmarks", "--json", env={"PYTHONPATH": path})
    assert {"toy/sums", "lab/late"} <= {item["name"] for item in done.json["benchmarks"]}
    assert [line for line in done.err.splitlines() if line.startswith("warning: plugin broken")]


def no_database(home: Path) -> None:
    home.mkdir()
    (home / "assay.db").write_text("no database " * 1000)


def newer(home: Path) -> None:
    Store(home).close()
    db = sqlite3.connect(home / "assay.db")
    db.execute("pragma user_version = 99")
    db.close()


def foreign(home: Path) -> None:
    home.mkdir()
    db = sqlite3.connect(home / "assay.db")
    db.execute("create table recipes (name text)")
    db.close()


def file_in_place(home: Path) -> None:
    home.write_text("")


@pytest.mark.parametrize("verb", [("calc", "-b", "toy/sums", "-m", "toy-exact"), ("analyse",)])
@pytest.mark.parametrize("make", [no_database, newer, foreign, file_in_place])
def test_a_store_that_is_none_is_one_clear_error(assay: Any, folders: Path, make: Any, verb: Any) -> None:
    make(folders / "home")
    done = assay(*verb, code=2)
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert str(folders / "home") in done.err
    assert "ASSAY_HOME" in done.err
