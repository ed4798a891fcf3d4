"""The benchmarks of the terminal family; importing this package registers them."""

from assay.terminal.benchmarks import commands

__all__ = ["commands"]
