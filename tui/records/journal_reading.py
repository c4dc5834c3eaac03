"""Reading a journal back: its lines one by one, whether its chain holds, and where its last whole line ends."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tui.domain.plain_text import plain_text, plain_values

try:
    import fcntl
except ImportError:  # a system without advisory locks
    fcntl = None  # type: ignore[assignment]

GENESIS = "0" * 64
FORMAT = 1
"""Of the lines of a journal; grows when an older program would read one wrong."""
_decode = json.JSONDecoder().decode
_HASH_KEY = b',"hash":"'
_HASH_TAIL = len(_HASH_KEY) + 64 + len(b'"}')


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found. `first_bad_seq` is the number that the first unfitting line should have had.

    `lines` counts the good lines before it, and `head_hash` is the hash of the last of them.
    """

    ok: bool
    lines: int
    head_hash: str
    torn_tail: bool = False
    first_bad_seq: int | None = None
    message: str = ""


def read(path: Path | str) -> Iterator[dict[str, Any]]:
    """The lines of a journal in order, one in memory at a time, also while it is being written.

    A torn tail ends the reading; a line that cannot be read is left out (`verify` tells). Raises FileNotFoundError.
    """
    with Path(path).open("rb") as file:
        for raw in file:
            line = parse_line(raw)
            if line is not None:
                yield line


class Checked:
    """The lines of a journal as `read` gives them, judged on the way: afterwards `report` is what `verify` would say.

    One passage for whoever needs both, which of a long session is seconds. Raises FileNotFoundError.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.broken: ChainReport | None = None  # the first fault; what follows it is read, but proved by nothing
        self._lines, self._seq, self._head = 0, 0, GENESIS
        self._unreadable = False  # a line that was none, with nothing readable behind it so far

    @property
    def report(self) -> ChainReport:
        """Of what was read so far."""
        if self.broken is not None:
            return self.broken
        message = f"{self.path.name}: the chain holds over {self._lines} lines."
        if self._unreadable:
            message = f"{message[:-1]}; the last line is torn, which is no fault."
        return ChainReport(True, self._lines, self._head, self._unreadable, None, message)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as file:
            for raw in file:
                line = parse_line(raw)
                if line is None:  # torn, if nothing readable follows
                    self._unreadable = True
                    continue
                if self.broken is None:
                    self._judge(raw, line)
                yield line

    def _judge(self, raw: bytes, line: dict[str, Any]) -> None:
        newer = too_new(line, self.path.name) if self._lines == 0 else ""
        if newer:
            self.broken = ChainReport(False, 0, GENESIS, message=f"{newer} Its chain was not judged.")
            return
        fault = "unreadable lines before it" if self._unreadable else _fault(raw, line, self._seq, self._head)
        if fault:
            at = self._seq + 1
            message = f"{self.path.name}: the chain breaks at line {at}: {fault}. What follows it is not proved to be as it was written."
            self.broken = ChainReport(False, self._lines, self._head, False, at, message)
            return
        self._lines, self._seq, self._head = self._lines + 1, line["seq"], line["hash"]


def verify(path: Path | str) -> ChainReport:
    """Whether every line is the one that was written, in the order written. A torn last line is no fault. Raises FileNotFoundError."""
    checked = Checked(path)
    for _ in checked:
        if checked.broken is not None:
            break
    return checked.report


def parse_line(raw: bytes) -> dict[str, Any] | None:
    """One whole line as an object; None when it is torn or not one of ours."""
    if not raw.endswith(b"\n"):
        return None
    try:
        line = _decode(raw.decode("utf-8"))
    except ValueError:
        return None
    if (
        isinstance(line, dict)
        and isinstance(line.get("seq"), int)
        and isinstance(line.get("hash"), str)
        and isinstance(line.get("kind"), str)
    ):
        return line
    return None


def shown_line(raw: bytes) -> dict[str, Any] | None:
    """The same for a screen: no text in it holds signs that steer one. A journal may come from another home."""
    line = parse_line(raw)
    if line is None or (b"\\" not in raw and raw.isascii() and b"\x7f" not in raw):
        return line
    plain: dict[str, Any] = plain_values(line)
    return plain


def first_line(file: io.FileIO) -> dict[str, Any]:
    """The first line of the file, {} where it cannot be read. Moves the file's place."""
    file.seek(0)
    reader = io.BufferedReader(file)
    raw = reader.readline()
    reader.detach()  # or it would close the file
    return parse_line(raw) or {}


def too_new(first: dict[str, Any], name: str) -> str:
    """Why a journal with this first line cannot be judged or written on here; "" where it can. One without a format is of the first."""
    written = first.get("format", 1)
    if isinstance(written, int) and written <= FORMAT:
        return ""
    written = plain_text(str(written))
    return f"{name} was written by a newer topbalance (journal format {written}; this one knows {FORMAT}). Start the newer version for it."


def last_line(file: io.FileIO) -> tuple[int, dict[str, Any] | None]:
    """Where the last readable line of the file ends, and that line; (0, None) when there is none. Reads from the end only."""
    size = file.seek(0, io.SEEK_END)
    window = 1 << 16
    while True:
        start = max(0, size - window)
        file.seek(start)
        data = file.read(size - start)
        end = data.rfind(b"\n") + 1
        while end > 0:
            begin = data.rfind(b"\n", 0, end - 1) + 1
            if begin == 0 and start > 0:
                break  # may have begun before this window
            line = parse_line(data[begin:end])
            if line is not None:
                return start + end, line
            end = begin
        if start == 0:
            return 0, None
        window *= 4


def backwards(path: Path | str) -> Iterator[dict[str, Any]]:
    """The lines of a journal from its end to its beginning; what is torn or unreadable is left out. Raises FileNotFoundError."""
    with Path(path).open("rb") as file:
        start, rest = file.seek(0, io.SEEK_END), b""
        while start > 0:
            size = min(start, 1 << 16)
            start -= size
            file.seek(start)
            head, *pieces = (file.read(size) + rest).split(b"\n")
            for raw in reversed(pieces[:-1]):  # behind the last newline stands nothing, or a torn line
                line = parse_line(raw + b"\n")
                if line is not None:
                    yield line
            rest = head + (b"\n" if pieces else b"")
        line = parse_line(rest)
        if line is not None:
            yield line


def tail(path: Path | str, size: int = 1 << 16) -> list[dict[str, Any]]:
    """The lines within the last `size` bytes of a journal; [] where there is none."""
    try:
        with Path(path).open("rb") as file:
            end = file.seek(0, io.SEEK_END)
            file.seek(max(0, end - size))
            if end > size:
                file.readline()  # begins in the middle
            return [line for raw in file if (line := parse_line(raw)) is not None]
    except FileNotFoundError:
        return []


def own(descriptor: int) -> None:
    """Be the only writer of an open file, or raise OSError: two would tear the chain. Ends when the file is closed or the process dies."""
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(errno.EAGAIN, "another process is writing it") from error


def is_being_written(path: Path | str) -> bool:
    """Whether a living process has this journal open for writing; False where the system cannot tell."""
    if fcntl is None:
        return False
    try:
        with Path(path).open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _fault(raw: bytes, line: dict[str, Any], seq: int, head: str) -> str:
    """Why this line cannot follow line `seq` with hash `head`; "" when it does."""
    whole = raw[:-1]
    if whole[-_HASH_TAIL:] != _HASH_KEY + line["hash"].encode("utf-8", "replace") + b'"}':
        return "its hash is not in its place"
    if sha256(whole[:-_HASH_TAIL] + b"}").hexdigest() != line["hash"]:
        return "its content is not what was hashed"
    if line.get("prev_hash") != head:
        return "it does not follow the line before it"
    lost_lines = line.get("lost_lines", 1)  # a gap line stands for the lines that a full disk cost
    if not isinstance(lost_lines, int) or lost_lines < 1 or line["seq"] != seq + lost_lines:
        return f"its number is {line['seq']}"
    return ""
