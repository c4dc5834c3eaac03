"""The safety limits: every number of the guard as a named setting with unit, range, action and reason.

`Limits` holds the values in force (V per cell, A, s, °C, Ω or plain factors, as each name says); `LIMITS` tells what each is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Literal

from tui.domain.kinds import show_duration
from tui.domain.limit_table import GROUPS, Action


@dataclass(frozen=True, slots=True)
class Limits:
    """The values in force. Loosening one is an event of the session; `problems` says which values lie outside their allowed range."""

    # volts at any trusted point, per cell
    warn_over_target_v: float = 0.010
    trip_over_target_v: float = 0.030
    ceiling_v: float = 3.70
    over_voltage_protection_over_target_v: float = 0.10
    over_voltage_protection_ceiling_v: float = 3.80
    # set-points and current
    set_point_counts: int = 1
    current_over_fraction: float = 0.03
    current_over_counts: int = 1
    negative_current_a: float = 0.05
    over_current_protection_fraction: float = 0.10
    # before the start
    start_low_v: float = 2.50
    dead_v: float = 2.00
    spread_before_parallel_v: float = 0.15
    cold_refuse_c: float = 0.0
    cold_warn_c: float = 5.0
    cold_current_fraction: float = 0.25
    hot_warn_c: float = 40.0
    hot_trip_c: float = 45.0
    self_heating_warn_k: float = 8.0
    self_heating_rate_c: float = 0.05
    lead_resistance_warn_ohm: float = 0.030
    lead_heat_warn_w: float = 5.0
    # charge and time
    charge_over_warn: float = 1.05
    charge_over_trip: float = 1.15
    time_at_top_s: float = 4 * 3600.0
    top_margin_v: float = 0.010
    top_floor_v: float = 3.50
    step_overtime_factor: float = 1.5
    step_overtime_s: float = 2 * 3600.0
    # samples
    stale_periods: float = 3.0
    reread_s: float = 1.0
    over_limit_reads: int = 2
    plausible_low_v: float = 0.0
    plausible_high_v: float = 5.0
    glitch_step_v: float = 0.5
    glitch_spike_v: float = 0.1
    glitch_count: int = 3
    glitch_window_s: float = 600.0
    link_retry_s: float = 60.0
    link_call_v: float = 3.37
    # readings by hand and attention
    hand_knee_v: float = 3.45
    hand_top_v: float = 3.55
    hand_reading_below_s: float = 30 * 60.0
    hand_reading_knee_s: float = 10 * 60.0
    hand_reading_top_s: float = 5 * 60.0
    hand_first_reading_s: float = 5 * 60.0
    series_reading_s: float = 10 * 60.0
    hand_overdue_call: float = 2.0
    attention_knee_s: float = 10 * 60.0
    attention_top_s: float = 5 * 60.0
    attention_metered_s: float = 30 * 60.0
    look_over_s: float = 30 * 60.0
    # off with proof
    off_current_a: float = 0.05
    off_current_counts: int = 2
    off_proof_s: float = 2.0
    off_tries: int = 3
    off_call_s: float = 5.0
    # while current flows
    open_circuit_from_fraction: float = 0.10
    open_circuit_current_a: float = 0.02
    open_circuit_samples: int = 2
    open_circuit_half_time_s: float = 30.0
    open_circuit_counts: int = 5
    flat_window_s: float = 3600.0
    taper_margin_v: float = 0.030
    leakage_floor_a: float = 0.5
    falling_v: float = 0.020
    falling_window_s: float = 300.0
    cell_apart_v: float = 0.010
    cell_apart_ohm: float = 0.001
    cell_follow_v: float = 0.010
    same_end_v: float = 0.002
    drop_shift_v: float = 0.025
    echo_s: float = 600.0
    fold_back_fraction: float = 0.05
    fold_back_to: float = 0.8
    inside_warm_c: float = 65.0
    inside_hot_c: float = 75.0
    leads_left_on_s: float = 30 * 60.0
    too_slow_factor: float = 3.0
    # end of the charge
    knee_v: float = 3.55
    end_hold_s: float = 600.0
    end_margin_v: float = 0.010
    end_spread_v: float = 0.010
    end_current_counts: int = 2
    trim_tolerance_v: float = 0.001
    set_point_lift_v: float = 0.030
    # a string under its BMS
    target_reached_v: float = 0.005
    bms_opened_v: float = 0.020
    # at rest
    rest_spread_note_v: float = 0.020
    rest_decay_v: float = 0.010

    def problems(self) -> list[str]:
        """One sentence for each value outside the range that LIMITS allows."""
        found = []
        for field in fields(self):
            value, limit = float(getattr(self, field.name)), LIMITS[field.name]
            if not limit.low <= value <= limit.high:
                found.append(
                    f"{limit.title} of {value:g} {limit.unit} is outside {limit.low:g} to {limit.high:g} {limit.unit}".replace("  ", " ")
                )
        return found

    def tightened(self, pairs: Iterable[tuple[str, float]]) -> Limits:
        """These limits with some values made tighter, as a plan's `limits` asks.

        Raises ValueError, in words for the file's reader, for a name that is no limit, a limit that no procedure changes, a value that is
        looser than the one in force, outside the limit's range, no number, or a fraction where counts are needed.
        """
        changed: dict[str, float | int] = {}
        for name, value in pairs:
            if name not in LIMITS:
                raise ValueError(f"“{name}” is no limit{_near(name)}")
            limit, present = LIMITS[name], getattr(self, name)
            wanted = f"{limit.title} ({name}) of {value:g} {limit.unit}".rstrip()
            side = tighter(name)
            if side == "fixed":
                raise ValueError(f"{wanted}: this limit is the same for every procedure and is {present:g} {limit.unit}".rstrip())
            if not (value <= present if side == "lower" else value >= present):  # not-a-number is neither
                raise ValueError(
                    f"{wanted} is looser than the guard's {present:g} {limit.unit}; a procedure may only make it tighter, that is {side}".replace(
                        "  ", " "
                    )
                )
            if not limit.low <= value <= limit.high:
                raise ValueError(f"{wanted} is outside its range of {limit.low:g} to {limit.high:g} {limit.unit}".rstrip())
            if isinstance(present, int) and value != int(value):
                raise ValueError(f"{wanted}: a whole number is needed")
            changed[name] = int(value) if isinstance(present, int) else float(value)
        return replace(self, **changed)  # type: ignore[arg-type]

    def attended(self, pairs: Iterable[tuple[str, float]]) -> Limits:
        """These limits with a person's own times between two signs of presence, s: looser too, within their ranges, and never off.

        What a procedure made tighter stays so. Raises ValueError, in words for that person.
        """
        changed: dict[str, float] = {}
        for name, value in pairs:
            if name not in ATTENTION:
                raise ValueError(f"“{name}” is not for a person to change; there are {', '.join(ATTENTION)}")
            limit, present = LIMITS[name], float(getattr(self, name))
            if not limit.low <= value <= limit.high:  # not-a-number is neither
                low, high = show_duration(limit.low), show_duration(limit.high)
                raise ValueError(f"{limit.title}: every {low} to every {high}, and never off")
            changed[name] = min(float(value), present) if present != limit.value else float(value)
        made = replace(self, **changed)  # type: ignore[arg-type]
        if made.attention_top_s > made.attention_knee_s:
            top, knee = show_duration(made.attention_top_s), show_duration(made.attention_knee_s)
            raise ValueError(f"{LIMITS['attention_top_s'].title}: every {top} is more seldom than every {knee} near the knee")
        return made


ATTENTION = ("attention_knee_s", "attention_top_s", "attention_metered_s")
"""The limits that a person may change for himself, on his own responsibility."""

Side = Literal["lower", "higher", "fixed"]

# Most limits are safer when they are lower. These are safer when they are higher: they act on more, or earlier, or ask for more proof.
_HIGHER = frozenset(
    {
        "start_low_v",
        "dead_v",
        "cold_refuse_c",
        "cold_warn_c",
        "cell_follow_v",
        "top_margin_v",
        "glitch_window_s",
        "open_circuit_current_a",
        "open_circuit_samples",
        "open_circuit_half_time_s",
        "falling_window_s",
        "end_hold_s",
        "end_current_counts",
        "target_reached_v",
    }
)
# Neither side of these is safer: they say what a number can mean, how it is proved, or hold two rules apart.
_FIXED = frozenset(
    {"self_heating_rate_c", "plausible_low_v", "plausible_high_v", "glitch_step_v", "over_limit_reads", "off_tries", "taper_margin_v"}
)


def tighter(name: str) -> Side:
    """Which direction of this limit is the safer one; "fixed" where no procedure may change it. Raises KeyError for an unknown name."""
    if name not in LIMITS:
        raise KeyError(f"“{name}” is no limit")
    if name in _FIXED:
        return "fixed"
    return "higher" if name in _HIGHER else "lower"


def _near(name: str) -> str:
    """A hint at the limit that was probably meant."""
    from difflib import get_close_matches  # only for a message

    found = get_close_matches(name, LIMITS, n=1)
    return f"; is {found[0]} meant?" if found else ""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: its default, allowed range, what follows when it is passed, its rule, what ignoring it does to the cells, its source."""

    name: str
    title: str
    value: float
    unit: str
    low: float
    high: float
    action: Action
    rule: str  # with the bank's numbers in braces, see facts.bank_facts
    reason: str
    tutorial: str  # the section it belongs to
    source: str  # where its number comes from, when the tutorial does not tell it; else ""


DEFAULTS = Limits()
LIMITS: dict[str, Limit] = {
    row.name: Limit(
        row.name,
        row.title,
        float(getattr(DEFAULTS, row.name)),
        row.unit,
        row.low,
        row.high,
        row.action,
        row.rule,
        row.reason,
        section if " " in row.source else row.source,
        row.source if " " in row.source else "",
    )
    for section, rows in GROUPS
    for row in rows
}
