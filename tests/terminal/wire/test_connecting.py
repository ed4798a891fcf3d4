"""Which client a wire gets, with which key, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.terminal import keys
from assay.terminal.wire import WIRES, ProviderError, connect
from assay.terminal.wire.connecting import place
from assay.terminal.wire.types import Request


@pytest.mark.parametrize(("program", "left"), [
    ("import assay.terminal.wire", ("httpx", "httpcore", "numpy", "platformdirs", "xllamacpp", "llm")),
    ("from assay.terminal.models import find; find('gpt-6-luna'); find('gguf:x'); find('llm:x'); find('recipes')",
     ("httpx", "httpcore", "numpy", "xllamacpp", "llm", "assay.atoms.plugin", "assay.explain.plugin")),
    ("import assay.terminal.plugin", ("httpx", "assay.terminal.models", "assay.terminal.wire"))])
def test_nothing_heavy_is_imported_before_the_first_call(program: str, left: tuple[str, ...]) -> None:
    code = f"import sys; {program}; print([name for name in {left!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("wire", list(WIRES))
def test_every_wire_has_a_client_that_can_be_closed_twice_unused(wire: str) -> None:
    client = connect(wire, key="k")
    assert client.calls == 0
    assert "k>" not in repr(client)
    client.close()
    client.close()


def test_the_key_of_the_file_is_found_for_the_wire(provider) -> None:
    keys.set_key("OPENAI_API_KEY", provider.key)
    client = connect("openai", base_url=provider.openai)
    assert client.complete(Request("fake-ok", [{"role": "user", "content": "hi"}])).text
    client.close()


def test_a_plain_completion_takes_its_own_key_first(provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    monkeypatch.setenv("COMPLETIONS_API_KEY", provider.key)
    monkeypatch.setenv("ASSAY_OPENAI_BASE_URL", provider.openai)
    client = connect("completions")
    assert client.complete(Request("fake-ok", [{"role": "user", "content": "hi"}])).text
    monkeypatch.delenv("COMPLETIONS_API_KEY")
    with pytest.raises(ProviderError):
        connect("completions").complete(Request("fake-ok", [{"role": "user", "content": "hi"}]))
    client.close()


@pytest.mark.parametrize(("wire", "variables", "host"), [
    ("openai", {}, "api.openai.com"), ("completions", {}, "api.openai.com"), ("anthropic", {}, "api.anthropic.com"),
    ("gemini", {}, "generativelanguage.googleapis.com"), ("gguf", {}, ""), ("recipes", {}, ""),
    ("completions", {"ASSAY_OPENAI_BASE_URL": "http://a/v1"}, "a"),
    ("completions", {"ASSAY_OPENAI_BASE_URL": "http://a/v1", "ASSAY_COMPLETIONS_BASE_URL": "http://b"}, "b"),
    ("openai", {"ASSAY_COMPLETIONS_BASE_URL": "http://b"}, "api.openai.com"),
    ("anthropic", {"ASSAY_ANTHROPIC_BASE_URL": "http://c:1"}, "c"),
    ("gemini", {"ASSAY_GEMINI_BASE_URL": "http://d"}, "d")])
def test_where_a_wire_leads(monkeypatch: pytest.MonkeyPatch, wire: str, variables: dict[str, str], host: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert place(wire)[0] == host
