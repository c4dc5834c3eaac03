"""What every meter shares that sends by itself: its start, how old its newest message is, when silence or junk makes it untrusted.

Meters repeat themselves on a flat cell, so equal values are no sign of a fault; silence is (meter sheet, 0.2).
"""

from __future__ import annotations

import statistics
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from drivers import proof
from drivers.address import Address
from drivers.clock import Clock
from drivers.meters.point import Place, without_volts
from drivers.roles import GarbledAnswer, Line, LostLine, MeterProfile, MeterReading, NoAnswer, WrongDevice

START_UP_S = 5.0  # a board that reboots when its port opens
GOOD_AFTER_STALE = 2
STALE_AT_LEAST_S, STALE_AT_MOST_S = 2.0, 10.0
JUDGED = 20  # messages by whose majority a line is called garbled


class StreamingMeter(ABC):
    """Implements `roles.Meter`. `read` never waits; it gives the newest message with the time it came, or a status that says why not.

    `clock` stamps the readings; `line_clock` decides what is late: wall time on a port, the bench clock on an in-memory line.
    `in_memory`: such a line begins at the start of a message, and `identify` does not wait for data. A family gives `family`, `model`,
    `message` (what its messages are called), `look_at` (advice where they make no sense), `good_at_start`, `_forget` and `_judge`.
    """

    family = model = look_at = ""
    message = "lines"
    good_at_start = 3
    _newest: MeterReading | None
    _came: int

    def __init__(self, line: Line, *, address: Address, clock: Clock, line_clock: Clock, in_memory: bool = False) -> None:
        self.address, self.place = str(address), Place.of(address)
        self.clock, self._line, self._line_clock, self._in_memory = clock, line, line_clock, in_memory
        self._prove = address.speed is not None
        self._emulated = False
        self._start()

    # --- what a family gives ---

    @abstractmethod
    def _forget(self) -> None:
        """Nothing is known of the device: at the beginning, and again after the line was lost."""

    @abstractmethod
    def _judge(self, data: bytes) -> None:
        """Take bytes apart; calls `_good` for each message that is one, `_bad` for each that is not."""

    def _doubt(self) -> str:
        """Why the newest message must not be believed although it is young; "" nothing."""
        return ""

    # --- what the bench asks ---

    def identify(self) -> MeterProfile:
        """Wait until the device has sent as many good messages as it must (5 s at most, so that a rebooting board can start).

        Raises NoAnswer (silence), GarbledAnswer (bytes, but no good messages), WrongDevice (`speed` asks for our own emulator, and this is
        none). Only with `speed` anything is written.
        """
        if self._prove and not self.prove_emulated():
            what = "scaled time is for our own emulators only, and this is none."
            raise WrongDevice(self.address, "identify", what, "Leave the option 'speed' out of the address.")
        if not self._in_memory and not self._wait_for(lambda: self._is_live, START_UP_S):
            if self._newest is None and not self._bytes:
                what = f"nothing arrived in {START_UP_S:g} s."
                raise NoAnswer(self.address, "identify", what, "Is the meter on, is the cable in, is it set to send by itself?")
            why = self._last_junk or f"too few {self.message}"
            what = f"{START_UP_S:g} s of {self.message}, but not {self.good_at_start} good ones; the last: {why}."
            raise GarbledAnswer(self.address, "identify", what, self.look_at)
        return self.place.profile(self.family, self.model, self._interval_s(), self._emulated)

    def read(self) -> MeterReading:
        """The newest message, with its own time, or a reading without volts whose status is stale, garbled or no_answer."""
        self._take()
        if self._is_garbled:
            return self._without_volts("garbled", f"more than half of the {self.message} are no readings; the last: {self._last_junk}")
        if self._newest is None:
            if self._last_junk:
                return self._without_volts("garbled", self._last_junk)
            return self._without_volts("no_answer", "nothing has arrived")
        silent_s = self._line_clock.now_s() - self._good_at_s
        if silent_s > STALE_AT_LEAST_S and silent_s > self._patience_s():
            self._need(0, GOOD_AFTER_STALE)
            return self._without_volts("stale", f"no good {self.message[:-1]} for {silent_s:.1f} s")
        if self._good_ones < self._needed:
            return self._without_volts("stale", f"{self._good_ones} good {self.message} of {self._needed} that are needed first")
        if doubt := self._doubt():
            return self._without_volts("stale", doubt)
        return self._newest

    def prove_emulated(self) -> bool:
        """Whether our own emulator answers: asks for the token. Not for hardware, to which nothing is ever written."""
        self._take()
        self._line.write(proof.REQUEST)
        self._emulated = self._wait_for(lambda: self._token_seen, proof.DEADLINE_S)
        return self._emulated

    def close(self) -> None:
        self._line.close()

    # --- for a family ---

    def _good(self, reading: MeterReading) -> None:
        """A good message becomes the newest."""
        self._good_ones += 1
        self._came += 1
        self._junk.append(False)
        self._newest = reading

    def _bad(self, why: str) -> None:
        self._junk.append(True)
        self._last_junk = why

    def _need(self, have: int, needed: int) -> None:
        """Begin to count good messages anew."""
        self._good_ones, self._needed = have, needed

    # --- inside ---

    def _start(self) -> None:
        self._token_seen, self._tail = False, b""
        self._newest = None
        self._last_junk = ""
        self._junk: deque[bool] = deque(maxlen=JUDGED)
        self._gaps_s: deque[float] = deque(maxlen=10)
        self._good_at_s = self._looked_s = self._line_clock.now_s()
        self._look_gap_s = 0.0
        self._bytes = self._came = 0
        self._need(0, self.good_at_start)
        self._forget()

    def _take(self) -> None:
        """Read and judge whatever has arrived."""
        try:
            data = self._line.read_available()
        except LostLine:
            self._start()
            raise
        now_s = self._line_clock.now_s()
        self._look_gap_s, self._looked_s = max(self._look_gap_s, now_s - self._looked_s), now_s
        if not data:
            return
        self._bytes += len(data)
        if self._prove and not self._token_seen:
            heard = self._tail + data
            self._token_seen, self._tail = proof.ANSWER in heard, heard[-len(proof.ANSWER) :]
        self._came = 0
        self._judge(data)
        if self._came:
            self._gaps_s.append((now_s - self._good_at_s) / self._came)
            self._good_at_s, self._look_gap_s = now_s, 0.0

    @property
    def _is_live(self) -> bool:
        return self._newest is not None and self._good_ones >= self._needed

    @property
    def _is_garbled(self) -> bool:
        return len(self._junk) == JUDGED and sum(self._junk) > JUDGED // 2

    def _interval_s(self) -> float:
        return statistics.median(self._gaps_s) if self._gaps_s else 0.5

    def _patience_s(self) -> float:
        """How long silence is borne: three intervals, within 2 s and 10 s.

        Whether a message is late can be told no finer than the widest gap between two looks since the last one, so that gap is added.
        """
        return min(max(3 * self._interval_s(), STALE_AT_LEAST_S), STALE_AT_MOST_S) + self._look_gap_s

    def _without_volts(self, status: str, why: str) -> MeterReading:
        return without_volts(self.clock.now_s(), status, why, channels=self._newest.channels_v if self._newest else ())

    def _wait_for(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Take messages until `condition()` holds; an in-memory line has said all it will say at once."""
        end_s = time.monotonic() + deadline_s
        while True:
            self._take()
            if condition():
                return True
            if self._in_memory or time.monotonic() > end_s:
                return False
            time.sleep(0.02)
