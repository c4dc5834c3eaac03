"""One byte line opened by any pyserial URL: a device path, socket://host:port, rfc2217://host:port, a pseudo-terminal; and by listen://host:port,
where the instrument connects to this computer.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from pathlib import Path
from typing import Any, Literal

import serial

from drivers import trace
from drivers.roles import LostLine

try:
    from termios import error as _Refusal  # of a setting; no OSError
except ImportError:  # Windows: pyserial raises what the line makes a LostLine of

    class _Refusal(Exception):  # type: ignore[no-redef]
        """Never raised there."""


Direction = Literal[">", "<", "x"]  # sent, received, dropped unread
MOST_WAITING_BYTES = 65536  # taken at once of what waits; the rest stays with the system
MOST_TRACED_BYTES = 512  # kept of one exchange
LISTEN = "listen://"


class SerialLine:
    """A line with one owner. Waiting is done by the operating system, never by polling; deadlines and gaps are wall seconds.

    A line that broke stays usable: each later call tries once to open it again, and raises LostLine until that works. What stands at the
    other end then may be another device, so a driver identifies it afresh before it writes.

    `gap_s`: smallest time between the last byte of one exchange and the next request; a driver that found a slower device may change it.
    `dtr`, `rts`: levels set before the port opens (boards reset on DTR, some meters live from it). `frame`: data bits, parity and stop bits, as
    "8N1" or "7O1"; a port that cannot do it, as a pseudo-terminal cannot, is opened as 8N1, where eight bits carry seven with their parity.
    `trace` keeps the newest exchanges as (wall time, direction, bytes).
    """

    def __init__(
        self,
        url: str,
        *,
        baud: int = 115200,
        gap_s: float = 0.05,
        dtr: bool = False,
        rts: bool = False,
        frame: str = "8N1",
        write_deadline_s: float = 1.0,
        trace_length: int = 400,
    ) -> None:
        self.url = url
        self.trace: deque[tuple[float, Direction, bytes]] = deque(maxlen=trace_length)
        self._baud, self.gap_s, self._dtr, self._rts, self._frame = baud, gap_s, dtr, rts, frame
        self._write_deadline_s = write_deadline_s
        self._last_byte_s = -1e9
        self._closed = False
        self._port: Any = None  # a pyserial port; the URL handlers share no typed base
        self._open()
        trace.opened(self)

    @property
    def title(self) -> str:
        return f"{self.url}, {self._baud} {self._frame}"

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        """See `roles.Line`. Raises LostLine."""
        wait_s = self._last_byte_s + self.gap_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        try:
            port = self._opened()
            if stale := self._waiting(port):
                self._note("x", stale)
            self._note(">", request)
            port.write(request)
            answer = self._gather(port, expect, deadline_s, end, silence_s) if expect else b""
        except OSError as error:
            raise self._lost("exchange", error) from error
        finally:
            self._last_byte_s = time.monotonic()
        if expect:
            self._note("<", answer)
        return answer

    def write(self, data: bytes) -> None:
        try:
            self._opened().write(data)
        except OSError as error:
            raise self._lost("write", error) from error
        self._note(">", data)

    def read_available(self) -> bytes:
        """What has arrived since the last call, without waiting."""
        try:
            data = self._waiting(self._opened())
        except OSError as error:
            raise self._lost("read", error) from error
        if data:
            self._note("<", data)
        return data

    def close(self) -> None:
        """Close for good; a second call does nothing."""
        if self.url.startswith(LISTEN) and not self._closed:
            from drivers import protocol_listen

            protocol_listen.stop_listening(self.url)
        self._closed = True
        self._drop_port()

    # --- inside ---

    @staticmethod
    def _gather(port: Any, expect: int, deadline_s: float, end: bytes, silence_s: float) -> bytes:
        """What arrives: all that is expected in one wait of the system where nothing else ends it, else piece by piece."""
        if not end and not silence_s:
            if port.timeout != deadline_s:
                port.timeout = deadline_s
            return bytes(port.read(expect))
        answer, stop_s = b"", time.monotonic() + deadline_s
        while len(answer) < expect and not (end and answer.endswith(end)):
            left_s = stop_s - time.monotonic()
            port.timeout = max(min(left_s, silence_s) if answer and silence_s else left_s, 0.0)
            came = port.read(1)
            if not came:
                break
            if waiting := min(port.in_waiting, expect - len(answer) - 1):
                port.timeout = 0
                came += port.read(waiting)
            answer += came
        return answer

    @staticmethod
    def _waiting(port: Any) -> bytes:
        data = b""
        while (count := port.in_waiting) and len(data) < MOST_WAITING_BYTES:  # a socket tells only "some", so ask again
            data += port.read(min(count, MOST_WAITING_BYTES - len(data)))
        return data

    def _note(self, direction: Direction, data: bytes) -> None:
        self.trace.append((time.time(), direction, data[:MOST_TRACED_BYTES]))

    def _opened(self) -> Any:
        if self._port is None:
            if self._closed:
                raise LostLine(self.url, "use the line", "the line was closed by this program.")
            self._open()
        return self._port

    def _open(self) -> None:
        if self.url.startswith(LISTEN) and __package__ not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(__package__)  # it finds our protocol_listen there
        try:
            try:
                port = self._port_of(self._frame)
            except _Refusal:
                port = self._port_of("8N1")
        except _Refusal as error:
            raise self._lost("open the line", OSError(errno.EINVAL, f"the port refuses its settings: {error}")) from error
        except ValueError as error:
            raise LostLine(
                self.url, "open the line", f"this is no line: {error}.", "Give a device path, socket://…, rfc2217://… or listen://…."
            ) from error
        except OSError as error:
            raise self._lost("open the line", error) from error
        self._port = port

    def _port_of(self, frame: str) -> Any:
        port = serial.serial_for_url(self.url, do_not_open=True, baudrate=self._baud, timeout=0.5, write_timeout=self._write_deadline_s)
        port.bytesize, port.parity, port.stopbits = int(frame[0]), frame[1], int(frame[2])
        port.dtr, port.rts = self._dtr, self._rts
        if "://" not in self.url:
            port.exclusive = True
        port.open()
        if frame != "8N1":  # the system may take a frame that the port cannot do the first time, and refuse it with the next setting
            try:
                port.timeout = 0.4
            except _Refusal:
                port.close()
                raise
        return port

    def _drop_port(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except OSError:
                self._note("x", b"")  # already gone: nothing left to close

    def _lost(self, request: str, error: OSError) -> LostLine:
        self._drop_port()
        what, look_at = _human(self.url, error)
        return LostLine(self.url, request, what, look_at)


def _human(url: str, error: OSError) -> tuple[str, str]:
    """What happened and what to look at, for a person."""
    if url.startswith(LISTEN):
        what = f"the instrument's connection ended ({error})" if "failed" in str(error) else str(error).rstrip(".")
        return f"{what}.", "Set the instrument's WiFi menu to this computer's address and this port; does a firewall let it in?"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied.", f"Your user must be in the group {_group(url)} that owns the port; log in again after joining it."
    if error.errno == errno.ENOENT:
        return "there is no such port.", "Is the cable in? Ports are numbered anew when a cable is plugged in again."
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return "another program holds the port.", "Close it (a terminal program, another copy of this one) and try again."
    if "://" in url and "Could not open port" in str(error):  # pyserial hides what the system said in its words
        return (
            f"nobody takes the connection ({str(error).rpartition('] ')[2] or error}).",
            "Is the instrument on the network, and is the port number right?",
        )
    if error.errno == errno.ECONNREFUSED or isinstance(error, ConnectionError):
        return f"the connection failed ({error}).", "Is the instrument on the network, and is the port number right?"
    if "returned no data" in str(error):  # pyserial: "device reports readiness to read but returned no data"
        return (
            "the system announced an answer, but no byte of it was there: another program reads from this port, or the cable was pulled.",
            "Close whatever else uses the port (a terminal program, another copy of this one), then look at the cable.",
        )
    if isinstance(error, serial.SerialTimeoutException):
        return "the port takes no bytes.", "The adapter hangs: unplug it and plug it in again."
    if error.errno == errno.ENOTTY or "Inappropriate ioctl" in str(error):
        return "this is no serial port.", "Give the port's device, such as /dev/ttyUSB0."
    return f"the line is gone ({error}).", "Is the cable in? Does another program read from the port?"


def _group(url: str) -> str:
    try:
        return f"'{Path(url).group()}'"
    except (OSError, KeyError, NotImplementedError):
        return "'dialout' or 'uucp'"
