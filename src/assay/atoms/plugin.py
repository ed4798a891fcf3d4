"""What the atoms family registers: how its models are wrapped, its shipped models, its benchmarks."""

from __future__ import annotations

from pathlib import Path

from assay.core.registry import register_family, register_models

register_family("atoms", wrap="assay.atoms.evaluate:wrap", variants="assay.atoms.dispersion:variants")
register_models(Path(__file__).with_name("models.toml"))

import assay.atoms.benchmarks  # noqa: E402, F401  (importing the package registers them)
