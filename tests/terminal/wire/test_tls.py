"""Encrypted connections: certificates are checked, and a handshake that hangs is left in time."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.terminal.wire import ProviderError, connect
from fake_provider import FakeProvider
from wire_fixtures import KEY, ask, both


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> Iterator[FakeProvider]:
    with FakeProvider(key=KEY, tls=certificate) as provider:
        yield provider


def test_answers_over_tls(encrypted: FakeProvider, certificate: tuple[Path, Path],
                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    one = connect("openai", base_url=encrypted.openai, key=KEY)
    assert both(one, ask("echo", "hello there")) == ["hello there"] * 2
    one.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(encrypted: FakeProvider) -> None:
    one = connect("openai", base_url=encrypted.openai, key=KEY, sleep=lambda _: None)
    with pytest.raises(ProviderError, match=r"(?i)certificate") as caught:
        one.complete(ask("ok"))
    assert caught.value.kind == "network"
    assert encrypted.log == []
    one.close()


def test_a_slow_answer_over_tls_ends_at_the_time_out(encrypted: FakeProvider, certificate: tuple[Path, Path],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    one = connect("openai", base_url=encrypted.openai, key=KEY, timeout=1.0)
    for error in both(one, ask("slow:0.05")):
        assert error.kind == "timeout"
    one.close()


def test_a_handshake_that_never_comes_ends_at_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = connect("openai", base_url=f"https://127.0.0.1:{silent.getsockname()[1]}/v1", key=KEY, timeout=0.4)
        started = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            one.complete(ask("ok"))
        assert caught.value.kind == "timeout"
        assert time.monotonic() - started < 5
        one.close()
