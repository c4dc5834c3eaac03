"""The answers to "why?"."""

from typing import get_args

import pytest
from domain_plans import RIDEN, plan

from tui.domain.calculations import figures
from tui.domain.gates import GATES
from tui.domain.limit_table import Action
from tui.domain.limits import LIMITS
from tui.domain.procedures import steps
from tui.domain.reasons import ALIASES, reason_ids, why

BANK = plan()


def wanted() -> set[str]:
    both = (BANK, plan(supply=RIDEN))
    return {
        *(step.id for chosen in both for step in steps(chosen)),
        *GATES,
        *LIMITS,
        *(row.id for row in figures(BANK)),
    }


def test_every_step_gate_limit_and_figure_is_answered() -> None:
    assert wanted() == set(reason_ids())
    assert len(reason_ids()) == len(set(reason_ids()))


@pytest.mark.parametrize("reason_id", reason_ids())
def test_each_answer_has_a_formula_a_consequence_and_a_place_in_the_tutorial(reason_id: str) -> None:
    reason = why(reason_id, BANK)
    assert reason.formula
    assert len(reason.consequence) > 40
    assert reason.tutorial
    assert "{" not in reason.formula + reason.consequence + "".join(reason.sides)


def test_no_two_texts_are_alike() -> None:
    reasons = [why(reason_id, BANK) for reason_id in reason_ids()]
    for part in ("title", "formula", "consequence"):
        seen = [getattr(reason, part) for reason in reasons]
        assert len(seen) == len(set(seen)), sorted({text for text in seen if seen.count(text) > 1})


@pytest.mark.parametrize("reason_id", [step.id for step in steps(BANK)] + [row.id for row in figures(BANK)])
def test_the_numbers_are_those_of_this_bank(reason_id: str) -> None:
    """Another bank, another text: no reason of a step or figure is a mere phrase."""
    other = plan(
        *(5, 100.0),
        target_v=3.6,
        end_current_a=0.3,
        derating=0.5,
        lead_resistance_ohm=0.007,
        lead_limit_a=4.0,
        soc_low=0.9,
        soc_high=0.95,
        supply=RIDEN.__class__("manual", 60.0, 12.0, 0.001, 0.05),
    )
    assert why(reason_id, BANK) != why(reason_id, other)


@pytest.mark.parametrize("reason_id", ["leads-apart", "hold", "wire", "end-current", "pack-target", "rest"])
def test_where_opinions_differ_all_sides_are_told(reason_id: str) -> None:
    assert len(why(reason_id, BANK).sides) >= 3


def test_the_0_05_c_of_the_data_sheets_is_told_in_amperes_of_this_bank() -> None:
    assert any("112" in side for side in why("hold", BANK).sides)


def test_measured_numbers_are_added_and_unknown_ones_left_out() -> None:
    text = why("hold", BANK, {"cells_v": 3.598, "current_a": 6.42, "supply_v": None}).formula
    assert text.endswith("Now: cells 3.598 V · current 6.42 A")


def test_alarms_find_their_limit_and_gates_their_step() -> None:
    for alarm, reason_id in ALIASES.items():
        assert why(alarm, BANK).id == reason_id
    assert why("gate-temperature", BANK).id == "temperature"
    with pytest.raises(KeyError):
        why("no-such-thing", BANK)


def test_every_limit_names_what_follows_from_passing_it() -> None:
    assert {limit.action for limit in LIMITS.values()} <= set(get_args(Action))
