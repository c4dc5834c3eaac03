"""A link to a bench in lock-step: time passes only when told. For screen tests and pictures; all else is the program itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tui.bench import picture
from tui.bench.commands import handle
from tui.bench.headless import LockStep
from tui.bench.messages import Command, InstrumentList, Outcome, Point, SessionCard, Snapshot, TraceLine


class SteppedLink:
    """Implements `tui.bench.link.Link`. Commands come from the screen's worker threads; one lock stands for the bench's one thread."""

    def __init__(self, steps: LockStep) -> None:
        self.steps, self.bench = steps, steps.bench
        self._lock = threading.Lock()
        self.commands: list[Command] = []

    def snapshot(self) -> Snapshot:
        with self._lock:
            return picture.snapshot(self.bench)

    def card(self) -> SessionCard | None:
        return picture.card(self.bench)

    def history(self, since_s: float = 0.0) -> list[Point]:
        return [] if self.bench.session is None else self.bench.session.recorder.points(since_s)

    def instruments(self) -> InstrumentList:
        return self.bench.survey.found()

    def trace(self, address: str) -> list[TraceLine]:
        return self.bench.survey.trace(address)

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        with self._lock:
            self.commands.append(command)
            outcome = handle(self.bench, command)
        self.pass_time(lambda: self.waits or self.bench.state != "preparing", 30.0)
        return outcome

    def stop_output(self) -> None:
        with self._lock:
            self.bench.safety.stop("stopped by the operator")

    def close(self, *, timeout_s: float = 5.0) -> bool:
        with self._lock:
            self.bench.leave("closed")
        return not self.steps.rig.embedded.world.output_on

    @property
    def waits(self) -> bool:
        """Something is asked of the operator."""
        session = self.bench.session
        asked = session is not None and session.runner is not None and session.runner.prompt is not None
        calling = session is not None and session.attention.calling(self.bench.reading)
        return asked or calling or self.bench.safety.call is not None

    def pass_time(self, until: Callable[[], object], most_s: float = 400_000.0) -> None:
        """Tick until the condition holds or `most_s` of bench time have passed."""
        with self._lock:
            end_s = self.steps.clock.now_s() + most_s
            while not until() and self.steps.clock.now_s() < end_s:
                self.steps.step()
