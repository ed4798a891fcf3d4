"""The same selectors on every verb."""

from __future__ import annotations

import pytest


def planned(outcome) -> set[tuple[str, str, int]]:
    return {(e["benchmark"], e["model"], e["todo"]) for e in outcome.events if e["event"] == "plan"}


def cases(outcome) -> list[str]:
    return sorted(e["case"] for e in outcome.events if e["event"] == "case")


def test_globs_match_whole_names_and_repeat(assay) -> None:
    outcome = assay("calc", "-b", "toy/sum", "-m", "toy-exact", code=5)
    assert "toy/sums" in outcome.err
    outcome = assay("calc", "-b", "toy/sums", "-b", "toy/neg*", "-m", "toy-exact", "-m", "toy-bias*", "--json")
    assert planned(outcome) == {(b, m, n) for b, n in (("toy/sums", 12), ("toy/negatives", 5))
                                for m in ("toy-exact", "toy-biased")}


def test_category(assay) -> None:
    outcome = assay("calc", "-b", "toy/*", "--category", "Signs", "-m", "toy-exact", "--json")
    assert planned(outcome) == {("toy/negatives", "toy-exact", 5)}


def test_case_limit_and_full(assay) -> None:
    one = ("calc", "-b", "toy/sums", "-m", "toy-exact", "--json")
    assert cases(assay(*one, "--case", "sum-0[01]")) == ["sum-00", "sum-01"]
    assert cases(assay(*one, "--limit", "3")) == ["sum-02"]
    assert cases(assay(*one, "--case", "sum-long")) == ["sum-long"]
    assert len(cases(assay(*one))) == 9
    assert cases(assay(*one, "--full")) == []


def test_full_cases_run_only_when_asked_for(assay) -> None:
    one = ("calc", "-b", "toy/sums", "-m", "toy-exact", "--json")
    assert "sum-long" not in cases(assay(*one))
    assert cases(assay(*one, "--full")) == ["sum-long"]


def test_only_pairs_of_one_family(assay) -> None:
    err = assay("calc", "-b", "toy/sums", "-m", "gfn2-xtb", code=5).err
    assert "one family" in err


def test_without_models_those_that_need_no_environment(assay) -> None:
    outcome = assay("calc", "-b", "toy/negatives", "--limit", "1", "--json", code=4)
    assert {model for _, model, _ in planned(outcome)} == {
        f"toy-{name}" for name in ("exact", "biased", "noisy", "positive", "unloadable", "missing-package", "dies",
                                   "sleeper")}


@pytest.mark.parametrize(("option", "glob"), [("-b", "nothing/*"), ("-m", "nothing*"), ("--category", "nothing"),
                                              ("--case", "nothing")])
def test_a_glob_that_matches_nothing_is_5(assay, option: str, glob: str) -> None:
    selection = {"-b": "toy/sums", "-m": "toy-exact", option: glob}
    outcome = assay("calc", *(part for pair in selection.items() for part in pair), code=5)
    assert "nothing" in outcome.err


@pytest.mark.parametrize("args", [("--limit", "0"), ("--jobs", "0"), ("--again", "some"), ("--jobs", "many")])
def test_bad_values_are_usage_errors(assay, args: tuple[str, ...]) -> None:
    err = assay("calc", *args, code=2).err
    assert err.startswith("error: Invalid value for")
    assert args[0] in err


def test_bad_jobs_variable(assay) -> None:
    err = assay("calc", "-b", "toy/sums", "-m", "toy-exact", code=2, env={"ASSAY_JOBS": "many"}).err
    assert "ASSAY_JOBS is 'many'" in err
