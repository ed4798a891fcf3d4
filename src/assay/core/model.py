"""Model: a registry entry that knows how to be loaded, and nothing that needs to be imported for it."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.core.record import canonical_json, digest

WEIGHTS = "{weights}"
TOML_TYPES = {"str": (str, "a text"), "str | None": (str, "a text"), "dict[str, Any]": (dict, "a table")}


@dataclass(frozen=True)
class Model:
    """A model under test.

    Parameters
    ----------
    name, family : str
        ``assay list models`` shows both; the name is unique.
    loader : str
        ``package.module:callable``, called as ``loader(device=..., **options)`` inside a worker.
    options : dict
        JSON. An option that is ``"{weights}"``, at any depth, receives the path of the weights file.
    device : str
        Handed to the loader.
    environment : str, optional
        Name of an `Environment` with a virtual environment of its own; None is the one assay runs in.
    licence : str
    url, sha256 : str
        Where the weights file comes from and its hash; both empty when the weights come with a package.
    meta : dict
        Free JSON for the family: for atoms functional, dispersion, elements, datasets, ...

    Raises
    ------
    ValueError
        If the loader is not of the form ``package.module:callable``, or `options` or `meta` are not JSON.
    """

    name: str
    family: str
    loader: str
    options: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    environment: str | None = None
    licence: str = ""
    url: str = ""
    sha256: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        module, _, attribute = self.loader.partition(":")
        if not module or not attribute:
            raise ValueError(f"model {self.name!r}: loader must be 'package.module:callable', found {self.loader!r}")
        try:
            canonical_json([self.options, self.meta])
        except (TypeError, ValueError) as error:
            raise ValueError(f"model {self.name!r}: options and meta must be JSON: {error}") from error

    @property
    def digest(self) -> str:
        """sha256 of loader, options and the weights' sha256: what decides the model's numbers."""
        return digest([self.loader, self.options, self.sha256])

    @property
    def needs_weights(self) -> bool:
        """Whether an option asks for a weights file."""
        return WEIGHTS in str(self.options)

    def load(self, weights: Path | None = None) -> Any:
        """Import the loader and return what it makes of the options.

        Parameters
        ----------
        weights : Path, optional
            The weights file, for models that need one.
        """
        options = _replaced(self.options, str(weights)) if weights else self.options
        return resolve(self.loader)(device=self.device, **options)

    def to_json(self) -> dict[str, Any]:
        """Return the model's fields as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Environment:
    """A named set of pip requirements with a virtual environment of its own.

    Packages for different models exclude each other, so one environment cannot hold them all.
    """

    name: str
    requires: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.requires, str):
            raise ValueError(f"environment {self.name!r}: requires must be a list, found the text {self.requires!r}")
        object.__setattr__(self, "requires", tuple(self.requires))

    @property
    def digest(self) -> str:
        """sha256 of the requirements: a changed list is another environment."""
        return digest(list(self.requires))


def resolve(reference: str) -> Callable[..., Any]:
    """Return what ``package.module:attribute`` names, importing the module.

    Raises
    ------
    ImportError, AttributeError
        As Python raises them.
    """
    module, _, attribute = reference.partition(":")
    value: Any = importlib.import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return value  # type: ignore[no-any-return]


def read_toml(path: Path) -> tuple[list[Model], list[Environment]]:
    """Read ``[[model]]`` and ``[environments.NAME]`` entries of a TOML file.

    Raises
    ------
    AssayError
        If the file is not TOML or an entry has missing or unknown fields; it names the file and the entry.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise AssayError(f"{path}: cannot be read as TOML: {error}", "correct the file or move it away") from error
    unknown = sorted(set(document) - {"model", "environments"})
    if unknown:
        raise AssayError(f"{path}: unknown entry {unknown[0]!r}: expected [[model]] and [environments.NAME]")
    models = [_entry(Model, entry, f"{path}: model {entry.get('name', '?')!r}")
              for entry in _tables(document.get("model", []), f"{path}: expected [[model]], in double brackets")]
    named = document.get("environments", {})
    bodies = _tables(list(named.values()) if isinstance(named, dict) else [named],
                     f"{path}: expected [environments.NAME]")
    environments = [_entry(Environment, {"name": name, **entry}, f"{path}: environment {name!r}")
                    for name, entry in zip(named, bodies, strict=True)]
    return models, environments


def _tables(value: Any, expected: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise AssayError(f"{expected}, found {value!r}")
    return value


def _entry(kind: type[Any], entry: dict[str, Any], where: str) -> Any:
    known = [item.name for item in fields(kind)]
    unknown = sorted(set(entry) - set(known))
    if unknown:
        raise AssayError(f"{where}: unknown field {unknown[0]!r}", f"expected some of {', '.join(known)}")
    for item in fields(kind):
        expected = TOML_TYPES.get(str(item.type))
        if expected and item.name in entry and not isinstance(entry[item.name], expected[0]):
            raise AssayError(f"{where}: {item.name} must be {expected[1]}, found {entry[item.name]!r}")
    try:
        return kind(**entry)
    except (TypeError, ValueError) as error:
        raise AssayError(f"{where}: {error}") from error


def _replaced(value: Any, weights: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, weights) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, weights) for item in value]
    return weights if value == WEIGHTS else value
