"""Export, merge, collect and verify: a store as a whole."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from assay import Artefact, AssayError, Case, Record, Store
from assay.results import archive

SHA = "0" * 64


def fill(store: Store, value: float = 1.0, status: str = "ok", case: str = "a b\u2028c", model: str = "m+d3",
         text: str = "hello") -> str:
    record = (Record({"x": value}, {"note": Artefact("text", text.encode(), ".txt", "a note")}) if status == "ok"
              else Record(status=status, reason="broke"))
    return store.add("fam/bench", 1, model, SHA, Case(case, tags=("el:H",)), record, {"python": "3"}, 0.5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "ours")


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store(tmp_path / "theirs")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_export_has_one_sorted_line_a_record_and_the_artefacts(store: Store, tmp_path: Path) -> None:
    fill(store, case="b")
    key = fill(store, case="a")
    assert archive.export(store, tmp_path / "out") == (2, 1)
    lines = [json.loads(line) for line in (tmp_path / "out/fam/bench/m+d3.jsonl").read_text().splitlines()]
    assert [line["case"] for line in lines] == ["a", "b"]
    assert set(lines[0]) == {"key", "benchmark", "version", "model", "model_digest", "case", "tags", "status", "reason",
                             "values", "artefacts", "seconds", "provenance", "created"}
    assert lines[0]["key"] == key
    assert set(lines[0]["artefacts"]["note"]) == {"kind", "sha256", "suffix", "label"}
    sha = lines[0]["artefacts"]["note"]["sha256"]
    assert (tmp_path / "out/artefacts" / sha[:2] / f"{sha}.txt").read_bytes() == b"hello"


def test_export_then_merge_gives_the_same_store(store: Store, other: Store, tmp_path: Path) -> None:
    fill(store)
    fill(store, case="failed", status="failed")
    archive.export(store, tmp_path / "out")
    assert archive.merge(other, tmp_path / "out").added == 2
    assert other.records() == store.records()
    assert other.provenance(other.records()[0].provenance) == {"python": "3"}
    assert archive.verify(other) == {"records": 2, "artefacts": 1, "missing": [], "corrupt": []}


def test_export_twice_drops_what_was_removed_and_refuses_foreign_folders(store: Store, tmp_path: Path) -> None:
    fill(store)
    store_key = fill(store, model="gone")
    archive.export(store, tmp_path / "out")
    store.remove([store_key])
    archive.export(store, tmp_path / "out")
    assert "fam/bench/gone.jsonl" not in files(tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("")
    with pytest.raises(AssayError, match="found other files"):
        archive.export(store, tmp_path / "mine")
    assert files(tmp_path / "mine") == ["thesis.tex"]


def test_export_keeps_names_that_are_no_file_names_inside_the_folder(store: Store, other: Store,
                                                                     tmp_path: Path) -> None:
    fill(store, model="../../up and/away")
    archive.export(store, tmp_path / "out")
    assert not list(tmp_path.glob("*.jsonl"))
    assert archive.merge(other, tmp_path / "out").added == 1
    assert other.records()[0].model == "../../up and/away"


@pytest.mark.parametrize("theirs", [False, True])
def test_merge_ok_beats_failed_either_way(store: Store, other: Store, theirs: bool) -> None:
    fill(store, case="bad here", status="failed")
    fill(store, case="bad there")
    fill(other, case="bad here")
    fill(other, case="bad there", status="failed")
    done = archive.merge(store, other.root, theirs)
    assert (done.replaced, done.kept, done.conflicts) == (1, 1, 0)
    assert {record.status for record in store.records()} == {"ok"}


def test_merge_other_values_ours_stays_unless_told(store: Store, other: Store) -> None:
    fill(store, 1.0)
    fill(other, 2.0)
    done = archive.merge(store, other.root)
    assert (done.conflicts, done.kept, store.records()[0]["x"]) == (1, 1, 1.0)
    done = archive.merge(store, other.root, theirs=True)
    assert (done.conflicts, done.replaced, store.records()[0]["x"]) == (1, 1, 2.0)
    assert archive.merge(store, other.root).same == 1


@pytest.mark.parametrize("damage", ["not json", "[1]", '{"key": 1}', "{}"])
def test_merge_a_damaged_line_is_named_and_nothing_is_written(store: Store, other: Store, tmp_path: Path,
                                                              damage: str) -> None:
    fill(other)
    archive.export(other, tmp_path / "out")
    path = tmp_path / "out/fam/bench/m+d3.jsonl"
    path.write_text(path.read_text() + damage + "\n")
    with pytest.raises(AssayError, match=r"m\+d3\.jsonl, line 2"):
        archive.merge(store, tmp_path / "out")
    assert store.count() == 0


@pytest.mark.parametrize(("field", "value"), [
    ("status", "perfect"), ("key", "../x"), ("values", {"x": float("nan")}),
    ("artefacts", {"n": {"kind": "text", "sha256": "0" * 64, "suffix": "/../a"}}),
])
def test_merge_a_record_of_another_form_is_refused(store: Store, other: Store, tmp_path: Path, field: str,
                                                   value: object) -> None:
    fill(other)
    archive.export(other, tmp_path / "out")
    path = tmp_path / "out/fam/bench/m+d3.jsonl"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}) + "\n")
    with pytest.raises(AssayError, match="line 1: not a record"):
        archive.merge(store, tmp_path / "out")
    assert store.count() == 0


@pytest.mark.parametrize("remove", [True, False])
def test_merge_a_missing_or_damaged_artefact_is_named(store: Store, other: Store, remove: bool) -> None:
    fill(other)
    path, = (other.root / "artefacts").glob("*/*")
    path.unlink() if remove else path.write_bytes(b"other")
    with pytest.raises(AssayError, match=path.name):
        archive.merge(store, other.root)
    assert store.count() == 0


def test_merge_from_nowhere_says_what_was_expected(store: Store, tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="expected a store folder or an export, found no such folder"):
        archive.merge(store, tmp_path / "nowhere")


def age(store: Store, seconds: float) -> None:
    for path in (store.root / "artefacts").glob("*/*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_collect_takes_only_old_files_that_nobody_names(store: Store) -> None:
    fill(store, text="kept")
    store.remove([fill(store, case="gone", text="dropped")])
    assert archive.collect(store) == (0, 0)
    age(store, 4000)
    assert archive.collect(store) == (1, len("dropped"))
    assert archive.verify(store)["missing"] == []


def test_collect_now_takes_young_files_but_not_half_written_ones(store: Store) -> None:
    store.remove([fill(store)])
    half = next((store.root / "artefacts").glob("*")) / ".tmp1234"
    half.write_bytes(b"ha")
    age(store, 2)
    assert archive.collect(store, young=True)[0] == 1
    assert half.exists()


def test_collect_beside_a_running_writer_loses_nothing(store: Store) -> None:
    """The same bytes are dropped, grow old and are written again, all the time."""
    stop, lost, written = threading.Event(), [], 0

    def write() -> None:
        nonlocal written
        with Store(store.root) as mine:
            while not stop.is_set():
                key = fill(mine)
                ref = mine.records()[0].artefacts["note"]
                if not any(present(mine.artefact_path(ref.sha256, ref.suffix)) for _ in range(100)):
                    lost.append(ref)
                mine.remove([key])
                written += 1
                with suppress(FileNotFoundError):
                    age(mine, 4000)

    def present(path: Path) -> bool:
        # It may be out of the way for the moment in which a collection looks at it.
        return path.exists() or time.sleep(0.01) is not None

    writer = threading.Thread(target=write)
    writer.start()
    removed = 0
    try:
        while removed < 50:
            removed += archive.collect(store)[0]
    finally:
        stop.set()
        writer.join()
    assert written >= 50
    assert lost == []


def test_verify_names_what_is_missing_and_what_is_corrupt(store: Store) -> None:
    fill(store, case="a", text="one")
    fill(store, case="b", text="two")
    one = store.artefact_path(Artefact("", b"one").sha256, ".txt")
    two = store.artefact_path(Artefact("", b"two").sha256, ".txt")
    one.unlink()
    two.write_bytes(b"tw")
    found = archive.verify(store)
    assert [item["case"] for item in found["missing"]] == ["a"]
    assert [item["case"] for item in found["corrupt"]] == ["b"]
    assert (found["records"], found["artefacts"]) == (2, 2)
