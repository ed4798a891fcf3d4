"""A family of 60 benchmarks and 30 models, for the app at its largest; `fill` calculates a store."""

import math
import random

from assay import (
    Artefact,
    Bar,
    Benchmark,
    Case,
    Density,
    Histogram,
    Line,
    Metric,
    Model,
    Parity,
    PeriodicTable,
    Record,
    Table,
    View,
    benchmark,
    register_family,
    register_model,
)

CATEGORIES = ("Lattices", "Clusters", "Surfaces", "Defects", "Liquids", "Reactions")
ELEMENTS = ("H", "C", "N", "O", "Si", "Cu", "Au", "Na", "Cl", "Fe", "W", "Cs")
LEVELS = ("PBE", "CCSD(T)/CBS", "r2SCAN", "experiment", None)
PLOTS = (
    Parity("reference", "predicted", "eV", error="error"), Bar("deviation", "eV"),
    PeriodicTable("deviation", "eV"), Histogram("deviation", "eV"), Line("r", "curve", unit="eV", x_unit="Å"),
    Table(("reference", "predicted", "deviation")), Density("reference", "predicted", "eV"),
)
CASES = 10

register_family("big", presets={"materials": {"Lattices": 3.0, "Defects": 2.0, "Reactions": 0.0},
                                "reactivity": {"Reactions": 3.0, "Lattices": 0.0}})
for number in range(1, 31):
    register_model(Model(
        name=f"potential-{number:02d}", family="big", loader="assay_big:model",
        options={"seed": number, "spread": 0.02 * number}, licence="MIT",
        meta={"functional": ("pbe", "r2scan")[number % 2], "dispersion": ("none", "d3")[number % 3 == 0],
              "datasets": [("MPtrj", "OMat24")[number % 2]],
              "elements": list(ELEMENTS if number % 5 else ELEMENTS[:-2])}))


def model(device, seed, spread):
    """Return the error of a potential: (benchmark, case) -> eV."""
    return lambda name, case: random.Random(f"{seed} {name} {case}").gauss(0.3 * spread, spread)


class Big(Benchmark):
    """Energies of small molecules against a reference that is known."""

    def cases(self):
        for n in range(CASES):
            element = ELEMENTS[n % len(ELEMENTS)]
            yield Case(f"case-{n:02d}", {"n": n}, tags=(f"el:{element}", f"kind:{n % 2}"))

    def calc(self, error, case):
        n, element = case.inputs["n"], ELEMENTS[case.inputs["n"] % len(ELEMENTS)]
        deviation = error(self.name, case.id)
        r = [0.8 + 0.1 * i for i in range(20)]
        bond = 1.1 + 0.05 * n + 0.05 * deviation
        atoms = f'3\nenergy={-n - deviation} pbc="F F F"\n{element} 0 0 0\nO {bond} 0 0\nH {bond} 0.96 0.1\n'
        return Record(
            {"reference": -1.0 * n, "predicted": -n + deviation, "deviation": deviation, "error": 0.02,
             "r": r, "curve": [4 * (math.exp(-2 * (x - bond)) - 2 * math.exp(-(x - bond))) for x in r]},
            {"molecule": Artefact("structure", atoms.encode(), ".extxyz", f"{element}OH")})

    def supports(self, model):
        return "no periodic cells" if self.name.endswith("-09") and model.name.endswith("4") else None

    def analyse(self, records):
        errors = [record["deviation"] for record in records]
        return {"mae": sum(map(abs, errors)) / len(errors), "me": sum(errors) / len(errors)}


for number in range(60):
    name = f"big/test-{number:02d}"
    plot = PLOTS[number % len(PLOTS)]
    benchmark(type(f"Big{number:02d}", (Big,), {
        "__module__": __name__, "__doc__": Big.__doc__, "name": name, "title": f"Test {number:02d}",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "metrics": (Metric("mae", "eV", good=0.0, bad=0.8, level=LEVELS[number % len(LEVELS)],
                           tip="mean absolute error"),
                    Metric("me", "eV", good=0.0, bad=0.8, weight=0.0, tip="mean error")),
        "views": (View("mae", plot, "molecule"), View("me", Histogram("deviation", "eV"))),
        "citation": "Nobody (2026)", "licence": "CC0"}))


import assay_big.odd  # noqa: E402, F401  (importing it registers it)


def fill(folder, models=30, benchmarks=60, odd=False):
    """Calculate everything into a store; some cases fail, some pairs are left out."""
    from assay import Store
    from assay.core.registry import registry

    registry.load()
    names = [name for name in sorted(registry.benchmarks) if name.startswith("big/")][:benchmarks]
    entries = [entry for name, entry in sorted(registry.models.items()) if entry.family == "big"][:models]
    with Store(folder) as store:
        for name in names:
            for entry in entries:
                _fill_pair(store, registry.benchmark(name), entry)
        for name in ("odd/broken", "odd/unshown", "odd/curves", "odd/many") if odd else ():
            for model in ("odd-good", "odd-bad"):
                _fill_pair(store, registry.benchmark(name), registry.model(model))


def _fill_pair(store, item, entry):
    error, number = entry.load(), int(entry.name[-2:]) if entry.family == "big" else 0
    if number == 29 and item.name.endswith("7"):
        return
    for case in item.cases():
        reason = item.supports(entry)
        record = Record.skipped(reason) if reason else item.calc(error, case)
        if number in (7, 19) and case.id in ("case-03", "case-04"):
            record = Record.failed("ValueError: the series does not converge")
        store.add(item.name, item.version, entry.name, entry.digest, case, record, {"python": "3"}, 0.01)
