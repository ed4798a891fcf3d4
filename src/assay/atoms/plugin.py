"""What the atoms family registers: how its models are wrapped, its shipped models, its benchmarks."""

from __future__ import annotations

from pathlib import Path

from assay.core.registry import register_family, register_models, register_renderer

# What a reader may be after; a category that is not named keeps weight 1.
PRESETS = {
    "materials": {"Bulk crystals": 3.0, "Molecular crystals": 1.0, "Non-covalent": 0.0, "Reactions": 0.0},
    "molecules": {"Non-covalent": 2.0, "Reactions": 2.0, "Molecular crystals": 1.0, "Bulk crystals": 0.0},
    "non-covalent": {"Non-covalent": 3.0, "Molecular crystals": 3.0, "Bulk crystals": 0.0, "Reactions": 0.0},
    "reactivity": {"Reactions": 3.0, "Non-covalent": 0.0, "Molecular crystals": 0.0, "Bulk crystals": 0.0},
    "physicality": {"Physicality": 1.0, "Non-covalent": 0.0, "Molecular crystals": 0.0, "Bulk crystals": 0.0,
                    "Reactions": 0.0},
}

register_family("atoms", wrap="assay.atoms.evaluate:wrap", variants="assay.atoms.dispersion:variants",
                check="assay.atoms.check:Check", presets=PRESETS)
for kind in ("structure", "trajectory"):
    register_renderer(kind, f"assay.atoms.render:{kind}")
register_models(Path(__file__).with_name("models.toml"))

import assay.atoms.benchmarks  # noqa: E402, F401  (importing the package registers them)
