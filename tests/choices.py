"""What Setup would be left at: the choices of a plan for a bench, by the names of the command line's options."""

from __future__ import annotations

from typing import Any

CHOICES: dict[str, Any] = {
    "bank": "Test bank",
    "procedure": "parallel",
    "target": 3.65,
    "stages": (),
    "pause": 900.0,
    "soak": 0.0,
    "pack": "",
    "assembled": False,
    "service": None,
    "model": "",
    "end_rule": "near-zero",
    "end_current": 0.1,
    "derating": 1.0,
    "rest": 3600.0,
}
