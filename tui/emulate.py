"""`topbalance emulate`: a Riden and a meter on pseudo-terminals, with a bank behind them, until interrupted.

Whoever sits at this terminal is the hands of that bench: lines typed here move leads and cells, and tell what a hand-held meter shows.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from drivers.simulated.embedded import EmbeddedBench

ACTS = ("leads-apart", "leads-on", "wire-cells", "take-apart")
HELP = (
    "hands:  leads-apart  leads-on  wire-cells  take-apart\n"
    "meter:  probe posts | lead-ends | supply | surface | cell:A1\n"
    "fault:  fault NAME, such as: fault lead-falls-off\n"
)


def run_emulator(description: BenchDescription, speed: float, faults: tuple[str, ...]) -> None:
    """Serve until SIGINT or SIGTERM. The bank is wired and the leads are on at the start; the first line is the supply's address."""
    from drivers.clock import ScaledClock
    from drivers.simulated.embedded import EmbeddedBench
    from drivers.simulated.faults import parse_fault

    parsed = [parse_fault(text) for text in faults]
    embedded = EmbeddedBench(description, ScaledClock(speed), assembled=True)
    embedded.open_ptys()
    for fault in parsed:
        embedded.inject_fault(fault)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for address in (embedded.supply_address, embedded.meter_address):
        sign = "&" if "?" in address else "?"
        sys.stdout.write(address + (f"{sign}speed={speed:g}" if speed != 1 else "") + "\n")
    sys.stdout.flush()
    threading.Thread(target=_hands, args=(embedded,), daemon=True).start()
    stop.wait()
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
    from drivers.simulated.faults import parse_fault

    word, _, rest = line.strip().partition(" ")
    try:
        if word in ACTS:
            embedded.world.hands(word)
            return f"{word}: done"
        if word == "probe":
            volts = embedded.world.probe(rest.strip())
            return "the meter shows nothing" if volts is None else f"{volts:.3f}"
        if word == "fault":
            embedded.inject_fault(parse_fault(rest))
            return f"{rest}: done"
    except ValueError as problem:
        return str(problem)
    return HELP.rstrip()
