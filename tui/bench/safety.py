"""What follows from a finding: alarms, HOLD, TRIP, CALL, the emergency stop, and the way to the proof of off.

Words: HOLD goes on after the listed checks; TRIP is latched until a reason is typed and every gate is passed again; CALL is for the
operator's hands and ends only by acknowledgement and a safe reading. On a supply without interface every HOLD and TRIP is also a CALL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.bench.guard import Finding
from tui.bench.messages import GAS_TEXT, Alarm, Call, State

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.session import Session

MOST_ALARMS = 8
HELD_CHECKS: Mapping[str, tuple[str, ...]] = {
    "F-27": ("both rings of both leads are tight", "the fuse in the + lead is whole", "your meter shows volts at the posts"),
    "set-voltage": ("nobody turns the supply's knobs", "the display shows the set-point of the plan"),
    "set-current": ("nobody turns the supply's knobs",),
    "panel-off": ("mains and supply are sound", "nobody pressed the supply's output key"),
    "time-at-top": ("the cells are cool and flat", "you want the charge to go on"),
    "F-32": (
        "nobody changed anything at bank and leads meanwhile",
        "the cells are cool, flat and dry",
        "your meter shows the volts you expect",
    ),
    "F-33": ("the cells are cool and flat", "your meter shows the volts you expect", "this computer stays awake and the program runs on"),
    "F-24": ("the joints of that cell are tight on both sides", "every cell is joined", "each cell was measured again"),
    "F-42": ("the supply is cool", "its fan turns and its air slots are free"),
    "inside-hot": ("the supply is cool", "its fan turns and its air slots are free"),
    "F-43": ("the room was aired for half an hour", "no hiss, smell or smoke, seen from the door", "every cell is flat, cool and dry"),
    "hot-joint": ("the ring, clip or joint is made anew", "it is cool"),
    "negative-current": ("the + lead was off the cells", "the supply takes no current back", "your meter shows the volts you expect"),
    "bms-silent": ("its cable and its adapter are plugged in", "its app shows the cells", "or you will type the highest cell"),
    "bms-flows": ("the black lead goes to P− of the BMS", "nothing leads past the BMS", "its app shows the charge switch closed"),
    "attention": ("you stay within reach from here on",),
}
AT_THE_PANEL = ("set-voltage", "set-current", "panel-off", "found-on")
"""What somebody else did at the supply's panel (fault F-35); the journal says so."""
GENERAL_CHECKS = ("the cause is found and put right", "the cells are cool, flat and dry", "your meter shows the volts you expect")


class Safety:
    """The bench's answer to danger. Holds the alarms and the call; switches off through the bench's Output."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.alarms: dict[str, Alarm] = {}
        self.call: Call | None = None
        self.held_checks: tuple[str, ...] = ()
        self._alarm_ids = 0
        self._after_call: State = "hold"

    @property
    def standing(self) -> list[Finding]:
        """What holds or trips the session now."""
        stops = [alarm for alarm in self.alarms.values() if alarm.level in ("hold", "trip")]
        return [Finding(alarm.level, alarm.code, alarm.title, alarm.text) for alarm in stops]

    def clear(self) -> None:
        """The operator looked at what was held: alarms and checks are done with."""
        self.alarms.clear()
        self.held_checks = ()

    def warn(self, code: str, title: str, text: str) -> None:
        self.raise_alarm(Finding("warn", code, title, text))

    def stop(self, reason: str) -> None:
        """The emergency stop: off first, words after."""
        session = self.bench.session
        hands_needed = session is not None and session.by_hand and self.bench.output.commanded.output_on
        self.begin_off(reason)
        if session is None or session.runner is None or self.bench.state in ("ended", "idle"):
            return
        if hands_needed:
            self.start_call("STOP", "You asked for the output off. This supply has no interface: your hands must do it.")
        if self.bench.state in ("preparing", "charging", "resting"):
            self.raise_alarm(
                Finding("hold", "stopped", reason, "The output is switched off. Resume (g) when all is well, or end the session (e).")
            )
            self.hold("stopped")

    def emergency(self) -> None:
        """F-43: somebody smells gas, hears a hiss or sees a swelling. Off first; latched; the words are for the room, not for the bench."""
        finding = Finding("trip", "F-43", "LEAVE · ventilate · mains off", GAS_TEXT)
        self.begin_off(finding.title)
        if self.bench.session is not None and self.bench.session.runner is not None:
            if self.call is not None:  # whatever was called for before, this is worse
                self.call, self.bench.state = None, self._after_call
            self.alarms.pop("stopped", None)  # the same key press
            self.act_on(finding)

    def crashed(self) -> None:
        """A defect was caught in the tick: hold whatever ran, and say so."""
        if self.bench.session is not None and self.bench.session.runner is not None and self.bench.state not in ("ended", "idle"):
            text = "The program ran into a defect of its own; the output is switched off. The log beside the records tells more."
            self.raise_alarm(Finding("hold", "defect", "defect in the program", text))
            self.hold("defect")

    def still_wrong(self) -> str:
        """What still stands against a new start: the newest reading over a limit, or no reading at all."""
        session, reading = self.bench.running, self.bench.reading
        if self.bench.supply_lost_s is not None:
            return "the supply does not answer. " + (self.bench.supply.error if self.bench.supply else "")
        if reading.alarm_v is not None and reading.alarm_v > session.whole.target_v + session.limits.trip_over_target_v:
            return f"the cells still show {reading.alarm_v:.3f} V."
        if reading.supply is not None and reading.supply.protection:
            return f"the supply's {reading.supply.protection} is still tripped. Clear it at the panel."
        if reading.output_on and not session.by_hand:
            return "the supply's output is on."
        return ""

    def raise_alarm(self, finding: Finding) -> bool:
        """Show and journal a finding once; True when it is new."""
        known = self.alarms.get(finding.code)
        if known is not None and known.level == finding.level and not (known.acknowledged and finding.level != "warn"):
            if known.text != finding.text and not known.acknowledged:
                self.alarms[finding.code] = replace(known, title=finding.title, text=finding.text)
            return False
        self._alarm_ids += 1
        self.alarms[finding.code] = Alarm(self._alarm_ids, finding.level, finding.code, finding.title, finding.text, self.bench.elapsed_s)
        while len(self.alarms) > MOST_ALARMS:
            self.alarms.pop(next(iter(self.alarms)))
        self.bench.log(finding.level, durable=finding.level != "warn", text=f"{finding.title}: {finding.text}", data=_data(finding.code))
        return True

    def act_on(self, finding: Finding) -> None:
        if finding.code == "found-on" and self.bench.output.proving_off:
            return  # it has not obeyed yet, which is no hand at its panel: the proof tells, and calls (F-36) where there is none
        new = self.raise_alarm(finding)
        if finding.level == "warn":
            return
        session = self.bench.running
        if finding.level == "trip" and not session.result:
            session.latched = True
            self._after_call = "tripped"
        hands_only = session.by_hand and (self.bench.output.commanded.output_on or finding.code == "negative-current")
        if finding.level == "call" or hands_only:
            self.begin_off(finding.title)
            self.start_call(finding.title, finding.text)
        elif (
            self.bench.output.commanded.output_on or self.bench.reading.output_on is not False or finding.code == "negative-current"
        ) and (new or not self.bench.output.proving_off):
            self.begin_off(finding.title)
        trips = finding.level == "trip" and (self.bench.state == "hold" or (new and self.bench.state in ("call", "tripped")))
        if self.bench.state in ("preparing", "charging", "resting") or trips:
            self.hold(finding.code)

    def hold(self, code: str) -> None:
        """Stop the procedure where it is; the operator resumes it after looking at the listed checks."""
        if self.bench.session is not None and self.bench.session.runner is not None:
            self.bench.session.runner.pause()
            self.bench.session.end_rule.restart()
        self.held_checks = HELD_CHECKS.get(code, GENERAL_CHECKS)
        if self.bench.state != "call":
            self.bench.state = "tripped" if self.bench.session is not None and self.bench.session.latched else "hold"
        self.bench.remember()

    def begin_off(self, reason: str) -> None:
        """Output off, now; the proof follows in the next ticks. Slows a scaled clock down so that the proof's time is real.

        A supply without interface hears nothing: there the call to the operator's hands is the way, and its end the proof.
        """
        self.bench.pace(1.0)
        output = self.bench.opened_output
        if output is not None and output.profile.has_interface:
            output.begin_off(reason)

    def start_call(self, title: str, text: str) -> None:
        """Full-screen call for the operator's hands; ends only by acknowledgement and a safe reading."""
        if self.call is not None:
            return
        session = self.bench.session
        by_hand = session is not None and session.by_hand
        if self.bench.state != "call":
            self._after_call = "tripped" if session is not None and session.latched else "hold"
            if self.bench.state in ("idle", "ended"):
                self._after_call = self.bench.state
        hands = (
            ("Switch the supply's output off, or its mains switch.", "If it does not obey, pull the + lead from the cells.")
            if by_hand
            else ("Switch the supply off at its mains switch, or", "pull the + lead from the cells.")
        )
        asks, point = (
            ("the amperes that the supply's panel shows", "current_a") if by_hand else ("the volts at the cells, by your meter", "cells_v")
        )
        self.call = Call(title, text, hands, asks, point)
        self.bench.state = "call"
        self.bench.log("call", durable=True, text=f"{title}: {text}")
        if session is not None and session.runner is not None:
            session.runner.pause()
            session.end_rule.restart()

    def end_call(self) -> None:
        """A safe reading came after the acknowledgement."""
        self.call = None
        self.bench.state = self._after_call
        self.held_checks = self.held_checks or GENERAL_CHECKS
        if self.bench.session is not None and self.bench.session.by_hand:
            self.bench.stage_did("switch-off")
        elif self.bench.opened_output is not None:
            self.bench.opened_output.done_by_hand()
            if self.bench.hands is not None:
                self.bench.hands.do("mains-off")  # the first that the call asks for
        self.bench.log("ack", durable=True, text="the call is over: acknowledged, and a safe reading was typed")

    def follow_off(self, session: Session) -> None:
        """Follow an off command to its proof."""
        if session.by_hand:
            if self.bench.output.proving_off and not self.bench.output.commanded.output_on:
                self.bench.output.step_off(self.bench.reading)
            return
        if not self.bench.output.proving_off:
            return
        if self.bench.output.step_off(self.bench.reading):
            if session.charging_since_s is not None and session.off_since_s is None:
                session.off_since_s = self.bench.now_s()
            return
        if self.bench.output.off_overdue and self.call is None:
            finding = Finding(
                "call",
                "F-36",
                "the output is not proved off",
                "The program switched off three times and set volts and amperes to zero, but the supply has not shown that it obeyed. "
                + (self.bench.supply.error if self.bench.supply else ""),
            )
            self.act_on(finding)


def _data(code: str) -> dict[str, str]:
    return {"code": code, "by": "panel"} if code in AT_THE_PANEL else {"code": code}
