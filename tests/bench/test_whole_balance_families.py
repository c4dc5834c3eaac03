"""A whole parallel balance on a supply of each family: its emulator behind a pseudo-terminal, its real driver, nobody at the keys but a script."""

from __future__ import annotations

import time

import pytest

from drivers.simulated.description import describe
from drivers.simulated.families import SUPPLY_MODELS
from tui.bench.headless import LockStep, lock_step_rig, pty_rig, run_on_ptys, summary
from tui.bench.script import Script
from tui.cli_bench import plan_from

from .conftest import CHOICES

ON_PTYS = ("RD6012", "KA3010P", "HM310P", "SPE6103", "DP811", "HCS-3302")
IN_LOCK_STEP = ("DPS5020", "WPS3010", "SPD1305X", "E36312A", "HMP4040", "RD6006P", "HM310T", "KWR103")
CHOSEN = {"HCS-3302": {"target": 3.6, "end_current": 0.2}}  # it is set in steps of 0.1 V and 0.1 A: 3.65 V cannot be said


@pytest.mark.parametrize("model", ON_PTYS)
def test_a_whole_balance_over_a_pseudo_terminal(place, model: str) -> None:
    description = describe(cells=4, capacity_ah=20.0, soc=(0.998, 0.998), supply_current_a=5.0, lead_mohm=10.0, model=model)
    rig = pty_rig(description, place, speed=900.0)
    try:
        assert rig.supply_address.startswith(f"{SUPPLY_MODELS[model]}:/dev/")
        choices = {**CHOICES, "rest": 600.0, **CHOSEN.get(model, {})}
        plan = plan_from(description, rig.supply_address, rig.meter_address, choices)
        started = time.monotonic()
        snapshot = run_on_ptys(rig, plan, Script(), longest_wall_s=90.0)
        result = summary(rig, snapshot, time.monotonic() - started)
        assert result["result"] == "balanced", result
        assert result["max_cell_voltage_v"] <= choices["target"] + 0.01
        assert not rig.embedded.world.output_on
    finally:
        rig.close()


@pytest.mark.parametrize("model", IN_LOCK_STEP)
def test_a_whole_balance_in_lock_step(place, model: str) -> None:
    description = describe(cells=4, capacity_ah=20.0, soc=(0.995, 0.995), supply_current_a=5.0, lead_mohm=10.0, model=model)
    rig = lock_step_rig(description, place)
    try:
        plan = plan_from(description, rig.supply_address, rig.meter_address, CHOICES)
        result = summary(rig, LockStep(rig).run(plan), 0.0)
        assert result["result"] == "balanced", result
        assert result["max_cell_voltage_v"] <= 3.66 and not rig.embedded.world.output_on
    finally:
        rig.close()
