"""The history with many sessions, and one session of a week at one reading a second: opened, searched, replayed, and what memory that takes."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from tests.benchmarks.figures import Figure, Measurement, at_most, below
from tests.benchmarks.harness import Terminal, shows
from tests.benchmarks.startup import environment
from tests.benchmarks.week import LABELS, write_rows, write_week
from tui.records.places import home

APP = [sys.executable, "-m", "tests.benchmarks.sessions_app"]
WEEK_S = 600_000
LONGEST_S = 60.0
_BRAILLE = range(0x2801, 0x2900)


def sessions(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as place:
        with patch.dict("os.environ", {"TOPBALANCE_HOME": place}):
            own = home()
        started_s = time.perf_counter()
        write_rows(own, 1000 if not quick else 100)
        session_id = write_week(own, seconds=WEEK_S if not quick else 20_000)
        size_mb = own.sessions_dir.joinpath(f"{session_id}.jsonl").stat().st_size / 1e6
        yield Figure("  made for it", f"journal of {size_mb:.0f} MB in {time.perf_counter() - started_s:.0f} s")
        lists, worked, opened, told, hours, replays, steps, peak_mb = [], [], [], [], [], [], [], 0.0
        for _ in range(1 if quick else 5):
            with Terminal(APP, environment(place)) as terminal:
                terminal.wait_for(partial(shows, "Start  F5"), LONGEST_S)
                terminal.wait_quiet(0.6, 10.0)
                before_s = terminal.cpu_s()
                lists.append(_after(terminal, "3", lambda lines: shows("STOPPED", lines) and shows("Week bank", lines)))
                worked.append(terminal.cpu_s() - before_s)
                terminal.wait_quiet(0.4, 10.0)
                bare_mb = _peak_mb(terminal)
                pressed_s = terminal.press("enter")
                opened.append(terminal.wait_for(_curve_opened, LONGEST_S) - pressed_s)
                told.append(terminal.wait_for(lambda lines: any("✎" in line for line in lines), LONGEST_S) - pressed_s)
                terminal.wait_quiet(0.3, 10.0)
                hours.append(_painted(terminal, "h"))
                replays.append(_after(terminal, "p", partial(shows, "then: ")))
                terminal.wait_quiet(0.3, 10.0)
                steps += [_answered(terminal, "]") for _ in range(3)]
                terminal.press("+", "+", "+", " ")
                time.sleep(1.0 if quick else 5.0)  # plays at 1,800 times
                peak_mb = max(peak_mb, _peak_mb(terminal))
        count, rows = len(lists), (1000, "600,000") if not quick else (100, "20,000")
        detail = f"best {1000 * min(lists):.0f}; {1000 * median(worked):.0f} ms of processor; median of {count} first presses"
        yield at_most(f"key 3 to the list of {rows[0]} sessions", 1000 * median(lists), 150.0, "ms", 0, detail)
        yield at_most(f"a session of {rows[1]} rows: Enter to its curve", median(opened), 1.0, "s", 2, f"worst {max(opened):.2f} s")
        yield Figure("  its events and marks, read from the whole journal", f"{median(told):.2f} s after Enter")
        yield Figure("  last hour (h), painted with every reading", f"{1000 * median(hours):.0f} ms")
        yield Figure("  replay (p) to its first moment", f"{1000 * median(replays):.0f} ms")
        yield Figure("  replay, key to paint", f"{1000 * median(steps):.0f} ms")
        yield below("peak memory with that session open, zoomed and replayed", peak_mb, 150.0, "MB", 0, f"{bare_mb:.0f} MB at the list")


def _after(terminal: Terminal, key: str, condition: Callable[[list[str]], bool]) -> float:
    pressed_s = terminal.press(key)
    return terminal.wait_for(condition, LONGEST_S) - pressed_s


def _answered(terminal: Terminal, key: str) -> float:
    """Until the first output after the key."""
    terminal.wait_quiet(0.2, 10.0)
    seen = len(terminal.pieces)
    pressed_s = terminal.press(key)
    first_s = terminal.first_piece_after(seen, LONGEST_S)
    return LONGEST_S if first_s is None else first_s - pressed_s


def _painted(terminal: Terminal, key: str) -> float:
    """Until nothing more comes: the coarse curve is followed by the fine one."""
    pressed_s = terminal.press(key)
    terminal.wait_quiet(0.4, 20.0)
    return terminal.pieces[-1].at_s - pressed_s


def _curve_opened(lines: list[str]) -> bool:
    """The session is open, its cells stand there, and a curve is drawn."""
    drawn = sum(ord(sign) in _BRAILLE for line in lines for sign in line)
    return shows("before", lines) and shows(LABELS[0], lines) and drawn > 40


def _peak_mb(terminal: Terminal) -> float:
    """The most that the program has ever held in memory, as the system counts it."""
    status = Path(f"/proc/{terminal.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


MEASUREMENTS = (Measurement("sessions", sessions),)
