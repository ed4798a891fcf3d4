"""Which model is asked: the one that is named, else the user's usual one, else one that a key is there for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assay.core.errors import LOAD, AssayError

if TYPE_CHECKING:
    from assay.terminal.models import LanguageModel

VARIABLE = "ASSAY_MODEL"
RECIPES = "recipes"
LOCAL = ("recipes", "gguf")  # wires that open no socket
TIMEOUT = 60.0  # s a call
# Without a name: names of keys -> the model that is asked where one of them is set, the first one first.
USUAL: tuple[tuple[tuple[str, ...], str], ...] = (
    (("OPENAI_API_KEY",), "gpt-6-luna"),
    (("ANTHROPIC_API_KEY",), "claude-haiku-5-5"),
    (("GEMINI_API_KEY", "GOOGLE_API_KEY"), "gemini-3.8-flash"),
    (("HUGGING_FACE_API_KEY", "HF_TOKEN"), "gpt-oss-120b"),
)


def choose(name: str | None = None, offline: bool = False, timeout: float = TIMEOUT) -> LanguageModel:
    """Return the model to ask.

    Parameters
    ----------
    name : str, optional
        Registry name, alias or ``WIRE:ID``; default: the variable ASSAY_MODEL, else by the keys that are set.
    offline : bool
        Only one that opens no socket: the recipes, or a GGUF file that is named.
    timeout : float
        Seconds a call.

    Raises
    ------
    AssayError
        Exit code 4 if nothing is named and no key is set; 2 if the one named needs a network and must not; 5 if there
        is none of that name.
    """
    from assay.terminal import models

    usual = os.environ.get(VARIABLE)
    if offline:
        return _local(name, usual, timeout)
    return models.find(name or usual or _by_key(), timeout)


def choose_if_any(name: str | None = None, offline: bool = False, timeout: float = TIMEOUT) -> LanguageModel | None:
    """Return the model to ask, None where nothing is named and no key is set, or only recipes are left."""
    usual = os.environ.get(VARIABLE)
    if name is None and usual is None and not offline and _with_key() is None:
        return None
    model = choose(name, offline, timeout)
    return None if model.wire == RECIPES else model


def _local(name: str | None, usual: str | None, timeout: float) -> LanguageModel:
    from assay.terminal import models

    if name is None and usual:
        model = models.find(usual, timeout)
        return model if model.wire in LOCAL else models.find(RECIPES, timeout)
    model = models.find(name or RECIPES, timeout)
    if model.wire not in LOCAL:
        raise AssayError(f"--offline opens no socket, and {model.name} is asked over the wire {model.wire}",
                         "leave --model out to search the recipes, or give a model file: --model gguf:PATH")
    return model


def _by_key() -> str:
    model = _with_key()
    if model is None:
        raise AssayError("no model is named and no key of a provider is set: assay keys set OPENAI_API_KEY (others: "
                         "assay keys list), or --model NAME, or --offline for recipes or a model file", code=LOAD)
    return model


def _with_key() -> str | None:
    """Return the usual model of the first provider that a key is there for."""
    from assay.terminal import keys

    return next((model for names, model in USUAL if keys.find(names)), None)
