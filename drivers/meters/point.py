"""What holds for every meter: where its probes are, which volts can be true there, and which readings have none (meter sheet, chapter 0).

Each meter's address has the options `point` (bank, supply, cells, cell, walk), `cell` (a label: the meter stands on that cell) and `limit`
(highest plausible volts: 5 for a cell or a parallel bank, up to 75 for a string).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast, get_args

from drivers.address import Address, AddressError
from drivers.roles import MeterProfile, MeterReading, Point

HIGHEST_CELL_V, HIGHEST_PACK_V = 5.0, 75.0
OUT_OF_RANGE = "out of range"
UNUSABLE = {
    "REL": "the meter shows differences (REL): press its REL key until that is gone.",
    "MAX": "the meter shows a stored maximum (MAX): hold its MAX/MIN key until that is gone.",
    "MIN": "the meter shows a stored minimum (MIN): hold its MAX/MIN key until that is gone.",
}
"""What a meter may show instead of the volts of now, and which key ends it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meter stands. `cell` is a label, with the point "cell" only; `limit_v` is the highest plausible value there."""

    point: Point = "bank"
    cell: str = ""
    limit_v: float = HIGHEST_CELL_V

    @classmethod
    def of(cls, address: Address) -> Place:
        """As the address says; `cell` alone means that the meter stands on it. Raises AddressError."""
        cell = address.options.get("cell", "")
        point = cast(Point, address.choice("point", "cell" if cell else "bank", get_args(Point)))
        if cell and point != "cell":
            raise AddressError(f"'{address}' names the cell {cell}, but its meter stands at another point ({point}): leave one of them out")
        if point == "cell" and not cell:
            raise AddressError(f"'{address}' does not say which cell its meter stands on: add its label, as in cell=A3")
        return cls(point, cell, address.number("limit", HIGHEST_CELL_V, low=HIGHEST_CELL_V, high=HIGHEST_PACK_V))

    @classmethod
    def single(cls, address: Address) -> Place:
        """The same, of a meter with one channel. Raises AddressError."""
        place = cls.of(address)
        if place.point == "cells":
            what = "it stands at the bank, on one cell (cell=A3), or is carried from cell to cell (point=walk)"
            raise AddressError(f"point=cells in '{address}' needs a channel on each cell, and a {address.family} has one: {what}")
        return place

    def profile(self, family: str, model: str, interval_s: float, emulated: bool) -> MeterProfile:
        return MeterProfile(family, model, self.point, interval_s, emulated, self.cell)

    def plausible(self, volts: float) -> bool:
        return 0.0 <= volts <= self.limit_v

    def reading(
        self, time_s: float, volts: float, *, resolution_v: float | None = None, flags: Iterable[str] = (), text: str = ""
    ) -> MeterReading:
        """The message of a meter with one channel that shows DC volts: without them where a flag says that they are not those of now, or where
        they cannot be true.
        """
        flags = tuple(flags)
        why = next((UNUSABLE[flag] for flag in flags if flag in UNUSABLE), "")
        if not why and not self.plausible(volts):
            flags = (*flags, OUT_OF_RANGE)
            why = f"the meter shows {volts:g} V, and 0 to {self.limit_v:g} V can be true here: are its probes the right way round and in place?"
        return MeterReading(time_s, {"1": None if why else volts}, "ok", resolution_v, why or text, flags)


def without_volts(time_s: float, status: str, why: str, *, flags: Iterable[str] = (), channels: Iterable[str] = ("1",)) -> MeterReading:
    """A message that has no volts; `why` is for a person."""
    return MeterReading(time_s, dict.fromkeys(channels), status, None, why, tuple(flags))
