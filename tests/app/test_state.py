"""The query string and the state: there and back, and whatever anybody types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.app.state import Catalogue, State, format_state, parse

CATALOGUE = Catalogue(
    categories={"atoms": ("Bulk crystals", "Non-covalent"), "text": ("Commands",)},
    benchmarks={"atoms/s22": ("mae", "me"), "atoms/dcdft.v2": ("delta", "v0"), "text/shell": ("right",)},
    models=("chgnet-0.3.0", "chgnet-0.3.0+d3", "gfn2-xtb"),
    presets={"atoms": {"materials": {"Bulk crystals": 3.0}}})

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])


def table(names: list[str], values: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(st.sampled_from(names), values, max_size=3).map(lambda found: tuple(sorted(found.items())))


states = st.builds(
    State, family=st.just("atoms"), category=st.sampled_from(["", *CATALOGUE.categories["atoms"]]),
    b=st.just("atoms/s22"), metric=st.sampled_from(["", "mae", "me"]), m=st.sampled_from(["", *CATALOGUE.models]),
    compare=st.sampled_from(["", *CATALOGUE.models]), case=texts, artefact=texts, view=st.integers(0, 9),
    frame=st.integers(0, 999), opacity=st.integers(0, 100), cmap=st.sampled_from(["", "bwr", "00f [fff] f00"]),
    models=st.lists(st.sampled_from(["chgnet*", "*+d3", "gfn?-xtb"]), unique=True).map(tuple),
    without=st.lists(st.sampled_from(["H", "Cs", "W"]), unique=True).map(sorted).map(tuple),
    preset=st.sampled_from(["default", "materials"]), show=st.sampled_from(["score", "metric"]),
    panel=st.sampled_from(["", "scoring", "elements"]),
    weights=table(["Non-covalent", "atoms/s22", "atoms/s22.me", "atoms/dcdft.v2.v0"], numbers.map(abs)),
    thresholds=table(["atoms/s22.mae", "atoms/dcdft.v2.v0"], pairs))


@given(states)
def test_a_link_and_back_is_the_same_state(state: State) -> None:
    assert parse(format_state(state), CATALOGUE) == (state, [])


@given(st.text(max_size=200) | st.lists(st.tuples(
    st.sampled_from(["family", "b", "m", "view", "without", "models", "w.atoms/s22", "t.atoms/s22.mae", "x"]),
    texts)).map(lambda items: "&".join(f"{key}={value}" for key, value in items)))
def test_any_text_gives_a_state_that_links_to_itself(query: str) -> None:
    state, _ = parse(query, CATALOGUE)
    assert parse(format_state(state), CATALOGUE)[0] == state


@pytest.mark.parametrize(("query", "notice"), [
    ("category=Metals", "no category 'Metals'"),
    ("b=atoms/s23", "no benchmark 'atoms/s23' here: did you mean atoms/s22"),
    ("m=chgnet", "no model 'chgnet' here: did you mean chgnet-0.3.0"),
    ("t.atoms/s22.mae=1,1", "good and bad are both 1: they must differ"),
    ("t.atoms/s22.mae=1", "expected good,bad"),
    ("t.atoms/s22.mae=1,nan", "is not finite"),
    ("t.atoms/s22.rmse=1,2", "no threshold of 'atoms/s22.rmse'"),
    ("w.atoms/s22=-1", "a weight is 0 or more"),
    ("w.atoms/s22=heavy", "'heavy' is no number"),
    ("view=-1", "expected a whole number"),
    ("without=H,Unobtainium", "'Unobtainium' is no element"),
    ("models=mace*", "no model matches 'mace*'"),
    ("show=colours", "no show 'colours'"),
    ("colour=red", "unknown entry 'colour'"),
    ("family=text&category=Non-covalent", "the family text has no category"),
    ("b=atoms/s22&metric=delta", "atoms/s22 has no metric 'delta'"),
    ("case=" + "x" * 30_000, "expected at most 20000"),
])
def test_a_bad_value_is_ignored_and_said(query: str, notice: str) -> None:
    state, notices = parse(query, CATALOGUE)
    assert len(notices) == 1
    assert notice in notices[0]
    assert state.weights == state.thresholds == ()


def test_a_benchmark_whose_name_has_a_dot_keeps_its_metrics_apart() -> None:
    state, notices = parse("t.atoms/dcdft.v2.delta=1,9&w.atoms/dcdft.v2=2", CATALOGUE)
    assert not notices
    assert state.thresholds == (("atoms/dcdft.v2.delta", (1.0, 9.0)),)
    assert state.weights == (("atoms/dcdft.v2", 2.0),)


def test_the_preset_weighs_and_the_link_has_the_last_word() -> None:
    presets = CATALOGUE.presets["atoms"]
    assert State(preset="materials").scheme(presets).weights == {"Bulk crystals": 3.0}
    edited = State(preset="materials", weights=(("Bulk crystals", 0.0),))
    assert edited.scheme(presets).weights == {"Bulk crystals": 0.0}


def test_the_link_of_an_empty_state_is_a_question_mark() -> None:
    assert State().query == "?"
