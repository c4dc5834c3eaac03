"""When the bench itself falls silent, what it said last must not look fresh."""

from __future__ import annotations

from dataclasses import replace

from tui.bench.messages import Channel, Snapshot

SILENT_AFTER_S = 10.0  # the bench tells something new at least twice a second while a session runs


def _stale(channel: Channel, silent_s: float) -> Channel:
    if channel.value is None:
        return channel
    return replace(channel, trust="stale", age_s=(channel.age_s or 0.0) + silent_s)


def as_stale(snapshot: Snapshot, *, silent_s: float) -> Snapshot:
    """The same Snapshot while it is fresh; after ten silent seconds all its numbers are stale, and a sentence says so."""
    if silent_s < SILENT_AFTER_S or snapshot.state not in ("charging", "hold", "tripped", "call"):
        return snapshot
    return replace(
        snapshot,
        output_on=None,
        cells_v=_stale(snapshot.cells_v, silent_s),
        pack_v=_stale(snapshot.pack_v, silent_s),
        supply_v=_stale(snapshot.supply_v, silent_s),
        current_a=_stale(snapshot.current_a, silent_s),
        per_cell_v=tuple((label, _stale(channel, silent_s)) for label, channel in snapshot.per_cell_v),
        next=f"The bench has said nothing for {silent_s:.0f} s. Look at the supply; press ctrl+x, or switch it off by hand.",
    )
