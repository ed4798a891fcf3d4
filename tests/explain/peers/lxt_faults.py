"""What lxt does beyond its rules: ``python lxt_faults.py OUT.json LXT``."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

FOLDER = Path(sys.argv[2])


def starts(name: str) -> str:
    """Return how importing a package fails; nothing if it does not."""
    sys.path.insert(0, str(FOLDER))
    try:
        __import__(name)
    except ImportError as error:
        return str(error).split("(")[0].strip()
    finally:
        sys.path.remove(str(FOLDER))
        for key in [key for key in sys.modules if key.split(".")[0] == "lxt"]:
            del sys.modules[key]
    return ""


def alone() -> None:
    """Make its rules importable without the package's own start, which imports models that are gone."""
    for name, folder in (("lxt", FOLDER / "lxt"), ("lxt.efficient", FOLDER / "lxt" / "efficient")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def leak() -> dict[str, float]:
    """Return the relevance that an activation hands on, for 1, by the size of its input."""
    from lxt.efficient.rules import identity_rule_implicit

    found = {}
    for size in (1e-6, 1e-9, 1e-10, 1e-12):
        x = torch.full((1,), size, dtype=torch.float64, requires_grad=True)
        y = identity_rule_implicit(F.silu, x)
        grad, = torch.autograd.grad(y, x, 1.0 / y.detach())
        found[f"{size:.0e}"] = float(grad * size)
    return found


def patched() -> dict[str, Any]:
    """Explain one model; return the gradient of another, of the same class, before and after."""
    import transformers
    from lxt.efficient import patches
    from transformers.models.llama import modeling_llama as llama

    torch.manual_seed(0)
    config = transformers.LlamaConfig(vocab_size=19, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                      num_key_value_heads=2, intermediate_size=16, attn_implementation="eager")
    other = llama.LlamaForCausalLM(config).eval()

    def gradient() -> torch.Tensor:
        embedded = other.get_input_embeddings()(torch.tensor([[3, 1, 4]])).detach().requires_grad_()
        return torch.autograd.grad(other(inputs_embeds=embedded, use_cache=False).logits[0, -1, 7], embedded)[0]

    before = gradient()
    patches.patch_method(patches.rms_norm_forward, llama.LlamaRMSNorm)  # what its monkey_patch does for the first model
    return {"change": float((gradient() - before).abs().max() / before.abs().max())}


def main() -> None:
    """Write all findings."""
    found: dict[str, Any] = {"imports": starts("lxt.efficient")}
    alone()
    found |= {"leak": leak(), "patched": patched()}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
