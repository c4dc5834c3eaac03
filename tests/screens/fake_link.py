"""A scripted link: replays Snapshots of every state and keeps what the screen sent. For the screen's tests and pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from tui.bench.messages import (
    Alarm,
    Call,
    Channel,
    Clause,
    Command,
    FieldView,
    Forecast,
    InstrumentList,
    Outcome,
    PartView,
    Point,
    Prompt,
    SessionCard,
    Snapshot,
    StepCard,
    StepView,
    TraceLine,
)
from tui.domain.plan import Plan, PlanCell, PlanSupply

TITLES = (
    ("studs", "Studs in, threads sound"),
    ("spread", "Cells within 0.15 V"),
    ("wire", "Wired in parallel"),
    ("open-lead", "Set 3.650 V, leads apart"),
    ("polarity", "Polarity checked"),
    ("connect", "Connected diagonally"),
    ("charge", "Charge to 3.55 V"),
    ("hold", "Hold until 0.10 A or less"),
    ("off", "Output off, leads off"),
    ("rest-1h", "Rest 1 h, measure cells"),
    ("rest-24h", "Rest 24 h, measure cells"),
    ("build", "Build the pack"),
)
DETAILS = ("", "21 mV", "", "3.651 V", "+3.31 V", "", "3.551 V")
LABELS = tuple(f"A{number}" for number in range(1, 9))
PICTURE = "\n".join(
    (
        "  (−) lead",
        "   │",
        "  A1──A2──A3──A4──A5──A6──A7──A8",
        "                              │",
        "                     lead (+) ┘",
    )
)

PLAN = Plan(
    bank="Bank A",
    cells=tuple(PlanCell(label, 280.0) for label in LABELS),
    supply=PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0, name="Riden RD6012"),
    arrangement="8P",
)
CARD = SessionCard(
    session="s-1",
    plan=PLAN.to_json(),
    steps=tuple(
        StepCard(
            step_id,
            title,
            "Carry the negative lead to the first cell and the positive lead to the last one, so that every cell sees the same resistance.",
            "4.4",
            notes=("The voltage at the cells is lower than at the supply while current flows. That is normal.",),
            warnings=("Unused posts stay covered. Rings and watches come off.",),
            picture=PICTURE if step_id in ("wire", "connect") else "",
        )
        for step_id, title in TITLES
    ),
)


def steps(now: int) -> tuple[StepView, ...]:
    """The checklist with step `now` current and all before it done."""
    return tuple(
        StepView(step_id, title, "done" if at < now else "now" if at == now else "todo", DETAILS[at] if at < min(now, len(DETAILS)) else "")
        for at, (step_id, title) in enumerate(TITLES)
    )


def measured(value: float, age_s: float = 0.4) -> Channel:
    return Channel(value, "measured", age_s)


_SESSION = Snapshot(
    seq=1,
    session="s-1",
    bank="Bank A",
    arrangement="8P",
    procedure="parallel",
    supply="Riden RD6012 at riden:/dev/ttyUSB0",
    meter="text-line at the bank's posts",
    target_v=3.65,
    output_on=False,
    emulated=True,
    speed=60.0,
    current_a=measured(0.0),
    supply_v=measured(0.0),
)

IDLE = Snapshot()

CONFIRMING = replace(
    _SESSION,
    state="preparing",
    steps=steps(0),
    prompt=Prompt(
        1,
        "studs",
        "Screw the studs in once, with thread locker, and leave them in. Look at each thread.",
        confirm="All studs are in and every thread is sound.",
    ),
    next="Check studs and threads of all 8 cells.",
    elapsed_s=42,
)
PREPARING = replace(
    _SESSION,
    seq=2,
    state="preparing",
    steps=steps(1),
    step=1,
    prompt=Prompt(
        2,
        "spread",
        "Measure each cell by itself, before anything is connected, and type its volts.",
        fields=tuple(
            FieldView(f"cell:{label}", label, "voltage", "V", reading=round(3.301 + at * 0.003, 3)) for at, label in enumerate(LABELS)
        ),
        hint="On the built-in bench the meter follows from cell to cell.",
    ),
    next="Measure the cells and type their volts.",
    elapsed_s=190,
)
POLARITY = replace(
    _SESSION,
    seq=3,
    state="preparing",
    steps=steps(4),
    step=4,
    prompt=Prompt(
        5,
        "polarity",
        "Hold red to the + post and black to the − post of the bank, the same way round as on the lead rings.",
        confirm="The red probe is on the + post.",
        fields=(
            FieldView("post_v", "Volts between the posts", "voltage", "V"),
            FieldView("sign", "Sign on the meter", "choice", choices=("plus", "minus")),
        ),
    ),
    next="Check the polarity at the posts.",
    elapsed_s=900,
)
CHARGING = replace(
    _SESSION,
    seq=10,
    state="charging",
    steps=steps(6),
    step=6,
    next="Nothing to do. The charge runs until the cells reach 3.55 V.",
    output_on=True,
    mode="CC",
    set_voltage_v=3.65,
    set_current_a=10.0,
    supply_v=measured(3.452),
    cells_v=measured(3.351),
    current_a=measured(10.0),
    charge_ah=12.34,
    energy_wh=41.3,
    lead_drop_v=0.101,
    lead_resistance_ohm=0.0101,
    elapsed_s=5530,
    forecast=Forecast(8 * 3600, 11 * 3600, "charge counted from the state you typed", 0.31),
    reading_due_s=1200,
)
KNEE = replace(
    CHARGING,
    seq=20,
    steps=steps(7),
    step=7,
    next="Stay near: check the cells with your meter in 4 min (r to type a reading).",
    mode="CV",
    supply_v=measured(3.650),
    cells_v=measured(3.598),
    current_a=measured(6.42),
    charge_ah=41.30,
    energy_wh=146.9,
    lead_drop_v=0.052,
    lead_resistance_ohm=0.0081,
    elapsed_s=13330,
    since_knee_s=2280,
    forecast=Forecast(2100, 3300, "taper of the last 10 min", 0.93),
    per_cell_v=tuple((label, Channel(3.598 - at * 0.0007, "typed", 240.0)) for at, label in enumerate(LABELS)),
    end_clauses=(
        Clause("output on, all readings fresh", True),
        Clause("volts at the cells at least 3.640 V: 3.598 V now", False),
        Clause("current at most 0.10 A: 6.42 A now", False),
        Clause("held for 10 min", False),
    ),
    reading_due_s=240,
    attention_due_s=280,
)
WARNED = replace(
    KNEE,
    seq=21,
    cells_v=Channel(3.598, "typed", 240.0),
    alarms=(
        Alarm(
            7,
            "warn",
            "lead-drop",
            "Leads drop much",
            "The leads lose 101 mV at 10.00 A. The charge takes longer; shorter leads with rings help.",
            13000.0,
        ),
    ),
)
HOLD = replace(
    KNEE,
    seq=30,
    state="hold",
    output_on=False,
    mode="",
    current_a=measured(0.0),
    next="Look at the leads, then press g to go on.",
    alarms=(
        Alarm(
            8,
            "hold",
            "F-27",
            "Open circuit",
            "The current fell from 6.42 A to 0.00 A within one reading while the supply's volts jumped to the set-point. "
            "A lead is off. The cells are not full.",
            13400.0,
        ),
    ),
    held_checks=("Both lead rings sit tight on their posts.", "The cells' volts by meter, typed with r."),
    forecast=Forecast(),
    end_clauses=(),
    attention_due_s=None,
)
TRIPPED = replace(
    HOLD,
    seq=31,
    state="tripped",
    next="Find the cause. g starts again with all checks.",
    alarms=(
        Alarm(
            9,
            "trip",
            "cell-over-target",
            "Cells above target",
            "3.684 V at the cells, target 3.650 V, seen twice. The output is proved off. Do not charge on before the cause is known.",
            13500.0,
        ),
    ),
    held_checks=("Measure the cells with another meter.",),
)
STALE = replace(
    KNEE,
    seq=32,
    supply_v=Channel(3.650, "stale", 12.0),
    current_a=Channel(6.42, "stale", 12.0),
    cells_v=Channel(None, "unknown"),
    output_on=None,
    next="The supply has not answered for 12 s. Look at it.",
)
CALL = replace(
    STALE,
    seq=40,
    state="call",
    cells_v=Channel(3.58, "stale", 12.0),
    alarms=(Alarm(11, "call", "F-36", "Output does not switch off", "Three tries, no proof.", 13600.0),),
    call=Call(
        "the program cannot switch the output off",
        "The supply has not answered for 12 s. The cells were last at 3.580 V, 12 s ago, with 6.42 A flowing.",
        ("Switch the supply off at its mains switch, or", "pull the + lead from the cells."),
        "volts at the cells",
        "cells_v",
    ),
)
RESTING = replace(
    KNEE,
    seq=50,
    state="resting",
    steps=steps(9),
    step=9,
    output_on=False,
    mode="",
    current_a=Channel(),
    supply_v=Channel(),
    cells_v=Channel(),
    next="Leave the cells alone for 1 h, then measure each.",
    forecast=Forecast(3400, 3400, "the rest of the hour", 0.05),
    end_clauses=(),
    per_cell_v=(),
    reading_due_s=3400,
    attention_due_s=None,
)
ENDED = replace(
    RESTING,
    seq=60,
    state="ended",
    result="balanced",
    steps=tuple(replace(step, status="done") for step in steps(11)),
    step=11,
    next="Balanced. Build the pack; key 3 shows the session.",
    forecast=Forecast(),
    reading_due_s=None,
)

STAGES = (
    PartView("Stage 1 of 3: 3.45 V", "done", "0.09 A"),
    PartView("Stage 2 of 3: 3.55 V", "now"),
    PartView("Stage 3 of 3: 3.65 V", "todo"),
)
STAGED = replace(
    KNEE,
    seq=70,
    procedure="step-and-pause",
    parts=STAGES,
    part=1,
    steps=tuple(replace(step, id=f"{step.id}@2") for step in steps(4)[:9]),
    step=4,
    waiting="cells differ by about 0.02 % of their charge now, by 0.01 % in 1 h.",
)
SERIES = replace(
    CHARGING,
    seq=80,
    arrangement="8S",
    procedure="precharge+parallel",
    parts=(PartView("Pre-charge in series", "now"), PartView("Balance in parallel", "todo")),
    series=8,
    set_voltage_v=29.2,
    supply_v=measured(27.31),
    pack_v=measured(27.22),
    cells_v=Channel(3.412, "typed", 300.0),
    per_cell_v=tuple((label, Channel(3.398 + at * 0.002, "measured", 0.5)) for at, label in enumerate(LABELS)),
)
LEVEL_TEXT = "Charge A2, A5 first, to 3.22 V"
REFUSED = replace(
    PREPARING,
    seq=90,
    prompt=replace(PREPARING.prompt, refusal="Cells are 0.18 V apart: A2 and A5 are low.", overridable=True, remedy=LEVEL_TEXT),
)

STATES: dict[str, Snapshot] = {
    "idle": IDLE,
    "confirming": CONFIRMING,
    "preparing": PREPARING,
    "polarity": POLARITY,
    "charging": CHARGING,
    "knee": KNEE,
    "warned": WARNED,
    "hold": HOLD,
    "tripped": TRIPPED,
    "stale": STALE,
    "call": CALL,
    "resting": RESTING,
    "ended": ENDED,
    "staged": STAGED,
    "series": SERIES,
    "refused": REFUSED,
}


def curve(until_s: float) -> list[Point]:
    """A plateau, the knee, the rise to the target with its taper: one point a minute."""
    points = []
    for time_s in range(0, int(until_s), 60):
        share = time_s / 13330
        cells_v = 3.32 + 0.03 * share + 0.27 * math.exp((share - 1.0) * 18)
        current_a = min(10.0, (3.65 - cells_v) / 0.0081) if time_s > 30 else 0.0
        points.append(Point(float(time_s), cells_v - 0.001, cells_v, max(0.0, current_a)))
    return points


class FakeLink:
    """Shows one Snapshot until told another; `answers` decides what the bench says to a Command."""

    def __init__(self, snapshot: Snapshot = IDLE, *, closes: bool = True) -> None:
        self.current = snapshot
        self.sent: list[Command] = []
        self.stops = 0
        self.closed = 0
        self.closes = closes
        self.answers: Callable[[Command], Outcome] = lambda _: Outcome(True)
        self.shown_card = CARD
        self.shown_instruments = InstrumentList()

    def show(self, snapshot: Snapshot) -> None:
        self.current = replace(snapshot, seq=self.current.seq + 1)

    def snapshot(self) -> Snapshot:
        return self.current

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        self.sent.append(command)
        return self.answers(command)

    def stop_output(self) -> None:
        self.stops += 1

    def card(self) -> SessionCard | None:
        return self.shown_card if self.current.session else None

    def history(self, since_s: float = 0.0) -> list[Point]:
        return [point for point in curve(min(self.current.elapsed_s, 13330)) if point.time_s >= since_s]

    def instruments(self) -> InstrumentList:
        return self.shown_instruments

    def trace(self, address: str) -> list[TraceLine]:
        return [TraceLine(1_760_000_000.0 + at, ">" if at % 2 else "<", bytes(range(at, at + 8)).hex()) for at in range(1, 7)]

    def close(self, *, timeout_s: float = 5.0) -> bool:
        self.closed += 1
        return self.closes
