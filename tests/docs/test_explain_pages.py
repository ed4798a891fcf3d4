"""What the pages on explain list is what there is."""

import re
from pathlib import Path

from assay.explain import COMPOSITES

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "explain"


def test_the_table_has_every_composite_once() -> None:
    page = (PAGES / "composites.md").read_text("utf-8")
    firsts = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [name for cell in firsts for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(COMPOSITES)


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert all(f"\nexplain/{page.stem}\n" in index for page in PAGES.glob("*.md"))


def test_the_sources_of_the_table_are_listed() -> None:
    page = (PAGES / "composites.md").read_text("utf-8")
    table = {cited for line in page.splitlines() if line.startswith("| `")
             for cited in re.findall(r"([A-Z]\w+) (\d{4})", line.rsplit("|", 2)[1])}
    listed = " ".join(page.partition("The sources are")[2].split())
    assert table
    missing = [f"{name} {year}" for name, year in table if not re.search(rf"- {name}\b[^-]*?\b.*?{year}", listed)]
    assert not missing
