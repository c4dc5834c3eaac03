"""The stage on which a procedure runs: what its steps and actions may see and do of the bench, and where typed values go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from drivers.roles import SupplyProfile
from drivers.supplies.manual import ManualSupply
from tui.bench import beside, bms_answers, panel, trim
from tui.bench.actions import OPEN_LEAD_METER
from tui.bench.guard import Finding
from tui.bench.output import Output
from tui.bench.reading import PLAUSIBLE_CELL_V, Reading
from tui.domain import calculations
from tui.domain.plan import Plan
from tui.domain.procedure import Field, GateResult, Part, Step, Value

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.runner import Hands
    from tui.bench.session import PartEnd, Session


STRING_FULL_S = 30.0


class Stage:
    """One session's stage; implements what `runner` and `actions` ask for."""

    def __init__(self, bench: Bench, session: Session, output: Output) -> None:
        self.bench, self.running, self.output = bench, session, output
        self.profile: SupplyProfile = session.profile
        self.facts = session.facts
        self.hands: Hands | None = bench.hands

    @property
    def plan(self) -> Plan:
        """Of the part that runs."""
        return self.running.plan

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

    def remember(self) -> None:
        self.bench.remember()

    def warn(self, code: str, title: str, text: str) -> None:
        self.bench.warn(code, title, text)

    def enter_part(self, part: Part) -> bool:
        """Bring another part into force, with the output off; never while something may still drive the cells (fault F-47)."""
        session = self.running
        if part == session.part:
            return True
        on = self.output.commanded.output_on or (self.reading.output_on and self.reading.supply_fresh)
        if on or self.output.proving_off:
            text = "The next part sets another voltage, and the output is still on. It is switched off first."
            self.bench.safety.act_on(Finding("hold", "part-change", "output still on between two parts", text))
            return False
        if session.charging_since_s is not None and session.part.id not in session.ends:
            self._note_end(session.part_ended(session.end_reason_so_far or "left before its end", self.now_s()))
        session.enter(part)
        if not session.by_hand:
            self.output.told(voltage_v=None, current_a=None)  # what the supply holds is the old part's; the next on programs anew
        typed = [self.running.runner.answers.get(f"cell:{cell.label}") for cell in part.plan.cells] if self.running.runner else []
        known = [value for value in typed if isinstance(value, float)]
        if known:
            session.facts["mean_cell_v"] = sum(known) / len(known)
        self.bench.arrangement = str(calculations.wiring(part.plan))
        self.log("part_enter", durable=True, text=part.title, data={"part": part.id, "plan": part.plan.to_json()})
        return True

    def part_detail(self, part: Part) -> str | None:
        end = self.running.ends.get(part.id)
        return None if end is None else end.detail

    def gate_facts(self) -> Mapping[str, float]:
        session = self.running
        since_s = session.off_since_s
        session_facts = {**session.facts, **bms_answers.facts(self.bench, session)}
        some_ah = 0.0 if session.charging_since_s is None else 1e-6  # it charged, though nobody has typed with how many amperes
        facts = {**session_facts, "charged_ah": max(session.count.charge_ah, some_ah)}
        supply = self.reading.supply
        if supply is not None and self.reading.supply_fresh and supply.probe_temperature_c is not None:
            session.facts["probe_c"] = facts["probe_c"] = supply.probe_temperature_c
        return facts if since_s is None else {**facts, "minutes_since_off": (self.now_s() - since_s) / 60.0}

    def measured(self, values: Mapping[str, Value]) -> list[str]:
        return self.bench.capture.measured(dict(values))

    def asks_more(self, step: Step) -> Step | None:
        """A question of the bench's own behind a step that is over."""
        return panel.question(self.bench, self.running, step)

    def meter_at(self, probe: str) -> float | None:
        """The live meter's value where it happens to stand at the asked point, else what the BMS tells of it."""
        volts = self._meter_at(probe)
        return volts if volts is not None else bms_answers.at(self.bench, self.running, probe)

    def sees(self, fields: Iterable[Field]) -> bool:
        """Whether instruments tell all of this now, so that nobody has to be asked."""
        reading = self.reading
        return all(field.name == "cells_v" and reading.cells_v.trust == "measured" and reading.bms_whole for field in fields)

    def barred(self, step: Step) -> str:
        """Why the output must not go on in this step now; "" when nothing stands against it."""
        return bms_answers.barred(self.bench, self.running) if step.action in ("charge", "contact-test") else ""

    def _meter_at(self, probe: str) -> float | None:
        profile, reading = self.bench.meter_profile, self.reading
        if profile is not None and profile.point == "walk":
            return self.facts.get(OPEN_LEAD_METER) if probe == "lead-ends" and not self.running.by_hand else None
        if profile is None or not reading.meter_fresh or reading.meter is None:
            return None
        if profile.point == "cells":
            if probe == "highest-cell":
                return reading.cells_v.value if reading.cells_v.trust == "measured" else None
            channel = reading.per_cell_v.get(probe[5:]) if probe.startswith("cell:") else None
            return channel.value if channel else None
        at = {"bank": "posts", "supply": "supply", "cell": f"cell:{profile.cell}"}.get(profile.point)
        return next(iter(reading.meter.channels_v.values()), None) if at == probe else None

    def did(self, act: str) -> None:
        """A confirmed physical act: the embedded bench's hands do it; a supply without interface is told what they did."""
        volts = amps = None
        session = self.running
        if act in ("set-knobs", "trim-knob", "set-current-knob"):
            volts, amps = session.facts.get("trimmed_set_v", session.set_v), session.current_a
        if self.hands is not None:
            self.hands.do(act, voltage_v=volts, current_a=amps)
        if act.partition(":")[0] in ("leads-on", "leads-apart", "short-leads", "take-apart"):
            session.facts["leads_on"] = float(act.startswith("leads-on"))
        if act.partition(":")[0] in ("wire-cells", "wire-series"):  # what each cell showed alone says nothing once they are joined
            for point in [point for point in session.composer.typed if point.startswith("cell:")]:
                del session.composer.typed[point]
        driver = self.bench.supply.driver if self.bench.supply else None
        if not isinstance(driver, ManualSupply):
            return
        if act in ("set-knobs", "trim-knob") and volts is not None and amps is not None:
            driver.told_set(volts, amps)  # a current knob alone is set with the voltage still arbitrary: nothing to be held against it
            self.output.told(voltage_v=volts, current_a=amps)
        elif act in ("switch-on", "switch-off"):
            on = act == "switch-on"
            driver.told_output(on)
            if not on and session.charging_since_s is not None and session.off_since_s is None:
                session.off_since_s = self.now_s()
            session.composer.forget_current()
            self.output.told(output_on=on)
            self.log("output_on" if on else "output_off", durable=True, text="by hand")

    def refused(self, values: Mapping[str, Value], result: GateResult) -> None:
        """A gate refused values: what it names a HOLD is one, and terminals measured far above the target trip."""
        if result.hold:
            self.bench.safety.act_on(Finding("hold", result.hold, "held by a gate", result.message))
            return
        volts = values.get("trim_v")
        target_v, series = calculations.pack_target_v(self.plan), self.running.series
        limit_v = target_v + self.running.limits.trip_over_target_v * series
        if isinstance(volts, float) and limit_v < volts < PLAUSIBLE_CELL_V[1] * series:
            text = f"Your meter shows {volts:.3f} V at the supply's terminals, target {target_v:.3f} V. It does not hold its voltage."
            self.bench.safety.act_on(Finding("trip", "cell-over-target", "over the target", text))

    def took(self, step: Step, values: Mapping[str, Value]) -> str:
        """Values passed their gate: keep each where it belongs. Returns a refusal when something must be done and typed again."""
        session, now = self.running, self.now_s()
        about = step.gate or step.topic  # what it is for, however an own procedure calls it
        cells: dict[str, float] = {}
        for name, value in values.items():
            if isinstance(value, str):
                continue
            if name.startswith("cell:"):
                cells[name[5:]] = value
                session.composer.type(name, value, now)
            elif name in ("surface_c", "supply_v", "current_a", "cells_v"):
                session.composer.type(name, value, now)
            elif name == "post_v" and session.series == 1:
                session.composer.type("cells_v", value, now)
            if name in ("cells_v", "post_v") or (name == "current_a" and session.by_hand):
                session.attention.read(now)
        if cells and about.startswith("cell-volts"):
            session.before_v = {**cells, **session.before_v}
            session.facts["mean_cell_v"] = sum(cells.values()) / len(cells)
            self._detail(step, f"{1000 * (max(cells.values()) - min(cells.values())):.0f} mV")
        elif cells and about == "opened":
            first = max(cells, key=lambda label: cells[label])
            session.end_v.update(cells)
            reason = "the BMS opened at a full cell" if session.facts.get("circuit_opened") else "a cell read the target"
            self._note_end(session.part_ended(reason, self.now_s(), detail=f"{first} first"))
            self._detail(step, f"{first} first")
        elif cells and about in ("rest", "rest-volts"):
            session.rest_v = cells
            self._detail(step, f"{1000 * (max(cells.values()) - min(cells.values())):.0f} mV")
        elif step.fields and len(step.fields) == 1 and step.fields[0].unit:
            single = values.get(step.fields[0].name)
            decimals = 1 if step.fields[0].kind == "temperature" else 2
            self._detail(step, f"{single:.{decimals}f} {step.fields[0].unit}" if isinstance(single, float) else "")
        if "trim_v" in values:
            return trim.took(self, float(values["trim_v"]))
        for name in ("look", "each_cell"):
            if name in values:
                beside.answered(self, name, str(values[name]))
        if "panel" in values:
            panel.answered(self.bench, session, str(values["panel"]))
        if "lift" in values:
            trim.lift(self, str(values["lift"]))
        self.bench.capture.forget()
        return ""

    def _detail(self, step: Step, text: str) -> None:
        if self.running.runner is not None and text:
            self.running.runner.details[step.id] = text

    def condition(self, step: Step, entered_s: float) -> bool:
        """Whether the running step's `until` has come."""
        session, reading = self.running, self.reading
        if step.until == "volts":
            volts = reading.cells_v.value
            reached = (
                volts is not None
                and not reading.upper_bound
                and not session.guard.glitches.doubtful
                and reading.cells_v.trust != "stale"
                and volts >= step.until_v
            )
            if reached and volts is not None:
                session.end_reason_so_far = f"the cells reached {volts:.3f} V"
                if volts >= session.knee_v and session.knee_s is None:
                    session.knee_s = self.now_s()
            return reached
        if step.until == "cell-at-target":
            return self._cell_at_target()
        if step.until == "end-rule":
            if session.end_rule.verdict in ("end-rule", "leakage-floor"):
                self._charge_ended()
                return True
            return False
        if step.until == "rest":
            since = session.off_since_s if session.off_since_s is not None else entered_s
            return self.now_s() - since >= step.until_s
        return True

    def _cell_at_target(self) -> bool:
        """A cell of the string reads the target, or the whole string is full: the end of a pre-charge, whatever the BMS does."""
        session, reading = self.running, self.reading
        volts, full_v = reading.cells_v.value, session.plan.target_v - session.limits.target_reached_v - 1e-9
        if volts is None:
            return False
        read = reading.cells_trusted and not session.guard.glitches.doubtful and volts >= full_v
        typed_v = session.composer.highest_typed_v(reading.time_s)  # behind a BMS that shows less, too
        read = read or session.watches.bms.full or (typed_v is not None and typed_v >= full_v)
        reached = read or session.attention.full_before_next(reading) or self._whole_string_full()
        if reached:
            session.tail_current_a = reading.amperes
            session.facts["cell_at_target"] = 1.0
        return reached

    def _whole_string_full(self) -> bool:
        """Alike cells come to the top together: then the current tapers with the string's mean near the target, and no BMS opens.

        A current that stopped tells of an open circuit, where the supply shows its own set-point: it must still flow, and for half a minute.
        """
        session, reading = self.running, self.reading
        amps, mean_v = reading.amperes, reading.mean_v
        echo = reading.supply_v.trust == "echo" and reading.posts_v.trust != "measured"  # it shows its set-point whatever the string does
        near = not echo and mean_v is not None and mean_v >= session.plan.target_v - session.limits.bms_opened_v
        if not near or amps is None or not 0.1 * session.current_a <= amps <= 0.5 * session.current_a:
            session.string_full_since_s = None
            return False
        if session.string_full_since_s is None:
            session.string_full_since_s = self.now_s()
        return self.now_s() - session.string_full_since_s >= STRING_FULL_S

    def _charge_ended(self) -> None:
        session, reading = self.running, self.reading
        session.tail_current_a = reading.amperes
        seen = {label: c.value for label, c in reading.per_cell_v.items() if c.value is not None and c.trust == "measured"}
        if not seen and reading.cells_v.value is not None:
            seen = {cell.label: reading.cells_v.value for cell in session.plan.cells}
        session.end_v.update(seen)
        floor = session.end_rule.verdict == "leakage-floor"
        reason = (
            "leakage floor: the current no longer falls, small leaks carry it"
            if floor
            else f"end rule: every clause held, {reading.amperes or 0.0:.2f} A at {reading.cells_v.value or 0.0:.3f} V"
        )
        amps = "" if session.tail_current_a is None else f"{session.tail_current_a:.2f} A"
        self._note_end(session.part_ended(reason, self.now_s(), by_rule=True, detail=amps))

    def _note_end(self, end: PartEnd) -> None:
        self.log("part_end", text=f"{end.title}: {end.reason}", data=end.row())
        self.remember()
