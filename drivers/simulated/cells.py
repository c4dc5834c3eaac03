"""The inside of the cells: state of charge, the lags of its surface, hysteresis (cell model section 3).

The surface of the particles runs ahead of the mean state of charge. Those lags are linear, so for a current that is constant over a step
they are carried on exactly, whatever the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp

from drivers.simulated.description import CellDescription, PhysicsDescription
from drivers.simulated.lfp import table

# (k, τ) in s: fitted to a full cell model; the third explains why a fully tapered cell still falls at rest, and can be left out
FAST_LAG_S, MIDDLE_LAG_S, SLOW_LAG_S = (81.0, 27.0), (140.0, 175.0), (150.0, 7200.0)
HYSTERESIS_PER_SOC = 50.0  # the branch flips within 2-4 % of state of charge
ARRHENIUS_K = 30_000.0 / 8.314  # activation energy of the fast resistance over the gas constant
HEAT_CAPACITY_J_PER_K_AH = 5400.0 / 280.0  # 5.4 kg at 1000 J/(kg·K) for 280 Ah
COOLING_W_PER_K_AH = 0.75 / 280.0


def r0_factor(temperature_c: float) -> float:
    """The fast resistance at a temperature over that at 25 °C: 3.0 at 0 °C, 0.56 at 40 °C."""
    return exp(ARRHENIUS_K * (1.0 / (temperature_c + 273.15) - 1.0 / 298.15))


class Cell:
    """One cell. Currents in A into the cell, times in s, states as fractions of the capacity."""

    __slots__ = (
        "cooling_w_per_k",
        "emf_v",
        "hysteresis",
        "label",
        "lag_fast",
        "lag_middle",
        "lag_slow",
        "leak_a",
        "per_as",
        "r0_ohm",
        "sag_v",
        "slope_v",
        "soc",
        "warmed_k",
        "warmth_k",
    )

    def __init__(self, description: CellDescription, ambient_c: float) -> None:
        self.label = description.label
        self.per_as = 1.0 / (description.capacity_ah * 3600.0)  # one over the capacity
        self.cooling_w_per_k = COOLING_W_PER_K_AH * description.capacity_ah
        self.r0_ohm = description.r0_mohm * 1e-3 * r0_factor(ambient_c)
        self.leak_a = description.self_discharge_ma * 1e-3
        self.soc = description.soc
        self.lag_fast = self.lag_middle = self.lag_slow = 0.0
        self.hysteresis = 0.0  # −1 on the discharge branch, +1 on the charge branch
        self.warmth_k = 0.0  # above ambient, by its own current
        self.warmed_k = 0.0  # above ambient, by a fault
        self.sag_v = 0.0  # what a short inside takes from its voltage
        self.emf_v = 0.0  # voltage without the ohmic part
        self.slope_v = 0.0  # V per unit of surface state of charge


class Span:
    """What a stretch of time does to any cell: the decay of each lag, and its gain for a constant current."""

    __slots__ = (
        "decay_fast",
        "decay_middle",
        "decay_slow",
        "decay_warmth",
        "gain_fast_s",
        "gain_middle_s",
        "gain_s",
        "gain_slow_s",
        "length_s",
        "loss_fast",
        "loss_middle",
        "loss_slow",
    )

    def __init__(self, length_s: float, slow_lag: bool) -> None:
        self.length_s = length_s
        self.decay_fast = exp(-length_s / FAST_LAG_S[1])
        self.decay_middle = exp(-length_s / MIDDLE_LAG_S[1])
        self.decay_slow = exp(-length_s / SLOW_LAG_S[1])
        self.decay_warmth = exp(-length_s * COOLING_W_PER_K_AH / HEAT_CAPACITY_J_PER_K_AH)
        self.loss_fast, self.loss_middle, self.loss_slow = 1.0 - self.decay_fast, 1.0 - self.decay_middle, 1.0 - self.decay_slow
        self.gain_fast_s = FAST_LAG_S[0] * self.loss_fast
        self.gain_middle_s = MIDDLE_LAG_S[0] * self.loss_middle
        self.gain_slow_s = SLOW_LAG_S[0] * self.loss_slow if slow_lag else 0.0
        self.gain_s = (
            length_s + self.gain_fast_s + self.gain_middle_s + self.gain_slow_s
        )  # of the surface: what it moves by is gain · current · per_as


class Chemistry:
    """The voltage table and the effects that are on: what is the same for all cells of a bench.

    Every method takes all the cells at once: this is where a simulated balance spends its time, and a call a cell would double it.
    """

    def __init__(self, physics: PhysicsDescription) -> None:
        self._table = table(physics.table)
        self._hysteresis = physics.hysteresis
        lags_s = (FAST_LAG_S, MIDDLE_LAG_S, SLOW_LAG_S) if physics.slow_lag else (FAST_LAG_S, MIDDLE_LAG_S)
        self.surface_gain = 1.0 + sum(k_s / tau_s for k_s, tau_s in lags_s)  # how much faster than the mean the surface moves at first
        self.span = lru_cache(maxsize=512)(lambda length_s: Span(length_s, physics.slow_lag))

    def surface_rates_per_s(self, cells: Sequence[Cell], currents_a: Sequence[float]) -> list[float]:
        """How fast each cell's surface moves now."""
        gain, fast_s, middle_s, slow_s = self.surface_gain, FAST_LAG_S[1], MIDDLE_LAG_S[1], SLOW_LAG_S[1]
        return [
            (current_a * gain - cell.leak_a) * cell.per_as - cell.lag_fast / fast_s - cell.lag_middle / middle_s - cell.lag_slow / slow_s
            for cell, current_a in zip(cells, currents_a, strict=True)
        ]

    def drifted_v(self, cells: Sequence[Cell], span: Span) -> list[float]:
        """Where each cell's voltage comes to over a span without current, along the present slope, by leak and lags."""
        length_s, fast, middle, slow = span.length_s, span.loss_fast, span.loss_middle, span.loss_slow
        return [
            cell.emf_v
            - cell.slope_v * (cell.leak_a * cell.per_as * length_s + cell.lag_fast * fast + cell.lag_middle * middle + cell.lag_slow * slow)
            for cell in cells
        ]

    def move(self, cells: Sequence[Cell], currents_a: Sequence[float], span: Span) -> None:
        """Carry each cell on over a span of constant current, to its new voltage."""
        length_s, hysteresis = span.length_s, self._hysteresis
        decay_fast, decay_middle, decay_slow, decay_warmth = span.decay_fast, span.decay_middle, span.decay_slow, span.decay_warmth
        gain_fast_s, gain_middle_s, gain_slow_s = span.gain_fast_s, span.gain_middle_s, span.gain_slow_s
        for cell, current_a in zip(cells, currents_a, strict=True):
            per_as = cell.per_as
            drive = current_a * per_as
            cell.soc += (drive - cell.leak_a * per_as) * length_s
            cell.lag_fast = cell.lag_fast * decay_fast + drive * gain_fast_s
            cell.lag_middle = cell.lag_middle * decay_middle + drive * gain_middle_s
            if gain_slow_s:
                cell.lag_slow = cell.lag_slow * decay_slow + drive * gain_slow_s
            if hysteresis and drive:
                turn = HYSTERESIS_PER_SOC * abs(drive) * length_s
                turned = 1.0 - 1.0 / (1.0 + turn * (1.0 + 0.5 * turn))  # 1 − e^−turn; the difference is far below the branch's own doubt
                cell.hysteresis += ((1.0 if drive > 0 else -1.0) - cell.hysteresis) * turned
            settled_k = current_a * current_a * cell.r0_ohm / cell.cooling_w_per_k
            cell.warmth_k = settled_k + (cell.warmth_k - settled_k) * decay_warmth
        self.refresh(cells)

    def refresh(self, cells: Sequence[Cell]) -> None:
        """Each cell's voltage without its ohmic part, and the slope, at its present state."""
        gap_end_soc = self._table.gap_end_soc
        surfaces = [cell.soc + cell.lag_fast + cell.lag_middle + cell.lag_slow for cell in cells]
        for cell, (emf_v, slope_v) in zip(cells, self._table.ocvs_and_slopes(surfaces), strict=True):
            cell.slope_v = slope_v
            if cell.soc < gap_end_soc and cell.hysteresis:
                emf_v += cell.hysteresis * self._table.half_gap_v(cell.soc)
            cell.emf_v = emf_v - cell.sag_v
