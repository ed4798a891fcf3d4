"""What a method costs beside one plain pass: time, memory, forward passes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

ROUNDS, BUDGET = 7, 20.0  # pairs of timings, and seconds after which no further one is begun


@dataclass(frozen=True)
class Cost:
    """Times in s, memory in bytes.

    Parameters
    ----------
    seconds, plain : float
        Median of the method and of one forward pass with the gradient to the input.
    ratio : float
        Median of the ratios of neighbouring timings.
    memory : float
        Peak of what the method allocates, over that of the plain pass.
    calls : float
        Forward passes of a sample.
    """

    seconds: float
    plain: float
    ratio: float
    memory: float
    calls: float


def cost(method: Callable[[], object], module: nn.Module, inputs: Tensor) -> Cost:
    """Return the cost of explaining some inputs; the two are timed in turns, so that both meet the same machine."""
    def plain() -> None:
        given = inputs.detach().clone().requires_grad_()
        output = module(given)
        torch.autograd.grad(output.max(dim=1).values.sum(), given)

    plain()
    calls = _calls(method, module) / len(inputs)
    pairs, began = [], time.perf_counter()
    while len(pairs) < ROUNDS and (not pairs or time.perf_counter() - began < BUDGET):
        pairs.append((_seconds(method), _seconds(plain)))
    ratio = statistics.median(mine / simple for mine, simple in pairs)
    medians = [statistics.median(column) for column in zip(*pairs, strict=True)]
    return Cost(medians[0], medians[1], ratio, peak(method) / peak(plain), calls)


def peak(run: Callable[[], object]) -> int:
    """Return the largest number of bytes that a call holds at once, beside what was there before.

    They are counted where torch allocates: what the process takes from the system hardly goes down again.
    """
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = highest = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        highest = max(highest, held)
    return highest


def _calls(method: Callable[[], object], module: nn.Module) -> int:
    """Return how many samples a call sends through the module."""
    counted = 0

    def count(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        nonlocal counted
        counted += len(args[0])

    hook = module.register_forward_pre_hook(count)
    try:
        method()
    finally:
        hook.remove()
    return counted


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
