"""The link to a bench in a process of its own: a thread talks to its socket, and the screen never waits for it.

The bench outlives this link: closing it stops nothing. While the bench does not answer, the last Snapshot is given with every number marked stale
and its age, and the link tries again and again. Loads no driver and no bench, so that a screen starts at once.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from typing import Any

from tui.bench import codec, socket_place
from tui.bench.codec import VERSION, CodecError
from tui.bench.connection import CLOSED
from tui.bench.messages import (
    Alarm,
    Command,
    Forecast,
    InstrumentList,
    Outcome,
    Point,
    SessionCard,
    Snapshot,
    TraceLine,
    unheard,
)
from tui.records.places import Home

log = logging.getLogger(__name__)

ANSWER_S = 3.0
"""Wall seconds in which a bench answers what needs no instrument."""
START_S = 10.0
"""In which a bench process that was started answers; one takes well under two seconds."""
AGAIN_S = 0.25
"""Between two tries to reach a bench that is gone."""
BEGIN_AGAIN_S = 10.0
"""Between two starts of a bench that keeps dying."""
OTHER_AGAIN_S = 5.0
"""The same for one that speaks otherwise, or is of another kind."""
STOP_SAID_S = 2.0
"""An emergency stop that was not heard for this long is told to the operator, and tried again."""
SAID_AFTER_S = 1.0
"""A bench that is being started is not called missing."""
LONGEST_ANSWER = 8_000_000
GONE = "The bench process does not answer."
BY_HAND = "Look at the supply itself, and switch it off there if in doubt."


class Gone(OSError):
    """The bench does not answer, or not in time."""


class Refused(Exception):
    """The bench answered that it will not; the text is its reason."""


def ask(home: Home, what: str, *, timeout_s: float = ANSWER_S, **fields: Any) -> dict[str, Any]:
    """One request on a connection of its own: "status", "stop", "off". Raises OSError where no bench answers, Refused where it will not."""
    with socket_place.connect(home, timeout_s=timeout_s) as connection:
        data = bytearray()
        try:
            connection.sendall(codec.line({"v": VERSION, "id": 1, "ask": what, **fields}))
            while not data.endswith(b"\n"):
                some = connection.recv(65536)
                if not some or len(data) > LONGEST_ANSWER:
                    raise Gone(GONE)
                data += some
        except ConnectionError as problem:  # it ended in this moment
            raise Gone(GONE) from problem
    try:
        return _good(codec.parse(bytes(data)))
    except CodecError as problem:
        raise Refused(str(problem)) from problem


def _good(answer: dict[str, Any]) -> dict[str, Any]:
    if "refused" in answer:
        raise Refused(str(answer["refused"]))
    return answer


def as_lost(snapshot: Snapshot, silent_s: float, words: str) -> Snapshot:
    """What the bench said last, `silent_s` ago: no number looks fresh, the output is unknown, and in a session an alarm says so."""
    alarms = snapshot.alarms
    if snapshot.state not in ("idle", "ended"):
        text = f"{words} Nobody watches the cells for you now. {BY_HAND}"
        alarms = (Alarm(-1, "call", "bench-gone", "the bench process does not answer", text, snapshot.elapsed_s + silent_s), *alarms)
    return replace(
        unheard(snapshot, silent_s),
        alarms=alarms,
        next=f"{words} Last heard {silent_s:.0f} s ago. {BY_HAND}" if snapshot.seq else words,
    )


def as_ended(snapshot: Snapshot, silent_s: float, words: str, *, off: bool) -> Snapshot:
    """The same after the bench said goodbye. A session waits, as in a HOLD, for the next bench; the key that starts it is told."""
    if snapshot.state in ("idle", "ended"):
        return replace(unheard(snapshot, silent_s), next=f"{words} F5 starts it again.")
    text = f"{words} The session is kept; nobody watches the cells meanwhile."
    alarm = Alarm(-1, "hold" if off else "call", "bench-gone", "the bench was ended", text, snapshot.elapsed_s + silent_s)
    next_words = f"{words} g starts it again, and the session waits there."
    lost = replace(
        unheard(snapshot, silent_s),
        state="hold",
        call=None,
        prompt=None,
        held_checks=(),
        alarms=(alarm,),
        next=next_words,
        forecast=Forecast(),
    )
    return replace(lost, output_on=False) if off else lost


class RemoteLink:
    """Implements `tui.bench.link.Link` over the home's socket.

    `kind` is "real" or "demo": a bench of the other kind in the same home is not taken. `begin` starts a bench; it is called on the link's own
    thread when none answers, and raises OSError where that fails. A bench that died is started again at once, because whoever starts looks after
    what the dead one left; one that said goodbye was meant to end.
    """

    def __init__(self, home: Home, *, kind: str = "real", begin: Callable[[], None] | None = None) -> None:
        self._home, self._kind, self._begin = home, kind, begin
        self._lock = threading.Lock()  # of what follows, never held while waiting
        self._connection: socket.socket | None = None
        self._pending: dict[int, Future[dict[str, Any]]] = {}
        self._snapshot, self._heard = Snapshot(), time.monotonic()
        self._problem = ""
        self._card: SessionCard | None = None
        self._writing = threading.Lock()
        self._numbers = itertools.count(1)
        self._closed, self._attached = threading.Event(), threading.Event()
        self._stopping = threading.Lock()
        self._stop_unheard = False
        self.about: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, name="bench link", daemon=True)

    def start(self) -> RemoteLink:
        self._thread.start()
        return self

    def attached(self, timeout_s: float = 0.0) -> bool:
        """Whether the bench answers, waiting for it at most `timeout_s`; its first Snapshot is then here."""
        return self._attached.wait(timeout_s)

    @property
    def problem(self) -> str:
        """Why the bench cannot be reached; "" while it answers."""
        return self._problem

    # --- Link ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        silent_s = time.monotonic() - self._heard
        if self._attached.is_set():
            found = self._snapshot
        elif self._closed.is_set() or (not self._snapshot.seq and silent_s < SAID_AFTER_S):
            return self._snapshot
        else:
            found = self._after_goodbye(silent_s) if self._bye else as_lost(self._snapshot, silent_s, self._problem or GONE)
        return replace(found, next=f"OUTPUT OFF did not get through: {GONE} {BY_HAND}") if self._stop_unheard else found

    def _after_goodbye(self, silent_s: float) -> Snapshot:
        return as_ended(self._snapshot, silent_s, self._bye, off=self._ended_off)

    def card(self) -> SessionCard | None:
        try:
            document = self._request("card").get("card")
            self._card = None if document is None else codec.from_json(document)
        except (Gone, Refused, CodecError) as problem:
            log.warning("the session's card did not come: %s", problem)
        return self._card

    def history(self, since_s: float = 0.0) -> list[Point]:
        try:
            return codec.read_points(self._request("history", since_s=since_s).get("points"))
        except (Gone, Refused, CodecError) as problem:
            log.warning("the curve did not come: %s", problem)
            return []

    def instruments(self) -> InstrumentList:
        try:
            found = codec.from_json(self._request("instruments").get("list"))
        except (Gone, Refused, CodecError) as problem:
            log.warning("the list of instruments did not come: %s", problem)
            return InstrumentList(searching=str(problem))
        return found if isinstance(found, InstrumentList) else InstrumentList()

    def trace(self, address: str) -> list[TraceLine]:
        try:
            rows = self._request("trace", address=address).get("lines")
            found = [codec.from_json(row) for row in rows] if isinstance(rows, list) else []
        except (Gone, Refused, CodecError) as problem:
            log.warning("the trace did not come: %s", problem)
            return []
        return [line for line in found if isinstance(line, TraceLine)]

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        if not self.attached():
            return Outcome(False, f"Not done: {self._problem or GONE}")
        try:
            answer = self._request("command", timeout_s=timeout_s, command=codec.to_json(command))
            outcome = codec.from_json(answer.get("outcome"))
        except (CodecError, Refused) as problem:
            return Outcome(False, str(problem))
        except Gone as problem:
            return Outcome(False, f"{problem} It may still carry this out. {BY_HAND}")
        return outcome if isinstance(outcome, Outcome) else Outcome(False, "The bench gave another answer than it should.")

    def stop_output(self) -> None:
        if self._stopping.acquire(blocking=False):  # else the one under way goes on until it is heard
            threading.Thread(target=self._stop, name="output off", daemon=True).start()

    def leaving(self, why: str) -> None:
        """Tell the bench why this screen is about to go; the first word counts. Told or not, the screen goes."""
        with self._lock:
            said, self._said_why = self._said_why, True
        if not said:
            with contextlib.suppress(OSError):
                self._write({"v": VERSION, "ask": "leave", "why": why})

    _said_why = False

    def close(self, *, timeout_s: float = 5.0) -> bool:
        """Let go of the bench, which goes on by itself. False when an emergency stop that was asked for has not got through."""
        heard = self._stopping.acquire(timeout=timeout_s)
        if heard:
            self._stopping.release()
        self.leaving(CLOSED)
        self._closed.set()
        self._hang_up()
        self._thread.join(timeout_s)
        return heard

    def take_keys(self) -> Outcome:
        """Commands are taken from this screen from now on, and from no other."""
        try:
            self._request("keys")
        except (Gone, Refused) as problem:
            return Outcome(False, str(problem))
        return Outcome(True, "This screen has the keys now.")

    # --- out ----------------------------------------------------------------------------------------------------

    def _request(self, what: str, *, timeout_s: float = ANSWER_S, **fields: Any) -> dict[str, Any]:
        """Ask on the standing connection and wait for the answer. Raises Gone and Refused."""
        number, answer = next(self._numbers), Future[dict[str, Any]]()
        with self._lock:
            if self._connection is None:
                raise Gone(self._problem or GONE)
            self._pending[number] = answer
        try:
            self._write({"v": VERSION, "id": number, "ask": what, **fields})
            return _good(answer.result(timeout_s))
        except FutureTimeout as late:
            raise Gone(f"The bench process did not answer within {timeout_s:.0f} s.") from late
        finally:
            with self._lock:
                self._pending.pop(number, None)

    def _write(self, document: dict[str, Any]) -> None:
        line = codec.line(document)
        with self._writing:
            connection = self._connection
            if connection is None:
                raise Gone(self._problem or GONE)
            try:
                connection.sendall(line)
            except OSError as problem:
                self._hang_up()  # half a line may be out
                raise Gone(GONE) from problem

    def _stop(self) -> None:
        """Off, until the bench has heard it: on the standing connection, else on a fresh one. A bench that comes back late is still told."""
        ways: tuple[Callable[[], object], ...] = (
            lambda: self._request("off", timeout_s=1.0),
            lambda: ask(self._home, "off", timeout_s=1.0),
        )
        try:
            until = time.monotonic() + STOP_SAID_S
            while not self._closed.is_set():
                for way in ways:
                    try:
                        way()
                    except (OSError, Refused):
                        continue
                    self._stop_unheard = False
                    return
                if not self._stop_unheard and time.monotonic() > until:
                    self._stop_unheard = True
                    log.error("output off did not get through: %s", GONE)
                self._closed.wait(AGAIN_S)
        finally:
            self._stopping.release()

    # --- in: the link's own thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            wait_s = AGAIN_S
            try:
                self._talk(self._reach())
            except (CodecError, Refused) as problem:
                self._problem, wait_s = str(problem), OTHER_AGAIN_S
                log.warning("the bench is not used: %s", problem)
            except OSError as problem:
                self._problem = str(problem) if isinstance(problem, Gone | socket_place.PlaceRefused) else GONE
            except Exception:
                log.exception("the link to the bench ran into a defect; it tries again")
                self._problem, wait_s = GONE, OTHER_AGAIN_S
            self._closed.wait(wait_s)

    def _reach(self) -> socket.socket:
        """A connection to the bench, which is started where none answers. Raises OSError."""
        try:
            return socket_place.connect(self._home, timeout_s=ANSWER_S)
        except OSError as problem:
            if self.unbegun:
                raise Gone(self.unbegun) from problem
            if self._bye:
                raise Gone(self._bye) from problem
            if self._begin is None or time.monotonic() < self._begin_again_s:
                raise
        self._begin_again_s = time.monotonic() + BEGIN_AGAIN_S
        try:
            self._begin()
        except OSError as problem:
            self.unbegun = f"No bench process could be started: {problem}"
            log.error(self.unbegun)
            raise Gone(self.unbegun) from problem
        return socket_place.connect(self._home, timeout_s=ANSWER_S)

    @property
    def ended(self) -> str:
        """That the bench said goodbye, why, and whether its output was proved off; "" while one runs or one that died is started again."""
        return "" if self.attached() else self._bye

    def begin_again(self) -> None:
        """Start a bench in place of one that was meant to end: its user says so."""
        self._bye, self._begin_again_s = "", 0.0

    _ended_off = False
    _bye = ""  # that the bench ended by itself or was ended
    _begin_again_s = 0.0

    unbegun = ""
    """Why no bench process could be started; "" otherwise."""

    def _talk(self, connection: socket.socket) -> None:
        """Say hello and hear until the end. Raises OSError, CodecError and Refused."""
        with self._lock:
            self._connection = connection
        try:
            self._write({"v": VERSION, "id": 0, "ask": "hello"})
            inbox = bytearray()
            while not self._closed.is_set():
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    continue
                if not data or len(inbox) > LONGEST_ANSWER:
                    raise Gone(GONE)
                inbox += data
                *lines, rest = inbox.split(b"\n")
                inbox = bytearray(rest)
                for line in lines:
                    self._hear(codec.parse(bytes(line)))
        finally:
            self._lose(connection)

    def _hear(self, document: dict[str, Any]) -> None:
        if "snapshot" in document:
            codec.check_version(document)
            self._write({"v": VERSION, "ask": "seen"})
            found = codec.from_json(document["snapshot"])
            if not isinstance(found, Snapshot):
                raise CodecError("The bench told something else than a Snapshot.")
            screens = document.get("screens")
            self._snapshot = replace(found, keys=document.get("keys") is True, screens=screens if isinstance(screens, int) else 1)
            self._heard, self._problem, self.unbegun = time.monotonic(), "", ""
            self._attached.set()
            return
        if "bye" in document:
            self._ended_off = document.get("off") is True
            off = "the output proved off first." if self._ended_off else f"the output NOT proved off. {BY_HAND}"
            self._bye = f"The bench was ended ({str(document['bye'])[:200]}), {off}"
            return
        number = document.get("id")
        if not isinstance(number, int):
            raise CodecError("The bench gave an answer to no question.")
        if number == 0:
            self._bye = ""
            self.about = _good(document)
            if self.about.get("kind", self._kind) != self._kind:
                other = "the built-in one (demo)" if self._kind == "real" else "one on real instruments"
                raise Refused(f"The bench that runs in this home is {other}. End it with `topbalance bench stop`, or use another home.")
            return
        with self._lock:
            waiting = self._pending.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(document)

    def _hang_up(self) -> None:
        """Wake the link's thread out of its wait; it clears up."""
        connection = self._connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is gone already

    def _lose(self, connection: socket.socket) -> None:
        self._attached.clear()
        with self._lock:
            self._connection = None
            pending, self._pending = self._pending, {}
        connection.close()
        for answer in pending.values():
            if not answer.done():
                answer.set_exception(Gone(GONE))
