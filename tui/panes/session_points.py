"""What the curve of a session is drawn of; apart from the screens, so that the list opens without that of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bench.messages import Point
from tui.records.curve import load_curve
from tui.records.sessions import Session, Sessions

if TYPE_CHECKING:
    from tui.records.places import Home


def points_of(home: Home, session_id: str) -> list[Point]:
    """The curve of a session as the trace draws it. Reads files: for threads."""
    return [Point(*point) for point in load_curve(Sessions(home).curve_path(session_id))]


def scales_of(session: Session) -> tuple[float | None, float | None]:
    """Target volts and the supply's amperes of the plan, for the axes."""
    target_v = session.plan.get("target_v")
    return target_v, (session.plan.get("supply") or {}).get("max_current_a")
