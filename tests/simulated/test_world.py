"""Hands, probes and faults of the simulated bench, and what the supply sees at its terminals."""

from __future__ import annotations

import threading

import pytest
from simulated_benches import bench, charging

from drivers.clock import VirtualClock
from drivers.simulated.faults import FaultError, parse_fault
from drivers.simulated.world import World


class Wall:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def fresh(*socs: float, **tables: dict[str, object]) -> tuple[VirtualClock, World, Wall]:
    clock, wall = VirtualClock(), Wall()
    return clock, World(bench(list(socs), **tables), clock, wall_s=wall), wall


def test_cells_stand_apart_at_first_and_nothing_is_joined() -> None:
    _, world, _ = fresh(0.2, 0.9)
    assert world.probe("cell:A1") == pytest.approx(3.230)
    assert world.probe("cell:A2") == pytest.approx(3.322)
    assert world.probe("posts") is None
    assert world.probe("lead-ends") == 0.0
    assert world.battery_terminal_v() == 0.0
    assert world.truth().posts_v is None


def test_lead_ends_show_the_open_voltage_for_who_watches_a_short_test() -> None:
    clock, world, wall = fresh(0.9, supply={"model": "RD6012", "set_point_error_v": 0.02})
    world.set_supply(voltage_v=3.65, current_a=1.0)
    world.set_output(True)
    assert world.supply_terminals() == (pytest.approx(3.67), 0.0, "CV")
    clock.advance(3.0)
    world.set_output(False)
    assert world.supply_terminals()[0] == 0.0
    assert world.probe("lead-ends") == pytest.approx(3.67)
    clock.advance(60.0)
    assert world.probe("lead-ends") == pytest.approx(3.67)  # fast bench time: ten wall seconds are not over
    wall.now_s += 11.0
    assert world.probe("lead-ends") == 0.0


def test_leads_on_a_wired_bank_charge_it_and_apart_they_do_not() -> None:
    clock, world, _ = fresh(0.9, 0.9)
    world.hands("wire-cells")
    world.set_supply(voltage_v=3.65, current_a=10.0)
    world.set_output(True)
    clock.advance(3600.0)
    assert world.charges == ()
    world.set_output(False)
    world.hands("leads-on")
    assert world.battery_terminal_v() == pytest.approx(3.322, abs=0.001)
    world.set_output(True)
    clock.advance(3600.0)
    voltage_v, current_a, mode = world.supply_terminals()
    assert (current_a, mode) == (10.0, "CC")
    assert voltage_v == pytest.approx((world.truth().posts_v or 0) + 0.05)
    (charge,) = world.charges
    assert charge.charge_ah == pytest.approx(10.0)
    assert charge.started_s == 3600.0
    world.hands("leads-apart")
    assert world.charges[0].ended_s == 7200.0
    assert world.supply_terminals() == (3.65, 0.0, "CV")


def test_each_output_on_begins_a_charge_of_its_own() -> None:
    clock, world = charging(bench([0.9]))
    clock.advance(60.0)
    world.set_output(False)
    clock.advance(60.0)
    world.set_output(True)
    clock.advance(36.0)
    first, second = world.charges
    assert (first.started_s, first.ended_s, second.started_s, second.ended_s) == (0.0, 60.0, 120.0, None)
    assert second.charge_ah == pytest.approx(0.1)


def test_supply_does_not_sink_current_and_shows_the_bank_that_stands_higher() -> None:
    _, world = charging(bench([0.9]), voltage_v=3.0)
    voltage_v, current_a, mode = world.supply_terminals()
    assert (current_a, mode) == (0.0, "CV")
    assert voltage_v == pytest.approx(3.3218, abs=1e-3)


def test_milestones_count_from_output_on_and_follow_the_current() -> None:
    clock = VirtualClock()
    clock.advance(1000.0)
    world = World(bench([0.995], lead_mohm=20), clock, assembled=True)
    world.set_supply(voltage_v=3.65, current_a=10.0)
    world.set_output(True)
    seen: dict[float, float] = {}
    while world.supply_terminals()[1] > 0.09:
        clock.advance(1.0)
        for limit_a in (9.99, 5.0, 1.0, 0.1):
            if limit_a not in seen and world.supply_terminals()[1] < limit_a:
                seen[limit_a] = clock.now_s() - 1000.0
    charge = world.charges[-1]
    found = [charge.cc_end_s, charge.below_5a_s, charge.below_1a_s, charge.below_0_1a_s]
    assert found == pytest.approx([seen[9.99], seen[5.0], seen[1.0], seen[0.1]], abs=1.0)


def test_hands_that_reverse_the_leads_make_the_posts_negative_and_the_supply_see_a_short() -> None:
    clock, world, _ = fresh(0.9, 0.9)
    world.inject("leads-reversed")
    world.hands("wire-cells")
    assert world.probe("posts") == pytest.approx(-3.322)
    world.hands("leads-on")
    assert world.battery_terminal_v() < -3.3
    world.set_supply(voltage_v=3.4, current_a=0.2)
    world.set_output(True)
    assert world.supply_terminals() == (0.0, 0.2, "CC")
    before = sum(cell.soc for cell in world.truth().cells)
    clock.advance(10.0)
    assert sum(cell.soc for cell in world.truth().cells) < before
    world.set_output(False)
    world.undo("leads-reversed")
    world.hands("leads-apart")
    world.hands("leads-on")
    assert world.probe("posts") == pytest.approx(3.322, abs=0.002)
    assert world.battery_terminal_v() > 3.3


def test_a_lead_that_falls_off_at_its_time_leaves_the_set_point_at_the_supply() -> None:
    clock, world = charging(bench([0.9]))
    world.inject("lead-falls-off", at_s=300.0)
    clock.advance(299.0)
    assert world.supply_terminals()[1] == 10.0
    clock.advance(2.0)
    assert world.supply_terminals() == (3.65, 0.0, "CV")
    assert world.charges[0].ended_s == 300.0
    assert world.charges[0].charge_ah == pytest.approx(300 * 10 / 3600)
    world.hands("leads-on")
    assert world.supply_terminals()[1] == 10.0


def test_a_forgotten_cell_stays_where_it_was_while_the_others_charge() -> None:
    clock, world = charging(bench([0.9, 0.9, 0.9]))
    world.inject("cell-forgotten", cell="A2")
    before = world.truth().cells[1].soc
    clock.advance(3600.0)
    first, second, third = world.truth().cells
    assert (second.soc, second.current_a) == (before, 0.0)
    assert first.current_a + third.current_a == pytest.approx(10.0)


def test_cv_drift_and_leak_act_until_they_are_mended() -> None:
    clock, world = charging(bench([0.9999]))
    world.inject("cv-drift", volts=0.03)
    assert world.supply_terminals()[0] == pytest.approx(3.68)
    world.undo("cv-drift")
    clock.advance(3600.0)
    assert world.supply_terminals()[0] == pytest.approx(3.65)
    world.inject("cell-leak", cell="A1", amperes=0.4)
    clock.advance(7200.0)
    assert world.supply_terminals()[1] == pytest.approx(0.4, abs=0.02)
    assert world.max_supply_voltage_v == pytest.approx(3.68)


def test_over_voltage_protection_switches_off_at_once_and_stays_off() -> None:
    clock, world = charging(bench([0.98]), voltage_v=4.5)
    world.set_protection(over_voltage_v=3.75, over_current_a=11.0)
    clock.advance(7200.0)
    assert not world.output_on
    assert world.tripped == "OVP"
    assert 3.75 < world.max_supply_voltage_v < 3.76
    world.set_supply(voltage_v=3.4)
    world.set_output(True)
    assert world.tripped == ""


def test_a_supply_without_interface_is_turned_by_hands_and_shows_its_own_display() -> None:
    supply = {"model": "manual", "set_point_error_v": 0.03}
    _, world, _ = fresh(0.9, supply=supply, meter={"gain_error": 0.001, "offset_v": 0.002})
    world.hands("set-knobs", voltage_v=3.65, current_a=8.0)
    world.hands("switch-on")
    assert world.probe("panel-v") == 3.65
    assert world.probe("panel-a") == 0.0
    assert world.probe("lead-ends") == pytest.approx(round(3.68 * 1.001 + 0.002, 3))
    world.hands("trim-knob", voltage_v=3.62)
    assert world.probe("supply") == pytest.approx(round(3.65 * 1.001 + 0.002, 3))
    world.hands("switch-off")
    assert world.probe("panel-v") == 0.0
    world.hands("wire-cells")
    world.hands("leads-on")
    world.hands("switch-on")
    assert world.probe("panel-a") == 8.0


def test_knobs_and_switch_leave_a_supply_with_an_interface_alone() -> None:
    _, world, _ = fresh(0.9)
    world.hands("set-knobs", voltage_v=5.0, current_a=5.0)
    world.hands("switch-on")
    assert world.set_points == (0.0, 0.0)
    assert not world.output_on


def test_cells_that_stay_apart_are_charged_one_at_a_time() -> None:
    clock = VirtualClock()
    world = World(bench([0.9, 0.8], bank={"arrangement": "apart"}), clock)
    world.hands("wire-cells")
    world.hands("leads-on", cells=("A2",))
    world.set_supply(voltage_v=3.65, current_a=10.0)
    world.set_output(True)
    clock.advance(3600.0)
    assert [cell.soc for cell in world.truth().cells] == pytest.approx([0.9, 0.8 + 10 / 280])


def test_cells_warm_with_their_own_resistance_only() -> None:
    clock, world = charging(bench([0.5], bank={"ambient_c": 20.0}), current_a=10.0)
    assert world.probe("surface") == 20.0
    clock.advance(4 * 3600.0)
    assert world.probe("surface") == pytest.approx(20.1, abs=0.1)


def test_unknown_words_are_refused() -> None:
    _, world, _ = fresh(0.9)
    with pytest.raises(ValueError, match="act 'jump'"):
        world.hands("jump")
    with pytest.raises(ValueError, match="point 'nose'"):
        world.probe("nose")
    with pytest.raises(ValueError, match="no cell 'B7'"):
        world.probe("cell:B7")
    with pytest.raises(FaultError, match="lead-falls-off"):
        world.inject("lead-jumps-off")
    with pytest.raises(FaultError, match="wire"):
        world.inject("silence")
    with pytest.raises(FaultError, match="no cell 'B7'"):
        world.inject("cell-forgotten", cell="B7")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("silence", ("silence", None, "", None)),
        ("lead-falls-off@5m", ("lead-falls-off", 300.0, "", None)),
        ("cv-drift@1.5h=0.04", ("cv-drift", 5400.0, "", 0.04)),
        ("cv-drift=-0.02", ("cv-drift", None, "", -0.02)),
        ("busbar-loose=A2", ("busbar-loose", None, "A2", None)),
        ("cell-leak@90=A3:0.5", ("cell-leak", 90.0, "A3", 0.5)),
        ("cell-leak=0.25", ("cell-leak", None, "", 0.25)),
        ("panel-set-voltage@30s=3.8", ("panel-set-voltage", 30.0, "", 3.8)),
    ],
)
def test_faults_are_read_as_typed(text: str, expected: tuple[str, float | None, str, float | None]) -> None:
    fault = parse_fault(text)
    assert (fault.name, fault.at_s, fault.cell, fault.number) == expected


@pytest.mark.parametrize("text", ["", "silense", "silence=3", "cv-drift=high", "busbar-loose@soon", "lead-falls-off@5d", "@5m"])
def test_faults_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(FaultError):
        parse_fault(text)


def test_many_threads_may_look_at_once() -> None:
    clock, world = charging(bench([0.99] * 4, capacity_ah=50))
    seen: list[float] = []

    def look() -> None:
        for _ in range(50):
            seen.append(world.supply_terminals()[0])
            world.truth()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        clock.advance(1.0)
    for thread in threads:
        thread.join()
    charge = world.charges[0]
    gained_ah = sum((cell.soc - 0.99) * 50 for cell in world.truth().cells)
    assert len(seen) == 200
    assert charge.charge_ah == pytest.approx(gained_ah, rel=1e-9)
