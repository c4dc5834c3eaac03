"""Faults at the end of a charge and after it (F-48 to F-55): no end that is none, no cell held for a day, no cell judged by a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drivers.simulated.description import MeterDescription
from tests.bench.conftest import Driven
from tests.bench.test_end_rule import hold, reading, rule
from tests.bench.test_faults import codes, settle
from tests.bench.test_guard import Watch
from tui.bench.end_rule import EndRule
from tui.bench.guard import Finding
from tui.bench.messages import Answer, Channel, Finish, Override, Resume, Start
from tui.bench.picture import FULL_CELLS
from tui.bench.script import Script, ScriptStuck
from tui.cli import cli
from tui.domain.after import judge_rest
from tui.domain.limits import LIMITS, Limits
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.domain.procedures import PROCEDURES, steps
from tui.records.inventory import Inventory
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import Session, Sessions

START_S = 1_760_000_000.0
CELLS = {"A1": 3.650, "A2": 3.649}


def failed(under: EndRule) -> list[str]:
    return [clause.text for clause in under.clauses if not clause.ok]


def near_top(bench: Driven, *, below_a: float) -> Driven:
    bench.start()
    bench.go_to("hold")
    bench.go_until(lambda b: (b.bench.reading.amperes or 99.0) < below_a)
    return bench


# --- F-48 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"mode": "CC"}, "constant voltage"),
        ({"cells": 3.639}, "cells ≥ 3.640 V (now 3.639 V)"),
        ({"trust": "derived"}, "not known by a meter or typed"),
        ({"trust": "echo"}, "not known by a meter or typed"),
        ({"trust": "stale"}, "not known by a meter or typed"),
        ({"trust": "unknown"}, "not known by a meter or typed"),
        ({"amps": 0.11}, "current ≤ 0.10 A (now 0.11 A)"),
        ({"current_trust": "stale"}, "now unknown"),
        ({"current_trust": "stale"}, "readings fresh"),
        ({"on": False}, "output on"),
        ({"on": None}, "output on"),
        ({"per_cell": {"A1": 3.650, "A2": 3.639}}, "cells within 10 mV"),
    ],
)
def test_f48_each_missing_part_alone_keeps_the_charge_open_is_named_and_asks_for_the_whole_time_again(missing: dict, named: str) -> None:
    given: dict[str, Any] = {"per_cell": CELLS}
    under = rule()
    assert hold(under, 590, **given) == ""
    assert failed(under) == ["all of it for 10 min (now 10)"]
    under.update(reading(595.0, **{**given, **missing}))
    assert any(named in text for text in failed(under)), failed(under)
    assert hold(under, 590, start_s=600.0, **given) == ""  # the time before it counts for nothing
    assert hold(under, 20, start_s=1195.0, **given) == "end-rule"


def test_f48_a_current_that_fell_at_once_is_no_taper_and_is_named() -> None:
    under = rule()
    for second in range(30):
        under.update(reading(float(second), amps=4.0))
    assert hold(under, 590, start_s=30.0, amps=0.05) == ""
    assert "current tapered smoothly" in failed(under)


def test_f48_a_cell_that_its_meter_no_longer_shows_is_not_taken_for_full() -> None:
    under = rule()
    hold(under, 300, per_cell=CELLS)
    blind = replace(reading(310.0, per_cell=CELLS), per_cell_v={"A1": Channel(3.65, "measured", 0.0), "A2": Channel(None, "unknown")})
    for now_s in range(310, 2000, 10):
        assert under.update(replace(blind, time_s=float(now_s))) == ""
    assert "output on, readings fresh" in failed(under)


def test_f48_an_end_current_reached_while_the_leads_hide_fifty_millivolts_is_no_end_and_the_screen_says_what_is_missing(
    drive: Any,
) -> None:
    bench = near_top(drive(soc=0.985, capacity_ah=50.0, lead_mohm=60.0, end_rule="fixed", end_current_a=1.0), below_a=1.0)
    truth = bench.world.truth()
    assert truth.supply_voltage_v - max(cell.voltage_v for cell in truth.cells) > 0.050
    settle(bench, 700)  # longer than the hold time
    snapshot = bench.snapshot()
    assert (snapshot.state, snapshot.result) == ("charging", "")
    assert any(clause.text.startswith("cells ≥ 3.640 V (now 3.6") and not clause.ok for clause in snapshot.end_clauses)
    assert any("current ≤ 1.00 A" in clause.text and clause.ok for clause in snapshot.end_clauses)
    done = bench.go_on()
    assert done.result == "balanced", done.alarms
    assert min(bench.bench.running.end_v.values()) >= 3.640


def test_f48_a_supply_that_ends_the_charge_by_itself_is_a_hold_and_never_done(drive: Any) -> None:
    bench = near_top(drive(soc=0.99, capacity_ah=50.0), below_a=0.5)
    bench.wire.inject("panel-output-off")
    settle(bench, 700)
    snapshot = bench.snapshot()
    assert (snapshot.state, snapshot.result) == ("hold", "")
    assert {"panel-off", "F-27"} & codes(bench)
    assert bench.bench.running.ends == {}


# --- F-49 -------------------------------------------------------------------------------------------------------


def test_f49_cells_held_too_long_at_the_top_are_a_hold_and_the_charge_can_go_on(drive: Any) -> None:
    bench = near_top(drive(soc=0.99, capacity_ah=50.0, end_current_a=0.05, limits=(("time_at_top_s", 1800.0),)), below_a=2.0)
    bench.world.inject("cell-leak", amperes=0.3)  # the current no longer falls to the end current
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=2 * 3600)
    settle(bench, 5)
    snapshot = bench.snapshot()
    assert snapshot.state == "hold"
    assert not bench.world.output_on
    alarm = next(alarm for alarm in snapshot.alarms if alarm.code == "time-at-top")
    assert "for 0.5 h" in alarm.text and "leak" in alarm.text
    assert "the cells are cool and flat" in snapshot.held_checks
    bench.world.undo("cell-leak")
    assert bench.send(Resume("a lamp was still connected")).ok
    done = bench.go_on()
    assert done.result == "balanced", done.alarms


def test_f49_the_time_is_four_hours_by_the_cells_volts_and_can_be_changed_but_never_switched_off() -> None:
    watch, late = Watch(), ("hold", "time-at-top")
    for minute in range(4 * 60):
        assert late not in watch.see(cells=3.645, supply=3.65, amps=0.3, seconds=60.0), minute
    watch.see(cells=3.645, supply=3.65, amps=0.3, seconds=60.0)
    assert late in watch.see(cells=3.645, supply=3.65, amps=0.3, seconds=60.0)
    assert Limits().tightened((("time_at_top_s", 3600.0),)).time_at_top_s == 3600.0
    for value in (0.0, 1e9, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="top"):
            Limits().tightened((("time_at_top_s", value),))
    assert 0 < LIMITS["time_at_top_s"].low < LIMITS["time_at_top_s"].high <= 8 * 3600


# --- F-50 -------------------------------------------------------------------------------------------------------


def test_f50_cells_that_cross_look_equal_for_a_moment_and_are_not_balanced() -> None:
    under = rule()
    for second in range(0, 3600, 10):  # one falls, the other rises: within 10 mV of each other for nine minutes
        apart_v = (second - 1800) * 0.010 / 270
        verdict = under.update(reading(float(second), per_cell={"A1": 3.650 + apart_v, "A2": 3.650}))
        assert verdict == "", second
    assert "cells within 10 mV" in failed(under)


def test_f50_leaving_the_band_starts_the_time_anew_and_only_a_whole_one_counts() -> None:
    under = rule()
    hold(under, 580, per_cell=CELLS)
    under.update(reading(590.0, per_cell={"A1": 3.650, "A2": 3.6395}))
    assert under.hold_left_s is None
    hold(under, 580, start_s=600.0, per_cell=CELLS)
    assert under.hold_left_s == pytest.approx(20.0)
    assert under.verdict == ""
    assert hold(under, 30, start_s=1190.0, per_cell=CELLS) == "end-rule"


def test_f50_cells_that_are_seen_one_by_one_end_balanced_all_the_same(drive: Any) -> None:
    done = (bench := drive(soc=(0.98, 0.99), capacity_ah=50.0, change=lambda d: replace(d, meter=MeterDescription(point="cells")))).run(
        bench.plan
    )
    assert done.result == "balanced", done.alarms
    assert any("cells within 10 mV" in clause.text and clause.ok for clause in bench.bench.running.end_rule.clauses)


# --- F-51 -------------------------------------------------------------------------------------------------------


def resting(drive: Any, volts: dict[str, float]) -> Driven:
    """A balance whose cells are then measured at rest as given."""
    script = Script(wrong={f"cell:{label}": value for label, value in volts.items()})
    bench = drive(soc=0.99, capacity_ah=50.0)
    bench.start()
    bench.go_to("rest")
    assert "drift down" in bench.snapshot().next and "normal" in bench.snapshot().next
    bench.go_to("rest-volts")
    bench.script = script
    bench.go_on()
    return bench


@pytest.mark.parametrize("fallen_v", [3.40, 3.35, 3.33])
def test_f51_the_common_fall_at_rest_is_recorded_explained_and_no_alarm(drive: Any, place: Home, fallen_v: float) -> None:
    volts = {"A1": fallen_v, "A2": fallen_v + 0.004, "A3": fallen_v - 0.003, "A4": fallen_v}
    bench = resting(drive, volts)
    assert (bench.snapshot().result, bench.snapshot().alarms) == ("balanced", ())
    row = Sessions(place).list()[-1]
    assert row.rests[0].volts == volts
    assert row.suspects == ()
    assert all(cell.last_voltage_v == volts[cell.label] for cell in Inventory(place).list())
    told = CliRunner().invoke(cli, ["sessions", "rest", row.id, "A1=3.36", "A2=3.361", "A3=3.36", "A4=3.359", "--after", "24h"])
    assert told.exit_code == 0
    assert "after 24 h is normal" in told.output and "no charge is lost" in told.output
    assert "Every cell stays with the others at rest." in told.output


def test_f51_only_a_cell_away_from_the_median_counts_and_it_is_a_warning(drive: Any, place: Home) -> None:
    bench = resting(drive, {"A1": 3.40, "A2": 3.401, "A3": 3.36, "A4": 3.40})
    alarms = bench.snapshot().alarms
    assert [alarm.level for alarm in alarms] == ["warn"]
    assert "A3 (-40 mV)" in alarms[0].text and "median" in alarms[0].text and "A1" not in alarms[0].text
    assert Sessions(place).list()[-1].result == "balanced"
    assert {cell.state for cell in Inventory(place).list()} == {"balanced"}  # one reading tells nothing of its charge


# --- F-52 -------------------------------------------------------------------------------------------------------


@pytest.fixture
def balanced(place: Home) -> Session:
    """A session that ended balanced, with its journal."""
    inventory, sessions = Inventory(place), Sessions(place)
    cells = inventory.add_many([{"label": f"A{number}", "capacity_ah": 280.0} for number in range(1, 5)])
    plan = Plan("boat", tuple(PlanCell(cell.label, 280.0, cell.id) for cell in cells), PlanSupply("manual", 30.0, 10.0))
    row = sessions.create(plan, started_unix_s=START_S)
    with Journal(sessions.journal_path(row.id), create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S, data={"plan": plan.to_json()})
        journal.append("session_end", test_time_s=3600.0, unix_time_s=START_S + 3600, result="balanced", durable=True)
        head = journal.head_hash
    return sessions.finish(row.id, result="balanced", ended_unix_s=START_S + 3600, resting=True, journal_head=head)


def at_rest(session: Session, days: float, monkeypatch: pytest.MonkeyPatch, *volts: float) -> Result:
    """Types the volts of A1 … A4 on the command line, so many days after the charge."""
    monkeypatch.setattr("tui.cli_records.time.time", lambda: START_S + 3600 + days * 86_400)
    values = [f"A{number}={value:.3f}V" for number, value in enumerate(volts, 1)]
    return CliRunner().invoke(cli, ["sessions", "rest", session.id, *values])


def test_f52_a_cell_that_falls_away_within_the_week_is_suspect_with_what_to_do_and_how_to_undo_it(
    balanced: Session, place: Home, monkeypatch: pytest.MonkeyPatch, drive: Any
) -> None:
    at_rest(balanced, 1 / 24, monkeypatch, 3.480, 3.481, 3.479, 3.480)
    assert "others" in at_rest(balanced, 1, monkeypatch, 3.440, 3.441, 3.438, 3.440).output
    assert {cell.state for cell in Inventory(place).list()} == {"balanced"}
    told = at_rest(balanced, 7, monkeypatch, 3.420, 3.421, 3.405, 3.420).output
    assert "A3 fell 13 mV away from the others between day 1 and day 7" in told
    assert "Charge and rest it again, and test its capacity" in told
    assert "A3 is now marked suspect" in told and "topbalance cells state A3 stock" in told
    assert {cell.label: cell.state for cell in Inventory(place).list()} == {
        "A1": "balanced",
        "A2": "balanced",
        "A3": "suspect",
        "A4": "balanced",
    }
    suspect = Inventory(place).by_label("A3")
    assert suspect is not None and "fell 13 mV" in suspect.log[-1]["reason"]

    bench = drive(cells=4)
    refused = bench.send(Start(bench.plan.to_json()))
    assert not refused.ok and "A3 is marked suspect" in refused.message

    assert CliRunner().invoke(cli, ["cells", "state", "A3", "stock"]).exit_code == 2  # not without a reason
    undone = CliRunner().invoke(cli, ["cells", "state", "A3", "stock", "--reason", "charge and rest once more"])
    assert undone.exit_code == 0 and "A3 is stock now, was suspect" in undone.output
    Sessions(place).write_cells(balanced.id)  # as after a crash, or on the next start
    at_rest(balanced, 8, monkeypatch, 3.418, 3.419, 3.402, 3.418)
    again = Inventory(place).by_label("A3")
    assert again is not None and again.state == "stock"  # its owner's word is not taken back for the same readings
    assert bench.send(Start(bench.plan.to_json())).ok


def test_f52_ten_millivolts_or_a_common_fall_are_not_suspect(balanced: Session, place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest(balanced, 1, monkeypatch, 3.440, 3.440, 3.440, 3.440)
    told = at_rest(balanced, 7, monkeypatch, 3.360, 3.360, 3.350, 3.360).output
    assert "suspect in the inventory" not in told
    assert {cell.state for cell in Inventory(place).list()} == {"balanced"}


def test_f52_the_fastest_decay_is_named_early_and_a_fast_one_need_not_wait_for_the_week(
    balanced: Session, place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(balanced, 1, monkeypatch, 3.440, 3.441, 3.439, 3.440)
    told = at_rest(balanced, 3, monkeypatch, 3.430, 3.425, 3.429, 3.430).output
    assert "A2 falls fastest: 6 mV" in told and "measure then" in told
    assert {cell.state for cell in Inventory(place).list()} == {"balanced"}
    told = at_rest(balanced, 4, monkeypatch, 3.428, 3.417, 3.427, 3.428).output
    assert "A2 fell 12 mV away from the others between day 1 and day 4" in told
    cell = Inventory(place).by_label("A2")
    assert cell is not None and cell.state == "suspect"


def test_f52_over_a_longer_time_the_pace_counts() -> None:
    def month(fallen_v: float) -> str:
        readings = {label: [(24.0, 3.40), (24.0 * 25, 3.38)] for label in ("A1", "A2", "A3")}
        return judge_rest({**readings, "A4": [(24.0, 3.40), (24.0 * 25, 3.38 - fallen_v)]})[3].verdict

    assert (month(0.035), month(0.045)) == ("note", "suspect")  # 10 mV in six days are 40 mV in 24


def test_f52_the_hours_before_the_cells_have_settled_make_nobody_suspect() -> None:
    early = {label: [(1.0, 3.50), (6.0, 3.45)] for label in ("A1", "A2", "A3")}
    assert all(cell.verdict != "suspect" for cell in judge_rest({**early, "A4": [(1.0, 3.50), (6.0, 3.42)]}))


def test_f52_a_clock_that_stepped_back_makes_the_time_of_a_rest_unknown_and_not_negative(
    balanced: Session, place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at_rest(balanced, -400, monkeypatch, 3.44, 3.44, 3.44, 3.44).exit_code == 0
    assert Sessions(place).get(balanced.id).rests[0].hours is None


# --- F-53 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_f53_no_busbar_is_touched_before_output_off_and_open_leads_were_read(drive: Any, procedure: str) -> None:
    plan = drive(cells=4, procedure=procedure).plan
    for by_hand in (False, True):
        supply = replace(plan.supply, address="manual") if by_hand else plan.supply
        off = leads_off = True
        for step in steps(replace(plan, supply=supply)):
            acts = {act.partition(":")[0] for act in step.hands}
            if acts & {"take-apart", "wire-series", "wire-cells"}:
                assert off and leads_off, (procedure, step.id)
            if "leads-on" in acts:
                leads_off = False
            if step.action == "charge":
                off = False
            off = off or step.action == "output-off"
            leads_off = leads_off or step.gate == "leads-off"


def test_f53_cell_volts_at_the_lead_ends_stop_the_disassembly_and_no_reason_opens_it(drive: Any) -> None:
    bench = drive(soc=0.995, capacity_ah=50.0, script=Script(wrong={"lead_end_off_v": 3.452}))
    bench.start()
    with pytest.raises(ScriptStuck, match="still lie on the cells, or the output is on"):
        bench.go_to("take-apart")
    assert bench.step_id == "leads-off"
    prompt = bench.snapshot().prompt
    assert prompt is not None and not prompt.overridable and "Busbars are not touched before" in prompt.refusal
    assert not bench.send(Override(prompt.id, "I want to go on")).ok
    assert bench.world.truth().wired and not bench.world.output_on
    bench.script = Script()
    prompt = bench.snapshot().prompt
    assert prompt is not None and bench.send(Answer(prompt.id, {"lead_end_off_v": 0.02})).ok
    assert bench.step_id == "take-apart"


def test_f53_an_output_that_comes_on_while_the_bank_is_taken_apart_goes_off_and_holds(drive: Any) -> None:
    bench = drive(soc=0.995, capacity_ah=50.0)
    bench.start()
    bench.go_to("take-apart")
    bench.wire.inject("panel-output-on")
    settle(bench, 5)
    assert bench.snapshot().state == "hold" and "found-on" in codes(bench)
    assert not bench.world.output_on
    assert bench.world.truth().wired  # nothing was confirmed meanwhile


# --- F-54 -------------------------------------------------------------------------------------------------------


def test_f54_the_end_reminds_of_full_cells_in_the_last_step_and_on_the_screen_of_the_ended_session(drive: Any) -> None:
    bench = drive(soc=0.995, capacity_ah=50.0)
    bench.start()
    bench.go_to("after")
    session = bench.bench.running
    assert session.runner is not None
    assert any("full cells age when they are stored for weeks" in note for note in session.runner.step.notes)
    assert FULL_CELLS not in bench.snapshot().next
    done = bench.go_on()
    assert done.result == "balanced"
    assert done.next.endswith(FULL_CELLS) and "build the pack soon" in done.next


def test_f54_a_charge_stopped_at_the_top_leaves_full_cells_too_and_one_on_the_plateau_does_not(drive: Any) -> None:
    top = near_top(drive(soc=0.99, capacity_ah=50.0), below_a=3.0)
    top.send(Finish("no time"))
    settle(top, 5)
    assert top.snapshot().state == "ended" and FULL_CELLS in top.snapshot().next
    plateau = drive(soc=0.6, capacity_ah=50.0)
    plateau.start()
    plateau.go_to("to-knee")
    settle(plateau, 60)
    plateau.send(Finish("no time"))
    settle(plateau, 5)
    assert plateau.snapshot().state == "ended" and FULL_CELLS not in plateau.snapshot().next


# --- F-55 -------------------------------------------------------------------------------------------------------


def kept(place: Home, label: str) -> dict[str, Any]:
    cell = Inventory(place).by_label(label)
    assert cell is not None
    return cell.log[-1]


def test_f55_a_capacity_of_a_pack_that_was_never_balanced_warns_and_is_kept_with_its_remark(balanced: Session, place: Home) -> None:
    Inventory(place).add(label="B1")
    told = CliRunner().invoke(cli, ["cells", "capacity", "251Ah", "A1", "A2", "B1"])
    assert told.exit_code == 0 and "251 Ah kept with A1, A2, B1" in told.output
    assert "WARN: B1 has no balance on record" in told.output and "A1" not in told.output.partition("WARN")[2]
    assert "Balance the cells, then test again" in told.output
    assert all(kept(place, label)["capacity_ah"] == 251.0 and kept(place, label)["unbalanced"] for label in ("A1", "A2", "B1"))


def test_f55_a_balanced_pack_and_a_cell_tested_alone_bring_no_warning(balanced: Session, place: Home) -> None:
    Inventory(place).add(label="B1")
    for names in (["A1", "A2", "A3", "A4"], ["B1"]):
        told = CliRunner().invoke(cli, ["cells", "capacity", "271 Ah", *names])
        assert told.exit_code == 0 and "WARN" not in told.output
        assert not kept(place, names[0])["unbalanced"]


def test_f55_a_pack_is_named_as_a_whole_and_one_of_its_cells_stands_for_it(place: Home) -> None:
    inventory = Inventory(place)
    for cell in inventory.add_many([{"label": "C1"}, {"label": "C2"}]):
        inventory.log(cell.id, "move", pack="boat")
    told = CliRunner().invoke(cli, ["cells", "capacity", "240Ah", "boat"])
    assert "240 Ah kept with C1, C2" in told.output and "WARN: C1, C2 have no balance" in told.output
    assert "WARN" in CliRunner().invoke(cli, ["cells", "capacity", "240Ah", "C1"]).output
    for wrong in (["240Ah", "home"], ["240000Ah", "boat"], ["240V", "boat"]):
        assert CliRunner().invoke(cli, ["cells", "capacity", *wrong]).exit_code == 2
    assert len([item for item in inventory.list()[1].log if item["kind"] == "capacity"]) == 1


def test_f48_to_f51_are_no_false_alarms_in_a_whole_balance(drive: Any) -> None:
    bench, seen = drive(soc=0.985, capacity_ah=50.0), set[str]()
    raised = bench.bench.safety.raise_alarm

    def listen(finding: Finding) -> bool:
        seen.add(finding.code)
        return raised(finding)

    bench.bench.safety.raise_alarm = listen  # type: ignore[method-assign]
    assert bench.run(bench.plan).result == "balanced"
    assert not seen & {"time-at-top", "disk", "journal", "F-27", "found-on", "gate-rest-volts"}
