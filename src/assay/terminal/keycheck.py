"""Do the keys work? One small question to a model of each provider whose key is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.core.model import Model
from assay.terminal import keys
from assay.terminal.check import MOST, QUESTION
from assay.terminal.models import entries, find
from assay.terminal.wire.connecting import place
from assay.terminal.wire.errors import ProviderError, told

TIMEOUT = 30.0  # s


def check(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return for each key that is set whether it works.

    Parameters
    ----------
    names : sequence of str
        Only these; default all that are set.

    Returns
    -------
    list of dict
        name, source, model (who was asked; None if no model wants the key), ok (None: not checked), reason.
    """
    found = [key for name in (names or keys.names()) if (key := keys.find([name]))]
    return [_checked(key) for key in found]


def _checked(key: keys.Key) -> dict[str, Any]:
    result: dict[str, Any] = {"name": key.name, "source": key.source, "model": None, "ok": None,
                              "reason": "no model that is registered here asks for it"}
    name = next((model.name for model in entries().values() if _asks_for(model, key.name)), None)
    if name is None:
        return result
    model = find(name, timeout=TIMEOUT)
    try:
        model.complete([{"role": "user", "content": QUESTION}], max_tokens=MOST)
    except ProviderError as error:
        return {**result, "model": name, "ok": False, "reason": told(error).message}
    finally:
        model.close()
    return {**result, "model": name, "ok": True, "reason": ""}


def _asks_for(model: Model, name: str) -> bool:
    """Whether a model in service would be asked with this key and no other."""
    if model.meta.get("retired"):
        return False
    _, wanted = place(str(model.options.get("wire")), model.options.get("base_url"), model.options.get("key_env"))
    key = keys.find(wanted)
    return key is not None and key.name == name
