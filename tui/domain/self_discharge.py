"""How much charge cells lose by themselves, from their volts at rest one, seven and thirty days after a charge.

Volts in V, times in hours since the end of the charge, charge as a fraction of the cell's capacity. A cell's fall of volts becomes charge by two
curves of LiFePO4 cells (`rest_curve`), so the answer is a range; on the flat part of the curves there is no answer, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.domain.rest_curve import Loss, knee_v, loss, step_of

MARKS_D = (1, 7, 30)
MONTH_H = 30 * 24.0
_BETWEEN_MARKS = (math.sqrt(1 * 7), math.sqrt(7 * 30))  # a reading belongs to the mark that is nearest by ratio
_FIRST_DAY_H, _LONGEST_D = 8.0, 120.0
_SETTLED_H = 12.0
"""Before it cells come to rest at their own pace, the good ones too: the falls to day 7 and 30 begin after it."""
_ROUND = math.log(1.1)  # readings within this ratio of their hours were made in one go, with one meter
_ENOUGH = 3  # different volts by which the steps of a meter can be told


@dataclass(frozen=True, slots=True)
class RestReading:
    """Volts at rest. `charge` names the charge before it (a session); `step_v` is the meter's resolution where it is known."""

    charge: str
    hours: float
    voltage_v: float
    step_v: float | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """The fall of one cell from its first reading at rest to that of a mark. `uncertainty_v` is half a step of the meter for each reading.

    `loss` is None where the volts tell nothing: the cell stood on the flat part of its curve from the beginning.
    """

    mark_d: int
    from_h: float
    to_h: float
    from_v: float
    to_v: float
    uncertainty_v: float
    loss: Loss | None
    knee_v: float  # below these volts the meter tells nothing of the charge

    @property
    def fall_v(self) -> float:
        return self.from_v - self.to_v

    @property
    def settled(self) -> bool:
        """Whether the fall is charge that was lost. In the first day it is mostly the cell coming to rest."""
        return self.mark_d > 1

    def rate(self, fraction: float) -> float:
        """A loss over this fall as a fraction of the capacity in 30 days; for the first day the loss itself, of which no month can be told."""
        return fraction * MONTH_H / (self.to_h - self.from_h) if self.settled else fraction

    @property
    def per(self) -> str:
        """What `rate` is told per."""
        return "%/month" if self.settled else "% in the day"


def with_steps(readings: Mapping[str, Sequence[RestReading]], step_v: float | None = None) -> dict[str, tuple[RestReading, ...]]:
    """The readings of all cells, each with the step of its meter: `step_v` where it is given, else by the decimals that were typed in the same
    round of measuring (where three of them differ), or after the same charge."""
    rounds: dict[tuple[str, int], list[float]] = {}
    charges: dict[str, list[float]] = {}
    for reading in (reading for rows in readings.values() for reading in rows):
        rounds.setdefault(_round(reading), []).append(reading.voltage_v)
        charges.setdefault(reading.charge, []).append(reading.voltage_v)

    def step(reading: RestReading) -> float:
        together = rounds[_round(reading)]
        return step_of(together if len(set(together)) >= _ENOUGH else charges[reading.charge])

    return {
        label: tuple(replace(reading, step_v=step_v or reading.step_v or step(reading)) for reading in rows)
        for label, rows in readings.items()
    }


def falls(readings: Iterable[RestReading]) -> dict[int, Fall]:
    """The fall to each mark for which there are two readings after the same charge, by the mark in days; of several charges the newest that
    has this mark. Readings bear their steps (`with_steps`) and are given oldest charge first."""
    by_charge: dict[str, list[RestReading]] = {}
    for reading in readings:
        by_charge.setdefault(reading.charge, []).append(reading)
    found: dict[int, Fall] = {}
    for rows in by_charge.values():
        found |= _falls(sorted(rows, key=lambda reading: reading.hours))
    return found


def _falls(rows: Sequence[RestReading]) -> dict[int, Fall]:
    found: dict[int, Fall] = {}
    for mark_d in MARKS_D:
        at_mark = [row for row in rows if _mark(row.hours) == mark_d]
        if not at_mark:
            continue
        last = min(at_mark, key=lambda row: abs(math.log(row.hours / 24 / mark_d)))
        least_h, ideal_h = (0.0, 1.0) if mark_d == 1 else (_SETTLED_H, 24.0)
        before = [row for row in rows if max(least_h, 0.1) <= row.hours <= last.hours / 2]
        if not before:
            continue
        first = min(before, key=lambda row: abs(math.log(row.hours / ideal_h)))
        found[mark_d] = _fall(mark_d, first, last)
    return found


def _fall(mark_d: int, first: RestReading, last: RestReading) -> Fall:
    first_step_v, last_step_v = first.step_v or step_of([first.voltage_v]), last.step_v or step_of([last.voltage_v])
    return Fall(
        mark_d,
        first.hours,
        last.hours,
        first.voltage_v,
        last.voltage_v,
        (first_step_v + last_step_v) / 2,
        loss(first.voltage_v, last.voltage_v, first_step_v, last_step_v),
        knee_v(max(first_step_v, last_step_v)),
    )


def _mark(hours: float) -> int | None:
    days = hours / 24
    if not _FIRST_DAY_H / 24 <= days <= _LONGEST_D:
        return None
    return MARKS_D[sum(days > limit for limit in _BETWEEN_MARKS)]


def _round(reading: RestReading) -> tuple[str, int]:
    return reading.charge, round(math.log(max(reading.hours, 0.01)) / _ROUND)
