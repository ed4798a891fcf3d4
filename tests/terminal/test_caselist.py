"""The cases: how many, how they are made, that each has what it takes to be trusted, and that no text is borrowed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.errors import NOTHING, AssayError
from assay.terminal import caselist, requests
from assay.terminal.caselist import GROUPS, KINDS, CommandCase
from assay.terminal.prompts import examples_for
from assay.terminal.recipebook import recipes
from assay.terminal.requests import normalised, request_hash

ROOT = Path(__file__).parents[2]
CASES = caselist.load()
VALID = [case for case in CASES if not case.refused]
LISTS = ("85_command_requests.txt", "10_invalid_requests.txt")
# What a fixture may look like in words: these cases ask of the machine, not of files that someone made.
BARE = {"public/who-am-i", "public/disk-usage", "public/hard-limit-of-files", "public/hard-limit-of-processes",
        "public/known-users", "public/name-of-machine", "public/time-with-zone", "public/random-file"}


def test_eight_groups_of_fifteen_and_thirty_to_be_refused() -> None:
    own = caselist.own()
    counts = Counter((case.group, case.kind) for case in own)
    assert {group: counts[group, "valid"] for group in GROUPS} == dict.fromkeys(GROUPS, 15)
    assert {kind: counts["refused", kind] for kind in KINDS} == {
        "valid": 0, "invalid": 14, "unsafe": 8, "underspecified": 8}
    assert len(own) == 150


def test_the_published_requests_are_all_there() -> None:
    counts = Counter(case.check for case in CASES if case.public)
    assert counts == {"execution": 60, "shim": 21, "static": 10}
    assert {case.kind for case in CASES if case.public and case.refused} == {"invalid"}
    assert {case.group for case in CASES if case.public and not case.refused} <= set(GROUPS)


def test_ids_and_hashes_differ() -> None:
    assert len({case.id for case in CASES}) == len({case.hash for case in CASES}) == len(CASES)
    assert all(case.hash == request_hash(case.request) for case in caselist.own())


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_a_valid_case_can_be_trusted(case: CommandCase) -> None:
    assert len(set(case.good)) >= 3
    assert len(set(case.bad)) >= 3
    assert not set(case.good) & set(case.bad)
    assert callable(case.checker)
    assert case.id in BARE or any(text.strip() for text in (*case.fixtures, case.background)) or case.environment \
        or len(case.shims) > 1
    assert all(pattern and not pattern.startswith(("/", "..")) for pattern in case.touches)


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.id)
def test_its_good_commands_are_not_one_command_in_other_words(case: CommandCase) -> None:
    skeletons = {re.sub(r"[\W_]+", " ", re.sub(r"(?<=\s)-\S+", "", command)).strip() for command in case.good}
    assert len(skeletons) >= 2, skeletons


def test_refused_cases_run_nothing() -> None:
    for case in CASES:
        if case.refused:
            assert (case.check, case.good, case.shims.keys()) == ("static", (), set(caselist.EVERYWHERE))
            assert case.bad


def test_every_checker_belongs_to_a_case() -> None:
    for module in {case.module for case in VALID}:
        names = {case.name.replace("-", "_") for case in VALID if case.module == module}
        text = (ROOT / "src/assay/terminal/checks" / f"{module}.py").read_text()
        made = set(re.findall(r"^def (\w+)\(run: Evidence\) -> Clauses:", text, re.MULTILINE))
        assert made == names


def test_scripts_are_shell_that_parses() -> None:
    bash = shutil.which("bash")
    assert bash
    texts = {text for case in VALID for text in (*case.fixtures, case.background, case.probe, case.session,
                                                 case.enter, *case.shims.values())}
    for text in {*texts, caselist.prelude()}:
        done = subprocess.run([bash, "-n"], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), text


def test_requests_examples_and_recipes_are_apart() -> None:
    asked = {case.hash: case.id for case in CASES}
    shown = {request_hash(example.request) for example in examples_for("Linux")}
    known = {request_hash(task) for recipe in recipes() for task in recipe.tasks}
    assert not asked.keys() & shown
    assert {asked[key] for key in asked.keys() & known} == set()


def test_the_hash_finds_the_case_and_keeps_the_text() -> None:
    case = caselist.find("git/push-new-branch")
    found = caselist.by_hash(case.request.upper() + " . ")
    assert found is not None
    assert (found.id, found.request) == (case.id, case.request.upper() + " . ")
    assert caselist.by_hash("Nobody ever asked this") is None


def test_the_published_lists_find_their_cases(mirror: Path) -> None:
    texts = [text for name in LISTS for text in requests.read(mirror / "requests" / name)]
    found = [caselist.by_hash(text) for text in texts]
    assert None not in found
    assert len({case.id for case in found if case}) == 91
    assert Counter(case.kind for case in found[:85] if case) == {"valid": 81, "invalid": 4}


def repository_files() -> Iterator[Path]:
    for folder in ("src", "tests", "docs", "examples", "perf"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".toml", ".md", ".sh", ".txt", ".js", ".css", ".cfg", ""):
                yield path


def test_no_published_request_is_written_down_here(mirror: Path) -> None:
    texts = {normalised(text) for name in LISTS for text in requests.read(mirror / "requests" / name)}
    sentences = {text for text in texts if len(text.split()) > 4}
    assert len(sentences) > 60
    for path in repository_files():
        words = normalised(path.read_text(errors="replace"))
        assert [text for text in sentences if text in words] == [], path


def test_a_digest_changes_with_what_a_verdict_depends_on() -> None:
    case = caselist.find("files/swap-two-files")
    assert case.digest == replace(case).digest
    assert case.digest != replace(case, fixtures=("put a",)).digest
    assert case.digest != replace(case, touches=()).digest
    assert case.digest != replace(case, module="text").digest
    assert case.digest != replace(case, version=2).digest
    assert case.digest == replace(case, good=(), bad=(), tags=("x",), request="other").digest


def test_globs_choose_cases() -> None:
    assert {case.group for case in caselist.matching(["git/*", "text/count-*"])} == {"git", "text"}
    assert len(caselist.matching([])) == len(CASES)
    with pytest.raises(AssayError) as caught:
        caselist.matching(["gti/*"])
    assert caught.value.code == NOTHING
    with pytest.raises(AssayError) as caught:
        caselist.find("git/push-new-branhc")
    assert "git/push-new-branch" in caught.value.hint


def test_a_case_with_a_word_nobody_knows_says_where(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text('group = "odd"\n[case.one]\nrequest = "x"\nfixtrue = "y"\n')
    with pytest.raises(AssayError) as caught:
        list(caselist.of_file(file))
    assert "odd.toml: case one" in caught.value.message
    assert "fixtrue" in caught.value.message


def test_json_of_a_case() -> None:
    document = caselist.find("git/squash-last-three").to_json()
    assert list(document) == ["id", "group", "kind", "version", "hash", "request", "check", "needs", "tags", "good",
                              "bad"]
    assert (document["tags"], document["needs"], document["check"]) == (["destroys"], ["git"], "execution")
    assert caselist.find("public/add-remote").to_json()["request"] is None
