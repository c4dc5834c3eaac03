"""Screens over the bench that take the whole terminal: the bench's own state and alarms stay in sight above them, and its stop key below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ScreenResultType
from textual.widget import Widget

from tui.bench.messages import Snapshot
from tui.panes.modal import Modal
from tui.panes.safety import alarm_words
from tui.panes.status import StatusLine
from tui.widgets.key_line import KeyHint, KeyLine
from tui.widgets.line import Text

if TYPE_CHECKING:
    from tui.app import TopBalanceApp


class OverBench(Modal[ScreenResultType]):
    """Subclasses yield their widgets from `compose_body`. Nothing here sends a Command; ctrl+x reaches the bench as everywhere."""

    DEFAULT_CSS = """
    OverBench { background: $background; align: left top; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", show=False)]
    AUTO_FOCUS: ClassVar[str | None] = ""
    NAMES_STOP_KEY = True
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.status, self.key_line, self._bench_alarm = StatusLine(), KeyLine(), Text(classes="bench-alarm")

    def compose(self) -> ComposeResult:
        yield self.status
        yield self._bench_alarm
        yield from self.compose_body()
        yield self.key_line

    def compose_body(self) -> Iterator[Widget]:
        """The screen's own widgets."""
        yield from ()

    def own_keys(self) -> list[KeyHint]:
        """Footer hints, most important first."""
        return []

    def on_mount(self) -> None:
        self.show_snapshot(self.app.snapshot)
        self.show_keys()

    def show_keys(self) -> None:
        self.key_line.show_keys(self.own_keys())

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the bench's state; called with every new Snapshot."""
        self.status.show_snapshot(snapshot)
        self._bench_alarm.show(alarm_words(snapshot))

    @property
    def running(self) -> str:
        """Id of the session on the bench; "" while none runs."""
        snapshot = self.app.snapshot
        return snapshot.session if snapshot.state != "ended" else ""

    def action_close(self) -> None:
        self.dismiss()
