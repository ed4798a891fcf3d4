"""What the explain family registers: networks, which are explained; methods, which explain; what shows a heatmap."""

from __future__ import annotations

from pathlib import Path

from assay.core.registry import register_family, register_models

register_family("network", wrap="assay.explain.models.registered:wrap")
register_models(Path(__file__).with_name("networks.toml"))
