"""`topbalance emulate`: instruments on pseudo-terminals or TCP ports, with one bank of cells behind them, until interrupted.

Whoever sits at this terminal is the hands of that bench: lines typed here move leads, cells and meters, and tell what a hand-held meter shows.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.simulated.embedded import EmbeddedBench

ACTS = ("leads-apart", "leads-on", "wire-cells", "wire-series", "take-apart")
HELP = (
    f"hands:  {'  '.join(ACTS)}  carry A3\n"
    "meter:  probe posts | lead-ends | supply | surface | cell:A1\n"
    "fault:  fault NAME, such as: fault lead-falls-off, fault meter:silence\n"
)


def serve(embedded: EmbeddedBench, speed: float, faults: Sequence[str], sockets: Sequence[tuple[str, int]]) -> None:
    """Serve until SIGINT or SIGTERM: a line on standard output for each instrument's address, in their order.

    `sockets` are hosts and ports, as many as instruments; none of them: pseudo-terminals. Raises FaultError, or OSError where a port is taken.
    """
    from drivers.simulated.asked import fault_at, strike

    for text in faults:
        fault_at(embedded, text)  # what is wrong with one is told before anything is opened
    if sockets:
        embedded.open_sockets(sockets)
    else:
        embedded.open_ptys()
    for text in faults:
        strike(embedded, text)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for station in embedded.stations:
        sign = "&" if "?" in station.address else "?"
        sys.stdout.write(station.address + (f"{sign}speed={speed:g}" if speed != 1 else "") + "\n")
    sys.stdout.flush()
    threading.Thread(target=_hands, args=(embedded,), daemon=True).start()
    while not stop.wait(1.0):  # Python may see a signal that comes just before it begins to wait only when it wakes
        pass
    embedded.close()


def _hands(embedded: EmbeddedBench) -> None:
    """Carry out typed lines; an end of the input is no reason to stop."""
    if sys.stdin.isatty():
        sys.stderr.write(HELP)
    for line in sys.stdin:
        sys.stdout.write(answer(embedded, line) + "\n")
        sys.stdout.flush()


def answer(embedded: EmbeddedBench, line: str) -> str:
    """What one typed line does, in words."""
    from drivers.simulated.asked import carry, strike

    word, _, rest = line.strip().partition(" ")
    try:
        if word in ACTS:
            embedded.world.hands(word)
            return f"{word}: done"
        if word == "probe":
            volts = embedded.world.probe(rest.strip())
            return "the meter shows nothing" if volts is None else f"{volts:.3f}"
        if word == "carry":
            walking = carry(embedded, rest.strip())
            on = ", ".join(station.family for station in walking)
            return f"on {rest.strip()}: {on}" if on else "no meter of this bench walks; ask for one as in owon-xdm@walk"
        if word == "fault":
            strike(embedded, rest)
            return f"{rest}: done"
    except ValueError as problem:
        return str(problem)
    return HELP.rstrip()
