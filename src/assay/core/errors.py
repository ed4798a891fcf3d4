"""What can go wrong, said once: what, where, expected, found, what to do next."""

from __future__ import annotations

from collections.abc import Iterable

USAGE, DATA, LOAD, NOTHING = 2, 3, 4, 5


class AssayError(Exception):
    """An error the user can act on; the command line prints it without a traceback.

    Parameters
    ----------
    message : str
        What went wrong and where, with what was expected and found.
    hint : str
        What to do next; may be empty.
    code : int
        Exit code of the command: 2 usage, 3 data, 4 a model cannot load, 5 nothing matched.
    """

    def __init__(self, message: str, hint: str = "", code: int = USAGE) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class LoadError(AssayError):
    """A model that cannot load, whenever that is noticed: its cases fail once, with this reason."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, LOAD)


class Skip(Exception):
    """Raise inside ``calc`` when a case does not apply to a model; the record becomes ``skipped``."""


def did_you_mean(word: str, known: Iterable[str], most: int = 3) -> str:
    """Return a sentence with up to `most` names near `word`, or an empty string.

    >>> did_you_mean("chgnet", ["chgnet-0.3.0", "gfn2-xtb"])
    'did you mean chgnet-0.3.0?'
    """
    import difflib

    names = sorted(set(known))
    bare = word.strip("*?").lower()
    near = difflib.get_close_matches(word, names, n=most, cutoff=0.5)
    near += [name for name in names if bare and bare in name.lower() and name not in near]
    return f"did you mean {', '.join(near[:most])}?" if near else ""


def describe(error: BaseException) -> str:
    """Return ``Type: message`` on one line, the form of every reason in the store."""
    text = printable(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def printable(text: str) -> str:
    """Return the text with surrogates, as file names that are not UTF-8 give, written out: they cannot be stored."""
    return text.encode("utf-8", "backslashreplace").decode()
