"""doctor: what is wrong is wrong, what is optional is not."""

from __future__ import annotations

from pathlib import Path

import pytest


def checks(outcome) -> dict[str, dict]:
    return {check["name"]: check for check in outcome.json["checks"]}


def test_a_fresh_installation_is_well(assay) -> None:
    outcome = assay("doctor", "--json")
    assert set(outcome.json) == {"schema", "ok", "checks"}
    assert outcome.json["ok"] is True
    found = checks(outcome)
    assert set(found["python"]) == {"name", "ok", "detail", "hint"}
    assert {"assay", "python", "torch", "store", "cache", "mirror", "registry", "reference data"} <= set(found)
    assert {"environment mace", "environment sevenn"} <= set(found)
    assert "assay download" in found["reference data"]["hint"]


def test_it_makes_no_store(assay, folders: Path) -> None:
    assay("doctor")
    assert not (folders / "home").exists()


def test_for_people(assay, filled: Path) -> None:
    out = assay("doctor").out
    assert "All is well." in out
    assert "records of" in out


def test_source_changed_without_a_new_version(assay, folders: Path) -> None:
    plugin = folders / "plugin"
    (plugin / "mine-1.0.dist-info").mkdir(parents=True)
    (plugin / "mine-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (plugin / "mine-1.0.dist-info" / "entry_points.txt").write_text("[assay.plugins]\nmine = mine\n")
    source = plugin / "mine.py"
    text = '''
from assay import Benchmark, Case, Metric, Model, Record, benchmark, register_model

@benchmark
class Mine(Benchmark):
    """A benchmark that changes."""
    name, title, category, version = "mine/it", "It", "Mine", 1
    metrics = (Metric("x", "", good=1.0, bad=0.0),)
    def cases(self): return [Case("one")]
    def calc(self, model, case): return Record({"x": 1.0})
    def analyse(self, records): return {"x": 1.0}

register_model(Model(name="thing", family="mine", loader="builtins:dict"))
'''
    source.write_text(text)
    env = {"PYTHONPATH": str(plugin)}
    assay("calc", "-b", "mine/it", env=env)
    assert checks(assay("doctor", "--json", env=env))["benchmark source"]["ok"]
    source.write_text(text.replace("{'x': 1.0}", "{'x': 2.0}") + "# another way\n")
    outcome = assay("doctor", "--json", env=env, code=1)
    assert outcome.json["ok"] is False
    assert "mine/it" in checks(outcome)["benchmark source"]["detail"]
    assert "raise version" in checks(outcome)["benchmark source"]["hint"]
    # Once the version is raised, the old records speak of the old one.
    source.write_text(text.replace('"Mine", 1', '"Mine", 2'))
    assay("doctor", env=env)


def test_mirror_that_is_not_there(assay, folders: Path) -> None:
    outcome = assay("doctor", "--json", env={"ASSAY_MIRROR": str(folders / "nowhere")}, code=1)
    assert checks(outcome)["mirror"]["ok"] is False
    assert "nowhere" in checks(outcome)["mirror"]["hint"]


def test_data_in_a_mirror_is_at_hand(assay, toy_mirror: Path) -> None:
    assert "toy/numbers" not in checks(assay("doctor", "--json"))["reference data"]["detail"]
    toy_mirror.unlink()
    assert "toy/numbers" in checks(assay("doctor", "--json"))["reference data"]["detail"]


@pytest.mark.parametrize("contents", ["", "something else"])
def test_damaged_store(assay, folders: Path, contents: str) -> None:
    (folders / "home").mkdir()
    (folders / "home" / "assay.db").write_text(contents * 100)
    outcome = assay("doctor", "--json", code=1 if contents else 0)
    assert checks(outcome)["store"]["ok"] is not bool(contents)
