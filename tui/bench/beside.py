"""Questions beside the running charge, most urgent first: a reading that is due, the trim, each cell once near the knee, a look at the bank.

Nobody has to be awake on the plateau for any of them: there the bank is looked over only while somebody is about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.bench import trim
from tui.bench.guard import Finding
from tui.bench.runner import EACH_CELL, LOOK_OVER, Runner
from tui.bench.session import Session
from tui.domain.procedure import Field, Step

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.stage import Stage

CELLS_FIELD = Field("cells_v", "Volts at the cells", "voltage", "V", "posts")
"""Asked where the plan has a meter, but none that sees the cells: it stands at the supply, or has gone silent."""
KNEE_BEGINS_V = 3.40
"""Below it a cell on a bad joint hides within the millivolts of the plateau."""
FLOWS = 0.2  # of the set current: with less, no joint shows itself
ALIKE, APART = "all alike", "{label} stands apart"
ALL_WELL, HOT_JOINT, WARM_CELL, GAS = "all well", "a lead or joint is hot", "a cell is warm", "gas, hiss or swelling"


def ask(bench: Bench, session: Session, runner: Runner, step: Step) -> None:
    """At most one question is open at a time; a look at the bank gives way to the others."""
    session.live_trim.follow(bench.stage)
    due = session.attention.reading_due_s(bench.reading)
    if due is not None and due <= 0:
        runner.side_question(step if step.fields else replace(step, fields=(CELLS_FIELD,)))
    asks = session.watches.asks
    if asks is not None and runner.side_question(
        replace(step, id="volts-again", title=asks.title, instruction=asks.text, fields=(CELLS_FIELD,))
    ):
        session.watches.asks = None
    if step.until == "end-rule":
        trim.ask_again(bench.stage, session)
    if _each_cell_due(bench, session):
        runner.side_question(_each_cell(session))
    if _look_due(bench, session):
        runner.side_question(LOOK_STEP)


# --- each cell ---------------------------------------------------------------------------------------------------


def _each_cell_due(bench: Bench, session: Session) -> bool:
    """F-24 without a meter at every cell: once in a charge, when a cell on a bad joint shows itself and somebody is there."""
    reading = bench.reading
    if "cells_asked" in session.facts or len(session.plan.cells) < 2 or session.series > 1:
        return False
    seen = sum(channel.trust == "measured" for channel in reading.per_cell_v.values())
    volts, amps = reading.cells_v.value, reading.amperes
    near = volts is not None and not reading.upper_bound and volts >= KNEE_BEGINS_V
    return seen < 2 and near and amps is not None and amps >= FLOWS * session.current_a


def _each_cell(session: Session) -> Step:
    limits = session.limits
    allowed_v = limits.cell_apart_v + session.current_a * limits.cell_apart_ohm
    labels = [cell.label for cell in session.plan.cells]
    return Step(
        id=EACH_CELL,
        title="Each cell under current",
        instruction=(
            f"The current flows and the knee begins: measure every cell once, at its own posts. They should be within {1000 * allowed_v:.0f} mV "
            "of each other. One that stands apart hangs on a bad joint."
        ),
        tutorial="4.5",
        fields=(Field("each_cell", "The cells are", "choice", choices=(ALIKE, *(APART.format(label=label) for label in labels))),),
    )


# --- a look at the bank ------------------------------------------------------------------------------------------

LOOK_STEP = Step(
    id=LOOK_OVER,
    title="Look the bank over",
    instruction=(
        "Look, listen, smell, feel: cells flat and cool, no hiss, no smell, rings and clips no more than lukewarm. "
        "Gas, a hiss or a swelling: do not touch, choose it here or press ctrl+g."
    ),
    tutorial="B",
    fields=(Field("look", "You find", "choice", choices=(ALL_WELL, HOT_JOINT, WARM_CELL, GAS)),),
)


def _look_due(bench: Bench, session: Session) -> bool:
    """Every half hour from the first one on; on the plateau only while somebody was about since the last, and people may sleep."""
    now, attention = bench.now_s(), session.attention
    since_s = max(session.facts.get("looked_s", 0.0), attention.output_on_s if attention.output_on_s is not None else now)
    if now - since_s < session.limits.look_over_s:
        return False
    volts = bench.reading.alarm_v
    at_top = volts is not None and volts >= session.limits.hand_knee_v
    return at_top or (now >= attention.quiet_until_s and now - attention.present_s <= session.limits.look_over_s)


def answered(stage: Stage, name: str, choice: str) -> None:
    """What the operator found, on the bank or at one of the cells."""
    act_on = stage.bench.safety.act_on
    if name == "each_cell":
        stage.facts["cells_asked"] = 1.0
        if choice != ALIKE:
            label = choice.removesuffix(APART.format(label=""))
            text = f"You measured {label} apart from the others under current: a loose busbar, a bad joint, or a cell left out. The output goes off. "
            act_on(
                Finding(
                    "hold",
                    "F-24",
                    f"{label} stands apart",
                    text + f"Tighten the joints of {label} on both sides, then measure each cell again.",
                )
            )
        return
    stage.facts["looked_s"] = stage.now_s()
    if choice == GAS:
        stage.bench.safety.emergency()
    elif choice == HOT_JOINT:
        text = "A hot ring, clip or joint is a bad contact that gets worse. The output goes off. Tighten or replace it, then go on."
        act_on(Finding("hold", "hot-joint", "a lead or joint is hot", text))
    elif choice == WARM_CELL:
        text = "Nothing in this charge warms a cell. The output goes off. Measure its side (key r) and watch it; a cell that stays warm by itself "
        act_on(Finding("hold", "warm-cell", "a cell is warm", text + "goes outside, away from what burns."))
