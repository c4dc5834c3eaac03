"""Taking a cell list in on the screen: columns mapped once, every row seen before it is kept, cells that are there already by choice."""

from __future__ import annotations

import pytest
from host import home_in, on_loop, until
from test_cells import SIZES, Bench, cells

from tui.panes.cell_import import ImportScreen, TargetChoice
from tui.panes.cells import CellsScreen
from tui.panes.confirm import LineScreen
from tui.records.cell_import import import_list
from tui.records.cell_numbers import parse_number
from tui.records.column_maps import ColumnMaps
from tui.records.inventory import Inventory
from tui.records.places import Home

SUPPLIER = "Ref;Klemme;IR (mΩ);Grade\nC1;3,301;0,18;A\nC2;3,302;0,19;B\n"


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path / "home")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(SUPPLIER, encoding="utf-8")
    return path


async def opened(bench: Bench, path) -> None:
    await bench.press("i")
    await bench.at(LineScreen)
    bench.app.screen.query_one("Input").value = str(path)
    await bench.press("enter")
    await bench.at(ImportScreen)


async def mapped(bench: Bench, at: int, down: int) -> None:
    """The column `at` becomes the target that stands so many lines below the one marked."""
    options = bench.app.screen.query_one("OptionList")
    options.highlighted = at
    await bench.press("enter")
    await bench.at(TargetChoice)
    await bench.press(*["down" if down > 0 else "up"] * abs(down), "enter")
    await bench.at(ImportScreen)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_columns_are_mapped_once_then_rows_are_seen_then_kept(home, source, size):
    async with cells(home, size=size) as bench:
        await opened(bench, source)
        await bench.shown("Klemme", "3,301 · 3,302", "kept as it is", "resistance, mΩ", "no column is called label")
        await bench.press("f5")
        await bench.shown("no column is called label")
        await mapped(bench, 0, -15)  # from the last target, “kept as it is”, to the first, “label”
        await mapped(bench, 1, -7)  # to “voltage as received”
        await bench.shown("→ label", "→ voltage as received")
        await bench.press("f5")
        await bench.shown("2 to add", "add     C1", "0.18 mΩ, 3.301 V", "comma, by the list", "y keep 2")
        assert bench.inventory.list() == []
        await bench.press("y")
        await bench.at(CellsScreen)
        await bench.listed("C1", "C2")
        await bench.shown("2 added from l.csv")
        assert [cell.extra for cell in bench.inventory.list()] == [{"Grade": "A"}, {"Grade": "B"}]
        source.write_text(SUPPLIER.replace("C1", "D1").replace("C2", "D2"), encoding="utf-8")
        await opened(bench, source)  # the next list of this supplier
        await bench.shown("2 to add", "y keep 2")


@on_loop
async def test_cells_that_are_there_already_are_refused_changed_or_added(home, tmp_path):
    Inventory(home).add_many([{"label": "A1", "capacity_ah": 280.0}, {"label": "A2"}])
    path = tmp_path / "l.csv"
    path.write_text("label,Ah\nA1,281\nA3,many\n")
    async with cells(home) as bench:
        await bench.listed("A1", "A2")
        await opened(bench, path)
        await bench.shown("2 refused", "line 2, column label", "a cell labelled A1 is in the", "line 3, column Ah", "nothing to keep")
        await bench.press("y")
        assert isinstance(bench.app.screen, ImportScreen)
        await bench.press("x")
        await bench.shown("1 to change, 1 refused", "rated capacity 280 Ah → 281 Ah", "y keep 1, leaving out 1")
        await bench.press("x")
        await bench.shown("1 to add, 1 refused", "as A1-2")
        await bench.press("x", "x", "y")
        await bench.at(CellsScreen)
        await until(bench.pilot, lambda: bench.inventory.by_label("A1").capacity_ah == 281.0)
        assert [cell.label for cell in bench.inventory.list()] == ["A1", "A2"]
        await bench.press("u")
        await bench.shown("Taken back: the import of l.csv")
        await until(bench.pilot, lambda: bench.inventory.by_label("A1").capacity_ah == 280.0)


@on_loop
async def test_the_decimal_sign_can_be_told(home, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("label;mAh\nA1;280.000\n")
    assert parse_number("280.000 mAh", "capacity_ah") == pytest.approx(0.28)
    async with cells(home) as bench:
        await opened(bench, path)
        await bench.shown("0.28 Ah")
        await bench.press("c", "c")
        await bench.shown("decimal sign: comma", "280 Ah")
        await bench.press("y")
        await bench.listed("A1")
        assert bench.inventory.list()[0].capacity_ah == 280.0


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_what_is_no_list_is_told_and_left(home, tmp_path, size):
    path = tmp_path / "l.csv"
    async with cells(home, size=size) as bench:
        await opened(bench, path)
        await bench.shown("Nothing was imported", "No such file")
        await bench.press("escape")
        path.write_bytes(b"\n")
        await opened(bench, path)
        await bench.shown("Nothing was imported", "the list is empty")
        await bench.press("f5", "y", "m", "x", "escape")
        await bench.at(CellsScreen)
        assert ColumnMaps(home).all() == {}


@on_loop
async def test_what_changed_meanwhile_is_not_overwritten_and_esc_keeps_nothing(home, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("label,Ah\nA1,280\n")
    async with cells(home) as bench:
        await opened(bench, path)
        await bench.shown("1 to add")
        bench.inventory.add(label="A1", capacity_ah=300.0)
        await bench.press("y")
        await bench.shown("Nothing was saved")
        await bench.press("escape")
        await bench.at(CellsScreen)
        assert [cell.capacity_ah for cell in bench.inventory.list()] == [300.0]


@on_loop
async def test_brackets_and_long_names_are_text_and_the_stop_key_works(home, tmp_path):
    path = tmp_path / "[b]l.csv"
    path.write_text("label,[red]remark[/red] " + "x" * 90 + "\n[b]A1[/b],[link=x]y\n")
    async with cells(home) as bench:
        await opened(bench, path)
        await bench.shown("[red]remark", "[link=x]y")
        await bench.press("ctrl+x")
        assert bench.app.link.stops == 1
        await bench.press("enter")
        await bench.at(TargetChoice)
        await bench.press("ctrl+x", "escape", "f5")
        await bench.shown("add     [b]A1[/b]")
        assert bench.app.link.stops == 2


@on_loop
async def test_the_export_of_one_home_comes_into_another_by_three_keys(home, tmp_path):
    other = home_in(tmp_path / "other")
    made = import_list(Inventory(other), "label,Ah,Grade\nA1,280,A\nA2,281,B\n")
    path = tmp_path / "out.csv"
    path.write_text(Inventory(other).export_csv(), encoding="utf-8", newline="")
    async with cells(home) as bench:
        await opened(bench, path)
        await until(bench.pilot, lambda: bench.app.screen.columns)
        if bench.app.screen.stage == "columns":
            await bench.press("f5")
        await bench.shown("2 to add")
        await bench.press("y")
        await bench.listed("A1", "A2")
        assert bench.inventory.list() == made


@on_loop
async def test_a_column_mapped_by_mistake_gives_its_target_back(home, tmp_path):
    source = tmp_path / "l.csv"
    source.write_text("label,Kap [Ah],Ri [mΩ],Tested\nC1,280,0.18,279.5\n", encoding="utf-8")
    async with cells(home) as bench:
        await opened(bench, source)
        await bench.shown("1 to add", "280 Ah, 0.18 mΩ, measured 279.5 Ah")
        await bench.press("m")
        await bench.shown("→ resistance", "→ rated capacity")
        await mapped(bench, 1, 2)  # the capacity becomes, by mistake, the resistance
        await bench.shown("→ kept as it is", "→ resistance")
        await mapped(bench, 1, -2)
        await bench.shown("→ resistance, mΩ", "→ rated capacity, Ah")
        await bench.press("f5")
        await bench.shown("280 Ah, 0.18 mΩ, measured 279.5 Ah")
