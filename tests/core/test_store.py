"""The store: what goes in comes out, whoever else writes, whatever is wrong with the folder or the file."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay import Artefact, AssayError, Case, Record, Store
from assay.core.record import ArtefactRef
from assay.core.store import MIGRATIONS, NoStoreError, file_system, record_key

Python = Callable[..., subprocess.CompletedProcess[str]]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.dictionaries(TEXT, st.recursive(st.none() | st.booleans() | st.integers() | FINITE | TEXT,
                                            lambda inner: st.lists(inner, max_size=3)
                                            | st.dictionaries(TEXT, inner, max_size=3), max_leaves=10), max_size=4)
ARTEFACTS = st.dictionaries(TEXT, st.builds(Artefact, st.sampled_from(["text", "image"]), st.binary(max_size=64),
                                            st.sampled_from([".txt", ".bin", ""]), TEXT), max_size=3)
RECORDS = st.one_of(st.builds(Record, VALUES, ARTEFACTS), st.builds(Record.failed, TEXT),
                    st.builds(Record.skipped, TEXT))


def add(store: Store, case: str = "a", record: Record | None = None, benchmark: str = "lab/x", model: str = "m",
        version: int = 1, **further: Any) -> str:
    return store.add(benchmark, version, model, "d", Case(case), record or Record({"x": 1.0}), **further)


# -- round trip


@settings(max_examples=30)
@given(st.lists(RECORDS, min_size=1, max_size=4), TEXT.filter(bool), st.tuples(TEXT, TEXT))
def test_what_goes_in_comes_out(records: list[Record], model: str, tags: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Store(folder) as store:
            keys = [store.add("lab/x", 3, model, "digest", Case(f"case-{n}", {"n": n}, tags), record,
                              {"python": "3.11"}, 0.25) for n, record in enumerate(records)]
        with Store(folder, readonly=True) as store:
            stored = store.records()
            assert [item.key for item in stored] == keys
            for item, record in zip(stored, records, strict=True):
                assert (item.status, item.reason, item.values) == (record.status, record.reason, record.values)
                assert (item.benchmark, item.version, item.model, item.tags) == ("lab/x", 3, model, tags)
                assert (item.model_digest, item.seconds) == ("digest", 0.25)
                assert store.provenance(item.provenance) == {"python": "3.11"}
                assert {name: (store.read_artefact(ref), ref.kind, ref.suffix, ref.label)
                        for name, ref in item.artefacts.items()} == {
                            name: (a.data, a.kind, a.suffix, a.label) for name, a in record.artefacts.items()}


def test_a_record_gives_its_values_by_name(store: Store) -> None:
    add(store, record=Record({"x": 2.5}))
    (record,) = store.records()
    assert record["x"] == 2.5
    assert not record.full
    assert abs(record.created - time.time()) < 60


@pytest.mark.parametrize("change", [
    {"benchmark": "lab/y"}, {"version": 2}, {"model": "n"}, {"model_digest": "e"}, {"case": Case("b", {"n": 1})},
    {"case": Case("a", {"n": 2})},
])
def test_the_key_depends_on_all_that_decides_the_result(change: dict[str, Any]) -> None:
    given = {"benchmark": "lab/x", "version": 1, "model": "m", "model_digest": "d", "case": Case("a", {"n": 1})}
    assert record_key(**given) != record_key(**{**given, **change})


def test_tags_and_cost_do_not_change_the_key() -> None:
    assert record_key("b", 1, "m", "d", Case("a", {}, ("x",), 2.0)) == record_key("b", 1, "m", "d", Case("a"))


def test_the_same_key_is_replaced(store: Store) -> None:
    assert add(store, record=Record.failed("broke")) == add(store, record=Record({"x": 2.0}))
    (record,) = store.records()
    assert (record.status, record["x"], store.count()) == ("ok", 2.0, 1)


def test_records_are_sorted_and_chosen(store: Store) -> None:
    for benchmark, model, case, version in (("lab/y", "m", "a", 1), ("lab/x", "n", "b", 1), ("lab/x", "n", "a", 1),
                                            ("lab/x", "m", "z", 2), ("lab/x", "m", "z", 1)):
        add(store, case, benchmark=benchmark, model=model, version=version)
    assert [(r.benchmark, r.model, r.case) for r in store.records()] == [
        ("lab/x", "m", "z"), ("lab/x", "m", "z"), ("lab/x", "n", "a"), ("lab/x", "n", "b"), ("lab/y", "m", "a")]
    assert [r.version for r in store.records("lab/x", "m", 2)] == [2]
    assert [r.case for r in store.records("lab/x", "n")] == ["a", "b"]
    assert store.records("lab/z") == []
    assert store.pairs() == [("lab/x", "m"), ("lab/x", "n"), ("lab/y", "m")]
    assert set(store.statuses("lab/x", "n", 1).values()) == {"ok"}
    assert len(store.statuses("lab/x", "n", 1)) == 2


def test_records_are_removed_by_key(store: Store) -> None:
    keys = [add(store, case) for case in "abc"]
    assert store.remove([keys[0], keys[2], "no such key"]) == 2
    assert [record.case for record in store.records()] == ["b"]


def test_provenance_is_kept_once_and_unknown_ones_are_empty(store: Store) -> None:
    for case in "abc":
        add(store, case, provenance={"packages": {"ase": "3.26"}})
    assert len({record.provenance for record in store.records()}) == 1
    assert store._db.execute("select count(*) from provenance").fetchone() == (1,)
    assert store.provenance("no such") == {}


# -- artefacts

HELLO = Artefact("text", b"hello", ".txt", "a greeting")


def test_an_artefact_lies_under_its_hash(store: Store) -> None:
    add(store, record=Record({}, {"note": HELLO}))
    sha = HELLO.sha256
    path = store.root / "artefacts" / sha[:2] / f"{sha}.txt"
    assert path.read_bytes() == b"hello"
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_others_may_read_what_is_shared_with_them(store: Store) -> None:
    old = os.umask(0o022)
    try:
        assert stat.S_IMODE(store.write_artefact(HELLO).stat().st_mode) == 0o644
    finally:
        os.umask(old)


def test_bytes_that_are_there_are_made_young_and_not_written_again(store: Store) -> None:
    path = store.write_artefact(HELLO)
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert store.write_artefact(HELLO) == path
    assert path.stat().st_mtime > time.time() - 60
    assert path.stat().st_ino == inode


@pytest.mark.parametrize("damage", [b"hell", b"HELLO", b""])
def test_a_damaged_artefact_is_said_and_mended_by_the_next_run(store: Store, damage: bytes) -> None:
    path = store.write_artefact(HELLO)
    path.write_bytes(damage)
    with pytest.raises(AssayError, match="damaged") as caught:
        store.read_artefact(HELLO.reference)
    assert "--again all" in caught.value.hint
    add(store, record=Record({}, {"note": HELLO}))
    assert store.read_artefact(HELLO.reference) == b"hello"


def test_a_missing_artefact_is_said(store: Store) -> None:
    with pytest.raises(AssayError, match="missing"):
        store.read_artefact(ArtefactRef("text", "0" * 64, ".txt"))


def test_artefacts_are_in_place_before_the_record_that_names_them(store: Store) -> None:
    (store.root / "artefacts").write_text("a file where the folder should be")
    with pytest.raises(AssayError, match="store"):
        add(store, record=Record({}, {"note": HELLO}))
    assert store.count() == 0


# -- change


def test_the_number_of_change_changes_when_anybody_commits_and_only_then(store: Store, python: Python) -> None:
    add(store)
    first = store.change()
    assert store.change() == first
    store.records()
    assert store.change() == first
    add(store, "mine")
    second = store.change()
    assert second != first
    with Store(store.root) as other:
        add(other, "another connection's")
        third = store.change()
        assert third not in (first, second)
    code = ("import sys; from assay import *; "
            "Store(sys.argv[1]).add('lab/x', 1, 'm', 'd', Case('another process'), Record())")
    python(code, str(store.root))
    fourth = store.change()
    assert fourth not in (first, second, third)
    store.remove([store.records()[0].key])
    assert store.change() not in (first, second, third, fourth)


def test_stamps_change_with_the_records_of_their_benchmark_only(store: Store) -> None:
    add(store, "a")
    add(store, "a", benchmark="lab/y")
    before = store.stamps()
    assert set(before) == {"lab/x", "lab/y"}
    add(store, "a")
    after = store.stamps()
    assert after["lab/x"] != before["lab/x"]
    assert after["lab/y"] == before["lab/y"]


# -- several writers


def test_two_processes_write_five_hundred_records_each_at_once(store: Store, python: Python) -> None:
    code = """
import sys, os
from assay import Artefact, Case, Record, Store
children = []
for writer in "ab":
    if (child := os.fork()) == 0:
        with Store(sys.argv[1]) as store:
            for n in range(500):
                artefact = Artefact("text", str(n % 7).encode())
                store.add("lab/x", 1, writer, "d", Case(str(n)), Record({"n": n}, {"a": artefact}), {"w": writer})
        os._exit(0)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""
    assert python(code, str(store.root)).stdout == "[0, 0]\n"
    for writer in "ab":
        records = store.records("lab/x", writer)
        assert {record.case: record["n"] for record in records} == {str(n): n for n in range(500)}
        assert {store.provenance(record.provenance)["w"] for record in records} == {writer}
    assert len(list((store.root / "artefacts").glob("*/*"))) == 7
    assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_many_processes_may_make_the_store_at_once(tmp_path: Path, python: Python) -> None:
    code = """
import os, sys, time
from assay import Case, Record, Store
start, children = time.time() + 0.2, []
for n in range(8):
    if (child := os.fork()) == 0:
        while time.time() < start: pass
        try:
            Store(sys.argv[1]).add("lab/x", 1, str(n), "d", Case("a"), Record())
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    children.append(child)
print(sum(os.waitpid(child, 0)[1] for child in children))
"""
    for attempt in range(4):
        done = python(code, str(tmp_path / f"new-{attempt}"))
        assert done.stdout == "0\n", done.stderr
        with Store(tmp_path / f"new-{attempt}") as store:
            assert store.count() == 8
            assert store._db.execute("pragma user_version").fetchone() == (len(MIGRATIONS),)


def test_a_reader_sees_whole_records_while_another_process_writes(store: Store) -> None:
    code = ("import sys; from assay import *; store = Store(sys.argv[1])\n"
            "for n in range(300): store.add('lab/x', 1, 'm', 'd', Case(f'{n:03d}'), Record({'n': n}))")
    writer = subprocess.Popen([sys.executable, "-c", code, str(store.root)])
    counts = []
    while writer.poll() is None:
        records = store.records()
        assert [record.case for record in records] == [f"{n:03d}" for n in range(len(records))]
        counts.append(len(records))
    assert writer.returncode == 0
    assert counts == sorted(counts)
    assert store.count() == 300


def test_a_killed_writer_leaves_a_store_that_others_use(store: Store) -> None:
    code = ("import sys; from assay import *; store = Store(sys.argv[1]); print('ready', flush=True); n = 0\n"
            "while True: store.add('lab/x', 1, 'm', 'd', Case(str(n)), Record({'n': n})); n += 1")
    writer = subprocess.Popen([sys.executable, "-c", code, str(store.root)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    while store.count() < 20:
        time.sleep(0.01)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    add(store, "mine")
    cases = {record.case for record in store.records()}
    assert {str(n) for n in range(len(cases) - 1)} | {"mine"} == cases


# -- versions


def make_version_1(root: Path) -> str:
    """Make a store as the first assay did, with one record; returns its key."""
    root.mkdir()
    db = sqlite3.connect(root / "assay.db")
    db.executescript(MIGRATIONS[0])
    key = record_key("lab/x", 1, "m", "d", Case("a"))
    db.execute("insert into provenance values ('p', '{\"python\":\"3.11\"}')")
    db.execute("insert into record values (?, 'lab/x', 1, 'm', 'd', 'a', '[\"el:H\"]', 'ok', '', '{\"x\":1.5}', '{}', "
               "0.5, 'p', 1e9)", [key])
    db.execute("pragma user_version = 1")
    db.commit()
    db.close()
    return key


def test_a_store_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    key = make_version_1(tmp_path / "old")
    with Store(tmp_path / "old") as store:
        assert store._db.execute("pragma user_version").fetchone() == (len(MIGRATIONS),)
        (record,) = store.records()
        assert (record.key, record["x"], record.tags, record.created) == (key, 1.5, ("el:H",), 1e9)
        assert store.provenance(record.provenance) == {"python": "3.11"}
        plan = store._db.execute("explain query plan select * from record where benchmark = 'x' and model = 'y'")
        assert "record_pair" in str(plan.fetchall())
        assert add(store, "a") == key


def test_a_store_of_version_1_can_be_read_without_being_changed(tmp_path: Path) -> None:
    make_version_1(tmp_path / "old")
    before = (tmp_path / "old" / "assay.db").read_bytes()
    with Store(tmp_path / "old", readonly=True) as store:
        assert store.count() == 1
    assert (tmp_path / "old" / "assay.db").read_bytes() == before


def test_a_migration_that_breaks_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_version_1(tmp_path / "old")
    monkeypatch.setattr("assay.core.store.MIGRATIONS", (MIGRATIONS[0], "alter table record add column more text; no;"))
    with pytest.raises(AssayError, match="syntax error"):
        Store(tmp_path / "old")
    monkeypatch.undo()
    with Store(tmp_path / "old") as store:
        assert store.count() == 1
        assert "more" not in [row[1] for row in store._db.execute("pragma table_info(record)")]


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    db = sqlite3.connect(tmp_path / "assay.db")
    db.execute("pragma user_version = 99")
    db.close()
    for readonly in (False, True):
        with pytest.raises(AssayError, match=f"newer assay .store version 99, this one knows {len(MIGRATIONS)}"):
            Store(tmp_path, readonly=readonly)


# -- what is wrong with the place


def foreign(root: Path) -> None:
    db = sqlite3.connect(root / "assay.db")
    db.execute("create table recipes (name text)")
    db.commit()
    db.close()


def no_database(root: Path) -> None:
    (root / "assay.db").write_text("a text of more than a hundred bytes, which is no database at all. " * 9)


def folder_in_place(root: Path) -> None:
    (root / "assay.db").mkdir()


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize(("make", "what"), [
    (foreign, "expected a store of assay, found a database with the tables recipes"),
    (no_database, "file is not a database"),
    (folder_in_place, "assay.db"),
])
def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path, make: Any, what: str, readonly: bool) -> None:
    make(tmp_path)
    before = sorted((path.name, path.read_bytes() if path.is_file() else b"") for path in tmp_path.iterdir())
    with pytest.raises(AssayError, match=what) as caught:
        Store(tmp_path, readonly=readonly)
    assert caught.value.code == 2
    assert "ASSAY_HOME" in caught.value.hint
    assert sorted((path.name, path.read_bytes() if path.is_file() else b"") for path in tmp_path.iterdir()) == before


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    for root in (tmp_path / "home", tmp_path / "home" / "deeper"):
        with pytest.raises(AssayError, match="ASSAY_HOME"):
            Store(root)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError, match="no store at"):
        Store(tmp_path / "nothing", readonly=True)
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "assay.db").touch()  # as another process makes it, a moment before its tables
    with pytest.raises(NoStoreError, match="nothing in it yet"):
        Store(tmp_path, readonly=True)


def test_a_store_that_is_only_read_cannot_be_written(store: Store) -> None:
    add(store)
    with Store(store.root, readonly=True) as reader:
        assert reader.count() == 1
        with pytest.raises(AssayError, match="readonly"):
            add(reader, "b")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user of the machine may enter; those of pytest only their owner may."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def without_the_right(python: Python, code: str, folder: Path) -> str:
    """Run code that may not write the folder: as nobody if we are root, to whom everything is allowed."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    prepare = """
import os, sys
from assay import Artefact, AssayError, Store
import assay.core.record, sqlite3, traceback
if os.geteuid() == 0:
    os.setuid(65534)
"""
    try:
        return python(prepare + code, str(folder)).stdout
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


READ = """
store = Store(sys.argv[1], readonly=True)
(record,) = store.records()
print(record["x"], store.read_artefact(record.artefacts["note"]).decode())
try:
    Store(sys.argv[1])
except AssayError as error:
    print("writing:", error.code, error.message)
"""


def test_a_folder_that_cannot_be_written_can_be_read(public: Path, python: Python) -> None:
    old = os.umask(0o022)
    with Store(public) as store:
        add(store, record=Record({"x": 1.0}, {"note": HELLO}))
    os.umask(old)
    assert [path.name for path in public.glob("assay.db*")] == ["assay.db"]
    said = without_the_right(python, READ, public)
    assert said.startswith("1.0 hello\nwriting: 2 store ")
    assert "readonly" in said or "unable to open" in said


def test_a_folder_that_cannot_be_made_is_an_error_without_a_traceback(public: Path, python: Python) -> None:
    code = """
try:
    Store(sys.argv[1] + "/new")
except AssayError as error:
    print(error.code, error.message, error.hint)
"""
    said = without_the_right(python, code, public)
    assert said.startswith("2 store ")
    assert "Permission denied" in said
    assert "ASSAY_HOME" in said


def test_a_full_disk_is_one_error_and_nothing_half_written(store: Store, python: Python) -> None:
    code = """
import resource, sys
from assay import Artefact, AssayError, Case, Record, Store
store = Store(sys.argv[1])
store.add("lab/x", 1, "m", "d", Case("first"), Record())
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))  # no file grows beyond, as on a full disk
try:
    for n in range(10_000):
        store.add("lab/x", 1, "m", "d", Case(f"{n:05d}"), Record({"text": "x" * 1000}))
except AssayError as error:
    print(error.code, error.message)
try:
    store.add("lab/x", 1, "m", "d", Case("big"), Record({}, {"big": Artefact("image", bytes(700_000))}))
except AssayError as error:
    print(error.code, error.message)
print(store.count())
"""
    first, second, count = python(code, str(store.root)).stdout.splitlines()
    assert first.startswith("2 store ")
    assert second.startswith("2 store ")
    assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)
    cases = [record.case for record in store.records()]
    assert len(cases) == store.count() == int(count) > 10
    assert cases == [*(f"{n:05d}" for n in range(len(cases) - 1)), "first"]
    assert not [path for path in store.root.rglob("*") if path.suffix == ".part" or path.stat().st_size == 700_000]
    add(store, "there is space again")


def test_what_goes_wrong_inside_a_write_is_taken_back(store: Store) -> None:
    add(store, "a")
    record = store.records()[0]
    other = type(record)(**{**vars(record), "key": "k", "case": "b"})
    broken = type(record)(**{**vars(record), "key": "l", "seconds": None})
    with pytest.raises(AssayError, match="NOT NULL"):
        store.put([other, broken], {"p": "{}"})
    assert [item.case for item in store.records()] == ["a"]
    assert store.provenance("p") == {}
    add(store, "c")


def test_the_journal_is_a_wal_on_a_disk_and_not_on_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path / "disk") as store:
        assert store._db.execute("pragma journal_mode").fetchone() == ("wal",)
    monkeypatch.setattr("assay.core.store.file_system", lambda folder: "nfs4")
    with Store(tmp_path / "net") as store:
        assert store._db.execute("pragma journal_mode").fetchone() == ("delete",)
        add(store)


def test_the_file_system_is_that_of_the_innermost_mount() -> None:
    assert file_system(Path("/proc/self")) == "proc"
    assert file_system(Path("/")) not in ("", "proc")


def test_provenance_and_tags_are_json_in_the_file(store: Store) -> None:
    add(store, provenance={"b": 1, "a": 2})
    assert [json.loads(row[0]) for row in store._db.execute("select tags from record")] == [[]]
    assert store._db.execute("select body from provenance").fetchone() == ('{"a":2,"b":1}',)
