"""Verdicts, each outcome by a real run in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from assay.terminal import caselist, judge
from assay.terminal.caselist import CommandCase
from assay.terminal.checks.clause import Clause
from assay.terminal.checks.evidence import Evidence
from assay.terminal.judge import Verdict, joined
from sandboxes import needs_namespaces

pytestmark = needs_namespaces


def verdict(name: str, *commands: str, **changes: object) -> Verdict:
    return judge.judge(replace(caselist.find(name), **changes), commands)  # type: ignore[arg-type]


def failed(found: Verdict) -> list[str]:
    return [clause.text for clause in found.clauses if not clause.ok]


def test_right() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt")
    assert (found.outcome, found.effect, found.clean, found.rc, found.reason) == ("right", True, True, 0, "")
    assert found.right
    assert found.collateral == ()
    assert [clause.ok for clause in found.clauses] == [True]


def test_right_but_not_clean_where_the_exit_code_tells_of_trouble() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt; exit 3")
    assert (found.outcome, found.clean, found.rc) == ("right", False, 3)


def test_wrong_names_the_clause() -> None:
    found = verdict("git/rename-branch-everywhere", "git branch -m fix bugfix/login")
    assert (found.outcome, found.effect, found.clean) == ("wrong", False, False)
    assert "fix is gone on origin" in failed(found)
    assert found.reason == "not so: bugfix/login is there on origin, with the commit of fix"


def test_collateral_by_a_file_that_nobody_named() -> None:
    found = verdict("text/replace-word-below",
                    r"grep -rlw cat . | tr '\n' '\0' | xargs -0 sed -i 's/\bcat\b/dog/g'")
    assert (found.outcome, found.effect, found.clean) == ("collateral", True, False)
    assert set(found.collateral) == {f"modified {path}" for path in (
        "docs/deep/three.txt", "docs/one.md.bak", "other/one.md", "readme.md")}


def test_collateral_by_what_the_diff_of_files_does_not_show() -> None:
    found = verdict("git/delete-merged-branches", "git branch | grep -v '^\\*' | xargs git branch -D")
    assert (found.outcome, found.effect) == ("collateral", True)
    assert found.collateral == ("no longer: dev, which is not merged, stays",)


def test_a_process_that_should_live() -> None:
    found = verdict("system/stop-one-script", "pkill -f worker.sh")
    assert found.outcome == "collateral"
    assert "no longer: webworker.sh still runs" in found.collateral


def test_a_wrong_command_may_do_damage_too() -> None:
    found = verdict("text/join-lines", "rm ids.txt")
    assert (found.outcome, found.collateral) == ("wrong", ("deleted ids.txt",))


def test_timeout() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt; sleep 60", timeout=0.5)
    assert (found.outcome, found.rc) == ("timeout", None)
    assert found.runs[0]["timed_out"]
    assert found.seconds < 30


def test_a_flood_is_wrong_whatever_came_before() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt; yes")
    assert found.outcome == "wrong"
    assert found.reason == "stopped at the limit of output"


def test_not_checked_where_a_program_of_the_case_is_missing() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt", needs=("no-such-program", "sh"))
    assert (found.outcome, found.effect) == ("not-checked", None)
    assert found.reason == "not installed here: no-such-program"


@pytest.mark.parametrize("command", ["frob -a ids.txt", "sudo frob", "sh -c 'frob x'", "echo ids.txt | xargs frob",
                                     "if frob; then :; fi; false", "find . -name ids.txt -exec frob {} +"])
def test_not_checked_where_the_answer_uses_what_other_machines_have(
        command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caselist, "elsewhere", lambda: frozenset(["frob"]))
    found = verdict("text/join-lines", command)
    assert (found.outcome, found.reason) == ("not-checked", "not installed here: frob")


def test_a_program_that_nobody_has_is_wrong() -> None:
    assert verdict("text/join-lines", "joinlinesnow ids.txt").outcome == "wrong"


def test_a_missing_program_is_no_matter_where_the_rest_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caselist, "elsewhere", lambda: frozenset(["frob"]))
    assert verdict("text/join-lines", "frob ids.txt 2>/dev/null || paste -sd, ids.txt").outcome == "right"


def test_not_checked_where_the_fixture_fails() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt", fixtures=("echo no good >&2; exit 9",))
    assert found.outcome == "not-checked"
    assert "fixture" in found.reason
    assert "no good" in found.reason


def test_not_checked_where_the_checker_fails() -> None:
    def broken(run: Evidence) -> Iterator[Clause]:
        yield Clause("fine so far", bool(run.stdout))
        raise ZeroDivisionError("in the checker")

    case = replace(caselist.find("text/join-lines"))
    case.__dict__["checker"] = broken
    found = judge.judge(case, ["paste -sd, ids.txt"])
    assert (found.outcome, found.reason) == ("not-checked", "the checker failed: ZeroDivisionError: in the checker")


def test_no_checker() -> None:
    found = judge.judge_request("A request that nobody has written a checker for", ["ls"])
    assert (found.outcome, found.case, found.kind, found.check) == ("no-checker", None, None, None)
    assert len(found.hash) == 16


def test_a_request_finds_its_case() -> None:
    text = caselist.find("text/join-lines").request
    assert judge.judge_request(f"  {text.lower()}.", ["paste -sd, ids.txt"]).case == "text/join-lines"


def test_no_command_is_wrong_for_a_valid_request() -> None:
    found = verdict("text/join-lines")
    assert (found.outcome, found.reason, found.runs) == ("wrong", "no command", ())


@pytest.mark.parametrize("name", ["refused/forkbomb", "refused/rename-it", "public/tongue-twister"])
def test_requests_to_be_refused(name: str) -> None:
    assert verdict(name).outcome == "right"
    found = verdict(name, ":(){ :|:& };:")
    assert (found.outcome, found.runs, found.rc) == ("wrong", (), None)


def test_a_text_that_no_shell_takes() -> None:
    assert verdict("text/join-lines", "paste\0 ids.txt").outcome == "wrong"


def test_all_homes_must_hold_and_the_one_that_does_not_is_named() -> None:
    found = verdict("text/todo-or-none", "grep -c TODO notes.txt")
    assert (found.outcome, found.reason) == ("wrong", "home 2: not so: none is printed")
    assert [clause.text.partition(":")[0] for clause in found.clauses] == ["home 1", "home 2"]
    assert len(found.runs) == 2


def test_json_has_the_agreed_fields() -> None:
    found = verdict("text/join-lines", "paste -sd, ids.txt").to_json()
    assert list(found) == ["case", "hash", "kind", "check", "outcome", "effect", "clean", "collateral", "rc",
                           "clauses", "reason", "seconds"]
    assert found["clauses"] == [{"clause": "one line, with commas between only", "ok": True}]
    assert found["collateral"] == []


def test_what_ran_is_kept_for_a_reader() -> None:
    (run,) = verdict("tools/install-exact-version", "echo hi; pip install requests==2.31.0 > log; false").runs
    assert (run["rc"], run["stdout"]) == (1, "hi\n")
    assert run["calls"] == [["pip", "install", "requests==2.31.0"]]
    assert [(change["path"], change["change"]) for change in run["changes"]] == [("log", "created")]


# Several commands

def several(*commands: str) -> Verdict:
    return verdict("tools/install-exact-version", *commands)


def calls(found: Verdict) -> list[list[str]]:
    return [list(call) for call in found.runs[0]["calls"]]


def test_commands_share_one_shell() -> None:
    found = verdict("system/path-first", "folder=~/tools/bin", "cd /tmp", 'export PATH="$folder:$PATH"')
    assert found.outcome == "right"


def test_the_first_that_fails_is_the_last() -> None:
    found = several("pip install requests==2.31.0", "false", "pip install other")
    assert (found.outcome, found.clean, found.rc) == ("right", False, 1)
    assert calls(found) == [["pip", "install", "requests==2.31.0"]]


@pytest.mark.parametrize("broken", ["echo 'open", "echo $(", "if true", "echo }; done", "cat <<E"])
def test_what_is_open_in_one_command_does_not_reach_into_the_next(broken: str) -> None:
    found = several("pip install requests==2.31.0", broken, "pip install other")
    assert ["pip", "install", "requests==2.31.0"] in calls(found)
    if broken != "cat <<E":  # which bash forgives
        assert ["pip", "install", "other"] not in calls(found)
        assert found.rc != 0


def test_a_comment_ends_with_its_command() -> None:
    assert len(calls(several("pip list # first", "pip install requests==2.31.0"))) == 2


def test_one_command_stays_as_it_is() -> None:
    assert joined(["a; b"]) == "a; b"
    assert joined(["a 'b'", "c"]).splitlines() == ["eval 'a '\"'\"'b'\"'\"'' || exit", "eval c || exit"]


# What a command meets

def test_commits_of_a_command_have_the_author_it_configures_and_the_time_it_is() -> None:
    found = verdict("git/commit-if-dirty",
                    "git config user.name Zoe; git add -A; git commit -qm wip || echo clean; "
                    "git log -1 --format='%an %ad' --date=format:%Y >&2; date +%Y >&2")
    name, year = found.runs[0]["stderr"].splitlines()[0].split()
    assert name == "Zoe"
    assert year == found.runs[0]["stderr"].splitlines()[1]


def test_sudo_runs_the_rest() -> None:
    assert verdict("text/join-lines", "sudo -u root paste -sd, ids.txt").outcome == "right"


def test_files_that_programs_leave_by_themselves_are_no_damage() -> None:
    command = "mkdir -p .cache/x .config/procps; touch .bash_history; paste -sd, ids.txt"
    case: CommandCase = caselist.find("text/join-lines")
    assert judge.judge(case, [command]).outcome == "right"
    assert judge.judge(case, [command + "; touch .config/mine"]).outcome == "collateral"
