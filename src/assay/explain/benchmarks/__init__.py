"""The benchmarks of the explain family, one file each; importing this package registers them."""

from assay.explain.benchmarks import cost, ground_truth, parity

__all__ = ["cost", "ground_truth", "parity"]
