"""What a reader sees when something is wrong, and the exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.cli.errors import guarded
from assay.core.errors import AssayError


def raising(error: BaseException):
    def run() -> None:
        raise error

    return run


def test_result_is_the_exit_code() -> None:
    assert [guarded(lambda value=value: value) for value in (None, 0, 3)] == [0, 0, 3]


def test_error_tells_what_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(AssayError("file x: expected 1, found 2", "do this\nor that", 3))) == 3
    assert capsys.readouterr().err == "error: file x: expected 1, found 2\n  do this\n  or that\n"


def test_interrupt_is_130_and_says_that_results_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(KeyboardInterrupt())) == 130
    assert "kept" in capsys.readouterr().err


def test_fault_of_ours_gives_no_traceback_unless_asked(capsys: pytest.CaptureFixture[str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    assert guarded(raising(ZeroDivisionError("division by zero"))) == 70
    err = capsys.readouterr().err
    assert err.startswith("error: unexpected ZeroDivisionError: division by zero\n")
    assert "Traceback" not in err
    monkeypatch.setenv("ASSAY_DEBUG", "1")
    guarded(raising(ZeroDivisionError("division by zero")))
    assert "Traceback" in capsys.readouterr().err


def test_debug_shows_where_an_error_comes_from(assay) -> None:
    err = assay("show", "nothing", code=5, env={"ASSAY_DEBUG": "1"}).err
    assert err.startswith("error: no benchmark or model named 'nothing'")
    assert "Traceback" in err


def test_broken_user_file_is_named(assay) -> None:
    Path("assay.toml").write_text("[[model]\n")
    err = assay("list", code=2).err
    assert "assay.toml" in err
    assert "cannot be read as TOML" in err


def test_unknown_field_of_a_user_model_is_named(assay) -> None:
    Path("assay.toml").write_text('[[model]]\nname = "mine"\nfamily = "toy"\nloadr = "a:b"\n')
    err = assay("list", code=2).err
    assert "unknown field 'loadr'" in err
    assert "loader" in err


def test_plugin_that_cannot_be_imported_is_one_warning(assay, folders: Path) -> None:
    plugin = folders / "plugin"
    (plugin / "sick-1.0.dist-info").mkdir(parents=True)
    (plugin / "sick.py").write_text("raise RuntimeError('no good')\n")
    (plugin / "sick-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: sick\nVersion: 1.0\n")
    (plugin / "sick-1.0.dist-info" / "entry_points.txt").write_text("[assay.plugins]\nsick = sick\n")
    env = {"PYTHONPATH": os.pathsep.join([str(plugin), os.environ.get("PYTHONPATH", "")])}
    outcome = assay("list", "benchmarks", "--json", env=env)
    assert outcome.err.count("\n") == 1
    assert "plugin sick" in outcome.err
    assert "no good" in outcome.err
    assert outcome.json["benchmarks"]
    failed = [check for check in assay("doctor", "--json", env=env, code=1).json["checks"] if not check["ok"]]
    assert [check["name"] for check in failed] == ["plugin sick"]


def test_foreign_file_in_place_of_the_store(assay, folders: Path) -> None:
    (folders / "home").mkdir()
    (folders / "home" / "assay.db").write_text("not a database, but long enough to be looked at as one" * 40)
    err = assay("analyse", code=2).err
    assert "assay.db" in err
    assert "ASSAY_HOME" in err


def test_home_that_is_a_file(assay, folders: Path) -> None:
    (folders / "home").write_text("")
    err = assay("calc", "-b", "toy/sums", "-m", "toy-exact", code=2).err
    assert err.startswith(f"error: store {folders / 'home' / 'assay.db'}")
