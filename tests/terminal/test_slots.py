"""Values of a request in the slots of a recipe."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.recipebook import Recipe
from assay.terminal.slots import fill, written


def recipe(command: str, *tasks: str, **defaults: str) -> Recipe:
    return Recipe("r", tasks, command, "Does it.", defaults)


COPY = recipe("cp {source} {target}", "copy {source} to {target}")
MERGE = recipe("git merge {branch}", "merge {branch}", "merge the branch {branch}")
FIRST = recipe("head -n {n} {file}", "first {n} lines of {file}", n="10")
PACK = recipe("tar -czf {archive} {folder}", "pack {folder} into {archive}", archive="{folder}.tar.gz")


@pytest.mark.parametrize(("made", "request_", "command"), [
    (COPY, "copy a.txt to b.txt", "cp a.txt b.txt"),
    (COPY, "to b.txt, copy a.txt", "cp a.txt b.txt"),
    (COPY, "copy 'my notes.txt' to ~/back up", "cp 'my notes.txt' ~/back"),
    (MERGE, "merge the branch topic into main", "git merge topic"),
    (MERGE, "merge topic", "git merge topic"), (MERGE, "merge the topic branch", "git merge topic"),
    (MERGE, 'merge "topic/a"', "git merge topic/a"), (MERGE, "merge the branch", None),
    (FIRST, "first 3 lines of x.txt", "head -n 3 x.txt"), (FIRST, "first lines of x.txt", "head -n 10 x.txt"),
    (FIRST, "the first three lines", None),
    (PACK, "pack src/", "tar -czf src/.tar.gz src/"), (PACK, "pack the folder src into a.tgz", "tar -czf a.tgz src"),
    (recipe("find . -mtime +{days}", "older than {days} days"), "older than 2 weeks", "find . -mtime +14"),
    (recipe("find . -mmin -{minutes}", "in {minutes} minutes"), "in the last two hours", "find . -mmin -120"),
    (recipe("find . -mtime +{days}", "older than {days} days"), "older than 5 hours", None),
    (recipe("ls ./*.{ext|raw}", "list {ext} files"), "list all png files", "ls ./*.png"),
    (recipe("ls ./*.{ext|raw}", "list {ext} files"), "list *.png", "ls ./*.png"),
    (recipe("kill {pid}", "end the process {pid}"), "end what is on port 80", None),
    (recipe("kill {pid}", "end the process {pid}"), "end process 80", "kill 80"),
    (recipe("kill {pid}", "end the process {pid}"), "end 80", "kill 80"),
    (recipe("find {folder} -empty -delete", "delete what is empty in {folder}", folder="."),
     "delete all that is empty below work", "find work -empty -delete"),
    (recipe("rm {file}", "delete {file}"), "delete *.tmp", "rm *.tmp"),
    (recipe("sed -i 's/{old|re}/{new|to}/g' {file}", "replace {old} by {new} in {file}"),
     "replace 'a.b' by 'c&d' in x", None),
    (recipe("sed -i 's/{old|re}/{new|to}/g' {file}", "replace {old} by {new} in {file}"),
     "replace 'a.b' by \"it's\" in x.txt", "sed -i 's/a\\.b/it'\\''s/g' x.txt"),
    (recipe("unset {variable|raw}", "unset {variable}"), "unset $API_KEY", "unset API_KEY"),
])
def test_slots_take_what_is_meant_for_them(made: Recipe, request_: str, command: str | None) -> None:
    filling = fill(made, request_)
    assert (filling and filling.command) == command


def test_what_found_no_place_is_told() -> None:
    filling = fill(FIRST, "first 3 lines of x.txt and of y.txt")
    assert filling is not None
    assert (filling.left, filling.named, filling.words) == (("y.txt",), 2, ())
    merged = fill(MERGE, "merge topic")
    assert merged is not None
    assert (merged.words, merged.guessed) == (("topic",), ())


def test_a_word_of_no_recipe_is_taken_for_a_name_and_a_common_one_is_not() -> None:
    start = recipe("systemctl start {service}", "start the service {service}")
    filling = fill(start, "start nginx", unknown={"nginx"})
    assert filling is not None
    assert (filling.command, filling.guessed) == ("systemctl start nginx", ("nginx",))
    assert fill(start, "start nginx") is None
    assert fill(MERGE, "merge changes", common={"changes"}) is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_value_is_one_word_to_the_shell(value: str) -> None:
    made = recipe("printf %s {text}", "print {text}")
    command = written(made, {"text": value})
    assert command is not None
    if not value.startswith("~"):
        assert shlex.split(command) == ["printf", "%s", value]


@given(st.text())
def test_a_value_that_must_be_plain_is_or_there_is_no_command(value: str) -> None:
    command = written(recipe("ls *.{ext|raw}", "list"), {"ext": value})
    assert command is None or command == f"ls *.{value}"
    assert command is None or not set(value) & set(" '\"$`;&|<>(){}*?[]\\\n!#")


@given(st.text())
def test_any_request_can_be_tried_on_any_recipe(request_: str) -> None:
    for made in (COPY, MERGE, FIRST, PACK):
        filling = fill(made, request_)
        assert filling is None or "{" not in made.command.replace("{source}", "") or filling.command
