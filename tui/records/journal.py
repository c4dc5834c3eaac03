"""The journal of a session: append-only JSON Lines, each line complete by itself and chained to the one before by its hash.

One line is `{"seq", "kind", "test_time_s", "unix_time_s", …own fields…, "prev_hash", "hash"}`. `hash` is the SHA-256 of the line's
bytes without the `hash` field; `prev_hash` is the hash of the line before, 64 zeros on the first. A line that was changed, dropped
or put in later no longer fits. A line torn by a power cut is no fault: it was never acknowledged. The first line also tells the `format`
of all of them: a program that knows only an older one does not write on, and does not judge the chain.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import threading
import time
from collections import deque
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from tui.records.journal_reading import FORMAT, GENESIS, first_line, last_line, own, read, too_new, verify
from tui.records.places import make_private, open_private, sync_folder

__all__ = ["KINDS", "Journal", "JournalUnwritable", "read", "verify"]

KINDS = frozenset(
    {
        *(
            "session_start",
            "session_end",
            "step_enter",
            "step_leave",
            "gate_pass",
            "gate_refuse",
            "set",
            "readback",
            "output_on",
            "output_off",
        ),
        *("prompt", "answer", "reading", "correction", "warn", "hold", "trip", "call", "ack", "override", "gap", "glitch"),
        *("link_lost", "link_back", "limit_changed", "note"),
        "instrument",  # who answers on a line: model, serial number, firmware
        *("part_enter", "part_end", "remedy"),  # procedures of several parts
        *("checkpoint", "pause", "resume"),  # what a session goes on from after its program ended or died
    }
)
RESERVED = frozenset(("seq", "prev_hash", "hash", "lost_lines", "format"))
SYNC_INTERVAL_S = 10.0  # real seconds; readings younger than this may be lost in a power cut
RING_LINES = 10_000  # kept in memory while the disk refuses: nearly three hours at one reading a second

_encode = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


class JournalUnwritable(OSError):
    """A line that must be on disk before it is acknowledged did not get there. It was not kept: do not go on as if it were."""


class JournalTooNew(JournalUnwritable):
    """A newer program wrote this journal. Nothing was changed."""


class Journal:
    """The writer of one session's journal; one process and one object own it.

    `create=True` starts a new file (FileExistsError when there is one); `create=False` continues an existing one, after a crash too: a
    torn last line is kept aside as `<file>.torn-N` and cut. Raises JournalUnwritable when the file cannot be opened, or another
    process writes it, and JournalTooNew when a newer program wrote it.

    `problem` is "" while all is well, else a sentence for the operator. Safe to use from several threads.
    """

    def __init__(self, path: Path | str, *, create: bool) -> None:
        self.path = Path(path)
        self.problem = ""
        self.seq = 0  # of the last line
        self._lock = threading.Lock()
        self._hash = GENESIS
        self._size = 0  # bytes of whole lines; anything behind them in the file is a torn write of ours
        self._unsaved: deque[tuple[int, str, float, float]] = deque()  # seq, line without its hashes, test time, unix time
        self._lost = 0  # lines that fell out of the full ring
        self._lost_last: tuple[int, float, float] = (0, 0.0, 0.0)  # seq and times of the newest of them
        self._file: io.FileIO | None = None
        self._closed = False
        self._sync_due_s = 0.0  # of the monotonic clock
        try:
            if create:
                make_private(self.path.parent)
            self._file = io.FileIO(self.path, "xb+" if create else "rb+", opener=open_private)
            own(self._file.fileno())
            if not create:
                self._continue()
            self._file.seek(0, io.SEEK_END)
            self._sync()
            if create:
                sync_folder(self.path.parent)
        except (FileExistsError, FileNotFoundError):
            raise
        except JournalTooNew:
            if self._file is not None:
                self._file.close()
            raise
        except OSError as error:
            if self._file is not None:
                self._file.close()
            raise JournalUnwritable(self._words(error) + " No session can run without its journal.") from error

    @property
    def head_hash(self) -> str:
        """Hash of the last line on disk."""
        return self._hash

    @property
    def unsaved(self) -> int:
        """Lines that wait in memory for the disk, and lines that were lost to a full ring."""
        return len(self._unsaved) + self._lost

    def append(self, kind: str, *, test_time_s: float, unix_time_s: float, durable: bool = False, **fields: Any) -> int:
        """Write one line and return its `seq`.

        An ordinary line reaches the system at once and the disk within 10 s of real time; when it cannot, it waits in memory,
        `problem` says so, and every later call tries again in order. A `durable` line is on the disk when this returns, else
        JournalUnwritable is raised.
        Raises ValueError for an unknown kind, a reserved field, NaN, infinity, or what JSON cannot hold; the file is then untouched.
        """
        if kind not in KINDS:
            raise ValueError(f"the journal knows no line of the kind {kind!r}")
        if not RESERVED.isdisjoint(fields):
            raise ValueError(f"the fields {sorted(RESERVED & fields.keys())} belong to the journal itself")
        with self._lock:
            if self._closed:
                raise ValueError(f"the journal {self.path.name} is closed")
            seq = self.seq + 1
            if seq == 1:
                fields = {"format": FORMAT, **fields}
            start = _start_of_line(seq, kind, test_time_s, unix_time_s, fields)
            before = (self._hash, self._size)
            try:
                if self._file is None or self._unsaved or self._lost:
                    self._drain()
                    before = (self._hash, self._size)
                self._write(start)
            except OSError as error:
                if durable:
                    self._fail(error)
                    raise JournalUnwritable(self.problem) from error
                self._keep(seq, start, test_time_s, unix_time_s)
                self._fail(error)
                return seq
            self.seq = seq
            if durable or time.monotonic() >= self._sync_due_s:
                try:
                    self._sync()
                except OSError as error:
                    if durable:  # never acknowledged, so it must not stand there either: cut at the next write
                        self.seq, (self._hash, self._size) = seq - 1, before
                    self._fail(error)
                    if durable:
                        raise JournalUnwritable(self.problem) from error
            return seq

    def sync_if_due(self) -> None:
        """Bring readings to the disk that have waited 10 s, and try again what could not be written. Never raises for the disk's sake."""
        with self._lock:
            if self._closed or (not self.problem and time.monotonic() < self._sync_due_s):
                return
            try:
                self._drain()
                self._sync()
            except OSError as error:
                self._fail(error)

    def close(self) -> None:
        """Write and sync what waits, and let the file go. `problem` and `unsaved` tell what did not reach the disk."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._drain()
                self._sync()
            except OSError as error:
                self._fail(error)
            finally:
                if self._file is not None:
                    with contextlib.suppress(OSError):
                        self._file.close()
                    self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # --- inside, with the lock held -----------------------------------------------------------------------------------

    def _write(self, start: str) -> None:
        """Chain one line and hand it to the system whole, or raise OSError with the chain as it was."""
        assert self._file is not None
        body = f'{start},"prev_hash":"{self._hash}"'.encode("ascii")
        line_hash = sha256(body + b"}").hexdigest()
        line = b'%b,"hash":"%b"}\n' % (body, line_hash.encode("ascii"))
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, "no space left on device")
        self._hash = line_hash
        self._size += len(line)

    def _drain(self) -> None:
        """Write what waits, oldest first; lines that fell out of the ring leave one `gap` line that stands for them."""
        if self._file is None:
            self._reopen()
        if self._lost:
            seq, test_time_s, unix_time_s = self._lost_last
            text = f"{self._lost} lines were lost while the disk could not be written."
            self._write(_start_of_line(seq, "gap", test_time_s, unix_time_s, {"lost_lines": self._lost, "text": text}))
            self._lost = 0
        while self._unsaved:
            self._write(self._unsaved[0][1])
            self._unsaved.popleft()

    def _keep(self, seq: int, start: str, test_time_s: float, unix_time_s: float) -> None:
        self._unsaved.append((seq, start, test_time_s, unix_time_s))
        self.seq = seq
        if len(self._unsaved) > RING_LINES:
            gone = self._unsaved.popleft()
            self._lost += 1
            self._lost_last = (gone[0], gone[2], gone[3])

    def _fail(self, error: OSError) -> None:
        """Say what is wrong and drop the file: the next attempt opens it afresh (a stick may be back) and cuts what was half written."""
        self._sync_due_s = 0.0
        self.problem = self._words(error)
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _words(self, error: OSError) -> str:
        reason = (error.strerror or str(error)).lower()
        waiting = f" {self.unsaved} lines wait in memory and are written as soon as the disk takes them." if self.unsaved else ""
        return (
            f"The journal {self.path} cannot be written: {reason}. The charge is not being recorded."
            f"{waiting} Free some space, or see that the disk is there and writable."
        )

    def _reopen(self) -> None:
        file = io.FileIO(self.path, "rb+", opener=open_private)
        try:
            size = file.seek(0, io.SEEK_END)
            if size < self._size:
                raise OSError(errno.EIO, "the file is shorter than what was written to it; another program has changed it")
            self._file = file
            own(self._file.fileno())
            if size > self._size:
                file.truncate(self._size)
            file.seek(self._size)
        except OSError:
            self._file = None
            file.close()
            raise

    def _sync(self) -> None:
        assert self._file is not None
        descriptor = self._file.fileno()
        os.fsync(descriptor)
        if os.fstat(descriptor).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was deleted by another program")
        self._sync_due_s = time.monotonic() + SYNC_INTERVAL_S
        self.problem = ""

    def _continue(self) -> None:
        """Find the last whole line, keep aside what is torn behind it, and cut there."""
        assert self._file is not None
        newer = too_new(first_line(self._file), self.path.name)
        if newer:
            raise JournalTooNew(f"{newer} It was left as it is.")
        self._size, last = last_line(self._file)
        if last is not None:
            self.seq, self._hash = last["seq"], last["hash"]
        self._file.seek(self._size)
        torn = self._file.readall()
        if not torn:
            return
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.torn-{number}")).exists():
            number += 1
        with open(aside, "xb", opener=open_private) as keep:
            keep.write(torn)
            keep.flush()
            os.fsync(keep.fileno())
        sync_folder(self.path.parent)
        self._file.truncate(self._size)


def _start_of_line(seq: int, kind: str, test_time_s: float, unix_time_s: float, fields: dict[str, Any]) -> str:
    """The line up to its hashes, without the closing brace. Raises ValueError for what JSON cannot hold."""
    try:
        return _encode({"seq": seq, "kind": kind, "test_time_s": test_time_s, "unix_time_s": unix_time_s, **fields})[:-1]
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"a {kind} line cannot be journalled: {error}") from error
