"""Every kind of plot, drawn from records: the right points, each of which leads to its case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay import (
    Bar,
    Benchmark,
    Density,
    Embedding,
    Histogram,
    ImageGrid,
    Line,
    Metric,
    Parity,
    PeriodicTable,
    StoredRecord,
    Table,
    View,
)
from assay.app.figures import DRAW, MANY, figure
from assay.app.figures.images import MOST
from assay.app.palette import DARK, LIGHT
from assay.core.record import ArtefactRef


class Demo(Benchmark):
    """A benchmark to draw."""

    name, title = "demo/plots", "Plots"
    metrics = (Metric("mae", "eV", 0, 1),)


def record(case: str, model: str = "m", **values: Any) -> StoredRecord:
    tags = (f"el:{case}",) if case.isalpha() else ()
    return StoredRecord(case, "demo/plots", 1, model, "", case, tags, "ok", "", values,
                        {"picture": ArtefactRef("image", "0" * 64, ".png", "a picture")}, 0.1, "", 0.0)


RECORDS = [record("H", x=-1.0, y=-1.1, error=0.1, r=[1.0, 2.0, 3.0], e=[0.5, -1.0, 0.0], ref=[0.4, -1.1, 0.0], g="a"),
           record("Cu", x=2.0, y=2.2, error=0.1, r=[1.0, 2.0], e=[0.1, 0.2], g="b")]


def points(drawn: Any) -> list[list[Any]]:
    """Return every [case, model] of a figure, as its JSON has it."""
    found: list[list[Any]] = []

    def walk(item: Any) -> None:
        if isinstance(item, list) and len(item) >= 2 and isinstance(item[0], str):
            found.append(item[:2])
        elif isinstance(item, list):
            for part in item:
                walk(part)

    for trace in json.loads(drawn.to_json())["data"]:
        walk(trace.get("customdata") or [])
    return found


def draw(plot: Any, samples: Any = None, **more: Any) -> Any:
    return figure(Demo(), View("mae", plot), samples or {"m": RECORDS}, **more)


@pytest.mark.parametrize("plot", [
    Parity("x", "y", "eV", error="error"), Parity(("x", "x"), ("y", "error")), Bar("y", "eV"), Density("x", "y"),
    Histogram("y", "eV"), Embedding("x", "y", "g"), PeriodicTable("y", "eV"), Table(("x", "y")),
    ImageGrid("picture"), Line("r", "e", unit="eV", x_unit="Å", reference="ref"), Line("x", "y", group="g")])
@pytest.mark.parametrize("dark", [False, True])
def test_every_plot_leads_to_its_cases(plot: Any, dark: bool) -> None:
    drawn = draw(plot, selected="Cu", dark=dark)
    assert {tuple(point) for point in points(drawn)} == {("H", "m"), ("Cu", "m")}
    assert drawn.layout.font.color == (DARK if dark else LIGHT).ink


@pytest.mark.parametrize("plot", [Parity("x", "y"), Bar("y"), Histogram("y"), Line("r", "e"), Embedding("x", "y"),
                                  PeriodicTable("y"), Density("x", "y"), Table(("x",)), ImageGrid("picture")])
def test_no_record_or_none_with_the_value_is_an_empty_plot(plot: Any) -> None:
    assert points(draw(plot, {"m": []})) == []
    named = points(draw(plot, {"m": [record("1", other=1.0)]}))
    assert named == ([["1", "m"]] if isinstance(plot, (Table, ImageGrid)) else [])


def test_all_kinds_of_plot_are_drawn() -> None:
    from typing import get_args

    from assay.core.plot import Plot

    assert set(DRAW) == set(get_args(Plot))


def test_parity_has_the_points_the_line_and_the_errors() -> None:
    line, dots = draw(Parity("x", "y", "eV", error="error")).data
    assert list(dots.x) == [-1.0, 2.0]
    assert list(dots.y) == [-1.1, 2.2]
    assert list(dots.error_x.array) == [0.1, 0.1]
    assert list(line.x) == list(line.y)
    assert line.x[0] < -1.1
    assert line.x[1] > 2.2


def test_parity_has_one_range_unless_that_would_crowd_all_points_at_an_edge() -> None:
    layout = draw(Parity("x", "y")).layout
    assert layout.xaxis.range == layout.yaxis.range
    crowded = draw(Parity("x", "y"), {"m": [record("1", x=0.01, y=0.2), record("2", x=0.05, y=0.9)]}).layout
    assert crowded.xaxis.range[0] < 0.01 < 0.05 < crowded.xaxis.range[1] < 0.06
    assert crowded.yaxis.range[0] < 0.2 < 0.9 < crowded.yaxis.range[1]
    alone = draw(Parity("x", "y"), {"m": [record("1", x=1.0, y=1.1)]}).layout
    assert alone.xaxis.range[0] < 1.0 < alone.xaxis.range[1]


def test_an_image_grid_has_a_picture_for_each_case_and_frames_the_selected_one() -> None:
    drawn = draw(ImageGrid("picture"), selected="Cu")
    assert [image.source for image in drawn.layout.images] == ["/artefact/" + "0" * 64] * 2
    centres = drawn.data[0]
    assert [(image.x, image.y) for image in drawn.layout.images] == list(zip(centres.x, centres.y, strict=True))
    frame, = drawn.layout.shapes
    assert (frame.x0 + frame.x1, frame.y0 + frame.y1) == (2 * centres.x[1], 2 * centres.y[1])
    assert points(draw(ImageGrid("other"))) == []


def test_an_image_grid_of_heatmaps_asks_for_overlays_and_says_what_it_leaves_out() -> None:
    many = [record(f"{n:04d}", mass=0.5) for n in range(MOST + 10)]
    for one in many:
        one.artefacts["picture"] = ArtefactRef("heatmap", "1" * 64, ".npz", "relevance")
    drawn = draw(ImageGrid("picture"), {"m": many})
    assert {image.source for image in drawn.layout.images} == {
        f"/artefact/{'1' * 64}/image.png?what=overlay&alpha=0.6"}
    assert len(drawn.layout.images) == len(set(zip(drawn.data[0].x, drawn.data[0].y, strict=True))) == MOST
    assert f"the first {MOST} of {MOST + 10}" in drawn.layout.annotations[0].text


def test_two_models_stand_side_by_side() -> None:
    drawn = draw(Parity("x", "y"), {"m": RECORDS, "other": [record("H", "other", x=1.0, y=3.0)]})
    assert ["H", "other"] in points(drawn)
    assert drawn.layout.showlegend


def test_the_selected_case_is_marked() -> None:
    _, dots = draw(Parity("x", "y"), selected="Cu").data
    assert dots.marker.size[1] > dots.marker.size[0]


def test_many_points_become_a_density_with_binary_arrays() -> None:
    many = [record(str(n), x=n % 100 / 10, y=n % 90 / 10) for n in range(MANY + 1)]
    drawn = draw(Parity("x", "y", "eV"), {"m": many})
    assert {trace.type for trace in drawn.data} == {"heatmap", "scatter"}
    document = drawn.to_json()
    assert '"bdata"' in document
    assert len(document) < 600_000
    cases = {case for case, _ in points(drawn)}
    assert cases <= {one.case for one in many}


def test_a_wall_does_not_flatten_the_well() -> None:
    r = [0.5 + 0.1 * n for n in range(30)]
    wall = record("H", r=r, e=[1e4 if x < 0.7 else (x - 1.5) ** 2 - 1 for x in r])
    low, high = draw(Line("r", "e"), {"m": [wall]}).layout.yaxis.range
    assert low < -1
    assert high < 100


def test_the_periodic_table_puts_elements_in_their_places() -> None:
    heat = draw(PeriodicTable("y", "eV")).data[0]
    assert heat.z[0][0] == -1.1
    assert heat.z[3][10] == 2.2
    assert heat.customdata[3][10] == ["Cu", "m", "Cu"]


def test_bright_is_good_in_the_periodic_table() -> None:
    class HighIsGood(Demo):
        metrics = (Metric("mae", "eV", 1, 0),)

    view, samples = View("mae", PeriodicTable("y", "eV")), {"m": RECORDS}
    low, high = figure(Demo(), view, samples), figure(HighIsGood(), view, samples)
    assert low.data[0].reversescale
    assert not high.data[0].reversescale
    inks = [{note.text: note.font.color for note in drawn.layout.annotations}["Cu"] for drawn in (low, high)]
    assert inks == ["#ffffff", "#111111"]
