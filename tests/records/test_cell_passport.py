"""The passport: what can be added to a cell's log, what follows from it, and how it is said."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tui.cli import cli
from tui.records import cell_history, cell_words
from tui.records.cell import Cell, InvalidCell
from tui.records.cell_csv import cells_to_csv
from tui.records.cell_entry import add_entry
from tui.records.cell_log import KINDS, read_entry, read_time
from tui.records.inventory import Inventory, entry
from tui.records.places import home

DAY_S = 86400.0
NOON = 1_767_000_000.0


@pytest.fixture
def a1(inventory: Inventory) -> Cell:
    return inventory.add(label="A1", capacity_ah=280)


@pytest.mark.parametrize(
    ("kind", "answers", "values"),
    [
        ("voltage", {"voltage_v": "3345"}, {"voltage_v": 3.345, "resolution_v": 0.001}),
        ("voltage", {"voltage_v": "3,34 V"}, {"voltage_v": 3.34, "resolution_v": 0.01}),
        ("voltage", {"voltage_v": "3345.2 mV"}, {"voltage_v": 3.3452, "resolution_v": 0.0001}),
        ("rest", {"voltage_v": "3.3451", "hours": "24"}, {"voltage_v": 3.3451, "hours": 24.0, "resolution_v": 0.0001}),
        ("rest", {"voltage_v": "3.345", "hours": "7 d"}, {"voltage_v": 3.345, "hours": 168.0, "resolution_v": 0.001}),
        (
            "resistance",
            {"resistance_mohm": "0,18", "method": "ac", "soc": "40%", "temperature_c": "22"},
            {"resistance_mohm": 0.18, "method": "AC", "soc": 0.4, "temperature_c": 22.0},
        ),
        ("resistance", {"resistance_mohm": "180 µOhm"}, {"resistance_mohm": 0.18}),
        (
            "capacity",
            {"capacity_ah": "283400 mAh", "current_a": "-50 A", "cutoff_v": "2.5", "tester": "EBC-A40"},
            {"capacity_ah": 283.4, "current_a": 50.0, "cutoff_v": 2.5, "tester": "EBC-A40"},
        ),
        ("thickness", {"thickness_mm": "71,5", "when": "before"}, {"thickness_mm": 71.5, "when": "before"}),
        ("thickness", {"thickness_mm": "7.15 cm"}, None),
        ("visual", {"swelling": "no", "thread": "worn"}, {"swelling": "no", "thread": "worn", "ok": True}),
        ("visual", {"swelling": "yes"}, {"swelling": "yes", "ok": False}),
        ("visual", {"insulation": "damaged"}, {"insulation": "damaged", "ok": False}),
        (
            "move",
            {"pack": "Boat", "series_position": "3", "parallel_position": "1", "orientation": "+ left"},
            {"pack": "Boat", "series_position": 3, "parallel_position": 1, "orientation": "+ left", "position": "S3 P1"},
        ),
        ("move", {}, {"pack": ""}),
        ("note", {"text": "a\x1b[2Jb"}, {"text": "a?[2Jb"}),
        ("photo", {"path": "/tmp/a 1.jpg"}, {"path": "/tmp/a 1.jpg"}),
    ],
)
def test_what_is_typed_becomes_an_entry(kind, answers, values):
    if values is None:
        with pytest.raises(InvalidCell):
            read_entry(kind, answers)
    else:
        assert read_entry(kind, answers) == pytest.approx(values)


@pytest.mark.parametrize(
    ("kind", "answers", "field"),
    [
        ("voltage", {}, "voltage_v"),
        ("voltage", {"voltage_v": "-3.3"}, "voltage_v"),
        ("voltage", {"voltage_v": "280Ah"}, "voltage_v"),
        ("resistance", {"resistance_mohm": "18 Ohm"}, "resistance_mohm"),
        ("resistance", {"resistance_mohm": "0"}, "resistance_mohm"),
        ("resistance", {"resistance_mohm": "0.2", "method": "RF"}, "method"),
        ("capacity", {"capacity_ah": "2800"}, "capacity_ah"),
        ("thickness", {"thickness_mm": "0.2"}, "thickness_mm"),
        ("visual", {}, "swelling"),
        ("move", {"pack": "Boat", "series_position": "0"}, "series_position"),
        ("note", {"text": " "}, "text"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(kind, answers, field):
    with pytest.raises(InvalidCell) as refused:
        read_entry(kind, answers)
    assert refused.value.field == field


@given(st.sampled_from(sorted(KINDS)), st.lists(st.text(max_size=20), min_size=6, max_size=6))
def test_any_typed_text_is_an_entry_or_a_reason(kind, texts):
    answers = dict(zip((field.name for field in KINDS[kind].fields), texts, strict=False))
    try:
        values = read_entry(kind, answers)
    except InvalidCell as refused:
        assert refused.field in answers
    else:
        json.dumps(values, allow_nan=False)


def test_volts_at_rest_know_the_hours_and_the_session_before_them(inventory, a1):
    inventory.log(a1.id, "session", unix_s=NOON, phase="end", result="balanced", session="s-1")
    kept = add_entry(inventory, a1, "rest", {"voltage_v": "3.345"}, unix_s=NOON + DAY_S).entry
    assert (kept["hours"], kept["session"], kept["resolution_v"]) == (24.0, "s-1", 0.001)


def test_a_capacity_of_a_cell_in_a_pack_bears_its_remark(inventory, a1):
    add_entry(inventory, a1, "move", {"pack": "Boat"})
    added = add_entry(inventory, inventory.get(a1.id), "capacity", {"capacity_ah": "271", "current_a": "50"})
    assert "no balance on record" in added.warning
    assert (added.cell.log[-1]["unbalanced"], added.cell.log[-1]["current_a"]) == (True, 50.0)


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([("visual", {"ok": False}), ("move", {"pack": ""})], "suspect"),
        ([("visual", {"ok": False}), ("move", {"pack": "Boat"})], "suspect"),
        ([("state", {"state": "scrapped"}), ("visual", {"ok": False})], "scrapped"),
        ([("session", {"phase": "begin"}), ("visual", {"ok": False}), ("session", {"phase": "end", "result": "balanced"})], "suspect"),
        ([("visual", {"ok": False}), ("state", {"state": "stock"}), ("move", {"pack": "Boat"})], "in pack"),
        ([("move", {"pack": "Boat"}), ("move", {"pack": ""})], "stock"),
    ],
)
def test_a_suspect_cell_stays_one_until_a_person_says_otherwise(inventory, a1, items, state):
    for kind, data in items:
        inventory.log(a1.id, kind, **data)
    assert inventory.get(a1.id).state == state


def test_sessions_places_and_curve_follow_from_the_log(inventory, a1):
    about = {"session": "s-1"}
    entries = [
        entry("session", unix_s=NOON, phase="begin", bank="Bank A", **about),
        entry("session", unix_s=NOON + DAY_S, phase="end", result="balanced", before_v=3.29, end_v=3.65, **about),
        entry("rest", unix_s=NOON + 2 * DAY_S, voltage_v=3.35, hours=24.0),
        entry("rest", unix_s=NOON + 9 * DAY_S, voltage_v=3.34, hours=192.0),
        entry("session", unix_s=NOON + 20 * DAY_S, phase="begin", bank="Bank B", session="s-2"),
        entry("move", unix_s=NOON + 10 * DAY_S, pack="Boat", series_position=3, parallel_position=1),
        entry("move", unix_s=NOON + 11 * DAY_S, pack=""),
    ]
    inventory.log_many({a1.id: entries})
    cell = inventory.get(a1.id)
    first, second = cell_history.sessions(cell)
    assert (first.id, first.bank, first.result, first.before_v, first.end_v) == ("s-1", "Bank A", "balanced", 3.29, 3.65)
    assert (second.bank, second.result, second.ended_unix_s) == ("Bank B", "", None)
    assert [(place.pack, place.series_position) for place in cell_history.places(cell)] == [("Boat", 3), ("", None)]
    assert cell_history.curve(cell) == [(0.0, 3.35), (pytest.approx(7.0), 3.34)]
    said = dict(cell_words.sections(cell))
    assert "after 8 d" in said["At rest"][0]
    assert "no end yet" in said["Sessions"][0].casefold()
    assert "stock" in said["Places"][0] and "Boat S3 P1" in said["Places"][1]
    assert len(said["Log"]) == len(cell.log)


@given(
    st.dictionaries(
        st.sampled_from(["voltage_v", "hours", "text", "pack", "ok", "changed", "method"]), st.text() | st.none() | st.booleans()
    )
)
def test_an_entry_of_any_version_is_said_without_an_error(data):
    for kind in ("voltage", "rest", "visual", "move", "note", "edit", "capacity", "resistance", "photo", "of tomorrow"):
        assert isinstance(cell_words.words({"kind": kind, "unix_s": NOON, **data}), str)


@pytest.mark.parametrize("text", ["tomorrow", "2999-01-01", "2999-01-01 10:00"])
def test_a_time_that_cannot_be_is_refused(text):
    with pytest.raises(InvalidCell):
        read_time(text, NOON)


def test_the_scan_stays_as_it_came_when_other_fields_are_edited(inventory):
    cell = inventory.add(label="B1", code="04qcb76836300j bc40000903")
    assert cell.code_raw == "04qcb76836300j bc40000903"
    assert inventory.edit(cell.id, code=cell.code, model="LF280K").code_raw == "04qcb76836300j bc40000903"


def test_the_command_line_adds_and_shows(place, a1):
    def run(*words: str) -> str:
        told = CliRunner().invoke(cli, ["cells", *words])
        assert told.exit_code == 0, told.output
        return told.output

    assert "0.18 mΩ AC" in run("log", "a1", "resistance", "0.18", "method=AC", "soc=40%")
    assert "A1 is suspect now" in run("log", "A1", "visual", "swelling=yes")
    assert "3.345 V" in run("log", "A1", "rest", "3345", "hours=24", "--on", "2026-03-21")
    shown = run("show", "A1")
    assert all(words in shown for words in ("At rest", "2026-03-21", "Tests", "SWOLLEN", "suspect"))
    document = json.loads(run("show", "A1", "--json"))
    assert (document["state"], document["tests"]["resistance"][0]["soc"], len(document["rests"])) == ("suspect", 0.4, 1)


@pytest.mark.parametrize(
    "words",
    [["A1", "weight", "5"], ["A1", "note"], ["A1", "rest", "3.3", "colour=blue"], ["A1", "rest", "3.3", "3.4"], ["Z9", "note", "x"]],
)
def test_the_command_line_refuses_in_words_and_keeps_nothing(inventory, a1, words):
    import click

    told = CliRunner().invoke(cli, ["cells", "log", *words], standalone_mode=False)
    assert isinstance(told.exception, click.UsageError)
    assert len(inventory.get(a1.id).log) == 1


def test_what_was_taken_back_counts_no_longer_and_stays_in_the_log(inventory, a1):
    inventory.log(a1.id, "resistance", unix_s=NOON, resistance_mohm=0.18)
    inventory.log(a1.id, "visual", unix_s=NOON + 1, swelling="yes", ok=False)
    log = inventory.log(a1.id, "resistance", unix_s=NOON + 2, resistance_mohm=1.8).log
    wrong, swollen = (next(item for item in log if item["unix_s"] == NOON + seconds) for seconds in (2, 1))
    cell = inventory.take_back(a1.id, [wrong, swollen])
    assert (cell.state, cell.known_resistance_mohm, len(cell.log)) == ("received", 0.18, 6)
    assert inventory.take_back(a1.id, [wrong]) == cell  # once is enough
    assert [line for line in cell_words.log(cell) if "(taken back)" in line] == [
        f"{cell_words.day(NOON)}  1.80 mΩ (taken back)",
        f"{cell_words.day(NOON)}  looked at, SWOLLEN (taken back)",
    ]
    inventory.delete(a1.id)
    inventory.import_csv(cells_to_csv([cell]))
    assert inventory.by_label("A1").log == cell.log


def test_the_newest_measured_value_is_known_before_that_of_the_label(inventory, a1):
    inventory.log(a1.id, "capacity", capacity_ah=271.0, tested="in a pack")
    assert inventory.get(a1.id).known_capacity_ah == 280
    inventory.log(a1.id, "capacity", capacity_ah=283.4, tested="alone")
    inventory.add(label="A2", capacity_ah=282)
    assert [cell.label for cell in inventory.list(sort="known_capacity_ah")] == ["A2", "A1"]


def test_a_word_on_a_cell_needs_its_reason(inventory, a1):
    with pytest.raises(InvalidCell) as refused:
        add_entry(inventory, a1, "state", {"state": "suspect"})
    assert refused.value.field == "reason"
    added = add_entry(inventory, a1, "state", {"state": "scrapped", "reason": "dropped"})
    assert added.cell.state == "scrapped"
    assert f"scrapped since {cell_words.day(added.cell.log[-1])}: dropped" in "\n".join(cell_words.facts(added.cell))


def test_a_photo_that_is_not_there_is_told_and_its_path_kept_whole(inventory, a1, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    added = add_entry(inventory, a1, "photo", {"path": "a1.jpg"})
    assert "no file" in added.warning and added.cell.log[-1]["path"] == str(tmp_path / "a1.jpg")
    (tmp_path / "a1.jpg").write_bytes(b"x")
    assert add_entry(inventory, a1, "photo", {"path": "a1.jpg"}).warning == ""


def test_every_property_is_shown(inventory):
    cell = inventory.add(
        label="B1", maker="EVE", model="LF280K", supplier="Shop", order_no="PO 7", price="89 EUR", received_date="2026-03-21",
        received_voltage_v=3.301, capacity_ah=280, resistance_mohm=0.18, code="04QCB76836300JBC40000903", notes="one\ntwo", extra={"box": "3"},
        code_raw="]d2\x1d04QCB76836300JBC40000903",
    )  # fmt: skip
    text = "\n".join(cell_words.facts(cell))
    for word in (
        "EVE",
        "LF280K",
        "LiFePO4",
        "Shop",
        "PO 7",
        "89 EUR",
        "2026-03-21",
        "3.301 V",
        "280 Ah",
        "0.18 mΩ",
        "one",
        "two",
        "box",
        "]d2",
    ):
        assert word in text
    assert "\x1d" not in text


def test_every_property_can_be_given_on_the_command_line(place, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(place.data))
    words = "B1 --capacity 280Ah --maker EVE --model LF280K --code 04QCB76836300JBC40000903 --resistance 0.18mOhm --volts 3,301V"
    more = ["--received", "2026-03-21", "--supplier", "Shop", "--order-no", "PO 7", "--price", "89 EUR", "--notes", "one"]
    done = CliRunner().invoke(cli, ["cells", "add", *words.split(), *more])
    assert done.exit_code == 0, done.output
    cell = Inventory(home()).by_label("B1")
    assert (cell.resistance_mohm, cell.received_voltage_v, cell.received_date) == (0.18, 3.301, "2026-03-21")
    assert (cell.order_no, cell.price, cell.supplier) == ("PO 7", "89 EUR", "Shop")
    shown = CliRunner().invoke(cli, ["cells", "show", "B1"]).output
    assert "PO 7" in shown and "89 EUR" in shown


def test_a_suspect_cell_says_on_the_command_line_how_its_owner_says_otherwise(place, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(place.data))
    Inventory(home()).add(label="B 1")
    CliRunner().invoke(cli, ["cells", "log", "B 1", "visual", "swelling=yes"])
    assert "topbalance cells state 'B 1' stock" in CliRunner().invoke(cli, ["cells", "show", "B 1"]).output
