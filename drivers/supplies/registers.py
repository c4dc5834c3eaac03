"""Supplies whose set-points are Modbus registers (Riden, DPS, Hanmatek): how they are written, read back, and told from strangers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from drivers.clock import Clock
from drivers.modbus import Unit
from drivers.roles import GarbledAnswer, InstrumentError, Line
from drivers.supplies.checked import CheckedSupply, SetPoint, counts, stranger

ON_OFF = {0: False, 1: True}


class RegisterSupply(CheckedSupply):
    """`registers` says where the set-points are; `_per_unit` how many counts make a V or an A of each, from the identity alone.

    `most_at_once`: the most registers that one request may ask for. `blocks` and `sounding`: see `modbus.Unit`; a family that may be asked
    for any register needs none.
    """

    family_title: ClassVar[str]
    registers: ClassVar[Mapping[SetPoint, int]]
    most_at_once: ClassVar[int] = 125
    blocks: ClassVar[tuple[range, ...]] = ()
    sounding: ClassVar[int] = 0
    deadline_s: ClassVar[float] = 0.5

    def __init__(
        self, line: Line, *, address: str, clock: Clock, unit: int = 1, prove: bool = False, deadline_s: float | None = None, tries: int = 3
    ) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.unit = Unit(
            line,
            address,
            unit,
            deadline_s=self.deadline_s if deadline_s is None else deadline_s,
            tries=tries,
            most=self.most_at_once,
            blocks=self.blocks,
            sounding=self.sounding,
        )

    @abstractmethod
    def _per_unit(self, point: SetPoint) -> float:
        """Counts of a V or an A at this set-point."""

    def _put(self, point: SetPoint, value: float) -> None:
        self.unit.write(self.registers[point], counts(value, self._per_unit(point)))

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        """Neighbours are read together."""
        wanted = sorted((self.registers[point], point) for point in points)
        found: dict[SetPoint, float] = {}
        while wanted:
            first, point = wanted.pop(0)
            together = [point]
            while wanted and wanted[0][0] == first + len(together):
                together.append(wanted.pop(0)[1])
            for one, value in zip(together, self.unit.read(first, len(together)), strict=True):
                found[one] = value / self._per_unit(one)
        return found

    def _stranger(self, error: InstrumentError) -> InstrumentError:
        """A disturbed answer from a Modbus device stays what it is; anything else on the port is another device."""
        raw = self.unit.last_answer
        if isinstance(error, GarbledAnswer) and raw[:2] == bytes((self.unit.unit, 3)):
            return error
        return stranger(self.address, self.family_title, raw, error)


class FlaggedSupply(RegisterSupply):
    """Riden and DPS: an output register two behind that of the protection, and one that says what happens at power-up."""

    output_register: ClassVar[int]
    power_up_register: ClassVar[int]
    protections: ClassVar[Mapping[int, str]]

    def power_up_output(self) -> bool | None:
        """Whether the output comes on by itself after a mains dip; None for a value without a meaning."""
        return ON_OFF.get(self.unit.read(self.power_up_register, 1)[0])

    def _switch(self, on: bool) -> None:
        self.unit.write(self.output_register, int(on))

    def _flag(self) -> tuple[bool | None, str]:
        protection, _, output = self.unit.read(self.output_register - 2, 3, tries=1)
        return self._state(protection, output)

    def _state(self, protection: int, output: int) -> tuple[bool | None, str]:
        """Whether the output is on, None for a value without a meaning, and what is tripped."""
        return ON_OFF.get(output), self.protections.get(protection, f"code {protection}")
