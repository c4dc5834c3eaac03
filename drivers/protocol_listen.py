"""listen://HOST:PORT for pyserial: a line to an instrument that connects to this computer, as a Riden's WiFi module does.

pyserial finds this module by its name (`line` adds our package to its list when such a line is opened). HOST is an address of this computer;
0.0.0.0 takes connections on all of them. Whoever connects is served: who it is, the driver's identification tells.

The computer listens from the first `open` until `stop_listening`, also while nobody is connected, so that an instrument that tries now and
then is not sent away. One connection at a time is used. Another one is taken only when the present one ended or stays silent, and never
without an error between the two, so that the driver identifies afresh.
"""

from __future__ import annotations

import socket
import threading
from select import select
from typing import Any
from urllib.parse import urlsplit

from serial import SerialException
from serial.urlhandler import protocol_socket

SCHEME = "listen://"
FIRST_WAIT_S, WAIT_S = 5.0, 1.0
"""How long one `open` waits for somebody to connect: the one that begins to listen, and those after it."""

_doors: dict[tuple[str, int], socket.socket] = {}
_lock = threading.Lock()


class NobodyConnected(SerialException):
    """This computer listens, and no instrument has connected."""


class NotListening(SerialException):
    """This computer cannot listen there; the text says why."""


def place(url: str) -> tuple[str, int]:
    """Host and port. Raises ValueError."""
    parts = urlsplit(url)
    if f"{parts.scheme}://" != SCHEME or not parts.hostname or not parts.port or parts.path not in ("", "/"):
        raise ValueError(f"'{url}' is not of the form listen://HOST:PORT, as in listen://0.0.0.0:8080")
    return parts.hostname, parts.port


def stop_listening(url: str) -> None:
    """Let the port go; nothing happens where nobody listens."""
    with _lock:
        door = _doors.pop(place(url), None)
    if door is not None:
        door.close()


def _door(url: str) -> tuple[socket.socket, bool]:
    """Where it is listened, and whether that begins now."""
    where = host, port = place(url)
    with _lock:
        if where in _doors:
            return _doors[where], False
        try:
            _doors[where] = socket.create_server(where, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            raise NotListening(f"this computer cannot listen at {host}, port {port}: {error.strerror or error}.") from error
        return _doors[where], True


def _knocks(door: socket.socket, wait_s: float) -> bool:
    try:
        return bool(select([door], [], [], wait_s)[0])
    except ValueError as error:
        raise NotListening("this computer has stopped listening.") from error


class Serial(protocol_socket.Serial):
    """pyserial's socket, but it is the other side that connects."""

    _socket: Any

    def open(self) -> None:
        """Take the connection that was made last. Raises NobodyConnected, NotListening, or ValueError for a wrong URL."""
        self.logger = None
        door, begun = _door(self.portstr or "")
        if not _knocks(door, FIRST_WAIT_S if begun else WAIT_S):
            host, port = place(self.portstr or "")
            raise NobodyConnected(f"no instrument has connected to this computer yet; it listens at {host}, port {port}.")
        self._socket = None
        while self._socket is None or _knocks(door, 0.0):
            if self._socket is not None:
                self._socket.close()
            self._socket, _ = door.accept()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self.is_open = True

    def close(self) -> None:
        """End the connection; this computer goes on listening."""
        if self.is_open:
            self.is_open = False
            self._socket.close()

    def read(self, size: int = 1) -> bytes:
        """Like any port's; where nothing comes and the instrument has connected anew, the old connection is dead."""
        data = bytes(super().read(size))
        if not data and size and self.timeout and _knocks(_door(self.portstr or "")[0], 0.0):
            raise SerialException("the instrument has connected anew; what it was asked before is lost")
        return data
