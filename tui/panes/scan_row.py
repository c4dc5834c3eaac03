"""One scan in the list, with what became of it and how it can be answered, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.content import Content

from tui.domain.cell_code import SECOND_LIFE, WHOLE, CellCode
from tui.domain.plain_text import plain_text
from tui.domain.scan import Scanned
from tui.records.cell import Cell
from tui.widgets.text import cut

LABEL_COLUMNS = 10

State = Literal["saving", "new", "found", "again", "half", "ask", "refused", "failed"]
_STYLES: dict[State, str] = {
    "new": "bold $accent",
    "ask": "bold $warning",
    "half": "$warning",
    "refused": "bold $error",
    "failed": "bold $error",
}
OPEN: tuple[State, ...] = ("ask", "half", "failed")


@dataclass(slots=True)
class Row:
    """One scan and what became of it."""

    scanned: Scanned
    state: State
    words: str
    cell: Cell | None = None

    def content(self, width: int) -> Content:
        label = cut(self.cell.label if self.cell else "", LABEL_COLUMNS)
        state, text = f"{self.state:<8}", plain_text(self.words)
        return Content.assemble(
            (f"{label:<{LABEL_COLUMNS}} ", "bold"),
            (state, _STYLES.get(self.state, "")),
            cut(text, max(8, width - LABEL_COLUMNS - len(state) - 1)),
        )


def answers_to(row: Row) -> str:
    """What can be done with a scan that waits for a word."""
    code = row.scanned.code
    if row.state == "failed":
        return "F3 tries again, del leaves it out."
    if not code.other_way:
        return "F3 keeps it as it is, del leaves it out."
    return f"F2 takes {'it the other way round' if len(code.text) == WHOLE else 'the first 24'}, F3 as scanned, del leaves it out."


def told_of(code: CellCode) -> str:
    """What a code tells, in a line."""
    model = f"model {code.model_code}{f' ({code.model})' if code.model else ''}" if code.model_code else ""
    note = "a second life" if len(code.text) == SECOND_LIFE else ""
    return ", ".join(part for part in (code.words or code.text, model, note) if part)
