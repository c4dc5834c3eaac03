"""One clock for everything that stamps or waits, so that a three-day balance runs in a second in a test."""

from __future__ import annotations

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


class WallClock:
    """Real time: the monotonic clock for durations, the system clock for dates."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._start_s

    def unix_s(self) -> float:
        return time.time()


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
            self._scaled = self._scaled or factor != 1.0

    def now_s(self) -> float:
        with self._lock:
            return self._base_s + (time.monotonic() - self._base_monotonic_s) * self._speed

    def unix_s(self) -> float:
        """The system's time as long as the clock never ran at another speed."""
        return self._start_unix_s + self.now_s() if self._scaled else time.time()


class VirtualClock:
    """Time that moves only when told: headless runs at `--speed max`, and tests."""

    def __init__(self, start_unix_s: float = 1_760_000_000.0) -> None:
        self._now_s = 0.0
        self._start_unix_s = start_unix_s

    def now_s(self) -> float:
        return self._now_s

    def unix_s(self) -> float:
        return self._start_unix_s + self._now_s

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` (0 or more)."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now_s += seconds
