"""Running a list in one shell, with the shells there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.terminal.execute import FALLBACK, Ran, run, script, shell_of

SHELLS = [path for name in ("sh", "bash", "dash", "zsh", "fish") if (path := shutil.which(name))]
POSIX = [shell for shell in SHELLS if not shell.endswith("fish")]
every_shell = pytest.mark.parametrize("shell", SHELLS)


def ran(shell: str, *commands: str) -> Ran:
    return run(commands, {**os.environ, "SHELL": shell})


@every_shell
def test_one_shell_runs_the_whole_list(shell: str) -> None:
    Path("sub").mkdir()
    assert ran(shell, "cd sub", "echo 'it is here' > 'a file'").ok
    assert Path("sub/a file").read_text() == "it is here\n"


@every_shell
@pytest.mark.parametrize(("failing", "rc"), [("ls nowhere 2> /dev/null", 2), ("sh -c 'exit 7'", 7), ("exit 9", 9)])
def test_it_stops_at_the_first_failure_and_says_which(shell: str, failing: str, rc: int) -> None:
    done = ran(shell, "touch one", failing, "touch three", "touch four")
    assert (done.rc, done.at, done.count) == (rc, 2, 4)
    assert done.told() == (f"stopped: command 2 of 4 failed with exit status {rc}; commands 3, 4 were not run")
    assert [path.name for path in Path().iterdir()] == ["one"]


@every_shell
def test_text_that_is_no_command_fails_where_it_stands(shell: str) -> None:
    done = ran(shell, "touch one", "cat 'open", "touch three")
    assert done.rc
    assert done.at == 2
    assert [path.name for path in Path().iterdir()] == ["one"]


@every_shell
def test_a_command_that_ends_the_shell_well_is_told(shell: str) -> None:
    done = ran(shell, "exit 0", "touch two")
    assert not done.ok
    assert done.told() == "stopped: command 1 of 2 ended the shell; command 2 was not run"


@every_shell
def test_a_signal_is_told(shell: str) -> None:
    done = ran(shell, f"kill -9 ${'fish_pid' if shell.endswith('fish') else '$'}", "touch two")
    assert done.told() == "stopped: command 1 of 2 was ended by signal 9; command 2 was not run"


@pytest.mark.parametrize("shell", POSIX)
def test_functions_variables_and_options_last(shell: str) -> None:
    assert ran(shell, "f() { echo called > called; }", "X=3", "f && test $X = 3").ok
    assert ran(shell, "set -e; false; touch on", "touch two").at == 1
    assert not Path("on").exists()


@pytest.mark.parametrize("shell", POSIX)
def test_several_lines_in_one_command(shell: str) -> None:
    assert ran(shell, "cat > text <<X\none\n'two'\nX", "test $(wc -l < text) = 2").ok


def test_a_single_failure_and_an_interrupt_are_told() -> None:
    assert Ran(3, 1, 1).told() == "stopped: the command failed with exit status 3"
    assert Ran(130, 1, 2).told() == "stopped: command 1 of 2 was interrupted; command 2 was not run"
    assert Ran(-2, 1, 1).interrupted
    assert Ran(0, 2, 2).told() == ""


def test_a_command_with_nul_is_refused() -> None:
    with pytest.raises(ValueError):
        run(["echo \0"])


@pytest.mark.parametrize(("value", "shell", "remark"), [
    ("", FALLBACK, ""), ("/bin/bash", "/bin/bash", ""), ("/usr/bin/nu", FALLBACK, "commands are not written for nu"),
    ("/nowhere/zsh", FALLBACK, "which cannot be run")])
def test_the_users_shell_or_sh(value: str, shell: str, remark: str) -> None:
    found = shell_of({"SHELL": value})
    assert found[0] == shell
    assert remark in found[1]
    assert shell_of({}) == (FALLBACK, "")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1), min_size=1,
                max_size=3))
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell.endswith(("bash", "fish"))])
def test_any_text_reaches_eval_as_it_is(shell: str, texts: list[str]) -> None:
    # With printf in place of eval the script shows what it hands over.
    begins = r"(\A|(?<=; or exit \$status\n)|(?<=\) exit ;; esac\n))eval "
    shown = re.sub(begins, r"printf '%s\\0' ", script(texts, shell))
    done = subprocess.run([shell, "-c", shown], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{text}\0" for text in texts)
