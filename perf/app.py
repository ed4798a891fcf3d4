"""How fast the app is at its largest, in a real Chromium: ``python perf/app.py --repeat 5``.

30 models x 60 benchmarks. Printed: seconds until the page is usable in a fresh browser with an empty cache (the grid
shows scores and a click would be answered), seconds from a click on a cell to its plot (the first one, and the median
of the following), from a click on a point to its structure, and the number of elements on the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser" / "big"), str(ROOT)]

from tests.browser.conftest import FLAGS, served  # noqa: E402

LIMITS = {"cold page usable": 2.5, "first click to plot": 1.0, "click to plot": 0.25, "point to structure": 0.25}
SETTLED = 6.0  # s after which the page and the server have fetched what only clicks need

# Resolves with the milliseconds from a click on `where` until `done` holds.
CLICK = """([where, done]) => new Promise(found => {
    const target = document.querySelector(where), test = new Function("return " + done);
    const start = performance.now();
    const look = () => test() ? found(performance.now() - start) : requestAnimationFrame(look);
    const box = target.getBoundingClientRect();
    const at = { bubbles: true, cancelable: true, view: window,
                 clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
    for (const kind of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
        target.dispatchEvent(new (kind.startsWith("pointer") ? PointerEvent : MouseEvent)(kind, at));
    }
    look();
})"""


def cell(model: int, benchmark: int) -> str:
    """Return where a cell's tile is."""
    return f'#leaderboard .ag-row[row-id="potential-{model:02d}"] [col-id="big/test-{benchmark:02d}"] .tile'


def plotted(model: int, benchmark: int) -> str:
    """Return what holds once the plot of a cell is drawn."""
    name = f"potential-{model:02d}"
    return (f"document.querySelector('#plot h2')?.textContent === 'Test {benchmark:02d}' && "
            f"(document.getElementById('graph').data || []).some(t => t.customdata?.[0]?.[1] === '{name}')"
            " && window.drawnAt !== document.getElementById('graph').dataset.drawn")


def cold(browser: Any, address: str) -> tuple[float, int]:
    """Return seconds until a fresh browser can use the summary, and the elements on the page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"{address}/?family=big", wait_until="commit")
    page.wait_for_function("document.querySelectorAll('#leaderboard .tile').length >= 30 * 6")
    seconds = time.perf_counter() - start
    elements = page.evaluate("document.querySelectorAll('*').length")
    context.close()
    return seconds, elements


def clicks(browser: Any, address: str) -> dict[str, float]:
    """Return seconds of clicks, on a page that has been open for a few seconds."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/?family=big&category=Lattices")
    page.wait_for_selector(cell(1, 0))
    page.wait_for_timeout(1000 * SETTLED)

    def click(model: int, benchmark: int) -> float:
        page.evaluate("window.drawnAt = document.getElementById('graph').dataset.drawn")
        return page.evaluate(CLICK, [cell(model, benchmark), plotted(model, benchmark)]) / 1000

    first = click(1, 0)
    page.wait_for_timeout(500)
    again = [click(model, benchmark) for model, benchmark in ((2, 0), (3, 0), (5, 6), (6, 0), (8, 6), (9, 0), (2, 6))]
    page.evaluate(CLICK, [cell(4, 0), plotted(4, 0)])
    points = [page_point(page, case) for case in range(6)]
    return {"first click to plot": first, "click to plot": statistics.median(again),
            "point to structure": statistics.median(points[1:])}


def page_point(page: Any, case: int) -> float:
    """Return seconds from a real click on a point to its drawn structure."""
    page.wait_for_timeout(800)  # what the click before brought into view has come to rest
    box = page.locator("#graph .scatterlayer .point").nth(case).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drawn = f"document.querySelector('#artefact[data-case=\"case-{case:02d}\"] canvas[data-drawn]')"
    page.evaluate("""drawn => { const test = new Function("return " + drawn); window.took = null;
        addEventListener("mouseup", () => { const start = performance.now();
            const look = () => test() ? window.took = performance.now() - start : requestAnimationFrame(look);
            look(); }, { capture: true, once: true }); }""", drawn)
    page.mouse.down()
    page.mouse.up()
    return page.wait_for_function("window.took").json_value() / 1000


def measured(repeat: int, say: Callable[[str], None]) -> dict[str, float]:
    """Return every figure; the store is made for it and thrown away."""
    import assay_big
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        say("filling a store with 30 models x 60 benchmarks x 10 cases")
        assay_big.fill(home)
        with served(home) as address:
            time.sleep(SETTLED)
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            pages = [cold(browser, address) for _ in range(repeat)]
            figures = {"cold page usable": statistics.median(seconds for seconds, _ in pages),
                       **clicks(browser, address), "elements on the page": max(count for _, count in pages)}
            browser.close()
    return figures


def main() -> int:
    """Print a line a figure; exit 1 if one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeat", type=int, default=5, help="cold pages to take the median of")
    repeat = parser.parse_args().repeat
    load = os.getloadavg()[0]
    figures = measured(repeat, lambda text: print(text, file=sys.stderr))
    print(f"load of the machine before: {load:.1f} on {os.cpu_count()} cores")
    over = [name for name, limit in LIMITS.items() if figures[name] > limit]
    for name, value in figures.items():
        limit = f"   (limit {LIMITS[name]:g} s)" if name in LIMITS else "   (limit 2000)"
        unit = " s" if name in LIMITS else ""
        print(f"{name:24} {value:8.3g}{unit}{limit}")
    return 1 if over or figures["elements on the page"] >= 2000 else 0


if __name__ == "__main__":
    sys.exit(main())
