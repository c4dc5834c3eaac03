"""The history screen: the list, its curve, a session opened, resting volts and exports."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_link import CHARGING, PLAN, FakeLink, curve
from host import home_in, nobody_reads, on_loop, run_elsewhere, text_of, until

from tui.app import TopBalanceApp
from tui.panes.confirm import LineScreen
from tui.panes.rest_form import RestForm, read_rest
from tui.panes.session_text import COLUMNS, events, parts_table, rest_verdict, result_word, row_of
from tui.panes.session_view import SessionView
from tui.panes.sessions import SessionsScreen
from tui.records.curve import CurveWriter
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import Rest, Session, Sessions
from tui.widgets.trace import Trace

SIZES = [(80, 24), (120, 40)]
START_S = 1_760_000_000.0
LABELS = [cell.label for cell in PLAN.cells]


@pytest.fixture
def home(tmp_path) -> Home:
    return home_in(tmp_path)


def balanced(home: Home) -> Session:
    """A finished session with curve, journal and volts of each cell."""
    sessions = Sessions(home)
    session = sessions.create(PLAN, started_unix_s=START_S, before_v=dict.fromkeys(LABELS, 3.301))
    writer = CurveWriter(sessions.curve_path(session.id))
    for point in curve(13330):
        writer.add(point.time_s, point.cells_high_v, point.current_a)
    writer.close()
    journal = Journal(sessions.journal_path(session.id), create=True)
    journal.append("session_start", test_time_s=0, unix_time_s=START_S)
    journal.append("reading", test_time_s=1, unix_time_s=START_S + 1, cells_v=3.31)
    journal.append("warn", test_time_s=3725, unix_time_s=START_S + 3725, text="leads drop 101 mV")
    journal.close()
    return sessions.finish(
        session.id,
        result="balanced",
        ended_unix_s=START_S + 13330,
        resting=True,
        duration_s=13330.0,
        charge_ah=41.3,
        energy_wh=146.9,
        end_current_a=0.09,
        end_v=dict.fromkeys(LABELS, 3.649),
        end_reason="0.09 A for 10 min at 3.649 V",
    )


class Bench:
    def __init__(self, app: TopBalanceApp, pilot) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> SessionsScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, SessionsScreen))

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def shown(self, *words: str) -> None:
        await until(self.pilot, lambda: all(word in self.text for word in words))

    async def at(self, screen: type) -> None:
        await until(self.pilot, lambda: isinstance(self.app.screen, screen))


@asynccontextmanager
async def history(home: Home, *, size=(80, 24), link: FakeLink | None = None) -> AsyncIterator[Bench]:
    app = TopBalanceApp(link or FakeLink(), home)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.is_mounted)
        yield Bench(app, pilot)


@on_loop
async def test_an_empty_history_says_where_to_begin(home):
    async with history(home) as bench:
        await bench.shown("No sessions yet", "key 1")


@on_loop
async def test_what_was_read_last_stands_at_once_and_what_another_program_changed_follows(home):
    session = balanced(home)
    sessions = Sessions(home)
    assert len(sessions.list()) == 1  # this program reads it
    run_elsewhere(home, f"home.sessions_db.write_text(home.sessions_db.read_text().replace('{session.bank}', 'Bank Z'))")
    app = TopBalanceApp(FakeLink(), home)
    async with app.run_test(size=(80, 24)) as pilot:
        bench = Bench(app, pilot)
        with nobody_reads(sessions.path) as go_on:
            await pilot.press("3")
            await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
            await bench.shown("BALANCED", "Bank A", "41.3")
            go_on()
            await bench.shown("BALANCED", "Bank Z", "41.3")
        assert bench.screen.session.id == session.id


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_list_stands_over_the_curve_of_the_selected_session(home, size):
    balanced(home)
    async with history(home, size=size) as bench:
        await bench.shown("BALANCED", "Bank A", "parallel", "3.7", "41.3", "0.09")
        await until(
            bench.pilot, lambda: "target" in "\n".join(bench.screen.query_one(Trace).rows) or any(bench.screen.query_one(Trace).rows)
        )


@on_loop
async def test_the_newest_session_comes_first_and_a_crashed_one_is_unfinished(home):
    balanced(home)
    Sessions(home).create(replace(PLAN, bank="Bank Z"), started_unix_s=START_S + 1e6)
    async with history(home) as bench:
        await until(bench.pilot, lambda: [session.bank for session in bench.screen.sessions] == ["Bank Z", "Bank A"])
        await bench.shown("UNFINISHED")


@on_loop
async def test_the_session_of_the_bench_is_running(home):
    session = Sessions(home).create(PLAN, started_unix_s=START_S)
    async with history(home, link=FakeLink(replace(CHARGING, session=session.id))) as bench:
        await bench.shown("RUNNING")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_enter_opens_cells_and_events(home, size):
    balanced(home)
    async with history(home, size=size) as bench:
        await bench.shown("BALANCED")
        await bench.press("enter")
        await bench.at(SessionView)
        await bench.shown("before", "3.301 V", "3.649 V", "0.09 A for 10 min")
        await bench.press("tab", "end")
        await until(bench.pilot, lambda: "01:02:05" in bench.text and "WARN: leads drop 101 mV" in bench.text)
        await bench.press("ctrl+x")
        assert bench.app.link.stops == 1
        await bench.press("escape")
        await bench.at(SessionsScreen)


@on_loop
async def test_resting_volts_are_typed_echoed_and_kept(home):
    session = balanced(home)
    async with history(home) as bench:
        await bench.shown("BALANCED")
        await bench.press("r")
        await bench.at(RestForm)
        await bench.press(*"3.345 3,344 3343 3.345 3.345 3.345 3.345 3.34")
        await bench.shown("A2 3.344 V", "A3 3.343 V")
        await bench.press("enter")
        await bench.at(SessionView)
        await until(bench.pilot, lambda: Sessions(home).get(session.id).rests)
        await bench.shown("3.344 V", "5 mV")
    assert Sessions(home).get(session.id).spread_v == pytest.approx(0.005)


@on_loop
async def test_resting_volts_that_cannot_be_are_refused_and_nothing_is_kept(home):
    session = balanced(home)
    async with history(home) as bench:
        await bench.shown("BALANCED")
        await bench.press("r")
        await bench.at(RestForm)
        await bench.press(*"1.2 - - - - - - -", "enter")
        await bench.shown("A1: 1.2 V is no resting voltage")
    assert Sessions(home).get(session.id).rests == ()


@pytest.mark.parametrize(("key", "header", "rows"), [("x", "Test Time / s", 200), ("c", "cell_label", 16)])
@on_loop
async def test_curve_and_cells_are_exported(home, tmp_path, key, header, rows):
    balanced(home)
    target = tmp_path / "out.csv"
    async with history(home) as bench:
        await bench.shown("BALANCED")
        await bench.press("enter")
        await bench.at(SessionView)
        await until(bench.pilot, lambda: bench.app.screen.points)
        await bench.press(key)
        await bench.at(LineScreen)
        await bench.press("end", "ctrl+u", *str(target), "enter")
        await until(bench.pilot, target.exists)
    lines = list(csv.reader(target.open()))
    assert lines[0][0] == header
    assert len(lines) - 1 >= rows


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_deleted_session_is_in_the_trash_and_one_key_brings_it_back(home, size):
    sessions = [balanced(home) for _ in range(3)]
    newest_first = [session.id for session in Sessions(home).list()][::-1]
    async with history(home, size=size) as bench:
        await until(bench.pilot, lambda: [session.id for session in bench.screen.sessions] == newest_first)
        await bench.press("down", "d")
        await until(bench.pilot, lambda: [session.id for session in bench.screen.sessions] == [newest_first[0], newest_first[2]])
        assert bench.screen.session.id == newest_first[2]  # the cursor stays where it was
        assert not Sessions(home).journal_path(newest_first[1]).exists()
        await bench.press("u")
        await until(bench.pilot, lambda: [session.id for session in bench.screen.sessions] == newest_first)
        assert bench.screen.session.id == newest_first[1]
        assert Sessions(home).journal_path(newest_first[1]).exists()
        assert len(sessions) == 3


@on_loop
async def test_a_session_that_runs_cannot_be_deleted(home):
    session = Sessions(home).create(PLAN, started_unix_s=START_S)
    async with history(home) as bench:
        await until(bench.pilot, lambda: bench.screen.sessions)
        await bench.press("d")
        await until(bench.pilot, lambda: bench.app._notifications)
        assert Sessions(home).get(session.id).state == "running"
        assert "no end yet" in next(iter(bench.app._notifications)).message
        await bench.press("u")
    assert len(Sessions(home).list()) == 1


@on_loop
async def test_a_damaged_history_is_shown_read_only(home):
    balanced(home)
    home.sessions_db.write_text("{")
    async with history(home) as bench:
        await bench.shown("READ ONLY")
    assert home.sessions_db.read_text() == "{"


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_parts_of_a_session_are_told_one_by_one(home, size):
    session = balanced(home)
    part = {"title": "Stage 1 of 2: 3.45 V", "cells": LABELS, "reason": "end rule: every clause held", "tail_current_a": 0.09}
    parts = [{**part, "charge_ah": 30.25, "duration_s": 9000.0, "detail": "0.09 A"}, {**part, "title": "A3", "cells": ["A3"]}]
    Sessions(home).update(session.id, parts=parts)
    async with history(home, size=size) as bench:
        await bench.shown("BALANCED")
        await bench.press("enter")
        await bench.at(SessionView)
        await bench.press("end")
        await bench.shown("Stage 1 of 2: 3.45 V  2.5 h · 30.2 Ah · ended at 0.09 A", "end rule: every clause held")


def test_a_session_of_one_charge_has_no_table_of_parts(home):
    session = balanced(home)
    assert parts_table(session) == ""
    assert parts_table(replace(session, parts=({"title": "Balance", "cells": LABELS},))) == ""


def test_the_rest_is_judged_cell_by_cell(home):
    rests = tuple(Rest(START_S, hours, dict.fromkeys(LABELS, 3.39)) for hours in (24.0, 168.0))
    session = replace(balanced(home), rests=rests)
    assert rest_verdict(replace(session, rests=())) == ""
    assert rest_verdict(session) == "Every cell stays with the others at rest."
    fallen = replace(session, rests=(rests[0], replace(rests[1], volts={**rests[1].volts, "A2": 3.37})))
    assert rest_verdict(fallen).startswith("A2 fell 20 mV")


def test_a_row_fits_its_columns(home):
    assert sum(column.width + 2 for column in COLUMNS) <= 79
    row = row_of(replace(balanced(home), duration_s=400 * 3600.0, charge_ah=1120.4, end_current_a=10.04, spread_v=0.123))
    assert all(len(text) <= column.width for text, column in zip(row, COLUMNS, strict=True))


@pytest.mark.parametrize(
    ("state", "result", "word"),
    [
        ("running", "", "UNFINISHED"),
        ("resting", "balanced", "BALANCED"),
        *(("ended", result, result.upper()) for result in ("balanced", "done", "stopped", "tripped", "held")),
        ("ended", "", "UNFINISHED"),
    ],
)
def test_every_end_has_its_word(home, state, result, word):
    assert result_word(replace(balanced(home), state=state, result=result)) == word


def test_readings_are_no_events():
    lines = [
        {"kind": "reading", "test_time_s": 1},
        {"kind": "answer", "test_time_s": 60, "data": {"cell:A1": 3.301}},
        {"kind": "override", "test_time_s": 3600, "text": "meter agrees"},
    ]
    assert list(events(lines)) == ["00:01:00  answer: A1 3.301 V", "01:00:00  OVERRIDE: meter agrees"]


@pytest.mark.parametrize(
    ("text", "volts", "problem"),
    [
        ("3.345 3,344 V", {"A1": 3.345, "A2": 3.344}, ""),
        ("3345 -", {"A1": 3.345}, ""),
        ("3.345", {"A1": 3.345}, "1 values for 2"),
        ("3.3 3.3 3.3", {"A1": 3.3, "A2": 3.3}, "3 values for 2"),
        ("3.3 many", {"A1": 3.3}, "A2:"),
    ],
)
def test_rest_lines(text, volts, problem):
    found, said = read_rest(text, ["A1", "A2"], complete=True)
    assert found == volts
    assert said.startswith(problem) and bool(said) == bool(problem)
