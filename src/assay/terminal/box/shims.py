"""Stand-ins for programs that a box has not or must not use: each call is written down, then a stub answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

START = """\
record() {{ printf '%s\\0' "$#" "$@" >>/opt/box/calls; }}
record {name} "$@"
"""


def write(folder: Path, stubs: Mapping[str, str]) -> None:
    """Write a stand-in for every name.

    Parameters
    ----------
    folder : Path
        First folder of PATH inside.
    stubs : mapping of str to str
        Name -> body in sh, which sees the arguments and may ``record WORD...`` more (what it reads, say). A body that
        starts with ``#!`` names its own interpreter, sh or bash.
    """
    for name, body in stubs.items():
        first, rest = body.split("\n", 1) if body.startswith("#!") and "\n" in body else ("#!/bin/sh", body)
        path = folder / name
        path.write_bytes(f"{first}\n{START.format(name=name)}{rest}\n".encode("utf-8", "surrogateescape"))
        path.chmod(0o755)


def read(log: bytes) -> list[list[str]]:
    r"""Return the calls: name and arguments, in order.

    >>> read(b"2\0docker\0ps\0" b"1\0lsblk\0")
    [['docker', 'ps'], ['lsblk']]
    """
    words = log.decode("utf-8", "surrogateescape").split("\0")[:-1]
    calls, at = [], 0
    while at < len(words) and words[at].isdecimal():
        end = at + 1 + int(words[at])
        calls.append(words[at + 1:end])
        at = end
    return calls
