"""What every workspace has: the status line on top, the keys at the bottom, and a view for terminals that are too small for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
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

    def __init__(self) -> None:
        super().__init__()
        self.status, self.key_line = StatusLine(), KeyLine()
        self._safety, self._too_small = SafetyView(), TooSmall()
        self._composed = False
        if self.app._screen_stacks.get("bench"):
            # A screen made now is styled by the present theme as it is mounted. Without this Textual 8.2 takes it for one that missed a
            # change of theme, and parses every style sheet twice before it is shown.
            self._css_update_count = self.app._css_update_count

    def compose(self) -> ComposeResult:
        # classes that are set before there are children cost nothing; later each restyles every widget
        for breakpoints, cells in (
            (self.app.HORIZONTAL_BREAKPOINTS, self.app.size.width),
            (self.app.VERTICAL_BREAKPOINTS, self.app.size.height),
        ):
            self.update_classes({max((least, name) for least, name in breakpoints or () if least <= cells)[1]: True}, update=False)
        yield self.status
        yield from self.compose_body()
        yield self.key_line

    def on_resize(self, event: events.Resize) -> None:
        """The views for small terminals are made when one is small."""
        if (event.size.width < 80 or event.size.height < 24) and not self._safety.is_attached:
            self.mount(self._too_small, self._safety, after=self.status)
            for part in (self._too_small, self._safety):
                part.show_snapshot(self.bench_app.snapshot)

    def on_mount(self) -> None:
        self._composed = True
        self.show_snapshot(self.bench_app.snapshot)

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
        if self._composed:
            self.show_snapshot(self.bench_app.snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the newest Snapshot; each part compares before it draws. Subclasses add theirs in `show_body`."""
        if not self._composed:
            return
        for part in (self.status, self._too_small, self._safety):
            part.show_snapshot(snapshot)
        self.show_body(snapshot)
        self.show_keys(snapshot)

    def show_body(self, snapshot: Snapshot) -> None:
        """Draw what the workspace itself shows of the Snapshot."""

    def show_keys(self, snapshot: Snapshot) -> None:
        """The footer: this workspace's own keys, then those of the table that work now."""
        hints = [(action.shown, action.label, f"app.{action.name}") for action in footer(snapshot, mode=self.MODE)]
        self.key_line.show_keys([*self.own_keys(), *hints])

    def action_leave_field(self) -> None:
        self.set_focus(None)
