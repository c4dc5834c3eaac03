"""What the operator may tell the bench, and what the bench answers. Everything acknowledged here is on the disk first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from drivers.address import AddressError
from drivers.roles import InstrumentError
from drivers.simulated.faults import FaultError
from tui.bench import disk
from tui.bench.attention import tell_own_times
from tui.bench.bench import Bench
from tui.bench.doubts import doubt, doubted, impossible
from tui.bench.enrolment import enrol
from tui.bench.guard import Finding
from tui.bench.instruments import fitted
from tui.bench.messages import (
    GAS_TEXT,
    GIVE_AGAIN,
    Abandon,
    Acknowledge,
    Answer,
    Capture,
    Command,
    Continue,
    Emergency,
    FindInstruments,
    Finish,
    GiveRole,
    Inject,
    Mend,
    Note,
    Outcome,
    OutputOff,
    Override,
    Present,
    Resume,
    SaveTrace,
    ScreenEvent,
    Speed,
    Start,
    TakeRemedy,
    TryInstrument,
    TypeReading,
)
from tui.bench.progress import charge_step, charges_unmeasured, charging, connection, step_to_repeat
from tui.bench.reading import Typed
from tui.bench.recorder import Recorder, RecordsRefused
from tui.bench.resume import CODE, abandon, take_up
from tui.bench.runner import Runner
from tui.bench.seat import leave_seat, missing_bms, missing_meter, open_bms, open_supply, seat
from tui.bench.session import Session
from tui.bench.stranger import Stranger
from tui.domain.checks import check_plan
from tui.domain.meter_place import meter_place
from tui.domain.plain_text import plain_text
from tui.domain.plan import Plan
from tui.domain.procedure import Field, Step
from tui.domain.procedures import ProcedureError, check, effective, steps
from tui.records import attention_times
from tui.records.cell import InvalidCell
from tui.records.journal import JournalUnwritable
from tui.records.program import program_version
from tui.records.store import StoreError

WORKING = ("preparing", "charging", "resting")
POINTS = {
    "cells_v": "volts at the cells",
    "supply_v": "volts at the supply",
    "current_a": "amperes",
    "surface_c": "cell temperature",
}


def handle(bench: Bench, command: Command) -> Outcome:
    """Carry out one Command on the bench's thread."""
    if isinstance(command, ScreenEvent):
        return _screen_event(bench, command)
    bench.last_command_s = bench.now_s()
    if bench.session is not None and not isinstance(command, Speed):
        bench.session.attention.present(bench.now_s())
        bench.safety.alarms.pop("attention-soon", None)
    if bench.session is not None:
        bench.session.recorder.strict = True
    try:
        return _HANDLERS[type(command)](bench, _plain(command))
    except JournalUnwritable as problem:
        return Outcome(False, f"Not taken, because it could not be written down: {problem}")
    except (StoreError, RecordsRefused, InvalidCell) as problem:
        return Outcome(False, str(problem))
    finally:
        if bench.session is not None:
            bench.session.recorder.strict = False


def _plain(command: Command) -> Command:
    """The command with every text in it fit to be shown: what people type reaches no record and no screen as a control sequence."""
    return replace(command, **{field.name: _plain_value(getattr(command, field.name)) for field in fields(command)})


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, dict):
        return {_plain_value(name): _plain_value(item) for name, item in value.items()}
    return type(value)(map(_plain_value, value)) if isinstance(value, list | tuple) else value


def _start(bench: Bench, command: Start) -> Outcome:
    if bench.session is not None and bench.state != "ended":
        return Outcome(False, "A session is running. End it first (e).")
    try:
        plan = Plan.from_json(command.plan)
        plan = plan if meter_place(plan.meter).point else replace(plan, meter="")  # a meter that is read by hand has no line
    except (TypeError, KeyError, ValueError) as problem:
        return Outcome(False, f"This is not a plan: {problem}")
    refusal = disk.refusal(bench.home) or (bench.hands.refusal(plan) if bench.hands is not None else "")
    if refusal:
        return Outcome(False, refusal)
    try:
        own = _own_text(bench, plan)
        plan = replace(effective(plan, own), attention=attention_times.load(bench.home))
    except ValueError as problem:
        return Outcome(False, str(problem))
    blocking = [problem.message for problem in check_plan(plan, own) if problem.blocking]
    if blocking:
        return Outcome(False, blocking[0])
    leave_seat(bench)
    try:
        return _open(bench, bench.survey.moved(plan), own)
    except (InstrumentError, AddressError, ProcedureError) as problem:
        leave_seat(bench)
        return Outcome(False, str(problem))
    except (StoreError, RecordsRefused, InvalidCell, JournalUnwritable):
        leave_seat(bench)
        raise
    except ValueError as problem:  # half a letter in a name, or a number that is none
        leave_seat(bench)
        return Outcome(False, f"This plan cannot be written down, so nothing was begun: {problem}")


def _own_text(bench: Bench, plan: Plan) -> str:
    """The file of an own procedure, sound; "" for a built-in one. Raises ValueError with the first fault and its line."""
    if not plan.procedure.startswith("own:"):
        return ""
    from tui.records.own_procedures import OwnProcedures

    name = plan.procedure.removeprefix("own:")
    text = OwnProcedures(bench.home).read(name)
    for problem in check(text):
        raise ProcedureError(f"{name}, line {problem.line}, {problem.field}: {problem.message}")
    return text


def _open(bench: Bench, plan: Plan, own: str) -> Outcome:
    port, profile, first = open_supply(bench, plan)
    if profile.has_interface and first.output_on:
        bench.stranger = Stranger(bench, plan, profile, port)
        return Outcome(False, bench.stranger.words)
    if not profile.settable:
        notes = " ".join(profile.notes) or "Use it as a supply without interface (manual), or another supply."
        return _refused(bench, f"The {profile.model} can be read, not set: its model or its scale is not known for sure. {notes}")
    bench.follow(profile.emulated, plan.supply.address)
    plan = replace(plan, supply=fitted(plan, profile))
    again = [problem.message for problem in check_plan(plan, own) if problem.blocking]
    if again:
        return _refused(bench, " ".join(again))  # all that this supply cannot do, at once
    if plan.meter:
        bench.meter, bench.meter_profile = bench.instruments.open_meter(plan.meter)
    plan = enrol(bench.home, plan)
    made = steps(plan, own)  # before the session's row: one without a procedure would hold its cells
    open_bms(bench, plan, made)
    facts = {
        "supply": {"model": profile.model, "serial": profile.serial, "firmware": profile.firmware, "address": plan.supply.address},
        "supply_notes": list(profile.notes),
        "meter": plan.meter,
        "bms": plan.bms,
        "adapters": {
            "supply": None if plan.supply.by_hand else bench.instruments.adapter_of(plan.supply.address),
            "meter": bench.instruments.adapter_of(plan.meter) if plan.meter else None,
            "bms": bench.instruments.adapter_of(plan.bms) if plan.bms else None,
        },
        "embedded_bench": bench.hands is not None,
        "own_procedure": own,
        "program": program_version(),
    }
    if made[0].part is not None:  # a later part tells of itself when it is entered
        facts["part"] = {"part": made[0].part.id, "plan": made[0].part.plan.to_json()}
    recorder = Recorder.begin(bench.home, bench.clock, plan, facts)
    session = seat(bench, plan, profile, port, recorder, made, started_s=bench.now_s())
    assert session.runner is not None
    session.runner.start()
    tell_own_times(bench, plan.attention)
    for problem in check_plan(plan, own):
        bench.warn(f"plan-{problem.field}", "note on the plan", problem.message)
    bench.survey.used(plan, profile)
    return Outcome(True, recorder.id)


def _refused(bench: Bench, message: str) -> Outcome:
    leave_seat(bench)
    return Outcome(False, message)


def _runner(bench: Bench) -> Runner | None:
    return bench.session.runner if bench.session is not None else None


def _answer(bench: Bench, command: Answer) -> Outcome:
    runner = _runner(bench)
    if runner is None or bench.state not in WORKING:
        return Outcome(False, "Nothing is asked now.")
    if runner.prompt is None or runner.prompt.id != command.prompt:
        return Outcome(False, "That question is no longer open.")
    session = bench.running
    for point in ("cells_v", "supply_v"):
        value = command.values.get(point)
        if isinstance(value, float) and impossible(point, value, session.series):
            runner.ask_again(impossible(point, value, session.series))
            return Outcome(False, impossible(point, value, session.series))
    doubtful = doubted(bench, session, command.values)
    if doubtful and session.doubted != (runner.step.id, command.values):
        session.doubted = (runner.step.id, dict(command.values))
        bench.log("answer", durable=True, text=f"doubted: {doubtful}", data=dict(command.values))
        again = f"{doubtful} {GIVE_AGAIN}"
        runner.ask_again(again)
        return Outcome(False, again, confirm=True)
    before = dict(session.composer.typed)
    outcome = runner.answer(command.prompt, command.values)
    if doubtful and outcome.ok:
        for point, value in command.values.items():
            if isinstance(value, float):
                if point in before:
                    bench.log("correction", durable=True, data={point: value}, **_corrects(session, before[point]))
                _confirmed(bench, session, point, value)
    return outcome


def _corrects(session: Session, before: Typed | None) -> dict[str, Any]:
    """What a correction refers to: the earlier reading, which stays in the record."""
    return {} if before is None else {"corrects": {"value": before.value, "test_time_s": round(before.time_s - session.started_s, 3)}}


def _confirmed(bench: Bench, session: Session, point: str, value: float) -> None:
    """A doubted value was given twice: over a limit, that is the confirmed second reading."""
    if point not in ("cells_v", "supply_v") and not point.startswith("cell:"):
        return
    value = value / session.series if point == "supply_v" else value
    limits = session.limits
    target = session.plan.target_v if point == "supply_v" else session.whole.target_v  # cells may stand above a low stage
    text = f"{value:.3f} V was measured by hand and confirmed; the target is {target:.3f} V. "
    if value > min(target + limits.trip_over_target_v, limits.ceiling_v):
        bench.safety.act_on(Finding("trip", "cell-over-target", "over the target", text + "The supply does not hold its voltage."))
    elif value > target + limits.warn_over_target_v:
        bench.safety.act_on(Finding("warn", "near-over-target", "slightly over the target", text + "Trim the supply down."))


def _override(bench: Bench, command: Override) -> Outcome:
    runner = _runner(bench)
    if runner is None or bench.state not in WORKING:
        return Outcome(False, "Nothing is asked now.")
    return runner.override(command.prompt, command.reason)


def _take_remedy(bench: Bench, command: TakeRemedy) -> Outcome:
    runner = _runner(bench)
    if runner is None or bench.state not in WORKING:
        return Outcome(False, "Nothing is asked now.")
    return runner.take_remedy(command.prompt)


def _type_reading(bench: Bench, command: TypeReading) -> Outcome:
    session = bench.session
    if session is None or bench.state == "ended":
        return Outcome(False, "No session is running, so there is nowhere to keep a reading.")
    labels = {f"cell:{cell.label}" for cell in session.whole.cells}
    if command.point not in POINTS and command.point not in labels:
        return Outcome(False, f"'{command.point}' is no point this bench knows.")
    value = float(command.value)
    if not math.isfinite(value):
        return Outcome(False, "A reading must be a number.")
    wrong = impossible(command.point, value, session.series)
    if wrong:
        bench.log("answer", durable=True, text=f"not taken: {wrong}")
        return Outcome(False, wrong)
    doubtful = doubt(bench, session, command.point, value)
    if doubtful and not command.sure:
        bench.log("answer", durable=True, text=f"doubted: {doubtful}", data={command.point: value})
        return Outcome(False, doubtful, confirm=True)
    before = session.composer.typed.get(command.point)
    kind = "correction" if doubtful and before is not None else "answer"
    refers = _corrects(session, before) if kind == "correction" else {}
    by_meter = bool(bench.capture.measured({command.point: value}))
    text = "read by the meter, taken by key" if by_meter else "typed reading"
    bench.log(kind, durable=True, data={command.point: value}, text=text, **({"measured": [command.point]} if by_meter else {}), **refers)
    session.composer.type(command.point, value, bench.now_s())
    bench.capture.forget()
    if command.point == "cells_v" or command.point.startswith("cell:") or (command.point == "current_a" and session.by_hand):
        session.attention.read(bench.now_s())
    if doubtful:
        _confirmed(bench, session, command.point, value)
    _end_call(bench, session, command.point, value)
    return Outcome(True)


def _capture(bench: Bench, command: Capture) -> Outcome:
    return bench.capture.begin(command)


def _end_call(bench: Bench, session: Session, point: str, value: float) -> None:
    call = bench.safety.call
    if call is None or not call.acknowledged or point != call.asks_point:
        return
    safe = (
        abs(value) <= session.limits.off_current_a
        if point == "current_a"
        else value <= session.whole.target_v + session.limits.warn_over_target_v
    )
    if safe:
        bench.safety.end_call()


def _output_off(bench: Bench, command: OutputOff) -> Outcome:
    if bench.session is not None:
        bench.session.recorder.strict = False  # the stop waits for no disk
    bench.safety.stop("stopped by the operator")
    return Outcome(True, "Output off.")


def _emergency(bench: Bench, command: Emergency) -> Outcome:
    if bench.session is not None:
        bench.session.recorder.strict = False  # nor does this
    bench.safety.emergency()
    return Outcome(True, GAS_TEXT)


def _resume(bench: Bench, command: Resume) -> Outcome:
    session, runner = bench.session, _runner(bench)
    if session is None or runner is None or session.result or bench.state not in ("hold", "tripped"):
        return Outcome(False, "Nothing is held.")
    if bench.output.proving_off:
        return Outcome(False, "The output is not proved off yet. Wait for it, or follow the call.")
    if bench.safety.still_wrong():
        return Outcome(False, f"Not yet: {bench.safety.still_wrong()}")
    missing_meter(bench, session.whole)
    missing_bms(bench, session.whole, runner.steps)
    if bench.state == "tripped":
        if len(command.reason.strip()) < 3:
            return Outcome(False, "After a trip a reason in words is needed: what was found, and what was done about it.")
        bench.log("ack", durable=True, text=f"trip cleared: {command.reason.strip()}")
        session.latched = False
        session.start_over()
        _forget_set_points(bench, session)
        bench.safety.clear()
        bench.state = "preparing"
        runner.begin_anew()
        return Outcome(True, "All gates again, from the first.")
    bench.log("ack", durable=True, text=f"hold cleared: {command.reason.strip() or '; '.join(bench.safety.held_checks)}")
    taken_up = CODE in bench.safety.alarms
    opened_by_fault = "F-28" in bench.safety.alarms and bench.safety.alarms["F-28"].level == "hold"
    bench.safety.clear()
    bench.state = "preparing"
    _forget_set_points(bench, session)
    if session.charging_since_s is not None and not session.end_reason and (charging(runner) or opened_by_fault):
        session.look_again()
        runner.detour(_recheck(session, *connection(runner)), then=charge_step(runner).id)
    else:
        again = step_to_repeat(runner, by_hand=session.by_hand).id
        if taken_up and charges_unmeasured(runner):
            runner.detour(_recheck(session, *connection(runner)), then=again)
        else:
            runner.go_back_to(again)
    return Outcome(True)


def _forget_set_points(bench: Bench, session: Session) -> None:
    """What the panel or the second path of an off left on the supply is no commanded value; the next on programs and reads back anew."""
    if not session.by_hand:
        bench.output.told(voltage_v=None, current_a=None)


def _recheck(session: Session, act: str, probe: str) -> Step:
    """After a hold in the charge: volts at the posts by meter, then the contact test, before full current flows again.

    `act` put the leads where they are and `probe` names the posts there: of one cell of a queue, its own.
    """
    return Step(
        id="recheck",
        title="Check again before going on",
        instruction="With the output off, measure at the two posts where the leads are, red on +, black on −, and type what the meter shows.",
        tutorial="4.4",
        fields=(Field("post_v", "Volts at the posts", "voltage", "V", probe),),
        gate="polarity",
        hands=(act,),
        action="" if session.by_hand else "contact-test",
    )


NOT_BALANCED = (
    "Ended, not recorded as balanced: the end of the charge was not reached. Equal volts of 3.2 to 3.35 V say nothing about charge."
)


def _finish(bench: Bench, command: Finish) -> Outcome:
    session = bench.session
    if session is None or bench.state == "ended":
        return Outcome(False, "No session is running.")
    result = {"tripped": "tripped", "hold": "held"}.get(bench.state, "stopped")
    crashed = bench.state == "hold" and {finding.code for finding in bench.safety.standing} == {CODE}
    if CODE in bench.safety.alarms:
        result = "unfinished"  # it never went on after a crash
    if (crashed or bench.state in ("resting", "preparing")) and session.outcome == "balanced":
        result = "balanced"
    bench.finish(result, session.end_reason or command.reason.strip() or "ended by the operator")
    return Outcome(True, "" if result == "balanced" or session.outcome == "done" else NOT_BALANCED)


LASTING = ("link", "meter-silent")
"""Warnings that stand as long as their cause does: the bench takes them away. Acknowledged they are kept, or they would come again at once."""


def _acknowledge(bench: Bench, command: Acknowledge) -> Outcome:
    for code, alarm in list(bench.safety.alarms.items()):
        if alarm.id == command.alarm or command.alarm == 0:
            bench.log("ack", durable=True, text=f"seen: {alarm.title}")
            if alarm.level == "warn" and code not in LASTING:
                del bench.safety.alarms[code]
            else:
                bench.safety.alarms[code] = replace(alarm, acknowledged=True)
    if bench.safety.call is not None and not bench.safety.call.acknowledged:
        bench.log("ack", durable=True, text=f"call seen: {bench.safety.call.title}")
        bench.safety.call = replace(bench.safety.call, acknowledged=True)
    return Outcome(True)


def _present(bench: Bench, command: Present) -> Outcome:
    return Outcome(True)


def _screen_event(bench: Bench, event: ScreenEvent) -> Outcome:
    """Written down while a session runs; unlike a Command it shows no presence."""
    if bench.session is not None and bench.state != "ended":
        bench.log(event.kind, text=event.text)
    return Outcome(True)


def _note(bench: Bench, command: Note) -> Outcome:
    if bench.session is None or bench.session.result or bench.state == "ended":
        return Outcome(False, "No session is running, so there is nowhere to keep a note.")
    bench.log("note", durable=True, text=command.text[:2000])
    return Outcome(True)


def _speed(bench: Bench, command: Speed) -> Outcome:
    if not bench.can_scale:
        return Outcome(False, "Real instruments run in real time.")
    if not 0 < command.factor <= 3600:
        return Outcome(False, "The speed is a factor from just above 0 to 3600.")
    bench.wanted_speed = command.factor
    return Outcome(True, f"{command.factor:g} × while nobody is asked anything.")


def _inject(bench: Bench, command: Inject) -> Outcome:
    try:
        return Outcome(True, bench.drills.begin(command.fault))
    except FaultError as problem:
        return Outcome(False, str(problem))


def _mend(bench: Bench, command: Mend) -> Outcome:
    try:
        return Outcome(True, bench.drills.mend(command.drill))
    except FaultError as problem:
        return Outcome(False, str(problem))


_HANDLERS: dict[type, Callable[[Bench, Any], Outcome]] = {
    Start: _start,
    Continue: take_up,
    Abandon: abandon,
    Answer: _answer,
    Override: _override,
    TypeReading: _type_reading,
    Capture: _capture,
    TakeRemedy: _take_remedy,
    OutputOff: _output_off,
    Emergency: _emergency,
    Resume: _resume,
    Finish: _finish,
    Acknowledge: _acknowledge,
    Present: _present,
    Note: _note,
    Speed: _speed,
    ScreenEvent: _screen_event,
    Inject: _inject,
    Mend: _mend,
    FindInstruments: lambda bench, command: bench.survey.find(command.ports),
    GiveRole: lambda bench, command: bench.survey.give_role(command.mark, command.role),
    TryInstrument: lambda bench, command: bench.survey.try_out(command.address, writes=command.writes),
    SaveTrace: lambda bench, command: bench.survey.save_trace(command.address),
}
