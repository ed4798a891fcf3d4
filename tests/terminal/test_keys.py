"""Keys: from where, kept how, and never shown."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.terminal import keys

SECRET = "sk-secret-1234567890"


def test_a_variable_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.set_key("OPENAI_API_KEY", "from-file")
    assert (keys.find(["OPENAI_API_KEY"]).value, keys.find(["OPENAI_API_KEY"]).source) == ("from-file", "file")
    monkeypatch.setenv("OPENAI_API_KEY", "from-variable")
    found = keys.find(["OPENAI_API_KEY"])
    assert (found.value, found.source, found.name) == ("from-variable", "variable OPENAI_API_KEY", "OPENAI_API_KEY")


def test_any_variable_comes_before_any_key_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.set_key("GEMINI_API_KEY", "from-file")
    monkeypatch.setenv("GOOGLE_API_KEY", "from-variable")
    assert keys.find(["GEMINI_API_KEY", "GOOGLE_API_KEY"]).value == "from-variable"


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)
    assert keys.find(["OPENAI_API_KEY"]) is None


def test_no_names_no_key_and_no_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_KEYS", str(tmp_path))  # a folder: reading it would fail
    assert keys.find([]) is None
    with pytest.raises(AssayError):
        keys.find(["OPENAI_API_KEY"])


def test_the_file_is_the_owners_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = keys.set_key("OPENAI_API_KEY", SECRET)
        keys.set_key("HF_TOKEN", "other")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"OPENAI_API_KEY": SECRET, "HF_TOKEN": "other"}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_file_is_where_a_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_KEYS", str(tmp_path / "deep" / "my-keys"))
    assert keys.set_key("HF_TOKEN", "x1") == tmp_path / "deep" / "my-keys"
    assert keys.find(["HF_TOKEN"]).value == "x1"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660])
def test_a_file_that_others_can_read_is_not_used(mode: int) -> None:
    file = keys.set_key("HF_TOKEN", SECRET)
    file.chmod(mode)
    with pytest.raises(AssayError, match=f"mode {mode:o}") as caught:
        keys.find(["HF_TOKEN"])
    assert "chmod 600" in caught.value.hint
    with pytest.raises(AssayError):
        keys.set_key("HF_TOKEN", "x2")


@pytest.mark.parametrize("content", [f"HF_TOKEN={SECRET}", f'["{SECRET}"]', f'{{"HF_TOKEN": ["{SECRET}"]}}', "",
                                     "\xff"])
def test_a_file_that_is_no_json_object_is_told_without_its_content(content: str) -> None:
    file = keys.set_key("HF_TOKEN", "x1")
    file.write_text(content, encoding="latin-1")
    with pytest.raises(AssayError, match="expected a JSON object") as caught:
        keys.find(["HF_TOKEN"])
    assert SECRET not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__ and ''}"


def test_a_key_is_not_in_its_representation() -> None:
    assert SECRET not in repr(keys.Key("N", "file", SECRET))


@pytest.mark.parametrize("value", ["", " \n", "two words", "kéy", "a\x00b", "a\nb"])
def test_what_cannot_be_a_key_is_not_kept(value: str) -> None:
    with pytest.raises(AssayError) as caught:
        keys.set_key("HF_TOKEN", value)
    assert value.strip() == "" or value not in str(caught.value)
    assert not keys.path().exists()


@pytest.mark.parametrize("name", ["", "A B", "sk-123", "A=B", "1A", "Ä"])
def test_what_is_no_name_is_not_repeated(name: str) -> None:
    with pytest.raises(AssayError) as caught:
        keys.set_key(name, "x")
    assert not name or name not in caught.value.message


def test_remove() -> None:
    keys.set_key("HF_TOKEN", "x1")
    keys.set_key("OPENAI_API_KEY", "x2")
    assert keys.remove_key("HF_TOKEN")
    assert not keys.remove_key("HF_TOKEN")
    assert keys.read() == {"OPENAI_API_KEY": "x2"}


def test_names_are_the_known_ones_those_kept_and_those_that_models_want() -> None:
    Path("assay.toml").write_text(
        '[[model]]\nname = "mine"\nfamily = "terminal"\nloader = "assay.terminal.models:load"\n'
        'options = { wire = "openai", model = "m", base_url = "https://x.invalid", key_env = ["MY_KEY"] }\n')
    keys.set_key("OTHER_KEY", "x")
    names = keys.names()
    assert names[0] == "OPENAI_API_KEY"
    assert {"MY_KEY", "OTHER_KEY", "HF_TOKEN", "COMPLETIONS_API_KEY"} <= set(names)
    assert len(names) == len(set(names))


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=80))
def test_what_is_kept_is_what_is_found(value: str) -> None:
    keys.set_key("HF_TOKEN", value)
    assert keys.find(["HF_TOKEN"]).value == value
