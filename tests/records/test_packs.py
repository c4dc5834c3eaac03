"""What the inventory gives to judge and to build with, and a pack that is written into the cells' logs."""

from __future__ import annotations

import pytest

from tui.domain.judging import judge
from tui.records.cell import InvalidCell
from tui.records.inventory import CellGone, Inventory, entry
from tui.records.measured import measured_cells, pack_cells
from tui.records.packs import PackRefused, next_pack_name, plan_pack, save_pack
from tui.records.places import Home
from tui.records.store import StoreReadOnly


def four(inventory: Inventory) -> None:
    inventory.add_many(
        {"label": f"A{at}", "resistance_mohm": 0.18, "log": [entry("capacity", unix_s=1.0, capacity_ah=280.0 + at, tested="alone")]}
        for at in range(1, 5)
    )


def test_the_newest_value_of_a_cell_counts_and_a_pack_s_is_not_its_own(inventory: Inventory) -> None:
    cell = inventory.add(label="A1", capacity_ah=280.0, resistance_mohm=0.2, model="LF280K")
    found = measured_cells([cell])[0]
    assert (found.capacity_ah, found.resistance_mohm, found.kind) == (None, 0.2, "LF280K")
    assert found.why_no_capacity == "no measured capacity, only 280 Ah by its label"
    inventory.log(cell.id, "capacity", capacity_ah=276.0, tested="in a pack")
    assert "in a pack only" in measured_cells([inventory.get(cell.id)])[0].why_no_capacity
    for capacity_ah in (281.0, 279.5):
        inventory.log(cell.id, "capacity", capacity_ah=capacity_ah, tested="alone")
    inventory.log(cell.id, "capacity", capacity_ah=275.0, tested="in a pack")
    inventory.log(cell.id, "resistance", resistance_mohm=0.17, method="AC")
    found = measured_cells([inventory.get(cell.id)])[0]
    assert (found.capacity_ah, found.resistance_mohm) == (279.5, 0.17)


def test_resistances_measured_in_two_ways_are_not_mixed(inventory: Inventory) -> None:
    for label, method in (("A1", "AC"), ("A2", "AC"), ("A3", "DC")):
        inventory.log(inventory.add(label=label).id, "resistance", resistance_mohm=0.2, method=method)
    found = judge(measured_cells(inventory.list()), "resistance")
    assert [cell.label for cell in found.left_out] == ["A3"]
    assert "by DC, the others by AC" in found.left_out[0].reason


def test_volts_at_rest_come_with_their_charge(inventory: Inventory) -> None:
    cell = inventory.add(label="A1")
    day_s = 86400.0
    for unix_s, values in (
        (8 * day_s, {"hours": 168.0, "voltage_v": 3.46, "session": "s1"}),
        (2 * day_s, {"hours": 24.0, "voltage_v": 3.48, "session": "s1"}),
        (9 * day_s, {"hours": None, "voltage_v": 3.46, "session": "s1"}),
        (31 * day_s, {"hours": 24.0, "voltage_v": 3.47, "resolution_v": 0.01}),
        (37 * day_s, {"hours": 168.0, "voltage_v": 3.45}),
    ):
        inventory.log(cell.id, "rest", unix_s=unix_s, **values)
    rests = measured_cells([inventory.get(cell.id)])[0].rests
    assert [(rest.hours, rest.voltage_v) for rest in rests] == [(24.0, 3.48), (168.0, 3.46), (24.0, 3.47), (168.0, 3.45)]
    assert rests[0].charge == rests[1].charge == "s1"
    assert rests[2].charge == rests[3].charge != "s1"
    assert rests[2].step_v == 0.01


def test_a_pack_is_written_into_every_cell_s_log(inventory: Inventory) -> None:
    four(inventory)
    planned = plan_pack(inventory.list(), "2S2P")
    save_pack(inventory, planned.pack, " boat ", unix_s=5.0)
    places = {}
    for cell in inventory.list():
        move = cell.log[-1]
        assert cell.state == "in pack"
        assert (move["kind"], move["pack"], move["unix_s"], move["arrangement"]) == ("move", "boat", 5.0, "2S2P")
        assert move["orientation"] == ("turned" if move["series_position"] == 2 else "straight")
        places[move["position"]] = (move["series_position"], move["parallel_position"])
    assert places == {"S1P1": (1, 1), "S1P2": (1, 2), "S2P1": (2, 1), "S2P2": (2, 2)}


def test_cells_in_a_pack_are_taken_only_when_named(inventory: Inventory) -> None:
    four(inventory)
    save_pack(inventory, plan_pack(inventory.list(), "2S2P").pack, "boat")
    with pytest.raises(PackRefused, match="A1, A2, A3, A4: in a pack already"):
        plan_pack(inventory.list(), "2S2P")
    again = plan_pack(inventory.list(), "4S", named=True)
    save_pack(inventory, again.pack, "boat")
    assert inventory.by_label("A1").log[-1]["arrangement"] == "4S1P"  # type: ignore[union-attr]
    other = plan_pack(inventory.list()[:2], "2S", named=True)
    with pytest.raises(InvalidCell, match="there are A3 and A4 already"):
        save_pack(inventory, other.pack, "Boat")
    save_pack(inventory, other.pack, "shed")


def test_cells_that_must_not_go_into_a_pack_are_left_out_by_name(inventory: Inventory) -> None:
    four(inventory)
    cells = {cell.label: cell for cell in inventory.list()}
    inventory.set_state(cells["A1"].id, "suspect", "leaks")
    inventory.set_state(cells["A2"].id, "scrapped", "swollen")
    inventory.add(label="B1", capacity_ah=280.0)
    usable, left_out = pack_cells(inventory.list(), named=True)
    assert [cell.label for cell in usable] == ["A3", "A4"]
    assert {cell.label: cell.reason.partition(":")[0] for cell in left_out} == {
        "A1": "suspect",
        "A2": "scrapped",
        "B1": "no measured capacity, only 280 Ah by its label",
    }
    usable, left_out = pack_cells(inventory.list(), rated=True)
    assert [cell.label for cell in usable] == ["A3", "A4", "B1"]


def test_what_changed_meanwhile_stops_the_save_before_a_line_is_written(inventory: Inventory) -> None:
    four(inventory)
    pack = plan_pack(inventory.list(), "2S2P").pack
    cells = inventory.list()
    inventory.set_state(cells[3].id, "suspect", "leaks")
    with pytest.raises(InvalidCell, match="A4 is suspect"):
        save_pack(inventory, pack, "boat")
    inventory.delete(cells[3].id)
    with pytest.raises(CellGone, match="A4"):
        save_pack(inventory, pack, "boat")
    with pytest.raises(InvalidCell, match="needs a name"):
        save_pack(inventory, pack, "  ")
    assert all(item["kind"] != "move" for cell in inventory.list() for item in cell.log)


def test_a_damaged_inventory_takes_no_pack(inventory: Inventory, place: Home) -> None:
    four(inventory)
    pack = plan_pack(inventory.list(), "2S2P").pack
    inventory.add(label="A9")
    place.inventory.write_bytes(b"{half")
    with pytest.raises(StoreReadOnly):
        save_pack(inventory, pack, "boat")
    assert place.inventory.read_bytes() == b"{half"


def test_packs_are_numbered_on(inventory: Inventory) -> None:
    assert next_pack_name([]) == "pack 1"
    four(inventory)
    save_pack(inventory, plan_pack(inventory.list(), "2S2P").pack, "Pack 7")
    assert next_pack_name(inventory.list()) == "pack 8"
