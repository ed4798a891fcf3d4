"""Names are taken once; plugins are found on the path; one that is broken costs only itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from assay import AssayError, Benchmark, Metric, Model
from assay.core.registry import NameTakenError, Registry, matching

MODEL = Model("m", "lab", "pkg.mod:load")
LISTING = """
import json, sys
from assay.core.errors import AssayError
from assay.core.registry import registry
try:
    registry.load()
except AssayError as error:
    print(json.dumps({"error": error.message, "code": error.code}))
else:
    print(json.dumps({"benchmarks": sorted(registry.benchmarks), "models": sorted(registry.models),
                      "broken": registry.broken, "families": registry.family_names(),
                      "refused": registry.refused}))
"""
Python = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str, str], str]:
    """Write a distribution with one module and an entry point; returns its folder."""

    def plugin(name: str, code: str) -> str:
        folder = tmp_path / "plugins" / name
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[assay.plugins]\n{name} = {name}\n")
        (folder / f"{name}.py").write_text(dedent(code))
        return str(folder)

    return plugin


@pytest.fixture
def loaded(python: Python) -> Callable[..., Any]:
    """Load the registry in a process of its own with these folders on PYTHONPATH; returns what it holds."""

    def loaded(*folders: str) -> Any:
        done = python(LISTING, path=os.pathsep.join(folders))
        return {**json.loads(done.stdout), "stderr": done.stderr}

    return loaded


def benchmark_of(name: str) -> str:
    return f"""
        from assay import Benchmark, Metric, benchmark
        @benchmark
        class Some(Benchmark):
            name = {name!r}
            metrics = (Metric("mae", "eV", good=0.0, bad=1.0),)
        """


# -- tables


def test_what_is_registered_twice_names_both_places() -> None:
    registry = Registry()
    registry.add("models", "m", MODEL, "one.module")
    with pytest.raises(NameTakenError, match=r"model 'm' is registered twice: in one\.module and in other\.module"):
        registry.add("models", "m", MODEL, "other.module")
    with pytest.raises(NameTakenError, match="registered twice"):
        registry.add("models", "m", Model("m", "lab", "pkg.mod:other"), "one.module")


def test_the_same_thing_from_the_same_place_may_come_again() -> None:
    registry = Registry()
    for _ in range(2):
        registry.add("models", "m", MODEL, "one.module")
    assert registry.model("m") is MODEL


@pytest.mark.parametrize("what", ["benchmark", "model"])
def test_an_unknown_name_gets_near_ones_and_exit_code_five(what: str) -> None:
    registry = Registry()
    registry.add("models", "chgnet-0.3.0", MODEL, "here")
    registry.add("benchmarks", "chgnet/x", type("B", (Benchmark,), {}), "here")
    with pytest.raises(AssayError, match=f"no {what} named 'chgnet'") as caught:
        getattr(registry, what)("chgnet")
    assert caught.value.code == 5
    assert caught.value.hint.startswith("did you mean chgnet")


def test_a_refused_model_says_why() -> None:
    registry = Registry(refused={"gfn2-xtb+d3": "dispersion is included already"})
    with pytest.raises(AssayError, match=r"no model 'gfn2-xtb\+d3': dispersion is included already") as caught:
        registry.model("gfn2-xtb+d3")
    assert caught.value.code == 5


def test_an_environment_that_nobody_defines_is_said() -> None:
    registry = Registry()
    assert registry.environment(MODEL) is None
    with pytest.raises(AssayError, match="no environment named 'torch'"):
        registry.environment(Model("m", "lab", "a:b", environment="torch"))


def test_families_are_those_of_benchmarks_models_and_registrations(toy: Any) -> None:
    from assay.core.registry import registry

    assert {"toy", "spoilt"} <= set(registry.family_names())


def test_globs_match_the_whole_name_and_keep_the_order() -> None:
    names = ["b", "a+d3", "a", "[x]"]
    assert matching(names, ["a"]) == ["a"]
    assert matching(names, ["a*", "b"]) == ["b", "a+d3", "a"]
    assert matching(names, ["[[]x]"]) == ["[x]"]
    assert matching(names, []) == []


# -- plugins


def test_a_folder_on_the_path_is_enough(plugin: Any, loaded: Any) -> None:
    found = loaded(plugin("mine", benchmark_of("mine/some")))
    assert "mine/some" in found["benchmarks"]
    assert found["broken"] == []
    assert found["stderr"] == ""


@pytest.mark.parametrize(("code", "reason"), [
    ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    ("raise ValueError('two lines\\nof text')", "ValueError: two lines of text"),
    ("import sys; sys.exit(7)", "SystemExit: 7"),
    ("def broken(:", "SyntaxError"),
    (benchmark_of("no-slash"), "AssayError: spoilt:Some: name must be 'family/word', found 'no-slash'"),
    ("from assay import Metric; Metric('mae', 'eV', 1.0, 1.0)", "ValueError: metric 'mae'"),
])
def test_a_plugin_that_raises_is_one_warning_and_costs_only_itself(plugin: Any, loaded: Any, code: str,
                                                                    reason: str) -> None:
    found = loaded(plugin("spoilt", code), plugin("whole", benchmark_of("whole/some")))
    assert "whole/some" in found["benchmarks"]
    ((distribution, why),) = found["broken"]
    assert distribution == "dist-spoilt"
    assert why.startswith(reason)
    (line,) = found["stderr"].splitlines()
    assert line.startswith("warning: plugin dist-spoilt (spoilt)")
    assert reason in line


def test_two_benchmarks_of_one_name_name_both_modules(plugin: Any, loaded: Any) -> None:
    found = loaded(plugin("one", benchmark_of("same/name")), plugin("two", benchmark_of("same/name")))
    assert found["error"] == "benchmark 'same/name' is registered twice: in one and in two"
    assert found["code"] == 2


def test_two_models_of_one_name_name_both_places(plugin: Any, loaded: Any) -> None:
    code = "from assay import Model, register_model; register_model(Model('same', 'lab', 'a:b'))"
    Path("assay.toml").write_text("[[model]]\nname = 'same'\nfamily = 'lab'\nloader = 'a:b'\n")
    found = loaded(plugin("one", code))
    assert "model 'same' is registered twice: in one and in " in found["error"]
    assert "assay.toml" in found["error"]


def test_the_users_models_come_from_both_files(loaded: Any, tmp_path: Path) -> None:
    from assay.core import config

    for path, name in ((Path("assay.toml"), "here"), (config.user_config_file(), "users")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[[model]]\nname = '{name}'\nfamily = 'lab'\nloader = 'a:b'\n")
    assert {"here", "users"} <= set(loaded()["models"])


def test_a_loader_may_lie_beside_the_file_that_names_it_but_hides_nothing(python: Python, tmp_path: Path) -> None:
    (tmp_path / "work" / "assay.toml").write_text("[[model]]\nname='a'\nfamily='lab'\nloader='my_loader:load'\n")
    (tmp_path / "work" / "my_loader.py").write_text("def load(device): return 'loaded'\n")
    (tmp_path / "work" / "sqlite3.py").write_text("raise RuntimeError('not the library')\n")
    code = """
import sys
sys.path.remove("")
from assay.core.registry import registry
print(registry.load().model("a").load(), end=" ")
import sqlite3
"""
    assert python(code).stdout == "loaded "


def test_families_offer_variants_refuse_them_or_fail_alone(plugin: Any, loaded: Any) -> None:
    found = loaded(plugin("kin", """
        from assay import Model, register_family, register_model
        register_family("kin", variants="kin:variants")
        register_family("bad", variants="kin:broken")
        for name, family in (("a", "kin"), ("b", "kin"), ("c", "bad")):
            register_model(Model(name, family, "x:y"))
        def variants(model):
            more = Model(model.name + "+", "kin", "x:z")
            return {more.name: more if model.name == "a" else "b has none"}
        def broken(model):
            raise ZeroDivisionError("variants")
        """))
    assert {"a", "b", "c", "a+"} <= set(found["models"])
    assert found["refused"]["b+"] == "b has none"
    assert found["broken"] == [["bad", "ZeroDivisionError: variants"]]


def test_a_wrap_may_be_a_function_or_its_name(plugin: Any, python: Python) -> None:
    folder = plugin("wrapping", """
        from assay import register_family
        def wrap(loaded, model): return loaded
        register_family("one", wrap=wrap)
        register_family("two", wrap="wrapping:wrap")
        """)
    code = LISTING + "print([registry.families[name].wrap for name in ('one', 'two')])"
    assert python(code, path=folder).stdout.splitlines()[-1] == "['wrapping:wrap', 'wrapping:wrap']"


def test_renderers_and_pages_are_names_until_they_are_shown(plugin: Any, python: Python) -> None:
    folder = plugin("shown", """
        from assay import register_page, register_renderer
        register_renderer("hologram", "no_such_module:draw", image="no_such_module:picture")
        register_page("/mine", "Mine", "no_such_module:page")
        """)
    code = LISTING + ("print(registry.renderers['hologram'], registry.images['hologram'], "
                      "registry.pages['/mine'].content)")
    assert python(code, path=folder).stdout.splitlines()[-1] == (
        "no_such_module:draw no_such_module:picture no_such_module:page")


def test_loading_again_does_nothing() -> None:
    registry = Registry(loaded=True)
    assert registry.load() is registry
    assert registry.benchmarks == {}


def test_a_metric_of_a_plugin_is_the_class_of_the_package() -> None:
    import assay

    assert assay.Metric is Metric
    assert "benchmark" in dir(assay)
    with pytest.raises(AttributeError, match="no attribute 'Benchmarks'"):
        assay.Benchmarks  # noqa: B018
