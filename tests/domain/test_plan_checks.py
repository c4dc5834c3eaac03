"""Faults that a plan shows by itself."""

from dataclasses import replace
from typing import Any

import pytest
from domain_plans import RIDEN, plan

from tui.domain.calculations import current_limit
from tui.domain.checks import Problem, check_plan
from tui.domain.limits import LIMITS, Limits
from tui.domain.plan import PlanCell, PlanSupply
from tui.domain.procedures import CHAINS, PROCEDURES, export

NAN = float("nan")


def only(problems: list[Problem], field: str) -> Problem:
    found = [problem for problem in problems if problem.field == field]
    assert len(found) == 1, problems
    return found[0]


def test_a_sound_plan_has_no_problem() -> None:
    assert check_plan(plan(soc_low=0.95, soc_high=0.97)) == []


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"cells": ()}, "cells", "no cells yet"),
        ({"cells": (PlanCell("A1", 280), PlanCell("a1 ", 280))}, "cells", "given twice"),
        ({"cells": (PlanCell(" ", 280),)}, "cells", "no label"),
        ({"cells": (PlanCell("A1", 280000),)}, "cells", "milliampere-hours"),
        ({"cells": (PlanCell("A1", NAN),)}, "cells", "no capacity"),
        ({"target_v": 3.49}, "target_v", "below 3.50 V"),
        ({"target_v": 3.70}, "target_v", "above 3.65 V"),
        ({"target_v": NAN}, "target_v", "not a number"),
        ({"arrangement": "4P"}, "arrangement", "needs 4 cells, but the bank has 8"),
        ({"arrangement": "8S"}, "arrangement", "in series"),
        ({"arrangement": "wrong"}, "arrangement", "is not an arrangement"),
        ({"procedure": "by magic"}, "procedure", "is no procedure"),
        ({"end_rule": "sometime"}, "end_rule", "no end rule"),
        ({"end_current_a": 0.01}, "end_current_a", "two counts"),
        ({"end_current_a": 10.0}, "end_current_a", "not below the charging current"),
        ({"end_current_a": NAN}, "end_current_a", "a current such as"),
        ({"supply": PlanSupply("manual", 3.3, 10)}, "supply.max_voltage_v", "nothing can be charged"),
        ({"supply": PlanSupply("manual", 0, 10)}, "supply.max_voltage_v", "missing"),
        ({"supply": PlanSupply("manual", 30, 0)}, "supply.max_current_a", "missing"),
        ({"supply": PlanSupply("manual", 30, 10, voltage_step_v=0.1)}, "target_v", "3.600 V"),
        ({"derating": 1.5}, "derating", "100 %"),
        ({"c_rate": 0.5}, "c_rate", "0.2C at most"),
        ({"lead_resistance_ohm": -0.01}, "lead_resistance_ohm", "lies between"),
        ({"lead_limit_a": 0.0}, "lead_limit_a", "above zero"),
        ({"soc_low": 0.9, "soc_high": 0.5}, "soc_low", "downwards"),
        ({"soc_low": 1.2, "soc_high": None}, "soc_low", "0 % and 100 %"),
        ({"rest_s": -1.0}, "rest_s", "at most 7 days"),
        ({"spread_limit_v": 0.5}, "spread_limit_v", "weld"),
        ({"pause_s": 5.0}, "pause_s", "1 minute"),
        ({"soak_s": NAN}, "soak_s", "7 days"),
        ({"cell_limit_a": 0.0}, "cell_limit_a", "above zero"),
        ({"service_v": 29.2}, "service_v", "between 3.0 and 4.2 V"),
        ({"limits": (("ceiling_v", 3.75),)}, "limits", "looser than the guard's"),
        ({"limits": (("speed", 1.0),)}, "limits", "no limit"),
        ({"procedure": "step-and-pause"}, "derating", "80%"),
        ({"procedure": "step-and-pause", "derating": 0.8, "stages_v": (3.5, 3.4)}, "stages_v", "must rise"),
        ({"procedure": "step-and-pause", "derating": 0.8, "stages_v": (3.2, 3.65)}, "stages_v", "3.200 V is outside"),
        ({"procedure": "step-and-pause", "derating": 0.8, "target_v": 3.6, "stages_v": (3.5, 3.65)}, "stages_v", "3.650 V is outside"),
        ({"procedure": "precharge+step-and-pause"}, "derating", "80%"),
        ({"procedure": "precharge", "pack": "4S"}, "pack", "needs 4 cells"),
        ({"procedure": "precharge", "pack": "8P"}, "pack", "no string"),
        ({"procedure": "precharge", "arrangement": "7S"}, "arrangement", "needs 7 cells"),
        ({"procedure": "precharge", "supply": PlanSupply("manual", 15, 10)}, "supply.max_voltage_v", "a 30 V supply is needed"),
        ({"procedure": "single-cell", "c_rate": 0.0001, "end_current_a": 0.1}, "end_current_a", "not below the charging current of 0.03 A"),
    ],
)
def test_a_blocking_fault_names_its_field(changes: dict[str, Any], field: str, part: str) -> None:
    problem = only(check_plan(plan(**changes)), field)
    assert problem.blocking
    assert part in problem.message


def test_a_30_volt_supply_cannot_charge_a_48_volt_pack_and_the_class_is_named() -> None:
    problem = only(check_plan(plan(16, arrangement="16S")), "supply.max_voltage_v")
    assert "58.40 V" in problem.message
    assert "60 V supply" in problem.message


def test_a_48_volt_pack_is_not_precharged_with_30_volts() -> None:
    problem = only(check_plan(plan(16, procedure="precharge+parallel")), "supply.max_voltage_v")
    assert "16 × 3.650 V = 58.40 V" in problem.message
    assert "a 60 V supply is needed" in problem.message
    assert check_plan(plan(16, procedure="precharge+parallel", supply=PlanSupply("manual", 60, 10))) == []
    assert check_plan(plan(16, procedure="precharge", pack="2P8S")) == []
    assert check_plan(plan(8, procedure="precharge", arrangement="8S")) == []


@pytest.mark.parametrize("procedure", [*PROCEDURES, *CHAINS])
def test_every_procedure_can_be_started_with_a_sound_plan(procedure: str) -> None:
    bank = plan(4, procedure=procedure, derating=0.8, soc_low=0.97, soc_high=0.99)
    assert check_plan(bank) == []
    assert check_plan(replace(bank, supply=replace(RIDEN, max_voltage_v=60))) == []


def test_a_stage_that_the_supply_cannot_set_is_found() -> None:
    coarse = PlanSupply("manual", 30, 10, voltage_step_v=0.05)
    problem = only(
        check_plan(plan(procedure="step-and-pause", derating=0.8, target_v=3.6, stages_v=(3.42, 3.6), supply=coarse)), "target_v"
    )
    assert "3.400 V" in problem.message


def test_an_own_procedure_is_checked_with_its_file() -> None:
    text = export("parallel", plan())
    own = plan(procedure="own:mine", soc_low=0.97, soc_high=0.99)
    assert check_plan(own) == []
    assert check_plan(own, text) == []
    spoilt = check_plan(own, text.replace('gate = "polarity"', 'gate = "hope"'))
    assert {problem.field for problem in spoilt} == {"procedure"}
    assert "mine, line " in spoilt[0].message
    string = plan(16, procedure="own:mine")
    assert "a 60 V supply is needed" in only(check_plan(string, export("precharge", string)), "supply.max_voltage_v").message
    assert only(check_plan(own, export("step-and-pause", own)), "derating").blocking
    fixed = text.replace("\n[plan]\n", '\n[plan]\nend_current = "20 A"\n')
    assert "not below the charging current" in only(check_plan(own, fixed), "end_current_a").message


def test_the_cells_own_limit_bounds_the_current() -> None:
    limit = current_limit(plan(4, cell_limit_a=2.0))
    assert (limit.value_a, limit.winner, limit.why) == (8.0, "cell", "the cell's own limit decides")
    assert current_limit(plan(4, arrangement="4S", cell_limit_a=2.0)).value_a == 2.0


def test_days_in_parallel_offer_the_precharge_with_its_hours() -> None:
    problem = only(check_plan(plan()), "soc_low")
    assert not problem.blocking
    assert "in all with the pre-charge before the balance" in problem.message
    assert "a 60 V supply is needed" in only(check_plan(plan(16)), "soc_low").message
    assert not any(problem.field == "soc_low" for problem in check_plan(plan(procedure="precharge+parallel")))


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"service_v": 3.65}, "service_v", "above the highest volts in service"),
        ({"procedure": "step-and-pause", "derating": 0.8, "stages_v": (3.4, 3.6)}, "stages_v", "balanced at 3.600 V"),
        ({"lead_resistance_ohm": 0.060}, "lead_resistance_ohm", "5.3 A flow"),
        ({"lead_resistance_ohm": 0.015, "supply": PlanSupply("manual", 30, 20)}, "lead_resistance_ohm", "6.0 W"),
        ({"lead_resistance_ohm": None}, "lead_resistance_ohm", "not known"),
        ({"soc_low": 0.3}, "soc_low", "series under a BMS"),
        ({"cells": (PlanCell("A1", 280), PlanCell("A2", 230))}, "cells", "smallest cell"),
        ({"spread_limit_v": 0.2}, "spread_limit_v", "0.15 V"),
    ],
)
def test_a_warning_does_not_block(changes: dict[str, Any], field: str, part: str) -> None:
    sound: dict[str, Any] = {"soc_low": 0.97, "soc_high": 0.99}
    problem = only(check_plan(plan(**{**sound, **changes})), field)
    assert not problem.blocking
    assert part in problem.message


def test_cells_within_a_few_percent_are_not_mixed() -> None:
    cells = tuple(PlanCell(f"A{number}", 280 + number) for number in range(8))
    assert check_plan(plan(cells=cells, soc_low=0.97, soc_high=0.99)) == []


def test_the_end_rule_by_volts_needs_no_low_current() -> None:
    assert check_plan(plan(end_rule="volts", end_current_a=10.0, soc_low=0.97, soc_high=0.99)) == []


def test_blocking_problems_come_first() -> None:
    problems = check_plan(plan(end_current_a=0.001, lead_resistance_ohm=0.06))
    assert [problem.blocking for problem in problems] == sorted((problem.blocking for problem in problems), reverse=True)


def test_the_default_limits_lie_in_their_ranges_and_each_has_a_reason() -> None:
    assert Limits().problems() == []
    for limit in LIMITS.values():
        assert limit.low <= limit.value <= limit.high
        assert limit.reason
        assert limit.rule
        assert limit.tutorial


def test_no_limit_can_be_loosened_past_its_range() -> None:
    assert "3.6 to 3.8" in replace(Limits(), ceiling_v=3.9).problems()[0]
    assert len(replace(Limits(), time_at_top_s=float("inf"), trip_over_target_v=0.2).problems()) == 2


def test_the_numbers_that_the_safety_concept_names() -> None:
    limits = Limits()
    assert (limits.warn_over_target_v, limits.trip_over_target_v, limits.ceiling_v) == (0.010, 0.030, 3.70)
    assert (limits.dead_v, limits.start_low_v, limits.negative_current_a) == (2.0, 2.5, 0.05)
    assert (limits.time_at_top_s, limits.end_hold_s, limits.off_call_s) == (4 * 3600, 600, 5)
    assert (limits.hand_reading_below_s, limits.hand_reading_knee_s, limits.hand_reading_top_s) == (1800, 600, 300)
