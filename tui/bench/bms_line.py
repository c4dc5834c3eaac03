"""A BMS as a port of the bench: identified when it first answers, for a board has no power before its cells are joined; never written to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from drivers.roles import Bms, BmsProfile, BmsReading, InstrumentError, Line, LostLine, WrongDevice
from drivers.trace import line_of

STALE_S, STALE_POLLS = 5.0, 3
"""No good set of cells for so long, whichever is longer: what it said last is stale (BMS rules, receiver)."""


class BmsLine:
    """What its port polls. A lost line is opened anew, and the same BMS must answer there before it is used again."""

    def __init__(self, driver: Bms, reopen: Callable[[], Bms]) -> None:
        self.address = driver.address
        self.profile: BmsProfile | None = None  # as it answered first
        self._driver: Bms | None = driver
        self._reopen = reopen
        self._known = False  # it was identified since the line was opened, and its settings were read

    @property
    def poll_s(self) -> float:
        """Smallest gap between two polls, wall seconds."""
        return 0.0 if self.profile is None else self.profile.poll_s

    @property
    def stale_s(self) -> float:
        """How old its newest answer may be."""
        return max(STALE_S, STALE_POLLS * self.poll_s)

    @property
    def line(self) -> Line | None:
        """What it speaks on, while that is open; its bytes can be looked at."""
        return None if self._driver is None else line_of(self._driver)

    def look_again(self) -> None:
        """The next poll identifies anew: its settings may have been changed in its app."""
        self._known = False

    def read(self) -> BmsReading:
        """One poll. Raises InstrumentError."""
        try:
            driver = self._driver = self._driver or self._reopen()
            if not self._known:
                self._identify(driver)
            return driver.read()
        except LostLine:
            self.close()
            raise

    def _identify(self, driver: Bms) -> None:
        found, first = driver.identify(), self.profile
        if first is not None and (found.family, found.model, found.serial) != (first.family, first.model, first.serial):
            what = f"a {found.model} (serial {found.serial or 'unknown'}) answers where a {first.model} (serial {first.serial or 'unknown'}) was."
            raise WrongDevice(self.address, "identify", what, "Plug the right one in, or start anew.")
        self.profile, self._known = found, True

    def close(self) -> None:
        driver, self._driver, self._known = self._driver, None, False
        if driver is not None:
            with contextlib.suppress(InstrumentError, OSError):
                driver.close()
