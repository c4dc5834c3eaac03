"""The player: what a replay shows is what the bench showed, as far as the journal proves it, at any moment and in any order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from tests.benchmarks.recorded import begin, drive
from tui.bench import picture
from tui.bench.messages import Finish, OutputOff, SessionCard, Snapshot
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records.journal_seek import events, reading_at
from tui.records.places import home
from tui.records.sessions import Session, SessionCell, Sessions
from tui.replay.course import WARNING_STANDS_S
from tui.replay.player import Player

LABELS = ("A1", "A2", "A3", "A4")
PLAN = Plan(
    bank="Bank A",
    cells=tuple(PlanCell(label, 280.0) for label in LABELS),
    supply=PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0),
    arrangement="4P",
)
ROW = Session("s-1", "Bank A", "parallel", "4P", tuple(SessionCell(label) for label in LABELS), PLAN.to_json(), 1_760_000_000.0)


# --- against a bench ------------------------------------------------------------------------------------------------


class Played:
    """A session of the embedded bench that was held once: what its screen was shown, second by second, and its player."""

    def __init__(self) -> None:
        run = begin(cells=4, soc=0.995)
        self.seen: list[Snapshot] = []
        drive(run, lambda snapshot: snapshot.state == "charging" and snapshot.charge_ah > 0.2, on_tick=self.seen.append)
        self.card: SessionCard | None = picture.card(run.bench)
        run.send(OutputOff())
        for _ in range(40):
            run.step()
            self.seen.append(run.snapshot())
        run.send(Finish("seen enough"))
        for _ in range(20):
            run.step()
        self.last = run.snapshot()
        sessions = Sessions(run.bench.home)
        self.row = sessions.list()[-1]
        path = sessions.journal_path(self.row.id)
        run.rig.close()
        found = events(path)
        self.player = Player(self.row, found.lines, lambda time_s: reading_at(path, time_s), end_s=found.last_s)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with patch.dict(os.environ, {"TOPBALANCE_HOME": str(tmp_path_factory.mktemp("home"))}):
        assert home(demo=True)
        yield Played()


def told(snapshot: Snapshot) -> tuple[Any, ...]:
    """What a replay must show as the bench did."""
    return (
        *(snapshot.state, snapshot.session, snapshot.bank, snapshot.procedure, snapshot.series, snapshot.target_v),
        *(len(snapshot.steps), snapshot.steps[snapshot.step].id, [step.id for step in snapshot.steps if step.status == "done"]),
        *(snapshot.set_voltage_v, snapshot.set_current_a, [alarm.title for alarm in snapshot.alarms]),
    )


def test_while_the_charge_runs_the_replay_shows_what_the_bench_showed(played):
    charging = [seen for seen in played.seen if seen.state == "charging" and seen.output_on][3:]
    assert len(charging) > 20
    for seen in charging[::5]:
        shown = played.player.at(round(seen.elapsed_s, 3))
        assert told(shown) == told(seen)
        assert (shown.output_on, shown.mode) == (seen.output_on, seen.mode)
        assert shown.cells_v.trust == seen.cells_v.trust
        assert shown.cells_v.value == pytest.approx(seen.cells_v.value, abs=2e-3)
        assert shown.current_a.value == pytest.approx(seen.current_a.value, abs=0.05)
        assert shown.charge_ah == pytest.approx(seen.charge_ah, abs=5e-3)
        assert shown.lead_resistance_ohm == pytest.approx(seen.lead_resistance_ohm, abs=2e-3)


def test_a_stop_is_seen_again_as_the_hold_that_it_was(played):
    held = [seen for seen in played.seen if seen.state == "hold"]
    assert held
    seen = held[len(held) // 2]
    shown = played.player.at(seen.elapsed_s)
    assert shown.state == "hold" and shown.output_on is False
    assert [alarm.title for alarm in shown.alarms] == [alarm.title for alarm in seen.alarms]


def test_the_end_is_told_with_its_reason(played):
    shown = played.player.at(played.player.end_s)
    assert (shown.state, shown.result) == (played.last.state, played.last.result) == ("ended", "held")
    assert "Session ended: held" in shown.next


def test_the_card_is_that_of_the_bench(played):
    assert played.card is not None
    card = played.player.card(played.player.at(played.player.end_s))
    assert played.card.revision == 1  # its low cells were charged first: a remedy
    assert (card.steps, card.parts, card.revision) == (played.card.steps, played.card.parts, 1)
    assert len(played.player.checklists[0].card.steps) < len(card.steps)


def test_going_back_shows_the_same_as_going_forward(played):
    moments = [played.player.end_s * share / 23 for share in range(24)]
    forward = [replace(played.player.at(time_s), seq=0) for time_s in moments]
    assert [replace(played.player.at(time_s), seq=0) for time_s in reversed(moments)] == forward[::-1]


def test_nothing_in_a_replay_can_be_answered(played):
    for share in range(24):
        shown = played.player.at(played.player.end_s * share / 23)
        assert shown.prompt is None and shown.call is None and shown.held_checks == () and shown.unfinished is None


# --- made journals --------------------------------------------------------------------------------------------------


def player(*lines: dict[str, Any], row: Session = ROW, end_s: float = 10_000.0) -> Player:
    """Of a journal with these lines, a reading among them or not."""
    numbered = [{"seq": number, "unix_time_s": 0.0, **line} for number, line in enumerate(lines, 1)]
    readings = [line for line in numbered if line["kind"] == "reading"]

    def at(time_s: float) -> dict[str, Any] | None:
        return next((line for line in reversed(readings) if line["test_time_s"] <= time_s), None)

    return Player(row, [line for line in numbered if line["kind"] != "reading"], at, end_s=end_s)


def line(kind: str, time_s: float, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "test_time_s": time_s, **fields}


def reading(time_s: float, **fields: Any) -> dict[str, Any]:
    usual = {"cells_v": 3.4, "cells_trust": "measured", "supply_v": 3.6, "supply_trust": "measured", "current_a": 10.0, "output": True}
    return line("reading", time_s, **{**usual, "charge_ah": 1.0, "energy_wh": 3.3, **fields})


CHARGE = (line("step_enter", 0, step_id="charge", text="Switch on"), line("output_on", 1))


def test_a_reading_that_is_old_is_stale_and_an_output_nobody_saw_is_unknown():
    found = player(*CHARGE, reading(2))
    assert found.at(3).cells_v.trust == "measured"
    late = found.at(500)
    assert late.cells_v.trust == late.current_a.trust == "stale"
    assert late.output_on is None and late.lead_drop_v is None


def test_before_the_first_reading_everything_is_unknown():
    shown = player(line("session_start", 0), reading(50)).at(10)
    assert shown.cells_v.value is None and shown.output_on is None and shown.state == "preparing"


@pytest.mark.parametrize(("level", "state"), [("hold", "hold"), ("trip", "tripped"), ("call", "call")])
def test_what_stopped_the_charge_stands_until_it_was_cleared(level, state):
    words = {"call": "the call is over: acknowledged", "hold": "hold cleared: looked", "trip": "trip cleared: looser clamp"}
    lines = [
        *CHARGE,
        reading(2),
        line(level, 10, text="over the target: 3.69 V", data={"code": "cell-over-target"}),
        line("output_off", 10),
    ]
    lines += [line("ack", 30, text=words[level])]
    lines += [line("ack", 31, text="hold cleared: looked")] if level == "call" else []
    found = player(*lines, reading(40, output=False))
    assert found.at(9).state == "charging"
    assert found.at(11).state == state
    assert [(alarm.title, alarm.text) for alarm in found.at(11).alarms] == [("over the target", "3.69 V")]
    assert found.at(40).state == "preparing" and found.at(40).alarms == ()


def test_a_warning_that_nobody_saw_off_does_not_stand_for_ever():
    found = player(line("warn", 10, text="leads: 101 mV", data={"code": "leads"}))
    assert [alarm.title for alarm in found.at(11).alarms] == ["leads"]
    assert found.at(11 + WARNING_STANDS_S).alarms == ()


def test_an_acknowledged_warning_is_gone_and_a_hold_is_seen():
    lines = [line("warn", 1, text="w: x", data={"code": "w"}), line("hold", 1, text="h: x", data={"code": "h"})]
    found = player(*lines, line("ack", 2, text="seen: w"), line("ack", 2, text="seen: h"))
    assert [(alarm.code, alarm.acknowledged) for alarm in found.at(3).alarms] == [("h", True)]


def test_typed_cells_are_shown_with_their_age_and_doubted_ones_are_not():
    found = player(
        line("answer", 100, step_id="cell-volts", data={"cell:A1": 3.301}, text=""),
        line("answer", 110, data={"cell:A2": 33.0}, text="doubted: 33 V"),
        line("answer", 120, data={"cell:A2": 3.302}, text="typed reading"),
    )
    assert [(label, channel.value, channel.trust, channel.age_s) for label, channel in found.at(160).per_cell_v] == [
        ("A1", 3.301, "typed", 60.0),
        ("A2", 3.302, "typed", 40.0),
    ]


def test_a_plan_of_another_version_is_replayed_from_the_journal_alone():
    row = replace(ROW, plan={"target_v": 3.6, "new": object})
    found = player(
        line("step_enter", 0, step_id="one", text="First"),
        line("step_enter", 5, step_id="two", text="Second"),
        line("output_on", 6),
        reading(7),
        row=row,
    )
    shown = found.at(8)
    assert [(step.title, step.status) for step in shown.steps] == [("First", "done"), ("Second", "now")]
    assert shown.target_v == 3.6 and shown.series == 1 and shown.state == "charging"


def test_steps_of_a_remedy_stand_where_they_were_taken():
    ids = [place.card.id for place in player().checklists[0].places]
    step = ids[3]
    found = player(
        line("step_enter", 1, step_id=step),
        line("step_enter", 2, step_id="lift@remedy-1", text="Lift"),
        line("step_enter", 3, step_id=step),
    )
    assert [place.card.id for place in found.checklists[0].places] == [*ids[:3], "lift@remedy-1", *ids[3:]]
    assert found.at(2).steps[3].title == "Lift"


def test_parts_are_told_by_how_they_ended():
    row = replace(ROW, procedure="step-and-pause", plan=replace(PLAN, procedure="step-and-pause").to_json())
    stages = player(row=row).checklists[0]
    second = next(place.card.id for place in stages.places if place.card.part == 1)
    found = player(
        line("part_end", 5, text="done", data={"part": stages.parts[0].id, "detail": "0.10 A", "reason": "r"}),
        line("part_enter", 6, text="next", data={"part": stages.parts[1].id}),
        line("step_enter", 6, step_id=second, text="again"),
        row=row,
    )
    shown = found.at(7)
    assert [(part.status, part.detail) for part in shown.parts[:2]] == [("done", "0.10 A"), ("now", "")]
    assert shown.part == 1 and {step.id for step in shown.steps} <= {p.card.id for p in stages.places if p.card.part == 1}


def test_volts_typed_weeks_after_the_end_are_not_played():
    found = player(
        line("session_end", 100, result="balanced", end_reason="r"),
        line("answer", 600_000, text="volts at rest", rest={}, data={"A1": 3.3}),
    )
    assert found.end_s == 100
    assert found.at(1e9).time_s == 100
