"""The Snapshot: what a screen needs, drawn from the bench's state once a tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.bench import progress
from tui.bench.messages import Channel, Forecast, Prompt, SessionCard, Snapshot, StepCard
from tui.bench.resume import unfinished
from tui.domain.gates_bms import state_words
from tui.domain.procedure import Step

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.reading import Reading


ACTING: Mapping[str, str] = {
    "identify": "Asking the supply who it is. Nothing is written to it.",
    "write-test": "Trying harmless settings with the output off, and reading them back.",
    "open-lead-test": "The output is on for less than 3 s, with the leads apart. Do not touch them.",
    "contact-test": "A little current for 2 s tells whether both leads sit well. Do not touch them.",
    "charge": "Writing the settings, reading them back, and switching on.",
    "output-off": "Switching off; the supply must prove it.",
}
"""What the bench does by itself for some seconds."""


def prompt_with_readings(bench: Bench) -> Prompt | None:
    """The open question, with what the meters show now at each of its points."""
    runner = bench.session.runner if bench.session else None
    if runner is None or runner.prompt is None:
        return None
    prompt = runner.prompt
    fields = tuple(
        replace(
            f,
            reading=None if f.choices else runner.reading_at(f.name),
            capture=f.kind == "voltage" and bench.capture.reaches(runner.probe_of(f.name)),
        )
        for f in prompt.fields
    )
    hint = ""
    walk_v = bench.reading.walk_v
    if any(f.capture for f in fields) and walk_v.trust == "measured" and walk_v.value is not None:
        hint = f"The meter shows {walk_v.value:.4f} V: F9 takes it and goes to the next."
    elif bench.hands is not None and any(f.reading is not None for f in fields):
        hint = "Simulated hands hold the probes: m takes what the meter shows."
    elif bench.hands is not None and prompt.confirm:
        hint = "Simulated hands do it when you confirm."
    return replace(prompt, fields=fields, hint=hint)


FULL_CELLS = "Full cells age: build the pack soon, or take them down to about half."


def next_thing(bench: Bench, prompt: Prompt | None) -> str:
    """The one sentence that is always in the same place."""
    session, reading = bench.session, bench.reading
    if bench.safety.call is not None:
        return "Do by hand what the full-screen call says, then acknowledge it."
    if session is None or session.runner is None:
        if bench.stranger is not None:
            return bench.stranger.words
        if bench.left:
            return f"An earlier session stopped without an end: g goes on with it, e ends it. {bench.left_problem}"
        return "Check the bank in Setup, then press F5 to start."
    if bench.state == "tripped":
        if "F-43" in bench.safety.alarms:
            return "Leave the room with everybody; mains off on your way. Only half an hour later, with no hiss, smell or smoke: g, or e to end."
        return "Find the cause. A new start needs a reason (g) and goes through every gate again."
    if bench.state == "hold":
        off = "Output off." if reading.output_on is False else "The output is not proved off: keep your hands on it."
        return f"{off} Look at what the alarm names, then resume (g) or end the session (e)."
    if bench.state == "ended":
        words = f"Session ended: {session.result}. {session.end_reason[:1].upper()}{session.end_reason[1:]}"
        return f"{words}{'' if words.endswith('.') else '.'} {FULL_CELLS}" if session.ends_full else words
    if session.attention.calling(reading):
        return "Are you there? Press any key: near the top the cells are not left alone."
    if prompt is not None and prompt.refusal:
        return prompt.refusal
    if prompt is not None:
        return prompt.instruction
    if "link" in bench.safety.alarms:
        return "The supply does not answer and may be charging on. Look at its cable and its mains; it is tried again all the time."
    due = session.attention.reading_due_s(reading)
    if due is not None and due <= 60:
        return "Measure the cells with your meter now and type it (r)."
    step = session.runner.step
    if step.until == "rest":
        return "Resting. The cells drift down to their resting voltage; that is normal."
    if step.until:
        return "Charging. Do not adjust the voltage." if session.knee_s is None else "Near the top: stay near and watch the cells' volts."
    return ACTING.get(step.action, "Working…")


def forecast(bench: Bench) -> Forecast:
    session = bench.session
    if session is None or session.runner is None or bench.state not in ("charging", "resting"):
        return Forecast()
    if session.runner.step.until == "rest":
        since = session.off_since_s if session.off_since_s is not None else session.runner.entered_s
        left = max(0.0, session.runner.step.until_s - (bench.now_s() - since))
        return Forecast(left, left, "rest before the cells are measured", 1 - left / max(1.0, session.runner.step.until_s))
    if bench.state == "resting":  # the charge has ended; its cells wait for the operator
        return Forecast()
    rule = session.end_rule
    hold_s = session.limits.end_hold_s
    return session.forecaster.forecast(bench.reading, session.count.charge_ah, hold_left_s=rule.hold_left_s, hold_s=hold_s)


def pack_volts(reading: Reading, series: int) -> Channel:
    """Of a string: at its posts, or the sum where each of its cells is measured; unknown where nothing is in series."""
    if series == 1:
        return Channel()
    cells = [channel.value for channel in reading.per_cell_v.values() if channel.trust == "measured" and channel.value is not None]
    if reading.posts_v.value is None and cells and len(cells) == len(reading.per_cell_v):
        return Channel(series * sum(cells) / len(cells), "derived")
    return reading.posts_v


def bms_name(bench: Bench) -> str:
    """Model and address of the string's BMS, as soon as it has answered; "" without one."""
    if bench.bms is None:
        return ""
    line = bench.bms.driver
    return f"{line.profile.model if line.profile else 'BMS'} · {line.address}"


def bms_state(bench: Bench) -> str:
    """What it tells now, in one line; "" where nothing is in series."""
    session, reading = bench.session, bench.reading
    if bench.bms is None or session is None or session.series == 1:
        return ""
    told = reading.bms
    if told is None:
        return "has not answered yet"
    if not reading.bms_fresh:
        return f"silent for {reading.time_s - told.time_s:.0f} s"
    return state_words(told.charge_fet_on, told.protection, told.cell_overvoltage_protection_v)


def waiting_words(bench: Bench) -> str:
    """What waiting on still buys, while the current tapers towards the end rule."""
    session, reading = bench.session, bench.reading
    if session is None or session.runner is None or bench.state != "charging" or session.runner.step.until != "end-rule":
        return ""
    volts, amps = reading.cells_v.value, reading.amperes
    if volts is None or amps is None or not reading.cells_trusted or len(session.plan.cells) < 2 or session.series > 1:
        return ""
    from tui.domain.waiting import waiting

    return waiting(session.plan, volts, amps, session.forecaster.taper_tau_s, reading.spread_v).words


def _output_on(bench: Bench) -> bool | None:
    """As the supply says now; unknown while it does not answer in a session. With knobs it is what the operator said last."""
    reading, session = bench.reading, bench.session
    known = reading.supply_fresh or session is None or session.by_hand or bench.state == "idle"
    known = known or (bench.state == "ended" and reading.output_on is False)  # its line is closed then: the proof of off stands
    return reading.output_on if known else None


def snapshot(bench: Bench) -> Snapshot:
    """The whole picture at this moment."""
    session, reading = bench.session, bench.reading
    prompt = prompt_with_readings(bench)
    base = Snapshot(
        seq=bench.ticks,
        time_s=bench.now_s(),
        unix_s=bench.clock.unix_s(),
        state=bench.state,
        supply=bench.supply_text,
        meter=bench.meter_text,
        bms=bms_name(bench),
        bms_state=bms_state(bench),
        output_on=_output_on(bench),
        mode=reading.mode if reading.output_on else "",
        set_voltage_v=reading.set_voltage_v,
        set_current_a=reading.set_current_a,
        supply_v=reading.supply_v,
        cells_v=reading.cells_v,
        current_a=reading.current_a,
        alarms=tuple(bench.safety.alarms.values()),
        call=bench.safety.call,
        prompt=prompt,
        next=next_thing(bench, prompt),
        speed=bench.speed,
        wanted_speed=bench.wanted_speed,
        emulated=bench.hands is not None,
        unfinished=unfinished(bench),
        captured=bench.capture.shown,
        drills=bench.drills.running,
        drills_waiting=bench.drills.waiting,
    )
    if session is None or session.runner is None:
        return base
    runner = session.runner
    return replace(
        base,
        result=session.result,
        session=session.recorder.id,
        bank=session.whole.bank,
        arrangement=bench.arrangement,
        procedure=session.whole.procedure,
        parts=progress.part_views(runner),
        part=runner.parts.index(runner.part),
        revision=runner.remedies,
        steps=progress.step_views(runner),
        step=progress.index_in_part(runner),
        target_v=session.plan.target_v,
        series=session.series,
        pack_v=pack_volts(reading, session.series),
        per_cell_v=tuple(reading.per_cell_v.items()),
        charge_ah=session.count.charge_ah,
        energy_wh=session.count.energy_wh,
        lead_drop_v=reading.lead_drop_v,
        lead_resistance_ohm=reading.lead_resistance_ohm,
        lead_trust=reading.lead_trust,
        elapsed_s=bench.elapsed_s,
        since_knee_s=None if session.knee_s is None else bench.now_s() - session.knee_s,
        forecast=forecast(bench),
        end_clauses=session.end_rule.clauses if bench.state == "charging" and session.knee_s is not None else (),
        waiting=waiting_words(bench),
        reading_due_s=session.attention.reading_due_s(reading),
        attention_due_s=session.attention.due_s(reading),
        held_checks=bench.safety.held_checks,
        journal_problem=session.recorder.problem,
    )


def card(bench: Bench) -> SessionCard | None:
    """The unchanging part of the session."""
    session = bench.session
    if session is None or session.runner is None:
        return None
    runner = session.runner
    parts = {part: number for number, part in enumerate(runner.parts)}
    cards = tuple(_step_card(step, parts[step.part] if step.part is not None else 0, session.profile.notes) for step in runner.steps)
    return SessionCard(session.recorder.id, session.whole.to_json(), cards, tuple(part.plan.to_json() for part in parts), runner.remedies)


def _step_card(step: Step, part: int, of_supply: tuple[str, ...]) -> StepCard:
    """The step that finds the supply tells also what the owner of this model should know."""
    notes = (*of_supply, *step.notes) if step.action == "identify" else step.notes
    return StepCard(step.id, step.title, step.instruction, step.tutorial, notes, step.warnings, step.picture, part)
