"""Equal numbers with lxt 2.1, whose rules run in a process of its own (`scripts/peers`).

It computes in single precision and adds 1e-10 to an activation's input before it divides by it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from assay.explain import explain

torch.set_num_threads(1)
HERE = Path(__file__).parent / "peers"
PEERS = Path(__file__).parents[2] / "build" / "peers"


@pytest.mark.parametrize("composite", ["attn-lrp", "cp-lrp"])
def test_llama_equals_lxt(composite: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    if not (PEERS / "lxt").is_dir():
        pytest.skip("lxt is not installed: scripts/peers")
    out = tmp_path / "out.pt"
    subprocess.run([sys.executable, "-W", "ignore", str(HERE / "lxt_client.py"), composite, str(out),
                    str(PEERS / "lxt")], check=True, timeout=200)
    theirs = torch.load(out)
    config = transformers.LlamaConfig(vocab_size=99, num_key_value_heads=2, hidden_size=32, num_hidden_layers=2,
                                      num_attention_heads=4, intermediate_size=48, attn_implementation="eager")
    model = transformers.LlamaForCausalLM(config).eval()
    model.load_state_dict(theirs["state"])
    found = explain(model, {"input_ids": theirs["ids"]}, 7, composite=composite).layers["embedding"]
    truth = theirs["relevance"]
    assert float((found - truth).abs().max() / truth.abs().max()) < 1e-4
