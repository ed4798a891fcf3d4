"""Relevance by lxt's efficient rules for tiny Llama models: ``python lxt_client.py COMPOSITE OUT.pt``.

lxt changes classes for good, hence a process of its own. Its package imports models that transformers 5 no longer has,
so its rules are loaded without the package's own start.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import torch

ROOT = Path(sys.argv[3]) / "lxt"
for name, folder in (("lxt", ROOT), ("lxt.efficient", ROOT / "efficient")):
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package

import transformers  # noqa: E402
from lxt.efficient import patches  # noqa: E402
from transformers.models.llama import modeling_llama as llama  # noqa: E402


def main() -> None:
    """Write the input, the weights' seed and the relevance of each embedding."""
    conservative = sys.argv[1] == "cp-lrp"
    torch.manual_seed(0)
    config = transformers.LlamaConfig(vocab_size=99, num_key_value_heads=2, hidden_size=32, num_hidden_layers=2,
                                      num_attention_heads=4, intermediate_size=48, attn_implementation="eager")
    model = llama.LlamaForCausalLM(config).eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    llama.LlamaRMSNorm.forward = patches.rms_norm_forward
    llama.LlamaMLP.forward = patches.cp_gated_mlp_forward if conservative else patches.gated_mlp_forward
    wrap = patches.cp_wrap_attention_forward if conservative else patches.wrap_attention_forward
    llama.eager_attention_forward = wrap(llama.eager_attention_forward)
    ids = torch.tensor([[3, 14, 15, 92, 6, 5]])
    embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
    model(inputs_embeds=embedded, use_cache=False).logits[0, -1, 7].backward()
    torch.save({"state": state, "ids": ids, "relevance": (embedded * embedded.grad).detach()}, sys.argv[2])


if __name__ == "__main__":
    main()
