"""Drills on the embedded bench: faults that wait for the charge to begin, strike through the simulated hands, and are put right again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drivers.simulated.faults import Fault, FaultError, parse_fault
from tui.domain.drills import SECONDS_INTO_CHARGE, drill

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.session import Session

REAL = "Drills break things on purpose: they are for the built-in bench alone (topbalance demo). Nothing was touched."
STOPPED = ("hold", "tripped", "call")
SHOWN_S = 300.0
"""Bench time for which a passing drill that stopped nothing is told of."""


@dataclass(slots=True)
class _Drill:
    fault: Fault
    after_s: float  # bench time since the first charge of the session began
    struck_s: float = 0.0  # bench time
    stopped: bool = False  # it has led to a hold, a trip or a call


class Drills:
    """`waiting` and `running` name their drills: "lead-falls-off", "meter:silence". Changes on the bench's thread only."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._waiting: dict[str, _Drill] = {}
        self._running: dict[str, _Drill] = {}
        self._session: Session | None = None
        self._began_s: float | None = None  # bench time at which the session's first charge began to flow

    @property
    def waiting(self) -> tuple[str, ...]:
        return tuple(self._waiting)

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    def begin(self, text: str) -> str:
        """Let a fault strike when its time has come; the answer says when. Raises FaultError, also for every bench but the embedded one."""
        hands = self._bench.hands
        if hands is None:
            raise FaultError(REAL)
        fault = parse_drill(text)
        hands.check(fault)
        self._follow_session()
        name = _name(fault)
        row, found = drill(name), _Drill(fault, SECONDS_INTO_CHARGE if fault.at_s is None else fault.at_s)
        at_once = fault.at_s is None and (row.at_once or self._began_s is not None)
        if at_once or self._due(found):
            self._strike(name, found)
            return f"Drill: {row.title}." + (f" The program should: {row.answer}." if row.answer else "")
        self._waiting[name] = found
        return f"Drill waits: {row.title}, {_minutes(found.after_s)} after the charge begins."

    def mend(self, name: str) -> str:
        """Put right what a drill has broken, or call off one that waits. Raises FaultError where there is none of this name."""
        hands = self._bench.hands
        if hands is None:
            raise FaultError(REAL)
        title = drill(name).title
        if self._waiting.pop(name, None) is not None:
            self._note(f"called off: {title}")
            return f"Drill called off: {title}."
        running = self._running.pop(name, None)
        if running is None:
            raise FaultError(f"No drill {name!r} runs, so there is nothing to put right.")
        hands.mend(running.fault)
        self._note(f"put right: {title}")
        return f"Put right: {title}."

    def tick(self) -> None:
        """Let those strike whose time has come, and forget those that are over."""
        if not self._waiting and not self._running and self._session is self._bench.session:
            return
        self._follow_session()
        for name, waiting in list(self._waiting.items()):
            if self._due(waiting):
                with suppress(FaultError):  # it was checked when it was asked for
                    self._strike(name, waiting)
        for name, running in list(self._running.items()):
            running.stopped = running.stopped or self._bench.state in STOPPED
            state = self._bench.state
            gone_by = state == "charging" and self._bench.now_s() - running.struck_s > SHOWN_S
            if drill(name).passing and state not in STOPPED and (running.stopped or gone_by):
                del self._running[name]

    def _due(self, waiting: _Drill) -> bool:
        return self._began_s is not None and self._began_s + waiting.after_s <= self._bench.now_s()

    def _strike(self, name: str, struck: _Drill) -> None:
        self._waiting.pop(name, None)
        hands = self._bench.hands
        assert hands is not None
        hands.spoil(replace(struck.fault, at_s=None))
        struck.struck_s = self._bench.now_s()
        self._running[name] = struck
        self._note(f"{drill(name).title} ({name})")

    def _follow_session(self) -> None:
        session = self._bench.session
        if session is not self._session:
            self._session, self._began_s = session, None
            for name in self._running if session is not None else ():
                self._note(f"{drill(name).title} ({name}), since before this session")
        if self._began_s is None and session is not None:
            self._began_s = session.charging_since_s

    def _note(self, text: str) -> None:
        self._bench.log("note", text=f"drill: {text}")


def parse_drill(text: str) -> Fault:
    """A fault as typed for a drill; one on the wire is the supply's unless it is one of the meter, or names it. Raises FaultError."""
    fault = parse_fault(text)
    of_supply = fault.kind.where == "wire" and not fault.instrument and not fault.kind.meter
    return replace(fault, instrument="supply") if of_supply else fault


def _name(fault: Fault) -> str:
    return f"meter:{fault.name}" if fault.instrument == "meter" else fault.name


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
