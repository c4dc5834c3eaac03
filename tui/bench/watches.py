"""What is watched while current flows beside the guard's limits: each in a file of its own, each with `check`, and here what follows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.roles import InstrumentError, OperatorMustAct
from tui.bench.bms_watch import BmsWatch
from tui.bench.echo import EchoWatch
from tui.bench.guard import Finding
from tui.bench.guard_cells import CellsWatch
from tui.bench.guard_leads import LeadWatch
from tui.bench.guard_meter import MeterWatch
from tui.bench.guard_supply import BackFeed, ShortedLeads, SupplyHeat
from tui.bench.reading import Reading
from tui.bench.too_slow import SlowWatch
from tui.domain import calculations

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.session import Session

ASKS_VOLTS = ("F-26", "F-45")
"""Findings after which the volts at the cells are asked for at once."""
LEAST_CURRENT = 0.5
"""A supply that folds back below this part of its planned current is not to be helped by less."""


class Watches:
    """Those of one part of a session; an echo once learned stays known."""

    def __init__(self, session: Session) -> None:
        profile, limits, plan = session.profile, session.limits, session.plan
        step_v, step_a = profile.voltage_count_v, profile.current_count_a
        parallel = calculations.wiring(plan).series == 1
        self.cells = CellsWatch(
            limits, tuple(cell.label for cell in plan.cells) if parallel else (), extra_time_s=lambda ohm: _extra_time_s(session, ohm)
        )
        self.echo = EchoWatch(limits, voltage_step_v=step_v)
        self.heat = SupplyHeat(limits, current_step_a=step_a, by_hand=session.by_hand)
        self.shorted = ShortedLeads(series=session.series)
        self.back_feed = BackFeed(limits, current_step_a=step_a)
        self.meter = MeterWatch(limits, voltage_step_v=step_v, series=session.series)
        self.leads = LeadWatch(limits, series=session.series)
        self.bms = BmsWatch(limits, target_v=plan.target_v, by_hand=session.by_hand)
        self.slow = SlowWatch(limits, plan, current_a=lambda: session.current_a)
        self.asks: Finding | None = None  # one that wants the volts at the cells now

    def check(self, bench: Bench, session: Session, reading: Reading) -> list[Finding]:
        """All findings of this tick, with what follows of them at once already done."""
        told = bench.output.commanded
        leads_on = bool(session.facts.get("leads_on"))
        if not reading.output_on:
            self.slow.stands()
            resting = session.runner is not None and not session.result and session.runner.step.until == "rest"
            over = bool(session.end_reason or session.result) and not resting
            found = self.cells.check(reading, told)
            found += self.meter.at_rest(reading, told, off_since_s=session.off_since_s, leads_on=leads_on)
            return found + self.back_feed.check(reading, told, off_since_s=session.off_since_s, leads_on=leads_on, over=over)
        self.back_feed.check(reading, told, off_since_s=None, leads_on=leads_on, over=False)
        found = self.shorted.check(reading, told) + self.heat.check(reading, told) + self.cells.check(reading, told)
        if bench.state == "charging":
            found += self.echo.check(reading, told) + self.meter.check(reading, told)
            found += self.leads.check(reading, told_otherwise=self.meter.doubted)
            if session.charging_since_s is not None:
                found += self.slow.check(reading, charge_ah=session.count.charge_ah)
        for finding in list(found):
            if finding.code in ASKS_VOLTS:
                self.asks = finding
            if finding.code == "F-26":
                session.composer.learn_echo()
            elif finding.code in ("fold-back", "warm-inside"):
                found += _spare(bench, session)
        return found


def _spare(bench: Bench, session: Session) -> list[Finding]:
    """F-42: a hot supply gets less current to give; held where that does not help."""
    now_a, planned_a = session.current_a, calculations.set_points(session.plan, session.surface_c)[1]
    step_a = session.profile.current_step_a
    lower_a = int(session.limits.fold_back_to * now_a / step_a + 1e-6) * step_a
    if lower_a < LEAST_CURRENT * planned_a:
        text = f"It gives less than it is set to again and again, now at {now_a:.2f} A. The output goes off: let it cool, clean its fan."
        return [Finding("hold", "F-42", "the supply does not keep up", text)]
    session.facts["spared_a"] = lower_a
    session.attention.current_a = session.forecaster.current_a = session.end_rule.set_current_a = session.current_a
    try:
        bench.output.set_current(session.current_a)
    except OperatorMustAct:
        return []  # the finding's words are for the operator's hands
    except InstrumentError as problem:
        return [Finding("hold", "F-42", "the supply does not keep up", f"It folds back, and its current could not be lowered: {problem}")]
    return []


def _extra_time_s(session: Session, ohm: float) -> float | None:
    """What so much more resistance in the way costs, s; None without an estimate of the charge."""
    lead_ohm = session.composer.smallest_lead_ohm or session.plan.lead_resistance_ohm or 0.0
    with_it, without = calculations.courses(session.plan, lead_ohm + ohm), calculations.courses(session.plan, lead_ohm)
    return None if with_it is None or without is None else with_it[1].total_s - without[1].total_s
