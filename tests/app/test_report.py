"""The report says everything once, escapes what it is given, and needs nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay import Benchmark, Case, Metric, Parity, Record, Store, View
from assay.app import report
from assay.app.report_markdown import markdown
from assay.core.registry import Registry
from assay.results.score import Row, Scheme, gather, judge, leaderboard

HOSTILE = "</script><script>alert('x')</script> | `a` & <b>"


class Lengths(Benchmark):
    """Lengths & widths, <against> the ruler."""

    name, title, category, version = "fam/lengths", "Lengths <1>", "Sizes", 2
    metrics = (Metric("mae", "mm", good=0.0, bad=2.0, level="ruler", tip="mean absolute error"),
               Metric("me", "mm", good=0.0, bad=2.0, weight=0.0))
    views = (View("mae", Parity("reference", "predicted", "mm")),)
    citation, licence = "Vernier (1631), https://example.org/ruler", "CC-BY-4.0"

    def cases(self) -> list[Case]:
        return [Case(f"case-{n}", tags=("el:H",)) for n in range(4)] + [Case(HOSTILE)]

    def analyse(self, records: Any) -> dict[str, float]:
        errors = [record["predicted"] - record["reference"] for record in records]
        return {"mae": sum(map(abs, errors)) / len(errors), "me": sum(errors) / len(errors)}


@pytest.fixture
def results(tmp_path: Path) -> report.Results:
    store, benchmark = Store(tmp_path / "home"), Lengths()
    provenance = {"python": "3.12.1", "machine": "Linux x86_64", "assay": "0.1.0", "commit": "abc",
                  "packages": {"ruler": "1.2.3"}, "source": "0" * 64}
    for model, error in (("good", 0.0123456), ("worse", 1.0)):
        for number, case in enumerate(benchmark.cases()):
            record = (Record.failed(HOSTILE) if number == 4 else
                      Record.skipped("too long") if number == 3 else
                      Record({"reference": float(number), "predicted": number + error * (1 + number)}))
            store.add(benchmark.name, 2, model, "d" * 64, case, record, provenance)
    samples = gather(store, benchmark)
    cells = [judge(sample, Scheme(), "compute") for sample in samples]
    return report.Results(store, Registry(), [benchmark], samples, cells, leaderboard(cells, [benchmark]))


def test_html_has_no_reference_to_anything_else(results: report.Results) -> None:
    text = report.html(results)
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.S)  # the plotting library names hosts and asks none
    assert not re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["'](?!#|data:)""", own)
    assert not re.findall(r"@import|url\((?!data:)", own)
    assert "default-src 'none'" in text
    assert "https://example.org/ruler" in own  # said, not asked for


def test_html_escapes_what_it_is_given(results: report.Results) -> None:
    text = report.html(results)
    assert "<script>alert" not in text
    assert "Lengths &lt;1&gt;" in text
    assert text.count("</script>") == 3
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    assert set(figures["fam-lengths-0"]) == {"all models"}


def test_models_beyond_the_best_wait_in_the_legend(results: report.Results) -> None:
    figure = results.benchmarks[0], results.benchmarks[0].views[0]
    models = [f"m{number}" for number in range(report.SHOWN + 2)]
    many = [replace(results.samples[0], model=model) for model in models]
    traces = report._figures(*figure, many)["all models"]["data"]
    seen = {trace["name"]: trace.get("visible", True) for trace in traces if trace.get("customdata")}
    # The records speak of one model: it is the sample's name under which they are drawn.
    assert seen == {model: True if model in models[:report.SHOWN] else "legendonly" for model in models}


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_everything_is_said(results: report.Results, form: str) -> None:
    text = report.html(results) if form == "html" else markdown(report.contents(results, with_plots=False))
    cell = results.cells[0]
    for said in ("fam/lengths", "good", "worse", "0.0247", f"[{cell.low:.3f}, {cell.high:.3f}]", "mm", "3/5",
                 "1 failed, 1 skipped", "too long", "mean absolute error", "ruler 1.2.3", "3.12.1", "abc", "CC-BY-4.0",
                 "Vernier (1631)", "dddddddddddd", "000000000000", "changed since", "80 %"):
        assert said in text, said


def test_markdown_tables_stay_tables(results: report.Results) -> None:
    text = markdown(report.contents(results, with_plots=False))
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) == 5
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


def test_failures_are_grouped_by_reason(results: report.Results) -> None:
    found = report.contents(results, with_plots=False)["benchmarks"][0]["failures"]
    assert [(group["model"], group["status"], group["number"]) for group in found] == [
        ("good", "failed", 1), ("good", "skipped", 1), ("worse", "failed", 1), ("worse", "skipped", 1)]


@pytest.mark.parametrize(("ties", "said"), [
    (None, "a leads with a score of 0.900."),
    ([], "more than chance"),
    (["b"], "the difference to b may be chance"),
    (["b", "c", "d"], "the difference to b, c and d may be chance"),
])
def test_headline(results: report.Results, ties: list[str] | None, said: str) -> None:
    best = Row("fam", None, "a", 0.9, None, None, 1, ties, 1.0, True)
    other = replace(best, model="b", score=0.8, rank=2)
    assert said in report._headline([best, other])
    assert "No model" in report._headline([replace(best, rank=None, ranked=False)])


def test_empty_store_is_a_page_that_says_so(tmp_path: Path) -> None:
    empty = report.Results(Store(tmp_path / "home"), Registry(), [], [], [], [])
    text = report.html(empty)
    assert "No results yet" in text
    assert len(text) < 40_000  # and carries no plotting library
