"""What there is: benchmarks, models, families, renderers, pages; from decorators and `assay.plugins` entry points."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from assay.core import config
from assay.core.benchmark import Benchmark, check_declaration
from assay.core.errors import NOTHING, AssayError, describe, did_you_mean
from assay.core.model import Environment, Model, read_toml, resolve

BenchmarkClass = TypeVar("BenchmarkClass", bound=type[Benchmark])


class NameTakenError(AssayError):
    """Two benchmarks, models, ... of one name: nothing can tell which of them is meant."""


@dataclass(frozen=True)
class Family:
    """A family of evidence: how its loaded models are wrapped, which further models each offers, how one is checked.

    `presets` names weights of its categories, for readers who ask for one thing: ``{"molecules": {"Reactions": 2}}``.
    """

    name: str
    wrap: str | None = None
    variants: str | None = None
    check: str | None = None
    presets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unavailable: str | None = None


@dataclass(frozen=True)
class Page:
    """A page of its own in the app's navigation."""

    path: str
    title: str
    content: str


@dataclass
class Registry:
    """Everything registered in this process; `where` remembers who registered a name."""

    benchmarks: dict[str, type[Benchmark]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    renderers: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    where: dict[tuple[str, str], str] = field(default_factory=dict)
    loaded: bool = False

    def add(self, table: str, name: str, item: Any, where: str) -> None:
        """Put `item` under `name` into one of the tables.

        Raises
        ------
        NameTakenError
            If something else has the name; it names both places.
        """
        entries: dict[str, Any] = getattr(self, table)
        first = self.where.get((table, name))
        if first is not None and (first != where or entries[name] != item):
            what = "family" if table == "families" else table.rstrip("s")
            raise NameTakenError(f"{what} {name!r} is registered twice: in {first} and in {where}",
                                 "rename or remove one of the two")
        entries[name] = item
        self.where[table, name] = where

    def load(self) -> Registry:
        """Import every plugin, read the user's models, let families offer variants; once a process."""
        if self.loaded:
            return self
        self.loaded = True
        for entry in sorted(entry_points(group="assay.plugins"), key=lambda e: (e.value, e.name)):
            self._import(entry)
        for path in config.user_files():
            self.add_toml(path)
            # A loader may lie beside the file that names it; last, so that it stands in for nothing.
            if str(path.parent) not in sys.path:
                sys.path.append(str(path.parent))
        for model in list(self.models.values()):
            self._offer_variants(model)
        return self

    def add_toml(self, path: Path) -> None:
        """Register the models and environments of a TOML file."""
        models, environments = read_toml(path)
        for environment in environments:
            self.add("environments", environment.name, environment, str(path))
        for model in models:
            self.add("models", model.name, model, str(path))

    def benchmark(self, name: str) -> Benchmark:
        """Return an instance of the benchmark, or raise AssayError (exit 5) with near names."""
        return self._get(self.benchmarks, name, "benchmark")()  # type: ignore[no-any-return]

    def model(self, name: str) -> Model:
        """Return the model, or raise AssayError (exit 5) with the reason it is refused, or near names."""
        if name in self.refused:
            raise AssayError(f"no model {name!r}: {self.refused[name]}", code=NOTHING)
        return self._get(self.models, name, "model")  # type: ignore[no-any-return]

    def environment(self, model: Model) -> Environment | None:
        """Return the environment that the model names, if any.

        Raises
        ------
        AssayError
            If the name is unknown.
        """
        if model.environment is None:
            return None
        return self._get(self.environments, model.environment, "environment")  # type: ignore[no-any-return]

    def family_names(self) -> list[str]:
        """Return all families: registered ones and those that only a benchmark or a model names."""
        named = {name.partition("/")[0] for name in self.benchmarks} | {m.family for m in self.models.values()}
        return sorted(named | set(self.families))

    def _get(self, table: dict[str, Any], name: str, what: str) -> Any:
        if name not in table:
            raise AssayError(f"no {what} named {name!r}", did_you_mean(name, table), NOTHING)
        return table[name]

    def _import(self, entry: EntryPoint) -> None:
        try:
            importlib.import_module(entry.value.partition(":")[0])
        except NameTakenError:
            raise
        except (Exception, SystemExit) as error:
            self._leave_out(entry.dist.name if entry.dist else entry.name, entry.value, error)

    def _leave_out(self, plugin: str, what: str, error: BaseException) -> None:
        self.broken.append((plugin, describe(error)))
        print(f"warning: plugin {plugin} ({what}) cannot be used and is left out: {describe(error)}",
              file=sys.stderr)

    def _offer_variants(self, model: Model) -> None:
        family = self.families.get(model.family)
        if family is None or family.variants is None:
            return
        try:
            variants = resolve(family.variants)(model)
        except Exception as error:
            self._leave_out(family.name, f"variants of {model.name}", error)
            return
        for name, variant in variants.items():
            if isinstance(variant, str):
                self.refused[name] = variant
            elif name not in self.models:
                self.add("models", name, variant, f"{family.variants} for {model.name}")


registry = Registry()


def benchmark(cls: BenchmarkClass) -> BenchmarkClass:
    """Class decorator: check the declaration and register the benchmark."""
    check_declaration(cls)
    registry.add("benchmarks", cls.name, cls, cls.__module__)
    return cls


def register_model(model: Model) -> Model:
    """Register a model; returns it."""
    registry.add("models", model.name, model, _caller())
    return model


def register_models(path: Path) -> None:
    """Register the models and environments of a ``models.toml``."""
    registry.add_toml(path)


def register_family(name: str, wrap: str | Callable[..., Any] | None = None, variants: str | None = None,
                    check: str | None = None,
                    presets: Mapping[str, Mapping[str, float]] | None = None,
                    unavailable: str | None = None) -> None:
    """Register a family.

    Parameters
    ----------
    name : str
    wrap : str or callable, optional
        ``(loaded, model) -> what calc receives``, applied in the worker after loading.
    variants : str, optional
        ``"pkg.mod:callable"``: model -> {name: Model or the reason why there is none}; further models that
        the family makes of every registered one.
    check : str, optional
        ``"pkg.mod:Class"``: an unregistered `Benchmark` of one quick case, run by ``assay models check``.
    presets : mapping of str to (mapping of category to weight), optional
        Weights of the family's categories that the app offers by name; a category left out keeps weight 1.
    unavailable : str, optional
        ``"pkg.mod:callable"``: model -> why it cannot be tried here, or None; opens no socket.
    """
    reference = wrap if wrap is None or isinstance(wrap, str) else f"{wrap.__module__}:{wrap.__qualname__}"
    registry.add("families", name, Family(name, reference, variants, check, dict(presets or {}), unavailable),
                 _caller())


def register_renderer(kind: str, renderer: str, image: str | None = None) -> None:
    """Register what shows an artefact kind: ``"pkg.mod:callable"``, (bytes, page state) -> Dash component.

    `image`, (bytes, query) -> (bytes, media type), makes pictures of it for ``/artefact/<sha256>/image.png?...``.
    """
    registry.add("renderers", kind, renderer, _caller())
    if image is not None:
        registry.add("images", kind, image, _caller())


def register_page(path: str, title: str, content: str) -> None:
    """Register a page of the app; `content` is ``"pkg.mod:callable"`` -> Flask blueprint or Dash layout."""
    registry.add("pages", path, Page(path, title, content), _caller())


def matching(names: Iterable[str], globs: Iterable[str]) -> list[str]:
    """Return the names that match any of the globs, in order; a glob matches the whole name."""
    from fnmatch import fnmatchcase

    patterns = list(globs)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _caller() -> str:
    return str(sys._getframe(2).f_globals.get("__name__", "?"))
