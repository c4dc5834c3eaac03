"""The conformance kit against every family that can be emulated, and against drivers that are wrong on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from drivers.catalog import FAMILIES
from drivers.conformance import BmsConformance, MeterConformance, NotApplicable, SupplyConformance, failures
from drivers.modbus import read_request
from drivers.roles import GarbledAnswer, NoAnswer, SupplyReading
from drivers.simulated.families import EMULATED
from drivers.supplies import riden
from drivers.supplies.riden import RidenSupply

KITS = {"supply": SupplyConformance, "meter": MeterConformance, "bms": BmsConformance}


NO_CHECKSUM = {"korad", "owon", "rigol", "siglent", "scpi", "manson", "owon-xdm", "scpi-dmm", "es51922"}
NO_MODEL_NAME = {"hanmatek", "wanptek", "manson"}  # they tell a rating, which several models may share
READ_ONLY = {"KA3305P"}  # emulated, and not set on purpose
LOOKS_LIKE_THE_FAMILY = {"riden": 60189.0}


def _daly_writes(request: bytes) -> bool:
    return request[:1] == b"\xa5" and not (0x50 <= request[2] <= 0x5F or 0x90 <= request[2] <= 0x98)


def _jk_pb_writes(request: bytes) -> bool:
    """Three registers are written to ask for a frame; any other write changes a setting."""
    return len(request) >= 8 and request[1] in (5, 6, 15, 16) and request[2:4] not in (b"\x16\x1c", b"\x16\x1e", b"\x16\x20")


WRITES = {
    "jbd": lambda request: request[1:2] == b"\x5a",
    "jk-uart": lambda request: request[8:9] == b"\x02",
    "jk-pb": _jk_pb_writes,
    "daly": _daly_writes,
}


def _kit(family: str) -> type:
    """The kit of a family, as pytest collects it."""
    row = EMULATED[family]
    details: dict[str, Any] = {"family": family, "has_checksum": family not in NO_CHECKSUM, "tells_model": family not in NO_MODEL_NAME}
    if models := tuple(model for model in row.models if model not in READ_ONLY):
        details["models"] = models
    if family in LOOKS_LIKE_THE_FAMILY:
        details["unknown_number"] = LOOKS_LIKE_THE_FAMILY[family]
    if family in WRITES:
        details["writes"] = staticmethod(WRITES[family])
    return type("Test" + family.title().replace("-", ""), (KITS[row.kind],), details)


for _family in EMULATED:
    if _family in FAMILIES:
        globals()[f"Test{_family}"] = _kit(_family)


def test_every_family_with_an_emulator_is_looked_at() -> None:
    there = {name for name in EMULATED if name in FAMILIES}
    assert {"riden", "text-line", "rigol", "siglent", "scpi"} <= there
    assert all(f"Test{name}" in globals() for name in there)


# --- a kit that cannot fail proves nothing: drivers that are wrong on purpose ---------------------------------------


class Wrong(SupplyConformance):
    """The kit on a driver that is a Riden's but for what a class changes."""

    family = "riden"
    models = ("RD6012", "RD6006P")
    unknown_number = 60189.0
    driver: type[RidenSupply] = RidenSupply

    def open(self, line: Any, device: Any, options: str = "") -> Any:
        return self.driver(line, address="riden:memory", clock=device.clock, prove=bool(options))


class TenfoldWritten(RidenSupply):
    def _per_unit(self, point: Any) -> float:
        return super()._per_unit(point) * (10 if point == "voltage" else 1)


class RoundsUp(RidenSupply):
    def _put(self, point: Any, value: float) -> None:
        self.unit.write(self.registers[point], round(value * self._per_unit(point)) + 1)


class DoesNotReadBack(RidenSupply):
    def _compare(self, request: str, wanted: Any, profile: Any) -> None:
        return


class ClaimsOff(RidenSupply):
    def _flag(self) -> tuple[bool | None, str]:
        return self._asked, ""

    def _switch(self, on: bool) -> None:
        self._asked = on
        with suppress(NoAnswer):
            super()._switch(on)


class TakesDamage(RidenSupply):
    def _poll(self) -> SupplyReading:
        raw = self.line.ask(read_request(1, 0, 42), 89, 0.5)
        registers = [int.from_bytes(raw[place : place + 2], "big") for place in range(3, 87, 2)]
        self.unit.read = lambda first, count, **_: tuple(registers)  # type: ignore[method-assign,assignment]
        try:
            return super()._poll()
        finally:
            del self.unit.read


class KeepsTheLastReading(RidenSupply):
    last: SupplyReading | None = None

    def read(self) -> SupplyReading:
        try:
            self.last = super().read()
        except (NoAnswer, GarbledAnswer):
            if self.last is None:
                raise
        return self.last


class WritesOnConnecting(RidenSupply):
    def _look(self) -> Any:
        self.unit.write(8, 0)
        return super()._look()


class GuessesTheModel(RidenSupply):
    def _look(self) -> Any:
        found = super()._look()
        self._model = self._model or riden.MODELS[0]
        return found._replace(profile=replace(found.profile, max_voltage_v=60.0, max_current_a=6.0), known=True)


class DoesNotLookAgain(RidenSupply):
    @contextmanager
    def _watched(self) -> Iterator[None]:
        yield

    def _poll(self) -> SupplyReading:
        self._key = self.unit.read(0, 3)
        return super()._poll()


class BelievesHardware(RidenSupply):
    def identify(self) -> Any:
        self._prove = False
        return super().identify()


class LetsErrorsOut(RidenSupply):
    def _poll(self) -> SupplyReading:
        try:
            return super()._poll()
        except GarbledAnswer as error:
            raise ValueError("not a frame") from error


@pytest.mark.parametrize(
    ("driver", "found_by"),
    [
        (RidenSupply, set()),
        (TenfoldWritten, {"scale", "set_points_round_down"}),
        (RoundsUp, {"set_points_round_down"}),
        (DoesNotReadBack, {"read_back"}),
        (ClaimsOff, {"off_is_verified"}),
        (TakesDamage, {"damaged_answers", "late_answers"}),
        (KeepsTheLastReading, {"timeout", "garbage"}),
        (WritesOnConnecting, {"connecting_writes_nothing"}),
        (GuessesTheModel, {"unknown_model_is_refused"}),
        (DoesNotLookAgain, {"reconnect_to_another"}),
        (BelievesHardware, {"scaled_time_needs_our_own_emulator"}),
        (LetsErrorsOut, {"garbage"}),
    ],
)
def test_a_wrong_driver_is_found_by_name(driver: type[RidenSupply], found_by: set[str]) -> None:
    kit = type("Kit", (Wrong,), {"driver": driver})()
    found = failures(kit)
    assert found_by <= set(found) and (found_by or not found), found


class OutOfStep(SupplyConformance):
    """A text driver that takes whatever comes next for its answer."""

    family, models, has_checksum = "scpi", ("BK9115", "HMP4040"), False

    def open(self, line: Any, device: Any, options: str = "") -> Any:
        driver = super().open(line, device, options)
        ask = driver.words.ask

        def without_anchor(*args: Any, **details: Any) -> Any:
            driver.words.anchor = None
            return ask(*args, **details)

        driver.words.ask = without_anchor
        return driver


def test_a_text_driver_that_falls_out_of_step_is_found() -> None:
    assert set(failures(OutOfStep())) == {"late_answers"}


def test_what_does_not_apply_is_told_and_skipped() -> None:
    class NoUnknown(Wrong):
        models = ("RD6012",)
        tells_unknown = False

    with pytest.raises(NotApplicable, match="no unknown model"):
        NoUnknown().test_unknown_model_is_refused()
    assert failures(NoUnknown()) == {}
