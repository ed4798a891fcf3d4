"""Muon: an optimiser for the matrices inside a network, whose steps turn all directions alike.

K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); the size of a step as in J. Liu et
al., arXiv:2502.16982. In single precision: torch's own takes bfloat16, which is slow on processors without it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

MOMENTUM = 0.95
ROUNDS = 5
# Of the odd polynomial that brings every singular value near 1 within those rounds.
A, B, C = 3.4445, -4.7750, 2.0315


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix is made nearly orthogonal, with Nesterov's look ahead and decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensor
        Matrices.
    lr : float
        As for AdamW: a step has the root mean square that AdamW's would have.
    weight_decay : float
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients that are there."""
        for group in self.param_groups:
            rate, decay = group["lr"], group["weight_decay"]
            for value in group["params"]:
                if value.grad is None:
                    continue
                momentum = self.state[value].setdefault("momentum", torch.zeros_like(value))
                momentum.lerp_(value.grad, 1 - MOMENTUM)
                ahead = value.grad.lerp(momentum, MOMENTUM)
                value.mul_(1 - rate * decay)
                value.sub_(orthogonal(ahead), alpha=rate * 0.2 * max(value.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return a matrix [M, N] with the same singular vectors, and all singular values near 1 (0.7 to 1.2)."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (torch.linalg.matrix_norm(x) + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=B, alpha=C), x, beta=A)
    return x.T if matrix.shape[0] > matrix.shape[1] else x
