"""CHGNet's layers, with the products of their first linear map taken before they are spread to pairs and triplets."""

from __future__ import annotations

import copy

import torch
from chgnet.model.functions import MLP, GatedMLP
from chgnet.model.layers import AngleUpdate, AtomConv, BondConv
from chgnet.model.model import CHGNet
from torch import Tensor, nn

Part = tuple[Tensor, Tensor | None]


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
