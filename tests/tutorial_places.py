"""Finds the text at a place of the program that the README's tutorial table names: `step:precharge/bms`, `figure:pack-8s`, `gate:open-lead` …

The numbers in the texts are those of one bank: eight cells of 280 Ah, half full, a 30 V / 10 A supply, leads of 20 mΩ.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from tui.domain import calculations, procedures
from tui.domain.checks import check_plan
from tui.domain.gates import GATES
from tui.domain.limits import LIMITS, Limits
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.domain.procedure import GateInput, Step
from tui.domain.reasons import why

REFERENCE = re.compile(r"`(?P<kind>[a-z]+):(?P<name>[^`]+)`(?P<words>(?:[ ,]*“[^”]+”)+)")
RIDEN = PlanSupply("riden:/dev/ttyUSB0", 60.0, 10.0, name="RD6012")
BY_HAND = PlanSupply("manual:30V/10A", 30.0, 10.0)


class NoSuchPlace(Exception):
    """The table names a place that the program does not have."""


def bank(count: int = 8, capacity_ah: float = 280.0, **changes: Any) -> Plan:
    cells = tuple(PlanCell(f"A{n + 1}", capacity_ah) for n in range(count))
    chosen = {"bank": "Bank A", "cells": cells, "supply": BY_HAND, "lead_resistance_ohm": 0.020, "soc_low": 0.5, "soc_high": 0.5}
    return Plan(**{**chosen, **changes})


def text_of(kind: str, name: str) -> str:
    """All that is told at this place, on one line. Raises NoSuchPlace."""
    if kind not in PLACES:
        raise NoSuchPlace(f"there are no places of the kind “{kind}”; there are {', '.join(PLACES)}")
    try:
        found = " ".join(flat(PLACES[kind](name)))
    except (KeyError, LookupError, ImportError) as problem:
        raise NoSuchPlace(f"{kind}:{name}: {problem}") from problem
    return " ".join(found.split())


def flat(thing: Any) -> Iterator[str]:
    """Every text and number in a value, however deep."""
    if isinstance(thing, str):
        yield thing
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from flat(getattr(thing, field.name))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from flat(key)
            yield from flat(value)
    elif isinstance(thing, tuple | list | set | frozenset):
        for item in thing:
            yield from flat(item)
    elif hasattr(thing, "plain"):  # what a screen draws
        yield thing.plain
    elif thing is not None and not isinstance(thing, bool):
        yield f"{thing}"


# --- procedures ------------------------------------------------------------------------------------------------


@cache
def steps_of(procedure: str) -> Mapping[str, tuple[Step, ...]]:
    """The steps by topic, of every kind of supply, bank and choice that changes them."""
    variants = [
        bank(supply=supply, **choice)
        for supply in (RIDEN, BY_HAND)
        for choice in ({}, {"soak_s": 8 * 3600.0}, {"assembled": True}, {"meter": "text-line:/dev/ttyUSB1"})
    ]
    variants.append(bank(8, 20.0))  # 0.2C of one cell is less than the supply gives: its current has to be set
    made: dict[str, list[Step]] = {}
    for plan in variants:
        chosen = dataclasses.replace(plan, procedure=procedure, derating=0.8 if procedure == "step-and-pause" else 1.0)
        steps = procedures.steps(chosen)
        if procedure == "level":
            volts = {cell.label: 3.0 if cell.label == "A2" else 3.3 for cell in plan.cells}
            steps += procedures.remedy("level", chosen, {f"cell:{label}": value for label, value in volts.items()})
        for step in steps:
            made.setdefault(step.topic, []).append(step)
    return {topic: tuple(found) for topic, found in made.items()}


def step(name: str) -> Any:
    procedure, _, topic = name.partition("/")
    if procedure not in (*procedures.PROCEDURES, *procedures.CHAINS):
        raise NoSuchPlace(f"“{procedure}” is no procedure")
    return [
        [found.title, found.instruction, found.notes, found.warnings, found.confirm, found.fields, found.picture]
        for found in steps_of(procedure)[topic]
    ]


# --- gates and checks: what they say to what is wrong ----------------------------------------------------------

WRONG: Mapping[str, tuple[Mapping[str, float | str], ...]] = {
    "cell-volts": ({f"cell:A{n}": 3.0 if n == 2 else 3.3 for n in range(1, 9)},),
    "open-lead": ({"lead_end_v": 36.5}, {"lead_end_v": -3.65}),
    "polarity": ({"post_v": -3.3},),
    "trim": ({"trim_v": 3.69},),
    "bms": ({"bms_fitted": "no BMS"},),
    "opened": ({f"cell:A{n}": 3.30 for n in range(1, 9)},),
    "leads-off": ({"lead_end_off_v": 3.6},),
}


def gate(name: str) -> Any:
    """What the gate says when it refuses; what passes has no words."""
    plan = bank(arrangement="8S" if name in ("bms", "opened") else "")
    facts = {"minutes_since_off": 1.0, "circuit_opened": 1.0, "last_highest_v": 3.31} if name == "opened" else {}
    earlier = {f"cell:A{n}": 3.3 for n in range(1, 9)}
    results = [GATES[name](plan, GateInput(values, earlier, facts)) for values in WRONG[name]]
    assert not any(result.ok for result in results), f"gate {name} let a wrong value pass"
    return [(result.message, result.remedy_text) for result in results]


FAULTY: tuple[Plan, ...] = (
    bank(16, procedure="precharge"),
    bank(target_v=3.70),
    bank(target_v=3.45),
    bank(procedure="step-and-pause", derating=1.0),
    bank(soc_low=0.2, soc_high=0.4),
    bank(c_rate=0.5),
    bank(lead_resistance_ohm=0.06),
    bank(target_v=3.60, service_v=3.65),
)


def check(name: str) -> Any:
    """What Setup says of faulty plans, by the plan's field."""
    found = [problem.message for plan in FAULTY for problem in check_plan(plan) if problem.field == name]
    if not found:
        raise NoSuchPlace(f"nothing is said of “{name}”")
    return found


# --- the rest --------------------------------------------------------------------------------------------------


def limit(name: str) -> Any:
    row = LIMITS[name]
    return [row.title, f"{getattr(Limits(), name):g} {row.unit}", dataclasses.astuple(why(name, bank()))]


def setup(name: str) -> Any:
    from tui.panes.draft import FIELDS

    return {spec.name: spec for spec in FIELDS}[name]


def command(name: str) -> Any:
    """What the command prints, whatever its exit status."""
    from click.testing import CliRunner

    from tui.cli import cli

    result = CliRunner().invoke(cli, name.split())
    if result.exit_code not in (0, 1):
        raise NoSuchPlace(result.output)
    return result.output


def _questions() -> Any:
    from tui.domain.should_balance import QUESTIONS, recommend
    from tui.panes import advice_text

    answers: tuple[dict[str, str | float], ...] = (
        {},
        {"matched": "yes"},
        {"matched": "yes", "capacity-test": "it did", "bms": "yes"},
        {"high-rates": "yes"},
        {"balanced-before": "yes", "aged-together": "yes", "bms": "yes"},
        {"rather-not": "yes", "bms": "yes"},
        {"use": "solar: often full"},
    )
    found = [recommend(given, bank()) for given in answers]
    return [[question.text for question in QUESTIONS], *((advice_text.verdict(one), advice_text.recommendation(one)) for one in found)]


def _leads() -> Any:
    from tui.domain.lead_choice import USUAL, judge
    from tui.panes import advice_text

    return [
        *(advice_text.lead_report(judge(bank(), lead)) for lead in USUAL),
        *(advice_text.lead_advice(bank(), stud) for stud in (None, 6, 8)),
    ]


def _supply() -> Any:
    from tui.domain.supply_fit import BOTH_NEEDED, QUESTION
    from tui.panes import advice_text

    return [QUESTION, BOTH_NEEDED, advice_text.supply(bank(), None)]


def _told(name: str) -> Callable[[], Any]:
    return lambda: getattr(importlib.import_module("tui.panes.advice_text"), name)(bank())


def _after() -> Any:
    from tui.panes import advice_text

    return advice_text.after(bank(), {})


ADVICE: Mapping[str, Callable[[], Any]] = {
    "Should I balance?": _questions,
    "Which procedure": _told("procedures"),
    "Leads": _leads,
    "Supply": _supply,
    "When to stop": _told("when_to_stop"),
    "Rest and after": _after,
    "Opinions": _told("opinions"),
    "Easily lost": _told("lost"),
}
"""What each topic of the Advice screen tells, by its title there."""

PLACES: Mapping[str, Callable[[str], Any]] = {
    "step": step,
    "gate": gate,
    "check": check,
    "limit": limit,
    "setup": setup,
    "command": command,
    "reason": lambda name: why(name, bank()),
    "figure": lambda name: calculations.figure(bank(), name),
    "advice": lambda name: ADVICE[name](),
}
