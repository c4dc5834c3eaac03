"""What the tests of the supplies that are spoken to in text share: lines that follow a transcript or count what is sent, a bench in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.catalog import open_supply
from drivers.clock import VirtualClock
from drivers.roles import GarbledAnswer, InstrumentError, NoAnswer, Refused, Supply
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench


def frames(family: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(Path(__file__).with_name("frames").joinpath(f"{family}.json").read_text(encoding="utf-8"))
    return rows


def exchange(row: dict[str, Any]) -> tuple[bytes, bytes]:
    """Request and answer of one row."""
    answer = row["response_ascii"].encode() if "response_ascii" in row else bytes.fromhex(row["response_hex"])
    return row["request_ascii"].encode(), answer


class Table:
    """A line that answers from a table and keeps what was sent. A list gives its answers one after the other, the last again and again."""

    url = "table"

    def __init__(self, answers: dict[bytes, bytes | list[bytes]]) -> None:
        self.answers, self.sent = answers, []

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.sent.append(request)
        answer = self.answers.get(request, b"")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer[:expect]

    def write(self, data: bytes) -> None:
        raise AssertionError("this driver only asks")

    def read_available(self) -> bytes:
        raise AssertionError("this driver only asks")

    def close(self) -> None:
        return None


def in_memory(model: str, options: str = "", *, assembled: bool = False, **described: Any) -> tuple[EmbeddedBench, Supply, VirtualClock]:
    """A bench with this supply, leads apart, and the real driver on a line in memory; 10 A at most."""
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2, model=model, **described), clock, assembled=assembled)
    lines = bench.memory_lines()
    supply = open_supply(bench.supply_address + options, clock=clock, line_factory=lambda address: lines[str(address).partition("?")[0]]())
    return bench, supply, clock


def open_lead_check(supply: Supply, volts: float = 3.65, *, off_is_known: bool = True) -> None:
    """What a bench does before cells are near: write test, set-points, a moment of output, off."""
    supply.prove_writable()
    supply.program(voltage_v=volts, current_a=2.0, over_voltage_v=volts + 0.1, over_current_a=2.2)
    off = supply.read()
    assert (off.output_on, off.set_voltage_v, off.set_current_a) == (False, pytest.approx(volts), pytest.approx(2.0))
    supply.switch_output(True)
    on = supply.read()
    assert on.output_on is True and on.voltage_v == pytest.approx(volts, abs=0.011) and on.current_a == pytest.approx(0.0, abs=0.01)
    supply.switch_output(False)
    assert supply.read().output_on is False


def writes_of(supply: Supply) -> list[Callable[[], None]]:
    """Everything that sets a supply."""
    return [
        lambda: supply.program(voltage_v=3.65, current_a=1.0),
        lambda: supply.set_voltage(3.65),
        lambda: supply.set_current(1.0),
        lambda: supply.switch_output(True),
        lambda: supply.switch_output(False),
        supply.throttle,
        supply.prove_writable,
    ]


def refuses_all(supply: Supply) -> None:
    for act in writes_of(supply):
        with pytest.raises(Refused, match="not known for sure") as caught:
            act()
        assert caught.value.device and caught.value.request and caught.value.check


def faults_are_told(emulator: Any, supply: Supply, volts: float) -> None:
    """Each fault of the wire ends as the error that the bench knows, and what comes after it is true again: the set-point that stood."""
    for fault, error in (("silence", NoAnswer), ("garbled-crc", GarbledAnswer), ("delayed", InstrumentError)):
        emulator.inject(fault, number=3.0 if fault == "delayed" else None)
        with pytest.raises(error):
            supply.read()
        emulator.undo(fault)
        assert supply.read().set_voltage_v == pytest.approx(volts)
    emulator.inject("late-answer", number=1)


def throttled_when_stuck_on(emulator: Any, supply: Supply) -> None:
    """Switched on, it no longer goes off when told: refused, and the second way is taken."""
    supply.switch_output(True)
    emulator.inject("output-stuck-on")
    with pytest.raises(Refused, match="flag reads 1"):
        supply.switch_output(False)
    supply.throttle()
