"""r: a value read by hand. One key, a number, Enter."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from tui.bench.messages import Captured, Outcome, Snapshot, TypeReading
from tui.panes.capture import Wanted
from tui.panes.dialog import Dialog
from tui.widgets.line import Line, Text
from tui.widgets.number_input import NumberInput

_CELLS = ("cells_v", "Volts at the cells", "cell_voltage")
_SUPPLY = (("current_a", "Amperes on the supply's panel", "current"), ("supply_v", "Volts on the supply's panel", "voltage"))
_SURFACE = ("surface_c", "Warmest cell, surface", "temperature")

Point = tuple[str, str, str]  # TypeReading.point, words, kind of quantity


def points(snapshot: Snapshot, *, by_hand: bool) -> list[Point]:
    """What can be typed now, the usual first. A supply without interface is read by hand too; then each cell, then the surface."""
    cells: list[Point] = [(f"cell:{label}", f"Volts of cell {label}", "cell_voltage") for label, _ in snapshot.per_cell_v]
    first = (_CELLS[0], "Volts of the highest cell", _CELLS[2]) if snapshot.series > 1 else _CELLS
    return [first, *(_SUPPLY if by_hand else ()), *cells, _SURFACE]


class ReadingScreen(Dialog):
    """Tab goes to the next point; a value outside its window is asked for again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back", show=False),
        Binding("tab,down", "point(1)", show=False, priority=True),
        Binding("shift+tab,up", "point(-1)", show=False, priority=True),
    ]

    def __init__(self, choices: list[Point]) -> None:
        super().__init__()
        self._points, self._at = choices, 0
        self._sure_of: float | None = None
        self._walks = False  # the meter is carried from cell to cell
        self._label, self._echo, self._said = Line(id="reading-label"), Line(id="reading-echo"), Text(id="reading-said")
        self._input = NumberInput(compact=True, id="reading-input")

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical(classes="dialog"):
            yield Line("A reading by hand", classes="dialog-title")
            yield self._label
            with Horizontal(classes="dialog-row"):
                yield self._input
                yield self._echo
            yield self._said
            yield Line("Enter takes it · F9 from the meter · tab next · esc back · ^x OUTPUT OFF", classes="dialog-keys")

    def on_mount(self) -> None:
        self._said.show(" ")
        self._draw()
        self._input.focus()

    def action_point(self, by: int) -> None:
        self._at = (self._at + by) % len(self._points)
        self._sure_of = None
        self._draw()
        self._changed()

    def _draw(self) -> None:
        self._label.show(f"{self._points[self._at][1]}   ({self._at + 1} of {len(self._points)})")

    def capture_for(self) -> str | Wanted:
        """The point that is shown: the live meter's value, taken at once, and on to the next cell."""
        name, words, kind = self._points[self._at]
        return Wanted(name, words) if "voltage" in kind else f"{words}: no meter tells this. Type it."

    def take_captured(self, captured: Captured) -> str:
        if captured.field != self._points[self._at][0]:
            return "Another point is asked for now; nothing was taken."
        self._input.value = captured.text
        self._walks = True
        self._submitted()
        return self._said.text

    def say_here(self, text: str) -> None:
        self._said.show(text)

    def _read(self) -> tuple[float, str] | str:
        from tui.domain.quantities import QuantityError, parse, show

        kind = self._points[self._at][2]
        try:
            value = parse(self._input.value, kind)
        except QuantityError as error:
            return str(error)
        return value, show(value, kind)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._sure_of = None
        found = self._read() if self._input.value.strip() else ""
        self._echo.show("" if isinstance(found, str) else f"= {found[1]}")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        found = self._read()
        if isinstance(found, str):
            self._said.show(found)
            return
        value = found[0]
        self.bench_app.send(
            TypeReading(self._points[self._at][0], value, sure=self._sure_of == value),
            lambda outcome: self._answered(outcome, value, found[1]),
        )

    def _answered(self, outcome: Outcome, value: float, echo: str) -> None:
        name, words, _ = self._points[self._at]
        following = self._points[self._at + 1][0] if self._at + 1 < len(self._points) else ""
        if outcome.ok and self._walks and name.startswith("cell:") and following.startswith("cell:"):
            self.action_point(1)  # one cell after the other, with one key each
            self._input.value = ""
            self._said.show(f"Taken: {words} {echo}.")
            return
        if outcome.ok:
            self.bench_app.say(outcome.message or f"Taken: {self._points[self._at][1]} {echo}.")
            self.dismiss()
            return
        self._sure_of = value if outcome.confirm else None
        self._said.show(f"{outcome.message} Press Enter again if it is really so." if outcome.confirm else outcome.message)
