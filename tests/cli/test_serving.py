"""app: serves until interrupted, on this machine alone."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest


def start(*args: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-m", "assay", "app", *args], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_prints_its_address_when_it_answers_and_ends_on_interrupt(folders: Path) -> None:
    process, address = start("--port", "0", "--readonly")
    try:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}health", timeout=10) as answer:
            assert json.load(answer) == {"ok": True}
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode in (0, 130)
        assert "Traceback" not in err
    finally:
        process.kill()
    assert not (folders / "home").exists()


def test_port_taken_is_a_usage_error(assay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = assay("app", "--port", str(taken.getsockname()[1]), code=2)
    assert "--port" in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_port_that_is_none(assay, port: str) -> None:
    assert "--port" in assay("app", "--port", port, code=2).err
