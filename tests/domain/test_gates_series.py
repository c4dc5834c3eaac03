"""The gates of the series pre-charge: a BMS that opens, a current set with shorted leads, pack volts, and who opened the circuit."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from domain_plans import plan

from drivers.simulated.lfp import table
from tui.domain.gates import GATES, trim_correction_v
from tui.domain.gates_series import BMS_CHOICES, FLOATING_CHOICES
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import GateInput, GateResult, Value
from tui.domain.relaxation import lowest_relaxed_v, relaxed_v

STRING = plan(8, arrangement="8S", supply=PlanSupply("manual", 60.0, 10.0))
FOUR = plan(4, arrangement="4S", supply=PlanSupply("riden:/dev/ttyUSB0", 60.0, 10.0))
BY_HAND = plan(4, arrangement="4S")
NAN = float("nan")


def ask(gate: str, values: Mapping[str, Value], chosen: Plan = STRING, **more: Any) -> GateResult:
    return GATES[gate](chosen, GateInput(values, **more))


def cells(*volts: float) -> dict[str, Value]:
    return {f"cell:A{number + 1}": value for number, value in enumerate(volts)}


# --- before


def test_cells_for_a_string_may_lie_apart_but_it_is_told_what_follows() -> None:
    assert ask("cell-volts-series", cells(3.28, 3.29, 3.28, 3.29), FOUR) == GateResult(ok=True)
    result = ask("cell-volts-series", cells(3.10, 3.29, 3.28, 3.33), FOUR)
    assert result.ok
    assert "A4 ends the pre-charge while the others are not yet full" in result.warning
    assert ask("cell-volts-series", cells(3.30, 3.35, 3.30, 3.30), FOUR).warning


@pytest.mark.parametrize("gate", ["cell-volts-series", "cell-volts-single"])
@pytest.mark.parametrize("wrong", [NAN, -3.3, 33.0, 1.9, 3.69])
def test_a_dead_reversed_or_overfull_cell_is_refused_in_any_wiring(gate: str, wrong: float) -> None:
    result = ask(gate, cells(3.3, 3.3, wrong, 3.3), FOUR)
    assert (result.ok, result.overridable) == (False, False)
    assert "A3" in result.message


def test_cells_that_are_charged_one_by_one_may_lie_apart() -> None:
    assert ask("cell-volts-single", cells(3.0, 3.3, 3.4, 3.5), FOUR) == GateResult(ok=True)


def test_a_cell_above_a_low_stage_is_not_called_overfull() -> None:
    for stages in ((3.45, 3.55, 3.65), ()):
        stage = plan(2, target_v=3.45, stages_v=stages)
        message = ask("cell-volts", cells(3.50, 3.49), stage).message
        assert "above this stage's 3.450 V" in message
        assert "overfull" not in message
        assert "this stage's 3.450 V already" in ask("cell-volts", cells(3.46, 3.40), stage).message
        assert "overfull" in ask("cell-volts", cells(3.69, 3.60), stage).message


# --- the BMS


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({}, "Choose one"),
        ({"bms_fitted": "maybe", "bms_ov_v": 3.65}, "Choose one"),
        ({"bms_fitted": BMS_CHOICES[1], "bms_ov_v": 3.65}, "takes the whole current and swells"),
        ({"bms_fitted": BMS_CHOICES[0]}, "is missing"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": NAN}, "is missing"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": 29.2}, "was that the whole pack's, 3.650 V a cell?"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": 365.0}, "was 3.650 V meant?"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": 2.5}, "one LiFePO4 cell. Look"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": -3.65}, "cannot be"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": 3.85}, "protects nothing"),
        ({"bms_fitted": BMS_CHOICES[0], "bms_ov_v": 4.2}, "protects nothing"),
    ],
)
def test_no_charge_in_series_without_a_sound_bms(values: dict[str, Value], part: str) -> None:
    result = ask("bms", values)
    assert (result.ok, result.overridable) == (False, False)
    assert part in result.message


@pytest.mark.parametrize(
    ("limit_v", "part"),
    [
        (3.65, ""),
        (3.66, ""),
        (3.60, ""),
        (3.70, "opens at 3.700 V, the target is 3.650 V"),
        (3.80, "reads a cell at 3.650 V"),
        (3.55, "a little early"),
    ],
)
def test_a_bms_limit_beside_the_target_passes_and_is_told(limit_v: float, part: str) -> None:
    result = ask("bms", {"bms_fitted": BMS_CHOICES[0], "bms_ov_v": limit_v})
    assert result.ok
    assert part in result.warning
    assert bool(part) == bool(result.warning)


# --- the current by shorted leads


@pytest.mark.parametrize(
    ("reading", "part"),
    [(NAN, "missing"), (0.0, "Nothing flows"), (-5.0, "swapped"), (10.02, "Turn the current knob down to 10.00 A"), (100.0, "down")],
)
def test_a_current_that_was_not_set_is_refused(reading: float, part: str) -> None:
    result = ask("short-current", {"short_current_a": reading})
    assert (result.ok, result.overridable) == (False, False)
    assert part in result.message


def test_a_current_at_or_below_the_limit_passes_and_a_small_one_is_told() -> None:
    assert ask("short-current", {"short_current_a": 10.01}) == GateResult(ok=True)
    assert ask("short-current", {"short_current_a": 5.0}) == GateResult(ok=True)
    assert "2.5 times as long" in ask("short-current", {"short_current_a": 4.0}).warning


def test_a_small_cell_gets_a_fifth_of_its_capacity_in_a_string_too() -> None:
    small = plan(4, 20.0, arrangement="4S")
    assert not ask("short-current", {"short_current_a": 10.0}, small).ok
    assert ask("short-current", {"short_current_a": 4.0}, small).ok


# --- pack volts


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        (14.6, "that fits 4 cells in series, not 8"),
        (28.8, "turn the voltage up by 0.400 V"),
        (29.29, "turn the voltage down by 0.090 V"),
        (58.4, "that fits 16 cells in series"),
        (30.0, "3.750 V each"),
        (292.0, "was 29.200 V meant?"),
        (3.65, "that fits one cell, not 8"),
        (-29.2, "swapped at the supply"),
        (0.0, "output was off"),
        (NAN, "missing"),
    ],
)
def test_open_leads_must_show_the_packs_target(reading: float, part: str) -> None:
    result = ask("open-lead", {"lead_end_v": reading})
    assert (result.ok, result.overridable) == (False, False)
    assert part in result.message


def test_open_leads_of_a_string_have_ten_millivolts_a_cell() -> None:
    assert ask("open-lead", {"lead_end_v": 29.28}).ok
    assert ask("open-lead", {"lead_end_v": 29.12}).ok


@pytest.mark.parametrize(
    ("taken", "wired"),
    [(16, 15), (15, 16), (6, 5), (8, 4), (4, 8), (2, 1)],
)
def test_a_wrong_number_of_cells_is_found_at_the_posts(taken: int, wired: int) -> None:
    chosen = plan(taken, arrangement=f"{taken}S")
    result = ask("polarity", {"post_v": 3.3 * wired}, chosen, earlier=cells(*[3.3] * taken))
    assert (result.ok, result.overridable) == (False, False)
    assert f"that fits {f'{wired} cells in series' if wired > 1 else 'one cell'}, not {taken}" in result.message


@pytest.mark.parametrize("reading", [26.41 * 1.021, 26.41 * 0.979, 19.9, 29.3, -26.4, 0.0, 264.0, 2.64, NAN])
def test_pack_volts_that_are_not_the_cells_are_refused(reading: float) -> None:
    result = ask("polarity", {"post_v": reading}, earlier=cells(*[3.3] * 8))
    assert (result.ok, result.overridable) == (False, False)


def test_pack_volts_of_groups_count_the_groups() -> None:
    grouped = plan(8, arrangement="2P4S")
    assert ask("polarity", {"post_v": 13.2}, grouped, earlier=cells(*[3.3] * 8)).ok
    assert "that fits 8 cells in series, not 4" in ask("polarity", {"post_v": 26.4}, grouped, earlier=cells(*[3.3] * 8)).message


def test_only_the_bank_that_was_charged_may_have_risen() -> None:
    """The posts of an earlier part, or a count that is known to have just begun, do not widen what the posts may show."""
    risen = {"post_v": 28.0}
    assert ask("polarity", risen, earlier={**cells(*[3.3] * 8), "post_v": 26.4}).ok
    assert not ask("polarity", risen, earlier={**cells(*[3.3] * 8), "post_v": 3.3}).ok
    assert not ask("polarity", risen, earlier={**cells(*[3.3] * 8), "post_v": 26.4}, facts={"charged_ah": 0.0}).ok
    assert ask("polarity", risen, earlier=cells(*[3.3] * 8), facts={"charged_ah": 5.0}).ok


def test_the_posts_may_rise_from_stage_to_stage() -> None:
    earlier = {**cells(*[3.3] * 4), "post_v": 3.41}  # measured before the second stage
    assert ask("polarity", {"post_v": 3.50}, plan(4, target_v=3.65), earlier=earlier).ok
    assert not ask("polarity", {"post_v": 3.20}, plan(4, target_v=3.65), earlier=earlier).ok


@pytest.mark.parametrize(
    ("reading", "ok", "part"),
    [
        (29.20, True, ""),
        (29.208, True, ""),
        (28.0, True, ""),
        (29.25, True, "down by 0.050 V"),
        (29.45, False, "Switch the output off now"),
        (29.7, False, "Switch the output off now"),
        (3.65, False, "cannot stand"),
        (292.0, False, "was 29.200 V meant?"),
        (-29.2, False, "crossed"),
        (NAN, False, "missing"),
    ],
)
def test_the_trim_of_a_string_compares_pack_volts(reading: float, ok: bool, part: str) -> None:
    result = ask("trim", {"trim_v": reading})
    assert (result.ok, result.overridable) == (ok, False)
    assert part in result.message + result.warning
    assert bool(part) == bool(result.message + result.warning)


def test_a_string_is_never_lifted() -> None:
    assert trim_correction_v(STRING, 29.18) == 0.0


@pytest.mark.parametrize(
    ("answer", "ok", "soft"), [(FLOATING_CHOICES[0], True, False), (FLOATING_CHOICES[1], False, True), ("", False, False)]
)
def test_a_cell_inside_its_battery_needs_a_floating_supply(answer: str, ok: bool, soft: bool) -> None:
    result = ask("assembled", {"floating": answer})
    assert (result.ok, result.overridable) == (ok, soft)


# --- who opened the circuit (F-28)

FULL_AFTER_5_MIN = cells(3.34, 3.48, 3.35, 3.33)


def after(minutes: float, **facts: float) -> dict[str, float]:
    return {"circuit_opened": 1.0, "minutes_since_off": minutes, **facts}


@pytest.mark.parametrize(
    ("values", "facts"),
    [
        (cells(3.40, 3.53, 3.41, 3.40), after(1.0)),
        (FULL_AFTER_5_MIN, after(5.0)),
        (cells(3.34, 3.46, 3.35, 3.33), after(10.0)),
        (FULL_AFTER_5_MIN, after(5.0, last_highest_v=3.631)),
        (FULL_AFTER_5_MIN, {"cell_at_target": 1.0}),
        (FULL_AFTER_5_MIN, {"last_highest_v": 3.65}),
    ],
)
def test_a_full_cell_that_opened_the_bms_is_the_normal_end_and_is_named(values: dict[str, Value], facts: dict[str, float]) -> None:
    result = ask("opened", values, FOUR, facts=facts)
    assert result.ok
    assert "A2 was first" in result.warning
    assert "lower" in result.warning


def test_the_distance_of_the_others_is_told() -> None:
    warning = ask("opened", FULL_AFTER_5_MIN, FOUR, facts=after(5.0)).warning
    assert "3.480 V now; the others lie 130 to 150 mV lower, A4 farthest" in warning


@pytest.mark.parametrize(
    ("values", "facts", "part"),
    [
        (cells(3.33, 3.33, 3.33, 3.33), after(1.0), "BMS fault"),
        (cells(3.33, 3.35, 3.33, 3.33), after(10.0), "temperature"),
        (cells(3.33, 3.40, 3.33, 3.33), after(5.0, last_highest_v=3.42), "last read at 3.420 V"),
        (cells(3.33, 3.40, 3.33, 3.33), {"circuit_opened": 1.0}, "not known"),
        (cells(3.33, 3.40, 3.33, NAN), after(5.0), "volts of A4 is missing"),
        (cells(3.33, 34.8, 3.33, 3.33), after(5.0), "was 3.480 V meant?"),
        (cells(3.33, -3.48, 3.33, 3.33), after(5.0), "impossible"),
        (cells(3.33, 3.75, 3.33, 3.33), after(5.0), "neither the BMS nor this program stopped in time"),
    ],
)
def test_an_opening_without_a_full_cell_is_a_fault_of_the_bms(values: dict[str, Value], facts: dict[str, float], part: str) -> None:
    result = ask("opened", values, FOUR, facts=facts)
    assert (result.ok, result.overridable) == (False, False)
    assert part in result.message


def test_by_hand_the_circuit_may_have_opened_up_to_a_reading_earlier() -> None:
    values, facts = cells(3.33, 3.47, 3.33, 3.33), after(0.5, last_highest_v=3.47)
    assert not ask("opened", values, FOUR, facts=facts).ok
    assert ask("opened", values, BY_HAND, facts=facts).ok
    message = ask("opened", cells(3.33, 3.40, 3.33, 3.33), BY_HAND, facts=facts).message
    assert "10 min after the opening at most" in message


def test_a_bms_that_opens_below_the_target_is_measured_by_its_own_limit() -> None:
    values, facts = cells(3.33, 3.41, 3.33, 3.33), after(5.0, last_highest_v=3.54)
    assert not ask("opened", values, FOUR, facts=facts).ok
    assert ask("opened", values, FOUR, facts=facts, earlier={"bms_ov_v": 3.55}).ok


def test_at_a_high_rate_it_is_told_that_volts_cannot_tell() -> None:
    fast = plan(4, 50.0, arrangement="4S", supply=FOUR.supply)  # 10 A is 0.2C
    result = ask("opened", cells(3.32, 3.33, 3.32, 3.32), fast, facts=after(5.0))
    assert result.ok
    assert "cannot tell a full cell from a fault" in result.warning
    assert not ask("opened", cells(3.25, 3.27, 3.25, 3.25), fast, facts=after(5.0)).ok


def test_volts_that_contradict_the_reading_which_ended_the_charge_are_told() -> None:
    result = ask("opened", cells(3.33, 3.33, 3.33, 3.33), FOUR, facts=after(5.0, cell_at_target=1.0))
    assert result.ok
    assert "measure it again" in result.warning


def relaxed_cell_v(curve: str, target_v: float, rate_c: float, minutes: tuple[float, ...]) -> list[float]:
    """The cell model: lags of 81 s, 140 s and slowly 150 s ahead of the mean charge, fast resistance, charge cut off at the target."""
    ocv, lags, soc, step_s = table(curve), [[81.0, 27.0, 0.0], [140.0, 175.0, 0.0], [150.0, 7200.0, 0.0]], 0.9, 2.0

    def volts(rate: float) -> float:
        return ocv.ocv_v(soc + sum(lag[2] for lag in lags)) + ocv.half_gap_v(soc) + 0.65e-3 * 280 * rate

    def go(rate: float) -> None:
        nonlocal soc
        soc += rate * step_s / 3600
        for lag in lags:
            lag[2] = lag[0] * rate / 3600 + (lag[2] - lag[0] * rate / 3600) * math.exp(-step_s / lag[1])

    while volts(rate_c) < target_v:
        go(rate_c)
    found, elapsed_s = [], 0.0
    for mark in minutes:
        while elapsed_s < mark * 60:
            go(0.0)
            elapsed_s += step_s
        found.append(volts(0.0))
    return found


@pytest.mark.parametrize("curve", ["A", "B"])
@pytest.mark.parametrize("target_v", [3.65, 3.60, 3.55])
@pytest.mark.parametrize("rate_c", [1 / 280, 1 / 140, 1 / 56, 1 / 28, 1 / 14, 1 / 10, 1 / 7, 1 / 5])
def test_a_full_cell_lies_above_the_edge_at_any_rate_with_the_error_of_a_cheap_meter(curve: str, target_v: float, rate_c: float) -> None:
    minutes = (1.0, 3.0, 7.0, 15.0, 45.0)
    for minute, volts in zip(minutes, relaxed_cell_v(curve, target_v, rate_c, minutes), strict=True):
        assert volts - 0.018 >= lowest_relaxed_v(target_v, rate_c, minute)


@pytest.mark.parametrize(("minutes", "volts"), [(1.0, 3.526), (5.0, 3.476), (10.0, 3.466)])
def test_ten_amperes_into_280_ah_fall_back_as_in_the_table(minutes: float, volts: float) -> None:
    assert relaxed_v(3.65, 1 / 28, minutes) == pytest.approx(volts)


def test_at_the_usual_rate_a_half_full_cell_lies_far_below_the_edge() -> None:
    assert lowest_relaxed_v(3.65, 1 / 28, 30.0) > 3.345 + 0.05
