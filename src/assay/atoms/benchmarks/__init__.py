"""The benchmarks of the atoms family, one file each; importing this package registers them."""

from assay.atoms.benchmarks import (
    dbh24,
    dcdft,
    diatomics,
    extensivity,
    force_consistency,
    invariance,
    s22,
    s22x5,
    x23,
)

__all__ = ["dbh24", "dcdft", "diatomics", "extensivity", "force_consistency", "invariance", "s22", "s22x5", "x23"]
