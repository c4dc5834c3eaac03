"""An output that was found on and that this program never commanded: nothing is written, it is shown and watched (fault F-34 e).

Whoever switched it on may have good reasons, so it is asked about first. Over a limit of the plan at hand it is switched off all the same, and
ctrl+x does it at any time. No procedure starts while it is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.roles import Supply, SupplyProfile
from tui.bench.guard import Finding
from tui.bench.messages import Channel, Trust
from tui.bench.output import Output
from tui.bench.ports import Port
from tui.bench.reading import Reading
from tui.domain import calculations
from tui.domain.limits import Limits
from tui.domain.plan import Plan

if TYPE_CHECKING:
    from tui.bench.bench import Bench

CODE = "F-34"


class Stranger:
    """Watches one such supply until its output is off."""

    def __init__(self, bench: Bench, plan: Plan, profile: SupplyProfile, port: Port[Supply]) -> None:
        self._bench, self._profile = bench, profile
        self._plan, self._limits = plan, Limits()
        self._over = 0  # successive answers over a limit
        self._judged_s = -1.0
        self.output = Output(port, profile, now_s=bench.now_s, line_now_s=bench.line_now_s, log=bench.log)
        bench.supply_text = f"{profile.model} · {plan.supply.address}"

    @property
    def words(self) -> str:
        """What stands where the next thing to do stands."""
        reading = self._bench.reading
        if self.output.proving_off:
            return f"The {self._profile.model} was told to switch its output off, and has not shown yet that it did. Look at it."
        shown = [
            f"{channel.value:.2f} {unit}"
            for channel, unit in ((reading.supply_v, "V"), (reading.current_a, "A"))
            if channel.value is not None
        ]
        values = f" ({', '.join(shown)})" if shown else ""
        if reading.output_on is None and reading.supply_fresh:
            return (
                f"The {self._profile.model} does not tell whether its output is still on{values}; this program sent it nothing. "
                "Switch it off at its panel or with ctrl+x; then start."
            )
        return (
            f"The output of the {self._profile.model} is on{values}, and not by this program, which sent it nothing. "
            "Switch it off at its panel or with ctrl+x; then start."
        )

    def reading(self, now_s: float, fresh: bool) -> Reading:
        """What the supply shows, without a session."""
        supply = self.output.port.reading
        if supply is None:
            return Reading(now_s)
        trust: Trust = "measured" if fresh else "stale"
        return Reading(
            now_s,
            supply,
            fresh,
            output_on=supply.output_on if fresh else None,
            set_voltage_v=supply.set_voltage_v,
            set_current_a=supply.set_current_a,
            mode=supply.mode or "",
            supply_v=Channel(supply.voltage_v, trust) if supply.voltage_v is not None else Channel(),
            current_a=Channel(supply.current_a, trust) if supply.current_a is not None else Channel(),
        )

    def watch(self, reading: Reading) -> bool:
        """Judge this tick's reading; False once the output is off and there is nothing to watch any more."""
        if self.output.proving_off:
            if self.output.step_off(reading):
                return False
            if self.output.off_overdue:
                text = "It was told off again and again and has not shown that it obeyed. Switch it off at its mains switch, or pull the + lead."
                self._bench.safety.raise_alarm(Finding("call", "F-36", "the output is not proved off", text))
            return True
        if reading.output_on is False:
            return False
        supply = reading.supply
        if supply is None or not reading.supply_fresh or supply.time_s <= self._judged_s:
            return True
        self._judged_s = supply.time_s
        found = self._over_limit(reading)
        self._over = self._over + 1 if found else 0
        if self._over >= self._limits.over_limit_reads:
            self._bench.safety.raise_alarm(Finding("trip", CODE, "a strange output over a limit", f"{found} It is switched off."))
            self.switch_off("over a limit, and not by this program")
        return True

    def switch_off(self, reason: str) -> None:
        """Off; `watch` looks for the proof."""
        self.output.told(output_on=True)
        self.output.begin_off(reason)

    def _over_limit(self, reading: Reading) -> str:
        limits, series = self._limits, calculations.wiring(self._plan).series
        most_v = series * min(self._plan.target_v + limits.trip_over_target_v, limits.ceiling_v)
        volts, amps = reading.supply_v.value, reading.current_a.value
        if volts is not None and volts > most_v + 1e-9:
            return f"{volts:.2f} V at the {self._profile.model}, more than the {most_v:.2f} V that this bank may see."
        if amps is not None and amps < -limits.negative_current_a:
            return f"{amps:.2f} A flow back into the {self._profile.model}."
        return ""
