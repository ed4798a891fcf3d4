"""Compiled modules and functions inside a model run as they were written, under the paths that were written."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import Tensor, nn

from assay.explain import canonize, explain
from assay.explain.compiled import Written, modules_of

torch.set_num_threads(1)
X = torch.cos(torch.arange(2 * 2 * 6 * 6.0)).reshape(2, 2, 6, 6)


def inner() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU()).eval()


def network(middle: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(middle, nn.Flatten(), nn.Linear(48, 2)).eval()


def stance() -> str:
    return str(torch._dynamo.eval_frame._stance.stance)


def test_a_compiled_module_inside_a_model() -> None:
    model, written = network(torch.compile(inner())), network(inner())
    assert set(modules_of(model)) == set(modules_of(written))
    for options in ({"composite": "epsilon-plus"}, {"method": "gradient"}, {"method": "gradcam"}):
        asked = {} if options.get("method") == "gradcam" else {"layers": ["0.*"]}
        found, truth = (explain(each, X, 1, **asked, **options) for each in (model, written))  # type: ignore[arg-type]
        assert torch.equal(found.relevance, truth.relevance)
        assert list(found.layers) == list(truth.layers)
    weights = [explain(each, X, 1, weights=["0.0"]).weights["0.0"] for each in (model, written)]
    assert torch.equal(*weights)
    lines = explain(model, X, 1).report.lines
    assert [line.module for line in lines] == ["0.0", "0.2", "1", "2"]
    assert stance() == "default"


def test_batch_norms_of_a_compiled_module_are_merged_in_a_copy() -> None:
    copied = canonize(network(torch.compile(inner())), X)
    assert isinstance(modules_of(copied)["0.1"], nn.Identity)


def test_a_compiled_function_and_a_module_compiled_in_place() -> None:
    @torch.compile
    def double(x: Tensor) -> Tensor:
        return torch.relu(x) * 2

    class Doubling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return double(self.fc(x))

    model = Doubling().eval()
    assert [line.op for line in explain(model, torch.ones(1, 3), 0).report.lines] == ["linear", "relu", "mul"]
    placed = inner()
    placed.compile()
    assert torch.equal(explain(network(placed), X, 1).relevance, explain(network(inner()), X, 1).relevance)


def test_the_switch_is_turned_back_by_the_last() -> None:
    torch.compile(inner())
    both, one_left = threading.Barrier(2), threading.Event()
    seen = []

    def first() -> None:
        with Written():
            both.wait(10)
        one_left.set()

    thread = threading.Thread(target=first)
    with Written():
        thread.start()
        both.wait(10)
        assert one_left.wait(10)
        seen.append(stance())
    thread.join()
    assert [*seen, stance()] == ["force_eager", "default"]
    with pytest.raises(KeyError), Written():
        raise KeyError
    assert stance() == "default"
