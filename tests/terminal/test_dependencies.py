"""What the family imports is what its extras declare."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = ("terminal", "gguf", "llm")
# Names of packages whose modules are called otherwise, and what a declared package brings along.
MODULES = {"tree_sitter_bash": "tree-sitter-bash", "tree_sitter": "tree-sitter", "httpcore": "httpx"}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    return {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in lines}


def imported() -> dict[str, str]:
    """Top-level module -> a file that imports it."""
    found = {}
    for file in (ROOT / "src" / "assay" / "terminal").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.partition(".")[0]: str(file.relative_to(ROOT)) for name in names}
    return found


def test_every_import_is_declared() -> None:
    names = declared()
    foreign = {module: file for module, file in imported().items() if module not in sys.stdlib_module_names
               and module not in ("assay", "__future__")}
    assert "httpx" in foreign
    assert {module: file for module, file in foreign.items()
            if MODULES.get(module, module).lower().replace("_", "-") not in names} == {}
