"""The application as one of several screens of a bench process: leaving it stops nothing, and one key takes the keys over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui.app import TopBalanceApp
from tui.bench.messages import Inject
from tui.bench.remote import START_S

if TYPE_CHECKING:
    from tui.bench.remote import RemoteLink
    from tui.records.places import Home

LOOK_EARLY_S = 0.03


class AttachedApp(TopBalanceApp):
    """The screen of a bench that outlives it. When the bench first answers, the drills of `faults` are handed over."""

    def __init__(self, link: RemoteLink, home: Home, *, demo: bool = False, first_words: str = "", faults: Sequence[str] = ()) -> None:
        super().__init__(link, home, demo=demo, first_words=first_words)
        self._remote, self._faults = link, tuple(faults)
        self._until = time.monotonic() + START_S

    def on_mount(self) -> None:
        self._look_early()

    def _look_early(self) -> None:
        """Do not wait for the next pull when the bench answers a moment after the start."""
        if self._remote.attached():
            self.pull()
        elif time.monotonic() < self._until:
            self.set_timer(LOOK_EARLY_S, self._look_early)

    def pull(self) -> None:
        super().pull()
        if not self._remote.attached():
            return
        faults, self._faults = self._faults, ()
        for fault in faults:
            self.send(Inject(fault))

    def setup_answers(self) -> dict[str, Any] | None:
        """The built-in bench tells them when it answers; a bench that does not come up is not waited for for ever."""
        if self.demo and not self.defaults:
            self.defaults = self._remote.about.get("defaults") or {}
            if not self.defaults and not self._remote.problem and time.monotonic() < self._until:
                return None
        return self.defaults

    def _begins_again(self) -> bool:
        """Whether the bench was ended, and is started anew by this key press."""
        if not self._remote.ended:
            return False
        self._remote.begin_again()
        self.say("The bench is being started again …")
        return True

    def action_start(self) -> None:
        if not self._begins_again():
            super().action_start()

    def action_resume(self) -> None:
        if not self._begins_again():
            super().action_resume()

    def action_take_keys(self) -> None:
        """Commands are taken from this screen from now on, and from no other."""
        if self._blocked("take_keys"):
            return

        def ask() -> None:
            outcome = self._remote.take_keys()
            self.call_later(self.say, outcome.message, refused=not outcome.ok)

        self.run_worker(ask, thread=True, exit_on_error=False, group="link")

    async def action_quit(self) -> None:
        """Leave the screen. Nothing is asked and nothing is switched off: the bench goes on, and the next start finds it again."""
        self.exit(0)
