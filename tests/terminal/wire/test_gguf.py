"""The engine in this process, with a model of random weights: loading, grammars, time-outs, what it leaves alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.terminal.models import find
from assay.terminal.wire import ProviderError, Request, connect
from assay.terminal.wire.gguf import Gguf, threads
from tiny_gguf import STRICT, write

SCHEMA = {"type": "object", "properties": {
    "error": {"type": "integer", "enum": [0]},
    "commands": {"type": "array", "items": {"type": "string", "enum": ["ls", "pwd"]}, "minItems": 1, "maxItems": 1}},
    "required": ["error", "commands"], "additionalProperties": False}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="module")
def client(file: Path) -> Iterator[Gguf]:
    made = Gguf(timeout=120)
    yield made
    made.close()


def ask(file: Path, text: str = "hi", **fields: object) -> Request:
    return Request(str(file), [{"role": "user", "content": text}], **{"max_tokens": 8, **fields})


def test_an_answer_whole_and_streamed(client: Gguf, file: Path) -> None:
    reply = client.complete(ask(file))
    deltas = list(client.stream(ask(file)))
    assert reply.text
    assert "".join(delta.text for delta in deltas) == reply.text == deltas[-1].reply.text
    assert reply.usage.output_tokens == 8
    assert reply.usage.input_tokens > 2
    assert reply.stop == "length"
    assert reply.first_token_seconds is None
    assert deltas[-1].reply.first_token_seconds > 0


def test_a_schema_becomes_a_grammar_that_even_random_weights_keep_to(client: Gguf, file: Path) -> None:
    for temperature in (0.0, 1.0):
        reply = client.complete(ask(file, schema=SCHEMA, max_tokens=300, temperature=temperature))
        document = json.loads(reply.text)
        assert document["error"] == 0
        assert document["commands"][0] in ("ls", "pwd")
        assert reply.stop == "stop"


def test_a_base_model_goes_on_with_a_text(file: Path) -> None:
    base = connect("gguf", kind="base", timeout=120)
    assert base.body(ask(file, "User: a\nAssistant:"))["prompt"] == "User: a\nAssistant:"
    assert base.complete(ask(file, "User: a\nAssistant:")).usage.output_tokens == 8
    base.close()


def test_a_long_answer_is_left_at_the_time_out_and_the_next_one_comes(file: Path, client: Gguf) -> None:
    client.complete(ask(file))
    before, client.timeout = client.timeout, 0.05
    try:
        with pytest.raises(ProviderError) as caught:
            client.complete(ask(file, max_tokens=400))
        assert caught.value.kind == "timeout"
    finally:
        client.timeout = before
    assert client.complete(ask(file)).text


def test_a_request_that_does_not_fit_is_told_so(client: Gguf, file: Path) -> None:
    with pytest.raises(ProviderError) as caught:
        client.complete(ask(file, "x" * 3000))
    assert caught.value.too_long


def test_a_template_without_a_system_role_gets_its_text_in_the_first_turn(tmp_path: Path) -> None:
    strict = write(tmp_path / "strict.gguf", template=STRICT)
    one = Gguf(timeout=120)
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert one.complete(Request(str(strict), messages, max_tokens=4)).text
    one.close()


def test_threads_share_an_engine(client: Gguf, file: Path) -> None:
    texts: list[str] = []
    workers = [threading.Thread(target=lambda: texts.append(client.complete(ask(file)).text)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert len(texts) == 4
    assert len(set(texts)) == 1


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"no model at all", "no GGUF file"),
                                                (b"", "no GGUF file"), (b"GGUF\x03\x00\x00\x00", "cannot load it")])
def test_files_that_are_no_models(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "odd.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProviderError, match=words) as caught:
        Gguf().complete(ask(path))
    assert caught.value.kind == "bad_request"
    assert caught.value.advice


def interrupted() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def test_signals_stay_pythons(file: Path) -> None:
    one = Gguf(timeout=120)
    one.complete(ask(file))
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    one.close()


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs /proc")
def test_nothing_listens_on_an_address(file: Path) -> None:
    def listening() -> set[str]:
        lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
        mine = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                if os.path.lexists(f"/proc/self/fd/{fd}")}
        return {line.split()[1] for line in lines if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in mine}

    before = listening()
    one = Gguf(timeout=120)
    one.complete(ask(file))
    assert listening() == before
    one.close()


@pytest.mark.parametrize("ending", ["", "model.close()", "raise SystemExit(3)"])
def test_a_process_ends_well_with_an_engine_that_still_computes(file: Path, ending: str) -> None:
    program = f"""
from assay.terminal.models import find
from assay.terminal.wire import ProviderError
model = find({f"gguf:{file}"!r}, timeout=60)
model.complete([{{"role": "user", "content": "hi"}}], max_tokens=1)
model.client().timeout = 0.02
try:
    model.complete([{{"role": "user", "content": "hi"}}], max_tokens=400)
except ProviderError as error:
    print(error.kind)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("timeout\n", "")
    assert done.returncode == (3 if "3" in ending else 0)


def test_found_by_its_path_offline(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_OFFLINE", "1")
    model = find(f"gguf:{file}")
    assert (model.wire, model.kind, model.json) == ("gguf", "instruct", "schema")
    assert json.loads(model.complete([{"role": "user", "content": "hi"}], schema=SCHEMA).text)["error"] == 0
    assert model.calls == 1
    model.close()
    assert model.calls == 1


@pytest.mark.parametrize(("share", "load", "expected"), [("", 0.4, 4), ("", 2.2, 2), ("", 9.0, 1), ("3", 9.0, 3),
                                                         ("64", 0.0, 4), ("no", 0.0, 4)])
def test_threads_are_the_free_cores(monkeypatch: pytest.MonkeyPatch, share: str, load: float, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", share)
    monkeypatch.setattr("assay.core.config.cpus", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert threads() == expected
