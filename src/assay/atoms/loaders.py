"""Loaders that need a little glue: ``callable(device=..., **options)`` -> a calculator or a network.

Imports are lazy.
"""

from __future__ import annotations

from typing import Any


def chgnet(device: str, model: str) -> Any:
    """Return a CHGNet network with weights that its package brings; the family's evaluator asks it for energies."""
    from assay.atoms.deferred import defer

    # Its calculator brings molecular dynamics and plotting, its utilities readers of VASP's files.
    defer("chgnet.model")
    defer("chgnet.utils.vasp_utils", ["parse_vasp_dir", "solve_charge_by_mag"])
    from chgnet.model.model import CHGNet

    return CHGNet.load(model_name=model, use_device=device, verbose=False)


def tblite(device: str, method: str) -> Any:
    """Return tblite's calculator, silent; it runs on the CPU whatever `device` says."""
    from tblite.ase import TBLite

    return TBLite(method=method, verbosity=0)


def emt(device: str) -> Any:
    """Return ASE's effective medium theory, for tests."""
    from ase.calculators.emt import EMT

    return EMT()


def lennard_jones(device: str, **options: float) -> Any:
    """Return ASE's Lennard-Jones potential, for tests."""
    from ase.calculators.lj import LennardJones

    return LennardJones(**options)


def sevennet(device: str, model: str, modal: str | None = None) -> Any:
    """Return SevenNet's calculator for weights that its package brings."""
    from sevenn.calculator import SevenNetCalculator

    return SevenNetCalculator(model, modal=modal, device=device)


def mace(device: str, weights: str) -> Any:
    """Return MACE's calculator for a model file, in double precision."""
    from mace.calculators import MACECalculator

    return MACECalculator(model_paths=weights, device=device, default_dtype="float64")


def orb(device: str, architecture: str, weights: str) -> Any:
    """Return Orb's calculator: a function of ``orb_models.forcefield.pretrained`` and its weights file.

    Single precision without shortcuts in products, and not compiled: that costs minutes and a C compiler.
    """
    from orb_models.forcefield import pretrained
    from orb_models.forcefield.calculator import ORBCalculator

    make = getattr(pretrained, architecture)
    return ORBCalculator(make(weights, device=device, precision="float32-highest", compile=False), device=device)


def mattersim(device: str, weights: str) -> Any:
    """Return MatterSim's calculator for a checkpoint."""
    from mattersim.forcefield import MatterSimCalculator
    from mattersim.forcefield.potential import Potential

    potential = Potential.from_checkpoint(weights, device=device, load_training_state=False)
    return MatterSimCalculator(potential=potential, device=device)
