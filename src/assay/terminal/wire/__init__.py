"""Wires: one way to ask a language model, whoever serves it. Nothing that talks is imported before the first call."""

from __future__ import annotations

from assay.terminal.wire.connecting import WIRES, connect
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.types import Client, Delta, Reply, Request, Usage

__all__ = ["WIRES", "Client", "Delta", "ProviderError", "Reply", "Request", "Usage", "connect"]
