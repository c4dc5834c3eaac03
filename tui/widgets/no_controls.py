"""The last thing before the terminal: no text on the screen, wherever it came from, reaches it as a control sequence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class NoControls(LineFilter):
    """Leaves out every control character. They have no width, so that the line stays as it was laid out."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        search = _STEERING.search
        if not any(search(text) for text, _, control in segments if not control):
            return segments
        return [Segment(text if control else _STEERING.sub("", text), style, control) for text, style, control in segments]
