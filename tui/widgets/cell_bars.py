"""One bar and one number a cell, in columns. Each row is drawn only when it changes."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.bench.messages import Channel
from tui.terminal import glyphs
from tui.widgets.line import Rows
from tui.widgets.text import channel_number, trust_sign

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(fraction: float, width: int, *, fine: bool = True) -> str:
    """A bar of `width` columns; the last cell in eighths where the font has them."""
    eighths = round(min(1.0, max(0.0, fraction)) * width * 8)
    full, rest = divmod(eighths, 8)
    if not fine:
        return ("#" * full).ljust(width)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


class CellBars(Rows):
    """Cells of the bank with their volts; the bars go from 3.0 V to the target."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cells: Sequence[tuple[str, Channel]] = ()
        self._target_v = 3.65

    def show(self, cells: Sequence[tuple[str, Channel]], target_v: float) -> None:
        """`cells` are (label, channel); labels are shown as they are."""
        self._cells, self._target_v = cells, target_v
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        cells = self._cells
        columns = 1 if len(cells) <= 4 else 2 if len(cells) <= 32 else 3
        rows = -(-len(cells) // columns)
        label_width = min(8, max((len(label) for label, _ in cells), default=0))
        width = (self.size.width or 40) // columns
        self.show_rows(
            [
                Content.assemble(*(self._cell(cells[at], width, label_width, self._target_v) for at in range(row, len(cells), rows)))
                for row in range(rows)
            ]
        )

    def _cell(self, cell: tuple[str, Channel], width: int, label_width: int, target_v: float) -> Content:
        label, channel = cell
        label = label if len(label) <= label_width else label[: label_width - 1] + "…"
        room = max(3, width - label_width - 10)
        value = channel.value if channel.trust not in ("unknown", "stale") else None
        low = 3.0
        fraction = 0.0 if value is None else (value - low) / max(0.1, target_v - low)
        filled = bar(fraction, room, fine=glyphs() != "ascii")
        over = value is not None and value > target_v + 0.010
        return Content.assemble(
            f"{label:<{label_width}} ",
            (filled, "$error" if over else "$accent-muted"),
            " ",
            channel_number(channel, 3, 5),
            f" {trust_sign(channel.trust)} ",
        )
