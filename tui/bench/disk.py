"""Room for the records: asked before a session begins, and again while it runs (fault F-58)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bench.guard import Finding
from tui.records.places import Home

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.session import Session

FREE_BYTES = 100_000_000
LOOK_EVERY_S = 60.0  # bench time


def refusal(home: Home) -> str:
    """Why no session can be recorded there; "" where it can."""
    try:
        home.create()
        free = home.free_bytes()
    except OSError as error:
        return (
            f"The records cannot be kept in {home.data}: {(error.strerror or str(error)).lower()}. Nothing was sent to the supply. "
            "See that the disk is there and writable, or set TOPBALANCE_HOME to another folder."
        )
    if free < FREE_BYTES:
        return (
            f"{_megabytes(free)} are free where records live ({home.data}), and 100 MB are needed: days of readings follow. "
            "Nothing was sent to the supply. Make room first."
        )
    return ""


def findings(bench: Bench, session: Session) -> list[Finding]:
    """A disk that fills up while the session runs is told, once, before it refuses a line. What it does refuse, the journal tells itself."""
    now_s = bench.now_s()
    if now_s < session.disk_due_s:
        return []
    session.disk_due_s = now_s + LOOK_EVERY_S
    try:
        free = bench.home.free_bytes()
        left = f"has {_megabytes(free)} left"
    except OSError:
        free, left = 0, "cannot be reached"
    if free >= FREE_BYTES:
        session.disk_told = False
        bench.safety.alarms.pop("disk", None)
        return []
    if session.disk_told:
        return []
    session.disk_told = True
    text = f"The disk of the records ({bench.home.data}) {left}. See to it: without a record the charge stops near the top."
    return [Finding("warn", "disk", "little room for the record", text)]


def _megabytes(free: int) -> str:
    return f"{free / 1e6:.0f} MB"
