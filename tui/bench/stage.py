"""The stage on which a procedure runs: what its steps and actions may see and do of the bench, and where typed values go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drivers.roles import SupplyProfile
from drivers.supplies.manual import ManualSupply
from tui.bench import trim
from tui.bench.guard import Finding
from tui.bench.output import Output
from tui.bench.reading import PLAUSIBLE_CELL_V, Reading
from tui.domain.plan import Plan
from tui.domain.procedure import Step, Value

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.runner import Hands
    from tui.bench.session import Session


class Stage:
    """One session's stage; implements what `runner` and `actions` ask for."""

    def __init__(self, bench: Bench, session: Session, output: Output) -> None:
        self.bench, self.running, self.output = bench, session, output
        self.plan: Plan = session.plan
        self.profile: SupplyProfile = session.profile
        self.facts = session.facts
        self.hands: Hands | None = bench.hands

    @property
    def reading(self) -> Reading:
        return self.bench.reading

    def now_s(self) -> float:
        return self.bench.now_s()

    def line_now_s(self) -> float:
        return self.bench.line_now_s()

    def charge_current_a(self) -> float:
        return self.running.current_a

    def log(self, kind: str, *, durable: bool = False, **fields: object) -> None:
        self.bench.log(kind, durable=durable, **fields)

    def warn(self, code: str, title: str, text: str) -> None:
        self.bench.warn(code, title, text)

    def meter_at(self, probe: str) -> float | None:
        """The live meter's value where it happens to stand at the asked point."""
        profile, reading = self.bench.meter_profile, self.reading
        if profile is None or not reading.meter_fresh or reading.meter is None:
            return None
        if probe.startswith("cell:") and profile.point == "cells":
            channel = reading.per_cell_v.get(probe[5:])
            return channel.value if channel else None
        at = {"bank": "posts", "supply": "supply"}.get(profile.point)
        return next(iter(reading.meter.channels_v.values()), None) if at == probe else None

    def did(self, act: str) -> None:
        """A confirmed physical act: the embedded bench's hands do it; a supply without interface is told what they did."""
        volts = amps = None
        session = self.running
        if act in ("set-knobs", "trim-knob"):
            volts, amps = session.facts.get("trimmed_set_v", session.plan.target_v), session.current_a
        if self.hands is not None:
            self.hands.do(act, voltage_v=volts, current_a=amps)
        if act == "wire-cells":  # what each cell showed alone says nothing once they are joined
            for point in [point for point in session.composer.typed if point.startswith("cell:")]:
                del session.composer.typed[point]
        driver = self.bench.supply.driver if self.bench.supply else None
        if not isinstance(driver, ManualSupply):
            return
        if act in ("set-knobs", "trim-knob") and volts is not None and amps is not None:
            driver.told_set(volts, amps)
            self.output.told(voltage_v=volts, current_a=amps)
        elif act in ("switch-on", "switch-off"):
            on = act == "switch-on"
            driver.told_output(on)
            session.composer.forget_current()
            self.output.told(output_on=on)
            self.log("output_on" if on else "output_off", durable=True, text="by hand")

    def refused(self, step: Step, values: Mapping[str, Value]) -> None:
        """A gate refused values: the supply's terminals measured far above the target are not only refused, they trip."""
        volts = values.get("trim_v")
        limit_v = self.plan.target_v + self.running.limits.trip_over_target_v
        if isinstance(volts, float) and limit_v < volts < PLAUSIBLE_CELL_V[1]:
            text = f"Your meter shows {volts:.3f} V at the supply's terminals, target {self.plan.target_v:.3f} V. It does not hold its voltage."
            self.bench.safety.act_on(Finding("trip", "cell-over-target", "over the target", text))

    def took(self, step: Step, values: Mapping[str, Value]) -> str:
        """Values passed their gate: keep each where it belongs. Returns a refusal when something must be done and typed again."""
        session, now = self.running, self.now_s()
        cells: dict[str, float] = {}
        for name, value in values.items():
            if isinstance(value, str):
                continue
            if name.startswith("cell:"):
                cells[name[5:]] = value
                session.composer.type(name, value, now)
            elif name in ("surface_c", "supply_v", "current_a", "cells_v"):
                session.composer.type(name, value, now)
            elif name == "post_v":
                session.composer.type("cells_v", value, now)
            if name in ("cells_v", "post_v") or (name == "current_a" and session.by_hand):
                session.attention.read(now)
        if cells and step.id == "cell-volts":
            session.before_v = cells
            session.facts["mean_cell_v"] = sum(cells.values()) / len(cells)
            self._detail(step, f"{1000 * (max(cells.values()) - min(cells.values())):.0f} mV")
        elif cells and step.id == "rest-volts":
            session.rest_v = cells
            self._detail(step, f"{1000 * (max(cells.values()) - min(cells.values())):.0f} mV")
        elif step.fields and len(step.fields) == 1 and step.fields[0].unit:
            single = values.get(step.fields[0].name)
            self._detail(step, f"{single:.2f} {step.fields[0].unit}" if isinstance(single, float) else "")
        if step.id == "trim":
            return trim.took(self, float(values["trim_v"]))
        if step.id == "lift":
            trim.lift(self, str(values["lift"]))
        return ""

    def _detail(self, step: Step, text: str) -> None:
        if self.running.runner is not None and text:
            self.running.runner.details[step.id] = text

    def condition(self, step: Step, entered_s: float) -> bool:
        """Whether the running step's `until` has come."""
        session, reading = self.running, self.reading
        if step.until == "volts":
            volts = reading.cells_v.value
            reached = volts is not None and not reading.upper_bound and reading.cells_v.trust != "stale" and volts >= step.until_v
            if reached and volts is not None and volts >= session.knee_v and session.knee_s is None:
                session.knee_s = self.now_s()
            return reached
        if step.until == "end-rule":
            if session.end_rule.verdict in ("end-rule", "leakage-floor"):
                self._charge_ended()
                return True
            return False
        if step.until == "rest":
            since = session.off_since_s if session.off_since_s is not None else entered_s
            return self.now_s() - since >= step.until_s
        return True

    def _charge_ended(self) -> None:
        session, reading = self.running, self.reading
        session.tail_current_a = reading.amperes
        session.end_v = {label: c.value for label, c in reading.per_cell_v.items() if c.value is not None and c.trust == "measured"}
        if not session.end_v and reading.cells_v.value is not None:
            session.end_v = {cell.label: reading.cells_v.value for cell in session.plan.cells}
        floor = session.end_rule.verdict == "leakage-floor"
        session.end_reason = (
            "leakage floor: the current no longer falls, small leaks carry it"
            if floor
            else f"end rule: every clause held, {reading.amperes or 0.0:.2f} A at {reading.cells_v.value or 0.0:.3f} V"
        )
