"""What every workspace has: the status line on top, the keys at the bottom, and a view for terminals that are too small for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from tui.actions import footer
from tui.bench.messages import Snapshot
from tui.panes.safety import SafetyView, TooSmall
from tui.panes.status import StatusLine
from tui.widgets.key_line import KeyHint, KeyLine

if TYPE_CHECKING:
    from tui.app import TopBalanceApp


class Workspace(Screen[None]):
    """Base of the screens behind the keys 1, 2, 3. Subclasses yield their own widgets from `compose_body`.

    `own_keys` are the footer's hints that belong to this workspace; the table of actions gives the rest.
    """

    MODE: ClassVar[str] = "bench"
    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave_field", show=False)]

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield TooSmall()
        yield SafetyView()
        yield from self.compose_body()
        yield KeyLine()

    def compose_body(self) -> Iterator[Widget]:
        """The workspace's own widgets."""
        yield from ()

    @property
    def bench_app(self) -> TopBalanceApp:
        return cast("TopBalanceApp", self.app)

    def own_keys(self) -> list[KeyHint]:
        """Footer hints of this workspace, most important first."""
        return []

    def on_screen_resume(self) -> None:
        self.show_snapshot(self.bench_app.snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest Snapshot; each part compares before it draws."""
        if not self.is_mounted:
            return
        self.query_one(StatusLine).show_snapshot(snapshot)
        self.query_one(TooSmall).show_snapshot(snapshot)
        self.query_one(SafetyView).show_snapshot(snapshot)
        hints = [(action.shown, action.label, f"app.{action.name}") for action in footer(snapshot, mode=self.MODE)]
        self.query_one(KeyLine).show_keys([*self.own_keys(), *hints])

    def action_leave_field(self) -> None:
        self.set_focus(None)
