"""A pseudo-terminal with a program in it: plays the terminal's side, stamps every piece of output, and can show the screen as text.

The reading thread does nothing but read and stamp; the emulated screen follows later, from the recorded pieces, so that its cost is in no
figure.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil
import pyte

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"escape": "\x1b", "enter": "\r", "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~"}
SLICE_BYTES = 64  # a slow line hands over pieces of this size

_SYNC_QUESTION = b"\x1b[?2026$p"
_SYNC_ANSWER = b"\x1b[?2026;2$y"  # synchronised output is there and off, as with most terminals of today
_NOT_FOR_PYTE = re.compile(r"\x1b(?:\[[<=>][0-9;]*[A-Za-z]|\[[?0-9;]*\$[a-z]|P[^\x1b]*\x1b\\)")
_UNFINISHED = re.compile(r"\x1b(?:[^A-Za-z\\]*|P[^\x1b]*\x1b?)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that one read brought, and when (monotonic clock, s)."""

    at_s: float
    data: bytes


class Emulation:
    """The screen as a terminal would show it after the pieces fed so far."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""

    def feed(self, data: bytes) -> None:
        text = self._held + self._decode(data)
        open_end = _UNFINISHED.search(text)
        self._held = open_end.group() if open_end else ""
        text = text[: len(text) - len(self._held)]
        self._stream.feed(_NOT_FOR_PYTE.sub("", text))

    def lines(self) -> list[str]:
        return list(self._screen.display)


class Terminal:
    """`command` in a pseudo-terminal of `columns` × `rows`, ended by the `with` statement's end. Set `drain_bytes_per_s` for a slow line."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.pieces: list[Piece] = []
        self.ended = False
        self.drain_bytes_per_s: float | None = None
        self._news = threading.Condition()
        self._emulation = Emulation(columns, rows)
        self._emulated = 0  # pieces that the emulated screen has seen
        variables = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], **environment}
        self.started_s = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(ROOT)
                os.execvpe(command[0], list(command), variables)
            finally:
                os._exit(127)
        self.process = psutil.Process(self.pid)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self) -> None:
        tail = b""
        while True:
            rate = self.drain_bytes_per_s
            try:
                data = os.read(self._fd, 65536 if rate is None else SLICE_BYTES)
            except OSError:  # the program has let go of its side
                data = b""
            at_s = time.monotonic()
            with self._news:
                if data:
                    self.pieces.append(Piece(at_s, data))
                else:
                    self.ended = True
                self._news.notify_all()
            if not data:
                return
            if _SYNC_QUESTION in tail + data:
                self._write(_SYNC_ANSWER)
            tail = data[-len(_SYNC_QUESTION) + 1 :]
            if rate is not None:
                time.sleep(max(0.0, at_s + len(data) / rate - time.monotonic()))

    def _write(self, data: bytes) -> None:
        with suppress(OSError):
            os.write(self._fd, data)

    # --- keys and output ------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> float:
        """Press keys by name or as text; tells when (monotonic clock, s)."""
        at_s = time.monotonic()
        for key in keys:
            self._write(KEYS.get(key, key).encode())
        return at_s

    def bytes_seen(self) -> int:
        with self._news:
            return sum(len(piece.data) for piece in self.pieces)

    def first_piece_after(self, seen: int, longest_s: float) -> float | None:
        """When the next piece after the first `seen` ones came; None when none came within `longest_s`."""
        with self._news:
            self._news.wait_for(lambda: len(self.pieces) > seen or self.ended, longest_s)
            return self.pieces[seen].at_s if len(self.pieces) > seen else None

    def wait_quiet(self, quiet_s: float, longest_s: float) -> bool:
        """Wait until something has come, and then nothing for `quiet_s`; False when that did not happen within `longest_s`."""
        end_s = time.monotonic() + longest_s
        while (now_s := time.monotonic()) < end_s:
            with self._news:
                last_s = self.pieces[-1].at_s if self.pieces else now_s
                if now_s - last_s >= quiet_s:
                    return True
                if self.ended:
                    return False
                self._news.wait(quiet_s - (now_s - last_s))
        return False

    # --- what the screen shows ------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The screen now."""
        self._catch_up()
        return self._emulation.lines()

    def text(self) -> str:
        return "\n".join(self.lines())

    def _catch_up(self) -> None:
        with self._news:
            new = self.pieces[self._emulated :]
            self._emulated = len(self.pieces)
        for piece in new:
            self._emulation.feed(piece.data)

    def wait_for(self, condition: Callable[[list[str]], bool], longest_s: float) -> float:
        """When the screen first fulfilled `condition` (looked at piece by piece). Raises TimeoutError with the screen's text."""
        end_s = time.monotonic() + longest_s
        while True:
            with self._news:
                self._news.wait_for(lambda: len(self.pieces) > self._emulated or self.ended, max(0.0, end_s - time.monotonic()))
                piece = self.pieces[self._emulated] if len(self.pieces) > self._emulated else None
            if piece is None:
                raise TimeoutError("the screen never came to what was waited for:\n" + "\n".join(self._emulation.lines()))
            self._emulated += 1
            self._emulation.feed(piece.data)
            if condition(self._emulation.lines()):
                return piece.at_s

    # --- the process ----------------------------------------------------------------------------------------------

    def cpu_s(self) -> float:
        """Processor seconds that the program has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End the program: politely, then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(psutil.NoSuchProcess):
                self.process.send_signal(number)
            try:
                self.process.wait(5.0)
                break
            except psutil.TimeoutExpired:
                continue
        os.close(self._fd)


def shows(part: str, lines: Iterable[str]) -> bool:
    """Whether `part` stands in some line."""
    return any(part in line for line in lines)
