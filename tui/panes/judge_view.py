"""Cells judged: one measure at a time, the worst cell first, with the reason for each that lies apart. Esc goes back to the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.text import Text as RichText
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable

from tui.domain.judge_words import SIGNS, fall_words, median_words, title, value_words
from tui.domain.judging import WAYS, By, Judgement, judge
from tui.domain.self_discharge import MARKS_D
from tui.panes.dialog import Dialog
from tui.records.cell import Cell
from tui.records.measured import measured_cells
from tui.widgets.line import Line, Text

PAGE_ROWS = 500  # more rows at once would block the loop while the table measures them
COLUMNS = (("", 2), ("rank", 4), ("cell", 14), ("fall at rest", 12), ("value", 20), ("model", 11))


class _Row(NamedTuple):
    texts: tuple[str, ...]
    words: str  # what is said below the table while the cursor stands here


@dataclass
class Found(Message):
    """What a thread reckoned."""

    judgement: Judgement


class JudgeScreen(Dialog):
    """`s` goes to the next measure, `d` to other days of self-discharge."""

    DEFAULT_CSS = """
    JudgeScreen .sheet { width: 84; max-width: 100%; height: 1fr; padding: 0 1; background: $surface; border: round $accent; }
    JudgeScreen #judge-title { text-style: bold; }
    JudgeScreen #judge-keys { color: $text-muted; }
    JudgeScreen DataTable { height: 1fr; scrollbar-size-vertical: 1; background: $surface; }
    JudgeScreen #judge-median { color: $text-muted; }
    JudgeScreen #judge-words { height: 5; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", show=False),
        Binding("d", "days", show=False),
        Binding("n", "page(1)", show=False),
        Binding("p", "page(-1)", show=False),
        Binding("escape,q,j", "dismiss", show=False),
    ]

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__()
        self._cells = [cell for cell in cells if cell.state != "scrapped"]
        self.by: By = WAYS[0]
        self.days: int | None = None
        self.judgement: Judgement | None = None
        self.page = 0
        self._rows: list[_Row] = []

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical(classes="sheet"):
            yield Line("Judging the cells …", id="judge-title")
            yield DataTable[RichText](cursor_type="row")
            yield Line(id="judge-median")
            yield Text(id="judge-words")
            yield Line("", id="judge-keys")

    def on_mount(self) -> None:
        for name, width in COLUMNS:
            self.table.add_column(RichText(name), width=width)
        self.table.focus()
        self._judge(None, self.days)

    @property
    def table(self) -> DataTable[RichText]:
        return self.query_one(DataTable)

    @work(thread=True, exit_on_error=False, exclusive=True, group="judge")
    def _judge(self, by: By | None, days: int | None) -> None:
        """By None: by the first measure that anything is known of."""
        cells = measured_cells(self._cells)
        tried = [judge(cells, way, days=days) for way in ((by,) if by else WAYS)]
        self.post_message(Found(next((found for found in tried if found.rows), tried[0])))

    @on(Found)
    def _found(self, event: Found) -> None:
        found = self.judgement = event.judgement
        self.by, self.page = found.by, 0
        self._rows = [
            _Row((SIGNS[row.level], str(row.rank), row.label, fall_words(row), value_words(row, found.by), row.kind), row.words)
            for row in found.rows
        ]
        self._rows += [
            _Row(("", "–", cell.label, "", "left out", ""), f"{cell.label} is left out: {cell.reason}.") for cell in found.left_out
        ]
        apart = len(found.outliers)
        ranked = "none lies apart" if found.rows else "nothing to rank yet"
        told = ranked if not apart else f"{apart} {'lies' if apart == 1 else 'lie'} apart (!)"
        self.query_one("#judge-title", Line).show(f"{title(found)} · {told}")
        self.query_one("#judge-median", Line).show(" ".join(median_words(found)))
        days = "d other days · " if found.by == "self-discharge" else ""
        pages = "n p pages · " if len(self._rows) > PAGE_ROWS else ""
        self.query_one("#judge-keys", Line).show(f"s other measure · {days}{pages}↑ ↓ reason · esc back")
        self._fill()

    def _fill(self) -> None:
        self.table.clear()
        for row in self._rows[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS]:
            self.table.add_row(
                *(RichText(_cut(text, width), no_wrap=True) for text, (_, width) in zip(row.texts, COLUMNS, strict=True)),
            )
        self._tell()

    @on(DataTable.RowHighlighted)
    def _tell(self) -> None:
        """The reason of the cell under the cursor; what is to be said of all where there is none."""
        at = self.page * PAGE_ROWS + self.table.cursor_row
        words = self._rows[at].words if 0 <= at < len(self._rows) else "There are no cells to judge."
        notes = " ".join(self.judgement.notes) if self.judgement else ""
        self.query_one("#judge-words", Text).show(words or notes or "This cell is with the others.")

    def action_sort(self) -> None:
        self.by = WAYS[(WAYS.index(self.by) + 1) % len(WAYS)]
        self._judge(self.by, self.days)

    def action_days(self) -> None:
        """From the longest measured through 1, 7 and 30 days."""
        if self.by == "self-discharge":
            choices = (None, *MARKS_D)
            self.days = choices[(choices.index(self.days) + 1) % len(choices)]
            self._judge(self.by, self.days)

    def action_page(self, by: int) -> None:
        if 0 <= self.page + by < -(-len(self._rows) // PAGE_ROWS):
            self.page += by
            self._fill()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
