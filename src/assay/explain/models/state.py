"""State dictionaries from files, without running code that a file may hold, and their fit to a network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from assay.core.errors import AssayError, LoadError, describe

SUFFIXES = (".pt", ".pth", ".safetensors", ".npz")
NAMED = 5  # wrong keys that a message spells out
# The published weights of vit_b_16 name the two dense layers of a block as an older class did.
RENAMED = ((re.compile(r"\.mlp\.linear_1\."), ".mlp.0."), (re.compile(r"\.mlp\.linear_2\."), ".mlp.3."))


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by their names.

    Parameters
    ----------
    path : Path
        ``.pt`` or ``.pth`` (read with ``weights_only``, so that nothing in it runs), ``.safetensors`` or ``.npz``.
        A state under a key ``state_dict`` or ``model``, and names behind ``module.``, are understood.

    Raises
    ------
    AssayError
        If the suffix is another.
    LoadError
        If the file does not hold tensors by name.
    """
    if path.suffix not in SUFFIXES:
        raise AssayError(f"{path}: no kind of weights file has the suffix {path.suffix!r}",
                         f"expected one of {', '.join(SUFFIXES)}")
    try:
        found = _read(path)
    except Exception as error:
        raise LoadError(f"{path}: cannot be read as weights: {describe(error)}") from error
    for key in ("state_dict", "model"):
        found = found[key] if isinstance(found, dict) and isinstance(found.get(key), dict) else found
    if not isinstance(found, dict) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise LoadError(f"{path}: expected tensors by name, found {type(found).__name__}",
                        "save the network's state_dict, not the network")
    prefix = "module." if all(name.startswith("module.") for name in found) else ""
    return {name.removeprefix(prefix): value for name, value in found.items()}


def fill(module: nn.Module, state: dict[str, Tensor], where: str) -> nn.Module:
    """Give a network, which may be without memory yet, the weights of a state dictionary.

    Parameters
    ----------
    module : torch.nn.Module
    state : dict of str to Tensor
        Converted to the network's types.
    where : str
        Begins the message of an error.

    Raises
    ------
    LoadError
        If keys are missing, too many or of another shape; it names them.
    """
    for pattern, name in RENAMED:
        state = {pattern.sub(name, key): value for key, value in state.items()}
    expected = module.state_dict()
    for key, value in expected.items():
        # Files older than this counter do without it; nothing is computed from it.
        if key.endswith("num_batches_tracked") and key not in state:
            state[key] = torch.zeros_like(value, device="cpu")
    problems = [
        _named("missing", expected.keys() - state.keys()),
        _named("not expected", state.keys() - expected.keys()),
        _named("of another shape", (
            f"{key} {tuple(state[key].shape)} instead of {tuple(value.shape)}" for key, value in expected.items()
            if key in state and state[key].shape != value.shape)),
    ]
    if any(problems):
        raise LoadError(f"{where}: the weights do not fit\n  " + "\n  ".join(filter(None, problems)),
                        "check the architecture, its options and the number of classes")
    module.load_state_dict({key: state[key].to(value.dtype).contiguous() for key, value in expected.items()},
                           assign=True)
    return module


def _read(path: Path) -> object:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    if path.suffix == ".npz":
        import numpy as np

        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return torch.load(path, map_location="cpu", weights_only=True)


def _named(what: str, keys: Iterable[str]) -> str:
    names = sorted(keys)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}: {', '.join(names[:NAMED])}{more}" if names else ""
