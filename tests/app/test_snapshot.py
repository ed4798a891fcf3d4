"""What the page knows of the store: all of it, and again when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay import Case, Record, Store
from assay.app.snapshot import Snapshot
from assay.app.state import State
from assay.core.registry import registry
from assay.results.score import scoreboard


@pytest.fixture
def snapshot(filled: Path) -> Snapshot:
    return Snapshot(filled, registry, keep_intervals=False)


def benchmarks(snapshot: Snapshot, family: str) -> list[Any]:
    return [snapshot.benchmark(name) for name in snapshot.filled() if name.startswith(f"{family}/")]


@pytest.mark.parametrize("state", [
    State(), State(without=("Cu", "H")), State(weights=(("Lattices", 3.0), ("big/test-01", 0.0))),
    State(thresholds=(("big/test-02.mae", (0.0, 0.1)),)), State(preset="materials")])
def test_a_board_is_what_score_says(filled: Path, snapshot: Snapshot, state: State) -> None:
    from assay.app.snapshot import keeper

    board = snapshot.board("big", state)
    scheme = state.scheme(registry.families["big"].presets)
    with Store(filled, readonly=True) as store:
        cells, rows = scoreboard(store, benchmarks(snapshot, "big"), scheme=scheme, intervals="none",
                                 keep=keeper(state.without))
    assert [cell.to_json() for cell in board.cells.values()] == [cell.to_json() for cell in cells]
    for category in {row.category for row in rows}:
        expected = [(row.model, row.rank, row.score) for row in rows if row.category == category]
        assert [(row.model, row.rank, row.score) for row in board.rows[category]] == expected


def test_models_are_filtered_before_they_are_ranked(snapshot: Snapshot) -> None:
    board = snapshot.board("big", State(models=("potential-0[3-5]",)))
    assert board.models() == ["potential-03", "potential-04", "potential-05"]
    assert [row.rank for row in board.rows[None]] == [1, 2, 3]


def test_leaving_out_elements_leaves_out_cases(snapshot: Snapshot) -> None:
    name = snapshot.filled()[0]
    assert snapshot.sample(name, "potential-01").count("ok") == 10  # type: ignore[union-attr]
    assert snapshot.sample(name, "potential-01", ("Cu", "H")).count("ok") == 8  # type: ignore[union-attr]


def test_a_store_that_appears_and_grows_is_read_again(big: Any, tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path / "home", registry)
    assert snapshot.families() == []
    assert not (tmp_path / "home").exists()
    item, model = registry.benchmark("big/test-00"), registry.model("potential-01")
    with Store(tmp_path / "home") as store:
        for number, case in enumerate(item.cases()):
            store.add(item.name, 1, model.name, model.digest, case, Record({"deviation": 0.1 * number}))
            version, count = snapshot.version, snapshot.records
            assert count == number + 1
            assert snapshot.board("big", State()).cells[item.name, model.name].ok == count
            assert snapshot.version == version


def test_only_the_changed_benchmark_is_judged_again(big: Any, tmp_path: Path) -> None:
    model = registry.model("potential-01")
    case = next(iter(registry.benchmark("big/test-00").cases()))
    with Store(tmp_path) as store:
        for name in ("big/test-00", "big/test-01"):
            store.add(name, 1, model.name, model.digest, case, Record({"deviation": 0.1}))
        snapshot = Snapshot(tmp_path, registry)
        before = snapshot.board("big", State()).cells
        store.add("big/test-01", 1, model.name, model.digest, case, Record({"deviation": 0.3}))
        after = snapshot.board("big", State()).cells
    assert after["big/test-00", model.name] is before["big/test-00", model.name]
    assert after["big/test-01", model.name].metrics["mae"].value == pytest.approx(0.3)


def test_artefacts_are_found_by_what_records_name(filled: Path, snapshot: Snapshot) -> None:
    record = next(iter(snapshot.sample("big/test-00", "potential-01").records.values()))  # type: ignore[union-attr]
    ref = record.artefacts["molecule"]
    assert snapshot.artefact(ref.sha256) == ref
    assert snapshot.read(ref).startswith(b"3\n")
    assert snapshot.artefact("0" * 64) is None


def test_the_snapshot_writes_nothing(big: Any, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add("big/test-00", 1, "gone", "d", Case("case-00"), Record({"deviation": 1.0}))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    snapshot = Snapshot(tmp_path, registry, keep_intervals=False)
    snapshot.board("big", State())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*")
            if path.is_file() and path.suffix not in ("", ".db-shm", ".db-wal")} == {
        path: data for path, data in files.items() if path.suffix not in (".db-shm", ".db-wal")}
