"""The prompts: components in TOML files, put together by one pure function; twelve variants."""

from __future__ import annotations

from assay.terminal.prompts.components import DEFAULT, VARIANTS, Example, Variant, digest, examples_for
from assay.terminal.prompts.prompt import Prompt
from assay.terminal.prompts.rendering import render

__all__ = ["DEFAULT", "VARIANTS", "Example", "Prompt", "Variant", "digest", "examples_for", "render"]
