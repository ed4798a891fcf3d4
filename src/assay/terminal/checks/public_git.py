"""What is right for the published requests about git."""

from __future__ import annotations

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.git import heads, shown, tags


def same_address(run: Evidence, section: str, address: str) -> bool:
    """Whether a remote has this one address; ``.git`` and a slash at its end do not matter."""
    return [url.rstrip("/").removesuffix(".git") for url in run.told(section)] == [address]


def add_remote(run: Evidence) -> Clauses:
    yield must("there is a remote oss with the address",
               same_address(run, "oss", "https://github.com/OpenAcousticDevices/AudioMoth-Project"))
    yield spares("the other remotes are as before",
                 {"origin", "foss"} <= set(run.told("remotes")) and run.told("origin") == ["../hub/own"])
    yield spares("there is no further remote", len(run.told("remotes")) <= 3)


def remove_remote(run: Evidence) -> Clauses:
    yield must("the remote oss is gone", "oss" not in run.told("remotes"))
    yield spares("the others are left, and no other is there",
                 set(run.told("remotes")) == {"origin", "foss", "oss-old"} | {"oss"} & set(run.told("remotes")))


def pick_three_commits(run: Evidence) -> Clauses:
    yield must("the three newest commits of the branch are on top, in their order",
               run.told("log") == ["p5", "p4", "p3", "own", "base"])
    yield must("what they changed is here", run.told("mode") == ["1", "2", "3"])
    yield spares("main is checked out, the other branches did not move", run.told("head") == ["main"] and heads(
        run).get("low_power_mode") == "p5" and heads(run).get("low_power_mode_old") == "base")


def commits_with_word(run: Evidence) -> Clauses:
    yield must("the two commits are shown, and no other", shown(run) == {"prepare release 1.0", "release 1.1 is out"})


def branch_from_third(run: Evidence) -> Clauses:
    yield must("demo is checked out", run.told("head") == ["demo"])
    yield must("it is at the third newest commit of origin/main", heads(run).get("demo") == "r3")
    yield spares("the other branches did not move",
                 {"main": "local2", "demo-old": "local2"}.items() <= heads(run).items())
    yield spares("the remote is as before", heads(run, "hub") == {"main": "r5"})


def new_address_and_reset(run: Evidence) -> Clauses:
    yield must("origin has the new address",
               same_address(run, "url", "https://github.com/luo-anthony/AudioMoth-EdgeImpulse-Anthony"))
    yield must("the branch work is at the main branch that is there",
               run.told("head") == ["work"] and heads(run).get("work") == "new two")
    yield spares("the other branches did not move", {"main": "old1", "other": "old2"}.items() <= heads(run).items())
    yield spares("the draft is left", run.home.exists("repo/draft.txt"))
    yield spares("the old remote is as before", heads(run, "old") == {"main": "old1"})


def tag_and_push(run: Evidence) -> Clauses:
    yield must("the commit has the tag", run.told("here") == ["two"] and "v0.1" in tags(run))
    yield must("the remote has it too", run.told("there") == ["two"] and run.told("kind") == ["refs/tags/v0.1"])
    yield spares("no other reference appears there",
                 heads(run, "hub").keys() <= {"main"} and tags(run, "hub").keys() <= {"v0.0", "v0.1"}
                 and run.table("hub").keys() <= {"refs/heads/main", "refs/tags/v0.0", "refs/tags/v0.1"})


def large_file_tracking(run: Evidence) -> Clauses:
    filters = {name: value for name, _, value in (line.split(": ") for line in run.told("filters"))}
    yield must("the file is tracked", filters.get("data/fd.json") == "lfs")
    yield spares("its neighbour, and the name elsewhere, are not",
                 "lfs" not in (filters.get("data/other.json"), filters.get("fd.json")))
    yield spares("earlier attributes are left", run.told("binary") == ["x.png: binary: set"])


def only_current_branch(run: Evidence) -> Clauses:
    yield must("no other branch is left", heads(run).keys() <= {"dev"})
    yield spares("dev is checked out, where it was", run.told("head") == ["dev"] and heads(run).get("dev") == "two")
    yield spares("the remote and the tags are as before", len(heads(run, "hub")) == 3 and tags(run) == {"keep": "two"})


def drop_changes_go_to_main(run: Evidence) -> Clauses:
    status = run.told("status")
    yield must("main is checked out", run.told("head") == ["main"])
    yield must("no change is left in tracked files", not [line for line in status if not line.startswith("??")])
    yield must("nor put aside", run.told("stash") == [])
    yield spares("the branches did not move",
                 heads(run) == {"main": "two", "main-2": "two", "work": "three"})
    yield spares("the file that is not tracked is left", run.home.exists("repo/draft.txt"))


def rebase_with_feature(run: Evidence) -> Clauses:
    def line(section: str) -> list[str]:
        commits = [entry.split() for entry in run.told(section)]
        return [words[0] for words in commits] if all(len(words) <= 2 for words in commits) else []

    both = {"base", "f1", "f2", "w1"}
    yield must("one branch has the commits of both, in one line",
               any(set(line(section)) == both and len(line(section)) == 4 for section in ("work", "feature")))
    yield must("no commit is lost", "w1" in line("work") and {"f1", "f2"} <= set(line("feature")))
    yield spares("the other branches did not move",
                 {"main": "base", "feature/llms-old": "base"}.items() <= heads(run).items())


def folder_as_on_remote(run: Evidence) -> Clauses:
    yield must("the folder is as it is on the remote now", run.home.text("repo/src/models/a.py") == "a2\n"
               and run.home.text("repo/src/models/sub/b.py") == "b1\n")
    yield spares("the edit elsewhere is left", run.home.text("repo/src/views/v.py") == "edited\n")
    yield spares("the branch is checked out, where it was",
                 run.told("head") == ["work"] and heads(run) == {"work": "four", "main": "four"})
    yield spares("the remote is as before", heads(run, "hub") == {"main": "seven"})


def undo_last_and_push(run: Evidence) -> Clauses:
    yield must("the last commit is undone on the remote", run.told("there") == ["2"])
    yield must("and here", run.told("here") == ["2"] and run.home.text("repo/a.txt") == "2\n")
    yield spares("earlier commits are left", run.told("log")[-2:] == ["two", "one"])
    yield spares("the other branch of the remote did not move", heads(run, "hub").get("main-2") == "two")
    yield spares("the draft is left", run.home.exists("repo/draft.txt"))


def other_author(run: Evidence) -> Clauses:
    authors = [line.split("|") for line in run.told("authors")]
    yield must("the last commit has another author", len(authors) == 2 and authors[0][1] not in ("", "Old Hand"))
    yield must("it has the content it had", run.told("tree") == ["2"])
    yield spares("it has its message", bool(authors) and authors[0][0] == "two")
    yield spares("the commit before is as it was", authors[-1:] == [["one", "Old Hand", "old@box.example"]])
    yield spares("the draft is still not tracked", "?? draft.txt" in run.told("status"))


def who_changed_last(run: Evidence) -> Clauses:
    yield must("the commit is shown, and no other", shown(run) == {"three"})
    yield must("with its author", "Cy Third" in run.stdout or "cy@box.example" in run.stdout)


def remotes(run: Evidence) -> Clauses:
    first = {line.split()[0].removeprefix("remote.").removesuffix(".url") for line in run.lines}
    yield must("all three remotes are named", {"origin", "upstream", "backup-2"} <= first)
