"""A pack built of single cells: groups of P cells in parallel, S groups in series, alike in capacity and then in resistance.

Capacities in Ah, resistances in mΩ. A pack gives what its smallest group holds, and the BMS stops at the first full and the first empty group:
so the groups are to be alike in capacity. Of those dealings the one with groups most alike in resistance is taken, because a group with more
of it reaches the BMS's limits sooner under load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.domain.arrangement import Arrangement, read_arrangement
from tui.domain.gate_words import listed
from tui.domain.packing_proof import prove
from tui.domain.packing_search import Task, improve, least_of_largest, least_spread
from tui.domain.unlike import MIXED_CAPACITY_FRACTION

MOST_CELLS = 1000
UNIT_AH = 0.01  # capacities are compared to this
SMALL = 24  # cells up to which the best is looked for by going through all dealings
SMALL_STEPS, LARGE_STEPS, PROOF_STEPS = 200_000, 8_000_000, 60_000


@dataclass(frozen=True, slots=True)
class PackCell:
    """A cell that may go into a pack. `kind` is its model, "" unknown; cells without a known capacity cannot be here."""

    label: str
    capacity_ah: float
    resistance_mohm: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """Largest less smallest of the groups. `resistance_mohm` is None where a cell's resistance is unknown."""

    capacity_ah: float
    resistance_mohm: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The cells in parallel at one place of the string, from the minus end. `turned`: + and − are turned against the first group."""

    series: int  # 1 is the group at the minus end
    cells: tuple[PackCell, ...]

    @property
    def turned(self) -> bool:
        return self.series % 2 == 0

    @property
    def capacity_ah(self) -> float:
        return round(sum(cell.capacity_ah for cell in self.cells), 6)

    @property
    def resistance_mohm(self) -> float | None:
        """Of the cells alone, in parallel; None where one is unknown."""
        known = [cell.resistance_mohm for cell in self.cells if cell.resistance_mohm]
        return 1 / sum(1 / value for value in known) if len(known) == len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it is to be built. `before` is the spread of the same cells placed one after another in the order given.

    `capacity_proven`: no other way to place these cells makes the groups more alike in capacity; `resistance_proven`: and none that does as
    well is more alike in resistance. `least_spread_ah` is what no way can go below, `least_largest_ah` the same for the largest group.
    """

    arrangement: Arrangement
    groups: tuple[Group, ...]
    before: Spread
    spares: tuple[PackCell, ...]
    capacity_proven: bool
    resistance_proven: bool
    least_spread_ah: float
    least_largest_ah: float
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.arrangement.series}S{self.arrangement.parallel}P"

    @property
    def after(self) -> Spread:
        return _spread(self.groups)

    @property
    def capacity_ah(self) -> float:
        return min(group.capacity_ah for group in self.groups)

    @property
    def over_bound(self) -> float:
        """By how much the largest group is over what no way can go below, as a fraction."""
        return max(0.0, max(group.capacity_ah for group in self.groups) / self.least_largest_ah - 1)

    @property
    def proof(self) -> str:
        """How good the pack is, in words."""
        if self.capacity_proven and self.resistance_proven:
            return "Proven: no other way to place these cells makes the groups more alike."
        if self.capacity_proven and self.after.resistance_mohm is None:
            return "Proven for capacity: no other way makes the groups more alike."
        if self.capacity_proven:
            return "Proven for capacity: no other way makes the groups more alike. For resistance it is the best that was found."
        over = f"{100 * self.over_bound:.2f}" if self.over_bound >= 0.00005 else "under 0.01"
        return (
            f"The best that was found: the largest group is {over} % over the least that is possible, and no way has a spread "
            f"below {self.least_spread_ah:.2f} Ah."
        )


def build(cells: Sequence[PackCell], arrangement: str) -> Pack:
    """Place cells in a pack such as "8S2P". Of more cells than it needs it takes those with the most capacity; the others are its spares.

    The same cells give the same pack each time. Raises ValueError for what is no arrangement, for too few cells or more than 1000 of them,
    and for a capacity that is not above zero.
    """
    wanted = read_arrangement(arrangement)
    if wanted.cells > MOST_CELLS:
        raise ValueError(f"{_name(wanted)} needs {wanted.cells} cells; packs are built of up to {MOST_CELLS}")
    if len(cells) < wanted.cells:
        raise ValueError(f"{_name(wanted)} needs {wanted.cells} cells with a known capacity, and {len(cells)} can be used")
    for cell in cells:
        if not cell.capacity_ah > 0:
            raise ValueError(f"{cell.label}: a capacity of {cell.capacity_ah:g} Ah cannot be built with")
    order = sorted(range(len(cells)), key=lambda at: (-cells[at].capacity_ah, cells[at].resistance_mohm or math.inf, at))
    taken = sorted(order[: wanted.cells])
    chosen = [cells[at] for at in taken]
    unknown = [cell.label for cell in chosen if not cell.resistance_mohm]
    hundredths = [round(cell.capacity_ah / UNIT_AH) for cell in chosen]
    unit = math.gcd(*hundredths) or 1
    task = Task(
        [value // unit for value in hundredths], [0.0 if unknown else 1 / (cell.resistance_mohm or 1) for cell in chosen], wanted.parallel
    )
    small = len(chosen) <= SMALL
    dealt = improve(task, SMALL_STEPS if small else LARGE_STEPS)
    if small:
        dealt = prove(task, dealt, PROOF_STEPS)
    return Pack(
        arrangement=wanted,
        groups=_placed([sorted(group) for group in dealt.groups], chosen),
        before=_spread(_placed(_in_order(wanted), chosen)),
        spares=tuple(cells[at] for at in sorted(order[wanted.cells :])),
        capacity_proven=dealt.charge_proven,
        resistance_proven=dealt.resistance_proven and not unknown,
        least_spread_ah=least_spread(task) * unit * UNIT_AH,
        least_largest_ah=least_of_largest(task) * unit * UNIT_AH,
        notes=tuple(_notes(chosen, unknown)),
    )


def _placed(groups: Sequence[Sequence[int]], cells: Sequence[PackCell]) -> tuple[Group, ...]:
    """The groups in the order of their first cells, so that as few as possible have to be carried about."""
    ordered = sorted(groups, key=min)
    return tuple(Group(at, tuple(cells[cell] for cell in group)) for at, group in enumerate(ordered, 1))


def _in_order(arrangement: Arrangement) -> list[list[int]]:
    """One cell after another, as they come."""
    return [list(range(at * arrangement.parallel, (at + 1) * arrangement.parallel)) for at in range(arrangement.series)]


def _spread(groups: Sequence[Group]) -> Spread:
    capacities = [group.capacity_ah for group in groups]
    resistances = [value for group in groups if (value := group.resistance_mohm) is not None]
    known = len(resistances) == len(groups)
    return Spread(round(max(capacities) - min(capacities), 6), max(resistances) - min(resistances) if known else None)


def _notes(cells: Sequence[PackCell], unknown: Sequence[str]) -> list[str]:
    notes = []
    if unknown:
        some = listed(list(unknown[:6])) if len(unknown) <= 6 else f"{', '.join(unknown[:6])} and {len(unknown) - 6} more"
        notes.append(f"Only capacity was evened out: the resistance of {some} is not known.")
    kinds = sorted({cell.kind for cell in cells if cell.kind})
    if len(kinds) > 1:
        notes.append(f"The cells are of {len(kinds)} models: {listed(kinds[:4])}. Cells of unlike make drift apart in use.")
    low, high = min(cell.capacity_ah for cell in cells), max(cell.capacity_ah for cell in cells)
    if high - low > MIXED_CAPACITY_FRACTION * high:
        notes.append(
            f"The cells hold {low:g} to {high:g} Ah. That is more unlike than matched cells are; look at the smallest and the largest."
        )
    return notes


def _name(arrangement: Arrangement) -> str:
    return f"{arrangement.series}S{arrangement.parallel}P"
