"""The application as one of several screens of a bench process: leaving it stops nothing, and one key takes the keys over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from tui.app import TopBalanceApp

if TYPE_CHECKING:
    from tui.bench.remote import RemoteLink
    from tui.records.places import Home


class AttachedApp(TopBalanceApp):
    """The screen of a bench that outlives it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f6", "take_keys", "take the keys", tooltip="Take over from the screen that has the keys.", show=False),
    ]

    def __init__(self, link: RemoteLink, home: Home, *, demo: bool = False, defaults: dict[str, Any] | None = None) -> None:
        super().__init__(link, home, demo=demo, defaults=defaults)
        self._remote = link

    def action_take_keys(self) -> None:
        """Commands are taken from this screen from now on, and from no other."""

        def ask() -> None:
            outcome = self._remote.take_keys()
            self.call_later(self.say, outcome.message, refused=not outcome.ok)

        self.run_worker(ask, thread=True, exit_on_error=False, group="link")

    async def action_quit(self) -> None:
        """Leave the screen. Nothing is asked and nothing is switched off: the bench goes on, and the next start finds it again."""
        self.exit(0)
