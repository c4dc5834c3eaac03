"""Sessions: a row before the output, volts into every cell's record, and a crash that leaves nothing undone; curves that stay small."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records import curve as curve_module
from tui.records.curve import CurveWriter, load_curve
from tui.records.inventory import Inventory
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import RestRefused, Session, SessionGone, Sessions

START_S = 1_760_000_000.0


@pytest.fixture
def inventory(place: Home) -> Inventory:
    inventory = Inventory(place)
    inventory.add_many([{"label": "A1"}, {"label": "A2"}])
    return inventory


@pytest.fixture
def sessions(place: Home, inventory: Inventory) -> Sessions:
    return Sessions(place)


def plan(inventory: Inventory) -> Plan:
    cells = tuple(PlanCell(cell.label, 280.0, cell.id) for cell in inventory.list())
    return Plan(bank="boat", cells=cells, supply=PlanSupply("manual", 30.0, 10.0))


def begin(sessions: Sessions, inventory: Inventory, *, at_s: float = START_S) -> Session:
    return sessions.create(plan(inventory), started_unix_s=at_s, before_v={"A1": 3.301, "A2": 3.302})


def finish(sessions: Sessions, session: Session) -> Session:
    return sessions.finish(
        session.id,
        result="balanced",
        ended_unix_s=START_S + 7200,
        resting=True,
        duration_s=7200.0,
        charge_ah=19.5,
        end_v={"A1": 3.65, "A2": 3.65},
    )


def test_the_row_stands_before_the_output_and_marks_its_cells(sessions: Sessions, inventory: Inventory) -> None:
    session = begin(sessions, inventory)
    assert sessions.get(session.id) == session
    assert (session.state, session.arrangement, session.cells_pending) == ("running", "2P", False)
    assert Plan.from_json(dict(session.plan)) == plan(inventory)
    assert {cell.state for cell in inventory.list()} == {"balancing"}
    with pytest.raises(SessionGone, match="no session"):
        sessions.get("20261122-2243-ffff")


def test_the_history_lists_oldest_first_with_the_agreed_keys(sessions: Sessions, inventory: Inventory) -> None:
    later = begin(sessions, inventory, at_s=START_S + 86_400)
    earlier = begin(sessions, inventory)
    finish(sessions, earlier)
    rows = [session.listing() for session in sessions.list()]
    assert [row["id"] for row in rows] == [earlier.id, later.id] == sorted([earlier.id, later.id])
    assert list(rows[0]) == ["id", "result", "procedure", "bank", "started", "duration_s", "charge_ah"]
    assert (rows[0]["result"], rows[0]["started"], rows[0]["duration_s"], rows[0]["charge_ah"]) == (
        "balanced",
        "2025-10-09T08:53:20+00:00",
        7200.0,
        19.5,
    )
    assert (rows[1]["result"], rows[1]["duration_s"]) == ("unfinished", None)


def test_before_end_and_rest_volts_reach_every_cell_once(sessions: Sessions, inventory: Inventory) -> None:
    session = begin(sessions, inventory)
    finish(sessions, session)
    finish(sessions, session)
    sessions.add_rest(session.id, {"A1": 3.361, "A2": 3.358}, START_S + 7200 + 3600)
    sessions.write_cells(session.id)
    cell = inventory.by_label("A1")
    assert cell is not None
    log = [entry for entry in cell.log if entry["kind"] != "received"]  # which was today, years after this session
    assert [entry["kind"] for entry in log] == ["session", "voltage", "session", "rest"]
    assert (log[1]["voltage_v"], log[2]["end_v"], log[3]["voltage_v"], log[3]["hours"]) == (3.301, 3.65, 3.361, 1.0)
    assert (cell.state, cell.last_voltage_v) == ("balanced", 3.361)
    row = sessions.get(session.id)
    assert row.spread_v == pytest.approx(0.003)
    assert row.rests[0].volts == {"A1": 3.361, "A2": 3.358}
    sessions.add_rest(session.id, {"A1": 3.350, "A2": 3.350}, START_S + 90_000, hours=23.0, temperature_c=19.0)
    assert sessions.get(session.id).spread_v == 0.0
    assert sessions.update(session.id, state="ended").state == "ended"


@pytest.mark.parametrize(
    ("volts", "label"), [({"A1": 3.36, "A2": 1.99}, "A2"), ({"A1": 3.76}, "A1"), ({"A2": float("nan")}, "A2"), ({"B9": 3.3}, "B9")]
)
def test_resting_volts_that_cannot_be_are_refused_by_label(
    sessions: Sessions, inventory: Inventory, volts: dict[str, float], label: str
) -> None:
    session = finish(sessions, begin(sessions, inventory))
    with pytest.raises(RestRefused, match=f"^{label}:"):
        sessions.add_rest(session.id, volts, START_S + 10_000)
    assert sessions.get(session.id).rests == ()
    sessions.add_rest(session.id, {"A1": 2.0, "A2": 3.75}, START_S + 10_000)


def test_a_running_session_takes_no_resting_volts_and_no_strange_fields(sessions: Sessions, inventory: Inventory) -> None:
    session = begin(sessions, inventory)
    with pytest.raises(RestRefused, match="not ended"):
        sessions.add_rest(session.id, {"A1": 3.3}, START_S)
    for name in ("colour", "id", "rests"):
        with pytest.raises(ValueError, match=name):
            sessions.update(session.id, **{name: "x"})


def test_a_cell_that_is_gone_costs_nothing_but_its_own_log(sessions: Sessions, inventory: Inventory) -> None:
    session = begin(sessions, inventory)
    inventory.delete(inventory.list()[0].id)
    done = finish(sessions, session)
    assert "A1: not in the inventory any more" in done.cells_problem
    assert done.end_v == {"A1": 3.65, "A2": 3.65}
    other = inventory.by_label("A2")
    assert other is not None
    assert other.state == "balanced"


def test_volts_wait_for_an_inventory_that_cannot_be_written(sessions: Sessions, inventory: Inventory, place: Home) -> None:
    session = begin(sessions, inventory)
    good = place.inventory.read_bytes()
    place.inventory.write_bytes(b"damaged")
    done = finish(sessions, session)
    assert (done.result, done.cells_pending) == ("balanced", True)
    assert "reading only" in done.cells_problem
    assert place.inventory.read_bytes() == b"damaged"
    place.inventory.write_bytes(good)
    sessions.settle()
    assert (sessions.get(session.id).cells_pending, sessions.get(session.id).cells_problem) == (False, "")
    assert {cell.state for cell in inventory.list()} == {"balanced"}


def test_a_crash_is_seen_a_living_session_is_not_one_and_a_half_closed_row_is_closed(sessions: Sessions, inventory: Inventory) -> None:
    crashed, alive, ended = (begin(sessions, inventory, at_s=START_S + number) for number in range(3))
    journals = [Journal(sessions.journal_path(session.id), create=True) for session in (crashed, alive, ended)]
    for journal in journals:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S)
    journals[2].append("session_end", test_time_s=60.0, unix_time_s=START_S + 60, result="stopped", charge_ah=0.1, text="by hand")
    journals[0].close()
    journals[2].close()
    assert [session.id for session in sessions.unfinished()] == [crashed.id]
    settled = sessions.settle()
    assert [session.id for session in settled] == [ended.id]
    row = sessions.get(ended.id)
    assert (row.state, row.result, row.charge_ah, row.ended_unix_s) == ("ended", "stopped", 0.1, START_S + 60)
    journals[1].close()
    assert [session.id for session in sessions.unfinished()] == [crashed.id, alive.id]


def test_a_curve_stays_small_and_keeps_its_extremes(tmp_path: Path) -> None:
    path = tmp_path / "s.curve.jsonl"
    curve = CurveWriter(path)
    chance = random.Random(3)
    for second in range(30_000):
        spike = 3.9 if second == 12_345 else 3.4 + chance.random() / 100
        curve.add(float(second), spike, 10.0)
    curve.add(30_000.0, None, None)
    points = curve.points()
    assert 500 < len(points) <= curve_module.MAX_POINTS
    assert max(point.cells_high_v for point in points if point.cells_high_v is not None) == 3.9
    assert all(first.time_s < second.time_s for first, second in itertools.pairwise(points))
    assert curve.points(29_000.0) == [point for point in points if point.time_s >= 29_000.0]
    curve.close()
    assert path.stat().st_size < 100_000
    loaded = load_curve(path)
    assert [point.time_s for point in loaded] == [point.time_s for point in points]
    assert loaded[10] == pytest.approx(points[10], abs=1e-4)


def test_a_curve_goes_on_after_a_restart_and_returns_from_the_journal(tmp_path: Path) -> None:
    path, log = tmp_path / "s.curve.jsonl", tmp_path / "s.jsonl"
    with Journal(log, create=True) as journal:
        curve = CurveWriter(path)
        for second in range(100):
            journal.append("reading", test_time_s=float(second), unix_time_s=START_S, cells_v=None if second < 3 else 3.5, current_a=9.0)
            curve.add(float(second), None if second < 3 else 3.5, 9.0)
        journal.append("note", test_time_s=100.0, unix_time_s=START_S, text="cells_v")
    points = curve.points()
    curve.close()
    assert load_curve(path) == points
    again = CurveWriter(path)
    again.add(100.0, 3.6, 8.0)
    again.close()
    assert load_curve(path)[:-1] == points

    with path.open("ab") as file:
        file.write(b"[101,3.")  # torn
    assert len(load_curve(path)) == 101
    for damage in (b"", b"nonsense\n", b'{"curve":1}\n[1,2]\n', b'{"curve":1}\n[1,\n'):
        path.write_bytes(damage)
        assert load_curve(path) == points
    path.unlink()
    assert load_curve(path) == points
    log.unlink()
    assert load_curve(path) == []


def test_a_disk_that_refuses_costs_only_the_curve_s_file(tmp_path: Path) -> None:
    curve = CurveWriter(tmp_path / "missing" / "s.curve.jsonl")
    for second in range(10):
        curve.add(float(second), 3.4, 10.0)
    curve.close()
    assert len(curve.points()) == 10
