"""System calls that a dry run is refused: the network is off, but sockets in the file system lead outside too."""

from __future__ import annotations

import errno
import os
import platform
import struct

# machine -> (AUDIT_ARCH, socket, socketpair), from the kernel's tables of system calls
MACHINES = {"x86_64": (0xC000003E, 41, 53), "aarch64": (0xC00000B7, 198, 199), "riscv64": (0xC00000F3, 198, 199)}
IO_URING_SETUP = 425  # the same everywhere; it opens sockets past this filter
X32 = 0x40000000  # numbers from here on are another table of x86_64's
NUMBER, ARCH, FIRST, SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data; of arguments, the low half
LOAD, AND, EQUAL, ABOVE, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
UNIX, DATAGRAM, TYPE = 1, 2, 0xF


def program(machine: str | None = None) -> bytes | None:
    """Return the filter for bwrap's ``--seccomp``, None for a machine whose numbers are not known here.

    A socket of the kind that has a place in the file system cannot be made: what is listened to at
    ``/run/docker.sock`` or by a desktop would act outside, however read-only the files are. Pairs of connected streams
    stay, many programs talk to their children by them; pairs of datagrams could be sent elsewhere. Programs of
    another architecture are refused everything.
    """
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    arch, socket, socketpair = known
    refuse, ring, allow = "refuse", "ring", "allow"
    steps: list[tuple[int, int, str | None, str | None]] = [
        (LOAD, ARCH, None, None), (EQUAL, arch, None, refuse),
        (LOAD, NUMBER, None, None), (ABOVE, X32, refuse, None), (EQUAL, IO_URING_SETUP, ring, None),
        (EQUAL, socketpair, "pair", None), (EQUAL, socket, None, allow),
        (LOAD, FIRST, None, None), (EQUAL, UNIX, refuse, allow),
        (LOAD, SECOND, None, None), (AND, TYPE, None, None), (EQUAL, DATAGRAM, refuse, allow),
        *((RETURN, value, None, None) for value in (ALLOW, REFUSE | errno.EPERM, REFUSE | errno.ENOSYS)),
    ]
    places = {"pair": 9, allow: 12, refuse: 13, ring: 14}
    return b"".join(_instruction(at, *step, places) for at, step in enumerate(steps))


def descriptor() -> int:
    """Return an open file with the filter.

    Raises
    ------
    OSError
        The numbers of this machine are not known.
    """
    code = program()
    if code is None:
        raise OSError(f"there is no filter of system calls for {platform.machine()}")
    return memory("filter", code)


def memory(name: str, content: bytes) -> int:
    """Return an open file that is in no folder, at its start."""
    made = os.memfd_create(name)
    os.write(made, content)
    os.lseek(made, 0, os.SEEK_SET)
    return made


def _instruction(at: int, code: int, value: int, yes: str | None, no: str | None, places: dict[str, int]) -> bytes:
    jumps = [places[name] - at - 1 if name else 0 for name in (yes, no)]
    return struct.pack("=HBBI", code, *jumps, value)
