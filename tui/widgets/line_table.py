"""A table that makes only the rows in sight: a thousand sessions, or ten thousand cells, open as fast as ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


@dataclass(frozen=True, slots=True)
class TableColumn:
    title: str
    width: int
    right: bool = False  # numbers stand below each other


class LineTable(ScrollView, can_focus=True):
    """Rows of plain text in fixed columns under a head that stays. `show` takes their number and what makes one.

    Text is never read as markup. Posts `Highlighted` when the cursor has moved, `Selected` on Enter or a click on the cursor's row.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--marked"}
    DEFAULT_CSS = """
    LineTable { height: 1fr; width: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    LineTable > .table--head { color: $foreground 60%; text-style: bold; }
    LineTable > .table--cursor { background: $surface-lighten-2; color: $foreground; }
    LineTable:focus > .table--cursor { background: $primary; color: auto; text-style: bold; }
    LineTable > .table--marked { color: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "go(0)", show=False),
        Binding("end", "go(-1)", show=False),
        Binding("enter", "select", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """The cursor stands on another row, or on the same of a new list."""

    class Selected(Message):
        """This row is wanted."""

    def __init__(self, columns: Sequence[TableColumn], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._count = 0
        self._row: Callable[[int], Sequence[str]] = lambda _: ()
        self._marked: Callable[[int], bool] = lambda _: False

    @property
    def row_count(self) -> int:
        return self._count

    def show(
        self, count: int, row: Callable[[int], Sequence[str]], *, cursor: int = 0, marked: Callable[[int], bool] | None = None
    ) -> None:
        """Show `count` rows; `row` makes the texts of one, by its number, and `marked` tells whether it stands out."""
        self._count, self._row, self._marked = count, row, marked or (lambda _: False)
        self.virtual_size = Size(sum(column.width + 2 for column in self._columns), count + 1)
        self.set_reactive(LineTable.cursor, max(0, min(cursor, count - 1)))
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Highlighted())

    def show_head(self, columns: Sequence[TableColumn]) -> None:
        """Other headings, and other widths where the next `show` brings the rows for them."""
        self._columns = tuple(columns)
        self.refresh(Region(0, 0, self.size.width, 1))

    def watch_cursor(self, before: int, now: int) -> None:
        self._refresh_row(before)
        self._refresh_row(now)
        self._keep_in_sight()
        self.post_message(self.Highlighted())

    def _refresh_row(self, row: int) -> None:
        y = row + 1 - int(self.scroll_offset.y)
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        height = self.size.height - 1
        top = int(self.scroll_offset.y)
        if height > 0 and not top <= self.cursor < top + height:
            self.scroll_to(y=self.cursor if self.cursor < top else self.cursor - height + 1, animate=False, immediate=True)

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(self._count - 1, self.cursor + by))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - 2))

    def action_go(self, row: int) -> None:
        self.cursor = max(0, row if row >= 0 else self._count + row)

    def action_select(self) -> None:
        if self._count:
            self.post_message(self.Selected())

    def on_click(self, event: events.Click) -> None:
        row = event.y - 1 + int(self.scroll_offset.y)
        if event.y < 1 or row >= self._count:
            return
        if row == self.cursor:
            self.action_select()
        else:
            self.cursor = row

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        at = y - 1 + int(self.scroll_offset.y)
        if y == 0:
            texts: Sequence[str] = [column.title for column in self._columns]
            style = base + self.get_component_rich_style("table--head", partial=True)
        elif at >= self._count:
            return Strip.blank(width, base)
        else:
            texts, style = self._row(at), base
            if self._marked(at):
                style += self.get_component_rich_style("table--marked", partial=True)
            if at == self.cursor:
                style += self.get_component_rich_style("table--cursor", partial=True)
        line = "".join(f" {_fitted(text, column)} " for text, column in zip(texts, self._columns, strict=True))
        return Strip([Segment(line, style)]).adjust_cell_length(width, style)


def _fitted(text: str, column: TableColumn) -> str:
    """As wide as its column; what is cut off is shown to be."""
    text = " ".join(text.split())
    wide = cell_len(text)
    if wide > column.width:
        return f"{set_cell_size(text, column.width - 1)}…"
    return " " * (column.width - wide) + text if column.right else text + " " * (column.width - wide)
