"""The server as a user starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from assay import AssayError
from assay.app.server import serve


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssayError, match=f"cannot serve on 127.0.0.1:{port}") as caught:
            serve(tmp_path, port=port)
    assert caught.value.code == 2
    assert "--port 0" in caught.value.hint


def test_it_prints_its_address_when_it_answers_and_listens_here_alone(tmp_path: Path) -> None:
    program = "import sys; from assay.app.server import serve; serve(sys.argv[1], port=0)"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip()  # type: ignore[union-attr]
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(f"{address}health", timeout=10) as answer:
                assert answer.read() == b'{"ok":true}\n'
        finally:
            process.terminate()
