"""Where a provider is."""

from __future__ import annotations

import pytest

from assay.terminal.wire.addresses import base_of, host_of, is_loopback


@pytest.mark.parametrize(("given_", "variables", "result"), [
    (None, {}, "https://default/v1"), (None, {"A": "http://a/v1/"}, "http://a/v1"),
    (None, {"B": "http://b"}, "http://b"), (None, {"A": "http://a", "B": "http://b"}, "http://a"),
    ("https://default/v1/", {"A": "http://a"}, "http://a"), ("https://own/v1", {"A": "http://a"}, "https://own/v1"),
    (None, {"A": ""}, "https://default/v1")])
def test_a_variable_stands_in_for_the_default_and_for_nothing_else(
        monkeypatch: pytest.MonkeyPatch, given_: str | None, variables: dict[str, str], result: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert base_of("https://default/v1", ("A", "B"), given_) == result


@pytest.mark.parametrize(("host", "here"), [
    ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("LOCALHOST", True),
    ("x.localhost", True), ("127.0.0.1.example.com", False), ("localhost.example.com", False), ("0.0.0.0", False),
    ("10.0.0.1", False), ("", False), (None, False), ("2130706433", False)])
def test_loopback(host: str | None, here: bool) -> None:
    assert is_loopback(host) is here


def test_a_host_is_told_without_user_and_password() -> None:
    assert host_of("https://me:secret@models.example:8443/v1") == "models.example:8443"
