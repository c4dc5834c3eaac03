"""Keys that come faster than a hand: a scanner types what it reads and ends it with Enter, wherever the cursor stands.

Only screens that wait for scans may take them so. Anywhere else its letters would be commands and its Enter would confirm what the bench asks.
Over a slow line keys of a hand arrive together, too: a field takes whatever comes, and two commands in a row are no scan yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.events import Key
    from textual.screen import Screen

FASTEST_HAND_S = 0.035  # between two keys: scanners take 1 to 20 ms, a hand 60 and more
SCAN_KEYS = 3  # so many in a row are a scan
_ENDS = ("enter", "tab", "ctrl+j")  # with which scanners end a code
_CONFIRM = ("enter", "ctrl+j", "space")


class Bursts:
    """Tells a burst by the times at which the terminal read the keys, so that a slow moment of the program makes none."""

    def __init__(self) -> None:
        self._last_s = float("-inf")
        self._last_key = ""
        self._keys = 0

    @property
    def is_scan(self) -> bool:
        """Whether the newest keys are a scan."""
        return self._keys >= SCAN_KEYS

    def length(self, key: Key) -> int:
        """How many keys of a text have come in a row faster than a hand, this one counted; 0 for a key that stands in no text (ctrl+x).

        A key that is held down repeats itself as fast, and counts once.
        """
        if not key.is_printable and key.key not in _ENDS:
            return 0
        fast = key.time - self._last_s < FASTEST_HAND_S
        self._keys = 1 if not fast else self._keys + (key.key != self._last_key)
        self._last_s, self._last_key = key.time, key.key
        return self._keys


def may_take(screen: Screen[object], key: Key, length: int) -> bool:
    """Whether this key, the last of `length` in a burst, can do no harm: where scans are waited for, and in a field."""
    if length < 2 or getattr(screen, "takes_scans", False):
        return True
    focused = screen.focused
    if focused is not None and focused.check_consume_key("0", "0"):
        return True
    return length < SCAN_KEYS and key.key not in _CONFIRM
