"""The first start: three questions instead of an empty form, and the way to try everything without a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.records.places import Home

WELCOME = "Three answers make a plan (F7: more)."

TRY_IT = "No cells? Try the built-in bench: ctrl+q, then type: topbalance demo"

AID = "An aid only: be there, with a meter."


def is_first_start(home: Home, *, demo: bool) -> bool:
    """True until a bank was balanced here; never in the demo. Looks at one file's name only, before the first paint."""
    return not demo and not home.sessions_db.exists()
