"""The model without a model."""

from __future__ import annotations

import json
import socket

import pytest

from assay.terminal.models import find
from assay.terminal.wire import Usage


def test_it_answers_the_last_user_turn_in_the_regular_format_and_opens_no_socket(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("a socket was opened"))
    model = find("recipes")
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "xyzzy"},
                {"role": "assistant", "content": "A"}, {"role": "user", "content": "show the size of notes.md"}]
    reply = model.complete(messages)
    document = json.loads(reply.text)
    assert document.get("error") in (0, 1)
    assert (reply.usage, model.calls) == (Usage(0, 0), 0)
    *_, last = model.stream(messages)
    assert last.reply.text == last.text == reply.text
    assert model.request_body(messages) == {"text": "show the size of notes.md"}
    assert model.cost(reply.usage) == 0.0


def test_nonsense_is_refused() -> None:
    assert json.loads(find("recipes").complete([{"role": "user", "content": "qwxz plmk"}]).text)["error"] == 1
