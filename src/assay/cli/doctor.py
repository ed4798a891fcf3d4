"""doctor: what this installation is like, and what to do where it is not well."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.core.registry import Registry
    from assay.core.store import Store

LITTLE_SPACE = 1e9  # bytes


@dataclass
class Check:
    """One thing looked at. What is optional and missing is ok, with a hint."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


@click.command(short_help="Check this installation and say what to do.")
@selectors.as_json
def doctor(as_json: bool) -> int:
    """Check this installation: python, torch, store, cache, mirror, sandbox, environments, plugins, changed benchmarks.

    Exit 1 if something is wrong; what is optional and missing is not wrong.
    """
    from assay.core.registry import registry

    checks = list(diagnosis(registry))
    ok = all(check.ok for check in checks)
    if as_json:
        output.document({"ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    return 0 if ok else 1


def diagnosis(registry: Registry) -> Iterator[Check]:
    """Look at everything in turn; what a look itself stumbles over is a failed check."""
    from assay.core.errors import AssayError, describe

    looks: tuple[tuple[str, Callable[[Registry], Iterator[Check]]], ...] = (
        ("python", _python), ("torch", _torch), ("store", _store), ("cache", _cache), ("mirror", _mirrors),
        ("sandbox", _sandbox), ("plugins", _plugins), ("environments", _environments), ("benchmarks", _benchmarks))
    for name, look in looks:
        try:
            yield from look(registry)
        except AssayError as error:
            yield Check(name, False, error.message, error.hint)
        except Exception as error:
            yield Check(name, False, describe(error), "ASSAY_DEBUG=1 assay doctor shows where")


def _python(registry: Registry) -> Iterator[Check]:
    import assay
    from assay.core import provenance

    commit = provenance.commit()
    version = f"{assay.__version__}, commit {commit}" if commit else assay.__version__
    yield Check("assay", True, f"{version}, {Path(assay.__file__).parent}")
    good = sys.version_info >= (3, 11)
    yield Check("python", good, f"{platform.python_version()}, {sys.executable}, {platform.system()} "
                                f"{platform.machine()}", "" if good else "assay needs Python 3.11 or newer")


def _torch(registry: Registry) -> Iterator[Check]:
    # The version alone says which build it is; importing torch takes seconds.
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("torch")
    except PackageNotFoundError:
        yield Check("torch", True, "not installed", "needed by networks: pip install 'assay[atoms]'")
        return
    build = "CPU build" if "+cpu" in number else "build with CUDA or of the platform's default"
    yield Check("torch", True, f"{number}, {build}")


def _store(registry: Registry) -> Iterator[Check]:
    from assay.core import config
    from assay.core.store import Store

    home = config.home()
    if not (home / "assay.db").exists():
        yield Check("store", True, f"{home}: nothing there yet", "assay demo or assay calc fills it")
        return
    with Store(home) as store:
        yield Check("store", True, f"{home}: {store.count()} records of {len(store.pairs())} pairs")
        yield from _changed(store, registry)


def _changed(store: Store, registry: Registry) -> Iterator[Check]:
    """Compare the source that made the records with the source there is now."""
    registry.load()
    changed = []
    for name in sorted({benchmark for benchmark, _ in store.pairs()} & set(registry.benchmarks)):
        item = registry.benchmarks[name]
        made_by = {store.provenance(sha).get("source")
                   for sha in {record.provenance for record in store.records(name, version=item.version)}}
        if made_by - {None, item.source_hash()}:
            changed.append(name)
    if changed:
        yield Check("benchmark source", False, f"changed without a new version since records were made: "
                                               f"{', '.join(changed)}",
                    "raise version in the benchmark if results may differ, or run again: assay calc --again all -b "
                    + " -b ".join(changed))
    else:
        yield Check("benchmark source", True, "as it was when the records were made")


def _cache(registry: Registry) -> Iterator[Check]:
    from assay.core import config

    for name, path in (("cache", config.cache()), ("results folder", config.home())):
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        writable, free = os.access(there, os.W_OK), shutil.disk_usage(there).free
        good = writable and free > LITTLE_SPACE
        yield Check(name, good, f"{path}: {free / 1e9:.0f} GB free" + ("" if writable else ", cannot be written"),
                    "" if good else "make room, or name another folder in ASSAY_CACHE or ASSAY_HOME")


def _mirrors(registry: Registry) -> Iterator[Check]:
    from assay.core import config

    mirrors = config.mirrors()
    missing = [str(path) for path in mirrors if not path.is_dir()]
    if not mirrors:
        rest = ", and ASSAY_OFFLINE forbids the web" if config.offline() else "; data comes from the cache or the web"
        yield Check("mirror", True, f"none{rest}", "ASSAY_MIRROR names folders that hold reference data")
    else:
        yield Check("mirror", not missing, ", ".join(map(str, mirrors)),
                    f"no such folder: {', '.join(missing)}" if missing else "")


def _sandbox(registry: Registry) -> Iterator[Check]:
    from assay.terminal import sandbox

    reason = sandbox.available()
    yield Check("sandbox", True, reason or "bubblewrap works: commands can be tried and judged",
                "without it assay try and terminal/commands say not checked" if reason else "")


def _plugins(registry: Registry) -> Iterator[Check]:
    registry.load()
    for distribution, reason in registry.broken:
        yield Check(f"plugin {distribution}", False, reason, "repair or uninstall it; it is left out until then")
    yield Check("registry", True, f"{len(registry.benchmarks)} benchmarks and {len(registry.models)} models of "
                                  f"{', '.join(registry.family_names())}")


def _environments(registry: Registry) -> Iterator[Check]:
    from assay.flow import environment

    registry.load()
    for item in registry.environments.values():
        ready = environment.ready(item)
        yield Check(f"environment {item.name}", True, "built" if ready else "not built yet",
                    "" if ready else f"built at first use: {', '.join(item.requires)}")


def _benchmarks(registry: Registry) -> Iterator[Check]:
    """Say for which benchmarks the data is not here; that is no fault."""
    from assay.core import config

    registry.load()
    here = [path for path in (*config.mirrors(), config.cache() / "data") if path.is_dir()]
    wanting = [name for name, item in sorted(registry.benchmarks.items())
               if any(not _at_hand(item.data[data_name], data_name, here) for data_name in item.data)]
    yield Check("reference data", True, f"not here yet for {', '.join(wanting)}" if wanting else "all at hand",
                "assay download fetches it" if wanting else "")


def _at_hand(item: object, name: str, folders: list[Path]) -> bool:
    from assay.core.data import RemoteSet

    if isinstance(item, RemoteSet):
        names = [item.name, f"{item.name}-{item.digest[:12]}"]
        return any((folder / part / path).is_file() for folder in folders for part in names
                   for path in list(item.files)[:1])
    sha, basename = getattr(item, "sha256", ""), getattr(item, "url", "").rsplit("/", 1)[-1]
    return any((folder / part / basename).is_file() for folder in folders for part in (name, sha[:12]))


def _print(checks: list[Check]) -> None:
    table = output.table("", "", "looked at", "~found", "~what to do")
    for check in checks:
        mark = output.styled("✓", "green") if check.ok else output.styled("✗", "bold red")
        table.add_row(mark, check.name, check.detail, check.hint)
    failed = sum(not check.ok for check in checks)
    output.show(table, "All is well." if not failed else f"{failed} of {len(checks)} checks failed.")
