"""The headless bench: one tick reads all instruments, lets the guard judge, lets the procedure go on, journals, and draws the picture.

It runs on one thread, touches no screen, and is reached through `tui.bench.local` only. Order in a tick is fixed: read → guard → off (if any) →
procedure → journal. The guard's word comes before the procedure's, always.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from drivers.address import Address
from drivers.clock import Clock, ScaledClock
from drivers.roles import InstrumentError, Meter, MeterProfile, Supply
from tui.bench import beside, bms_answers, charge_watch, instruments_told, memory, pace
from tui.bench.bms_line import BmsLine
from tui.bench.bms_watch import CUT
from tui.bench.capture import Capturer
from tui.bench.drills import Drills
from tui.bench.guard import Finding
from tui.bench.instruments import Instruments
from tui.bench.left import Left
from tui.bench.messages import State
from tui.bench.output import Output, switch_off
from tui.bench.ports import Port
from tui.bench.progress import CHARGING_UNTIL
from tui.bench.reading import Reading, aged
from tui.bench.resume import look_back, try_again
from tui.bench.runner import Hands
from tui.bench.safety import Safety
from tui.bench.seat import leave_seat
from tui.bench.session import Session
from tui.bench.sleep_guard import SleepGuard
from tui.bench.stage import Stage
from tui.bench.stranger import Stranger
from tui.bench.survey import Survey
from tui.bench.time_watch import TimeWatch
from tui.domain.procedure import Step
from tui.records.places import Home

IDLE_JOURNAL_S = 60.0
LET_GO_AFTER_S = 60.0
"""For so long after the end of a session an output that comes on by itself is still switched off."""
QUIET_BEFORE_KNEE_S = 4 * 3600.0
"""Readings by hand are not asked for until this long before the earliest forecast end: people sleep on the plateau."""


class Bench:
    """One supply, at most one meter and one BMS, at most one session at a time."""

    def __init__(
        self,
        home: Home,
        clock: Clock,
        instruments: Instruments,
        *,
        hands: Hands | None = None,
        line_now_s: Callable[[], float],
        set_speed: Callable[[float], None] | None = None,
        takes_up: bool = False,
    ) -> None:
        """`takes_up`: a session that an earlier program left without an end is taken up, and this one may leave one behind in its turn."""
        self.home, self.clock, self.instruments, self.hands = home, clock, instruments, hands
        self._line_now_s, self._set_speed = line_now_s, set_speed
        self.speed = self.wanted_speed = 1.0
        self.state: State = "idle"
        self.session: Session | None = None
        self.stranger: Stranger | None = None  # an output that is on, and not by this program
        self.supply: Port[Supply] | None = None
        self.meter: Port[Meter] | None = None
        self.meter_profile: MeterProfile | None = None
        self.bms: Port[BmsLine] | None = None
        self.reading = Reading(clock.now_s())
        self.safety = Safety(self)
        self.time_watch = TimeWatch(self)
        self.sleep_guard: SleepGuard | None = None  # of the bench on real instruments
        self.drills = Drills(self)
        self.survey = Survey(self)
        self.capture = Capturer(self)
        self.ticks = 0
        self.arrangement = ""
        self.supply_text = self.meter_text = ""
        self.last_command_s = clock.now_s()
        self._finishing: tuple[str, str] | None = None
        self.supply_lost_s: float | None = None
        self._journalled_s = self._remembered_s = -1e9
        self.takes_up = takes_up
        self._looked_back = not takes_up
        self.left: list[Left] = []  # sessions that wait to be taken up, oldest first
        self.left_problem = ""  # why the newest of them cannot go on
        self.left_tried_s = 0.0  # line time
        self.lost_at_v: float | None = None  # the cells when the supply fell silent

    # --- what actions and runner see (Hall, Stage) -------------------------------------------------------------

    def now_s(self) -> float:
        return self.clock.now_s()

    def line_now_s(self) -> float:
        return self._line_now_s()

    @property
    def running(self) -> Session:
        if self.session is None:
            raise RuntimeError("no session is running")
        return self.session

    @property
    def elapsed_s(self) -> float:
        """Of the running session, s; 0 without one."""
        return 0.0 if self.session is None else self.now_s() - self.session.started_s

    def log(self, kind: str, *, durable: bool = False, **fields: object) -> None:
        if self.session is not None:
            self.session.recorder.log(kind, durable=durable, **fields)

    def warn(self, code: str, title: str, text: str) -> None:
        self.safety.warn(code, title, text)

    # --- the tick -------------------------------------------------------------------------------------------------

    @property
    def output(self) -> Output:
        if self._output is None:
            raise RuntimeError("no supply is open")
        return self._output

    _output: Output | None = None

    def begin(self, session: Session, output: Output) -> None:
        """A session starts on a newly opened supply."""
        self.session, self._output = session, output
        self._let_go, self._over_s = False, None
        self._stage = Stage(self, session, output)
        self.safety.clear()
        self.supply_lost_s = self.lost_at_v = None
        self.state = "preparing"

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("no session is running")
        return self._stage

    _stage: Stage | None = None

    @property
    def opened_output(self) -> Output | None:
        """The supply's output while its port is open: of the session, or of a stranger."""
        if self.stranger is not None:
            return self.stranger.output
        return None if self._let_go else self._output

    def stage_did(self, act: str) -> None:
        """A hand act outside the procedure's steps: the operator switched off in answer to a call."""
        self.stage.did(act)

    def follow(self, emulated: bool, address: str) -> None:
        """An emulator of ours in another process may run faster than real time; this bench's clock then runs with it.

        The driver has asked for the emulator's token before `emulated` is true: hardware never meets a scaled clock.
        """
        if not emulated or not isinstance(self.clock, ScaledClock):
            return
        self.speed = Address.parse(address).speed or 1.0
        self.clock.speed = self.speed

    @property
    def can_scale(self) -> bool:
        """Whether time may run faster here: the embedded bench alone."""
        return self._set_speed is not None

    def off_at_once(self) -> None:
        """Put the off command ahead of everything on the supply's line; callable from any thread, waits for nothing."""
        port, output = self.supply, self.opened_output
        if port is not None and output is not None and output.profile.has_interface:
            port.urgent(switch_off)

    @property
    def busy(self) -> bool:
        """Something is under way that wants short ticks: an action, or an off whose proof is missing."""
        runner = self.session.runner if self.session is not None else None
        acting = runner is not None and runner.phase == "act" and self.state == "preparing"
        return acting or self.output_unproved or self.capture.pending or (self.session is not None and self.session.suspicious)

    @property
    def output_may_be_on(self) -> bool:
        """Told on, seen on, or unknown while a session has charged."""
        output = self.opened_output
        return output is not None and (output.commanded.output_on or (self.stranger is None and bool(self.reading.output_on)))

    @property
    def on_by_hand(self) -> bool:
        """A supply without interface that nobody has said is off."""
        return self._output is not None and not self._output.profile.has_interface and self._output.commanded.output_on

    @property
    def output_unproved(self) -> bool:
        output = self.opened_output
        return output is not None and output.proving_off and output.profile.has_interface

    def remember(self) -> None:
        """Write down where the session stands: what it goes on from when this program dies."""
        session = self.session
        if session is None or session.runner is None or session.result:
            return
        self._remembered_s = self.now_s()
        may_be_on = self.output.commanded.output_on or self.output_unproved
        held = [finding.row() for finding in self.safety.standing]
        self.log("checkpoint", durable=True, data={**memory.capture(session, output_on=may_be_on), "held": held})

    def leave(self, reason: str) -> None:
        """The program ends before the session does. One that only waits for resting volts has ended; any other goes on with the next start,
        one whose output may still be on above all.
        """
        session = self.session
        if session is None or session.result or session.runner is None:
            return
        if self.takes_up and (session.outcome != "balanced" or session.latched or self.output_may_be_on or self.output_unproved):
            self.remember()
            self.log("pause", durable=True, text=reason, output_on=self.reading.output_on)
            session.recorder.close()
            self.state = "ended"
            return
        session.result = "balanced" if session.outcome == "balanced" else "unfinished"
        session.end_reason = session.end_reason or reason
        session.recorder.end(session, self.now_s() - session.started_s)
        self.state = "ended"

    def tick(self) -> None:
        """One round. Never raises for an instrument's or a disk's sake."""
        self.ticks += 1
        if not self._looked_back:
            self._looked_back = True
            look_back(self)
        try_again(self)
        self.drills.tick()
        if self._let_go:
            self.capture.look()
            self._age()
            self.time_watch.look()
            return
        self._read()
        self.capture.look()
        self.time_watch.look()
        session = self.session
        if session is None or session.runner is None:
            if self.stranger is not None:
                if not self.stranger.watch(self.reading):
                    leave_seat(self)
            elif self._output is not None and self._output.proving_off:
                self._output.step_off(self.reading)
            self._keep_awake()
            return
        reading = self.reading
        if reading.output_on and reading.supply_fresh and not session.by_hand and not self.output.proving_off:
            session.off_since_s = None  # seen on: a rest begins with the next proof of off
        session.attention.update(reading, bool(reading.output_on) or self.output.commanded.output_on)
        gap_s = session.count.update(
            reading, longest_s=3.5 * max(self.instruments.period_s(self.speed), self.tick_s), series=session.series
        )
        if gap_s:
            self.log("gap", durable=True, seconds=round(gap_s, 1), text="the current was not known; charge in this time is not counted")
        findings = session.guard.check(
            reading, self.output.commanded, charge_ah=session.count.charge_ah, supply_answered=self.supply_lost_s is None
        )
        if self.state == "charging":
            findings += charge_watch.findings(self, session, reading)
        findings += session.watches.check(self, session, reading)
        findings += session.watches.bms.check(self, session, reading)
        instruments_told.tell(self, session)
        while session.guard.glitches.news:
            self.log("glitch", text=session.guard.glitches.news.pop(0))
        for finding in findings:
            if self._opening_ends(session, finding) or (finding.code in charge_watch.OF_PERSONS and session.facts.get("circuit_opened")):
                continue  # an open circuit shows the supply's own volts: they ask nobody for anything, and each cell is asked next
            self.safety.act_on(finding)
        self.safety.follow_off(session)
        if self.state in ("preparing", "charging", "resting") and self.safety.call is None:
            self._procedure(session)
        self._journal(session)
        self._let_go_when_over()
        self.pace(pace.speed(self))
        self._keep_awake()

    def _keep_awake(self) -> None:
        if self.sleep_guard is not None:
            self.sleep_guard.follow(self)

    def _let_go_when_over(self) -> None:
        """The session has ended: a minute after the proof of off the ports are free for whoever wants them. What was read last stays to be seen."""
        output = self.output
        on = output.proving_off or output.commanded.output_on or bool(self.reading.output_on)  # as seen last: it may be unplugged since
        if self.state != "ended" or self.safety.call is not None or on:
            self._over_s = None
            return
        self._over_s = self.now_s() if self._over_s is None else self._over_s
        if self.now_s() - self._over_s >= LET_GO_AFTER_S:
            self.capture.let_go()
            self._close_ports()
            self.instruments.release()
            self._let_go = True

    _let_go = False
    _over_s: float | None = None  # bench time since which the session has ended with the output proved off

    def _age(self) -> None:
        """Nobody reads any more: what was seen last grows old."""
        now_s, last = self.now_s(), self.reading
        past_s = now_s - last.time_s
        self.reading = replace(
            last,
            time_s=now_s,
            supply_fresh=False,
            meter_fresh=False,
            bms_fresh=False,
            bms_whole=False,
            bms_high_v=None,
            supply_v=aged(last.supply_v, past_s),
            current_a=aged(last.current_a, past_s),
            cells_v=aged(last.cells_v, past_s),
            posts_v=aged(last.posts_v, past_s),
            per_cell_v={label: aged(channel, past_s) for label, channel in last.per_cell_v.items()},
        )

    def _opening_ends(self, session: Session, finding: Finding) -> bool:
        """Whether this is a BMS that opened where the procedure expects it: off with proof, and the next steps ask each cell (fault F-28)."""
        runner = session.runner
        if finding.code not in ("F-27", CUT) or runner is None:
            return False
        if session.facts.get("cell_at_target") or session.facts.get("circuit_opened"):
            return True  # the BMS opened while the output was going off for a full cell, or two things tell of the same opening
        if runner.phase != "until" or not runner.step.opening_ends:
            return False
        off = "Switch the output off now." if session.by_hand else "The output goes off."
        text = f"The current stopped at once. A BMS that opened at a full cell looks like this, and so does a fault. {off}"
        if finding.code == CUT:
            session.facts["bms_cut"] = 1.0
            text = f"{finding.text} {off}"
        self.safety.warn("F-28", finding.title if finding.code == CUT else "the circuit opened", text)
        session.facts["circuit_opened"] = 1.0
        session.tail_current_a, session.off_since_s = None, self.now_s()
        self.safety.begin_off("the circuit opened")
        runner.circuit_opened()  # its next step has the output switched off, by hand where it must be
        return True

    def _read(self) -> None:
        now = self.clock.now_s()
        for port in (self.supply, self.meter, self.bms):
            if port is not None:
                port.poll()
        session = self.session
        supply_fresh = self.supply is not None and self.instruments.fresh(self.supply, self.tick_s)
        meter_fresh = (
            self.meter is not None
            and self.meter.reading is not None
            and self.meter.reading.status == "ok"
            and self.instruments.fresh(self.meter, self.tick_s)
        )
        self._note_link(now, supply_fresh)
        if session is None:
            if self.stranger is not None:
                self.reading = self.stranger.reading(now, supply_fresh)
                return
            supply = self.supply.reading if self.supply else None
            self.reading = Reading(now, supply, supply_fresh, output_on=supply.output_on if supply and supply_fresh else None)
            return
        session.composer.typed_fresh_s = session.attention.reading_interval_s(self.reading) * 1.1
        self.reading = session.composer.compose(
            now,
            session.profile,
            self.supply.reading if self.supply else None,
            supply_fresh,
            self.meter_profile,
            self.meter.reading if self.meter else None,
            meter_fresh,
            self.bms.reading if self.bms else None,
            self.bms is not None and self.instruments.bms_fresh(self.bms),
        )

    def _note_link(self, now: float, fresh: bool) -> None:
        if self.supply is None or fresh or self.supply.reading is None:
            if fresh and self.supply_lost_s is not None:
                self.supply_lost_s = self.lost_at_v = None
                self.safety.alarms.pop("link", None)
                self.log("link_back", durable=True, text="the supply answers again; its output state is read, not assumed")
            return
        if self.supply_lost_s is None:
            self.supply_lost_s, self.lost_at_v = now, self.reading.alarm_v
            self.log("link_lost", durable=True, text=self.supply.error)

    def _procedure(self, session: Session) -> None:
        runner = session.runner
        assert runner is not None
        if self.output.proving_off and runner.phase != "act":
            return
        before = runner.index
        runner.tick()
        if runner.finished:
            self.finish(session.outcome, session.why_ended or "the procedure came to its end")
            return
        bms_answers.answer(self, session, runner)
        step = runner.step
        charging = runner.phase == "until" and step.until in CHARGING_UNTIL and self.output.commanded.output_on
        if charging and session.charging_since_s is None:
            session.charging_since_s = self.now_s()
            session.off_since_s = None
            session.forecaster.current_a = session.end_rule.set_current_a = session.current_a  # cold cells take a quarter
            self.remember()
        if charging and self.state != "charging":
            session.composer.typed.pop("cells_v", None)  # typed without current: under current it says nothing of the cells
        if runner.index != before or runner.phase == "until":
            self._phase_state(step)
        if charging:
            beside.ask(self, session, runner, step)
            self._note_forecast(session)

    def _note_forecast(self, session: Session) -> None:
        """The forecast at the start of the charge: what counts as far too long, and until when people may sleep."""
        if "forecast_high_s" in session.facts:
            return
        forecast = session.forecaster.forecast(self.reading, session.count.charge_ah, hold_left_s=None, hold_s=session.limits.end_hold_s)
        if forecast.high_s is not None and forecast.low_s is not None:
            longest_s = session.forecaster.longest_s(session.count.charge_ah)  # one fuller cell lifts the volts of the others at first
            session.facts["forecast_high_s"] = max(forecast.high_s, longest_s or 0.0)
            session.attention.full_from_s = self.now_s() + forecast.low_s
            session.attention.quiet_until_s = self.now_s() + max(0.0, forecast.low_s - QUIET_BEFORE_KNEE_S)

    def _phase_state(self, step: Step) -> None:
        if self.state in ("hold", "tripped", "call"):
            return
        if step.until == "rest" or (self.running.end_reason and self.reading.output_on is False):
            self.state = "resting"
        elif self.output.commanded.output_on and self.running.charging_since_s is not None:
            self.state = "charging"
        else:
            self.state = "preparing"

    def finish(self, result: str, reason: str) -> None:
        """End the session once the output is proved off; until then remember how."""
        session = self.running
        seen_on = bool(self.reading.output_on) and self.reading.supply_fresh
        if self.output.proving_off or self.output.commanded.output_on or seen_on:
            self._finishing = (result, reason)
            self.safety.begin_off(reason or "end of the session")
            if session.by_hand:
                self.safety.start_call(
                    "switch the output off", "The session ends. The supply without interface must be switched off by hand."
                )
            return
        session.result = result  # type: ignore[assignment]
        session.end_reason = reason
        session.recorder.end(session, self.now_s() - session.started_s)
        self.state = "ended"
        self.safety.held_checks = ()
        if session.runner is not None:
            session.runner.prompt = None

    def finish_if_asked(self) -> None:
        """Called each tick: an end that waited for the proof of off."""
        if self._finishing is not None and self.safety.call is None and not self.output.proving_off and not self.output.commanded.output_on:
            (result, reason), self._finishing = self._finishing, None
            self.finish(result, reason)

    # --- journal and pace ---------------------------------------------------------------------------------------

    def _journal(self, session: Session) -> None:
        self.finish_if_asked()
        reading = self.reading
        flowing = bool(reading.output_on) or self.output.commanded.output_on
        if not flowing and reading.time_s - self._journalled_s < IDLE_JOURNAL_S:
            session.recorder.sync_if_due()
            return
        if session.result:
            return
        self._journalled_s = reading.time_s
        session.recorder.reading(reading, session.count)
        if reading.time_s - self._remembered_s >= memory.EVERY_S:
            self.remember()

    tick_s = 1.0

    def next_tick_s(self) -> float:
        """Bench seconds to the next tick when nothing else sets the pace (lock-step)."""
        self.tick_s = pace.tick_s(self)
        return self.tick_s

    def pace(self, speed: float) -> None:
        if speed != self.speed and self._set_speed is not None:
            self.speed = speed
            self._set_speed(speed)

    def close(self) -> None:
        """Let go of the instruments. The output's state is the caller's to prove first."""
        if self.sleep_guard is not None:
            self.sleep_guard.release()
        self.capture.let_go()
        self._close_ports()
        self._let_go, self._over_s = False, None
        if self.session is not None:
            self.session.recorder.close()

    def forget_output(self) -> None:
        """With its port closed nobody is there who could prove an off any more."""
        self._output = self._stage = None

    def _close_ports(self) -> None:
        for port in (self.supply, self.meter, self.bms):
            if port is not None:
                with contextlib.suppress(InstrumentError, OSError):
                    port.close()
        self.supply = self.meter = self.bms = None
