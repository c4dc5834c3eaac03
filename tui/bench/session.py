"""One running session: its plan, its guard, its end rule, its counts and timers. Holds state, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.roles import SupplyProfile
from tui.bench.attention import Attention
from tui.bench.charge_count import ChargeCount
from tui.bench.end_rule import EndRule
from tui.bench.forecast import Forecaster
from tui.bench.guard import Guard
from tui.bench.messages import Result
from tui.bench.reading import Composer
from tui.bench.recorder import Recorder
from tui.bench.runner import Runner
from tui.domain import calculations
from tui.domain.limits import Limits
from tui.domain.plan import Plan


@dataclass(slots=True)
class Session:
    """Everything that belongs to one session and goes with it."""

    plan: Plan
    profile: SupplyProfile
    recorder: Recorder
    started_s: float
    limits: Limits = field(default_factory=Limits)
    composer: Composer = field(init=False)
    guard: Guard = field(init=False)
    end_rule: EndRule = field(init=False)
    attention: Attention = field(init=False)
    forecaster: Forecaster = field(init=False)
    count: ChargeCount = field(default_factory=ChargeCount)
    runner: Runner | None = None
    facts: dict[str, float] = field(default_factory=dict)
    result: Result = ""
    doubted: tuple[str, dict[str, float | str]] | None = None  # step and values that were asked to be given again
    end_reason: str = ""
    latched: bool = False  # a TRIP: a new start needs all gates again
    charging_since_s: float | None = None  # bench time of the charge's first output-on
    off_since_s: float | None = None  # bench time of the last proof of off after charging
    knee_s: float | None = None
    watched_s: float | None = None  # bench time of the charge's last look
    top_s: float = 0.0  # time with the cells at target less the end margin
    last_trim_s: float | None = None
    tail_current_a: float | None = None
    before_v: dict[str, float] = field(default_factory=dict)
    end_v: dict[str, float] = field(default_factory=dict)
    rest_v: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan, limits = self.plan, self.limits
        self.composer = Composer(tuple(cell.label for cell in plan.cells))
        self.guard = Guard(
            limits,
            target_v=plan.target_v,
            bank_ah=calculations.capacity_ah(plan),
            voltage_step_v=self.profile.voltage_step_v,
            current_step_a=self.profile.current_step_a,
            by_hand=not self.profile.has_interface,
        )
        self.end_rule = EndRule(
            limits,
            target_v=plan.target_v,
            choice=plan.end_rule,
            end_current_a=plan.end_current_a,
            set_current_a=self.current_a,
            current_step_a=self.profile.current_step_a,
        )
        self.attention = Attention(limits, by_hand=self.by_hand)
        self.forecaster = Forecaster(plan, self.current_a)

    def look_again(self) -> None:
        """After a hold the slow observations start anew; what was typed or noted before it no longer counts."""
        self.composer.typed.pop("cells_v", None)
        self.off_since_s = self.watched_s = None
        for fact in ("forecast_high_s", "lift_to_v"):
            self.facts.pop(fact, None)
        self.end_rule.restart()

    def start_over(self) -> None:
        """After a trip every gate is passed again, and nothing of the charge before it is taken over but its count."""
        self.look_again()
        self.facts.pop("trimmed_set_v", None)
        self.charging_since_s = self.knee_s = self.last_trim_s = self.tail_current_a = None
        self.end_reason = ""
        self.end_v, self.rest_v = {}, {}
        self.top_s = 0.0

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
        """The current of the charge: the smallest bound, a quarter of it for cold cells, rounded down to the supply's step."""
        return calculations.set_points(self.plan, self.surface_c)[1]

    @property
    def knee_v(self) -> float:
        """Where the watch begins: 3.55 V (tutorial 4.6), or just under a lower target."""
        return min(self.limits.knee_v, self.plan.target_v - 0.02)
