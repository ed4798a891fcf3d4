import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from assay.atoms.deferred import defer

PACKAGE = {
    "__init__.py": "from shop.tools import weigh\nfrom shop.heavy import Engine\nRAN = True\n",
    "heavy.py": "print('heavy ran')\nclass Engine: pass\n",
    "light.py": "from shop.tools import weigh\ndef price(x): return 2 * x\n",
    "tools.py": "print('tools ran')\ndef weigh(x): return x + 1\ndef lift(x): return -x\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "shop" / name).write_text(text)
    return tmp_path


def printed(shop: Path, code: str) -> list[str]:
    lines = "from assay.atoms.deferred import defer\ndefer('shop')\ndefer('shop.tools', ['weigh'])\n" + code
    done = subprocess.run([sys.executable, "-c", lines], cwd=shop, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_submodule_is_imported_without_the_package_and_what_it_names(shop: Path) -> None:
    assert printed(shop, "from shop.light import price\nprint(price(2))") == ["4"]


def test_a_function_imported_by_name_runs_its_module_when_called(shop: Path) -> None:
    code = "from shop.light import weigh\nprint(weigh.__name__, weigh.__module__)\nprint(weigh(2), weigh(3))"
    assert printed(shop, code) == ["weigh shop.tools", "tools ran", "3 4"]


def test_any_other_name_runs_the_module(shop: Path) -> None:
    assert printed(shop, "from shop.tools import lift\nprint(lift(2))") == ["tools ran", "-2"]


def test_the_package_is_whole_when_looked_at(shop: Path) -> None:
    code = "import shop.light\nimport shop\nprint(shop.Engine.__name__, shop.RAN, shop.light.price(1))"
    assert printed(shop, code) == ["heavy ran", "Engine True 2"]


def test_a_missing_name_is_missed_as_ever(shop: Path) -> None:
    code = "import shop.tools as tools\ntry:\n    tools.nothing\nexcept AttributeError as error:\n    print(error)"
    assert printed(shop, code) == ["tools ran", "module 'shop.tools' has no attribute 'nothing'"]


def test_a_deferred_module_is_an_attribute_of_its_package(shop: Path) -> None:
    code = "import shop.light\nimport shop\nprint(shop.tools.lift(1))"
    assert printed(shop, code) == ["tools ran", "-1"]


def test_what_is_imported_stays() -> None:
    defer("pathlib")
    assert sys.modules["pathlib"].Path is Path


def test_a_module_that_does_not_exist_is_an_import_error() -> None:
    defer("assay.no_such_room")
    with pytest.raises(ModuleNotFoundError, match=r"assay\.no_such_room"):
        importlib.import_module("assay.no_such_room")
