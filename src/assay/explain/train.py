"""Networks that are trained on first use and kept with a card: data, recipe, scores, versions, sha256."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core import config
from assay.core.errors import DATA, NOTHING, AssayError, LoadError, describe, did_you_mean
from assay.core.files import replacing
from assay.explain.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from torch import nn

    from assay.explain.models.network import Network

LOADER = "assay.explain.train:trained"  # of entries that are trained at first use
WEIGHTS, CARD = "weights.safetensors", "card.json"
FIELDS = ("data", "recipe", "scores", "reach", "seconds", "threads", "versions", "sha256")  # of a card
PACKAGES = ("torch", "numpy", "scikit-learn", "safetensors")

Say = Callable[[str], None]


def trained(recipe: str, device: str = "cpu") -> Network:
    """Return a network of `RECIPES`, training it if that has not been done yet.

    Parameters
    ----------
    recipe : str
    device : str

    Raises
    ------
    AssayError
        Exit code 3 if the weights kept are not those that were trained.
    LoadError
        If it does not reach the score that the recipe asks for.
    """
    from assay.explain.models.network import Network
    from assay.explain.models.state import read_state

    made = _recipe(recipe)
    card = train(recipe)
    path = folder(recipe) / WEIGHTS
    found = _sha256(path)
    if found != card["sha256"]:
        raise AssayError(f"{path}: wrong sha256\n  expected: {card['sha256']}\n  found:    {found}",
                         f"train it again: assay models train -m {recipe} --again", DATA)
    module = _filled(made, read_state(path), str(path)).to(device)
    return Network(module, made.input_shape, made.mean, made.std, made.range, made.outputs, name=recipe)


def train(recipe: str, again: bool = False, say: Say | None = None) -> dict[str, Any]:
    """Return the card of a network, training it first if it is not there yet.

    Parameters
    ----------
    recipe : str
        A key of `RECIPES`.
    again : bool
        Train also if it is there.
    say : callable, optional
        Told how far it is; without it one line on stderr says that training begins.

    Returns
    -------
    dict
        ``name folder data recipe scores reach seconds versions threads sha256``.

    Raises
    ------
    AssayError
        Exit code 3 if the card that is kept cannot be read.
    LoadError
        If a score is too low: then nothing is kept, and what was there stays.
    """
    made, place = _recipe(recipe), folder(recipe)
    with _alone(place):
        if again or not (place / CARD).is_file():
            print(f"training {recipe} (once; about a minute)", file=sys.stderr)
            _make(recipe, made, place, say or (lambda text: None))
        card = _card(recipe, place / CARD)
    _check_scores(recipe, card["scores"])
    return {"name": recipe, "folder": str(place), **card}


def folder(recipe: str) -> Path:
    """Return where a network is kept; another recipe of the same name has another place."""
    return config.cache() / "networks" / f"{recipe}-{_recipe(recipe).digest[:12]}"


def _make(name: str, recipe: Recipe, place: Path, say: Say) -> None:
    from safetensors.torch import save

    from assay.explain import fitting
    from assay.explain.samples import samples

    started = time.perf_counter()
    train_on, test_on = samples(recipe.data, recipe.samples)
    model = fitting.fit(recipe, train_on, say)
    scores = fitting.score(recipe, model, test_on)
    _check_scores(name, scores)
    data = save({key: value.contiguous() for key, value in model.state_dict().items()})
    card = {"data": {"name": recipe.data, "train": len(train_on.inputs), "test": len(test_on.inputs)},
            "recipe": recipe.to_json(), "scores": scores, "reach": dict(recipe.reach),
            "seconds": round(time.perf_counter() - started, 1), "threads": fitting.THREADS,
            "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
            "sha256": hashlib.sha256(data).hexdigest()}
    with replacing(place / WEIGHTS) as stream:
        stream.write(data)
    # The card last: where there is one, there are weights.
    with replacing(place / CARD) as stream:
        stream.write(json.dumps(card, indent=2).encode() + b"\n")


def _check_scores(name: str, scores: dict[str, float]) -> None:
    for key, reach in _recipe(name).reach.items():
        if not scores[key] >= reach:
            raise LoadError(f"network {name}: training ended with {key} {scores[key]:.4f}\n  expected: {reach:.4f} or "
                            "more", "the recipe does not hold on this machine or with these versions: "
                            "it is a fault to report, and the network is not used")


def _card(name: str, path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text("utf-8"))
        found = {key: card[key] for key in FIELDS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssayError(f"{path}: is no card of a trained network: {describe(error)}",
                         f"train it again: assay models train -m {name} --again", DATA) from error
    return found


def _filled(recipe: Recipe, state: dict[str, Any], where: str) -> nn.Module:
    from assay.explain.models.architectures import empty
    from assay.explain.models.state import fill

    return fill(empty(recipe.arch, len(recipe.outputs), **recipe.options), state, where)


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise AssayError(f"no recipe for a network {name!r}",
                         did_you_mean(name, RECIPES) or f"there are {', '.join(RECIPES)}", NOTHING)
    return RECIPES[name]


def _sha256(path: Path) -> str:
    if not path.is_file():
        return "no such file"
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold a lock while looking for the network and training it: of several workers one trains, the others wait."""
    try:
        import fcntl
    except ImportError:  # not on this system: two workers may train the same network, which costs time and no more
        yield
        return
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
