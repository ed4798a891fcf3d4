"""The questions of ``terminal/commands``: the project's own requests, and those of a list that the user names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assay.core import data
from assay.core.record import Case
from assay.terminal import caselist, requests
from assay.terminal.caselist import CommandCase

LISTS = "ASSAY_TERMINAL_REQUESTS"  # files with further requests, separated as in PATH
PUBLISHED = "public"  # the word for the published lists, instead of a file
# The evaluation lists of DeveloperGPT (MIT): requests in plain words, and ones to be refused.
REQUESTS = data.RemoteSet(
    "requests",
    "https://raw.githubusercontent.com/luo-anthony/DeveloperGPT/5516193bfac0f42c1412e785af4ec7993cf3d305/evaluation/",
    {"85_command_requests.txt": "57dca2d2e50218565d4d9f31e8b7a0a144734cc9a3e53a3211ea848066f1930c",
     "10_invalid_requests.txt": "e39b2b38d8a2e3673b3d8181616ab30ee2d4f415a563abfc7e5cc25424361f36"})


def cases() -> Iterator[Case]:
    """Yield the project's own cases, then what else the lists named in `LISTS` ask; that is tagged ``full``."""
    seen: set[str] = set()
    for case in caselist.own():
        seen.add(case.hash)
        yield _asked(case)
    for text in listed():
        key = requests.request_hash(text)
        if key not in seen:
            seen.add(key)
            yield _listed(text, key)


def listed() -> list[str]:
    """Return the requests of the lists that `LISTS` names.

    Raises
    ------
    AssayError
        Exit code 3 if one cannot be read.
    """
    names = [name for name in os.environ.get(LISTS, "").split(os.pathsep) if name]
    return [text for name in names for path in _paths(name) for text in requests.read(path)]


def _paths(name: str) -> list[Path]:
    if name != PUBLISHED:
        return [Path(name)]
    folder = data.fetch(REQUESTS, REQUESTS.name)
    return [folder / name for name in REQUESTS.files]


def _listed(text: str, key: str) -> Case:
    case = caselist.by_hash(text)
    if case is None:
        return Case(f"request/{key}", {"request": text, "hash": key, "digest": ""}, ("full", "group:listed"))
    return _asked(case, "full")


def _asked(case: CommandCase, *tags: str) -> Case:
    # The digest is an input: when a checker changes, the verdict is due again, and the reply is there already.
    return Case(case.id, {"request": case.request, "hash": case.hash, "digest": case.digest},
                (*tags, *case.tags, f"kind:{case.kind}", f"group:{case.group}"))
