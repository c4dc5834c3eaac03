"""Opens instruments by their addresses and gives each a port: its own thread on real lines, lock-step on in-memory ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from drivers import catalog, stable_id
from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import Bms, InstrumentError, Line, LostLine, Meter, MeterProfile, Point, Supply, SupplyProfile, WrongDevice
from drivers.stable_id import Adapter, Lookup
from drivers.supplies.manual import ManualSupply
from tui.bench.bms_line import BmsLine
from tui.bench.port_locks import PortLocks
from tui.bench.ports import LockStepPort, Port, ThreadPort
from tui.domain.limits import Limits
from tui.domain.meter_place import meter_place
from tui.domain.plan import Plan, PlanSupply
from tui.records.places import Home

POLL_S = 1.0
"""Wall seconds between two polls: one reading a second."""


class Instruments:
    """How this bench reaches its instruments. `line_factory` joins in-memory lines (lock-step); without it ports run on threads.

    `adapters` tells which serial adapters are plugged in, so that a port is found again under another number.
    """

    def __init__(
        self,
        clock: Clock,
        home: Home,
        *,
        line_factory: Callable[[Address], Line] | None = None,
        adapters: Lookup | None = None,
        lines: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        """`lines`: where instruments may stand besides the adapters, on the built-in bench."""
        self.clock = clock
        self.home = home
        self._lines = line_factory
        self.lines = lines
        self._adapters: Lookup = adapters or ((lambda: ()) if line_factory else stable_id.plugged_in)
        self._locks = PortLocks(home)
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
        adapter = self._take(spec.address)
        driver = self._supply_at(spec.address)
        profile = _identified(driver)
        return self._port(driver, lambda: self._again(spec.address, adapter, profile)), profile

    def _supply_at(self, address: Address | str) -> Supply:
        return catalog.open_supply(address, clock=self.clock, line_factory=self._lines)

    def _again(self, address: str, adapter: Adapter | None, known: SupplyProfile) -> Supply:
        """The line came back, perhaps under another number: the same supply must answer before it is used again."""
        problem: InstrumentError | None = None
        for place in self._places(address, adapter, stable_id.same_adapter):
            try:
                driver = self._supply_at(place)
                profile = _identified(driver)
            except InstrumentError as not_there:
                problem = problem or not_there
                continue
            if (profile.model, profile.serial) == (known.model, known.serial):
                return driver
            driver.close()
            what = f"a {profile.model} (serial {profile.serial}) answers where a {known.model} (serial {known.serial}) was; nothing was written."
            problem = problem or WrongDevice(str(place), "identify", what, "Plug the right one in.")
        assert problem is not None
        raise problem

    def _places(self, address: str, adapter: Adapter | None, search: Callable[[Adapter, Lookup], list[Adapter]]) -> list[Address]:
        """Where the instrument of `address` may be now, the likeliest first. Raises LostLine while its adapter is not plugged in."""
        parsed = Address.parse(address)
        if adapter is None:
            return [parsed]
        found = search(adapter, self._adapters)
        if not found:
            name = f"USB adapter {adapter.kind}" + (f" with the serial number {adapter.serial}" if adapter.serial else "")
            raise LostLine(address, "open the line", f"its {name} is not plugged in.", "Put the cable in again; any socket will do.")
        return [stable_id.moved(parsed, one) for one in found]

    def open_meter(self, address: str) -> tuple[Port[Meter], MeterProfile]:
        adapter = self._take(address)

        def open_at(place: Address | str) -> Meter:
            return catalog.open_meter(place, clock=self.clock, line_factory=self._lines)

        try:
            driver = open_at(address)
            profile = _identified(driver)
        except Exception:
            if not self.lock_step:
                self._locks.give_back()  # the session goes on without it, and asks for it again
            raise
        point, cell = meter_place(address)
        profile = replace(profile, point=cast(Point, point), cell=cell)  # the address is the one word on where it stands
        return self._port(driver, lambda: open_at(self._places(address, adapter, stable_id.surely_same)[0])), profile

    def give_back_meter(self, port: Port[Meter]) -> None:
        """The lock of a meter that was opened last, and is closed again before anything else was opened."""
        self._answered.pop(id(port), None)
        if not self.lock_step:
            self._locks.give_back()

    def open_bms(self, address: str) -> Port[BmsLine]:
        """Its line is opened, and nothing asked: it answers once the string is built. Raises InstrumentError or AddressError."""
        adapter = self._take(address)

        def open_at(place: Address | str) -> Bms:
            return catalog.open_bms(place, clock=self.clock, line_factory=self._lines)

        try:
            driver = open_at(address)
        except Exception:
            if not self.lock_step:
                self._locks.give_back()
            raise
        line = BmsLine(driver, lambda: open_at(self._places(address, adapter, stable_id.surely_same)[0]))
        port: Port[BmsLine] = self._port(line, None)  # it opens its line anew by itself
        return port

    def _port(self, driver: Any, reopen: Callable[[], Any] | None) -> Any:
        if self.lock_step:
            return LockStepPort(driver, reopen)
        return ThreadPort(driver, poll_s=POLL_S, reopen=reopen)

    def fresh(self, port: Port[Any], tick_s: float) -> bool:
        """Whether the port's newest answer is younger than three polls, as long as they take here. Real lines are judged in wall time."""
        if isinstance(port, LockStepPort):
            return port.error == "" and port.reading is not None
        return self._younger(port, Limits().stale_periods * (POLL_S + port.took_s))

    def _younger(self, port: Port[Any], longest_s: float) -> bool:
        """Whether a port that polls by itself has had an answer within so many wall seconds."""
        count, since = self._answered.get(id(port), (-1, 0.0))
        now = time.monotonic()
        if port.lost:
            return False
        if port.fresh_count != count:
            self._answered[id(port)] = (port.fresh_count, now)
            return port.reading is not None
        return port.reading is not None and now - since <= longest_s

    def bms_fresh(self, port: Port[BmsLine]) -> bool:
        """Whether the BMS has told a whole set of cells within the time that its rules allow."""
        line = port.driver
        if isinstance(port, LockStepPort):
            return port.reading is not None and (port.error == "" or self.clock.now_s() - port.reading.time_s <= line.stale_s)
        if isinstance(port, ThreadPort):
            port.poll_s = max(POLL_S, line.poll_s)
        return self._younger(port, line.stale_s)

    def _take(self, address: str) -> Adapter | None:
        """One owner a port; gives the adapter that it belongs to, where it has one. Raises LostLine with who holds it (fault F-20)."""
        url = Address.parse(address).url
        adapter = stable_id.adapter_of(url, self._adapters)
        if not self.lock_step:
            self._locks.take(address, stable_id.lock_name(url, adapter))
        return adapter

    def plugged_in(self) -> list[Adapter]:
        """The serial adapters of this system now."""
        return list(self._adapters())

    def adapter_of(self, address: str) -> dict[str, str] | None:
        """By what the line of this address is found again, for the record; None for a line without an adapter of its own."""
        adapter = stable_id.adapter_of(Address.parse(address).url, self._adapters)
        return None if adapter is None else asdict(adapter)

    def found_again(self, address: str, adapter: Mapping[str, str] | None, *, identifies: bool) -> str:
        """The address now of what an earlier program found at `address`, by the adapter that was recorded; the likeliest, for an instrument
        that `identifies` itself. Raises LostLine.
        """
        if not adapter:
            return address
        search = stable_id.same_adapter if identifies else stable_id.surely_same
        return str(self._places(address, Adapter(**adapter), search)[0])

    def held_by(self, session: str) -> None:
        """Write down which session holds the ports, for whoever else wants them."""
        self._locks.name(session)

    def release(self) -> None:
        """Let the ports' locks go."""
        self._locks.release()
        self._answered.clear()


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
