"""Plots are plain data: they can be compared, kept as keys, and name only keys of a record's values."""

from __future__ import annotations

import dataclasses
import typing

import pytest

import assay
from assay.core import plot

PLOTS = typing.get_args(plot.Plot)


@pytest.mark.parametrize("kind", PLOTS)
def test_every_plot_is_frozen_and_offered_by_the_package(kind: type) -> None:
    assert getattr(assay, kind.__name__) is kind
    required = [item.name for item in dataclasses.fields(kind)
                if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING]
    one, other = (kind(*required) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(kind)[0].name, "other")


def test_a_view_ties_a_metric_to_a_plot_and_an_artefact() -> None:
    view = assay.View("mae", plot.Parity("reference", "predicted", "eV", error="error"), artefact="structure")
    assert (view.metric, view.plot.y, view.artefact) == ("mae", "predicted", "structure")
    assert assay.View("mae", plot.Bar("x")).artefact is None
