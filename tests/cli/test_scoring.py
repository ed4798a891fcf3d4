"""analyse and compare: the documents, and tables that fit the terminal."""

from __future__ import annotations

import math
import os
import pty
import re
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

PLUGINS = Path(__file__).parents[1] / "plugin_package"


def cell(document: dict, benchmark: str, model: str) -> dict:
    return next(c for c in document["cells"] if (c["benchmark"], c["model"]) == (benchmark, model))


def test_analyse_document(assay, filled: Path) -> None:
    document = assay("analyse", "-b", "toy/*", "--json").json
    assert set(document) == {"schema", "cells", "leaderboard"}
    found = cell(document, "toy/sums", "toy-biased")
    assert set(found) == {"benchmark", "version", "model", "metrics", "score", "low", "high", "ok", "failed", "skipped",
                          "missing", "total", "coverage", "ranked", "state", "reason"}
    assert set(found["metrics"]["mae"]) == {"value", "unit", "score", "low", "high"}
    assert math.isclose(found["metrics"]["mae"]["value"], 0.5)
    assert math.isclose(found["score"], 0.75)
    assert (found["ok"], found["total"], found["coverage"]) == (12, 12, 1.0)
    assert (found["ranked"], found["state"]) == (True, "ok")
    row = document["leaderboard"][0]
    assert set(row) == {"family", "category", "model", "score", "low", "high", "rank", "tied_with", "coverage",
                        "ranked"}


def test_failed_skipped_and_missing_are_told_apart(assay, filled: Path) -> None:
    document = assay("analyse", "-b", "toy/*", "-m", "toy-*", "--json").json
    curves = cell(document, "toy/curves", "toy-exact")
    assert (curves["ok"], curves["failed"], curves["state"]) == (2, 1, "partial")
    assert curves["reason"] == "ValueError: the series does not converge"
    assert math.isclose(curves["score"], 2 / 3)
    negatives = cell(document, "toy/negatives", "toy-positive")
    assert (negatives["skipped"], negatives["state"], negatives["score"]) == (5, "none", None)
    assert negatives["reason"] == "knows no negative numbers"
    nothing = cell(document, "toy/sums", "toy-sleeper")
    assert (nothing["missing"], nothing["state"], nothing["score"]) == (12, "none", None)


def test_a_cell_for_every_pair_only_if_both_are_asked_for(assay, filled: Path) -> None:
    by_both = assay("analyse", "-b", "toy/sums", "-m", "toy-*", "--json").json
    by_model = assay("analyse", "-m", "toy-*", "--json").json
    assert {c["model"] for c in by_both["cells"]} > {c["model"] for c in by_model["cells"]}
    assert all(c["state"] != "none" or c["skipped"] for c in by_model["cells"])
    assert {c["benchmark"] for c in by_model["cells"]} == {"toy/sums", "toy/negatives", "toy/curves"}


def test_no_intervals_leaves_intervals_and_ties_null(assay, filled: Path) -> None:
    document = assay("analyse", "--no-intervals", "--json").json
    assert all(c["low"] is None and c["high"] is None for c in document["cells"])
    assert all(m["low"] is None for c in document["cells"] for m in c["metrics"].values())
    assert all(row["low"] is None and row["tied_with"] is None for row in document["leaderboard"])
    assert {row["rank"] for row in document["leaderboard"]} > {1, 2}


def test_intervals_are_there_and_hold_the_value(assay, filled: Path) -> None:
    found = cell(assay("analyse", "-b", "toy/sums", "--json").json, "toy/sums", "toy-noisy")
    assert found["low"] < found["score"] < found["high"]
    assert found["metrics"]["mae"]["low"] < found["metrics"]["mae"]["value"] < found["metrics"]["mae"]["high"]


def test_ranks_are_over_those_shown(assay, filled: Path) -> None:
    document = assay("analyse", "-b", "toy/sums", "-m", "toy-biased", "-m", "toy-noisy", "--json").json
    assert [(row["model"], row["rank"]) for row in document["leaderboard"] if row["category"] is None] == [
        ("toy-biased", 1), ("toy-noisy", 2)]


def test_cases_narrow_what_is_scored(assay, filled: Path) -> None:
    found = cell(assay("analyse", "-b", "toy/sums", "--case", "sum-0[0-3]", "--json").json, "toy/sums", "toy-exact")
    assert (found["ok"], found["total"]) == (4, 4)


def test_analyse_that_raises_is_an_error_in_its_cell_only(assay, filled: Path) -> None:
    assay("calc", "-b", "toy/unanalysable", "-m", "toy-exact")
    outcome = assay("analyse", "--json")
    found = cell(outcome.json, "toy/unanalysable", "toy-exact")
    assert (found["state"], found["score"], found["ranked"]) == ("error", 0.0, False)
    assert found["reason"] == "analyse: KeyError: 'reference'"
    assert cell(outcome.json, "toy/sums", "toy-exact")["state"] == "ok"
    assert "warning: toy/unanalysable toy-exact: analyse: KeyError" in assay("analyse").err


def test_results_of_a_model_that_is_not_registered_are_shown(assay, filled: Path) -> None:
    env = {"PYTHONPATH": str(PLUGINS)}
    Path("assay.toml").write_text('[[model]]\nname = "mine"\nfamily = "toy"\nloader = "assay_toy.models:adder"\n')
    assay("calc", "-b", "toy/sums", "-m", "mine", env=env)
    Path("assay.toml").unlink()
    document = assay("analyse", "-b", "toy/sums", "-m", "mine", "--json").json
    assert [c["model"] for c in document["cells"]] == ["mine"]


def test_empty_store_says_what_fills_it(assay) -> None:
    outcome = assay("analyse")
    assert outcome.out == ""
    assert "assay run -b" in outcome.err
    assert assay("analyse", "--json").json == {"schema": 1, "cells": [], "leaderboard": []}


@pytest.mark.parametrize("args", [("analyse", "-m", "toy-exakt"), ("analyse", "-b", "toy/summs"),
                                  ("compare", "toy-exakt", "toy-noisy")])
def test_unknown_names_are_5(assay, filled: Path, args: tuple[str, ...]) -> None:
    assert "did you mean" in assay(*args, code=5).err


# -- for people


def test_tables_name_units_intervals_and_reasons(assay, filled: Path) -> None:
    out = assay("analyse").out
    for text in ("toy/sums  Sums", "mae", " u ", "0.750", "[", "12/12", "toy: leaderboard", "rank", "tied with",
                 "5 skipped: knows no negative numbers", "1 failed: ValueError: the series does not converge",
                 "A model that covers less than 80 % of the cases is listed and not ranked."):
        assert text in out


def on_terminal(columns: int, *args: str, env: dict[str, str] | None = None) -> str:
    """Run assay on a terminal of that width and return what it wrote there."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {**os.environ, "PYTHONPATH": str(PLUGINS), "TERM": "xterm-256color", **(env or {})}
    variables.pop("COLUMNS", None)
    process = subprocess.Popen([sys.executable, "-m", "assay", *args], env=variables, stdin=slave, stdout=slave,
                               stderr=slave)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    process.wait(timeout=20)
    os.close(master)
    return text.decode()


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_tables_fit_the_terminal_and_keep_the_values(filled: Path, columns: int) -> None:
    out = on_terminal(columns, "analyse", "-b", "toy/sums", env={"NO_COLOR": "1"})
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.replace("\r", "")).splitlines()
    assert max(map(len, lines)) <= columns
    best = next(line for line in lines if line.lstrip().startswith("toy-biased"))
    assert best.split()[1] == "0.750"
    assert "0.500" in best
    assert "12/12" in best


def test_no_color_means_no_colour(filled: Path) -> None:
    assert "\x1b[" in on_terminal(100, "analyse")
    assert "\x1b[3" not in on_terminal(100, "analyse", env={"NO_COLOR": "1"})


# -- compare


def test_compare_document(assay, filled: Path) -> None:
    document = assay("compare", "toy-exact", "toy-biased", "--json").json
    assert set(document) == {"schema", "a", "b", "benchmarks", "score"}
    assert (document["a"], document["b"]) == ("toy-exact", "toy-biased")
    line = next(x for x in document["benchmarks"] if (x["benchmark"], x["metric"]) == ("toy/sums", "mae"))
    assert set(line) == {"benchmark", "metric", "n", "a", "b", "difference", "low", "high", "verdict", "p"}
    assert (line["n"], line["verdict"], line["p"]) == (12, "a", None)
    assert math.isclose(line["difference"], -0.5)
    assert set(document["score"]) == set(line)
    assert document["score"]["difference"] > 0


def test_compare_with_itself_is_a_tie(assay, filled: Path) -> None:
    document = assay("compare", "toy-noisy", "toy-noisy", "--json").json
    assert {line["verdict"] for line in document["benchmarks"]} == {"tie"}
    assert document["score"]["verdict"] == "tie"


def test_compare_only_on_cases_ok_in_both(assay, filled: Path) -> None:
    document = assay("compare", "toy-exact", "toy-positive", "--json").json
    assert {line["benchmark"]: line["n"] for line in document["benchmarks"]} == {"toy/sums": 12, "toy/curves": 2}


def test_compare_for_people(assay, filled: Path) -> None:
    out = assay("compare", "toy-exact", "toy-biased").out
    for text in ("toy-exact against toy-biased", "mae u", "-0.500", "over all", "better"):
        assert text in out


def test_compare_without_common_cases_says_what_to_run(assay, filled: Path) -> None:
    outcome = assay("compare", "toy-exact", "toy-sleeper")
    assert outcome.out == ""
    assert "assay calc -m toy-exact -m toy-sleeper" in outcome.err


def test_compare_survives_an_analysis_that_raises(assay, filled: Path) -> None:
    assay("calc", "-b", "toy/unanalysable", "-m", "toy-exact", "-m", "toy-biased")
    document = assay("compare", "toy-exact", "toy-biased", "--json").json
    line = next(x for x in document["benchmarks"] if x["benchmark"] == "toy/unanalysable")
    assert (line["a"], line["b"], line["verdict"]) == (None, None, "tie")
