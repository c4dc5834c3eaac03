"""An inventory of ten thousand cells: how soon its first page stands, how a filter follows the keys, what an edit costs, and sixteen scans."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from tests.benchmarks.figures import Figure, Measurement, at_most, below, percentile
from tests.benchmarks.harness import Terminal, shows
from tests.benchmarks.startup import TOPBALANCE, environment
from tui.records.inventory import Inventory
from tui.records.places import home

CELLS = 10_000
FILTERS = ("b123", "lf280k b4", "3.34", "b6")
LONGEST_S = 20.0


def filled(place: str, cells: int) -> Inventory:
    """An inventory as years of banks of sixteen leave it: code, properties, and a log with four volts at rest for each cell."""
    draw = random.Random(1)
    with patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
        inventory = Inventory(home())
    inventory.add_many(
        {
            "label": f"B{number // 16:03d}-{number % 16 + 1:02d}",
            "code": f"04QCB76836300JBC4{number:07d}",
            "maker": "EVE",
            "model": "LF280K",
            "capacity_ah": 280.0,
            "resistance_mohm": round(draw.gauss(0.18, 0.01), 3),
            "received_voltage_v": round(draw.gauss(3.295, 0.002), 3),
            "log": [{"kind": "received", "unix_s": 1.7e9}]
            + [
                {"kind": "rest", "unix_s": 1.7e9 + day * 86400, "voltage_v": round(3.35 - draw.random() * 0.01, 4), "hours": 24.0 * day}
                for day in (1, 7, 30, 90)
            ],
        }
        for number in range(cells)
    )
    return inventory


def records(inventory: Inventory, quick: bool) -> Iterator[Figure]:
    """Without a screen: reading, filtering, and edits that are on the disk when they return."""
    cells = inventory.list()
    draw = random.Random(2)
    filter_ms = [_took_ms(partial(inventory.list, needle)) for needle in FILTERS * (1 if quick else 5)]
    yield Figure("  filter without the screen, median", f"{median(filter_ms):.1f} ms")
    inventory.edit(cells[0].id, notes="the first edit of a process")
    edits_ms = [_took_ms(partial(inventory.edit, draw.choice(cells).id, notes=f"{at}")) for at in range(5 if quick else 40)]
    logs_ms = [_took_ms(partial(inventory.log, draw.choice(cells).id, "note", text=f"{at}")) for at in range(5 if quick else 40)]
    for name, times_ms in (("one edit saved and brought to the disk", edits_ms), ("one entry added to a log", logs_ms)):
        detail = f"p95 {percentile(times_ms, 95):.0f} ms, best {min(times_ms):.0f}, {len(times_ms)} times"
        yield at_most(f"{name}, median", median(times_ms), 60.0, "ms", 1, detail)
    size_mb = inventory.path.stat().st_size / 1e6
    yield Figure("  the file, written whole each time", f"{size_mb:.1f} MB; {_disk_ms(inventory.path):.0f} ms to write and sync that alone")


def screen(place: str, quick: bool) -> Iterator[Figure]:
    """The program in a pseudo-terminal: from the key to the page."""
    first_ms, again_ms, filter_ms = [], [], []
    for _ in range(1 if quick else 4):
        with Terminal(TOPBALANCE, environment(place)) as terminal:
            terminal.wait_for(partial(shows, "F1 help"), LONGEST_S)
            time.sleep(3.0)  # somebody reads the first screen; meanwhile it loads units and records
            terminal.wait_quiet(0.3, 5.0)
            pressed_s = terminal.press("2")
            first_ms.append(1000 * (terminal.wait_for(partial(shows, "B000-10"), LONGEST_S) - pressed_s))
            terminal.wait_quiet(0.3, 5.0)
            terminal.press("1")
            terminal.wait_for(lambda lines: not shows("B000-10", lines), LONGEST_S)
            terminal.wait_quiet(0.3, 5.0)
            pressed_s = terminal.press("2")
            again_ms.append(1000 * (terminal.wait_for(partial(shows, "B000-10"), LONGEST_S) - pressed_s))
            terminal.wait_quiet(0.3, 5.0)
            terminal.press("/")
            time.sleep(1.0)  # until the filter has the focus
            for typed, seen in (("b", "10000 cells found"), ("1", "cells found"), ("2", "cells found"), ("3", "16 cells found")):
                before = next((line for line in terminal.lines() if "cells" in line), "")
                pressed_s = terminal.press(typed)
                filter_ms.append(1000 * (terminal.wait_for(partial(_differs, before, seen), LONGEST_S) - pressed_s))
                terminal.wait_quiet(0.2, 5.0)
    yield at_most("inventory of 10,000 cells, key to first page", median(first_ms), 150.0, "ms", 0, f"worst {max(first_ms):.0f} ms")
    yield Figure("  the same a second time", f"{median(again_ms):.0f} ms")
    yield at_most(
        "filter as you type, keystroke to table", median(filter_ms), 50.0, "ms", 0, f"worst {max(filter_ms):.0f} ms, {len(filter_ms)} keys"
    )


def scanning(place: str) -> Iterator[Figure]:
    """Sixteen codes as a scanner types them: all the bytes at once, into an inventory of 10,000."""
    with Terminal(TOPBALANCE, environment(place)) as terminal:
        terminal.wait_for(partial(shows, "F1 help"), LONGEST_S)
        time.sleep(3.0)
        terminal.press("2")
        terminal.wait_for(partial(shows, "B000-10"), LONGEST_S)
        terminal.wait_quiet(0.3, 5.0)
        begun_s = terminal.press("S")  # the first code follows at once
        for number in range(16):
            terminal.press(f"07HCBC1P22G06AC7{number:08d}\r")
        took_s = terminal.wait_for(partial(shows, "16 new"), 60.0) - begun_s
    yield below(
        "sixteen cells registered by a scanner", took_s, 60.0, "s", 1, "typed without a pause; each code on the disk before the next"
    )


def _differs(before: str, seen: str, lines: list[str]) -> bool:
    return any(seen in line and line != before for line in lines)


def _took_ms(act: partial[object]) -> float:
    begun_s = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begun_s)


def _disk_ms(path: Path) -> float:
    """What this disk needs for a file of that size."""
    content, aside = path.read_bytes(), path.with_name("aside")
    times_ms = []
    for _ in range(5):
        begun_s = time.perf_counter()
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        times_ms.append(1000 * (time.perf_counter() - begun_s))
    aside.unlink()
    return median(times_ms)


def measure(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as place:
        inventory = filled(place, CELLS)
        yield from screen(place, quick)
        yield from scanning(place)
        yield from records(inventory, quick)


MEASUREMENTS = (Measurement("inventory", measure),)
