"""The screen of the cells and what is opened from it, spoken to as their user would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fake_link import FakeLink
from host import text_of, until
from textual.pilot import Pilot

from tui.app import TopBalanceApp
from tui.panes.cells import CellsScreen
from tui.records.inventory import Inventory
from tui.records.places import Home


class AtCells:
    def __init__(self, app: TopBalanceApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot, self.inventory = app, pilot, Inventory(app.home)

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def shown(self, *words: str) -> None:
        await until(self.pilot, lambda: all(word in self.text for word in words))

    async def at(self, screen: type) -> None:
        await until(self.pilot, lambda: isinstance(self.app.screen, screen) and self.app.screen.is_mounted)


@asynccontextmanager
async def cells_shown(home: Home, size: tuple[int, int]) -> AsyncIterator[tuple[TopBalanceApp, Pilot[Any]]]:
    """The application where key 2 leads."""
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and app.screen.is_mounted)
        yield app, pilot
