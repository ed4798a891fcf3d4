"""What a prompt says of the machine."""

from __future__ import annotations

import platform
from datetime import datetime, timedelta, timezone

from assay.terminal.context import JUDGED, here

NOON = datetime(2026, 2, 6, 12, 5, tzinfo=timezone(timedelta(hours=1), "CET"))


def test_the_shell_is_the_users_and_the_time_has_its_zone() -> None:
    context = here({"SHELL": "/usr/bin/fish"}, NOON)
    assert (context.shell, context.now) == ("fish", "Friday 2026-02-06 12:05 CET")
    assert here({}, NOON).shell == here({"SHELL": ""}, NOON).shell == "sh"


def test_the_platform_is_this_one() -> None:
    expected = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    assert here({}).platform == expected
    assert here({}).machine.startswith(expected)


def test_a_judged_prompt_is_the_same_on_every_machine_and_day() -> None:
    assert JUDGED.machine == "Linux"
    assert (JUDGED.shell, JUDGED.now) == ("bash", "Monday 2026-06-01 12:00 UTC")


def test_nothing_private_is_told() -> None:
    told = repr(here({"SHELL": "/home/ada/bin/zsh", "USER": "ada", "HOME": "/home/ada", "PWD": "/home/ada/secret"}))
    assert "ada" not in told
    assert "secret" not in told
