"""The trim near the end: the meter at the supply's terminals corrects the set-point, downwards by itself, upwards only on the operator's word.

Tutorial 4.6: the constant-voltage circuit of a cheap supply is not trusted to hold the target exactly.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import TYPE_CHECKING

from drivers.roles import InstrumentError
from tui.bench.messages import Channel
from tui.bench.reading import Reading
from tui.bench.runner import YIELDING, Runner
from tui.domain import calculations
from tui.domain.procedure import Field, Step

if TYPE_CHECKING:
    from tui.bench.session import Session
    from tui.bench.stage import Stage

REPEAT_S = 900.0
SETTLED_S, SAMPLES = 60.0, 5
"""After a change of the set-point the volts settle; then so many readings in a row must show the error."""
LIFT, LEAVE = "lift it", "leave it"


def holds_voltage(stage: Stage) -> bool:
    """Whether the supply is in constant voltage: only then its terminals tell the error of its set-point."""
    reading, told = stage.reading, stage.output.commanded.voltage_v
    if reading.mode:  # one concluded is taken for CV near its set-point
        return reading.mode == "CV" and (stage.profile.reports_mode or not _limits_current(stage))
    if reading.supply_v.trust == "echo":  # it shows the set-point in constant current too
        return not _limits_current(stage)
    return told is not None and reading.supply_v.value is not None and reading.supply_v.value >= told - stage.profile.voltage_step_v


def _limits_current(stage: Stage) -> bool:
    amps = stage.reading.amperes
    return amps is None or amps >= 0.98 * stage.running.current_a


def took(stage: Stage, volts: float) -> str:
    """The meter showed `volts` at the supply's terminals. Returns what the operator must do first, or ""."""
    session = stage.running
    session.last_trim_s = stage.now_s()
    stage.facts.pop("lift_to_v", None)
    told = stage.output.commanded.voltage_v
    if told is None or not holds_voltage(stage):
        return ""
    target, step = calculations.pack_target_v(session.plan), stage.profile.voltage_step_v
    over = volts - target
    if over > calculations.trims_above_v(session.plan):
        if session.by_hand:
            session.facts["trimmed_set_v"] = round(told - over, 4)
            stage.did("trim-knob")
            return (
                f"Your meter shows {volts:.3f} V at the supply's terminals, {1000 * over:.0f} mV above the target. Turn the supply's voltage "
                f"down, slowly, until the meter shows {target:.3f} V or a little less; then type what it shows."
            )
        _lower(stage, session, told, over, f"The terminals showed {volts:.3f} V")
        return ""
    _offer_lift(session, told, -over, step)
    return ""


def _lower(stage: Stage, session: Session, told: float, over: float, seen: str) -> None:
    """Down by the error, on whole steps."""
    step = stage.profile.voltage_step_v
    if _set(stage, session, math.floor((told - over) / step + 1e-6) * step):
        stage.warn("trim", "set-point trimmed", f"{seen}: set {session.facts['trimmed_set_v']:.3f} V instead of {told:.3f} V.")


def _offer_lift(session: Session, told: float, missing: float, step: float) -> None:
    """Up by no more than the error, where the operator will be asked for it; a string under its BMS is never lifted."""
    if session.series > 1:
        return
    target, most_v = calculations.pack_target_v(session.plan), session.limits.set_point_lift_v
    missing = min(missing, most_v, target + most_v - told)
    if missing >= step - 1e-6 and session.runner is not None and not session.by_hand:
        session.facts["lift_to_v"] = math.floor((told + missing) / step + 1e-6) * step


class LiveTrim:
    """What a live meter at the supply's terminals, or at the cells, shows beyond the target in constant voltage."""

    def __init__(self) -> None:
        self._since_s = -1.0
        self._read_s = -1.0
        self._over: deque[float] = deque(maxlen=SAMPLES)

    def follow(self, stage: Stage) -> None:
        """Each tick of a charge: too high goes down at once, by itself, and is looked at again; too low is offered to the operator."""
        session, reading, told = stage.running, stage.reading, stage.output.commanded
        if told.since_s != self._since_s:
            self._since_s = told.since_s
            self._over.clear()
        channel, at_terminals = _seen_by_meter(session, reading)
        read_s = reading.time_s - (channel.age_s or 0.0)
        if channel.value is None or told.voltage_v is None or not reading.output_on or not holds_voltage(stage):
            self._over.clear()
            return
        if read_s <= self._read_s or read_s - told.since_s < SETTLED_S or session.guard.glitches.doubtful or session.watches.meter.doubted:
            return
        self._read_s = read_s
        target, step = calculations.pack_target_v(session.plan), stage.profile.voltage_step_v
        self._over.append(channel.value - target)
        if len(self._over) < SAMPLES:
            return
        over, limits = median(self._over), session.limits
        from_v = min(max(limits.trim_tolerance_v * session.series, step / 2), limits.warn_over_target_v * session.series)
        if min(self._over) > from_v:
            self._down(stage, told.voltage_v, over, at_terminals)
            return
        holding = session.runner is not None and session.runner.step.until == "end-rule"
        due = session.last_trim_s is None or stage.now_s() - session.last_trim_s >= REPEAT_S
        if at_terminals and max(self._over) < 0 and holding and due:
            session.last_trim_s = stage.now_s()
            _offer_lift(session, told.voltage_v, -over, step)

    def _down(self, stage: Stage, told_v: float, over: float, at_terminals: bool) -> None:
        session, target = stage.running, calculations.pack_target_v(stage.plan)
        self._over.clear()
        session.facts.pop("lift_to_v", None)
        shown = f"Your meter at {'the supply' if at_terminals else 'the cells'} shows {target + over:.3f} V, target {target:.3f} V"
        if session.by_hand:
            if session.last_trim_s is None or stage.now_s() - session.last_trim_s >= REPEAT_S:
                session.last_trim_s = stage.now_s()
                text = f"{shown}. Turn the supply's voltage down, slowly, until the meter shows {target:.3f} V or a little less."
                stage.warn("trim", "turn the voltage down a little", text)
            return
        lowest_v = target - session.limits.trip_over_target_v * session.series - stage.profile.voltage_step_v
        if told_v - over < lowest_v:
            text = (
                f"{shown}, though {told_v:.3f} V are set. That is more than a trim: measure with another meter at the supply's terminals. "
            )
            stage.warn(
                "trim-far", "the meter and the set-point are far apart", text + "The set-point stays; over the limit the output goes off."
            )
            return
        session.last_trim_s = stage.now_s()
        _lower(stage, session, told_v, over, shown)


def _seen_by_meter(session: Session, reading: Reading) -> tuple[Channel, bool]:
    """Fresh volts of a live meter that tell of the set-point's error, and whether it stands at the supply's terminals. At the cells it tells of
    an error above the target only.
    """
    if reading.terminals_v.trust == "measured":
        return reading.terminals_v, True
    at_cells = reading.posts_v if session.series > 1 else reading.cells_v
    return (at_cells, False) if at_cells.trust == "measured" else (Channel(), False)


def lift(stage: Stage, choice: str) -> None:
    """The operator's word on lifting the set-point by the error that the meter showed; `ask_again` then has it done."""
    to_v = stage.facts.pop("lift_to_v", None)
    if to_v is not None and choice == LIFT:
        stage.facts["lifting_to_v"] = to_v
        stage.log("set", durable=True, text="to be lifted on the operator's word: the meter showed the supply low", voltage_v=to_v)


def _lifted(stage: Stage, session: Session, runner: Runner, to_v: float) -> None:
    """Volts go up only with the output proved off (fault F-47): off, set, on, and back to where the charge was."""
    session.facts["trimmed_set_v"] = round(to_v, 4)
    session.end_rule.restart()
    step = Step(
        id="lifting",
        title="Lift the set-point",
        instruction=f"The output goes off, the set-point goes to {to_v:.3f} V, and the output comes on again.",
        tutorial="4.6",
        action="charge",
    )
    runner.detour(step, then=runner.step.id)


def _set(stage: Stage, session: Session, volts: float) -> bool:
    """Write the new set-point; a supply that does not take it is switched off by the guard's read-back rule. Whether it was taken."""
    volts = round(volts, 4)
    try:
        stage.output.set_voltage(volts)
    except InstrumentError as problem:
        stage.warn("trim-failed", "the trim did not take", str(problem))
        return False
    session.facts["trimmed_set_v"] = volts
    session.end_rule.restart()
    stage.remember()
    return True


def ask_again(stage: Stage, session: Session) -> None:
    """Beside the hold: a lift that waits for a word, and the trim again every 15 minutes while no live meter watches the volts."""
    runner, told, cells_v = session.runner, stage.output.commanded.voltage_v, stage.reading.cells_v.value
    lifted = told is not None and told > session.plan.target_v + 1e-6 and not session.by_hand
    if lifted and stage.reading.cells_trusted and cells_v is not None and cells_v > session.plan.target_v + session.limits.trim_tolerance_v:
        _set(stage, session, session.plan.target_v)
        stage.warn("lift-undone", "lift taken back", f"The cells show {cells_v:.3f} V: the set-point is the target again.")
    to_v = session.facts.pop("lifting_to_v", None)
    if to_v is not None and runner is not None:
        _lifted(stage, session, runner, to_v)
        return
    if runner is None or (runner.prompt is not None and runner.prompt.step not in YIELDING):
        return
    to_v = session.facts.get("lift_to_v")
    if to_v is not None:
        runner.side_question(_lift_step(session, to_v))
        return
    watched = "measured" in (stage.reading.cells_v.trust, stage.reading.terminals_v.trust)
    if watched or session.last_trim_s is None or stage.now_s() - session.last_trim_s < REPEAT_S:
        return
    trims = [step for step in runner.steps if step.gate == "trim" and step.part == runner.part]
    if trims:
        session.last_trim_s = stage.now_s()
        runner.side_question(trims[0])


def _lift_step(session: Session, to_v: float) -> Step:
    return Step(
        id="lift",
        title="Lift the set-point",
        instruction=(
            f"Your meter shows the supply's terminals below {session.plan.target_v:.3f} V. The set-point may be lifted to {to_v:.3f} V, "
            "by no more than the error the meter showed. Only with a meter you trust."
        ),
        tutorial="4.6",
        fields=(Field("lift", f"Set {to_v:.3f} V?", "choice", choices=(LIFT, LEAVE)),),
    )
