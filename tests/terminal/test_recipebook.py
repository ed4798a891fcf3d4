"""The recipes that ship: every command is shell, takes values safely, and works where it can be tried."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.terminal import caselist, sandbox
from assay.terminal.prompts import examples_for
from assay.terminal.recipebook import SLOT, kind_of, recipes
from assay.terminal.requests import read, request_hash
from assay.terminal.sandbox import Job
from assay.terminal.shellsyntax import parse
from assay.terminal.slots import written

RECIPES = {recipe.id: recipe for recipe in recipes()}
VALUES = {
    "file": "notes.txt", "file2": "other.txt", "source": "notes.txt", "target": "new.txt", "archive": "docs.tar.gz",
    "link": "link", "folder": "docs", "folder2": "pics", "text": "alpha", "old": "alpha", "new": "omega",
    "word": "gamma", "value": "red", "n": "2", "from": "1", "to": "3", "column": "2", "port": "8099", "pid": "1",
    "seconds": "1", "name": "thing", "user": "user", "group": "user", "branch": "dev", "branch2": "main", "tag": "v9",
    "remote": "origin", "program": "bash", "package": "bash", "service": "ssh", "container": "web", "image": "alpine",
    "database": "data.db", "table": "t", "field": "name", "session": "main", "ext": "txt", "ext2": "md",
    "pattern": "*.txt", "size": "1M", "days": "30", "minutes": "5", "url": "http://127.0.0.1:9/x",
    "host": "127.0.0.1", "mail": "a@b.org", "script": "./script.sh", "commit": "HEAD", "mode": "600",
    "date": "2024-05-06", "variable": "HOME", "zone": "Asia/Tokyo", "sum": "3*4"}
FIXTURE = """
mkdir -p docs/inner pics empty 'old stuff'
printf 'alpha 3 red\\nbeta 10 blue\\nalpha 3 red\\n\\ngamma 7 red  \\n' > notes.txt
printf 'beta 10 blue\\ndelta 1 green\\n' > other.txt
printf 'name,n\\na,1\\nb,2\\n' > data.csv
printf '[{"name":"a","n":1},{"name":"b","n":2}]' > list.json
printf '{"name":"x"}' > one.json
printf '#!/bin/sh\\necho hi\\n' > script.sh; chmod +x script.sh
echo inner > docs/inner/deep.txt; echo d > docs/d.txt; echo 1 > pics/a.png
ln -s notes.txt link; ln -s nowhere broken
tar -czf docs.tar.gz docs; gzip -c notes.txt > packed.gz; echo hello | base64 > hello.b64
sha256sum notes.txt > sums; : > zero.txt; touch -d '40 days ago' old.log; head -c 2000 /dev/zero > big.bin
git init -q -b main repo; cd repo; echo a > f.txt; git add -A; git commit -qm one; git branch dev
echo b >> f.txt; git commit -qam two; git tag v0
"""
needs_sandbox = pytest.mark.skipif(sandbox.available() is not None, reason=f"no sandbox: {sandbox.available()}")


def command(recipe_id: str, **values: str) -> str:
    """The command of a recipe with values of its own where they are given."""
    recipe = RECIPES[recipe_id]
    text = written(recipe, {slot: (VALUES | values)[slot] for slot in recipe.slots})
    assert text is not None
    return text


def test_there_are_many_and_each_is_asked_for_in_several_ways() -> None:
    assert len(RECIPES) == len(recipes()) >= 220
    tasks = [task for recipe in recipes() for task in recipe.tasks]
    assert all(2 <= len(recipe.tasks) <= 4 or recipe.id in ("go-home",) for recipe in recipes())
    assert len({request_hash(task) for task in tasks}) == len(tasks), "two recipes for one phrasing"


def test_every_command_is_shell_and_its_slots_are_known() -> None:
    for recipe in recipes():
        assert not parse(command(recipe.id)).error, recipe.id
        assert recipe.explanation.endswith("."), recipe.id
        assert set(recipe.slots) <= VALUES.keys(), recipe.id
        assert recipe.defaults.keys() <= set(recipe.slots), recipe.id
        assert not re.search(r"\{[a-z0-9]+\|", recipe.shown), recipe.id
        for text in recipe.tasks:
            assert {found[1] for found in SLOT.finditer(text)} <= set(recipe.slots), text


HOSTILE = "a'b; touch pwned #$(touch pwned)`touch pwned`\\ \"&|<>*"


def test_no_value_gets_out_of_its_place() -> None:
    """A value with everything that the shell acts on adds no command to what the recipe runs."""
    free = {"number", "size", "days", "minutes", "seconds", "command"}  # digits, or a command that the user gave
    written_out = 0
    for recipe in recipes():
        values = {slot: VALUES[slot] if kind_of(slot) in free else HOSTILE for slot in recipe.slots}
        if (text := written(recipe, values)) is not None:
            assert names(text) == names(command(recipe.id)), text
            written_out += HOSTILE in values.values()
    assert written_out > 200


def names(text: str) -> list[str]:
    """The programs that a command runs, as the syntax tree has them; substitutions inside them too."""
    tree = parse(text)
    assert not tree.error, text
    found, waiting = [], [tree.root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type == "command_name":
            found.append(tree.text[node.start_byte:node.end_byte])
    return sorted(found)


def test_recipes_examples_and_requests_of_the_benchmark_are_apart() -> None:
    cases = {case.hash for case in caselist.load()}
    examples = {request_hash(example.request) for example in examples_for("Linux")}
    tasks = {request_hash(task) for recipe in recipes() for task in recipe.tasks}
    tasks |= {request_hash(SLOT.sub(lambda found: VALUES[found[1]], task)) for recipe in recipes()
              for task in recipe.tasks}
    assert not tasks & cases
    assert not tasks & examples
    assert not examples & cases


def test_they_are_apart_from_the_public_requests_too(mirror: Path) -> None:
    lists = sorted((mirror / "requests").glob("*.txt"))
    public = {request_hash(text) for file in lists for text in read(file)}
    assert len(public) > 80
    ours = {request_hash(task) for recipe in recipes() for task in recipe.tasks}
    ours |= {request_hash(example.request) for example in examples_for("Linux")}
    assert not ours & public


# Commands that change nothing worth keeping and can be run anywhere: one after the other in one box.
READING = """
list-long list-hidden list-by-date list-by-size list-recursive list-folders count-files count-entries count-by-extension
where-am-i find-name find-name-anycase find-extension find-larger find-smaller find-changed-days find-changed-minutes
find-older find-newer-than-file find-empty-files find-empty-folders find-biggest find-newest find-oldest
find-duplicates find-user find-writable find-executable find-exclude find-program file-type file-details file-size
folder-size folder-sizes checksum-sha256 checksum-md5 show-file show-numbered show-first show-last show-range show-line
show-without-first show-without-last show-between count-lines count-words count-characters count-lines-extension
longest-line long-lines search-file search-anycase search-word search-not search-context search-count
search-occurrences search-extension search-starts extract-emails extract-numbers sort-lines sort-reverse sort-numbers
sort-column unique-lines unique-keep-order duplicate-lines count-lines-each count-words-each reverse-lines
reverse-characters shuffle-lines random-line common-lines only-in-first column-print column-last column-sum
column-average column-maximum column-filter column-filter-greater column-unique lines-to-comma comma-to-lines
paste-files delete-comments to-upper to-lower wrap-lines tabs-to-spaces number-sequence encoding-find calculate
link-resolve link-broken absolute-path tar-list processes process-count process-details cpu-cores load kernel-version
system-version time-now time-utc time-zone-at time-stamp time-from-stamp time-in-days time-weekday time-week who-am-i
users-list groups-of environment-list environment-get path-show uuid hash-text repeat-times process-timeout
"""
WITH_VALUES: dict[str, Mapping[str, str]] = {
    "column-csv": {"file": "data.csv"}, "column-csv-sum": {"file": "data.csv"}, "sort-csv": {"file": "data.csv"},
    "csv-to-tsv": {"file": "data.csv"}, "json-pretty": {"file": "one.json"}, "json-check": {"file": "one.json"},
    "checksum-verify": {"file": "sums"}, "base64-decode": {"file": "hello.b64"}, "gzip-show": {"file": "packed.gz"},
    "search-tree": {"text": "inner"}, "search-files": {"text": "inner"}, "compare-bytes": {"file2": "notes.txt"},
    "compare-files": {"file2": "notes.txt"}, "link-broken": {"folder": "."}}
IN_REPOSITORY = """
git-status git-diff git-diff-staged git-diff-branches git-diff-names git-log git-log-graph git-log-last git-log-since
git-log-file git-log-search git-log-message git-show git-show-file git-blame git-count-commits git-authors
git-branches git-branch-current git-branches-merged git-conflicts git-remotes git-stash-list git-tags
git-clean-preview git-ignored git-tracked git-size git-reflog
"""


@needs_sandbox
def test_commands_that_read_work() -> None:
    lines = [command(name, **WITH_VALUES.get(name, {})) for name in {*READING.split(), *WITH_VALUES}]
    lines += [f"cd repo && {command(name, file='f.txt')}" for name in IN_REPOSITORY.split()]
    script = "\n".join(f"( {line} ) >/dev/null; echo $? {shlex.quote(line)}" for line in lines)
    result = sandbox.run(Job(script, fixture=FIXTURE, timeout=60))
    assert result.status == "checked"
    failed = [line for line in result.stdout.splitlines() if not line.startswith("0 ")]
    assert not failed, result.stderr
    assert len(result.stdout.splitlines()) == len(lines) > 150


DONE = [  # recipe, values, what becomes of the home
    ("make-numbered-folders", {"n": "3"}, {"thing1": "created", "thing2": "created", "thing3": "created"}),
    ("copy-file", {"target": "a b.txt"}, {"a b.txt": "created"}),
    ("rename-file", {}, {"notes.txt": "deleted", "new.txt": "created"}),
    ("flatten-folder", {}, {"docs/inner/deep.txt": "deleted", "docs/deep.txt": "created"}),
    ("rename-extension", {"ext": "csv", "ext2": "tab"}, {"data.csv": "deleted", "data.tab": "created"}),
    ("rename-spaces", {}, {"old stuff": "deleted", "old_stuff": "created"}),
    ("delete-empty-folders", {"folder": "."}, {"empty": "deleted", "old stuff": "deleted"}),
    ("delete-older", {"folder": "."}, {"old.log": "deleted"}),
    ("delete-named-folders", {"name": "inner"}, {"docs/inner": "deleted", "docs/inner/deep.txt": "deleted"}),
    ("replace-in-file", {"old": "3 red", "new": "a/b & c"}, {"notes.txt": "modified"}),
    ("replace-in-tree", {"old": "inner", "new": "outer"}, {"docs/inner/deep.txt": "modified"}),
    ("delete-lines-with", {"text": "beta 10"}, {"notes.txt": "modified"}),
    ("trim-line-ends", {}, {"notes.txt": "modified"}),
    ("append-text", {"text": "it's"}, {"notes.txt": "modified"}),
    ("tar-create", {"archive": "x.tgz"}, {"x.tgz": "created"}),
    ("make-private", {}, {"notes.txt": "mode"}),
    ("change-mode-files", {"mode": "600"}, {"docs/d.txt": "mode", "docs/inner/deep.txt": "mode"}),
    ("link-symbolic", {"link": "l2", "target": "notes.txt"}, {"l2": "created"}),
    ("split-lines", {"n": "3"}, {"notes.txt.part-aa": "created", "notes.txt.part-ab": "created"}),
]


@needs_sandbox
@pytest.mark.parametrize(("name", "values", "expected"), DONE, ids=[name for name, _, _ in DONE])
def test_commands_that_change_something_change_that(name: str, values: dict[str, str], expected: object) -> None:
    result = sandbox.run(Job(command(name, **values), fixture=FIXTURE))
    assert (result.rc, result.stderr) == (0, "")
    assert {change.path: change.change for change in result.changes} == expected


@needs_sandbox
@pytest.mark.parametrize(("name", "values", "line"), [
    ("replace-in-file", {"old": "3 red", "new": "a/b & 'c'"}, "alpha a/b & 'c'"),
    ("replace-in-file", {"old": "*.[a]$^", "new": "x"}, "alpha 3 red"),
    ("prepend-text", {"text": "it's / first"}, "it's / first"), ("append-text", {"text": "-n $HOME"}, "-n $HOME"),
])
def test_values_arrive_as_they_are(name: str, values: dict[str, str], line: str) -> None:
    result = sandbox.run(Job(f"{command(name, **values)}; cat notes.txt", fixture=FIXTURE))
    assert line in result.stdout.splitlines()
