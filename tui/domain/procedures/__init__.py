"""The procedures by name: each makes its steps from a plan."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.domain.plan import Plan
from tui.domain.procedure import Part, Step, Value
from tui.domain.procedures import parallel

PROCEDURES: dict[str, Callable[[Plan], tuple[Step, ...]]] = {"parallel": parallel.steps}


def steps(plan: Plan, own: str = "") -> tuple[Step, ...]:
    """All steps of the plan's procedure, in order, each with its part."""
    part = Part("balance", "Balance in parallel", plan, balances=True)
    return tuple(replace(step, part=part) for step in PROCEDURES[plan.procedure](plan))


def remedy(name: str, plan: Plan, values: Mapping[str, Value]) -> tuple[Step, ...]:
    """Steps that put right what a gate refused."""
    raise ValueError(f"there is no remedy {name}")
