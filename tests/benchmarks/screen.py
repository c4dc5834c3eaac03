"""What the live screen costs while a session charges, and how soon a key is answered, also at the end of a slow line."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from unittest.mock import patch

import psutil

from tests.benchmarks.attendant import carry_to_charge
from tests.benchmarks.figures import Figure, Measurement, at_most, percentile
from tests.benchmarks.harness import Terminal, shows
from tests.benchmarks.startup import TOPBALANCE, environment, own_place
from tui import bench_process
from tui.records.places import home

DEMO = [*TOPBALANCE, "demo", "--speed", "1"]
SETTLE_S = 12.0  # after the last key: the curve has been drawn once, the answer to the key is gone from the Next line
SLOW_LINE_BYTES_PER_S = 10_000.0
NOTICED_S = 2.0  # an answer that takes longer counts as this
KEYS: dict[str, Sequence[str]] = {"speed (+ −)": ("+", "-")}
"""Keys with a visible effect that leave the charge as it is."""
PANE_KEYS: dict[str, Sequence[str]] = {"pane (F2 F3 F4)": ("f2", "f3", "f4")}
"""They change the picture where one pane is shown at a time."""
DIALOGS = (("reading by hand (r)", "r", "A reading by hand"), ("why (?)", "?", "Why:"))
LONGEST_S = 30.0


def replay(phase: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.replay_app", phase]


def demo(quick: bool) -> Iterator[Figure]:
    with own_place() as place, Terminal(DEMO, environment(place)) as terminal:
        carry_to_charge(terminal)
        bench, seconds = _bench_process(place), 10.0 if quick else 60.0
        before_s = sum(bench.cpu_times()[:2])
        sent, cpu = steady(terminal, seconds)
        bench_cpu = 100 * (sum(bench.cpu_times()[:2]) - before_s) / (seconds + SETTLE_S)
        yield at_most("steady live screen of the demo at 120 × 40, to the terminal", sent / 1000, 3.0, "kB/s")
        yield Figure("  its processor; that of the bench with emulators and physics", f"{cpu:.1f} %; {bench_cpu:.1f} % of a core")
        presses = 6 if quick else 42
        yield from keys(terminal, "", presses)
        yield from dialogs(terminal, 3.0 if quick else 10.0)
        yield from slow_line(terminal, presses)


def _bench_process(place: str) -> psutil.Process:
    with patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
        return psutil.Process((bench_process.status(home(demo=True)) or {})["pid"])


def dialogs(terminal: Terminal, seconds: float) -> Iterator[Figure]:
    """What an open dialog costs while the readings behind it go on."""
    for name, key, title in DIALOGS:
        terminal.wait_quiet(0.2, 5.0)
        before = terminal.bytes_seen()
        pressed_s = terminal.press(key)
        title_s = terminal.wait_for(partial(shows, title), LONGEST_S) - pressed_s
        terminal.wait_quiet(0.2, 2.0)
        opened = terminal.bytes_seen()
        time.sleep(seconds)
        sent = (terminal.bytes_seen() - opened) / seconds
        terminal.press("escape")
        terminal.wait_for(partial(_lacks, title), LONGEST_S)
        detail = f"{opened - before:,} B and {1000 * title_s:.0f} ms to open it"
        yield at_most(f"dialog {name} stands open", sent / 1000, 3.0, "kB/s", 2, detail)


def slow_line(terminal: Terminal, presses: int) -> Iterator[Figure]:
    """Keys and a dialog while the terminal takes 10 kB a second only."""
    terminal.drain_bytes_per_s = SLOW_LINE_BYTES_PER_S
    yield from keys(terminal, ", 10 kB/s", presses)
    for name, key, title in DIALOGS[:1]:
        terminal.wait_quiet(0.3, 10.0)
        opened_s = _until(terminal, terminal.press(key), partial(shows, title))
        time.sleep(3.0)  # the time to read it; what the readings behind it send meanwhile is in the way of the next key
        closed_s = _until(terminal, terminal.press("escape"), partial(_lacks, title))
        yield Figure(f"  dialog {name}, 10 kB/s", f"open after {opened_s}, gone after {closed_s}")


def _lacks(part: str, lines: list[str]) -> bool:
    return not shows(part, lines)


def _until(terminal: Terminal, pressed_s: float, effect: Callable[[list[str]], bool]) -> str:
    try:
        return f"{terminal.wait_for(effect, LONGEST_S) - pressed_s:.2f} s"
    except TimeoutError:
        return f"more than {LONGEST_S:.0f} s"


def alone(quick: bool) -> Iterator[Figure]:
    for phase, target in (("plateau", True), ("knee", False)):
        with tempfile.TemporaryDirectory() as place, Terminal(replay(phase), environment(place)) as terminal:
            terminal.wait_for(lambda lines: "CHARGING" in lines[0], 60.0)
            sent, cpu = steady(terminal, 10.0 if quick else 60.0)
            detail = f"{sent / 1000:.2f} kB/s, recorded session replayed"
            name = f"processor for the screen alone, {phase}"
            yield at_most(name, cpu, 3.0, "%", 1, detail)
            if target:
                continue
            yield at_most("  the same, to the terminal", sent / 1000, 3.0, "kB/s")
    with tempfile.TemporaryDirectory() as place, Terminal(replay("plateau"), environment(place), columns=80, rows=24) as terminal:
        terminal.wait_for(lambda lines: "CHARGING" in lines[0], 60.0)
        time.sleep(2.0)  # Setup is mounted after the first paint
        yield from keys(terminal, " at 80 × 24", 6 if quick else 42, PANE_KEYS)


def steady(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """Bytes a second and per cent of a core over `seconds` in which nobody touches a key."""
    time.sleep(SETTLE_S)
    before_bytes, before_cpu_s, before_s = terminal.bytes_seen(), terminal.cpu_s(), time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - before_s
    return (terminal.bytes_seen() - before_bytes) / took_s, 100 * (terminal.cpu_s() - before_cpu_s) / took_s


def keys(terminal: Terminal, where: str, presses: int, cycles: Mapping[str, Sequence[str]] = KEYS) -> Iterator[Figure]:
    for name, cycle in cycles.items():
        first_ms, last_ms = answers_ms(terminal, cycle, presses)
        half, most = percentile(first_ms, 50), percentile(first_ms, 95)
        detail = f"p50 {half:.1f} ms, painted wholly p95 {percentile(last_ms, 95):.0f} ms, {len(first_ms)} presses"
        yield at_most(f"key to paint, {name}{where}, p95", most, 50.0, "ms", 1, detail)


def answers_ms(terminal: Terminal, cycle: Sequence[str], presses: int) -> tuple[list[float], list[float]]:
    """For each press the time to the first piece of output after it and to the last one before 100 ms of silence.

    Presses are made into silence, at a random moment of the screen's second.
    """
    draw = random.Random(1)
    first_ms, last_ms = [], []
    for at in range(presses):
        terminal.wait_quiet(0.12, 20.0)
        time.sleep(draw.uniform(0.0, 0.2))
        terminal.wait_quiet(0.06, 20.0)
        seen = len(terminal.pieces)
        pressed_s = terminal.press(cycle[at % len(cycle)])
        first_s = terminal.first_piece_after(seen, NOTICED_S)
        first_ms.append(1000 * (NOTICED_S if first_s is None else first_s - pressed_s))
        terminal.wait_quiet(0.1, 20.0)
        last_ms.append(1000 * (terminal.pieces[-1].at_s - pressed_s))
    return first_ms, last_ms


MEASUREMENTS = (Measurement("demo", demo), Measurement("alone", alone))
