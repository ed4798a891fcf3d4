"""What bash really runs is what the assessment says it may run.

Commands are put together at random, and run by a real bash that finds a harmless `rm` and little else: it writes down
how it was called. Where it was called, the level must say so.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.terminal.risk import assess

PROGRAMS = (
    "bash", "sh", "cat", "xargs", "env", "nohup", "nice", "timeout", "head", "tee", "sed", "awk", "find", "grep",
)
NAMES = [
    "rm", "r\\m", "'rm'", '"rm"', "$'rm'", "r''m", "\\rm", "r\\\nm", "$X", "${X}", "${Y:-rm}", "$(echo rm)",
    "`echo rm`", "$'\\x72m'", '$"rm"', "${X:0:2}",
]
TARGETS = [
    "x", "'a b'", "/", "/etc", "~", "*", '"$D"/x', "$HOME", "/usr/*", "'/'", "{/,x}", '"$E"', "${D:-/}", "${E#z}",
]
OTHERS = [
    "echo hi", 'echo "a # b"', "echo 'it'\\''s'", "true", "false", "cat < /dev/null", "echo a#b", "[ -n a ]", "X=rm",
    "[[ a == a ]]", "echo $((1<<2))", "((i++))", 'echo ")"', "echo ';rm x'", "echo \\;", 'echo "\\""', "echo rm",
    "E=/", "cat <<< rm", "read v <<< rm", "unset X", "echo \f#", "echo '#'", "set -- rm /", '"$@"', "a=(rm /)",
    '"${a[@]}"', "echo $X#", "echo x\\\n#y", "echo 'a\nb'", "echo x 2>&1 > f", "> f echo x", "echo x <> f",
    "cat <<< x 2>/dev/null",
]
SIMPLE = st.one_of(
    st.builds("{} -rf {}".format, st.sampled_from(NAMES), st.sampled_from(TARGETS)),
    st.builds("{} {}".format, st.sampled_from(NAMES), st.sampled_from(TARGETS)), st.sampled_from(OTHERS))
SIGNS = st.sampled_from([";", "\n", " && ", " || ", " | ", " & ", " |& ", "; # c\n", " # it's\n", " \\\n; "])
FORMS = st.sampled_from([
    "{{ {0}; }}", "({0})", "if {0}; then {1}; else {1}; fi", "for i in 1 / rm; do {0}; done",
    "while {0}; do {1}; break; done", "until {0}; do break; done", "case rm in x) {0};; (rm) {1} ;; esac",
    "echo $({0})", 'echo "$({0})"', "f() {{ {0}; }}; f /", "function g {{ {0}; }}; g", "x=$({0})", "cat <({0})",
    "echo x > >({0})", "{0} > f", "{0} 2>&1 | cat", "! {0}", "time {0}", "coproc {0}", "command {0}", "A=1 {0}",
    "echo ${{Q:-$({0})}}", "((z=$({0})0))", "[[ -n $({0}) ]] && {1}", "exec {0}", "cat <<E | sh\n{0}\nE\n",
    "sh <<'E'; {1}\n{0}\nE\n", "cat <<E && {1}\n$({0})\nE\n", "bash <<-E\n\t{0}\n\tE\n",
])
CODES = st.sampled_from([
    "eval {}", "sh -c {}", "bash <<< {}", "echo {} | sh", "trap {} EXIT", "echo {} | xargs -0 sh -c",
])


def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.builds("{}{}{}".format, inner, SIGNS, inner),
                     st.builds(lambda form, first, second: form.format(first, second), FORMS, inner, inner),
                     st.builds(lambda form, code: form.format(shlex.quote(code)), CODES, inner))


COMMANDS = st.recursive(SIMPLE, around, max_leaves=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a path of its own, in which `rm` writes down how it was called."""
    folder = tmp_path_factory.mktemp("bash")
    (folder / "bin").mkdir()
    (folder / "home").mkdir()
    bash = shutil.which("bash")
    assert bash is not None
    shim = folder / "bin/rm"
    shim.write_text(f'#!{bash}\nprintf "%s\\x01" "$@" >> "$LOG"\nprintf "\\n" >> "$LOG"\n')
    shim.chmod(0o755)
    for name in PROGRAMS:
        real = shutil.which(name)
        assert real is not None, name
        (folder / "bin" / name).symlink_to(real)
    return folder


def calls(command: str, place: Path) -> list[list[str]]:
    """Run a command where `rm` is harmless; returns how that was called."""
    log, work = place / "log", place / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    log.write_text("")
    environment = {"PATH": str(place / "bin"), "HOME": str(place / "home"), "LOG": str(log), "LANG": "C.UTF-8"}
    nothing = subprocess.DEVNULL
    process = subprocess.Popen([str(place / "bin/bash"), "-c", command], cwd=work, env=environment, stdin=nothing,
                               stdout=nothing, stderr=nothing, start_new_session=True)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
    return [line.split("\x01")[:-1] for line in log.read_text().splitlines()]


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(command=COMMANDS)
def test_what_bash_runs_is_not_rated_lower(command: str, place: Path, monkeypatch_module: pytest.MonkeyPatch) -> None:
    monkeypatch_module.setenv("HOME", str(place / "home"))
    risk = assess(command, str(place / "work"))
    ran = calls(command, place)
    if not ran:
        return
    assert risk.rank >= 2, (command, ran)
    everything = {"/", "/etc", "/usr", str(place / "home")}
    known = risk.parse == "ok" and not any(found.level == "cannot-tell" for found in risk.findings)
    if known and any("-rf" in call and everything & set(call) for call in ran):
        assert risk.level == "unbounded", (command, ran)


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    patch = pytest.MonkeyPatch()
    yield patch
    patch.undo()


def test_the_harmless_program_is_the_one_that_runs(place: Path) -> None:
    assert calls("rm -rf 'a b' x; $'rm' y | cat", place) == [["-rf", "a b", "x"], ["y"]]
    assert calls("mkdir x; /nowhere/rm x; echo rm", place) == []
