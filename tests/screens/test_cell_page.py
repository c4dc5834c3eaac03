"""The page of a cell: what it shows, and entries added there by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fake_link import FakeLink
from host import home_in, on_loop, text_of, until

from tui.app import TopBalanceApp
from tui.panes.cell_form import CellForm
from tui.panes.cell_page import KEYS, CellPage
from tui.panes.cells import CellsScreen
from tui.panes.confirm import ConfirmScreen
from tui.panes.log_form import LogForm
from tui.records.inventory import Inventory, entry
from tui.records.places import Home
from tui.terminal import glyphs
from tui.widgets.xy_plot import XYPlot, xy_rows

SIZES = [(80, 24), (120, 40)]
NOON = 1_760_000_000.0
DAY_S = 86400.0


@pytest.fixture
def home(tmp_path) -> Home:
    """One cell with a life."""
    place = home_in(tmp_path)
    inventory = Inventory(place)
    cell = inventory.add(label="[A1]", maker="EVE", capacity_ah=280, code="04QCB76836300JBC40000903")
    inventory.log_many(
        {
            cell.id: [
                entry("session", unix_s=NOON, phase="begin", bank="Bank A", session="s-1"),
                entry("session", unix_s=NOON + DAY_S, phase="end", result="balanced", before_v=3.29, end_v=3.65, session="s-1"),
                *(entry("rest", unix_s=NOON + DAY_S * (2 + n), voltage_v=3.36 - n * 0.002, hours=24.0 * (n + 1)) for n in range(6)),
                entry("capacity", unix_s=NOON + DAY_S * 9, capacity_ah=283.4, current_a=50.0, tested="alone"),
                entry("move", unix_s=NOON + DAY_S * 10, pack="Boat", series_position=3, parallel_position=1),
            ]
        }
    )
    return place


class Bench:
    def __init__(self, app: TopBalanceApp, pilot) -> None:
        self.app, self.pilot, self.inventory = app, pilot, Inventory(app.home)

    async def shown(self, *words: str) -> None:
        await until(self.pilot, lambda: all(word in text_of(self.app) for word in words))

    async def at(self, screen: type) -> None:
        await until(self.pilot, lambda: isinstance(self.app.screen, screen) and self.app.screen.is_mounted)

    @property
    def log(self) -> tuple:
        return self.inventory.list()[0].log


@asynccontextmanager
async def page(home: Home, *, size=(120, 40)) -> AsyncIterator[Bench]:
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and app.screen.is_mounted and app.screen.cell)
        await pilot.press("enter")
        bench = Bench(app, pilot)
        await bench.at(CellPage)
        yield bench


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_page_shows_the_whole_life(home, size):
    async with page(home, size=size) as bench:
        await bench.shown("Cell [A1] · in pack", "2021-12-04", "3.360 V")
        text = bench.app.screen.query_one("#cell-sections").text
        assert all(
            word in text for word in ("At rest", "after 6 d", "Tests", "283.4 Ah", "Sessions", "BALANCED", "Places", "Boat S3 P1", "Log")
        )
        plot = bench.app.screen.query_one(XYPlot)
        assert plot.display and plot.size.height >= 6
        assert "\n" in plot.render().plain


def test_the_curve_of_resting_volts_fills_its_scale():
    rows = xy_rows([(0.0, 3.360), (5.0, 3.350)], 60, 8, x_unit="d", y_unit="V", style=glyphs(), y_digits=3)
    assert rows[0].lstrip().startswith("3.360 V") and rows[-2].lstrip().startswith("3.350 V")
    assert "0 d" in rows[-1] and "5 d" in rows[-1]


@pytest.mark.parametrize("points", [[(0.0, 3.3), (0.0, 3.3)], [(0.0, 3.3), (4.0, 3.3)], [(0.0, 3.3), (0.0, 3.2)]])
def test_a_flat_or_upright_curve_is_drawn_without_an_error(points):
    assert xy_rows(points, 60, 8, x_unit="d", y_unit="V", style="ascii", y_digits=3)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_volts_at_rest_are_added_and_echoed_before(home, size):
    async with page(home, size=size) as bench:
        await bench.pilot.press("r")
        await bench.at(LogForm)
        await bench.pilot.press(*"3345", "enter", *"7 d", "f5")
        await bench.at(CellPage)
        await bench.shown("3.345 V after 7 d")
        assert (bench.log[-1]["voltage_v"], bench.log[-1]["hours"]) == (3.345, 168.0)


@on_loop
async def test_a_swollen_cell_becomes_suspect_by_two_keys(home):
    async with page(home) as bench:
        await bench.pilot.press("l", "right", "right", "f5")
        await bench.at(CellPage)
        await bench.shown("Cell [A1] · suspect", "SWOLLEN")


@on_loop
async def test_a_bad_value_is_told_at_its_field_and_nothing_is_kept(home):
    async with page(home) as bench:
        before = len(bench.log)
        await bench.pilot.press("o", *"18 Ohm", "f5")
        await bench.shown("cannot be")
        assert isinstance(bench.app.screen, LogForm)
        await bench.pilot.press("escape")
        await bench.shown("esc once more leaves it out")
        await bench.pilot.press("escape")
        await bench.at(CellPage)
        assert len(bench.log) == before


@on_loop
async def test_every_kind_has_a_form_and_the_stop_key_works_in_it(home):
    async with page(home, size=(80, 24)) as bench:
        for stops, key in enumerate(KEYS, 1):
            await bench.pilot.press(key)
            await bench.at(LogForm)
            await bench.shown("Cell [A1]:", "F5 keep")
            await bench.pilot.press("ctrl+x")
            assert bench.app.link.stops == stops
            await bench.pilot.press("escape")
            await bench.at(CellPage)


@on_loop
async def test_an_entry_of_an_earlier_day_bears_that_day(home):
    async with page(home) as bench:
        await bench.pilot.press("n", *"came with a dent", "enter", *"2026-03-21", "f5")
        await bench.at(CellPage)
        await bench.shown("2026-03-21  came with a dent")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_every_key_and_the_line_of_the_charge_are_in_sight(home, size):
    async with page(home, size=size) as bench:
        await bench.shown("IDLE", "v volts", "p photo", "s state", "e edit", "u take back", "F1 help")
        assert "…" not in text_of(bench.app)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_suspect_cell_says_why_and_how_its_owner_says_otherwise(home, size):
    Inventory(home).log(Inventory(home).list()[0].id, "visual", unix_s=NOON, swelling="yes", ok=False)
    async with page(home, size=size) as bench:
        await bench.shown("suspect since 2025-10-09: looked at, SWOLLEN", "no bank takes it", "s says otherwise")
        await bench.pilot.press("s")
        await bench.at(LogForm)
        await bench.pilot.press("enter", *"it was the sleeve", "f5")
        await bench.at(CellPage)
        await bench.shown("Cell [A1] · stock")
        assert "no bank takes it" not in text_of(bench.app)
        assert bench.log[-1]["reason"] == "it was the sleeve"


@on_loop
async def test_a_mistyped_value_is_taken_back_and_stays_in_the_log(home):
    async with page(home) as bench:
        await bench.pilot.press("r", *"3.433", "f5")
        await bench.at(CellPage)
        await bench.shown("Kept:", "3.433 V")
        await bench.pilot.press("u")
        await bench.at(ConfirmScreen)
        await bench.shown("3.433 V")
        await bench.pilot.press("y")
        await bench.at(CellPage)
        await bench.shown("Taken back: at rest 3.433 V")
        (cell,) = bench.inventory.list()
        assert cell.last_voltage_v == 3.35
        assert [item["kind"] for item in cell.log[-2:]] == ["rest", "withdrawn"]
        assert "(taken back)" in bench.app.screen.query_one("#cell-sections").text


@on_loop
async def test_what_stays_of_a_cell_is_edited_from_its_page(home):
    async with page(home) as bench:
        await bench.pilot.press("e")
        await bench.at(CellForm)
        bench.app.screen.rows["order_no"].value = "PO 7"
        bench.app.screen.rows["price"].value = "89 EUR"
        await bench.pilot.press("f5")
        await bench.at(CellPage)
        await bench.shown("order no.   PO 7", "price       89 EUR")


@on_loop
async def test_a_page_of_an_inventory_that_cannot_be_written_says_so_and_offers_no_changes(home):
    cell = Inventory(home).list()[0]
    async with page(home) as bench:
        bench.app.push_screen(CellPage(cell, read_only="It was written by a newer version."))
        await bench.shown("READ ONLY. It was written by a newer version.")
        assert "u take back" not in text_of(bench.app) and "v volts" not in text_of(bench.app)
        await bench.pilot.press("v", "u", "e", "s")
        await bench.pilot.pause()
        assert isinstance(bench.app.screen, CellPage)


def test_the_ends_of_a_short_time_are_told_apart():
    rows = xy_rows([(0.0, 3.360), (0.5, 3.350)], 60, 8, x_unit="h", y_unit="V", style="ascii", y_digits=3)
    assert [word for word in rows[-1].split() if word != "h"] == ["0", "0.25", "0.5"]


@on_loop
async def test_what_a_session_said_of_a_cell_is_not_unsaid_by_two_keys(home):
    """A cell that is suspect by the record stays it until its owner says otherwise, with a reason."""
    inventory = Inventory(home)
    (cell,) = inventory.list()
    state = entry("state", unix_s=NOON + DAY_S * 11, state="suspect", reason="fell away at rest", session="s-1")
    inventory.log_many({cell.id: [state]})
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=(80, 24)) as pilot:
        bench = Bench(app, pilot)
        app.push_screen(CellPage(inventory.list()[0]))
        await bench.at(CellPage)
        await pilot.press("u")
        await bench.at(ConfirmScreen)
        assert "suspect" not in text_of(app)  # the entry before it is offered
        await pilot.press("y")
        await bench.shown("Taken back")
        assert inventory.list()[0].state == "suspect"
