import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assay.atoms import cache
from assay.atoms.cache import EvaluationCache

KEY, VALUE = b"k" * 32, b"precious"


@pytest.fixture
def path(folders: Path) -> Path:
    return folders / "cache" / "evaluations.db"


def put_in_another(path: Path) -> None:
    other = EvaluationCache(path)
    other.put({KEY: VALUE})
    other.close()


def test_values_are_kept_for_other_processes(path: Path) -> None:
    put_in_another(path)
    assert EvaluationCache(path).get(KEY) == VALUE
    assert EvaluationCache(path).get(b"other") is None


def test_the_first_value_stays(path: Path) -> None:
    store = EvaluationCache(path)
    store.put({KEY: VALUE})
    store.put({KEY: b"another", b"more": b"new"})
    assert (store.get(KEY), store.get(b"more")) == (VALUE, b"new")


def test_it_lies_in_the_cache_folder_and_can_be_turned_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = cache.shared()
    assert store is not None
    assert store.path == path
    monkeypatch.setenv("ASSAY_EVAL_CACHE", "0")
    assert cache.shared() is None


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database, not even nearly" * 1000)


def truncate(path: Path) -> None:
    os.truncate(path, 5000)


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)


def flip_a_bit_of_a_value(path: Path) -> None:
    data = path.read_bytes()
    assert data.count(VALUE) == 1
    path.write_bytes(data.replace(VALUE, b"previous"))


def another_table(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("create table evaluation (a)")


@pytest.mark.parametrize("damage", [overwrite, truncate, scribble, flip_a_bit_of_a_value, another_table])
def test_a_damaged_file_is_set_aside_with_a_warning(damage, path: Path, capsys: pytest.CaptureFixture) -> None:
    put_in_another(path)
    damage(path)
    damaged = path.read_bytes()
    store = EvaluationCache(path)
    assert store.get(KEY) is None
    store.put({KEY: VALUE})
    assert EvaluationCache(path).get(KEY) == VALUE
    aside = list(path.parent.glob("evaluations.db.damaged-*[0-9]"))
    assert [file.read_bytes() for file in aside] == [damaged]
    warned = capsys.readouterr().err
    assert "damaged" in warned
    assert str(aside[0]) in warned


def test_damage_noticed_by_two_costs_the_new_file_nothing(path: Path) -> None:
    put_in_another(path)
    first, second = EvaluationCache(path), EvaluationCache(path)
    assert second.get(b"absent") is None
    flip_a_bit_of_a_value(path)
    assert first.get(KEY) is None
    first.put({KEY: b"again"})
    # The second still has the old file open, where the value does not have its checksum.
    assert second.get(KEY) == b"again"
    assert len(list(path.parent.glob("evaluations.db.damaged-*[0-9]"))) == 1
    second.close()
    assert first.get(KEY) == b"again"


def test_where_nothing_can_be_written_it_says_so_once(folders: Path, capsys: pytest.CaptureFixture) -> None:
    (folders / "file").write_text("in the way")
    store = EvaluationCache(folders / "file" / "evaluations.db")
    for _ in range(3):
        assert store.get(KEY) is None
        store.put({KEY: VALUE})
    assert capsys.readouterr().err.count("cannot be used") == 1


def test_a_thread_may_use_what_another_opened(path: Path, capsys: pytest.CaptureFixture) -> None:
    store = EvaluationCache(path)
    store.put({KEY: VALUE})
    with ThreadPoolExecutor() as threads:
        assert threads.submit(store.get, KEY).result() == VALUE
    assert capsys.readouterr().err == ""


WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from assay.atoms.cache import EvaluationCache
store = EvaluationCache(Path(sys.argv[1]))
sys.stdin.readline()
for i in range(200):
    store.put({f"{sys.argv[2]}-{i}".encode(): b"x" * 64, f"shared-{i}".encode(): sys.argv[2].encode()})
    assert store.get(f"shared-{i}".encode()) is not None
"""


def test_several_processes_make_it_and_write_at_once(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)], stdin=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for n in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    assert [writer.returncode for writer in writers] == [0] * 4
    with sqlite3.connect(path) as db:
        assert db.execute("select count(*) from evaluation").fetchone() == (4 * 200 + 200,)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
