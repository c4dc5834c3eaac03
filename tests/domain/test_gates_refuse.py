"""Whatever wrong number is typed at a measured gate, it is refused: wrong sign, too far off, a slipped decimal, no number at all."""

import math
from collections.abc import Callable

import pytest
from domain_plans import plan
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.calculations import capacity_ah, off_current_a, pack_target_v, set_points
from tui.domain.gates import GATES, NEVER_OVERRIDABLE
from tui.domain.gates_series import BMS_CHOICES
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import GateInput, Value
from tui.domain.relaxation import lowest_relaxed_v

SUPPLY = PlanSupply("riden:/dev/ttyUSB0", 60.0, 10.0)
PLANS = {
    "parallel": plan(4, supply=SUPPLY),
    "single": plan(1, supply=SUPPLY),
    "4S": plan(4, supply=SUPPLY, arrangement="4S"),
    "8S, 3.60 V": plan(8, supply=SUPPLY, arrangement="8S", target_v=3.60),
    "2P8S": plan(16, supply=SUPPLY, arrangement="2P8S"),
    "16S": plan(16, supply=SUPPLY, arrangement="16S"),
}
STRINGS = {name: chosen for name, chosen in PLANS.items() if "S" in name}
CELL_V = 3.30
any_plan = st.sampled_from(sorted(PLANS))
any_string = st.sampled_from(sorted(STRINGS))
no_number = st.sampled_from([math.nan, math.inf, -math.inf])


def series(chosen: Plan) -> int:
    return round(pack_target_v(chosen) / chosen.target_v)


def wrong(right: float, below: float, above: float) -> st.SearchStrategy[float]:
    """Values that are not `right`: further off than the tolerances, of the other sign, with a slipped decimal, or no number."""
    return st.one_of(
        st.floats(-2 * right, right - below),
        st.floats(right + above, 20 * right),
        st.floats(-right * 1.02, -right * 0.98),
        st.sampled_from([right * shift for shift in (0.001, 0.01, 0.1, 10.0, 100.0, 1000.0)]),
        no_number,
    )


def is_refused(gate: str, chosen: Plan, values: dict[str, Value], earlier: dict[str, Value] | None = None, **facts: float) -> None:
    result = GATES[gate](chosen, GateInput(values, earlier or {}, facts))
    assert not result.ok
    assert result.message.strip().endswith((".", "?"))
    assert not (result.overridable and gate in NEVER_OVERRIDABLE)


def passes(gate: str, chosen: Plan, values: dict[str, Value], earlier: dict[str, Value] | None = None, **facts: float) -> None:
    assert GATES[gate](chosen, GateInput(values, earlier or {}, facts)).ok


def measured(chosen: Plan, volts: float = CELL_V) -> dict[str, Value]:
    return {f"cell:{cell.label}": volts for cell in chosen.cells}


@given(any_plan, st.data())
def test_open_lead(name: str, data: st.DataObject) -> None:
    chosen = PLANS[name]
    right, tolerance = set_points(chosen)[0], 0.0101 * series(chosen)
    passes("open-lead", chosen, {"lead_end_v": right})
    is_refused("open-lead", chosen, {"lead_end_v": data.draw(wrong(right, tolerance, tolerance))})


@given(any_plan, st.data())
def test_polarity(name: str, data: st.DataObject) -> None:
    chosen = PLANS[name]
    right = CELL_V * series(chosen)
    tolerance = 0.0201 * right
    passes("polarity", chosen, {"post_v": right}, measured(chosen))
    is_refused("polarity", chosen, {"post_v": data.draw(wrong(right, tolerance, tolerance))}, measured(chosen))


@given(any_plan, st.data())
def test_trim(name: str, data: st.DataObject) -> None:
    """Below the target is how a current limit looks, down to what no bank under charge can show."""
    chosen = PLANS[name]
    right = pack_target_v(chosen)
    passes("trim", chosen, {"trim_v": right})
    is_refused("trim", chosen, {"trim_v": data.draw(wrong(right, right - 2.49 * series(chosen), 0.0301 * series(chosen)))})


@given(any_plan, st.one_of(st.floats(0.0501, 1000), st.floats(-1000, -0.0501), no_number))
def test_off(name: str, amps: float) -> None:
    chosen = PLANS[name]
    passes("off", chosen, {"off_current_a": off_current_a(chosen)})
    is_refused("off", chosen, {"off_current_a": amps})


@given(any_plan, st.one_of(st.floats(1.001, 100), st.floats(-100, -1.001), no_number))
def test_leads_off(name: str, volts: float) -> None:
    passes("leads-off", PLANS[name], {"lead_end_off_v": 0.0})
    is_refused("leads-off", PLANS[name], {"lead_end_off_v": volts})


@given(any_plan, st.one_of(st.floats(-300, -0.01), st.floats(45.01, 500), no_number))
def test_temperature(name: str, surface_c: float) -> None:
    passes("temperature", PLANS[name], {"surface_c": 21.0})
    is_refused("temperature", PLANS[name], {"surface_c": surface_c})


@pytest.mark.parametrize("gate", ["cell-volts", "cell-volts-series", "cell-volts-single"])
@given(name=any_plan, data=st.data())
def test_one_wrong_cell(gate: str, name: str, data: st.DataObject) -> None:
    chosen = PLANS[name]
    label = data.draw(st.sampled_from([cell.label for cell in chosen.cells]))
    passes(gate, chosen, measured(chosen))
    is_refused(gate, chosen, {**measured(chosen), f"cell:{label}": data.draw(wrong(CELL_V, 0.801, chosen.target_v - CELL_V + 0.001))})


@given(st.floats(0.151, 0.7), st.integers(1, 4))
def test_cells_too_far_apart_to_be_joined(difference: float, low: int) -> None:
    values = {**measured(PLANS["parallel"], 3.35), f"cell:A{low}": 3.35 - difference}
    result = GATES["cell-volts"](PLANS["parallel"], GateInput(values))
    assert (result.ok, result.remedy) == (False, "level")
    assert f"A{low}" in result.remedy_text


@given(any_string, st.data())
def test_bms(name: str, data: st.DataObject) -> None:
    chosen = STRINGS[name]
    passes("bms", chosen, {"bms_fitted": BMS_CHOICES[0], "bms_ov_v": chosen.target_v})
    limit_v = data.draw(wrong(chosen.target_v, chosen.target_v - 2.999, 3.801 - chosen.target_v))
    is_refused("bms", chosen, {"bms_fitted": BMS_CHOICES[0], "bms_ov_v": limit_v})


@given(any_string, st.floats(allow_nan=True))
def test_without_a_bms_no_number_helps(name: str, limit_v: float) -> None:
    is_refused("bms", STRINGS[name], {"bms_fitted": BMS_CHOICES[1], "bms_ov_v": limit_v})


@given(any_string, st.one_of(st.floats(10.0101, 1000), st.floats(-1000, 0.004), no_number))
def test_short_current(name: str, amps: float) -> None:
    passes("short-current", STRINGS[name], {"short_current_a": set_points(STRINGS[name])[1]})
    is_refused("short-current", STRINGS[name], {"short_current_a": amps})


@given(any_string, st.floats(0, 60), st.data())
def test_opened_without_a_full_cell(name: str, minutes: float, data: st.DataObject) -> None:
    chosen = STRINGS[name]
    rate_c = set_points(chosen)[1] / capacity_ah(chosen)
    edge_v = lowest_relaxed_v(chosen.target_v, rate_c, minutes)
    values = {f"cell:{cell.label}": data.draw(st.floats(2.5, edge_v - 0.001)) for cell in chosen.cells}
    is_refused("opened", chosen, values, circuit_opened=1.0, minutes_since_off=minutes)
    passes("opened", chosen, {**values, "cell:A1": edge_v + 0.001}, circuit_opened=1.0, minutes_since_off=minutes)


@given(any_string, st.one_of(st.floats(-5, 1.99), st.floats(3.701, 1000), no_number))
def test_one_impossible_cell_after_the_opening(name: str, volts: float) -> None:
    chosen = STRINGS[name]
    values = {**measured(chosen, 3.48), "cell:A3": volts}
    is_refused("opened", chosen, values, cell_at_target=1.0, minutes_since_off=1.0)


@given(any_plan, st.data())
def test_rest(name: str, data: st.DataObject) -> None:
    chosen = PLANS[name]
    passes("rest", chosen, measured(chosen, 3.40))
    is_refused("rest", chosen, {**measured(chosen, 3.40), "cell:A1": data.draw(wrong(3.40, 0.901, chosen.target_v - 3.39 + 0.001))})


CHOICES: dict[str, Callable[[str], dict[str, Value]]] = {
    "visual": lambda text: {"visual": text},
    "threads": lambda text: {"threads": text},
    "hookup": lambda text: {"hookup": text},
    "mixed": lambda text: {"mixed": text},
    "panel": lambda text: {"panel": text},
    "assembled": lambda text: {"floating": text},
    "supply-by-hand": lambda text: {"power_up": text, "over_voltage": text},
}


@pytest.mark.parametrize("gate", sorted(CHOICES))
@given(text=st.text(max_size=20))
def test_an_answer_that_is_no_choice(gate: str, text: str) -> None:
    if text != "floating":
        is_refused(gate, PLANS["parallel"], CHOICES[gate](text))


def test_every_gate_is_tried_here() -> None:
    tried = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    tried |= {"cell-volts", "cell-volts-series", "cell-volts-single", "opened", *CHOICES}
    assert set(GATES) <= tried
