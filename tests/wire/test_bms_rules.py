"""What holds for every BMS that is asked over a wire: the real drivers against the emulators, in memory and over a pseudo-terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.bms.common import AskedBms
from drivers.catalog import FAMILIES, open_bms
from drivers.clock import VirtualClock, WallClock
from drivers.roles import Bms, GarbledAnswer, InstrumentError, Line, LostLine, NoAnswer, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.simulated.lines import MemoryLine, PtyServer
from tests.wire.mutations import spoilt

KINDS = [(family, model) for family, one in EMULATED.items() if one.kind == "bms" for model in (*one.models, "")[: max(len(one.models), 1)]]
TELLS_LIMIT = {"jk-uart": True, "jk-pb": True, "daly": True, "seplos-v2": False}


def bench_of(clock: Any, cells: int = 4, **more: Any) -> EmbeddedBench:
    described = describe(cells=cells, soc=(0.97, 0.985), supply_current_a=10.0, arrangement=f"{cells}S", bms_over_voltage_v=3.6, **more)
    return EmbeddedBench(described, clock, assembled=True)


class Heard:
    """A line that keeps what was sent and what was answered, and may add to it."""

    def __init__(self, line: Line) -> None:
        self.url, self._line = line.url, line
        self.sent: list[bytes] = []
        self.answers: dict[bytes, bytes] = {}
        self.before = self.echo = b""
        self.lost = False
        self.change: Any = None

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.sent.append(request)
        if self.lost:
            raise LostLine(self.url, "exchange", "the line is gone.")
        answer = self._line.ask(request, 4096, deadline_s, end=end, silence_s=silence_s)
        self.answers[request] = answer
        if self.change is not None:
            answer = self.change(answer)
        return ((request if self.echo else b"") + self.before + answer)[:expect]

    def write(self, data: bytes) -> None:
        raise AssertionError("a BMS is only asked")

    def read_available(self) -> bytes:
        raise AssertionError("a BMS is only asked")

    def close(self) -> None:
        self._line.close()


def in_memory(family: str, model: str = "", *, cells: int = 4, speed: str = "") -> tuple[EmbeddedBench, Any, Bms, Heard, VirtualClock]:
    clock = VirtualClock()
    bench = bench_of(clock, cells)
    station = bench.add(family, model)
    line = Heard(MemoryLine("memory", station.emulator))
    bms = open_bms(station.address + speed, clock=clock, line_factory=lambda _: line)
    return bench, station.emulator, bms, line, clock


every_kind = pytest.mark.parametrize(("family", "model"), KINDS)


@every_kind
def test_identity_cells_and_limits_are_those_of_the_bench(family: str, model: str) -> None:
    bench, _, bms, _, clock = in_memory(family, model)
    profile = bms.identify()
    assert (profile.family, profile.cell_count, profile.emulated) == (family, 4, False)
    clock.advance(5.0)
    reading = bms.read()
    truth = [cell.voltage_v for cell in bench.world.truth().cells]
    assert reading.cell_voltages_v == tuple(pytest.approx(volts, abs=0.0006) for volts in truth)
    assert reading.pack_voltage_v == pytest.approx(sum(truth), abs=0.051) and reading.current_a == 0.0
    assert (reading.time_s, reading.charge_fet_on, reading.discharge_fet_on) == (clock.now_s(), True, True)
    assert (reading.protection, reading.charge_cut_by_cell_overvoltage) == ((), False)
    limit = 3.6 if TELLS_LIMIT.get(family, model != "V4") else None
    assert reading.cell_overvoltage_protection_v == limit
    bms.close()


@every_kind
def test_a_string_is_charged_until_its_bms_opens_and_it_says_why(family: str, model: str) -> None:
    bench, _, bms, _, clock = in_memory(family, model)
    bench.world.set_supply(voltage_v=14.4, current_a=10.0)
    bench.world.set_output(True)
    clock.advance(10.0)
    assert bms.read().current_a == pytest.approx(10.0, abs=0.06)
    while bench.world.truth().charge_path_closed:
        clock.advance(10.0)
    cut = bms.read()
    assert cut.charge_cut_by_cell_overvoltage is True and cut.protection == ("cell_overvoltage",)
    assert cut.current_a == 0.0 and max(volts or 0.0 for volts in cut.cell_voltages_v) > 3.5
    while not bench.world.truth().charge_path_closed:
        clock.advance(10.0)
    assert bms.read().charge_cut_by_cell_overvoltage is False
    bench.world.inject("bms-opens")
    other = bms.read()
    assert other.charge_cut_by_cell_overvoltage is False and other.charge_fet_on is False and len(other.protection or ()) == 1


@every_kind
def test_faults_of_the_wire_end_as_the_errors_that_the_bench_knows(family: str, model: str) -> None:
    _, emulator, bms, _, _ = in_memory(family, model)
    bms.identify()
    for fault, number, errors in (("silence", None, NoAnswer), ("garbled-crc", 0, GarbledAnswer), ("delayed", 0.9, NoAnswer)):
        emulator.inject(fault, number=number)
        with pytest.raises(errors):
            bms.read()
        emulator.undo(fault)
        assert len(bms.read().cell_voltages_v) == 4
    emulator.inject("lost-reply", number=1)
    assert len(bms.read().cell_voltages_v) == 4
    emulator.inject("garbled-crc", number=1)
    assert len(bms.read().cell_voltages_v) == 4


@every_kind
@pytest.mark.parametrize("number", [1, 0])
def test_a_late_answer_to_an_earlier_poll_is_not_taken_for_the_present_one(family: str, model: str, number: int) -> None:
    """With every answer late by one, what is given was still asked for in this poll."""
    bench, emulator, bms, _, clock = in_memory(family, model)
    bench.world.set_supply(voltage_v=14.4, current_a=10.0)
    bms.identify()
    bench.world.set_output(True)
    emulator.inject("late-answer", number=number)
    given = 0
    for step in range(6):
        clock.advance(60.0)
        try:
            reading = bms.read()
        except InstrumentError:
            continue
        given += 1
        truth = [cell.voltage_v for cell in bench.world.truth().cells]
        assert reading.cell_voltages_v == tuple(pytest.approx(volts, abs=0.0006) for volts in truth), step
        assert reading.current_a == pytest.approx(bench.world.supply_terminals()[1], abs=0.06)
    assert given >= 4


@every_kind
def test_noise_before_the_answer_and_an_echo_are_passed_over(family: str, model: str) -> None:
    _, _, bms, line, _ = in_memory(family, model)
    bms.identify()
    wanted = bms.read().cell_voltages_v
    header = bms.header if isinstance(bms, AskedBms) else b""
    for before, echo in ((b"\0\xff" + header, b""), (header * 2, b""), (b"", b"echo"), (b"\0", b"echo")):
        line.before, line.echo = before, echo
        assert bms.read().cell_voltages_v == wanted


@every_kind
def test_another_board_on_the_same_line_is_noticed(family: str, model: str) -> None:
    _, _, bms, line, _ = in_memory(family, model)
    bms.read()
    line.lost = True
    with pytest.raises(LostLine):
        bms.read()
    line.lost = False
    assert len(bms.read().cell_voltages_v) == 4  # the same board again
    other, clock = bench_of(VirtualClock(), 8), VirtualClock()
    line._line = MemoryLine("memory", other.add(family, model).emulator)
    with pytest.raises((WrongDevice, GarbledAnswer)):  # without a lost line, its count gives it away
        bms.read()
    with pytest.raises(WrongDevice, match="8 cells"):
        bms.read()
    assert clock.now_s() == 0.0


@every_kind
def test_the_emulator_proves_itself_and_nothing_else_does(family: str, model: str) -> None:
    assert in_memory(family, model, speed="?speed=60")[2].identify().emulated
    _, _, bms, line, _ = in_memory(family, model, speed="?speed=60")
    line.change = lambda answer: b""
    with pytest.raises(WrongDevice):
        bms.identify()
    assert len(line.sent) == 1


@pytest.mark.parametrize(("family", "model"), KINDS)
@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 2**32), st.binary(max_size=400), st.booleans())
def test_spoilt_answers_raise_what_roles_allow_and_never_give_other_cells(
    family: str, model: str, seed: int, noise: bytes, mutate: bool
) -> None:
    """Sums cannot tell when bytes have changed places: that alone is not asked of the drivers that have nothing better."""
    _, _, bms, line, _ = in_memory(family, model)
    bms.identify()
    wanted = bms.read()
    others, draw = list(line.answers.values()), Random(seed)
    swapped = False

    def change(answer: bytes) -> bytes:
        nonlocal swapped
        changed = spoilt(answer, others, draw) if mutate else noise
        swapped = swapped or (changed != answer and not Counter(answer) - Counter(changed))
        return changed

    line.change = change
    try:
        reading = bms.read()
    except InstrumentError:
        return
    if swapped and model != "Daly Modbus":
        return
    assert reading.cell_voltages_v == wanted.cell_voltages_v
    assert reading.protection == wanted.protection and reading.charge_fet_on == wanted.charge_fet_on


@pytest.fixture(params=KINDS, ids=str)
def on_pty(request: pytest.FixtureRequest) -> Iterator[tuple[EmbeddedBench, str, Any]]:
    family, model = request.param
    bench = bench_of(WallClock())
    station = bench.add(family, model)
    server = PtyServer(station.emulator)
    station.place = server.path
    yield bench, station.address, server
    server.close()


def test_over_a_pseudo_terminal(on_pty: tuple[EmbeddedBench, str, Any]) -> None:
    bench, address, server = on_pty
    bms = open_bms(f"{address}?speed=1", clock=WallClock())
    assert bms.identify().emulated
    for _ in range(2):  # the second time the length of each answer is known
        reading = bms.read()
        assert reading.cell_voltages_v == tuple(pytest.approx(cell.voltage_v, abs=0.001) for cell in bench.world.truth().cells)
    server.close()
    with pytest.raises(LostLine):
        bms.read()
    bms.close()


def test_every_bms_of_the_catalogue_but_bluetooth_has_an_emulator() -> None:
    families = {name for name, row in FAMILIES.items() if row.kind == "bms"}
    assert families - {family for family, _ in KINDS} == {"ble"}
