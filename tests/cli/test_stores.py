"""store: export, merge, rm, gc, verify, from outside."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from assay import Store


def test_export_and_merge_into_an_empty_store(assay, filled: Path, folders: Path) -> None:
    out = assay("store", "export", "dump").out
    assert "records" in out
    lines = Path("dump/toy/sums/toy-exact.jsonl").read_text().splitlines()
    assert [json.loads(line)["case"] for line in lines] == [f"sum-{n:02d}" for n in range(12)]
    other = {"ASSAY_HOME": str(folders / "other")}
    assert "records added" in assay("store", "merge", "dump", env=other).out
    assert assay("analyse", "--json", env=other).json == assay("analyse", "--json").json


def test_merge_keeps_ours_and_counts_on_stderr(assay, filled: Path, folders: Path) -> None:
    assay("store", "export", "dump")
    path = Path("dump/toy/sums/toy-exact.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["values"]["predicted"] = 99.0
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert assay("store", "merge", "dump").err.startswith("1 record with other values under the same key: ours stay")
    assert "theirs taken" in assay("store", "merge", "dump", "--theirs").err
    found = {record.case: record for record in Store(filled).records("toy/sums", "toy-exact")}
    assert found["sum-00"]["predicted"] == 99.0


def test_merge_takes_a_store_folder(assay, toy_results: Path) -> None:
    assay("store", "merge", str(toy_results))
    assert "equal" in assay("store", "merge", str(toy_results)).out
    assert assay("store", "verify", "--json").json["missing"] == []


@pytest.mark.parametrize("source", ["nowhere", "."])
def test_merge_from_something_else_is_a_clear_error(assay, source: str) -> None:
    assert "expected a store folder or an export" in assay("store", "merge", source, code=2).err


def test_rm_needs_a_selector_and_a_yes(assay, filled: Path) -> None:
    count = Store(filled).count()
    assert "needs a selector" in assay("store", "rm", "--yes", code=2).err
    assert "would delete 12 records" in assay("store", "rm", "-b", "toy/sums", "-m", "toy-exact", code=2).err
    assert Store(filled).count() == count
    assert assay("store", "rm", "-b", "toy/sums", "-m", "toy-exact", "--yes").out == "12 records deleted\n"
    assert Store(filled).count() == count - 12
    assay("store", "rm", "-m", "nobody", "--yes", code=5)


def test_rm_by_category_and_case(assay, filled: Path) -> None:
    assert assay("store", "rm", "--category", "Signs", "--case", "negative-1", "--yes").out == "4 records deleted\n"


def test_gc_takes_what_nobody_names(assay, filled: Path) -> None:
    before = len(list((filled / "artefacts").glob("*/*")))
    assay("store", "rm", "-b", "toy/sums", "-m", "toy-noisy", "--yes")
    assert assay("store", "gc").out.startswith("0 artefacts removed")
    for path in (filled / "artefacts").glob("*/*"):
        os.utime(path, (time.time() - 4000,) * 2)
    assert assay("store", "gc").out.startswith("12 artefacts removed")
    assert len(list((filled / "artefacts").glob("*/*"))) == before - 12
    assert assay("store", "verify").out.endswith("0 missing, 0 corrupt\n")


def test_gc_now(assay, filled: Path) -> None:
    assay("store", "rm", "-b", "toy/sums", "--yes")
    time.sleep(1.1)  # what was written within a second may belong to a writer that still runs
    assay("store", "gc", "--now")
    assert list((filled / "artefacts").glob("*/*")) == []


def test_verify_finds_missing_and_corrupt(assay, filled: Path) -> None:
    good = assay("store", "verify", "--json").json
    assert set(good) == {"schema", "records", "artefacts", "missing", "corrupt"}
    assert good["artefacts"] > 2
    one, two, *_ = sorted((filled / "artefacts").glob("*/*"))
    one.unlink()
    two.write_bytes(b"damaged")
    bad = assay("store", "verify", "--json", code=1).json
    assert [item["sha256"] for item in bad["missing"]] == [one.stem]
    assert [item["sha256"] for item in bad["corrupt"]] == [two.stem]
    err = assay("store", "verify", code=1).err
    assert "--again all" in err
    assert one.name in err
