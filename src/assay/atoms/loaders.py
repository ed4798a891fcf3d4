"""Loaders that need a little glue: ``callable(device=..., **options)`` -> an ASE calculator. Imports are lazy."""

from __future__ import annotations

from typing import Any


def chgnet(device: str, model: str) -> Any:
    """Return CHGNet's calculator for weights that its package brings."""
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    network = CHGNet.load(model_name=model, use_device=device, verbose=False)
    return CHGNetCalculator(network, use_device=device)


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
