"""The best way to deal cells out to groups of equal size, proven by going through every dealing that could still be better. For small banks."""

from __future__ import annotations

from collections.abc import Iterator

from tui.domain.packing_search import SAME, Dealt, Groups, Score, Task, least_spread, resistance_spread


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
            score = Score(charges[1] - charges[0], resistance_spread(conductances[0], conductances[1]))
            if score.charge < self.best.charge or (score.charge == self.best.charge and score.resistance < self.best.resistance - SAME):
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
        return resistance_spread(flow_low, flow_high) >= self.best.resistance - SAME


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
