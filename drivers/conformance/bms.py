"""What every driver of a BMS must do: cells that are true now, or an error; and never a byte that could change a setting."""

from __future__ import annotations

from typing import Any

from drivers.conformance.kit import Kit
from drivers.conformance.lines import BadLine, damage, noise, silence, sometimes, whole
from drivers.conformance.words import must, must_raise, outcome
from drivers.roles import BmsReading, GarbledAnswer, LostLine, NoAnswer, WrongDevice

CLOSE_V = 0.0025  # a tap may be off by
NO_NEWS = (NoAnswer, GarbledAnswer, WrongDevice)


class BmsConformance(Kit):
    """Each method is one check, told in its docstring. See `Kit` for what to give; `writes` tells which bytes would change a setting."""

    def test_identity(self) -> None:
        """It says what it is, twice the same."""
        device, line, driver = self._reading()
        profile = driver.identify()
        must(profile.family == driver.address.partition(":")[0], f"its family is called {profile.family}.")
        must(profile.cell_count in (None, len(device.cell_volts)), f"{profile.cell_count} cells where {len(device.cell_volts)} are.")
        must(not profile.emulated, "only an address with `speed` asks whether it is emulated.")
        self.only_reads(line)

    def test_reading_is_true(self) -> None:
        """Cells in their order, pack and charge switch are what is there, also after that has changed."""
        device, line, driver = self._reading()
        for _ in range(4):
            device.disturb()
            reading = driver.read()
            must(len(reading.cell_voltages_v) == len(device.cell_volts), f"{len(reading.cell_voltages_v)} cells are read.")
            must(None not in reading.cell_voltages_v, "a cell is missing.")
            must(reading.charge_fet_on in (None, device.charge_closed), "the charge switch is told wrong.")
            self._true_or_none(device, reading, "a good line")
        self.only_reads(line)

    def test_timeout(self) -> None:
        """Silence is NoAnswer, and what comes after it is true again."""
        device, line, driver = self._reading()
        line.spoil = silence
        must_raise(NoAnswer, driver.read, "read a silent BMS")
        line.spoil = whole
        self._true_or_none(device, driver.read(), "after silence")
        _, line, driver = self.connected()
        line.spoil = silence
        must_raise(NoAnswer, driver.identify, "identify a silent BMS")

    def test_garbage(self) -> None:
        """Random bytes are never an identity and never a reading."""
        for draw in self.draws():
            _, line, driver = self.connected()
            line.spoil = noise(draw)
            must(outcome(driver.identify, "identify noise") is None, "random bytes were taken for an identity.")
            _, line, driver = self._reading()
            line.spoil = noise(draw)
            must_raise(NO_NEWS, driver.read, "read noise")

    def test_damaged_answers(self) -> None:
        """Whatever a line does to an answer: it is refused, or asked again and what is read is true."""
        for draw in self.draws():
            device, line, driver = self._reading()
            line.spoil = sometimes(draw, damage(draw, shows=not self.has_checksum), 0.5)
            self._true_or_none(device, outcome(driver.read, "read a damaged answer"), "a damaged answer")

    def test_late_answers(self) -> None:
        """An answer that comes only after later questions never passes for theirs."""
        self.read_late(self._reading, self._true_or_none)

    def test_reconnect(self) -> None:
        """A lost line is LostLine, and back it reads as before."""
        device, line, driver = self._reading()
        line.gone = True
        must_raise(LostLine, driver.read, "read a lost line")
        line.gone = False
        self._true_or_none(device, driver.read(), "after the line came back")

    # --- inside ---

    def _reading(self) -> tuple[Any, BadLine, Any]:
        device, line, driver = self.connected()
        driver.identify()
        self._true_or_none(device, driver.read(), "a good line")
        return device, line, driver

    @staticmethod
    def _true_or_none(device: Any, reading: BmsReading | None, what: str) -> None:
        if reading is None:
            return
        true = device.cell_volts
        for number, (shown, volts) in enumerate(zip(reading.cell_voltages_v, true, strict=False), 1):
            must(shown is None or abs(shown - volts) <= CLOSE_V, f"{what}: cell {number} reads {shown} V where {volts:.4f} V are true.")
        pack_v = reading.pack_voltage_v
        must(
            pack_v is None or abs(pack_v - sum(true)) <= 0.02 * sum(true),
            f"{what}: the pack reads {pack_v} V where {sum(true):.3f} V are true.",
        )
