"""When a charge is finished, clause by clause, and the ends that are none: a leakage floor, a current that does not taper.

A charge ends only when every clause holds for the hold time: constant voltage, volts at the *cells*, current, spread, smooth taper, output on,
fresh inputs. (Tutorial 4.7; Appendix A.3 for the opinions on the end current.)
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from tui.bench.messages import Clause
from tui.bench.reading import Reading
from tui.domain.limits import Limits
from tui.domain.plan import EndRule as Choice

Verdict = Literal["", "end-rule", "leakage-floor", "flat", "rising"]


class EndRule:
    """Watches one charge. `update` once a tick; `clauses` for the screen; `verdict` says whether and how the charge ends."""

    def __init__(
        self,
        limits: Limits,
        *,
        target_v: float,
        choice: Choice,
        end_current_a: float,
        set_current_a: float,
        current_step_a: float,
        fastest_taper_s: float,
    ) -> None:
        self.limits = limits
        self.target_v = target_v
        self.choice = choice
        self.end_current_a = max(end_current_a, 2 * current_step_a)
        self.set_current_a = set_current_a
        self.current_step_a = current_step_a
        self.fastest_taper_s = fastest_taper_s  # a current that halves sooner did not taper
        self.held_since_s: float | None = None
        self.verdict: Verdict = ""
        self._currents: deque[tuple[float, float]] = deque()  # (time, A) near the top, one a minute
        self._last_current: tuple[float, float] | None = None
        self._jumped_s: float | None = None
        self._held_v = target_v - limits.end_margin_v
        self._held_s = 0.0
        self._watched: set[str] = set()  # cells that a meter has shown in this charge, each on its own
        self._judged: Reading | None = None  # by the last update, and how each clause came out
        self._oks: list[bool] = []

    @property
    def hold_left_s(self) -> float | None:
        """Seconds of hold time still to pass at the last update; None while a clause fails."""
        return max(0.0, self.limits.end_hold_s - self._held_s) if self.held_since_s is not None else None

    def restart(self) -> None:
        """The hold starts anew: after a hold, a change of set-point or a switch of the output."""
        self.held_since_s = None
        self._currents.clear()
        self._last_current = None

    def update(self, reading: Reading) -> Verdict:
        """Judge this tick's Reading."""
        volts, amps, now = reading.cells_v.value, reading.amperes, reading.time_s
        self._smooth(now - (reading.current_a.age_s or 0.0), amps)
        self._judged, self._oks = reading, self._judge(reading, volts, amps)
        if not all(self._oks):
            self.held_since_s = None
        elif self.held_since_s is None:
            self.held_since_s = now
        self._held_s = 0.0 if self.held_since_s is None else now - self.held_since_s
        done = self.held_since_s is not None and self._held_s >= self.limits.end_hold_s
        self._oks.append(done)
        self.verdict = "end-rule" if done else self._taper(now, volts, amps, reading)
        return self.verdict

    def _judge(self, reading: Reading, volts: float | None, amps: float | None) -> list[bool]:
        """Whether each clause holds, but for the last one (their time together); in the order of `clauses`."""
        limits = self.limits
        oks = [reading.cells_trusted and volts is not None and volts >= self._held_v - 1e-9]
        if self.choice != "volts":
            oks += (
                reading.mode != "CC" and amps is not None and amps < 0.98 * self.set_current_a,
                amps is not None and amps <= self.end_current_a + 1e-9,
                self._jumped_s is None or reading.time_s - self._jumped_s > limits.end_hold_s,
            )
        oks.append(bool(reading.output_on) and amps is not None and not self._blind(reading))
        spread_v = reading.spread_v
        if spread_v is not None:
            oks.append(spread_v <= limits.end_spread_v + 1e-9)
        return oks

    def _blind(self, reading: Reading) -> bool:
        """Whether a cell that its meter showed before is not seen now: what the others show says nothing of it."""
        fresh = {label for label, channel in reading.per_cell_v.items() if channel.trust == "measured"}
        self._watched |= fresh
        return not self._watched <= fresh

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The last update in words. Made only when somebody looks: a charge is judged each second, and read now and then."""
        reading, limits = self._judged, self.limits
        if reading is None:
            return ()
        volts, amps = reading.cells_v.value, reading.amperes
        shown = f"{volts:.3f} V" if volts is not None and reading.cells_trusted else "not known by a meter or typed"
        texts = [f"cells ≥ {self._held_v:.3f} V (now {shown})"]
        if self.choice != "volts":
            texts += [
                "supply holds constant voltage",
                f"current ≤ {self.end_current_a:.2f} A (now {'unknown' if amps is None else f'{amps:.2f} A'})",
                "current tapered smoothly",
            ]
        texts.append("output on, readings fresh")
        if reading.spread_v is not None:
            texts.append(f"cells within {1000 * limits.end_spread_v:.0f} mV")
        texts.append(f"all of it for {limits.end_hold_s / 60:.0f} min (now {self._held_s / 60:.0f})")
        return tuple(Clause(text, ok) for text, ok in zip(texts, self._oks, strict=True))

    def _smooth(self, now: float, amps: float | None) -> None:
        """Remember a sudden fall: what follows is no taper until a hold time has passed without one. `now` is the sample's own time."""
        if amps is None:
            return
        if self._last_current is not None:
            then, before = self._last_current
            dt = now - then
            if dt <= 0:
                return  # the same sample, typed minutes ago
            if before >= 5 * self.current_step_a and amps < before * 0.5 ** max(dt / self.fastest_taper_s, 1.0):
                self._jumped_s = now
        self._last_current = (now, amps)

    def _taper(self, now: float, volts: float | None, amps: float | None, reading: Reading) -> Verdict:
        """F-39, judged only with the cells near the top: on thin leads a supply is in CV on the plateau at a steady current for hours."""
        near = volts is not None and reading.cells_trusted and volts >= self.target_v - self.limits.taper_margin_v
        if not near or amps is None or not reading.output_on or reading.mode == "CC":
            self._currents.clear()
            return ""
        if not self._currents or now - self._currents[-1][0] >= 60.0:
            self._currents.append((now, amps))
        window = self.limits.flat_window_s
        while len(self._currents) > 2 and now - self._currents[1][0] >= window:
            self._currents.popleft()
        first_s, first_a = self._currents[0]
        if now - first_s < window:
            return ""
        values = [a for _, a in self._currents]
        count = self.current_step_a
        if amps - min(values) > max(3 * count, 0.2 * min(values)):
            return "rising"
        if max(values) - min(values) <= max(count, 0.03 * first_a):
            return "leakage-floor" if amps <= self.limits.leakage_floor_a else "flat"
        return ""
