"""One clock for everything that stamps or waits, so that a three-day balance runs in a second in a test."""

from __future__ import annotations

import sys
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Bench time: monotonic seconds that start near zero, and the wall time that belongs to them."""

    def now_s(self) -> float:
        """Seconds of bench time since the clock was made; never falls."""
        ...

    def unix_s(self) -> float:
        """Wall time in seconds since 1970-01-01 UTC, scaled like `now_s`."""
        ...

    def asleep_s(self) -> float | None:
        """Seconds for which the computer has slept, from some moment on; `now_s` stood still meanwhile. None where no counter tells."""
        ...


def computer_asleep_s() -> float | None:
    """Linux counts on in CLOCK_BOOTTIME while it sleeps and stands still in CLOCK_MONOTONIC; other systems show the two nowhere side by side."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None or not sys.platform.startswith("linux"):
        return None
    return time.clock_gettime(boot) - time.monotonic()


class WallClock:
    """Real time: the monotonic clock for durations, the system clock for dates."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._start_s

    def unix_s(self) -> float:
        return time.time()

    def asleep_s(self) -> float | None:
        return computer_asleep_s()


class ScaledClock:
    """Real time multiplied by a factor that may change on the way (emulators of ours only).

    `speed` is any positive factor; a change takes effect from now on and never moves the time already told.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._speed = 1.0
        self._base_s = 0.0
        self._base_monotonic_s = time.monotonic()
        self._start_unix_s = time.time()
        self._scaled = False
        self.speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        if not factor > 0:
            raise ValueError(f"the speed of a clock must be positive, not {factor}")
        with self._lock:
            now = time.monotonic()
            self._base_s += (now - self._base_monotonic_s) * self._speed
            self._base_monotonic_s = now
            self._speed = factor
            if factor != 1.0 and not self._scaled:  # from here on dates follow `now_s`, from the date that was told last
                self._scaled, self._start_unix_s = True, time.time() - self._base_s

    def now_s(self) -> float:
        with self._lock:
            return self._base_s + (time.monotonic() - self._base_monotonic_s) * self._speed

    def unix_s(self) -> float:
        """The system's time as long as the clock never ran at another speed."""
        return self._start_unix_s + self.now_s() if self._scaled else time.time()

    def asleep_s(self) -> float | None:
        return computer_asleep_s()


class VirtualClock:
    """Time that moves only when told: headless runs at `--speed max`, and tests.

    `counts_sleep=False` makes it the clock of a system that has no counter of its sleep.
    """

    def __init__(self, start_unix_s: float = 1_760_000_000.0) -> None:
        self._now_s = 0.0
        self._start_unix_s = start_unix_s
        self._asleep_s = 0.0
        self.counts_sleep = True

    def now_s(self) -> float:
        return self._now_s

    def unix_s(self) -> float:
        return self._start_unix_s + self._now_s

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` (0 or more)."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now_s += seconds

    def asleep_s(self) -> float | None:
        return self._asleep_s if self.counts_sleep else None

    def sleep(self, seconds: float) -> None:
        """The computer sleeps and wakes: the date goes on, `now_s` does not."""
        self._asleep_s += seconds
        self._start_unix_s += seconds

    def step_wall(self, seconds: float) -> None:
        """The date is set, forwards or back, by hand or by a time server."""
        self._start_unix_s += seconds
