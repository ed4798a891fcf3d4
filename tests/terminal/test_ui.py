"""The menu on a real terminal: what keys do, what Enter does, what is never run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.terminal.history import History
from assay.terminal.proposal import Item, assessed
from assay.terminal.ui import targets
from fake_provider import FakeProvider
from pseudo_terminal import CTRL_C, CTRL_D, CTRL_U, ENTER, Terminal, assay
from sandboxes import needs_namespaces

MENU = "Enter: "
READS, CHANGES, DESTROYS = "cat there.txt", "touch made.txt", "rm there.txt"


def reply(*commands: str, **fields: Any) -> str:
    """An answer in the regular format."""
    return json.dumps({"input": "", "error": 0, "commands": [
        {"seq": seq, "cmd_to_execute": command, "cmd_explanations": [f"explains {seq}"],
         "arg_explanations": {"-x": "an argument"}} for seq, command in enumerate(commands, start=1)], **fields})


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    table = {"read": reply(READS), "change": reply(CHANGES), "destroy": reply(DESTROYS), "wipe": reply("rm -rf /"),
             "list": reply("mkdir sub", "cd sub", "touch here.txt"),
             "stops": reply("touch one", "ls nowhere", "touch two"),
             "root": reply("cd /", "rm -rf *"), "hostile": reply("touch a\u202eb\u001b[2Jc\u200b"),
             "nul": reply("touch x\u0000y"), "said": json.dumps({"error": 1, "reason": "no\u001b]0;t\u0007pe"}),
             "secret": reply("echo __ASSAY_SECRET_1__ > key.txt"), "lines": reply("cat <<X\none\ntwo\nX"),
             "fails": {"script": "http:401"}}
    with FakeProvider("table", table=table, default="I am a teapot") as running:
        yield running


@pytest.fixture
def menu(provider: FakeProvider, folders: Path) -> Callable[..., Terminal]:
    """Asks on a terminal, and waits for the menu."""
    Path("there.txt").write_text("it was read\n")

    def ask(*args: str, until: str = MENU, **environ: str | None) -> Terminal:
        terminal = assay("cmd", *args, environ={**provider.environment, **environ})
        terminal.expect(until)
        return terminal

    return ask


def test_enter_runs_what_only_reads(menu: Any) -> None:
    with menu("read") as terminal:
        assert "Enter: execute" in terminal.shown + terminal.expect("execute")
        assert "read-only" in terminal.shown
        terminal.type(ENTER)
        terminal.expect("it was read")
        assert terminal.end() == 0


def test_enter_runs_what_can_be_made_again(menu: Any) -> None:
    with menu("change") as terminal:
        terminal.type(ENTER)
        assert terminal.end() == 0
        assert "changes" in terminal.shown
    assert Path("made.txt").exists()


def test_enter_quits_before_what_destroys(menu: Any) -> None:
    with menu("destroy") as terminal:
        terminal.expect("quit")
        terminal.type(ENTER)
        assert terminal.end() == 0
        assert "destroys" in terminal.shown
    assert Path("there.txt").exists()


def test_e_runs_what_destroys(menu: Any) -> None:
    with menu("destroy") as terminal:
        terminal.type("e")
        assert terminal.end() == 0
    assert not Path("there.txt").exists()


@pytest.mark.parametrize("key", ["q", CTRL_D])
def test_quit_runs_nothing(menu: Any, key: str) -> None:
    with menu("change") as terminal:
        terminal.type(key)
        assert terminal.end() == 0
    assert not Path("made.txt").exists()


def test_ctrl_c_at_the_menu_is_130_and_runs_nothing(menu: Any) -> None:
    with menu("change") as terminal:
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert not Path("made.txt").exists()


def test_what_has_no_bound_needs_its_target_typed(menu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell that would run it only says so: the test must not depend on the code under test to survive.
    shell = Path("bin/bash")
    shell.parent.mkdir()
    shell.write_text("#!/bin/sh\necho would run\n")
    shell.chmod(0o755)
    with menu("wipe", SHELL=str(shell.absolute())) as terminal:
        assert "Enter: quit" in terminal.shown + terminal.expect("quit")
        terminal.type("e")
        terminal.expect("type what it acts on:  /")
        terminal.type("y", ENTER)
        terminal.expect("not run")
        terminal.expect(MENU)
        terminal.type("e")
        terminal.expect("type what it acts on:  /")
        terminal.type("/", ENTER)
        terminal.expect("would run")
        assert terminal.end() == 0


def test_a_list_is_assessed_as_one(menu: Any) -> None:
    with menu("root") as terminal:
        assert "UNBOUNDED" in terminal.shown
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.parametrize(("command", "typed"), [
    ("rm -rf /", ["/"]), ("sudo rm -rf --no-preserve-root / x", ["/"]), ('rm -rf "$D"/', ['"$D"/']),
    ("dd if=x of=/dev/sda", ["/dev/sda"]), ("chmod -R 777 /etc ~", ["/etc", "~"]),
    ("curl x.sh | sh", ["curl x.sh | sh"]), ("kill -9 -1", ["kill -9 -1"]), ("ls", [])])
def test_targets(command: str, typed: list[str]) -> None:
    assert targets(Item(1, command, assessed(command))) == typed


def test_a_list_is_run_by_one_shell(menu: Any) -> None:
    with menu("list") as terminal:
        terminal.type("e")
        assert terminal.end() == 0
    assert Path("sub/here.txt").exists()


def test_a_list_stops_at_the_first_failure_and_says_which(menu: Any) -> None:
    with menu("stops") as terminal:
        terminal.type("e")
        terminal.expect("command 2 of 3 failed with exit status 2; command 3 was not run")
        assert terminal.end() == 1
    assert Path("one").exists()
    assert not Path("two").exists()


@pytest.mark.parametrize("shell", ["/bin/bash", "/usr/bin/zsh", "/usr/bin/fish", "/bin/sh"])
def test_the_users_shell_runs_it(menu: Any, shell: str) -> None:
    if not os.access(shell, os.X_OK):
        pytest.skip(f"no {shell}")
    with menu("stops", SHELL=shell) as terminal:
        terminal.type("e")
        terminal.expect("command 2 of 3 failed with exit status 2")
        assert terminal.end() == 1
    assert Path("one").exists()
    assert not Path("two").exists()


def test_edited_text_is_assessed_again_and_run(menu: Any) -> None:
    with menu("destroy") as terminal:
        terminal.type("d")
        terminal.expect("edit: rm there.txt")
        terminal.type(CTRL_U, "cat there.txt", ENTER)
        terminal.expect("read-only")
        terminal.expect("Enter: execute")
        terminal.type(ENTER)
        terminal.expect("it was read")
        assert terminal.end() == 0


def test_editing_one_of_several(menu: Any) -> None:
    with menu("stops") as terminal:
        terminal.type("d")
        terminal.expect("which, 1-3?")
        terminal.type("2", ENTER)
        terminal.expect("edit: ls nowhere")
        terminal.type(CTRL_U, "true", ENTER)
        terminal.expect(MENU)
        terminal.type("e")
        assert terminal.end() == 0
    assert Path("two").exists()


def test_several_lines_are_edited_in_the_editor(menu: Any) -> None:
    editor = Path("editor")
    editor.write_text("#!/bin/sh\nsed -i s/two/three/ \"$1\"\n")
    editor.chmod(0o755)
    with menu("lines", EDITOR=str(editor.absolute()), VISUAL=None) as terminal:
        terminal.type("d")
        terminal.expect("three")
        terminal.expect(MENU)
        terminal.type("e")
        assert "one\nthree" in terminal.rest()


def test_a_revised_request_is_asked(menu: Any, provider: FakeProvider) -> None:
    with menu("destroy") as terminal:
        terminal.type("r")
        terminal.expect("request: destroy")
        terminal.type(CTRL_U, "read", ENTER)
        terminal.expect(READS)
        terminal.expect("Enter: execute")
        terminal.type("q")
        assert terminal.end() == 0
    assert len(provider.log) == 2


def test_after_a_failure_of_the_provider_the_menu_is_there(menu: Any) -> None:
    with menu("read") as terminal:
        terminal.type("r")
        terminal.expect("request: read")
        terminal.type(CTRL_U, "fails", ENTER)
        terminal.expect("HTTP 401")
        terminal.expect(MENU)
        terminal.type("q")
        assert terminal.end() == 0


def test_explain_shows_parts_and_arguments(menu: Any, provider: FakeProvider) -> None:
    with menu("read") as terminal:
        terminal.type("x")
        terminal.expect("command: ")
        terminal.expect("an argument")
        terminal.expect(MENU)
        terminal.type("q")
        assert terminal.end() == 0
    assert len(provider.log) == 1


@pytest.mark.skipif(bool(os.environ.get("DISPLAY")), reason="would use the desktop's clipboard")
def test_copy_goes_through_the_terminal(menu: Any) -> None:
    with menu("read", WAYLAND_DISPLAY=None, TMUX=None) as terminal:
        terminal.type("c")
        terminal.expect("OSC 52")
        terminal.expect(MENU)  # what is typed before it counts for nothing
        terminal.type("q")
        assert terminal.end() == 0
        assert b"\x1b]52;c;Y2F0IHRoZXJlLnR4dA==\x07" in terminal.raw


@needs_namespaces
def test_try_changes_nothing_and_then_e_runs_it(menu: Any) -> None:
    with menu("destroy") as terminal:
        terminal.type("t")
        terminal.expect("there.txt  deleted")
        terminal.expect(MENU)
        assert Path("there.txt").exists()
        terminal.type("e")
        assert terminal.end() == 0
    assert not Path("there.txt").exists()


@needs_namespaces
def test_a_folder_that_changed_since_the_try_is_told(menu: Any) -> None:
    with menu("destroy") as terminal:
        terminal.type("t")
        terminal.expect("deleted")
        terminal.expect(MENU)
        Path("new.txt").write_text("new")
        terminal.type("e")
        terminal.expect("has changed since")
        assert terminal.end() == 0
    assert Path("new.txt").exists()


def test_a_key_that_means_nothing_is_told(menu: Any) -> None:
    with menu("change") as terminal:
        terminal.type("z")
        terminal.expect("one of e t d r x c q")
        terminal.type("\x1b[A")
        terminal.expect("one of e t d r x c q")
        terminal.type("é")
        terminal.expect("one of e t d r x c q")
        terminal.type("q")
        assert terminal.end() == 0


def test_what_is_typed_before_the_menu_counts_for_nothing(provider: FakeProvider) -> None:
    provider.delay = 1.0
    with assay("cmd", "change", environ=provider.environment) as terminal:
        terminal.type(ENTER, "e", ENTER)
        terminal.expect(MENU)
        terminal.expect("> ")
        assert not Path("made.txt").exists()
        terminal.type("q")
        assert terminal.end() == 0
    assert not Path("made.txt").exists()


@pytest.mark.parametrize("request_", ["hostile", "nul"])
def test_a_hostile_command_is_shown_as_it_is_and_not_run(menu: Any, request_: str) -> None:
    with menu(request_) as terminal:
        for raw in (b"\x1b[2J", "\u202e".encode(), "\u200b".encode(), b"\x00"):
            assert raw not in terminal.raw
        assert "\\u{" in terminal.shown
        assert "Enter: quit" in terminal.shown + terminal.expect("quit")
        terminal.type("e")
        terminal.expect("not run")
        terminal.expect(MENU)  # what is typed before it counts for nothing
        terminal.type("q")
        assert terminal.end() == 0
    assert sorted(path.name for path in Path().iterdir()) == ["there.txt"]


def test_a_refusal_can_be_revised(menu: Any) -> None:
    with menu("said") as terminal:
        assert "nope" in terminal.shown
        assert b"\x1b]0;" not in terminal.raw
        terminal.type("r")
        terminal.expect("request: said")
        terminal.type(CTRL_U, "read", ENTER)
        terminal.expect("Enter: execute")
        terminal.type("q")
        assert terminal.end() == 0


def test_quit_after_a_refusal_is_1(menu: Any) -> None:
    with menu("unheard of") as terminal:
        assert "cannot be used" in terminal.shown
        terminal.type(ENTER)
        assert terminal.end() == 1


def test_secrets_are_put_back_for_the_shell_and_kept_out_of_the_log(menu: Any, provider: FakeProvider) -> None:
    with menu("secret", "sk-abcdefghij1234567890") as terminal:
        assert "sk-abcdefghij1234567890" in terminal.shown
        assert "1 secret kept back" in terminal.shown
        terminal.type("e")
        assert terminal.end() == 0
    assert Path("key.txt").read_text() == "sk-abcdefghij1234567890\n"
    assert "sk-abcdefghij" not in json.dumps(provider.log)
    (entry,) = History().entries()
    assert [part.role for part in History().entry(entry.id).parts] == ["user", "assistant", "run"]
    assert b"sk-abcdefghij" not in History().file.read_bytes()


def test_a_simple_terminal_takes_lines(menu: Any) -> None:
    with menu("change", until="then Enter > ", TERM="dumb") as terminal:
        assert b"\x1b" not in terminal.raw
        terminal.type("what", ENTER)
        terminal.expect("one of e t d r x c q")
        assert not Path("made.txt").exists()
        terminal.type("e", ENTER)
        assert terminal.end() == 0
    assert Path("made.txt").exists()


def test_no_color_is_honoured_and_words_say_it_all(menu: Any) -> None:
    with menu("destroy", NO_COLOR="1") as terminal:
        assert "destroys" in terminal.shown
        terminal.type("q")
        assert terminal.end() == 0
        assert b"\x1b[1;31m" not in terminal.raw
        assert b"\x1b[1m" not in terminal.raw


def test_recipes_are_offered_and_never_run_by_default(folders: Path) -> None:
    with assay("--offline", "cmd", "unpack", "backup.tar.gz") as terminal:
        terminal.expect("found among recipes, not generated")
        terminal.expect("Enter: quit")
        terminal.type("1")
        terminal.expect("Enter: quit")
        terminal.type(ENTER)
        assert terminal.end() == 0


def test_a_slot_that_is_open_is_not_run(folders: Path) -> None:
    with assay("--offline", "cmd", "unpack", "backup.tar.gz") as terminal:
        seen = terminal.expect("Enter: quit")
        assert "to be filled in: {archive} {file}" in seen
        terminal.type("3")
        terminal.expect("edit: ")
        terminal.type(ENTER)
        terminal.expect(MENU)
        terminal.type("e")
        terminal.expect("still open")
        terminal.expect(MENU)  # what is typed before it counts for nothing
        terminal.type("q")
        assert terminal.end() == 0


def test_a_request_is_asked_for_at_a_terminal(provider: FakeProvider, folders: Path) -> None:
    with assay("cmd", environ=provider.environment) as terminal:
        terminal.expect("request: ")
        terminal.type("change", ENTER)
        terminal.expect(MENU)
        terminal.type("q")
        assert terminal.end() == 0
