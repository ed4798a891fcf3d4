"""CHGNet, asked for only what is wanted, at equal numbers and a fraction of its calculator's time.

Three things cost its calculator time and change nothing (measured on X23, one thread; energies agree to 1e-6 eV/atom):
gradients that nobody asked for, a graph built edge by edge in Python, and first layers of the gated perceptrons that
multiply the same atom and bond features again for every pair and triplet they occur in.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from ase import Atoms
from chgnet.model.model import BatchedGraph
from torch import Tensor

from assay.atoms.chgnet_graph import crystal_graph
from assay.atoms.chgnet_layers import factorised


class ChgnetBackend:
    """A CHGNet network, which stays as it is.

    Parameters
    ----------
    network : chgnet.model.model.CHGNet
    """

    elements: frozenset[str] | None = None

    def __init__(self, network: Any) -> None:
        self.network = factorised(network).eval()
        self.device = next(self.network.parameters()).device

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
        """Return the energy, and forces or stress if wanted (see `assay.atoms.backends.Backend`)."""
        stress, gradients = "stress" in wanted, "stress" in wanted or "forces" in wanted
        with torch.inference_mode(not gradients):
            graph = crystal_graph(atoms, self.network.graph_converter, gradients).to(self.device)
            network = self.network
            batch = BatchedGraph.from_graphs([graph], bond_basis_expansion=network.bond_basis_expansion,
                                             angle_basis_expansion=network.angle_basis_expansion,
                                             compute_stress=stress)
            scale = len(atoms) if network.is_intensive else 1
            learned = network._compute(batch)["e"]
            reference = 0.0 if network.composition_model is None else network.composition_model([graph])
            results: dict[str, Any] = {"energy": float((learned + reference).detach()) * scale}
            if gradients:
                results |= _gradients(learned.sum() * scale, batch, stress, atoms)
        return results


def _gradients(energy: Tensor, batch: BatchedGraph, stress: bool, atoms: Atoms) -> dict[str, np.ndarray]:
    # No second derivatives: chgnet itself keeps the graph of the gradients, which only training needs.
    inputs = [batch.atom_positions[0], *([batch.strains[0]] if stress else [])]
    found = [gradient.cpu().numpy().astype(float) for gradient in torch.autograd.grad(energy, inputs)]
    results = {"forces": -found[0]}
    if stress:
        results["stress"] = found[1].flat[[0, 4, 8, 5, 2, 1]] / atoms.get_volume()
    return results
