"""Scanning: sixteen codes as fast as keys can come, halves, duplicates, offers, and nothing lost or misread as a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from at_cells import AtCells, cells_shown
from host import home_in, on_loop, until
from textual import events

from tui.panes.cell_page import CellPage
from tui.panes.cells import CellsScreen
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.scan import ScanScreen
from tui.records.inventory import Inventory
from tui.records.places import Home

SIZES = [(80, 24), (120, 40)]
CODES = [f"04QCB76836300JBC4{number:07d}" for number in range(901, 917)]
HIGEE = "07HCBC1P22G06AC700002596"


class Bench(AtCells):
    @property
    def labels(self) -> list[str]:
        return [cell.label for cell in self.inventory.list()]

    def burst(self, *codes: str) -> None:
        """All the keys of a scanner at once, none of them waited for."""
        for code in codes:
            for sign in code:
                self.app.post_message(events.Key(sign, sign))
            self.app.post_message(events.Key("enter", "\r"))


@asynccontextmanager
async def cells(home: Home, *, size=(80, 24), scanning: bool = True) -> AsyncIterator[Bench]:
    async with cells_shown(home, size) as (app, pilot):
        bench = Bench(app, pilot)
        if scanning:
            await bench.press("S")
            await bench.at(ScanScreen)
        yield bench


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_sixteen_cells_typed_as_fast_as_keys_can_come_are_all_there(home, size):
    async with cells(home, size=size) as bench:
        for code in CODES[:2]:  # key after key, and all of them at once
            await bench.press(*code.lower(), "enter")
        bench.burst(*(code.lower() for code in CODES[2:]))
        await bench.shown("16 scanned, 16 new")
        await bench.shown("A16", "EVE, cell, LiFePO4, made 2021-12-04", "LF280K")
        await bench.press("escape")
        await bench.at(CellsScreen)
        found = bench.inventory.list()
        assert [(cell.label, cell.code, cell.code_raw, cell.maker) for cell in found] == [
            (f"A{number:02d}", code, code.lower(), "EVE") for number, code in enumerate(CODES, 1)
        ]
        await bench.press("u")
        await until(bench.pilot, lambda: bench.inventory.list() == [])
        await bench.shown("Taken back: 16")


@on_loop
async def test_a_capital_s_in_the_filter_is_a_letter(home):
    Inventory(home).add_many([{"label": "S1"}, {"label": "A1"}])
    async with cells(home, scanning=False) as bench:
        await bench.press("slash", "S", "1")
        await until(
            bench.pilot, lambda: isinstance(bench.app.screen, CellsScreen) and [cell.label for cell in bench.app.screen.cells] == ["S1"]
        )


@on_loop
async def test_a_burst_that_follows_the_key_at_once_loses_nothing_and_meets_no_binding(home):
    """The scanner begins before the screen stands: letters of codes are keys of the table, d deletes, a adds, digits leave the workspace."""
    Inventory(home).add(label="C7")
    async with cells(home, scanning=False) as bench:
        bench.app.post_message(events.Key("S", "S"))
        bench.burst(*CODES)
        await until(bench.pilot, lambda: len(bench.labels) == 17)
        await bench.shown("16 scanned, 16 new")
        assert bench.labels == ["C7", *(f"C{number}" for number in range(8, 24))]
        assert [cell.code for cell in bench.inventory.list()][1:] == CODES
        assert isinstance(bench.app.screen, ScanScreen)
        assert bench.app.link.stops == 0


@on_loop
async def test_leaving_waits_until_the_last_code_is_on_the_disk(home):
    async with cells(home) as bench:
        bench.burst(*CODES)
        bench.app.post_message(events.Key("escape", None))
        await bench.at(CellsScreen)
        assert len(bench.labels) == 16


@on_loop
async def test_the_same_code_is_refused_in_words_and_a_known_one_is_found(home):
    Inventory(home).add(label="X1", code=HIGEE)
    async with cells(home) as bench:
        bench.burst(CODES[0], CODES[0], HIGEE)
        await bench.shown("3 scanned, 1 new", "scanned already, nothing was added", "found")
        assert len(bench.labels) == 2
        await bench.press("escape")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, CellsScreen) and bench.app.screen.cell is not None)
        await until(bench.pilot, lambda: bench.app.screen.cell.label == "X1")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_rows_of_a_plate_are_joined(home, size):
    async with cells(home, size=size) as bench:
        bench.burst(CODES[0][14:])
        await bench.shown("half", "scan the other")
        bench.burst(CODES[0][:14])
        await bench.shown("1 scanned, 1 new")
        (cell,) = bench.inventory.list()
        assert (cell.code, cell.code_raw) == (CODES[0], f"{CODES[0][14:]} {CODES[0][:14]}")


@pytest.mark.parametrize(("key", "code"), [("f2", CODES[0]), ("f3", CODES[0][10:] + CODES[0][:10])])
@on_loop
async def test_rows_in_the_wrong_order_are_offered_the_other_way_round(home, key, code):
    async with cells(home) as bench:
        bench.burst(CODES[0][10:] + CODES[0][:10])
        await bench.shown("F2 takes it the other way round")
        assert bench.labels == []
        await bench.press(key)
        await until(bench.pilot, lambda: bench.labels == ["A01"])
        (cell,) = bench.inventory.list()
        assert (cell.code, cell.code_raw) == (code, CODES[0][10:] + CODES[0][:10])


@on_loop
async def test_leaving_asks_about_scans_that_were_not_kept(home):
    async with cells(home) as bench:
        bench.burst("A765101015")
        await bench.shown("half")
        await bench.press("escape")
        await bench.at(ConfirmScreen)
        await bench.shown("A765101015")
        await bench.press("n", "f3")
        await until(bench.pilot, lambda: bench.labels == ["A01"])
        await bench.press("escape")
        await bench.at(CellsScreen)


@pytest.mark.parametrize("code", ["04QPB76836300JBC40000903", "04QCE76836300JBC40000903"])
@on_loop
async def test_a_pack_and_another_chemistry_are_refused(home, code):
    async with cells(home) as bench:
        bench.burst(code)
        await bench.shown("refused")
        await bench.press("f3", "f2")
        assert bench.labels == []


@on_loop
async def test_numbering_starts_where_the_operator_says_and_leaves_out_what_is_taken(home):
    Inventory(home).add(label="B-08")
    async with cells(home) as bench:
        await bench.shown("B-09")
        await bench.press("f6")
        await bench.at(LineScreen)
        await bench.press("ctrl+u", *"B-07", "enter")
        await bench.at(ScanScreen)
        bench.burst(*CODES[:2])
        await until(bench.pilot, lambda: bench.labels == ["B-07", "B-08", "B-09"])


@on_loop
async def test_the_stop_key_works_between_the_letters_of_a_code(home):
    async with cells(home) as bench:
        await bench.press(*CODES[0][:9], "ctrl+x", *CODES[0][9:], "enter")
        assert bench.app.link.stops == 1
        await until(bench.pilot, lambda: [cell.code for cell in bench.inventory.list()] == CODES[:1])


@on_loop
async def test_a_burst_that_the_terminal_wraps_as_a_paste_and_line_ends_of_every_kind(home):
    async with cells(home) as bench:
        bench.app.post_message(events.Paste(f"{CODES[0]}\r\n{CODES[1]}\n{CODES[2][:5]}"))
        await bench.pilot.pause()
        await bench.press(*CODES[2][5:], "tab")
        await until(bench.pilot, lambda: len(bench.labels) == 3)
        assert [cell.code for cell in bench.inventory.list()] == CODES[:3]


@on_loop
async def test_a_damaged_inventory_is_told_at_the_scan(home):
    async with cells(home) as bench:
        home.inventory.write_bytes(b"{")
        bench.burst(CODES[0])
        await bench.shown("failed")
        assert home.inventory.read_bytes() == b"{"


@on_loop
async def test_the_page_of_the_cell_that_was_scanned_opens(home):
    async with cells(home) as bench:
        bench.burst(HIGEE)
        await bench.shown("1 new")
        await bench.press("f4")
        await bench.at(CellPage)
        await bench.shown("Higee", "made 2022-07-31")


@on_loop
async def test_a_scanner_that_ends_with_nothing_is_understood_after_a_moment(home):
    async with cells(home) as bench:
        for code in CODES[:3]:
            for sign in code:
                bench.app.post_message(events.Key(sign, sign))
            await until(bench.pilot, lambda code=code: code in [cell.code for cell in bench.inventory.list()])
        await bench.shown("3 scanned, 3 new")


@on_loop
async def test_a_code_typed_by_hand_is_not_taken_before_it_is_whole(home):
    async with cells(home) as bench:
        for sign in CODES[0][:19]:  # nineteen characters are the length of a code, too
            await bench.press(sign)
        await bench.pilot.pause(0.6)
        assert bench.app.screen.rows == []
        await bench.shown("enter takes it")
        await bench.press("escape")
        await until(bench.pilot, lambda: "enter takes it" not in bench.text)
        assert isinstance(bench.app.screen, ScanScreen)


@on_loop
async def test_separators_and_the_word_on_the_symbol_are_kept_raw_and_shown_harmless(home):
    async with cells(home) as bench:
        for sign in f"]d2{CODES[0]}":
            bench.app.post_message(events.Key(sign, sign))
        bench.app.post_message(events.Key("ctrl+right_square_bracket", "\x1d"))
        bench.burst("280AH")
        await until(bench.pilot, lambda: bench.labels == ["A01"])
        (cell,) = bench.inventory.list()
        assert (cell.code, cell.code_raw) == (CODES[0], f"]d2{CODES[0]}\x1d280AH")
        await bench.press("f4")
        await bench.at(CellPage)
        await bench.shown("scanned as")
        assert "\x1d" not in bench.text


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_bad_scan_can_be_left_out_and_nothing_is_asked_at_the_end(home, size):
    async with cells(home, size=size) as bench:
        bench.burst(CODES[0], CODES[1][:-1])
        await bench.shown("23 characters", "1 waits for a word", "F3 keeps it", "del leave it out")
        await bench.press("delete")
        await until(bench.pilot, lambda: "waits for a word" not in bench.text)
        await bench.press("escape")
        await bench.at(CellsScreen)
        assert bench.labels == ["A01"]


@on_loop
async def test_characters_behind_a_code_can_be_left_out_by_one_key(home):
    async with cells(home) as bench:
        bench.burst(f"{CODES[0]}R1")
        await bench.shown("F2 takes the first 24")
        await bench.press("f2")
        await until(bench.pilot, lambda: bench.labels == ["A01"])
        (cell,) = bench.inventory.list()
        assert (cell.code, cell.code_raw) == (CODES[0], f"{CODES[0]}R1")


@on_loop
async def test_a_label_that_its_owner_printed_finds_its_cell(home):
    Inventory(home).add_many([{"label": "A03"}, {"label": "A04"}])
    async with cells(home) as bench:
        await bench.shown("A05")
        bench.burst("a03")
        await bench.shown("A03", "found", "by its label")
        await bench.press("escape")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, CellsScreen) and bench.app.screen.cell is not None)
        await until(bench.pilot, lambda: bench.app.screen.cell.label == "A03")
        assert len(bench.labels) == 2


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_line_of_the_running_charge_and_every_key_stay_in_sight(home, size):
    async with cells(home, size=size) as bench:
        await bench.shown("IDLE", "OUTPUT OFF", "F1 help", "esc done", "F6 numbering")
        assert "…" not in bench.text


@on_loop
async def test_the_rated_capacity_is_told_once_for_all_new_cells(home):
    Inventory(home).add(label="X1", code=HIGEE, capacity_ah=120)
    async with cells(home) as bench:
        bench.burst(CODES[0], HIGEE)
        await bench.shown("2 scanned, 1 new")
        await bench.press("f7")
        await bench.at(LineScreen)
        await bench.press(*"280 V", "enter")
        await bench.shown("280 V is a voltage")
        await bench.press("f7")
        await bench.at(LineScreen)
        await bench.press(*"280Ah", "enter")
        await bench.at(ScanScreen)
        bench.burst(CODES[1])
        await until(bench.pilot, lambda: sorted(cell.capacity_ah or 0 for cell in bench.inventory.list()) == [120, 280, 280])
