"""After the balance: drift, deviations, places and settings."""

import pytest
from domain_plans import plan

from tui.domain.after import (
    RELAXED,
    controller_settings,
    drift_band,
    judge_rest,
    places,
    reassembly,
    service_words,
)


@pytest.mark.parametrize(
    ("end_c", "hours", "seen_v"),
    [
        (10 / 280, 1 / 60, 3.526),
        (10 / 280, 24.0, 3.464),
        (2 / 280, 24.0, 3.50),
        (0.1 / 2240, 24.0, 3.477),  # seen after a full charge to 3.65 V
        (0.1 / 2240, 24.0, 3.54),
        (0.1 / 2240, 24.0, 3.35),
        (0.5, 1.0, 3.323),
    ],
)
def test_what_cells_do_at_rest_lies_in_the_band(end_c: float, hours: float, seen_v: float) -> None:
    band = drift_band(end_c, hours)
    assert band.low_v <= seen_v <= band.high_v
    assert "normal" in band.words


def test_the_band_sinks_with_time_and_with_the_rate_of_the_end() -> None:
    for rate, _ in RELAXED:
        highs = [drift_band(rate, hours).high_v for hours in (0.0, 0.01, 0.1, 1.0, 24.0, 200.0)]
        assert highs == sorted(highs, reverse=True)
    highs = [drift_band(rate, 1.0).high_v for rate in (1e-5, 0.002, 0.01, 0.05, 0.3, 1.0)]
    assert highs == sorted(highs, reverse=True)


def test_the_band_never_lies_above_the_target() -> None:
    for target_v in (3.50, 3.60, 3.65):
        assert drift_band(1e-5, 1.0, target_v).high_v == pytest.approx(target_v)
        assert drift_band(0.2, 24.0, target_v).high_v > drift_band(0.2, 24.0, target_v).low_v


WEEK = {
    "A1": [(1.0, 3.480), (25.0, 3.440), (170.0, 3.420)],
    "A2": [(1.0, 3.481), (25.0, 3.441), (170.0, 3.421)],
    "A3": [(1.0, 3.479), (25.0, 3.438), (170.0, 3.395)],
}


def test_a_cell_that_falls_away_between_day_1_and_day_7_is_suspect() -> None:
    found = {rest.label: rest for rest in judge_rest(WEEK)}
    assert found["A3"].verdict == "suspect" and "23 mV" in found["A3"].words
    assert found["A1"].verdict == found["A2"].verdict == "normal"
    assert found["A2"].deviations_v == pytest.approx((0.001, 0.001, 0.001))


def test_ten_millivolts_are_not_yet_suspect() -> None:
    steady = {"A1": [(24.0, 3.40), (168.0, 3.40)], "A2": [(24.0, 3.40), (168.0, 3.40)], "A3": [(24.0, 3.40), (168.0, 3.39)]}
    assert [rest.verdict for rest in judge_rest(steady)] == ["normal"] * 3


def test_drift_of_all_cells_together_is_normal_however_far() -> None:
    together = {name: [(1.0, 3.60), (24.0, 3.40), (168.0, 3.34)] for name in ("A1", "A2", "A3")}
    assert all(rest.verdict == "normal" for rest in judge_rest(together))


def test_a_cell_far_from_the_median_is_noted_before_the_week_is_over() -> None:
    found = judge_rest({"A1": [(1.0, 3.48)], "A2": [(1.0, 3.48)], "A3": [(1.0, 3.45)]})
    assert [rest.verdict for rest in found] == ["normal", "normal", "note"]
    assert "30 mV below" in found[2].words and "7 days" in found[2].words
    assert found[2].deviations_v[1:] == (None, None)


def test_a_cell_that_was_not_measured_is_unknown() -> None:
    found = judge_rest({"A1": [(24.0, 3.4)], "A2": [(24.0, 3.4)], "A3": []})
    assert found[2].verdict == "unknown" and found[2].deviations_v == (None, None, None)
    assert judge_rest({"A1": [(24.0, 3.4)]})[0].verdict == "unknown"
    assert judge_rest({}) == ()


def test_readings_far_from_a_mark_do_not_count_for_it() -> None:
    assert judge_rest({"A1": [(6.0, 3.4)], "A2": [(6.0, 3.4)]})[0].deviations_v == (None, None, None)


def test_every_cell_gets_one_place_and_neighbours_are_turned() -> None:
    found = places(plan())
    assert [place.name for place in found] == [f"S{k}" for k in range(1, 9)]
    assert [place.cells for place in found] == [(f"A{k}",) for k in range(1, 9)]
    assert [place.turned for place in found] == [False, True] * 4
    pairs = places(plan(16, pack="2P8S"))
    assert pairs[0].cells == ("A1", "A2") and len(pairs) == 8
    with pytest.raises(ValueError, match="cells"):
        places(plan(8, pack="16S"))


def test_the_battery_is_built_with_an_honest_torque() -> None:
    words = " ".join(reassembly(plan(), "M6"))
    assert "S1 A1; S2 A2" in words and "No cell maker's torque is known" in words and "4.5 to 6.3 N·m" in words
    assert "about 27 V" in words
    assert "S1 A1+A2" in " ".join(reassembly(plan(16, pack="2P8S")))


def test_the_charge_controller_stops_at_three_and_a_half_volts_a_cell() -> None:
    assert {row.series: row.pack_v for row in controller_settings(plan())} == {8: 28.0, 4: 14.0, 15: 52.5, 16: 56.0}
    assert controller_settings(plan())[0].series == 8
    assert controller_settings(plan(12))[0].pack_v == 42.0


@pytest.mark.parametrize(("service_v", "words"), [(None, "What is the highest"), (3.55, "as it should"), (3.65, "does not lie above")])
def test_the_target_is_compared_with_the_volts_in_service(service_v: float | None, words: str) -> None:
    assert words in service_words(plan(service_v=service_v))
