"""The running application with its fake bench, read and played like a person would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fake_link import FakeLink
from host import home_in
from textual.pilot import Pilot

from tui.app import TopBalanceApp
from tui.bench.messages import Command, Outcome, Present, Snapshot
from tui.panes.prompt import PromptArea


class Stage:
    """The running application with its fake bench, read and played like a person would."""

    def __init__(self, app: TopBalanceApp, link: FakeLink, pilot: Pilot[int]) -> None:
        self.app, self.link, self.pilot = app, link, pilot

    async def settle(self) -> None:
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def leave(self, *keys: str) -> None:
        """Press keys that end the application; nothing is left to settle then."""
        await self.pilot.press(*keys)
        await self.app.workers.wait_for_complete()

    async def type(self, text: str) -> None:
        names = {".": "full_stop", ",": "comma", "-": "minus", " ": "space", "+": "plus", "?": "question_mark"}
        await self.press(*(names.get(character, character) for character in text))

    async def show(self, snapshot: Snapshot) -> None:
        self.link.show(snapshot)
        self.app.pull()
        await self.pilot.pause()
        await self.settle()

    def text(self) -> str:
        """The whole screen as text."""
        return "\n".join(self.lines())

    def words(self) -> str:
        """The screen's words with one space between them, for sentences that wrap in a dialog."""
        return " ".join(self.text().replace("│", " ").split())

    @property
    def commands(self) -> list[Command]:
        """What was sent, without the signs of presence that any key gives."""
        return [command for command in self.link.sent if not isinstance(command, Present)]

    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    @property
    def prompt(self) -> PromptArea:
        return self.app.query_one(PromptArea) if self.app.bench is None else self.app.bench.checklist.prompt


@asynccontextmanager
async def stage(
    tmp_path: Path,
    snapshot: Snapshot,
    size: tuple[int, int] = (120, 40),
    answers: Callable[[Command], Outcome] | None = None,
    closes: bool = True,
) -> AsyncIterator[Stage]:
    link = FakeLink(snapshot, closes=closes)
    if answers is not None:
        link.answers = answers
    app = TopBalanceApp(link, home_in(tmp_path), demo=True)
    async with app.run_test(size=size) as pilot:
        found = Stage(app, link, pilot)
        await pilot.pause()
        await found.settle()
        yield found


def play(script: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(script())  # type: ignore[arg-type]
