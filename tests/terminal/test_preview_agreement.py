"""Dry runs on a layer and on a copy show the same, and what really happens: small trees, lists of commands."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assay.terminal.changes import compare, snapshot
from assay.terminal.preview import dry_run
from sandboxes import WHO, folder_of, needs_namespaces, run_as

pytestmark = needs_namespaces

NAMES = st.sampled_from(["a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a", "s p", "d/n\nl", "\udcff"])
CONTENTS = st.sampled_from(["", "1", "22", "1\n2\n"])


def quoted(*names: str) -> str:
    return " ".join("./" + shlex.quote(name) for name in names)


COMMANDS = st.one_of(
    st.builds(lambda a, c: f"printf %s {shlex.quote(c)} > {quoted(a)}", NAMES, CONTENTS),
    st.builds(lambda a: f"printf more >> {quoted(a)}", NAMES),
    st.builds(lambda a: f"rm -rf {quoted(a)}", NAMES),
    st.builds(lambda a: f"rm -f {quoted(a)}", NAMES),
    st.builds(lambda a: f"rmdir {quoted(a)}", NAMES),
    st.builds(lambda a: f"mkdir -p {quoted(a)}", NAMES),
    st.builds(lambda a, b: f"mv -T {quoted(a, b)} </dev/null", NAMES, NAMES),
    st.builds(lambda a, b: f"mv {quoted(a, b)}", NAMES, NAMES),
    # Not into itself: what is copied then depends on the order of entries.
    st.builds(lambda a, b: f"cp -r {quoted(a, b)}", NAMES, NAMES).filter(lambda command: "./d ./d" not in command),
    st.builds(lambda a, b: f"ln -sfn {quoted(a, b)}", NAMES, NAMES),
    st.builds(lambda a, b: f"ln {quoted(a, b)}", NAMES, NAMES),
    st.builds(lambda a, mode: f"chmod {mode} {quoted(a)}", NAMES, st.sampled_from(["600", "755", "500", "1777"])),
    st.builds(lambda a: f"touch {quoted(a)}", NAMES),
    st.builds(lambda a: f"mkfifo {quoted(a)}", NAMES),
    st.builds(lambda a: f"sed -i 's/1/one/' {quoted(a)}", NAMES),
    st.builds(lambda a: f"[ -p {quoted(a)} ] || truncate -s 5 {quoted(a)}", NAMES),
)
SAFE = "exec 2>/dev/null\n"
TREES = st.lists(COMMANDS, max_size=8)


@pytest.mark.parametrize("who", WHO)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(TREES, st.lists(COMMANDS, min_size=1, max_size=8))
@example([], ["ln ./a ./b", "cp -r ./a ./b"])  # in a layer the two would be different files
@example([], ["ln -f ./a ./d/b", "cp -r ./a ./d/b"])
def test_a_layer_a_copy_and_the_real_thing_agree(who: str, tree: list[str], commands: list[str]) -> None:
    with folder_of(who) as place:
        start = "mkdir -p d/e; printf 1 > a; printf 2 > d/b; ln -s a c"
        results = run_as(who, three_ways, place, script([start, *tree]), script(commands))
    assert results["overlay"] == results["real"]
    assert results["copy"] == results["real"]


def script(commands: list[str]) -> str:
    """Join commands that may fail; a pipe that nobody reads may not block them."""
    return SAFE + "\n".join(f"timeout 2 bash -c {shlex.quote(command)}" for command in commands)


def three_ways(place: Path, tree: str, command: str) -> dict[str, Any]:
    os.environ["SHELL"] = "/bin/bash"
    folder, real = place / "folder", place / "real"
    folder.mkdir()
    subprocess.run(["bash", "-c", tree], cwd=folder, check=False)
    subprocess.run(["cp", "-a", folder, real], check=True)
    found = {}
    for backend in ("overlay", "copy"):
        preview = dry_run(command, folder, copy=backend == "copy")
        assert preview.status == "checked", preview
        found[backend] = [change.to_json() for change in preview.changes]
    before = snapshot(real, unlock=True)
    subprocess.run(["bash", "-c", command], cwd=real, check=False)
    found["real"] = [change.to_json() for change in compare(before, snapshot(real, unlock=True))]
    return found
