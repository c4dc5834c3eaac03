"""Probing ports from this program: those that a session holds are left alone, the others are held meanwhile, so that none begins in between."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from drivers.probe import Found, Progress, probe
from drivers.roles import LostLine
from drivers.serial_ports import SerialPort
from drivers.stable_id import lock_name
from tui.bench.port_locks import PortLocks
from tui.records.places import Home


def find_instruments(
    home: Home,
    places: Sequence[SerialPort],
    *,
    families: Collection[str] = (),
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> list[Found]:
    """`drivers.probe.probe` on these ports, in their order; what a session of any copy of this program holds is "not probed", with who has it.

    Takes as long as `drivers.probe.budget_s` and an identification; raises AddressError for a family that no probe can find.
    """
    locks = PortLocks(home)
    skip: dict[str, str] = {}
    try:
        for port in places:
            try:
                locks.take(port.path, lock_name(port.path, port.adapter))
            except LostLine as held:
                skip[port.path] = f"{held.what[:1].upper()}{held.what[1:]} {held.check}"
        return probe(places, families=families, skip=skip, progress=progress, stop=stop)
    finally:
        locks.release()
