"""Instruments: every serial port with what answers there, the role that it has on this bench, a test, and the bytes of its line, live."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text as RichText
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import DataTable

from tui.bench.messages import FindInstruments, GiveRole, InstrumentList, InstrumentRow, Outcome, SaveTrace, TraceLine, TryInstrument
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.workspace import Workspace
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Rows, Text
from tui.widgets.text import cut, plain

COLUMNS = (("role", 6), ("port", 17), ("what answers", 28), ("state", 14))
ROLES = {"supply": "SUPPLY", "meter": "METER", "bms": "BMS", "": ""}
STATES = {
    "unasked": "not asked yet",
    "asked": "asking …",
    "found": "answers",
    "silent": "silent",
    "busy": "could not ask",
    "away": "not plugged in",
    "in use": "in the session",
}
LOOK_EVERY_S = 0.5
SAID_FOR_S = 8.0
WRITE_TEST_LOSS = (
    "The leads must not be on cells. With its output off the supply is set to 1.00 V and 0.10 A, and both are read back. Set-points that it had "
    "are gone afterwards; the output stays off."
)
NO_ROWS = "No serial port is there. Plug the instrument's USB cable in; on Linux your user must be in the group that owns the port (dialout or uucp)."


@dataclass
class Looked(Message):
    """What the bench tells of the instruments, and of one line."""

    found: InstrumentList
    trace: list[TraceLine]


def named(row: InstrumentRow) -> str:
    """What answers, in a few words."""
    if row.family:
        return " ".join(part for part in (row.family, row.model, row.serial and f"#{row.serial}") if part)
    return row.usb


def short_port(port: str, width: int) -> str:
    """A port's name for a narrow column: what tells it from its neighbours stands at the end."""
    name = port.removeprefix("socket://").removeprefix("rfc2217://").removeprefix("/dev/serial/by-id/")
    return name if len(name) <= width else "…" + name[-(width - 1) :]


def trace_rows(lines: Sequence[TraceLine], count: int, width: int) -> list[Content]:
    """The newest exchanges: time, direction, bytes, and what of them can be read."""
    return [Content(_trace_row(line, max((width - 18) // 4, 4))[:width]) for line in lines[-count:]]


def _trace_row(line: TraceLine, most: int) -> str:
    data = bytes.fromhex(line.data)
    told = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data[:most])
    when = datetime.datetime.fromtimestamp(line.unix_s).strftime("%H:%M:%S.%f")[:-4]
    signs = {">": "→", "<": "←", "x": "✗"}
    return f"{when} {signs[line.direction]} {data[:most].hex(' ')}{' …' if len(data) > most else ''}  {told}"


class InstrumentsScreen(Workspace):
    """Asks the bench, which alone touches a line; draws what differs."""

    MODE = "instruments"
    AUTO_FOCUS = "#instruments-table"
    DEFAULT_CSS = """
    InstrumentsScreen .workspace-body { height: 1fr; }
    InstrumentsScreen #instruments-doing { padding: 0 1; color: $text-muted; }
    InstrumentsScreen #instruments-doing.-refused { color: $text-warning; }
    InstrumentsScreen DataTable { height: 1fr; min-height: 4; scrollbar-size-vertical: 1; background: $background; }
    InstrumentsScreen #instruments-detail { padding: 0 1; border-top: solid $border; max-height: 9; }
    InstrumentsScreen #instruments-trace { display: none; padding: 0 1; border-top: solid $border; height: 9; color: $text-muted; }
    InstrumentsScreen.-bytes #instruments-trace { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "find", show=False),
        Binding("i", "ask_line", show=False),
        Binding("u,enter", "use", show=False),
        Binding("v", "reading", show=False),
        Binding("w", "write_test", show=False),
        Binding("b", "bytes", show=False),
        Binding("s", "save_bytes", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found = InstrumentList()
        self._looked = False

    def compose_body(self) -> Iterator[Widget]:
        table: DataTable[RichText] = DataTable(id="instruments-table", cursor_type="row")
        yield Vertical(
            Line(id="instruments-doing"),
            table,
            Text(id="instruments-detail"),
            Rows(id="instruments-trace"),
            classes="workspace-body",
        )

    def on_mount(self) -> None:
        for title, width in COLUMNS:
            self.table.add_column(title, width=width)
        self.set_interval(LOOK_EVERY_S, self._look_again)
        self.look()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._composed:
            self.look()

    @property
    def table(self) -> DataTable[RichText]:
        return self.query_one("#instruments-table", DataTable)

    @property
    def row(self) -> InstrumentRow | None:
        """The row under the cursor."""
        at = self.table.cursor_row
        return self.found.rows[at] if 0 <= at < len(self.found.rows) else None

    def own_keys(self) -> list[KeyHint]:
        row, keys, bytes_shown = self.row, [("f", "find", "screen.find")], self.has_class("-bytes")
        if not bytes_shown:
            keys.append(("i", "ask", "screen.ask_line"))
        if row is not None and row.mark:
            keys += [("u", "drop" if row.role else "use", "screen.use"), ("v", "read", "screen.reading")]
            if row.kind == "supply":
                keys.append(("w", "test", "screen.write_test"))
        keys.append(("b", "bytes", "screen.bytes"))
        if bytes_shown:
            keys.append(("s", "save", "screen.save_bytes"))
        return keys

    # --- what the bench tells ---

    def _look_again(self) -> None:
        if self.is_current and (self.found.searching or self.has_class("-bytes") or self._waiting):
            self.look()

    _waiting = False  # for the result of a test

    def look(self) -> None:
        """Ask the bench, in a thread."""
        row = self.row
        self._fetch(row.address if row is not None and self.has_class("-bytes") else "")

    @work(thread=True, exit_on_error=False, exclusive=True, group="instruments-look")
    def _fetch(self, address: str) -> None:
        link = self.bench_app.link
        self.post_message(Looked(link.instruments(), link.trace(address) if address else []))

    @on(Looked)
    def _show(self, event: Looked) -> None:
        keep = self.row.port if self.row else ""
        was, self.found = self.found, event.found
        self._waiting = any(row.state == "asked" for row in self.found.rows)
        if was.rows != self.found.rows or not self._looked:
            self._looked = True
            self._fill(keep)
        if not self._said:
            self._show_doing()
        trace = self.query_one("#instruments-trace", Rows)
        trace.show_rows(trace_rows(event.trace, 8, max(self.size.width - 2, 20)))
        self._show_detail()

    def _advice(self) -> str:
        if not self.found.rows:
            return "f looks for instruments."
        if not any(row.mark for row in self.found.rows):
            return "f asks on every port who is there. Nothing is changed by asking."
        if not any(row.role for row in self.found.rows):
            return "u uses the marked instrument on this bench; Setup then has its address."
        return ""

    def _fill(self, keep: str) -> None:
        self.table.clear()
        for row in self.found.rows:
            texts = (ROLES[row.role], short_port(row.port, COLUMNS[1][1]) or "–", named(row) or "?", STATES[row.state])
            self.table.add_row(*(RichText(cut(plain(text), width), no_wrap=True) for text, (_, width) in zip(texts, COLUMNS, strict=True)))
        at = next((index for index, row in enumerate(self.found.rows) if row.port == keep), 0)
        self.table.move_cursor(row=at, animate=False)

    @on(DataTable.RowHighlighted)
    def _show_detail(self) -> None:
        row, detail = self.row, self.query_one("#instruments-detail", Text)
        if row is None:
            detail.show(NO_ROWS if self._looked else "")
        else:
            lines = [" · ".join(part for part in (row.address or row.port, row.usb) if part), row.text]
            detail.show("\n".join(plain(line) for line in lines if line))
        self.show_keys(self.bench_app.snapshot)

    @on(DataTable.RowSelected)
    def _chosen(self) -> None:
        self.action_use()

    # --- what keys do ---

    _said = ""

    def say(self, text: str, *, refused: bool = False) -> None:
        """Answer a key in the first line, for some seconds."""
        self._said = text
        line = self.query_one("#instruments-doing", Line)
        line.set_class(refused, "-refused")
        line.show(text)
        self.set_timer(SAID_FOR_S, lambda: self._unsay(text))

    def _unsay(self, text: str) -> None:
        if self._said == text:
            self._said = ""
            self._show_doing()

    def _show_doing(self) -> None:
        line = self.query_one("#instruments-doing", Line)
        line.remove_class("-refused")
        line.show(self.found.searching or self._advice())

    def _do(self, command: FindInstruments | GiveRole | TryInstrument | SaveTrace) -> None:
        def done(outcome: Outcome) -> None:
            if outcome.message:
                self.say(outcome.message, refused=not outcome.ok)
            self._waiting = outcome.ok
            self.look()

        self.bench_app.send(command, done)

    def _marked(self) -> InstrumentRow | None:
        """The instrument under the cursor; says so where there is none."""
        row = self.row
        if row is None or not row.mark:
            asked = row is not None and row.state == "asked"
            self.say(
                "It is still being asked; wait a moment." if asked else "No instrument has answered here yet. f finds them.", refused=True
            )
            return None
        return row

    def action_find(self) -> None:
        self._do(FindInstruments())

    def action_ask_line(self) -> None:
        def ask(line: str | None) -> None:
            if line:
                self._do(FindInstruments((line,)))

        help_text = "A port or a line: /dev/ttyUSB0, socket://192.168.1.7:5025. It is asked who is there; nothing is changed by asking."
        self.app.push_screen(LineScreen("Ask at which line?", help_text), ask)

    def action_use(self) -> None:
        row = self._marked()
        if row is not None:
            role = "" if row.role else row.kind
            self._do(GiveRole(row.mark, role))  # type: ignore[arg-type]  # a kind is a role

    def action_reading(self) -> None:
        row = self._marked()
        if row is not None:
            self._do(TryInstrument(row.address))

    def action_write_test(self) -> None:
        row = self._marked()
        if row is None:
            return
        if row.kind != "supply":
            self.say("Only a supply is ever written to.", refused=True)
            return

        def test(yes: bool | None) -> None:
            if yes:
                self._do(TryInstrument(row.address, writes=True))

        self.app.push_screen(
            ConfirmScreen(f"Write test of {row.family} {row.model}?", WRITE_TEST_LOSS, yes="the leads are off, test it", no="no"), test
        )

    def action_bytes(self) -> None:
        self.toggle_class("-bytes")
        self.look()

    def action_save_bytes(self) -> None:
        row = self.row
        if row is None or not (row.address or row.port):
            self.say("There is no line to save.", refused=True)
        else:
            self._do(SaveTrace(row.address or row.port))
