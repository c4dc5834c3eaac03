"""Advice: every topic for this bank, by keys alone, in both sizes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_link import KNEE, PLAN, FakeLink
from host import home_in, on_loop, text_of, until

from tui.app import TopBalanceApp
from tui.panes import advice_text
from tui.panes.advice import TOPICS, AdviceScreen
from tui.panes.advice_topics import LeadsTopic, QuestionsTopic, SupplyTopic
from tui.panes.fields import FieldRow
from tui.records.banks import Banks
from tui.records.sessions import Sessions
from tui.widgets.xy_plot import xy_rows

SIZES = [(80, 24), (120, 40)]
HALF = replace(PLAN, soc_low=0.5, soc_high=0.5, lead_resistance_ohm=0.005)


class Reader:
    def __init__(self, app: TopBalanceApp, pilot) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def shown(self, *words: str) -> None:
        await until(self.pilot, lambda: all(word in self.words for word in words))

    async def open(self, title: str) -> None:
        """Go down to a topic."""
        at = [entry.title for entry in TOPICS].index(title)
        await self.press(*["down"] * at)

    @property
    def words(self) -> str:
        """What stands right of the topics."""
        return " ".join(" ".join(line.partition("│")[2] for line in text_of(self.app).splitlines()).split())


@asynccontextmanager
async def advice(tmp_path, *, size=(80, 24), link: FakeLink | None = None, plan=HALF) -> AsyncIterator[Reader]:
    app = TopBalanceApp(link or FakeLink(), home_in(tmp_path), demo=True, defaults=plan.to_json())
    async with app.run_test(size=size) as pilot:
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen) and app.screen.is_mounted and app.screen._shown)
        yield Reader(app, pilot)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Should I balance?", ("Balance them.", "one maker, one lot")),
        ("Which procedure", ("Pre-charge, then parallel", "326 W in series")),
        ("Leads", ("resistance", "4.9 mΩ ± 0.5 mΩ", "on the plateau")),
        ("Supply", ("voltage limit (CV)", "It can balance", "16 × 3.650 V = 58.40 V")),
        ("When to stop", ("Near-zero current", "0.10 A", "C of the bank")),
        ("Rest and after", ("3.32 to 3.", "No resting volts of this bank yet")),
        ("Easily lost", ("Studs stay in", "(tutorial Warning)")),
        ("Opinions", ("nobody has the last word", "The target of each cell", "3.60 V")),
    ],
)
@on_loop
async def test_every_topic_speaks_of_this_bank(tmp_path, size, title, words):
    async with advice(tmp_path, size=size) as reader:
        await reader.open(title)
        await reader.shown(*words)
        assert "^x OUTPUT OFF" in text_of(reader.app)


@on_loop
async def test_answers_are_weighed_at_once_and_kept_with_the_bank(tmp_path):
    async with advice(tmp_path) as reader:
        await reader.press("enter", "right")  # new and matched: yes
        await reader.shown("Build the battery and test its capacity first.")
        await reader.app.workers.wait_for_complete()
    assert Banks(home_in(tmp_path)).get("Bank A").advice == {"matched": "yes"}
    async with advice(tmp_path) as reader:
        await reader.shown("Build the battery and test its capacity first.", "‹ yes ›")
        assert reader.app.screen.query_one("#field-matched", FieldRow).value == "yes"


@on_loop
async def test_a_number_among_the_answers_is_echoed_and_a_wrong_one_told(tmp_path):
    async with advice(tmp_path, size=(120, 40)) as reader:
        row = reader.app.screen.query_one("#field-balance-current", FieldRow)
        row.editor.focus()
        await reader.press("2", "full_stop", "5")
        assert "2.50 A" in text_of(reader.app)
        await reader.press("x")
        assert row.has_class("-error")
        assert "balance-current" not in reader.app.screen.query_one(QuestionsTopic).answers


@on_loop
async def test_the_lead_calculator_follows_its_fields_and_shows_what_is_measured(tmp_path):
    async with advice(tmp_path, link=FakeLink(KNEE), size=(120, 40)) as reader:
        await reader.open("Leads")
        await reader.shown("Measured 8.1 mΩ, calculated 4.9 mΩ")
        topic = reader.app.screen.query_one(LeadsTopic)
        await reader.press("enter", "right")  # 10 AWG
        await reader.shown("7.4 mΩ")
        topic.query_one("#field-at_cells", FieldRow).value = "alligator"
        await reader.shown("put ring terminals at every end")
        topic.query_one("#field-length", FieldRow).value = "50 m"
        await reader.shown("outside 0.1 to 20 m")
        topic.query_one("#field-length", FieldRow).value = "long"
        await reader.shown("is not a length")


@on_loop
async def test_a_supply_without_both_limits_cannot_be_used(tmp_path):
    async with advice(tmp_path, size=(120, 40)) as reader:
        await reader.open("Supply")
        topic = reader.app.screen.query_one(SupplyTopic)
        await reader.shown("It can balance", "30 A", "h")
        topic.query_one(FieldRow).value = "no"
        await reader.shown("This supply cannot be used.")


@on_loop
async def test_escape_goes_back_to_the_topics_and_then_to_the_bench(tmp_path):
    async with advice(tmp_path) as reader:
        await reader.press("enter", "ctrl+x")
        assert reader.app.link.stops == 1
        assert reader.app.screen.focused.id != "advice-topics"
        await reader.press("escape")
        assert reader.app.screen.focused.id == "advice-topics"
        await reader.press("escape")
        assert not isinstance(reader.app.screen, AdviceScreen)


@on_loop
async def test_long_texts_scroll_by_keys(tmp_path):
    async with advice(tmp_path) as reader:
        await reader.open("Opinions")
        await reader.shown("nobody has the last word")
        assert "▶Opinions" in text_of(reader.app)
        await reader.press("pagedown")
        await until(reader.pilot, lambda: "nobody has the last word" not in reader.words)
        await reader.press("pageup")
        await reader.shown("nobody has the last word")
        await reader.press("enter", "end")
        await until(reader.pilot, lambda: "nobody has the last word" not in reader.words)


@on_loop
async def test_the_footer_of_setup_and_the_palette_name_it(tmp_path):
    app = TopBalanceApp(FakeLink(), home_in(tmp_path), demo=True, defaults=PLAN.to_json())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "F8 advice" in text_of(app)
        assert "Advice" in {command.title for command in app.get_system_commands(app.screen)}


@on_loop
async def test_resting_volts_are_set_against_their_median(tmp_path):
    sessions = Sessions(home_in(tmp_path))
    row = sessions.create(HALF, started_unix_s=1e9)
    sessions.finish(row.id, result="balanced", ended_unix_s=1e9 + 3600, resting=True)
    labels = [cell.label for cell in HALF.cells]
    sessions.add_rest(row.id, dict.fromkeys(labels, 3.400), 1e9 + 90000, hours=24.0)
    sessions.add_rest(row.id, {**dict.fromkeys(labels, 3.390), "A3": 3.370}, 1e9 + 610000, hours=168.0)
    async with advice(tmp_path, size=(120, 40)) as reader:
        await reader.open("Rest and after")
        await reader.shown("-20 mV suspect", "A3 fell 20 mV away")


def test_after_the_balance_come_places_torque_and_charge_volts():
    text = advice_text.after(HALF, {}).plain
    for words in ("S1 A1", "No cell maker's torque is known here", "8S: 8 × 3.5 V = 28.000 V", "more accurate now", "15S"):
        assert words in text


def test_the_tutorials_links_stand_as_text():
    assert "https://marinehowto.com/lifepo4-batteries-on-boats/" in advice_text.lost(HALF).plain


def test_a_plan_that_cannot_be_told_about_says_why():
    text = advice_text.safely(advice_text.when_to_stop, replace(PLAN, cells=())).plain
    assert "cannot be told" in text


def test_a_plot_falls_with_the_amperes_and_names_its_ends():
    rows = xy_rows([(4.0, 280.0), (10.0, 113.0), (30.0, 40.0)], 50, 8, x_unit="A", y_unit="h", style="ascii")
    assert len(rows) == 8 and all(len(row) <= 50 for row in rows)
    assert rows[0].startswith("280 h") and rows[0].rstrip().endswith("*")
    assert rows[-1].split() == ["4", "A", "17", "A", "30", "A"]
    assert xy_rows([], 50, 8, x_unit="A", y_unit="h", style="ascii") == []
