"""What the account says about what is lost."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from assay.explain import AlphaBeta, Composite, Epsilon, explain

torch.set_num_threads(1)


def mixed(dtype: torch.dtype) -> tuple[nn.Module, torch.Tensor]:
    """A layer with contributions of both signs, and one whose contributions are all above 0."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Sigmoid(), nn.Linear(8, 3, bias=False)).to(dtype).eval()
    nn.init.uniform_(model[2].weight, 0.1, 1.0)
    return model, torch.randn(4, 6).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_operation_that_loses_most_is_named(dtype: torch.dtype) -> None:
    model, x = mixed(dtype)
    report = explain(model, x, 1, composite=Composite(layers=[("affine", AlphaBeta())]), audit=True).report
    assert report.worst is not None
    assert (report.worst.module, report.worst.op) == ("2", "linear")
    worst = report.as_dict()["worst"]
    assert worst == report.worst.as_dict()
    # Twice the relevance goes to what excites, and nothing comes from what inhibits.
    assert worst["lost"] == pytest.approx(-worst["r_out"], rel=1e-3)
    assert "most is lost by 2 linear in 2: " in str(report)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_no_operation_is_named_where_nothing_is_lost(dtype: torch.dtype) -> None:
    model, x = mixed(dtype)
    report = explain(model, x, 1, composite=Composite(layers=[("affine", Epsilon())]), audit=True).report
    assert report.worst is None
    assert report.as_dict()["worst"] is None
    assert "nothing is lost but by rounding" in str(report)
    assert all(line.audit is not None for line in report.lines)


def test_without_an_audit_nothing_is_said_about_losses() -> None:
    model, x = mixed(torch.float64)
    report = explain(model, x, 1, composite=Composite(layers=[("affine", AlphaBeta())])).report
    assert report.worst is None
    assert "worst" not in report.as_dict()
    assert "lost" not in str(report)


def test_a_small_loss_is_told_from_rounding() -> None:
    """A rule that loses a millionth in double precision is named; the same in single precision is rounding."""
    class Leak(Epsilon):
        def back(self, op, flow):  # type: ignore[no-untyped-def]
            return tuple(each and each.times(torch.tensor(1 - 1e-6, dtype=each.value.dtype))
                         for each in super().back(op, flow))

    for dtype, named in ((torch.float64, True), (torch.float32, False)):
        model, x = mixed(dtype)
        report = explain(model, x, 1, composite=Composite(names=[("2", Leak())]), audit=True).report
        assert (report.worst is not None) == named
