"""Networks as the registry's family ``network`` has them: shipped entries, the user's, third parties'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.core.errors import NOTHING, AssayError, LoadError, describe, did_you_mean
from assay.core.model import Model
from assay.core.registry import registry
from assay.flow import weights

if TYPE_CHECKING:
    from torch import nn

    from assay.explain.models.network import Network

FAMILY = "network"
FIELDS = ("input_shape", "mean", "std", "range", "labels", "layout", "sample_rate")


def named(name: str) -> Network:
    """Return a registered network, loaded.

    Parameters
    ----------
    name : str
        Of an entry of family ``network``; ``assay list models -m NAME`` shows it.

    Raises
    ------
    AssayError
        Exit code 5 if no network has the name; near names are given.
    LoadError
        If its weights are not at hand (known before anything slow is imported), or its loader fails.
    """
    model = entry(name)
    path = weights.locate(model)
    try:
        return wrap(model.load(path), model)
    except AssayError:
        raise
    except Exception as error:
        raise LoadError(f"network {name}: {describe(error)}", f"its loader is {model.loader}") from error


def entry(name: str) -> Model:
    """Return the registry's entry of a network.

    Raises
    ------
    AssayError
        Exit code 5 if there is none.
    """
    networks = [model.name for model in registry.load().models.values() if model.family == FAMILY]
    if name not in networks:
        hint = did_you_mean(name, networks) or f"there are {', '.join(sorted(networks))}"
        raise AssayError(f"no network named {name!r}", hint, NOTHING)
    return registry.model(name)


def wrap(loaded: Any, model: Model) -> Network:
    """Return what a loader gave as a `Network`; a bare module's fields come from the entry's ``meta``.

    Raises
    ------
    LoadError
        If it is neither, or ``meta`` lacks the input's shape.
    """
    from torch import nn

    from assay.explain.models.network import Network

    if isinstance(loaded, Network):
        return loaded
    if not isinstance(loaded, nn.Module):
        raise LoadError(f"network {model.name}: its loader returned {type(loaded).__name__}",
                        "expected a torch.nn.Module or an assay.explain.models.Network")
    fields = {field: model.meta[field] for field in FIELDS if field in model.meta}
    if "input_shape" not in fields:
        raise LoadError(f"network {model.name}: its entry has no meta.input_shape",
                        "give the shape of one sample: assay models add ... --meta input_shape=[3,224,224]")
    try:
        return Network(loaded, name=model.name, **fields)
    except (TypeError, ValueError) as error:
        raise LoadError(f"network {model.name}: its meta is wrong: {describe(error)}") from error


def random(arch: str, device: str = "cpu", **options: Any) -> nn.Module:
    """Return `build` with its options, as a loader: a network that knows nothing, for parity and cost."""
    from assay.explain.models.architectures import build

    return build(arch, **options).to(device)
