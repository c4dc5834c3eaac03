"""The one way from a screen to the bench. A thread of this process answers (`local`), or a bench process (`remote`); no pane knows which."""

from __future__ import annotations

from typing import Protocol

from tui.bench.messages import Command, InstrumentList, Outcome, Point, SessionCard, Snapshot, TraceLine


class Link(Protocol):
    def snapshot(self) -> Snapshot:
        """The newest Snapshot; never waits for the bench."""
        ...

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        """Hand a Command to the bench and wait for its answer. Screens call it from a worker thread, never from the event loop."""
        ...

    def stop_output(self) -> None:
        """The emergency stop: returns at once, from any thread, and overtakes every other command."""
        ...

    def card(self) -> SessionCard | None:
        """The unchanging part of the running session; None when idle."""
        ...

    def history(self, since_s: float = 0.0) -> list[Point]:
        """The curve of the running session from `since_s` (session time) on, decimated to minimum and maximum per interval."""
        ...

    def instruments(self) -> InstrumentList:
        """The ports, and what was found at them."""
        ...

    def trace(self, address: str) -> list[TraceLine]:
        """The newest exchanges on an instrument's line, oldest first."""
        ...

    def close(self, *, timeout_s: float = 5.0) -> bool:
        """Switch the output off, verified, end the bench. True when the output is proved off (or never was on)."""
        ...
