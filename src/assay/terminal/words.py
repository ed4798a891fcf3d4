"""Requests and tasks as words that can be compared: no slots, no values, one word for those that mean the same."""

from __future__ import annotations

import re

from assay.terminal.recipebook import SLOT, kind_of
from assay.terminal.values import ENDING, values
from assay.terminal.vocabulary import these, turned

# What a value or a slot of a kind is to the search: "notes.txt" is a file, "'abc'" is a text.
_SAID = {"file": "file", "url": "url", "host": "host", "mail": "mail",
         "pattern": "pattern", "extension": "extension", "span": "timespan", "days": "timespan",
         "minutes": "timespan", "seconds": "timespan", "quoted": "text", "text": "text", "commit": "commit",
         "variable": "variable"}
_UNITS = re.compile(r"(?<=\{days\}) days|(?<=\{minutes\}) minutes|(?<=\{seconds\}) seconds")
_NAMED_FILE = re.compile(r"^[^\n:*]*[\w-]\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,8}$")
_WORD = re.compile(r"[a-z0-9][a-z0-9+#]*")


def of_request(request: str) -> list[str]:
    """Return the words that a request is looked up by, in its order, each once."""
    pieces, end = [], 0
    for value in values(request):
        if value.kind == "number" and not value.text.isdigit():
            continue
        said = "file" if _NAMED_FILE.search(value.text) else _SAID.get(value.kind, "")
        if value.kind == "pattern" and ENDING.fullmatch(value.text):
            said = "extension"
        pieces += [request[end:value.start], f" {said} "]
        end = value.end
    return plain("".join([*pieces, request[end:]]))


def hints(request: str) -> set[str]:
    """Return what the ends of file names tell: "a.zip" is about zip, "b.png" about a picture.

    >>> hints("join a.pdf and b.pdf")
    {'pdf'}
    """
    names = [value.text.lower() for value in values(request) if _NAMED_FILE.search(value.text)]
    ends = ("tar" if ".tar." in name else name.rpartition(".")[2] for name in names)
    about = turned("about")
    return {about[end] for end in ends if end in about}


def of_task(task: str) -> list[str]:
    """Return the words of a phrasing, its slots as the kinds that they are."""
    return plain(SLOT.sub(lambda found: f" {_SAID.get(kind_of(found[1]), '')} ", _UNITS.sub("", task)))


def plain(text: str) -> list[str]:
    """Return the words of a text: lower case, without small words, each once, those that mean the same as one.

    >>> plain("Remove the directories, please")
    ['delete', 'folder']
    """
    same, stop = turned("same"), these("stop")
    found = (same.get(word, word) for word in _WORD.findall(text.lower().replace("'", " ")) if word not in stop)
    return list(dict.fromkeys(found))
