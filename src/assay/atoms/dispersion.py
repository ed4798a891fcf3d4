"""Dispersion as data: which models offer a second row with D3(BJ), and how that row is loaded.

Nothing here imports what computes: the registry asks for variants whenever models are listed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from assay.core.model import Model, resolve

SUFFIX = "+d3"
# Functionals that s-dftd3 has D3(BJ) parameters for, by their names there (a model's functional in lower case).
FUNCTIONALS = ("pbe", "r2scan", "pbesol", "rpbe", "revpbe", "scan", "pbe0", "b3lyp", "blyp", "bp", "tpss", "hse06")


@dataclasses.dataclass(frozen=True)
class Corrected:
    """A model that will be loaded when needed, and the dispersion that goes with it."""

    load: Callable[[], Any]
    dispersion: str


def corrected(device: str, loader: str, options: dict[str, Any], dispersion: str) -> Corrected:
    """Loader of a corrected model: nothing is loaded until an evaluation is not in the cache."""
    return Corrected(lambda: resolve(loader)(device=device, **options), dispersion)


def bare(model: Model) -> Model:
    """Return the model that a corrected one corrects."""
    return dataclasses.replace(model, name=model.meta["base"], loader=model.options["loader"],
                               options=model.options["options"], meta={**model.meta, "dispersion": "none"})


def variants(model: Model) -> dict[str, Model | str]:
    """Return the second row a model offers, ``NAME+d3``, or why there is none."""
    name, functional = model.name + SUFFIX, str(model.meta.get("functional", "")).lower()
    if reason := _refusal(model, functional):
        return {} if model.name.endswith(SUFFIX) else {name: reason}
    label = f"d3bj-{functional}"
    options = {"loader": model.loader, "options": model.options, "dispersion": label}
    requires = [*model.meta.get("requires", [model.loader.partition(".")[0].partition(":")[0]]), "dftd3"]
    # The base goes first in a run: this row then finds its energies computed.
    meta = {**model.meta, "dispersion": label, "base": model.name, "requires": requires}
    return {name: dataclasses.replace(model, name=name, loader="assay.atoms.dispersion:corrected", options=options,
                                      meta=meta)}


def _refusal(model: Model, functional: str) -> str | None:
    has = model.meta.get("dispersion")
    if has == "d4":
        return f"{model.name} needs D4 dispersion, and D4 is not offered"
    if has is None:
        return f"{model.name} does not say whether it includes dispersion (meta.dispersion)"
    if has != "none":
        return f"{model.name} already includes dispersion" + (f" ({has})" if has != "included" else "")
    if functional not in FUNCTIONALS:
        return f"{model.name} has no functional that D3(BJ) has parameters for (meta.functional)"
    return None
