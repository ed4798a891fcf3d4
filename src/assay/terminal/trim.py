"""Making a conversation fit a model: the system text and the newest turns stay; what is too long loses its middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Message = Mapping[str, str]
Count = Callable[[str], int]

MARK = "\n[... {} characters left out ...]\n"
LEAST = 32  # tokens a turn must be left beside a system text; below it the system text is cut too


def tokens(text: str) -> int:
    """Return an estimate of the tokens of a text: UTF-8 bytes / 3.5, rounded up.

    >>> tokens("a" * 7), tokens("a" * 8), tokens("")
    (2, 3, 0)
    """
    return -(-2 * len(text.encode("utf-8", "surrogatepass")) // 7)


def trim(messages: Sequence[Message], budget: int, newest: int = 1, count: Count = tokens) -> list[dict[str, str]]:
    """Return messages that together have `budget` tokens at most.

    Old turns go first, in such a way that the first turn left is the user's. The system text and the `newest` turns
    stay; where they alone are too long, the longest lose their middle, and a mark says how much is missing.

    Parameters
    ----------
    messages : sequence of {"role": "system" | "user" | "assistant", "content": str}
    budget : int
        Tokens, at least one for each message that has to stay.
    newest : int
        Turns at the end that must not be dropped.
    count : callable
        Tokens of a text; never more for a shorter beginning of it.

    Raises
    ------
    ValueError
        If the budget has not even a token for a message.
    """
    system = [dict(message) for message in messages if message["role"] == "system"]
    turns = [dict(message) for message in messages if message["role"] != "system"]
    kept, older = turns[-newest:] if newest else [], turns[:-newest] if newest else turns
    size = sum(count(message["content"]) for message in system + kept)
    if size > budget:
        return _cut(system, kept, budget, count)
    while older and size + count(older[-1]["content"]) <= budget:
        kept.insert(0, older.pop())
        size += count(kept[0]["content"])
    while len(kept) > max(newest, 1) and kept[0]["role"] == "assistant":
        kept.pop(0)
    return system + kept


def _cut(system: list[dict[str, str]], kept: list[dict[str, str]], budget: int, count: Count) -> list[dict[str, str]]:
    """Cut the longest messages until the sum fits; the system text only where hardly anything else would be left."""
    rest = budget - sum(count(message["content"]) for message in system)
    if rest >= LEAST * len(kept):
        return system + _levelled(kept, rest, count)
    return _levelled(system + kept, budget, count)


def _levelled(messages: list[dict[str, str]], budget: int, count: Count) -> list[dict[str, str]]:
    """Cut every message that is above a level down to it; the level is the highest that fits."""
    if budget < len(messages):
        raise ValueError(f"a budget of {budget} tokens for {len(messages)} messages")
    sizes = sorted(count(message["content"]) for message in messages)
    left = budget
    for place, size in enumerate(sizes):
        level = left // (len(sizes) - place)
        if size > level:
            break
        left -= size
    return [{**message, "content": shorten(message["content"], level, count)} for message in messages]


def shorten(text: str, limit: int, count: Count = tokens) -> str:
    """Return the text, without its middle where it has more than `limit` tokens.

    >>> print(shorten("0123456789" * 20, 16))
    01234567890
    [... 179 characters left out ...]
    0123456789
    """
    if count(text) <= limit:
        return text
    least, most = 0, len(text)  # characters left: the most that fit, by halving
    while most - least > 1:
        middle = (least + most) // 2
        if count(_without_middle(text, middle)) <= limit:
            least = middle
        else:
            most = middle
    short = _without_middle(text, least)
    return short if count(short) <= limit else _beginning(text, limit, count)


def _without_middle(text: str, left: int) -> str:
    head, tail = left - left // 2, left // 2
    return text[:head] + MARK.format(len(text) - left) + text[len(text) - tail:]


def _beginning(text: str, limit: int, count: Count) -> str:
    """Return the longest beginning that fits, where there is no room for the mark."""
    least, most = 0, len(text)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if count(text[:middle]) <= limit else (least, middle)
    return text[:least]
