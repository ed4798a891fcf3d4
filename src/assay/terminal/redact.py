"""Secrets in text that leaves this machine: placeholders go, the secrets stay, and are put back on return."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

NAMES = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
SHORTEST_VALUE = 8  # of a variable
MOST_DIGITS = 4  # of a placeholder's number that is reserved
SHORTEST_REPEATED = 5  # characters of a secret that is looked for in all of the text; shorter ones are words as well
PLACEHOLDER = re.compile(r"__ASSAY_SECRET_([0-9]+)__")
LIKE_PLACEHOLDER = re.compile(r"ASSAY_SECRET\w*")

WORD = r"[A-Za-z0-9_-]"
SHAPES = {
    "pem": re.compile(r"-----BEGIN [A-Z0-9 ]+-----(?:.*?-----END [A-Z0-9 ]+-----|[A-Za-z0-9+/=:,\-\s]*)", re.DOTALL),
    "aws-key": re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA|ABIA|ACCA)[A-Z0-9]{12,}"),
    "github-token": re.compile(rf"(?:gh[opusr]_[A-Za-z0-9]{{10,}}|github_pat_{WORD}{{10,}})"),
    "gitlab-token": re.compile(rf"gl(?:pat|ptt|dt|rt|cbt|ft|soat)-{WORD}{{10,}}"),
    "api-key": re.compile(rf"(?<![A-Za-z0-9])(?:sk-{WORD}{{10,}}|[srp]k_(?:live|test)_{WORD}{{10,}}"
                          rf"|hf_[A-Za-z0-9]{{16,}}|npm_[A-Za-z0-9]{{16,}}|pypi-{WORD}{{16,}}|dop_v1_[a-f0-9]{{16,}}|SG\.{WORD}{{10,}}\.{WORD}+"
                          rf"|tskey-{WORD}{{10,}}|ya29\.{WORD}{{10,}}|AGE-SECRET-KEY-1[A-Z0-9]{{10,}})"),
    "slack-token": re.compile(r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}"),
    "google-key": re.compile(rf"AIza{WORD}{{20,}}"),
    "jwt": re.compile(rf"eyJ{WORD}{{4,}}\.{WORD}{{4,}}\.{WORD}*"),
    "bearer": re.compile(r"(?:(?i:authorization\W{1,4}(?:bearer|basic|token)\s+)(?P<a>[^\s'\"]+)"
                         r"|\b(?:Bearer|BEARER)\s+(?P<b>[^\s'\"]{6,})|\bbearer\s+(?P<c>(?=[^\s'\"]*\d)[^\s'\"]{6,}))"),
    "url-password": re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@'\"]*:(?P<a>[^\s/'\"]+)@"),
}
QUOTED = r"\"(?P<{0}>(?:[^\"\\\n]|\\.)+)\"|'(?P<{1}>[^'\n]+)'"
PASSWORD = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase|code|wort)|(?<![A-Za-z])(?:pass|pwd))s?[\"']?\s*(?:=>|:=|=|:)\s*(?:"
    + QUOTED.format("a", "b") + r"|(?P<c>[^\s'\"]+))")
NAMED = re.compile(
    r"(?i)(?:secret|token|credentials?|(?:api|access|private|secret|auth|client|account)[_ -]?key)s?[\"']?\s*"
    r"(?:(?:=>|:=|=)\s*(?:" + QUOTED.format("a", "b") + r"|(?P<c>[^\s'\"]{6,}))"
    r"|:\s*(?:" + QUOTED.format("d", "e") + r"|(?P<f>(?=[^\s'\"]*\d)[^\s'\"]{6,})))")
OPTION = re.compile(r"(?i)(?<!\S)--?(?:\w+-)*(?:password|passwd|passphrase|secret|token|api-?key)\s+(?:"
                    + QUOTED.format("a", "b") + r"|(?P<c>[^\s'\"-][^\s'\"]*))")
NO_SECRET = re.compile(  # a variable, or something that stands for a value
    r"\$\{?[A-Z_][A-Z0-9_]*(?::?[-?].*)?\}?|\$\(.*|<[^>]*>?|\*+|x{3,}|\.{3,}|%[sd]|\{+\w*\}+")
TRAILING = ";,)]}'\"`|&"

TOKEN = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+./-]*={0,2}")
GIT_HASH = re.compile(r"[0-9a-f]{40}")
FILE_NAME = re.compile(r".*\.[a-z][a-z0-9]{0,4}")
SHORTEST_WORD = 24
BITS = 3.5  # a character, of a word that is no word
CHANGES = 0.3  # from one kind of character to another, of all steps: words have few


class Span(NamedTuple):
    """A stretch of text that is a secret, and of which kind."""

    start: int
    end: int
    kind: str


class Redactor:
    """Replaces secrets by placeholders, and back; one for a conversation, so that a secret keeps its placeholder.

    Parameters
    ----------
    environ : mapping, optional
        Variables whose values are secrets if they are named so; this process's by default.

    >>> redactor = Redactor({})
    >>> redactor.redact("curl -u me:x https://me:hunter22@example.org")
    'curl -u me:x https://me:__ASSAY_SECRET_1__@example.org'
    >>> redactor.restore("echo __ASSAY_SECRET_1__"), redactor.found
    ('echo hunter22', [{'placeholder': '__ASSAY_SECRET_1__', 'kind': 'url-password'}])
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environ is None else environ
        # Longest first: a value may hold another.
        named = {value.strip() for name, value in variables.items() if NAMES.search(name)}
        self._values = sorted((value for value in named if len(value) >= SHORTEST_VALUE), key=len, reverse=True)
        self._numbers: dict[str, int] = {}
        self._secrets: list[str] = []
        self._kinds: list[str] = []

    @property
    def found(self) -> list[dict[str, str]]:
        """The placeholders given so far, each with the kind of secret; never a value."""
        return [{"placeholder": f"__ASSAY_SECRET_{number}__", "kind": kind}
                for number, kind in enumerate(self._kinds, 1)]

    def redact(self, text: str) -> str:
        """Return a text in which each secret is a placeholder; `restore` gives exactly the text back."""
        parts: list[str] = []
        last = 0
        for start, end, kind in merged(self._spans(text)):
            parts += text[last:start], self._placeholder(text[start:end], kind)
            last = end
        return "".join([*parts, text[last:]])

    def restore(self, text: str) -> str:
        """Return a text with secrets in place of their placeholders; placeholders never given stay."""
        return PLACEHOLDER.sub(lambda match: self._secret(match), text)

    def reserve(self, text: str) -> None:
        """Take the placeholders of a text from an earlier time as they are: new secrets get other numbers.

        >>> redactor = Redactor({})
        >>> redactor.reserve("use __ASSAY_SECRET_2__")
        >>> redactor.redact("password=hunter22"), redactor.restore("__ASSAY_SECRET_2__")
        ('password=__ASSAY_SECRET_3__', '__ASSAY_SECRET_2__')
        """
        numbers = [int(match[1]) for match in PLACEHOLDER.finditer(text) if len(match[1]) <= MOST_DIGITS]
        for number in range(len(self._secrets) + 1, max(numbers, default=0) + 1):
            self._placeholder(f"__ASSAY_SECRET_{number}__", "placeholder")

    def _secret(self, match: re.Match[str]) -> str:
        number = match[1]
        known = number[0] != "0" and len(number) < 9 and int(number) <= len(self._secrets)
        return self._secrets[int(number) - 1] if known else match[0]

    def _placeholder(self, secret: str, kind: str) -> str:
        if secret not in self._numbers:
            self._secrets.append(secret)
            self._kinds.append(kind)
            self._numbers[secret] = len(self._secrets)
        return f"__ASSAY_SECRET_{self._numbers[secret]}__"

    def _spans(self, text: str) -> Iterator[Span]:
        found = list(spans(text))
        yield from found
        known = {text[start:end]: kind for start, end, kind in found if kind != "placeholder"}
        known |= dict.fromkeys(self._values, "variable")
        known |= dict(zip(self._secrets, self._kinds, strict=True))
        for value, kind in known.items():
            if len(value) >= SHORTEST_REPEATED or value in self._values:
                yield from _occurrences(text, value, kind)


def _occurrences(text: str, value: str, kind: str) -> Iterator[Span]:
    at = text.find(value)
    while at >= 0:
        yield Span(at, at + len(value), kind)
        at = text.find(value, at + 1)


def merged(found: Iterator[Span]) -> list[Span]:
    """Return spans in order, those that overlap made one; the kind is that of the first and longest."""
    result: list[Span] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        if result and span.start < result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end), result[-1].kind)
        elif span.end > span.start:
            result.append(span)
    return result


def spans(text: str) -> Iterator[Span]:
    """Yield the secrets that their shape gives away; they may overlap."""
    for match in LIKE_PLACEHOLDER.finditer(text):
        yield Span(*match.span(), "placeholder")  # text that looks like one of ours would be taken for it
    for kind, pattern in SHAPES.items():
        for match in pattern.finditer(text):
            yield _inner(match, kind)
    for kind, pattern in (("password", PASSWORD), ("password", OPTION), ("secret", NAMED)):
        for match in pattern.finditer(text):
            span = _value(match, kind)
            if span is not None:
                yield span
    for match in TOKEN.finditer(text):
        yield from _random(match)


def _inner(match: re.Match[str], kind: str) -> Span:
    group = next((name for name, value in match.groupdict().items() if value is not None), None)
    return Span(*(match.span(group) if group else match.span()), kind)


def _value(match: re.Match[str], kind: str) -> Span | None:
    """Return where the value after a name stands; a variable or a dummy in its place is no secret."""
    start, end, _ = _inner(match, kind)
    value = match.string[start:end]
    if match.string[start - 1] not in "\"'":
        cut = re.search(r"&\w+=", value)  # the next field of an address
        value = (value[:cut.start()] if cut else value).rstrip(TRAILING)
    return Span(start, start + len(value), kind) if value and not NO_SECRET.fullmatch(value) else None


def _random(match: re.Match[str]) -> Iterator[Span]:
    """Yield a word, or parts of one, that no person would write: long, of digits and letters, without a pattern."""
    word, start = match[0], match.start()
    before = match.string[max(0, start - 3):start]
    if not before.endswith("://") and ("/" in word or before.endswith("/")):
        if is_path(word, before):
            return
        if random_word(word.replace("/", "")) and ragged(word):
            yield Span(start, match.end(), "random")
            return
    at = start
    for part in re.split(r"(/|\.\.+)", word):
        if random_word(part):
            yield Span(at, at + len(part), "random")
        at += len(part)


def is_path(word: str, before: str) -> bool:
    """Whether a word with slashes is a path, not base64 that has some: what stands before it, its end, its shape."""
    return before.endswith(("/", "~", ".")) or FILE_NAME.fullmatch(word) is not None or not ragged(word)


def random_word(word: str) -> bool:
    """Whether a word is long, has digits and letters, and more than 3.5 bits a character; no git hash, no file name."""
    if len(word) < SHORTEST_WORD or GIT_HASH.fullmatch(word) or FILE_NAME.fullmatch(word):
        return False
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word)) and entropy(word) > BITS


def entropy(word: str) -> float:
    """Return the Shannon entropy of a word's characters, in bits a character.

    >>> entropy("abcdabcd")
    2.0
    """
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)


def ragged(word: str) -> bool:
    """Whether small letters, capitals, digits follow each other as they do by chance, not as in words."""
    kinds = ["a" if letter.islower() else "A" if letter.isupper() else "1" for letter in word if letter.isalnum()]
    steps = sum(first != second for first, second in itertools.pairwise(kinds))
    return len(kinds) > 1 and steps / (len(kinds) - 1) > CHANGES
