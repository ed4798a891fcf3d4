"""The page in a real browser: what a scientist clicks, and what must then be there."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assay import Record, Store
from assay.core.registry import registry

from .conftest import served

pytestmark = pytest.mark.browser
LATTICES = "/?family=big&category=Lattices"


def cell(row: str, column: str) -> str:
    return f'#leaderboard .ag-row[row-id="{row}"] [col-id="{column}"]'


def state(page: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def texts(page: Any, column: str) -> list[str]:
    """Return a column's texts from top to bottom."""
    return page.evaluate("""column => [...document.querySelectorAll(`#leaderboard [role=gridcell][col-id="${column}"]`)]
        .map(one => [Number(one.closest("[row-index]").getAttribute("row-index")), one.querySelector("b").textContent])
        .sort((a, b) => a[0] - b[0]).map(one => one[1])""", column)


def click_point(page: Any, case: str, model: str) -> None:
    """Click the point of a case of a model in a parity plot."""
    at = page.evaluate("""([id, model]) => {
        const traces = document.getElementById("graph").data.filter(one => one.customdata);
        const trace = traces.findIndex(one => one.customdata[0][1] === model), found = traces[trace];
        const index = found.customdata.findIndex(one => one[0] === id);
        const nodes = document.querySelectorAll("#graph .scatterlayer .trace");
        const points = [...nodes].filter(one => one.querySelector(".point"))[trace].querySelectorAll(".point");
        const box = points[index].getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }""", [case, model])
    page.mouse.move(*at)
    page.mouse.click(*at)


def wait_plot(page: Any, model: str) -> None:
    page.wait_for_function("""model => ((document.getElementById("graph") || {}).data || []).some(
        one => (one.customdata || []).some(point => point && point[1] === model))""", arg=model)


def test_the_summary_shows_every_model_and_category(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=big")
    page.wait_for_selector(cell("potential-01", "Lattices") + " .tile")
    assert page.locator("#leaderboard .ag-center-cols-container .ag-row").count() == 8
    assert page.locator("html").get_attribute("lang") == "en"
    assert texts(page, "model")[:3] == ["potential-01", "potential-02", "potential-03"]
    assert page.locator("#categories a").all_inner_texts()[0] == "Summary"
    assert page.title() == "Summary · assay"


def test_from_cell_to_plot_to_the_clicked_models_structure(page: Any, address: str, home: Path) -> None:
    page.goto(f"{address}/?family=big")
    page.click(cell("potential-03", "Lattices"))
    page.wait_for_selector("#graph .point")
    assert state(page) == {"family": "big", "category": "Lattices", "b": "big/test-00", "m": "potential-03"}
    click_point(page, "case-05", "potential-03")
    section = page.wait_for_selector('#artefact[data-case="case-05"]')
    assert section.get_attribute("data-model") == "potential-03"
    assert section.get_attribute("data-benchmark") == "big/test-00"
    page.wait_for_selector("#artefact canvas[data-drawn]")
    with Store(home, readonly=True) as store:
        record = next(one for one in store.records("big/test-00", "potential-03") if one.case == "case-05")
    link = page.get_attribute("#artefact a[download]", "href")
    assert link == f"/artefact/{record.artefacts['molecule'].sha256}"
    data = page.request.get(address + link).body()
    assert hashlib.sha256(data).hexdigest() == record.artefacts["molecule"].sha256
    for word in ("reference", "predicted", "difference"):
        assert page.locator("#artefact .big", has_text=word).count() == 1


def test_another_model_in_the_plot_swaps_the_artefact(page: Any, address: str, home: Path) -> None:
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-03&case=case-05")
    page.wait_for_selector('#artefact[data-model="potential-03"]')
    page.select_option("#plot select[data-set=m]", "potential-02")
    page.wait_for_selector('#artefact[data-model="potential-02"][data-case="case-05"]')
    with Store(home, readonly=True) as store:
        record = next(one for one in store.records("big/test-00", "potential-02") if one.case == "case-05")
    assert record.artefacts["molecule"].sha256 in page.get_attribute("#artefact a[download]", "href")


def test_a_bar_of_the_compared_model_opens_that_model(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=big&category=Clusters&b=big/test-01&m=potential-06&compare=potential-08")
    wait_plot(page, "potential-08")
    page.wait_for_function("document.querySelectorAll('#graph .barlayer .point').length === 20")
    case, x, y = page.evaluate("""() => {
        const trace = document.getElementById("graph").data.findIndex(one => one.customdata[0][1] === "potential-08");
        const bars = [...document.querySelectorAll("#graph .barlayer .trace")[trace].querySelectorAll(".point")];
        const boxes = bars.map(one => one.getBoundingClientRect()), heights = boxes.map(box => box.height);
        const tallest = heights.indexOf(Math.max(...heights)), box = boxes[tallest];
        return [`case-0${tallest}`, box.x + box.width / 2, box.y + box.height / 2];
    }""")
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_selector(f'#artefact[data-model="potential-08"][data-case="{case}"]')
    assert state(page)["m"] == "potential-08"
    assert state(page)["compare"] == "potential-06"


def test_back_forward_and_a_pasted_link(page: Any, address: str, new_page: Callable[..., Any]) -> None:
    page.goto(f"{address}/?family=big")
    page.click("#categories a:has-text('Clusters')")
    page.wait_for_selector(cell("potential-01", "big/test-01"))
    page.click(cell("potential-02", "big/test-01"))
    page.wait_for_selector("#plot h2:has-text('Test 01')")
    link = page.url
    page.go_back()
    page.wait_for_function("document.getElementById('page').dataset.open === 'board'")
    page.wait_for_selector(cell("potential-01", "big/test-01"))
    page.go_back()
    page.wait_for_selector(cell("potential-01", "Clusters"))
    page.go_forward()
    page.go_forward()
    page.wait_for_selector("#plot h2:has-text('Test 01')")
    assert page.url == link
    other = new_page()
    other.goto(link)
    other.wait_for_selector("#plot h2:has-text('Test 01')")
    other.wait_for_function("document.querySelector('#plot select[data-set=m]').value === 'potential-02'")


@pytest.mark.parametrize(("query", "words"), [
    ("category=Metals", "no category 'Metals'"), ("b=big/nothing&m=potential-01", "no benchmark 'big/nothing'"),
    ("t.big/test-00.mae=1,1", "must differ"), ("colour=red", "unknown entry"),
    ("view=%00&w.big/test-00=x", "is no number")])
def test_a_bad_value_gives_a_notice(page: Any, address: str, query: str, words: str) -> None:
    answers = []
    page.on("response", lambda answer: answers.append(answer.status))
    page.goto(f"{address}/?family=big&{query}")
    page.wait_for_selector(f'#notice:has-text("{words}")')
    page.wait_for_selector("#leaderboard .tile")
    assert all(status < 500 for status in answers)


def test_thresholds_change_scores_and_the_link(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}&panel=scoring")
    tile = page.wait_for_selector(cell("potential-05", "big/test-00") + " b")
    before = tile.inner_text()
    page.fill('input[name="bad.big/test-00.mae"]', "0.2")
    page.press('input[name="bad.big/test-00.mae"]', "Enter")
    page.wait_for_function("([where, before]) => document.querySelector(where).textContent !== before",
                           arg=[cell("potential-05", "big/test-00") + " b", before])
    assert state(page)["t.big/test-00.mae"] == "0,0.2"
    answer = page.request.get(f"{address}/api/leaderboard?intervals=none&{urlsplit(page.url).query}").json()
    score = next(one["score"] for one in answer["cells"]
                 if (one["benchmark"], one["model"]) == ("big/test-00", "potential-05"))
    assert page.inner_text(cell("potential-05", "big/test-00") + " b") == f"{score:.2f}"
    page.fill('input[name="bad.big/test-00.mae"]', "0")
    page.press('input[name="bad.big/test-00.mae"]', "Enter")
    page.wait_for_selector("#notice:has-text('good and bad must differ')")
    assert state(page)["t.big/test-00.mae"] == "0,0.2"
    page.click("text=Reset all")
    page.wait_for_function("([where, before]) => document.querySelector(where).textContent === before",
                           arg=[cell("potential-05", "big/test-00") + " b", before])


def test_weights_of_categories_and_presets(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=big&panel=scoring")
    page.wait_for_selector(cell("potential-05", "score") + " b")
    before = texts(page, "score")
    page.fill('input[name="w.Lattices"]', "9")
    page.press('input[name="w.Lattices"]', "Enter")
    page.wait_for_selector("#notice :text('edited scoring: Lattices')")
    assert texts(page, "score") != before
    page.select_option("#controls select[data-set=preset]", "reactivity")
    page.wait_for_selector("#notice :text('weights: reactivity')")
    assert state(page)["preset"] == "reactivity"


def test_filters_of_models_and_elements(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}&panel=elements")
    page.wait_for_selector(cell("potential-08", "big/test-00"))
    page.fill("input[name=models]", "potential-0[1-3]")
    page.press("input[name=models]", "Enter")
    page.wait_for_function("document.querySelectorAll('#leaderboard .ag-center-cols-container .ag-row').length === 3")
    before = page.inner_text(cell("potential-02", "big/test-00") + " b")
    page.click('[data-element="Cu"]')
    page.wait_for_selector('[data-element="Cu"][aria-pressed="true"]')
    page.click('[data-element="Si"]')
    page.wait_for_selector("#notice :text('without Cu, Si')")
    assert state(page)["without"] == "Cu,Si"
    page.hover(cell("potential-02", "big/test-00") + " .tile")
    page.wait_for_selector(".ag-tooltip:has-text('8 ok of 8 cases')")
    assert before
    page.click("#notice .chip:has-text('without')")
    page.wait_for_selector('[data-element="Cu"][aria-pressed="false"]')


def test_the_metric_view_shows_values_and_levels(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}")
    page.click("#controls a:has-text('Metrics')")
    page.wait_for_selector(cell("potential-02", "big/test-00.me"))
    assert "=" in page.inner_text(cell("potential-02", "big/test-00"))
    assert "≠" in page.inner_text(cell("potential-01", "big/test-00"))
    page.click(cell("potential-02", "big/test-00.me"))
    page.wait_for_selector("#graph .barlayer .point")
    assert state(page)["metric"] == "me"
    page.wait_for_selector("#plot .metrics :text('same functional')")


@pytest.mark.parametrize(("name", "model", "words"), [
    ("odd/broken", "odd-good", "ZeroDivisionError"), ("odd/unshown", "odd-bad", "no convergence after 100 steps")])
def test_a_broken_cell_says_why(page: Any, address: str, name: str, model: str, words: str) -> None:
    page.goto(f"{address}/?family=odd&category=Trouble")
    page.wait_for_selector(cell(model, name) + " .warn")
    page.click(cell(model, name) + " .warn")
    page.wait_for_selector(f'#reasons:has-text("{words}")')


def test_a_model_has_a_card(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=big")
    page.click(cell("potential-07", "model"))
    page.wait_for_selector("#plot h2:has-text('potential-07')")
    assert "r2scan" in page.inner_text("#plot .facts")
    page.click("#plot .results a >> nth=0")
    page.wait_for_selector("#plot select[data-set=m]")
    assert state(page)["m"] == "potential-07"


def test_a_trajectory_opens_at_the_clicked_frame_and_plays(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=odd&category=Curves&b=odd/curves&m=odd-good")
    page.wait_for_selector("#graph .point")
    at = page.evaluate("""() => { const curve = document.querySelectorAll("#graph .scatterlayer .trace")[0];
        const box = curve.querySelectorAll(".point")[5].getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; }""")
    page.mouse.move(*at)
    page.mouse.click(*at)
    page.wait_for_selector("#artefact .frames input")
    assert page.input_value("#artefact .frames input") == "5"
    drawn = page.get_attribute("#artefact canvas", "data-drawn")
    page.click("#artefact .frames button")
    page.wait_for_function("drawn => document.querySelector('#artefact canvas').dataset.drawn > drawn", arg=drawn)


def test_the_viewer_turns_zooms_and_names_atoms(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-01&case=case-01")
    canvas = page.wait_for_selector("#artefact canvas[data-drawn]")
    page.wait_for_timeout(300)
    pixels = "() => document.querySelector('#artefact canvas').toDataURL()"
    first = page.evaluate(pixels)
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 20)
    page.mouse.up()
    page.wait_for_function(f"first => ({pixels})() !== first", arg=first)
    turned = page.evaluate(pixels)
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"turned => ({pixels})() !== turned", arg=turned)
    atom = page.evaluate("""() => { const view = [...assayStructure.views.values()][0];
        const box = view.canvas.getBoundingClientRect(); return [box.x + view.at[0][0], box.y + view.at[0][1]]; }""")
    page.mouse.move(*atom)
    page.wait_for_function("/^C 1 +\\(0.000, 0.000, 0.000\\) Å$/.test("
                           "document.querySelector('.atom-tip').textContent)")


def test_exports(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-01")
    page.wait_for_selector("#graph .point")
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("JSON", b"{")):
        with page.expect_download() as waiting:
            page.click(f"#plot-foot .exports :text('{name}')")
        assert Path(waiting.value.path()).read_bytes().startswith(start)
        assert waiting.value.suggested_filename == f"plot.{name.lower()}"
    with page.expect_download() as waiting:
        page.click("#controls a:has-text('CSV')")
    rows = list(csv.DictReader(Path(waiting.value.path()).read_text().splitlines()))
    assert rows[0]["model"] == "potential-01"
    assert "big/test-00" in rows[0]
    with page.expect_download() as waiting:
        page.click("#controls a:has-text('JSON')")
    assert json.loads(Path(waiting.value.path()).read_text())["schema"] == 1


def test_the_keyboard_reaches_everything(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}")
    page.wait_for_selector(cell("potential-01", "big/test-00"))
    page.click(cell("potential-01", "rank"))
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#graph .point")
    assert (state(page)["b"], state(page)["m"]) == ("big/test-00", "potential-02")
    assert "Parity plot of Test 00" in page.get_attribute("#graph", "aria-label")
    page.keyboard.press("Escape")
    page.wait_for_function("document.getElementById('page').dataset.open === 'board'")
    page.wait_for_function("document.activeElement.getAttribute('col-id') === 'big/test-00'")
    page.focus("#controls a:has-text('Elements')")
    page.keyboard.press("Space")
    page.wait_for_selector(".elements")


def test_light_and_dark(page: Any, address: str, new_page: Callable[..., Any]) -> None:
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-01")
    page.wait_for_selector("#graph .point")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme-button")
    page.wait_for_function(f"light => {paper} !== light", arg=light)
    page.wait_for_function("document.getElementById('graph').layout.font.color === '#e8edf4'")
    page.reload()
    page.wait_for_selector("#graph .point")
    assert page.evaluate(paper) != light
    dark = new_page(color_scheme="dark")
    dark.goto(address)
    dark.wait_for_selector("#leaderboard .tile")
    assert dark.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_on_tiles_can_be_read(new_page: Callable[..., Any], address: str, theme: str) -> None:
    page = new_page(color_scheme=theme)
    page.goto(f"{address}{LATTICES}&t.big/test-00.mae=0,0.2")
    page.wait_for_selector("#leaderboard .tile")
    worst = page.evaluate("""() => {
        const bright = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(value =>
            (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        return Math.min(...[...document.querySelectorAll("#leaderboard .tile[style]")].map(tile => {
            const style = getComputedStyle(tile), pair = [bright(style.color), bright(style.backgroundColor)].sort();
            return (pair[1] + 0.05) / (pair[0] + 0.05); }));
    }""")
    assert worst >= 4.5


@pytest.mark.parametrize("width", [390, 800, 1440])
def test_nothing_sticks_out_sideways(new_page: Callable[..., Any], address: str, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 844})
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-07&case=case-01&panel=elements")
    page.wait_for_selector("#artefact canvas[data-drawn]")
    page.wait_for_selector("#graph .point")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_intervals_and_ties_arrive_by_themselves(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=big")
    page.wait_for_selector("#leaderboard .whisker", state="attached", timeout=60_000)
    page.hover(cell("potential-01", "score") + " .score")
    page.wait_for_function(r"/\[0\.\d+, [01]\.\d+\]/.test((document.querySelector('.ag-tooltip') || {}).textContent)")


def test_many_points_are_a_density(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=odd&category=Points&b=odd/many&m=odd-bad")
    page.wait_for_selector("#graph .heatmaplayer image")


def test_a_page_of_the_family_itself(page: Any, address: str) -> None:
    page.goto(f"{address}/?family=odd")
    page.click("#families a:has-text('About odd')")
    page.wait_for_selector("h1:has-text('About odd things')")
    page.click("#families a:has-text('big')")
    page.wait_for_selector(cell("potential-01", "Lattices"))


def test_an_empty_store_says_what_fills_it_and_then_shows_it(page: Any, big: Any, tmp_path: Path) -> None:
    with served(tmp_path / "home") as address:
        page.goto(address)
        page.wait_for_selector("h1:has-text('No results yet')")
        assert "assay demo" in page.inner_text("main")
        assert not (tmp_path / "home").exists()
        big.fill(tmp_path / "home", models=2, benchmarks=1)
        page.reload()
        page.wait_for_selector(cell("potential-01", "Lattices"))


def test_new_records_show_without_a_restart_and_nothing_is_written(page: Any, big: Any, tmp_path: Path) -> None:
    big.fill(tmp_path, models=2, benchmarks=1)
    with served(tmp_path, "--readonly") as address:
        page.goto(f"{address}/?category=Lattices")
        page.wait_for_selector(cell("potential-02", "big/test-00"))
        item, model = registry.benchmark("big/test-00"), registry.model("potential-03")
        with Store(tmp_path) as store:
            for case in item.cases():
                store.add(item.name, 1, model.name, model.digest, case, Record({"deviation": 0.1, "reference": 1.0}))
        # Also without a reload: the page looks for itself.
        page.wait_for_selector(cell("potential-03", "big/test-00") + " .tile")
        page.wait_for_selector("#leaderboard .whisker", state="attached", timeout=60_000)
        assert not (tmp_path / "intervals").exists()


def test_a_damaged_artefact_says_so_in_place(page: Any, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    with Store(tmp_path / "home", readonly=True) as store:
        ref = store.records("big/test-00", "potential-01")[0].artefacts["molecule"]
        store.artefact_path(ref.sha256, ref.suffix).write_bytes(b"something else")
    with served(tmp_path / "home") as address:
        page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-01&case=case-00")
        page.wait_for_selector("#artefact .error:has-text('damaged')")
        page.wait_for_selector("#graph .point")


def test_no_script_comes_from_elsewhere(page: Any, address: str) -> None:
    page.goto(f"{address}{LATTICES}&b=big/test-00&m=potential-01&case=case-01")
    page.wait_for_selector("#graph .point")
    sources = page.evaluate("[...document.querySelectorAll('[src], link[href]')].map(one => one.src || one.href)")
    assert sources
    assert all(re.match(rf"{address}/|data:|blob:", source) for source in sources)
