"""What went over a line, byte for byte: who holds the line of a driver, what it kept, and that as text for a bug report.

A `SerialLine` keeps its newest exchanges by itself. `line_of` leads from any driver to its line, so that a screen shows them live; `kept` notes
every line that is opened meanwhile, for a command that writes them to a file although the driver is long gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from drivers.roles import Line

Exchange = tuple[float, str, bytes]
"""Wall time in seconds since 1970-01-01 UTC; ">" sent, "<" received, "x" dropped unread; the bytes."""
BYTES_A_ROW = 16
FOREWORD = "# > sent, < received, x came unasked and was dropped; the bytes may hold the instrument's serial number\n"


class Traced(Protocol):
    """A line that keeps what went over it."""

    @property
    def title(self) -> str:
        """Which line, and how it was opened: "/dev/ttyUSB0, 115200 8N1"."""
        ...

    @property
    def trace(self) -> Iterable[Exchange]:
        """The newest exchanges, oldest first."""
        ...


_LINES: WeakKeyDictionary[Any, Line] = WeakKeyDictionary()
_KEEPER: ContextVar[list[Traced] | None] = ContextVar("kept lines", default=None)


def remember(driver: Any, line: Line) -> None:
    """Note a driver's line for `line_of`; the catalogue does so for each driver that it opens."""
    try:
        _LINES[driver] = line
    except TypeError:  # it cannot be noted by a weak reference: `line_of` looks at its attributes
        return


def line_of(driver: Any) -> Line | None:
    """The line that a driver speaks on; None for one without (a supply that the operator reads)."""
    try:
        found = _LINES.get(driver)
    except TypeError:
        found = None
    return found or getattr(driver, "line", None) or getattr(driver, "_line", None)


def trace_of(driver: Any) -> tuple[Exchange, ...]:
    """What went over a driver's line, oldest first; empty for one without a line, and for lines in memory, which keep nothing."""
    return tuple(getattr(line_of(driver), "trace", ()))


@contextmanager
def kept() -> Iterator[list[Traced]]:
    """The lines that this thread opens inside the block, in their order, each with its trace."""
    lines: list[Traced] = []
    before = _KEEPER.set(lines)
    try:
        yield lines
    finally:
        _KEEPER.reset(before)


def opened(line: Traced) -> None:
    """A line was opened; whoever keeps lines now gets it."""
    keeper = _KEEPER.get()
    if keeper is not None:
        keeper.append(line)


def render(trace: Iterable[Exchange], title: str = "") -> str:
    """A trace as text: time of day, direction, hexadecimal, and the signs that can be printed; a line for each 16 bytes."""
    rows = [f"# {title}\n"] if title else []
    for unix_s, direction, data in tuple(trace):
        stamp = time.strftime("%H:%M:%S", time.localtime(unix_s)) + f".{int(unix_s * 1000) % 1000:03d}"
        for at in range(0, max(len(data), 1), BYTES_A_ROW):
            part = data[at : at + BYTES_A_ROW]
            signs = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
            head = f"{stamp} {direction}" if at == 0 else " " * (len(stamp) + 2)
            rows.append(f"{head} {part.hex(' '):<{3 * BYTES_A_ROW - 1}}  {signs}".rstrip() + "\n")
    return "".join(rows)


def report(lines: Sequence[Traced]) -> str:
    """The traces of several lines, one after the other, as a text file for a bug report."""
    day = time.strftime("%Y-%m-%d %z")
    return f"# topbalance byte trace, {day}\n{FOREWORD}" + "".join(render(one.trace, one.title) for one in lines)
