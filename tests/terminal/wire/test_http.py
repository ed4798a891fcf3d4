"""What all wires over HTTP have in common, against the provider that is as strict as the true ones."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.terminal.wire import Client, ProviderError, Request, connect
from fake_provider import FakeProvider
from wire_fixtures import HTTP, KEY, SCHEMA, ask, at, both

Make = Callable[..., Client]
wires = pytest.mark.parametrize("wire", HTTP)
shaped = pytest.mark.parametrize("wire", ["openai", "anthropic", "gemini"])


def kinds(results: list[Any]) -> list[str]:
    return [getattr(result, "kind", f"answered: {result}") for result in results]


# -- answers


@wires
def test_whole_and_streamed_answers_are_the_same(client: Make, wire: str) -> None:
    text = "héllo wörld 𝄞 \\ \"quoted\" and more than a piece"
    one = client(wire)
    reply = one.complete(ask("echo", text))
    deltas = list(one.stream(ask("echo", text)))
    last = deltas[-1].reply
    assert reply.text == "".join(delta.text for delta in deltas) == last.text == text
    assert len(deltas) > 3
    assert [delta.reply for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert reply.usage.output_tokens == last.usage.output_tokens == -(-len(text.encode()) // 4)
    assert reply.usage.input_tokens > 0
    assert reply.stop == last.stop == "stop"
    assert reply.first_token_seconds is None
    assert last.first_token_seconds > 0
    assert reply.raw["model" if wire != "gemini" else "modelVersion"] == "fake-echo"


@wires
def test_an_answer_that_is_cut_off_says_so(client: Make, wire: str) -> None:
    one = client(wire)
    assert one.complete(ask("echo", "x" * 100, max_tokens=5)).stop == "length"
    *_, last = one.stream(ask("echo", "x" * 100, max_tokens=5))
    assert (last.reply.stop, last.reply.text) == ("length", "x" * 20)


@wires
def test_stop_texts_end_the_answer(client: Make, wire: str) -> None:
    assert client(wire).complete(ask("text:one STOP two", stop=("STOP",))).text == "one "


@wires
def test_an_empty_answer_is_an_answer(client: Make, wire: str) -> None:
    assert both(client(wire), ask("empty")) == ["", ""]


@wires
def test_large_answers_come_whole(client: Make, wire: str) -> None:
    texts = both(client(wire), ask("huge:3000000", max_tokens=10**7))
    assert [len(text) for text in texts] == [len(texts[0])] * 2
    assert len(texts[0]) > 3_000_000


@wires
@pytest.mark.parametrize("options", [{"split": 1}, {"split": 3, "crlf": True}, {"crlf": True}])
def test_streams_cut_anywhere(wire: str, options: dict[str, Any]) -> None:
    with FakeProvider(**options) as provider:
        one = connect(wire, base_url=at(provider, wire), key=KEY)
        assert "".join(delta.text for delta in one.stream(ask("echo", "wörds, 𝄞 and more"))) == "wörds, 𝄞 and more"
        one.close()


@wires
def test_a_stream_that_is_left_early_holds_nothing_up(client: Make, wire: str) -> None:
    one = client(wire)
    stream = one.stream(ask("echo", "many words to stream here"))
    next(stream)
    stream.close()
    assert one.complete(ask("echo", "next")).text == "next"


# -- what is sent


@wires
def test_two_turns_in_a_row_go_as_one(client: Make, provider: FakeProvider, wire: str) -> None:
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "one"},
                {"role": "user", "content": "two"}, {"role": "assistant", "content": "A"},
                {"role": "user", "content": "three"}]
    reply = client(wire).complete(Request("fake-echo", messages))
    assert reply.text == ("S\n\none\n\ntwo\n\nA\n\nthree" if wire == "completions" else "three")
    assert "one\\n\\ntwo" in repr(provider.log[-1]["body"])


@wires
def test_the_key_goes_in_its_header_and_nowhere_else(client: Make, provider: FakeProvider, wire: str) -> None:
    client(wire).complete(ask("ok"))
    entry = provider.log[-1]
    header, value = {"anthropic": ("x-api-key", KEY), "gemini": ("x-goog-api-key", KEY)}.get(
        wire, ("authorization", f"Bearer {KEY}"))
    assert [name for name, held in entry["headers"].items() if KEY in held] == [header]
    assert entry["headers"][header] == value
    assert KEY not in f"{entry['path']} {entry['body']}"


@wires
def test_what_would_be_sent_is_what_is_sent(client: Make, provider: FakeProvider, wire: str) -> None:
    one = client(wire)
    request = ask("ok", schema=SCHEMA, stop=("X",), temperature=0.3, max_tokens=77)
    shown = one.body(request)
    assert provider.log == []
    one.complete(request)
    assert provider.log[-1]["body"] == shown
    assert KEY not in str(shown)


@wires
def test_no_temperature_is_left_to_the_provider(client: Make, wire: str) -> None:
    assert "temperature" not in str(client(wire).body(ask("ok", temperature=None)))


def test_what_no_encoding_has_goes_as_a_question_mark(client: Make) -> None:
    assert client("openai").complete(ask("echo", "file \udcff name")).text == "file ? name"


# -- tries


@wires
@pytest.mark.parametrize(("script", "waits"), [("http:429:0.05,ok", [0.05]),
                                               ("http:503:0.2,http:529:0.1,ok", [0.2, 0.1])])
def test_a_wait_that_is_asked_for_is_kept_and_the_call_made_again(client: Make, wire: str, script: str,
                                                                 waits: list[float]) -> None:
    one = client(wire)
    assert "echo ok" in one.complete(ask(script)).text
    assert client.waits == waits
    assert one.calls == len(waits) + 1


@wires
@pytest.mark.parametrize(("script", "kind"), [("http:429", "rate"), ("http:500", "server"), ("http:408", "server"),
                                              ("http:529", "server"), ("drop", "network")])
def test_four_tries_with_growing_waits(client: Make, wire: str, script: str, kind: str) -> None:
    one = client(wire)
    with pytest.raises(ProviderError) as caught:
        one.complete(ask(script))
    assert caught.value.kind == kind
    assert one.calls == 4
    assert [least <= wait <= 1.25 * least for wait, least in zip(client.waits, (0.5, 1, 2), strict=True)] == [True] * 3


@wires
@pytest.mark.parametrize(("script", "kind", "status"), [
    ("http:400", "bad_request", 400), ("http:401", "auth", 401), ("http:403", "auth", 403),
    ("http:404", "bad_request", 404), ("http:422", "bad_request", 422), ("http:302", "bad_request", 302)])
def test_one_try_where_another_would_be_the_same(client: Make, wire: str, script: str, kind: str, status: int) -> None:
    one = client(wire)
    for error in both(one, ask(script)):
        assert (error.kind, error.status) == (kind, status)
    assert one.calls == 2
    assert client.waits == []


def test_whoever_asks_for_more_than_a_minute_is_not_waited_for(client: Make) -> None:
    with pytest.raises(ProviderError) as caught:
        client("openai").complete(ask("http:429:3600"))
    assert caught.value.retry_after == 3600
    assert client.waits == []


def test_the_wait_is_really_slept(provider: FakeProvider) -> None:
    one = connect("openai", base_url=provider.openai, key=KEY)
    started = time.monotonic()
    one.complete(ask("http:429:0.2,ok"))
    assert time.monotonic() - started >= 0.2
    one.close()


@wires
def test_a_stream_is_tried_again_before_its_first_text(client: Make, wire: str) -> None:
    one = client(wire)
    assert "echo ok" in "".join(delta.text for delta in one.stream(ask("http:503:0,drop,ok")))
    assert one.calls == 3


@wires
@pytest.mark.parametrize(("script", "kind"), [("stream-error", "server"), ("cut", "network")])
def test_a_stream_that_fails_after_its_first_text_is_not_tried_again(client: Make, wire: str, script: str,
                                                                    kind: str) -> None:
    one, texts = client(wire), []
    with pytest.raises(ProviderError) as caught:
        texts.extend(delta.text for delta in one.stream(ask(script, "a request of some length")))
    assert caught.value.kind == kind
    assert one.calls == 1
    assert client.waits == []


def test_the_error_in_a_stream_is_told_with_its_words(client: Make) -> None:
    error = both(client("anthropic"), ask("stream-error"))[1]
    assert (error.status, error.message, error.wire) == (529, "Overloaded", "anthropic")


@shaped
def test_a_schema_that_is_refused_is_left_out_once(client: Make, provider: FakeProvider, wire: str) -> None:
    one = client(wire)
    assert "echo without" in one.complete(ask("no-schema", schema=SCHEMA)).text
    assert one.calls == 2
    assert client.waits == []
    # What was refused once is not asked for again.
    assert "echo without" in one.complete(ask("no-schema", "another", schema=SCHEMA)).text
    assert one.calls == 3
    assert "additionalProperties" not in str(provider.log[-1]["body"])
    assert "commands" not in str(provider.log[-1]["body"])


@shaped
def test_another_400_is_final_with_a_schema_too(client: Make, wire: str) -> None:
    one = client(wire)
    with pytest.raises(ProviderError):
        one.complete(ask("http:400", schema=SCHEMA))
    assert one.calls == 1


# -- time-outs: real hangs


@wires
@pytest.mark.parametrize("script", ["hang", "stall", "slow:0.05"])
def test_a_call_ends_at_its_time_out_and_is_not_made_again(client: Make, wire: str, script: str) -> None:
    one = client(wire, timeout=0.4)
    started = time.monotonic()
    assert kinds(both(one, ask(script))) == ["timeout", "timeout"]
    assert 0.8 <= time.monotonic() - started < 5.0
    assert one.calls == 2
    assert client.waits == []


def test_a_server_that_takes_no_connection_is_left_too() -> None:
    # A listener that never accepts, its queue full: connecting hangs.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        one = connect("openai", base_url=f"http://127.0.0.1:{address[1]}/v1", key="k", timeout=0.4)
        with pytest.raises(ProviderError) as caught:
            one.complete(ask("ok"))
        assert caught.value.kind == "timeout"
        for filler in fillers:
            filler.close()


def test_a_name_that_is_never_found_does_not_hold_a_call(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: ended.wait(30))
    with pytest.raises(ProviderError) as caught:
        client("openai", base_url="http://localhost:9/v1", timeout=0.3).complete(ask("ok"))
    assert caught.value.kind == "timeout"
    ended.set()


def test_a_name_that_does_not_exist_is_told(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ProviderError, match="localhost: Name or service not known") as caught:
        client("openai", base_url="http://localhost:9/v1").complete(ask("ok"))
    assert caught.value.kind == "network"


def test_an_address_that_refuses_leaves_the_others(client: Make, provider: FakeProvider,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(provider.url.rpartition(":")[2])
    both_families = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
                     (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: both_families if host == "localhost" else real(
        host, *a, **k))
    assert client("openai", base_url=f"http://localhost:{port}/v1").complete(ask("ok")).text


def test_headers_that_drip_do_not_hold_a_call(client: Make) -> None:
    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        one = client("openai", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1", timeout=0.4)
        started = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            one.complete(ask("ok"))
        assert caught.value.kind == "timeout"
        assert time.monotonic() - started < 3.0


def test_a_call_within_a_stream_does_not_undo_its_time_out(client: Make) -> None:
    one = client("openai", timeout=0.6)
    stream = one.stream(ask("slow:0.05"))
    next(stream)
    one.complete(ask("ok"))
    with pytest.raises(ProviderError) as caught:
        list(stream)
    assert caught.value.kind == "timeout"


# -- refusals, blocks, broken servers


@pytest.mark.parametrize(("wire", "script"), [
    ("openai", "refused"), ("openai", "blocked"), ("completions", "blocked"), ("anthropic", "refused"),
    ("anthropic", "blocked"), ("gemini", "refused"), ("gemini", "blocked")])
def test_content_that_is_blocked_or_refused(client: Make, wire: str, script: str) -> None:
    one = client(wire)
    assert kinds(both(one, ask(script))) == ["content", "content"]
    assert one.calls == 2


@wires
def test_a_server_that_speaks_something_else(client: Make, wire: str) -> None:
    one = client(wire)
    assert kinds(both(one, ask("garbage"))) == ["server", "server"]
    assert one.calls == 2


@pytest.mark.parametrize("document", [
    "{}", "[]", "7", '{"choices": []}', '{"choices": 3}', '{"choices": [3]}', '{"choices": [{"message": "x"}]}',
    '{"choices": [{"message": {"content": 5}}]}', '{"content": [3]}', '{"content": {}}', '{"candidates": [3]}',
    '{"candidates": [{"content": {"parts": "x"}}]}', "[" * 100_000, '{"error": {"message": "odd", "code": 418}}',
    '{"error": "odd"}', '{"choices": [{"message": {"content": "x"}}], "usage": [1]}'])
@wires
def test_documents_of_other_shapes_are_the_providers_fault(wire: str, document: str) -> None:
    data = document.encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(data) + data

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        one = connect(wire, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", key=KEY, sleep=lambda _: None)
        for result in both(one, ask("ok")):
            assert isinstance(result, ProviderError)
            assert result.kind in ("server", "bad_request")
        one.close()


# -- keys, addresses, offline


@wires
def test_a_key_is_in_no_error_representation_log_or_traceback(client: Make, wire: str,
                                                             caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one = client(wire, key="sk-the-wrong-key-123")
    told = [repr(one), str(one.__dict__.get("wire"))]
    for error in both(one, ask("ok")):
        assert isinstance(error, ProviderError)
        told += [str(error), repr(error), "".join(traceback.format_exception(error))]
    for script in ("drop", "cut", "garbage", "http:500"):
        told += ["".join(traceback.format_exception(error)) for error in both(client(wire), ask(script))
                 if isinstance(error, Exception)]
    text = "\n".join([*told, caplog.text])
    assert "sk-the-wrong-key-123" not in text
    assert KEY not in text


@pytest.mark.parametrize("key", ["kéy-12345678", "key\n12345678", "key\x0012345678"])
def test_a_key_that_cannot_be_one_is_told_without_showing_it(client: Make, key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        client("openai", key=key).complete(ask("ok"))
    assert caught.value.kind == "auth"
    assert "12345678" not in str(caught.value)


def test_white_space_around_a_key_does_no_harm(client: Make) -> None:
    assert client("openai", key=f" {KEY}\n").complete(ask("ok")).text


@wires
def test_offline_opens_no_socket_to_another_host(monkeypatch: pytest.MonkeyPatch, wire: str) -> None:
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("a socket was opened"))
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("a connection was opened"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("a name was looked up"))
    one = connect(wire, key=KEY, sleep=lambda _: pytest.fail("it was waited for"))
    for error in both(one, ask("ok")):
        assert error.kind == "network"
        assert "ASSAY_OFFLINE" in str(error)
    assert one.calls == 0


@wires
def test_without_a_key_nothing_is_sent_and_the_variable_is_named(monkeypatch: pytest.MonkeyPatch, wire: str) -> None:
    monkeypatch.delenv("ASSAY_OFFLINE")
    one = connect(wire)
    for error in both(one, ask("ok")):
        assert error.kind == "auth"
        assert "_API_KEY" in error.advice
    assert one.calls == 0


@pytest.mark.parametrize("wire", ["openai", "completions"])
def test_loopback_needs_no_key(wire: str) -> None:
    def serve(listener: socket.socket, seen: list[bytes]) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            data = b'{"choices": [{"message": {"content": "hi"}, "text": "hi", "finish_reason": "stop"}]}'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, seen), daemon=True).start()
        one = connect(wire, base_url=f"http://localhost:{listener.getsockname()[1]}/v1")
        assert one.complete(ask("ok")).text == "hi"
        one.close()
    assert b"authorization" not in seen[0].lower()


@wires
def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(client: Make, monkeypatch: pytest.MonkeyPatch,
                                                                   wire: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert client(wire).complete(ask("ok")).text


def test_a_proxy_of_the_environment_is_used_for_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for _ in range(4):
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    monkeypatch.delenv("ASSAY_OFFLINE")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        one = connect("openai", base_url="https://models.invalid/v1", key=KEY, sleep=lambda _: None, timeout=5.0)
        with pytest.raises(ProviderError) as caught:
            one.complete(ask("ok"))
        one.close()
    assert asked[0].startswith(b"CONNECT models.invalid:443")
    assert KEY.encode() not in asked[0]
    assert caught.value.kind == "network"


def test_a_proxy_of_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_OFFLINE")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ProviderError) as caught:
        connect("openai", key=KEY, sleep=lambda _: None).complete(ask("ok"))
    assert "socks5" in str(caught.value)


# -- threads, closing


@wires
def test_eight_threads_share_a_client(client: Make, wire: str) -> None:
    one = client(wire)
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda n: one.complete(ask("echo", f"text {n}")).text, range(64)))
    assert texts == [f"text {n}" for n in range(64)]
    assert one.calls == 64


def test_connections_are_used_again_and_a_stale_one_is_replaced(provider: FakeProvider, client: Make) -> None:
    one = client("openai")
    one.complete(ask("ok"))
    one.close()
    one.close()
    assert one.complete(ask("ok")).text


def test_no_such_wire() -> None:
    with pytest.raises(AssayError, match=r"did you mean openai\?"):
        connect("opnai")


@pytest.mark.parametrize("address", ["ftp://x", "no-address", "http://", "//host/v1"])
def test_no_address(address: str) -> None:
    with pytest.raises(AssayError, match="expected http://HOST"):
        connect("openai", base_url=address)
