"""CHGNet, asked for only what is wanted, at equal numbers and a fraction of its calculator's time.

Three things cost its calculator time and change nothing (measured on X23, one thread; energies agree to 1e-6 eV/atom):
gradients that nobody asked for, a graph built edge by edge in Python, and first layers of the gated perceptrons that
multiply the same atom and bond features again for every pair and triplet they occur in.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from ase import Atoms
from chgnet.graph.crystalgraph import TORCH_DTYPE, CrystalGraph
from chgnet.model.functions import MLP, GatedMLP
from chgnet.model.layers import AngleUpdate, AtomConv, BondConv
from chgnet.model.model import BatchedGraph, CHGNet
from pymatgen.optimization.neighbors import find_points_in_spheres
from torch import Tensor, nn

TOLERANCE = 1e-8  # A; pairs closer are an atom and itself
Part = tuple[Tensor, Tensor | None]


class ChgnetBackend:
    """A CHGNet calculator's network, which stays as it is.

    Parameters
    ----------
    calculator : chgnet.model.dynamics.CHGNetCalculator
    """

    elements: frozenset[str] | None = None

    def __init__(self, calculator: Any) -> None:
        self.network = factorised(calculator.model).eval()
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


# -- the graph


def crystal_graph(atoms: Atoms, converter: Any, gradients: bool = False) -> CrystalGraph:
    """Return what chgnet's converter makes of a periodic structure, up to the order of bonds and angles.

    Parameters
    ----------
    atoms : Atoms
        Fully periodic.
    converter : chgnet.graph.CrystalGraphConverter
        Gives the two cut-offs, in A.
    gradients : bool
        Whether positions and cell will be differentiated.
    """
    cell = np.ascontiguousarray(atoms.cell.array)
    fractional = atoms.positions @ np.linalg.inv(cell)
    center, neighbour, image, distance = _pairs(atoms, cell, converter.atom_graph_cutoff)
    first, undirected, kept = _undirected(len(atoms), center, neighbour, image.astype(np.int64))
    center, neighbour, image, distance = center[kept], neighbour[kept], image[kept], distance[kept]
    return CrystalGraph(
        atomic_number=torch.tensor(atoms.numbers, dtype=torch.int32),
        atom_frac_coord=torch.tensor(fractional, dtype=TORCH_DTYPE, requires_grad=gradients),
        atom_graph=_indices(np.stack([center, neighbour], axis=1)),
        atom_graph_cutoff=converter.atom_graph_cutoff,
        neighbor_image=torch.tensor(image, dtype=TORCH_DTYPE),
        directed2undirected=_indices(undirected),
        undirected2directed=_indices(first),
        bond_graph=_indices(_angles(center, distance, undirected, converter.bond_graph_cutoff)),
        bond_graph_cutoff=converter.bond_graph_cutoff,
        lattice=torch.tensor(cell, dtype=TORCH_DTYPE, requires_grad=gradients),
    )


def _pairs(atoms: Atoms, cell: np.ndarray, cutoff: float) -> tuple[np.ndarray, ...]:
    positions = np.ascontiguousarray(atoms.positions)
    pairs = find_points_in_spheres(positions, positions, r=float(cutoff), pbc=np.ones(3, np.int64), lattice=cell,
                                   tol=TOLERANCE)
    others = ~((pairs[0] == pairs[1]) & (pairs[3] <= TOLERANCE))
    return tuple(array[others] for array in pairs)


def _undirected(count: int, center: np.ndarray, neighbour: np.ndarray,
                image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Match every bond with its reverse.

    Returns
    -------
    first : one directed bond of each undirected one, as an index into the kept bonds
    undirected : the undirected bond of each kept one
    kept : mask of the directed bonds whose reverse is there too; a bond that rounding puts inside the cut-off from
        one side only has no weight
    """
    # The sign that makes a bond and its reverse the same: lower atom first, or first image component positive.
    leading = np.where(image[:, 0] != 0, image[:, 0], np.where(image[:, 1] != 0, image[:, 1], image[:, 2]))
    forward = np.where(center == neighbour, leading > 0, center < neighbour)
    signed = np.where(forward[:, None], image, -image)
    low, high = np.minimum(center, neighbour), np.maximum(center, neighbour)
    reach = int(np.abs(image).max(initial=0))
    code = low.astype(np.int64) * count + high
    for axis in range(3):
        code = code * (2 * reach + 1) + signed[:, axis] + reach
    _, inverse, occurrences = np.unique(code, return_inverse=True, return_counts=True)
    kept = occurrences[inverse] == 2
    _, first, undirected = np.unique(code[kept], return_index=True, return_inverse=True)
    return first, undirected, kept


def _angles(center: np.ndarray, distance: np.ndarray, undirected: np.ndarray, cutoff: float) -> np.ndarray:
    """Return [M, 5] (atom, undirected and directed first bond, the same of the second) of all pairs of short bonds."""
    short = np.flatnonzero(distance < cutoff)
    short = short[np.argsort(center[short], kind="stable")]
    _, start, bonds = np.unique(center[short], return_index=True, return_counts=True)
    per_bond = np.repeat(bonds, bonds)
    first = np.repeat(np.arange(len(short)), per_bond)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(per_bond) - per_bond, per_bond)
    second = np.repeat(np.repeat(start, bonds), per_bond) + offset
    different = first != second
    one, two = short[first[different]], short[second[different]]
    return np.stack([center[one], undirected[one], one, undirected[two], two], axis=1)


def _indices(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int32))


# -- the layers


def factorised(network: CHGNet) -> CHGNet:
    """Return a copy of the network, with the same weights, whose layers multiply before they spread.

    The first layer of a gated perceptron is linear in what it is handed side by side, so W [a_i, b_ij, a_j] is
    W1 a_i + W2 b_ij + W3 a_j: the products are taken once an atom and once a bond, and then added a pair.
    A layer of another kind stays as it is.
    """
    fast = copy.copy(network)
    # A shallow copy shares the table of submodules; this one needs its own.
    fast._modules = dict(network._modules)
    kinds = {AtomConv: _AtomConv, BondConv: _BondConv, AngleUpdate: _AngleUpdate}
    for name in ("atom_conv_layers", "bond_conv_layers", "angle_layers"):
        layers = getattr(network, name)
        if isinstance(layers, nn.ModuleList):
            setattr(fast, name, nn.ModuleList([kinds.get(type(layer), _same)(layer) for layer in layers]))
    return fast


def _same(layer: nn.Module) -> nn.Module:
    return layer


class _Gated(nn.Module):
    """A `GatedMLP` of features that are given apart, each with the rows that it is spread to."""

    def __init__(self, gated: GatedMLP) -> None:
        super().__init__()
        self.gated = gated
        (core, self.core), (gate, self.gate) = _split(gated.mlp_core), _split(gated.mlp_gate)
        self.weight = nn.Parameter(torch.cat([core.weight, gate.weight]), requires_grad=False)
        self.bias = nn.Parameter(torch.cat([core.bias, gate.bias]), requires_grad=False)

    def forward(self, *parts: Part) -> Tensor:
        total, column = None, 0
        for features, index in parts:
            weight = self.weight[:, column:column + features.shape[1]].T
            column += features.shape[1]
            product = features @ weight if column > len(weight) else torch.addmm(self.bias, features, weight)
            spread = product if index is None else torch.index_select(product, 0, index)
            total = spread if total is None else total.add_(spread)
        core, gate = total.chunk(2, dim=1)
        core, gate = self.core(core), self.gate(gate)
        if self.gated.norm is not None:
            core, gate = self.gated.bn1(core), self.gated.bn2(gate)
        return self.gated.activation(core) * self.gated.sigmoid(gate)


def _split(perceptron: MLP) -> tuple[nn.Linear, nn.Sequential]:
    layers = list(perceptron.layers)
    position = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear))
    return layers[position], nn.Sequential(*layers[position + 1:])


class _AtomConv(nn.Module):
    def __init__(self, layer: AtomConv) -> None:
        super().__init__()
        self.layer, self.gated = layer, _Gated(layer.twoBody_atom)

    def forward(self, atom_feas: Tensor, bond_feas: Tensor, bond_weights: Tensor, atom_graph: Tensor,
                directed2undirected: Tensor) -> Tensor:
        center, neighbour = atom_graph[:, 0], atom_graph[:, 1]
        messages = self.gated((atom_feas, center), (bond_feas, directed2undirected), (atom_feas, neighbour))
        messages = messages * torch.index_select(bond_weights, 0, directed2undirected)
        return _updated(self.layer, self.layer.atom_norm, atom_feas, center, messages)


class _BondConv(nn.Module):
    def __init__(self, layer: BondConv) -> None:
        super().__init__()
        self.layer, self.gated = layer, _Gated(layer.twoBody_bond)

    def forward(self, atom_feas: Tensor, bond_feas: Tensor, bond_weights: Tensor, angle_feas: Tensor,
                bond_graph: Tensor) -> Tensor:
        center, one, two = bond_graph.unbind(1)
        messages = self.gated((bond_feas, one), (bond_feas, two), (angle_feas, None), (atom_feas, center))
        messages = messages * torch.index_select(bond_weights, 0, one) * torch.index_select(bond_weights, 0, two)
        return _updated(self.layer, self.layer.bond_norm, bond_feas, one, messages)


class _AngleUpdate(nn.Module):
    def __init__(self, layer: AngleUpdate) -> None:
        super().__init__()
        self.layer, self.gated = layer, _Gated(layer.twoBody_bond)

    def forward(self, atom_feas: Tensor, bond_feas: Tensor, angle_feas: Tensor, bond_graph: Tensor) -> Tensor:
        center, one, two = bond_graph.unbind(1)
        update = self.gated((bond_feas, one), (bond_feas, two), (angle_feas, None), (atom_feas, center))
        update = update + angle_feas if self.layer.resnet else update
        return update if self.layer.angle_norm is None else self.layer.angle_norm(update)


def _updated(layer: AtomConv | BondConv, norm: nn.Module | None, features: Tensor, owners: Tensor,
             messages: Tensor) -> Tensor:
    total = torch.zeros_like(features).index_add(0, owners, messages)
    total = layer.mlp_out(total) if layer.use_mlp_out else total
    total = total + features if layer.resnet else total
    return total if norm is None else norm(total)
