"""Standard input that comes late, in bulk, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli.streams import MOST

READ = "from assay.cli import streams; text = streams.piped(); print(len(text), ascii(text[:20]))"


def read(data: bytes | None, command: str = READ) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-c", command], input=data, capture_output=True, check=True)
    return done.stdout.decode().strip(), done.stderr.decode()


@pytest.mark.parametrize(("data", "out"), [
    (b"", "0 ''"), (b"one\n", "4 'one\\n'"), ("ä".encode(), "1 '\\xe4'"), (b"a\xffb", "3 'a\\ufffdb'")])
def test_what_is_piped_in(data: bytes, out: str) -> None:
    assert read(data) == (out, "")


def test_more_than_any_model_reads_is_cut_and_told() -> None:
    out, err = read(b"x" * (MOST + 5))
    assert out.startswith(f"{MOST} ")
    assert "only the first 4 MB" in err


def test_waiting_is_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert b"reading standard input" in process.stderr.readline()
    out, _ = process.communicate(b"late")
    assert out == b"4 'late'\n"


def test_closed_standard_input_is_none() -> None:
    done = subprocess.run(f"{sys.executable} -c '{READ}' <&-", shell=True, capture_output=True, check=True)
    assert done.stdout == b"0 ''\n"


def test_a_file_is_read(folders: Path) -> None:
    Path("text").write_text("from a file")
    done = subprocess.run([sys.executable, "-c", READ], stdin=os.open("text", os.O_RDONLY), capture_output=True,
                          check=True)
    assert done.stdout.startswith(b"11 ")
