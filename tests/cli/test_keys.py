"""keys: list, set, remove, check; never a value."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fake_provider import FakeProvider

SECRET = "sk-secret-1234567890"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.terminal.keys import KNOWN

    for name in (*KNOWN, "ASSAY_KEYS"):
        monkeypatch.delenv(name, raising=False)


def test_a_key_is_set_listed_and_removed_and_never_shown(assay) -> None:
    outcome = assay("keys", "set", "OPENAI_API_KEY", stdin=SECRET + "\n")
    assert "OPENAI_API_KEY is kept in" in outcome.out
    listed = assay("keys", "list", "--json")
    entry = next(entry for entry in listed.json["keys"] if entry["name"] == "OPENAI_API_KEY")
    assert entry == {"name": "OPENAI_API_KEY", "set": True, "source": "file", "provider": "OpenAI"}
    table = assay("keys", "list")
    assert "OPENAI_API_KEY" in table.out
    assert "ANTHROPIC_API_KEY" in table.out
    file = Path(listed.json["file"])
    assert SECRET in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    removed = assay("keys", "remove", "OPENAI_API_KEY")
    assert SECRET not in file.read_text()
    for said in (outcome, listed, table, removed):
        assert SECRET not in said.out + said.err


def test_a_variable_is_named_as_the_source_and_is_not_removed(assay) -> None:
    variables = {"HF_TOKEN": SECRET}
    entries = {entry["name"]: entry for entry in assay("keys", "list", "--json", env=variables).json["keys"]}
    assert entries["HF_TOKEN"]["source"] == "variable HF_TOKEN"
    assert entries["OPENAI_API_KEY"] == {"name": "OPENAI_API_KEY", "set": False, "source": None, "provider": "OpenAI"}
    assert "unset HF_TOKEN" in assay("keys", "remove", "HF_TOKEN", env=variables, code=5).err


@pytest.mark.parametrize("args", [("OPENAI_API_KEY", SECRET), (f"OPENAI_API_KEY={SECRET}",), (SECRET,)])
def test_a_key_as_an_argument_is_refused_and_not_repeated(assay, args: tuple[str, ...]) -> None:
    outcome = assay("keys", "set", *args, stdin="x\n", code=2)
    assert SECRET not in outcome.out + outcome.err


@pytest.mark.parametrize("stdin", ["", "\n", "two words\n"])
def test_no_key_on_standard_input(assay, stdin: str) -> None:
    assert "expected a key" in assay("keys", "set", "OPENAI_API_KEY", stdin=stdin, code=2).err


def test_a_name_that_no_model_asks_for_is_kept_and_told(assay) -> None:
    assert "did you mean OPENAI_API_KEY" in assay("keys", "set", "OPENAI_KEY", stdin="abc\n").err


def test_on_a_terminal_what_is_typed_is_not_shown(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "assay", "keys", "set", "HF_TOKEN"], stdin=follower, stdout=follower,
                          stderr=follower, start_new_session=True, close_fds=True,
                          env={**os.environ, "TERM": "dumb"}) as process:
        os.close(follower)
        shown = b""
        while b"not shown" not in shown:
            shown += os.read(leader, 1024)
        time.sleep(0.2)
        os.write(leader, SECRET.encode() + b"\n")
        while True:
            try:
                chunk = os.read(leader, 1024)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        assert process.wait(60) == 0
    os.close(leader)
    assert SECRET.encode() not in shown
    assert b"HF_TOKEN is kept" in shown


def test_check_asks_each_provider_one_small_question(assay) -> None:
    with FakeProvider(key=SECRET) as provider:
        variables = {**provider.environment, "GEMINI_API_KEY": "the-wrong-one-1234"}
        outcome = assay("keys", "check", "--json", env=variables, code=4)
        results = {entry["name"]: entry for entry in outcome.json["keys"]}
        assert len(provider.log) == 3
        assert all("Answer with the one word" in str(entry["body"]) for entry in provider.log)
    assert results["OPENAI_API_KEY"]["ok"] is True
    assert results["ANTHROPIC_API_KEY"]["ok"] is True
    assert results["GEMINI_API_KEY"]["ok"] is False
    assert "API key not valid" in results["GEMINI_API_KEY"]["reason"]
    assert SECRET not in outcome.out + outcome.err
    assert "the-wrong-one-1234" not in outcome.out + outcome.err


def test_check_of_one_key(assay) -> None:
    with FakeProvider() as provider:
        table = assay("keys", "check", "ANTHROPIC_API_KEY", env=provider.environment)
        assert [entry["wire"] for entry in provider.log] == ["anthropic"]
    assert "claude-haiku-5-5" in table.out


def test_check_without_any_key_says_so(assay) -> None:
    assert "no key is set" in assay("keys", "check", code=4).err


def test_check_offline_tells_why(assay) -> None:
    outcome = assay("keys", "check", env={"OPENAI_API_KEY": SECRET}, code=4)
    assert "ASSAY_OFFLINE" in outcome.out


def test_a_file_that_others_can_read_is_told(assay) -> None:
    file = Path(assay("keys", "list", "--json").json["file"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")
    file.chmod(0o644)
    assert "chmod 600" in assay("keys", "list", code=2).err
