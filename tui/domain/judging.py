"""Cells judged against each other: ranked, the worst first, and those named that lie apart from the others, with the reason in words.

Capacities in Ah, resistances in mΩ, self-discharge as a fraction of the capacity in 30 days. Cells are compared within their kind only. A cell
without the values that are needed is left out by name: nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal, get_args

from tui.domain.gate_words import listed
from tui.domain.limits import Limits
from tui.domain.robust import FEWEST, Usual, usual
from tui.domain.self_discharge import MARKS_D, MONTH_H, Fall, RestReading, falls, with_steps

By = Literal["self-discharge", "resistance", "capacity"]
WAYS: tuple[By, ...] = get_args(By)
Level = Literal["", "note", "outlier"]

LEAST_CAPACITY = 0.01  # of the median: what a capacity test repeats to
LEAST_RESISTANCE = 0.10  # of the median: good cells of one lot differ by this
LEAST_MONTHLY = 0.01  # 4 mA of a 280 Ah cell, as much as a healthy one may lose
MAKERS_MONTHLY = 0.035  # the most that a maker's data sheet allows, at half charge and 25 °C
_DECAY_D = 6.0  # the days from day 1 to day 7, for which the limit of a session holds


@dataclass(frozen=True, slots=True)
class MeasuredCell:
    """What was measured of a cell. `kind` is what it may be compared within, such as its model; "" unknown. A value that is None may bring
    the reason why in `why_no_capacity` and `why_no_resistance`. `rests` stand oldest charge first."""

    label: str
    kind: str = ""
    capacity_ah: float | None = None
    resistance_mohm: float | None = None
    rests: tuple[RestReading, ...] = ()
    why_no_capacity: str = "no measured capacity"
    why_no_resistance: str = "no measured resistance"


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell: its rank within its kind (1 is the worst) and its value (of a self-discharge `Fall.rate`). `fall` is None for other measures.

    For self-discharge the value is the middle of a range, or the least where `fall.loss.high` is None. `words` is "" for a usual cell.
    """

    label: str
    kind: str
    value: float
    fall: Fall | None = None
    rank: int = 0
    level: Level = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cell that could not be ranked, and what is missing."""

    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All cells by one measure, kind by kind. `usual` is the median and spread of each kind; `mark_d` the days of a self-discharge."""

    by: By
    rows: tuple[Judged, ...]
    left_out: tuple[LeftOut, ...]
    usual: Mapping[str, Usual]
    mark_d: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def outliers(self) -> tuple[Judged, ...]:
        return tuple(row for row in self.rows if row.level == "outlier")


def judge(cells: Sequence[MeasuredCell], by: By, *, days: int | None = None, step_v: float | None = None) -> Judgement:
    """Rank cells by one measure.

    `days` is 1, 7 or 30 for a self-discharge; None takes the longest for which half of the cells with any were measured. `step_v` is the
    meter's resolution, None to tell it from the decimals that were typed. Raises ValueError for other days.
    """
    if by == "self-discharge":
        return _self_discharge(cells, days, step_v)
    known, left_out = [], []
    for cell in cells:
        value = cell.capacity_ah if by == "capacity" else cell.resistance_mohm
        if value:
            known.append(Judged(cell.label, cell.kind, value))
        else:
            left_out.append(LeftOut(cell.label, cell.why_no_capacity if by == "capacity" else cell.why_no_resistance))
    middles = _usual(known)
    unit, least, worst_is_high = ("Ah", LEAST_CAPACITY, False) if by == "capacity" else ("mΩ", LEAST_RESISTANCE, True)
    rows = [_against(row, middles[row.kind], unit, least, worst_is_high) for row in known]
    return Judgement(by, _ranked(rows, reverse=worst_is_high), tuple(left_out), middles, notes=tuple(_few(middles)))


def doubted(cells: Sequence[MeasuredCell], labels: Sequence[str]) -> str:
    """Which of `labels` lie apart among `cells`, and by what, in words; "" when none does."""
    wanted, told = set(labels), []
    for way in WAYS:
        apart = [row.label for row in judge(cells, way).outliers if row.label in wanted]
        if apart:
            told.append(f"{listed(apart)} by {way}")
    return f"Apart from the others: {'; '.join(told)}. Judging the cells tells why; better leave such cells out." if told else ""


def _usual(rows: Sequence[Judged]) -> dict[str, Usual]:
    """Median and spread of each kind, the kind with most cells first."""
    kinds = Counter(row.kind for row in rows)
    return {kind: usual(row.value for row in rows if row.kind == kind) for kind, _ in kinds.most_common()}


def _few(middles: Mapping[str, Usual]) -> Iterator[str]:
    for kind, middle in middles.items():
        if middle.count < FEWEST:
            named = f"{kind}: " if kind else ""
            yield f"{named}{middle.count} of at least {FEWEST} cells: too few to say which one lies apart."


def _ranked(rows: Sequence[Judged], *, reverse: bool) -> tuple[Judged, ...]:
    """Kind by kind, the largest kind first; within it the worst first."""
    ranked: list[Judged] = []
    for kind, _ in Counter(row.kind for row in rows).most_common():
        own = [row for row in rows if row.kind == kind]
        own.sort(key=lambda row: (_endless(row) if reverse else False, row.value), reverse=reverse)
        ranked += (replace(row, rank=rank) for rank, row in enumerate(own, 1))
    return tuple(ranked)


def _endless(row: Judged) -> bool:
    """Whether only the least of its loss is known; such cells stand before all others."""
    return row.fall is not None and row.fall.loss is not None and row.fall.loss.high is None


def _against(row: Judged, middle: Usual, unit: str, least: float, worst_is_high: bool) -> Judged:
    if not middle.apart(row.value, least * middle.median):
        return row
    high, digits = row.value > middle.median, 1 if unit == "Ah" else 3
    off = abs(row.value - middle.median)
    words = (
        f"{row.label}: {row.value:.{digits}f} {unit} is {off:.{digits}f} {unit} ({100 * off / middle.median:.0f} %) "
        f"{'above' if high else 'below'} the median of {middle.median:.{digits}f} {unit}; most cells lie within "
        f"{middle.spread:.{digits}f} {unit} of it."
    )
    if high is worst_is_high:
        words += (
            " A group with it reaches the BMS's limits first under load. Clean the posts and measure again."
            if unit == "mΩ"
            else " The group that it stands in gives less."
        )
        return replace(row, level="outlier", words=words)
    return replace(row, level="note", words=words + " Was it measured in the same way as the others?")


# --- self-discharge --------------------------------------------------------------------------------------------


def _self_discharge(cells: Sequence[MeasuredCell], days: int | None, step_v: float | None) -> Judgement:
    if days is not None and days not in MARKS_D:
        raise ValueError(f"self-discharge is judged after {', '.join(map(str, MARKS_D))} days, not after {days}")
    stepped = with_steps({cell.label: cell.rests for cell in cells}, step_v)
    fell = {label: falls(rests) for label, rests in stepped.items()}
    mark_d = days if days is not None else _common_mark(fell)
    rows, left_out = [], []
    for cell in cells:
        fall = fell[cell.label].get(mark_d)
        if fall is None:
            left_out.append(LeftOut(cell.label, _why_no_fall(cell, fell[cell.label], mark_d)))
        elif fall.loss is None:
            left_out.append(LeftOut(cell.label, _why_nothing(fall)))
        else:
            value = fall.loss.middle if fall.loss.high is not None else fall.loss.low
            rows.append(Judged(cell.label, cell.kind, fall.rate(value), fall))
    middles = _usual([row for row in rows if not _endless(row)])
    by_label = {cell.label: cell for cell in cells}
    fallen = {kind: median(row.fall.fall_v for row in rows if row.kind == kind and row.fall) for kind in {row.kind for row in rows}}
    judged = [_loses(row, by_label[row.label], fallen[row.kind], middles.get(row.kind)) for row in rows]
    return Judgement(
        "self-discharge", _ranked(judged, reverse=True), tuple(left_out), middles, mark_d, tuple(_notes(rows, middles, mark_d))
    )


def _common_mark(fell: Mapping[str, Mapping[int, Fall]]) -> int:
    measured = sum(bool(marks) for marks in fell.values())
    often = [mark for mark in MARKS_D if 2 * sum(mark in marks for marks in fell.values()) >= max(1, measured)]
    return max(often, default=7)


def _why_no_fall(cell: MeasuredCell, marks: Mapping[int, Fall], mark_d: int) -> str:
    if not cell.rests:
        return "no volts at rest after a charge"
    if marks:
        return f"no two readings at rest that tell of day {mark_d}, but of day {', '.join(map(str, marks))}"
    return f"no two readings at rest after one charge that tell of day {mark_d}: measure a day after it, and again after 7 and 30 days"


def _why_nothing(fall: Fall) -> str:
    return (
        f"its volts tell nothing: {fall.from_v:.3f} V lies on the flat part of the curve, below {fall.knee_v:.3f} V, where several percent "
        f"of charge are a millivolt. It fell {_millivolts(fall)}. Charge it to the top and rest it again"
    )


def _loses(row: Judged, cell: MeasuredCell, median_fall_v: float, middle: Usual | None) -> Judged:
    fall = row.fall
    assert fall is not None and fall.loss is not None
    least = fall.rate(fall.loss.low)
    doubt = (fall.rate(fall.loss.high) - least) / 2 if fall.loss.high is not None else 0.0
    over_maker = fall.settled and least > MAKERS_MONTHLY
    least_apart = LEAST_MONTHLY if fall.settled else LEAST_MONTHLY * (fall.to_h - fall.from_h) / MONTH_H
    over_median = middle is not None and row.value > middle.median and middle.apart(row.value, max(least_apart, _meter_doubt(row, doubt)))
    more_v = fall.fall_v - median_fall_v
    limit_v = Limits().rest_decay_v * max(1.0, (fall.to_h - fall.from_h) / 24 / _DECAY_D)
    told = f"{row.label} fell {_millivolts(fall)} from {_when(fall.from_h)} to {_when(fall.to_h)}, the median of all {1000 * median_fall_v:.0f} mV"
    told += f". That is {_loss_words(row)}{_milliamperes(row, cell)}"
    if fall.loss.high is None:
        told += f"; the volts ended on the flat part, below {fall.knee_v:.3f} V, and tell no more"
    if over_maker or over_median:
        if over_maker:
            told += f"; makers allow at most {100 * MAKERS_MONTHLY:.1f} %"
        if not fall.settled:
            return replace(row, level="note", words=f"{told}. After one day this is a hint only: measure again on day 7.")
        return replace(row, level="outlier", words=f"{told}. It discharges itself: test it again before it goes into a pack.")
    if more_v > max(limit_v, fall.uncertainty_v) + 1e-9:
        words = f"{told}. In volts it falls faster than the others; in charge that is little so far. Measure again later."
        return replace(row, level="note", words=words)
    if fall.fall_v < -fall.uncertainty_v - 1e-9:
        return replace(
            row,
            level="note",
            words=f"{row.label} rose by {-1000 * fall.fall_v:.0f} mV: was it charged, warmed, or read with another meter?",
        )
    return row


def _meter_doubt(row: Judged, doubt: float) -> float:
    """What of a cell's range comes from the steps of the meter, roughly: in proportion to the fall."""
    assert row.fall is not None
    return min(doubt, abs(row.value) * row.fall.uncertainty_v / max(abs(row.fall.fall_v), row.fall.uncertainty_v))


def _loss_words(row: Judged) -> str:
    """ "0.2 to 0.6 % in 30 days", "at least 0.5 % in 30 days"; for the first day what the whole fall would be."""
    assert row.fall is not None and row.fall.loss is not None
    low, high = row.fall.rate(row.fall.loss.low), row.fall.loss.high
    span = f"at least {_percent(low)} %" if high is None else f"{_percent(low)} to {_percent(row.fall.rate(high))} %"
    return f"{span} in 30 days" if row.fall.settled else f"{span} of its charge, if it were not coming to rest"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}" if fraction >= 0.001 else f"{100 * fraction:.2f}"


def _milliamperes(row: Judged, cell: MeasuredCell) -> str:
    """The same as a current, where the capacity is known."""
    assert row.fall is not None and row.fall.loss is not None
    if cell.capacity_ah is None or not row.fall.settled:
        return ""
    per_month = 1000 * cell.capacity_ah / MONTH_H
    low, high = row.fall.rate(row.fall.loss.low) * per_month, row.fall.loss.high
    return f" ({low:.1f} mA or more)" if high is None else f" ({low:.1f} to {row.fall.rate(high) * per_month:.1f} mA)"


def _millivolts(fall: Fall) -> str:
    return f"{1000 * fall.fall_v:.0f} ± {1000 * fall.uncertainty_v:.0f} mV"


def _when(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 12 else f"day {hours / 24:.0f}"


def _notes(rows: Sequence[Judged], middles: Mapping[str, Usual], mark_d: int) -> Iterator[str]:
    if not rows:
        return
    if mark_d == 1:
        yield "Most of the fall in the first day is the cell coming to rest, not charge that is lost. Compare the cells; measure on day 7."
    if sum(_endless(row) for row in rows) * 2 > len(rows):
        yield "Most cells have come down to the flat part of the curve, where the volts tell no more: a later reading adds nothing."
    elif any(row.fall is not None and row.fall.fall_v <= row.fall.uncertainty_v for row in rows):
        yield "Some cells fell by no more than the meter can show. A meter with finer steps, or a later reading, tells them apart."
    yield from _few(middles)
