"""The answers to "why?"."""

import re
from dataclasses import replace
from typing import Any, get_args

import pytest
from domain_plans import RIDEN, plan

from tui.domain.calculations import figures
from tui.domain.gates import GATES
from tui.domain.limit_table import Action
from tui.domain.limits import LIMITS
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import Step
from tui.domain.procedures import CHAINS, PROCEDURES, remedy, steps
from tui.domain.reasons import ALIASES, FIELDS, SUBJECTS, TEXTS, VARIANTS, reason_ids, why

BANK = plan()
STRONG = PlanSupply("manual", 60.0, 12.0)
KNOBS = PlanSupply("manual", 60.0, 100.0)  # gives more than 0.2C of a cell: its current is set with shorted leads
CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"supply": STRONG},
    {"supply": replace(RIDEN, max_voltage_v=60.0)},
    {"supply": KNOBS, "soak_s": 8 * 3600.0},
    {"supply": STRONG, "assembled": True},
    {"supply": STRONG, "target_v": 3.60, "stages_v": (3.40, 3.60)},
    {"supply": STRONG, "lead_resistance_ohm": None, "soc_low": None, "soc_high": None},
)
APART = {f"cell:A{number}": 3.31 for number in range(1, 9)} | {"cell:A2": 3.05, "cell:A5": 2.95}


def built() -> list[Step]:
    """Every step of every procedure, chain and remedy, for supplies of both kinds and the choices that change steps."""
    found: list[Step] = []
    for name in (*PROCEDURES, *CHAINS):
        for choice in CHOICES:
            chosen = plan(8, procedure=name, derating=0.8, **choice)
            if "precharge" in name and chosen.supply.max_voltage_v < 8 * chosen.target_v:
                continue
            found += steps(chosen)
    for choice in CHOICES:
        for low in ({}, {"cell:A2": 3.31}):
            found += remedy("level", plan(8, **choice), {**APART, **low})
    return found


STEPS = built()


def test_every_step_gate_limit_and_figure_is_answered_and_nothing_else() -> None:
    topics = {step.topic for step in STEPS}
    answered = {why(name, BANK).id for name in {*topics, *GATES}}
    assert {*answered, *LIMITS, *(row.id for row in figures(BANK)), *SUBJECTS} == set(reason_ids())
    assert len(reason_ids()) == len(set(reason_ids()))


ASKED: dict[Plan, dict[str, str]] = {}
"""What each part's plan may be asked for: an id, and the id of the answer. By plan, because its numbers are worked out once."""
for _step in STEPS:
    assert _step.part is not None
    ASKED.setdefault(_step.part.plan, {})[_step.id] = _step.topic
    if _step.gate:
        ASKED[_step.part.plan][f"gate-{_step.gate}"] = ""


@pytest.mark.parametrize("wired", sorted({chosen.arrangement for chosen in ASKED}))
def test_every_step_and_gate_of_every_procedure_is_answered_with_the_numbers_of_its_part(wired: str) -> None:
    for chosen in (chosen for chosen in ASKED if chosen.arrangement == wired):
        for asked, topic in ASKED[chosen].items():
            reason = why(asked, chosen)
            assert reason.id == topic or not topic
            assert re.search(r"[0-9=≤≥<>|×÷−+]", reason.formula), reason.formula
            assert "{" not in reason.formula + reason.consequence + "".join(reason.sides)
            assert not {"inf", "nan"} & set(re.findall(r"[a-z]+", reason.formula))


@pytest.mark.parametrize(
    "chosen", [BANK, plan(8, arrangement="8S", supply=STRONG), plan(1), plan(4, lead_resistance_ohm=None, soc_low=None)]
)
@pytest.mark.parametrize("reason_id", reason_ids())
def test_each_answer_has_a_formula_a_consequence_and_a_place_in_the_tutorial(reason_id: str, chosen: Plan) -> None:
    reason = why(reason_id, chosen)
    assert re.search(r"[0-9=≤≥<>|×÷−+]", reason.formula)
    assert len(reason.consequence) > 40
    assert re.fullmatch(r"(\d|[A-E])(\.\d){0,2}|Warning", reason.tutorial)
    assert "{" not in reason.formula + reason.consequence + "".join(reason.sides)


def test_no_two_texts_are_alike() -> None:
    texts = [*TEXTS.values(), *VARIANTS.values()]
    for part in ("title", "formula", "consequence"):
        seen = [getattr(text, part) for text in texts]
        assert len(seen) == len(set(seen)), sorted({text for text in seen if seen.count(text) > 1})


def test_every_variant_belongs_to_an_answer() -> None:
    assert {reason_id.partition("/")[0] for reason_id in VARIANTS} <= set(TEXTS)
    assert {reason_id.partition("/")[2] for reason_id in VARIANTS} == {"series", "one", "low"}


@pytest.mark.parametrize("reason_id", [name for name in TEXTS if name not in ("lead-ends", "journal", "knobs-start")])
def test_the_numbers_are_those_of_this_bank(reason_id: str) -> None:
    """Another bank, another text: no reason of a step, figure or choice is a mere phrase."""
    other = plan(
        *(5, 100.0),
        target_v=3.6,
        end_current_a=0.3,
        derating=0.5,
        lead_resistance_ohm=0.007,
        lead_limit_a=4.0,
        soc_low=0.9,
        soc_high=0.95,
        soak_s=3600.0,
        pause_s=600.0,
        rest_s=7200.0,
        spread_limit_v=0.1,
        cell_limit_a=50.0,
        service_v=3.45,
        supply=PlanSupply("manual", 60.0, 12.0, 0.001, 0.05),
    )
    assert why(reason_id, BANK) != why(reason_id, other)


# --- a string, a single cell, a part


def test_a_string_is_told_in_pack_volts_and_a_single_cell_by_its_name() -> None:
    string = plan(8, arrangement="8S", supply=STRONG)
    assert "8 × 3.650 V = 29.200 V" in why("leads-apart", string).formula
    assert "8 × mean of the cells" in why("post-polarity", string).formula
    assert "P−" in why("connect", string).formula
    assert "3.600" not in why("leads-apart", BANK).formula
    assert "A1" in why("connect", plan(1)).formula
    assert "diagonal" in why("connect", BANK).title


def test_a_step_of_a_later_part_is_answered_by_its_topic() -> None:
    assert why("hold@3", BANK) == why("hold", BANK)
    assert why("cell-volts@remedy-1", BANK).id == "cell-volts"


def test_a_stage_names_the_other_stages_and_its_own_volts() -> None:
    pauses = [step for step in STEPS if step.topic == "pause" and step.part and step.part.plan.stages_v == (3.40, 3.60)]
    assert pauses and pauses[0].part
    formula = why(pauses[0].id, pauses[0].part.plan).formula
    assert "3.400 V" in formula
    assert "3.40, 3.60 V" in formula


def test_the_pre_charge_is_argued_in_watts_and_hours() -> None:
    half_full = plan(8, supply=PlanSupply("manual", 30.0, 10.0), lead_resistance_ohm=0.005)
    formula = why("wire-series", half_full).formula
    assert "34 W in parallel" in formula
    assert "272 W in series" in formula
    assert re.search(r"1[01]\d to 1[12]\d h|≈1[01]\d h", formula)


# --- where opinions differ


@pytest.mark.parametrize(
    ("reason_id", "sides"),
    [
        ("leads-apart", ("3.65 V", "3.64 V", "3.60 V", "3.50 V")),
        ("target", ("3.65 V", "3.64 V", "3.60 V", "3.50 V")),
        ("hold", ("Near zero", "0.05C", "0.00 A")),
        ("hold-stage", ("Near zero", "0.05C", "0.00 A")),
        ("end-rule", ("Near zero", "0.05C", "0.00 A")),
        ("wire", ("Single step", "Pre-charge", "Step and pause", "Cell by cell", "No top balance")),
        ("procedure", ("Single step", "Pre-charge", "Step and pause", "Cell by cell", "No top balance")),
        ("battery-still", ("Single step", "Pre-charge", "Step and pause", "Cell by cell", "No top balance")),
        ("rest", ("No rest", "A day or two", "tell nothing")),
        ("cell-volts", ("0.15 V", "0.10 V", "0.05 V")),
        ("soak", ("None", "A night", "Useless")),
        ("balance-or-not", ("once", "Do not balance", "Test first", "at the bottom")),
    ],
)
def test_where_opinions_differ_all_sides_are_told(reason_id: str, sides: tuple[str, ...]) -> None:
    told = why(reason_id, BANK).sides
    assert len(told) >= len(sides)
    for side in sides:
        assert any(side in text for text in told), side


def test_the_0_05_c_of_the_data_sheets_is_told_in_amperes_of_this_bank() -> None:
    assert any("112" in side for side in why("hold", BANK).sides)


@pytest.mark.parametrize(
    ("reason_id", "words"),
    [
        ("target", "above the highest volts that BMS and charger will allow in use"),
        ("service-volts", "about 3.5 V a cell"),
        ("top-or-bottom", "near full"),
        ("capacity-test", "reports less than the cells hold"),
        ("cell-volts", "similar state of charge before any are joined"),
        ("lead-ends", "an 8 mm ring also goes on a 6 mm stud"),
        ("lead-ends", "High-strand"),
        ("lead-ends", "12 AWG is adequate, 10 or 8 is better"),
        ("studs-once", "red thread locker"),
        ("supply-fit", "48 V need 60 V"),
        ("balance-or-not", "very high currents"),
    ],
)
def test_advice_that_is_easily_lost_is_found_through_a_reason(reason_id: str, words: str) -> None:
    assert words in why(reason_id, BANK).consequence


def test_do_not_balance_tells_what_it_asks_of_charger_and_loads() -> None:
    told = " ".join(why("balance-or-not", BANK).sides)
    assert "the charger must stop so low that no cell ever opens the BMS" in told
    assert "the loads must stop before" in told


# --- numbers of the moment, alarms


def test_measured_numbers_are_added_and_unknown_ones_left_out() -> None:
    text = why("hold", BANK, {"cells_v": 3.598, "current_a": 6.42, "supply_v": None}).formula
    assert text.endswith("Now: cells 3.598 V · current 6.42 A")


def test_alarms_and_fields_find_what_they_stand_for() -> None:
    for alias, reason_id in ALIASES.items():
        assert why(alias, BANK).id == reason_id
    for reason_id in FIELDS.values():
        assert why(reason_id, BANK).id == reason_id
    assert why("gate-temperature", BANK).id == "temperature"
    assert why("gate-short-current", BANK).id == "short-amps"
    assert why("F-28", BANK).id == "opened"
    with pytest.raises(KeyError):
        why("no-such-thing", BANK)


def test_a_limit_that_a_procedure_made_tighter_is_told_with_both_numbers() -> None:
    formula = why("trip_over_target_v", plan(limits=(("trip_over_target_v", 0.02),))).formula
    assert formula.endswith("in this procedure tighter: 0.02 V instead of 0.03")
    assert "tighter" not in why("trip_over_target_v", BANK).formula


def test_every_limit_names_what_follows_from_passing_it() -> None:
    assert {limit.action for limit in LIMITS.values()} <= set(get_args(Action))


def test_low_cells_that_are_lifted_are_told_nothing_of_a_full_bank() -> None:
    lift = plan(1, target_v=3.28, soc_low=0.02, soc_high=0.12)
    told = {
        topic: why(topic, lift, {"lead_resistance_ohm": 0.0, "charge_ah": 0.0})
        for topic in ("leads-apart", "take-apart", "leads-off", "off")
    }
    words = " ".join(" ".join((reason.formula, reason.consequence, *reason.sides)) for reason in told.values())
    for wrong in ("3.65", "full", "1 cells", "Now:"):
        assert wrong not in words, wrong
    assert "3.280 V" in told["leads-off"].formula


def test_what_is_measured_in_a_string_is_its_highest_cell() -> None:
    assert "highest cell 3.412 V" in why("to-top", plan(8, arrangement="8S", supply=STRONG), {"cells_v": 3.412}).formula
