"""The application without a bench beside it: shows a recorded charge at one new reading a second. Run by `screen`, with the phase's name."""

from __future__ import annotations

import sys
import time

from tests.benchmarks.recorded import record
from tui.app import TopBalanceApp
from tui.bench.messages import Command, InstrumentList, Outcome, Point, SessionCard, Snapshot, TraceLine
from tui.records.places import home

RECORDED_S = 180


class ReplayLink:
    """A link that shows the next recorded Snapshot when a second has passed; after the last it is silent."""

    def __init__(self, snapshots: list[Snapshot], points: list[Point], card: SessionCard | None) -> None:
        self._snapshots, self._points, self._card = snapshots, points, card
        self._started_s = time.monotonic()

    def snapshot(self) -> Snapshot:
        return self._snapshots[min(int(time.monotonic() - self._started_s), len(self._snapshots) - 1)]

    def card(self) -> SessionCard | None:
        return self._card

    def history(self, since_s: float = 0.0) -> list[Point]:
        until_s = self.snapshot().elapsed_s
        return [point for point in self._points if since_s <= point.time_s <= until_s]

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        return Outcome(True)

    def stop_output(self) -> None:
        return None

    def instruments(self) -> InstrumentList:
        return InstrumentList()

    def trace(self, address: str) -> list[TraceLine]:
        return []

    def close(self, *, timeout_s: float = 5.0) -> bool:
        return True


if __name__ == "__main__":
    TopBalanceApp(ReplayLink(*record(sys.argv[1], RECORDED_S)), home(demo=True), demo=True).run()
