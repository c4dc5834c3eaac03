"""The table of the grid: draws the sheet and takes its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.panes.entry_sheet import COLUMNS, LABEL, MAX_ROWS, VOLTS, Place, Sheet
from tui.widgets.text import cut

NUMBER_COLUMNS = 5
EMPTY_ROWS = 16  # that are shown below the last one
LONGEST = 80  # letters of one cell of the sheet


class Grid(ScrollView, can_focus=True):
    """Draws the sheet and takes its keys. What is being typed is in `typing` until Enter, Tab or an arrow puts it into the sheet."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--cursor", "grid--wrong", "grid--known", "grid--muted"}
    DEFAULT_CSS = """
    Grid { height: 1fr; width: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    Grid > .grid--cursor { text-style: reverse; }
    Grid > .grid--wrong { color: $text-error; text-style: bold underline; }
    Grid > .grid--known { color: $accent; }
    Grid > .grid--muted { color: $foreground 50%; }
    """

    class Changed(Message):
        """The cursor moved, something is being typed, or the sheet changed; `problem` when a change was refused."""

        def __init__(self, problem: str = "", *, by_key: bool = False) -> None:
            super().__init__()
            self.problem, self.by_key = problem, by_key

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self.sheet = sheet
        self.row, self.column = 0, 0
        self.typing: str | None = None
        self._first_column = 0  # to which Enter comes back after a run of Tabs

    def on_mount(self) -> None:
        self._fit()

    @property
    def place(self) -> Place:
        return self.row, self.column

    # --- keys -----------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        moves = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1), "pageup": (-10, 0), "pagedown": (10, 0)}
        key = event.key
        if key in moves:
            self.put()
            self.move(*moves[key])
            self._first_column = self.column
        elif key in ("enter", "ctrl+j"):
            self._enter()
        elif key == "tab":
            self.put()
            self.go(self.row, min(self.column + 1, len(COLUMNS) - 1))
        elif key == "shift+tab":
            self.put()
            self.move(0, -1)
        elif key == "home":
            self.put()
            self.go(self.row, LABEL)
            self._first_column = LABEL
        elif key == "escape" and self.typing is not None:
            self.typing = None
        elif key == "backspace":
            self.typing = (self.sheet.text(self.place) if self.typing is None else self.typing)[:-1]
        elif key == "delete":
            self.typing = ""
            self.put()
        elif event.is_printable and event.character:
            self.typing = ((self.typing or "") + event.character)[:LONGEST]
        else:
            return
        event.stop()
        event.prevent_default()
        self.tell(by_key=True)

    def _enter(self) -> None:
        """Down. After Tabs back to where they began, but never on a label that stands there: the next value would write over it."""
        labels = len(self.sheet.rows)
        self.put()
        if len(self.sheet.rows) > max(labels, self.row + 1):  # a pattern made rows, whose volts come next
            self.go(self.row, VOLTS)
            self._first_column = VOLTS
            return
        filled = self.sheet.text((self.row + 1, self._first_column))
        self.go(self.row + 1, self.column if filled else self._first_column)

    def on_paste(self, event: events.Paste) -> None:
        """One value is typed; lines and columns go into the sheet."""
        event.stop()
        text = event.text
        if not any(sign in text for sign in "\r\n\t"):
            self.typing = ((self.typing or "") + text)[:LONGEST]
            self.tell()
            return
        self.typing = None
        self._change(lambda: self.sheet.paste(self.place, text))

    def put(self) -> None:
        """What is being typed becomes the text of the cell under the cursor."""
        if self.typing is not None:
            text, self.typing = self.typing, None
            self._change(lambda: self.sheet.put(self.place, text))

    def take(self, place: Place, text: str) -> None:
        """A value from a meter into a cell of the sheet, and one down, unless the operator has gone elsewhere meanwhile."""
        self.sheet.measure(place, text)
        if self.row == place[0] and (self.typing is None or self.column == place[1]):
            self.typing = None
            self.move(1, 0)
        self._fit()
        self.refresh()

    def undo(self) -> None:
        """What is being typed, or else the last change, is taken back."""
        if self.typing is not None:
            self.typing = None
            done = True
        else:
            done = self.sheet.undo()
        self._fit()
        self.tell("" if done else "Nothing is left to take back.")

    def _change(self, act: Callable[[], None]) -> None:
        problem = ""
        try:
            act()
        except ValueError as error:
            problem = str(error)
        self._fit()
        self.tell(problem)

    def move(self, down: int, right: int) -> None:
        self.go(self.row + down, self.column + right)

    def go(self, row: int, column: int) -> None:
        self.row, self.column = max(0, min(row, MAX_ROWS - 1)), max(0, min(column, len(COLUMNS) - 1))
        self._fit()
        self.scroll_to_region(Region(0, self.row, 1, 1), animate=False, force=True)

    def tell(self, problem: str = "", *, by_key: bool = False) -> None:
        self.refresh()
        self.post_message(self.Changed(problem, by_key=by_key))

    # --- the picture ----------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        rows = min(MAX_ROWS, max(len(self.sheet.rows), self.row + 1) + EMPTY_ROWS)
        self.virtual_size = Size(NUMBER_COLUMNS + sum(column.width + 1 for column in COLUMNS), rows)

    def render_line(self, y: int) -> Strip:
        row = y + int(self.scroll_offset.y)
        base = self.rich_style
        style = {
            name: base + self.get_component_rich_style(f"grid--{name}", partial=True) for name in ("cursor", "wrong", "known", "muted")
        }
        known = self.sheet.cell_of(row) is not None
        segments = [Segment(f"{row + 1:>{NUMBER_COLUMNS - 1}} ", style["muted"])]
        for at, column in enumerate(COLUMNS):
            here = (row, at) == self.place
            typed = here and self.typing is not None
            text = self.typing or "" if typed else self.sheet.text((row, at))
            shown = f"{text[-(column.width - 1) :]}▏" if typed else cut(text, column.width)
            wrong = not typed and bool(self.sheet.problem((row, at)))
            ink = style["wrong"] if wrong else style["known"] if known and at == LABEL else base
            if here:
                ink = ink + style["cursor"] if self.has_focus else ink
            segments += [Segment(f"{shown:<{column.width}}" if at == LABEL else f"{shown:>{column.width}}", ink), Segment(" ", base)]
        return Strip(segments).adjust_cell_length(self.size.width, base)
