"""What the volts of a resting cell tell of its charge, and where they tell nothing.

Volts in V, charge as a fraction of the cell's capacity. Two curves of LiFePO4 cells stand side by side, an equilibrium curve (`charge`) and one
that was measured on another maker's cell; the truth of a third cell lies near them, so everything is answered by both. Below the knee
the curves are flat: there a millivolt is several percent of charge, and no meter on a bench tells one charge from another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from tui.domain.charge import REST_VOLTS

# (charge, volts at rest) of a small cell of another maker, charge and discharge at C/32 averaged; full is its own end of charge at 3.60 V.
MEASURED: tuple[tuple[float, float], ...] = (
    (0.0, 2.0102), (0.01, 2.7019), (0.03, 2.9561), (0.05, 3.0721), (0.10, 3.2029), (0.20, 3.2413), (0.30, 3.2778), (0.40, 3.2948),
    (0.50, 3.2991), (0.60, 3.3032), (0.65, 3.3070), (0.70, 3.3163), (0.75, 3.3329), (0.80, 3.3371), (0.85, 3.3393), (0.90, 3.3411),
    (0.925, 3.3419), (0.95, 3.3429), (0.96, 3.3435), (0.97, 3.3445), (0.975, 3.3457), (0.98, 3.3481), (0.9825, 3.3503), (0.985, 3.3538),
    (0.987, 3.3585), (0.988, 3.3617), (0.989, 3.3658), (0.99, 3.3703), (0.991, 3.3767), (0.992, 3.3841), (0.993, 3.3933), (0.994, 3.4051),
    (0.995, 3.4181), (0.996, 3.4368), (0.997, 3.4585), (0.998, 3.4863), (0.999, 3.5367), (1.0, 3.5981),
)  # fmt: skip
CURVES = (REST_VOLTS, MEASURED)
_VOLTS = tuple(tuple(volts for _, volts in curve) for curve in CURVES)

NOTHING_FRACTION = 0.01
"""Where one step of the meter stands for more charge than this, the volts tell nothing of the charge."""
FINEST_V, COARSEST_V = 0.0001, 0.1
DRIFT_V = 0.001
"""By this the volts of a resting cell wander with its temperature, whatever the meter shows of it."""
_SEARCH_MV = (3600, 3200)


@dataclass(frozen=True, slots=True)
class Loss:
    """The charge that a fall of the volts stands for, as a fraction. `low` to `high` holds the meter's steps and the difference between the
    curves; `high` is None where the fall ended on the flat part: then only the least is known. `middle` is for comparing cells."""

    low: float
    middle: float
    high: float | None


def charges_at(rest_v: float) -> tuple[float, ...]:
    """The charge at these volts by each curve; 0 below its lowest volts, straight on above its highest."""
    return tuple(_charge(curve, volts, rest_v) for curve, volts in zip(CURVES, _VOLTS, strict=True))


def flat(rest_v: float, step_v: float) -> bool:
    """Whether volts read with steps of `step_v` tell nothing of the charge here, because the cell stands below its knee."""
    return rest_v < knee_v(step_v)


@lru_cache(maxsize=16)
def knee_v(step_v: float) -> float:
    """The volts at rest from which on a meter with such steps tells one charge from another, by either curve. To 1 mV."""
    return next(millivolts + 1 for millivolts in range(*_SEARCH_MV, -1) if _blind(millivolts / 1000, step_v)) / 1000


def _blind(rest_v: float, step_v: float) -> bool:
    half_v = max(step_v, DRIFT_V) / 2
    below, above = charges_at(rest_v - half_v), charges_at(rest_v + half_v)
    return any(high - low > NOTHING_FRACTION for low, high in zip(below, above, strict=True))


def loss(from_v: float, to_v: float, from_step_v: float, to_step_v: float) -> Loss | None:
    """The charge between two readings at rest of one cell; None where the first lies on the flat part already, so that they tell nothing."""
    if flat(from_v, from_step_v):
        return None
    half_from_v, half_to_v = from_step_v / 2, to_step_v / 2
    low = min(a - b for a, b in zip(charges_at(from_v - half_from_v), charges_at(to_v + half_to_v), strict=True))
    high = max(a - b for a, b in zip(charges_at(from_v + half_from_v), charges_at(to_v - half_to_v), strict=True))
    middles = [a - b for a, b in zip(charges_at(from_v), charges_at(to_v), strict=True)]
    return Loss(max(0.0, low), sum(middles) / len(middles), None if flat(to_v, to_step_v) else max(0.0, high))


def step_of(volts: Iterable[float]) -> float:
    """The step of the meter that showed these volts, in V, by the decimals that were typed; 0.1 mV at the finest, 0.1 V at the coarsest."""
    decimals = max((len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in volts), default=0)
    return float(min(COARSEST_V, max(FINEST_V, 10.0**-decimals)))


def _charge(curve: tuple[tuple[float, float], ...], volts: tuple[float, ...], rest_v: float) -> float:
    at = min(max(1, bisect_left(volts, rest_v)), len(curve) - 1)
    (low, low_v), (high, high_v) = curve[at - 1], curve[at]
    return low + (high - low) * max(0.0, rest_v - low_v) / (high_v - low_v)
