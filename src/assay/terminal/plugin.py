"""What the terminal family registers: its models; nothing that talks, parses or runs is imported for it."""

from __future__ import annotations

from pathlib import Path

from assay.core.registry import register_family, register_models, register_page, register_renderer

register_family("terminal", wrap="assay.terminal.models:wrap", check="assay.terminal.check:Check",
                unavailable="assay.terminal.models:unavailable")
register_models(Path(__file__).with_name("models.toml"))
register_renderer("transcript", "assay.terminal.render:transcript")
register_page("/terminal", "Language models", "assay.terminal.page:layout")

import assay.terminal.benchmarks  # noqa: E402, F401  (importing the package registers them)
