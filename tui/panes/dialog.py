"""What a dialog keeps in sight: the status line. Its ground is opaque, because under a veil the bench would be painted anew each second."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import ScreenResultType

from tui.bench.messages import Snapshot
from tui.panes.modal import Modal
from tui.panes.status import StatusLine

if TYPE_CHECKING:
    from tui.app import TopBalanceApp


class Dialog(Modal[ScreenResultType]):
    """A modal screen with the status line on top. Subclasses yield `self.status` first."""

    def __init__(self) -> None:
        super().__init__()
        self.status = StatusLine()

    @property
    def bench_app(self) -> TopBalanceApp:
        return cast("TopBalanceApp", self.app)

    def on_mount(self) -> None:
        self.show_snapshot(self.bench_app.snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self.status.show_snapshot(snapshot)
