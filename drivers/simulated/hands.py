"""The simulated hands: physical acts on the bench, and what a hand-held meter, or the eye, finds. The World holds the lock and the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.simulated.assembly import Assembly
from drivers.simulated.description import BenchDescription

WATCHED_S = 10.0  # somebody who looks at a meter during a short test still knows the number afterwards
HAND_METER_STEP_V = 0.001
PANEL_STEP = 0.01  # V and A, the display of a supply without interface


class Hands:
    """They touch the cells and the leads of any bench, and knobs and switch of a supply without interface only."""

    def __init__(self, description: BenchDescription, bench: Assembly, wall_s: Callable[[], float]) -> None:
        self._description, self._bench, self._wall_s = description, bench, wall_s
        self.reverse = False  # a fault: they take plus for minus
        self._seen_v = 0.0  # highest at the free lead ends while the output was last on
        self._seen_until_s = self._seen_until_wall_s = float("-inf")

    def act(self, act: str, cells: Sequence[str]) -> None:
        """See World.hands; knobs and switch are the World's matter."""
        wiring = self._bench.wiring
        chosen = sorted(wiring.index(label) for label in cells)
        apart = self._description.bank.arrangement == "apart"
        members = chosen or ([] if apart else range(len(self._bench.cells)))
        if act == "leads-apart":
            wiring.put_leads("free")
        elif act == "leads-on":
            if len(chosen) > 1:
                raise ValueError(f"the leads go on one cell, not on {', '.join(cells)}")
            wiring.put_leads("on", cell=chosen[0] if chosen else None, backwards=self.reverse)
        elif act == "short-leads":
            wiring.put_leads("shorted")
        elif act == "wire-cells":
            wiring.parallel(members)
        elif act == "wire-series":
            wiring.series(members)
        elif act == "take-apart":
            wiring.apart()
            wiring.put_leads("free")
        else:
            raise ValueError(f"the simulated hands do not know the act {act!r}")
        if act.startswith("wire-") and self._bench.bms is not None:
            self._bench.bms.reset()

    def probe(self, point: str) -> float | None:
        """See World.probe."""
        bench = self._bench
        if point == "surface":
            return round(self._description.bank.ambient_c + max(cell.warmth_k + cell.warmed_k for cell in bench.cells), 1)
        if point in ("panel-v", "panel-a"):
            voltage_v, current_a, _ = bench.terminals()
            if point == "panel-a":
                return _rounded(current_a, PANEL_STEP)
            # the display shares the reference of the set-point, so only another meter shows its error
            output = bench.output
            wrong_v = output.error_v + output.drift_v if output.on else 0.0
            return _rounded(max(output.shown_v(voltage_v - wrong_v), 0.0), PANEL_STEP)
        if point == "bms-limit":
            return bench.bms.over_voltage_v if bench.bms is not None else None
        if point == "highest-cell":
            highest_v = bench.highest_joined_v()
            return None if highest_v is None else _rounded(highest_v, HAND_METER_STEP_V)
        true_v = self._true_v(point)
        if true_v is None:
            return None
        meter = self._description.meter
        return _rounded(true_v * (1.0 + meter.gain_error) + meter.offset_v, HAND_METER_STEP_V)

    def _true_v(self, point: str) -> float | None:
        bench, wiring = self._bench, self._bench.wiring
        if point == "supply":
            return bench.terminals()[0]
        name, _, label = point.partition(":")
        posts_v = bench.bank.posts_v if bench.bank is not None else None
        if label:
            posts_v = list(bench.cell_truths())[wiring.index(label)].voltage_v
        if name == "cell" and label:
            return posts_v
        if posts_v is not None and (self.reverse or wiring.reversed):
            posts_v = -posts_v  # who takes plus for minus puts the probes the wrong way round, too
        if name == "posts":
            return posts_v
        if point == "lead-ends":
            if wiring.leads == "on":
                return posts_v
            if wiring.leads == "shorted":
                return 0.0
            if bench.output.on:
                return bench.output.held_v
            just_seen = bench.now_s <= self._seen_until_s or self._wall_s() <= self._seen_until_wall_s
            return self._seen_v if just_seen else 0.0
        raise ValueError(f"there is no point {point!r} on this bench")

    def look_anew(self) -> None:
        """The output goes on: what was seen at the lead ends before is forgotten."""
        self._seen_v = 0.0

    def watch_lead_ends(self) -> None:
        """Somebody watches the free lead ends while the output is on."""
        bench = self._bench
        if bench.output.on and bench.wiring.leads == "free":
            self._seen_v = max(self._seen_v, abs(bench.output.held_v))
        if bench.output.on:
            self._seen_until_s = self._seen_until_wall_s = float("inf")
        elif self._seen_until_s == float("inf"):
            self._seen_until_s, self._seen_until_wall_s = bench.now_s + WATCHED_S, self._wall_s() + WATCHED_S


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)
