"""A whole parallel balance on a supply of each family: its emulator behind a pseudo-terminal, its real driver, nobody at the keys but a script."""

from __future__ import annotations

import time

import pytest

from drivers.simulated.description import describe
from drivers.simulated.families import SUPPLY_MODELS
from tui.bench.headless import pty_rig, run_on_ptys, summary
from tui.bench.script import Script
from tui.cli_bench import plan_from

from .conftest import CHOICES

SUPPLIES = ("RD6012", "DPS5020", "KA3010P", "HM310P", "WPS3010", "SPE6103", "DP811", "SPD1305X", "E36312A", "HCS-3302")
COARSE = {"HCS-3302": 3.6}  # steps of 0.1 V cannot say 3.65: the next lower target


@pytest.mark.parametrize("model", SUPPLIES)
def test_a_whole_balance_over_a_pseudo_terminal(place, model: str) -> None:
    description = describe(cells=4, capacity_ah=20.0, soc=(0.995, 0.995), supply_current_a=5.0, lead_mohm=10.0, model=model)
    rig = pty_rig(description, place, speed=600.0)
    try:
        assert rig.supply_address.startswith(f"{SUPPLY_MODELS[model]}:/dev/")
        choices = {**CHOICES, "target": COARSE.get(model, CHOICES["target"])}
        plan = plan_from(description, rig.supply_address, rig.meter_address, choices)
        started = time.monotonic()
        snapshot = run_on_ptys(rig, plan, Script(), longest_wall_s=90.0)
        result = summary(rig, snapshot, time.monotonic() - started)
        assert result["result"] == "balanced", result
        assert result["max_cell_voltage_v"] <= choices["target"] + 0.01
        assert not rig.embedded.world.output_on
    finally:
        rig.close()
