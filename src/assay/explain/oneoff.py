"""One explanation of one file, as ``assay explain`` gives it: which network, what about it, and what is written."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import NOTHING, AssayError, describe, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from assay.explain.attribution import Attribution
    from assay.explain.models.network import Network
    from assay.explain.reading import Sample

TOP = 10
SUFFIXES = (".png", ".npz", ".json")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which published weights are trained on
SIDE = 224


@dataclass(frozen=True)
class Question:
    """What is asked about a sample; the fields are those of `assay.explain.explain`.

    Parameters
    ----------
    target : str
        ``predicted``, an index, a label, ``contrast:A,B`` or ``contrast:A`` with indices or labels.
    position : str, optional
        A token's number, ``i,j`` of a map, or ``sum``.
    layer : str, optional
        The module at whose output relevance is kept, too.
    options : dict
        Of the method or the composite.
    """

    method: str = "lrp"
    composite: str | None = None
    target: str = "predicted"
    layer: str | None = None
    position: str | None = None
    flat_below: str | None = None
    low: float | None = None
    high: float | None = None
    audit: bool = False
    on_uncovered: str = "error"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawing:
    """How the picture looks: as for `assay.explain.image.draw`."""

    cmap: str = "coldnhot"
    alpha: float = 0.0
    percentile: float | None = None


def find_network(model: str, weights: str | None = None, sha256: str | None = None, classes: int | None = None,
                 shape: Sequence[int] | None = None) -> Network:
    """Return the network that a command names.

    Parameters
    ----------
    model : str
        A registered network; an architecture of `build`, with weights; ``hf:REPO@REVISION`` or a folder.
    weights, sha256, classes
        For an architecture: as for `load`.
    shape : sequence of int, optional
        Of the sample, for an architecture that takes any; else pictures of 3 x 224 x 224.

    Raises
    ------
    AssayError
        Exit code 5 if there is no such network or architecture; 3 for a wrong hash; 2 for options that do not fit.
    LoadError
        If it cannot load.
    """
    from assay.explain.models.registered import entry
    from assay.explain.models.registered import named as registered

    if model.startswith("hf:") or (Path(model).is_dir() and weights is None):
        from assay.explain.models.huggingface import load_folder

        return load_folder(model)
    if weights is None and sha256 is None and classes is None:
        try:
            entry(model)
        except AssayError as error:
            raise _unknown(model, error) from None
        return registered(model)
    return _built(model, weights, sha256, classes, shape)


def answer(network: Network, sample: Sample, asked: Question) -> Answer:
    """Return the explanation of a sample.

    Raises
    ------
    AssayError
        If the question does not fit the network; it names the option.
    """
    from assay.explain.explainer import explain

    started = time.perf_counter()
    _check(network, asked)
    target, position = parse_target(asked.target, network), _position(asked.position)
    with running(network, sample):
        found = explain(
            network, sample.inputs, target, method=asked.method, composite=asked.composite,
            layers=[asked.layer] if asked.layer else (), position=position, flat_below=asked.flat_below, low=asked.low,
            high=asked.high, audit=asked.audit, on_uncovered=asked.on_uncovered,  # type: ignore[arg-type]
            **asked.options)
    if len(found.layers) > 1:
        raise AssayError(f"--layer {asked.layer!r} means {len(found.layers)} layers",
                         f"name one of {', '.join(list(found.layers)[:5])}")
    return Answer(network, sample, asked, found, time.perf_counter() - started)


@dataclass(frozen=True)
class Answer:
    """An explanation, and what it was of."""

    network: Network
    sample: Sample
    asked: Question
    found: Attribution
    seconds: float

    def document(self, files: Iterable[Path] = ()) -> dict[str, Any]:
        """Return all but the maps as JSON; shapes are those of one sample, without the batch."""
        output, relevance = self.outputs(), self.found.relevance[0].double()
        top = output.flatten().topk(min(TOP, output.numel()))
        layer = [{"name": name, "shape": list(value.shape[1:]), "sum": float(value.double().sum())}
                 for name, value in self.found.layers.items()]
        return {
            "model": self.network.name, "method": self.asked.method, "composite": self.found.report.composite,
            "target": self._target(),
            "output": {"shape": list(self.found.output.shape[1:]), "top": [
                {"index": index, "label": self._label(index), "value": value}
                for index, value in zip(top.indices.tolist(), top.values.tolist(), strict=True)]},
            "relevance": {"shape": list(relevance.shape), "sum": float(relevance.sum()),
                          "min": float(relevance.min()), "max": float(relevance.max()),
                          "positive": float(relevance.clamp(min=0).sum()),
                          "negative": float(relevance.clamp(max=0).sum())},
            "layer": layer[0] if layer else None, "report": self.found.report.as_dict(),
            "files": [str(path) for path in files], "seconds": self.seconds}

    def outputs(self) -> Tensor:
        """Return the outputs [K] at the explained position."""
        from assay.explain.targets import Units

        position = _position(self.asked.position)
        return Units(self.found.output, position).values[0]

    def write(self, files: Sequence[Path], drawing: Drawing) -> list[Path]:
        """Write the files, all of them or none.

        Parameters
        ----------
        files : sequence of Path
            ``.png``, ``.npz`` (``relevance input output target`` and ``layer``) or ``.json``.
        drawing : Drawing

        Raises
        ------
        AssayError
            If one cannot be drawn or written.
        """
        contents = {path: self._content(path, files, drawing) for path in files}
        written: list[Path] = []
        try:
            for path, data in contents.items():
                _write(path, data)
                written.append(path)
        except AssayError:
            for path in written:
                path.unlink()
            raise
        return written

    def picture(self, drawing: Drawing) -> np.ndarray:
        """Return the picture ``uint8`` [H, W, 3] of the relevance, or of that at the layer, scaled up to the input."""
        from assay.explain.image import draw

        relevance, layout = self.found.relevance[0], self.network.layout
        if self.found.layers:
            relevance, layout = self._at_layer()
        elif relevance.ndim == 1 and layout == "image":
            layout = "array"
        shown = self.sample.shown if layout == self.network.layout and not self.found.layers else None
        overlaid = self.sample.shown if drawing.alpha > 0 and layout == "image" else shown
        return draw(relevance, overlaid, layout, cmap=drawing.cmap, percentile=drawing.percentile, alpha=drawing.alpha)

    def _at_layer(self) -> tuple[Any, str]:
        from assay.explain.layermaps import spread

        return spread(next(iter(self.found.layers.values()))[0], self.network)

    def _content(self, path: Path, files: Sequence[Path], drawing: Drawing) -> bytes:
        if path.suffix == ".png":
            from assay.explain.image import png

            return png(self.picture(drawing))
        if path.suffix == ".json":
            return json.dumps({"schema": 1, **self.document(files)}, indent=2).encode() + b"\n"
        import numpy as np

        arrays = {"relevance": self.found.relevance[0], "input": self.sample.inputs[0], "output": self.found.output[0],
                  "target": self.found.target[0]}
        for value in self.found.layers.values():
            arrays["layer"] = value[0]
        stream = io.BytesIO()
        np.savez_compressed(stream, allow_pickle=False,
                            **{name: value.detach().cpu().numpy() for name, value in arrays.items()})
        return stream.getvalue()

    def _target(self) -> dict[str, Any]:
        words = self.asked.target.removeprefix("contrast:").split(",")
        contrast = self.asked.target.startswith("contrast:")
        index = _index(words[0], self.network) if contrast else int(self.found.target.flatten()[0])
        minus = _index(words[1], self.network) if contrast and len(words) > 1 else None
        return {"spec": self.asked.target, "index": index, "minus": minus, "label": self._label(index)}

    def _label(self, index: int) -> str | None:
        return self.network.label(index) if self.network.labels else None


def layers(network: Network, sample: Sample | None = None) -> list[dict[str, Any]]:
    """Return the modules at whose output relevance can be kept: ``name type shape``, the shape where a sample ran."""
    import torch

    shapes: dict[str, list[int]] = {}
    hooks = [module.register_forward_hook(_note(shapes, name)) for name, module in network.module.named_modules()]
    try:
        if sample is not None:
            with torch.no_grad(), running(network, sample):
                network.module(sample.inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return [{"name": name, "type": type(module).__name__, "shape": shapes.get(name)}
            for name, module in network.module.named_modules() if name]


def parse_target(text: str, network: Network) -> Any:
    """Return the target that a text means, with labels turned into indices.

    Raises
    ------
    AssayError
        If a label is unknown.
    """
    if text == "predicted":
        return text
    if text.startswith("contrast:"):
        words = text.removeprefix("contrast:").split(",")
        return "contrast:" + ",".join(str(_index(word, network)) for word in words)
    return _index(text, network)


def check_files(files: Sequence[Path]) -> None:
    """Raise AssayError, before anything is computed, if a file to be written has a wrong suffix or no folder."""
    for path in files:
        if path.suffix not in SUFFIXES:
            raise AssayError(f"-o {path}: nothing is written with the suffix {path.suffix!r}",
                             f"expected one of {', '.join(SUFFIXES)}")
        if not path.absolute().parent.is_dir():
            raise AssayError(f"-o {path}: there is no folder {path.parent}", "make it, or name another file")


def _check(network: Network, asked: Question) -> None:
    """Raise AssayError that names the option, for what can be told before the network runs."""
    from assay.explain.composites import known_as
    from assay.explain.methods import METHODS
    from assay.explain.trace import layer_names

    if asked.method.lower().replace("_", "-") not in METHODS:
        raise AssayError(f"--method: no method {asked.method!r}",
                         did_you_mean(asked.method, METHODS) or f"there are {', '.join(METHODS)}")
    with named("--composite"):
        known_as(asked.composite) if asked.composite else None
    for option, layer in (("--layer", asked.layer), ("--flat-below", asked.flat_below)):
        with named(option):
            layer_names(network.module, [layer]) if layer else None


@contextmanager
def named(option: str) -> Iterator[None]:
    """Put the option's name before the message of an error that it caused."""
    try:
        yield
    except AssayError as error:
        raise AssayError(f"{option}: {error.message}", error.hint, error.code) from None


@contextmanager
def running(network: Network, sample: Sample) -> Iterator[None]:
    """Say which network failed on which input: it is the user's code, and no fault of the command."""
    try:
        yield
    except AssayError:
        raise
    except Exception as error:
        raise AssayError(f"the network {network.name} does not run on an input of shape "
                         f"{tuple(sample.inputs.shape[1:])}: {describe(error)}",
                         f"its entry says that it takes {network.input_shape}") from error


def _index(word: str, network: Network) -> int:
    word = word.strip()
    if word.removeprefix("-").isdecimal():
        return int(word)
    with named("--target"):
        return network.index(word)


def _position(text: str | None) -> Any:
    if text is None or text == "sum":
        return text
    try:
        numbers = tuple(int(word) for word in text.split(","))
    except ValueError:
        raise AssayError(f"--position {text!r}: expected a number, i,j or sum") from None
    return numbers[0] if len(numbers) == 1 else numbers


def _built(arch: str, weights: str | None, sha256: str | None, classes: int | None,
           shape: Sequence[int] | None) -> Network:
    from assay.explain.models.loading import PUBLISHED, load

    if weights is None:
        raise AssayError(f"--model {arch}: --classes and --sha256 go with --weights", "name a file or a URL")
    module = load(arch, classes or 1000, weights, sha256)
    from assay.explain.models.network import Network

    natural = arch in PUBLISHED
    return Network(module, tuple(shape or (3, SIDE, SIDE)), MEAN if natural else (0.0,), STD if natural else (1.0,),
                   name=arch)


def _unknown(model: str, error: AssayError) -> AssayError:
    """Return the error of a name that is no network, with what else it may have meant."""
    from assay.explain.models.loading import PUBLISHED

    if model in PUBLISHED or model in ("resnet", "vit", "cnn"):
        return AssayError(f"--model {model}: an architecture, not a network",
                          "give its weights: --weights FILE or URL, and --classes K", NOTHING)
    hint = error.hint or did_you_mean(model, PUBLISHED)
    return AssayError(f"--model: {error.message}", hint, NOTHING)


def _note(shapes: dict[str, list[int]], name: str) -> Callable[..., None]:
    def hook(module: Any, args: Any, output: Any) -> None:
        if hasattr(output, "shape"):
            shapes[name] = list(output.shape[1:])

    return hook


def _write(path: Path, data: bytes) -> None:
    from assay.core.files import replacing

    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:
        raise AssayError(f"-o {path}: cannot be written: {describe(error)}",
                         "check free space and permissions, or name another file") from error
