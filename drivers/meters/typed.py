"""A meter without a line: the operator reads it and types what it shows. In a plan the address "typed" is the same as no meter."""

from __future__ import annotations

from drivers.address import Address
from drivers.clock import Clock
from drivers.meters.point import Place, without_volts
from drivers.roles import MeterProfile, MeterReading

WORDS = "the operator reads this meter and types its volts: nothing is on a line."

check_address = Place.of


def open_driver(address: Address, line: object, clock: Clock, in_memory: bool) -> TypedMeter:
    return TypedMeter(address, clock)


class TypedMeter:
    """Implements `roles.Meter` for whoever asks an address what it is; it never has volts of its own."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self.address, self._clock = str(address), clock
        self._place = Place.of(address)

    def identify(self) -> MeterProfile:
        return self._place.profile("typed", "meter that is read by the operator", 0.0, False)

    def read(self) -> MeterReading:
        return without_volts(self._clock.now_s(), "no_answer", WORDS, channels=())

    def close(self) -> None:
        """Nothing to close."""
