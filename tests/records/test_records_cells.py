"""The inventory: labels stay unique, the log only grows, lists come in whole or not at all."""

from __future__ import annotations

import pytest

from tui.records.banks import Banks
from tui.records.cell import DuplicateCode, DuplicateLabel, InvalidCell
from tui.records.inventory import CellGone, Inventory
from tui.records.places import Home
from tui.records.store import StoreReadOnly


def test_a_cell_is_added_edited_found_and_deleted(inventory: Inventory) -> None:
    cell = inventory.add(label=" A1 ", code="04qce 1234", capacity_ah=280, chemistry="LFP")
    assert (cell.label, cell.code, cell.code_raw, cell.capacity_ah, cell.chemistry) == ("A1", "04QCE1234", "04qce 1234", 280.0, "LiFePO4")
    assert cell.state == "received"
    inventory.edit(cell.id, resistance_mohm=0.18, capacity_ah=None)
    again = inventory.get(cell.id)
    assert (again.resistance_mohm, again.capacity_ah) == (0.18, None)
    assert again.log[-1]["changed"] == {"resistance_mohm": [None, 0.18], "capacity_ah": [280.0, None]}
    assert inventory.by_label("a1") == again
    inventory.delete(cell.id)
    assert inventory.list() == []
    for act in (inventory.get, inventory.delete, inventory.edit):
        with pytest.raises(CellGone, match="deleted"):
            act(cell.id)
    with pytest.raises(CellGone):
        inventory.log(cell.id, "note", text="late")


def test_labels_stay_unique_in_any_writing(inventory: Inventory) -> None:
    inventory.add(label="A1")
    other = inventory.add(label="B1")
    with pytest.raises(DuplicateLabel, match="labelled a1 is in the inventory already"):
        inventory.add(label="a1")
    with pytest.raises(DuplicateLabel):
        inventory.edit(other.id, label="A1")
    assert inventory.edit(other.id, label="b1").label == "b1"
    with pytest.raises(DuplicateLabel):
        inventory.add_many([{"label": "C1"}, {"label": "C2"}, {"label": "c1"}])
    assert [cell.label for cell in inventory.list()] == ["A1", "b1"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("label", "  ", "needs a label"),
        ("capacity_ah", 280_000.0, "0 to 2000 Ah"),
        ("capacity_ah", float("nan"), "capacity must be a number"),
        ("resistance_mohm", -0.1, "mΩ"),
        ("received_voltage_v", 36.5, "0 to 5 V"),
        ("received_voltage_v", "3.3", "must be a number"),
        ("chemistry", "NMC", "LiFePO4 cells only"),
        ("supplier", "bell\x07", "printable"),
        ("colour", "blue", "no field colour"),
    ],
)
def test_values_that_cannot_be_true_are_refused_at_their_field(inventory: Inventory, field: str, value: object, words: str) -> None:
    with pytest.raises(InvalidCell, match=words) as refused:
        inventory.add(**{"label": "A1", field: value})
    assert refused.value.field == field
    assert inventory.list() == []


def test_state_follows_from_the_log(inventory: Inventory) -> None:
    cell = inventory.add(label="A1")
    states = [
        inventory.log(cell.id, kind, unix_s=float(time_s), **data).state
        for time_s, (kind, data) in enumerate(
            [
                ("move", {"pack": ""}),
                ("session", {"phase": "begin", "session": "s1"}),
                ("session", {"phase": "end", "session": "s1", "result": "stopped"}),
                ("session", {"phase": "begin", "session": "s2"}),
                ("session", {"phase": "end", "session": "s2", "result": "balanced"}),
                ("voltage", {"voltage_v": 3.36}),
                ("move", {"pack": "boat"}),
                ("visual", {"ok": False, "text": "swollen"}),
                ("state", {"state": "scrapped"}),
            ]
        )
    ]
    assert states == ["stock", "balancing", "stock", "balancing", "balanced", "balanced", "in pack", "suspect", "scrapped"]
    assert inventory.get(cell.id).last_voltage_v == 3.36
    with pytest.raises(InvalidCell, match="kind"):
        inventory.log(cell.id, "gossip")
    with pytest.raises(InvalidCell, match="no state"):
        inventory.log(cell.id, "state", state="happy")


def test_list_filters_by_words_and_sorts_with_unknown_last(inventory: Inventory) -> None:
    inventory.add_many(
        [
            {"label": "A10", "capacity_ah": 280.0, "maker": "EVE"},
            {"label": "A2", "capacity_ah": 302.5, "maker": "EVE", "notes": "dent at the side"},
            {"label": "A1", "maker": "Lishen"},
        ]
    )
    assert [cell.label for cell in inventory.list()] == ["A1", "A2", "A10"]
    assert [cell.label for cell in inventory.list("eve")] == ["A2", "A10"]
    assert [cell.label for cell in inventory.list("eve dent")] == ["A2"]
    assert [cell.label for cell in inventory.list(sort="capacity_ah")] == ["A10", "A2", "A1"]
    assert [cell.label for cell in inventory.list(sort="capacity_ah", descending=True)] == ["A2", "A10", "A1"]
    with pytest.raises(ValueError, match="colour"):
        inventory.list(sort="colour")


def test_a_damaged_inventory_is_shown_but_not_written(inventory: Inventory, place: Home) -> None:
    inventory.add(label="A1")
    inventory.add(label="A2")
    place.inventory.write_bytes(b"{half")
    assert [cell.label for cell in inventory.list()] == ["A1"]
    assert "reading only" in inventory.problem
    with pytest.raises(StoreReadOnly):
        inventory.add(label="A3")
    assert place.inventory.read_bytes() == b"{half"


def test_banks_remember_their_cells_and_last_plan(place: Home, inventory: Inventory) -> None:
    banks = Banks(place)
    assert banks.last() is None
    first = banks.save("boat", ["c-1", "c-2"], {"target_v": 3.6}, unix_s=1.0)
    banks.save("solar", ["c-3"], unix_s=2.0)
    changed = banks.save(" boat ", ["c-1"], unix_s=3.0)
    assert (changed.id, changed.plan, changed.cells) == (first.id, {"target_v": 3.6}, ("c-1",))
    assert banks.last() == changed == banks.get("boat")
    banks.delete("boat")
    banks.delete("boat")
    assert [bank.name for bank in banks.list()] == ["solar"]
    with pytest.raises(ValueError, match="name"):
        banks.save(" ", [])


CODE = "04QCB76836300JBC40000903"


def test_the_same_code_is_on_one_cell_only_also_with_its_rows_in_the_other_order(inventory: Inventory) -> None:
    first = inventory.add(label="A1", code=CODE.lower())
    for again in (CODE, f" {CODE[:13]}\n{CODE[13:]}", CODE[13:] + CODE[:13]):
        with pytest.raises(DuplicateCode, match="on cell A1 already"):
            inventory.add(label="A2", code=again)
    second = inventory.add(label="A2", code=CODE[:-1] + "4")
    with pytest.raises(DuplicateCode, match="A1"):
        inventory.edit(second.id, code=CODE)
    assert inventory.edit(first.id, code=CODE).code_raw == CODE.lower()  # the scan stays as it came
    with pytest.raises(DuplicateCode):
        inventory.add_many([{"label": "B1", "code": CODE[:-1] + "5"}, {"label": "B2", "code": CODE[:-1] + "5"}])
    assert [cell.label for cell in inventory.list()] == ["A1", "A2"]


def test_a_code_of_another_chemistry_is_refused_and_a_doubtful_one_kept_as_it_was_scanned(inventory: Inventory) -> None:
    with pytest.raises(InvalidCell, match="ternary"):
        inventory.add(label="A1", code=CODE.replace("QCB", "QCE"))
    assert inventory.list() == []
    assert inventory.add(label="A1", code="04qpb76836300j bc40000903").code_raw == "04qpb76836300j bc40000903"
