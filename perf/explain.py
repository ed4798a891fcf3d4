"""Speed and memory of attribution beside a plain pass, and beside zennit, alternately in one run on one machine.

    python perf/explain.py [--rounds 3] [--threads 2] [--batch 1] [--networks vgg16 resnet50 vit gpt2]

Times are CPU seconds (all threads), medians, and as a multiple of "plain": forward plus gradient to the input. Memory
is the peak above what the model takes, each way in a process of its own. zennit is used if `scripts/peers` has
installed it; on VGG16 the two must agree first. zennit doubles relevance at additions that are no module, as in
ResNet50: there only its time is shown. With the defaults on a quiet machine with two cores: two minutes.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEERS = (ROOT / "build/peers/zennit", ROOT / "tests/explain/peers/stub")
COMPOSITES = {"vgg16": ("epsilon", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1"),
              "resnet50": ("epsilon", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1"),
              "vit": ("attn-lrp",), "gpt2": ("attn-lrp",)}
# Ratios to plain that are aimed at, at batch 1.
REACH = {("vgg16", "epsilon"): 1.15, ("vgg16", "epsilon-plus-flat"): 1.5, ("vgg16", "epsilon-gamma-box"): 1.6,
         ("vgg16", "epsilon-alpha2-beta1"): 2.5, ("resnet50", "epsilon-plus-flat"): 1.8,
         ("resnet50", "epsilon-gamma-box"): 2.5, ("resnet50", "epsilon-alpha2-beta1"): 2.8, ("vit", "attn-lrp"): 1.15}
MEASURED = ("plain", "epsilon-plus-flat", "epsilon-gamma-box", "zennit epsilon-plus-flat", "zennit epsilon-gamma-box")
MOST_OF_PLAIN, MOST_OF_ZENNIT = 2.0, 0.65  # memory that is aimed at
VIT = {"image_size": 224, "patch_size": 16, "num_layers": 12, "num_heads": 6, "hidden_dim": 384, "mlp_dim": 1536}
GPT2 = {"n_layer": 6, "n_embd": 384, "n_head": 6}
TOKENS = 128
Way = Callable[[], object]


def ways(network: str, batch: int = 1) -> dict[str, Way]:
    """Return each way of attributing random images to output 0 (random tokens to token 0 after the last)."""
    import torch

    from assay.explain import Explainer
    from assay.explain.models import build

    if network == "gpt2":
        return language_ways(batch)
    model = build(network, **(VIT if network == "vit" else {}))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(0)).clamp(-3, 3)

    def plain() -> torch.Tensor:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)[0]

    found: dict[str, Way] = {"plain": plain}
    for name in COMPOSITES[network]:
        box = {"low": -3.0, "high": 3.0} if name == "epsilon-gamma-box" else {}
        explainer = Explainer(model, composite=name, **box)
        found[name] = lambda explainer=explainer: explainer(x, 0).relevance
    if network != "vit" and PEERS[0].is_dir():
        found |= {f"zennit {name}": way for name, way in zennit_ways(network, model, x).items()}
    return found


def language_ways(batch: int) -> dict[str, Way]:
    """Return the ways of a language model; plain is the gradient to the embedding of its tokens."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from assay.explain import Explainer

    model = GPT2LMHeadModel(GPT2Config(**GPT2)).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    ids = torch.randint(0, 50000, (batch, TOKENS), generator=torch.Generator().manual_seed(0))

    def plain() -> torch.Tensor:
        leaf = model.transformer.wte(ids).requires_grad_()
        return torch.autograd.grad(model(inputs_embeds=leaf).logits[:, -1, 0].sum(), leaf)[0]

    explainer = Explainer(model, composite="attn-lrp")
    return {"plain": plain, "attn-lrp": lambda: explainer(ids, 0).relevance}


def zennit_ways(network: str, model: object, x: object) -> dict[str, Way]:
    """Return the same composites by zennit."""
    sys.path += [str(path) for path in PEERS]
    import torch
    from zennit import composites
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm

    def way(make: Callable[..., object]) -> Way:
        def run() -> object:
            canonizers = [SequentialMergeBatchNorm()] if network == "resnet50" else None
            with Gradient(model, make(canonizers=canonizers)) as attributor:
                return attributor(x, lambda y: y * torch.eye(y.shape[1])[[0]])[1]

        return run

    return {"epsilon-plus-flat": way(composites.EpsilonPlusFlat),
            "epsilon-gamma-box": way(lambda **more: composites.EpsilonGammaBox(low=-3.0, high=3.0, **more)),
            "epsilon-alpha2-beta1": way(composites.EpsilonAlpha2Beta1)}


def compare(found: dict[str, Way]) -> None:
    """Print how far assay and zennit are apart."""
    for name in [name for name in found if f"zennit {name}" in found]:
        mine, theirs = found[name](), found[f"zennit {name}"]()
        apart = float((mine - theirs).abs().max() / theirs.abs().max())  # type: ignore[attr-defined,operator]
        print(f"    {name}: largest difference to zennit {apart:.1e} of the largest relevance")


def measure(network: str, rounds: int, batch: int) -> None:
    """Time every way in turn, `rounds` times, and print the table."""
    found = ways(network, batch)
    what = f"of {TOKENS} tokens" if network == "gpt2" else "of 224 x 224"
    print(f"\n{network}, {batch} input{'s' * (batch > 1)} {what}, CPU seconds, ratio to plain")
    if network == "vgg16":
        compare(found)
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for way in found.values():
        way()
    for _ in range(rounds):
        for name, way in found.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    for name, times in seconds.items():
        # Neighbours of one round met the same machine: the median of their ratios, not the ratio of medians.
        ratios = [mine / plain for mine, plain in zip(times, seconds["plain"], strict=True)]
        reach = REACH.get((network, name)) if batch == 1 else None
        note = f"   reach {reach:.2f}" if reach else ""
        print(f"    {name:<28} {statistics.median(times):7.3f} s   {statistics.median(ratios):5.2f}{note}", flush=True)


def peak(network: str, name: str, batch: int) -> float:
    """Return the peak of memory above what the model takes, MB, of a second call in this process (Linux)."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def field(word: str) -> float:
        return int(next(line for line in status.read_text().splitlines() if line.startswith(word)).split()[1]) / 1024

    way = ways(network, batch)[name]
    way()
    ctypes.CDLL(None).malloc_trim(0)  # what the first call left in the allocator is not the model's
    before = field("VmRSS")
    clear.write_text("5")
    way()
    return field("VmHWM") - before


def memory(network: str, threads: int, batch: int) -> None:
    """Print the peak memory of each way, each in a process of its own."""
    print(f"  {network}, peak extra memory, MB; aimed at: {MOST_OF_PLAIN} of plain, {MOST_OF_ZENNIT} of zennit")
    found: dict[str, float] = {}
    for name in MEASURED if PEERS[0].is_dir() else MEASURED[:3]:
        command = [sys.executable, "-W", "ignore", __file__, "--threads", str(threads), "--batch", str(batch)]
        done = subprocess.run([*command, "--peak", network, name], capture_output=True, text=True, check=True)
        found[name] = float(done.stdout.split()[-1])
    for name, megabytes in found.items():
        theirs = found.get(f"zennit {name}")
        beside = f"   {megabytes / theirs:5.2f} of zennit" if theirs else ""
        print(f"    {name:<28} {megabytes:7.0f}   {megabytes / found['plain']:5.2f} of plain{beside}", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=list(COMPOSITES), default=list(COMPOSITES))
    parser.add_argument("--peak", nargs=2, metavar=("NETWORK", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    if options.peak:
        print(peak(*options.peak, options.batch))
        return
    for network in options.networks:
        measure(network, options.rounds, options.batch)
        if network == "vgg16" and Path("/proc/self/clear_refs").exists():
            memory(network, options.threads, options.batch)


if __name__ == "__main__":
    main()
