"""F9 on the screen: cells are walked with one key each, in a question, in the table of cells, in the form and beside the charge."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_link import CHARGING, PREPARING, FakeLink
from host import home_in, on_loop, text_of, until

from drivers.simulated.description import MeterDescription
from tests.bench.conftest import drive, place  # noqa: F401 - fixtures
from tui.app import TopBalanceApp
from tui.bench.messages import Answer, Capture, Captured, Channel, Outcome, TypeReading
from tui.bench.stepped import SteppedLink
from tui.panes.cell_form import CellForm
from tui.panes.cells import CellsScreen
from tui.panes.entry_grid import EntryGrid
from tui.panes.gauges import fact_rows
from tui.panes.reading import ReadingScreen
from tui.records.inventory import Inventory
from tui.records.journal_reading import read
from tui.widgets.number_input import NumberInput


def meter_walks(description):
    return replace(description, meter=MeterDescription(point="walk"))


class Walker:
    """Presses F9 and lets the bench measure."""

    def __init__(self, app: TopBalanceApp, pilot, link: SteppedLink) -> None:
        self.app, self.pilot, self.link = app, pilot, link

    async def key(self) -> None:
        before = self.link.bench.capture.shown
        await self.pilot.press("f9")
        await until(self.pilot, lambda: self.link.bench.capture.pending or self.link.bench.capture.shown is not before)
        self.link.pass_time(lambda: not self.link.bench.capture.pending, 15.0)
        await until(self.pilot, lambda: (self.app.pull(), self.app._capture._number)[1] is None)
        await self.pilot.pause()


@on_loop
async def test_sixteen_cells_are_walked_with_sixteen_keys_and_one_enter(drive, place):  # noqa: F811
    driven = drive(cells=16, soc=(0.6, 0.9), change=meter_walks)
    driven.start()
    driven.go_to("cell-volts")
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, NumberInput))
        assert "F9" in text_of(app)
        walker = Walker(app, pilot, link)
        for _ in range(16):
            await walker.key()
        rows = app.bench.checklist.prompt.fields
        assert all(row.editor.value for row in rows)
        for row in rows:
            assert float(row.editor.value) == pytest.approx(driven.world.probe(row.view.name), abs=0.0006)
        prompt = app.snapshot.prompt.id
        await pilot.press("enter")
        await until(pilot, lambda: (app.pull(), app.snapshot.prompt is None or app.snapshot.prompt.id != prompt)[1])
        line = [line for line in read(place.sessions_dir / f"{driven.bench.running.recorder.id}.jsonl") if line["kind"] == "answer"][-1]
        assert len(line["measured"]) == 16
    assert sum(isinstance(command, Capture) for command in link.commands) == 16
    assert sum(isinstance(command, Answer) for command in link.commands) >= 1


@on_loop
async def test_what_does_not_settle_leaves_the_field_and_the_focus(drive, place):  # noqa: F811
    driven = drive(cells=4, soc=0.9, change=meter_walks)
    driven.start()
    driven.go_to("cell-volts")
    driven.rig.embedded.meter.inject("meter-silence")
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, NumberInput))
        focused = app.focused
        await Walker(app, pilot, link).key()
        assert app.focused is focused and focused.value == ""
        assert "A1: The meter has shown nothing new" in text_of(app)


def walking(**changes):
    prompt = PREPARING.prompt
    fields = tuple(replace(field, capture=True, reading=None) for field in prompt.fields)
    return replace(PREPARING, prompt=replace(prompt, fields=fields), **changes)


@on_loop
async def test_the_key_works_inside_a_half_typed_field_and_an_earlier_answer_is_left_alone(tmp_path):
    link = FakeLink(walking())
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, NumberInput))
        await pilot.press("3", "full_stop", "2", "f9")
        await until(pilot, lambda: any(isinstance(command, Capture) for command in link.sent))
        first = next(command for command in link.sent if isinstance(command, Capture))
        assert first.field == "cell:A1"
        link.current = walking(seq=90, captured=Captured(first.number - 1, "cell:A1", 3.111, "3.111"))
        app.pull()
        await pilot.pause()
        rows = app.bench.checklist.prompt.fields
        assert rows[0].editor.value == "3.2"  # the answer to somebody else's key
        link.current = walking(seq=91, captured=Captured(first.number, "cell:A1", 3.3012, "3.3012"))
        app.pull()
        await until(pilot, lambda: rows[0].editor.value == "3.3012")
        await until(pilot, lambda: rows[1].editor.has_focus and "Next: A2" in text_of(app))


@on_loop
async def test_where_no_meter_can_be_carried_the_key_says_so(tmp_path):
    link = FakeLink(PREPARING)
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, NumberInput))
        await pilot.press("f9")
        await until(pilot, lambda: "No live meter can be carried there" in text_of(app))
        assert not [command for command in link.sent if isinstance(command, Capture)]


@on_loop
async def test_a_looker_on_does_not_measure(tmp_path):
    link = FakeLink(walking(keys=False))
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("f9")
        await until(pilot, lambda: "only looks on" in text_of(app))
        assert not [command for command in link.sent if isinstance(command, Capture)]


@on_loop
async def test_the_table_of_cells_is_filled_without_typing(drive, place):  # noqa: F811
    driven = drive(cells=4, soc=(0.4, 0.9), change=meter_walks)
    Inventory(place).add_many([{"label": f"A{number}", "capacity_ah": 100.0} for number in range(1, 5)])
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.meter_address() == driven.rig.meter_address)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and len(app.screen.cells) == 4 and app.screen.table.has_focus)
        walker = Walker(app, pilot, link)
        for number in range(1, 5):
            await walker.key()
            label = f"A{number}"
            await until(pilot, lambda label=label: Inventory(place).by_label(label).last_voltage_v is not None)
            following = min(number, 3)
            await until(pilot, lambda at=following: app.screen.table.cursor == at)
        await until(pilot, lambda: "That was the last" in text_of(app))
    for cell in Inventory(place).list():
        assert cell.last_voltage_v == pytest.approx(driven.world.probe(f"cell:{cell.label}"), abs=0.0006)
        assert cell.log[-1]["kind"] == "rest" and cell.log[-1]["measured"] is True


@on_loop
async def test_unlikely_volts_of_a_cell_are_kept_only_when_they_come_twice(tmp_path):
    link = FakeLink(CHARGING)
    home = home_in(tmp_path)
    Inventory(home).add(label="A1")
    app = TopBalanceApp(link, home)

    async def come(pilot, seq):
        await pilot.press("f9")
        await until(pilot, lambda: sum(isinstance(command, Capture) for command in link.sent) == seq)
        number = [command.number for command in link.sent if isinstance(command, Capture)][-1]
        link.current = replace(
            CHARGING, seq=100 + seq, captured=Captured(number, "cell:A1", 1.9, "1.900", doubt="1.900 V is no usual voltage.")
        )
        app.pull()
        await pilot.pause()

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and len(app.screen.cells) == 1 and app.screen.table.has_focus)
        await come(pilot, 1)
        await until(pilot, lambda: "F9 once more keeps it" in text_of(app))
        assert Inventory(home).by_label("A1").last_voltage_v is None
        await come(pilot, 2)
        await until(pilot, lambda: Inventory(home).by_label("A1").last_voltage_v == 1.9)


@on_loop
async def test_volts_at_rest_by_the_meter_know_their_hours_since_the_last_charge(tmp_path):
    link = FakeLink(CHARGING)
    home = home_in(tmp_path)
    cell = Inventory(home).add(label="A1")
    Inventory(home).log(cell.id, "session", unix_s=time.time() - 86400, phase="end", result="balanced", session="s-1")
    app = TopBalanceApp(link, home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and len(app.screen.cells) == 1 and app.screen.table.has_focus)
        await pilot.press("f9")
        await until(pilot, lambda: any(isinstance(command, Capture) for command in link.sent))
        asked = next(command for command in link.sent if isinstance(command, Capture))
        link.current = replace(CHARGING, seq=300, captured=Captured(asked.number, asked.field, 3.3456, "3.3456"))
        app.pull()
        await until(pilot, lambda: Inventory(home).by_label("A1").last_voltage_v == 3.3456)
    kept = Inventory(home).by_label("A1").log[-1]
    assert (kept["kind"], kept["session"], kept["resolution_v"], kept["measured"]) == ("rest", "s-1", 0.0001, True)
    assert kept["hours"] == pytest.approx(24, abs=0.1)


@on_loop
async def test_the_form_takes_the_volts_of_one_cell_and_never_of_many(tmp_path):
    link = FakeLink(CHARGING)
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and app.screen.table.has_focus)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, CellForm))
        rows = app.screen.rows
        rows["label"].value = "B1..B3"
        rows["received_voltage_v"].editor.focus()
        await pilot.pause()
        await pilot.press("f9")
        await until(pilot, lambda: "One value would go to all 3 cells" in text_of(app))
        rows["label"].value = "B1"
        await pilot.pause()
        await pilot.press("f9")
        await until(pilot, lambda: any(isinstance(command, Capture) for command in link.sent))
        number = next(command.number for command in link.sent if isinstance(command, Capture))
        link.current = replace(CHARGING, seq=99, captured=Captured(number, "received_voltage_v", 3.301, "3.301"))
        app.pull()
        await until(pilot, lambda: rows["received_voltage_v"].value == "3.301 V")
        assert app.focused is not rows["received_voltage_v"].editor


@on_loop
async def test_beside_the_charge_each_cell_is_taken_with_one_key(tmp_path):
    seen = tuple((f"A{number}", Channel(3.4, "typed", 60.0)) for number in (1, 2))
    link = FakeLink(replace(CHARGING, per_cell_v=seen))
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReadingScreen))
        await pilot.press("tab")
        for turn, label in enumerate(("A1", "A2"), 1):
            await pilot.press("f9")
            await until(pilot, lambda turn=turn: sum(isinstance(command, Capture) for command in link.sent) == turn)
            asked = [command for command in link.sent if isinstance(command, Capture)][-1]
            assert asked.field == f"cell:{label}"
            link.current = replace(link.current, seq=50 + turn, captured=Captured(asked.number, asked.field, 3.41, "3.410"))
            app.pull()
            await until(pilot, lambda turn=turn: sum(isinstance(command, TypeReading) for command in link.sent) == turn)
            await pilot.pause()
        await until(pilot, lambda: not isinstance(app.screen, ReadingScreen))
        assert [command.point for command in link.sent if isinstance(command, TypeReading)] == ["cell:A1", "cell:A2"]


@on_loop
async def test_a_bench_that_refuses_says_why(tmp_path):
    link = FakeLink(walking())
    app = TopBalanceApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, NumberInput))
        link.answers = lambda _: Outcome(False, "The meter stands at the bank's posts.")
        await pilot.press("f9")
        await until(pilot, lambda: "stands at the bank's posts" in text_of(app))


def test_the_leads_resistance_bears_its_trust():
    shown = [row.plain for row in fact_rows(replace(CHARGING, lead_trust="measured"))]
    assert any("10.1 mΩ ●" in row for row in shown)
    assert any("10.1 mΩ ✕" in row.plain for row in fact_rows(replace(CHARGING, lead_trust="stale")))


@asynccontextmanager
async def in_the_grid(link, home, size=(80, 24)):
    """The grid of many cells, opened as its user opens it."""
    app = TopBalanceApp(link, home)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and app.screen.is_mounted)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, EntryGrid) and app.screen.is_mounted)
        await app.workers.wait_for_complete()
        yield app, pilot


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@on_loop
async def test_the_grid_is_filled_with_volts_by_one_key_a_cell(drive, place, size):  # noqa: F811
    driven = drive(cells=4, soc=(0.4, 0.9), change=meter_walks)
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.meter_address() == driven.rig.meter_address)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, CellsScreen) and app.screen.table.has_focus)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, EntryGrid) and app.screen.is_mounted)
        await pilot.press(*"A1..A4", "enter", "up")
        walker = Walker(app, pilot, link)
        for number in range(1, 5):
            await walker.key()
            assert app.screen.grid.place[0] == number
            assert f"A{number} 3." in text_of(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(Inventory(place).list()) == 4)
    for cell in Inventory(place).list():
        assert cell.received_voltage_v == pytest.approx(driven.world.probe(f"cell:{cell.label}"), abs=0.0006)


@on_loop
async def test_the_meter_s_value_goes_into_the_row_it_was_asked_for_and_undo_takes_it_back(tmp_path):
    link = FakeLink(CHARGING)
    async with in_the_grid(link, home_in(tmp_path)) as (app, pilot):
        await pilot.press(*"A1", "tab", "f9")
        await until(pilot, lambda: any(isinstance(command, Capture) for command in link.sent))
        asked = next(command for command in link.sent if isinstance(command, Capture))
        assert asked.field == "cell:A1"
        await pilot.press("down", "down", "left", *"A3")  # meanwhile the operator types elsewhere
        link.current = replace(CHARGING, seq=101, captured=Captured(asked.number, "cell:A1", 3.3012, "3.3012"))
        app.pull()
        await until(pilot, lambda: app.screen.sheet.text((0, 1)) == "3.3012")
        assert (app.screen.grid.place, app.screen.grid.typing) == ((2, 0), "A3")
        await pilot.press("enter", "ctrl+z", "ctrl+z")
        assert app.screen.sheet.rows == [("A1", "", "", "")]


@pytest.mark.parametrize("tabs", [2, 3])
@on_loop
async def test_in_the_columns_that_no_meter_tells_the_key_says_why_not(tmp_path, tabs):
    link = FakeLink(CHARGING)
    async with in_the_grid(link, home_in(tmp_path)) as (app, pilot):
        await pilot.press(*"A1", *["tab"] * tabs, "f9")
        await until(pilot, lambda: "The meter tells volts" in text_of(app))
        assert not [command for command in link.sent if isinstance(command, Capture)]


@on_loop
async def test_unlikely_volts_go_into_the_grid_only_when_they_come_twice(tmp_path):
    link = FakeLink(CHARGING)
    async with in_the_grid(link, home_in(tmp_path)) as (app, pilot):
        await pilot.press(*"A1", "tab")
        for turn in (1, 2):
            await pilot.press("f9")
            await until(pilot, lambda turn=turn: sum(isinstance(command, Capture) for command in link.sent) == turn)
            asked = [command for command in link.sent if isinstance(command, Capture)][-1]
            found = Captured(asked.number, asked.field, 1.9, "1.900", doubt="1.900 V is no usual voltage.")
            link.current = replace(CHARGING, seq=200 + turn, captured=found)
            app.pull()
            if turn == 1:
                await until(pilot, lambda: "F9 once more" in text_of(app))
                assert app.screen.sheet.text((0, 1)) == ""
        await until(pilot, lambda: app.screen.sheet.text((0, 1)) == "1.900")
        assert app.screen.grid.place == (1, 1)
