"""The report as facts in words, the same for every form of it: what, when, how it ended, each cell, the proof, what went otherwise, with what."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.domain import calculations
from tui.domain.after import CellRest, drift_band, judge_rest
from tui.domain.chosen import chosen
from tui.domain.kinds import show_duration
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.records.curve import CurvePoint, load_curve
from tui.records.instruments_of import Instruments, words_of
from tui.records.integrity import Integrity, check_session
from tui.records.planned import limits_of, plan_of
from tui.records.program import program_version
from tui.records.report.deviations import Deviation, deviations
from tui.records.report.gather import Story, gather
from tui.records.report.proof import Proof
from tui.records.sessions import Rest, Session, Sessions, rest_readings

UNKNOWN = "unknown"
RESTS_SHOWN = 4
POINTS = {
    "bank": "at the posts",
    "supply": "at the supply's terminals",
    "cells": "at each cell",
    "cell": "at one cell",
    "walk": "carried from cell to cell",
}
NORMAL_AFTER = (
    "After the charge every cell falls from the target to between 3.35 and 3.50 V, within hours, and no charge is lost by it. "
    "Volts at rest tell nothing about the balance at the top; whether the distance between cells grows from week to week does."
)


@dataclass(frozen=True, slots=True)
class CellRow:
    """One cell: its volts before, at the end, at each rest that is shown; its verdict in a word, and in a sentence."""

    label: str
    capacity: str
    volts: tuple[float | None, ...]  # before, end, then one for each of `Report.rests`
    word: str  # "balanced", "suspect" …
    words: str
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report says. Texts are plain: whoever writes them down escapes them."""

    session: Session
    plan: Plan | None
    story: Story
    result: str
    good: bool  # the result is what the session was for
    when: str
    facts: tuple[tuple[str, str], ...]  # name, value
    chosen: tuple[str, ...]
    verdict: tuple[str, ...]  # sentences: is this normal?
    cells: tuple[CellRow, ...]
    rests: tuple[Rest, ...]
    spreads_v: tuple[float | None, ...]  # of each column of volts
    proofs: tuple[Proof, ...]
    deviations: tuple[Deviation, ...]
    record: Integrity
    instruments: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    curve: tuple[CurvePoint, ...] = field(default=())


def report_of(sessions: Sessions, session: Session) -> Report:
    """Reads row, curve and journal: for threads."""
    plan = plan_of(session.plan)
    story = gather(sessions.journal_path(session.id), plan)
    record = check_session(sessions, session)
    rests = session.rests[-RESTS_SHOWN:]
    columns: list[Mapping[str, float]] = [session.before_v, session.end_v, *(rest.volts for rest in rests)]
    judged = {one.label: one for one in judge_rest(rest_readings(session))}
    return Report(
        session=session,
        plan=plan,
        story=story,
        result=(session.result or "unfinished").upper(),
        good=session.result in ("balanced", "done"),
        when=_when(session),
        facts=tuple(_facts(session, plan, story)),
        chosen=_chosen(plan),
        verdict=tuple(_verdict(session, plan, story, judged)),
        cells=tuple(_cell(session, plan, columns, label, judged.get(label)) for label in (cell.label for cell in session.cells)),
        rests=rests,
        spreads_v=tuple(max(volts.values()) - min(volts.values()) if len(volts) > 1 else None for volts in columns),
        proofs=tuple(story.proofs),
        deviations=tuple(deviations(story.events, plan)),
        record=record,
        instruments=tuple(_instruments(plan, story)),
        versions=tuple(_versions(session, plan, story)),
        curve=tuple(load_curve(sessions.curve_path(session.id))),
    )


def rest_title(rest: Rest) -> str:
    """Of the column of a rest."""
    if rest.hours is None:
        return "rest"
    return f"rest {rest.hours:.0f} h" if rest.hours < 100 else f"rest {rest.hours / 24:.0f} d"


def clock(seconds: float) -> str:
    """The session's time as 3:42:10."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _when(session: Session) -> str:
    def shown(unix_s: float) -> str:
        return datetime.datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M %z")

    if session.ended_unix_s is None:
        return f"{shown(session.started_unix_s)}, no end"
    return f"{shown(session.started_unix_s)} to {shown(session.ended_unix_s)}"


def _facts(session: Session, plan: Plan | None, story: Story) -> list[tuple[str, str]]:
    capacity_ah = _capacity_ah(plan)
    ah = session.charge_ah
    share = f" ({100 * ah / capacity_ah:.1f} % of the bank's {capacity_ah:g} Ah)" if ah is not None and capacity_ah else ""
    end_a = session.end_current_a
    c_rate = f" = {end_a / capacity_ah:.5f} C of the bank" if end_a is not None and capacity_ah else ""
    gaps = [event for event in story.events if event["kind"] == "gap"]
    rows = [
        (
            "Cells",
            f"{len(session.cells)} as {session.arrangement}"
            + (f", {plan.cells[0].capacity_ah:g} Ah each" if plan and _alike(plan) else ""),
        ),
        ("Target", f"{plan.target_v:.3f} V a cell" if plan else UNKNOWN),
        ("Time", UNKNOWN if session.duration_s is None else show_duration(round(session.duration_s))),
        ("Charge", UNKNOWN if ah is None else f"{ah:.2f} Ah{share}"),
        ("Energy", UNKNOWN if session.energy_wh is None else f"{session.energy_wh:.0f} Wh"),
        ("End current", UNKNOWN if end_a is None else f"{end_a:.2f} A{c_rate}"),
        ("Spread at rest", UNKNOWN if session.spread_v is None else f"{1000 * session.spread_v:.0f} mV"),
        ("End", session.end_reason or "none"),
    ]
    if gaps:
        rows.append(
            ("Not counted", f"{len(gaps)} gap{'s' if len(gaps) > 1 else ''} in the readings; what flowed then is not in the charge")
        )
    return rows


def _chosen(plan: Plan | None) -> tuple[str, ...]:
    try:
        return chosen(plan) if plan else ()
    except (TypeError, KeyError, ValueError):
        return ()


def _verdict(session: Session, plan: Plan | None, story: Story, judged: Mapping[str, CellRest]) -> list[str]:
    """Is this normal? In sentences, the most important first."""
    told = [_how_it_ended(session, story)]
    rest = next((rest for rest in reversed(session.rests) if rest.volts), None)
    if rest is None:
        told.append(f"The cells were not measured at rest yet. {NORMAL_AFTER}")
        return told
    low_v, high_v = min(rest.volts.values()), max(rest.volts.values())
    if rest.hours and plan is not None:
        try:
            band = drift_band(calculations.end_c_rate(replace(plan, arrangement="")), rest.hours, plan.target_v)
        except (ValueError, ZeroDivisionError):
            band = None
        if band is not None:
            inside = band.low_v - 1e-9 <= low_v and high_v <= band.high_v + 1e-9
            where = "within what is normal" if inside else "NOT all within what is normal"
            told.append(f"At rest the cells stand at {low_v:.3f} to {high_v:.3f} V, {where}: {band.words}")
    noted_v = Limits().rest_spread_note_v
    if len(rest.volts) > 1:
        size = "less than" if high_v - low_v < noted_v - 1e-9 else "not less than"
        told.append(
            f"The spread at rest is {1000 * (high_v - low_v):.0f} mV, {size} the {1000 * noted_v:.0f} mV that builders call healthy. "
            "What matters is whether it grows."
        )
    told += [one.words for one in judged.values() if one.verdict in ("note", "suspect")]
    return told


def _how_it_ended(session: Session, story: Story) -> str:
    by_rule = [proof for proof in story.proofs if proof.by_rule]
    proved = [proof for proof in by_rule if proof.proved]
    if session.state == "running":
        return "This session has no end: nothing shows yet that its cells are balanced."
    reason = f"{session.end_reason[:1].upper()}{session.end_reason[1:]}"
    if reason and reason[-1] not in ".!?":
        reason += "."
    match session.result:
        case "balanced" if by_rule and len(proved) == len(by_rule):
            return "Balanced: the recorded readings show every clause of the end rule, see the proof."
        case "balanced":
            return "Called balanced, but the recorded readings do not show every clause of the end rule: see the proof."
        case "done":
            return "Done: this procedure prepares cells; it does not balance them."
        case "held" | "tripped":
            return f"Not balanced: the session was {session.result}. {reason}".strip()
    return f"Not balanced: the session ended as {session.result or 'unfinished'}. {reason}".strip()


def _cell(session: Session, plan: Plan | None, columns: list[Mapping[str, float]], label: str, judged: CellRest | None) -> CellRow:
    planned = next((cell for cell in plan.cells if cell.label == label), None) if plan else None
    suspect = any(found.get("label") == label for found in session.suspects) or (judged is not None and judged.verdict == "suspect")
    word = "balanced" if session.result == "balanced" else "not balanced"
    if suspect:
        word = "SUSPECT"
    elif judged is not None and judged.verdict == "note":
        word = f"{word}, watch"
    words = judged.words if judged is not None else "Not measured at rest."
    if suspect and (judged is None or judged.verdict != "suspect"):
        words = next((str(found.get("reason") or "") for found in session.suspects if found.get("label") == label), words)
    volts = tuple(column.get(label) for column in columns)
    return CellRow(label, "" if planned is None else f"{planned.capacity_ah:g} Ah", volts, word, words, suspect)


def _instruments(plan: Plan | None, story: Story) -> list[tuple[str, str]]:
    found = story.instruments
    rows = [("Supply", _supply(plan, found))]
    meter, bms = found.told.get("meter"), found.told.get("bms")
    if meter is None and plan is not None and plan.meter:
        meter = {"address": plan.meter}
    rows.append(("Meter", "none on a line; readings were typed" if meter is None else _on_line(meter)))
    if bms is not None:
        rows.append(("BMS", _on_line(bms)))
    rows += [("Before", text) for text in found.others]
    rows.append(("Leads", _leads(plan, found)))
    total = sum(story.trusts.values())
    if total:
        shares = ", ".join(f"{trust} {100 * count / total:.1f} %" for trust, count in story.trusts.most_common())
        rows.append(("Volts at the cells", f"in {total} readings: {shares}"))
    if story.start.get("embedded_bench"):
        rows.append(("Bench", "SIMULATED: the built-in bench, no real cells"))
    return rows


def _supply(plan: Plan | None, found: Instruments) -> str:
    supply = found.told.get("supply")
    if supply:
        return words_of(supply)
    if plan is None:
        return UNKNOWN
    return f"{plan.supply.name or plan.supply.address}, model and serial number not recorded"


def _on_line(found: Mapping[str, Any]) -> str:
    """An instrument with the family of its line, and where its probes were."""
    family = str(found.get("address") or "").partition(":")[0]
    stood = POINTS.get(str(found.get("point") or ""), "")
    if not found.get("model"):
        return f"{family}, model and serial number not recorded"
    serial = "" if found.get("serial") else ", it tells no serial number"
    return f"{words_of(found)}{serial} ({family}{', ' if stood else ''}{stood})"


def _leads(plan: Plan | None, found: Instruments) -> str:
    """Resistance of both leads with their contacts."""
    given = plan.lead_resistance_ohm if plan else None
    said = "" if given is None else f"{1000 * given:.1f} mΩ as given in Setup"
    if found.lead_ohm is None:
        return f"{said}; not measured in this session" if said else "resistance not measured, and not given"
    many = f"median of {found.lead_readings} readings" if found.lead_readings > 1 else "one reading"
    return f"{1000 * found.lead_ohm:.1f} mΩ with contacts, measured under current ({many})" + (f"; {said}" if said else "")


def _versions(session: Session, plan: Plan | None, story: Story) -> list[tuple[str, str]]:
    changed = limits_of(plan)[1]
    return [
        ("Session", session.id),
        (
            "Recorded by",
            f"topbalance {story.start['program']}" if story.start.get("program") else "a topbalance that did not note its version",
        ),
        ("Report by", f"topbalance {program_version()}".strip()),
        ("Procedure", session.procedure),
        ("Limits", "as the program comes" if not changed else f"changed: {', '.join(changed)}"),
    ]


def _alike(plan: Plan) -> bool:
    return len({cell.capacity_ah for cell in plan.cells}) == 1


def _capacity_ah(plan: Plan | None) -> float:
    try:
        return calculations.capacity_ah(plan) if plan else 0.0
    except ValueError:
        return 0.0


def numbers_of(line: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that an answer holds, by name."""
    data = line.get("data")
    if not isinstance(data, dict):
        return {}
    return {name: float(value) for name, value in data.items() if isinstance(value, int | float) and not isinstance(value, bool)}
