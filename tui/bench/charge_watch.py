"""What a running charge can run into beside the guard's limits: its taper, nobody watching, overdue readings, a supply that went silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bench import disk
from tui.bench.guard import Finding
from tui.bench.reading import Reading
from tui.bench.session import Session

if TYPE_CHECKING:
    from tui.bench.bench import Bench

SENSELESS_POLLS = 3
"""Polls in a row, each asked up to three times by the driver, after which a supply is no longer trusted with the cells."""


METER_SILENT_S = 10.0
"""Bench seconds: one line that was lost is no fault."""
OF_PERSONS = ("attention", "attention-soon", "reading-due", "reading-overdue")
"""Findings about who is there and who reads, by the volts at the cells."""


def findings(bench: Bench, session: Session, reading: Reading) -> list[Finding]:
    """What the charge itself can run into: its end rule, the taper, attention, overdue readings, a lost supply."""
    found: list[Finding] = []
    session.forecaster.observe(reading)
    verdict = session.end_rule.update(reading) if session.series == 1 else ""  # a string is not held at its top
    if verdict == "flat":
        text = f"The current stays at {reading.amperes or 0:.2f} A with the cells at {reading.cells_v.value or 0:.3f} V for an hour. "
        found.append(Finding("hold", "F-39", "the current does not taper", text + "Look for a leak, a load, or a supply set too high."))
    elif verdict == "rising":
        text = f"The current rises to {reading.amperes or 0:.2f} A at constant volts. A cell may be failing; feel for a warm one."
        found.append(Finding("trip", "F-39", "the current rises at the top", text))
    found += _attention(bench, session, reading)
    found += _meter(bench, session, reading)
    found += _journal(session, reading)
    found += disk.findings(bench, session)
    entered = session.runner.entered_s if session.runner else 0.0
    high_s = session.facts.get("forecast_high_s")
    allowed = None if high_s is None else session.limits.step_overtime_factor * high_s + session.limits.step_overtime_s
    if allowed is not None and reading.time_s - entered > allowed:
        text = f"This step runs for {(reading.time_s - entered) / 3600:.1f} h; at most {allowed / 3600:.1f} h were to be expected."
        found.append(Finding("hold", "overtime", "far longer than forecast", text))
    volts = reading.cells_v.value
    top_v = max(session.plan.target_v - session.limits.end_margin_v, session.limits.top_floor_v)
    if volts is not None and volts >= top_v and reading.cells_trusted:
        session.top_s += reading.time_s - session.watched_s if session.watched_s is not None else 0.0
    session.watched_s = reading.time_s
    if session.series > 1 and reading.cells_trusted and reading.output_on and volts is not None:
        session.facts["last_highest_v"] = volts
    return found


def _meter(bench: Bench, session: Session, reading: Reading) -> list[Finding]:
    """F-29 for the meter: without it the volts at the cells are derived from the supply's, which ends nothing. One that answers, and shows no
    volts that can be, is as silent.
    """
    told = reading.meter
    if bench.meter is None or (reading.meter_fresh and told is not None and any(volts is not None for volts in told.channels_v.values())):
        session.meter_silent_since_s = None
        bench.safety.alarms.pop("meter-silent", None)
        return []
    if session.meter_silent_since_s is None:
        session.meter_silent_since_s = reading.time_s
    if reading.time_s - session.meter_silent_since_s < METER_SILENT_S:
        return []
    point = bench.meter_profile.point if bench.meter_profile is not None else "bank"
    if point == "walk":
        return []  # nothing hangs on it: it is asked only when a hand carries it to a point
    text = "The volts at the cells are only derived from the supply's now, and readings are asked of you. Look at its cable, battery and range."
    if point == "supply":
        text = (
            "Nothing but the supply's own display tells its volts now, and it is not trimmed. Look at the meter's cable, battery and range."
        )
    why = bench.meter.error or (told.text if told is not None else "")
    return [Finding("warn", "meter-silent", "the meter has gone silent", f"{why} {text}".strip())]


def _journal(session: Session, reading: Reading) -> list[Finding]:
    """F-58: a charge that is not being recorded is told at once, and does not go on near the top."""
    problem = session.recorder.problem
    if not problem:
        return []
    near = reading.alarm_v is None or reading.alarm_v >= session.limits.hand_knee_v
    return [Finding("hold" if near else "warn", "journal", "the record cannot be written", problem)]


def _attention(bench: Bench, session: Session, reading: Reading) -> list[Finding]:
    found: list[Finding] = []
    attention, limits = session.attention, session.limits
    due = attention.due_s(reading)
    if due is not None and due <= 0:
        off = "This program cannot switch this supply off: do it by hand." if session.by_hand else "The output goes off; nothing is lost."
        found.append(Finding("hold", "attention", "nobody answered", f"Nobody has shown presence near the top for the time allowed. {off}"))
        bench.safety.alarms.pop("attention-soon", None)
    elif attention.calling(reading):
        else_ = "you are called to switch the supply off" if session.by_hand else "the output is switched off"
        text = f"The cells are near the top. Press any key within the time shown, or {else_}. From elsewhere: topbalance ack."
        found.append(Finding("warn", "attention-soon", "are you there?", text))
    late = attention.reading_due_s(reading)
    if late is not None and late < 0:
        volts = reading.alarm_v
        unread = attention.unread_near_top(reading)
        near = unread or (volts is not None and volts >= limits.hand_knee_v)
        if near and -late > attention.reading_interval_s(reading) * (limits.hand_overdue_call - 1):
            where = "may be near the top by now" if unread else "are near the top"
            text = f"No reading was typed for twice the time allowed and the cells {where}."
            found.append(Finding("call", "reading-overdue", "reading long overdue", text))
        elif attention.alone(reading) and -late > attention.reading_interval_s(reading) * (limits.hand_overdue_call - 1):
            text = "The highest cell was not typed for twice the time allowed: nobody but the BMS watches the cells. The output goes off; "
            found.append(
                Finding(
                    "hold", "reading-overdue", "nobody reads the cells", text + "nothing is lost, the charge goes on when you are back."
                )
            )
        else:
            text = "Measure the volts at the cells with your meter and type them (key r)."
            found.append(Finding("warn", "reading-due", "a reading is due", text))
    elif "reading-due" in bench.safety.alarms:
        del bench.safety.alarms["reading-due"]
    return found + _supply(bench, session, reading)


def _supply(bench: Bench, session: Session, reading: Reading) -> list[Finding]:
    """A supply that is not heard (F-29), or whose answers make no sense (F-30), while it may be charging."""
    if bench.supply_lost_s is None or bench.supply is None or session.by_hand:
        return []
    limits, gone_s, error = session.limits, reading.time_s - bench.supply_lost_s, bench.supply.error
    if bench.supply.senseless:
        if bench.supply.senseless < SENSELESS_POLLS:
            return []
        text = f"{bench.supply.senseless} answers in a row made no sense. {error} The output goes off; nothing is lost."
        return [Finding("hold", "F-30", "the supply answers nonsense", text)]
    known = [volts for volts in (bench.lost_at_v, reading.alarm_v) if volts is not None]
    volts = max(known, default=None) if bench.lost_at_v is not None or reading.cells_trusted else None
    if volts is None or volts >= limits.link_call_v or gone_s > limits.link_retry_s:
        since = f" for {gone_s:.0f} s" if gone_s >= 10 else ""
        text = f"The supply has not answered{since}. {error} Its output may be on."
        return [Finding("call", "F-29", "the supply does not answer", text)]
    return [Finding("warn", "link", "the supply does not answer", f"{error} Trying again; the cells are on the plateau.")]
