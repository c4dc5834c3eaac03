"""A balance with supplies that are spoken to in text, and what the bench makes of one that does not tell whether its output is on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.charges import alarm, charge, codes, wait
from tui.bench.messages import OutputOff, Resume, Start


COARSE = {"supply": "HCS-3302", "target_v": 3.6, "end_current_a": 0.2}


@pytest.mark.parametrize("more", [COARSE, {"supply": "KA3010P"}, {"supply": "SPE6103"}], ids=lambda more: more["supply"])
def test_a_whole_balance(drive, more) -> None:
    bench = drive(cells=4, soc=(0.97, 0.99), **more)
    target_v = bench.plan.target_v
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    assert bench.world.max_supply_voltage_v <= target_v + 0.001
    assert not bench.world.output_on
