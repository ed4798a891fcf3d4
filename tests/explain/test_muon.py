"""Muon: steps that turn all directions alike."""

from __future__ import annotations

import pytest
import torch

from assay.explain.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 48)])
def test_a_matrix_keeps_its_singular_vectors_and_loses_its_scale(shape):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    found = orthogonal(matrix)
    values = torch.linalg.svdvals(found)
    assert 0.6 < values.min() < values.max() < 1.25
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inner = left.T @ found @ right.T
    assert (inner - inner.diag().diag()).abs().max() < 1e-4
    assert torch.allclose(orthogonal(1e3 * matrix), found, atol=1e-4)
    assert not orthogonal(torch.zeros(shape)).any()


def test_a_step_has_the_size_that_adamw_would_have():
    value = torch.nn.Parameter(torch.zeros(20, 20))
    value.grad = 1e-6 * torch.randn(20, 20, generator=torch.Generator().manual_seed(0))
    Muon([value], lr=0.01).step()
    assert float(value.detach().square().mean().sqrt()) == pytest.approx(0.01 * 0.2, rel=0.15)


def test_it_goes_as_torchs_own_but_for_its_precision():
    generator = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(12, 30, generator=generator), torch.randn(6, 12, 30, generator=generator)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    own = Muon([ours], lr=0.02, weight_decay=0.1)
    peer = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for value, made in ((ours, own), (theirs, peer)):
        for gradient in gradients:
            value.grad = gradient.clone()
            made.step()
    moved = (theirs - start).detach().norm()
    assert float((ours - theirs).detach().norm() / moved) < 0.03


def test_what_has_no_gradient_stays():
    value = torch.nn.Parameter(torch.ones(2, 3))
    Muon([value], lr=1.0, weight_decay=0.5).step()
    assert (value == 1).all()


def test_it_learns_a_linear_map():
    generator = torch.Generator().manual_seed(0)
    truth, x = torch.randn(4, 6, generator=generator), torch.randn(200, 6, generator=generator)
    value = torch.nn.Parameter(torch.zeros(4, 6))
    optimiser = Muon([value], lr=0.5)
    losses = []
    for step in range(150):
        optimiser.param_groups[0]["lr"] = 0.5 * (1 - step / 150)
        optimiser.zero_grad()
        loss = (x @ value.T - x @ truth.T).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 1e-3 * losses[0]
