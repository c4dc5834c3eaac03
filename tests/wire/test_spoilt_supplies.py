"""A bad line between our drivers and our emulators: nothing but the errors of `roles` comes out, and no reading that the supply never showed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.catalog import open_supply
from drivers.clock import VirtualClock
from drivers.modbus import frame
from drivers.roles import InstrumentError
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.lines import MemoryLine
from tests.wire.mutations import random_answer, spoilt

OTHERS = [frame(bytes((5, 3, 2 * count, *range(2 * count)))) for count in (1, 2, 4, 8, 13)]  # answers of another unit on the line
MODELS = ("DPS5020", "DPS5005", "HM310P", "HM605", "WPS3010", "WPS605", "RD6012P")


class BadLine(MemoryLine):
    """One answer in four is spoilt, lost, noise, or a whole answer of another unit."""

    draw: Random

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        answer = super().ask(request, expect, deadline_s, end=end, silence_s=silence_s)
        if self.draw.random() > 0.25:
            return answer
        kind = self.draw.randrange(6)
        changed = b"" if kind == 0 else random_answer(self.draw, 60) if kind == 1 else spoilt(answer, OTHERS, self.draw)
        return changed[:expect]


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(0, 2**32))
def test_whatever_a_bad_line_makes_of_answers(model: str, seed: int) -> None:
    bench = EmbeddedBench(describe(cells=2, model=model, supply_current_a=5.0), VirtualClock(), assembled=True)

    def line(_: object) -> BadLine:
        bad = BadLine("bad", bench.supply)
        bad.draw = Random(seed)
        return bad

    supply = open_supply(bench.supply_address, clock=bench.world.clock, line_factory=line)
    shown: set[float] = set()

    def attempt(act: Callable[[], object]) -> None:
        shown.add(round(bench.world.set_points[0], 2))
        try:
            act()
        except InstrumentError as error:
            assert error.device and error.request and error.what
        shown.add(round(bench.world.set_points[0], 2))

    def look() -> None:
        reading = supply.read()
        assert reading.set_voltage_v is None or round(reading.set_voltage_v, 2) in shown
        assert reading.set_current_a is None or reading.set_current_a <= 5.0

    for _ in range(2):
        for act in (
            supply.identify,
            look,
            supply.prove_writable,
            lambda: supply.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2),
            look,
            lambda: supply.switch_output(True),
            look,
            lambda: supply.set_voltage(3.6),
            lambda: supply.switch_output(False),
            look,
            supply.power_up_output,
            supply.throttle,
        ):
            attempt(act)
            assert bench.world.set_points[0] <= 5.0  # the DPS' own set-point at the beginning; nothing ever asks for more
