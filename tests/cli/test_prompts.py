"""prompts: what models are sent, from outside."""

from __future__ import annotations

from assay.terminal.prompts import DEFAULT, VARIANTS, digest


def test_the_variants_are_listed_with_their_length_and_digest(assay) -> None:
    listed = assay("prompts", "list", "--json").json
    assert listed["default"] == DEFAULT
    assert [entry["name"] for entry in listed["variants"]] == list(VARIANTS)
    for entry in listed["variants"]:
        assert entry["name"] == f"{entry['mode']}-{entry['examples']}-{entry['style']}"
        assert entry["digest"] == digest(entry["name"])
    tokens = {entry["name"]: entry["tokens"] for entry in listed["variants"]}
    assert tokens["fast-zero-chat"] < tokens["fast-few-chat"] < tokens["regular-few-chat"]


def test_the_list_is_read_by_people_too(assay) -> None:
    lines = assay("prompts", "list").out.splitlines()
    (line,) = [line for line in lines if line.split()[:1] == [DEFAULT]]
    assert line.split()[2:] == [digest(DEFAULT)[:12], "default"]


def test_a_prompt_is_shown_as_it_is_sent(assay) -> None:
    shown = assay("prompts", "show", "regular-few-chat", "--request", "list [red] files", "--json").json
    assert [message["role"] for message in shown["messages"]] == ["system", *["user", "assistant"] * 9, "user"]
    assert "list [red] files" in shown["messages"][-1]["content"]
    assert shown["answer_schema"]["additionalProperties"] is False
    assert shown["stop"] == []
    out = assay("prompts", "show", "--request", "list [red] files").out
    for message in shown["messages"][1:]:
        assert message["content"] in out
    assert f"about {shown['tokens']} tokens" in out


def test_recipes_near_the_request_are_in_a_retrieved_prompt(assay) -> None:
    shown = assay("prompts", "show", "fast-retrieved-completion", "-r", "count the lines of a.txt", "--json").json
    (message,) = shown["messages"]
    assert "wc -l FILE" in message["content"]
    assert shown["stop"] == ["User:"]
    assert shown["answer_schema"] is None


def test_two_prompts_are_compared_line_by_line(assay) -> None:
    found = assay("prompts", "diff", "fast-few-chat", "fast-zero-chat", "--json").json
    assert found["tokens"]["a"] > found["tokens"]["b"]
    assert found["diff"][:2] == ["--- fast-few-chat", "+++ fast-zero-chat"]
    assert '-{"commands": ["wc -l src/*.py"]}' in found["diff"]
    assert not any(line.startswith("+") for line in found["diff"][2:])
    assert '-{"commands": ["wc -l src/*.py"]}' in assay("prompts", "diff", "fast-few-chat", "fast-zero-chat").out
    assert assay("prompts", "diff", DEFAULT, DEFAULT, "--json").json["diff"] == []


def test_an_unknown_variant_is_exit_5_with_those_near(assay) -> None:
    for args in (["show", "regular-fw-chat"], ["diff", DEFAULT, "regular-fw-chat"]):
        outcome = assay("prompts", *args, code=5)
        assert "regular-few-chat" in outcome.err
        assert outcome.out == ""
