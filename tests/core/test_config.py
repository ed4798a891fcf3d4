"""Where things are kept, as the environment says at each call."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import AssayError
from assay.core import config


def test_results_are_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "results"))
    assert config.home() == tmp_path / "results"
    monkeypatch.setenv("ASSAY_HOME", "relative")
    assert config.home() == tmp_path / "work" / "relative"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ASSAY_HOME", "~/results")
    assert config.home() == tmp_path / "results"


def test_without_it_results_are_in_the_current_folder_if_there_are_some(monkeypatch: pytest.MonkeyPatch,
                                                                        tmp_path: Path) -> None:
    monkeypatch.delenv("ASSAY_HOME")
    assert config.home().is_relative_to(tmp_path / "user")
    Path("assay-results").mkdir()
    assert config.home() == tmp_path / "work" / "assay-results"


def test_the_cache_is_where_the_variable_says_or_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert config.cache() == tmp_path / "cache"
    monkeypatch.delenv("ASSAY_CACHE")
    assert config.cache().is_relative_to(tmp_path / "user")


def test_mirrors_are_separated_by_colons_and_empty_parts_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.mirrors() == []
    monkeypatch.setenv("ASSAY_MIRROR", "/one::two:")
    assert config.mirrors() == [Path("/one"), Path("two").absolute()]


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_offline(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("ASSAY_OFFLINE", value)
    assert config.offline() is expected


def test_jobs_are_the_cores_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.jobs() == config.cpus() >= 1
    monkeypatch.setenv("ASSAY_JOBS", "7")
    assert config.jobs() == 7


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_number_of_jobs_is_said(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ASSAY_JOBS", value)
    with pytest.raises(AssayError, match=f"ASSAY_JOBS is '{value}'"):
        config.jobs()


def test_the_current_folders_models_come_before_the_users(tmp_path: Path) -> None:
    assert config.user_files() == []
    users = config.user_config_file()
    users.parent.mkdir(parents=True)
    users.touch()
    Path("assay.toml").touch()
    assert config.user_files() == [tmp_path / "work" / "assay.toml", users]
