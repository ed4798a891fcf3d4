"""What one model wants otherwise."""

from __future__ import annotations

from assay.terminal.wire.habits import Habits


def test_habits_drop_rename_and_add() -> None:
    habits = Habits(drop=["temperature", "config.topP"], rename={"max_tokens": "most"},
                    extra={"config": {"thinking": {"level": "low"}}, "effort": "none"})
    body = {"temperature": 0, "max_tokens": 5, "config": {"topP": 1, "thinking": {"show": True}}}
    assert habits.applied(body) == {"most": 5, "config": {"thinking": {"show": True, "level": "low"}}, "effort": "none"}
    assert body["config"] == {"topP": 1, "thinking": {"show": True}}
