"""A second family: a broken analysis, a benchmark without a plot, trajectories, a text, and many points."""

from assay import (
    Artefact,
    Benchmark,
    Case,
    Line,
    Metric,
    Model,
    Parity,
    Record,
    View,
    benchmark,
    register_family,
    register_model,
    register_page,
)

register_family("odd")
for name, shift in (("odd-good", 0.0), ("odd-bad", 1.0)):
    register_model(Model(name=name, family="odd", loader="assay_big.odd:shifted", options={"shift": shift}))
register_page("/odd", "About odd", "assay_big.odd:page")
register_page("/desk", "Desk", "assay_big.odd:desk")
register_page("/gone", "Gone", "assay_big.nowhere:page")


def shifted(device, shift):
    """Return the number that this model adds to everything."""
    return shift


def page():
    """Return a page of the family's own."""
    from dash import html

    return html.Div(html.H1("About odd things"))


def desk():
    """Return a page that answers by itself."""
    import flask

    blueprint = flask.Blueprint("desk", __name__)
    blueprint.add_url_rule("/", "root", lambda: "the desk")
    blueprint.add_url_rule("/echo", "echo", lambda: flask.request.get_json(), methods=["POST"])
    return blueprint


@benchmark
class Broken(Benchmark):
    """An analysis that divides by zero."""

    name, title, category = "odd/broken", "Broken analysis", "Trouble"
    metrics = (Metric("mae", "u", good=0, bad=1),)
    views = (View("mae", Parity("reference", "predicted", "u")),)

    def cases(self):
        return [Case(f"n-{n}") for n in range(4)]

    def calc(self, model, case):
        return Record({"reference": 1.0, "predicted": 1.0 + model})

    def analyse(self, records):
        return {"mae": 1 / 0}


@benchmark
class Unshown(Benchmark):
    """Numbers that no plot shows; all cases of the bad model fail."""

    name, title, category = "odd/unshown", "Without a plot", "Trouble"
    metrics = (Metric("me", "u", good=0, bad=1),)

    def cases(self):
        return [Case("only")]

    def calc(self, model, case):
        if model:
            return Record.failed("RuntimeError: no convergence after 100 steps")
        return Record({"x": model}, {"note": Artefact("text", b"<b>a note</b>\n", ".html", "the note")})

    def analyse(self, records):
        return {"me": 0.0}


@benchmark
class Curves(Benchmark):
    """Two atoms that part; every curve has its frames."""

    name, title, category = "odd/curves", "Curves", "Curves"
    metrics = (Metric("depth", "eV", good=0, bad=2, level="PBE"),)
    views = (View("depth", Line("r", "energy", unit="eV", x_unit="Å", reference="reference"), "frames"),)

    def cases(self):
        return [Case(f"{element}2", {"element": element}, (f"el:{element}",)) for element in ("H", "N", "O")]

    def calc(self, model, case):
        r = [0.7 + 0.2 * n for n in range(8)]
        energy = [(x - 1.2) ** 2 + model for x in r]
        one = case.inputs["element"]
        frames = "".join(f'2\nenergy={e} pbc="F F F"\n{one} 0 0 0\n{one} {x} 0 0\n'
                         for x, e in zip(r, energy, strict=True))
        return Record({"r": r, "energy": energy, "reference": [e - model for e in energy]},
                      {"frames": Artefact("trajectory", frames.encode(), ".extxyz", "the curve")})

    def analyse(self, records):
        return {"depth": min(records[0]["energy"])}


@benchmark
class Many(Benchmark):
    """More cases than a plot can draw as points."""

    name, title, category = "odd/many", "Many points", "Points"
    metrics = (Metric("mae", "u", good=0, bad=2),)
    views = (View("mae", Parity("reference", "predicted", "u")),)

    def cases(self):
        return [Case(f"n-{n:04d}", {"n": n}) for n in range(5200)]

    def calc(self, model, case):
        n = case.inputs["n"]
        return Record({"reference": n % 97 / 97, "predicted": n % 97 / 97 + model * (n % 13) / 13})

    def analyse(self, records):
        return {"mae": sum(abs(r["predicted"] - r["reference"]) for r in records) / len(records)}
