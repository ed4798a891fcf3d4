"""The generated pages say what the registry says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from assay.core.registry import registry

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pages(generate: ModuleType, tmp_path: Path) -> Path:
    generate.write_pages(tmp_path / "pages")
    return tmp_path / "pages"


def test_each_shipped_benchmark_has_a_page_with_its_metrics(pages: Path) -> None:
    shipped = {name: cls for name, cls in registry.benchmarks.items() if cls.__module__.startswith("assay.")}
    assert "atoms/x23" in shipped
    index = (pages / "benchmarks" / "index.md").read_text("utf-8")
    for name, cls in shipped.items():
        page = (pages / "benchmarks" / f"{name.replace('/', '-')}.md").read_text("utf-8")
        assert f"[{name}]" in index
        assert cls.title in page
        assert all(f"`{metric.name}` | {metric.unit} | {metric.good:g} | {metric.bad:g}" in page
                   for metric in cls.metrics)


def test_each_shipped_model_is_on_the_page(pages: Path) -> None:
    text = (pages / "models.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in ("chgnet-0.3.0", "chgnet-0.3.0+d3", "gfn2-xtb", "7net-0"))


def test_each_command_is_on_the_page(pages: Path) -> None:
    text = (pages / "commands.md").read_text("utf-8")
    assert all(f" assay {verb}\n" in text for verb in ("list", "run", "compare", "store merge", "models check"))
    assert "--again" in text


def test_each_module_of_the_core_is_in_the_house(pages: Path) -> None:
    text = (pages / "modules.md").read_text("utf-8")
    core = DOCS.parent / "src" / "assay" / "core"
    assert all(f"| `{path.stem}` | " in text for path in core.glob("*.py") if path.stem != "__init__")
    assert text.index("### core") < text.index("### atoms") < text.index("### app") < text.index("### cli")


def test_a_benchmark_that_is_gone_has_no_page(generate: ModuleType, pages: Path) -> None:
    (pages / "benchmarks" / "gone.md").write_text("a benchmark that was removed")
    generate.write_pages(pages)
    assert not (pages / "benchmarks" / "gone.md").exists()
    assert (pages / "benchmarks" / "index.md").exists()


def test_a_cell_of_a_table_cannot_break_it(generate: ModuleType) -> None:
    assert generate.table(("a",), [["x | y\nz"]]) == ["| a |", "| --- |", "| x \\| y z |", ""]
