"""Text from outside as it may be shown: what a terminal would act on, or nobody could see, is written out."""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences, and strings up to their end (OSC, DCS, SOS, PM, APC); then any other escape.
ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"
                  r"|\x1b[ -/]*[0-~]", re.DOTALL)
KEPT = frozenset("\n\t")
HIDING = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters that show nothing
SELECTORS = range(0xE0100, 0xE01F0)  # variation selectors, in which text can be hidden


def visible(text: str, strip: bool = False, spaces: bool = False) -> str:
    r"""Return a text without anything that a terminal acts on or that does not show.

    Parameters
    ----------
    text : str
        Any text.
    strip : bool
        Whether colours and other sequences of a terminal are left out, as from prose; in a command all is shown.
    spaces : bool
        Whether spaces that are no ordinary space are shown too: to a shell they are letters.

    >>> visible("ls \x1b[31mx\u202e")
    'ls \\u{1b}[31mx\\u{202e}'
    >>> visible("\x1b[31mred\x1b[0m", strip=True)
    'red'
    """
    text = text.replace("\r\n", "\n")
    if strip:
        text = ANSI.sub("", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{{{ord(letter):x}}}" if hidden(letter, spaces) else letter for letter in text)


def hidden(letter: str, spaces: bool = False) -> bool:
    """Whether a character is acted on, or does not show: control, direction, zero width, no character at all."""
    if letter in KEPT or " " <= letter <= "~":
        return False
    kind = unicodedata.category(letter)
    return (kind in HIDING or letter in BLANK or ord(letter) in SELECTORS or (spaces and kind == "Zs"))
