"""The filter of system calls, run by a reader of its own; that the kernel takes it is tested with dry runs."""

from __future__ import annotations

import errno
import struct

import pytest

from assay.terminal.box.seccomp import MACHINES, program

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
UNIX, INET, STREAM, DATAGRAM, CLOEXEC = 1, 2, 1, 2, 0o2000000


def decide(code: bytes, arch: int, number: int, *arguments: int) -> int:
    """Run a program of the classic Berkeley filter on a system call."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", code))
    at = loaded = 0
    while True:
        operation, yes, no, value = steps[at]
        at += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif operation == 0x54:
            loaded &= value
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value}[operation]
            at += yes if holds else no


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_refused_and_what_is_not(machine: str) -> None:
    code, (arch, socket, pair) = program(machine), MACHINES[machine]
    assert code is not None
    assert decide(code, arch, socket, INET, STREAM) == ALLOW
    assert decide(code, arch, socket, UNIX, STREAM | CLOEXEC) == EPERM
    assert decide(code, arch, pair, UNIX, STREAM | CLOEXEC) == ALLOW
    assert decide(code, arch, pair, UNIX, DATAGRAM | CLOEXEC) == EPERM
    assert decide(code, arch, 425) == ENOSYS
    assert decide(code, arch, socket | 0x40000000, INET) == EPERM
    for number in {*range(500)} - {socket, pair, 425}:
        assert decide(code, arch, number, UNIX, DATAGRAM) == ALLOW
    for other in MACHINES.values():
        if other[0] != arch:
            assert decide(code, other[0], 0) == EPERM


def test_an_unknown_machine_has_none() -> None:
    assert program("pdp11") is None
