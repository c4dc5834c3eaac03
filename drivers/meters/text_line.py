"""A voltmeter that sends lines of text: microcontroller boards and loggers. The grammar of a line is in `text_grammar`."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import cast, get_args

from drivers import proof
from drivers.address import Address
from drivers.clock import Clock, WallClock
from drivers.meters.text_grammar import Framer, Grammar, Unit
from drivers.meters.text_grammar import Line as TextLine
from drivers.roles import GarbledAnswer, Line, LostLine, MeterProfile, MeterReading, NoAnswer, Point, WrongDevice

START_UP_S = 5.0  # a board that reboots when its port opens
GOOD_LINES_AT_START, GOOD_LINES_AFTER_STALE = 3, 2
STALE_AT_LEAST_S, STALE_AT_MOST_S = 2.0, 10.0
REPEATS_ARE_STALE = 3
HIGHEST_CELL_V, HIGHEST_PACK_V = 5.0, 75.0


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> TextLineMeter:
    return TextLineMeter(line, address=address, clock=clock, line_clock=clock if in_memory else WallClock(), in_memory=in_memory)


class TextLineMeter:
    """Implements `roles.Meter`. `read` never waits; it gives the newest message with the time it came, or a status that says why not.

    Options of the address: `point` (bank, supply, cells), `channels` (how many are wired), `unit` (auto, V, mV), `decimal` (point, comma),
    `checksum` (optional, required), `limit` (highest plausible volts, 5 to 75), `speed` (only our own emulator is accepted).
    `clock` stamps the readings; `line_clock` decides what is late: wall time on a port, the bench clock on an in-memory line.
    `in_memory`: such a line begins at the start of a line, so the first one is not dropped, and `identify` does not wait for data.
    """

    def __init__(self, line: Line, *, address: Address, clock: Clock, line_clock: Clock, in_memory: bool = False) -> None:
        self.address = str(address)
        self._line, self._clock, self._line_clock, self._in_memory = line, clock, line_clock, in_memory
        self._prove = address.speed is not None
        self._emulated = False
        self._point = cast(Point, address.choice("point", "bank", get_args(Point)))
        self._channels = address.integer("channels", 0, low=1, high=999) if "channels" in address.options else 0
        self._unit = cast(Unit, address.choice("unit", "auto", ("auto", "V", "mV")))
        self._decimal_comma = address.choice("decimal", "point", ("point", "comma")) == "comma"
        self._checksum_required = address.choice("checksum", "optional", ("optional", "required")) == "required"
        self._limit_v = address.number("limit", HIGHEST_CELL_V, low=HIGHEST_CELL_V, high=HIGHEST_PACK_V)
        self._start()

    def identify(self) -> MeterProfile:
        """Wait until the device has sent three good lines (5 s at most, so that a rebooting board can start).

        Raises NoAnswer (silence), GarbledAnswer (lines, but none with volts), WrongDevice (`speed` asks for our own emulator, and
        this is none). Only with `speed` anything is written.
        """
        if self._prove and not self.prove_emulated():
            what = "scaled time is for our own emulators only, and this is none."
            raise WrongDevice(self.address, "identify", what, "Leave the option 'speed' out of the address.")
        if not self._in_memory and not self._wait_for(lambda: self._is_live, START_UP_S):
            if self._newest is None and not self._bytes:
                what = f"nothing arrived in {START_UP_S:g} s."
                raise NoAnswer(self.address, "identify", what, "Is the meter on, is the cable in, is it set to send by itself?")
            what = f"{START_UP_S:g} s of lines, but not three good ones; the last: {self._last_junk or 'too few lines'}."
            raise GarbledAnswer(self.address, "identify", what, "Does the baud rate match (115200, 9600, 57600, 38400, 19200)?")
        return MeterProfile("text-line", "text line", self._point, self._interval_s(), self._emulated)

    def read(self) -> MeterReading:
        """The newest message, with its own time, or a reading without volts whose status is stale, garbled or no_answer."""
        self._take()
        if self._is_garbled:
            return self._without_volts("garbled", f"more than half of the lines are no readings; the last: {self._last_junk}")
        if self._newest is None:
            if self._last_junk:
                return self._without_volts("garbled", self._last_junk)
            return self._without_volts("no_answer", "nothing has arrived")
        silent_s = self._line_clock.now_s() - self._good_at_s
        if silent_s > STALE_AT_LEAST_S and silent_s > self._patience_s():
            self._good_lines, self._good_lines_needed = 0, GOOD_LINES_AFTER_STALE
            return self._without_volts("stale", f"no good line for {silent_s:.1f} s")
        if self._good_lines < self._good_lines_needed:
            return self._without_volts("stale", f"{self._good_lines} good lines of {self._good_lines_needed} that are needed first")
        if self._repeats >= REPEATS_ARE_STALE:
            return self._without_volts("stale", "the device repeats itself: its counter stands still")
        return self._newest

    def prove_emulated(self) -> bool:
        """Whether our own emulator answers: asks for the token. Not for hardware, to which nothing is ever written."""
        self._take()
        self._line.write(proof.REQUEST)
        self._emulated = self._wait_for(lambda: self._token_seen, proof.DEADLINE_S)
        return self._emulated

    def close(self) -> None:
        self._line.close()

    # --- lines in ---

    def _start(self) -> None:
        """Nothing is known of the device: at the beginning, and again after the line was lost."""
        self._framer = Framer()
        self._grammar = Grammar(
            unit=self._unit, decimal_comma=self._decimal_comma, checksum_required=self._checksum_required, limit_v=self._limit_v
        )
        self._first = not self._in_memory  # the first line may be the rest of one
        self._token_seen = False
        self._newest: MeterReading | None = None
        self._last_junk = ""
        self._junk: deque[bool] = deque(maxlen=20)
        self._gaps_s: deque[float] = deque(maxlen=10)
        self._good_at_s = self._looked_s = self._line_clock.now_s()
        self._look_gap_s = 0.0
        self._good_lines, self._good_lines_needed = 0, GOOD_LINES_AT_START
        self._lowest_channel: int | None = None
        self._counter: float | None = None
        self._repeats = 0
        self._bytes = self._high_bytes = 0

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
        if not data.isascii():
            self._high_bytes += sum(byte >= 0x80 for byte in data)
        if self._bytes > 2000:
            self._bytes, self._high_bytes = self._bytes // 2, self._high_bytes // 2
        good = 0
        for raw in self._framer.feed(data):
            first, self._first = self._first, False
            if first and not raw.startswith(b"#"):
                continue
            line = self._grammar.read(raw)
            if line.kind == "comment":
                self._token_seen = self._token_seen or line.text == proof.ANSWER.decode().strip()
            elif line.kind in ("reading", "junk"):
                self._junk.append(line.kind == "junk")
            if line.kind == "junk":
                self._last_junk = f"{line.reason}: {line.text[:40]!r}"
            elif line.kind == "reading":
                good += 1
                self._keep(line)
        if good:
            self._gaps_s.append((now_s - self._good_at_s) / good)
            self._good_at_s, self._look_gap_s = now_s, 0.0

    def _keep(self, line: TextLine) -> None:
        """A good line becomes the newest message."""
        self._good_lines += 1
        counter = line.sequence if line.sequence is not None else line.device_ms
        if counter is not None and self._counter is not None:
            self._repeats = self._repeats + 1 if counter == self._counter else 0
            if counter < self._counter:  # the device restarted
                self._good_lines, self._good_lines_needed = 1, GOOD_LINES_AT_START
        self._counter = counter
        if self._good_lines <= GOOD_LINES_AT_START:
            lowest = min(map(int, line.channels_v))
            self._lowest_channel = lowest if self._lowest_channel is None else min(lowest, self._lowest_channel)
        channels_v = line.channels_v
        if self._lowest_channel == 0:  # boards that count from zero: cell = channel + 1
            channels_v = {str(int(name) + 1): volts for name, volts in channels_v.items()}
        if self._channels:
            channels_v = {str(number): channels_v.get(str(number)) for number in range(1, self._channels + 1)}
        self._newest = MeterReading(self._clock.now_s(), channels_v, "ok", line.resolution_v, line.text)

    # --- what is thought of them ---

    @property
    def _is_live(self) -> bool:
        return self._newest is not None and self._good_lines >= self._good_lines_needed

    @property
    def _is_garbled(self) -> bool:
        many_junk = len(self._junk) == 20 and sum(self._junk) > 10
        return many_junk or (self._bytes >= 64 and self._high_bytes > self._bytes / 4)

    def _interval_s(self) -> float:
        return statistics.median(self._gaps_s) if self._gaps_s else 0.5

    def _patience_s(self) -> float:
        """How long silence is borne: three intervals, within 2 s and 10 s.

        Whether a line is late can be told no finer than the widest gap between two looks since the last one, so that gap is added.
        """
        return min(max(3 * self._interval_s(), STALE_AT_LEAST_S), STALE_AT_MOST_S) + self._look_gap_s

    def _without_volts(self, status: str, why: str) -> MeterReading:
        channels = self._newest.channels_v if self._newest else {}
        return MeterReading(self._clock.now_s(), dict.fromkeys(channels), status, None, why)

    def _wait_for(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Take lines until `condition()` holds; an in-memory line has said all it will say at once."""
        end_s = time.monotonic() + deadline_s
        while True:
            self._take()
            if condition():
                return True
            if self._in_memory or time.monotonic() > end_s:
                return False
            time.sleep(0.02)
