"""Cells dealt out to groups of equal size, so that the groups are alike in capacity and then in resistance. Cells and groups are numbers here.

Two ways. `improve` deals the cells out and then exchanges one or two cells between two groups as long as that helps, from many starts: good
for hundreds of cells. `prove` goes through every dealing that could still be better, and so finds the best for small banks, and knows it.
Both take a budget in steps, not in seconds: the same cells make the same pack on every computer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

Groups = list[list[int]]
_SAME = 1e-9  # resistances closer than this are equal, in the unit of 1 / conductance
_TWO_AT_ONCE = 12  # cells in a group up to which two are exchanged at once
_KICKS = 4  # exchanges at random before a new start


class Score(NamedTuple):
    """How unlike the groups are: the difference of the largest and the smallest in charge, then in resistance. Smaller is better."""

    charge: int
    resistance: float


@dataclass(frozen=True, slots=True)
class Task:
    """`series` groups of `parallel` cells. `charges` are whole numbers in any unit; `conductances` are 1 / resistance, all 0 when unknown."""

    charges: Sequence[int]
    conductances: Sequence[float]
    parallel: int

    @property
    def series(self) -> int:
        return len(self.charges) // self.parallel

    def score(self, groups: Groups) -> Score:
        charges = [self.charge_of(group) for group in groups]
        conductances = [self.conductance_of(group) for group in groups]
        return Score(max(charges) - min(charges), _spread(min(conductances), max(conductances)))

    def charge_of(self, group: Sequence[int]) -> int:
        return sum(self.charges[cell] for cell in group)

    def conductance_of(self, group: Sequence[int]) -> float:
        return sum(self.conductances[cell] for cell in group)


@dataclass(frozen=True, slots=True)
class Dealt:
    """A dealing. `charge_proven` and `resistance_proven`: no other is better in charge; none as good in charge is better in resistance."""

    groups: Groups
    score: Score
    charge_proven: bool
    resistance_proven: bool


def least_of_largest(task: Task) -> int:
    """No dealing has a largest group below this."""
    charges = sorted(task.charges, reverse=True)
    mean = -(-sum(charges) // task.series)
    if task.parallel == 2:
        return max(first + last for first, last in zip(charges, reversed(charges), strict=True))
    filler = charges[len(charges) - task.parallel + 1 :]  # the largest cell, with the smallest beside it
    return max(mean, charges[0] + sum(filler))


def most_of_smallest(task: Task) -> int:
    """No dealing has a smallest group above this."""
    charges = sorted(task.charges)
    mean = sum(charges) // task.series
    if task.parallel == 2:
        return min(first + last for first, last in zip(charges, reversed(charges), strict=True))
    filler = charges[len(charges) - task.parallel + 1 :]
    return min(mean, charges[0] + sum(filler))


def least_spread(task: Task) -> int:
    """No dealing has groups more alike in charge than this."""
    return max(0, least_of_largest(task) - most_of_smallest(task))


# --- good for many ---------------------------------------------------------------------------------------------


def improve(task: Task, steps: int) -> Dealt:
    """The best dealing that `steps` exchanges looked at have found."""
    budget, chance, least = _Budget(steps), random.Random(0), least_spread(task)
    best: Groups = _opposite(task)
    if task.parallel == 1 or task.series == 1:  # there is one way only
        return Dealt(best, task.score(best), True, True)
    _settle(task, best, budget)
    best_score = task.score(best)
    while budget.left > 0 and not (best_score.charge <= least and best_score.resistance <= _SAME):
        groups = [list(group) for group in best]
        for _ in range(_KICKS):
            first, second = chance.sample(range(task.series), 2)
            at, other = chance.randrange(task.parallel), chance.randrange(task.parallel)
            groups[first][at], groups[second][other] = groups[second][other], groups[first][at]
        _settle(task, groups, budget)
        score = task.score(groups)
        if score < best_score:
            best, best_score = groups, score
    sure = best_score.charge <= least
    return Dealt(best, best_score, sure, sure and best_score.resistance <= _SAME)


class _Budget:
    def __init__(self, steps: int) -> None:
        self.left = steps


def _opposite(task: Task) -> Groups:
    """Dealt out by size, to and fro, so that large cells meet small ones. With two cells in a group no dealing is more alike in charge."""
    order = sorted(range(len(task.charges)), key=lambda cell: (-task.charges[cell], -task.conductances[cell]))
    groups: Groups = [[] for _ in range(task.series)]
    for turn in range(task.parallel):
        row = order[turn * task.series : (turn + 1) * task.series]
        for group, cell in zip(groups, reversed(row) if turn % 2 else row, strict=True):
            group.append(cell)
    return groups


def _settle(task: Task, groups: Groups, budget: _Budget) -> None:
    """Exchange cells between two groups until none of these exchanges makes the groups more alike: first in charge, then in resistance
    with the largest and the smallest charge left as they are."""
    charges = [task.charge_of(group) for group in groups]
    conductances = [task.conductance_of(group) for group in groups]
    for in_charge in (True, False):
        changed = set(range(task.series))  # only these can have a new exchange to offer
        while changed and budget.left > 0:
            look, changed = changed, set()
            low, high = min(charges), max(charges)
            for first, second in combinations(range(task.series), 2):
                if first not in look and second not in look:
                    continue
                gap, slope = charges[first] - charges[second], conductances[first] - conductances[second]
                if in_charge and not gap or not in_charge and abs(slope) < _SAME:
                    continue
                found = (
                    _fairer(task, groups[first], groups[second], gap, budget)
                    if in_charge
                    else _smoother(task, groups[first], groups[second], slope, (low - charges[first], high - charges[first]),
                                   (charges[second] - high, charges[second] - low), budget)
                )  # fmt: skip
                if found is None:
                    continue
                moved = task.charge_of(found[0]) - task.charge_of(found[1])
                flowed = task.conductance_of(found[0]) - task.conductance_of(found[1])
                groups[first] = [cell for cell in groups[first] if cell not in found[0]] + list(found[1])
                groups[second] = [cell for cell in groups[second] if cell not in found[1]] + list(found[0])
                charges[first], charges[second] = charges[first] - moved, charges[second] + moved
                conductances[first], conductances[second] = conductances[first] - flowed, conductances[second] + flowed
                changed |= {first, second}


Exchange = tuple[tuple[int, ...], tuple[int, ...]]


def _exchanges(task: Task, first: list[int], second: list[int], budget: _Budget) -> Iterator[tuple[int, float, Exchange]]:
    """One cell for one, and two for two: how much charge and conductance goes over, and which cells. For groups of up to five that is every
    way to divide the cells of both."""
    for many in (1, 2) if 4 <= task.parallel <= _TWO_AT_ONCE else (1,):
        give = [(task.charge_of(cells), task.conductance_of(cells), cells) for cells in combinations(first, many)]
        take = [(task.charge_of(cells), task.conductance_of(cells), cells) for cells in combinations(second, many)]
        budget.left -= len(give) * len(take)
        for charge, conductance, cells in give:
            for other_charge, other_conductance, others in take:
                yield charge - other_charge, conductance - other_conductance, (cells, others)


def _fairer(task: Task, first: list[int], second: list[int], gap: int, budget: _Budget) -> Exchange | None:
    """The exchange that brings two groups closest together in charge."""
    best, found = abs(gap), None
    for charge, _, exchange in _exchanges(task, first, second, budget):
        rest = abs(gap - 2 * charge)
        if rest < best:
            best, found = rest, exchange
    return found


def _smoother(
    task: Task,
    first: list[int],
    second: list[int],
    gap: float,
    room: tuple[int, int],
    other_room: tuple[int, int],
    budget: _Budget,
) -> Exchange | None:
    """The exchange that brings two groups closest together in conductance, while both keep between the smallest and the largest charge.
    `room` is what the first may gain, `other_room` what the second may lose."""
    low, high = max(room[0], other_room[0]), min(room[1], other_room[1])
    best, found = abs(gap) - _SAME, None
    for charge, conductance, exchange in _exchanges(task, first, second, budget):
        if low <= -charge <= high:
            rest = abs(gap - 2 * conductance)
            if rest < best:
                best, found = rest, exchange
    return found


# --- the best for few ------------------------------------------------------------------------------------------


def prove(task: Task, known: Dealt, steps: int) -> Dealt:
    """The best dealing of all, when `steps` groups looked at are enough to know; else the best that was seen, and what of it is proven."""
    if known.charge_proven and known.resistance_proven:
        return known
    search = _Search(task, known, steps)
    search.run()
    whole = search.left > 0
    charge_proven = whole or search.best.charge <= search.least
    return Dealt(search.groups, search.best, charge_proven, whole)


class _Search:
    """Depth first: one group after another is closed, each around the largest cell that is free. A branch is left when even its best end is
    no better than what is known."""

    def __init__(self, task: Task, known: Dealt, steps: int) -> None:
        self.task, self.groups, self.best, self.left = task, known.groups, known.score, steps
        self.least = least_spread(task)
        self._closed: Groups = []

    def run(self) -> None:
        task = self.task
        order = sorted(range(len(task.charges)), key=lambda cell: (-task.charges[cell], -task.conductances[cell]))
        self._close(order, sum(task.charges), sum(task.conductances), (None, None), (None, None))

    def _close(
        self,
        free: list[int],
        charge: int,
        conductance: float,
        charges: tuple[int | None, int | None],
        conductances: tuple[float | None, float | None],
    ) -> None:
        """Close the next group. `charge` and `conductance` are those of all free cells; the pairs are the lowest and highest of the groups
        that are closed."""
        if not free:
            assert charges[0] is not None and charges[1] is not None and conductances[0] is not None and conductances[1] is not None
            score = Score(charges[1] - charges[0], _spread(conductances[0], conductances[1]))
            if score.charge < self.best.charge or (score.charge == self.best.charge and score.resistance < self.best.resistance - _SAME):
                self.best, self.groups = score, [list(group) for group in self._closed]
            return
        task, groups_left = self.task, len(free) // self.task.parallel
        lead, others = free[0], free[1:]
        for cells in self._partners(others, task.charges[lead], charge, groups_left, charges):
            if self.left <= 0:
                return
            self.left -= 1
            group = (lead, *cells)
            made, flow = task.charge_of(group), task.conductance_of(group)
            now = (made if charges[0] is None else min(charges[0], made), made if charges[1] is None else max(charges[1], made))
            flows = (
                flow if conductances[0] is None else min(conductances[0], flow),
                flow if conductances[1] is None else max(conductances[1], flow),
            )
            if self._hopeless(now, flows, charge - made, conductance - flow, groups_left - 1):
                continue
            self._closed.append(list(group))
            taken = set(cells)
            self._close([cell for cell in others if cell not in taken], charge - made, conductance - flow, now, flows)
            self._closed.pop()

    def _partners(
        self, others: list[int], lead_charge: int, charge: int, groups_left: int, charges: tuple[int | None, int | None]
    ) -> Iterator[tuple[int, ...]]:
        """The cells that may join the leading one: those with which the group stays close enough to the others in charge. Equal cells are
        tried once."""
        task, reach = self.task, self.best.charge
        low = -(-charge // groups_left) - reach if charges[1] is None else charges[1] - reach
        high = charge // groups_left + reach if charges[0] is None else charges[0] + reach
        seen: set[tuple[tuple[int, float], ...]] = set()
        for cells in _sums_between([task.charges[cell] for cell in others], task.parallel - 1, low - lead_charge, high - lead_charge):
            chosen = tuple(others[at] for at in cells)
            kind = tuple((task.charges[cell], task.conductances[cell]) for cell in chosen)
            if kind not in seen:
                seen.add(kind)
                yield chosen

    def _hopeless(self, charges: tuple[int, int], flows: tuple[float, float], charge: int, conductance: float, groups_left: int) -> bool:
        """Whether no end of this branch is better than the best: the groups to come hold what is free, and on average no more and no less."""
        low, high = charges
        flow_low, flow_high = flows
        if groups_left:
            low, high = min(low, charge // groups_left), max(high, -(-charge // groups_left))
            flow_low, flow_high = min(flow_low, conductance / groups_left), max(flow_high, conductance / groups_left)
        spread = max(high - low, self.least)
        if spread != self.best.charge:
            return spread > self.best.charge
        return _spread(flow_low, flow_high) >= self.best.resistance - _SAME


def _sums_between(charges: list[int], many: int, low: int, high: int, start: int = 0) -> Iterator[tuple[int, ...]]:
    """Places of `many` charges, which fall along the list, whose sum lies between `low` and `high`."""
    if many == 0:
        if low <= 0 <= high:
            yield ()
        return
    last = len(charges) - many
    tail = sum(charges[last + 1 :])  # the smallest that can stand behind the place chosen now
    for at in range(start, last + 1):
        if sum(charges[at : at + many]) < low:
            return
        if charges[at] + tail > high:
            continue
        for behind in _sums_between(charges, many - 1, low - charges[at], high - charges[at], at + 1):
            yield (at, *behind)


def _spread(low: float, high: float) -> float:
    """The difference of the resistances of two groups with these conductances; 0 where they are unknown."""
    return 0.0 if low <= 0 else 1 / low - 1 / high
