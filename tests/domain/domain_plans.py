"""Plans that the domain's tests start from."""

from typing import Any

from tui.domain.plan import Plan, PlanCell, PlanSupply

RIDEN = PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0, name="RD6012")


def plan(count: int = 8, capacity_ah: float = 280.0, **changes: Any) -> Plan:
    """Eight cells of 280 Ah, half full, on a 30 V 10 A supply without interface, with leads of 20 mΩ."""
    chosen: dict[str, Any] = {
        "bank": "Bank A",
        "cells": tuple(PlanCell(f"A{number + 1}", capacity_ah) for number in range(count)),
        "supply": PlanSupply("manual", 30.0, 10.0),
        "lead_resistance_ohm": 0.020,
        "soc_low": 0.5,
        "soc_high": 0.5,
    }
    return Plan(**{**chosen, **changes})
