"""Where a procedure stands: its parts, the checklist of the present one, and the steps to go back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tui.bench.messages import PartView, StepView
from tui.domain.procedure import Part, Step

if TYPE_CHECKING:
    from tui.bench.runner import Runner

CHARGING_UNTIL = ("volts", "end-rule", "cell-at-target")


def part_of(step: Step) -> Part:
    """The part of a procedure's own step; raises ValueError for a question of the bench's own, which has none."""
    if step.part is None:
        raise ValueError(f"step {step.id} belongs to no part")
    return step.part


def part_views(runner: Runner) -> tuple[PartView, ...]:
    """The parts as they stand; empty where there is only one."""
    parts = runner.parts
    if len(parts) < 2:
        return ()
    here = parts.index(runner.part)
    ahead = {part_of(step) for step in runner.steps[runner.index :]}
    views = []
    for number, part in enumerate(parts):
        detail = runner.stage.part_detail(part)
        left_out = part.balances and detail is None  # a cell that waits for another day is not done
        passed = (runner.finished or part not in ahead) and not left_out
        status: Literal["todo", "now", "done"] = "done" if passed else "now" if number == here and not runner.finished else "todo"
        views.append(PartView(part.title, status, detail or ""))
    return tuple(views)


def step_views(runner: Runner) -> tuple[StepView, ...]:
    """The checklist of the present part as it stands."""
    views = []
    for number, step in enumerate(runner.steps):
        if step.part != runner.part:
            continue
        done = number < runner.index or runner.finished
        status: Literal["todo", "now", "done", "overridden"] = "todo"
        if done:
            status = "overridden" if step.id in runner.overridden else "done"
        elif number == runner.index:
            status = "now"
        views.append(StepView(step.id, step.title, status, runner.details.get(step.id, "")))
    return tuple(views)


def index_in_part(runner: Runner) -> int:
    """Where the present step stands in `step_views`."""
    return sum(step.part == runner.part for step in runner.steps[: runner.index])


def charge_step(runner: Runner) -> Step:
    """The step of this part that switches the charge on."""
    return next(step for step in runner.steps if step.action == "charge" and step.part == runner.part)


def charging(runner: Runner) -> bool:
    """Whether the procedure stands between the switching on of this part's charge and the condition that ends it."""
    here = runner.steps[runner.index]
    of_part = [step for step in runner.steps if step.part == here.part]
    ends = [place for place, step in enumerate(of_part) if step.until in CHARGING_UNTIL]
    return bool(ends) and of_part.index(here) <= ends[-1] and any(step.action == "charge" for step in of_part)


def charges_unmeasured(runner: Runner) -> bool:
    """Whether from here a charge is switched on before the leads are put on, and the posts measured, once more."""
    for step in runner.steps[runner.index :]:
        if step.action == "charge":
            return True
        if step.gate == "polarity" or any(hand.partition(":")[0] == "leads-on" for hand in step.hands):
            return False
    return False


def step_to_repeat(runner: Runner, *, by_hand: bool) -> Step:
    """Where to go on after a hold outside a charge: the present step, or the one in which hands switched on what it measures."""
    here = runner.steps[runner.index]
    for step in reversed(runner.steps[: runner.index + 1]) if by_hand else ():
        acts = {hand.partition(":")[0] for hand in step.hands}
        if step.part != here.part or "switch-off" in acts or step.action == "charge":
            break
        if "switch-on" in acts:
            return step
    return here


def connection(runner: Runner) -> tuple[str, str]:
    """Where the leads of the present charge are: the act that put them on, and where probes lie to measure there."""
    act, probe = "leads-on", "posts"
    for step in runner.steps[: runner.index + 1]:
        act = next((hand for hand in step.hands if hand.partition(":")[0] == "leads-on"), act)
        probe = next((field.probe for field in step.fields if field.name == "post_v"), probe)
    return act, probe


def first_with_these_cells(runner: Runner) -> Step:
    """Where the gates of the present bank begin: a trip is followed by a full re-check."""
    first, plan = runner.index, runner.part.plan
    while first > 0:
        before = part_of(runner.steps[first - 1]).plan
        if (before.cells, before.arrangement) != (plan.cells, plan.arrangement):
            break
        first -= 1
    return runner.steps[first]


def is_remedy(step: Step) -> bool:
    """Whether a remedy put this step in; the procedure goes on behind it."""
    return "@remedy-" in part_of(step).id
