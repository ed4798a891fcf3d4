"""Homes that are kept: made once, copied with all that matters, and gone at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.terminal import caselist, homes, judge, sandbox
from assay.terminal.homes import Homes
from sandboxes import needs_namespaces

pytestmark = needs_namespaces

FIXTURE = """
echo one > a
ln a b
ln -s a c
mkdir d
echo two > 'd/e f'
chmod 751 d/e*
touch -d '2001-02-03 04:05:06' a d/e*
mkfifo pipe
"""


def test_a_fixture_runs_once_and_every_command_meets_all_of_it() -> None:
    with Homes() as kept:
        first, second = kept.of(FIXTURE), kept.of(FIXTURE)
        assert first is not None
        assert first == second
        job = sandbox.Job("stat -c '%n %h %Y %a' a d/*; readlink c; [ -p pipe ] && echo pipe; rm -r d a", home=first)
        results = [sandbox.run(job) for _ in range(2)]
    assert [result.stdout for result in results] == [
        "a 2 981173106 644\nd/e f 1 981173106 751\na\npipe\n"] * 2
    assert not first.exists()


def test_another_fixture_has_another_home() -> None:
    with Homes() as kept:
        assert kept.of("touch a") != kept.of("touch b")


def test_a_fixture_that_fails_has_none() -> None:
    with Homes() as kept:
        assert kept.of("false") is None


def test_an_old_home_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Homes() as kept:
        first = kept.of("date +%N > now")
        assert first is not None
        text = (first / "now").read_text()
        monkeypatch.setattr(homes, "FRESH", 0.0)
        second = kept.of("date +%N > now")
        assert second is not None
        assert (second / "now").read_text() != text
        assert not first.exists()


def test_a_copied_repository_knows_its_files() -> None:
    case = caselist.find("git/commit-if-dirty")
    command = ('git diff-index HEAD; '
               'if [ -n "$(git status --porcelain)" ]; then git add -A; git commit -qm wip; else echo clean; fi')
    with Homes() as kept:
        found = judge.judge(case, [command], kept)
    assert found.outcome == "right"
    assert found.runs[2]["stdout"] == "clean\n"  # diff-index alone would call every file changed


@pytest.mark.parametrize("name", ["git/follow-upstream", "files/faithful-copy", "search/changed-since-stamp"])
def test_verdicts_are_the_same_with_and_without(name: str) -> None:
    case = caselist.find(name)
    with Homes() as kept:
        for command in (case.good[0], case.bad[0]):
            assert judge.judge(case, [command], kept).outcome == judge.judge(case, [command]).outcome


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes.tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    kept = Homes()
    kept.close()  # nothing made yet
    with Homes() as kept:
        kept.of("touch a")
        assert list(tmp_path.glob("assay-homes-*"))
    assert not list(tmp_path.glob("assay-homes-*"))
