"""The answers to "why?": for every step, gate, limit and figure the formula with this bank's numbers, the consequence, and the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.domain.facts import bank_facts
from tui.domain.kinds import show
from tui.domain.limits import LIMITS
from tui.domain.plan import Plan
from tui.domain.reasons_figures import FIGURES
from tui.domain.reasons_steps import GATES, STEPS, Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One answer. `tutorial` is a section ("4.6", "D", "Warning"); another source of a number is told in the text."""

    id: str
    title: str
    formula: str
    consequence: str
    tutorial: str
    sides: tuple[str, ...] = ()


TEXTS: dict[str, Text] = {text.id: text for text in (*STEPS, *GATES, *FIGURES)}

# Alarms and passing questions of the bench, by the limit or step that they stand for.
ALIASES: Mapping[str, str] = {
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
    "F-36": "off_call_s",
    "F-39": "flat_window_s",
    "F-40": "falling_v",
    "recheck": "polarity",
    "lift": "set_point_lift_v",
}

_SHOWN = {  # measured numbers that a screen may pass, in the order they are told
    "cells_v": ("cells", "voltage"),
    "supply_v": ("supply", "voltage"),
    "current_a": ("current", "current"),
    "lead_resistance_ohm": ("leads", "resistance"),
    "charge_ah": ("charged", "capacity"),
}


def reason_ids() -> tuple[str, ...]:
    """Every id that `why` answers under its own name: steps, gates, figures, limits."""
    return (*TEXTS, *LIMITS)


def why(reason_id: str, plan: Plan, facts: Mapping[str, float | None] | None = None) -> Reason:
    """The reason for a step, gate, figure, limit or alarm, with this bank's numbers; measured `facts` (V, A, Ω, Ah) are added where known.

    Raises KeyError for an id that nothing stands behind.
    """
    known = ALIASES.get(reason_id, reason_id)
    if known not in TEXTS and known not in LIMITS:
        known = known.removeprefix("gate-")
    words = bank_facts(plan)
    now = _now(facts or {})
    if known in LIMITS:
        limit = LIMITS[known]
        consequence = limit.reason.format_map(words) + (f" (Number from: {limit.source}.)" if limit.source else "")
        return Reason(known, limit.title, limit.rule.format_map(words) + now, consequence, limit.tutorial)
    text = TEXTS[known]
    return Reason(
        known,
        text.title,
        text.formula.format_map(words) + now,
        text.consequence.format_map(words),
        text.tutorial,
        tuple(side.format_map(words) for side in text.sides),
    )


def _now(facts: Mapping[str, float | None]) -> str:
    """The measured numbers of this moment, as a line under the formula."""
    parts = [f"{word} {show(value, kind)}" for name, (word, kind) in _SHOWN.items() if (value := facts.get(name)) is not None]
    return f"\nNow: {' · '.join(parts)}" if parts else ""
