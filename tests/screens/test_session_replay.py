"""A session opened: window, cursor and marks; two compared; and the replay, which never touches the bench."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from fake_link import CALL, CHARGING, HOLD, PLAN, FakeLink
from host import home_in, on_loop, text_of, until

from tui.app import TopBalanceApp
from tui.bench.messages import Point, Present
from tui.panes.call import CallScreen
from tui.panes.compare import CompareScreen
from tui.panes.compare_text import in_words, table
from tui.panes.replay import ReplayScreen
from tui.panes.session_story import story
from tui.panes.session_view import SessionView
from tui.panes.sessions import SessionsScreen
from tui.records.curve import CurveWriter
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import Session, Sessions
from tui.widgets.line import Line
from tui.widgets.line_table import LineTable
from tui.widgets.marks import Mark, broken_at_gaps, marks_row, nearest

SIZES = [(80, 24), (120, 40)]
START_S = 1_760_000_000.0
LABELS = [cell.label for cell in PLAN.cells]
CHARGE_S = 10 * 3600


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path)


def recorded(
    home: Home, *, bank: str = "Bank A", started_s: float = START_S, on_s: float = 600.0, every_s: int = 20, **row: Any
) -> Session:
    """A charge of ten hours with a gap, a typed reading, a warning, an override and a loosened limit."""
    sessions = Sessions(home)
    session = sessions.create(replace(PLAN, bank=bank), started_unix_s=started_s, before_v=dict.fromkeys(LABELS, 3.301))
    curve = CurveWriter(sessions.curve_path(session.id))
    with Journal(sessions.journal_path(session.id), create=True) as journal:

        def log(kind: str, time_s: float, **fields: Any) -> None:
            journal.append(kind, test_time_s=time_s, unix_time_s=started_s + time_s, **fields)

        log("session_start", 0.0, data={"plan": PLAN.to_json(), "own_procedure": ""})
        log("step_enter", 5.0, step_id="cell-volts", text="Cells within 0.15 V")
        log("override", 20.0, step_id="cell-volts", text="my meter is a [bold]good one", data={"cell:A1": 3.2})
        log("limit_changed", 21.0, text="presence every 20 min, by your own setting")
        log("step_enter", on_s, step_id="charge", text="Switch on")
        log("output_on", on_s)
        log("step_enter", on_s, step_id="to-knee", text="Charge to 3.55 V")
        for time_s in range(int(on_s) + 1, int(on_s) + CHARGE_S, every_s):
            into_s = time_s - on_s
            if 3 * 3600 < into_s < 4 * 3600:
                continue
            volts = 3.30 + 0.35 * into_s / CHARGE_S
            log(
                "reading",
                float(time_s),
                cells_v=volts,
                cells_trust="measured",
                supply_v=volts + 0.1,
                supply_trust="measured",
                current_a=10.0,
                set_voltage_v=3.65,
                set_current_a=10.0,
                mode="CC",
                output=True,
                charge_ah=into_s / 360,
                energy_wh=into_s / 100,
            )
            curve.add(float(time_s), volts, 10.0)
        log("gap", on_s + 4 * 3600, seconds=3600.0, text="the program did not run")
        log("answer", on_s + 5 * 3600, data={"cells_v": 3.475}, text="typed reading")
        log("warn", on_s + 6 * 3600, text="leads: they drop 101 mV", data={"code": "leads"})
        log("output_off", on_s + CHARGE_S, reason="end")
        values = {"end_reason": "every clause held", "duration_s": on_s + CHARGE_S, "charge_ah": 100.0, "end_current_a": 0.09, **row}
        log("session_end", on_s + CHARGE_S + 1, result="balanced", state="ended", **values)
    curve.close()
    end_v = dict.fromkeys(LABELS, 3.649)
    return sessions.finish(session.id, result="balanced", ended_unix_s=started_s + on_s + CHARGE_S, end_v=end_v, **values)


class Bench:
    def __init__(self, app: TopBalanceApp, link: FakeLink, pilot) -> None:
        self.app, self.link, self.pilot = app, link, pilot

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def shown(self, *words: str) -> None:
        await until(self.pilot, lambda: all(word in self.text for word in words))

    async def open(self) -> SessionView:
        await self.shown("BALANCED")
        await self.press("enter")
        await until(self.pilot, lambda: isinstance(self.app.screen, SessionView) and self.app.screen.journal_events is not None)
        return self.app.screen

    async def replay(self) -> ReplayScreen:
        await self.open()
        await self.press("p")
        await until(self.pilot, lambda: isinstance(self.app.screen, ReplayScreen) and self.app.screen.shown.session)
        return self.app.screen

    async def at_time(self, replay: ReplayScreen, time_s: float) -> None:
        await until(self.pilot, lambda: replay.shown.elapsed_s == pytest.approx(time_s, abs=1.0))


@asynccontextmanager
async def history(home: Home, *, size=(80, 24), link: FakeLink | None = None) -> AsyncIterator[Bench]:
    link = link or FakeLink()
    app = TopBalanceApp(link, home)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.sessions)
        yield Bench(app, link, pilot)


# --- one session ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_curve_zooms_pans_and_comes_back_by_keys(home, size):
    recorded(home)
    async with history(home, size=size) as bench:
        curve = (await bench.open()).curve
        assert curve.is_whole and any("░" in row for row in curve.rows) and any("▲" in row for row in curve.rows)
        await bench.press("h")
        assert curve.span_s == pytest.approx(3780, abs=1) and curve.cursor_s == pytest.approx(600 + CHARGE_S)
        await bench.press("less_than_sign")
        assert curve.from_s == pytest.approx(600 + CHARGE_S + 1 - 3780 * 1.5, abs=200)
        before_s = curve.span_s
        await bench.press("plus")
        assert curve.span_s == pytest.approx(before_s / 2)
        await bench.press("minus", "0")
        assert curve.is_whole and curve.from_s == 0.0


@on_loop
async def test_a_close_window_shows_every_reading(home):
    recorded(home, every_s=4)  # too many for the curve's file, which holds one point for several
    async with history(home) as bench:
        view = await bench.open()
        await bench.press("h", "plus", "plus", "plus")
        coarse = len(view.curve.points_in_window())
        await until(bench.pilot, lambda: len(view.curve._detail) > 1.8 * coarse)
        await bench.press("0")
        assert not view.curve._detail


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_cursor_tells_the_values_and_what_happened_there(home, size):
    recorded(home)
    async with history(home, size=size) as bench:
        view = await bench.open()
        for _ in range(3):  # on, typed … whatever comes first
            await bench.press("right_square_bracket")
        while "typed" not in view.told.text and view.curve.cursor_s < CHARGE_S:
            await bench.press("right_square_bracket")
        await bench.shown("05:10:00", "typed: cells 3.475 V")
        await bench.shown("3.475 V  10.00 A", "supply 3.575 V", "Ah")
        await bench.press("right")
        assert view.curve.cursor_s > 600 + 5 * 3600


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_overrides_and_loosened_limits_have_a_page(home, size):
    recorded(home)
    async with history(home, size=size) as bench:
        await bench.open()
        await bench.press("tab", "tab")
        await bench.shown("Cells within 0.15 V: my meter is a [bold]good one", "presence every 20 min")
        await bench.press("shift+tab")
        await bench.shown("session started")


@on_loop
async def test_a_session_without_journal_opens_with_its_row(home):
    session = recorded(home)
    Sessions(home).journal_path(session.id).unlink()
    async with history(home) as bench:
        await bench.open()
        await bench.press("tab")
        await bench.shown("The journal of this session is not there.")
        await bench.press("p")
        await bench.shown("nothing to replay")


@on_loop
async def test_a_bench_that_holds_is_seen_above_an_open_session(home):
    recorded(home)
    async with history(home, link=FakeLink(HOLD)) as bench:
        await bench.open()
        assert "HOLD" in bench.text.splitlines()[0]
        assert HOLD.alarms[0].title in bench.text


# --- compare --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_two_sessions_are_laid_over_each_other_from_output_on(home, size):
    recorded(home, bank="First", on_s=600.0)
    recorded(home, bank="Second", started_s=START_S + 1e6, on_s=1800.0, charge_ah=104.5, end_current_a=0.12)
    async with history(home, size=size) as bench:
        await bench.shown("First", "Second")
        await bench.press("c")
        await bench.shown("Compare", "with which one?")
        await bench.press("c")  # the same one
        assert isinstance(bench.app.screen, SessionsScreen)
        await bench.press("down", "c")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, CompareScreen) and bench.app.screen._sides)
        first, second = bench.app.screen._sides.first, bench.app.screen._sides.second
        assert [side.story.charge_end_s for side in (first, second)] == [CHARGE_S, CHARGE_S]
        assert bench.app.screen.curve.cursor_s == 0.0
        await bench.shown("Second · 8P", "First · 8P", "after output on", "-4.5 Ah", "-0.03 A")
        assert "It took in 4.5 Ah less. It ended at a current 0.03 A lower." in bench.app.screen.query_one("#compare-words", Line).text
        await bench.press("escape")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, SessionsScreen))


@on_loop
async def test_comparing_is_left_with_escape(home):
    recorded(home)
    async with history(home) as bench:
        await bench.shown("BALANCED")
        await bench.press("c")
        assert bench.app.screen.compared is not None
        await bench.press("escape")
        assert bench.app.screen.compared is None


def test_differences_are_told_in_words_and_unknown_is_no_zero(home):
    one = recorded(home)
    two = replace(
        one, duration_s=one.duration_s + 5400, charge_ah=None, end_current_a=0.04, end_v={**one.end_v, "A1": 3.640}, result="stopped"
    )
    words = in_words(one, two)
    assert words.startswith("The second against the first: The first ended BALANCED, the second STOPPED.")
    assert "The session took 1 h 30 min longer." in words.replace("90 min", "1 h 30 min")
    assert "It ended at a current 0.05 A lower." in words
    assert "Its cells stood 9 mV further apart at the end." in words
    assert "Ah" not in words
    assert "–" in next(row for row in table(one, two).splitlines() if row.startswith("charge "))
    assert in_words(one, one) == "Nothing that was measured differs between the two."


# --- replay ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_replay_shows_the_live_panes_of_then_and_the_bench_of_now(home, size):
    recorded(home)
    async with history(home, size=size, link=FakeLink(HOLD)) as bench:
        replay = await bench.replay()
        await bench.press("right_square_bracket", "right_square_bracket", *["right"] * 10)
        await until(bench.pilot, lambda: replay.shown.state == "charging")
        await bench.shown("REPLAY of a record", "then: ▶ CHARGING", "in CC", "Bank A")
        assert "HOLD" in bench.text.splitlines()[0]  # of the bench
        assert HOLD.alarms[0].title in bench.text
        if size == (80, 24):
            await bench.press("tab")
        await bench.shown("Charge to 3.55 V", "Do not adjust the voltage")


@on_loop
async def test_a_replay_plays_goes_back_and_ends(home):
    recorded(home)
    async with history(home) as bench:
        replay = await bench.replay()
        await bench.press("end")
        await bench.at_time(replay, 600 + CHARGE_S + 1)
        await bench.shown("BALANCED", "Every clause held")
        await bench.press("home")
        await bench.at_time(replay, 0.0)
        await bench.press("plus", "plus", "plus", "space")
        assert replay.playing and replay.speed > 60
        await until(bench.pilot, lambda: replay.shown.elapsed_s > 60)
        await bench.press("space")
        assert not replay.playing
        await bench.press("h")
        await bench.at_time(replay, 600 + CHARGE_S - 3600)
        assert replay.shown.cells_v.value == pytest.approx(3.615, abs=0.001)
        await bench.press("escape")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, SessionView))


@on_loop
async def test_no_key_of_a_replay_reaches_the_bench_but_the_stop(home):
    recorded(home)
    async with history(home, link=FakeLink(CHARGING)) as bench:
        await bench.replay()
        before = len([command for command in bench.link.sent if not isinstance(command, Present)])
        keys = (
            "space",
            "enter",
            "a",
            "g",
            "e",
            "r",
            "n",
            "o",
            "m",
            "l",
            "plus",
            "minus",
            "left",
            "right",
            "tab",
            "home",
            "end",
            "f5",
            "f12",
        )
        await bench.press(*keys)
        assert isinstance(bench.app.screen, ReplayScreen)
        assert len([command for command in bench.link.sent if not isinstance(command, Present)]) == before
        assert bench.link.stops == 0
        await bench.press("ctrl+x")
        assert bench.link.stops == 1
        assert any("to the bench itself, not to the replay" in note.message for note in bench.app._notifications)


@on_loop
async def test_a_call_of_the_bench_comes_over_a_replay(home):
    recorded(home)
    link = FakeLink(CHARGING)
    async with history(home, link=link) as bench:
        await bench.replay()
        link.current = CALL
        bench.app.pull()
        await until(bench.pilot, lambda: isinstance(bench.app.screen, CallScreen))


# --- pure parts -----------------------------------------------------------------------------------------------------


def test_the_charge_is_not_the_test_of_the_output_before_it():
    on_off = [(10, "output_on"), (12, "output_off"), (600, "output_on"), (9000, "output_off"), (9001, "session_end")]
    told = story([{"kind": kind, "test_time_s": time_s} for time_s, kind in on_off])
    assert (told.charge_start_s, told.charge_end_s) == (600, 9000)


def test_a_line_across_a_gap_is_not_drawn():
    points = [Point(0.0, 3.3, 3.3, 1.0), Point(100.0, 3.4, 3.4, 1.0)]
    assert [point.cells_low_v for point in broken_at_gaps(points, [Mark(20, "gap", "", 80)])] == [3.3, None, 3.4]
    assert broken_at_gaps(points, [Mark(20, "gap", "")]) == points


def test_the_weightiest_mark_of_a_column_is_shown_and_told():
    marks = [Mark(50, "step", "s"), Mark(50, "alarm", "a"), Mark(0, "gap", "g", 20), Mark(500, "typed", "far")]
    assert marks_row(marks, 0.0, 100.0, 11, "braille") == "░░░  ▲     "
    assert marks_row(marks, 0.0, 100.0, 11, "ascii") == ":::  !     "
    assert nearest(marks, 49, 5).text == "a" and nearest(marks, 10, 1).text == "g" and nearest(marks, 200, 5) is None


@on_loop
async def test_a_thousand_sessions_make_the_rows_in_sight_only(home):
    recorded(home)
    async with history(home) as bench:
        table = bench.app.screen.query_one(LineTable)
        made: list[int] = []

        def row(at: int) -> tuple[str, ...]:
            made.append(at)
            return (str(at), "[red]x", *[""] * 6)

        table.show(1000, row)
        await bench.shown("[red]x")
        assert max(made) < 40
        await bench.press("end")
        await bench.shown(" 999 ")
        assert table.cursor == 999 and len(set(made)) < 80
        await bench.press("home", "pagedown", "up")
        assert 0 < table.cursor < 30


@on_loop
async def test_a_workspace_that_is_first_opened_after_a_change_of_theme_wears_it(home):
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await pilot.pause()
        light = app.screen.styles.background
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.is_mounted)
        assert app.screen.styles.background == light
        assert app.screen.query_one("#sessions-table").styles.background == light
