import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.terminal import models
from assay.terminal.answer import parse
from assay.terminal.replies import Remembering, Replies
from assay.terminal.wire import ProviderError
from fake_provider import FakeProvider

MESSAGES = [{"role": "user", "content": "list files"}]


@pytest.fixture
def replies(tmp_path: Path) -> Replies:
    return Replies(tmp_path / "terminal.db")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch):
    with FakeProvider("echo") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def test_what_was_put_is_found_also_by_another_process(replies: Replies) -> None:
    replies.put("reply", "k", {"text": "ä\ud800"})
    assert replies.get("reply", "k") == {"text": "ä\ud800"}
    assert replies.get("verdict", "k") is None
    code = ("import sys; from pathlib import Path; from assay.terminal.replies import Replies\n"
            f"print(ascii(Replies(Path({str(replies.path)!r})).get('reply', 'k')))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ascii({"text": "ä\ud800"})


def test_forgetting(replies: Replies) -> None:
    for key in "abc":
        replies.put("problem", key, 1)
    replies.forget("problem", ["a", "c", "never"])
    assert [replies.get("problem", key) for key in "abc"] == [None, 1, None]


def test_many_threads_write_at_once(replies: Replies) -> None:
    def write(number: int) -> None:
        for n in range(20):
            replies.put("reply", f"{number}-{n}", n)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(replies.get("reply", f"{number}-{n}") == n for number in range(8) for n in range(20)) == 160


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "terminal.db").write_text("something else, and long enough to be no empty database at all" * 20)
    with pytest.raises(AssayError, match="replies cannot be kept"):
        Replies(tmp_path / "terminal.db")


def test_a_newer_file_is_left_alone(replies: Replies) -> None:
    replies._connection.execute("pragma user_version = 99")
    replies.close()
    with pytest.raises(AssayError, match="newer assay"):
        Replies(replies.path)


def test_the_same_question_is_sent_once_and_keeps_what_it_took(provider: FakeProvider, replies: Replies) -> None:
    model = models.find("openai:m")
    first, second = Remembering(model, replies), Remembering(model, replies)
    answers = [asker.complete(MESSAGES, max_tokens=20) for asker in (first, second)]
    assert answers[0] == answers[1]
    assert len(provider.log) == 1
    assert first.seconds == second.seconds > 0


@pytest.mark.parametrize("other", [{"temperature": 0.5}, {"max_tokens": 21}, {"stop": ["x"]}])
def test_another_sampling_is_another_question(provider: FakeProvider, replies: Replies, other: dict) -> None:
    model = models.find("openai:m")
    Remembering(model, replies).complete(MESSAGES, max_tokens=20)
    Remembering(model, replies).complete(MESSAGES, **{"max_tokens": 20, **other})
    assert len(provider.log) == 2


def test_so_are_another_model_and_another_repeat(provider: FakeProvider, replies: Replies) -> None:
    for name, repeat in (("openai:m", 0), ("openai:n", 0), ("openai:m", 1), ("openai:m", 1)):
        Remembering(models.find(name), replies, repeat).complete(MESSAGES)
    assert len(provider.log) == 3


def test_an_error_is_no_reply(provider: FakeProvider, replies: Replies) -> None:
    provider.queue("http:400", "echo")
    asker = Remembering(models.find("openai:m"), replies)
    with pytest.raises(ProviderError):
        asker.complete(MESSAGES)
    assert asker.complete(MESSAGES).text


def test_waiting_for_ones_turn_is_not_the_answers_time(provider: FakeProvider, replies: Replies) -> None:
    import time

    turns: list[str] = []
    asker = Remembering(models.find("openai:m"), replies, before=lambda: (turns.append("mine"), time.sleep(1.0))[0])
    asker.complete(MESSAGES)
    asker.complete(MESSAGES)
    assert turns == ["mine"]
    assert asker.seconds < 1.0


def test_a_blocked_answer_is_a_refusal_and_kept(provider: FakeProvider, replies: Replies) -> None:
    provider.queue("refused")
    model = models.find("openai:m")
    first = Remembering(model, replies).complete(MESSAGES)
    assert parse(first.text, "regular").status == "refused"
    assert "blocked by the provider" in parse(first.text, "regular").reason
    assert first.stop == "blocked"
    assert Remembering(model, replies).complete(MESSAGES) == first
    assert len(provider.log) == 1
