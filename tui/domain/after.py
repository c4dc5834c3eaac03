"""After the balance: what the volts at rest should be, which cell falls away, the battery built of the cells, and its settings.

V per cell unless the name says pack, hours, rates in C (1/h). Sources: tutorial 4.8 with its note and appendix A.1; the cell model's table
of relaxation; what builders report of resting cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from tui.domain.arrangement import Arrangement, parse_arrangement
from tui.domain.catalogue import torque_words
from tui.domain.kinds import show
from tui.domain.limits import Limits
from tui.domain.plan import Plan

# (rate at the end of a charge to 3.65 V, ((hours since, V), …)) of a cell model without slow losses: the upper edge of what is seen.
RELAXED: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (1 / 140, ((10 / 3600, 3.637), (1 / 60, 3.620), (5 / 60, 3.604), (10 / 60, 3.600), (24.0, 3.599))),
    (1 / 28, ((10 / 3600, 3.588), (1 / 60, 3.526), (5 / 60, 3.476), (10 / 60, 3.466), (24.0, 3.464))),
    (1 / 5, ((10 / 3600, 3.425), (1 / 60, 3.346), (5 / 60, 3.328), (10 / 60, 3.326), (24.0, 3.326))),
    (1 / 2, ((10 / 3600, 3.345), (1 / 60, 3.324), (5 / 60, 3.323), (10 / 60, 3.323), (24.0, 3.323))),
)
MODEL_TOP_V = 3.65
TAPERED_C = 1 / 1000  # below this rate nothing was left to relax in the model: the upper edge is the target itself
LOWEST_V = 3.32  # a full cell does not rest below its plateau
BAND_MARGIN_V = 0.010

MARKS_H = (1.0, 24.0, 168.0)
_REACH = 2.0  # a reading counts for a mark within this factor of its hours
_TOGETHER = 1.1  # readings within this factor of their hours were made in one go
_SETTLED_H = 12.0  # before it cells fall at their own pace, the good ones too
_WEEK_D = 6.0  # from day 1 to day 7
CONTROLLER_V = 3.5  # per cell, as the tutorial's author sets his charge controller (appendix A.1)
CONTROLLER_PACKS = (4, 8, 15, 16)


# --- drift at rest ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """Where a healthy cell may stand."""

    low_v: float
    high_v: float
    words: str


def drift_band(end_c: float, hours: float, target_v: float = 3.65) -> Band:
    """The band of a cell at rest, so many hours after a charge to `target_v` that ended at this rate (of the cell, which in a bank is
    the same as that of the bank)."""
    high_v = max(LOWEST_V + BAND_MARGIN_V, min(target_v, _relaxed_v(end_c, hours) - (MODEL_TOP_V - target_v) + BAND_MARGIN_V))
    return Band(
        LOWEST_V,
        high_v,
        f"{LOWEST_V:.2f} to {high_v:.2f} V after {_hours(hours)} is normal. While current flows the outside of the particles is fuller than "
        "their inside; at rest that evens out, and the volts fall though no charge is lost. Most cells come to rest between 3.35 and "
        "3.50 V. A few millivolts between cells are normal too, and tell nothing about the balance at the top.",
    )


def _relaxed_v(end_c: float, hours: float) -> float:
    """The cell model's volts, straight between its rates (by their logarithm) and its times."""
    if end_c <= TAPERED_C:
        return MODEL_TOP_V
    rows = [(TAPERED_C, MODEL_TOP_V), *((rate, _at(times, hours)) for rate, times in RELAXED)]
    if end_c >= rows[-1][0]:
        return rows[-1][1]
    (low, low_v), (high, high_v) = next(pair for pair in pairwise(rows) if end_c <= pair[1][0])
    return low_v + (high_v - low_v) * math.log(end_c / low) / math.log(high / low)


def _at(times: tuple[tuple[float, float], ...], hours: float) -> float:
    rows = ((0.0, MODEL_TOP_V), *times)
    for (before_h, before_v), (after_h, after_v) in pairwise(rows):
        if hours <= after_h:
            return before_v + (after_v - before_v) * (hours - before_h) / (after_h - before_h)
    return rows[-1][1]


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 100 else f"{hours / 24:.0f} d"


# --- which cell falls away -------------------------------------------------------------------------------------

Verdict = Literal["normal", "note", "suspect", "unknown"]


@dataclass(frozen=True, slots=True)
class CellRest:
    """One cell against the median of all at each mark of MARKS_H: V above (+) or below (−), None where it was not measured."""

    label: str
    deviations_v: tuple[float | None, ...]
    verdict: Verdict
    words: str


def judge_rest(readings: Mapping[str, Sequence[tuple[float, float]]]) -> tuple[CellRest, ...]:
    """Judge the cells by their (hours since the end of charge, volts), in the order given.

    Suspect is a cell that falls away from the median by more than 10 mV between the first day and the seventh, or at that pace between any
    two days. All cells must be measured at about the same times; a mark counts where at least two were.
    """
    at_marks = {label: [_nearest(rows, mark) for mark in MARKS_H] for label, rows in readings.items()}
    medians = []
    for k in range(len(MARKS_H)):
        volts = [row[k] for row in at_marks.values() if row[k] is not None]
        medians.append(median(volts) if len(volts) > 1 else None)  # type: ignore[type-var]
    falls = _steepest_falls(readings)
    return tuple(_judge(label, row, medians, falls.get(label)) for label, row in at_marks.items())


@dataclass(frozen=True, slots=True)
class _Fall:
    """How far one cell fell away from the median of all between two times, in V, and in parts of what makes it suspect."""

    fell_v: float
    from_h: float
    to_h: float
    of_limit: float

    @property
    def words(self) -> str:
        return f"{self.fell_v * 1000:.0f} mV away from the others between day {self.from_h / 24:.0f} and day {self.to_h / 24:.0f}"


def _steepest_falls(readings: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, _Fall]:
    """Each cell's worst fall between two settled readings at least a day apart. Over more than six days the pace counts, not the sum."""
    found: dict[str, _Fall] = {}
    off: dict[str, list[tuple[float, float]]] = {}
    for hours, volts in _rounds(readings):
        middle = median(volts.values())
        for label, value in volts.items():
            off.setdefault(label, []).append((hours, value - middle))
    for label, rows in off.items():
        for at, (from_h, before_v) in enumerate(rows):
            for to_h, after_v in rows[at + 1 :]:
                days = (to_h - from_h) / 24
                fell_v = before_v - after_v
                share = fell_v / (Limits().rest_decay_v * max(1.0, days / _WEEK_D))
                if days >= 1 - 1e-9 and fell_v > 0 and (label not in found or share > found[label].of_limit):
                    found[label] = _Fall(fell_v, from_h, to_h, share)
    return found


def _rounds(readings: Mapping[str, Sequence[tuple[float, float]]]) -> list[tuple[float, dict[str, float]]]:
    """Settled volts by cell, of each time at which at least two cells were measured; hours of the first of them."""
    rounds: list[tuple[float, dict[str, float]]] = []
    for hours, label, volts in sorted((hours, label, volts) for label, rows in readings.items() for hours, volts in rows):
        if hours < _SETTLED_H:
            continue
        if not rounds or hours > rounds[-1][0] * _TOGETHER:
            rounds.append((hours, {}))
        rounds[-1][1][label] = volts
    return [(hours, volts) for hours, volts in rounds if len(volts) > 1]


def _nearest(rows: Sequence[tuple[float, float]], mark_h: float) -> float | None:
    near = [(abs(math.log(hours / mark_h)), volts) for hours, volts in rows if mark_h / _REACH <= hours <= mark_h * _REACH]
    return min(near)[1] if near else None


def _judge(label: str, volts: Sequence[float | None], medians: Sequence[float | None], fall: _Fall | None) -> CellRest:
    limits = Limits()
    off = tuple(None if v is None or middle is None else v - middle for v, middle in zip(volts, medians, strict=True))
    known = [value for value in off if value is not None]
    first_day, week = off[1], off[2]
    fell = ""
    if fall is not None and fall.of_limit > 1 + 1e-6:
        fell = fall.words
    elif first_day is not None and week is not None and week - first_day < -limits.rest_decay_v - 1e-9:
        fell = f"{(first_day - week) * 1000:.0f} mV away from the others between day 1 and day 7"
    if fell:
        return CellRest(
            label,
            off,
            "suspect",
            f"{label} fell {fell}: it may discharge itself. Charge and rest it again, and test its capacity, before it goes into a battery.",
        )
    if fall is not None and fall.of_limit > 0.5 and week is None:
        words = (
            f"{label} falls fastest: {fall.words}. More than {limits.rest_decay_v * 1000:.0f} mV by day 7 makes it suspect: measure then."
        )
        return CellRest(label, off, "note", words)
    if known and abs(known[-1]) > limits.rest_spread_note_v + 1e-9:
        way = "below" if known[-1] < 0 else "above"
        return CellRest(
            label,
            off,
            "note",
            f"{label} stands {abs(known[-1]) * 1000:.0f} mV {way} the median. What matters is whether that grows: measure again after 7 days.",
        )
    if not known:
        return CellRest(label, off, "unknown", f"{label} has not been measured at rest together with the others yet.")
    if first_day is None or week is None:
        return CellRest(label, off, "normal", f"{label} is with the others so far; a week tells a cell that discharges itself.")
    return CellRest(label, off, "normal", f"{label} stays with the others.")


# --- the battery -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One group of the finished battery, from the minus end: `name` "S1", its cells, and whether + and − are turned against its neighbour."""

    name: str
    cells: tuple[str, ...]
    turned: bool


def places(plan: Plan) -> tuple[Place, ...]:
    """The cells in their places, in the bank's order. Raises ValueError when the pack does not fit the cells."""
    pack = pack_of(plan)
    labels = [cell.label for cell in plan.cells]
    groups = (labels[k * pack.parallel : (k + 1) * pack.parallel] for k in range(pack.series))
    return tuple(Place(f"S{k + 1}", tuple(group), bool(k % 2)) for k, group in enumerate(groups))


def pack_of(plan: Plan) -> Arrangement:
    return parse_arrangement(plan.pack or f"{len(plan.cells)}S", len(plan.cells))


def reassembly(plan: Plan, thread: str = "") -> tuple[str, ...]:
    """What to do to build the battery from the balanced cells, in order; `thread` as the catalogue tells it, "" unknown."""
    pack, order = pack_of(plan), places(plan)
    full = f"about {pack.series * 3.4:.0f} V"
    return (
        "Output off, leads off the cells and apart, then take the busbars of the parallel bank off, one side wholly before the other.",
        "Leave the studs in: taken in and out they wear the aluminium threads.",
        f"Lay the cells out as {pack}: {'; '.join(f'{place.name} {chr(43).join(place.cells)}' for place in order)}. Turn every second "
        f"{'group' if pack.parallel > 1 else 'cell'} round, so that + lies beside −.",
        "Write each place on its cell, and keep it in the record: a cell that moves keeps its history.",
        f"Fit the series busbars one by one with insulated tools, the last one last: from the first to the last post there are then {full}, and "
        "enough current to weld. Rings and watches off.",
        torque_words(thread),
        "Connect the BMS: its leads from the minus end up, each checked with the meter before the plug goes in. Then check every cell in it.",
    )


@dataclass(frozen=True, slots=True)
class ControllerSetting:
    """Charge volts of a charge controller for a pack."""

    series: int
    pack_v: float
    words: str


def controller_settings(plan: Plan) -> tuple[ControllerSetting, ...]:
    """About 3.5 V a cell for the usual packs, and for this one if it is another; this bank's own first."""
    own = pack_of(plan).series if plan.cells else 0
    order = [own, *(series for series in CONTROLLER_PACKS if series != own)] if own > 1 else list(CONTROLLER_PACKS)
    return tuple(
        ControllerSetting(
            series, series * CONTROLLER_V, f"{series}S: {series} × {CONTROLLER_V:.1f} V = {show(series * CONTROLLER_V, 'voltage')}"
        )
        for series in order
    )


CONTROLLER_WHY = (
    "The tutorial's author balances to 3.65 V and lets his charge controller stop at about 3.5 V a cell. Above that little charge is left to "
    "gain, and every cell keeps its distance from the volts at which the BMS opens. Others balance at the volts they charge to; he finds "
    "that the higher balance works better."
)


def service_words(plan: Plan) -> str:
    """Whether the target lies above the highest volts of a cell in service, as the tutorial advises (section 4, note 2)."""
    if plan.service_v is None:
        return (
            "What is the highest volts of a cell that BMS and charger will allow in use? The target of the balance should lie above it, so that "
            "no cell runs over when all are nearly full."
        )
    if plan.target_v > plan.service_v + 1e-9:
        return f"The target of {plan.target_v:.3f} V lies above the {plan.service_v:.3f} V allowed in use, as it should."
    return (
        f"The target of {plan.target_v:.3f} V does not lie above the {plan.service_v:.3f} V allowed in use: one cell may suddenly run over its "
        "limit when all are nearly full. Balance higher, up to 3.65 V, or charge lower in use."
    )


STORING = (
    "Do not store the cells full for weeks: full cells age fastest. Build the battery and use it, or discharge the cells to about half before "
    "they go on a shelf, apart from each other, posts covered."
)
CAPACITY_TEST = "A capacity test of the battery is more accurate now, after the balance, than before."
