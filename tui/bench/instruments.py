"""Opens instruments by their addresses and gives each a port: its own thread on real lines, lock-step on in-memory ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from drivers import catalog
from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import InstrumentError, Line, LostLine, Meter, MeterProfile, Supply, SupplyProfile, WrongDevice
from drivers.supplies.manual import ManualSupply
from tui.bench.ports import LockStepPort, Port, ThreadPort
from tui.domain.limits import Limits
from tui.domain.plan import Plan, PlanSupply
from tui.records.places import Home

POLL_S = 1.0
"""Wall seconds between two polls: one reading a second."""


class Instruments:
    """How this bench reaches its instruments. `line_factory` joins in-memory lines (lock-step); without it ports run on threads."""

    def __init__(self, clock: Clock, home: Home, *, line_factory: Callable[[Address], Line] | None = None) -> None:
        self.clock = clock
        self.home = home
        self._lines = line_factory
        self._locks: list[Any] = []
        self._answered: dict[int, tuple[int, float]] = {}

    @property
    def lock_step(self) -> bool:
        return self._lines is not None

    def period_s(self, speed: float) -> float:
        """Bench seconds between two polls at this speed of the clock."""
        return POLL_S * speed

    def open_supply(self, spec: PlanSupply) -> tuple[Port[Supply], SupplyProfile]:
        """Open and identify; nothing is written. Raises InstrumentError or AddressError."""
        if spec.by_hand:
            manual = ManualSupply(
                spec.address, self.clock, spec.max_voltage_v, spec.max_current_a, spec.voltage_step_v, spec.current_step_a
            )
            return LockStepPort[Supply](manual), manual.identify()
        self._take(spec.address)
        driver = catalog.open_supply(spec.address, clock=self.clock, line_factory=self._lines)
        profile = _identified(driver)
        return self._port(driver, lambda: self._again(spec.address, profile)), profile

    def _again(self, address: str, known: SupplyProfile) -> Supply:
        """The line came back: the same supply must answer before it is used again."""
        driver = catalog.open_supply(address, clock=self.clock, line_factory=self._lines)
        profile = _identified(driver)
        if (profile.model, profile.serial) != (known.model, known.serial):
            driver.close()
            raise WrongDevice(address, "identify", f"a {profile.model} answers where a {known.model} was.", "Plug the right one in.")
        return driver

    def open_meter(self, address: str) -> tuple[Port[Meter], MeterProfile]:
        self._take(address)
        driver = catalog.open_meter(address, clock=self.clock, line_factory=self._lines)
        profile = _identified(driver)
        reopen = lambda: catalog.open_meter(address, clock=self.clock, line_factory=self._lines)  # noqa: E731
        return self._port(driver, reopen), profile

    def _port(self, driver: Any, reopen: Callable[[], Any]) -> Any:
        if self.lock_step:
            return LockStepPort(driver)
        return ThreadPort(driver, poll_s=POLL_S, reopen=reopen)

    def fresh(self, port: Port[Any], tick_s: float) -> bool:
        """Whether the port's newest answer is younger than three polls. Real lines are judged in wall time."""
        if isinstance(port, LockStepPort):
            return port.error == "" and port.reading is not None
        count, since = self._answered.get(id(port), (-1, 0.0))
        now = time.monotonic()
        if port.fresh_count != count:
            self._answered[id(port)] = (port.fresh_count, now)
            return port.reading is not None
        return port.reading is not None and now - since <= Limits().stale_periods * POLL_S

    def _take(self, address: str) -> None:
        """One owner a port: a lock beside the records, so that a second copy of the program is refused (fault F-20)."""
        if self.lock_step:
            return
        import hashlib

        from filelock import FileLock, Timeout

        name = hashlib.sha256(address.split("?")[0].encode()).hexdigest()[:16]
        lock = FileLock(str(self.home.locks / f"port-{name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as busy:
            raise LostLine(address, "open", "another copy of this program uses this port.", "Close it there first.") from busy
        self._locks.append(lock)

    def release(self) -> None:
        """Let the ports' locks go."""
        for lock in self._locks:
            lock.release()
        self._locks.clear()


def _identified(driver: Any) -> Any:
    """What answers; a port on which nobody answers rightly is let go of."""
    try:
        return driver.identify()
    except InstrumentError:
        driver.close()
        raise


def fitted(plan: Plan, profile: SupplyProfile) -> PlanSupply:
    """The plan's supply as it really is: never more than the identified model can give, and its own steps."""
    supply = plan.supply
    if not profile.has_interface:
        return supply
    return PlanSupply(
        address=supply.address,
        max_voltage_v=min(supply.max_voltage_v or profile.max_voltage_v, profile.max_voltage_v),
        max_current_a=min(supply.max_current_a or profile.max_current_a, profile.max_current_a),
        voltage_step_v=profile.voltage_step_v,
        current_step_a=profile.current_step_a,
        name=profile.model,
    )
