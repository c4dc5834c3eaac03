"""What the kits for supplies, meters and BMSs share: how a device is made, how its driver is opened, and the kind of its protocol."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

from drivers import catalog
from drivers.conformance.devices import OnBench
from drivers.conformance.lines import BadLine
from drivers.conformance.words import NotApplicable, must, must_raise, outcome
from drivers.roles import Line, WrongDevice

SEEDS = range(40)


class Kit:
    """Give `address`, as the program is given it, and `device`; or `family` alone for a family that this package can emulate.

    `models`: every model whose scale is to be checked, the first one usual. `has_checksum`: a protocol without one cannot tell a changed
    digit, so that less is asked of it. `tells_model`: the device says the name of its model; `tells_unknown`: models can be told apart at all.
    `unknown_number`: one that looks like the family's, and that no table knows.
    """

    family: ClassVar[str] = ""
    address: ClassVar[str] = ""
    models: ClassVar[tuple[str, ...]] = ("",)
    has_checksum: ClassVar[bool] = True
    tells_model: ClassVar[bool] = True
    tells_unknown: ClassVar[bool] = True
    unknown_number: ClassVar[float | None] = None

    def device(self, model: str = "") -> Any:
        """A new device of that model, "" the usual one."""
        if not self.family:
            raise NotImplementedError("give the kit a device: def device(self, model='')")
        return OnBench.of_family(self.family, model or self.models[0])

    def unknown(self) -> Any:
        """A device of a model that no table knows, or another device whose identity the driver must not take. NotApplicable without one."""
        if not self.family or not self.tells_unknown:
            raise NotApplicable("there is no unknown model to try")
        return OnBench.of_family(self.family, self.models[0], unknown=True, number=self.unknown_number)

    def another(self) -> Any:
        """Another device of the family that can be told from the usual one; the unknown one unless there is another model."""
        return self.device(self.models[1]) if len(self.models) > 1 else self.unknown()

    def open(self, line: Line, device: Any, options: str = "") -> Any:
        """The driver on that line, opened through the catalogue as the program does it."""
        address = self.address or f"{self.family}:memory"
        if options:
            address += ("&" if "?" in address else "?") + options
        kind = catalog.kind_of(address)
        opener = {"supply": catalog.open_supply, "meter": catalog.open_meter, "bms": catalog.open_bms}[kind]
        return opener(address, clock=device.clock, line_factory=lambda _: line)

    def connected(self, model: str = "", device: Any = None) -> tuple[Any, BadLine, Any]:
        """A device, a line that can go bad, and the driver on it, not identified yet."""
        device = device or self.device(model)
        line = BadLine(device.line())
        return device, line, self.open(line, device)

    def writes(self, request: bytes) -> bool:
        """Whether these bytes could change a setting of the device; a meter or BMS must never be sent any."""
        return False

    def only_reads(self, line: BadLine) -> None:
        """AssertionError for anything sent that could change a setting."""
        for request in line.sent:
            must(not self.writes(request), f"{request!r} was sent, which could change a setting.")

    def test_scaled_time_needs_our_own_emulator(self) -> None:
        """With `speed` in the address anything that does not prove to be an emulator is refused."""
        device, line, _ = self.connected()
        line.is_hardware = True
        must_raise(WrongDevice, self.open(line, device, "speed=60").identify, "identify hardware with speed=60")

    def read_late(self, connected: Callable[[], tuple[Any, BadLine, Any]], check: Callable[[Any, Any, str], None]) -> None:
        """Readings whose answers come one, two or three questions late, while the truth changes; `check` gets device, reading and words."""
        for late in (1, 2, 3):
            device, line, driver = connected()
            line.late = late
            for number in range(8):
                device.disturb()
                check(device, outcome(driver.read, "read late"), f"answers {late} questions late")
                line.late = 0 if number == 4 else line.late

    @staticmethod
    def draws() -> list[Random]:
        return [Random(seed) for seed in SEEDS]
