"""Kills a bench again and again: the physics with their emulators stay in this process, the bench runs in one that is killed at a random moment.

Bytes, moves of simulated hands and the passing of time travel over a pipe, in lock-step, so that a whole balance takes about a second. After each
kill the supply goes on as it was for a random time, and a new process takes the session up. What a dead process had acknowledged over the pipe must
stand in the journal.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Pipe
from typing import Any

from drivers.clock import VirtualClock
from drivers.simulated.description import BenchDescription, describe
from drivers.simulated.embedded import EmbeddedBench
from tests.choices import CHOICES
from tui.bench.bench import Bench
from tui.bench.headless import EmbeddedHands, LockStep, Rig
from tui.bench.instruments import Instruments
from tui.bench.messages import Answer, Command, Note, Resume, Start, TypeReading
from tui.cli_bench import plan_from
from tui.domain.plan import Plan
from tui.records.inventory import Inventory
from tui.records.journal_reading import read, verify
from tui.records.places import Home
from tui.records.sessions import Sessions

SUPPLY_ERROR_V = 0.005
LONGEST_GAP_S = 2 * 3600.0
NOTE_EVERY = 40  # ticks
LONGEST_LEG_S = 120.0


@dataclass(slots=True)
class Tally:
    """What was seen. Every entry of `wrong` is a failure, in words."""

    kills: int = 0  # with a session under way
    early: int = 0  # before the session's first step was written down: there is nothing to take up
    taken_up: int = 0
    again: int = 0  # killed once more before it had taken the session up
    sessions: int = 0
    acknowledged: int = 0
    max_cell_v: float = 0.0
    wrong: list[str] = field(default_factory=list)


# --- in the process that will be killed -------------------------------------------------------------------------------


class _FarClock(VirtualClock):
    def __init__(self, pipe: Connection, now_s: float) -> None:
        super().__init__()
        self._pipe, self._now_s = pipe, now_s

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._pipe.send(("advance", seconds))


class _FarLine:
    def __init__(self, pipe: Connection, url: str) -> None:
        self.url, self._pipe = url, pipe

    def _far(self, *words: Any) -> Any:
        self._pipe.send((*words[:1], self.url, *words[1:]))
        return self._pipe.recv()

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        return self._far("ask", request, expect, deadline_s)  # type: ignore[no-any-return]

    def write(self, data: bytes) -> None:
        self._far("write", data)

    def read_available(self) -> bytes:
        return self._far("read_available")  # type: ignore[no-any-return]

    def close(self) -> None:
        self._far("close")


class _FarHands:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def do(self, act: str, *, voltage_v: float | None = None, current_a: float | None = None) -> None:
        self._pipe.send(("hands", act, voltage_v, current_a))

    def probe(self, point: str) -> float | None:
        self._pipe.send(("probe", point))
        return self._pipe.recv()  # type: ignore[no-any-return]

    def refusal(self, plan: Plan) -> str:
        return ""

    def woken(self, plan: Plan, acts: tuple[str, ...], charge_ah: float) -> Plan:
        return plan  # the bench stayed as it was


def _run(pipe: Connection, place: Home, plan: Plan, now_s: float, leg: int) -> None:
    """One bench until its session has ended; every Command that it took is acknowledged over the pipe."""
    clock = _FarClock(pipe, now_s)
    instruments = Instruments(clock, place, line_factory=lambda address: _FarLine(pipe, str(address)))
    bench = Bench(place, clock, instruments, hands=_FarHands(pipe), line_now_s=clock.now_s, takes_up=True)
    run = LockStep(Rig(None, bench, clock, "", ""))  # type: ignore[arg-type]  # its physics are in the other process

    def send(command: Command) -> None:
        if run.send(command).ok and isinstance(command, Answer | Note | TypeReading):
            pipe.send(("ack", bench.running.recorder.id, command))

    run.step(0.5)
    pipe.send(("took_up", bench.session.recorder.id if bench.session is not None else "", bench.left_problem))
    if bench.session is None:
        send(Start(plan.to_json()))
    ticks = 0
    while bench.state != "ended":
        command = run.script.next(run.snapshot()) if run._asked() else None
        if command is None and bench.state == "hold" and not bench.output_unproved:
            command = Resume("went on after a kill")
        if command is not None:
            send(command)
            if not isinstance(command, Resume):
                continue
        elif bench.state in ("tripped", "call"):
            break
        ticks += 1
        if ticks % NOTE_EVERY == 0:
            send(Note(f"leg {leg}, tick {ticks}"))
        run.step()
    snapshot = run.snapshot()
    pipe.send(("end", snapshot.result or snapshot.state, [f"{alarm.code}: {alarm.text}" for alarm in snapshot.alarms]))


# --- in the process that lives ----------------------------------------------------------------------------------------


def bench_description() -> BenchDescription:
    """Two small cells near the top, on a supply that holds 5 mV too much: a balance of about half an hour."""
    description = describe(cells=2, capacity_ah=20.0, soc=(0.985, 0.99), supply_current_a=4.0, lead_mohm=20.0)
    return replace(description, supply=replace(description.supply, set_point_error_v=SUPPLY_ERROR_V))


class Killing:
    """Kills benches in `place` until sessions were taken up as often as was asked for, and lets the last one come to its end."""

    def __init__(self, place: Home, *, seed: int) -> None:
        self.place, self.tally, self._draw = place, Tally(), random.Random(seed)
        self._clock = VirtualClock()
        self._leg_s: float | None = None  # how long a leg takes that nothing disturbs; learned

    def until(self, taken_up: int) -> Tally:
        while self.tally.taken_up < taken_up:
            self._one_session(taken_up)
        return self.tally

    def _one_session(self, taken_up: int) -> None:
        """From start to end, killed at random moments; what was wrong is noted and the session given up."""
        embedded = EmbeddedBench(bench_description(), self._clock)
        plan = plan_from(embedded.description, embedded.supply_address, embedded.meter_address, CHOICES)
        acknowledged: list[tuple[str, Command]] = []  # with the session that took it
        session, leg = "", 0
        self.tally.sessions += 1
        try:
            while True:
                leg += 1
                kill_after_s = self._draw.uniform(0.0, 1.05 * self._leg_s) if self._leg_s and self.tally.taken_up < taken_up else None
                ended = self._leg(embedded, plan, leg, kill_after_s, acknowledged, session)
                self.tally.max_cell_v = max(self.tally.max_cell_v, embedded.world.max_cell_voltage_v)
                if ended is not None:
                    if ended != "balanced":
                        self.tally.wrong.append(f"session {session} ended {ended}")
                    return
                session = self._inspect(acknowledged)
                self.tally.kills += session != ""
                self.tally.early += session == ""
                self._clock.advance(self._draw.choice((0.0, 5.0, self._draw.uniform(0.0, LONGEST_GAP_S))))
                self.tally.max_cell_v = max(self.tally.max_cell_v, embedded.world.max_cell_voltage_v)
        finally:
            self.tally.acknowledged += len(acknowledged)
            embedded.close()

    def _leg(
        self,
        embedded: EmbeddedBench,
        plan: Plan,
        leg: int,
        kill_after_s: float | None,
        acknowledged: list[tuple[str, Command]],
        session: str,
    ) -> str | None:
        """One process from its start to its death (None) or the session's end (its result)."""
        lines = {address: make() for address, make in embedded.memory_lines().items()}
        hands = EmbeddedHands(embedded)
        here, there = Pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                here.close()
                _run(there, self.place, plan, self._clock.now_s(), leg)
                code = 0
            except (BrokenPipeError, EOFError):
                code = 2
            except Exception:  # noqa: BLE001 - told, then the process ends whatever it was
                traceback.print_exc()
            finally:
                os._exit(code)
        there.close()
        if kill_after_s is not None:
            killer = threading.Timer(kill_after_s, _kill, (pid,))
            killer.start()
        began, ended, came = time.monotonic(), None, False
        try:
            while here.poll(LONGEST_LEG_S):
                word, *rest = here.recv()
                if word == "end":
                    ended = rest[0]
                    if ended != "balanced":
                        self.tally.wrong += rest[1]
                elif word == "ack":
                    acknowledged.append((rest[0], rest[1]))
                elif word == "took_up":
                    came = True
                    self._took_up(session, *rest)
                elif word == "advance":
                    self._clock.advance(rest[0])
                elif word == "hands":
                    hands.do(rest[0], voltage_v=rest[1], current_a=rest[2])
                elif word == "probe":
                    here.send(hands.probe(rest[0]))
                else:
                    here.send(getattr(lines[rest[0]], word)(*rest[1:]))
            if ended is None:
                _kill(pid)
                self.tally.wrong.append(f"a bench did nothing for {LONGEST_LEG_S:.0f} s")
        except (EOFError, ConnectionError):
            pass  # it is dead, or it has ended
        if kill_after_s is not None:
            killer.cancel()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        here.close()
        self.tally.again += bool(session) and not came
        if ended is not None:
            self._leg_s = max(0.9 * (self._leg_s or 0.0), time.monotonic() - began)
        elif status != -signal.SIGKILL:
            raise RuntimeError(f"a bench process ended by itself with status {status}")
        return ended

    def _took_up(self, session: str, found: str, problem: str) -> None:
        if session and found != session:
            self.tally.wrong.append(f"session {session} was not taken up: {problem or 'another came'}")
        elif session:
            self.tally.taken_up += 1

    def _inspect(self, acknowledged: list[tuple[str, Command]]) -> str:
        """Look at what the dead process left: stores whole, chain whole, everything acknowledged there. Gives the session's id, if it has one."""
        wrong = self.tally.wrong
        inventory, sessions = Inventory(self.place), Sessions(self.place)
        inventory.list()
        if inventory.problem or sessions.problem:
            wrong.append(f"damaged: {inventory.problem} {sessions.problem}")
        for session_id in {session_id for session_id, _ in acknowledged}:
            report = verify(sessions.journal_path(session_id))
            if not report.ok:
                wrong.append(report.message)
            told = list(read(sessions.journal_path(session_id)))
            notes = {line["text"] for line in told if line["kind"] == "note"}
            answers = [line.get("data") for line in told if line["kind"] in ("answer", "correction", "override")]
            taken = [command for of_session, command in acknowledged if of_session == session_id]
            wrong += [f"lost: {command}" for command in taken if not _stands(command, notes, answers)]
        rows = [row for row in sessions.list() if row.state == "running" and sessions.journal_path(row.id).exists()]
        kinds = {line["kind"] for line in read(sessions.journal_path(rows[-1].id))} if rows else set()
        waits = "checkpoint" in kinds and "session_end" not in kinds  # one that has its end is closed by the next start, not taken up
        return rows[-1].id if waits else ""


def _stands(command: Command, notes: set[str], answers: list[Any]) -> bool:
    match command:
        case Note(text):
            return text in notes
        case Answer(_, values):
            return values in answers
        case TypeReading(point, value):
            return {point: value} in answers
    return True


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
