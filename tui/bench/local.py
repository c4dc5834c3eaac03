"""The link inside one process: the bench on a thread of its own that knows nothing of the screen."""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from tui.bench import picture
from tui.bench.bench import Bench
from tui.bench.commands import handle
from tui.bench.messages import Command, InstrumentList, Outcome, Point, SessionCard, Snapshot, TraceLine

log = logging.getLogger(__name__)

TICK_S = 1.0
BUSY_TICK_S = 0.2
"""Wall seconds between two ticks while an action or a proof of off is under way."""


class LocalLink:
    """Implements `tui.bench.link.Link` on a thread of this process."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._commands: queue.Queue[tuple[Command, Future[Outcome]] | None] = queue.Queue()
        self._stop_now = threading.Event()
        self._closing = threading.Event()
        self._snapshot = Snapshot()
        self._card: SessionCard | None = None
        self._thread = threading.Thread(target=self._run, name="bench", daemon=True)

    def start(self) -> LocalLink:
        self._thread.start()
        return self

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def card(self) -> SessionCard | None:
        return self._card

    def history(self, since_s: float = 0.0) -> list[Point]:
        session = self._bench.session
        return [] if session is None else session.recorder.points(since_s)

    def instruments(self) -> InstrumentList:
        return self._bench.survey.found()

    def trace(self, address: str) -> list[TraceLine]:
        return self._bench.survey.trace(address)

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        if not self._thread.is_alive():
            return Outcome(False, "The bench has ended. Start the program again.")
        future: Future[Outcome] = Future()
        self._commands.put((command, future))
        try:
            return future.result(timeout_s)
        except FutureTimeout:
            return Outcome(False, f"The bench did not answer within {timeout_s:.0f} s. Watch the output; it may still carry this out.")

    def stop_output(self) -> None:
        self._stop_now.set()
        self._bench.off_at_once()
        self._commands.put(None)

    def close(self, *, timeout_s: float = 5.0) -> bool:
        self._closing.set()
        if self._bench.stranger is None:  # nobody asked for an output that is not ours to go off
            self._bench.off_at_once()
        self._commands.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and self._proved

    _proved = False

    # --- the bench's thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        bench = self._bench
        due = time.monotonic()
        while not self._closing.is_set():
            try:
                self._take(max(0.0, due - time.monotonic()))
                if self._stop_now.is_set():
                    self._stop_now.clear()
                    bench.safety.stop("stopped by the operator")
                if time.monotonic() >= due or bench.busy:
                    bench.tick()
                    due = time.monotonic() + (BUSY_TICK_S if bench.busy else TICK_S)
                self._publish()
            except Exception:
                # A defect in the bench must not leave the output on behind a dead thread.
                log.exception("the bench ran into a defect; the output is switched off")
                self._stand_still()
                due = time.monotonic() + TICK_S
        self._proved = self._wind_down()

    def _stand_still(self) -> None:
        """After a defect. A second one on the way, the same in the record perhaps, must not end the thread."""
        safety = self._bench.safety
        try:
            safety.begin_off("defect in the program")
        except Exception:
            log.exception("a second defect, in the answer to the first")
        try:
            safety.crashed()
        except Exception:
            log.exception("a second defect, in the answer to the first")

    def _take(self, wait_s: float) -> None:
        """Carry out what waits in the queue; wait for the first at most `wait_s`."""
        try:
            item = self._commands.get(timeout=wait_s)
            while True:
                if item is not None:
                    command, future = item
                    try:
                        future.set_result(handle(self._bench, command))
                    except Exception as defect:
                        log.exception("a command ran into a defect: %r", command)
                        future.set_result(Outcome(False, f"The program ran into a defect with this command: {defect}"))
                item = self._commands.get_nowait()
        except queue.Empty:
            return

    def _publish(self) -> None:
        self._snapshot = picture.snapshot(self._bench)
        session = self._bench.session
        known = (self._card.session, self._card.revision) if self._card else ("", 0)
        if known != ((session.recorder.id, self._snapshot.revision) if session else ("", 0)):  # a remedy has put steps in
            self._card = picture.card(self._bench)

    def _wind_down(self) -> bool:
        """The end of the thread: off with proof, the session closed, the instruments let go."""
        bench = self._bench
        if bench.output_may_be_on:
            bench.safety.begin_off("the program ends")
        deadline = time.monotonic() + 2.0
        while bench.output_unproved and time.monotonic() < deadline:
            bench.tick()
            time.sleep(0.02)
        proved = not bench.output_unproved and not bench.on_by_hand and bench.stranger is None
        bench.leave("the program was closed")
        bench.close()
        bench.instruments.release()
        return proved
