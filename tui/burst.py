"""Keys that come faster than a hand: a scanner types what it reads and ends it with Enter, wherever the cursor stands.

Only screens that wait for scans may take them so. Anywhere else its letters would be commands and its Enter would confirm what the bench asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.events import Key
    from textual.screen import Screen

FASTEST_HAND_S = 0.035  # between two keys: scanners take 1 to 20 ms, a hand 60 and more
_ENDS = ("enter", "tab", "ctrl+j")  # with which scanners end a code


class Bursts:
    """Tells a burst by the times at which the terminal read the keys, so that a slow moment of the program makes none."""

    def __init__(self) -> None:
        self._last_s = float("-inf")

    def goes_on(self, key: Key) -> bool:
        """Whether it follows another key of a text faster than a hand. Keys that stand in no text (ctrl+x) never do."""
        if not key.is_printable and key.key not in _ENDS:
            return False
        before_s, self._last_s = self._last_s, key.time
        return key.time - before_s < FASTEST_HAND_S


def may_take(screen: Screen[object], key: Key) -> bool:
    """Whether this key of a burst can do no harm: where scans are waited for, and as one more letter of a field."""
    if getattr(screen, "takes_scans", False):
        return True
    focused = screen.focused
    return key.is_printable and focused is not None and focused.check_consume_key(key.key, key.character)
