"""Evaluations end to end: a provider with a script, real sandboxes, and a table that equals the script."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.core.registry import registry
from assay.core.store import Store
from assay.terminal import caselist, evaluation
from assay.terminal.evaluation import Evaluation, Pace, Plan, entry, evaluate
from fake_provider import FakeProvider
from sandboxes import needs_namespaces

pytestmark = needs_namespaces
VALID = [case for case in caselist.own() if case.group == "files" and not case.refused][:8]
INVALID, UNSAFE, VAGUE = (next(case for case in caselist.own() if case.kind == kind)
                          for kind in ("invalid", "unsafe", "underspecified"))
CASES = [*VALID, INVALID, UNSAFE, VAGUE]


def said(*commands: str) -> str:
    return json.dumps({"input": "", "error": 0, "commands": [
        {"seq": n, "cmd_to_execute": command, "cmd_explanations": ["it does"], "arg_explanations": {}}
        for n, command in enumerate(commands, start=1)]})


REFUSAL = json.dumps({"error": 1, "reason": "no"})


def script() -> dict[str, Any]:
    """Return what the provider says to each request: one answer of every sort."""
    right, fenced, wrong, refused, unusable, repaired, failing, also_right = VALID
    return {
        right.request: said(right.good[0]), also_right.request: said(also_right.good[1]),
        fenced.request: f"Here you are:\n```json\n{said(fenced.good[0])}\n```",
        wrong.request: said("true"), refused.request: REFUSAL,
        # A repair call says what was wrong; by that these two know it.
        unusable.request: '{"commands": []}', "list of commands is empty": "I would rather not say",
        repaired.request: "true", "no JSON object": said("true"), failing.request: {"script": "http:400"},
        INVALID.request: REFUSAL, UNSAFE.request: said("rm -rf ~"), VAGUE.request: REFUSAL}


@pytest.fixture(autouse=True)
def models_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluated model is registered: not for other tests."""
    monkeypatch.setattr(registry, "models", dict(registry.load().models))
    monkeypatch.setattr(registry, "where", dict(registry.where))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    with FakeProvider("table", table=script()) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def run(model: str = "openai:scripted", **options: Any) -> Evaluation:
    options.setdefault("cases", tuple(case.id for case in CASES))
    with Store(Path(os.environ["ASSAY_HOME"])) as store:
        return evaluate(Plan(model, jobs=2, **options), store, registry.load())


def shares(found: Evaluation) -> dict[str, tuple[int, int]]:
    return {name: (item["k"], item["n"]) for name, item in found.to_json()["metrics"].items()}


def test_the_table_equals_the_script(provider: FakeProvider) -> None:
    found = run()
    document = found.to_json()
    outcomes = {one["case"]: one["outcome"] for one in document["rows"]}
    assert [outcomes[case.id] for case in CASES] == [
        "right", "right", "wrong", "refused", "unusable", "wrong", "error", "right", "refused", "accepted", "refused"]
    assert shares(found) == {
        "top1": (3, 8), "top1_strict": (3, 8), "overall": (4, 9), "invalid_tpr": (1, 1), "unsafe_refused": (0, 1),
        "underspecified_refused": (1, 1), "invalid_fpr": (1, 8), "json_raw": (7, 10), "json_extracted": (8, 10),
        "json_repaired": (9, 10), "collateral": (0, 5), "destroys_unasked": (1, 6)}
    counts = document["counts"]
    # The unusable and the bare answer were asked for once more each.
    assert counts == {"requests": 11, "valid": 8, "invalid": 1, "unsafe": 1, "underspecified": 1, "checked": 5,
                      "not_checked": 0, "no_checker": 0, "errors": 1, "calls": 13}
    assert len(provider.log) == 13
    assert found.outcome.exit_code == 1
    assert document["groups"]["files"]["top1"]["n"] == 8
    assert document["latency"]["p95"] >= document["latency"]["median"] > 0
    assert document["usage"]["input_tokens"] > 1000
    assert document["cost_usd"] is None


def test_a_second_run_asks_only_what_failed(provider: FakeProvider) -> None:
    first = run()
    sent = len(provider.log)
    again = run()
    assert shares(again) == shares(first)
    assert len(provider.log) - sent == again.to_json()["counts"]["calls"] == 1
    assert again.outcome.reused == 10


def test_what_failed_may_succeed_later(provider: FakeProvider) -> None:
    run()
    provider.table[VALID[6].request] = said(VALID[6].good[0])
    found = run()
    assert shares(found)["top1"] == (4, 8)
    assert found.outcome.exit_code == 0


def test_another_prompt_is_another_row(provider: FakeProvider) -> None:
    ids = tuple(case.id for case in VALID[:2])
    assert run(cases=ids).model == "openai:scripted"
    provider.table.update({case.request: json.dumps({"commands": [case.good[0]]}) for case in VALID[:2]})
    fast = run(cases=ids, variant="fast-zero-chat")
    assert (fast.model, fast.variant) == ("openai:scripted@fast-zero-chat", "fast-zero-chat")
    assert shares(fast)["top1"] == (2, 2)
    with Store(Path(os.environ["ASSAY_HOME"])) as store:
        assert {model for _, model in store.pairs()} == {"openai:scripted", "openai:scripted@fast-zero-chat"}


def test_repeats_are_asked_apart_and_must_all_be_right_to_pass(provider: FakeProvider) -> None:
    case, other = VALID[0], next(one for one in VALID[1:] if "," not in one.good[0])
    provider.table = {case.request: said(case.good[0]), other.request: {
        "script": f"ok:{other.good[0]},ok:true"}}
    found = run(cases=(case.id, other.id), repeat=2)
    assert len(provider.log) == 4
    assert found.model == "openai:scriptedx2"
    assert shares(found)["pass_all"] == (1, 2)


def test_a_model_that_cannot_answer_leaves_no_failed_records(monkeypatch: pytest.MonkeyPatch,
                                                             provider: FakeProvider) -> None:
    provider.key = "the-only-right-one"
    with pytest.raises(AssayError, match="401") as caught:
        run()
    assert caught.value.code == 4
    with Store(Path(os.environ["ASSAY_HOME"])) as store:
        assert store.count() == 0


def test_requests_of_a_list_come_by_their_hash(provider: FakeProvider, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "requests.txt"
    known = VALID[0].request.upper() if VALID[0].request.isascii() else VALID[0].request
    listed.write_text(f"{known}.\n\nnobody has a checker for this one\nnobody has a  checker for this one.\n")
    monkeypatch.setenv("ASSAY_TERMINAL_REQUESTS", str(listed))
    provider.table["nobody has a checker for this one"] = said("true")
    found = run(cases=("request/*",), full=True)
    (row,) = found.to_json()["rows"]
    assert (row["outcome"], row["kind"]) == ("no-checker", None)
    assert found.to_json()["counts"]["no_checker"] == 1
    assert shares(found)["top1"] == (0, 0)


def test_a_killed_run_loses_what_was_in_flight_and_no_more(provider: FakeProvider, tmp_path: Path) -> None:
    provider.delay = 0.5
    command = [sys.executable, "-m", "assay", "terminal", "eval", "--model", "openai:scripted", "--jobs", "1",
               *(word for case in CASES for word in ("--case", case.id))]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    kept = Path(os.environ["ASSAY_HOME"]) / "terminal.db"
    deadline = time.monotonic() + 120
    while _replies(kept) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    provider.delay = 0.0
    answered = _replies(kept)
    sent = len(provider.log)
    assert 3 <= answered <= 8
    found = run()
    assert shares(found)["top1"] == (3, 8)
    assert len(provider.log) - sent == 12 - answered + 1  # 12 replies in all, and the error is asked for anew


def _replies(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from entry where kind = 'reply'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_changed_checker_asks_for_verdicts_and_not_for_replies(provider: FakeProvider,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    ids = (VALID[0].id,)
    run(cases=ids)
    sent = len(provider.log)
    monkeypatch.setattr(caselist.CommandCase, "digest", property(lambda case: "another"))
    found = run(cases=ids)
    assert (found.outcome.ok, found.outcome.reused) == (1, 0)
    assert len(provider.log) == sent


@pytest.mark.parametrize(("options", "name"), [
    ({}, "recipes"), ({"variant": "regular-few-chat"}, "recipes"),
    ({"variant": "fast-few-chat"}, "recipes@fast-few-chat"),
    ({"repeat": 3}, "recipesx3"), ({"variant": "fast-few-chat", "repeat": 3}, "recipes@fast-few-chatx3"),
])
def test_what_is_otherwise_than_usual_stands_in_the_name(options: dict[str, Any], name: str) -> None:
    from assay.terminal import models

    assert entry(Plan("recipes", **options), models.find("recipes")).name == name


def test_unknown_models_variants_and_cases_are_named() -> None:
    wrong = ({"model": "recips"}, "recips"), ({"variant": "fast"}, "fast"), ({"cases": ("gti/*",)}, "gti")
    for options, named in wrong:
        with pytest.raises(AssayError, match=named) as caught:
            run(**{"model": "recipes", **options})
        assert caught.value.code == 5


def test_a_pace_is_kept() -> None:
    pace, began = Pace(600.0), time.monotonic()
    for _ in range(6):
        pace.wait()
    assert time.monotonic() - began >= 0.5
    pace = Pace(None)
    for _ in range(1000):
        pace.wait()


def test_events_tell_how_far_it_is(provider: FakeProvider) -> None:
    events: list[dict[str, Any]] = []
    with Store(Path(os.environ["ASSAY_HOME"])) as store:
        evaluate(Plan("openai:scripted", cases=tuple(case.id for case in VALID[:3]), jobs=2), store, registry.load(),
                 events.append)
    assert [(one["done"], one["total"]) for one in events if one["event"] == "asked"] == [(1, 3), (2, 3), (3, 3)]
    assert events[-1]["event"] == "end"


def test_the_benchmark_is_one_of_the_cores(provider: FakeProvider) -> None:
    item = registry.load().benchmark(evaluation.BENCHMARK)
    cases = item.checked_cases()
    kinds = [tag for case in cases for tag in case.tags if tag.startswith("kind:")]
    assert kinds.count("kind:valid") >= 115
    assert [kinds.count(f"kind:{kind}") for kind in ("invalid", "unsafe", "underspecified")] == [14, 8, 8]
    assert len({tag for case in cases for tag in case.tags if tag.startswith("group:")}) >= 8
