"""Judging cells: the worst first, who lies apart and why, and silence where the volts tell nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulated import lfp
from tui.domain.judge_words import left_out_words, report, value_words
from tui.domain.judging import Judged, MeasuredCell, doubted, judge
from tui.domain.rest_curve import charges_at, flat, knee_v, loss, step_of
from tui.domain.robust import usual
from tui.domain.self_discharge import RestReading, falls, with_steps


def rested(label: str, *volts: tuple[float, float], charge: str = "s1", **values: object) -> MeasuredCell:
    return MeasuredCell(label, rests=tuple(RestReading(charge, hours, value) for hours, value in volts), **values)  # type: ignore[arg-type]


def bank(*last_v: float) -> list[MeasuredCell]:
    """Cells that stood at 3.480 V after a day, and at these volts after a week."""
    return [rested(f"A{at}", (24, 3.480), (168, value), capacity_ah=280.0) for at, value in enumerate(last_v, 1)]


def row_of(found, label: str) -> Judged:
    return next(row for row in found.rows if row.label == label)


# --- the curve -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "which"), [("A", 0), ("B", 1)])
@pytest.mark.parametrize("soc", [0.3, 0.6, 0.985, 0.992, 0.995, 0.998, 1.0])
def test_the_curves_are_those_of_real_cells(name, which, soc):
    assert charges_at(lfp.table(name).ocv_v(soc))[which] == pytest.approx(soc, abs=0.02 if soc < 0.9 else 0.0005)


@given(first_v=st.floats(3.36, 3.65), second_v=st.floats(3.36, 3.65), step_v=st.sampled_from([0.0001, 0.001, 0.01]))
def test_a_loss_holds_its_middle_and_a_coarser_meter_widens_it(first_v, second_v, step_v):
    high_v, low_v = max(first_v, second_v), min(first_v, second_v)
    fine, coarse = loss(high_v, low_v, step_v, step_v), loss(high_v, low_v, 2 * step_v, 2 * step_v)
    assert fine is not None and coarse is not None
    assert fine.high is not None and coarse.high is not None
    assert fine.low <= max(0.0, fine.middle) + 1e-12 <= fine.high + 2e-12
    assert coarse.low <= fine.low + 1e-12 and fine.high <= coarse.high + 1e-12


@pytest.mark.parametrize("which", [0, 1])
def test_the_true_loss_lies_in_the_range_by_either_cell(which):
    table = lfp.table("AB"[which])
    found = loss(round(table.ocv_v(0.998), 3), round(table.ocv_v(0.9945), 3), 0.001, 0.001)
    assert found is not None and found.high is not None
    assert 0.99 * found.low <= 0.0035 <= 1.01 * found.high  # straight lines between the points of a table cost a little


def test_on_the_flat_part_volts_tell_nothing():
    assert flat(3.330, 0.001) and flat(3.280, 0.0001) and not flat(3.40, 0.001)
    assert loss(3.330, 3.325, 0.001, 0.001) is None
    ended = loss(3.45, 3.335, 0.001, 0.001)
    assert ended is not None and ended.high is None and ended.low > 0.005
    assert knee_v(0.01) > knee_v(0.001)


def test_the_step_of_a_meter_is_told_by_its_decimals():
    assert step_of([3.45, 3.446, 3.4]) == pytest.approx(0.001)
    assert step_of([3.45, 3.4]) == pytest.approx(0.01)
    assert step_of([3.451234567]) == pytest.approx(0.0001)
    assert step_of([]) == step_of([3.0]) == pytest.approx(0.1)


# --- self-discharge --------------------------------------------------------------------------------------------


def test_falls_are_found_at_one_seven_and_thirty_days():
    rows = [RestReading("s1", hours, volts) for hours, volts in ((1.0, 3.52), (23.0, 3.48), (160.0, 3.46), (700.0, 3.43))]
    found = falls(with_steps({"A1": rows})["A1"])
    assert {mark: (fall.from_h, fall.to_h) for mark, fall in found.items()} == {1: (1.0, 23.0), 7: (23.0, 160.0), 30: (23.0, 700.0)}
    assert found[7].fall_v == pytest.approx(0.02)
    assert found[7].uncertainty_v == pytest.approx(0.01)  # three decimals were never typed
    fine = falls(with_steps({"A1": rows}, step_v=0.001)["A1"])
    assert fine[7].uncertainty_v == pytest.approx(0.001)


def test_readings_after_different_charges_are_never_compared():
    cell = MeasuredCell("A1", rests=(RestReading("s1", 24, 3.48), RestReading("s2", 168, 3.46)))
    found = judge([cell], "self-discharge")
    assert not found.rows
    assert "measure a day after it" in found.left_out[0].reason


def test_a_leaking_cell_is_named_with_its_reason():
    found = judge(bank(3.462, 3.460, 3.459, 3.461, 3.372, 3.463, 3.460, 3.461), "self-discharge")
    assert found.mark_d == 7
    assert [row.label for row in found.outliers] == ["A5"]
    assert row_of(found, "A5").rank == 1
    words = row_of(found, "A5").words
    assert "108 ± 1 mV" in words and "day 1 to day 7" in words and "median of all 20 mV" in words and "mA" in words


def test_a_cell_on_the_flat_part_is_known_to_have_lost_at_least_so_much():
    found = judge(bank(3.462, 3.460, 3.459, 3.461, 3.335, 3.463), "self-discharge")
    assert [row.label for row in found.outliers] == ["A5"]
    assert value_words(row_of(found, "A5"), "self-discharge").startswith("≥")
    assert "at least" in row_of(found, "A5").words


def test_cells_that_never_stood_above_the_knee_are_left_out_by_name():
    cells = [*bank(3.462, 3.460, 3.459, 3.461), rested("B1", (24, 3.331), (168, 3.329))]
    found = judge(cells, "self-discharge")
    assert "B1" not in [row.label for row in found.rows]
    assert [cell.label for cell in found.left_out] == ["B1"]
    assert "tell nothing" in found.left_out[0].reason and "3.331 V" in found.left_out[0].reason


def test_a_fall_within_the_steps_of_the_meter_condemns_nobody():
    cells = [rested(f"A{at}", (24, 3.48), (168, value)) for at, value in enumerate([3.47, 3.47, 3.47, 3.46, 3.47], 1)]
    found = judge(cells, "self-discharge")
    assert not found.outliers
    assert any("no more than the meter can show" in note for note in found.notes)


def test_the_first_day_is_a_hint_only():
    cells = [rested(f"A{at}", (1, 3.52), (24, value)) for at, value in enumerate([3.481, 3.482, 3.480, 3.483, 3.346], 1)]
    found = judge(cells, "self-discharge")
    assert found.mark_d == 1
    assert not found.outliers
    assert row_of(found, "A5").level == "note" and "hint" in row_of(found, "A5").words
    assert "coming to rest" in found.notes[0]
    assert "month" not in value_words(row_of(found, "A5"), "self-discharge")


def test_a_whole_lot_that_leaks_is_told_though_none_lies_apart():
    cells = [rested(f"A{at}", (24, 3.480), (720, 3.480 - 0.130 + 0.001 * at), capacity_ah=280.0) for at in range(5)]
    slow = judge(cells, "self-discharge")
    assert not slow.outliers
    fast = judge([rested(f"A{at}", (24, 3.480), (72, 3.350 + 0.001 * at)) for at in range(5)], "self-discharge")
    assert len(fast.outliers) == 5
    assert "makers allow" in fast.rows[0].words


def test_the_days_can_be_chosen_and_what_is_missing_is_told():
    cells = [rested("A1", (1, 3.52), (24, 3.48), (168, 3.46)), rested("A2", (1, 3.52), (24, 3.48))]
    assert {row.label for row in judge(cells, "self-discharge", days=1).rows} == {"A1", "A2"}
    week = judge(cells, "self-discharge", days=7)
    assert [row.label for row in week.rows] == ["A1"]
    assert "day 7, but of day 1" in week.left_out[0].reason
    with pytest.raises(ValueError, match="not after 5"):
        judge(cells, "self-discharge", days=5)


def test_a_rising_cell_is_asked_about():
    found = judge(bank(3.462, 3.460, 3.459, 3.461, 3.490), "self-discharge")
    assert "rose by 10 mV" in row_of(found, "A5").words


# --- capacity and resistance -----------------------------------------------------------------------------------


def measured(*values: float | None, kind: str = "LF280K", **more: object) -> list[MeasuredCell]:
    return [MeasuredCell(f"A{at}", kind, capacity_ah=value, **more) for at, value in enumerate(values, 1)]  # type: ignore[arg-type]


def test_a_small_cell_is_an_outlier_and_a_large_one_a_question():
    found = judge(measured(280.1, 279.6, 280.4, 262.0, 280.0, 299.0, 279.9, None), "capacity")
    assert [row.label for row in found.rows] == ["A4", "A2", "A7", "A5", "A1", "A3", "A6"]
    assert [row.label for row in found.outliers] == ["A4"]
    assert "18.0 Ah (6 %) below the median of 280.0 Ah" in found.outliers[0].words
    assert row_of(found, "A6").level == "note" and "same way" in row_of(found, "A6").words
    assert [(cell.label, cell.reason) for cell in found.left_out] == [("A8", "no measured capacity")]


def test_resistance_ranks_the_highest_first():
    cells = [MeasuredCell(f"A{at}", resistance_mohm=value) for at, value in enumerate([0.18, 0.17, 0.31, 0.19, 0.18], 1)]
    found = judge(cells, "resistance")
    assert found.rows[0].label == "A3" and [row.label for row in found.outliers] == ["A3"]
    assert "0.130 mΩ (72 %) above" in found.outliers[0].words


def test_equal_values_make_no_small_difference_an_outlier():
    assert not judge(measured(280.0, 280.0, 280.0, 280.0, 279.0), "capacity").outliers


def test_a_bad_cell_does_not_hide_behind_another():
    assert {row.label for row in judge(measured(280, 280.4, 279.8, 280.1, 279.9, 250, 245), "capacity").outliers} == {"A6", "A7"}


def test_cells_are_compared_within_their_kind():
    cells = [*measured(280, 281, 279, 280), *(MeasuredCell(f"B{at}", "LF105", capacity_ah=value) for at, value in enumerate([105, 104], 1))]
    found = judge(cells, "capacity")
    assert not found.outliers
    assert [row.label for row in found.rows if row.rank == 1] == ["A3", "B2"]
    assert any("LF105: 2 of at least 4" in note for note in found.notes)


@given(values=st.lists(st.floats(100, 400), min_size=4, max_size=30), worst=st.floats(1, 60))
def test_ranks_stand_in_order_and_nobody_is_lost(values, worst):
    found = judge(measured(*values, worst), "capacity")
    assert len(found.rows) == len(values) + 1
    assert [row.value for row in found.rows] == sorted([*values, worst])
    assert [row.rank for row in found.rows] == list(range(1, len(values) + 2))


def test_median_and_spread_are_those_of_the_book():
    found = usual([2.0, 3.0, 4.0, 5.0, 100.0])
    assert (found.median, found.spread) == (4.0, pytest.approx(1.4826))
    assert found.apart(100.0, 0.0) and not found.apart(9.0, 0.0)
    with pytest.raises(ValueError, match="no values"):
        usual([])


def test_who_lies_apart_is_told_before_a_pack_is_built():
    cells = [MeasuredCell(f"A{at}", capacity_ah=280.0 + at / 10, resistance_mohm=0.18) for at in range(6)]
    cells += [MeasuredCell("B1", capacity_ah=240.0, resistance_mohm=0.4)]
    words = doubted(cells, [cell.label for cell in cells])
    assert "B1 by resistance" in words and "B1 by capacity" in words
    assert doubted(cells, ["A1", "A2"]) == ""


def test_a_report_keeps_to_its_width_and_groups_those_left_out():
    cells = [*bank(3.462, 3.460, 3.459, 3.461, 3.372), MeasuredCell("C1"), MeasuredCell("C2")]
    lines = list(report(judge(cells, "self-discharge")))
    assert max(map(len, lines)) <= 80
    assert lines[0] == "Self-discharge by day 7, worst first"
    assert any(line.startswith("!    1  A5") for line in lines)
    assert left_out_words(judge(cells, "self-discharge").left_out) == ("Left out: C1, C2: no volts at rest after a charge.",)
    assert "no cell can be ranked" in "\n".join(report(judge([MeasuredCell("C1")], "capacity")))
