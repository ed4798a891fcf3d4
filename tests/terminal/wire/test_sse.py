"""The parser of server-sent events: whatever the cuts, the same events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.wire.sse import Event, Parser

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def parsed(chunks: list[bytes]) -> list[Event]:
    parser = Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@given(st.lists(texts, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_a_stream_cut_at_any_bytes_gives_the_same_events(values: list[str], end: str, data: st.DataObject) -> None:
    documents = [json.dumps(value, ensure_ascii=False) for value in values]
    stream = "".join(f": comment{end}id: 7{end}data: {document}{end}{end}" for document in documents).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [event.data for event in parsed(chunks)] == documents


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_by_byte_inside_characters_and_line_ends(end: str) -> None:
    stream = f"\ufeffdata: é𝄞{end}{end}event: ping{end}data:x{end}data: y{end}{end}".encode()
    assert parsed([stream[i:i + 1] for i in range(len(stream))]) == [Event("message", "é𝄞"), Event("ping", "x\ny")]


@pytest.mark.parametrize(("stream", "events"), [
    (b"data: a\n\ndata: b\n\n", [Event("message", "a"), Event("message", "b")]),
    (b"data: never completed", []),
    (b"data: no empty line\n", []),
    (b": only a comment\n\n", []),
    (b"event: lonely\n\ndata: x\n\n", [Event("message", "x")]),
    (b"data\n\n", [Event("message", "")]),
    (b"data:  two spaces\n\n", [Event("message", " two spaces")]),
    (b"retry: 10\nwhatever: 1\nno colon\ndata: x\n\n", [Event("message", "x")]),
    (b"data: \xff\n\n", [Event("message", "\ufffd")]),
])
def test_corners(stream: bytes, events: list[Event]) -> None:
    assert parsed([stream]) == events


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_read_without_an_error(chunks: list[bytes]) -> None:
    parsed(chunks)
