"""Which model the cells are: typing filters the catalogue, up and down choose, Enter takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.panes.modal import Modal

if TYPE_CHECKING:
    from tui.domain.catalogue import CellModel


class ModelChoice(Modal["CellModel | None"]):
    """Returns the model, or None after Esc."""

    DEFAULT_CSS = """
    ModelChoice { align: center middle; }
    ModelChoice > Vertical { width: 66; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; background: $surface; }
    ModelChoice > Vertical { border: round $accent; }
    ModelChoice OptionList { height: 14; border: none; padding: 0; background: $surface; }
    ModelChoice .box-keys { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("down", "move(1)", "Down", priority=True),
        Binding("up", "move(-1)", "Up", priority=True),
        Binding("f6", "keep", "Keep as own model", priority=True),
    ]

    def __init__(
        self, models: Sequence[CellModel], typed: str = "", capacity_ah: float | None = None, limit_a: float | None = None
    ) -> None:
        """`capacity_ah` and `limit_a` are what stands in Setup: of these an own model is made where none fits."""
        super().__init__()
        self._models, self._typed = models, typed
        self._capacity_ah, self._limit_a = capacity_ah, limit_a
        self._shown: list[CellModel] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Catalogue of cells"
            yield Input(self._typed, placeholder="type a part: eve 280", compact=True)
            options = OptionList(compact=True)
            options.can_focus = False
            yield options
            yield Static("", classes="box-count box-keys", markup=False)
            yield Static("type to filter · ↑ ↓ · enter take · esc cancel", classes="box-keys", markup=False)

    def on_mount(self) -> None:
        self._filter(self._typed)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._filter(event.value)

    def _filter(self, text: str) -> None:
        from tui.domain.catalogue import search

        self._shown = list(search(text, [model for model in self._models if model.own]))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_row(model)) for model in self._shown])
        options.highlighted = 0 if self._shown else None
        words = f"{len(self._shown)} of {len(self._models)} models" if self._shown else "No model has all of these words."
        if self._own(text) is not None:
            words += f"\nF6 keeps “{text.strip()}” of {self._capacity_ah:g} Ah as your own."
        self.query_one(".box-count", Static).update(words)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def _own(self, text: str) -> CellModel | None:
        """A model of one's own, made of what was typed and what stands in Setup."""
        from tui.domain.catalogue import InvalidModel, parse_model

        if not text.strip() or self._shown or self._capacity_ah is None:
            return None
        try:
            return parse_model({"model": text, "capacity_ah": self._capacity_ah, "max_charge_a": self._limit_a}, own=True)
        except InvalidModel:
            return None

    def action_keep(self) -> None:
        model = self._own(self.query_one(Input).value)
        if model is not None:
            self.dismiss(model)

    @on(Input.Submitted)
    def _take(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None and self._shown:
            self.dismiss(self._shown[at])

    def action_cancel(self) -> None:
        self.dismiss(None)


def _row(model: CellModel) -> Content:
    """Name, capacity, thread, resistance: what is not known is left blank."""
    resistance = "" if model.acir_mohm is None else f"{model.acir_mohm:.2f} mΩ"
    own = " own" if model.own else ""
    return Content(f"{model.title[:30]:<30} {model.capacity_ah:>5g} Ah  {model.thread:<3} {resistance:>8}{own}")
