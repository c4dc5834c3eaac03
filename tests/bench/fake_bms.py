"""A BMS of no maker for bench tests: it reads the string of the embedded bench's physics, and can be made to fail or to lie."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from drivers import catalog
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, NoAnswer
from drivers.simulated.world import World

ADDRESS = "fake-bms:line"
FLAGS = {"over_voltage": "cell_overvoltage", "other_reason": "charge_overtemperature"}


@dataclass
class FakeBms:
    """`changes` replaces what it would tell; `silent` lets it answer nothing."""

    world: World | None = None
    clock: Clock | None = None
    address: str = ADDRESS
    model: str = "Fake 1"
    silent: bool = False
    tells_limit: bool = True
    changes: dict[str, Any] = field(default_factory=dict)
    identified: int = 0
    opened: int = 0
    _limit_v: float | None = None  # its settings are read when it is identified

    def identify(self) -> BmsProfile:
        self._heard()
        self.identified += 1
        assert self.world is not None
        state = self.world.bms_state()
        self._limit_v = self.changes.get("limit_v", state.over_voltage_v) if self.tells_limit else None
        return BmsProfile("fake-bms", self.model, cell_count=len(state.taps_v), emulated=True)

    def read(self) -> BmsReading:
        self._heard()
        assert self.world is not None and self.clock is not None
        state = self.world.bms_state()
        told = BmsReading(
            time_s=self.clock.now_s(),
            cell_voltages_v=tuple(round(volts, 3) for volts in state.taps_v),
            pack_voltage_v=sum(state.taps_v),
            current_a=state.current_a,
            charge_fet_on=state.charge_path_closed,
            protection=tuple(name for flag, name in FLAGS.items() if getattr(state, flag)),
            cell_overvoltage_protection_v=self._limit_v,
        )
        return replace(told, **{name: value for name, value in self.changes.items() if name != "limit_v"})

    def _heard(self) -> None:
        if self.silent:
            raise NoAnswer(self.address, "read", "no answer within 0.5 s.", "Look at its cable.")

    def close(self) -> None: ...


@pytest.fixture
def bms(monkeypatch: pytest.MonkeyPatch) -> FakeBms:
    """The one that `ADDRESS` opens; it waits for its `world`."""
    made = FakeBms()

    def open_fake(_address: object, clock: Clock, _lines: object) -> FakeBms:
        made.clock = clock
        made.opened += 1
        return made

    family = catalog.Family("fake-bms", "bms", "a BMS of no maker", port=None, open=open_fake)
    monkeypatch.setitem(catalog.FAMILIES, "fake-bms", family)  # type: ignore[arg-type]
    return made
