"""A modal screen that closes itself and nothing else."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Modal(ModalScreen[ScreenResultType]):
    """Base of every dialog but the call.

    Textual's `dismiss` closes the topmost screen, whichever asks for it: a form whose values were kept just as a call came would take the call
    away, and stand there to be kept a second time. This one gives its result at once, and goes when it is on top again.
    """

    _goes_later = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if self._goes_later:
            return AwaitComplete.nothing()
        if self.app.screen is self:
            return super().dismiss(result)
        self._goes_later = True
        if self._result_callbacks:
            self._result_callbacks[-1](result)
        return AwaitComplete.nothing()

    def on_screen_resume(self) -> None:
        if self._goes_later and self.app.screen is self:
            self.app.pop_screen()
