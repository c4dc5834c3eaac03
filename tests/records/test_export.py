"""A session for other programs: what is known stands there, what is not is blank, and the format's own package reads it."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bdf_rules import judge, numbers, rows_of
from tests.domain.domain_plans import plan
from tests.made_session import START_S, Made
from tui.domain.plan import PlanCell
from tui.records.export import ExportRefused, export_session
from tui.records.export.names import part_of_name
from tui.records.export.tables import _Total
from tui.records.inventory import Inventory
from tui.records.journal_reading import verify
from tui.records.places import Home


def exported(made: Made, folder: Path, **choices: object) -> dict[str, Path]:
    """Files by the end of their names."""
    files = export_session(made.store, made.store.get(made.session.id), folder, **choices)
    return {path.name[path.name.index(".") :]: path for path in files}


def test_what_is_not_known_is_blank_and_never_a_zero_or_an_echo(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.reading(cells_v=3.31, current_a=10.0)
    made.reading(cells_trust="derived", supply_trust="echo")
    made.reading(cells_trust="stale", supply_trust="stale")
    made.reading(cells_v=None, cells_trust="unknown", current_a=None, supply_trust="unknown", charge_ah=0.0102)
    rows = judge(exported(made, tmp_path)[".bdf.csv"])
    assert [(row["Voltage / V"], row["Current / A"]) for row in rows] == [("3.3100", "10.0000"), ("", "10.0000"), ("", ""), ("", "")]
    assert rows[0]["Power / W"] == "33.1000" and rows[1]["Power / W"] == rows[1]["Charging Energy / Wh"] == ""
    assert all(row["Charging Capacity / Ah"] for row in rows)


def test_a_typed_value_stands_in_one_row_the_one_after_it_was_typed(place: Home, tmp_path: Path) -> None:
    made = Made(place, plan(2, meter=""))
    typed = {"cells_trust": "typed", "supply_trust": "typed", "cells_v": 3.44, "current_a": 9.5}
    made.line("answer", data={"cells_v": 3.44, "current_a": 9.5, "surface_c": 21.0}, text="typed reading")
    for _ in range(3):
        made.reading(**typed, output=False)
    made.line("answer", data={"cells_v": 3.45}, text="typed reading", after_s=1)
    made.reading(**{**typed, "cells_v": 3.45})
    rows = judge(exported(made, tmp_path)[".bdf.csv"])
    assert [row["Voltage / V"] for row in rows] == ["3.4400", "", "", "3.4500"]
    assert [row["Current / A"] for row in rows] == ["9.5000", "", "", ""]
    assert [row["Ambient Temperature / degC"] for row in rows] == ["21.0", "", "", ""]


def test_test_time_goes_on_over_a_gap_as_the_wall_does(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for _ in range(20):
        made.reading()
    made.line("gap", after_s=7200.0, seconds=7200.0, text="the program did not run")
    for _ in range(20):
        made.reading()
    files = exported(made, tmp_path)
    rows = judge(files[".bdf.csv"])
    assert float(rows[20]["Test Time / s"]) - float(rows[19]["Test Time / s"]) == 7201.0
    about = json.loads(files[".session.json"].read_text())
    assert about["gaps"] == {"count": 1, "known_seconds": 7200.0}


def test_a_count_that_a_new_start_took_up_lower_is_no_discharge(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for charge in (0.1, 0.2, 0.15, 0.25):
        made.reading(charge_ah=charge)
    rows = judge(exported(made, tmp_path)[".bdf.csv"])
    assert numbers(rows, "Charging Capacity / Ah") == [0.1, 0.2, 0.2, 0.3]
    assert set(numbers(rows, "Discharging Capacity / Ah")) == {0.0}


def test_a_measured_current_out_of_the_cells_is_discharge(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for charge, amps in ((0.1, 1.0), (0.05, -1.0), (0.07, 1.0)):
        made.reading(charge_ah=charge, current_a=amps)
    rows = judge(exported(made, tmp_path)[".bdf.csv"])
    assert numbers(rows, "Charging Capacity / Ah") == [0.1, 0.1, 0.12]
    assert numbers(rows, "Discharging Capacity / Ah") == [0.0, 0.05, 0.05]
    assert numbers(rows, "Net Capacity / Ah") == [0.1, 0.05, 0.07]


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.booleans()), min_size=1, max_size=60))
def test_totals_never_fall_and_their_sums_hold_to_the_last_digit(changes: list[tuple[float, bool]]) -> None:
    total, before = _Total(), (0.0, 0.0, 0.0)
    for value, backwards in changes:
        total.take(value, backwards)
        into, out, net, both = map(float, total.text().split(","))
        assert abs(into + out - both) < 1e-6 / 2 and abs(into - out - net) < 1e-6 / 2
        assert (into, out, both) >= before and into >= before[0] and out >= before[1] and both >= before[2]
        before = (into, out, both)


def test_each_cell_of_a_queue_has_a_file_of_its_own_and_its_count_begins_anew(place: Home, tmp_path: Path) -> None:
    whole = plan(2, procedure="single-cell")
    one = [replace(whole, cells=(cell,), arrangement="1P") for cell in whole.cells]
    made = Made(place, whole, part={"part": "cell-A1", "plan": one[0].to_json()})
    for charge in (0.1, 0.2):
        made.reading(charge_ah=charge)
    made.line("part_enter", data={"part": "cell-A2", "plan": one[1].to_json()}, text="A2")
    for charge in (0.0, 0.4):
        made.reading(charge_ah=charge)
    made.line("part_enter", data={"part": "cell-A1-again", "plan": one[0].to_json()}, text="A1")
    for charge in (0.0, 0.3):
        made.reading(charge_ah=charge)
    files = export_session(made.store, made.session, tmp_path)
    series = {path.name.split("__")[1]: judge(path) for path in files if path.name.endswith(".bdf.csv")}
    assert numbers(series["A1"], "Charging Capacity / Ah") == [0.1, 0.2, 0.2, 0.5]
    assert numbers(series["A2"], "Charging Capacity / Ah") == [0.0, 0.4]
    objects = json.loads(next(path for path in files if path.name.endswith(".session.json")).read_text())["test_objects"]
    assert [(item["kind"], item["cells"]) for item in objects] == [("cell", ["A1"]), ("cell", ["A2"])]


def test_a_string_has_the_volts_of_the_whole_string_or_none(place: Home, tmp_path: Path) -> None:
    made = Made(place, plan(2, arrangement="2S", procedure="precharge"))
    made.reading(cells_v=3.40, posts_v=6.75)
    made.reading(cells_v=3.40, per_cell_v={"A1": 3.40, "A2": 3.30})
    made.reading(cells_v=3.40, per_cell_v={"A1": 3.40})
    files = exported(made, tmp_path)
    assert [row["Voltage / V"] for row in judge(files[".bdf.csv"])] == ["6.7500", "6.7000", ""]
    assert json.loads(files[".session.json"].read_text())["test_objects"][0]["kind"] == "string"
    cells = rows_of(files[".cells.csv"])
    assert [(row["cell_label"], row["value"], row["method"]) for row in cells] == [
        ("A1", "3.4000", "serial"),
        ("A2", "3.3000", "serial"),
        ("A1", "3.4000", "serial"),
    ]


def test_a_corrected_reading_names_the_row_that_it_corrects_and_a_doubted_one_is_left_out(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.line("answer", data={"cell:A1": 3.31, "cell:A2": 3.32}, step_id="cell-volts")
    made.line("answer", after_s=60, text="doubted: a jump", data={"cell:A2": 3.9})
    made.line("answer", data={"cell:A2": 3.45}, step_id="cell-volts")
    made.line("step_leave", step_id="cell-volts")
    made.line("correction", data={"cell:A2": 3.45}, corrects={"value": 3.32, "test_time_s": 0.0})
    made.reading()
    made.line("answer", text="not taken: impossible", data={"cell:A1": 9.0})
    rows = rows_of(exported(made, tmp_path)[".cells.csv"])
    assert [(row["cell_label"], row["value"], row["supersedes"]) for row in rows] == [
        ("A1", "3.3100", ""),
        ("A2", "3.3200", ""),
        ("A2", "3.4500", "2"),
    ]
    assert {row["point"] for row in rows} == {"cell_terminal"}


def test_rests_stand_once_whether_they_were_asked_for_within_or_came_days_later(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.reading()
    volts = {"A1": 3.345, "A2": 3.344, "A3": 3.345, "A4": 3.346}
    made.line("answer", after_s=3600, data={f"cell:{label}": value for label, value in volts.items()}, step_id="rest-volts")
    made.end()
    made.store.add_rest(made.session.id, volts, START_S + made.time_s, hours=1.0)
    made.store.add_rest(made.session.id, volts, START_S + 90_000)
    rows = rows_of(exported(made, tmp_path)[".cells.csv"])
    assert [row["cell_label"] for row in rows] == ["A1", "A2", "A3", "A4"] * 2
    assert rows[-1]["test_time_second"] == "90000.000"


def test_events_keep_the_hashes_of_the_journal_and_leave_the_series_out(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.line("step_enter", step_id="charge", text="Switch on")
    made.line("set", voltage_v=3.65, current_a=10.0)
    made.reading()
    made.line("override", text="the meter agrees", data={"lead_end_v": 3.6})
    made.line("checkpoint", data={"much": 1})
    made.end()
    events = [json.loads(line) for line in exported(made, tmp_path)[".events.jsonl"].read_text().splitlines()]
    assert [event["kind"] for event in events] == ["session_start", "step_enter", "set", "override", "session_end"]
    assert events[2] == {**events[2], "data": {"voltage_v": 3.65, "current_a": 10.0}, "step_id": "charge", "text": ""}
    hashes = {line.split('"hash":"')[1][:64] for line in made.path.read_text().splitlines()}
    assert {event["hash"] for event in events} <= hashes


def test_the_supplys_own_rows_are_raw(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.reading(supply_trust="echo", mode="CV")
    made.reading(supply_v=None, supply_trust="unknown", output=None, mode="", current_a=None)
    rows = rows_of(exported(made, tmp_path)[".supply.csv"])
    assert list(rows[0])[2:] == [
        *("v_set_volt", "i_set_ampere", "v_reported_volt", "i_reported_ampere", "mode", "output", "age_second", "trust", "raw"),
    ]
    assert [rows[0][name] for name in ("v_reported_volt", "mode", "output", "trust")] == ["3.6000", "CV", "on", "echo"]
    assert [rows[1][name] for name in ("v_reported_volt", "i_reported_ampere", "mode", "output", "trust")] == [
        "",
        "",
        "unknown",
        "unknown",
        "",
    ]


def test_the_session_file_tells_what_tables_cannot_and_hashes_every_other_file(place: Home, tmp_path: Path) -> None:
    cell = Inventory(place).add(label="A1", code="04QCB76G50203JAB10002571")
    whole = plan(2)
    made = Made(place, replace(whole, cells=(PlanCell("A1", 280.0, cell.id), whole.cells[1]), limits=(("warn_over_target_v", 0.005),)))
    made.reading()
    made.end(end_v={"A1": 3.649, "A2": 3.649})
    files = exported(made, tmp_path)
    about = json.loads(files[".session.json"].read_text())
    assert about["schema"] == 1 and about["program"]["name"] == "topbalance"
    assert about["limits"]["warn_over_target_v"] == 0.005 and about["limits_changed"] == ["warn_over_target_v"]
    assert about["instruments"]["supply"]["serial"] == "77" and about["instruments"]["supply"]["trust_of_readings"] == {"measured": 1}
    assert about["cells"][0]["code"] == "04QCB76G50203JAB10002571" and about["cells"][0]["end_volt"] == 3.649
    assert about["cells"][1]["rests"] == [] and about["cells"][1]["code"] is None
    assert len(about["procedure"]["sha256"]) == 64 and about["journal"]["chain_holds"] is True
    others = [path for end, path in files.items() if end != ".session.json"]
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in others} == {
        name: file["sha256"] for name, file in about["files"].items()
    }


def test_the_session_file_names_the_instruments_and_the_leads(place: Home, tmp_path: Path) -> None:
    made = Made(place, plan(2, lead_resistance_ohm=0.025), meter="owon-xdm:/dev/ttyUSB1")
    meter = {"model": "XDM1041", "serial": "23362517", "firmware": "V4.2.0", "address": "owon-xdm:/dev/ttyUSB1"}
    made.line("instrument", role="meter", data={"family": "owon-xdm", **meter})
    for _ in range(40):
        made.reading(cells_v=3.4, supply_v=3.6, current_a=10.0, per_cell_v={"A1": 3.4})
    files = exported(made, tmp_path)
    about = json.loads(files[".session.json"].read_text())["instruments"]
    assert {row["instrument"] for row in csv.DictReader(files[".cells.csv"].open(newline=""))} == {"XDM1041 23362517"}
    assert about["meter"] == meter and about["bms"] is None and about["before_them"] == []
    assert about["supply"]["model"] == "RD6012" and about["supply"]["address"] is None
    leads = about["leads"]
    assert (leads["resistance_ohm"], leads["given_ohm"], leads["readings"]) == (0.02, 0.025, 2)


def test_a_full_profile_adds_steps_and_is_still_sound(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for step in ("charge", "own, with a comma"):
        made.line("step_enter", step_id=step, text=step)
        for _ in range(3):
            made.reading()
    rows = judge(exported(made, tmp_path, profile="full")[".bdf.csv"], full=True)
    assert [row["Step ID"] for row in rows] == ["charge"] * 3 + ["own, with a comma"] * 3
    assert [row["Step Time / s"] for row in rows] == ["1.000", "2.000", "3.000"] * 2
    assert {row["Step Type"] for row in rows} == {"CC_CHG"}


def test_a_torn_session_that_nobody_ended_is_exported_as_far_as_it_goes(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for _ in range(12):
        made.reading()
    made.journal.close()
    with made.path.open("ab") as file:
        file.write(b'{"seq":14,"kind":"reading","test_ti')
    files = exported(made, tmp_path)
    assert len(judge(files[".bdf.csv"])) == 12
    about = json.loads(files[".session.json"].read_text())
    assert about["result"] == "unfinished" and about["end_unix_second"] is None and about["journal"]["chain_holds"] is True


def test_a_changed_journal_is_exported_and_the_export_says_that_its_chain_is_broken(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for _ in range(5):
        made.reading()
    made.end()
    lines = made.path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"cells_v":3.4', b'"cells_v":[9]')
    made.path.write_bytes(b"".join(lines))
    files = exported(made, tmp_path)
    rows = judge(files[".bdf.csv"])
    assert [row["Voltage / V"] for row in rows] == ["3.4000", "", "3.4000", "3.4000", "3.4000"]
    assert json.loads(files[".session.json"].read_text())["journal"]["chain_holds"] is False


def test_json_holds_the_journal_byte_for_byte_so_its_chain_can_still_be_checked(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    for _ in range(5):
        made.reading()
    session = made.end()
    (path,) = export_session(made.store, session, tmp_path, form="json")
    document = json.loads(path.read_text())
    assert document["session"]["id"] == session.id and len(document["journal"]) == 7
    again = tmp_path / "again.jsonl"
    again.write_text("".join(f"{line.rstrip(',')}\n" for line in path.read_text().splitlines() if line.startswith('{"seq"')))
    assert verify(again).ok and verify(again).head_hash == session.journal_head


def test_csv_has_units_in_its_header_and_a_column_for_each_cell_that_is_seen(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    made.line("step_enter", step_id="charge")
    made.reading(per_cell_v={"A1": 3.4, "A3": 3.41})
    made.reading(cells_v=None)
    made.end()
    (path,) = export_session(made.store, made.session, tmp_path, form="csv")
    rows = rows_of(path)
    assert list(rows[0])[-5:] == ["step", "A1_v", "A2_v", "A3_v", "A4_v"]
    assert (rows[0]["A1_v"], rows[0]["A2_v"], rows[0]["step"], rows[1]["cells_v"], rows[1]["A3_v"]) == ("3.4", "", "charge", "", "")


def test_parquet_holds_the_same_series(place: Home, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made = Made(place)
    for _ in range(5):
        made.reading()
    made.reading(cells_trust="unknown")
    (path,) = export_session(made.store, made.session, tmp_path, form="parquet", profile="full")
    assert [item for item in tmp_path.iterdir() if item.is_file()] == [path]
    table = parquet.read_table(path)
    assert table.column("Voltage / V").to_pylist() == [3.4] * 5 + [None]
    assert table.column("Test Time / s").to_pylist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_parquet_without_its_library_says_what_to_do(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    made = Made(place)
    with pytest.raises(ExportRefused, match=r"topbalance\[parquet\]"):
        export_session(made.store, made.session, tmp_path / "new", form="parquet")
    assert not (tmp_path / "new").exists()


def test_nothing_half_written_is_left_where_the_disk_refuses(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(place)
    made.reading()
    folder = tmp_path / "out"
    before = exported(made, folder)[".bdf.csv"].read_bytes()
    made.reading()
    real, calls = os.fsync, [0]

    def full(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("tui.records.export.output.os.fsync", full)
    with pytest.raises(ExportRefused, match="no space left"):
        export_session(made.store, made.session, folder)
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]
    assert next(folder.glob("*.bdf.csv")).read_bytes() == before, "the earlier export stands as it was"


def test_a_folder_that_is_a_file_and_a_session_without_a_journal_are_told_in_words(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportRefused, match="could not be written"):
        export_session(made.store, made.session, tmp_path / "file")
    made.journal.close()
    made.path.unlink()
    with pytest.raises(ExportRefused, match="no journal"):
        export_session(made.store, made.session, tmp_path)


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_bank_is_called_its_name_is_one_part_of_one_file(text: str) -> None:
    made = part_of_name(text, "bank")
    assert made and "__" not in made and not set(made) & set('/\\ \t\n:*?"<>|') and not made.startswith((".", "-"))
    assert made.isprintable()


def test_two_objects_whose_names_look_alike_keep_two_files(place: Home, tmp_path: Path) -> None:
    whole = plan(2)
    whole = replace(whole, cells=(PlanCell("A 1", 280.0), PlanCell("a/1", 280.0)), procedure="single-cell")
    one = [replace(whole, cells=(cell,), arrangement="1P") for cell in whole.cells]
    made = Made(place, whole, part={"part": "1", "plan": one[0].to_json()})
    made.reading()
    made.line("part_enter", data={"part": "2", "plan": one[1].to_json()})
    made.reading()
    files = [path for path in export_session(made.store, made.session, tmp_path) if path.name.endswith(".bdf.csv")]
    assert len({path.name.casefold() for path in files}) == 2


def test_labels_with_commas_and_quotes_are_one_field(place: Home, tmp_path: Path) -> None:
    label = 'A,1 "left"'
    made = Made(place, replace(plan(1), cells=(PlanCell(label, 280.0),)))
    made.line("answer", data={f"cell:{label}": 3.3})
    made.reading(per_cell_v={label: 3.31})
    path = exported(made, tmp_path)[".cells.csv"]
    with path.open(newline="") as file:
        assert [(row["cell_label"], row["value"]) for row in csv.DictReader(file)] == [(label, "3.3000"), (label, "3.3100")]
