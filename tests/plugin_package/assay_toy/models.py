"""Loaders: one that works, and one for every way in which a model cannot load."""

import math
import os
import time


class Adder:
    """Adds numbers, with a bias and a reproducible error."""

    def __init__(self, bias: float, noise: float) -> None:
        self.bias, self.noise = bias, noise

    def add(self, numbers: list[float]) -> float:
        total = sum(numbers)
        return total + self.bias + self.noise * math.sin(12.9898 * total + len(numbers))


def adder(device: str, bias: float = 0.0, noise: float = 0.0) -> Adder:
    """Load at once."""
    return Adder(bias, noise)


def unloadable(device: str) -> Adder:
    """Raise, as a model with damaged weights does."""
    raise RuntimeError("the weights are damaged")


def missing_package(device: str) -> Adder:
    """Import what is not installed."""
    import assay_toy_weights_that_nobody_has  # noqa: F401

    raise AssertionError("not reached")


def dies(device: str) -> Adder:
    """End the process while loading, as a library compiled for another machine does."""
    os.abort()


def sleeper(device: str, seconds: float) -> Adder:
    """Load for longer than anybody waits."""
    time.sleep(seconds)
    return Adder(0.0, 0.0)
