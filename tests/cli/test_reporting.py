"""report, from outside; in a browser it draws its plots and asks for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_html(assay, filled: Path) -> None:
    outcome = assay("report", "-o", "out/report.html", "-b", "toy/*")
    assert outcome.out == ""
    assert "report.html" in outcome.err
    text = Path("out/report.html").read_text()
    for said in ("toy/sums", "toy-noisy", "the series does not converge", "knows no negative numbers", "0.750"):
        assert said in text
    assert [path.name for path in Path("out").iterdir()] == ["report.html"]


def test_markdown_to_a_file_and_to_stdout(assay, filled: Path) -> None:
    assay("report", "-o", "report.md", "--md", "-b", "toy/sums", "-m", "toy-exact")
    text = Path("report.md").read_text()
    assert "toy-exact" in text
    assert "toy-noisy" not in text
    out = assay("report", "-o", "-", "--md", "-b", "toy/sums", "-m", "toy-exact").out
    assert out.splitlines()[3:] == text.splitlines()[3:]  # the third line holds the time


def test_target_that_cannot_be_written(assay, filled: Path) -> None:
    Path("file").write_text("")
    err = assay("report", "-o", "file/report.html", code=2).err
    assert "file/report.html" in err
    assert "can be written" in err


def test_output_is_required(assay) -> None:
    assert "'-o'" in assay("report", code=2).err


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_plots_are_drawn_and_nothing_is_asked_for(assay, filled: Path, chromium, scheme: str) -> None:
    assay("report", "-o", "report.html", "-b", "toy/*")
    page = chromium.new_page(color_scheme=scheme)
    messages: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(Path("report.html").absolute().as_uri())
    page.locator("#toy-sums-0").scroll_into_view_if_needed()
    page.wait_for_selector("#toy-sums-0 .point")
    # 12 cases of each of 4 models.
    assert page.locator("#toy-sums-0 .point").count() == 48
    page.select_option("select[data-plot='toy-curves-0']", "toy-noisy")
    page.wait_for_function("document.getElementById('toy-curves-0').dataset.drawn === 'toy-noisy'")
    assert page.locator("#toy-curves-0 .scatter").count() == 2  # two curves, the third case failed
    assert messages == []
    assert requests == [Path("report.html").absolute().as_uri()]
    page.close()
