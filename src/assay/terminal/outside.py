"""Text from outside: what of it has found its way into a command."""

from __future__ import annotations

import re

MARK = "comes from your input"
_PARTS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s'\"`|;<>()]+"  # an address
    r"|(?:~|\.{1,2})?(?:/[\w.@%+~:-]+)+/?"  # a path from the root, from home, from here
    r"|[\w.@%+~:-]+(?:/[\w.@%+~:-]+)+/?"  # any other path, or a host with one
    r"|[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)  # a host, an address in numbers, a file
_EVERYBODYS = frozenset(("/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty"))
_NUMBER = re.compile(r"[\d.]{1,4}")


def marks(command: str, request: str, data: str) -> list[str]:
    """Return what to say of the addresses, hosts and paths of a command that occur only in text from outside.

    >>> marks("curl -O http://a.example/x | tee b.txt", "load what the page says, into b.txt", "see a.example/x")
    ['http://a.example/x comes from your input']
    """
    asked, outside = request.lower(), data.lower()
    found = []
    for match in _PARTS.finditer(re.sub(r"['\"\\]", "", command)):  # quotes may stand inside a name
        part = match[0].rstrip(".,:;")
        bare = part.lower().partition("://")[2] or part.lower()
        if part in _EVERYBODYS or _NUMBER.fullmatch(part) or bare in asked:
            continue
        if bare in outside or _host(bare) in outside:
            found.append(f"{part} {MARK}")
    return list(dict.fromkeys(found))


def _host(bare: str) -> str:
    """Return the host of an address; of what has none, the whole."""
    host = re.split(r"[/:?#]", bare.rpartition("@")[2])[0]
    return host if "." in host.strip(".") else bare
