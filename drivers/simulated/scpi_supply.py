"""What emulated SCPI supplies share: several outputs, of which one is joined to the bench, their set-points, switches and protection."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from drivers.roles import Mode
from drivers.simulated.instrument import EmulatedSupply
from drivers.simulated.scpi_words import OUT_OF_RANGE, ScpiError, ScpiInstrument, amount, switched
from drivers.simulated.world import World

FREE = float("inf")


@dataclass(frozen=True, slots=True)
class ScpiModel:
    """Identity and the ratings of the outputs, V and A, the first one's first."""

    idn: str  # "{model}" is the model's name
    outlets: tuple[tuple[float, float], ...]
    set_digits: tuple[int, int] = (3, 3)  # decimals of V and A set-points
    seen_digits: tuple[int, int] = (3, 3)  # of measurements


@dataclass(slots=True)
class Outlet:
    """One output. What is set of the one on the bench stands in the bench; the others lead nowhere."""

    max_voltage_v: float
    max_current_a: float
    set_voltage_v: float = 0.0
    set_current_a: float = 0.0
    on: bool = False
    over_voltage_v: float = 0.0
    over_current_a: float = 0.0
    armed: dict[str, bool] = field(default_factory=lambda: {"OVP": False, "OCP": False})
    folds: bool = False  # switches off as soon as it limits
    forgotten: bool = False  # a trip that was cleared


class ScpiSupplyEmulator(ScpiInstrument, EmulatedSupply):
    """`wired`: the output that the bench hangs on, 1 the first. Thread-safe."""

    models: ClassVar[Mapping[str, ScpiModel]]
    over_range = 1.1  # how far protection levels reach above the rating

    def __init__(self, world: World, model: str, *, wired: int = 1, wall_s: Callable[[], float] = time.monotonic) -> None:
        self.model_name, self.model = model, self.models[model]
        super().__init__(world, *self.model.outlets[wired - 1], wall_s=wall_s)
        self._errors: list[ScpiError] = []
        self.wired = self.selected = wired
        self._saved: dict[str, list[tuple[float, float]]] = {}
        self.outlets = {number: Outlet(volts, amperes) for number, (volts, amperes) in enumerate(self.model.outlets, 1)}
        self.outlets[wired].max_voltage_v, self.outlets[wired].max_current_a = self.max_voltage_v, self.max_current_a
        for outlet in self.outlets.values():
            outlet.over_voltage_v, outlet.over_current_a = outlet.max_voltage_v * self.over_range, outlet.max_current_a * self.over_range

    # --- one output ---

    def outlet(self, number: int | None) -> Outlet:
        """By its number; None is the selected one. Raises ScpiError."""
        found = self.outlets.get(self.selected if number is None else number)
        if found is None:
            raise ScpiError(*OUT_OF_RANGE)
        return found

    def is_wired(self, number: int | None) -> bool:
        return (self.selected if number is None else number) == self.wired

    def put_voltage(self, number: int | None, text: str) -> None:
        outlet = self.outlet(number)
        volts = round(amount(text, low=0.0, high=outlet.max_voltage_v), self.model.set_digits[0])
        outlet.set_voltage_v = volts
        if self.is_wired(number):
            self.set_voltage(volts)

    def put_current(self, number: int | None, text: str) -> None:
        outlet = self.outlet(number)
        amperes = round(amount(text, low=0.0, high=outlet.max_current_a), self.model.set_digits[1])
        outlet.set_current_a = amperes
        if self.is_wired(number):
            self.set_current(amperes)
            self._arm()

    def put_level(self, kind: str, number: int | None, text: str) -> None:
        """The threshold of OVP or OCP."""
        outlet = self.outlet(number)
        if kind == "OVP":
            outlet.over_voltage_v = amount(text, low=0.001, high=outlet.max_voltage_v * self.over_range)
        else:
            outlet.over_current_a = amount(text, low=0.001, high=outlet.max_current_a * self.over_range)
        self._arm()

    def arm(self, kind: str, number: int | None, on: bool) -> None:
        self.outlet(number).armed[kind] = on
        self._arm()

    def fold(self, number: int | None, on: bool) -> None:
        self.outlet(number).folds = on
        self._arm()

    def _arm(self) -> None:
        """Tell the bench what the protection of its output is."""
        outlet = self.outlets[self.wired]
        over_current_a = outlet.over_current_a if outlet.armed["OCP"] else FREE
        if outlet.folds:
            over_current_a = min(over_current_a, 0.999 * self.world.set_points[1])
        self.protect(over_voltage_v=outlet.over_voltage_v if outlet.armed["OVP"] else FREE, over_current_a=over_current_a)

    def turn(self, number: int | None, on: bool) -> None:
        outlet = self.outlet(number)
        outlet.on = on
        if on:
            outlet.forgotten = False
        if self.is_wired(number):
            self.switch(on)

    def is_on(self, number: int | None) -> bool:
        if not self.is_wired(number):
            return self.outlet(number).on
        return self._said_on if self.faults.welded else self.world.output_on

    def set_points(self, number: int | None) -> tuple[float, float]:
        outlet = self.outlet(number)
        return self.world.set_points if self.is_wired(number) else (outlet.set_voltage_v, outlet.set_current_a)

    def measured(self, number: int | None) -> tuple[float, float]:
        """V and A at its terminals."""
        if self.is_wired(number):
            now = self.display()
            return now.voltage_v, now.current_a
        outlet = self.outlet(number)
        return (outlet.set_voltage_v if outlet.on else 0.0), 0.0

    def mode(self, number: int | None) -> Mode:
        return self.world.supply_state().mode if self.is_wired(number) else "CV"

    def tripped(self, number: int | None) -> str:
        return self.world.tripped if self.is_wired(number) and not self.outlet(number).forgotten else ""

    # --- commands in common ---

    STORES: ClassVar[Mapping[str, str]] = {"*RST": "reset", "*SAV": "save", "*RCL": "recall"}
    SOURCE: ClassVar[Mapping[str, str]] = {
        "[SOURce<n>:]VOLTage[:LEVel][:IMMediate][:AMPLitude]": "voltage",
        "[SOURce<n>:]VOLTage[:LEVel][:IMMediate][:AMPLitude]?": "voltage_q",
        "[SOURce<n>:]CURRent[:LEVel][:IMMediate][:AMPLitude]": "current",
        "[SOURce<n>:]CURRent[:LEVel][:IMMediate][:AMPLitude]?": "current_q",
        "[SOURce<n>:]VOLTage:PROTection[:LEVel]": "over_voltage",
        "[SOURce<n>:]VOLTage:PROTection[:LEVel]?": "over_voltage_q",
        "[SOURce<n>:]VOLTage:PROTection:STATe": "over_voltage_armed",
        "[SOURce<n>:]VOLTage:PROTection:STATe?": "over_voltage_armed_q",
        "[SOURce<n>:]VOLTage:PROTection:TRIPped?": "over_voltage_tripped_q",
    }

    def idn_q(self, number: int | None, args: list[str]) -> str:
        shown = self.model_name.removeprefix("BK") if self.faults.model_id is None else f"X{self.faults.model_id}"
        return self.model.idn.format(model=shown)

    def reset(self, number: int | None, args: list[str]) -> None:
        for one in self.outlets:
            self.turn(one, False)
            self.put_voltage(one, "0")
            self.put_current(one, "0")

    def save(self, number: int | None, args: list[str]) -> None:
        self._saved[args[0]] = [self.set_points(one) for one in self.outlets]

    def recall(self, number: int | None, args: list[str]) -> None:
        for one, (volts, amperes) in zip(self.outlets, self._saved.get(args[0], ()), strict=False):
            self.turn(one, False)
            self.put_voltage(one, f"{volts:g}")
            self.put_current(one, f"{amperes:g}")

    # --- texts ---

    def volts(self, value: float, *, seen: bool = False) -> str:
        return f"{value:.{(self.model.seen_digits if seen else self.model.set_digits)[0]}f}"

    def amperes(self, value: float, *, seen: bool = False) -> str:
        return f"{value:.{(self.model.seen_digits if seen else self.model.set_digits)[1]}f}"

    @staticmethod
    def is_switched(text: str) -> bool:
        return switched(text)
