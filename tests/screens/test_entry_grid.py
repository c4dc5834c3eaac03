"""The grid: many cells typed or pasted at once, faults told at the cell, all of it kept or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from at_cells import AtCells, cells_shown
from fake_link import FakeLink
from host import home_in, on_loop, until
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tui.app import TopBalanceApp
from tui.panes.cells import CellsScreen
from tui.panes.confirm import ConfirmScreen
from tui.panes.entry_grid import EntryGrid
from tui.panes.entry_sheet import COLUMNS, Sheet, known_by_label
from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.trash import Trash

SIZES = [(80, 24), (120, 40)]


class Bench(AtCells):
    @property
    def sheet(self) -> Sheet:
        return self.app.screen.sheet

    async def type(self, *cells: str) -> None:
        for cell in cells:
            await self.pilot.press(*cell, "enter")

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()


@asynccontextmanager
async def grid(home: Home, *, size=(80, 24)) -> AsyncIterator[Bench]:
    async with cells_shown(home, size) as (app, pilot):
        bench = Bench(app, pilot)
        await bench.press("g")
        await bench.at(EntryGrid)
        await app.workers.wait_for_complete()
        yield bench


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_sixteen_cells_by_pattern_and_columns_of_a_spreadsheet(home, size):
    async with grid(home, size=size) as bench:
        await bench.press(*"A01..A16", "enter")
        await bench.shown("A01", "A12")
        await bench.paste("\n".join(f"3,{300 + n}\t0.{18 + n} mΩ\t{280000 + n} mAh" for n in range(16)) + "\r\n")
        assert not bench.sheet.problems
        await bench.press("ctrl+s")
        await bench.at(CellsScreen)
        cells = bench.inventory.list()
        assert [cell.label for cell in cells] == [f"A{n:02d}" for n in range(1, 17)]
        assert [cell.received_voltage_v for cell in cells] == [pytest.approx(3.3 + n / 1000) for n in range(16)]
        assert (cells[2].resistance_mohm, cells[2].capacity_ah) == (pytest.approx(0.2), pytest.approx(280.002))


@on_loop
async def test_enter_goes_down_and_after_tabs_back_to_the_first_column(home):
    async with grid(home) as bench:
        await bench.press(*"A1", "tab", *"3.3", "tab", *"0,2", "enter", *"A2", "tab", *"3301", "enter")
        assert bench.sheet.rows == [("A1", "3.3", "0,2", ""), ("A2", "3301", "", "")]


@on_loop
async def test_behind_a_range_of_labels_enter_goes_down_the_column(home):
    async with grid(home) as bench:
        await bench.press(*"A1..A3", "enter", *"3.301", "enter", *"3.302", "enter", *"3.303", "enter")
        assert [row[:2] for row in bench.sheet.rows] == [("A1", "3.301"), ("A2", "3.302"), ("A3", "3.303")]
        await bench.press("home", "up", "up", "up", "tab", "tab", *"0.18", "enter", *"0.19", "enter")
        assert [row[0] for row in bench.sheet.rows] == ["A1", "A2", "A3"]  # no label is typed over
        assert [row[2] for row in bench.sheet.rows] == ["0.18", "0.19", ""]


@on_loop
async def test_a_column_beside_labels_that_stand_there_goes_down_and_writes_over_no_label(home):
    async with grid(home) as bench:
        await bench.press(*"A01..A03", "enter")
        assert bench.app.screen.grid.place == (0, 1)  # a pattern is followed by the first volts
        await bench.press("left", "tab")
        await bench.type("3.2951", "3.2949", "3.2952")
        assert bench.sheet.rows == [("A01", "3.2951", "", ""), ("A02", "3.2949", "", ""), ("A03", "3.2952", "", "")]
        assert bench.app.screen.grid.place == (3, 0)  # where no label stands one is typed
        await bench.press("up", "right")
        await bench.shown("= 3.2952 V")  # not one digit less than was typed


@on_loop
async def test_a_burst_of_keys_is_typed_in_order_and_meets_no_binding(home):
    async with grid(home) as bench:
        for key in "qd1":
            bench.app.post_message(events.Key(key, key))
        bench.app.post_message(events.Key("enter", "\r"))
        for key in "e3x":
            bench.app.post_message(events.Key(key, key))
        await until(bench.pilot, lambda: bench.app.screen.grid.typing == "e3x")
        assert bench.sheet.rows == [("qd1", "", "", "")]


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_bad_value_is_told_at_its_cell_and_nothing_is_saved(home, size):
    async with grid(home, size=size) as bench:
        await bench.press(*"A1", "enter", *"A2", "tab", *"280Ah", "enter")
        await bench.shown("1 to correct")
        await bench.press("ctrl+s")
        await bench.shown("280Ah is a capacity")
        assert bench.app.screen.grid.place == (1, 1)
        assert bench.inventory.list() == []
        await bench.press(*"3.3", "ctrl+s")
        await bench.at(CellsScreen)
        assert len(bench.inventory.list()) == 2


@on_loop
async def test_values_of_known_cells_go_into_their_logs(home):
    Inventory(home).add_many([{"label": "A1", "capacity_ah": 280}, {"label": "A2"}])
    async with grid(home) as bench:
        await bench.press("f3", *"a1", "tab", *"3345", "tab", *"0.18", "tab", *"283", "enter")
        await bench.shown("AT REST")
        await bench.press("ctrl+s")
        await bench.at(CellsScreen)
        cell = bench.inventory.by_label("A1")
        kinds = {item["kind"]: item for item in cell.log}
        assert (kinds["rest"]["voltage_v"], kinds["resistance"]["resistance_mohm"], kinds["capacity"]["capacity_ah"]) == (
            3.345,
            0.18,
            283.0,
        )
        assert (cell.capacity_ah, len(bench.inventory.list())) == (280.0, 2)


@on_loop
async def test_undo_takes_the_last_change_back_also_a_paste(home):
    async with grid(home) as bench:
        await bench.press(*"A1", "enter")
        await bench.paste("B1\nB2\nB3")
        assert [row[0] for row in bench.sheet.rows] == ["A1", "B1", "B2", "B3"]
        await bench.press("ctrl+z")
        assert [row[0] for row in bench.sheet.rows] == ["A1"]
        await bench.press("ctrl+z", "ctrl+z")
        assert bench.sheet.rows == []
        await bench.shown("Nothing is left to take back")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_leaving_asks_while_something_is_not_saved(home, size):
    async with grid(home, size=size) as bench:
        await bench.press(*"A1", "enter", "escape")
        await bench.at(ConfirmScreen)
        await bench.shown("not saved")
        await bench.press("n")
        await bench.at(EntryGrid)
        assert bench.sheet.rows[0][0] == "A1"
        await bench.press("escape", "y")
        await bench.at(CellsScreen)
        assert bench.inventory.list() == []


@on_loop
async def test_a_label_that_was_taken_meanwhile_saves_nothing_and_is_told(home):
    async with grid(home) as bench:
        await bench.press(*"A1..A3", "enter")
        bench.inventory.add(label="A2")
        await bench.press("ctrl+s")
        await bench.shown("Nothing was saved")
        assert [cell.label for cell in bench.inventory.list()] == ["A2"]


@on_loop
async def test_the_stop_key_works_while_a_value_is_typed(home):
    async with grid(home) as bench:
        await bench.press(*"A1", "tab", *"3.", "ctrl+x")
        assert bench.app.link.stops == 1
        assert bench.app.screen.grid.typing == "3."


@on_loop
async def test_what_was_pasted_never_steers_the_terminal(home):
    async with grid(home) as bench:
        await bench.paste("[red]A1\x1b[2J\tx\n")
        await bench.shown("[red]A1?[2J")
        assert "\x1b" not in bench.text


def test_a_paste_that_does_not_fit_changes_nothing():
    sheet = Sheet()
    with pytest.raises(ValueError, match="columns"):
        sheet.paste((0, 2), "1\t2\t3")
    with pytest.raises(ValueError, match="rows"):
        sheet.paste((0, 0), "A\n" * 1001)
    assert sheet.rows == []


def test_a_label_that_stands_there_twice_and_a_value_without_one_are_faults(tmp_path):
    sheet = Sheet(known_by_label([]))
    sheet.paste((0, 0), "A1\t3.3\na1\t3.3\n\t3.3")
    assert {place: words[:12] for place, words in sheet.problems.items()} == {(1, 0): "a1 stands in", (2, 0): "Which cell a"}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.text(max_size=12)), max_size=12))
def test_any_changes_can_be_judged_and_all_taken_back(changes):
    sheet = Sheet()
    states = [sheet.rows]
    for row, column, text in changes:
        before = sheet.rows
        try:
            sheet.paste((row, column), text) if "\n" in text else sheet.put((row, column), text)
        except ValueError:
            assert sheet.rows == before
        if sheet.rows is not before:
            states.append(sheet.rows)
        assert all(len(texts) == len(COLUMNS) for texts in sheet.rows)
        if not sheet.problems:
            sheet.kept(0.0)
    while sheet.undo():
        states.pop()
        assert sheet.rows == states[-1]


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_what_the_grid_saved_is_taken_back_by_one_key(home, size):
    Inventory(home).add_many([{"label": "A1"}])
    async with grid(home, size=size) as bench:
        await bench.press(*"A1", "tab", *"3.433", "enter", *"B1..B3", "enter", "ctrl+s")
        await bench.at(CellsScreen)
        await bench.shown("B3", "3.433 V", "u undo")
        await bench.press("u")
        await until(bench.pilot, lambda: [cell.label for cell in bench.inventory.list()] == ["A1"])
        cell = bench.inventory.by_label("A1")
        assert (cell.last_voltage_v, [item["kind"] for item in cell.log]) == (None, ["received", "voltage", "withdrawn"])
        assert {one.name for one in Trash(home).list()} == {"B1", "B2", "B3"}
        await bench.shown("Taken back")
        await bench.press("u")
        await bench.shown("Nothing was deleted here")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_line_of_the_running_charge_and_every_key_stay_in_sight(home, size):
    async with grid(home, size=size) as bench:
        await bench.press(*"A1", "tab", "x", "enter")
        await bench.shown("IDLE", "OUTPUT OFF", "^s save", "F9 meter", "^z undo", "F3 rest", "esc leave", "1 to correct: F8")
        assert "…" not in bench.text


@on_loop
async def test_a_grid_of_an_inventory_that_cannot_be_written_says_so_before_anything_is_typed(home):
    home.inventory.write_bytes(b"{")
    async with grid_over(home) as bench:
        await bench.shown("cannot be read", "no earlier", "esc leave")


@asynccontextmanager
async def grid_over(home: Home) -> AsyncIterator[Bench]:
    """The grid pushed although the table would not open it: the file was damaged meanwhile."""
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(EntryGrid())
        yield Bench(app, pilot)
