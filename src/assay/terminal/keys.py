"""Keys of providers: from the environment's variables, else from a file that only its owner can read.

A key's value is handed to the wire and to nobody else: it is in no result, log, error or argument of a process.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.errors import AssayError
from assay.core.files import replacing

# Name -> who gives it; a model of the user's own may name others.
KNOWN: Mapping[str, str] = {
    "OPENAI_API_KEY": "OpenAI",
    "ANTHROPIC_API_KEY": "Anthropic",
    "GEMINI_API_KEY": "Google, Gemini",
    "GOOGLE_API_KEY": "Google, used where GEMINI_API_KEY is not set",
    "HUGGING_FACE_API_KEY": "Hugging Face",
    "HF_TOKEN": "Hugging Face, used where HUGGING_FACE_API_KEY is not set",
    "COMPLETIONS_API_KEY": "the server of the completions wire; else OPENAI_API_KEY",
}
OTHERS = stat.S_IRWXG | stat.S_IRWXO
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Key:
    """A key and where it is from: ``variable NAME`` or ``file``."""

    name: str
    source: str
    value: str = field(repr=False)


def find(names: Sequence[str]) -> Key | None:
    """Return the first key there is: all variables are looked at before the file.

    Raises
    ------
    AssayError
        If there is a file of keys and it is not to be trusted or read.
    """
    for name in names:
        if value := os.environ.get(name, "").strip():
            return Key(name, f"variable {name}", value)
    stored = read() if names else {}
    return next((Key(name, "file", stored[name]) for name in names if stored.get(name)), None)


def advice(names: Sequence[str]) -> str:
    """Return what to do where none of the keys is set."""
    return f"set the variable {' or '.join(names)}, or keep it with: assay keys set {names[0]}" if names else ""


def path() -> Path:
    """Return the file of keys: ``ASSAY_KEYS``, else ``keys.json`` in the user's configuration folder."""
    if value := os.environ.get("ASSAY_KEYS"):
        return Path(value).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_config_path("assay")) / "keys.json"


def read() -> dict[str, str]:
    """Return the keys of the file; empty if there is none.

    Raises
    ------
    AssayError
        If others can read the file, or it is no JSON object of texts.
    """
    file = path()
    try:
        if file.stat().st_mode & OTHERS:
            raise AssayError(f"{file}: others than its owner may read or write the keys in it (mode "
                             f"{stat.S_IMODE(file.stat().st_mode):o})", f"chmod 600 {file}")
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        # Without the parser's words: they may quote the file.
        raise AssayError(f"{file}: expected a JSON object of names and keys that can be read",
                         "correct it, or move it away and set the keys again") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise AssayError(f"{file}: expected a JSON object of names and keys", "correct it, or move it away")
    return document


def set_key(name: str, value: str) -> Path:
    """Keep a key in the file, which only its owner can read; returns the file.

    Raises
    ------
    AssayError
        If the name is no name of a variable, or the value cannot be a key.
    """
    check_name(name)
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise AssayError(f"{name}: expected a key, one word of plain characters, found none",
                         "give it on standard input, or type it when asked")
    _write({**read(), name: value})
    return path()


def remove_key(name: str) -> bool:
    """Take a key out of the file; returns whether it was there."""
    stored = read()
    if name not in stored:
        return False
    _write({key: value for key, value in stored.items() if key != name})
    return True


def names() -> list[str]:
    """Return all names worth showing: the known ones, then those of the file and of registered models."""
    from assay.terminal.models import key_names

    return list(dict.fromkeys([*KNOWN, *read(), *key_names()]))


def check_name(name: str) -> None:
    """Raise AssayError if this is not the name of a variable; it is not repeated, for it may be a key."""
    if not name.isidentifier() or not name.isascii():
        raise AssayError("expected the name of a key, as OPENAI_API_KEY, found none", "see assay keys list")


def _write(keys: Mapping[str, str]) -> None:
    file = path()
    try:
        with replacing(file) as stream:
            os.fchmod(stream.fileno(), OWNER_ONLY)
            stream.write(json.dumps(keys, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise AssayError(f"{file}: cannot be written: {error.strerror}", "set ASSAY_KEYS to a file that can") from error
