"""The guard: independent of every procedure, first in every tick. It sees the Reading and the bank's limits, and says what must happen.

It knows what the supply was last told (`Commanded`), never why. Rules: an excess counts when two successive samples show it; a missing value is
unknown and neither clears nor satisfies anything; nothing is averaged before a limit test.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tui.bench.glitches import Glitches
from tui.bench.messages import Level
from tui.bench.reading import Reading
from tui.domain.limits import Limits

SETTLED_V, SETTLING_S = 3.34, 900.0
"""Cells above the plateau that were charged or joined a short while ago fall for a quarter of an hour, whatever goes in (cell model, relaxation)."""

FASTEST_TAPER_S, SETTLING_CURRENT_S = 5.0, 180.0

TYPED_CURRENT_S = 60.0
"""Amperes read longer ago than this do not say that current still flows."""

HAND = "Check the volts at the cells with your meter before anything else."


def fastest_taper_s(limits: Limits, current_a: float, bank_ah: float) -> float:
    """The shortest time in which a charging current halves by itself, s: 30 s up to C/20, in proportion less for a bank that is charged faster.

    In a small bank the current runs ahead of what spreads inside the cells, and falls back within seconds (cell model, fast lag of 27 s). An
    open circuit takes less than one reading, so 5 s still tell the two apart.
    """
    rate_per_h = current_a / bank_ah
    return (
        max(FASTEST_TAPER_S, limits.open_circuit_half_time_s * min(1.0, 0.05 / rate_per_h))
        if rate_per_h > 0
        else limits.open_circuit_half_time_s
    )


@dataclass(frozen=True, slots=True)
class Commanded:
    """What the supply was told last. `since_s` is when the output or a set-point was last changed."""

    output_on: bool = False
    voltage_v: float | None = None
    current_a: float | None = None
    since_s: float = 0.0
    off_unproved: bool = False  # off was commanded; until it is proved, a poll that was under way may still show it on


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the guard has to say. `code` is stable; equal codes are one alarm."""

    level: Level
    code: str
    title: str
    text: str

    def row(self) -> dict[str, str]:
        return {"level": self.level, "code": self.code, "title": self.title, "text": self.text}


ONCE = {"open": "no current", "negative": "current out of the cells", "trip-supply": "volts above the target at the supply"}

_Seen = dict[str, tuple[int, float]]
"""Limit → (successive samples over it, bench time of the last such sample)."""


@dataclass(slots=True)
class _Sample:
    time_s: float
    current_a: float
    supply_v: float | None


class Guard:
    """One session's guard. `check` is called once a tick with the Reading of that tick."""

    def __init__(
        self,
        limits: Limits,
        *,
        target_v: float,
        bank_ah: float,
        voltage_step_v: float,
        current_step_a: float,
        by_hand: bool,
        series: int = 1,
        cells_target_v: float | None = None,
        current_count_a: float | None = None,
    ) -> None:
        """`target_v` per cell; `series` cells one after the other share what the supply's terminals show.

        `cells_target_v` is what the cells are for in the end: at a low stage they may stand above that stage, and only the supply must not.
        `current_count_a`: one count of the measured amperes, where that is finer than one of the set-point.
        """
        self.limits = limits
        self.target_v = target_v
        self.cells_target_v = max(target_v, cells_target_v or 0.0)
        self.series = series
        self.bank_ah = bank_ah
        self.voltage_step_v = voltage_step_v
        self.current_step_a = current_step_a
        self.current_count_a = current_count_a or current_step_a
        self.by_hand = by_hand
        self._seen: dict[str, tuple[int, float]] = {}
        self.glitches = Glitches(limits)
        self._samples: deque[_Sample] = deque(maxlen=8)
        self._half_minute: deque[_Sample] = deque()  # thinned to one every few seconds
        self._flat: deque[tuple[float, float]] = deque()  # (time, volts) at constant current, for F-40
        self._flat_trust = ""
        self._top_since_s: float | None = None
        self._commanded_since_s = -1.0

    @property
    def suspicious(self) -> bool:
        """A first sample was over a limit: the second must be taken at once (within a second)."""
        return bool(self._seen)

    def check(self, reading: Reading, commanded: Commanded, *, charge_ah: float, supply_answered: bool) -> list[Finding]:
        """All findings of this tick, worst last. `supply_answered` is False while the supply's state is unknown for longer than it may."""
        if commanded.since_s != self._commanded_since_s:
            self._commanded_since_s = commanded.since_s
            self._samples.clear()
            self._half_minute.clear()
            self._flat.clear()
        found: list[Finding] = []
        before, self._seen = self._seen, {}
        self._volts(reading, found, before)
        if supply_answered and not self.by_hand:
            self._supply(reading, commanded, found, before)
        self._current(reading, commanded, found, before)
        self._temperature(reading, found)
        self._charge(charge_ah, found)
        self._time_at_top(reading, found)
        self._falling_volts(reading, commanded, found, before)
        self._unconfirmed(reading, before)
        order = {"warn": 0, "hold": 1, "trip": 2, "call": 3}
        return sorted(found, key=lambda finding: order[finding.level])

    def _twice(self, code: str, over: bool, before: _Seen, sample_s: float, times: int = 2) -> bool:
        """Whether `code` was over its limit in `times` successive samples; a sample that two ticks see counts once."""
        if not over:
            return False
        count, last_s = before.get(code, (0, -1.0))
        self._seen[code] = (count + 1 if sample_s > last_s else count, sample_s)
        return self._seen[code][0] >= times

    # --- volts ----------------------------------------------------------------------------------------------

    def _volts(self, reading: Reading, found: list[Finding], before: _Seen) -> None:
        self._glitch(reading, found)
        points: list[tuple[str, str, float, float]] = []
        if reading.alarm_v is not None:
            points.append(("cells", "the cells", reading.alarm_v, reading.time_s - (reading.cells_v.age_s or 0.0)))
        if reading.output_on and reading.supply_v.value is not None and reading.supply_v.trust in ("measured", "typed", "echo"):
            where = "the supply's terminals" if self.series == 1 else f"a cell on average ({reading.supply_v.value:.2f} V at the supply)"
            points.append(("supply", where, reading.supply_v.value / self.series, reading.time_s - (reading.supply_v.age_s or 0.0)))
        terminals = reading.terminals_v
        if reading.output_on and terminals.trust == "measured" and terminals.value is not None:
            where = "the supply's terminals, by your meter" if self.series == 1 else "a cell on average, by your meter at the supply"
            points.append(("terminals", where, terminals.value / self.series, reading.time_s - (terminals.age_s or 0.0)))
        limits = self.limits
        for near, where, volts, sample_s in points:
            no_current = (
                reading.amperes is not None and abs(reading.amperes) <= limits.off_current_a
            )  # its terminals show the cells' own volts
            target = self.cells_target_v if near == "cells" or no_current else self.target_v
            if volts <= min(limits.ceiling_v, target + min(limits.trip_over_target_v, limits.warn_over_target_v)) + 1e-9:
                continue
            if self._twice(f"ceiling-{near}", volts > limits.ceiling_v + 1e-9, before, sample_s):
                found.append(
                    Finding(
                        "trip",
                        "ceiling",
                        "over the ceiling",
                        f"{volts:.3f} V at {where}, above {limits.ceiling_v:.2f} V. A cell swells beyond this. {HAND}",
                    )
                )
            elif self._twice(f"trip-{near}", volts > target + limits.trip_over_target_v + 1e-9, before, sample_s):
                found.append(
                    Finding(
                        "trip",
                        "cell-over-target",
                        "over the target",
                        f"{volts:.3f} V at {where}, {1000 * (volts - target):.0f} mV above the target of {target:.3f} V. "
                        f"The supply does not hold its voltage. {HAND}",
                    )
                )
            elif self._twice(f"warn-{near}", volts > target + limits.warn_over_target_v + 1e-9, before, sample_s):
                found.append(
                    Finding(
                        "warn",
                        "near-over-target",
                        "slightly over the target",
                        f"{volts:.3f} V at {where}, target {target:.3f} V. Measure there with your meter (key r); trim the supply down.",
                    )
                )

    def _glitch(self, reading: Reading, found: list[Finding]) -> None:
        """F-38: an impossible number is no measurement. It is not acted on, but three in ten minutes are a fault of their own."""
        if self.glitches.look(reading, steady=len(self._samples) > 1):
            self._seen["glitch"] = (1, reading.time_s)  # read again at once
        many = self.glitches.too_many(reading.time_s)
        if many:
            text = f"{many} readings in {self.limits.glitch_window_s / 60:.0f} min that cannot be. Look at the probes, the cables and the plugs; "
            found.append(
                Finding(
                    "hold", "glitches", "readings that cannot be", text + "cells and current are not watched while they read like this."
                )
            )

    def _unconfirmed(self, reading: Reading, before: _Seen) -> None:
        """What was over a limit once and is not any more was a glitch, too; the volts at the cells have a rule of their own."""
        for code, (count, sample_s) in before.items():
            if count == 1 and code in ONCE and code not in self._seen and reading.amperes is not None:
                self.glitches.note(f"{ONCE[code]} once ({reading.amperes:.2f} A now)", sample_s)

    # --- supply ---------------------------------------------------------------------------------------------

    def _supply(self, reading: Reading, commanded: Commanded, found: list[Finding], before: _Seen) -> None:
        supply = reading.supply
        if supply is None or not reading.supply_fresh or supply.time_s < commanded.since_s:
            return  # an answer older than our last command tells nothing about it
        if supply.protection:
            found.append(
                Finding(
                    "hold",
                    "protection",
                    f"supply protection {supply.protection}",
                    f"The supply's own {supply.protection} switched its output off. Find the cause before going on.",
                )
            )
        if commanded.output_on and supply.output_on is False and not supply.protection:
            found.append(
                Finding(
                    "hold",
                    "panel-off",
                    "output found off",
                    "The supply's output is off, and not by this program: the panel, or a mains dip. The cells are safe; nothing charges.",
                )
            )
        if self._twice("output-unknown", commanded.output_on and supply.output_on is None, before, supply.time_s):
            found.append(
                Finding(
                    "hold",
                    "output-unknown",
                    "output not known",
                    "The supply no longer tells whether its output is on, though this program switched it on: it was gone for a moment, or "
                    "somebody was at its panel. It is switched off with proof; then go on.",
                )
            )
        if not commanded.output_on and supply.output_on and not commanded.off_unproved:
            found.append(
                Finding(
                    "hold",
                    "found-on",
                    "output found on",
                    "The supply's output is on although it was told off. It is switched off again. Look at who touched the panel.",
                )
            )
        for code, name, told, shows, step, unit in (
            ("set-voltage", "voltage", commanded.voltage_v, supply.set_voltage_v, self.voltage_step_v, "V"),
            ("set-current", "current", commanded.current_a, supply.set_current_a, self.current_step_a, "A"),
        ):
            if told is None or shows is None:
                continue
            coarse = unit == "V" and step > self.limits.warn_over_target_v * self.series + 1e-9  # there a whole count is another voltage
            if abs(shows - told) > step * (0.5 if coarse else self.limits.set_point_counts + 0.5):
                found.append(
                    Finding(
                        "hold",
                        code,
                        f"set {name} was changed",
                        f"The supply's {name} set-point reads {shows:.3f} {unit}, this program set {told:.3f} {unit}. "
                        "Do not adjust the voltage or current at the panel: with cells connected the display does not show the limit.",
                    )
                )

    # --- current --------------------------------------------------------------------------------------------

    def _current(self, reading: Reading, commanded: Commanded, found: list[Finding], before: _Seen) -> None:
        amps = reading.amperes
        if amps is None:
            return
        sample_s = reading.time_s - (reading.current_a.age_s or 0.0)
        if self._twice("negative", amps < -self.limits.negative_current_a, before, sample_s):
            found.append(
                Finding(
                    "hold",
                    "negative-current",
                    "cells feed the supply",
                    f"{amps:.2f} A: current flows out of the cells into the supply. Disconnect the + lead.",
                )
            )
        told = commanded.current_a
        if told is not None:
            over = amps > told * (1 + self.limits.current_over_fraction) + self.current_step_a + 1e-9
            if self._twice("current", over, before, sample_s):
                found.append(
                    Finding(
                        "hold",
                        "current",
                        "more current than set",
                        f"{amps:.2f} A flows although {told:.2f} A is set. The supply's current limit does not hold.",
                    )
                )
        if commanded.output_on and reading.output_on:
            self._open_circuit(reading, amps, commanded.current_a, sample_s, found, before)

    def _open_circuit(
        self, reading: Reading, amps: float, told_a: float | None, sample_s: float, found: list[Finding], before: _Seen
    ) -> None:
        """F-27: a charge tapers over many minutes; a current that halves within half a minute has lost its path.

        Typed amperes come minutes apart, so there the fastest believable half-time is taken three times as long.
        """
        if sample_s < self._commanded_since_s or (self._samples and sample_s <= self._samples[-1].time_s):
            return  # before the last command another current was right
        count = self.current_count_a
        fastest_s = fastest_taper_s(self.limits, told_a or 0.0, self.bank_ah)
        if sample_s - self._commanded_since_s < SETTLING_CURRENT_S:
            fastest_s = FASTEST_TAPER_S  # the first amperes into cells that stand near the set-point fall back at once
        fastest_s *= 3 if self.by_hand else 1
        fell = bool(told_a and self._samples and self._samples[-1].current_a > 0.1 * told_a and amps < 0.02)
        for old in (*self._half_minute, *self._samples):
            if amps > 0.5 * old.current_a:
                continue  # however long ago
            dt = max(sample_s - old.time_s, fastest_s)
            if old.current_a < 5 * count or amps + 0.5 * count > old.current_a * 0.5 ** (dt / fastest_s):
                continue  # a display's zero is anything below half a count
            fell = True
        # From fewer than five counts a fall is resolution, unless the supply's volts jump to the set-point with it.
        if not fell and self._samples and amps < 0.5 * count and self._samples[-1].current_a > amps:
            last, now, set_v = self._samples[-1].supply_v, reading.supply_v.value, reading.set_voltage_v
            fell = last is not None and now is not None and set_v is not None and now >= set_v - self.voltage_step_v and now - last > 0.02
        if fell:
            if self._twice("open", True, before, sample_s, times=1 if self.by_hand else 2):
                found.append(
                    Finding(
                        "hold",
                        "F-27",
                        "open circuit",
                        f"The current fell to {amps:.2f} A at once. A charge never ends like that: a lead is off, a fuse blew, or a BMS "
                        "opened. The cells are NOT done. Look at both lead ends and measure at the cells.",
                    )
                )
            return  # the sample is kept out: the next one is compared with the time before the fall
        sample = _Sample(sample_s, amps, reading.supply_v.value)
        self._samples.append(sample)
        if not self._half_minute or sample_s - self._half_minute[-1].time_s >= fastest_s / 8:
            self._half_minute.append(sample)
        while sample_s - self._half_minute[0].time_s > 1.2 * fastest_s:
            self._half_minute.popleft()

    def _temperature(self, reading: Reading, found: list[Finding]) -> None:
        degrees, limits = reading.surface_c, self.limits
        if degrees is None:
            return
        feel = f"{degrees:.0f} °C at a cell. "
        if degrees > limits.hot_trip_c:
            found.append(Finding("trip", "hot", "a cell is too hot", feel + "Nothing in this charge heats cells: one may be failing."))
        elif degrees > limits.hot_warn_c:
            found.append(
                Finding("warn", "warm", "a cell is warm", feel + f"The charge stops at {limits.hot_trip_c:.0f} °C. Find the cause.")
            )
        elif degrees < limits.cold_refuse_c and reading.output_on:
            found.append(
                Finding("hold", "cold", "a cell is below freezing", feel + "Charging plates lithium, which stays. Warm the cells.")
            )

    # --- slow limits ----------------------------------------------------------------------------------------

    def _charge(self, charge_ah: float, found: list[Finding]) -> None:
        ratio = charge_ah / self.bank_ah
        levels: tuple[tuple[Level, str, float], ...] = (
            ("trip", "charge-trip", self.limits.charge_over_trip),
            ("warn", "charge-warn", self.limits.charge_over_warn),
        )
        for level, code, limit in levels:
            if ratio > limit:
                found.append(
                    Finding(
                        level,
                        code,
                        "more charge than the bank holds",
                        f"{charge_ah:.0f} Ah went in, the bank holds {self.bank_ah:.0f} Ah. Something else takes the charge: a short, "
                        "a load, or a wrong capacity.",
                    )
                )
                return

    def _time_at_top(self, reading: Reading, found: list[Finding]) -> None:
        """F-49, by the cells' volts: on thin leads the supply sits at its set-point for days while the cells do not."""
        volts = reading.cells_v.value
        if volts is None or reading.upper_bound or reading.cells_v.trust == "stale" or not reading.output_on:
            if reading.output_on is False:
                self._top_since_s = None
            return
        if volts < max(self.target_v - self.limits.top_margin_v, self.limits.top_floor_v):
            self._top_since_s = None
            return
        if self._top_since_s is None:
            self._top_since_s = reading.time_s
        if reading.time_s - self._top_since_s > self.limits.time_at_top_s:
            found.append(
                Finding(
                    "hold",
                    "time-at-top",
                    "too long at the top",
                    f"The cells have been held at {volts:.3f} V for {self.limits.time_at_top_s / 3600:g} h. Full cells gain nothing from "
                    "this and age. If the current no longer falls, a leak holds it up.",
                )
            )

    def _falling_volts(self, reading: Reading, commanded: Commanded, found: list[Finding], before: _Seen) -> None:
        """F-40: cell volts that fall while a constant current goes in mean an internal short, or a wrong reading."""
        volts, amps = reading.cells_v.value, reading.amperes
        constant = (
            commanded.output_on
            and commanded.current_a is not None
            and amps is not None
            and amps >= 0.98 * commanded.current_a
            and reading.cells_trusted
            and volts is not None
        )
        if not constant or volts is None or reading.cells_v.trust != self._flat_trust:
            self._flat.clear()  # another source is another truth: its level says nothing about a fall
            self._flat_trust = reading.cells_v.trust
            return
        window = self.limits.falling_window_s
        while self._flat and reading.time_s - self._flat[0][0] > window:
            self._flat.popleft()
        highest = max((v for _, v in self._flat), default=volts)
        if not self._flat or reading.time_s - self._flat[-1][0] >= window / 30:
            self._flat.append((reading.time_s, volts))
        settling = highest > SETTLED_V and reading.time_s - commanded.since_s < SETTLING_S
        if self._twice(
            "falling", highest - volts > self.limits.falling_v and not settling, before, reading.time_s - (reading.cells_v.age_s or 0.0)
        ):
            if self.series > 1 and self.by_hand and (reading.current_a.age_s or 0.0) > TYPED_CURRENT_S:
                minutes = (reading.current_a.age_s or 0.0) / 60
                text = (
                    f"The cells fell from {highest:.3f} to {volts:.3f} V; the amperes were read {minutes:.0f} min ago. A BMS that opened, "
                )
                found.append(
                    Finding("hold", "F-27", "open circuit", text + "or a lead that is off, looks like this. The cells are NOT done.")
                )
                return
            found.append(
                Finding(
                    "trip",
                    "F-40",
                    "volts fall under charge",
                    f"The cells fell from {highest:.3f} to {volts:.3f} V while {amps:.1f} A flows in. A cell may be shorted inside, or the "
                    "meter's probe slipped. Feel for a warm cell, keep away from gas, measure each cell.",
                )
            )
