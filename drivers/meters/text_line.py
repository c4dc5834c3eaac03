"""A voltmeter that sends lines of text: microcontroller boards and loggers. The grammar of a line is in `text_grammar` (meter sheet, chapter 4)."""

from __future__ import annotations

import re
from typing import cast

from drivers.address import Address, AddressError
from drivers.clock import Clock, WallClock
from drivers.meters.point import HIGHEST_CELL_V, HIGHEST_PACK_V, Place
from drivers.meters.streaming import StreamingMeter
from drivers.meters.text_grammar import Framer, Grammar, Unit
from drivers.meters.text_grammar import Line as TextLine
from drivers.roles import Line, MeterReading

REPEATS_ARE_STALE = 3
MOST_CHANNELS = 999


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> TextLineMeter:
    return TextLineMeter(line, address=address, clock=clock, line_clock=clock if in_memory else WallClock(), in_memory=in_memory)


def check_address(address: Address) -> None:
    """Raises AddressError for an option that cannot be."""
    Place.of(address)
    _grammar(address)
    _cumulative(address)
    _cells(address)


def _grammar(address: Address) -> Grammar:
    return Grammar(
        unit=cast(Unit, address.choice("unit", "auto", ("auto", "V", "mV"))),
        decimal_comma=address.choice("decimal", "point", ("point", "comma")) == "comma",
        checksum_required=address.choice("checksum", "optional", ("optional", "required")) == "required",
        limit_v=HIGHEST_PACK_V if _cumulative(address) else Place.of(address).limit_v,
    )


def _cumulative(address: Address) -> bool:
    taps = address.choice("mode", "plain", ("plain", "cumulative")) == "cumulative"
    if taps and Place.of(address).point != "cells":
        raise AddressError(f"mode=cumulative in '{address}' tells of the cells of a string: it needs point=cells")
    return taps


def _cells(address: Address) -> tuple[str, ...]:
    """The channel of each cell, in order; () takes them as they come."""
    if "map" not in address.options:
        count = address.integer("channels", 0, low=1, high=MOST_CHANNELS) if "channels" in address.options else 0
        return tuple(str(number) for number in range(1, count + 1))
    if "channels" in address.options:
        raise AddressError(f"'{address}' has both map and channels: map tells how many there are")
    names = address.options["map"].split(",")
    if not all(re.fullmatch(r"\d{1,4}", name, re.ASCII) for name in names) or len({int(name) for name in names}) < len(names):
        raise AddressError(f"map={address.options['map']} in '{address}' is no list of channels, each once, as in map=3,1,2")
    return tuple(str(int(name)) for name in names)


class TextLineMeter(StreamingMeter):
    """Options of the address, besides those of every meter: `channels` (how many are wired), `map` (the channels of cell 1, 2, … as in
    "map=3,1,2"), `mode` (plain; cumulative: channel k shows from pack minus to the top of cell k), `unit` (auto, V, mV), `decimal` (point,
    comma), `checksum` (optional, required), `speed` (only our own emulator is accepted).
    """

    family, model = "text-line", "text line"
    look_at = "Does the baud rate match (115200, 9600, 57600, 38400, 19200)?"

    def __init__(self, line: Line, *, address: Address, clock: Clock, line_clock: Clock, in_memory: bool = False) -> None:
        check_address(address)
        self._options, self._cells, self._cumulative = address, _cells(address), _cumulative(address)
        super().__init__(line, address=address, clock=clock, line_clock=line_clock, in_memory=in_memory)

    def _forget(self) -> None:
        self._framer, self._grammar = Framer(), _grammar(self._options)
        self._first = not self._in_memory  # the first line may be the rest of one
        self._lowest_channel: int | None = None
        self._counter: float | None = None
        self._repeats = 0
        self._looked_at = self._high_bytes = 0

    def _judge(self, data: bytes) -> None:
        self._looked_at += len(data)
        if not data.isascii():
            self._high_bytes += sum(byte >= 0x80 for byte in data)
        if self._looked_at > 2000:
            self._looked_at, self._high_bytes = self._looked_at // 2, self._high_bytes // 2
        for raw in self._framer.feed(data):
            first, self._first = self._first, False
            if first and not raw.startswith(b"#"):
                continue
            line = self._grammar.read(raw)
            if line.kind == "junk":
                self._bad(f"{line.reason}: {line.text[:40]!r}")
            elif line.kind == "reading":
                self._keep(line)

    def _keep(self, line: TextLine) -> None:
        counter = line.sequence if line.sequence is not None else line.device_ms
        if counter is not None and self._counter is not None:
            self._repeats = self._repeats + 1 if counter == self._counter else 0
            if counter < self._counter:  # the device restarted
                self._need(0, self.good_at_start)
        self._counter = counter
        if self._good_ones < self.good_at_start:
            lowest = min(map(int, line.channels_v))
            self._lowest_channel = lowest if self._lowest_channel is None else min(lowest, self._lowest_channel)
        self._good(MeterReading(self.clock.now_s(), self._by_cell(line.channels_v), "ok", line.resolution_v, line.text))

    def _by_cell(self, channels_v: dict[str, float | None]) -> dict[str, float | None]:
        """The device's channels as the address sorts them."""
        if self._lowest_channel == 0 and "map" not in self._options.options:  # boards that count from zero: cell = channel + 1
            channels_v = {str(int(name) + 1): volts for name, volts in channels_v.items()}
        if self._cells:
            channels_v = {str(number): channels_v.get(name) for number, name in enumerate(self._cells, 1)}
        return _steps(channels_v) if self._cumulative else channels_v

    def _doubt(self) -> str:
        return "the device repeats itself: its counter stands still" if self._repeats >= REPEATS_ARE_STALE else ""

    @property
    def _is_garbled(self) -> bool:
        return super()._is_garbled or (self._looked_at >= 64 and self._high_bytes > self._looked_at / 4)


def _steps(taps_v: dict[str, float | None]) -> dict[str, float | None]:
    """Each cell of a string from the volts at its top: unknown where its own tap or the one below is, or where no cell can be so."""
    cells_v: dict[str, float | None] = {}
    below_v: float | None = 0.0
    for number in range(1, max((int(name) for name in taps_v), default=0) + 1):
        top_v = taps_v.get(str(number))
        volts = None if top_v is None or below_v is None else round(top_v - below_v, 9)
        cells_v[str(number)] = volts if volts is not None and 0.0 <= volts <= HIGHEST_CELL_V else None
        below_v = top_v
    return cells_v
