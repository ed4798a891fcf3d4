from assay.terminal.reported import series


def test_the_series_says_what_it_is_and_keeps_to_what_was_reported() -> None:
    found = series()
    assert found.label == "reported by the author, judged by hand, 2024"
    assert {(point.model, point.mode): point.value for point in found.points}[("Gemini 1.0 Pro", "fast")] == 0.84
    assert len(found.points) == 13
    assert found.mean_seconds == {"regular": 3.18, "fast": 1.61}


def test_intervals_say_that_84_and_78_cannot_be_told_apart() -> None:
    by_value = {point.value: point for point in series().points}
    high, low = by_value[0.84], by_value[0.78]
    assert (round(high.low, 2), round(high.high, 2)) == (0.74, 0.90)
    assert (round(low.low, 2), round(low.high, 2)) == (0.68, 0.85)
    assert low.high > high.low
