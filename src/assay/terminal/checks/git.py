"""What is right for the requests about git: heads, refs by the subject of their commit, index, tree, remotes."""

from __future__ import annotations

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence

HEADS, TAGS, TRACKED = "refs/heads/", "refs/tags/", "refs/remotes/"


def heads(run: Evidence, section: str = "refs") -> dict[str, str]:
    """Return the branches: name -> subject of the commit."""
    return {name.removeprefix(HEADS): subject for name, subject in run.table(section).items()
            if name.startswith(HEADS)}


def tags(run: Evidence, section: str = "refs") -> dict[str, str]:
    """Return the tags: name -> subject."""
    return {name.removeprefix(TAGS): subject for name, subject in run.table(section).items() if name.startswith(TAGS)}


def shown(run: Evidence) -> set[str]:
    """Return the subjects of the commits that stdout names, by id (7 digits or more) or by subject alone."""
    found = set()
    words = run.stdout.replace(":", " ").split()
    for commit, subject in run.table("commits").items():
        if any(len(word) >= 7 and commit.startswith(word.strip("^()[],").lower()) for word in words):
            found.add(subject)
    return found


def delete_merged_branches(run: Evidence) -> Clauses:
    left = heads(run)
    yield must("the merged branches main-old, maintenance and dev-2 are gone",
               not left.keys() & {"main-old", "maintenance", "dev-2"})
    yield spares("main stays where it is", left.get("main") == "three")
    yield spares("dev, which is not merged, stays", left.get("dev") == "dev work")
    yield spares("main is still checked out", run.told("head") == ["main"])
    yield spares("the remote keeps its branches", len(heads(run, "hub")) == 4)


def undo_commit_keep_staged(run: Evidence) -> Clauses:
    yield must("the branch is at the commit before", heads(run) == {"main": "two"})
    yield must("what the commit changed is staged", set(run.told("staged")) >= {"a.txt", "b.txt"})
    yield must("staged as it was committed", run.told("index") == ["3"])
    yield spares("nothing else is staged", set(run.told("staged")) <= {"a.txt", "b.txt"})
    yield spares("the edit that was not staged still is not", run.told("unstaged") == ["notes.txt"])


def push_new_branch(run: Evidence) -> Clauses:
    yield must("backup has the branch", heads(run, "backup").get("feature/cart") == "cart")
    yield must("it is the upstream", run.table("upstream").get("feature/cart") == "refs/remotes/backup/feature/cart")
    yield spares("main keeps its upstream", run.table("upstream").get("main") == "refs/remotes/origin/main")
    yield spares("nothing else was pushed to backup", heads(run, "backup").keys() <= {"main", "feature/cart"})
    yield spares("local branches are as before",
                 heads(run) == {"main": "one", "feature/cart": "cart", "feature/cart-2": "one"})


def stash_with_untracked(run: Evidence) -> Clauses:
    stashes = run.told("stashes")
    yield must("a stash has the message", stashes[:1] == ["On main: half done"])
    yield must("it holds the untracked files", set(run.told("first")) == {"new file.txt", "sub/deep.txt"})
    yield must("it holds the change", run.told("tracked")[:1] == ["a.txt"])
    yield must("the working tree is clean", run.told("status") == [])
    yield spares("the earlier stash is there", stashes[1:] == ["On main: earlier work"])


def file_from_other_branch(run: Evidence) -> Clauses:
    yield must("config/app.toml is that of release-2", run.home.text("shop/config/app.toml") == "level = 2\n")
    yield must("main is still checked out", run.told("head") == ["main"])
    yield spares("no branch moved", heads(run) == {"main": "other", "release-2": "two of db", "release-20": "twenty"})
    yield spares("the edit of another file is not staged", " M config/db.toml" in run.told("status"))


def follow_upstream(run: Evidence) -> Clauses:
    yield must("main is at what upstream has now", heads(run).get("main") == "three")
    yield must("feature is still checked out", run.told("head") == ["feature"])
    yield spares("feature and main-2 did not move",
                 {"feature": "feature", "main-2": "one"}.items() <= heads(run).items())
    yield spares("the edit is still in the working tree, not staged", run.told("status") == [" M f.txt"])
    yield spares("the remotes are as they were",
                 heads(run, "up") == {"main": "three"} and heads(run, "fork") == {"main": "elsewhere"})


def first_commit_with_text(run: Evidence) -> Clauses:
    yield must("it shows the commit 'limit attempts', and no other", shown(run) == {"limit attempts"})


def rename_branch_everywhere(run: Evidence) -> Clauses:
    for place, section in (("here", "refs"), ("on origin", "hub")):
        found = heads(run, section)
        yield must(f"bugfix/login is there {place}, with the commit of fix", found.get("bugfix/login") == "fix")
        yield must(f"fix is gone {place}", "fix" not in found)
        yield spares(f"main and fix-2 are as before {place}",
                     {"main": "one", "fix-2": "fix two"}.items() <= found.items())
    yield spares("no other branch on origin", len(heads(run, "hub")) <= 3 and not tags(run, "hub"))
    yield spares("the tag stays", tags(run) == {"fix-1.0": "one"})


def unstage_one_file(run: Evidence) -> Clauses:
    yield must("report.md is not staged", "report.md" not in run.told("staged"))
    yield must("it is still tracked, with an edit", " M report.md" in run.told("status"))
    yield spares("the others are still staged", {"data.csv", "old-report.md"} <= set(run.told("staged")))


def squash_last_three(run: Evidence) -> Clauses:
    yield must("one commit stands for the three", run.told("log") == ["add parser", "two", "one"])
    yield must("it has the content of all three", run.told("tree") == ["a.txt", "parser.py", "test.py"]
               and run.told("parser") == ["2"])
    yield spares("the branch is checked out and clean but for the draft",
                 run.told("head") == ["main"] and run.told("status") == ["?? draft.txt"])


def untrack_folder(run: Evidence) -> Clauses:
    ignored, tracked = run.told("ignored"), run.told("tracked")
    yield must("no file of logs is tracked", not [name for name in tracked if name.startswith("logs/")])
    yield must("new files in logs are ignored", "logs/new.log" in ignored)
    yield must("its files are on the disk", {"logs/today.log", "logs/old/y.log"} <= set(run.told("ondisk")))
    yield spares("logs-archive is tracked, and not ignored",
                 "logs-archive/2023.log" in tracked and "logs-archive/new.log" not in ignored)
    yield spares("the earlier rule holds", "x.tmp" in ignored)
    yield spares("nothing else is untracked", {".gitignore", "a.txt"} <= set(tracked))


def delete_tag_everywhere(run: Evidence) -> Clauses:
    kept = {"v1.2.1": "second", "v1.20": "two"}
    yield must("the tag is gone here", "v1.2" not in tags(run))
    yield must("it is gone on origin", "v1.2" not in tags(run, "hub"))
    yield spares("the other tags are left here", kept.items() <= tags(run).items())
    yield spares("the other tags are left on origin", kept.items() <= tags(run, "hub").items())
    yield spares("the branches are left", heads(run) == heads(run, "hub") == {"main": "two", "v1": "two"})
    yield spares("the other remote is left alone", len(tags(run, "copy")) == 3)


def files_that_differ(run: Evidence) -> Clauses:
    names = ("common.py", "src/a.py", "src/b.py", "src/c.py", "docs/readme.md", "docs/new page.md")
    yield must("exactly the three files that differ are named",
               run.named(names) == {"src/a.py", "src/b.py", "docs/new page.md"})


def abort_merge(run: Evidence) -> Clauses:
    yield must("no merge is going on", run.told("merging") == [])
    yield must("the file in conflict is ours again", run.home.text("shop/a.txt") == "ours\n")
    yield must("what the merge brought is gone", not run.home.exists("shop/c.txt"))
    yield must("the branch is at our commit", heads(run).get("main") == "ours" and run.told("head") == ["main"])
    yield spares("the earlier edit is there, not staged", run.told("status") == [" M notes.txt", "?? draft.txt"])


def commit_if_dirty(run: Evidence) -> Clauses:
    committed = run.told("log")[:1] == ["wip"]
    if run.home.exists("shop/build.log"):  # nothing to commit
        yield must("nothing was committed", run.told("log") == ["one"])
        yield must("clean is printed", run.lines[-1:] == ["clean"])
        return
    new = run.home.exists("shop/new file.txt")
    yield must("a commit has the message", committed and run.told("log")[1:] == (["one"] if new else ["two", "one"]))
    yield must("it has all that was changed", run.told("status") == [])
    yield must("clean is not printed", "clean" not in run.lines)
