"""The bench behind its socket: serves one link to every screen of its owner, and never lets a screen slow the bench.

One thread does all the talking and waits for nobody. It takes the newest Snapshot from the link as a screen would, and keeps for each screen one
place that holds it until that screen has read the one before. A screen that does not read is let go. The bench's own thread knows nothing of it.

A line from a screen is an object with "v", "id" and "ask": hello, card, history, instruments, trace, command, keys, status, off, stop, ack;
`seen` tells that a Snapshot was read, `leave` why the screen is about to go. What may be needed in danger (off, stop, status, ack) is understood
from any version.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from filelock import FileLock, Timeout

from tui.bench import codec, socket_place
from tui.bench.codec import VERSION, CodecError
from tui.bench.connection import CLOSED, Connection, Hangup
from tui.bench.link import Link
from tui.bench.messages import Command, Emergency, Outcome, OutputOff, Present, ScreenEvent, Snapshot
from tui.records.places import Home

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""Wall seconds between two looks at the bench's newest Snapshot while somebody is connected."""
LOOK_ALONE_S = 1.0
DROP_AFTER_S = 5.0
"""A screen that has not read a Snapshot or an answer for this long is let go; it may come back."""
IDLE_END_S = 300.0
"""Without a session and without a screen the bench ends by itself after this time."""
DEMO_END_S = 2 * 3600.0
"""A built-in bench that nobody looks at ends after this time, whatever it does: nothing is lost but a game."""
OFF_WITHIN_S = 1.6
"""Of the two seconds that a bench has to leave: output off, proved and written down."""
LOCK_S = 0.2
"""Somebody may hold the lock for a moment, to see whether a bench does."""
MOST_CONNECTIONS = 16
MOST_WAITING = 16
"""Requests of one screen that may wait for the bench; a person at a keyboard never comes near."""
FROM_ANYBODY = (OutputOff, Emergency, Present)
"""Commands that are taken from a screen without the keys: any key on any screen shows that somebody is there."""
IN_DANGER = ("off", "stop", "status", "ack")
SHOWN_WITHIN_S = 0.5
"""A command that was carried out shows in the next Snapshot; this long it is waited for."""
WHY_SHOWN = 40
"""Characters of a screen's own word on why it leaves."""
NOT_YOURS = "This screen only looks on. Take the keys first (F12); ctrl+x switches the output off from here too."


class BenchRuns(Exception):
    """Another process is this home's bench."""


class _Worker(threading.Thread):
    """Does one thing after the other where waiting is allowed; a daemon, so that it never holds the process back."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.start()

    def do(self, task: Callable[[], None] | None) -> None:
        """Queue a task; None ends the thread."""
        self._tasks.put(task)

    def run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


class BenchServer:
    """Serves `link` on the home's socket until it is told to stop or has been idle for long.

    `about` is told to everyone who says hello: kind of bench, first answers for Setup. Raises BenchRuns, PlaceRefused and OSError.
    """

    def __init__(
        self,
        link: Link,
        home: Home,
        *,
        about: Mapping[str, Any] | None = None,
        idle_end_s: float = IDLE_END_S,
        drop_after_s: float = DROP_AFTER_S,
    ) -> None:
        self._link, self._idle_end_s, self._drop_after_s = link, idle_end_s, drop_after_s
        self._about = {"pid": os.getpid(), "started_unix_s": time.time(), **(about or {})}
        self.path = socket_place.socket_path(home)
        socket_place.own_folder(self.path.parent)
        self._lock = FileLock(str(socket_place.lock_path(self.path)), mode=0o600, thread_local=False)
        try:
            self._lock.acquire(timeout=LOCK_S)
        except Timeout as busy:
            raise BenchRuns(f"A bench of {home.data} runs already.") from busy
        try:
            self._listener = socket_place.listen(self.path)
        except OSError:
            self._lock.release()
            raise
        self._wake_up, self._woken = socket.socketpair()
        for end in (self._wake_up, self._woken):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain)
        self._connections: list[Connection] = []
        self._keys: Connection | None = None
        self._numbers = 0
        self._commands, self._lookups = _Worker("bench commands"), _Worker("bench look-ups")
        self._done: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._snapshot: Snapshot | None = None  # the one that was told last
        self._told = b""  # the same as JSON
        self._changed = False  # who looks on, or who has the keys
        self._idle_since = self._alone_since = time.monotonic()
        self._why = ""
        self._stop_asked: list[tuple[Connection, int]] = []
        self._left_alone = False  # the last screen has left since the session's record was told of one

    def stop(self, why: str) -> None:
        """End the service, the output off first; from any thread and from a signal handler."""
        self._why = self._why or why
        self._wake()

    def serve(self) -> bool:
        """Talk until the end. True when the output is proved off, or never was on."""
        log.info("the bench is open at %s, process %s", self.path, os.getpid())
        try:
            while not self._why:
                for key, events in self._selector.select(LOOK_S if self._connections else LOOK_ALONE_S):
                    key.data(events)
                while not self._done.empty():
                    self._done.get()()
                self._look()
                for one in list(self._connections):
                    if one.silent_s() > self._drop_after_s:
                        self._drop(one, f"it did not read for {self._drop_after_s:g} s")
                self._end_when_idle()
        finally:
            off = self._wind_down()
        return off

    # --- the end ------------------------------------------------------------------------------------------------

    def _end_when_idle(self) -> None:
        now, snapshot = time.monotonic(), self._link.snapshot()
        left_on = snapshot.unfinished is not None and snapshot.unfinished.output_on  # its supply is still looked for
        idle = snapshot.state in ("idle", "ended") and not snapshot.output_on and not left_on
        if self._connections:
            self._idle_since = self._alone_since = now
        elif not idle:
            self._idle_since = now
        if idle and not self._connections and now - self._idle_since >= self._idle_end_s:
            self._why = f"idle for {self._idle_end_s:g} s"
        elif snapshot.emulated and now - self._alone_since >= DEMO_END_S:
            self._why = f"nobody has looked at this built-in bench for {DEMO_END_S:g} s"

    def _wind_down(self) -> bool:
        started = time.monotonic()
        off = self._link.close(timeout_s=OFF_WITHIN_S)
        word = "proved off" if off else "NOT proved off"
        log.warning("the bench ends (%s); output %s after %.2f s", self._why or "a defect", word, time.monotonic() - started)
        for connection, number in self._stop_asked:
            self._answer(connection, number, off=off)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        for connection in list(self._connections):
            if connection.screen:
                self._answer(connection, 0, bye=self._why or "a defect", off=off)
            self._drop(connection, "")
        for worker in (self._commands, self._lookups):
            worker.do(None)
        self._selector.close()
        for end in (self._listener, self._wake_up, self._woken):
            end.close()
        self._lock.release()
        return off

    # --- connections --------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: there is nobody to wake
            self._wake_up.send(b"x")

    def _drain(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _accept(self, _events: int) -> None:
        try:
            found, _ = self._listener.accept()
        except OSError:
            return
        if not socket_place.is_own(found) or len(self._connections) >= MOST_CONNECTIONS:
            log.warning("a connection was refused: another user's, or one too many")
            found.close()
            return
        self._numbers += 1
        connection = Connection(self._numbers, found)
        self._connections.append(connection)
        self._selector.register(found, selectors.EVENT_READ, lambda events: self._ready(connection, events))

    def _ready(self, connection: Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush(connection)
            if events & selectors.EVENT_READ and not connection.gone:
                for line in connection.lines():
                    if not connection.gone:
                        self._hear(connection, line)
        except Hangup as why:
            self._drop(connection, str(why))
        except Exception:
            log.exception("a screen's request ran into a defect; the screen is let go, the bench goes on")
            self._drop(connection, "a defect")

    def _flush(self, connection: Connection) -> None:
        if connection.gone:
            return
        try:
            wanted = selectors.EVENT_READ if connection.flush() else selectors.EVENT_READ | selectors.EVENT_WRITE
        except Hangup as why:
            self._drop(connection, str(why))
            return
        key = self._selector.get_key(connection.socket)
        if key.events != wanted:
            self._selector.modify(connection.socket, wanted, key.data)

    def _drop(self, connection: Connection, why: str) -> None:
        if connection.gone:
            return
        connection.gone = True
        self._last_word(connection)
        self._connections.remove(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()
        if connection is self._keys:
            self._keys = None
        if connection.screen:
            self._changed = True
            why = connection.leaves or why
            log.info("screen %s has left%s; %s look on", connection.number, why and f": {why}", self._screens)
            if not self._why:
                self._record_leaving(connection, why)

    def _last_word(self, connection: Connection) -> None:
        """An answer that nobody takes any more may be noticed before what the screen said last is heard."""
        if connection.screen and not connection.leaves:
            with contextlib.suppress(Hangup, CodecError):
                for request in map(codec.parse, connection.lines()):
                    if request.get("ask") == "leave":
                        self._leave(connection, 0, request)

    def _record_leaving(self, connection: Connection, why: str) -> None:
        """The session's record tells of the last screen that leaves, and of any that was lost or ended by a signal."""
        self._left_alone = self._left_alone or not self._screens
        if self._screens and connection.leaves == CLOSED:
            return
        who = f"screen {connection.number} has left" if self._screens else "the last screen has left; the bench goes on alone"
        self._record("link_lost", f"{who} ({why or 'its line broke'})")

    def _record(self, kind: Literal["link_lost", "link_back", "ack"], text: str) -> None:
        def task() -> None:
            try:
                self._link.send(ScreenEvent(kind, text))
            except Exception:
                log.exception("the record could not be told: %s", text)

        self._commands.do(task)

    @property
    def _screens(self) -> int:
        return sum(connection.screen for connection in self._connections)

    # --- out ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Put the newest Snapshot into every screen's one place."""
        snapshot = self._link.snapshot()
        if not self._screens or (snapshot is self._snapshot and not self._changed):
            return
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            try:
                self._told = codec.line(codec.to_json(snapshot)).rstrip()
            except CodecError:
                log.exception("a Snapshot could not be told")
        self._changed = False
        for connection in list(self._connections):
            if connection.screen and self._told:
                keys = "true" if connection is self._keys else "false"
                head = f'{{"v":{VERSION},"keys":{keys},"screens":{self._screens},"snapshot":'
                connection.show(head.encode() + self._told + b"}\n")
                self._flush(connection)

    def _answer(self, connection: Connection, number: int, **fields: Any) -> None:
        if connection.gone:
            return
        try:
            connection.answer(codec.line({"v": VERSION, "id": number, **fields}))
        except Hangup as why:
            self._drop(connection, str(why))
        self._flush(connection)

    # --- in -----------------------------------------------------------------------------------------------------

    def _hear(self, connection: Connection, line: bytes) -> None:
        try:
            request = codec.parse(line)
        except CodecError as problem:
            raise Hangup(str(problem)) from problem
        number, ask = request.get("id"), request.get("ask")
        number = number if isinstance(number, int) else 0
        try:
            if ask not in IN_DANGER:
                codec.check_version(request)
            handler = self._HANDLERS.get(ask) if isinstance(ask, str) else None
            if handler is None:
                raise CodecError("The bench does not know this request.")
            handler(self, connection, number, request)
        except CodecError as problem:
            self._answer(connection, number, refused=str(problem))

    def _hello(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        """A screen looks on from here. It has the keys when nobody else has."""
        connection.screen = self._changed = True
        if self._keys is None:
            self._keys = connection
        if self._left_alone:
            self._left_alone = False
            self._record("link_back", f"a screen looks on again: screen {connection.number}")
        log.info("screen %s looks on; %s now", connection.number, self._screens)
        self._answer(connection, number, **self._about)

    def _seen(self, connection: Connection, _number: int, _request: dict[str, Any]) -> None:
        connection.seen()
        self._flush(connection)

    def _leave(self, connection: Connection, _number: int, request: dict[str, Any]) -> None:
        why = str(request.get("why", ""))[:WHY_SHOWN]
        connection.leaves = "".join(sign if sign.isprintable() else "?" for sign in why)

    def _take_keys(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        self._keys, connection.screen, self._changed = connection, True, True
        log.info("screen %s has the keys", connection.number)
        self._answer(connection, number, ok=True)

    def _status(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        snapshot = self._link.snapshot()
        told = {name: getattr(snapshot, name) for name in ("state", "session", "bank", "supply", "output_on")}
        left = snapshot.unfinished
        told["unfinished"] = "" if left is None else f"{left.session} ({left.bank}): {left.problem}"
        self._answer(connection, number, **self._about, **told, screens=self._screens)

    def _ack(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        """Somebody is there, wherever he is: told to the bench, and what the bench then does is told to him."""

        def tell() -> dict[str, Any]:
            before = self._link.snapshot()
            outcome = self._link.send(Present())
            self._link.send(ScreenEvent("ack", "somebody is there, told by topbalance ack"))
            until = time.monotonic() + SHOWN_WITHIN_S
            while (snapshot := self._link.snapshot()) is before and time.monotonic() < until:
                time.sleep(0.01)
            told = {name: getattr(snapshot, name) for name in ("state", "session", "bank", "output_on", "next", "target_v", "series")}
            due = {name: getattr(snapshot, name) for name in ("attention_due_s", "reading_due_s")}
            volts = {name: getattr(snapshot.cells_v, name) for name in ("value", "trust", "age_s")}
            alarms = [{"level": alarm.level, "title": alarm.title, "text": alarm.text} for alarm in snapshot.alarms]
            if snapshot.call is not None:
                alarms.insert(
                    0, {"level": "call", "title": snapshot.call.title, "text": " ".join((snapshot.call.text, *snapshot.call.hands))}
                )
            return {"ok": outcome.ok, "message": outcome.message, **told, **due, "cells_v": volts, "alarms": alarms}

        self._later(self._lookups, connection, number, tell)

    def _off(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        self._link.stop_output()
        self._answer(connection, number, ok=True)
        log.warning("output off, asked for by connection %s", connection.number)

    def _stop(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        self._stop_asked.append((connection, number))
        self._why = "asked to stop"

    def _card(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        def look() -> dict[str, Any]:
            card = self._link.card()
            return {"card": None if card is None else codec.to_json(card)}

        self._later(self._lookups, connection, number, look)

    def _history(self, connection: Connection, number: int, request: dict[str, Any]) -> None:
        since_s = codec.number(request.get("since_s"), "since_s")
        self._later(self._lookups, connection, number, lambda: {"points": codec.write_points(self._link.history(since_s))})

    def _instruments(self, connection: Connection, number: int, _request: dict[str, Any]) -> None:
        self._later(self._lookups, connection, number, lambda: {"list": codec.to_json(self._link.instruments())})

    def _trace(self, connection: Connection, number: int, request: dict[str, Any]) -> None:
        address = request.get("address")
        if not isinstance(address, str):
            raise CodecError("A trace is of an address.")
        self._later(self._lookups, connection, number, lambda: {"lines": [codec.to_json(line) for line in self._link.trace(address)]})

    def _command(self, connection: Connection, number: int, request: dict[str, Any]) -> None:
        command = codec.read_command(request.get("command"))
        if isinstance(command, OutputOff):  # overtakes whatever the bench works on
            self._link.stop_output()
            self._answer(connection, number, outcome=codec.to_json(Outcome(True, "Output off was sent.")))
        elif isinstance(command, ScreenEvent):
            self._answer(connection, number, outcome=codec.to_json(Outcome(False, "The bench's server alone says this.")))
        elif connection is not self._keys and not isinstance(command, FROM_ANYBODY):
            self._answer(connection, number, outcome=codec.to_json(Outcome(False, NOT_YOURS)))
        else:
            self._later(self._commands, connection, number, lambda: {"outcome": codec.to_json(self._carry_out(connection, command))})

    def _carry_out(self, connection: Connection, command: Command) -> Outcome:
        if connection.gone and not isinstance(command, Emergency):  # nobody waits for it any more: what was not begun is not begun now
            return Outcome(False)
        return self._link.send(command)

    def _later(self, worker: _Worker, connection: Connection, number: int, work: Callable[[], dict[str, Any]]) -> None:
        """Do on a thread of its own what may wait for the bench, and answer afterwards."""
        if connection.waiting >= MOST_WAITING:
            raise CodecError("Too many requests wait for the bench. Try again when they are answered.")
        connection.waiting += 1

        def task() -> None:
            try:
                found = work()
            except Exception as defect:
                log.exception("a request ran into a defect")
                found = {"refused": f"The bench ran into a defect with this: {type(defect).__name__}."}

            def tell() -> None:
                connection.waiting -= 1
                self._look()
                self._answer(connection, number, **found)

            self._done.put(tell)
            self._wake()

        worker.do(task)

    _HANDLERS: Mapping[str, Callable[[BenchServer, Connection, int, dict[str, Any]], None]] = {
        "hello": _hello,
        "seen": _seen,
        "leave": _leave,
        "ack": _ack,
        "card": _card,
        "history": _history,
        "instruments": _instruments,
        "trace": _trace,
        "command": _command,
        "keys": _take_keys,
        "status": _status,
        "off": _off,
        "stop": _stop,
    }
