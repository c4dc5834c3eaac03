"""Adding cells, one or many, and editing one. What is wrong stands at its field; nothing half is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tui.bench.messages import Captured
from tui.domain import quantities
from tui.domain.cell_code import read_code
from tui.panes.capture import Wanted
from tui.panes.draft import MAX_CELLS, read_cells
from tui.panes.fields import FieldRow, FieldSpec, QuantityInput
from tui.panes.form import KEYS, Form
from tui.panes.undo import Act
from tui.records.cell import STATES, Cell, InvalidCell, State
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError

if TYPE_CHECKING:
    from tui.app import TopBalanceApp
    from tui.records.places import Home

# A person's word on a cell; "balancing" and "balanced" are said by sessions only.
STATE_CHOICES = (("", "as it is"), *((state, state) for state in ("stock", "in pack", "suspect", "scrapped")))

FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("label", "Label", "text", "What is written on the cell: A1. Many at once: A1..A8, or A1 and a count."),
    FieldSpec("count", "Count", "text", "How many cells of this kind; the number in the label counts up.", "1"),
    FieldSpec(
        "state",
        "State",
        "choice",
        "Where the cell stands. Suspect and scrapped cells are refused by a bank.",
        choices=STATE_CHOICES,
        wide=True,
    ),
    FieldSpec("capacity_ah", "Each", "capacity", "Rated capacity, from its label: 280Ah. Empty when unknown.", "280Ah"),
    FieldSpec("resistance_mohm", "Resist.", "resistance", "Internal resistance from the maker or a tester: 0.18 mOhm."),
    FieldSpec("received_voltage_v", "Volts", "cell_voltage", "Volts as received; 3301 is taken as millivolts."),
    FieldSpec("maker", "Maker", "text", "Who made it: EVE.", wide=True),
    FieldSpec("model", "Model", "text", "The model on the label: LF280K.", wide=True),
    FieldSpec("code", "Code", "text", "The QR or data-matrix text, of one cell only.", wide=True),
    FieldSpec("supplier", "From", "text", "Where it was bought.", wide=True),
    FieldSpec("order_no", "Order", "text", "Number of the order, for the warranty.", wide=True),
    FieldSpec("price", "Price", "text", "What it cost, with the currency: 89 EUR.", wide=True),
    FieldSpec("received_date", "Came", "text", "Day it came, as 2026-03-21.", wide=True),
    FieldSpec("notes", "Notes", "text", "Dents, threads, anything worth knowing later.", wide=True),
)
_NUMBERS = {"capacity_ah": 1.0, "resistance_mohm": 1e3, "received_voltage_v": 1.0}  # what the parsed value is multiplied by


@dataclass(frozen=True, slots=True)
class CellDraft:
    """The form as read: what was understood, what is wrong, what is only doubtful, and the records when nothing is wrong."""

    echoes: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[dict[str, Any], ...] = ()


def read_form(answers: Mapping[str, str], before: Mapping[str, str] | None = None) -> CellDraft:
    """Read the fields of the form. Pure; never raises.

    With `before`, the texts of a cell that is edited, the record holds only the fields whose text is another now: what somebody else
    changed meanwhile is not written over, and what nobody touched is neither judged nor rounded.
    """
    echoes, messages = dict[str, str](), dict[str, str]()
    values: dict[str, Any] = {}
    labels: tuple[str, ...] = ()
    try:
        labels = labels_of(answers.get("label", ""), answers.get("count", "1"))
    except ValueError as error:
        messages["count" if "count" in str(error) else "label"] = str(error)
    echoes["label"] = labels[0] if len(labels) == 1 else f"{len(labels)} cells" if labels else ""
    for spec in FIELDS:
        if spec.name in ("label", "count", "state"):
            continue
        text = answers.get(spec.name, "").strip()
        same = before is not None and text == before.get(spec.name, "").strip()
        value: str | float | None = None if spec.name in _NUMBERS else text
        if spec.name in _NUMBERS:
            echoes[spec.name] = "" if text else "unknown"
            try:
                value = quantities.parse(text, spec.kind) * _NUMBERS[spec.name] if text else None
            except ValueError as error:
                messages.update({} if same else {spec.name: str(error)})
            else:
                if text:
                    echoes[spec.name] = f"{value:.2f} mΩ" if spec.kind == "resistance" else quantities.echo(text, spec.kind)
        if not same:
            values[spec.name] = value
    if values.get("code") and len(labels) > 1:
        messages["code"] = "A code belongs to one cell. Add these cells without it, then edit each."
    code = answers.get("code", "").strip()
    doubts = {"code": " ".join(read_code(code).doubts)} if code else {}
    renamed = before is None or answers.get("label", "").strip() != before.get("label", "")
    cells = () if messages else tuple({**({"label": label} if renamed else {}), **values} for label in labels)
    return CellDraft(echoes, messages, doubts, cells)


def labels_of(text: str, count_text: str = "1") -> tuple[str, ...]:
    """`A1..A8`, or `A1` and a count, counting up from the number at the end; zeros in front stay (A01, A02). Raises ValueError."""
    text = text.strip()
    if not text:
        raise ValueError("A cell needs a label: what is written on it.")
    if ".." in text or "," in text or "…" in text:
        return read_cells(text)[0]
    if not count_text.strip().isdecimal() or not 1 <= int(count_text) <= MAX_CELLS:
        raise ValueError(f"The count is a whole number from 1 to {MAX_CELLS}.")
    count = int(count_text)
    if count == 1:
        return (text,)
    match = re.fullmatch(r"(.*?)(\d+)", text)
    stem, first, width = (match[1], int(match[2]), len(match[2])) if match else (text, 1, 1)
    return tuple(f"{stem}{number:0{width}d}" for number in range(first, first + count))


def answers_of(cell: Cell) -> dict[str, str]:
    """The form's texts for a cell that is edited."""
    answers = {spec.name: str(getattr(cell, spec.name, "") or "") for spec in FIELDS if spec.kind != "choice"}
    units = {"capacity_ah": "Ah", "resistance_mohm": "mOhm", "received_voltage_v": "V"}
    for name, unit in units.items():
        value = getattr(cell, name)
        answers[name] = "" if value is None else f"{value:.10g}{unit}"
    return {**answers, "count": "1"}


class CellForm(Form):
    """Returns the label of the (first) cell that was kept, or None after Esc."""

    DEFAULT_CSS = """
    CellForm > Vertical { width: 60; max-width: 100%; height: auto; max-height: 100%; }
    CellForm > Vertical { padding: 0 1; background: $surface; border: round $accent; }
    CellForm VerticalScroll { height: auto; max-height: 16; scrollbar-size-vertical: 1; }
    CellForm Input { background: $panel; }
    CellForm .box-keys { color: $text-muted; }
    """

    @dataclass
    class Kept(Message):
        """The inventory answered: "" or what it refused, and at which field."""

        problem: str = ""
        field: str = ""

    def __init__(self, home: Home, cell: Cell | None = None) -> None:
        super().__init__()
        self._home, self._cell = home, cell
        self._before = answers_of(cell) if cell else None
        self.draft = CellDraft()
        self.act: Act | None = None  # once cells were added

    @property
    def takes_scans(self) -> bool:
        """A code is scanned into its field; no other answer here is."""
        row = self.rows.get("code")
        return row is not None and row.editor.has_focus

    def compose(self) -> ComposeResult:
        answers = self._before or {}
        yield self.status
        with Vertical() as box:
            box.border_title = "Edit cell" if self._cell else "Add cells"
            with VerticalScroll(can_focus=False):
                for spec in FIELDS:
                    if spec.name != ("count" if self._cell else "state"):
                        yield FieldRow(spec, answers.get(spec.name))
            yield self.help_line
            yield self.said
            yield Static(KEYS, classes="box-keys", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.read()

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.read()

    def read(self, *, judge: bool = False) -> None:
        """Show what was understood. An empty label is no fault before the form is sent (`judge`)."""
        self.draft = read_form({name: row.value for name, row in self.rows.items()}, self._before)
        for name, row in self.rows.items():
            message = self.draft.messages.get(name, "")
            quiet = name == "label" and not row.value and not judge
            doubt = "" if message else self.draft.doubts.get(name, "")
            shown = "" if quiet else message or doubt
            row.show(self.draft.echoes.get(name, ""), shown, "warning" if doubt else "error" if shown else "")

    @on(QuantityInput.WhyAsked)
    def _help_is_there(self, event: QuantityInput.WhyAsked) -> None:
        event.stop()

    def capture_for(self) -> str | Wanted:
        """Only the field of the volts takes a meter's value, and only for one cell."""
        row = self.rows["received_voltage_v"]
        if self.focused is not row.editor:
            return "F9 fills the field of the volts: go there first."
        if len(self.draft.cells) > 1:
            return f"One value would go to all {len(self.draft.cells)} cells. Keep them first (F5), then walk them in the table with F9."
        return Wanted("received_voltage_v", "Volts", cast("TopBalanceApp", self.app).meter_address())

    def take_captured(self, captured: Captured) -> str:
        row = self.rows["received_voltage_v"]
        row.value = f"{captured.text} V"
        if self.focused is row.editor:
            self.focus_next()
        return f"{captured.text} V {captured.doubt}".strip()

    def say_here(self, text: str) -> None:
        self.help_line.update(text, layout=False)

    def action_keep(self) -> None:
        self.read(judge=True)
        if self.draft.messages:
            self.rows[next(name for name in self.rows if name in self.draft.messages)].editor.focus()
            return
        state = next((state for state in STATES if self._cell and state == self.rows["state"].value), None)
        self._keep(self.draft.cells, state)

    @work(thread=True, exit_on_error=False, exclusive=True)
    def _keep(self, cells: tuple[dict[str, Any], ...], state: State | None) -> None:
        """Into the inventory, all or none, from beside the loop."""
        inventory = Inventory(self._home)
        try:
            if self._cell:
                before = inventory.get(self._cell.id)
                cell = inventory.edit(self._cell.id, state=state, **cells[0])
                new = [item for item in cell.log if item["kind"] in ("edit", "state") and item not in before.log]
                self.act = Act(f"what was changed of {cell.label}", entries={cell.id: new}) if new else None
            else:
                added = inventory.add_many(cells)
                words = added[0].label if len(added) == 1 else f"{added[0].label} to {added[-1].label}"
                self.act = Act(f"{words} added", tuple(cell.id for cell in added))
        except InvalidCell as error:
            self.post_message(self.Kept(str(error), error.field))
        except (StoreError, CellGone, ValueError) as error:
            self.post_message(self.Kept(str(error)))
        else:
            self.post_message(self.Kept())

    @on(Kept)
    def _kept(self, event: Kept) -> None:
        row = self.rows.get(event.field)
        if not event.problem:
            cell = self.draft.cells[0]
            self.dismiss(cell.get("label") or self.rows["label"].value.strip())
        elif row:
            row.show("", event.problem, "error")
            row.editor.focus()
        else:
            self.said.update(event.problem)
