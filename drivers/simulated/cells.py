"""The inside of the cells: state of charge, the two or three lags of its surface, hysteresis (cell model section 3).

The lags are linear, so for a current that is constant over a step they are carried on exactly, whatever the step.
"""

from __future__ import annotations

from math import exp, expm1

from drivers.simulated.description import CellDescription, PhysicsDescription
from drivers.simulated.lfp import table

FAST_LAGS_S = ((81.0, 27.0), (140.0, 175.0))  # (k, τ) fitted to a full cell model
SLOW_LAG_S = (150.0, 7200.0)  # why a fully tapered cell still falls at rest; an estimate, so it can be left out
HYSTERESIS_PER_SOC = 50.0  # the branch flips within 2-4 % of state of charge
ARRHENIUS_K = 30_000.0 / 8.314  # activation energy of the fast resistance over the gas constant
HEAT_CAPACITY_J_PER_K_AH = 5400.0 / 280.0  # 5.4 kg at 1000 J/(kg·K) for 280 Ah
COOLING_W_PER_K_AH = 0.75 / 280.0


def r0_factor(temperature_c: float) -> float:
    """The fast resistance at a temperature over that at 25 °C: 3.0 at 0 °C, 0.56 at 40 °C."""
    return exp(ARRHENIUS_K * (1.0 / (temperature_c + 273.15) - 1.0 / 298.15))


class Cell:
    """One cell. Currents in A into the cell, times in s, states as fractions of the capacity."""

    __slots__ = ("capacity_as", "description", "emf_v", "hysteresis", "lags", "leak_a", "r0_ohm", "slope_v", "soc", "warmth_k")

    def __init__(self, description: CellDescription, ambient_c: float, lag_count: int) -> None:
        self.description = description
        self.capacity_as = description.capacity_ah * 3600.0
        self.r0_ohm = description.r0_mohm * 1e-3 * r0_factor(ambient_c)
        self.leak_a = description.self_discharge_ma * 1e-3
        self.soc = description.soc
        self.lags = [0.0] * lag_count
        self.hysteresis = 0.0  # −1 on the discharge branch, +1 on the charge branch
        self.warmth_k = 0.0  # above ambient
        self.emf_v = 0.0  # voltage without the ohmic part
        self.slope_v = 0.0  # V per unit of surface state of charge


class Lags:
    """What one step of a given length does to any cell: decay of each lag, and its gain for a constant current."""

    __slots__ = ("decays", "gain_s", "gains_s", "length_s")

    def __init__(self, lags_s: tuple[tuple[float, float], ...], length_s: float) -> None:
        self.length_s = length_s
        self.decays = [exp(-length_s / tau_s) for _, tau_s in lags_s]
        self.gains_s = [k_s * (1.0 - decay) for (k_s, _), decay in zip(lags_s, self.decays, strict=True)]
        self.gain_s = length_s + sum(self.gains_s)  # of the surface: what it moves by, times capacity over current


class Chemistry:
    """The voltage table and the effects that are on: what is the same for all cells of a bench."""

    def __init__(self, physics: PhysicsDescription) -> None:
        self._table = table(physics.table)
        self._hysteresis = physics.hysteresis
        self.lags_s = (*FAST_LAGS_S, SLOW_LAG_S) if physics.slow_lag else FAST_LAGS_S
        self.surface_gain = 1.0 + sum(k_s / tau_s for k_s, tau_s in self.lags_s)  # how much faster the surface moves than the mean

    def refresh(self, cell: Cell) -> None:
        """The cell's voltage without its ohmic part, and the slope, at its present state."""
        cell.emf_v, cell.slope_v = self._table.ocv_and_slope(cell.soc + sum(cell.lags))
        if self._hysteresis and cell.hysteresis:
            cell.emf_v += cell.hysteresis * self._table.half_gap_v(cell.soc)

    def surface_rate_per_s(self, cell: Cell, current_a: float) -> float:
        rate = (current_a - cell.leak_a) / cell.capacity_as
        drive = current_a / cell.capacity_as
        for (k_s, tau_s), lag in zip(self.lags_s, cell.lags, strict=True):
            rate += (k_s * drive - lag) / tau_s
        return rate

    def move(self, cell: Cell, current_a: float, lags: Lags) -> None:
        """Carry the cell on by one step of constant current; leaves `emf_v` and `slope_v` as they were."""
        drive = current_a / cell.capacity_as
        cell.soc += (current_a - cell.leak_a) / cell.capacity_as * lags.length_s
        cell.lags = [lag * decay + gain_s * drive for lag, decay, gain_s in zip(cell.lags, lags.decays, lags.gains_s, strict=True)]
        if self._hysteresis and current_a:
            toward = 1.0 if current_a > 0 else -1.0
            cell.hysteresis -= (toward - cell.hysteresis) * expm1(-HYSTERESIS_PER_SOC * abs(drive) * lags.length_s)
        capacity_ah = cell.description.capacity_ah
        settled_k = current_a * current_a * cell.r0_ohm / (COOLING_W_PER_K_AH * capacity_ah)
        cell.warmth_k -= (settled_k - cell.warmth_k) * expm1(-lags.length_s * COOLING_W_PER_K_AH / HEAT_CAPACITY_J_PER_K_AH)
