"""One running session: its plan, the part that is on the leads, its guard, end rule, counts and timers. Holds state, decides nothing."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from drivers.roles import SupplyProfile
from tui.bench.attention import Attention
from tui.bench.charge_count import ChargeCount
from tui.bench.end_rule import EndRule
from tui.bench.forecast import Forecaster
from tui.bench.guard import Guard, fastest_taper_s
from tui.bench.messages import Result
from tui.bench.reading import Composer
from tui.bench.recorder import Recorder
from tui.bench.runner import Runner
from tui.bench.trim import LiveTrim
from tui.bench.watches import Watches
from tui.domain import calculations
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.procedure import Part

OF_A_PART = (
    *("forecast_high_s", "lift_to_v", "trimmed_set_v", "circuit_opened", "bms_cut", "cell_at_target", "last_highest_v", "cells_asked"),
)
"""Facts that say nothing about the next part."""


@dataclass(frozen=True, slots=True)
class PartEnd:
    """How the charge of a part ended. `by_rule`: every clause of the end rule held, or the leakage floor was reached."""

    part: str  # its id
    title: str
    cells: tuple[str, ...]
    reason: str
    by_rule: bool
    charge_ah: float  # by this part alone
    duration_s: float
    tail_current_a: float | None = None
    detail: str = ""

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "cells": list(self.cells)}


@dataclass(slots=True)
class Session:
    """Everything that belongs to one session and goes with it. `whole` is its plan; `plan` that of the part which runs."""

    whole: Plan
    profile: SupplyProfile
    recorder: Recorder
    started_s: float
    part: Part
    limits: Limits = field(default_factory=Limits)
    composer: Composer = field(init=False)
    guard: Guard = field(init=False)
    end_rule: EndRule = field(init=False)
    attention: Attention = field(init=False)
    forecaster: Forecaster = field(init=False)
    watches: Watches = field(init=False)
    live_trim: LiveTrim = field(init=False)
    series: int = 1  # cells in series on the leads, in this part
    count: ChargeCount = field(default_factory=ChargeCount)  # into the bank of this part
    runner: Runner | None = None
    facts: dict[str, float] = field(default_factory=dict)
    result: Result = ""
    doubted: tuple[str, dict[str, float | str]] | None = None  # step and values that were asked to be given again
    ends: dict[str, PartEnd] = field(default_factory=dict)  # by part
    end_reason: str = ""  # of this part's charge
    end_reason_so_far: str = ""  # volts that it was to reach, where that is all it was for
    latched: bool = False  # a TRIP: a new start needs all gates again
    charging_since_s: float | None = None  # bench time of the part's first output-on
    off_since_s: float | None = None  # bench time of the last proof of off after charging
    knee_s: float | None = None
    meter_silent_since_s: float | None = None
    disk_due_s: float = 0.0  # bench time of the next look at the disk of the records
    disk_told: bool = False  # that it fills up
    watched_s: float | None = None  # bench time of the charge's last look
    top_s: float = 0.0  # time with the cells at target less the end margin
    string_full_since_s: float | None = None  # bench time since which a string's mean stands at the target with the current falling
    last_trim_s: float | None = None
    tail_current_a: float | None = None
    before_v: dict[str, float] = field(default_factory=dict)
    end_v: dict[str, float] = field(default_factory=dict)
    rest_v: dict[str, float] = field(default_factory=dict)
    told_instruments: dict[str, object] = field(default_factory=dict)  # by role: the profile that stands in the journal
    counted: tuple[float, float] = (0.0, 0.0)  # Ah and Wh into earlier banks of this session

    def __post_init__(self) -> None:
        self.limits = self.limits.tightened(self.whole.limits).attended(self.whole.attention)
        self.composer = Composer(tuple(cell.label for cell in self.whole.cells))
        self.attention = Attention(self.limits, by_hand=self.by_hand)
        self._watch_part()

    @property
    def plan(self) -> Plan:
        """The plan of the part that runs."""
        return self.part.plan

    def enter(self, part: Part) -> None:
        """Go on with another part; the output is off. What was counted and seen of the one before is kept with its end."""
        same_bank = part.plan.cells == self.plan.cells and part.plan.arrangement == self.plan.arrangement
        self.part = part
        self.look_again()
        self.start_over()
        if not same_bank:
            self.counted = (self.charge_ah, self.energy_wh)
            self.count = ChargeCount()
            self.composer.new_bank()
        self._watch_part()

    def _watch_part(self) -> None:
        """Guard, end rule and forecast of the part that runs."""
        plan = self.plan
        self.series = series = calculations.wiring(plan).series
        self.composer.watch(tuple(cell.label for cell in plan.cells), series)
        self.attention.series, self.attention.quiet_until_s, self.attention.full_from_s = series, 0.0, math.inf
        self.attention.current_a, self.attention.cell_ah = self.current_a, calculations.capacity_ah(plan)
        self.guard = Guard(
            self.limits,
            target_v=plan.target_v,
            bank_ah=calculations.capacity_ah(plan),
            voltage_step_v=self.profile.voltage_step_v,
            current_step_a=self.profile.current_step_a,
            current_count_a=self.profile.current_count_a,
            by_hand=not self.profile.has_interface,
            series=series,
            cells_target_v=self.whole.target_v,
        )
        self.end_rule = EndRule(
            self.limits,
            target_v=plan.target_v,
            choice=plan.end_rule,
            end_current_a=plan.end_current_a,
            set_current_a=self.current_a,
            current_step_a=self.profile.current_count_a,
            fastest_taper_s=fastest_taper_s(self.limits, self.current_a, calculations.capacity_ah(plan)),
        )
        self.forecaster = Forecaster(plan, self.current_a)
        self.watches = Watches(self)
        self.live_trim = LiveTrim()

    def part_ended(self, reason: str, now_s: float, *, by_rule: bool = False, detail: str = "") -> PartEnd:
        """Note how this part's charge came to its end."""
        self.end_reason = reason
        since_s = self.charging_since_s
        earlier_ah = sum(end.charge_ah for part, end in self.ends.items() if part != self.part.id)  # a bank may go through several parts
        end = PartEnd(
            self.part.id,
            self.part.title,
            tuple(cell.label for cell in self.plan.cells),
            reason,
            by_rule,
            round(max(0.0, self.charge_ah - earlier_ah), 4),
            0.0 if since_s is None else round(now_s - since_s, 1),
            self.tail_current_a,
            detail,
        )
        self.ends[self.part.id] = end
        return end

    @property
    def outcome(self) -> Result:
        """What the session may be called if it ended now: *balanced* only when every part that balances met its end rule."""
        parts = self.runner.parts if self.runner is not None else (self.part,)
        balancing = [part.id for part in parts if part.balances]
        if not balancing:
            return "done" if self.runner is not None and self.runner.finished else "stopped"
        met = all(name in self.ends and self.ends[name].by_rule for name in balancing)
        return "balanced" if met else "stopped"

    @property
    def ends_full(self) -> bool:
        """The session is over and has left its cells full, or nearly: they should not stand like that for weeks (fault F-54)."""
        return bool(self.result) and (self.knee_s is not None or any(end.by_rule for end in self.ends.values()))

    @property
    def why_ended(self) -> str:
        """The reason of the end, in words: of the last charge, or of all where several parts balance."""
        reasons = [end.reason for end in self.ends.values() if end.by_rule]
        if len(reasons) > 1 and self.outcome == "balanced":
            return f"all {len(reasons)} parts met their end rule; the last: {reasons[-1]}"
        return self.end_reason or next(reversed([end.reason for end in self.ends.values()]), "")

    @property
    def last_tail_a(self) -> float | None:
        """The current at the end of the charge that ended last."""
        return next((end.tail_current_a for end in reversed(self.ends.values()) if end.tail_current_a is not None), self.tail_current_a)

    @property
    def charge_ah(self) -> float:
        """Through the supply's terminals, all parts together, Ah."""
        return self.counted[0] + self.count.charge_ah

    @property
    def energy_wh(self) -> float:
        return self.counted[1] + self.count.energy_wh

    def look_again(self) -> None:
        """After a hold the slow observations start anew; what was typed or noted before it no longer counts."""
        self.composer.typed.pop("cells_v", None)
        self.off_since_s = self.watched_s = None
        for fact in ("forecast_high_s", "lift_to_v", "lifting_to_v", "circuit_opened", "bms_cut", "cell_at_target", "last_highest_v"):
            self.facts.pop(fact, None)
        self.end_rule.restart()

    def start_over(self) -> None:
        """After a trip every gate is passed again, and nothing of the charge before it is taken over but its count."""
        self.look_again()
        for fact in OF_A_PART:
            self.facts.pop(fact, None)
        self.ends.pop(self.part.id, None)
        self.charging_since_s = self.knee_s = self.last_trim_s = self.tail_current_a = None
        self.end_reason = self.end_reason_so_far = ""
        self.rest_v = {}

    @property
    def suspicious(self) -> bool:
        """Something was seen once and must be looked at again at once."""
        return self.guard.suspicious or self.watches.bms.suspicious

    @property
    def by_hand(self) -> bool:
        return not self.profile.has_interface

    @property
    def surface_c(self) -> float | None:
        """Temperature of the cells as typed before the start, °C."""
        typed = self.composer.typed.get("surface_c")
        return typed.value if typed else None

    @property
    def current_a(self) -> float:
        """The current of the charge: the smallest bound, a quarter of it for cold cells, less for a hot supply, rounded down to the supply's step."""
        known = [value for value in (self.surface_c, self.facts.get("probe_c")) if value is not None]
        planned_a = calculations.set_points(self.plan, min(known, default=None))[1]
        return min(planned_a, self.facts.get("spared_a", planned_a))

    @property
    def set_v(self) -> float:
        """What goes on the supply: the target times the cells in series, rounded down to its step."""
        return calculations.set_points(self.plan)[0]

    @property
    def knee_v(self) -> float:
        """Where the watch begins: 3.55 V (tutorial 4.6), or just under a lower target."""
        return min(self.limits.knee_v, self.plan.target_v - 0.02)
