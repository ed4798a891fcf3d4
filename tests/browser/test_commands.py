"""Evaluations of language models in a real browser: from the table to a request, to what its command did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assay import Artefact, Record, Store
from assay.core.registry import registry

from .conftest import served

pytestmark = pytest.mark.browser
BENCHMARK = "terminal/commands"
OPENED = f"/?family=terminal&b={BENCHMARK}&m=recipes&metric=top1"
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"


def transcript(outcome: str) -> bytes:
    verdict = {"outcome": outcome, "reason": "not so: it is there" if outcome == "wrong" else "", "collateral": [],
               "clauses": [{"clause": "it is there", "ok": outcome == "right"}],
               "runs": [{"rc": 0, "stdout": f"{HOSTILE}\n", "stderr": "", "timed_out": False, "limit": None,
                         "calls": [["docker", "ps"]], "changes": [{"path": "new.txt", "change": "created"}]}]}
    kept = {"model": "recipes", "variant": "regular-few-chat", "messages": [{"role": "user", "content": "the prompt"}],
            "replies": ["the reply"], "status": "ok", "via": "raw", "reason": "", "good": ["touch new.txt"],
            "commands": [{"seq": 1, "command": f"touch new.txt # {HOSTILE}", "explanations": [], "arguments": {}}],
            "risk": {"level": "changes", "rank": 1, "findings": [
                {"text": "touch", "level": "changes", "why": "makes a file"}]}, "verdict": verdict}
    return json.dumps(kept).encode()


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a store of two models; only the answers are made up."""
    folder = tmp_path_factory.mktemp("evaluated")
    benchmark = registry.load().benchmark(BENCHMARK)
    with Store(folder) as store:
        for model in ("recipes", "other"):
            entry = registry.models.get(model)
            for n, case in enumerate(benchmark.checked_cases()):
                kind = next(tag[5:] for tag in case.tags if tag.startswith("kind:"))
                outcome = "refused" if kind != "valid" else "wrong" if n % 3 else "right"
                values = {"request": case.inputs["request"], "kind": kind, "outcome": outcome, "repeats": [outcome],
                          "via": "raw", "commands": [] if kind != "valid" else ["touch new.txt", HOSTILE],
                          "effect": outcome == "right", "clean": outcome == "right", "collateral": [],
                          "risk": "changes", "seconds": 0.5, "reason": "", "cost_usd": 0.001,
                          "group": case.id.partition("/")[0]}
                made = Record(values, {"transcript": Artefact("transcript", transcript(outcome), ".json")})
                store.add(BENCHMARK, benchmark.version, model, entry.digest if entry else "d", case, made)
    with served(folder) as address:
        yield address


def test_from_the_table_to_what_a_command_did(page: Any, evaluated: str) -> None:
    page.goto(evaluated + OPENED)
    page.wait_for_selector(".rows tbody tr")
    assert page.locator(".rows tbody tr").count() == 150
    row = page.locator(".rows tbody tr", has_text="right").first
    case = row.locator("button").inner_text()
    row.locator("td").nth(1).click()
    page.wait_for_selector("#artefact .transcript")
    assert parse_qs(urlsplit(page.url).query)["case"] == [case]
    assert page.get_attribute("#artefact", "data-case") == case
    said = page.inner_text("#artefact .transcript")
    for words in ("right", "risk: changes", "makes a file", "it is there", "created", "docker ps", "exit code 0"):
        assert words in said
    page.click("#artefact summary >> text=Prompt")
    page.wait_for_selector("#artefact >> text=the prompt")
    assert page.locator(".rows tr[aria-selected=true] button").inner_text() == case


def test_what_a_model_says_is_shown_and_does_nothing(page: Any, evaluated: str) -> None:
    page.goto(evaluated + OPENED)
    page.wait_for_selector(".rows tbody tr")
    page.locator(".rows button").first.press("Enter")
    page.wait_for_selector("#artefact .transcript")
    assert page.locator("#artefact .transcript img, .rows img").count() == 0
    said = page.inner_text("#artefact .transcript")
    assert "<img src=x" in said
    assert "\u202e" not in said
    assert "\x1b" not in said


def test_models_side_by_side_and_what_others_reported_apart(page: Any, evaluated: str) -> None:
    page.goto(evaluated + "/terminal")
    page.wait_for_selector(".evaluation table")
    assert page.locator(".evaluation tbody tr").count() == 2
    page.wait_for_selector(".evaluation .main-svg")
    apart = page.locator(".evaluation section", has_text="judged by hand, 2024")
    apart.locator("text=Mistral-7B-Instruct").first.wait_for()
    assert "Mistral" not in page.inner_text(".evaluation table")
    page.wait_for_selector("text=Right answers against cost")
    page.click(".evaluation a >> text=recipes")
    page.wait_for_selector(".rows tbody tr")


def test_nothing_measured_says_what_to_do(page: Any, tmp_path: Path) -> None:
    with served(tmp_path / "empty") as address:
        page.goto(address + "/terminal")
        page.wait_for_selector("text=No language model has been measured yet")
        page.wait_for_selector("text=judged by hand, 2024")
