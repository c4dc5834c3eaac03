"""The first start: three questions instead of an empty form, and the way to try everything without a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.records.places import Home

WELCOME = "Three answers make a plan. The rest has sensible values; F7 shows it."

TRY_IT = "No cells at hand? The built-in bench: ctrl+q, then type: topbalance demo"

AID = "An aid only: set the supply's own limits, use a meter, and be there."


def is_first_start(home: Home, *, demo: bool) -> bool:
    """True while neither a cell nor a session was ever kept here, and this is not the demo. Looks at files only, before the first paint."""
    return not demo and not home.inventory.exists() and not home.sessions_db.exists()
