"""The BMS of a simulated string: when it opens, what the supply then sees, when it closes again, and how it fails."""

from __future__ import annotations

import pytest
from simulated_benches import bench, charging
from test_series_string import until_open

from drivers.modbus import read_request
from drivers.simulated.faults import FaultError
from drivers.simulated.riden import RidenEmulator

SOCS = [0.985, 0.97, 0.98, 0.975]
STRING = {"arrangement": "4S"}


def opened_s(tick_s: float, **bms: float) -> float:
    _, world = until_open(bench(SOCS, bank=STRING, bms=bms), 14.6, tick_s=tick_s)
    return world.charges[0].ended_s or 0.0


def test_it_opens_its_delay_after_the_crossing_whatever_the_clock_s_tick() -> None:
    clock, world = charging(bench(SOCS, bank=STRING, bms={"delay_s": 60.0}), voltage_v=14.6)
    clock.advance(1200.0)
    while world.truth().cells[0].voltage_v < 3.65:
        clock.advance(0.05)
    for tick_s in (0.7, 7.0, 30.0):
        assert opened_s(tick_s, delay_s=0.0) == pytest.approx(clock.now_s(), abs=0.15)
        assert opened_s(tick_s, delay_s=1.0) == pytest.approx(clock.now_s() + 1.0, abs=0.15)
    assert opened_s(30.0, delay_s=5.0) == pytest.approx(clock.now_s() + 5.0, abs=0.15)


def test_an_earlier_limit_opens_earlier() -> None:
    assert opened_s(30.0, over_voltage_v=3.5) < opened_s(30.0, over_voltage_v=3.6) < opened_s(30.0)


def test_the_highest_cell_opens_it_in_groups_too() -> None:
    _, world = until_open(bench([0.97, 0.975, 0.985, 0.98], bank={"arrangement": "2P2S"}), 7.3, current_a=20.0)
    assert max(world.truth().cells, key=lambda cell: cell.soc).label in ("A3", "A4")
    assert 3.65 < world.max_cell_voltage_v < 3.655


def test_a_cell_that_falls_back_within_the_delay_does_not_open_it() -> None:
    clock, world = charging(bench(SOCS, bank=STRING, bms={"delay_s": 10.0}), voltage_v=14.6)
    clock.advance(1200.0)
    while world.truth().cells[0].voltage_v < 3.651:
        clock.advance(0.1)
    world.set_supply(current_a=1.0)
    clock.advance(60.0)
    assert world.truth().charge_path_closed


def test_once_open_the_supply_stands_at_its_set_point_and_the_posts_show_the_cells() -> None:
    _, world = until_open(bench(SOCS, bank=STRING, supply={"model": "RD6012", "set_point_error_v": 0.02}), 14.6, tick_s=1.0)
    assert world.supply_terminals() == (pytest.approx(14.62), 0.0, "CV")
    truth = world.truth()
    assert truth.posts_v == pytest.approx(sum(cell.voltage_v for cell in truth.cells))
    assert world.battery_terminal_v() == pytest.approx(14.62)
    world.set_output(False)
    assert world.battery_terminal_v() == pytest.approx(truth.posts_v)
    assert world.probe("posts") == pytest.approx(truth.posts_v, abs=6e-4)


def test_the_riden_shows_constant_current_and_then_no_current_at_the_set_point() -> None:
    clock, world = charging(bench(SOCS, bank=STRING, supply={"model": "RD6012"}), voltage_v=14.6)
    world.set_protection(over_voltage_v=14.7, over_current_a=11.0)
    riden = RidenEmulator(world, "RD6012")

    def shown() -> tuple[int, int, int, int]:
        """Volts and amperes in hundredths, constant current, output."""
        words = riden.answer(read_request(1, 0, 42))[3:-2]
        registers = [int.from_bytes(words[k : k + 2], "big") for k in range(0, len(words), 2)]
        return registers[10], registers[11], registers[17], registers[18]

    before = shown()
    assert 1330 < before[0] < 1460
    assert before[1:] == (1000, 1, 1)
    while world.truth().charge_path_closed:
        clock.advance(10.0)
    assert shown() == (1460, 0, 0, 1)  # and its own protection, 0.1 V higher, has not tripped


def test_it_closes_again_when_all_cells_have_fallen_and_opens_sooner_the_next_time() -> None:
    clock, world = until_open(bench(SOCS, bank=STRING), 14.6, tick_s=1.0)
    opened_at_s = clock.now_s()
    while not world.truth().charge_path_closed:
        assert max(cell.voltage_v for cell in world.truth().cells) > 3.5
        clock.advance(1.0)
    assert 30 < clock.now_s() - opened_at_s < 300  # published: 3.526 V after one minute, 3.476 V after five
    assert world.supply_terminals() == (pytest.approx(13.7, abs=0.4), 10.0, "CC")
    while world.truth().charge_path_closed:
        clock.advance(1.0)
    first, second = world.charges
    assert second.charge_ah < first.charge_ah / 10
    assert 3.65 < world.max_cell_voltage_v < 3.655


def test_wiring_anew_wakes_it() -> None:
    _, world = until_open(bench(SOCS, bank=STRING), 14.6, tick_s=1.0)
    world.set_output(False)
    world.hands("take-apart")
    world.hands("wire-series")
    assert world.truth().charge_path_closed


def test_current_that_passes_it_by_is_not_its_matter() -> None:
    clock, world = charging(bench([0.99, 0.5], bank=STRING | {"arrangement": "2S"}), voltage_v=3.7)
    world.set_output(False)
    world.hands("leads-on", cells=("A1",))
    world.set_output(True)
    clock.advance(3600.0)
    assert world.truth().cells[0].voltage_v == pytest.approx(3.7, abs=0.02)
    assert world.truth().charge_path_closed
    assert world.truth().cells[1].current_a == 0.0


def test_it_opens_for_another_reason_and_stays_open_until_that_is_mended() -> None:
    clock, world = charging(bench([0.6, 0.6, 0.6, 0.6], bank=STRING), voltage_v=14.6)
    world.inject("bms-opens", at_s=600.0)
    clock.advance(3600.0)
    assert world.supply_terminals() == (14.6, 0.0, "CV")
    assert world.charges[0].ended_s == pytest.approx(600.0)
    assert world.charges[0].cc_end_s == pytest.approx(600.0)
    assert world.charges[0].charge_ah == pytest.approx(10 / 6)
    world.undo("bms-opens")
    assert world.supply_terminals()[1:] == (10.0, "CC")


def test_a_stuck_one_never_opens_until_it_is_mended() -> None:
    clock, world = charging(bench([0.99, 0.9, 0.9, 0.9], bank=STRING), voltage_v=14.6)
    world.inject("bms-stuck")
    clock.advance(1800.0)
    assert world.truth().cells[0].voltage_v > 3.8
    assert world.supply_terminals()[1] > 1.0
    world.undo("bms-stuck")
    assert world.supply_terminals()[1] == 0.0


def test_faults_of_a_bms_need_one() -> None:
    _, world = charging(bench([0.9, 0.9], bank={"arrangement": "2S"}, bms={"fitted": False}), voltage_v=7.3)
    with pytest.raises(FaultError, match="no BMS"):
        world.inject("bms-stuck")
    assert world.probe("bms-limit") is None


def test_leads_the_wrong_way_round_discharge_the_string_through_its_open_charge_path() -> None:
    clock, world = charging(bench([0.9] * 4, bank=STRING), voltage_v=14.6, current_a=0.5)
    world.set_output(False)
    world.hands("leads-apart")
    world.inject("leads-reversed")
    assert world.probe("posts") == pytest.approx(-13.287, abs=0.01)
    world.hands("leads-on")
    assert world.battery_terminal_v() == pytest.approx(-13.287, abs=0.01)
    world.inject("bms-opens")
    world.set_output(True)
    assert world.supply_terminals() == (0.0, 0.5, "CC")
    clock.advance(60.0)
    assert all(cell.soc < 0.9 for cell in world.truth().cells)
