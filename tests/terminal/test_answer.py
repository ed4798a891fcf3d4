"""Replies as models send them, and replies that no model should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.terminal.answer import CUT_OFF, NO_OBJECT, Answer, parse

FULL = {"input": "sizes", "error": 0, "commands": [
    {"seq": 1, "cmd_to_execute": "du -sh *", "cmd_explanations": ["adds up sizes"], "arg_explanations": {"-s": "sum"}},
    {"seq": 2, "cmd_to_execute": "df -h", "cmd_explanations": ["shows what is free"], "arg_explanations": {}}]}
FAST = {"commands": ["du -sh *", "df -h"]}


def commands(answer: Answer) -> list[str]:
    return [command.command for command in answer.commands]


@pytest.mark.parametrize(("value", "mode"), [(FULL, "regular"), (FAST, "fast")])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_reply_that_is_nothing_but_the_object_is_raw(value: Any, mode: Any, indent: int | None) -> None:
    answer = parse(f"\n {json.dumps(value, indent=indent)}\n", mode)
    assert (answer.status, answer.via, commands(answer)) == ("ok", "raw", ["du -sh *", "df -h"])


def test_explanations_and_arguments_come_along() -> None:
    first, second = parse(json.dumps(FULL), "regular").commands
    assert first.to_json() == {"seq": 1, "command": "du -sh *", "explanations": ["adds up sizes"],
                               "arguments": {"-s": "sum"}}
    assert second.seq == 2
    assert second.arguments == {}


def test_arguments_may_be_pairs_as_the_schema_has_them() -> None:
    pairs = [{"argument": "-s", "explanation": "sum"}]
    value = {"commands": [{"seq": 1, "cmd_to_execute": "du -s", "cmd_explanations": [], "arg_explanations": pairs}]}
    answer = parse(json.dumps(value), "regular")
    assert answer.via == "raw"
    assert answer.commands[0].arguments == {"-s": "sum"}


@pytest.mark.parametrize("text", [
    "```json\n{}\n```", "```\n{}\n```", "Here you are:\n\n{}\n\nThis prints sizes.", "{} {{\"commands\": [\"rm x\"]}}",
    "In bash ${{HOME}} is your home {{see above}}. {}", "{{}} {}", "[{}]", '{{"commands": [""]}}: {}', "\ufeff{}",
    '{{"thought": "say "hi" "}}\n{}', '{{"commands": [1]}} or rather {}',
])
@pytest.mark.parametrize(("value", "mode"), [(FULL, "regular"), (FAST, "fast")])
def test_the_first_object_that_validates_is_extracted(text: str, value: Any, mode: Any) -> None:
    answer = parse(text.format(json.dumps(value)), mode)
    assert (answer.status, answer.via, commands(answer)) == ("ok", "extracted", ["du -sh *", "df -h"])


@pytest.mark.parametrize(("text", "mode"), [
    ('{"commands": ["ls",],}', "fast"),
    ('{"commands": ["ls" , ] , }', "fast"),
    ('{"commands": [{"seq": 1, "cmd_to_execute": "ls",},],}', "regular"),
    ('{"commands": ["ls"]}', "regular"),
    ('{"commands": [{"seq": 1, "cmd_to_execute": "ls", "cmd_explanations": ["x"], "arg_explanations": {}}]}', "fast"),
    ('{"error": "0", "commands": ["ls"]}', "fast"),
    ('{"error": false, "commands": ["ls"]}', "fast"),
    ('{"error": null, "commands": ["ls"]}', "fast"),
    ('{"commands": ["ls"], "confidence": 0.9}', "fast"),
    ('{"commands": [{"cmd_to_execute": "ls", "cmd_explanations": "lists"}]}', "regular"),
])
def test_small_slips_are_tolerated_and_not_called_raw(text: str, mode: Any) -> None:
    answer = parse(text, mode)
    assert (answer.status, answer.via, commands(answer)) == ("ok", "extracted", ["ls"])


def test_a_comma_inside_a_command_is_no_trailing_comma() -> None:
    assert commands(parse('{"commands": ["echo \\"a,]\\" {b,}",]}', "fast")) == ['echo "a,]" {b,}']


@pytest.mark.parametrize(("text", "via", "reason"), [
    ('{"error": 1}', "raw", ""),
    ('{"error": 1, "reason": "no such thing"}', "raw", "no such thing"),
    ('{"input": "x", "error": 1, "reason": "", "commands": []}', "raw", ""),
    ('{"error": "1"}', "extracted", ""),
    ('{"error": true, "reason": 5}', "extracted", ""),
    ('I cannot do this.\n{"error": 1,}', "extracted", ""),
    ('{"error": 1, "commands": ["ls"]}', "raw", ""),
])
@pytest.mark.parametrize("mode", ["regular", "fast"])
def test_a_refusal_is_told(text: str, via: str, reason: str, mode: Any) -> None:
    assert parse(text, mode) == Answer("refused", (), via, reason)


@pytest.mark.parametrize(("text", "reason"), [
    ("", "the reply is empty"), (" \n", "the reply is empty"),
    ("ls -l", NO_OBJECT), ("ls -l | awk '{print $1}'", NO_OBJECT),
    ('["ls"]', NO_OBJECT), ('"ls"', NO_OBJECT), ("null", NO_OBJECT), ("```bash\nls\n```", NO_OBJECT),
    ('{"commands": []}', "the list of commands is empty"), ('{"commands": "ls"}', "no list of commands"),
    ("{}", "no list of commands"), ('{"error": 0}', "no list of commands"),
    ('{"commands": [""]}', "command 1 is blank"), ('{"commands": ["ls", " \\t"]}', "command 2 is blank"),
    ('{"commands": [1]}', "command 1 is not text"), ('{"commands": [null]}', "command 1 is not text"),
    ('{"commands": [["ls"]]}', "command 1 is not text"), ('{"commands": [{"seq": 1}]}', "command 1 is not text"),
    ('{"commands": [{"cmd_to_execute": 7}]}', "command 1 is not text"),
    ('{"error": 2, "commands": ["ls"]}', '"error" is neither 0 nor 1'),
    ('{"error": [1], "commands": ["ls"]}', '"error" is neither 0 nor 1'),
    ('{"commands": ["\\ud83d"]}', "command 1 holds half a character, which no shell can be given"),
    ('{"commands": ["ls"', CUT_OFF), ('{"commands": ["ls', CUT_OFF), ('```json\n{"commands": ["ls", ', CUT_OFF),
    ('{"commands": ["ls", {"commands": ["rm -r x"]}', CUT_OFF), ('{"commands": ["rm -rf /tmp/a', CUT_OFF),
    ('{"a": NaN}', "the object is nested too deeply, or holds a number that JSON does not have"),
])
@pytest.mark.parametrize("mode", ["regular", "fast"])
def test_what_is_unusable_says_why(text: str, reason: str, mode: Any) -> None:
    assert parse(text, mode) == Answer("unusable", (), "none", reason)


def test_nothing_is_taken_out_of_an_object_that_is_no_answer() -> None:
    assert parse('{"example": {"commands": ["rm -rf x"]}}', "fast").status == "unusable"


def test_commands_go_by_their_numbers() -> None:
    value = {"commands": [{"seq": 2, "cmd_to_execute": "b"}, {"seq": 1, "cmd_to_execute": "a"}]}
    assert commands(parse(json.dumps(value), "regular")) == ["a", "b"]
    assert [command.seq for command in parse(json.dumps(value), "regular").commands] == [1, 2]


@pytest.mark.parametrize("text", [
    '{"a":' * 50_000, '{"a":[' * 50_000 + "]}" * 50_000, '{"' * 100_000, "{}" * 100_000, '{"\\"' * 50_000,
    "{" * 200_000, '{"commands":["x",' * 20_000, '{"n": ' + "9" * 10_000 + "}", '{"a" 1,]' * 20_000,
    " " + "{} " * 50_000,
])
def test_a_hostile_reply_is_read_to_its_end(text: str) -> None:
    assert parse(text, "regular").status == "unusable"


PIECES = st.sampled_from(['{"commands":', '["ls"', ']', '}', '{"error":', "1", '"', ",", "```json\n", "{", "[", "\\",
                          " ", '"cmd_to_execute":', "true", "\ud800", "\0", "é", "NaN", '{"seq":1,'])


@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["commands", "error", "cmd_to_execute", "seq", "arg_explanations", "reason"]), inner),
    max_leaves=8,
).map(json.dumps)), st.sampled_from(["regular", "fast"]))
@example('{"commands": [{"cmd_to_execute": "x", "seq": true, "arg_explanations": [1]}]}', "regular")
def test_it_never_raises_and_what_it_returns_holds_together(text: str, mode: Any) -> None:
    answer = parse(text, mode)
    assert bool(answer.commands) == (answer.status == "ok")
    assert (answer.via == "none") == (answer.status == "unusable")
    for command in answer.commands:
        assert command.command.strip()
        json.dumps(command.to_json(), ensure_ascii=False).encode()


SHELL = st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip)


@given(st.lists(SHELL, min_size=1), st.sampled_from(["{}", "```json\n{}\n```", "It is {} I think"]))
def test_any_command_comes_through_whole(texts: list[str], around: str) -> None:
    for mode, listed in (("fast", texts), ("regular", [{"seq": n, "cmd_to_execute": text, "cmd_explanations": [],
                                                        "arg_explanations": {}} for n, text in enumerate(texts)])):
        answer = parse(around.replace("{}", json.dumps({"commands": listed})), mode)
        assert commands(answer) == [text.strip() for text in texts]
        assert answer.via == ("raw" if around == "{}" else "extracted")


@given(st.lists(SHELL, min_size=1), st.data())
def test_no_cut_off_reply_is_completed(texts: list[str], data: st.DataObject) -> None:
    whole = json.dumps({"commands": texts})
    cut = whole[:data.draw(st.integers(0, len(whole) - 1))]
    assert parse(cut, "fast").status == "unusable"
