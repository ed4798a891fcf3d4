"""What is put before the user, and its JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.terminal.proposal import Item, Proposal, assessed, assessed_all, from_recipes
from assay.terminal.retrieve import search

FIELDS = {"schema", "request", "source", "model", "variant", "status", "commands", "via", "reason", "requests", "usage",
          "cost_usd", "seconds", "first_token_seconds", "redacted"}


def proposal(*commands: str) -> Proposal:
    items = tuple(Item(seq, command, assessed(command), ("why",), {"-x": "y"}) for seq, command in
                  enumerate(commands, start=1))
    return Proposal("do it", "generated", "ok", items, "m", "regular-few-chat", "raw")


def test_json_has_the_fields_and_no_others() -> None:
    document = proposal("ls").to_json()
    assert set(document) == FIELDS
    assert document["commands"] == [{"seq": 1, "command": "ls", "explanations": ["why"], "arguments": {"-x": "y"},
                                     "risk": assessed("ls").to_json(), "marks": [], "recipe": None}]
    assert document["usage"] == {"input_tokens": None, "output_tokens": None}


def test_nothing_that_a_terminal_acts_on_is_in_json() -> None:
    raw = "rm a\u202eb \x1b[31mc\x00 \u200b\u00a0d"
    made = proposal(raw)
    item = Item(1, raw, assessed(raw), (f"text {raw}",), {raw: raw}, marks=(raw,))
    document = str(Proposal(raw, "generated", "ok", (item,), reason=raw).to_json())
    for letter in ("\u202e", "\x1b", "\x00", "\u200b"):
        assert letter not in document
    assert made.items[0].hidden
    assert made.items[0].shown == r"rm a\u{202e}b \u{1b}[31mc\u{0} \u{200b}\u{a0}d"
    assert not proposal("rm 'ä b'\n\tx").items[0].hidden


@pytest.mark.parametrize(("commands", "levels"), [
    (["cd /", "rm -rf *"], ["read-only", "unbounded"]), (["D=/", "rm -rf $D"], ["read-only", "unbounded"]),
    (["ls", "rm x", "touch y"], ["read-only", "destroys", "changes"]), (["rm -rf *"], ["destroys"]),
    (["echo 'open", "rm -rf /"], ["cannot-tell", "unbounded"])])
def test_what_came_before_in_the_list_counts(commands: list[str], levels: list[str]) -> None:
    found = assessed_all(commands)
    assert [risk.level for risk in found] == levels
    for command, risk in zip(commands, found, strict=True):
        assert risk.command == command
        assert all(command[finding.start:finding.end] == finding.text for finding in risk.findings)


def test_an_edited_command_is_assessed_with_the_others_and_not_explained() -> None:
    made = proposal("ls", "rm -rf *")
    edited = made.edited(made.items[0], "cd /")
    assert [item.risk.level for item in edited.items] == ["read-only", "unbounded"]
    assert (edited.items[0].explanations, edited.items[1].explanations) == ((), ("why",))
    assert edited.rank == 3
    assert edited.touched


def test_recipes_are_alternatives_with_slots() -> None:
    made = from_recipes("unpack backup.tar.gz", search("unpack backup.tar.gz"))
    assert (made.source, made.status, made.model, made.requests) == ("found", "ok", "recipes", 0)
    assert made.items[0].command == "tar -xf backup.tar.gz"
    assert made.items[0].recipe
    opened = next(item for item in made.items if item.open)
    assert "{" in opened.command
    only = made.only(opened)
    filled = only.edited(only.items[0], "tar -xf {archive} x")
    assert filled.items[0].open == ("archive",)


def test_no_recipe_is_a_refusal() -> None:
    made = from_recipes("asdf", [])
    assert (made.ok, made.status, made.to_json()["commands"]) == (False, "refused", [])


def test_the_current_folder_counts_for_the_risk() -> None:
    Path("there").write_text("x")
    assert [assessed(f"echo > {name}").level for name in ("there", "new")] == ["destroys", "changes"]
