"""The bank against the cell model's published numbers, against a plain reference of the same equations, and against finer steps."""

from __future__ import annotations

import random

import pytest
from nodal_reference import NodalBank
from simulated_benches import bench, charging

from drivers.clock import VirtualClock
from drivers.simulated import bank as bank_module
from drivers.simulated.cells import r0_factor
from drivers.simulated.description import BenchDescription, describe
from drivers.simulated.ladder import Ladder
from drivers.simulated.lfp import table
from drivers.simulated.world import World


def currents(world: World) -> list[float]:
    return [cell.current_a for cell in world.truth().cells]


@pytest.mark.parametrize(
    ("hookup", "link_mohm", "split_a"),
    [
        ("diagonal", 0.1, [2.1, 1.3, 0.9, 0.7, 0.7, 0.9, 1.3, 2.1]),
        ("diagonal", 0.3, [2.9, 1.2, 0.6, 0.3, 0.3, 0.6, 1.2, 2.9]),
        ("same-end", 0.1, [4.0, 2.4, 1.4, 0.9, 0.5, 0.3, 0.2, 0.2]),
        ("same-end", 0.3, [5.8, 2.4, 1.0, 0.4, 0.2, 0.1, 0.03, 0.02]),
    ],
)
def test_identical_cells_on_the_plateau_share_as_published(hookup: str, link_mohm: float, split_a: list[float]) -> None:
    _, world = charging(bench([0.6] * 8, bank={"hookup": hookup, "link_mohm": link_mohm}))
    assert currents(world) == pytest.approx(split_a, abs=0.06)


def test_ladder_obeys_kirchhoff() -> None:
    resistances, links, emf_v, total_a = [0.7e-3, 0.9e-3, 0.5e-3, 1.1e-3], [1e-4, 3e-4, 2e-4], [3.31, 3.35, 3.30, 3.33], 12.0
    for hookup in ("diagonal", "same-end"):
        ladder = Ladder(resistances, links, hookup)  # type: ignore[arg-type]
        open_v, exchange_a = ladder.rest(emf_v)
        cells_a = [own + part * total_a for own, part in zip(exchange_a, ladder.share, strict=True)]
        assert sum(exchange_a) == pytest.approx(0.0, abs=1e-9)
        assert sum(cells_a) == pytest.approx(total_a)
        across = [e + r * i for e, r, i in zip(emf_v, resistances, cells_a, strict=True)]
        rail_drop_v = 0.0
        for k, link in enumerate(links):
            passed = sum(cells_a[: k + 1])
            plus_drop = link * (total_a - passed)
            minus_drop = link * (passed if hookup == "diagonal" else passed - total_a)
            assert across[k + 1] == pytest.approx(across[k] - plus_drop + minus_drop)
            rail_drop_v += minus_drop
        expected_v = across[0] + (rail_drop_v if hookup == "diagonal" else 0.0)
        assert open_v + ladder.bank_ohm * total_a == pytest.approx(expected_v)


@pytest.mark.parametrize("same_end", [False, True])
def test_a_small_bank_follows_the_plain_reference(same_end: bool) -> None:
    socs, lead_ohm = [0.975, 0.985, 0.98, 0.99], 0.02
    tables = {"bank": {"hookup": "same-end" if same_end else "diagonal", "link_mohm": 0.3, "contact_mohm": 0.05}}
    description = bench(socs, capacity_ah=20.0, lead_mohm=lead_ohm * 1e3, **tables)
    clock, world = charging(description)
    r0 = [cell.r0_mohm * 1e-3 for cell in description.cells]
    reference = NodalBank(table("A"), [20.0 * 3600] * 4, socs, r0, 0.05e-3, 0.3e-3, same_end)
    dt, charge_as, cc_end_s, below_1a_s = 0.1, 0.0, None, None
    for k in range(1, 12001):
        total_a = reference.step(3.65, 10.0, lead_ohm, dt)
        charge_as += total_a * dt
        if cc_end_s is None and total_a < 9.99:
            cc_end_s = k * dt
        if below_1a_s is None and total_a < 1.0:
            below_1a_s = k * dt
        if k in (20, 1000, 4000, 6000, 12000):  # at 2 s the exchange after switching on is in full swing
            clock.advance(k * dt - clock.now_s())
            expected_a, expected_cells_a = reference.currents(3.65, 10.0, lead_ohm)
            assert world.truth().supply_current_a == pytest.approx(expected_a, abs=0.02)
            assert currents(world) == pytest.approx(expected_cells_a, abs=0.03)
    charge = world.charges[-1]
    assert charge.cc_end_s == pytest.approx(cc_end_s, rel=0.002)
    assert charge.below_1a_s == pytest.approx(below_1a_s, rel=0.004)
    assert charge.charge_ah * 3600 == pytest.approx(charge_as, rel=5e-4)
    assert [cell.soc for cell in world.truth().cells] == pytest.approx(reference.z, abs=2e-5)


def _finished(description: BenchDescription, call_s: float) -> tuple[World, list[float | None]]:
    clock, world = charging(description)
    while world.supply_terminals()[1] > 0.09:
        clock.advance(call_s)
    charge = world.charges[-1]
    return world, [charge.cc_end_s, charge.below_1a_s, charge.below_0_1a_s]


@pytest.mark.parametrize(
    "description",
    [
        bench([0.97], lead_mohm=5),
        bench([0.95, 0.97, 0.96, 0.94], capacity_ah=50.0, lead_mohm=60, bank={"hookup": "same-end"}),
        bench([0.985, 0.99] * 4, capacity_ah=100.0, lead_mohm=20),
    ],
    ids=["1x280", "4x50 same end", "8x100"],
)
def test_chosen_steps_agree_with_much_finer_ones(description: BenchDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    _, coarse = _finished(description, 30.0)
    monkeypatch.setattr(bank_module, "CHARGE_STEP_S", 1.0)
    monkeypatch.setattr(bank_module, "STEP_VOLTAGE_V", 1e-4)
    monkeypatch.setattr(bank_module, "STEP_SOC", 1e-4)
    _, fine = _finished(description, 1.0)
    assert coarse[0] == pytest.approx(fine[0], rel=1e-3)
    assert coarse[1] == pytest.approx(fine[1], rel=2e-3)
    assert coarse[2] == pytest.approx(fine[2], rel=3e-3)


def test_reference_bank_takes_the_published_time_and_the_charge_is_closed() -> None:
    draw = random.Random(3)
    socs = [0.88 + 0.01 * k for k in range(8)]
    draw.shuffle(socs)
    description = bench(socs, lead_mohm=20)
    missing_ah = sum(280 * (1 - soc) for soc in socs)
    world, (cc_end_s, _, _) = _finished(description, 30.0)
    assert cc_end_s == pytest.approx((missing_ah - 8 * 0.77) / 10 * 3600, rel=0.01)  # 0.77 Ah a cell are left from 3.45 V on
    gained_ah = sum(280 * (cell.soc - soc) for cell, soc in zip(world.truth().cells, socs, strict=True))
    assert world.charges[-1].charge_ah == pytest.approx(gained_ah, rel=1e-6)
    assert world.soc_spread() < 1e-4
    assert world.max_cell_voltage_v <= 3.65
    assert world.max_supply_voltage_v == pytest.approx(3.65)


def test_tail_slows_down_as_published() -> None:
    """Eight cells of 280 Ah on 20 mΩ: a time constant of about an hour when the current begins to fall."""
    clock, world = charging(bench([0.995] * 8, lead_mohm=20))
    while world.supply_terminals()[1] > 8.0:
        clock.advance(5.0)
    at_8a_s = clock.now_s()
    while world.supply_terminals()[1] > 4.0:
        clock.advance(5.0)
    time_constant_s = (clock.now_s() - at_8a_s) / 0.693
    assert 35 * 60 < time_constant_s < 70 * 60


@pytest.mark.parametrize(("current_a", "after_600_s"), [(2.0, 3.600), (10.0, 3.466), (56.0, 3.326), (140.0, 3.323)])
def test_voltage_after_an_untapered_stop_is_that_of_the_full_cell_model(current_a: float, after_600_s: float) -> None:
    supply = {"model": "manual", "voltage_v": 30, "current_a": 200}
    clock, world = charging(bench([0.95], supply=supply), voltage_v=6.0, current_a=current_a)
    while world.truth().cells[0].voltage_v < 3.65:
        clock.advance(1.0 if current_a > 5 else 10.0)
    world.set_output(False)
    clock.advance(600.0)
    assert world.truth().cells[0].voltage_v == pytest.approx(after_600_s, abs=0.015)


def test_a_loose_joint_leaves_its_cell_behind() -> None:
    clock, world = charging(bench([0.93] * 8, lead_mohm=20))
    world.inject("busbar-loose", cell="A5")
    behind = {}
    for posts_v in (3.40, 3.45):
        while (world.truth().posts_v or 0.0) < posts_v:
            clock.advance(30.0)
        socs = {cell.label: cell.soc for cell in world.truth().cells}
        behind[posts_v] = max(socs.values()) - socs["A5"]
    assert 0.01 < behind[3.40] < 0.04
    assert 0.001 < behind[3.45] < 0.004


def test_full_and_half_full_cells_exchange_hundreds_of_amperes_at_first() -> None:
    clock = VirtualClock()
    world = World(bench([0.5, 1.0] * 4), clock)
    world.hands("wire-cells")
    at_once = max(abs(current) for current in currents(world))
    clock.advance(60.0)
    later = max(abs(current) for current in currents(world))
    assert at_once == pytest.approx(250, rel=0.1)
    assert later == pytest.approx(43, rel=0.1)
    assert sum(currents(world)) == pytest.approx(0.0, abs=1e-6)


def test_paralleling_on_the_plateau_hardly_balances() -> None:
    clock = VirtualClock()
    world = World(bench([0.88 + 0.01 * k for k in range(8)]), clock)
    world.hands("wire-cells")
    clock.advance(600.0)
    assert max(abs(current) for current in currents(world)) < 1.5
    clock.advance(86400.0)
    assert world.soc_spread() > 0.012


def test_the_slow_lag_lets_a_full_cell_fall_further() -> None:
    rest_v = {}
    for slow_lag in (False, True):
        clock, world = charging(bench([0.92], physics={"slow_lag": slow_lag}))
        while world.supply_terminals()[2] == "CC":
            clock.advance(10.0)
        world.set_output(False)
        clock.advance(6 * 3600.0)
        rest_v[slow_lag] = world.truth().cells[0].voltage_v
    assert rest_v[True] < rest_v[False] - 0.02


def test_hysteresis_raises_the_charge_branch_only_when_it_is_on() -> None:
    rest_v = {}
    for hysteresis in (False, True):
        clock, world = charging(bench([0.4], physics={"hysteresis": hysteresis}))
        clock.advance(3 * 3600.0)
        world.set_output(False)
        clock.advance(6 * 3600.0)
        rest_v[hysteresis] = world.truth().cells[0].voltage_v
    assert rest_v[True] - rest_v[False] == pytest.approx(0.008, abs=0.0005)


def test_self_discharge_holds_the_tail_up_and_drains_at_rest() -> None:
    cells = [{"capacity_ah": 100, "soc": 0.999, "self_discharge_ma": 50}, {"capacity_ah": 100, "soc": 0.999, "self_discharge_ma": 10}]
    clock, world = charging(bench([], cell=cells))  # type: ignore[arg-type]
    clock.advance(6 * 3600.0)
    assert world.supply_terminals()[1] == pytest.approx(0.060, abs=0.002)
    world.hands("take-apart")
    before = [cell.soc for cell in world.truth().cells]
    clock.advance(10 * 3600.0)
    after = [cell.soc for cell in world.truth().cells]
    assert [a - b for a, b in zip(after, before, strict=True)] == pytest.approx([-0.005, -0.001], rel=1e-6)


@pytest.mark.parametrize(("temperature_c", "factor"), [(0.0, 3.0), (10.0, 1.9), (25.0, 1.0), (40.0, 0.56)])
def test_resistance_grows_in_the_cold(temperature_c: float, factor: float) -> None:
    assert r0_factor(temperature_c) == pytest.approx(factor, rel=0.03)


def test_how_often_somebody_looks_does_not_change_the_result() -> None:
    socs = []
    for calls in (1, 500):
        clock, world = charging(describe(cells=4, capacity_ah=50, soc=(0.96, 0.99)))
        for _ in range(calls):
            clock.advance(2000.0 / calls)
            world.advance()
        socs.append([cell.soc for cell in world.truth().cells])
    assert socs[0] == pytest.approx(socs[1], abs=5e-6)
