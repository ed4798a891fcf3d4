"""Arguments of a call as a program reads them: options with values, and the words that are left."""

from __future__ import annotations

from collections.abc import Sequence


def option(call: Sequence[str], *names: str) -> str | None:
    """Return the value of an option, written ``-c 3``, ``-c3``, ``--count 3`` or ``--count=3``; the last one counts.

    >>> option(["-c3", "-W", "1", "host"], "-W")
    '1'
    """
    found = None
    for index, word in enumerate(call):
        for name in names:
            if word == name and index + 1 < len(call):
                found = call[index + 1]
            elif name.startswith("--") and word.startswith(name + "="):
                found = word.partition("=")[2]
            elif not name.startswith("--") and word.startswith(name) and len(word) > 2 and not word.startswith("--"):
                found = word[2:]
    return found


def plain(call: Sequence[str], short: str = "", long: Sequence[str] = ()) -> list[str]:
    """Return the words that are neither options nor values of options.

    Parameters
    ----------
    call : sequence of str
    short : str
        Letters of the options that take a value.
    long : sequence of str
        Long options that take a value as the next word.

    >>> plain(["run", "-d", "-p", "80:80", "--name", "web", "nginx"], "p", ["--name"])
    ['run', 'nginx']
    """
    left, skip = [], False
    for word in call:
        if skip:
            skip = False
        elif word.startswith("--"):
            skip = word in long
        elif word.startswith("-") and len(word) > 1:
            skip = word[-1] in short and all(letter not in short for letter in word[1:-1])
        else:
            left.append(word)
    return left


def flags(call: Sequence[str]) -> set[str]:
    """Return the letters of short options, single and together, and the names of long ones.

    >>> sorted(flags(["-it", "--rm", "-d"]))
    ['--rm', 'd', 'i', 't']
    """
    short = {letter for word in call if word.startswith("-") and not word.startswith("--") for letter in word[1:]}
    return short | {word.partition("=")[0] for word in call if word.startswith("--")}
