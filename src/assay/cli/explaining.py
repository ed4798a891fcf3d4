"""explain: what a network looks at in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note

if TYPE_CHECKING:
    from assay.explain.models.network import Network
    from assay.explain.oneoff import Answer


@click.command(short_help="Show what a network looks at in a picture, a sound, an array.")
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path), required=False)
@click.option("-m", "--model", required=True, metavar="M", help="A network of assay list models, or an architecture.")
@click.option("--weights", metavar="FILE|URL", help="For an architecture: .pt .pth .safetensors .npz.")
@click.option("--sha256", metavar="H", help="Of the weights.")
@click.option("--classes", type=click.IntRange(1), metavar="K", help="Outputs of the architecture; default 1000.")
@click.option("--method", default="lrp", metavar="NAME", help="Default lrp.")
@click.option("--composite", metavar="C", help="Rules of lrp; default attn-lrp with attention, else epsilon-plus-flat.")
@click.option("--target", default="predicted", metavar="T",
              help="predicted, an index, a label, contrast:A,B or contrast:A.")
@click.option("--layer", metavar="L", help="Show relevance at this module's output.")
@click.option("-o", "--output", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Write .png, .npz or .json (repeatable).")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE",
              help="Of the method or the composite (repeatable).")
@click.option("--flat-below", metavar="L", help="Spread relevance evenly before this module.")
@click.option("--position", metavar="P", help="Token or place of the output that is explained: 3, 4,7 or sum.")
@click.option("--low", type=float, metavar="X", help="Smallest possible input, in the network's units.")
@click.option("--high", type=float, metavar="X", help="Largest possible input, in the network's units.")
@click.option("--cmap", default="coldnhot", metavar="NAME", help="Colour map, or stops as '00f [fff] f00'.")
@click.option("--alpha", default=0.0, type=click.FloatRange(0, 1), metavar="X",
              help="Above 0: lay the heatmap over the picture, with this share.")
@click.option("--percentile", type=click.FloatRange(0, 100, min_open=True), metavar="P",
              help="Of |relevance| that the strongest colour stands for.")
@click.option("--scale", default=1, type=click.IntRange(1, 64), metavar="N",
              help="Enlarge each pixel of the picture to N x N.")
@click.option("--audit", is_flag=True, help="Account for every operation.")
@click.option("--on-uncovered", type=click.Choice(["error", "gradient"]), default="error",
              help="What to do about operations without a rule.")
@click.option("--list-layers", is_flag=True, help="List what --layer can name.")
@selectors.as_json
def explain(source: Path | None, model: str, weights: str | None, sha256: str | None, classes: int | None,
            files: tuple[Path, ...], options: tuple[str, ...], cmap: str, alpha: float, percentile: float | None,
            scale: int, list_layers: bool, as_json: bool, **asked: Any) -> None:
    """Show what a network looks at in INPUT: a picture, a .wav, or a .npy with one sample in the network's units.

    Without -o a summary is printed.

    \b
    assay explain scene.png --model scenes-cnn -o heatmap.png
    assay explain digit.npy --model digits-cnn --target contrast:3,8 --json
    """  # noqa: D301  (click takes the backspace for: leave these lines as they are)
    from assay.explain import oneoff
    from assay.explain.models.finding import find_network

    question = oneoff.Question(**asked, options=dict(_pair(text) for text in options))
    drawing = oneoff.Drawing(cmap, alpha, percentile, scale)
    _check_first(source, files, cmap, list_layers)
    network = find_network(model, weights, sha256, classes, source)
    if list_layers:
        _list_layers(network, source, as_json)
        return
    from assay.explain.reading import read_sample

    assert source is not None
    answer = oneoff.answer(network, read_sample(source, network), question)
    written = answer.write(files, drawing)
    if as_json:
        output.document(answer.document(written))
        return
    if not files or question.audit:
        _print(answer)
    for path in written:
        note(f"{path} written")


def _check_first(source: Path | None, files: tuple[Path, ...], cmap: str, list_layers: bool) -> None:
    """Say what is wrong before anything slow is imported or computed."""
    from assay.core.errors import AssayError
    from assay.explain.image import colour_stops
    from assay.explain.oneoff import check_files, named

    if source is None and not list_layers:
        raise click.UsageError("Missing argument 'INPUT'.")
    if source is not None and not source.is_file():
        raise AssayError(f"INPUT {source}: no such file", "name a picture, a .wav, or a .npy with one sample")
    check_files(files)
    with named("--cmap"):
        colour_stops(cmap)


def _pair(text: str) -> tuple[str, Any]:
    import json

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--option")
    try:
        return key.replace("-", "_"), json.loads(value)
    except ValueError:
        return key.replace("-", "_"), value


def _list_layers(network: Network, source: Path | None, as_json: bool) -> None:
    from assay.explain.oneoff import layers
    from assay.explain.reading import read_sample

    found = layers(network, read_sample(source, network) if source is not None else None)
    if as_json:
        output.document({"model": network.name, "layers": found})
        return
    table = output.table("", "layer", "type", *([] if source is None else ["output"]))
    for layer in found:
        shape = [] if source is None else [shown(layer["shape"]) if layer["shape"] else ""]
        table.add_row(layer["name"], layer["type"], *shape)
    output.show(table)


def shown(shape: list[int]) -> str:
    """Return a shape as messages write it: (3, 8, 8)."""
    return str(tuple(shape))


def _print(answer: Answer) -> None:
    from assay.app.text import number

    document = answer.document()
    target, relevance = document["target"], document["relevance"]
    name = target["label"] or f"output {target['index']}"
    output.show(f"{document['model']}, {document['method']}"
                + (f" {document['composite']}" if document["composite"] else "")
                + f": {name}" + (f" ({target['spec']})" if target["spec"] != str(name) else ""))
    table = output.table("", "output", "label", ">value")
    for one in document["output"]["top"][:5]:
        table.add_row(str(one["index"]), one["label"] or "", number(one["value"]))
    output.show(table)
    output.show(f"relevance {shown(relevance['shape'])}: sum {number(relevance['sum'])}, "
                f"positive {number(relevance['positive'])}, negative {number(relevance['negative'])}")
    if document["layer"]:
        layer = document["layer"]
        output.show(f"at {layer['name']} {shown(layer['shape'])}: sum {number(layer['sum'])}")
    if answer.asked.audit:
        output.show("", str(answer.found.report))
