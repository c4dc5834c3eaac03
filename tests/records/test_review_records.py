"""What a second pair of eyes found in the records of cells: states that came back, values that went to another cell, cells that vanished."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui.cli import cli
from tui.domain.judging import judge
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records import cell_words
from tui.records.capacity import record_capacity
from tui.records.cell import Cell, DuplicateLabel, InvalidCell
from tui.records.cell_entry import add_entry
from tui.records.cell_import import apply_import, plan_import
from tui.records.cell_log import read_time
from tui.records.cell_table import read_table
from tui.records.inventory import CellGone, Inventory, entry
from tui.records.measured import measured_cells, pack_cells
from tui.records.packs import plan_pack, save_pack
from tui.records.places import Home
from tui.records.sessions import RestRefused, Session, Sessions
from tui.records.trash import Trash

DAY_S = 86400.0
START_S = 1_760_000_000.0


@pytest.fixture
def a1(inventory: Inventory) -> Cell:
    return inventory.add(label="A1")


def session(place: Home, labels: str, started_unix_s: float, charge_ah: float | None = 50.0) -> Session:
    """One of these cells that charged for an hour."""
    inventory, sessions = Inventory(place), Sessions(place)
    cells = tuple(PlanCell(cell.label, 280.0, cell.id) for label in labels.split() if (cell := inventory.by_label(label)))
    plan = Plan(bank="boat", cells=cells, supply=PlanSupply("manual", 30.0, 10.0))
    made = sessions.create(plan, started_unix_s=started_unix_s)
    return sessions.finish(made.id, result="balanced", ended_unix_s=started_unix_s + 3600, charge_ah=charge_ah)


# --- the state of a cell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["suspect", "scrapped"])
def test_no_session_makes_a_suspect_cell_sound(inventory: Inventory, a1: Cell, word: str) -> None:
    for kind, data in (
        ("state", {"state": word}),
        ("session", {"phase": "begin", "session": "s"}),
        ("session", {"phase": "end", "session": "s", "result": "balanced"}),
    ):
        inventory.log(a1.id, kind, **data)
        assert inventory.get(a1.id).state == word


def test_an_older_export_does_not_take_a_newer_word_on_a_cell_away(inventory: Inventory, a1: Cell) -> None:
    inventory.set_state(a1.id, "stock")
    older = inventory.export_csv()
    inventory.set_state(a1.id, "suspect", "swollen")
    plan = plan_import(read_table(older), inventory.list(), existing="update")
    assert [row.act for row in plan.rows] == ["same"]
    assert inventory.list()[0].state == "suspect"


def test_a_state_that_a_list_brings_is_told_before_it_is_kept(inventory: Inventory, a1: Cell) -> None:
    inventory.set_state(a1.id, "suspect", "swollen")
    (row,) = plan_import(read_table("label,state\nA1,stock\n"), inventory.list(), existing="update").rows
    assert "state suspect → stock" in row.words


def test_what_was_before_is_kept_before_what_is_now(inventory: Inventory, a1: Cell) -> None:
    now_s = time.time()
    inventory.log(a1.id, "voltage", voltage_v=3.30)
    inventory.log(a1.id, "move", pack="Boat")
    inventory.log(a1.id, "capacity", capacity_ah=280.0, tested="alone")
    inventory.log(a1.id, "resistance", resistance_mohm=0.18)
    for kind, data in (
        ("voltage", {"voltage_v": 3.1}),
        ("move", {"pack": ""}),
        ("capacity", {"capacity_ah": 200.0}),
        ("visual", {"ok": False}),
    ):
        inventory.log(a1.id, kind, unix_s=now_s - 10 * DAY_S, **data)
    inventory.log(a1.id, "state", unix_s=now_s - 5 * DAY_S, state="stock")
    inventory.log(a1.id, "resistance", unix_s=now_s - 10 * DAY_S, resistance_mohm=0.5)
    cell = inventory.get(a1.id)
    assert (cell.last_voltage_v, cell.state) == (3.30, "in pack")
    measured = measured_cells([cell])[0]
    assert (measured.capacity_ah, measured.resistance_mohm) == (280.0, 0.18)
    times = [item["unix_s"] for item in cell.log]
    assert times == sorted(times)


def test_a_word_of_today_counts_though_an_entry_lies_in_the_future_of_the_clock(inventory: Inventory, a1: Cell) -> None:
    inventory.log(a1.id, "state", unix_s=time.time() + DAY_S, state="suspect")
    assert inventory.set_state(a1.id, "stock", "measured again").state == "stock"


def test_the_command_line_says_the_entry_that_was_added_and_not_the_newest(inventory: Inventory, a1: Cell) -> None:
    inventory.log(a1.id, "note", text="of today")
    done = CliRunner().invoke(cli, ["cells", "log", "A1", "note", "of long ago", "--on", "2025-03-21"])
    assert (done.exit_code, done.output) == (0, "A1: of long ago\n")


# --- whose value it is -----------------------------------------------------------------------------------------------------


def test_a_capacity_goes_to_the_cell_that_was_on_the_page_whatever_it_is_called_now(inventory: Inventory, a1: Cell) -> None:
    inventory.edit(a1.id, label="B1")
    other = inventory.add(label="A1")
    added = add_entry(inventory, a1, "capacity", {"capacity_ah": "271"})
    assert (added.cell.id, added.entry["capacity_ah"]) == (a1.id, 271.0)
    assert inventory.get(other.id) == other
    inventory.delete(a1.id)
    with pytest.raises(CellGone):
        add_entry(inventory, a1, "capacity", {"capacity_ah": "271"})


@pytest.mark.parametrize(
    "meanwhile",
    [
        ("session", {"phase": "begin", "session": "s-2"}),
        ("capacity", {"capacity_ah": 280.0, "tested": "alone"}),
        ("move", {"pack": "Boat"}),
    ],
)
def test_volts_of_a_cell_that_was_used_since_its_charge_are_not_reckoned_from_it(inventory: Inventory, a1: Cell, meanwhile) -> None:
    inventory.log(a1.id, "session", unix_s=START_S, phase="end", result="balanced", session="s-1")
    kind, data = meanwhile
    inventory.log(a1.id, kind, unix_s=START_S + 10 * DAY_S, **data)
    before = add_entry(inventory, a1, "rest", {"voltage_v": "3.345"}, unix_s=START_S + 7 * DAY_S).entry
    assert (before["hours"], before["session"]) == (168.0, "s-1")
    after = add_entry(inventory, a1, "rest", {"voltage_v": "3.290"}, unix_s=START_S + 20 * DAY_S).entry
    assert "hours" not in after and "session" not in after
    told = add_entry(inventory, a1, "rest", {"voltage_v": "3.290", "hours": "20 d"}, unix_s=START_S + 20 * DAY_S).entry
    assert told["hours"] == 480.0


def test_volts_after_a_later_charge_are_refused_for_the_earlier_session(place: Home, inventory: Inventory) -> None:
    inventory.add_many({"label": label} for label in ("A1", "A2", "A3"))
    first = session(place, "A1 A2 A3", START_S)
    sessions = Sessions(place)
    sessions.add_rest(first.id, dict.fromkeys(("A1", "A2", "A3"), 3.350), START_S + DAY_S)
    session(place, "A3", START_S + 2 * DAY_S, charge_ah=None)  # it never charged
    second = session(place, "A1", START_S + 3 * DAY_S)
    late_s = START_S + 8 * DAY_S
    with pytest.raises(RestRefused, match=f"A1 .*{second.id}"):
        sessions.add_rest(first.id, {"A1": 3.300, "A2": 3.350, "A3": 3.350}, late_s)
    assert len(sessions.get(first.id).rests) == 1
    kept = sessions.add_rest(first.id, {"A2": 3.350, "A3": 3.350}, late_s)
    assert kept.rests[-1].hours == pytest.approx(191.0)
    assert sessions.add_rest(first.id, {"A1": 3.349}, START_S + 2.5 * DAY_S).rests[-1].volts == {"A1": 3.349}
    assert sessions.add_rest(second.id, {"A1": 3.345}, late_s).suspects == ()


def test_how_a_resistance_was_measured_is_not_guessed_when_the_others_were_measured_by_steps(inventory: Inventory) -> None:
    inventory.add_many({"label": f"A{at}", "resistance_mohm": 0.17} for at in range(1, 9))  # by a list: nobody knows how, mostly AC
    for cell in inventory.list()[:3]:
        inventory.log(cell.id, "resistance", resistance_mohm=0.5, method="DC")
    found = judge(measured_cells(inventory.list()), "resistance")
    assert found.outliers == ()
    assert [cell.label for cell in found.left_out] == ["A1", "A2", "A3"]
    for cell in inventory.list()[3:7]:
        inventory.log(cell.id, "resistance", resistance_mohm=0.5, method="DC")
    found = judge(measured_cells(inventory.list()), "resistance")
    assert [(cell.label, cell.reason) for cell in found.left_out] == [
        ("A8", "how its resistance was measured is not known, the others by DC")
    ]


# --- packs ------------------------------------------------------------------------------------------------------------------


def test_cells_that_were_balanced_in_their_pack_are_still_in_it(place: Home, inventory: Inventory) -> None:
    for label in ("A1", "A2", "B1", "B2"):
        cell = inventory.add(label=label)
        inventory.log(cell.id, "capacity", unix_s=START_S, capacity_ah=280.0, tested="alone")
        if label.startswith("A"):
            inventory.log(cell.id, "move", unix_s=START_S, pack="Boat")
    session(place, "A1 A2", START_S + DAY_S)
    usable, left_out = pack_cells(inventory.list())
    assert [cell.label for cell in usable] == ["B1", "B2"]
    assert {cell.reason for cell in left_out} == {"in a pack already"}
    with pytest.raises(InvalidCell, match="A1 and A2 already"):
        save_pack(inventory, plan_pack(inventory.list(), "2S").pack, "boat")


@pytest.mark.parametrize("word", ["scrapped", "stock"])
def test_a_test_of_a_pack_is_not_of_a_cell_that_a_person_took_out(inventory: Inventory, word) -> None:
    one, two = inventory.add_many([{"label": "A1"}, {"label": "A2"}])
    for cell in (one, two):
        inventory.log(cell.id, "move", pack="Boat")
    inventory.set_state(one.id, word, "swollen")
    assert [cell.label for cell in record_capacity(inventory, ["Boat"], 270.0).cells] == ["A2"]


def test_a_pack_is_saved_whole_or_not_at_all(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("A1", "A2"):
        inventory.add(label=label, log=[entry("capacity", capacity_ah=280.0)])
    pack = plan_pack(inventory.list(), "2S").pack
    read = Inventory.list

    def deleted_after(self: Inventory, *args, **named) -> list[Cell]:
        found = read(self, *args, **named)
        monkeypatch.setattr(Inventory, "list", read)
        inventory.delete(found[1].id)  # by another process, between the look and the writing
        return found

    monkeypatch.setattr(Inventory, "list", deleted_after)
    try:
        save_pack(inventory, pack, "boat")
    except CellGone:
        assert [item["kind"] for item in inventory.list()[0].log] == ["capacity"]
    else:
        assert [cell.state for cell in read(inventory)] == ["in pack", "in pack"]


def test_nothing_is_claimed_of_resistances_that_are_not_known(inventory: Inventory) -> None:
    inventory.add_many({"label": f"A{at}", "log": [entry("capacity", capacity_ah=280.0 + at)]} for at in range(1, 5))
    assert "resistance" not in plan_pack(inventory.list(), "2S2P").pack.proof


# --- no cell twice, and none out of sight --------------------------------------------------------------------------------


def test_a_cell_that_was_imported_again_is_not_brought_back_beside_itself(place: Home, inventory: Inventory, a1: Cell) -> None:
    text = inventory.export_csv()
    trash_id = inventory.delete(a1.id)
    inventory.import_csv(text)
    with pytest.raises(InvalidCell, match="in the inventory already, as A1"):
        Trash(place).restore(trash_id, name="A2")
    assert [cell.label for cell in inventory.list()] == ["A1"]
    inventory.delete(a1.id)
    Trash(place).restore(trash_id, name="A2")
    assert [cell.label for cell in inventory.list()] == ["A2"]


def test_labels_that_look_the_same_are_the_same(inventory: Inventory) -> None:
    inventory.add(label="\u00c41")
    with pytest.raises(DuplicateLabel):
        inventory.add(label="A\u03081")


def test_a_label_that_is_made_for_a_row_is_one_that_a_cell_can_have(inventory: Inventory) -> None:
    inventory.add(label="A" * 80)
    plan = plan_import(read_table("label\n" + "A" * 80), inventory.list(), existing="add")
    (cell,) = apply_import(inventory, plan).cells
    assert inventory.edit(cell.id, label=cell.label, notes="x").notes == "x"


def test_one_cell_named_twice_is_deleted_once(inventory: Inventory, a1: Cell) -> None:
    done = CliRunner().invoke(cli, ["cells", "delete", "A1", "a1"])
    assert (done.exit_code, done.output.count("in the trash"), done.exception) == (0, 1, None)


# --- lists --------------------------------------------------------------------------------------------------------------------


def test_the_name_of_a_column_is_no_formula_either(inventory: Inventory, tmp_path: Path) -> None:
    inventory.import_csv('label,"=HYPERLINK(""x"")",@b,\'=c\nA1,1,2,3\n')
    (cell,) = inventory.list()
    text = inventory.export_csv()
    header = text.splitlines()[0]
    assert ",\"'=HYPERLINK" in header and ",'@b," in header
    (again,) = plan_import(read_table(text), []).rows
    assert again.cell == cell


@pytest.mark.parametrize(
    "log", ['[{""kind"":[],""unix_s"":1}]', '[{""kind"":""note"",""unix_s"":1e300}]', '[{""kind"":""note"",""unix_s"":1770000000000}]']
)
def test_a_time_that_no_calendar_has_is_refused_before_it_breaks_the_cells_page(inventory: Inventory, log: str) -> None:
    (row,) = plan_import(read_table(f'label,cell_id,log\nA1,,"{log}"\n'), inventory.list()).rows
    assert (row.act, row.column) == ("refuse", "log")


@pytest.mark.parametrize("text", ["0001-01-01", "1926-03-21"])
def test_a_time_before_all_such_cells_is_refused(text: str) -> None:
    with pytest.raises(InvalidCell, match="before"):
        read_time(text, time.time())


def test_an_export_of_damaged_records_says_so_and_an_earlier_file_is_replaced_only_by_a_whole_one(
    place: Home, inventory: Inventory, a1: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "cells.csv"
    output.write_text("the export of yesterday")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        assert isinstance(CliRunner().invoke(cli, ["cells", "export", "-o", str(output), "--overwrite"]).exception, OSError)
    assert output.read_text() == "the export of yesterday"
    assert list(tmp_path.glob("*cells*")) == [output]
    inventory.edit(a1.id, notes="so that there is an earlier state")
    place.inventory.write_bytes(b"{half")
    done = CliRunner().invoke(cli, ["cells", "export", "-o", str(output), "--overwrite"])
    assert "cannot be read" in done.output
    assert "A1" in output.read_text()


def test_a_cells_page_says_stock_for_a_cell_that_a_person_took_out_of_its_pack(inventory: Inventory, a1: Cell) -> None:
    inventory.log(a1.id, "move", pack="Boat")
    assert any(line.startswith("place") and "Boat" in line for line in cell_words.facts(inventory.get(a1.id)))
    inventory.set_state(a1.id, "stock", "out again")
    assert not any("Boat" in line for line in cell_words.facts(inventory.get(a1.id)))


# --- what was shown and what is --------------------------------------------------------------------------------------------


def test_a_pack_takes_no_cell_that_went_elsewhere_since_it_was_built(inventory: Inventory) -> None:
    inventory.add_many({"label": f"A{at}", "log": [entry("capacity", capacity_ah=280.0 + at)]} for at in range(1, 5))
    mine = plan_pack(inventory.list(), "2S2P")
    save_pack(inventory, plan_pack(inventory.list(), "2S2P"), "theirs")
    with pytest.raises(InvalidCell, match="since this pack was built"):
        save_pack(inventory, mine, "mine")
    assert {cell.log[-1]["pack"] for cell in inventory.list()} == {"theirs"}
    again = plan_pack(inventory.list(), "2S2P", named=True)
    one = inventory.list()[0]
    inventory.edit(one.id, label="Z1")
    inventory.add(label=one.label)  # another cell under the label that was built with
    with pytest.raises(InvalidCell, match="since this pack was built"):
        save_pack(inventory, again, "theirs")


@pytest.mark.parametrize("of_day_h", [0.0, 6.0, 11.8, 12.0, 12.2, 18.0, 23.9])
def test_readings_after_one_charge_belong_together_at_any_time_of_the_day(inventory: Inventory, a1: Cell, of_day_h: float) -> None:
    ended_s = 20_370 * DAY_S + of_day_h * 3600
    for hours, late_h in ((24.0, -0.4), (168.0, 0.4), (720.0, 3.0)):
        inventory.log(a1.id, "rest", unix_s=ended_s + (hours + late_h) * 3600, voltage_v=3.4, hours=hours)
    inventory.log(a1.id, "rest", unix_s=ended_s + 60 * DAY_S, voltage_v=3.4, hours=24.0)  # after another charge
    charges = [rest.charge for rest in measured_cells([inventory.get(a1.id)])[0].rests]
    assert charges[0] == charges[1] == charges[2] != charges[3]
