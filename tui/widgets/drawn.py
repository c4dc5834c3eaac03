"""Rows of inked text, of which only those that differ are drawn again: 0 to 250 bytes an update, where plot libraries send 10,000."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.plot import Row


class DrawnRows(Widget):
    """Base of the curves. The ink "volts" is the component class `<INKS>--volts`."""

    INKS: ClassVar[str]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: list[Row] = []

    @property
    def rows(self) -> list[str]:
        """The text of each row, for tests and reports."""
        return ["".join(text for text, _ in row) for row in self._rows]

    def put_rows(self, rows: list[Row]) -> None:
        """Draw what differs from the rows before."""
        old, self._rows = self._rows, rows
        if len(old) != len(rows):
            self.refresh()
            return
        changed = [Region(0, y, self.size.width, 1) for y, (before, now) in enumerate(zip(old, rows, strict=True)) if before != now]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        inks = {ink for _, ink in self._rows[y] if ink}
        styles = {"": base} | {ink: base + self.get_component_rich_style(f"{self.INKS}--{ink}", partial=True) for ink in inks}
        return Strip([Segment(text, styles[ink]) for text, ink in self._rows[y]]).adjust_cell_length(self.size.width, base)
