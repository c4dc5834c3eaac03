"""A made-up history for measurements: a session of days at one reading a second, and many short ones. Written by the program's own writers."""

from __future__ import annotations

import math
import random
from dataclasses import asdict
from typing import Any

from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records.curve import CurveWriter
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import Session, SessionCell, Sessions
from tui.records.store import transaction

START_S = 1_760_000_000.0
LABELS = tuple(f"A{number}" for number in range(1, 17))
PLAN = Plan(
    bank="Week bank",
    cells=tuple(PlanCell(label, 280.0) for label in LABELS),
    supply=PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0, name="Riden RD6012"),
    arrangement="16P",
)
CHECKPOINT_EVERY_S = 600
TYPED_EVERY_S = 1800
WARNED_EVERY_S = 6 * 3600


def write_week(home: Home, *, seconds: int = 600_000) -> str:
    """One balanced session with a row a second, a checkpoint every ten minutes, typed readings, warnings and a gap. Returns its id."""
    sessions, draw = Sessions(home), random.Random(1)
    session = sessions.create(PLAN, started_unix_s=START_S, before_v=dict.fromkeys(LABELS, 3.301))
    curve = CurveWriter(sessions.curve_path(session.id))
    with Journal(sessions.journal_path(session.id), create=True) as journal:

        def log(kind: str, time_s: float, **fields: Any) -> None:
            journal.append(kind, test_time_s=time_s, unix_time_s=START_S + time_s, **fields)

        log("session_start", 0.0, data={"plan": PLAN.to_json(), "own_procedure": ""})
        for step_id, title in (("threads", "Studs in, threads sound"), ("charge", "Switch on")):
            log("step_enter", 0.0, step_id=step_id, text=title)
        log("set", 1.0, voltage_v=3.65, current_a=10.0)
        log("output_on", 1.0)
        log("step_enter", 1.0, step_id="to-knee", text="Charge to 3.55 V")
        charge_ah = 0.0
        for time_s in range(2, seconds):
            share = time_s / seconds
            volts = 3.30 + 0.04 * share + 0.31 / (1 + math.exp(-60 * (share - 0.93))) + draw.gauss(0, 0.0002)
            amps = 10.0 if share < 0.93 else 10.0 * math.exp(-60 * (share - 0.93)) + 0.05
            charge_ah += amps / 3600
            if seconds // 2 < time_s < seconds // 2 + 3600:  # nobody recorded
                continue
            if time_s == seconds // 2 + 3600:
                log("gap", time_s, seconds=3600.0, text="the program did not run")
            log(
                "reading",
                time_s,
                cells_v=round(volts, 4),
                cells_trust="measured",
                supply_v=round(volts + 0.02 * amps, 4),
                supply_trust="measured",
                current_a=round(amps, 4),
                set_voltage_v=3.65,
                set_current_a=10.0,
                mode="CC" if amps > 9.9 else "CV",
                output=True,
                charge_ah=round(charge_ah, 6),
                energy_wh=round(charge_ah * 3.3, 6),
            )
            curve.add(time_s, volts, amps)
            if time_s % CHECKPOINT_EVERY_S == 0:
                log("checkpoint", time_s, data={"version": 1, "step": "to-knee", "details": {}, "overridden": [], "knee_s": None})
            if time_s % TYPED_EVERY_S == 0:
                log("answer", time_s, data={"cells_v": round(volts, 3)}, text="typed reading")
            if time_s % WARNED_EVERY_S == 0:
                log("warn", time_s, text="are you there?: Press any key.", data={"code": "attention-soon"})
        log("output_off", seconds, reason="the procedure's own end of charge")
        values = {"end_reason": "every clause held", "duration_s": float(seconds), "charge_ah": round(charge_ah, 4), "end_current_a": 0.05}
        log("session_end", seconds, result="balanced", state="ended", **values)
    curve.close()
    sessions.finish(session.id, result="balanced", ended_unix_s=START_S + seconds, end_v=dict.fromkeys(LABELS, 3.649), **values)
    return session.id


def write_rows(home: Home, count: int) -> None:
    """So many ended sessions before the others, each with the row that eight cells leave."""
    sessions, cells = Sessions(home), LABELS[:8]
    plan = PLAN.to_json()
    with transaction(home.sessions_db) as store:
        table = store.table("sessions")
        for number in range(count):
            session = Session(
                id=f"made-{number:05d}",
                bank=f"Bank {number % 40}",
                procedure="parallel",
                arrangement="8P",
                cells=tuple(SessionCell(label) for label in cells),
                plan=plan,
                started_unix_s=START_S - (number + 1) * 86400.0,
                state="ended",
                result="stopped",
                end_reason="end rule: every clause held, 0.08 A at 3.648 V",
                ended_unix_s=START_S - number * 86400.0 - 7200,
                duration_s=79200.0 + number,
                charge_ah=40.0 + number / 10,
                energy_wh=140.0,
                end_current_a=0.09,
                spread_v=0.005,
                before_v=dict.fromkeys(cells, 3.3),
                end_v=dict.fromkeys(cells, 3.649),
            )
            record = asdict(session)
            table.insert({**record, **{name: list(record[name]) for name in ("cells", "rests", "parts", "suspects")}})
    assert not sessions.problem
