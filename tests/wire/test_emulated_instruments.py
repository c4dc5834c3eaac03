"""The real drivers against our own emulators: over an in-memory line on a virtual clock, and over a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.catalog import FAMILIES, open_meter, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.roles import GarbledAnswer, LostLine, NoAnswer, Refused, Supply, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench


def in_memory(model: str = "RD6012", speed: str = "") -> tuple[EmbeddedBench, Supply, VirtualClock]:
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2, model=model, supply_current_a=5.0), clock)
    lines = bench.memory_lines()
    supply = open_supply(bench.supply_address + speed, clock=clock, line_factory=lambda address: lines[str(address).partition("?")[0]]())
    return bench, supply, clock


def open_lead_check(supply: Supply) -> None:
    """What a bench does before cells are near: write test, set-points, three seconds of output, off."""
    supply.prove_writable()
    supply.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    off = supply.read()
    assert (off.output_on, off.set_voltage_v, off.set_current_a) == (False, pytest.approx(3.65), pytest.approx(2.0))
    supply.switch_output(True)
    on = supply.read()
    assert on.output_on is True and on.voltage_v == pytest.approx(3.65, abs=0.011) and on.current_a == pytest.approx(0.0, abs=0.01)
    supply.switch_output(False)
    assert supply.read().output_on is False


@pytest.mark.parametrize("model", FAMILIES["riden"].models)
def test_driver_and_emulator_agree_on_the_scale_of_each_model(model: str) -> None:
    _, supply, _ = in_memory(model)
    assert supply.identify().model == model
    open_lead_check(supply)
    assert supply.power_up_output() is False
    supply.throttle()
    assert supply.read().set_voltage_v == 0.0


def test_the_emulator_proves_itself() -> None:
    _, supply, _ = in_memory(speed="?speed=60")
    assert supply.identify().emulated
    assert not in_memory()[1].identify().emulated  # nobody asked


def test_faults_on_the_wire_end_as_the_errors_that_the_bench_knows() -> None:
    bench, supply, _ = in_memory()
    emulator = bench.supply
    assert emulator is not None
    supply.identify()
    supply.program(voltage_v=3.65, current_a=2.0)
    for fault, error in (("silence", NoAnswer), ("garbled-crc", GarbledAnswer), ("wrong-model", WrongDevice)):
        emulator.inject(fault)
        with pytest.raises(error):
            supply.read()
        emulator.undo(fault)
        assert supply.read().set_voltage_v == pytest.approx(3.65)
    emulator.inject("lost-reply", number=1)
    supply.set_voltage(3.64)  # the first answer is lost; what was written is found by reading back
    assert supply.read().set_voltage_v == pytest.approx(3.64)
    supply.switch_output(True)
    emulator.inject("output-stuck-on")
    with pytest.raises(Refused, match="flag reads 1"):
        supply.switch_output(False)
    supply.throttle()
    reading = supply.read()
    assert (reading.output_on, reading.set_voltage_v, reading.set_current_a) == (True, 0.0, 0.0)


def test_a_reading_that_is_late_beyond_the_deadline_is_no_reading() -> None:
    bench, supply, _ = in_memory()
    supply.identify()
    assert bench.supply is not None
    bench.supply.inject("delayed", number=0.8)
    with pytest.raises(NoAnswer):
        supply.read()


def test_the_meter_on_the_bank_after_three_lines() -> None:
    bench, _, clock = in_memory()
    lines = bench.memory_lines()
    meter = open_meter(bench.meter_address, clock=clock, line_factory=lambda address: lines[str(address)]())
    assert meter.identify().point == "bank"
    bench.world.hands("wire-cells")
    for _ in range(3):
        clock.advance(1.0)
        reading = meter.read()
    assert reading.status == "ok" and reading.time_s == clock.now_s()
    assert 3.2 < (reading.channels_v["1"] or 0) < 3.6 and reading.resolution_v == pytest.approx(0.0001)
    bench.meter.inject("silence")
    for _ in range(12):
        clock.advance(1.0)
        reading = meter.read()
    assert reading.status == "stale" and reading.channels_v == {"1": None}


def test_supply_and_meter_on_a_string_until_its_bms_opens() -> None:
    clock = VirtualClock()
    bench = EmbeddedBench(
        describe(cells=8, soc=(0.97, 0.99), supply_current_a=10.0, arrangement="8S", bms_over_voltage_v=3.6), clock, assembled=True
    )
    lines = bench.memory_lines()
    supply = open_supply(bench.supply_address, clock=clock, line_factory=lambda address: lines[str(address)]())
    meter = open_meter(bench.meter_address, clock=clock, line_factory=lambda address: lines[str(address)]())
    supply.identify()
    supply.program(voltage_v=28.8, current_a=10.0, over_voltage_v=28.9, over_current_a=11.0)
    supply.switch_output(True)
    seen: list[tuple[float | None, ...]] = []
    while bench.world.truth().charge_path_closed:
        clock.advance(10.0)
        reading = supply.read()
        seen.append((reading.current_a, reading.voltage_v, meter.read().channels_v.get("1")))
    assert seen[-2][0] == pytest.approx(10.0, abs=0.02)
    assert 26.5 < (seen[-2][2] or 0) < (seen[-2][1] or 0) < 28.8
    assert seen[-1][:2] == (0.0, pytest.approx(28.8, abs=0.011))
    assert (supply.read().output_on, supply.read().mode, supply.read().protection) == (True, "CV", "")
    supply.switch_output(False)
    assert supply.read().battery_voltage_v == pytest.approx(bench.world.truth().posts_v, abs=0.02)
    supply.close()
    meter.close()


@pytest.fixture
def on_ptys() -> Iterator[EmbeddedBench]:
    bench = EmbeddedBench(describe(cells=2), WallClock(), assembled=True)
    bench.open_ptys()
    yield bench
    bench.close()


def test_the_supply_over_a_pseudo_terminal(on_ptys: EmbeddedBench) -> None:
    supply = open_supply(f"{on_ptys.supply_address}?speed=60", clock=WallClock())
    profile = supply.identify()
    assert (profile.model, profile.emulated) == ("RD6012", True)
    supply.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    supply.switch_output(True)
    reading = supply.read()
    assert (reading.output_on, reading.mode, reading.current_a) == (True, "CC", pytest.approx(2.0, abs=0.02))
    supply.switch_output(False)
    assert supply.read().current_a == 0.0
    supply.close()


def test_a_late_answer_on_a_pseudo_terminal_never_passes_for_a_later_one(on_ptys: EmbeddedBench) -> None:
    supply = open_supply(on_ptys.supply_address, clock=WallClock())
    supply.identify()
    assert on_ptys.supply is not None
    on_ptys.supply.inject("delayed", number=0.6)  # arrives while the next try is listening
    with pytest.raises((NoAnswer, GarbledAnswer)):
        supply.read()
    supply.close()


def test_the_meter_over_a_pseudo_terminal(on_ptys: EmbeddedBench) -> None:
    meter = open_meter(f"{on_ptys.meter_address}?speed=2", clock=WallClock())
    assert meter.identify().emulated
    meter.close()
    meter = open_meter(on_ptys.meter_address, clock=WallClock())
    meter.identify()  # waits for three good lines
    reading = meter.read()
    assert reading.status == "ok" and 3.2 < (reading.channels_v["1"] or 0) < 3.6
    meter.close()


def test_a_terminal_that_is_taken_away_is_a_lost_line(on_ptys: EmbeddedBench) -> None:
    supply = open_supply(on_ptys.supply_address, clock=WallClock())
    supply.identify()
    on_ptys.close()
    with pytest.raises(LostLine):
        supply.read()
    with pytest.raises(LostLine):
        supply.switch_output(False)
    supply.close()
