"""What a provider can do to a call: one exception, and how it is told in one line."""

from __future__ import annotations

from typing import Any, Literal

from assay.core.errors import LOAD, AssayError

Kind = Literal["auth", "rate", "server", "bad_request", "network", "timeout", "content"]
SHORTEST = 4  # characters of a key that is worth hiding: shorter ones are parts of words
LONGEST = 400  # characters of a provider's message that are passed on

# How providers say that question and answer do not fit the model: OpenAI, Anthropic, Google, llama-server, vLLM.
TOO_LONG = ("context_length", "context length", "context window", "context size", "prompt is too long",
            "too many tokens", "input token count", "maximum number of tokens", "exceed_context", "input is too long",
            "reduce the length")

ADVICE: dict[str, str] = {
    "auth": "check the key: assay keys list shows which are set and from where",
    "rate": "wait, or ask at a lower rate",
    "server": "the provider has a problem: try again later, or another model",
    "bad_request": "check the model's name and what it can do, or choose another model",
    "network": "check the connection and the address, or use --offline",
    "timeout": "allow more with --timeout, or choose another model",
    "content": "the provider blocks this request: say it in other words, or choose another model",
}


class ProviderError(Exception):
    """A call that did not give an answer.

    Parameters
    ----------
    kind : str
        auth, rate, server, bad_request, network, timeout or content (the answer was blocked or refused).
    status : int, optional
        HTTP status, where there was one.
    message : str
        What the provider, or the network, said; never holds a key.
    retry_after : float, optional
        Seconds that the provider asks to wait.
    wire, host : str
        Who was asked.
    advice : str
        What to do, where it is known better than from the kind.
    """

    def __init__(self, kind: Kind, status: int | None = None, message: str = "", retry_after: float | None = None,
                 wire: str = "", host: str = "", advice: str = "") -> None:
        super().__init__(kind, status, message, retry_after, wire, host, advice)
        self.kind, self.status, self.retry_after = kind, status, retry_after
        self.message = plain(message)
        self.wire, self.host, self.advice = wire, host, advice

    def __str__(self) -> str:
        where = " at ".join(part for part in (self.wire, self.host) if part)
        what = f"HTTP {self.status}" if self.status and self.kind != "content" else ""
        return ": ".join(part for part in (where, what, self.message or self.kind) if part)

    @property
    def too_long(self) -> bool:
        """Whether the request did not fit the model's context."""
        words = self.message.lower()
        return self.kind == "bad_request" and (self.status == 413 or any(word in words for word in TOO_LONG))

    def placed(self, wire: str, host: str, secret: str = "") -> ProviderError:
        """Fill in who was asked where it is missing, and take the key out of the message; returns the error."""
        self.wire, self.host = self.wire or wire, self.host or host
        if len(secret) >= SHORTEST:
            self.message = self.message.replace(secret, "[key]")
        self.args = (self.kind, self.status, self.message, self.retry_after, self.wire, self.host, self.advice)
        return self


def told(error: ProviderError, model: Any = None) -> AssayError:
    """Return the error as the command line tells it, exit code 4: wire, host, status, what to do, on one line.

    Parameters
    ----------
    error : ProviderError
    model : str or LanguageModel, optional
        Named in the line.
    """
    name, retired = getattr(model, "name", model), getattr(model, "retired", "")
    advice = error.advice or ADVICE[error.kind]
    if retired and error.kind in ("bad_request", "auth"):
        advice = retired
    return AssayError(f"{name}: {error}; {advice}" if name else f"{error}; {advice}", code=LOAD)


def plain(text: str) -> str:
    """Return a provider's words as one short line without anything that a terminal would act on."""
    line = " ".join(str(text).split())
    line = line if len(line) <= LONGEST else line[:LONGEST - 4] + " ..."
    return "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in line)
