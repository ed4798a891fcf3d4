"""Which benchmarks, models and cases a command means: the same globs on every verb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.benchmark import Benchmark
from assay.core.errors import NOTHING, AssayError, did_you_mean
from assay.core.model import Model
from assay.core.record import Case
from assay.core.registry import Registry, matching


@dataclass(frozen=True)
class Selection:
    """Globs on whole names; an empty tuple selects everything (of models: those without an environment).

    Parameters
    ----------
    benchmarks, models, categories, cases : tuple of str
        Globs.
    limit : int, optional
        The first so many cases of each benchmark.
    full : bool
        Also cases tagged ``full``; naming them in `cases` has the same effect.
    """

    benchmarks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    limit: int | None = None
    full: bool = False

    def find_benchmarks(self, registry: Registry) -> list[Benchmark]:
        """Return the selected benchmarks.

        Raises
        ------
        AssayError
            Exit code 5 if a glob matches nothing.
        """
        names = _found("benchmark", self.benchmarks, sorted(registry.benchmarks), {})
        every = {registry.benchmarks[name].category for name in names}
        categories = _found("category", self.categories, sorted(every), {})
        return [item() for name in names if (item := registry.benchmarks[name]).category in categories]

    def find_models(self, registry: Registry) -> list[Model]:
        """Return the selected models; without a glob those that need no environment of their own.

        A model whose entry says ``meta.on_request`` is only found by a glob: a question to it may cost money.

        Raises
        ------
        AssayError
            Exit code 5 if a glob matches nothing; it says why a model does not exist where that is known.
        """
        names = _found("model", self.models, sorted(registry.models), registry.refused)
        models = [registry.models[name] for name in names]
        return models if self.models else [model for model in models
                                           if model.environment is None and not model.meta.get("on_request")]

    def find_pairs(self, registry: Registry) -> Iterator[tuple[Benchmark, Model]]:
        """Yield the selected (benchmark, model) pairs of one family, without derived benchmarks and imported models.

        Raises
        ------
        AssayError
            Exit code 5 if there is none.
        """
        benchmarks, models = self.find_benchmarks(registry), self.find_models(registry)
        pairs = [(b, m) for b in benchmarks for m in models if b.family == m.family and not b.derived]
        # Results of an imported model came with it: a run would write over what it cannot make again.
        pairs, imported = [pair for pair in pairs if not pair[1].meta.get("imported")], bool(pairs)
        if imported and not pairs:
            raise AssayError("only imported results selected: there is nothing to compute", "assay analyse shows them",
                             NOTHING)
        if not pairs:
            families = sorted({b.family for b in benchmarks}), sorted({m.family for m in models})
            raise AssayError(f"no benchmark and model of one family selected: benchmarks of {', '.join(families[0])}, "
                             f"models of {', '.join(families[1])}", "see assay list", NOTHING)
        yield from pairs

    def find_cases(self, benchmark: Benchmark) -> list[Case]:
        """Return the benchmark's selected cases; the globs may match none of them."""
        cases = benchmark.checked_cases()
        if self.cases:
            wanted = set(matching((case.id for case in cases), self.cases))
            cases = [case for case in cases if case.id in wanted]
        elif not self.full:
            cases = [case for case in cases if not case.full]
        return cases[: self.limit]


def _found(what: str, globs: tuple[str, ...], names: list[str], refused: dict[str, str]) -> list[str]:
    for glob in globs:
        if not matching(names, [glob]):
            if glob in refused:
                raise AssayError(f"no {what} {glob!r}: {refused[glob]}", code=NOTHING)
            raise AssayError(f"no {what} matches {glob!r}", did_you_mean(glob, names) or "see assay list", NOTHING)
    return matching(names, globs) if globs else names
