"""models: add an entry of one's own, check that models work here; train is in `assay.cli.training`."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note, tell
from assay.cli.training import train

if TYPE_CHECKING:
    from assay.core.model import Model
    from assay.core.registry import Registry
    from assay.flow.selection import Selection

USER_FILE = "assay.toml"  # in the current folder


@click.group(short_help="Add models of your own, check that models work.")
def models() -> None:
    """Add models of your own to assay.toml, check that models work here, train the networks that come untrained."""


models.add_command(train)


@models.command(short_help="Add a model to assay.toml in the current folder.")
@click.argument("name")
@click.option("--family", required=True, help="Family of evidence, as atoms.")
@click.option("--loader", required=True, metavar="PKG.MOD:CALLABLE", help="Called as loader(device=..., **options).")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="Handed to the loader (repeatable).")
@click.option("--meta", multiple=True, metavar="KEY=VALUE", help="What the family wants to know, as functional=pbe.")
@click.option("--environment", help="Name of an environment of its own.")
@click.option("--device", help="Handed to the loader; default cpu.")
@click.option("--licence", help="Licence of the weights.")
@click.option("--url", help="Where the weights file comes from; an option '{weights}' receives its path.")
@click.option("--sha256", help="Of the weights file.")
def add(name: str, options: tuple[str, ...], meta: tuple[str, ...], **fields: str | None) -> None:
    """Add the model NAME to assay.toml in the current folder.

    Values are numbers, true, false, JSON, or else text: --option cutoff=5.0 --meta functional=pbe.
    """
    from assay.core.errors import AssayError
    from assay.core.registry import registry

    entry: dict[str, Any] = {"name": name, **{key: value for key, value in fields.items() if value is not None}}
    for key, pairs in (("options", options), ("meta", meta)):
        if pairs:
            entry[key] = dict(_pair(key, text) for text in pairs)
    registry.load()
    if ("models", name) in registry.where:
        raise AssayError(f"there is a model {name!r} already, in {registry.where['models', name]}",
                         "choose another name, or change that entry")
    _check(entry, registry)
    _append(entry)
    click.echo(f"{name} added to {os.path.abspath(USER_FILE)}")
    note(f"next: assay models check -m {name}")


def _pair(option: str, text: str) -> tuple[str, Any]:
    import json
    import tomllib

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint=f"--{option.rstrip('s')}")
    for parse in (json.loads, lambda value: tomllib.loads(f"x = {value}")["x"]):
        try:
            return key, parse(value)
        except ValueError:
            continue
    return key, value


def _check(entry: dict[str, Any], registry: Registry) -> None:
    from assay.core.errors import AssayError, did_you_mean
    from assay.core.model import Model

    try:
        model = Model(**entry)
        model.digest  # noqa: B018  (options have to be JSON)
    except (TypeError, ValueError) as error:
        raise AssayError(str(error), "see assay models add --help") from error
    registry.environment(model)
    if model.family not in registry.family_names():
        raise AssayError(f"no family named {model.family!r}",
                         did_you_mean(model.family, registry.family_names()) or "see assay list families")


def _entry_text(entry: dict[str, Any]) -> str:
    """Return the entry under ``[[model]]``, which may follow other entries; an inline list could not."""
    import tomli_w

    tables = {key: value for key, value in entry.items() if isinstance(value, dict)}
    plain = {key: value for key, value in entry.items() if key not in tables}
    return "[[model]]\n" + tomli_w.dumps(plain) + (tomli_w.dumps({"model": tables}) if tables else "")


def _append(entry: dict[str, Any]) -> None:
    """Append the entry as text, so that comments and order stay; the file is as before if it would not be read."""
    from pathlib import Path

    from assay.core.errors import AssayError
    from assay.core.model import read_toml

    target = Path(USER_FILE).absolute()
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    text = before + ("\n" if before and not before.endswith("\n") else "") + ("\n" if before else "")
    partial = target.with_name(f".{target.name}.new")
    try:
        partial.write_text(text + _entry_text(entry), encoding="utf-8")
        found, _ = read_toml(partial)
        if entry["name"] not in {model.name for model in found}:
            raise AssayError(f"{target}: the new entry does not read back", "add it by hand")
        partial.replace(target)
    except OSError as error:
        raise AssayError(f"{target}: {error}", "check permissions of the folder") from error
    finally:
        with suppress(OSError):
            partial.unlink()


# -- check


@models.command(short_help="Load models and run one quick case with each.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@selectors.selection("models")
@selectors.as_json
def check(names: tuple[str, ...], selection: Selection, as_json: bool) -> int:
    """Load models and run one quick case with each (for atoms: a single point on water); exit 4 if one cannot.

    Without a name, models that are not at hand (weights to be fetched, networks to be trained) are left out.
    """
    from assay.core.errors import AssayError
    from assay.core.registry import registry

    selection = replace(selection, models=(*selection.models, *names))
    found = selection.find_models(registry.load())
    with_check = [model for model in found if (family := registry.families.get(model.family)) and family.check]
    if not with_check:
        families = sorted({model.family for model in found})
        raise AssayError(f"no family of these models has a check: {', '.join(families)}", "assay calc --limit 1 is one")
    # A number from the cache would say nothing about the model.
    os.environ["ASSAY_EVAL_CACHE"] = "0"
    waits = {model.name: reason for model in with_check if (reason := _waits(model, registry, bool(selection.models)))}
    for name, reason in waits.items():
        note(f"{name}: {reason}" if selection.models else f"{name} left out, name it with -m: {reason}")
    left_out = {} if selection.models else waits
    results = [_checked(model, registry) for model in with_check if model.name not in left_out]
    output.document({"models": results, "left_out": [{"model": name, "reason": reason}
                                                     for name, reason in left_out.items()]}
                    ) if as_json else _print_checks(results)
    return 0 if all(result["ok"] for result in results) else 4


def _waits(model: Model, registry: Registry, named: bool) -> str:
    """Return what has to happen before the model can answer: fetching its weights, training; nothing if it is ready."""
    from assay.core.model import resolve
    from assay.flow import weights

    available, reason = weights.available(model)
    if not available:
        return "" if named else reason  # a named one is tried, and fails with this reason
    at_first_use = getattr(resolve(str(registry.families[model.family].check)), "at_first_use", None)
    return at_first_use(model) if at_first_use else ""


def _checked(model: Model, registry: Registry) -> dict[str, Any]:
    """Run the family's check in a worker, as any case, in a store of its own that is thrown away."""
    import tempfile

    from assay.core.model import resolve
    from assay.core.store import Store
    from assay.flow import runner

    benchmark = resolve(str(registry.families[model.family].check))()
    result: dict[str, Any] = {"model": model.name, "ok": False, "load_seconds": None, "seconds": None, "values": {},
                              "reason": "", "versions": []}

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "setup":
            note(f"{model.name}: {event['text']}")
        elif event["event"] == "error":
            tell(event["message"], event["hint"])
            result["reason"] = event["message"]
        elif event["event"] == "load":
            result["load_seconds"] = event["seconds"]

    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        runner.run([runner.Pair(benchmark, model, benchmark.checked_cases())], store, registry, jobs=1,
                   on_event=on_event)
        for record in store.records():
            values = dict(record.values)
            packages = store.provenance(record.provenance).get("packages", {})
            versions = values.pop("versions", [f"{name}=={number}" for name, number in packages.items()])
            result.update(ok=record.status == "ok", seconds=record.seconds, values=values, reason=record.reason,
                          versions=versions)
    return result


def _print_checks(results: list[dict[str, Any]]) -> None:
    from assay.app.text import seconds

    table = output.table("", "model", "works", "~result", ">load", ">case", "~versions")
    for result in results:
        times = [seconds(result[key]) if result[key] is not None else "" for key in ("load_seconds", "seconds")]
        works = output.styled("✓ yes", "green") if result["ok"] else output.styled("✗ no", "bold red")
        table.add_row(result["model"], works, _answer(result), *times, ", ".join(result["versions"]))
    output.show(table)


def _answer(result: dict[str, Any]) -> str:
    if not result["ok"]:
        return str(result["reason"]).partition("\n")[0]
    unit = result["values"].get("unit", "")
    return ", ".join(f"{key} {value:.6f} {unit}".strip() if isinstance(value, float) else f"{key} {value}"
                     for key, value in result["values"].items() if key != "unit")
