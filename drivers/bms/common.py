"""What holds for every BMS that is asked over a wire, whatever it speaks (BMS sheet, section 0).

Only reads are ever sent: a family says what of it is harmless, and the final bytes are held against that before they leave. An answer counts
only when header, length and checksum are right; a rejected header is left behind by one byte, not by the whole input. A copy of the request in
front of the answer (RS485 adapters echo) is passed over. A set of cells is given only when it agrees with the board's own count and sum.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, NamedTuple, TypeVar

from drivers import proof
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, GarbledAnswer, InstrumentError, Line, LostLine, NoAnswer, Refused, WrongDevice
from drivers.supplies.checked import stranger

T = TypeVar("T")
TAP_V = (0.5, 4.5)
"""What a cell's tap can show, V: 0 V and 5 V are open taps."""
LIMIT_V = (2.5, 4.5)
"""Where a cell's over-voltage limit can lie, V."""
MOST_UNANSWERED, LATEST_ANSWER_S = 3, 10.0
LOOK_AT_BOARD = "Is the board awake (let it charge, or press its button), is the cable in, are RX and TX or A and B the right way round?"
LOOK_AT_CELLS = "Compare one cell and the pack with a meter; calibrate the board in its own app."
LOOK_AT_LINE = "Look at the cable, its length and the baud rate; no other program and no app may use the board meanwhile."


class Found(NamedTuple):
    """What an identification found: `key` tells one board from another of its kind as well as the family can."""

    key: tuple[object, ...]
    profile: BmsProfile


def frames(raw: bytes, header: bytes, whole: Callable[[bytes], bytes]) -> list[bytes]:
    """The good frames in what came. `whole` gives the frame at the beginning of its argument, checked, or b""."""
    found: list[bytes] = []
    at = raw.find(header)
    while at >= 0:
        frame = whole(raw[at:])
        if frame:
            found.append(frame)
        at = raw.find(header, at + (len(frame) or 1))
    return found


def words(data: bytes) -> list[int]:
    """Unsigned numbers of 16 bits, high byte first."""
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2)]


def signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


def tap_v(millivolts: int) -> float | None:
    """A cell's volts; None where the tap cannot be right."""
    volts = millivolts / 1000
    return volts if TAP_V[0] <= volts <= TAP_V[1] else None


def limit_v(millivolts: int) -> float | None:
    """A cell's over-voltage limit, V; None for a number that cannot be one."""
    volts = millivolts / 1000
    return volts if LIMIT_V[0] <= volts <= LIMIT_V[1] else None


def flags(bits: int, names: Sequence[str]) -> tuple[str, ...]:
    """The names of the bits that are set, lowest first. An empty name is passed over; a bit beyond the names is told by its number."""
    at = [k for k in range(bits.bit_length()) if bits >> k & 1]
    told = [names[k] if k < len(names) else f"unknown_bit_{k}" for k in at]
    return tuple(name for name in told if name)


def plain_text(data: bytes) -> str:
    """ASCII up to the first NUL."""
    return data.partition(b"\0")[0].decode("ascii", "replace").strip()


def doubted(reading: BmsReading, cell_count: int | None, pack_step_v: float) -> str:
    """Why a set of cells cannot be believed; "" where it can. `pack_step_v` is the resolution of the pack's volts."""
    cells, pack_v = reading.cell_voltages_v, reading.pack_voltage_v
    if not cells or len(cells) != cell_count:
        return f"{len(cells)} cells came where the board has {cell_count}."
    known = [volts for volts in cells if volts is not None]
    if pack_v is None or len(known) < len(cells):
        return ""
    if abs(sum(known) - pack_v) > max(0.005 * pack_v, 0.05) + pack_step_v:
        return f"the cells add up to {sum(known):.2f} V, and the board says {pack_v:.2f} V for the pack."
    return ""


class AskedBms(ABC):
    """One BMS on a line; implements `roles.Bms`. `prove`: only accept our own emulator (the address asks for scaled time).

    `header` begins the family's answers. `deadlines_s`: one try each; the first may be short, because a sleeping board ignores what wakes it.
    `silence_s` ends an answer whose length is not known. `pack_step_v` is the resolution of the pack's volts.
    """

    title: ClassVar[str]
    header: ClassVar[bytes]
    deadlines_s: ClassVar[tuple[float, ...]] = (0.5, 0.5, 0.5)
    silence_s: ClassVar[float] = 0.1
    longest: ClassVar[int] = 1024
    pack_step_v: float = 0.01

    def __init__(self, line: Line, *, address: str, clock: Clock, prove: bool = False) -> None:
        self.address, self.line, self.clock = address, line, clock
        self._prove = prove
        self._key: tuple[object, ...] | None = None
        self._profile: BmsProfile | None = None
        self._unsure = False  # the line was lost or the board silent: identified afresh before it is believed again
        self._raw = b""  # the last answer, to tell a stranger on the line from a disturbed answer
        self._usual: dict[bytes, int] = {}  # bytes that came for a request when all was well
        self._unanswered: dict[bytes, deque[float]] = {}  # when (wall seconds) a request was sent whose answer may still come

    # --- what a family gives ---

    @abstractmethod
    def _look(self) -> Found:
        """Who is there, and the settings that are kept."""

    @abstractmethod
    def _poll(self) -> BmsReading:
        """One poll, stamped when its cells arrived; never called before `_look` has succeeded once."""

    @abstractmethod
    def _harmless(self, request: bytes) -> bool:
        """Whether these bytes are one of the few that may be sent."""

    # --- roles.Bms ---

    def identify(self) -> BmsProfile:
        """Who is there; reads the settings anew. Raises WrongDevice also when another board than the first one answers."""
        if self._prove and (self._profile is None or not self._profile.emulated):
            proof.demand(self.line, self.address)
        with self._watched():
            try:
                key, profile = self._look()
            except GarbledAnswer as error:
                if self.header in self._raw:
                    raise
                raise stranger(self.address, self.title, self._raw, error) from error
        if self._key is not None and key != self._key:
            what = f"another board answers now ({profile.model}, {profile.cell_count} cells)."
            raise WrongDevice(self.address, "identify", what, "Start anew with this board, or connect the first one again.")
        self._key, self._unsure = key, False
        self._profile = replace(profile, emulated=self._prove)
        return self._profile

    def read(self) -> BmsReading:
        """One poll. Cells that do not agree with the pack are asked for once more: the pack may have moved between two answers."""
        profile = self._profile
        if profile is None or self._unsure:
            profile = self.identify()
        doubt = ""
        with self._watched():
            for _ in range(2):
                reading = self._poll()
                doubt = doubted(reading, profile.cell_count, self.pack_step_v)
                if not doubt:
                    return reading
        self._unsure = True  # it may be another board
        raise GarbledAnswer(self.address, "read", doubt, LOOK_AT_CELLS)

    def close(self) -> None:
        self.line.close()

    # --- asking ---

    def ask(
        self,
        what: str,
        request: bytes,
        find: Callable[[bytes], list[T]],
        *,
        deadlines_s: Sequence[float] | None = None,
        silence_s: float | None = None,
    ) -> T:
        """The answer to a request; `find` gives the good ones in what came, in their order.

        An answer that may belong to a request of an earlier poll is not taken: as many as are still owed are let pass first. Raises NoAnswer or
        GarbledAnswer after the last deadline, LostLine at once.
        """
        if not self._harmless(request):
            raise Refused(self.address, what, f"{request.hex(' ')} is none of the questions that this program may ask; nothing was sent.")
        unanswered = self._unanswered.setdefault(request, deque(maxlen=MOST_UNANSWERED))
        while unanswered and time.monotonic() - unanswered[0] > LATEST_ANSWER_S:
            unanswered.popleft()
        owed, failed = len(unanswered), 0
        deadlines_s = deadlines_s or self.deadlines_s
        while True:
            usual = 0 if owed or failed else self._usual.get(request, 0)
            silence = 0.0 if usual else silence_s or self.silence_s
            self._raw = self.line.ask(request, usual or self.longest, deadlines_s[failed], silence_s=silence)
            found = find(self._raw.removeprefix(request))
            if not found:
                unanswered.append(time.monotonic())
                failed += 1
                if failed == len(deadlines_s):
                    raise self._failure(what)
                continue
            for _ in range(min(len(found) - 1, len(unanswered))):
                unanswered.popleft()
            late = min(owed, len(found))
            owed -= late
            if len(found) > late:
                if len(found) == 1:
                    self._usual[request] = len(self._raw)
                return found[-1]

    def _failure(self, what: str) -> InstrumentError:
        if not self._raw:
            return NoAnswer(self.address, what, "no answer.", LOOK_AT_BOARD)
        return GarbledAnswer(self.address, what, f"no whole answer is in what came: {self._raw[:24].hex(' ')}.", LOOK_AT_LINE)

    def garbled(self, what: str, why: str) -> GarbledAnswer:
        """An answer that is whole but cannot be."""
        return GarbledAnswer(self.address, what, why, LOOK_AT_LINE)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (LostLine, NoAnswer):
            self._unsure = True
            raise
