"""What a benchmark declares is checked when it is declared; what its cases raise is told with its name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Bar, Benchmark, Case, Metric, Remote, View
from assay.core.benchmark import check_declaration

MAE = Metric("mae", "eV", good=0.0, bad=1.0)


class Plain(Benchmark):
    name = "lab/plain"
    metrics = (MAE,)
    data = {"numbers": Remote("https://toy.invalid/numbers.txt", "0" * 64)}
    given: Any = ()

    def cases(self) -> Any:
        yield from self.given


@pytest.mark.parametrize("name", ["", "plain", "lab/", "/plain", "lab/plain/deep"])
def test_the_name_is_family_and_word(name: str) -> None:
    with pytest.raises(AssayError, match="name must be 'family/word'") as caught:
        check_declaration(type("Odd", (Plain,), {"name": name}))
    assert "Odd" in caught.value.message


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(AssayError, match=r"lab/plain.*metric names must differ.*mae, mae"):
        check_declaration(type("Odd", (Plain,), {"metrics": (MAE, MAE)}))


def test_a_view_names_a_metric_that_there_is() -> None:
    with pytest.raises(AssayError, match=r"lab/plain.*'maes'") as caught:
        check_declaration(type("Odd", (Plain,), {"views": (View("maes", Bar("x")),)}))
    assert caught.value.hint == "did you mean mae?"
    check_declaration(type("Fine", (Plain,), {"views": (View("mae", Bar("x")),)}))


def test_the_family_is_the_part_before_the_slash() -> None:
    assert Plain().family == "lab"


def test_two_cases_of_one_id_are_a_usage_error_that_names_both() -> None:
    item = Plain()
    item.given = [Case("a"), Case("b"), Case("a")]
    with pytest.raises(AssayError, match="lab/plain: case id 'a' occurs twice") as caught:
        item.checked_cases()
    assert caught.value.code == 2


@pytest.mark.parametrize(("error", "code", "text"), [
    (KeyError("structures"), 3, "lab/plain: its cases cannot be had: KeyError: 'structures'"),
    (AssayError("odd file"), 3, "lab/plain: its cases cannot be had: AssayError: odd file"),
    (AssayError("numbers.txt: not found", "fetch it", 3), 3, "numbers.txt: not found"),
])
def test_whatever_the_cases_raise_is_an_error_of_the_data(error: Exception, code: int, text: str) -> None:
    def broken() -> Any:
        yield Case("a")
        raise error

    item = Plain()
    item.given = broken()
    with pytest.raises(AssayError) as caught:
        item.checked_cases()
    assert (caught.value.code, caught.value.message) == (code, text)


def test_a_data_set_that_is_not_declared_gets_near_names() -> None:
    with pytest.raises(AssayError, match="lab/plain: no data set named 'number'") as caught:
        Plain().path("number")
    assert caught.value.hint == "did you mean numbers?"


def test_a_worker_finds_the_class_by_its_reference() -> None:
    assert Plain.reference() == f"{__name__}:Plain"


def test_the_source_hash_is_that_of_the_file() -> None:
    assert Plain.source_hash() == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def test_a_class_without_a_file_has_a_hash_too() -> None:
    space: dict[str, Any] = {"Benchmark": Benchmark, "__name__": "nowhere"}
    exec("class Typed(Benchmark):\n    name = 'lab/typed'\n", space)
    assert len(space["Typed"].source_hash()) == 64
    assert space["Typed"].source_hash() == space["Typed"].source_hash()


def test_every_model_is_supported_unless_the_benchmark_says_otherwise() -> None:
    assert Plain().supports(None) is None  # type: ignore[arg-type]
