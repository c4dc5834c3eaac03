"""When the bench itself falls silent, what it said last must not look fresh."""

from __future__ import annotations

from dataclasses import replace

from tui.bench.messages import Snapshot, unheard

SILENT_AFTER_S = 10.0  # the bench tells something new at least twice a second while a session runs


def as_stale(snapshot: Snapshot, *, silent_s: float) -> Snapshot:
    """The same Snapshot while it is fresh; after ten silent seconds all its numbers are stale, and a sentence says so."""
    if silent_s < SILENT_AFTER_S or snapshot.state not in ("charging", "hold", "tripped", "call"):
        return snapshot
    if any(alarm.code == "bench-gone" for alarm in snapshot.alarms):
        return snapshot  # the link knows more, and has said so
    return replace(
        unheard(snapshot, silent_s),
        next=f"The bench has said nothing for {silent_s:.0f} s. Look at the supply; press ctrl+x, or switch it off by hand.",
    )
