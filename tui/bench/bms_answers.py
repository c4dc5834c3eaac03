"""What the BMS answers by itself of what a series charge asks: its own limit, the highest cell, which cell was first. A person may still type.

The same gates judge it. What it tells never counts as a sign that somebody is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drivers.roles import BmsReading
from tui.bench.runner import Runner
from tui.bench.session import Session
from tui.domain import gates_bms
from tui.domain.gates_series import BMS_CHOICES
from tui.domain.procedure import Value

if TYPE_CHECKING:
    from tui.bench.bench import Bench

SOURCE = "read from the BMS"
AWAKE_S = 10.0
"""So long a board may take to wake after it was wired."""
LOOK_AGAIN_S = 5.0
"""While its limit is asked for somebody may change it in its app."""


def heard(bench: Bench, session: Session) -> BmsReading | None:
    """What the BMS of the string on the leads tells now; None where it is silent, or nothing is in series."""
    reading = bench.reading
    return reading.bms if session.series > 1 and reading.bms_fresh else None


def facts(bench: Bench, session: Session) -> Mapping[str, float]:
    """For the gates: its cells and, where it can be read, its limit."""
    told = heard(bench, session)
    if told is None:
        return {}
    limit_v = told.cell_overvoltage_protection_v
    return {"bms_cells": float(len(told.cell_voltages_v)), **({} if limit_v is None else {"bms_limit_v": limit_v})}


def barred(bench: Bench, session: Session) -> str:
    """Why no current may be sent into the string as its BMS stands; "" when nothing is known against it."""
    told = heard(bench, session)
    if told is None:
        return ""
    wrong = gates_bms.misfit(session.plan, len(told.cell_voltages_v), told.cell_overvoltage_protection_v)
    return wrong or gates_bms.shut(told.charge_fet_on, told.protection)


def at(bench: Bench, session: Session, probe: str) -> float | None:
    """Its value for a point that is asked for. Each cell counts once the string was charged: before it is built nothing holds the taps."""
    told, reading = heard(bench, session), bench.reading
    if told is None:
        return None
    if probe == "bms-limit":
        return told.cell_overvoltage_protection_v
    if not reading.bms_whole:
        return None
    if probe == "highest-cell":
        return reading.bms_high_v
    if probe.startswith("cell:") and session.charging_since_s is not None:
        channel = reading.per_cell_v.get(probe[5:])
        return channel.value if channel is not None and channel.trust == "measured" else None
    return None


def answer(bench: Bench, session: Session, runner: Runner) -> None:
    """Answer an open question of the procedure that the BMS can answer whole. What its gate refused is not said again before the BMS tells
    something else. Before each such question, and before the output goes on, its settings are read anew.
    """
    prompt, step, now_s = runner.prompt, runner.step, bench.now_s()
    if bench.bms is None or session.series == 1 or prompt is None or not prompt.blocking:
        return
    watch = session.watches.bms
    if (step.gate == "bms" or step.action == "charge") and (now_s - watch.asked_s >= LOOK_AGAIN_S or step.id != watch.asked_in):
        watch.asked_s, watch.asked_in = now_s, step.id
        bench.bms.driver.look_again()
    told = heard(bench, session)
    if told is None and step.gate == "bms" and now_s - runner.entered_s > AWAKE_S:
        text = f"{bench.bms.error} Look at its cable, or go on without: type its limit here, and the highest cell where it is asked for."
        bench.warn("bms-silent", "the BMS does not answer", text.strip())
    if told is None or told.time_s <= watch.asked_s:
        return
    values = {"bms": _limit, "opened": _each_cell}.get(step.gate, _nothing)(session, bench, told)
    said = (dict(values), facts(bench, session))
    if not values or said == watch.answered or {field.name for field in prompt.fields} != values.keys():
        return
    watch.answered = said
    if runner.answer(prompt.id, values, SOURCE).ok and step.gate == "bms":
        runner.details[step.id] = f"{told.cell_overvoltage_protection_v:.3f} V read"


def _nothing(session: Session, bench: Bench, told: BmsReading) -> Mapping[str, Value]:
    return {}


def _limit(session: Session, bench: Bench, told: BmsReading) -> Mapping[str, Value]:
    limit_v = told.cell_overvoltage_protection_v
    return {} if limit_v is None else {"bms_fitted": BMS_CHOICES[0], "bms_ov_v": limit_v}


def _each_cell(session: Session, bench: Bench, told: BmsReading) -> Mapping[str, Value]:
    """Once it is clear whether the BMS opened, and why."""
    volts = {f"cell:{cell.label}": at(bench, session, f"cell:{cell.label}") for cell in session.plan.cells}
    known: dict[str, Value] = {name: value for name, value in volts.items() if value is not None}
    return known if len(known) == len(volts) and session.watches.bms.clear else {}
