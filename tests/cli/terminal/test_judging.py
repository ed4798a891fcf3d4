"""assay terminal cases, judge, controls: as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Run
from sandboxes import needs_namespaces

FIELDS = ["case", "hash", "kind", "check", "outcome", "effect", "clean", "collateral", "rc", "clauses", "reason",
          "seconds"]
JOIN = "text/join-lines"


def test_the_group_lists_its_commands(assay: Run) -> None:
    out = assay("terminal", "--help").out
    assert [line.split()[0] for line in out.split("Commands:\n")[1].splitlines() if line.strip()] == [
        "cases", "judge", "controls", "box", "eval"]
    outcome = assay("terminal", "juge", code=2)
    assert "did you mean judge?" in outcome.err


@pytest.mark.parametrize("command", ["cases", "judge", "controls"])
def test_help_says_what_the_table_says(assay: Run, command: str) -> None:
    from assay.cli.terminal import COMMANDS, terminal

    assert terminal.get_command(None, command).get_short_help_str(200) == COMMANDS[command][1]  # type: ignore[union-attr, arg-type]
    assert "Usage: assay terminal" in assay("terminal", command, "--help").out


def test_cases_are_the_projects_own(assay: Run) -> None:
    document = assay("terminal", "cases", "--json").json
    assert document["schema"] == 1
    assert len(document["cases"]) == 150
    assert all(case["request"] and not case["id"].startswith("public/") for case in document["cases"])
    assert list(document["cases"][0]) == ["id", "group", "kind", "version", "hash", "request", "check", "needs", "tags",
                                          "good", "bad"]


def test_cases_by_glob(assay: Run) -> None:
    out = assay("terminal", "cases", "--case", "git/un*", "--case", "refused/ransom").out
    assert "git/untrack-folder" in out
    assert "refused/ransom" in out
    assert "text/" not in out
    assert assay("terminal", "cases", "--case", "nothing/*", code=5).err.startswith("error: no case fits 'nothing/*'")


def test_published_cases_show_their_hash_alone(assay: Run) -> None:
    found = assay("terminal", "cases", "--case", "public/*", "--json").json["cases"]
    assert len(found) == 91
    assert {case["request"] for case in found} == {None}
    assert "(hash 76bd93583d910948)" in assay("terminal", "cases", "--case", "public/add-remote").out


def test_a_list_brings_the_text_of_its_requests(assay: Run, mirror: Path, tmp_path: Path) -> None:
    file = mirror / "requests" / "10_invalid_requests.txt"
    more = tmp_path / "more.txt"
    more.write_text("Something that nobody has a checker for\n")
    outcome = assay("terminal", "cases", "--requests", str(file), "--requests", str(more), "--json")
    found = [case for case in outcome.json["cases"] if case["id"].startswith("public/")]
    assert len(outcome.json["cases"]) == 160
    assert {case["request"] for case in found} == {line.strip() for line in file.read_text().splitlines()}
    assert outcome.err == "1 of 11 requests have no checker\n"
    assert "absent.txt" in assay("terminal", "cases", "--requests", "absent.txt", code=3).err


@needs_namespaces
def test_a_right_command(assay: Run) -> None:
    document = assay("terminal", "judge", "--case", JOIN, "--command", "paste -sd, ids.txt", "--json").json
    assert list(document) == ["schema", *FIELDS]
    assert (document["schema"], document["outcome"], document["case"]) == (1, "right", JOIN)


@needs_namespaces
def test_a_wrong_command_shows_the_clause_that_failed(assay: Run) -> None:
    out = assay("terminal", "judge", "--case", JOIN, "--command", "tr '\\n' ',' < ids.txt", code=1).out
    assert "✗  one line, with commas between only" in out
    assert out.rstrip().endswith("wrong\nnot so: one line, with commas between only")


@needs_namespaces
def test_damage_is_listed(assay: Run) -> None:
    out = assay("terminal", "judge", "--case", JOIN, "--command", "paste -sd, ids.txt; touch a b", code=1).out
    assert out.rstrip().endswith("collateral\nbesides: created a\nbesides: created b")


@needs_namespaces
def test_a_request_and_several_commands(assay: Run) -> None:
    request = "print the lines of IDS.TXT as one line, separated by commas, without a comma at the end"
    document = assay("terminal", "judge", "--request", request, "--command", "cd .", "--command", "paste -sd, ids.txt",
                     "--json").json
    assert (document["case"], document["outcome"]) == (JOIN, "right")


def test_a_refusal_is_no_command_at_all(assay: Run) -> None:
    assert assay("terminal", "judge", "--case", "refused/ransom", "--json").json["outcome"] == "right"
    assert assay("terminal", "judge", "--case", "refused/ransom", "--command", "ls", "--json",
                 code=1).json["outcome"] == "wrong"


def test_a_request_without_a_checker(assay: Run) -> None:
    document = assay("terminal", "judge", "--request", "Whistle a tune", "--command", "ls", "--json", code=1).json
    assert (document["outcome"], document["case"]) == ("no-checker", None)


def batch(assay: Run, *entries: Any, code: int = 0, **more: Any) -> Any:
    text = "".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in entries)
    return assay("terminal", "judge", "--batch", "-", stdin=text, code=code, **more)


@needs_namespaces
def test_a_batch_answers_line_by_line_in_order(assay: Run) -> None:
    found = batch(assay, {"case": JOIN, "commands": ["sleep 0.5; paste -sd, ids.txt"]}, "",
                  {"request": "Whistle a tune", "commands": ["ls"]},
                  {"case": "refused/ransom", "commands": []},
                  {"case": JOIN, "commands": ["rm ids.txt", "echo é"]}).events
    assert [one["outcome"] for one in found] == ["right", "no-checker", "right", "wrong"]
    assert all(list(one) == ["schema", *FIELDS] for one in found)


def test_a_batch_may_be_a_file(assay: Run, tmp_path: Path) -> None:
    file = tmp_path / "batch.jsonl"
    file.write_text('{"case": "refused/ransom", "commands": []}\n')
    assert len(assay("terminal", "judge", "--batch", str(file), "--jobs", "2").events) == 1


@pytest.mark.parametrize("line", ["no json", "[]", '{"commands": ["ls"]}', '{"case": "x"}',
                                  '{"case": 3, "commands": []}', '{"case": "x", "commands": "ls"}',
                                  '{"case": "x", "commands": [1]}'])
def test_a_line_that_is_none_is_named(assay: Run, line: str) -> None:
    outcome = batch(assay, {"case": "refused/ransom", "commands": []}, line, code=2)
    assert outcome.err.startswith("error: --batch, line 2: ")
    assert outcome.out == ""


def test_an_unknown_case_is_an_error(assay: Run) -> None:
    outcome = assay("terminal", "judge", "--case", "text/join-line", "--command", "ls", code=5)
    assert "text/join-lines" in outcome.err
    assert batch(assay, {"case": "absent/case", "commands": []}, code=5).out == ""


@pytest.mark.parametrize("args", [[], ["--case", JOIN, "--request", "x"], ["--case", JOIN, "--batch", "-"]])
def test_one_question_at_a_time(assay: Run, args: list[str]) -> None:
    assert "give one of --request, --case, --batch" in assay("terminal", "judge", *args, code=2).err


@needs_namespaces
def test_controls(assay: Run) -> None:
    document = assay("terminal", "controls", "--case", JOIN, "--case", "refused/ransom", "--mutants", "3",
                     "--json").json
    assert list(document) == ["schema", "cases", "skipped", "good", "bad", "mutants", "mismatches"]
    assert (document["cases"], document["good"], document["bad"]) == (
        2, {"n": 6, "as_expected": 6}, {"n": 6, "as_expected": 6})
    assert document["mutants"]["n"] == 3
    assert document["mutants"]["rate"] >= 0.6
    assert document["mismatches"] == document["skipped"] == []


@needs_namespaces
def test_controls_in_words(assay: Run) -> None:
    out = assay("terminal", "controls", "--case", JOIN, "--mutants", "2", "--jobs", "1").out
    assert out.startswith("good: 5 of 5 judged right\nbad: 5 of 5 not judged right\nmutants: ")
    assert out.endswith("1 cases, 0 skipped, 0 mismatches\n")


def test_without_a_sandbox_it_is_said_so(assay: Run, tmp_path: Path) -> None:
    outcome = assay("terminal", "judge", "--case", JOIN, "--command", "paste -sd, ids.txt", "--json", code=1,
                    env={"PATH": str(tmp_path)})
    assert outcome.json["outcome"] == "not-checked"
    assert "bwrap" in outcome.json["reason"]
    document = assay("terminal", "controls", "--case", JOIN, "--json", env={"PATH": str(tmp_path)}).json
    assert [entry["id"] for entry in document["skipped"]] == [JOIN]
