"""One connection as the bench holds it: lines in, answers out, and one place for the newest Snapshot. Nothing here waits."""

from __future__ import annotations

import socket
import time

from tui.bench.codec import LONGEST_LINE

MOST_UNREAD = 4_000_000
"""Bytes of answers that may wait for one screen."""

CLOSED = "closed by its user"


class Hangup(Exception):
    """The other side is gone, or is not to be kept; the text says why, "" for an ordinary end."""


class Connection:
    """A non-blocking socket. `screen` is set once it looks on, `waiting` counts its requests that the bench works on."""

    def __init__(self, number: int, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.number, self.socket = number, connection
        self.screen = self.gone = False
        self.leaves = ""  # its own word on why, when it said one
        self.waiting = 0
        self._inbox = bytearray()
        self._out = bytearray()  # what the kernel has not taken yet
        self._slot = b""  # the one place: a newer Snapshot replaces one that was not sent
        self._unseen_since: float | None = None  # a Snapshot was sent, and nothing says that it was read
        self._stuck_since: float | None = None  # the kernel takes no more

    def answer(self, line: bytes) -> None:
        """Queue an answer. Raises Hangup for one who asks and never reads."""
        self._out += line
        if len(self._out) > MOST_UNREAD:
            raise Hangup("it does not read its answers")

    def show(self, line: bytes) -> None:
        """Queue a Snapshot: it is sent when the one before was read."""
        self._slot = line

    def seen(self) -> None:
        self._unseen_since = None

    def flush(self) -> bool:
        """Give the kernel what it takes at once. True when nothing is left to give now; raises Hangup."""
        try:
            while self._out or (self._slot and self._unseen_since is None):
                if not self._out:
                    self._out += self._slot
                    self._slot, self._unseen_since = b"", time.monotonic()
                del self._out[: self.socket.send(self._out)]
                self._stuck_since = None
        except BlockingIOError:
            self._stuck_since = self._stuck_since or time.monotonic()
            return False
        except OSError as problem:
            raise Hangup("") from problem
        return True

    def silent_s(self) -> float:
        """For how long it has not read what was sent to it."""
        since = [moment for moment in (self._unseen_since, self._stuck_since) if moment is not None]
        return time.monotonic() - min(since) if since else 0.0

    def lines(self) -> list[bytes]:
        """The whole lines that have come; raises Hangup."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return []
        except OSError as problem:
            raise Hangup("") from problem
        if not data:
            raise Hangup("")
        self._inbox += data
        *whole, rest = self._inbox.split(b"\n")
        self._inbox = bytearray(rest)
        if max(map(len, (*whole, rest))) > LONGEST_LINE:
            raise Hangup("its line has no end")
        return [bytes(line) for line in whole]
