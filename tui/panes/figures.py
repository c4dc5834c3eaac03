"""What follows from the plan: a column of figures, aligned on the decimal point, each with its formula behind `?`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.domain import calculations
from tui.domain.calculations import Figure
from tui.domain.plan import Plan

# Short labels in the order of the pane; what a glance needs comes first.
LABELS: Mapping[str, str] = {
    "bank-capacity": "Capacity",
    "c-rate-current": "C limit",
    "supply-current": "Supply",
    "lead-limit": "Lead max",
    "pack-target": "Volts",
    "power": "Power",
    "lead-drop": "Lead drop",
    "energy": "Energy",
    "charging-time": "Time",
    "end-current": "End at",
    "end-current-c": "  of bank",
    "missing-charge": "Missing",
    "plateau-current": "Plateau",
    "lead-resistance": "Leads",
    "critical-lead": "Leads <",
    "lead-heat": "Lead heat",
    "hours-lost": "Lead cost",
    "pack-4s": "Pack 4S",
    "pack-8s": "Pack 8S",
    "pack-15s": "Pack 15S",
    "pack-16s": "Pack 16S",
    "smallest-end-current": "End min",
}
LABEL_WIDTH = 10
WINS = "◀"  # in the text of the bound that decides the current


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure as it is listed: short label, and text to align on its decimal point."""

    figure: Figure
    label: str
    text: str


def rows_of(plan: Plan) -> tuple[FigureRow, ...]:
    """The figures of a plan in the order of the pane."""
    found = {figure.id: figure for figure in calculations.figures(plan)}
    rows = []
    for name, label in LABELS.items():
        if figure := found.get(name):
            words = f"{plan.c_rate:g}C" if name == "c-rate-current" else label
            rows.append(FigureRow(figure, words, _short(figure)))
    return tuple(rows)


def _short(figure: Figure) -> str:
    """The text of a figure for a narrow column; a range of time in one unit."""
    if figure.unit != "s" or figure.low is None or figure.high is None:
        return figure.text
    if figure.high < 5400:
        return f"{figure.low / 60:.0f} to {figure.high / 60:.0f} min"
    digits = 1 if figure.high < 36000 else 0
    low, high = f"{figure.low / 3600:.{digits}f}", f"{figure.high / 3600:.{digits}f}"
    return f"{high} h" if low == high else f"{low} to {high} h"


def split_number(text: str) -> tuple[str, str]:
    """The whole digits of a figure, and the rest from its decimal point on. A text without a number has no whole digits."""
    end = 0
    while end < len(text) and (text[end].isdigit() or text[end] in "-−"):
        end += 1
    return text[:end], text[end:]


def lay_out(rows: Sequence[FigureRow]) -> list[tuple[str, str]]:
    """Label and value of each row, the values aligned on the decimal point."""
    width = max((len(split_number(row.text)[0]) for row in rows), default=0)
    lines = []
    for row in rows:
        whole, rest = split_number(row.text)
        value = f"{whole:>{width}}{rest}" if whole else row.text
        lines.append((f"{row.label:<{LABEL_WIDTH}}", value))
    return lines


class FigureList(Widget, can_focus=True):
    """Figures one below the other; up and down choose one, `?` or Enter asks why."""

    DEFAULT_CSS = """
    FigureList { height: auto; width: 1fr; text-wrap: nowrap; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("question_mark,enter", "why", "Why?", key_display="?"),
    ]

    rows: reactive[tuple[FigureRow, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)

    class WhyAsked(Message):
        """The formula behind a figure was asked for."""

        def __init__(self, figure: Figure) -> None:
            super().__init__()
            self.figure = figure

    def show(self, rows: Sequence[FigureRow]) -> None:
        """Draw these figures; nothing happens when they are the same."""
        self.rows = tuple(rows)
        self.cursor = min(self.cursor, max(0, len(self.rows) - 1))

    def render(self) -> RenderResult:
        if not self.rows:
            return Content.styled("What follows is shown\nas soon as every field can be read.", "dim")
        lines = []
        for index, (label, value) in enumerate(lay_out(self.rows)):
            chosen = self.has_focus and index == self.cursor
            lines.append(Content.assemble((label, "reverse" if chosen else "dim"), (value, "bold" if WINS in value else "")))
        return Content("\n").join(lines)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def watch_cursor(self, cursor: int) -> None:
        if isinstance(self.parent, Widget):
            self.parent.scroll_to_region(Region(0, cursor, self.size.width, 1), animate=False)

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))

    def action_why(self) -> None:
        if self.rows:
            self.post_message(self.WhyAsked(self.rows[self.cursor].figure))
