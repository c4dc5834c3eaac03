"""CALL: the program cannot remove the danger itself. Over everything, until the bench says that the reading is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.bench.messages import Acknowledge, Call, Outcome, Snapshot, TypeReading
from tui.widgets.line import Line, Text
from tui.widgets.number_input import NumberInput
from tui.widgets.text import channel_number, plain, trust_words

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

BELL_EVERY_S = 2.0


class CallScreen(ModalScreen[None]):
    """Full screen. Names the hand actions, takes the reading that ends it, rings until then."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", show=False), Binding("ctrl+r", "type", show=False)]
    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._title, self._what, self._hands = Text(id="call-title"), Text(id="call-text"), Text(id="call-hands")
        self._asks, self._said, self._values = Text(id="call-asks"), Text(id="call-said"), Line(id="call-values")
        self._input, self._echo = NumberInput(id="call-input"), Line(id="call-echo")
        self._snapshot = snapshot
        self._sure_of: float | None = None  # the value that the bench asked to confirm
        self._shut = False  # what is typed now was meant for what lies beneath

    def compose(self) -> ComposeResult:
        with Vertical(id="call-frame"):
            yield self._title
            with VerticalScroll(id="call-body", can_focus=False):
                yield self._what
                yield self._hands
            yield self._values
            yield self._asks
            yield self._input
            yield self._echo
            yield self._said
            yield Line("^x tries again to switch the output off", id="call-keys")

    def on_mount(self) -> None:
        self._shut = self._was_typing()
        self._input.display = not self._shut
        self.show_snapshot(self._snapshot)
        if not self._shut:
            self._input.focus()
        self.app.bell()
        self.set_interval(BELL_EVERY_S, self.app.bell)

    def _was_typing(self) -> bool:
        """Whether the call came in the midst of typing or scanning: volts for a table would end it as the reading that it asks for."""
        beneath = self.app.screen_stack[:-1]
        return any(getattr(screen, "takes_scans", False) or isinstance(screen.focused, Input) for screen in beneath[-1:])

    def action_type(self) -> None:
        """The field opens by a key that no scanner sends and that stands in no value."""
        self._shut = False
        self._input.display = True
        self._input.focus()
        self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        call = snapshot.call
        if call is None:
            return
        self._snapshot = snapshot
        self._title.show(plain(f"‼ CALL — {call.title.upper()}"))
        self._what.show(call.text)
        self._hands.show(
            Content("\n").join([Content.assemble((f" {number}  ", "bold"), hand) for number, hand in enumerate(call.hands, 1)])
        )
        cells, amps = snapshot.cells_v, snapshot.current_a
        self._values.show(
            Content.assemble(
                "highest cell " if snapshot.series > 1 else "cells ",
                channel_number(cells, 3, 5),
                f" V {trust_words(cells)}    ",
                channel_number(amps, 2, 5),
                f" A {trust_words(amps)}",
            )
        )
        hands = " In this drill the built-in bench switches it off as you do." if snapshot.drills else ""
        opens = "press ctrl+r (keys for the screen beneath are not taken), " if self._shut else ""
        self._asks.show(f"Then {opens}type: {call.asks}, and press Enter.{hands}")

    @property
    def _bench(self) -> TopBalanceApp:
        return cast("TopBalanceApp", self.app)

    def _parse(self, call: Call) -> tuple[float, str] | str:
        """The value with its echo, or what is wrong with the text."""
        from tui.domain.quantities import QuantityError, parse, show

        kind = "current" if call.asks_point == "current_a" else "temperature" if call.asks_point.endswith("_c") else "cell_voltage"
        try:
            value = parse(self._input.value, kind)
        except QuantityError as error:
            return str(error)
        return value, show(value, kind)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._sure_of = None
        call = self._snapshot.call
        if call is None or not self._input.value.strip():
            self._echo.show("")
            return
        found = self._parse(call)
        self._echo.show("" if isinstance(found, str) else f"= {found[1]}")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        call = self._snapshot.call
        if call is None:
            return
        found = self._parse(call)
        if isinstance(found, str):
            self._said.show(found)
            return
        value = found[0]
        self._said.show("… the bench is checking")
        reading = TypeReading(call.asks_point, value, sure=self._sure_of == value)

        def type_it(_: Outcome) -> None:
            self._bench.send(reading, lambda outcome: self._answered(outcome, value))

        # Who types the reading has seen the call; one after the other, because the bench takes no reading for an unseen call.
        self._bench.send(Acknowledge(0), type_it)

    def _answered(self, outcome: Outcome, value: float) -> None:
        self._sure_of = value if outcome.confirm else None
        text = outcome.message or ("" if not outcome.ok else "Taken. The call ends when the reading is safe.")
        self._said.show(f"{text} Press Enter again if it is really so." if outcome.confirm else text)

    def action_stay(self) -> None:
        self._said.show("A call cannot be closed. Do what it says, then type the reading.")
