"""Cells dealt out to groups of equal size, so that the groups are alike in capacity and then in resistance. Cells and groups are numbers here.

`improve` deals the cells out and then exchanges one or two cells between two groups as long as that helps, from many starts: good for hundreds of
cells. (`packing_proof` finds the best for small banks.) It takes a budget in steps, not in seconds: the same cells make the same pack on every
computer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

Groups = list[list[int]]
SAME = 1e-9  # resistances closer than this are equal, in the unit of 1 / conductance
_TWO_AT_ONCE = 12  # cells in a group up to which two are exchanged at once
_PAIR_STEPS = 30  # what it costs to look at two groups at all, in exchanges
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
        return Score(max(charges) - min(charges), resistance_spread(min(conductances), max(conductances)))

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


def improve(task: Task, steps: int) -> Dealt:
    """The best dealing that `steps` exchanges looked at have found."""
    budget, chance, least = _Budget(steps), random.Random(0), least_spread(task)
    best: Groups = _opposite(task)
    if task.parallel == 1 or task.series == 1:  # there is one way only
        return Dealt(best, task.score(best), True, True)
    _settle(task, best, budget)
    best_score = task.score(best)
    while budget.left > 0 and not (best_score.charge <= least and best_score.resistance <= SAME):
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
    return Dealt(best, best_score, sure, sure and best_score.resistance <= SAME)


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
    """Exchange cells between two groups until no exchange makes two groups more alike: first in charge, then in resistance."""
    work = _Settling(task, groups, budget)
    work.run(work.fairer)
    work.run(work.smoother)


Exchange = tuple[tuple[int, ...], tuple[int, ...]]


class _Settling:
    """Groups that change places, with their sums."""

    def __init__(self, task: Task, groups: Groups, budget: _Budget) -> None:
        self.task, self.groups, self.budget = task, groups, budget
        self.charges = [task.charge_of(group) for group in groups]
        self.conductances = [task.conductance_of(group) for group in groups]
        self._low, self._high = 0, 0

    def run(self, better: Callable[[int, int], Exchange | None]) -> None:
        """Make the exchanges that `better` finds between two groups, until it finds none."""
        changed = set(range(len(self.groups)))  # only these can have a new exchange to offer
        while changed and self.budget.left > 0:
            look, changed = changed, set()
            self._low, self._high = min(self.charges), max(self.charges)
            for first, second in combinations(range(len(self.groups)), 2):
                if first in look or second in look:
                    found = better(first, second)
                    if found is not None:
                        self._exchange(first, second, found)
                        changed |= {first, second}

    def fairer(self, first: int, second: int) -> Exchange | None:
        """The exchange that brings two groups closest together in charge."""
        gap = self.charges[first] - self.charges[second]
        best, found = abs(gap), None
        for charge, _, exchange in self._exchanges(first, second) if gap else ():
            rest = abs(gap - 2 * charge)
            if rest < best:
                best, found = rest, exchange
        return found

    def smoother(self, first: int, second: int) -> Exchange | None:
        """The exchange that brings two groups closest together in conductance, while both keep between the smallest and largest charge."""
        gap = self.conductances[first] - self.conductances[second]
        best, found = abs(gap) - SAME, None
        if best <= 0:
            return None
        least = max(self.charges[first] - self._high, self._low - self.charges[second])  # what may go from the first to the second
        most = min(self.charges[first] - self._low, self._high - self.charges[second])
        for charge, conductance, exchange in self._exchanges(first, second):
            if least <= charge <= most:
                rest = abs(gap - 2 * conductance)
                if rest < best:
                    best, found = rest, exchange
        return found

    def _exchanges(self, first: int, second: int) -> Iterator[tuple[int, float, Exchange]]:
        """One cell for one, and two for two: how much charge and conductance goes over, and which cells. For groups of up to five that is
        every way to divide the cells of both."""
        task = self.task
        for many in (1, 2) if 4 <= task.parallel <= _TWO_AT_ONCE else (1,):
            give = [(task.charge_of(cells), task.conductance_of(cells), cells) for cells in combinations(self.groups[first], many)]
            take = [(task.charge_of(cells), task.conductance_of(cells), cells) for cells in combinations(self.groups[second], many)]
            self.budget.left -= _PAIR_STEPS + len(give) * len(take)
            for charge, conductance, cells in give:
                for other_charge, other_conductance, others in take:
                    yield charge - other_charge, conductance - other_conductance, (cells, others)

    def _exchange(self, first: int, second: int, exchange: Exchange) -> None:
        given, taken = exchange
        self.groups[first] = [cell for cell in self.groups[first] if cell not in given] + list(taken)
        self.groups[second] = [cell for cell in self.groups[second] if cell not in taken] + list(given)
        for at in (first, second):
            self.charges[at] = self.task.charge_of(self.groups[at])
            self.conductances[at] = self.task.conductance_of(self.groups[at])


def resistance_spread(low: float, high: float) -> float:
    """The difference of the resistances of two groups with these conductances; 0 where they are unknown."""
    return 0.0 if low <= 0 else 1 / low - 1 / high
