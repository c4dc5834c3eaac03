"""What makes some hundred starts of the application cheap, with the same screens.

The pilot asks only those widgets which have something to do. Textual's own sends a message to every widget of the screen, at every key and every
pause, and waits until each has come to it: half of all the messages in these tests. A widget that waits at an empty queue has nothing to come to.
What the busy ones set going is waited for, too.

A style sheet is parsed once for all applications of the same theme. Textual keeps what it parsed for one application only.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.app import ScreenStackError
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from textual.pilot import Pilot, WaitForScreenTimeout

from tui.app import TopBalanceApp

ROUNDS = 20
"""Widgets that keep each other busy for longer are left at it; Textual leaves them after the first round."""


def _idle(pump: MessagePump) -> bool:
    """It waits at an empty queue: whatever was sent to it is done. Never, with a Textual whose inside is another: then all are asked."""
    try:
        queue = pump._message_queue
        return queue.empty() and pump._pending_message is None and bool(queue.ready_event._waiters)  # type: ignore[attr-defined]
    except AttributeError:
        return False


async def _wait_for_screen(self: Pilot[Any], timeout: float = 30.0) -> bool:
    """In place of the pilot's own: False after an exception in the application, WaitForScreenTimeout where a widget does not come to an end."""
    app = self.app
    for _ in range(ROUNDS):
        try:
            pumps = (app, *app.screen.walk_children(with_self=True))
        except ScreenStackError:  # nothing is on the screen any more
            return False
        busy: list[asyncio.Event] = []
        for pump in pumps:
            came = asyncio.Event()
            if not _idle(pump) and pump.call_later(came.set):
                busy.append(came)
        if not busy:
            return not app._exception_event.is_set()
        failed = asyncio.create_task(app._exception_event.wait())
        done = asyncio.create_task(_all(busy))
        finished, pending = await asyncio.wait((failed, done), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if not finished:
            raise WaitForScreenTimeout("Timed out while waiting for widgets to process pending messages.")
        if done not in finished:
            return False
    return True


async def _all(events: list[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


Pilot._wait_for_screen = _wait_for_screen  # type: ignore[method-assign]


# --- style sheets ---

_parse = Stylesheet.parse
_parsed: dict[frozenset[tuple[str, str]], dict[tuple[Any, ...], list[RuleSet]]] = {}
"""By the theme's variables, what Textual keeps by the text of each sheet."""


def parse(self: Stylesheet) -> None:
    if not hasattr(self, "_parse_cache") or not hasattr(self, "_variables"):  # a Textual whose inside is another
        _parse(self)
        return
    own, self._parse_cache = self._parse_cache, _parsed.setdefault(frozenset(self._variables.items()), {})  # type: ignore[assignment]
    try:
        _parse(self)
    finally:
        self._parse_cache = own


Stylesheet.parse = parse  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def one_letter_is_no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held back until it is sure that no scan begins with it: a slow machine would look before it is sent."""
    monkeypatch.setattr(TopBalanceApp, "_send_alone", TopBalanceApp.send)
