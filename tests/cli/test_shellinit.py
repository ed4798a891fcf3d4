"""assay shell-init, as a user meets it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from assay.terminal.shellint import LASTING, SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_is_right_for_its_shell(assay: Any, shell: str) -> None:
    outcome = assay("shell-init", shell)
    assert "acmd" in outcome.out
    assert "@ASSAY@" not in outcome.out
    assert outcome.err == ""
    checked = subprocess.run([shell, "-n", "/dev/stdin"], input=outcome.out, capture_output=True, text=True,
                             check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_an_unknown_shell_is_2(assay: Any) -> None:
    assert "'bash', 'zsh', 'fish'" in assay("shell-init", "nu", code=2).err


def test_help_says_what_makes_it_last(assay: Any) -> None:
    text = assay("shell-init", "--help").out
    for file, line in LASTING.values():
        assert line in text
        assert file in text
