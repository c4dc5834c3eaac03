"""What the simulated hands wire, where they put the leads, and what is then found at the probe points."""

from __future__ import annotations

import pytest
from simulated_benches import bench, charging

from drivers.clock import VirtualClock
from drivers.simulated.world import World

MANUAL = {"model": "manual", "voltage_v": 60, "current_a": 10}


def fresh(*socs: float, **tables: dict[str, object]) -> tuple[VirtualClock, World]:
    clock = VirtualClock()
    return clock, World(bench(list(socs), **tables), clock)


def on(world: World, voltage_v: float = 3.65, current_a: float = 10.0) -> None:
    world.set_supply(voltage_v=voltage_v, current_a=current_a)
    world.set_output(True)


def gained_ah(world: World, *socs: float) -> list[float]:
    return [280 * (cell.soc - soc) for cell, soc in zip(world.truth().cells, socs, strict=True)]


@pytest.mark.parametrize("arrangement", ["5P", "apart", "5S"])
def test_low_cells_are_charged_together_while_the_others_stay_apart(arrangement: str) -> None:
    socs = (0.9, 0.2, 0.9, 0.9, 0.25)
    clock, world = fresh(*socs, bank={"arrangement": arrangement})
    world.hands("wire-cells", cells=("A5", "A2"))
    world.hands("leads-on")
    assert world.probe("posts") == pytest.approx(3.24, abs=0.02)
    on(world)
    clock.advance(3600.0)
    gained = gained_ah(world, *socs)
    assert [gained[0], gained[2], gained[3]] == pytest.approx([0.0] * 3)
    assert gained[1] + gained[4] == pytest.approx(10.0)
    assert gained[1] > 0 < gained[4]


def test_wiring_anew_undoes_what_was_wired_before() -> None:
    _, world = fresh(0.5, 0.6, 0.7, 0.8)
    world.hands("leads-on")
    found = []
    for act, cells in (("wire-cells", ("A1", "A2")), ("wire-cells", ("A4",)), ("wire-series", ()), ("wire-cells", ())):
        world.hands(act, cells=cells)
        on(world, 60.0, 8.0)
        found.append([cell.current_a != 0.0 for cell in world.truth().cells])
        world.set_output(False)
    assert found == [[True, True, False, False], [False, False, False, True], [True] * 4, [True] * 4]
    assert not world.truth().in_series
    world.hands("take-apart")
    assert (world.truth().wired, world.truth().leads_on, world.probe("posts")) == (False, False, None)


def test_on_a_bench_of_cells_apart_all_cells_are_never_wired() -> None:
    _, world = fresh(0.9, 0.8, bank={"arrangement": "apart"})
    world.hands("wire-cells", cells=("A1", "A2"))
    assert world.truth().wired
    for act in ("wire-cells", "wire-series"):
        world.hands(act)
        assert not world.truth().wired


@pytest.mark.parametrize("arrangement", ["apart", "3P", "3S"])
def test_leads_go_on_one_cell_that_stands_apart(arrangement: str) -> None:
    clock, world = fresh(0.9, 0.8, 0.7, bank={"arrangement": arrangement})
    world.hands("leads-on", cells=("A3",))
    on(world)
    clock.advance(3600.0)
    assert gained_ah(world, 0.9, 0.8, 0.7) == pytest.approx([0.0, 0.0, 10.0])
    assert world.probe("posts") == pytest.approx(world.probe("highest-cell"), abs=2e-3)


def test_leads_on_one_cell_of_a_battery_charge_it_alone_or_with_its_group() -> None:
    clock, world = charging(bench([0.9, 0.8, 0.7, 0.6], bank={"arrangement": "4S"}), voltage_v=3.65)
    assert world.supply_terminals()[1] == 0.0  # the whole string stands far higher
    world.set_output(False)
    world.hands("leads-on", cells=("A2",))
    assert world.battery_terminal_v() == pytest.approx(3.318, abs=0.002)
    on(world)
    clock.advance(3600.0)
    assert gained_ah(world, 0.9, 0.8, 0.7, 0.6) == pytest.approx([0.0, 10.0, 0.0, 0.0])

    socs = (0.9, 0.5, 0.7, 0.6)
    clock, world = fresh(*socs, bank={"arrangement": "2P2S"})
    world.hands("wire-series")
    world.hands("leads-on", cells=("A3",))
    on(world)
    clock.advance(3600.0)
    gained = gained_ah(world, *socs)
    assert gained[2] + gained[3] == pytest.approx(10.0)
    assert gained[0] == pytest.approx(-gained[1])  # a group beside the leads goes on exchanging
    assert gained[1] > 1.0
    world.hands("leads-on")
    on(world, 7.3)
    assert sum(cell.current_a for cell in world.truth().cells) == pytest.approx(20.0)


def test_the_leads_go_on_one_cell_only_and_only_on_one_that_is_there() -> None:
    _, world = fresh(0.9, 0.8)
    with pytest.raises(ValueError, match="on one cell"):
        world.hands("leads-on", cells=("A1", "A2"))
    with pytest.raises(ValueError, match="no cell 'B1'"):
        world.hands("wire-cells", cells=("A1", "B1"))


def test_shorted_leads_carry_the_set_current_and_touch_no_cell() -> None:
    clock, world = fresh(0.9, 0.9, supply=MANUAL, leads={"resistance_mohm": 20})
    world.hands("wire-series")
    world.hands("short-leads")
    world.hands("set-knobs", voltage_v=30.0, current_a=0.0)
    world.hands("switch-on")
    shown = []
    for amperes in (0.0, 4.0, 8.0):
        world.hands("set-current-knob", voltage_v=1.0, current_a=amperes)
        shown.append((world.probe("panel-v"), world.probe("panel-a"), world.probe("lead-ends")))
    assert shown == [(0.0, 0.0, 0.0), (0.08, 4.0, 0.0), (0.16, 8.0, 0.0)]
    assert world.set_points == (30.0, 8.0)
    assert world.supply_terminals() == (pytest.approx(0.16), 8.0, "CC")
    clock.advance(60.0)
    assert world.delivered_ah() == 0.0
    assert world.charges == ()
    world.hands("set-knobs", voltage_v=0.1, current_a=8.0)
    assert world.supply_terminals() == (0.1, pytest.approx(5.0), "CV")
    world.hands("switch-off")
    world.hands("leads-apart")
    world.hands("set-knobs", voltage_v=7.3, current_a=8.0)
    world.hands("switch-on")
    assert (world.probe("panel-v"), world.probe("panel-a"), world.probe("lead-ends")) == (7.3, 0.0, 7.3)


def test_the_current_knob_of_a_supply_with_an_interface_is_left_alone() -> None:
    _, world = fresh(0.9)
    world.hands("set-current-knob", current_a=5.0)
    assert world.set_points == (0.0, 0.0)


def test_leads_that_were_shorted_may_fall_apart() -> None:
    _, world = fresh(0.9)
    world.hands("short-leads")
    on(world, 3.65, 2.0)
    assert world.supply_terminals()[1] == 2.0
    world.inject("lead-falls-off")
    assert world.supply_terminals() == (3.65, 0.0, "CV")


def test_the_highest_cell_is_that_of_the_cells_that_are_wired() -> None:
    _, world = fresh(0.1, 0.5, 0.9, 0.3)
    assert world.probe("highest-cell") is None
    cell_v = {label: world.probe(f"cell:{label}") for label in ("A1", "A2", "A3", "A4")}
    world.hands("wire-cells", cells=("A1",))
    assert world.probe("highest-cell") == cell_v["A1"]
    world.hands("wire-series", cells=("A1", "A2", "A4"))
    assert world.probe("highest-cell") == cell_v["A2"]
    world.hands("wire-series")
    assert world.probe("highest-cell") == cell_v["A3"]
    world.hands("leads-on", cells=("A4",))
    assert world.probe("highest-cell") == cell_v["A3"]  # the BMS of an assembled battery sees all of it
    assert world.probe("posts") == cell_v["A4"]
    world.hands("wire-cells")
    assert world.probe("highest-cell") == pytest.approx(max(cell.voltage_v for cell in world.truth().cells), abs=6e-4)


def test_hands_that_take_plus_for_minus_do_so_on_a_single_cell_too() -> None:
    _, world = fresh(0.9, 0.5, bank={"arrangement": "apart"})
    assert world.probe("posts:A2") == world.probe("cell:A2") == pytest.approx(3.278)
    world.inject("leads-reversed")
    assert world.probe("posts:A2") == pytest.approx(-3.278)
    world.hands("leads-on", cells=("A2",))
    assert world.battery_terminal_v() == pytest.approx(-3.278, abs=1e-3)


def test_a_hand_meter_s_error_is_not_the_bms_s() -> None:
    _, world = fresh(0.9, 0.9, bank={"arrangement": "2S"}, meter={"gain_error": 0.01}, bms={"over_voltage_v": 3.6})
    world.hands("wire-series")
    assert world.probe("highest-cell") == pytest.approx(3.322)
    assert world.probe("posts") == pytest.approx(2 * 3.3218 * 1.01, abs=1e-3)
    assert world.probe("bms-limit") == 3.6


def test_the_limit_of_the_bms_is_known_before_it_is_wired() -> None:
    _, world = fresh(0.9)
    assert world.probe("bms-limit") == 3.65


@pytest.mark.parametrize("fault", ["cell-forgotten", "wrong-count"])
def test_a_string_with_a_cell_left_out_is_one_cell_short(fault: str) -> None:
    clock, world = fresh(0.9, 0.9, 0.9, 0.9, bank={"arrangement": "4S"})
    world.inject(fault, cell="A2")
    world.hands("wire-series")
    world.hands("leads-on")
    assert world.probe("posts") == pytest.approx(3 * 3.3218, abs=1e-3)
    on(world, 14.6)
    clock.advance(360.0)
    assert gained_ah(world, 0.9, 0.9, 0.9, 0.9) == pytest.approx([1.0, 0.0, 1.0, 1.0])
    world.set_output(False)
    world.undo(fault)
    assert world.probe("posts") == pytest.approx(4 * 3.32, abs=0.05)


def test_in_groups_one_cell_or_a_whole_step_is_left_out() -> None:
    socs = (0.9,) * 6
    clock, world = fresh(*socs, bank={"arrangement": "2P3S"})
    world.inject("cell-forgotten", cell="A3")
    world.hands("wire-series")
    world.hands("leads-on")
    assert world.probe("posts") == pytest.approx(3 * 3.3218, abs=1e-3)  # nobody sees it from there
    on(world, 10.95)
    clock.advance(360.0)
    gained = gained_ah(world, *socs)
    assert gained[2] == 0.0
    assert gained[3] == pytest.approx(1.0)
    world.set_output(False)
    world.undo("cell-forgotten")
    world.inject("wrong-count", cell="A3")
    assert world.probe("posts") == pytest.approx(2 * 3.33, abs=0.02)


def test_faults_of_lead_busbar_cell_and_supply_act_on_a_string() -> None:
    clock, world = charging(bench([0.6] * 4, bank={"arrangement": "4S"}), voltage_v=14.6)
    tight_v, tight_cell_v = world.truth().posts_v or 0.0, world.truth().cells[1].voltage_v
    world.inject("busbar-loose", cell="A2")
    assert world.truth().posts_v == pytest.approx(tight_v + 10 * (10e-3 - 0.05e-3))
    assert world.truth().cells[1].voltage_v == pytest.approx(tight_cell_v)
    world.undo("busbar-loose")
    world.inject("cell-leak", cell="A3", amperes=2.0)
    clock.advance(3600.0)
    assert gained_ah(world, *[0.6] * 4) == pytest.approx([10.0, 10.0, 8.0, 10.0])
    world.inject("lead-falls-off")
    world.inject("cv-drift", volts=0.05)
    assert world.supply_terminals() == (pytest.approx(14.65), 0.0, "CV")
    world.hands("leads-on")
    assert world.supply_terminals()[1:] == (10.0, "CC")
