"""The gates: what a number must show before a step is passed, and which refusals no reason passes."""

from collections.abc import Mapping
from typing import Any

import pytest
from domain_plans import plan
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.gates import GATES, NEVER_OVERRIDABLE, trim_correction_v
from tui.domain.gates_cells import level_plan, rest_remark, surge_a, surge_heat_w
from tui.domain.gates_series import BMS_CHOICES
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import GateInput, GateResult, Value

BANK = plan(4)
NAN = float("nan")


def ask(gate: str, values: Mapping[str, Value], chosen: Plan = BANK, **more: Any) -> GateResult:
    return GATES[gate](chosen, GateInput(values, **more))


def cells(*volts: float) -> dict[str, Value]:
    return {f"cell:A{number + 1}": value for number, value in enumerate(volts)}


# --- cells


@pytest.mark.parametrize(
    ("answer", "ok", "part"),
    [
        ("all sound", True, ""),
        ("some dented", True, "Dented"),
        ("some swollen or leaking", False, "outdoors"),
        ("", False, "choose"),
    ],
)
def test_visual(answer: str, ok: bool, part: str) -> None:
    result = ask("visual", {"visual": answer})
    assert (result.ok, result.overridable) == (ok, False)
    assert part in result.message + result.warning


@pytest.mark.parametrize(
    ("surface_c", "ok", "part"),
    [
        (21.0, True, ""),
        (0.0, True, "2.50 A"),
        (4.9, True, "quarter"),
        (5.0, True, ""),
        (-0.1, False, "no reason passes"),
        (40.5, True, "warm"),
        (45.1, False, "too hot"),
        (210.0, False, "no temperature of a room"),
        (NAN, False, "missing"),
    ],
)
def test_temperature(surface_c: float, ok: bool, part: str) -> None:
    result = ask("temperature", {"surface_c": surface_c})
    assert (result.ok, result.overridable) == (ok, False)
    assert part in result.message + result.warning
    assert bool(part) == bool(result.message + result.warning)


def test_cells_alike_pass() -> None:
    result = ask("cell-volts", cells(3.29, 3.30, 3.29, 3.28))
    assert result.ok
    assert result.warning == ""


@pytest.mark.parametrize(
    ("volts", "overridable", "part"),
    [
        ((3.3, 3.3, 3.3), False, "volts of A4 is missing"),
        ((3.3, 3.3, 3.3, NAN), False, "volts of A4 is missing"),
        ((3.3, -3.3, 3.3, 3.3), False, "crossed or the cell is reversed"),
        ((3.3, 33.0, 3.3, 3.3), False, "was 3.300 V meant?"),
        ((3.3, 1.99, 3.3, 3.3), False, "below 2.00 V"),
        ((3.3, 0.0, 3.3, 3.3), False, "below 2.00 V"),
        ((3.3, 3.69, 3.3, 3.3), False, "overfull"),
        ((3.66, 3.6, 3.6, 3.6), True, "above the target"),
        ((3.3, 2.49, 3.3, 3.3), True, "deeply empty"),
        ((3.3, 3.1, 3.3, 3.3), True, "differ by 200 mV"),
    ],
)
def test_cell_volts_that_are_refused(volts: tuple[float, ...], overridable: bool, part: str) -> None:
    result = ask("cell-volts", cells(*volts))
    assert not result.ok
    assert result.overridable == overridable
    assert part in result.message


def test_a_spread_of_exactly_the_limit_passes() -> None:
    assert ask("cell-volts", cells(3.30, 3.15, 3.30, 3.30)).ok


def test_cells_apart_are_told_which_to_lift_first_and_to_what() -> None:
    result = ask("cell-volts", cells(3.32, 3.10, 3.31, 3.05))
    assert "First charge A4 (3.050 V) and A2 (3.100 V) in parallel with each other to 3.320 V. Then all 4 are joined" in result.message
    assert (result.remedy, result.remedy_text) == ("level", "Charge A4 and A2 first, in parallel with each other, to 3.320 V")


def test_surge_and_heat_are_told_with_their_formula() -> None:
    message = ask("cell-volts", cells(3.32, 3.10, 3.31, 3.05)).message
    assert "0.270 V ÷ (2 × (0.65 + 2 × 0.05) mΩ) = 180 A" in message
    assert "(180 A)² × 1.50 mΩ = 49 W" in message
    small = ask("cell-volts", cells(3.32, 3.10, 3.31, 3.05), plan(4, 50.0)).message
    assert "(2 × (3.64 + 2 × 0.05) mΩ) = 36 A" in small
    assert surge_heat_w(0.27, BANK.cells) == pytest.approx(0.27 * surge_a(0.27, BANK.cells))


@pytest.mark.parametrize(
    ("volts", "labels", "set_v", "until_v"),
    [
        ((3.32, 3.10, 3.31, 3.05), ("A4", "A2"), 3.32, 3.245),
        ((3.329, 3.10, 3.32, 3.30), ("A2",), 3.32, 3.245),  # rounded down to the supply's step
        ((3.32, 3.00, 3.16, 2.80), ("A4",), 3.32, 3.245),  # low ones that differ among themselves: the lowest group first
        ((3.32, 2.94, 3.16, 2.80), ("A4", "A2"), 3.32, 3.245),
        ((3.68, 3.30, 3.31, 3.32), ("A2", "A3", "A4"), 3.65, 3.64),  # never above the target; near the top cells fall back at rest
    ],
)
def test_the_levelling_charge(volts: tuple[float, ...], labels: tuple[str, ...], set_v: float, until_v: float) -> None:
    lift = level_plan(BANK, {f"A{number + 1}": value for number, value in enumerate(volts)})
    assert lift.labels == labels
    assert (lift.set_v, lift.until_v) == (pytest.approx(set_v), pytest.approx(until_v))


def test_the_lowest_group_goes_first_and_the_others_are_named() -> None:
    result = ask("cell-volts", cells(3.32, 3.00, 3.16, 2.80))
    assert "First charge A4 (2.800 V) alone to 3.320 V. A2 and A3 follow in the same way, and then all 4 are joined" in result.message
    assert result.remedy_text == "Charge A4 first, alone, to 3.320 V"


def test_cells_that_are_near_each_other_need_no_levelling() -> None:
    with pytest.raises(ValueError, match="none needs"):
        level_plan(BANK, {"A1": 3.30, "A2": 3.16})


@given(st.lists(st.floats(2.5, 3.65), min_size=2, max_size=16), st.floats(0.005, 0.30))
def test_levelling_never_joins_cells_further_apart_than_the_limit_and_comes_to_an_end(volts: list[float], limit_v: float) -> None:
    """Each charge joins only cells within the limit, never passes highest cell or target, and lifts what it charged inside the limit."""
    chosen = plan(len(volts), spread_limit_v=limit_v, supply=PlanSupply("manual", 30, 10, voltage_step_v=0.001))
    now = {cell.label: value for cell, value in zip(chosen.cells, volts, strict=True)}
    for _ in volts:
        if max(now.values()) - min(now.values()) <= limit_v + 1e-9:
            return
        lift = level_plan(chosen, now)
        group = [now[label] for label in lift.labels]
        assert max(group) - min(group) <= limit_v + 2e-9
        assert lift.until_v < lift.set_v <= min(max(now.values()), chosen.target_v) + 1e-9
        now.update(dict.fromkeys(lift.labels, lift.until_v))
    assert max(now.values()) - min(now.values()) <= limit_v + 1e-9


def test_the_surge_estimate_is_of_the_order_of_60_to_120_amperes_per_tenth_of_a_volt() -> None:
    assert 60 < surge_a(0.1, BANK.cells) < 120


def test_equal_volts_but_unequal_charge_is_a_warning() -> None:
    result = ask("cell-volts", cells(3.36, 3.29, 3.36, 3.36))
    assert result.ok
    assert "A1 is nearly full, A2 may lack" in result.warning


# --- supply and leads

SAFE = {"power_up": "stays off", "over_voltage": "none, or switched off"}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"power_up": "comes on by itself"}, "power cut"),
        ({"power_up": "not known"}, "Try it now"),
        ({"over_voltage": "shorts the output (crowbar)"}, "crowbar"),
        ({"over_voltage": "not known"}, "manual"),
        ({"power_up": ""}, "Choose"),
    ],
)
def test_an_unsafe_supply_without_interface_is_refused(changes: dict[str, str], part: str) -> None:
    result = ask("supply-by-hand", {**SAFE, **changes})
    assert not result.ok
    assert part in result.message


def test_a_safe_supply_without_interface_passes() -> None:
    assert ask("supply-by-hand", SAFE).ok
    assert ask("supply-by-hand", {**SAFE, "over_voltage": "shuts the output off"}).ok


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        (36.5, "was 3.650 V meant?"),
        (3.95, "turn the voltage down by 0.300 V"),
        (3.35, "turn the voltage up by 0.300 V"),
        (3.661, "3.661 V"),
        (3.639, "3.639 V"),
        (12.0, "towards 12.000 V"),
        (-3.65, "swapped at the supply"),
        (0.0, "output was off"),
        (NAN, "missing"),
    ],
)
def test_open_leads_must_show_the_target(reading: float, part: str) -> None:
    result = ask("open-lead", {"lead_end_v": reading})
    assert not result.ok
    assert not result.overridable
    assert part in result.message


@pytest.mark.parametrize("reading", [3.64, 3.65, 3.66])
def test_open_leads_within_ten_millivolts_pass(reading: float) -> None:
    assert ask("open-lead", {"lead_end_v": reading}).ok


def test_a_coarse_supply_gets_one_count_of_tolerance() -> None:
    coarse = plan(4, target_v=3.6, supply=PlanSupply("manual", 30, 10, voltage_step_v=0.1))
    assert ask("open-lead", {"lead_end_v": 3.53}, coarse).ok and ask("open-lead", {"lead_end_v": 3.62}, coarse).ok
    assert not ask("open-lead", {"lead_end_v": 3.68}, coarse).ok  # that would trip on cells, whatever one count is
    assert not ask("open-lead", {"lead_end_v": 3.71}, coarse).ok


def test_a_supply_that_reports_something_else_than_the_meter_is_refused() -> None:
    result = ask("open-lead", {"lead_end_v": 3.65}, facts={"open_lead_supply_v": 0.365})
    assert not result.ok
    assert "One of the two is wrong" in result.message
    assert ask("open-lead", {"lead_end_v": 3.65}, facts={"open_lead_supply_v": 3.66}).ok


@pytest.mark.parametrize(
    ("reading", "part"),
    [(-3.3, "very large spark"), (0.0, "busbar is missing"), (1.2, "cannot be this bank"), (33.0, "3.300 V meant"), (3.15, "left out")],
)
def test_posts_must_show_what_the_cells_showed(reading: float, part: str) -> None:
    result = ask("polarity", {"post_v": reading}, earlier=cells(3.3, 3.3, 3.31, 3.3))
    assert not result.ok
    assert not result.overridable
    assert part in result.message


def test_posts_near_the_cells_pass() -> None:
    earlier = cells(3.3, 3.3, 3.31, 3.3)
    assert ask("polarity", {"post_v": 3.36}, earlier=earlier).ok
    assert not ask("polarity", {"post_v": 3.40}, earlier=earlier).ok


def test_after_a_hold_the_posts_may_have_risen_but_not_fallen() -> None:
    earlier = {**cells(3.3, 3.3, 3.31, 3.3), "post_v": 3.30}
    assert ask("polarity", {"post_v": 3.58}, earlier=earlier).ok
    assert not ask("polarity", {"post_v": 3.10}, earlier=earlier).ok
    assert not ask("polarity", {"post_v": -3.58}, earlier=earlier).ok


# --- trim


@pytest.mark.parametrize(
    ("reading", "step_v", "correction"),
    [
        (3.650, 0.01, 0.0),
        (3.651, 0.01, 0.0),
        (3.652, 0.01, -0.01),
        (3.672, 0.001, -0.022),
        (3.662, 0.01, -0.02),
        (3.640, 0.01, 0.01),
        (3.638, 0.01, 0.01),
        (3.645, 0.01, 0.0),
        (3.620, 0.001, 0.03),
        (3.600, 0.001, 0.0),
    ],
)
def test_the_trim_goes_down_as_far_as_needed_and_up_30_millivolts_at_most(reading: float, step_v: float, correction: float) -> None:
    chosen = plan(4, supply=PlanSupply("manual", 30, 10, voltage_step_v=step_v))
    found = trim_correction_v(chosen, reading)
    assert found == pytest.approx(correction)
    assert reading + found <= 3.651 + 1e-9


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        (3.69, "Switch the output off now"),
        (3.71, "Switch the output off now"),
        (36.5, "3.650 V meant"),
        (-3.6, "crossed"),
        (NAN, "missing"),
    ],
)
def test_a_supply_far_too_high_or_a_reading_that_cannot_be_is_refused(reading: float, part: str) -> None:
    result = ask("trim", {"trim_v": reading})
    assert not result.ok
    assert not result.overridable
    assert part in result.message


def test_a_little_too_high_tells_the_correction() -> None:
    result = ask("trim", {"trim_v": 3.662})
    assert result.ok
    assert "down by 0.020 V" in result.warning


def test_below_the_target_the_knob_is_left_alone() -> None:
    assert ask("trim", {"trim_v": 3.58}) == GateResult(ok=True)


# --- the end


@pytest.mark.parametrize(("amps", "ok"), [(0.0, True), (0.05, True), (0.06, False), (-0.06, False), (NAN, False)])
def test_off_is_a_current(amps: float, ok: bool) -> None:
    result = ask("off", {"off_current_a": amps})
    assert (result.ok, result.overridable) == (ok, False)


@pytest.mark.parametrize(("volts", "ok"), [(0.0, True), (0.4, True), (3.6, False), (-3.6, False), (NAN, False)])
def test_lead_ends_must_be_dead_before_the_bank_is_touched(volts: float, ok: bool) -> None:
    assert ask("leads-off", {"lead_end_off_v": volts}).ok == ok


def test_resting_volts_are_taken_and_one_apart_is_named() -> None:
    assert ask("rest", cells(3.50, 3.50, 3.51, 3.49)) == GateResult(ok=True)
    result = ask("rest", cells(3.50, 3.50, 3.51, 3.45))
    assert result.ok
    assert "A4 (-50 mV)" in result.warning


@pytest.mark.parametrize(
    ("volts", "overridable"),
    [((3.5, 3.5, 3.5), False), ((3.5, 35.0, 3.5, 3.5), False), ((3.5, -3.5, 3.5, 3.5), False), ((3.5, 2.4, 3.5, 3.5), True)],
)
def test_resting_volts_that_cannot_be_are_asked_again(volts: tuple[float, ...], overridable: bool) -> None:
    result = ask("rest", cells(*volts))
    assert not result.ok
    assert result.overridable == overridable


def test_the_common_fall_at_rest_is_no_remark() -> None:
    assert rest_remark({"A1": 3.335, "A2": 3.336, "A3": 3.334}) == ""


def test_no_gate_passes_without_its_values() -> None:
    for name, gate in GATES.items():
        assert not gate(BANK, GateInput({})).ok, name


@pytest.mark.parametrize("gate", sorted(NEVER_OVERRIDABLE))
def test_gates_that_no_reason_overrides(gate: str) -> None:
    names = {
        "visual": ("visual",),
        "temperature": ("surface_c",),
        "bms": ("bms_ov_v",),
        "short-current": ("short_current_a",),
        "panel": ("panel",),
        "open-lead": ("lead_end_v",),
        "polarity": ("post_v",),
        "trim": ("trim_v",),
        "off": ("off_current_a",),
        "opened": tuple(cells(0, 0, 0, 0)),
    }[gate]
    for value in (-40.0, -3.65, -0.5, 0.0, 1.0, 3.3, 3.7, 36.5, 99.0, NAN, "some swollen or leaking"):
        result = ask(gate, {**dict.fromkeys(names, value), "bms_fitted": BMS_CHOICES[0]})
        assert not result.overridable
