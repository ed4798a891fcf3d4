"""The table of verbs: cheap to show, complete, and honest about its commands."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

import assay as package
from assay.cli.commands import SECTIONS, VERBS, verbs

HEAVY = ("torch", "sklearn", "scipy.stats", "pandas", "dash", "plotly", "chgnet", "tblite", "ase.io")
IMPORTS = """
import json, sys
from assay.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
json.dump(sorted(sys.modules), sys.stderr)
"""


def modules(*args: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", IMPORTS, *args], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("args", [["--help"], ["list"], ["list", "--json"], ["list", "models"], ["calc", "--help"]])
def test_start_up_imports_nothing_heavy(args: list[str]) -> None:
    assert modules(*args) & set(HEAVY) == set()


def test_help_imports_no_verb_and_a_verbs_help_only_its_own() -> None:
    files = {f"assay.cli.{reference.partition(':')[0]}" for reference, _ in VERBS.values()}
    assert modules("--help") & files == set()
    assert modules("calc", "--help") & files == {"assay.cli.running"}
    assert modules("calc", "--help") & {"numpy", "rich", "assay.core.registry"} == set()


def cpu_seconds(*command: str) -> float:
    """Least CPU time of several starts: what others do on the machine only adds.

    Modules are kept compiled, as they are for a user: the first start may have to compile them.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


# 0.4 CPU-s where a bare start takes 0.013: seconds alone would judge the machine.
@pytest.mark.parametrize("args", [["--help"], ["list"]])
def test_start_up_costs_little(args: list[str]) -> None:
    bare = cpu_seconds(sys.executable, "-c", "pass")
    assert cpu_seconds(sys.executable, "-m", "assay", *args) <= 30 * bare


@pytest.mark.parametrize("verb", list(VERBS))
def test_table_says_what_the_command_says(verb: str) -> None:
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    assert command.name == verb
    assert command.short_help == VERBS[verb][1]


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help_that_names_its_options(verb: str) -> None:
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{verb} {option.name}"


def test_help_lists_every_section_and_verb(assay) -> None:
    out = assay("--help").out
    assert all(title in out for title in SECTIONS)
    assert all(f"  {verb}  " in out for verb in VERBS)
    assert "analyze" not in out
    assert assay().out == out


def test_version(assay) -> None:
    assert assay("--version").out == f"assay, version {package.__version__}\n"


def test_hidden_alias(assay) -> None:
    assert assay("analyze", "--json").json == assay("analyse", "--json").json


def test_unknown_verb_names_near_ones(assay) -> None:
    err = assay("analyes", code=2).err
    assert err.startswith("error: no command 'analyes'\n")
    assert "did you mean analyse" in err


def test_unknown_option_is_a_usage_error(assay) -> None:
    outcome = assay("calc", "--modle", "x", code=2)
    assert outcome.err.startswith("error: No such option")
    assert "assay calc --help" in outcome.err


@pytest.mark.parametrize("args", [("list",), ("list", "--json")])
def test_reader_that_goes_away_is_no_error(args: tuple[str, ...], folders: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "assay", *args], stdout=write, stderr=subprocess.PIPE, text=True,
                          check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
