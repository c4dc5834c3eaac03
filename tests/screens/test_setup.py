"""Setup as its user meets it: every key is pressed, every message is read at its field."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fake_link import FakeLink
from host import Host, home_in, on_loop, text_of, until

from tui.app import TopBalanceApp
from tui.bench.messages import Outcome, SessionCard, Snapshot, Start
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.panes.cell_choice import CellChoice
from tui.panes.draft import FIELDS
from tui.panes.fields import FieldRow
from tui.panes.figures import FigureList
from tui.panes.setup import SetupPane
from tui.panes.setup_fields import matters
from tui.records.inventory import Inventory

SIZES = [(80, 24), (120, 40)]
PLAN = Plan(
    bank="Bank D",
    cells=tuple(PlanCell(f"D{number}", 280) for number in range(1, 9)),
    supply=PlanSupply("riden:/dev/pts/9", 60, 10, name="RD6012"),
    arrangement="8P",
    meter="text:/dev/pts/8",
    lead_resistance_ohm=0.02,
    soc_low=0.97,
    soc_high=0.99,
)


class Bench:
    """The pane under test, spoken to as its user would."""

    def __init__(self, app: Host, pilot) -> None:
        self.app, self.pilot = app, pilot

    @property
    def pane(self) -> SetupPane:
        return self.app.query_one(SetupPane)

    def row(self, name: str) -> FieldRow:
        return self.app.query_one(f"#field-{name}", FieldRow)

    async def type(self, name: str, text: str) -> None:
        """Go to a field, replace what stands there."""
        self.row(name).editor.focus()
        await self.pilot.pause()
        await self.pilot.press("end", "ctrl+u", *text)
        await self.pilot.pause()

    def echo(self, name: str) -> str:
        return str(self.row(name).query_one(".field-echo").render())

    @property
    def text(self) -> str:
        return text_of(self.app)


@asynccontextmanager
async def setup(tmp_path, *, size=(80, 24), demo=True, defaults=None) -> AsyncIterator[Bench]:
    app = Host(SetupPane, home_in(tmp_path), demo=demo, defaults=defaults)
    async with app.run_test(size=size) as pilot:
        bench = Bench(app, pilot)
        await until(pilot, lambda: bench.pane.draft.echoes)
        yield bench


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_every_field_echoes_what_it_understood(tmp_path, size):
    async with setup(tmp_path, size=size) as bench:
        for name, echo in {"cells": "8 cells", "capacity": "280 Ah", "target": "3.650 V", "rating": "30 V 10 A", "rate": "0.2C"}.items():
            assert bench.echo(name) == echo
        await until(bench.pilot, lambda: "10.00 A ◀ wins" in bench.text)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("target", "36.5", "did you mean 3.650 V"),
        ("target", "10 A", "voltage"),
        ("capacity", "a lot", "is not a capacity"),
        ("leads", "20 Ah", "leads"),
    ],
)
@on_loop
async def test_a_wrong_quantity_has_its_message_at_the_field_and_stops_the_start(tmp_path, size, field, text, message):
    async with setup(tmp_path, size=size) as bench:
        await bench.type(field, text)
        assert message in bench.row(field).message
        assert bench.row(field).has_class("-error")
        assert "✕" in bench.text
        await bench.pilot.press("f5")
        assert bench.app.link.sent == []
        assert bench.row(field).editor.has_focus


@pytest.mark.parametrize(
    ("field", "text", "echo"),
    [("target", "3,60V", "3.600 V"), ("leads", "20mOhm", "20.0 mΩ"), ("rate", "0.1C", "0.1C"), ("capacity", "100000 mAh", "100 Ah")],
)
@on_loop
async def test_units_are_read_as_people_type_them(tmp_path, field, text, echo):
    async with setup(tmp_path) as bench:
        await bench.type(field, text)
        assert bench.echo(field) == echo
        assert not bench.row(field).has_class("-error")


@on_loop
async def test_a_supply_too_weak_for_the_target_is_told_at_its_rating(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("rating", "3V/10A")
        assert "needs 1 × 3.650 V" in bench.row("rating").message
        await bench.pilot.press("f5")
        assert bench.app.link.sent == []


@on_loop
async def test_one_key_starts_what_the_demo_filled_in(tmp_path):
    async with setup(tmp_path, defaults=PLAN.to_json()) as bench:
        await bench.pilot.press("f5")
        await until(bench.pilot, lambda: bench.app.link.sent)
        (start,) = bench.app.link.sent
        assert isinstance(start, Start)
        assert Plan.from_json(start.plan) == PLAN


@on_loop
async def test_what_the_bench_refuses_stands_on_top(tmp_path):
    async with setup(tmp_path) as bench:
        bench.app.link.outcome = Outcome(ok=False, message="riden:/dev/ttyUSB0: no such line. Plug the supply in.")
        await bench.pilot.press("f5")
        await until(bench.pilot, lambda: "Plug the supply in" in bench.text)


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_running_session_shows_its_plan_and_no_fields(tmp_path, size):
    async with setup(tmp_path, size=size) as bench:
        bench.app.link.running = SessionCard("s1", PLAN.to_json(), ())
        bench.app.link.now = Snapshot(state="charging", session="s1", supply="Riden RD6012")
        await until(bench.pilot, lambda: "Riden RD6012" in bench.text, turns=300)
        assert "8 × 280 Ah" in bench.text
        assert "10.00 A ◀ wins" in bench.text
        assert not bench.row("target").region
        await bench.pilot.press("f5")
        assert bench.app.link.sent == []


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_first_start_asks_three_things_and_offers_the_built_in_bench(tmp_path, size):
    async with setup(tmp_path, size=size, demo=False) as bench:
        for words in ("How many cells?", "Which cell?", "Which supply,", "topbalance demo", "2240 Ah"):
            await until(bench.pilot, lambda words=words: words in bench.text)
        assert "Derate" not in bench.text
        seen = set()
        for _ in range(len(FIELDS)):  # tab goes through what is shown, and nothing else
            await bench.pilot.press("tab")
            seen.add(bench.app.focused.name if bench.app.focused else None)
        assert {"cells", "capacity", "supply", "rating"} <= seen and seen.isdisjoint({"bank", "model", "derating", "leads", "target"})
        await bench.pilot.press("f7")
        assert "Derate" in bench.text


@on_loop
async def test_a_question_mark_asks_why_and_behind_a_line_begins_its_options(tmp_path):
    async with setup(tmp_path) as bench:
        bench.pane.fill({"meter": "owon-xdm:/dev/ttyUSB1"})
        bench.row("meter").editor.focus()
        await bench.pilot.press("end", "question_mark", *"point=walk")
        assert bench.row("meter").value == "owon-xdm:/dev/ttyUSB1?point=walk"
        bench.pane.fill({"meter": "none"})
        await bench.pilot.press("end", "question_mark")
        assert bench.row("meter").value == "none"
        await until(bench.pilot, lambda: "WhyScreen" in str(bench.app.screen) or "TextScreen" in str(bench.app.screen))


@on_loop
async def test_the_focus_brings_its_help(tmp_path):
    async with setup(tmp_path) as bench:
        bench.pane.fill({"procedure": "precharge+step-and-pause"})
        for spec in (spec for spec in FIELDS if matters(spec, "precharge+step-and-pause")):
            bench.row(spec.name).editor.focus()
            await bench.pilot.pause()
            help_text = "Ends at 0.10 A, 0.000045C of the bank." if spec.name == "end_rule" else spec.help
            assert help_text in bench.text


@on_loop
async def test_why_shows_the_formula_with_the_numbers_of_this_bank(tmp_path):
    async with setup(tmp_path) as bench:
        bench.app.query_one(FigureList).focus()
        await bench.pilot.press("down", "question_mark")
        assert "0.2C × 2240 Ah" in bench.text
        await bench.pilot.press("escape")
        assert bench.app.screen.query(SetupPane)


@on_loop
async def test_a_question_mark_in_a_quantity_asks_why_instead_of_being_typed(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("target", "3.65?")
        assert bench.app.screen.query(SetupPane).results() is not None
        await bench.pilot.press("escape")
        assert bench.row("target").value == "3.65"


def test_the_help_of_every_field_fits_into_three_narrow_lines():
    import textwrap

    for spec in FIELDS:
        assert len(textwrap.wrap(spec.help, 26)) <= 3, spec.name


@on_loop
async def test_the_bank_used_last_fills_the_fields_of_the_next_start(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("bank", "Bank E")
        await bench.type("target", "3.6")
        await bench.pilot.press("f5")
        await bench.app.workers.wait_for_complete()
    async with setup(tmp_path) as bench:
        await until(bench.pilot, lambda: bench.row("bank").value == "Bank E")
        assert bench.echo("target") == "3.600 V"


@on_loop
async def test_cells_are_chosen_from_the_inventory(tmp_path):
    Inventory(home_in(tmp_path)).add_many({"label": f"S{number}", "capacity_ah": 100} for number in range(1, 4))
    async with setup(tmp_path) as bench:
        await bench.pilot.press("f6")
        await until(bench.pilot, lambda: "S3" in bench.text)
        await bench.pilot.press("a", "enter")
        await until(bench.pilot, lambda: bench.row("cells").value == "S1, S2, S3")
        assert bench.pane.draft.plan is not None
        assert all(cell.id for cell in bench.pane.draft.plan.cells)
        assert "300 Ah" in bench.text


@on_loop
async def test_up_and_down_go_from_field_to_field(tmp_path):
    async with setup(tmp_path, defaults=PLAN.to_json()) as bench:
        bench.row("bank").editor.focus()
        await bench.pilot.press("down", "down", "down")
        await until(bench.pilot, lambda: bench.row("cells").editor.has_focus)
        await bench.pilot.press("up")
        await until(bench.pilot, lambda: bench.row("model").editor.has_focus)


@on_loop
async def test_the_demo_takes_cells_of_the_inventory_that_are_named(tmp_path):
    """F6 offers them there too; a tick is told by more than its colour."""
    Inventory(home_in(tmp_path)).add_many([{"label": f"Q{n}", "capacity_ah": 300} for n in (1, 2)])
    async with setup(tmp_path, defaults=PLAN.to_json()) as bench:
        bench.row("cells").editor.focus()
        await bench.pilot.press("f6")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, CellChoice))
        await bench.pilot.press("space")
        await until(bench.pilot, lambda: "▐X▌ Q1" in text_of(bench.app) and "▐ ▌ Q2" in text_of(bench.app))
        await bench.pilot.press("enter")
        await until(bench.pilot, lambda: bench.row("cells").value == "Q1")
        await until(bench.pilot, lambda: bench.pane.draft.plan is not None and bench.pane.draft.plan.cells[0].id)
        assert not bench.row("cells").has_class("-error")


@pytest.mark.parametrize("size", [(80, 24), (120, 30)])
@on_loop
async def test_in_the_application_f5_starts_at_once_and_ctrl_x_works_while_typing(tmp_path, size):
    app = TopBalanceApp(FakeLink(), home_in(tmp_path), demo=True, defaults=PLAN.to_json())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.screen.query(SetupPane) and app.screen.query_one(SetupPane).draft.plan)
        await pilot.press("tab", "x", "ctrl+x")
        assert app.link.stops == 1
        assert app.screen.query_one("#field-bank", FieldRow).value == "x"
        await pilot.press("f5")
        await until(pilot, lambda: any(isinstance(command, Start) for command in app.link.sent))


def test_setup_brings_neither_pint_nor_the_database_to_the_first_paint():
    heavy = "import sys, tui.panes.setup; sys.exit(sum(name in sys.modules for name in ('pint', 'tinydb', 'serial', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0
