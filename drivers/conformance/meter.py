"""What every meter must do: volts that are true now, or a status that says why there are none."""

from __future__ import annotations

from typing import Any, get_args

from drivers.conformance.kit import Kit
from drivers.conformance.lines import damage, noise, silence, sometimes, whole
from drivers.conformance.words import NotApplicable, must, must_raise, outcome
from drivers.roles import LostLine, MeterReading, Point

CLOSE_V = 0.004  # what a good reading may be off by
PATIENCE_S = 15  # after which nothing old may still be shown


class MeterConformance(Kit):
    """Each method is one check, told in its docstring. See `Kit` for what to give. `settles`: readings until a meter that came back is used."""

    settles = 8

    def test_identity(self) -> None:
        """It says what it is and where it stands, twice the same."""
        _, line, driver = self._reading()
        profile = driver.identify()
        must(profile.family == driver.address.partition(":")[0], f"its family is called {profile.family}.")
        must(profile.point in get_args(Point), f"{profile.point} is no place for a meter.")
        must(not profile.emulated, "only an address with `speed` asks whether it is emulated.")
        self.only_reads(line)

    def test_volts_are_true(self) -> None:
        """What it reads is what is there, also after that has changed."""
        device, line, driver = self._reading()
        for _ in range(4):
            device.disturb()
            reading = self._settled(device, driver)
            must(reading is not None and reading.status == "ok", "a meter on good cells gives no reading.")
            self._true_or_none(device, reading, "a good line")
        self.only_reads(line)

    def test_timeout(self) -> None:
        """Silence gives no volts: never the last reading as a new one."""
        device, line, driver = self._reading()
        line.spoil = silence
        self._no_volts(device, driver, "a silent meter")
        line.spoil = whole
        must(self._settled(device, driver) is not None, "after silence it gives no readings again.")

    def test_garbage(self) -> None:
        """Random bytes are never a reading."""
        for draw in self.draws()[:30]:
            device, line, driver = self._reading()
            line.spoil = noise(draw)
            self._no_volts(device, driver, "random bytes")

    def test_damaged_answers(self) -> None:
        """Whatever a line does to a message: it is refused, or what is read is true."""
        for draw in self.draws()[:40]:
            device, line, driver = self._reading()
            line.spoil = sometimes(draw, damage(draw, shows=not self.has_checksum), 0.5)
            for _ in range(6):
                device.clock.advance(1.0)
                self._true_or_none(device, outcome(driver.read, "read a damaged message"), "a damaged message")

    def test_late_answers(self) -> None:
        """An answer that comes only after later questions never passes for theirs. A meter that speaks by itself cannot be late in that way."""
        _, line, driver = self._reading()
        before = len(line.sent)
        driver.read()
        if len(line.sent) == before:
            raise NotApplicable("it is not asked, it speaks by itself")
        self.read_late(self._reading, self._true_or_none)

    def test_reconnect(self) -> None:
        """A lost line is LostLine, and back it reads as before."""
        device, line, driver = self._reading()
        line.gone = True
        must_raise(LostLine, driver.read, "read a lost line")
        line.gone = False
        must(self._settled(device, driver) is not None, "after the line came back it gives no readings.")

    # --- inside ---

    def _reading(self) -> tuple[Any, Any, Any]:
        """A meter that was identified and has given a reading."""
        device, line, driver = self.connected()
        driver.identify()
        must(self._settled(device, driver) is not None, "it gives no readings.")
        return device, line, driver

    def _settled(self, device: Any, driver: Any) -> MeterReading | None:
        """The first good reading, if one comes."""
        for _ in range(self.settles):
            device.clock.advance(1.0)
            reading: MeterReading | None = outcome(driver.read, "read")
            if reading is not None and reading.status == "ok":
                return reading
        return None

    @staticmethod
    def _no_volts(device: Any, driver: Any, what: str) -> None:
        """From now on: an old reading may be shown for a while with its own time, then none."""
        began_s = device.clock.now_s()
        for second in range(PATIENCE_S + 4):
            device.clock.advance(1.0)
            reading: MeterReading | None = outcome(driver.read, f"read {what}")
            if reading is None or (reading.status != "ok" and not any(reading.channels_v.values())):
                continue
            must(second < PATIENCE_S and reading.status == "ok" and reading.time_s <= began_s, f"{what} gave the reading {reading}.")

    @staticmethod
    def _true_or_none(device: Any, reading: MeterReading | None, what: str) -> None:
        if reading is None or reading.status != "ok":
            return
        for number, true in enumerate(device.volts, 1):
            shown = reading.channels_v.get(str(number))
            must(shown is None or (true is not None and abs(shown - true) <= CLOSE_V), f"{what}: {shown} V read where {true} V are true.")
