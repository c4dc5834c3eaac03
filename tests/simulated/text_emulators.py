"""What the tests of the emulators that are spoken to in text share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulated_benches import bench

from drivers.clock import VirtualClock
from drivers.simulated.instrument import Display
from drivers.simulated.world import World


def a_world(model: str, soc: float = 0.9, *, assembled: bool = True) -> World:
    return World(bench([soc], supply={"model": model}), VirtualClock(), assembled=assembled)


def frames(family: str) -> list[tuple[dict[str, Any], bytes, bytes]]:
    """Row, request, answer."""
    rows = json.loads((Path(__file__).parents[1] / "wire" / "frames" / f"{family}.json").read_text(encoding="utf-8"))
    return [
        (
            row,
            row["request_ascii"].encode(),
            row["response_ascii"].encode() if "response_ascii" in row else bytes.fromhex(row["response_hex"]),
        )
        for row in rows
    ]


def shows(emulator: Any, **changes: Any) -> None:
    """Let it show these values, whatever the physics does."""
    shown: dict[str, Any] = {
        "set_voltage_v": 3.65,
        "set_current_a": 5.0,
        "voltage_v": 3.42,
        "current_a": 5.0,
        "mode": "CC",
        "output_on": True,
        "tripped": "",
        "battery_v": 0.0,
        "delivered_ah": 0.0,
        **changes,
    }
    emulator.display = lambda: Display(**shown)
