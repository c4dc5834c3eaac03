"""Scanning: a scanner types what it reads and ends with Enter; each code finds its cell, or adds one with the next free label.

The screen takes every key itself, from the moment it is opened: a burst of letters never meets a key binding, and none is lost while
a code is written to the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget

from tui.domain import labels, quantities
from tui.domain.cell_code import WHOLE, read_code, tidy
from tui.domain.plain_text import plain_text
from tui.domain.scan import Scanned, Scanner
from tui.panes.cell_page import CellPage
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.over_bench import OverBench
from tui.panes.scan_row import LABEL_COLUMNS, OPEN, Row, answers_to, told_of
from tui.panes.undo import Act
from tui.records.cell import Cell, InvalidCell, label_key
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Rows, Text

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

ENDS = ("enter", "tab", "ctrl+j")  # with which scanners end a code
SEPARATORS = "\x04\x1c\x1d\x1e\x1f"  # between the data fields of a symbol; part of what was scanned
SILENCE_S = 0.4  # after which a whole code is taken although its scanner sends no Enter
LONGEST = 200  # letters of one scan; more is a key held down


class ScanScreen(OverBench["str | None"]):
    """Returns the label of the last cell that was found or added, or None."""

    DEFAULT_CSS = """
    ScanScreen #scan-count, ScanScreen #scan-head { padding: 0 1; }
    ScanScreen #scan-head { color: $text-muted; }
    ScanScreen #scan-typed { padding: 0 1; text-style: bold; }
    ScanScreen #scan-told { padding: 0 1; min-height: 2; }
    ScanScreen VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """
    takes_scans = True
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._typed = ""
        self._scanner = Scanner()
        self.rows: list[Row] = []
        self._to_save: list[tuple[Row, str]] = []
        self._to_rate: list[str] = []  # ids of new cells that get the rated capacity
        self._writing = self._leaving = False
        self._next = ""  # label of the next new cell; "" until the inventory was asked
        self.last: Cell | None = None
        self._labels: dict[str, Cell] = {}  # the inventory by the keys of labels
        self._capacity_ah: float | None = None  # rated, of the new cells; no code tells it
        self._silence: Timer | None = None  # since the last letter of a whole code

    def compose_body(self) -> Iterator[Widget]:
        yield Line(id="scan-count")
        yield Line("Scan the code of each cell. A plate of two rows: one after the other.", id="scan-head")
        yield Line(id="scan-typed")
        yield Text(id="scan-told")
        yield VerticalScroll(Rows(id="scan-rows"), can_focus=False)

    def own_keys(self) -> list[KeyHint]:
        """What a scan that waits for a word can be answered with, before the rest."""
        waiting = next((row for row in self.rows if row.state in OPEN), None)
        answers = [("F3", "keep it", ""), ("del", "leave it out", "")] if waiting else []
        if waiting and waiting.scanned.code.other_way:
            answers.insert(0, ("F2", "other way" if len(waiting.scanned.code.text) == WHOLE else "first 24", ""))
        rest = [*([("F4", "open cell", "")] if self.last else []), ("F6", "numbering", ""), ("F7", "rated Ah", ""), ("esc", "done", "")]
        return [*answers, *rest]

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        self._write()  # asks for the next free label

    # --- keys: all of them end here -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        match event.key:
            case key if key in ENDS:
                self._take()
            case "escape" if self._typed:
                self._give_up_typed()
            case "escape":
                self._close()
            case "delete":
                self._leave_out()
            case "backspace":
                self._typed = self._typed[:-1]
            case "f2" | "f3":
                self._answer(other_way=event.key == "f2")
            case "f4" if self.last is not None:
                self.app.push_screen(CellPage(self.last))
            case "f6":
                words = "What the next new cell is called; the number at its end counts up: A01, or B-07."
                self.app.push_screen(LineScreen("Number the cells from which label?", words, self._next), self._number_from)
            case "f7":
                words = "No code tells the capacity. It is kept with the cells that are new here, and with those still to come: 280Ah."
                before = "" if self._capacity_ah is None else f"{self._capacity_ah:g} Ah"
                self.app.push_screen(LineScreen("Rated capacity of these new cells?", words, before), self._rate)
            case "up" | "down":
                self.query_one(VerticalScroll).scroll_relative(y=-1 if event.key == "up" else 1, animate=False)
            case _ if event.character and (event.is_printable or event.character in SEPARATORS) and len(self._typed) < LONGEST:
                self._typed += event.character
        self._show_typed()

    def _show_typed(self) -> None:
        """What has come of a scan so far. A whole code that nothing follows is taken: its scanner sends no Enter."""
        if self._silence is not None:
            self._silence.stop()
            self._silence = None
        if len(tidy(self._typed)) == WHOLE:
            self._silence = self.set_timer(SILENCE_S, self._take_silent)
        hint = "     enter takes it, esc takes it away" if len(self._typed) >= LABEL_COLUMNS and self._silence is None else ""
        self.query_one("#scan-typed", Line).show(f"▸ {plain_text(self._typed)}{hint}")

    def _take_silent(self) -> None:
        self._take()
        self._show_typed()

    def _give_up_typed(self) -> None:
        """Esc: what was typed by hand and not sent goes away, in sight; a whole code is kept all the same."""
        if len(tidy(self._typed)) == WHOLE:
            self._take()
        self._typed = ""

    def on_paste(self, event: events.Paste) -> None:
        """Terminals that wrap a burst of keys as a paste."""
        event.stop()
        *whole, rest = f"{self._typed}{event.text}".replace("\r\n", "\n").replace("\r", "\n").replace("\t", "\n").split("\n")
        for text in whole:
            self._typed = text[:LONGEST]
            self._take()
        self._typed = rest[:LONGEST]
        self._show_typed()

    def _number_from(self, label: str | None) -> None:
        if label:
            self._next = " ".join(plain_text(label).split())
            self._show()

    def _rate(self, text: str | None) -> None:
        if not text:
            return
        try:
            self._capacity_ah = quantities.parse(text, "capacity")
        except ValueError as error:
            self.app.say(str(error), refused=True)
            return
        self._to_rate += [row.cell.id for row in self.rows if row.state == "new" and row.cell]
        self._show()
        self._write()

    # --- what a scan comes to -------------------------------------------------------------------------------------

    def _take(self) -> None:
        raw, self._typed = self._typed, ""
        if (
            labelled := self._labels.get(label_key(plain_text(raw).strip()))
        ) is not None and raw.strip():  # a label that its owner has printed
            self.last = labelled
            self.rows.insert(0, Row(Scanned(raw, read_code(labelled.code)), "found", f"{labelled.state}, by its label", labelled))
            self._show()
            return
        scanned = self._scanner.take(raw)
        if scanned is None:
            return
        if self.rows and self.rows[0].state == "half" and (scanned.joined or (scanned.half and not scanned.dropped)):
            del self.rows[0]  # it stands in this one now, or was scanned twice
        if scanned.half:
            row = Row(scanned, "half", f"{scanned.code.text}: {len(scanned.code.text)} characters, as one row of a plate; scan the other.")
        elif scanned.refused:
            row = Row(scanned, "refused", f"{scanned.refused} {scanned.code.text}")
        elif scanned.doubtful:
            row = Row(scanned, "ask", f"{scanned.code.text}: {scanned.doubtful}")
        else:
            row = Row(scanned, "saving", scanned.code.text)
            self._to_save.append((row, scanned.code.text))
        self.rows.insert(0, row)
        self._show()
        self._write()

    def _answer(self, *, other_way: bool) -> None:
        """The newest row that waits for a word is kept, as scanned or with its rows the other way round."""
        for row in self.rows:
            code = row.scanned.code.other_way if other_way else row.scanned.code.text
            if row.state in OPEN and code:
                if row.state == "half":
                    self._scanner.pending = ""
                row.state = "saving"
                self._to_save.append((row, code))
                self._show()
                self._write()
                return

    def _leave_out(self) -> None:
        """The newest row that waits for a word was a bad scan."""
        row = next((row for row in self.rows if row.state in OPEN), None)
        if row is not None:
            if row.state == "half":
                self._scanner.pending = ""
            self.rows.remove(row)
            self._show()

    def _write(self) -> None:
        if not self._writing:
            self._writing = True
            self._writer()

    @work(exit_on_error=False, group="scan")
    async def _writer(self) -> None:
        """One code after the other to the disk, beside the loop; what is scanned meanwhile waits in its order."""
        try:
            if not self._next:
                self._next = await asyncio.to_thread(self._first_label)
            while self._to_save or self._to_rate:
                if self._to_save:
                    row, code = self._to_save.pop(0)
                    await asyncio.to_thread(self._keep, row, code)
                else:
                    await asyncio.to_thread(self._keep_rating, self._to_rate.pop(0))
                self._show()
        finally:
            self._writing = False
        self._show()
        if self._leaving:
            self.call_later(self._close)  # not from in here: closing waits for this worker

    def _first_label(self) -> str:
        """After the last label of the inventory that ends in a number."""
        try:
            cells = Inventory(self.app.home).list()
        except StoreError:
            cells = []
        self._labels = {label_key(cell.label): cell for cell in cells}
        numbered = [cell.label for cell in cells if cell.label[-1:].isdecimal()]
        return labels.following(numbered[-1] if numbered else "")

    def _keep_rating(self, cell_id: str) -> None:
        """In a thread: the rated capacity of a cell that was scanned before it was told."""
        try:
            Inventory(self.app.home).edit(cell_id, capacity_ah=self._capacity_ah)
        except (CellGone, InvalidCell, StoreError) as error:
            self.app.call_later(self.app.say, str(error), refused=True)

    def _keep(self, row: Row, code: str) -> None:
        """In a thread: add the cell of a scan, or find it."""
        read = read_code(code)
        about: dict[str, Any] = {"maker": read.maker} if read.maker else {}
        if self._capacity_ah is not None:
            about["capacity_ah"] = self._capacity_ah
        try:
            cell, is_new = Inventory(self.app.home).add_scanned(code, self._next, code_raw=row.scanned.raw, **about)
        except InvalidCell as error:
            row.state, row.words = "refused", f"{error}: {code}"
        except StoreError as error:
            row.state, row.words = "failed", str(error)
        else:
            row.cell = self.last = cell
            self._labels[label_key(cell.label)] = cell
            if is_new:
                row.state, row.words = "new", told_of(read)
                self._next = labels.following(cell.label)
            else:
                just_now = any(other.cell is not None and other.cell.id == cell.id for other in tuple(self.rows) if other is not row)
                row.state = "again" if just_now else "found"
                row.words = f"scanned already, nothing was added: {code}" if just_now else f"{cell.state}, {told_of(read)}"

    # --- the picture ----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if not self.is_mounted:
            return
        new = sum(row.state == "new" for row in self.rows)
        rated = "" if self._capacity_ah is None else f", {self._capacity_ah:g} Ah"
        told = f"{len(self.rows)} scanned, {new} new · the next new cell is {self._next or '…'}{rated}"
        open_rows = sum(row.state in OPEN for row in self.rows)
        waits = f" · {open_rows} {'waits' if open_rows == 1 else 'wait'} for a word"
        self.query_one("#scan-count", Line).show(told + (waits if open_rows else ""))
        self.show_keys()
        width = max(40, self.size.width - 3)
        self.query_one("#scan-rows", Rows).show_rows([row.content(width) for row in self.rows])
        newest = self.rows[0] if self.rows else None
        answers = f" {answers_to(newest)}" if newest and newest.state in OPEN else ""
        self.query_one("#scan-told", Text).show(f"{newest.state}: {plain_text(newest.words)}{answers}" if newest else "")

    def on_resize(self) -> None:
        self._show()

    @property
    def act(self) -> Act | None:
        """The cells that were new here, to be taken back together."""
        new = tuple(row.cell.id for row in reversed(self.rows) if row.state == "new" and row.cell)
        return Act(f"{len(new)} scanned {'cell' if len(new) == 1 else 'cells'}", new) if new else None

    def _close(self) -> None:
        """Not before the last code is on the disk; rows that wait for a word are asked about."""
        if self._writing:
            self._leaving = True
            return
        waiting = [row for row in self.rows if row.state in OPEN]
        label = self.last.label if self.last else None
        if not waiting:
            self.dismiss(label)
            return
        self._leaving = False

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(label)

        what = "One scan was" if len(waiting) == 1 else f"{len(waiting)} scans were"
        words = "\n".join(row.scanned.code.text for row in waiting[:6])
        self.app.push_screen(ConfirmScreen(f"{what} not kept. Leave them out?", words, yes="leave them out", no="no, go back"), answered)
