"""Cells that are joined, side by side or in series, and how they move on: the supply's CC/CV law and the choice of steps.

A step is linearly implicit with the current constant over it: each cell answers within the step like its resistance plus
slope × gain, so neighbours that exchange charge within seconds in the knee cannot make the sum unstable, whatever the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import expm1
from typing import Protocol

from drivers.simulated.cells import Cell, Chemistry, Span

STEP_VOLTAGE_V = 1e-3  # a step moves no cell's open-circuit voltage by more than about this …
STEP_SOC = 1e-3  # … nor its surface by more than this, so that no step jumps over the knee of a small cell
FINEST_PER_SOC = 1.0 / STEP_SOC  # what a cell on the flat part is followed by
CHARGE_STEP_S = 30.0
REST_STEP_S = 600.0
SHORTEST_STEP_S = 1e-3
KNEE_SLOPE_V, KNEE_STEP_S = 2.0, 5.0  # while charging: from this slope on (V per unit of SOC) the bends of current are followed closer


@dataclass(frozen=True, slots=True)
class Source:
    """What drives the bank: voltage limit with its error, current limit, lead resistance. `reversed`: the leads are the wrong way round.

    `sinks_a`: what a supply takes back from cells that stand above its voltage; a sound one takes nothing.
    """

    voltage_v: float
    current_a: float
    lead_ohm: float
    reversed: bool = False
    sinks_a: float = 0.0

    def current_into_bank_a(self, open_v: float, bank_ohm: float) -> float:
        """CC/CV law: cell model section 6. Reversed, the cells drive its limit current through it."""
        if self.reversed:
            return -self.current_a
        return min(max((self.voltage_v - open_v) / (bank_ohm + self.lead_ohm), -self.sinks_a), self.current_a)


class Network(Protocol):
    """How cells are joined, solved for their resistances: a Ladder or a Chain."""

    bank_ohm: float
    share: list[float]

    def rest(self, emf_v: list[float]) -> tuple[float, list[float]]: ...


class Bank:
    """Some cells joined by busbars; `source` is None while nothing drives them."""

    def __init__(
        self,
        cells: Sequence[Cell],
        contact_ohm: Sequence[float],
        join: Callable[[list[float]], Network],
        chemistry: Chemistry,
        *,
        exchanging: bool,
    ) -> None:
        """`contact_ohm`: both joints of each cell together. `join` makes the network from each cell's resistance with its joints.
        `exchanging`: some cells are in parallel, so that charge flows between them."""
        self.cells = list(cells)
        self.source: Source | None = None
        self._chemistry = chemistry
        self._resistance_ohm = [cell.r0_ohm + contact for cell, contact in zip(cells, contact_ohm, strict=True)]
        self._join, self._exchanging = join, exchanging
        self._network = join(self._resistance_ohm)
        self.currents_a: list[float] = []
        self.current_a = 0.0  # into the bank
        self.posts_v = 0.0  # at the hook-up posts
        self.refresh()

    def refresh(self) -> None:
        """Solve the present instant: every cell's current, the bank's current and its voltage at the posts."""
        open_v, self.current_a, self.currents_a = self._split(self._network, [cell.emf_v for cell in self.cells])
        self.posts_v = open_v + self._network.bank_ohm * self.current_a

    def _split(self, network: Network, emf_v: list[float]) -> tuple[float, float, list[float]]:
        """Open voltage at the posts, current into the bank, and each cell's current."""
        open_v, exchange_a = network.rest(emf_v)
        current_a = self.source.current_into_bank_a(open_v, network.bank_ohm) if self.source else 0.0
        return open_v, current_a, [own + part * current_a for own, part in zip(exchange_a, network.share, strict=True)]

    def cells_v(self) -> list[tuple[float, float]]:
        """Each cell's volts at its own posts, and how fast they move while the current stays as it is, V/s."""
        rates_per_s = self._chemistry.surface_rates_per_s(self.cells, self.currents_a)
        return [
            (cell.emf_v + cell.r0_ohm * current_a, cell.slope_v * rate_per_s)
            for cell, current_a, rate_per_s in zip(self.cells, self.currents_a, rates_per_s, strict=True)
        ]

    def advance(self, longest_s: float) -> tuple[float, float]:
        """Move on by one step of at most `longest_s`; gives its length and the charge put into the bank in ampere-seconds."""
        chemistry, cells = self._chemistry, self.cells
        step_s, stiffness_per_s = self._step(longest_s)
        part, whole = self._spans(step_s, stiffness_per_s)
        gain_s = part.gain_s
        answer_ohm = [own_ohm + cell.slope_v * gain_s * cell.per_as for cell, own_ohm in zip(cells, self._resistance_ohm, strict=True)]
        _, current_a, currents_a = self._split(self._join(answer_ohm), chemistry.drifted_v(cells, part))
        chemistry.move(cells, currents_a, whole)
        self.refresh()
        return step_s, current_a * step_s

    def _step(self, longest_s: float) -> tuple[float, float]:
        """How far to go, and the rate of the fastest exchange between cells (1/s; 0 where no cells are in parallel)."""
        hurry = stiffness = steepest_v = 0.0
        rates_per_s = self._chemistry.surface_rates_per_s(self.cells, self.currents_a)
        for cell, rate_per_s, resistance_ohm in zip(self.cells, rates_per_s, self._resistance_ohm, strict=True):
            slope_v = cell.slope_v
            per_soc = slope_v / STEP_VOLTAGE_V
            rate = abs(rate_per_s) * (per_soc if per_soc > FINEST_PER_SOC else FINEST_PER_SOC)
            if rate > hurry:
                hurry = rate
            stiff = slope_v * cell.per_as / resistance_ohm
            if stiff > stiffness:
                stiffness = stiff
            if slope_v > steepest_v:
                steepest_v = slope_v
        stiffness = stiffness * self._chemistry.surface_gain if self._exchanging else 0.0
        driven_s = KNEE_STEP_S if steepest_v > KNEE_SLOPE_V else CHARGE_STEP_S
        step_s = min(longest_s, driven_s if self.source is not None else REST_STEP_S)
        if hurry * step_s > 1.0:
            step_s = max(1.0 / hurry, SHORTEST_STEP_S)
        if step_s < longest_s < 1.5 * step_s:
            step_s = longest_s / 2  # no sliver at the end
        return step_s, stiffness

    def _spans(self, step_s: float, stiffness_per_s: float) -> tuple[Span, Span]:
        """The part of the step at which the equations are held, and the whole step.

        The part goes from a half (second order) to one (fully damped) with the fastest exchange that the step covers: 1/(1 − e^−x) − 1/x
        carries that exchange on exactly. Sixty-fourths are fine enough and let the spans be kept.
        """
        x = stiffness_per_s * step_s
        part = 0.5 + x / 12.0 if x < 0.1 else -1.0 / expm1(-x) - 1.0 / x
        return self._chemistry.span(step_s * round(64.0 * part) / 64.0), self._chemistry.span(step_s)
