"""What the emulator knows of each supply of the Riden family: identity, rating, and how many counts make a volt or an ampere.

The real driver has a table of its own on purpose: a wrong scale in one must not be hidden by the same slip in the other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RidenModel:
    """Identity in register 0, rating in V and A, and the counts per V, A and W of its registers."""

    model_id: int
    max_voltage_v: float
    max_current_a: float
    counts_per_volt: int
    counts_per_ampere: int
    counts_per_watt: int = 100


RIDEN_MODELS = {
    "RD6006": RidenModel(60062, 60.0, 6.0, 100, 1000),
    "RD6006P": RidenModel(60065, 60.0, 6.0, 1000, 10000, 1000),
    "RK6006": RidenModel(60066, 60.0, 6.0, 100, 1000),
    "RD6012": RidenModel(60121, 60.0, 12.0, 100, 100),
    "RD6012P": RidenModel(60125, 60.0, 12.0, 1000, 1000, 1000),  # in its 12 A range; in the 6 A range 10000 counts make an ampere
    "RD6018": RidenModel(60181, 60.0, 18.0, 100, 100),
    "RD6024": RidenModel(60241, 60.0, 24.0, 100, 100),
    "RD6030": RidenModel(60301, 60.0, 30.0, 100, 100),
}
