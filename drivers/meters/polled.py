"""What every meter shares that answers questions: who it is, when it is set up, and how many good values must come before one counts.

Identifying writes nothing. The meter's range is set with the first reading, of a model that is known for sure, and again after it was away.
After a change of function or range, an overload, a silence or a spoilt answer two good values must come: the first is not given out.
A late answer cannot pass for the present one: after a failure the next question is of another kind, and only its own answer ends the doubt
(meter sheet, chapters 0 to 2).
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from drivers import proof
from drivers.address import Address
from drivers.clock import Clock
from drivers.meters.point import Place, without_volts
from drivers.roles import GarbledAnswer, LostLine, MeterProfile, MeterReading, NoAnswer, WrongDevice
from drivers.words import Words

GOOD_NEEDED = 2
FAILURES_ARE_STALE = 3
DC_VOLTS = ("VOLT", "VOLT:DC", "VOLT DC")
_QUOTED = re.compile(r'"([A-Z]+(?:[ :][A-Z]+)*)[^"]*"')


class Identity(NamedTuple):
    """The fields of `*IDN?`."""

    maker: str
    model: str
    serial: str
    firmware: str


class Shown(NamedTuple):
    """One answer of a meter. `setting`: function and range, as far as they are known; `status` other than ok comes without volts."""

    volts: float | None
    setting: tuple[object, ...]
    status: str = "ok"
    why: str = ""
    resolution_v: float | None = None


def other_function(function: str) -> Shown:
    """The meter is set to something else than DC volts."""
    status = "not_dc" if function.startswith("VOLT") else "wrong_function"
    return Shown(None, (function,), status, f"the meter is set to {function}: press its key for DC volts.")


def beyond_range(setting: tuple[object, ...]) -> Shown:
    return Shown(None, setting, "overload", "the meter shows an overload, more than its range: are its probes where they belong?")


class PolledMeter(ABC):
    """Implements `roles.Meter`. `read` asks once, so that it is back within the family's deadline."""

    family = ""
    interval_s = 0.5

    def __init__(self, words: Words, *, address: Address, clock: Clock, in_memory: bool = False) -> None:
        self.address, self.place, self.words = str(address), Place.of(address), words
        self.clock, self._in_memory = clock, in_memory
        self._prove = address.speed is not None
        self._identity: Identity | None = None
        self._profile: MeterProfile | None = None
        self._known = self._ready = False
        self._setting: tuple[object, ...] = ()
        self._failures = self._good = 0

    # --- what a family gives ---

    @abstractmethod
    def _knows(self, identity: Identity) -> bool:
        """Whether this model may be set up. Raises ValueError, told in words, for a device that is no meter of this family."""

    @abstractmethod
    def _prepare(self) -> None:
        """Set DC volts and a range that fits; only ever called for a known model."""

    @abstractmethod
    def _ask(self) -> Shown:
        """One value, and what it is of."""

    @abstractmethod
    def _settle(self) -> None:
        """After a failure: a question whose answer cannot be taken for a value, and its own answer to it."""

    # --- what the bench asks ---

    def identify(self) -> MeterProfile:
        """Who is there; nothing is written. Raises WrongDevice also when another meter than the first one answers."""
        if self._prove and (self._profile is None or not self._profile.emulated):
            proof.demand(self.words.line, self.address)
        with self._watched():
            found = self.words.ask("*IDN?", parse_identity)
        try:
            self._known = self._knows(found)
        except ValueError as problem:
            raise WrongDevice(self.address, "identify", f"{problem}; nothing was written.", "Is this the meter's port?") from problem
        if self._identity not in (None, found):
            what = f"another meter answers now ({found.model}, serial {found.serial or 'unknown'}); nothing was written."
            raise WrongDevice(self.address, "identify", what, "Plug the first one in again, or begin anew with this one.")
        self._identity = found
        profile = self.place.profile(self.family, found.model, self.interval_s, self._prove)
        self._profile = replace(profile, serial=found.serial, firmware=found.firmware)
        return self._profile

    def read(self) -> MeterReading:
        """The value now, or a reading without volts whose status says why there is none. Raises LostLine; WrongDevice for a stranger."""
        if self._profile is None:
            self.identify()
        try:
            with self._watched():
                if self._failures:
                    self._settle()
                if not self._ready:
                    if self._known:
                        self._prepare()
                    self._ready, self._good = True, 0
                shown = self._ask()
        except (NoAnswer, GarbledAnswer) as problem:
            return self._failed("garbled" if isinstance(problem, GarbledAnswer) else "no_answer", f"{problem.what} {problem.check}".strip())
        self._failures = 0
        return self._judged(shown)

    def close(self) -> None:
        self.words.line.close()

    # --- inside ---

    def _failed(self, status: str, why: str) -> MeterReading:
        self._failures, self._good = self._failures + 1, 0
        if self._failures < FAILURES_ARE_STALE:
            return without_volts(self.clock.now_s(), status, why)
        self._ready = False  # it may have been off, and have forgotten its range
        return without_volts(self.clock.now_s(), "stale", f"no good answer to {self._failures} questions: {why}")

    def _judged(self, shown: Shown) -> MeterReading:
        now_s = self.clock.now_s()
        if shown.setting != self._setting or shown.volts is None:
            self._setting, self._good = shown.setting, 0
        if shown.volts is None:
            return without_volts(now_s, shown.status, shown.why)
        self._good += 1
        if self._good < GOOD_NEEDED:
            return without_volts(now_s, "stale", f"{self._good} good value of {GOOD_NEEDED} that are needed first")
        return self.place.reading(now_s, shown.volts, resolution_v=shown.resolution_v)

    def _pause(self, wall_s: float) -> None:
        """Wait for the meter, and drop what it says meanwhile; on a line in memory nothing waits."""
        if not self._in_memory:
            time.sleep(wall_s)
        self.words.line.read_available()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A line that broke may come back with another device at its end: identified afresh before anything is asked or written."""
        try:
            yield
        except LostLine:
            self._profile, self._ready, self._good = None, False, 0
            raise


class PromptWords(Words):
    """On a LAN socket: an answer is whole once nothing more comes, because a prompt without an end of line may follow it."""

    def _text(self, raw: bytes) -> str:
        whole, end, prompt = raw.rpartition(b"\n")
        if prompt.strip(b"> \r\0"):
            raise ValueError("its end is missing")
        return super()._text(whole + end)


def parse_identity(text: str) -> Identity:
    """Maker, model, serial and firmware of an answer to `*IDN?`; ValueError for a text that is none."""
    fields = [part.strip() for part in last_line(text).split(",")]
    if not 4 <= len(fields) <= 5 or not all(fields[:2]):
        raise ValueError("this is no identity of an instrument")
    return Identity(*fields[:4])


def parse_function(text: str) -> str:
    """The function's name out of its quotes; ValueError for any other text."""
    found = _QUOTED.fullmatch(last_line(text).upper())
    if found is None:
        raise ValueError("this names no function")
    return found[1]


def last_line(text: str) -> str:
    """The answer, without what some meters say before it: acknowledgements of commands (OK, nOK), a banner, a prompt (">>"). ValueError where
    nothing is left: the answer is still to come.
    """
    said = [line.strip().lstrip(">").strip() for line in text.splitlines()]
    said = [line for line in said if line and line.lower() not in ("ok", "nok") and not line.lower().startswith("welcome")]
    if not said:
        raise ValueError("only an acknowledgement or a prompt came")
    return said[-1]
