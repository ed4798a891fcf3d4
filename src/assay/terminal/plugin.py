"""What the terminal family registers: its models; nothing that talks, parses or runs is imported for it."""

from __future__ import annotations

from assay.core.registry import register_family

register_family("terminal")
