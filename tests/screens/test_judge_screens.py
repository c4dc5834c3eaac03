"""From the Cells screen: j judges the cells that are listed, b builds a pack of them and saves it."""

from __future__ import annotations

import pytest
from host import home_in, on_loop, until
from test_cells import SIZES, cells
from textual.widgets import Input

from tui.panes.cells import CellsScreen
from tui.panes.confirm import LineScreen
from tui.panes.judge_view import JudgeScreen
from tui.panes.pack_build import PackScreen
from tui.records.inventory import Inventory, entry
from tui.records.places import Home


@pytest.fixture
def home(tmp_path) -> Home:
    """Eight cells: A3 leaks, A5 is small, A7 has no measured capacity; and one of another make."""
    made = home_in(tmp_path)
    rows = [
        {
            "label": f"A{at}",
            "maker": "EVE",
            "capacity_ah": 280.0,
            "resistance_mohm": 0.18,
            "log": [
                *([] if at == 7 else [entry("capacity", unix_s=1.0, capacity_ah=260.0 if at == 5 else 280.0 + at / 10, tested="alone")]),
                entry("rest", unix_s=2.0, voltage_v=3.481, hours=24.0, session="s1"),
                entry("rest", unix_s=3.0, voltage_v=3.370 if at == 3 else 3.46 + at / 1000, hours=168.0, session="s1"),
            ],
        }
        for at in range(1, 9)
    ]
    Inventory(made).add_many([*rows, {"label": "[B1]", "maker": "CALB"}])
    return made


def rows(screen: JudgeScreen) -> list[str]:
    return [str(screen.table.get_row_at(at)[2]) for at in range(screen.table.row_count)]


async def told(bench, words: str) -> None:
    """The words stand on the screen, however they wrap in their box."""
    await until(bench.pilot, lambda: words in " ".join(bench.text.replace("│", " ").split()))


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_judging_names_the_worst_first_with_its_reason(home, size):
    async with cells(home, size=size) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 9)
        await bench.press("j")
        await bench.at(JudgeScreen)
        screen = bench.app.screen
        await bench.shown("Self-discharge by day 7", "1 lies apart", "A3 fell 111", "IDLE", "OUTPUT OFF")
        assert rows(screen)[0] == "A3" and set(rows(screen)) == {"[B1]", *(f"A{at}" for at in range(1, 9))}
        await bench.press("s")
        await bench.shown("Resistance, worst first")
        await bench.press("s")
        await bench.shown("Capacity, worst first", "A5: 260.0 Ah")
        assert rows(screen)[0] == "A5"
        await bench.press("ctrl+end")
        await told(bench, "A7 is left out: no measured capacity, only 280 Ah by its label.")
        await bench.press("escape")
        await bench.at(CellsScreen)


@on_loop
async def test_the_days_of_a_self_discharge_are_one_key_away(home):
    async with cells(home) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 9)
        await bench.press("j")
        await bench.shown("by day 7")
        await bench.press("d")
        await bench.shown("by day 1,", "nothing to rank yet")
        await bench.press("d", "d")
        await bench.shown("by day 30,")


@on_loop
async def test_judging_opens_with_a_measure_that_something_is_known_of(tmp_path):
    made = home_in(tmp_path)
    Inventory(made).add_many(
        {"label": f"A{at}", "log": [entry("capacity", unix_s=1.0, capacity_ah=280.0 - at, tested="alone")]} for at in range(1, 6)
    )
    async with cells(made) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 5)
        await bench.press("j")
        await bench.shown("Capacity, worst first")
        assert rows(bench.app.screen)[0] == "A5"
        await bench.press("s")
        await bench.shown("Self-discharge", "no volts at rest after a charge")


@on_loop
async def test_only_the_cells_that_are_listed_are_judged(home):
    async with cells(home) as bench:
        await bench.press("slash", *"calb", "enter")
        await bench.listed("[B1]")
        await bench.press("j")
        await bench.at(JudgeScreen)
        await until(bench.pilot, lambda: rows(bench.app.screen) == ["[B1]"])


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_pack_is_built_shown_and_saved(home, size):
    async with cells(home, size=size) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 9)
        await bench.press("b")
        await bench.at(PackScreen)
        await bench.press("end", "ctrl+u", *"3S2P", "enter")
        await bench.shown("─ S1 ─", "─ S3 ─", "spread", "proven best")
        assert all(cell.state == "received" for cell in bench.inventory.list())
        await bench.press("s")
        await bench.at(LineScreen)
        await bench.shown("Name of the pack?", "pack 1")
        await bench.press("enter")
        await bench.at(CellsScreen)
        moved = [cell for cell in bench.inventory.list() if cell.state == "in pack"]
        assert len(moved) == 6
        assert {(cell.log[-1]["pack"], cell.log[-1]["arrangement"]) for cell in moved} == {("pack 1", "3S2P")}
        await bench.shown("in pack", "pack 1")


@on_loop
async def test_what_cannot_be_built_says_what_is_missing(home):
    async with cells(home) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 9)
        await bench.press("b")
        await bench.at(PackScreen)
        await bench.press("end", "ctrl+u", *"eight", "enter")
        await bench.shown("not an arrangement")
        await bench.press("e", "end", "ctrl+u", *"8S", "enter")
        await told(
            bench, "7 can be used. Left out: [B1]: no measured capacity. Left out: A7: no measured capacity, only 280 Ah by its label."
        )
        await bench.press("s")
        await bench.shown("Nothing is built yet")
        assert isinstance(bench.app.screen, PackScreen)
        await bench.press("r")
        await bench.shown("─ S8 ─", "proven best")
        await bench.press("e")
        assert bench.app.screen.query_one(Input).has_focus
        await bench.press("escape")
        await bench.at(CellsScreen)


@on_loop
async def test_a_read_only_inventory_takes_no_pack(home):
    Inventory(home).add(label="C1")
    damaged = b'{"schema": 1, "tables"'
    home.inventory.write_bytes(damaged)
    async with cells(home) as bench:
        await bench.shown("READ ONLY")
        await bench.press("b")
        await bench.at(PackScreen)
        await bench.press("end", "ctrl+u", *"3S2P", "enter")
        await bench.shown("─ S3 ─")
        await bench.press("s")
        assert isinstance(bench.app.screen, PackScreen)
        await told(bench, "It was left as it is.")
    assert home.inventory.read_bytes() == damaged


@on_loop
async def test_the_stop_key_works_while_judging_and_building(home):
    async with cells(home) as bench:
        await until(bench.pilot, lambda: len(bench.screen.cells) == 9)
        for stops, (key, screen) in enumerate((("j", JudgeScreen), ("b", PackScreen)), 1):
            await bench.press(key)
            await bench.at(screen)
            await bench.press("ctrl+x")
            assert bench.app.link.stops == stops
            await bench.press("escape")
            await bench.at(CellsScreen)
