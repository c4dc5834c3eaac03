"""Instrument ports: each driver on a thread of its own, so that a silent meter never delays the supply; or called in lock-step.

A port polls, keeps the newest reading in one slot and runs the bench's calls between polls. The emergency stop overtakes them.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Generic, Protocol, TypeVar

from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused


class Instrument(Protocol):
    address: str

    def read(self) -> Any: ...

    def close(self) -> None: ...


log = logging.getLogger(__name__)
D = TypeVar("D", bound=Instrument)
R = TypeVar("R")

REOPEN_GAP_S = 1.0
"""Wall seconds between two tries to reopen a lost line."""


class Port(Generic[D]):
    """What the bench holds of one instrument. `reading` is the newest answer, `error` what the newest poll ran into ("" when it went well).

    `reopen` makes a new driver after the line was lost; it must identify before it is used. The old one is closed before that.
    """

    def __init__(self, driver: D, reopen: Callable[[], D] | None = None) -> None:
        self.driver = driver
        self._reopen = reopen
        self.reading: Any = None
        self.error = ""
        self.lost = False
        self._why_lost: InstrumentError | None = None  # what the newest try to open it anew ran into
        self.senseless = 0  # polls in a row whose answers broke the rules, on a line that works
        self.fresh_count = 0  # answers so far; tells a new answer from an old one
        self._took_s: deque[float] = deque(maxlen=5)

    @property
    def took_s(self) -> float:
        """How long a poll takes here when nothing goes wrong, wall seconds; 0 where it is called in lock-step."""
        return min(self._took_s, default=0.0)

    def poll(self) -> None:
        """Read now (lock-step), or nothing (the thread polls by itself)."""
        raise NotImplementedError

    def call(self, action: Callable[[D], R], timeout_s: float = 8.0) -> R:
        """Run `action` on the driver and return its result; raises what the driver raises, NoAnswer when it does not come back."""
        raise NotImplementedError

    def urgent(self, action: Callable[[D], object]) -> None:
        """Run `action` before anything else that waits; does not wait for it and swallows its error (proof is taken by reading)."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def _read_once(self) -> None:
        try:
            self.reading = self.driver.read()
            self.error, self.lost, self.senseless = "", False, 0
            self.fresh_count += 1
        except InstrumentError as problem:
            self.error, self.lost = str(problem), isinstance(problem, LostLine)
            self.senseless = self.senseless + 1 if isinstance(problem, GarbledAnswer | Refused) else 0
        except Exception as defect:  # noqa: BLE001 - the thread must live on: it is the only way for an off to the supply
            self._defect(defect)
            self.senseless += 1

    def _defect(self, defect: Exception) -> None:
        """A driver raised what no driver may. It counts as an answer without sense."""
        error = f"{self.driver.address}: the program ran into a defect with this instrument ({type(defect).__name__}: {defect})."
        if error != self.error:
            log.error(error, exc_info=defect)
        self.error = error

    def _reopened(self) -> bool:
        """A lost line is opened anew, the old handle closed first. False while that does not work, and `error` says why."""
        if not self.lost or self._reopen is None:
            return True
        with contextlib.suppress(InstrumentError, OSError):
            self.driver.close()
        try:
            self.driver = self._reopen()
        except InstrumentError as problem:
            self.error = str(problem)
            self._why_lost = problem
            return False
        except Exception as defect:  # noqa: BLE001 - as above
            self._defect(defect)
            return False
        self._why_lost = None
        return True


class LockStepPort(Port[D]):
    """The driver is called in the bench's own thread: tests and `--speed max`, where the line is in memory."""

    def poll(self) -> None:
        if self._reopened():
            self._read_once()

    def call(self, action: Callable[[D], R], timeout_s: float = 8.0) -> R:
        return action(self.driver)

    def urgent(self, action: Callable[[D], object]) -> None:
        with contextlib.suppress(InstrumentError):
            action(self.driver)

    def close(self) -> None:
        self.driver.close()


class ThreadPort(Port[D]):
    """The driver lives on a thread of its own."""

    def __init__(self, driver: D, *, poll_s: float = 1.0, reopen: Callable[[], D] | None = None) -> None:
        super().__init__(driver, reopen)
        self.poll_s = poll_s
        self._calls: queue.PriorityQueue[tuple[int, int, Callable[[D], Any], Future[Any] | None]] = queue.PriorityQueue()
        self._order = 0
        self._order_lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"port {driver.address}", daemon=True)
        self._thread.start()

    def poll(self) -> None:
        return None

    def _put(self, priority: int, action: Callable[[D], Any], future: Future[Any] | None) -> None:
        with self._order_lock:
            self._order += 1
            self._calls.put((priority, self._order, action, future))

    def call(self, action: Callable[[D], R], timeout_s: float = 8.0) -> R:
        future: Future[R] = Future()
        self._put(1, action, future)
        try:
            return future.result(timeout_s)
        except FutureTimeout as late:
            future.cancel()
            raise NoAnswer(self.driver.address, "command", f"no answer within {timeout_s:.0f} s.") from late

    def urgent(self, action: Callable[[D], object]) -> None:
        self._put(0, action, None)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._closing.is_set():
            try:
                _, _, action, future = self._calls.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                if self._reopened():
                    began = time.monotonic()
                    self._read_once()
                    if not self.error:
                        self._took_s.append(time.monotonic() - began)
                due = time.monotonic() + (REOPEN_GAP_S if self.lost else self.poll_s)
                continue
            self._execute(action, future)
            due = min(due, time.monotonic() + 0.05)  # what changed is read back at once
        with contextlib.suppress(InstrumentError, OSError):
            self.driver.close()

    def _execute(self, action: Callable[[D], Any], future: Future[Any] | None) -> None:
        if future is not None and not future.set_running_or_notify_cancel():
            return  # the bench gave up on it: a late write must not happen behind its back
        try:
            result = action(self.driver)
        except Exception as problem:  # noqa: BLE001 - handed to the caller, or judged by the next reading
            if isinstance(problem, LostLine):
                self.lost = True
                problem = self._why_lost or problem
            if future is not None:
                future.set_exception(problem)
            return
        if future is not None:
            future.set_result(result)

    def close(self) -> None:
        self._closing.set()
        self._put(2, lambda driver: None, None)
        self._thread.join(timeout=3.0)
