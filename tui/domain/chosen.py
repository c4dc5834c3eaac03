"""What the operator chose where opinions differ, in one line: it belongs to the record, so that a reader later knows what was done."""

from __future__ import annotations

from tui.domain.kinds import show, show_duration
from tui.domain.limits import LIMITS
from tui.domain.plan import EndRule, Plan
from tui.domain.procedures import TITLES

END_WORDS: dict[EndRule, str] = {
    "near-zero": "until the current is near zero",
    "fixed": "until a fixed current",
    "volts": "until the volts are reached",
}


def chosen(plan: Plan) -> tuple[str, ...]:
    """Procedure, target, end rule with its amperes, share of the supply's rating, rest; what differs from the usual is always named."""
    name = plan.procedure
    words = [TITLES.get(name, name.replace("own:", "own procedure ")), f"target {show(plan.target_v, 'target')} a cell"]
    if "step-and-pause" in name and plan.stages_v:
        words.append("stages " + ", ".join(f"{stage_v:.2f}" for stage_v in plan.stages_v) + " V")
    end = END_WORDS[plan.end_rule]
    words.append(end if plan.end_rule == "volts" else f"{end}, {show(plan.end_current_a, 'current')}")
    if plan.derating < 1:
        words.append(f"{plan.derating:.0%} of the supply's rating")
    if plan.soak_s:
        words.append(f"{show_duration(plan.soak_s)} in parallel first")
    if plan.assembled:
        words.append("cells left in their battery")
    words.append(f"measured after {show_duration(plan.rest_s)} of rest")
    words += [f"{name} tightened to {value:g}" for name, value in plan.limits]
    words += [own_time(name, value) for name, value in plan.attention]
    return tuple(words)


def own_time(name: str, time_s: float) -> str:
    """A person's own time between two signs of presence, beside the usual one."""
    limit = LIMITS[name]
    return f"{limit.title[:1].lower()}{limit.title[1:]} every {show_duration(time_s)} instead of {show_duration(limit.value)}"
