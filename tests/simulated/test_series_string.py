"""A string of cells on the supply: who is full first, how far the others are behind, and the same equations once more in the plainest way."""

from __future__ import annotations

import pytest
from simulated_benches import bench, charging
from string_reference import PlainString

from drivers.clock import VirtualClock
from drivers.simulated.description import BenchDescription
from drivers.simulated.lfp import table
from drivers.simulated.world import World

BARE = {"fitted": False}


def until_open(
    description: BenchDescription, voltage_v: float, current_a: float = 10.0, tick_s: float = 30.0
) -> tuple[VirtualClock, World]:
    clock, world = charging(description, voltage_v=voltage_v, current_a=current_a)
    while world.truth().charge_path_closed:
        assert clock.now_s() < 40 * 3600
        clock.advance(tick_s)
    return clock, world


def test_the_string_carries_the_whole_current_and_adds_up_its_cells() -> None:
    _, world = charging(bench([0.3, 0.5, 0.7, 0.9], bank={"arrangement": "4S", "link_mohm": 0.1, "contact_mohm": 0.05}), voltage_v=14.6)
    truth = world.truth()
    assert [cell.current_a for cell in truth.cells] == [10.0] * 4
    joints_ohm = 4 * 2 * 0.05e-3 + 3 * 0.1e-3
    assert truth.posts_v == pytest.approx(sum(cell.voltage_v for cell in truth.cells) + 10 * joints_ohm)
    assert world.supply_terminals() == (pytest.approx((truth.posts_v or 0) + 10 * 5e-3), 10.0, "CC")


def test_the_charge_lasts_as_long_as_the_fullest_cell_has_room_and_the_others_stay_behind_by_their_difference() -> None:
    socs = [0.90, 0.93, 0.88, 0.91, 0.89, 0.92, 0.87, 0.905]
    _, world = until_open(bench(socs, bank={"arrangement": "8S"}), 29.2)
    charge, cells = world.charges[-1], world.truth().cells
    assert cells[1].soc == pytest.approx(0.9975, abs=0.0003)  # published for C/28: there a cell reads 3.65 V while it is charged
    assert (charge.ended_s or 0) - charge.started_s == pytest.approx((cells[1].soc - 0.93) * 280 / 10 * 3600, rel=1e-6)
    assert charge.charge_ah == pytest.approx(10 * (charge.ended_s or 0) / 3600, rel=1e-9)  # constant current to the end
    for soc, cell in zip(socs, cells, strict=True):
        assert 280 * (cell.soc - soc) == pytest.approx(charge.charge_ah, rel=1e-4)
        assert 280 * (cells[1].soc - cell.soc) == pytest.approx(280 * (0.93 - soc), rel=1e-4)
    assert world.delivered_ah() == pytest.approx(charge.charge_ah)
    assert 3.65 < world.max_cell_voltage_v < 3.655
    assert world.max_supply_voltage_v == 29.2
    assert charge.cc_end_s == charge.below_0_1a_s == charge.ended_s  # no current flows from then on


def test_not_the_fullest_but_the_cell_with_the_least_room_is_first() -> None:
    cells = [{"capacity_ah": 280, "soc": 0.95, "label": "large"}, {"capacity_ah": 100, "soc": 0.92, "label": "small"}]
    _, world = until_open(bench([], cell=cells, bank={"arrangement": "2S"}), 7.3)  # type: ignore[arg-type]
    large, small = world.truth().cells
    assert small.soc > 0.99 > large.soc
    assert (large.soc - 0.95) * 280 == pytest.approx((small.soc - 0.92) * 100)


@pytest.mark.parametrize(("arrangement", "socs"), [("3S", [[0.985], [0.99], [0.98]]), ("2P2S", [[0.98, 0.99], [0.97, 0.985]])])
def test_a_string_follows_the_plain_reference(arrangement: str, socs: list[list[float]]) -> None:
    bank = {"arrangement": arrangement, "link_mohm": 0.0, "contact_mohm": 0.1}
    description = bench(
        [soc for group in socs for soc in group], capacity_ah=20.0, lead_mohm=50.0, bank=bank, bms=BARE, physics={"hysteresis": False}
    )
    voltage_v = 3.6 * len(socs)
    clock, world = charging(description, voltage_v=voltage_v, current_a=4.0)
    branch_ohm = description.cells[0].r0_mohm * 1e-3 + 0.2e-3
    reference = PlainString(table("A"), 20.0 * 3600, branch_ohm, 0.0, socs)
    dt, charge_as, modes = 0.1, 0.0, set()
    for k in range(1, 12001):
        charge_as += reference.step(voltage_v, 4.0, 0.05, dt) * dt
        if k in (30, 1000, 3000, 6000, 12000):
            clock.advance(k * dt - clock.now_s())
            total_a, cells_a = reference.currents(voltage_v, 4.0, 0.05)
            truth = world.truth()
            modes.add(world.supply_terminals()[2])
            assert truth.supply_current_a == pytest.approx(total_a, abs=0.02)
            assert [cell.current_a for cell in truth.cells] == pytest.approx([a for group in cells_a for a in group], abs=0.03)
    assert modes == {"CC", "CV"}
    assert [cell.soc for cell in world.truth().cells] == pytest.approx([z for group in reference.z for z in group], abs=3e-5)
    assert world.charges[-1].charge_ah * 3600 == pytest.approx(charge_as, rel=1e-3)


def test_in_groups_the_parallel_cells_share_the_current_and_the_charge_is_closed() -> None:
    socs = [0.90, 0.92, 0.88, 0.89, 0.93, 0.91]
    _, world = until_open(bench(socs, bank={"arrangement": "2P3S"}), 10.95, current_a=20.0)
    cells, charge_ah = world.truth().cells, world.charges[-1].charge_ah
    gained_ah = [280 * (cell.soc - soc) for cell, soc in zip(cells, socs, strict=True)]
    for group in range(3):
        assert sum(gained_ah[2 * group : 2 * group + 2]) == pytest.approx(charge_ah, rel=1e-4)
    assert gained_ah[0] != pytest.approx(charge_ah / 2, rel=0.05)  # unlike cells share unlike
    assert max(cell.soc for cell in cells[4:]) > 0.99
    assert charge_ah == pytest.approx(2 * 280 * (0.997 - 0.92), rel=0.01)  # the last group had the least room


def test_a_string_of_equal_cells_tapers_at_its_own_volts_below_the_limit_of_the_bms() -> None:
    clock, world = charging(bench([0.99] * 4, bank={"arrangement": "4S"}), voltage_v=14.4)
    while world.supply_terminals()[1] > 0.09:
        clock.advance(30.0)
    charge, truth = world.charges[-1], world.truth()
    assert world.supply_terminals()[2] == "CV"
    assert truth.posts_v == pytest.approx(14.4, abs=2e-3)
    assert [cell.voltage_v for cell in truth.cells] == pytest.approx([3.6] * 4, abs=1e-3)
    assert 0 < (charge.cc_end_s or 0) < (charge.below_5a_s or 0) < (charge.below_1a_s or 0) < (charge.below_0_1a_s or 0)
    assert charge.ended_s is None


def test_without_a_bms_the_fullest_cell_is_driven_far_over_its_limit() -> None:
    clock, world = charging(bench([0.95, 0.90, 0.90, 0.90], bank={"arrangement": "4S"}, bms=BARE), voltage_v=14.6)
    clock.advance(1.6 * 3600)
    truth = world.truth()
    assert truth.cells[0].voltage_v > 3.9
    assert (truth.posts_v or 0) < 14.6  # the sum tells nothing of it
    assert truth.charge_path_closed
    assert world.max_cell_voltage_v == pytest.approx(truth.cells[0].voltage_v)


def test_chain_of_both_wirings_on_one_bench() -> None:
    clock = VirtualClock()
    world = World(bench([0.97, 0.98, 0.975, 0.965], bms={"over_voltage_v": 3.6}), clock)
    world.hands("wire-series")
    world.hands("leads-on")
    world.set_supply(voltage_v=14.4, current_a=10.0)
    world.set_output(True)
    while world.truth().charge_path_closed:
        clock.advance(30.0)
    world.set_output(False)
    string_ah = world.delivered_ah()
    world.hands("leads-apart")
    world.hands("take-apart")
    world.hands("wire-cells")
    world.hands("leads-on")
    world.set_supply(voltage_v=3.6)
    world.set_output(True)
    while world.supply_terminals()[1] > 0.09:
        clock.advance(30.0)
    missing_ah = 280 * (4 * 0.98 - 0.97 - 0.98 - 0.975 - 0.965)
    assert world.charges[-1].charge_ah == pytest.approx(missing_ah + 4 * 0.6, abs=0.7)  # differences, and the rest of the knee
    assert world.delivered_ah() == pytest.approx(string_ah + world.charges[-1].charge_ah)
    assert world.soc_spread() < 1e-4
