"""Which cells of the inventory go into the bank: a list with a tick before each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from tui.domain.plan import PlanCell
from tui.panes.modal import Modal


class Ticks(SelectionList[str]):
    """With an empty box before what is not ticked: Textual tells the two apart by colour alone."""

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        at = y + self.scroll_offset.y
        if at >= self.option_count or self.get_option_at_index(at).value in self.selected:
            return strip
        left, inner, *rest = strip
        return Strip([left, Segment(" " * inner.cell_length, inner.style), *rest])


class CellChoice(Modal[list[str] | None]):
    """Returns the labels that are ticked, in the order of the list, or None after Esc."""

    DEFAULT_CSS = """
    CellChoice { align: center middle; }
    CellChoice > Vertical { width: 50; max-width: 100%; height: auto; max-height: 100%; }
    CellChoice > Vertical { padding: 0 1; background: $surface; border: round $accent; }
    CellChoice Ticks { height: auto; max-height: 16; border: none; padding: 0; }
    CellChoice .box-keys { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("enter", "take", "Take them", priority=True),
        Binding("a", "all", "All"),
    ]

    def __init__(self, cells: Sequence[PlanCell], chosen: str = "") -> None:
        super().__init__()
        self._cells = cells
        self._chosen = {part.strip() for part in chosen.split(",")}

    def compose(self) -> ComposeResult:
        with Vertical():
            if self._cells:
                yield Ticks(
                    *(
                        Selection(Content(f"{cell.label:<16}{cell.capacity_ah:>6.0f} Ah"), cell.label, cell.label in self._chosen)
                        for cell in self._cells
                    ),
                    compact=True,
                )
                yield Static("space tick · a all · enter take · esc cancel", classes="box-keys", markup=False)
            else:
                yield Static(
                    "No cell of the inventory can be chosen: it is empty, or its cells have no capacity. Key 2 opens Cells.", markup=False
                )
                yield Static("esc back", classes="box-keys", markup=False)

    def action_all(self) -> None:
        for choices in self.query(SelectionList):
            choices.select_all()

    def action_take(self) -> None:
        ticked = [label for choices in self.query(SelectionList) for label in choices.selected]
        self.dismiss([cell.label for cell in self._cells if cell.label in ticked] or None)

    def action_cancel(self) -> None:
        self.dismiss(None)
