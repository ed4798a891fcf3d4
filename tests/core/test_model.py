"""A model: its digest, how it is loaded, and the TOML files that hold it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Model
from assay.core.model import Environment, read_toml, resolve

MODEL = Model("name", "lab", "pkg.mod:load", {"size": 3}, sha256="0" * 64)


def load(device: str, **options: Any) -> dict[str, Any]:
    return {"device": device, **options}


class Nested:
    inner = staticmethod(load)


@pytest.mark.parametrize("other", [
    Model("name", "lab", "pkg.mod:other", {"size": 3}, sha256="0" * 64),
    Model("name", "lab", "pkg.mod:load", {"size": 4}, sha256="0" * 64),
    Model("name", "lab", "pkg.mod:load", {"size": 3}, sha256="1" * 64),
])
def test_loader_options_and_weights_decide_the_digest(other: Model) -> None:
    assert other.digest != MODEL.digest


def test_name_device_licence_and_meta_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Model("other", "other", "pkg.mod:load", {"size": 3}, "cuda", "env", "MIT", "https://x", "0" * 64, {"a": 1})
    assert other.digest == MODEL.digest


@pytest.mark.parametrize("loader", ["", "pkg.mod", "pkg.mod:", ":load"])
def test_a_loader_names_a_module_and_a_callable(loader: str) -> None:
    with pytest.raises(ValueError, match=r"'x': loader must be 'package\.module:callable'"):
        Model("x", "lab", loader)


@pytest.mark.parametrize("field", ["options", "meta"])
def test_options_and_meta_are_json(field: str) -> None:
    with pytest.raises(ValueError, match=r"'x'.*JSON"):
        Model("x", "lab", "a:b", **{field: {"since": datetime.date(2026, 1, 1)}})


def test_the_loader_is_called_with_device_and_options() -> None:
    assert Model("x", "lab", f"{__name__}:load", {"a": [1]}, device="cuda:1").load() == {"device": "cuda:1", "a": [1]}


def test_the_path_of_the_weights_goes_where_an_option_asks_for_it_at_any_depth() -> None:
    options = {"a": "{weights}", "b": {"c": ["{weights}", 1, "x{weights}"]}, "d": "weights"}
    model = Model("x", "lab", f"{__name__}:load", options)
    assert model.needs_weights
    loaded = model.load(Path("/data/x.pt"))
    assert (loaded["a"], loaded["b"], loaded["d"]) == ("/data/x.pt", {"c": ["/data/x.pt", 1, "x{weights}"]}, "weights")
    assert not MODEL.needs_weights


def test_a_reference_may_name_an_attribute_of_an_attribute() -> None:
    assert resolve(f"{__name__}:Nested.inner") is load
    with pytest.raises(ImportError):
        resolve("no_such_module_anywhere:load")
    with pytest.raises(AttributeError):
        resolve("os:no_such_function")


def test_a_model_is_its_json() -> None:
    assert Model(**MODEL.to_json()) == MODEL


# -- TOML

GOOD = """
[[model]]
name = "lj-argon"
family = "atoms"
loader = "assay.atoms.loaders:lennard_jones"
options = {sigma = 3.4, nested = {weights = "{weights}"}}
meta = {elements = ["Ar"]}

[[model]]
name = "other"
family = "lab"
loader = "a:b"
environment = "mace"

[environments.mace]
requires = ["mace-torch==0.3.16", "torch==2.13.0"]
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "assay.toml"


def test_models_and_environments_are_read(toml: Path) -> None:
    toml.write_text(GOOD)
    (lj, other), (mace,) = read_toml(toml)
    assert (lj.name, lj.options["sigma"], lj.needs_weights, lj.meta) == ("lj-argon", 3.4, True, {"elements": ["Ar"]})
    assert other.environment == mace.name == "mace"
    assert mace == Environment("mace", ("mace-torch==0.3.16", "torch==2.13.0"))


@pytest.mark.parametrize(("text", "what"), [
    ("[[model]", "cannot be read as TOML"),
    ("\udcff", "cannot be read as TOML"),
    ("[models]\nx = 1", "unknown entry 'models'"),
    ("[[model]]\nname = 'a'", "model 'a'.*missing"),
    ("[[model]]\nfamily = 'a'\nloader = 'a:b'", "model '?'"),
    ("[[model]]\nname = 'a'\nfamily = 'b'\nloader = 'c'", "model 'a'.*package.module:callable"),
    ("[[model]]\nname = 'a'\nfamily = 'b'\nloader = 'c:d'\nlicense = 'MIT'", "model 'a': unknown field 'license'"),
    ("[[model]]\nname = 'a'\nfamily = 'b'\nloader = 'c:d'\noptions.x = 2020-01-01", "model 'a'.*JSON"),
    ("[environments.a]\n", "environment 'a'.*missing"),
    ("[environments.a]\nrequires = 'mace-torch'", "environment 'a'.*must be a list"),
    ("[environments.a]\nrequires = []\npython = '3.12'", "environment 'a': unknown field 'python'"),
    ("model = 'name'", "in double brackets, found 'name'"),
    ("[model]\nname = 'a'", "in double brackets"),
    ("[[environments]]\nrequires = []", r"expected"),
    ("environments = ['a']", r"expected \[environments\.NAME\]"),
    ("[environments]\na = ['b']", r"expected \[environments\.NAME\]"),
    ("[[model]]\nname = 5\nfamily = 'b'\nloader = 'c:d'", "model 5: name must be a text, found 5"),
    ("[[model]]\nname = 'a'\nfamily = 'b'\nloader = ['c:d']", "model 'a': loader must be a text"),
    ("[[model]]\nname = 'a'\nfamily = 'b'\nloader = 'c:d'\noptions = 'x'", "model 'a': options must be a table"),
])
def test_a_wrong_file_is_named_with_what_is_wrong(toml: Path, text: str, what: str) -> None:
    toml.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AssayError, match=what) as caught:
        read_toml(toml)
    assert str(toml) in caught.value.message
    assert caught.value.code == 2


def test_a_file_that_is_not_there_is_named(toml: Path) -> None:
    with pytest.raises(AssayError, match=r"assay\.toml: cannot be read"):
        read_toml(toml)


def test_another_list_of_requirements_is_another_environment() -> None:
    assert Environment("a", ("x",)).digest != Environment("a", ("x", "y")).digest
    assert Environment("a", ["x"]) == Environment("a", ("x",))  # type: ignore[arg-type]
