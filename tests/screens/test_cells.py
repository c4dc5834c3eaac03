"""The inventory screen: add, edit, delete, filter, sort, import, export, and what happens when the file is damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from at_cells import AtCells, cells_shown
from fake_link import FakeLink
from host import home_in, nobody_reads, on_loop, run_elsewhere, until

from tui.app import TopBalanceApp
from tui.panes.cell_form import CellForm, labels_of, read_form
from tui.panes.cell_page import CellPage
from tui.panes.cell_text import COLUMNS, row_of
from tui.panes.cells import CellsScreen
from tui.panes.confirm import ConfirmScreen, LineScreen, TextScreen
from tui.panes.fields import FieldRow
from tui.records.cell import Cell
from tui.records.inventory import Inventory
from tui.records.places import Home

SIZES = [(80, 24), (120, 40)]


class Bench(AtCells):
    """The screen under test, spoken to as its user would."""

    @property
    def screen(self) -> CellsScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, CellsScreen))

    async def listed(self, *labels: str) -> None:
        await until(self.pilot, lambda: [cell.label for cell in self.screen.cells] == list(labels))

    def row(self, name: str) -> FieldRow:
        return self.app.screen.query_one(f"#field-{name}", FieldRow)

    async def type(self, name: str, text: str) -> None:
        self.row(name).editor.focus()
        await self.pilot.pause()
        await self.press("end", "ctrl+u", *text)


@asynccontextmanager
async def cells(home: Home, *, size=(80, 24)) -> AsyncIterator[Bench]:
    async with cells_shown(home, size) as (app, pilot):
        yield Bench(app, pilot)


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path)


@pytest.fixture
def four(home) -> Home:
    """Two banks of two cells, with their differences."""
    rows = [("A1", 280, 0.18, "EVE"), ("A2", 281, 0.17, "EVE"), ("A10", 279, None, "EVE"), ("B1", 105, 0.30, "CALB")]
    Inventory(home).add_many(
        {"label": label, "capacity_ah": capacity_ah, "resistance_mohm": mohm, "maker": maker} for label, capacity_ah, mohm, maker in rows
    )
    return home


@on_loop
async def test_sixteen_cells_fit_without_scrolling(home):
    Inventory(home).add_many({"label": f"A{number}", "capacity_ah": 280, "model": "LF280K"} for number in range(1, 17))
    async with cells(home) as bench:
        await bench.listed(*(f"A{number}" for number in range(1, 17)))
        await bench.shown("A1 ", "A16", "LF280K", "280", "received")
        assert bench.screen.table.max_scroll_y == 0


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_many_cells_are_added_in_one_form(home, size):
    async with cells(home, size=size) as bench:
        await bench.shown("No cells yet", "i import a list")
        await bench.press("a")
        await bench.at(CellForm)
        await bench.type("label", "A01")
        await bench.type("count", "8")
        await bench.type("capacity_ah", "280000 mAh")
        await bench.type("resistance_mohm", "0,18 mOhm")
        await bench.shown("8 cells", "280 Ah", "0.18 mΩ")
        await bench.press("f5")
        await bench.listed(*(f"A0{number}" for number in range(1, 9)))
        assert {(cell.capacity_ah, cell.resistance_mohm) for cell in bench.inventory.list()} == {(280.0, 0.18)}


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_label_that_is_taken_is_refused_at_its_field(four, size):
    async with cells(four, size=size) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("a")
        await bench.at(CellForm)
        await bench.type("label", "a1")
        await bench.press("f5")
        await bench.shown("in the inventory already")
        assert bench.row("label").has_class("-error")
        await bench.press("escape")
        assert len(bench.inventory.list()) == 4


@on_loop
async def test_a_wrong_unit_stops_the_form_at_its_field(home):
    async with cells(home) as bench:
        await bench.press("a")
        await bench.at(CellForm)
        await bench.type("label", "A1")
        await bench.type("capacity_ah", "280 V")
        await bench.press("f5")
        assert "capacity" in bench.row("capacity_ah").message
        assert bench.row("capacity_ah").editor.has_focus
        assert bench.inventory.list() == []


@on_loop
async def test_a_cell_is_edited_where_the_cursor_stands(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("down", "e")
        await bench.at(CellForm)
        assert bench.row("label").value == "A2"
        await bench.type("model", "LF280K")
        await bench.press("f5")
        await bench.shown("LF280K")
        cell = bench.inventory.by_label("A2")
        assert cell is not None
        assert (cell.model, cell.capacity_ah, cell.resistance_mohm) == ("LF280K", 281.0, 0.17)


@on_loop
async def test_an_edit_keeps_what_somebody_else_changed_meanwhile_and_rounds_nothing(home):
    Inventory(home).add(label="A1", capacity_ah=1280.12345678, maker="EVE")  # more than the form's own range
    async with cells(home) as bench:
        await bench.listed("A1")
        await bench.press("e")
        await bench.at(CellForm)
        cell = bench.inventory.list()[0]
        bench.inventory.edit(cell.id, label="B7", maker="CATL", notes="by another")
        await bench.type("model", "LF1280")
        bench.row("state").editor.focus()
        await bench.press("left", "f5")
        await bench.shown("LF1280")
        cell = bench.inventory.get(cell.id)
        assert (cell.label, cell.maker, cell.notes, cell.model) == ("B7", "CATL", "by another", "LF1280")
        assert (cell.capacity_ah, cell.state) == (1280.12345678, "scrapped")


@on_loop
async def test_a_cell_is_marked_as_scrapped_and_keeps_its_record(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("e")
        await bench.at(CellForm)
        bench.row("state").editor.focus()
        await bench.press("left", "f5")
        await bench.shown("scrapped")
        cell = bench.inventory.by_label("A1")
        assert cell is not None
        assert (cell.state, cell.capacity_ah) == ("scrapped", 280.0)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_deleted_cell_is_in_the_trash_and_one_key_brings_it_back(four, size):
    async with cells(four, size=size) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("down", "d")
        await bench.listed("A1", "A10", "B1")
        await bench.shown("A2 is in the trash; u brings it")  # and the toast breaks the line here at 80
        assert ("u", "bring back", "screen.bring_back") in bench.screen.own_keys()
        await bench.press("d")
        await bench.listed("A1", "B1")
        await bench.press("u")
        await bench.listed("A1", "A10", "B1")
        await bench.press("u")
        await bench.listed("A1", "A2", "A10", "B1")
        assert bench.screen.cell.label == "A2"
        await bench.press("u")
        await bench.shown("Nothing was deleted here")


@on_loop
async def test_a_cell_that_is_being_balanced_is_asked_about(four):
    cell = Inventory(four).by_label("A1")
    Inventory(four).log(cell.id, "session", phase="begin", session="s1", bank="boat")
    async with cells(four) as bench:
        await bench.shown("balancing")
        await bench.press("d")
        await bench.at(ConfirmScreen)
        await bench.shown("Delete cell A1?", "being balanced now")
        await bench.press("n")
        await bench.at(CellsScreen)
        assert len(bench.inventory.list()) == 4
        await bench.press("d")
        await bench.at(ConfirmScreen)
        await bench.press("y")
        await bench.listed("A2", "A10", "B1")


@on_loop
async def test_a_cell_whose_label_is_taken_meanwhile_stays_in_the_trash_and_says_so(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("d")
        await bench.listed("A2", "A10", "B1")
        bench.inventory.add(label="A1")
        await bench.press("u")
        await bench.at(TextScreen)
        await bench.shown("stays in the trash", "in the inventory already")


@on_loop
async def test_the_filter_works_as_it_is_typed_and_escape_takes_it_away(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("slash", *"cal")
        await bench.listed("B1")
        await bench.shown("1 cell found")
        await bench.press("escape")
        await bench.listed("A1", "A2", "A10", "B1")
        assert bench.screen.table.has_focus


@on_loop
async def test_sorting_goes_through_the_columns(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("s", "s", "s")
        await bench.listed("B1", "A10", "A1", "A2")
        await bench.shown("Ah ▾")
        await bench.press("s")
        await bench.listed("A2", "A1", "B1", "A10")


@on_loop
async def test_an_export_reads_back_as_an_import(four, tmp_path):
    target = tmp_path / "out.csv"
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.press("x")
        await bench.at(LineScreen)
        await bench.press("end", "ctrl+u", *str(target), "enter")
        await until(bench.pilot, target.exists)
        other = home_in(tmp_path / "other")
        assert [cell.label for cell in Inventory(other).import_csv(target)] == ["A1", "A2", "A10", "B1"]


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_damaged_inventory_is_shown_read_only_and_never_written(four, size):
    Inventory(four).add(label="C1")  # makes an earlier generation with four cells
    damaged = b'{"schema": 1, "tables"'
    four.inventory.write_bytes(damaged)
    async with cells(four, size=size) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        await bench.shown("READ ONLY")
        await bench.press("a")
        assert isinstance(bench.app.screen, CellsScreen)
        await bench.press("d")
        assert isinstance(bench.app.screen, CellsScreen)
    assert four.inventory.read_bytes() == damaged


@on_loop
async def test_a_large_inventory_is_one_list_and_its_ends_are_one_key_away(home):
    Inventory(home).add_many({"label": f"A{number}"} for number in range(1, 10_001))
    async with cells(home) as bench:
        await bench.shown("10000 cells", "A1 ", "A16 ")
        await bench.press("end")
        await bench.shown("A10000", "A9990")
        assert bench.screen.cell.label == "A10000"
        await bench.press("pageup", "home")
        await bench.shown("A1 ", "A16 ")
        assert bench.screen.cell.label == "A1"


@on_loop
async def test_a_filter_begins_at_the_top_and_a_change_elsewhere_leaves_the_cursor_on_its_cell(home):
    inventory = Inventory(home)
    inventory.add_many({"label": f"A{number:03d}", "maker": "EVE" if number > 150 else "CALB"} for number in range(1, 201))
    async with cells(home) as bench:
        await bench.shown("200 cells")
        await bench.press("end")
        await bench.press("slash", *"calb")
        await bench.shown("150 cells found", "A001")
        await bench.press("enter", "down", "down")
        assert bench.screen.cell.label == "A003"
        inventory.delete(inventory.by_label("A001").id)
        await bench.press("escape")
        await bench.shown("199 cells")
        assert bench.screen.cell.label == "A003"


@on_loop
async def test_what_was_read_last_stands_at_once_and_what_another_program_changed_follows(four):
    inventory = Inventory(four)
    assert len(inventory.list()) == 4  # this program reads it
    elsewhere = "from tui.records.inventory import Inventory", "inventory = Inventory(home)", "inventory.add(label='A0')"
    run_elsewhere(four, *elsewhere, "inventory.edit(inventory.by_label('A2').id, label='Z9')")
    app = TopBalanceApp(FakeLink(), four)
    async with app.run_test(size=(80, 24)) as pilot:
        bench = Bench(app, pilot)
        with nobody_reads(inventory.path) as go_on:
            await pilot.press("2")
            await until(pilot, lambda: isinstance(app.screen, CellsScreen))
            await bench.shown("A1 ", "A2 ", "A10", "4 cells")
            await pilot.press("down")
            assert bench.screen.cell.label == "A2"
            go_on()
            await bench.listed("A0", "A1", "A10", "B1", "Z9")
        await bench.shown("A0", "Z9", "5 cells")
        assert bench.screen.cell.label == "Z9"  # the same cell, under its new label


@on_loop
async def test_enter_opens_the_passport_and_brackets_are_text(home):
    cell = Inventory(home).add(label="[EVE-01]", capacity_ah=280)
    Inventory(home).log(cell.id, "rest", unix_s=1_700_000_000.0, voltage_v=3.345, hours=24.0)
    async with cells(home) as bench:
        await bench.shown("[EVE-01]", "3.345 V")
        await bench.press("enter")
        await bench.at(CellPage)
        await bench.shown("At rest", "24.0 h")


@on_loop
async def test_the_stop_key_works_in_every_dialog_of_the_inventory(four):
    async with cells(four) as bench:
        await bench.listed("A1", "A2", "A10", "B1")
        for stops, (key, dialog) in enumerate((("a", CellForm), ("i", LineScreen), ("enter", CellPage)), 1):
            await bench.press(key)
            await bench.at(dialog)
            await bench.press("ctrl+x")
            assert bench.app.link.stops == stops
            await bench.press("escape")
            await bench.at(CellsScreen)


def test_a_row_of_the_table_fits_its_columns_at_eighty():
    assert sum(column.width + 2 for column in COLUMNS) <= 79
    row = row_of(Cell("c", "A1", capacity_ah=280.0, resistance_mohm=0.2, received_voltage_v=3.301), 0.0)
    assert all(len(text) <= column.width for text, column in zip(row, COLUMNS, strict=True))


@pytest.mark.parametrize(
    ("text", "count", "labels"),
    [
        ("A1", "3", ("A1", "A2", "A3")),
        ("A09", "2", ("A09", "A10")),
        ("A1..A3", "1", ("A1", "A2", "A3")),
        ("spare", "2", ("spare1", "spare2")),
    ],
)
def test_labels_count_up(text, count, labels):
    assert labels_of(text, count) == labels


@pytest.mark.parametrize(
    ("answers", "name"), [({"label": ""}, "label"), ({"label": "A1", "count": "none"}, "count"), ({"label": "A1", "count": "0"}, "count")]
)
def test_a_form_without_sense_says_so_at_its_field(answers, name):
    assert list(read_form(answers).messages) == [name]


@on_loop
async def test_changing_workspaces_faster_than_they_are_made_leaves_the_last_one_painted(four):
    """Painting is held while a workspace is made; held for ever, the screen would stand still."""
    app = TopBalanceApp(FakeLink(), four)
    async with app.run_test(size=(80, 24)) as pilot:
        painted: list[str] = []
        display = app._display
        app._display = lambda screen, update: (
            painted.append(type(screen).__name__) if not app._batch_count else None,
            display(screen, update),
        )
        for key in "2312321232":
            app.simulate_key(key)
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and painted and painted[-1] == "CellsScreen")
        await until(pilot, lambda: app._batch_count == 0)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_what_was_typed_into_the_form_is_not_lost_by_one_escape(home, size):
    async with cells(home, size=size) as bench:
        await bench.press("a")
        await bench.at(CellForm)
        await bench.shown("IDLE", "Add cells", "F5 keep", "OUTPUT OFF")
        await bench.press(*"A1", "escape")
        await bench.shown("Not kept yet")
        await bench.press("f5")
        await bench.listed("A1")
        await bench.press("a")
        await bench.at(CellForm)
        await bench.press("escape")  # nothing was typed
        await bench.at(CellsScreen)


@pytest.mark.parametrize("age_s", [5, 59 * 60, 23 * 3600, 99 * 86400, 900 * 86400])
def test_the_age_of_the_last_volts_is_never_cut(age_s):
    cell = Cell("c-1", "A1", log=({"kind": "rest", "unix_s": 2e9 - age_s, "voltage_v": 3.345},))
    for text, column in zip(row_of(cell, 2e9), COLUMNS, strict=True):
        assert len(text) <= column.width
