"""Sessions of the embedded bench, exported and reported: what a whole balance, a hold, a crash, a string and a supply without interface leave."""

from __future__ import annotations

import json

import pytest

from tests.bdf_rules import judge, numbers
from tests.bench.charges import cells_seen, charge, until_said, wait
from tui.bench.messages import OutputOff
from tui.records.export import export_session
from tui.records.places import home_at
from tui.records.report import report_text
from tui.records.report.facts import report_of
from tui.records.session_import import import_session
from tui.records.sessions import Sessions


def exported(place, folder, **choices):
    store = Sessions(place)
    return export_session(store, store.list()[-1], folder, **choices)


def reported(place):
    store = Sessions(place)
    return report_of(store, store.list()[-1])


def series(files):
    return [path for path in files if path.name.endswith(".bdf.csv")]


@pytest.mark.parametrize("profile", ["strict", "full"])
def test_a_whole_balance_is_read_by_the_formats_own_package(drive, place, tmp_path, profile):
    bench = drive(cells=4, soc=(0.97, 0.99))
    assert bench.run(bench.plan).result == "balanced"
    files = exported(place, tmp_path / "out", profile=profile)
    assert [path.name.partition(".")[2] for path in files] == ["bdf.csv", "supply.csv", "events.jsonl", "cells.csv", "session.json"]
    rows = judge(files[0], full=profile == "full")
    assert numbers(rows, "Charging Capacity / Ah")[-1] == pytest.approx(bench.world.delivered_ah(), rel=0.004)
    assert max(numbers(rows, "Voltage / V")) <= 3.651
    about = json.loads(files[-1].read_text())
    assert about["program"]["recorded_by"] and about["journal"]["chain_holds"] and about["result"] == "balanced"
    assert [item["kind"] for item in about["test_objects"]] == ["bank"]


def test_the_report_of_a_balance_proves_each_clause_from_the_readings(drive, place):
    bench = drive(cells=4, soc=0.985)
    bench.run(bench.plan)
    report = reported(place)
    (proof,) = report.proofs
    assert proof.proved and proof.readings >= 590 and report.record.ok
    assert [clause.met for clause in proof.clauses] == [True] * 6
    assert {cell.word for cell in report.cells} == {"balanced"}
    assert all(value is not None for cell in report.cells for value in cell.volts)
    assert "every clause" in report.verdict[0]


def test_a_bank_seen_cell_by_cell_proves_its_spread_too(drive, place):
    bench = drive(cells=2, soc=0.99, change=cells_seen)
    assert bench.run(bench.plan).result == "balanced"
    (proof,) = reported(place).proofs
    assert proof.proved and any("within 10 mV" in clause.text for clause in proof.clauses)


def test_a_supply_read_by_hand_gives_a_typed_volt_once_and_the_report_says_typed(drive, place, tmp_path):
    bench = drive(supply="manual", soc=0.99, meter=False)
    assert bench.run(bench.plan).result == "balanced"
    rows = judge(series(exported(place, tmp_path / "out"))[0])
    typed = [row for row in rows if row["Voltage / V"]]
    assert 0 < len(typed) < len(rows) / 10
    report = reported(place)
    assert report.proofs[0].proved, report.proofs[0].clauses
    assert "typed" in dict(report.instruments)["Volts at the cells"]


def test_one_cell_at_a_time_gives_a_file_and_a_proof_for_each(drive, place, tmp_path):
    bench = drive(cells=2, soc=0.985, capacity_ah=20.0, procedure="single-cell", arrangement="apart")
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    files = series(exported(place, tmp_path / "out"))
    assert [path.name.split("__")[1] for path in files] == ["A1", "A2"]
    for path in files:
        assert numbers(judge(path), "Charging Capacity / Ah")[-1] > 0.1
    proofs = [proof for proof in reported(place).proofs if proof.by_rule]
    assert [proof.cells for proof in proofs] == [("A1",), ("A2",)] and all(proof.proved for proof in proofs)


def test_a_pre_charge_in_series_and_the_balance_behind_it_are_two_objects(drive, place, tmp_path):
    bench = drive(cells=4, soc=0.97, arrangement="4S", capacity_ah=50.0, procedure="precharge+parallel")
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    files = exported(place, tmp_path / "out")
    about = json.loads(files[-1].read_text())
    assert [item["kind"] for item in about["test_objects"]] == ["string", "bank"]
    string, bank = (judge(path) for path in series(files))
    assert max(numbers(string, "Voltage / V")) > 13.0, "string volts, measured at its posts"
    assert max(numbers(bank, "Voltage / V")) <= 3.66
    assert len(reported(place).proofs) == 2


def test_each_stage_tells_its_own_charge(drive, place):
    bench = drive(cells=2, soc=(0.97, 0.98), capacity_ah=30.0, procedure="step-and-pause", derating=0.8, pause_s=60.0, rest_s=60.0)
    assert bench.run(bench.plan).result == "balanced"
    row = Sessions(place).list()[-1]
    stages = [part["charge_ah"] for part in row.parts]
    assert len(stages) == 3 and sum(stages) == pytest.approx(row.charge_ah, abs=0.001)
    assert [proof.charge_ah for proof in reported(place).proofs] == stages and stages[1] < stages[0]


def test_a_held_session_says_why_and_has_nothing_proved(drive, place, tmp_path):
    run = charge(drive)
    run.send(OutputOff())
    wait(run, 30)
    judge(series(exported(place, tmp_path / "out"))[0])
    report = reported(place)
    assert not any(proof.proved for proof in report.proofs) and report.result == "UNFINISHED"
    assert any(one.word == "HOLD" for one in report.deviations)
    assert "no end" in report.verdict[0]
    assert "HOLD" in report_text(Sessions(place), Sessions(place).list()[-1], "markdown")


def test_a_session_of_a_killed_program_is_reported_as_far_as_it_goes(drive, place, tmp_path):
    run = charge(drive)
    path = Sessions(place).journal_path(run.bench.running.recorder.id)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 30])  # its last line was torn by the power cut
    judge(series(exported(place, tmp_path / "out"))[0])
    page = report_text(Sessions(place), Sessions(place).list()[-1])
    assert "UNFINISHED" in page and "the last line is torn, which is no fault" in page and "<svg" in page


def test_an_alarm_is_told_with_its_words(drive, place):
    run = charge(drive, "hold")
    run.script.next = lambda snapshot: None
    until_said(run, "attention-soon")
    alarms = [one for one in reported(place).deviations if one.group == "Alarms"]
    assert any(one.word == "WARN" and "are you there" in one.text for one in alarms)


def in_another_home(place, tmp_path):
    """The newest session, exported here and imported there; both as the report and the files have them."""
    there = home_at(tmp_path / "there")
    there.create()
    (path,) = exported(place, tmp_path / "whole", form="json")
    found = import_session(there, path)
    assert found.kept, found.words
    for file in place.sessions_dir.glob("*.json*"):
        assert (there.sessions_dir / file.name).read_bytes() == file.read_bytes(), file.name
    rows = [report_text(Sessions(home), Sessions(home).list()[-1]) for home in (place, there)]
    assert rows[0] == rows[1]
    return Sessions(there)


def test_a_parallel_bank_goes_to_another_home(drive, place, tmp_path):
    bench = drive(cells=2, soc=0.985)
    assert bench.run(bench.plan).result == "balanced"
    assert in_another_home(place, tmp_path).list()[-1].result == "balanced"


def test_a_string_and_the_balance_behind_it_go_to_another_home(drive, place, tmp_path):
    bench = drive(cells=4, soc=0.97, arrangement="4S", capacity_ah=50.0, procedure="precharge+parallel")
    assert bench.run(bench.plan).result == "balanced"
    assert len(in_another_home(place, tmp_path).list()[-1].parts) == 2


def test_a_stopped_session_goes_to_another_home_where_no_bench_takes_it_up(drive, place, tmp_path):
    run = charge(drive)
    run.send(OutputOff())
    wait(run, 30)
    run.bench.running.recorder._curve.close()
    there = in_another_home(place, tmp_path)
    assert Sessions(place).list()[-1].state == there.list()[-1].state == "running"
    assert there.unfinished() == []
