"""`topbalance read`: who is at an address, and one reading, as plain objects named as in `drivers.roles`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from drivers import catalog, stable_id
from drivers.address import Address
from drivers.clock import WallClock
from drivers.first_value import first_value
from drivers.roles import InstrumentError, MeterProfile, MeterReading
from tui.bench.port_locks import PortLocks
from tui.records.places import home


def read_instrument(address: str) -> dict[str, Any]:
    """Identify what is at `address` and take one reading. Nothing is written, but that a bench meter is set to DC volts.

    Of a meter also `voltage_v`, where it has one channel, or `cell_voltages_v` in the cells' order, where it has one at each of them: null where
    it shows no volts that can be used. Of a BMS also `charge_cut_by_cell_overvoltage`. Raises AddressError, or OSError in words.
    """
    clock = WallClock()
    parsed = Address.parse(address)
    try:
        kind = catalog.kind_of(parsed)
        with _owned(parsed):
            return _read(parsed, kind, clock)
    except InstrumentError as problem:
        raise OSError(str(problem)) from problem


@contextlib.contextmanager
def _owned(address: Address) -> Iterator[None]:
    """The port is this program's alone meanwhile: two readers of one line steal each other's bytes. Raises LostLine with who holds it."""
    try:
        locks = PortLocks(home()) if address.url else None
    except OSError:  # without a place for records nobody can have a session here
        locks = None
    with locks.held(str(address), stable_id.adapter_of(address.url)) if locks else contextlib.nullcontext():
        yield


def _read(parsed: Address, kind: str, clock: WallClock) -> dict[str, Any]:
    if kind == "meter":
        with contextlib.closing(catalog.open_meter(parsed, clock=clock)) as meter:
            profile = meter.identify()
            return {
                **asdict(profile),
                **_volts(profile, first_value(meter) if catalog.find_family(parsed.family).port is not None else meter.read()),
            }
    if kind == "bms":
        with contextlib.closing(catalog.open_bms(parsed, clock=clock)) as bms:
            found, cells = bms.identify(), bms.read()
            return {**asdict(found), **asdict(cells), "charge_cut_by_cell_overvoltage": cells.charge_cut_by_cell_overvoltage}
    with contextlib.closing(catalog.open_supply(parsed, clock=clock)) as supply:
        return {**asdict(supply.identify()), **asdict(supply.read())}


def words(found: Mapping[str, Any]) -> Iterator[str]:
    """The same for people: a line for each name, and one for each of several notes."""
    width = max(map(len, found))
    for name, value in found.items():
        told = [_told(one) for one in value] if name == "notes" and value else [_told(value)]
        yield from (f"{title:<{width}}  {text}".rstrip() for title, text in zip((name, *("",) * len(told)), told, strict=False))


def _told(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_told(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_told, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) if value != "" else "–"


def _volts(profile: MeterProfile, reading: MeterReading) -> dict[str, Any]:
    """A reading with the volts under the names that they have elsewhere."""
    found = asdict(reading)
    if reading.status != "ok":
        found["channels_v"] = dict.fromkeys(reading.channels_v)
    channels_v: dict[str, float | None] = found["channels_v"]
    if profile.point == "cells":
        last = max((int(name) for name in channels_v), default=0)
        found["cell_voltages_v"] = [channels_v.get(str(number)) for number in range(1, last + 1)]
    elif len(channels_v) <= 1:
        found["voltage_v"] = next(iter(channels_v.values()), None)
    return found
