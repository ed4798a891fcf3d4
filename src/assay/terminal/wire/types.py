"""What is asked of a language model and what it answers: plain data, the same for every wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Message = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """One question to a model.

    Parameters
    ----------
    model : str
        The provider's id.
    messages : sequence of mapping
        ``{"role": "system" | "user" | "assistant", "content": text}``; neighbours of one role are merged on the way.
        A wire that continues text (``completions``) takes one user message, the whole transcript.
    temperature : float, optional
        None leaves it to the provider.
    max_tokens : int
        Most tokens of the answer.
    stop : sequence of str
        Texts at which the answer ends; they are not part of it.
    schema : mapping, optional
        JSON schema of the answer: every property required, ``additionalProperties`` false.
    """

    model: str
    messages: Sequence[Message]
    temperature: float | None = 0.0
    max_tokens: int = 1024
    stop: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counts them; None where it does not tell."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Reply:
    """An answer.

    Parameters
    ----------
    text : str
    usage : Usage
    stop : str
        Why it ended: ``stop``, ``length`` (cut off), or the provider's own word.
    raw : any
        The provider's document; the list of documents of a stream.
    first_token_seconds : float, optional
        From the call to the first text; only where the answer was streamed.
    """

    text: str
    usage: Usage = field(default_factory=Usage)
    stop: str = "stop"
    raw: Any = None
    first_token_seconds: float | None = None


@dataclass(frozen=True)
class Delta:
    """A piece of a streamed answer; the last one carries the whole `reply`."""

    text: str
    reply: Reply | None = None


class Client(Protocol):
    """What every wire offers; safe to be used from several threads."""

    @property
    def calls(self) -> int:
        """Requests sent so far, tries included."""

    def complete(self, request: Request) -> Reply:
        """Ask, wait for the whole answer.

        Raises
        ------
        ProviderError
        """

    def stream(self, request: Request) -> Iterator[Delta]:
        """Ask, yield the answer as it comes.

        Raises
        ------
        ProviderError
            Also in the middle of the answer.
        """

    def body(self, request: Request, stream: bool = False) -> dict[str, Any]:
        """Return what would be sent, without sending it."""

    def close(self) -> None:
        """Let connections and memory go; may be called twice."""


def merged(messages: Sequence[Message]) -> list[dict[str, str]]:
    r"""Return the messages with neighbours of one role joined: providers refuse two turns of one in a row.

    >>> merged([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    [{'role': 'user', 'content': 'a\n\nb'}]
    """
    turns: list[dict[str, str]] = []
    for message in messages:
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += "\n\n" + message["content"]
        else:
            turns.append({"role": message["role"], "content": message["content"]})
    return turns


def split_system(messages: Sequence[Message]) -> tuple[str, list[dict[str, str]]]:
    """Return the system text, and the other turns merged: some providers take the system text apart."""
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    return system, merged([message for message in messages if message["role"] != "system"])
