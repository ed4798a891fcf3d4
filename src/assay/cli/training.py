"""models train: networks that come untrained are trained here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note, tell

if TYPE_CHECKING:
    from assay.flow.selection import Selection


@click.command(short_help="Train networks that come untrained.")
@selectors.selection("models")
@click.option("--again", is_flag=True, help="Also those that are trained already.")
@selectors.as_json
def train(selection: Selection, again: bool, as_json: bool) -> int:
    """Train networks that come untrained: seconds to two minutes each, once.

    They are trained when first used, too. The same recipe gives the same weights on the same machine. A network
    whose score is too low is not kept (exit 4); one whose data is not at hand is not trained (exit 3).
    """
    from assay.core.errors import LOAD

    results = [_trained(name, again) for name in _names(selection)]
    codes = {result.pop("code") for result in results} - {0}
    output.document({"networks": results}) if as_json else _print(results)
    return codes.pop() if len(codes) == 1 else LOAD if codes else 0


def _names(selection: Selection) -> list[str]:
    from assay.core.errors import NOTHING, AssayError
    from assay.core.registry import registry
    from assay.explain.train import LOADER

    found = selection.find_models(registry.load())
    names = [model.name for model in found if model.loader == LOADER]
    if not names:
        every = sorted(model.name for model in registry.models.values() if model.loader == LOADER)
        raise AssayError(f"nothing is trained for {', '.join(model.name for model in found[:3])}",
                         f"networks that come untrained: {', '.join(every)}", NOTHING)
    return names


def _trained(name: str, again: bool) -> dict[str, Any]:
    from assay.core.errors import AssayError
    from assay.core.registry import registry
    from assay.explain.train import train as run

    result: dict[str, Any] = {"name": name, "ok": True, "reason": "", "scores": {}, "reach": {}, "seconds": None,
                              "sha256": None, "folder": None, "code": 0}
    try:
        card = run(registry.model(name).options["recipe"], again, lambda text: note(f"{name}: {text}"))
    except AssayError as error:
        tell(error.message, error.hint)
        return {**result, "ok": False, "reason": error.message, "code": error.code}
    return {**result, **{key: card[key] for key in ("scores", "reach", "seconds", "sha256", "folder")}}


def _print(results: list[dict[str, Any]]) -> None:
    table = output.table("", "network", "trained", "scores", ">training took", "~kept in")
    for result in results:
        done = output.styled("✓ yes", "green") if result["ok"] else output.styled("✗ no", "bold red")
        scores = ", ".join(f"{key} {value:.4f}" for key, value in result["scores"].items())
        table.add_row(result["name"], done, scores or result["reason"].partition("\n")[0],
                      f"{result['seconds']:.0f} s" if result["ok"] else "", result["folder"] or "")
    output.show(table)
