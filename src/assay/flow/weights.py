"""Weights files that do not come with a package: found in a mirror, the cache or at their URL, or clearly missed."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

from assay.core import config, data
from assay.core.errors import DATA, AssayError, LoadError, describe
from assay.core.model import Model, resolve
from assay.core.record import digest
from assay.core.registry import registry


def locate(model: Model) -> Path | None:
    """Return the local weights file, None if the model needs none.

    A file without a known sha256, or of which only the first digits are known, has its hash recorded at first use
    and is checked against it ever after.

    Raises
    ------
    LoadError
        If no place has the file with the right hash: name, URL, and where a local file may be put. Its exit code is
        3 where there is a file and its hash is wrong.
    """
    if not model.needs_weights:
        return None
    if not model.url:
        raise LoadError(f"model {model.name}: an option asks for weights, and the entry has no url")
    file, places = _file(model), _places(model)
    try:
        known = model.sha256 or ""
        expected = known if len(known) == 64 else recorded(file) or known
        if expected:
            data.fetch_file(file, expected, model.url, f"{_owner(model)}/{file.name}")
            if len(expected) < 64:
                _sum(file).write_text(_hash(file) + "\n", encoding="utf-8")
            return file
        found = next((place for place in places if place.is_file()), None)
        if found is not None:
            data.fetch_file(file, _hash(found), model.url, f"{_owner(model)}/{file.name}")
        elif config.offline():
            raise OSError("not asked, ASSAY_OFFLINE is set")
        else:
            data.download(model.url, file, None)
        _sum(file).write_text(_hash(file) + "\n", encoding="utf-8")
        return file
    except Exception as error:
        missing = LoadError(f"model {model.name}: weights {file.name} are not at hand\n  expected from: {model.url}\n"
                            f"  found: {error.message if isinstance(error, AssayError) else describe(error)}",
                            f"put the file at {file}, or at {_owner(model)}/{file.name} below a mirror")
        # What was looked at is in the message, a URL's file too: with its sha256, where there was a file.
        wrong = re.search("sha256 [0-9a-f]{64}", missing.message) or any(place.is_file() for place in places)
        missing.code = DATA if wrong else missing.code
        raise missing from error


def available(model: Model) -> tuple[bool, str]:
    """Return whether the model can be tried, and why not or what happens first; opens no socket."""
    if model.meta.get("imported"):
        return False, "imported: its results are here to be read, nothing can be computed with it"
    if model.needs_weights and not any(place.is_file() for place in _places(model)):
        return False, f"weights {_file(model).name} are not at hand; they come from {model.url}"
    if model.environment is not None:
        return True, f"runs in the environment {model.environment}, built at first use"
    modules = [model.loader.partition(":")[0].partition(".")[0], *model.meta.get("requires", [])]
    lacking = [name for name in modules if importlib.util.find_spec(name) is None]
    if lacking:
        extra = model.meta.get("extra", model.family)
        return False, f"needs {', '.join(lacking)}: pip install 'assay[{extra}]'"
    family = registry.families.get(model.family)
    reason = resolve(family.unavailable)(model) if family and family.unavailable else None
    return not reason, reason or ""


def recorded(file: Path) -> str | None:
    """Return the sha256 that a weights file had when it was first used, None before."""
    return _sum(file).read_text(encoding="utf-8").strip() if _sum(file).is_file() else None


def _file(model: Model) -> Path:
    # Kept by where it comes from: a corrected model and its base are two models of one file.
    return config.cache() / "weights" / digest([model.url, model.sha256])[:12] / data.file_name(model.url)


def _owner(model: Model) -> str:
    """Return the name under which a mirror has the file: that of the base, where the model is made of another."""
    return str(model.meta.get("base", model.name))


def _places(model: Model) -> list[Path]:
    file = _file(model)
    return [*(mirror / _owner(model) / file.name for mirror in config.mirrors()), file]


def _sum(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
