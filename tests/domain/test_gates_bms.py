"""What a BMS that is read says of a series charge: fit or not, shut or not, and the words for it; and what the gates make of it."""

from __future__ import annotations

import pytest
from domain_plans import plan

from tui.domain.gates import GATES
from tui.domain.gates_bms import misfit, protection_words, shut, state_words
from tui.domain.gates_series import BMS_CHOICES
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult, Value

FOUR = plan(4, arrangement="4S")
MILD = plan(4, arrangement="4S", target_v=3.60)
GROUPS = plan(8, arrangement="2P4S")


def ask(gate: str, values: dict[str, Value], chosen: Plan = FOUR, **facts: float) -> GateResult:
    return GATES[gate](chosen, GateInput(values, {}, facts))


def typed(limit_v: float) -> dict[str, Value]:
    return {"bms_fitted": BMS_CHOICES[0], "bms_ov_v": limit_v}


@pytest.mark.parametrize(
    ("chosen", "cells", "limit_v", "wrong"),
    [
        (FOUR, 4, 3.65, ""),
        (FOUR, 4, None, ""),
        (FOUR, 4, 3.651, "opens at 3.651 V"),
        (FOUR, 3, 3.65, "counts 3 cells, and 4"),
        (FOUR, 8, None, "counts 8 cells, and 4"),
        (GROUPS, 4, 3.65, ""),
        (GROUPS, 8, 3.65, "counts 8 cells, and 4"),
        (MILD, 4, 3.63, ""),
        (MILD, 4, 3.64, "at 3.630 V or below"),
        (MILD, 4, 3.65, "Set its over-voltage limit to 3.600 V"),
        (MILD, 4, 3.55, ""),
    ],
)
def test_a_bms_fits_the_string_or_does_not(chosen: Plan, cells: int, limit_v: float | None, wrong: str) -> None:
    found = misfit(chosen, cells, limit_v)
    assert wrong in found if wrong else found == ""


def test_a_switch_is_shut_only_where_that_is_known() -> None:
    assert shut(True, ("cell_overvoltage",)) == shut(None, ("cell_overvoltage",)) == ""
    assert "a cell's over-voltage" in shut(False, ("cell_overvoltage",))
    assert "no protection is shown" in shut(False, ())
    assert "does not tell why" in shut(False, None)


def test_words_of_what_is_tripped() -> None:
    assert protection_words(("short_circuit", "charge_undertemperature")) == "a short circuit and too cold to be charged"
    assert protection_words(("mos_locked_by_software",)) == "switched off in its app"
    assert protection_words(("clock_fault",)) == "clock fault"
    assert state_words(True, (), 3.65) == "charge on, limit 3.650 V"
    assert state_words(False, ("cell_overvoltage",), None) == "charge OFF: a cell's over-voltage"
    assert state_words(None, None, None) == "charge switch not known"


def test_what_the_bms_says_of_itself_stands_above_what_is_typed() -> None:
    assert ask("bms", typed(3.65), bms_cells=4.0, bms_limit_v=3.65).ok
    assert "counts 5 cells" in ask("bms", typed(3.65), bms_cells=5.0).message
    assert "opens at 3.700 V" in ask("bms", typed(3.65), bms_cells=4.0, bms_limit_v=3.70).message
    contradicted = ask("bms", typed(3.65), bms_cells=4.0, bms_limit_v=3.60)
    assert not contradicted.ok and not contradicted.overridable and "itself says 3.600 V" in contradicted.message
    assert ask("bms", typed(3.75), bms_cells=4.0).ok, "a limit that cannot be read is judged as typed, with a warning"
    assert "Without a BMS" in ask("bms", {"bms_fitted": BMS_CHOICES[1]}, bms_cells=4.0, bms_limit_v=3.65).message


def test_a_cut_that_the_bms_told_is_the_normal_end_however_far_the_cells_fell() -> None:
    fallen: dict[str, Value] = {f"cell:A{number}": 3.33 + 0.001 * number for number in range(1, 5)}
    assert not ask("opened", fallen, minutes_since_off=0.1).ok
    passed = ask("opened", fallen, minutes_since_off=0.1, bms_cut=1.0)
    assert passed.ok and "A4 was first" in passed.warning
