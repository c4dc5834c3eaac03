"""F9 on the screen's side: which field wants the meter's value, and where it goes once the bench has seen it settle."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tui.bench.messages import Capture, Captured, Outcome

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

LOOK_EVERY_S = 0.15
"""While the operator stands there with the probes on a cell, the answer is looked for more often than the picture."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that the meter is asked for: the field's name, how it is called to the operator, and the meter's address outside a session."""

    field: str
    label: str
    meter: str = ""


@runtime_checkable
class TakesCapture(Protocol):
    """A screen on which F9 does something."""

    def capture_for(self) -> str | Wanted:
        """What the meter is asked for, or why there is nothing."""
        ...

    def take_captured(self, captured: Captured) -> str:
        """Put a settled value where it belongs; the words about it."""
        ...


def say(app: TopBalanceApp, text: str, *, refused: bool = False) -> None:
    """In the line that the screen keeps for it; a toast for each of sixteen cells would be much over a slow line."""
    here = getattr(app.screen, "say_here", None)
    if here is not None:
        here(text)
    else:
        app.say(text, refused=refused)


class CaptureKey:
    """One capture at a time: another press begins anew, and what belongs to the earlier one is left alone."""

    def __init__(self) -> None:
        self._numbers = itertools.count(int(time.time() * 1000) % 1_000_000_000)  # two screens of one bench do not share theirs
        self._number: int | None = None
        self._wanted = Wanted("", "")

    def begin(self, app: TopBalanceApp, wanted: Wanted) -> None:
        number = self._number = next(self._numbers)
        self._wanted = wanted
        say(app, f"{wanted.label}: measuring. Hold the probes still.")

        def begun(outcome: Outcome) -> None:
            if not outcome.ok and self._number == number:
                self._number = None
                say(app, outcome.message, refused=True)

        app.send(Capture(number, wanted.field, wanted.meter), begun)
        app.set_timer(LOOK_EVERY_S, lambda: self._again(app, number))

    def _again(self, app: TopBalanceApp, number: int) -> None:
        if self._number == number:
            app.pull()
            app.set_timer(LOOK_EVERY_S, lambda: self._again(app, number))

    def look(self, app: TopBalanceApp, captured: Captured | None) -> None:
        """Called with each Snapshot."""
        if captured is None or captured.number != self._number:
            return
        self._number = None
        if captured.problem:
            say(app, f"{self._wanted.label}: {captured.problem}", refused=True)
        elif isinstance(app.screen, TakesCapture):
            say(app, app.screen.take_captured(captured), refused=bool(captured.doubt))
        else:
            say(app, "Another screen came in front; nothing was taken.", refused=True)
