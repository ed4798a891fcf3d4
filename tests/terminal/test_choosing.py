"""Which model is asked."""

from __future__ import annotations

import pytest

from assay.core.errors import AssayError
from assay.terminal import models
from assay.terminal.choosing import USUAL, choose, choose_if_any


def test_a_name_an_alias_or_wire_and_id() -> None:
    assert choose("openai:some-model").id == "some-model"
    assert choose("recipes").wire == "recipes"
    assert choose("openai:x", timeout=3.0).timeout == 3.0


def test_the_usual_model_comes_before_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("ASSAY_MODEL", "anthropic:mine")
    assert choose().name == "anthropic:mine"
    assert choose("openai:other").name == "openai:other"


@pytest.mark.parametrize(("names", "model"), USUAL)
def test_a_key_decides(names: tuple[str, ...], model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names[-1], "k")
    chosen = choose()
    assert chosen.name == model == models.find(model).name
    assert not chosen.retired
    assert set(names) & set(chosen.key_env or ()) or chosen.key_env is None


def test_without_a_name_and_a_key_the_error_says_what_to_do() -> None:
    with pytest.raises(AssayError) as error:
        choose()
    assert error.value.code == 4
    assert "\n" not in str(error.value)
    for word in ("assay keys set", "--model", "--offline"):
        assert word in str(error.value)
    assert choose_if_any() is None


def test_offline_is_recipes_or_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert choose(offline=True).wire == "recipes"
    assert choose("gguf:/models/x.gguf", offline=True).wire == "gguf"
    with pytest.raises(AssayError, match="opens no socket") as error:
        choose("openai:x", offline=True)
    assert error.value.code == 2
    assert choose_if_any(offline=True) is None


def test_offline_with_a_usual_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_MODEL", "openai:x")
    assert choose(offline=True).wire == "recipes"
    monkeypatch.setenv("ASSAY_MODEL", "gguf:/models/x.gguf")
    assert choose(offline=True).id == "/models/x.gguf"
