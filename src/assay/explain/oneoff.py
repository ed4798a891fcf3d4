"""One explanation of one file, as ``assay explain`` gives it: what is asked about a network, and what is written."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import AssayError, describe, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from assay.explain.attribution import Attribution
    from assay.explain.models.network import Network
    from assay.explain.reading import Sample

TOP = 10
SUFFIXES = (".png", ".npz", ".json")
MAPPED = ("gradcam", "guided-gradcam")  # methods that work at one layer: --layer says at which
EMBEDDING = "embedding"  # where relevance of token ids begins
WITHOUT_LAYERS = ("occlusion", "random", "edges")
MOST_CELLS = 120  # units of a dense layer that are drawn as cells with their numbers
# How a message of `explain` is put for somebody who gave options and no arguments.
WORDS = ((r"\bposition=None\b", "no --position"), (r"\bposition=\(i, j\)", "--position i,j"),
         (r"\bposition='?([\w-]+)'?", r"--position \1"), (r"\bposition=", "--position "),
         (r"\bmethod='([\w-]+)'", r"--method \1"), (r"\bon_uncovered='gradient'", "--on-uncovered gradient"),
         (r"\blow= and high=", "--low and --high"), (r"\bleave position out", "leave --position out"),
         (r"^(the )?target ", r"--target: \g<0>"))


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

    @property
    def method_name(self) -> str:
        """The method as `METHODS` spells it."""
        return self.method.lower().replace("_", "-")


@dataclass(frozen=True)
class Drawing:
    """How the picture looks: as for `assay.explain.image.draw`; `scale` enlarges each of its pixels."""

    cmap: str = "coldnhot"
    alpha: float = 0.0
    percentile: float | None = None
    scale: int = 1


def answer(network: Network, sample: Sample, asked: Question) -> Answer:
    """Return the explanation of a sample.

    Raises
    ------
    AssayError
        If the question does not fit the network; it names the option.
    """
    from assay.explain.explainer import explain

    started = time.perf_counter()
    layer = _check(network, asked)
    target, position = parse_target(asked.target, network), _position(asked.position)
    options, layers = dict(asked.options), [layer] if layer else []
    if asked.method_name in MAPPED and layer:
        options, layers = {**options, "layer": layer}, []
    with running(network, sample), worded():
        found = explain(
            network, sample.inputs, target, method=asked.method, composite=asked.composite,
            layers=[name for name in layers if name != EMBEDDING], position=position, flat_below=asked.flat_below,
            low=asked.low, high=asked.high, audit=asked.audit,
            on_uncovered=asked.on_uncovered, **options)  # type: ignore[arg-type]
    if layer and layer not in found.layers:
        raise AssayError(f"--layer {asked.layer}: no relevance was kept there",
                         f"there is some at {', '.join(found.layers) or 'no layer'}")
    return Answer(network, sample, asked, found, layer, time.perf_counter() - started)


@dataclass(frozen=True)
class Answer:
    """An explanation, and what it was of; `layer` is the module path at which relevance was asked for."""

    network: Network
    sample: Sample
    asked: Question
    found: Attribution
    layer: str | None
    seconds: float

    def document(self, files: Iterable[Path] = ()) -> dict[str, Any]:
        """Return all but the maps as JSON; shapes are those of one sample, without the batch."""
        output, relevance, at = self.outputs(), self.found.relevance[0].double(), self.at_layer
        top = output.flatten().topk(min(TOP, output.numel()))
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
            "layer": None if at is None else {
                "name": self.layer, "shape": list(at.shape), "sum": float(at.double().sum())},
            "report": self.found.report.as_dict(),
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

    @property
    def at_layer(self) -> Tensor | None:
        """The relevance at the layer that was asked for, without the batch."""
        return self.found.layers[self.layer][0] if self.layer else None

    def picture(self, drawing: Drawing) -> np.ndarray:
        """Return the picture ``uint8`` [H, W, 3] of the relevance, or of that at the layer, scaled up to the input."""
        from assay.explain.image import draw, enlarge

        relevance, layout, shown = self.found.relevance[0], self.network.layout, self.sample.shown
        if self.at_layer is not None:
            relevance, layout = self._spread(self.at_layer)
            shown = shown if drawing.alpha > 0 and layout == "image" else None
        elif relevance.ndim == 1 and layout == "image":
            layout = "array"
        texts: Sequence[str] = ()
        if layout == "tokens":
            texts = self._texts(len(relevance))
        pixels = draw(relevance, shown, layout, cmap=drawing.cmap, percentile=drawing.percentile, alpha=drawing.alpha,
                      texts=texts)
        return enlarge(pixels, drawing.scale)

    def _spread(self, relevance: Tensor) -> tuple[Any, str]:
        from assay.explain.layermaps import spread

        values, layout = spread(relevance, self.network)
        cells = layout == "signal" and len(self.network.input_shape) != 2 and len(values) <= MOST_CELLS
        return values, "tokens" if cells else layout

    def _texts(self, count: int) -> list[str]:
        """Return what stands in `count` cells: the ids of tokens, the labels of outputs, or the numbers of units."""
        if self.network.layout == "tokens" and self.sample.shown is not None and count == len(self.sample.shown):
            return [str(number) for number in self.sample.shown.tolist()]
        return list(self.network.labels) if count == len(self.network.labels) else [str(i) for i in range(count)]

    def _content(self, path: Path, files: Sequence[Path], drawing: Drawing) -> bytes:
        if path.suffix == ".png":
            from assay.explain.image import png

            return png(self.picture(drawing))
        if path.suffix == ".json":
            return json.dumps({"schema": 1, **self.document(files)}, indent=2).encode() + b"\n"
        import numpy as np

        arrays = {"relevance": self.found.relevance[0], "input": self.sample.inputs[0], "output": self.found.output[0],
                  "target": self.found.target[0]}
        if self.at_layer is not None:
            arrays["layer"] = self.at_layer
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


def _check(network: Network, asked: Question) -> str | None:
    """Return the path of the asked layer; raise AssayError that names the option, for what can be told before."""
    from assay.explain.composites import known_as
    from assay.explain.methods import METHODS
    from assay.explain.trace import layer_names

    if asked.method_name not in METHODS:
        raise AssayError(f"--method: no method {asked.method!r}",
                         did_you_mean(asked.method, METHODS) or f"there are {', '.join(METHODS)}")
    if asked.layer and asked.method_name in WITHOUT_LAYERS:
        raise AssayError(f"--layer: the method {asked.method} has no relevance at layers", "leave --layer out")
    with named("--composite"):
        known_as(asked.composite) if asked.composite else None
    with named("--flat-below"):
        layer_names(network.module, [asked.flat_below]) if asked.flat_below else None
    if not asked.layer or (asked.layer == EMBEDDING and network.layout == "tokens"):
        return asked.layer
    with named("--layer"):
        found = layer_names(network.module, [asked.layer])
    if len(found) > 1:
        raise AssayError(f"--layer {asked.layer!r} means {len(found)} layers", f"name one of {', '.join(found[:5])}")
    return found[0]


@contextmanager
def worded() -> Iterator[None]:
    """Put an error's arguments as the options that they were given by."""
    try:
        yield
    except AssayError as error:
        message, hint = error.message, error.hint
        for pattern, words in WORDS:
            message, hint = re.sub(pattern, words, message), re.sub(pattern, words, hint)
        raise AssayError(message, hint, error.code) from error


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
