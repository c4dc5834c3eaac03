"""What the hands joined: cells in parallel or in series, and where the leads are. Cells are told by their place in the description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Leads = Literal["free", "on", "shorted"]
Groups = list[list[int]]


class Joined(NamedTuple):
    """What is joined: `driven` lies between the leads (or would, if they were put on the bank's posts), `aside` has no part in that.

    Both are groups of parallel cells, one after the other in series.
    """

    driven: Groups
    aside: Groups


class Wiring:
    """Wiring anew undoes what was wired before."""

    def __init__(self, labels: Sequence[str], cells_per_group: int) -> None:
        self._labels, self._cells_per_group = labels, cells_per_group
        self._groups: Groups = []
        self.in_series = False
        self.leads: Leads = "free"
        self.reversed = False  # the leads are on the wrong way round
        self.lead_cell: int | None = None  # the cell that the leads were put on; None: the posts of what is wired
        self.same_end = False  # both leads at the first cell
        self.worn_ohm = 0.0  # a bad contact of the leads
        self.loose = self.forgotten = self.left_out = ""  # labels: a bad joint, a cell not wired, a step of the string not wired

    def index(self, label: str) -> int:
        """Where a cell stands. Raises ValueError for a label that is not on this bench."""
        if label not in self._labels:
            raise ValueError(f"there is no cell {label!r} on this bench; it has {', '.join(self._labels)}")
        return self._labels.index(label)

    @property
    def wired(self) -> bool:
        return bool(self._groups)

    def parallel(self, members: Sequence[int]) -> None:
        self._groups, self.in_series = [list(members)] if members else [], False

    def series(self, members: Sequence[int]) -> None:
        """In order; each few cells that make a group are in parallel."""
        size = self._cells_per_group
        self._groups, self.in_series = [list(members[k : k + size]) for k in range(0, len(members), size)], True

    def apart(self) -> None:
        self.parallel(())

    def put_leads(self, leads: Leads, *, cell: int | None = None, backwards: bool = False) -> None:
        self.leads, self.lead_cell, self.reversed = leads, cell, backwards

    @property
    def string(self) -> Groups:
        """What is really joined, without what the hands forgot."""
        groups = [[k for k in group if self._labels[k] != self.forgotten] for group in self._groups]
        if self.in_series:
            groups = [group for group in groups if self.left_out not in [self._labels[k] for k in group]]
        return [group for group in groups if group]

    def joined(self) -> Joined:
        """What the leads are on, and what else is joined. On one cell of a string they charge that cell, or its group, alone."""
        groups = self.string
        cell = self.lead_cell if groups else self.lead_cell or 0  # with all cells apart the leads go on the first, unless told
        if self.leads != "on" or cell is None:
            return Joined(groups, [])
        on = next((group for group in groups if cell in group), [cell])
        return Joined([on], [group for group in groups if group is not on])

    @property
    def through_bms(self) -> bool:
        """Whether the supply's current, if there is any, goes through the string's charge path."""
        return self.in_series and self.wired and self.lead_cell is None
