"""What the explain family registers: networks, which are explained; methods, which explain; what shows a heatmap."""

from __future__ import annotations

from pathlib import Path

from assay.core.registry import register_family, register_models, register_renderer

register_family("network", wrap="assay.explain.models.registered:wrap", check="assay.explain.check:NetworkCheck")
register_family("explain", check="assay.explain.check:MethodCheck")
register_renderer("heatmap", "assay.explain.render:heatmap", image="assay.explain.render:image")
for file in ("networks.toml", "models.toml"):
    register_models(Path(__file__).with_name(file))

import assay.explain.benchmarks  # noqa: E402, F401  (importing the package registers them)
