"""The answers to "why?": for every step, gate, limit, figure and choice the formula with this bank's numbers, the consequence, and the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.domain import calculations
from tui.domain.kinds import show
from tui.domain.limits import LIMITS
from tui.domain.plan import Plan
from tui.domain.reasons_choices import ADVICE, CHOICES
from tui.domain.reasons_facts import reason_facts
from tui.domain.reasons_figures import FIGURES
from tui.domain.reasons_parts import LEVEL, PRECHARGE, SINGLE, STAGES
from tui.domain.reasons_sides import Text
from tui.domain.reasons_steps import GATES, STEPS


@dataclass(frozen=True, slots=True)
class Reason:
    """One answer. `tutorial` is a section ("4.6", "D", "Warning"); another source of a number is told in the text."""

    id: str
    title: str
    formula: str
    consequence: str
    tutorial: str
    sides: tuple[str, ...] = ()


_ALL: dict[str, Text] = {text.id: text for text in (*STEPS, *PRECHARGE, *LEVEL, *STAGES, *SINGLE, *GATES, *FIGURES, *CHOICES, *ADVICE)}
TEXTS = {text_id: text for text_id, text in _ALL.items() if "/" not in text_id}
VARIANTS = {text_id: text for text_id, text in _ALL.items() if "/" in text_id}
SUBJECTS = tuple(text.id for text in (*CHOICES, *ADVICE))
"""Choices and advice that stand in no checklist and among no figures: asked for by their ids."""

# Alarms, passing questions and fields of the plan, by the limit, step or choice that they stand for.
ALIASES: Mapping[str, str] = {
    "hookup": "connect",
    "near-over-target": "warn_over_target_v",
    "cell-over-target": "trip_over_target_v",
    "ceiling": "ceiling_v",
    "current": "current_over_fraction",
    "negative-current": "negative_current_a",
    "set-point": "set_point_counts",
    "panel-off": "set_point_counts",
    "trim-failed": "set_point_counts",
    "found-on": "off_current_a",
    "protection": "over_voltage_protection_over_target_v",
    "glitches": "glitch_count",
    "charge-warn": "charge_over_warn",
    "charge-trip": "charge_over_trip",
    "time-at-top": "time_at_top_s",
    "overtime": "step_overtime_factor",
    "attention": "attention_top_s",
    "attention-soon": "attention_knee_s",
    "reading-due": "hand_reading_knee_s",
    "reading-overdue": "hand_overdue_call",
    "link": "link_retry_s",
    "F-27": "open_circuit_from_fraction",
    "F-29": "link_call_v",
    "F-33": "attention_top_s",
    "may-sleep": "attention_top_s",
    "limit-changed": "attention_knee_s",
    "F-36": "off_call_s",
    "F-39": "flat_window_s",
    "F-40": "falling_v",
    "F-28": "opened",
    "set-voltage": "set_point_counts",
    "set-current": "current_over_fraction",
    "hot": "hot_trip_c",
    "warm": "hot_warn_c",
    "cold": "cold_refuse_c",
    "stopped": "off_tries",
    "lift-undone": "set_point_lift_v",
    "protection-shown": "over_voltage_protection_over_target_v",
    "recheck": "polarity",
    "leads-worn": "drop_shift_v",
    "trim-far": "trip_over_target_v",
    "lift": "set_point_lift_v",
    "short-current": "short-amps",
    # fields of the plan
    "cells": "bank-capacity",
    "target_v": "target",
    "end_rule": "end-rule",
    "end_current_a": "end-current",
    "c_rate": "c-rate-current",
    "stages_v": "stages",
    "pause_s": "pause-time",
    "soak_s": "soak-time",
    "rest_s": "rest-time",
    "spread_limit_v": "spread-limit",
    "assembled_battery": "assembled-battery",
    "cell_limit_a": "cell-limit",
    "service_v": "service-volts",
    "soc_low": "state-of-charge",
    "soc_high": "state-of-charge",
    "lead_resistance_ohm": "lead-resistance",
    "lead_limit_a": "lead-limit",
    "arrangement": "pack-target",
    "supply.max_voltage_v": "supply-fit",
    "supply.max_current_a": "supply-current",
    "limits": "trip_over_target_v",
}

# Fields of Setup, by what is told of them.
FIELDS: Mapping[str, str] = {
    "model": "model",
    "cells": "bank-capacity",
    "capacity": "bank-capacity",
    "cell_limit": "cell-limit",
    "arrangement": "pack-target",
    "pack": "pack",
    "procedure": "procedure",
    "assembled": "assembled-battery",
    "supply": "supply-fit",
    "rating": "supply-fit",
    "derating": "derating",
    "meter": "meter",
    "bms": "bms-line",
    "leads": "lead-resistance",
    "target": "target",
    "service": "service-volts",
    "soc": "state-of-charge",
    "rate": "c-rate-current",
    "soak": "soak-time",
    "stages": "stages",
    "pause": "pause-time",
    "spread": "spread-limit",
    "end_rule": "end-rule",
    "end_current": "end-current",
    "rest": "rest-time",
}

_SHOWN = {  # measured numbers that a screen may pass, in the order they are told
    "cells_v": ("cells", "voltage"),
    "supply_v": ("supply", "voltage"),
    "current_a": ("current", "current"),
    "lead_resistance_ohm": ("leads", "resistance"),
    "charge_ah": ("charged", "capacity"),
}
_POSITIVE = ("lead_resistance_ohm", "charge_ah")


def reason_ids() -> tuple[str, ...]:
    """Every id that `why` answers under its own name: steps, gates, figures, choices, limits."""
    return (*TEXTS, *LIMITS)


def why(reason_id: str, plan: Plan, facts: Mapping[str, float | None] | None = None) -> Reason:
    """The reason for a step, gate, figure, choice, limit or alarm, with this bank's numbers; measured `facts` (V, A, Ω, Ah) are added.

    `plan` is that of the part in which it is asked (of Setup where no session runs). A step's id may end in its part ("open-lead@2").
    Raises KeyError for an id that nothing stands behind.
    """
    known = reason_id.partition("@")[0]
    known = ALIASES.get(known, known)
    if known not in TEXTS and known not in LIMITS:
        known = known.removeprefix("gate-")
        known = ALIASES.get(known, known)
    words = reason_facts(plan)
    now = _now(plan, facts or {})
    if known in LIMITS:
        limit = LIMITS[known]
        consequence = limit.reason.format_map(words) + (f" (Number from: {limit.source}.)" if limit.source else "")
        here = dict(plan.limits).get(known)
        tighter = (
            "" if here is None else f"; in this procedure tighter: {here:g} {limit.unit} instead of {limit.value:g}".replace("  ", " ")
        )
        own_s = dict(plan.attention).get(known)
        tighter += "" if own_s is None else f"; by your own setting every {show(own_s, 'time')}"
        return Reason(known, limit.title, limit.rule.format_map(words) + tighter + now, consequence, limit.tutorial)
    text = _variant(known, plan)
    return Reason(
        known,
        text.title,
        text.formula.format_map(words) + now,
        text.consequence.format_map(words),
        text.tutorial,
        tuple(side.format_map(words) for side in text.sides),
    )


def _variant(reason_id: str, plan: Plan) -> Text:
    """The text for this part, where low cells, a string or a single cell have one of their own."""
    held = {"low": calculations.lifts(plan), "series": calculations.wiring(plan).series > 1, "one": len(plan.cells) == 1}
    own = (f"{reason_id}/{part}" for part, holds in held.items() if holds)
    return next((VARIANTS[text_id] for text_id in own if text_id in VARIANTS), TEXTS[reason_id])


def _now(plan: Plan, facts: Mapping[str, float | None]) -> str:
    """The measured numbers of this moment, as a line under the formula. Nothing is told of leads without resistance, or of no charge yet."""
    told = {name: value for name, value in facts.items() if value is not None and (value > 0 or name not in _POSITIVE)}
    words = {name: word for name, (word, _) in _SHOWN.items()}
    if calculations.wiring(plan).series > 1:
        words["cells_v"] = "highest cell"
    parts = [f"{words[name]} {show(told[name], kind)}" for name, (_, kind) in _SHOWN.items() if name in told]
    return f"\nNow: {' · '.join(parts)}" if parts else ""
