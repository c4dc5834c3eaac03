"""What travels between bench and screen: Commands up, Snapshots down. Frozen, and each survives a trip through JSON (`codec`).

Units: V, A, W, Ah, Wh, Ω, s. Times are bench time (seconds since the bench started) unless named `unix`. `None` is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Trust = Literal["measured", "typed", "derived", "echo", "unknown", "stale"]
TRUST_SIGNS: Mapping[Trust, str] = {
    "measured": "●",
    "typed": "✎",
    "derived": "~",
    "echo": "≈",
    "unknown": "?",
    "stale": "✕",
}

State = Literal["idle", "preparing", "charging", "hold", "tripped", "call", "resting", "ended"]
Level = Literal["warn", "hold", "trip", "call"]
StepStatus = Literal["todo", "now", "done", "overridden"]
Result = Literal["", "balanced", "done", "stopped", "held", "tripped", "unfinished"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One number with its trust. `value` is None when unknown; a stale value stays visible but struck through."""

    value: float | None = None
    trust: Trust = "unknown"
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class FieldView:
    name: str
    label: str
    kind: str  # voltage, current, temperature, choice
    unit: str = ""
    choices: tuple[str, ...] = ()
    reading: float | None = None  # what the bench's meter shows at this point now; one key takes it
    capture: bool = False  # a live meter can be carried there, or stands there: `Capture` takes its settled value


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the bench waits for. Answered by `Answer(prompt=id, values=…)`; every field must be given, a pure confirmation sends {}."""

    id: int
    step: str
    instruction: str
    confirm: str = ""  # label of the confirmation; "" when only values are asked
    fields: tuple[FieldView, ...] = ()
    refusal: str = ""  # why the last answer did not open the gate
    overridable: bool = False  # `Override(prompt, reason)` is allowed after that refusal
    remedy: str = ""  # what `TakeRemedy(prompt)` would do about that refusal, in words; "" nothing
    blocking: bool = True  # False: the charge goes on meanwhile
    hint: str = ""  # embedded bench: what the simulated instruments would show


@dataclass(frozen=True, slots=True)
class StepView:
    id: str
    title: str
    status: StepStatus
    detail: str = ""  # short measured result, "21 mV"


@dataclass(frozen=True, slots=True)
class PartView:
    """One stretch of a procedure that has several: a stage, a cell of a queue, the pre-charge of a chain."""

    title: str
    status: Literal["todo", "now", "done"]
    detail: str = ""  # how it ended: "0.10 A", "A3 first"


@dataclass(frozen=True, slots=True)
class Alarm:
    id: int
    level: Level
    code: str  # name of the limit or fault, "cell-over-target", "F-27"
    title: str  # a few words
    text: str  # what happened, on which device, what it means for the cells, what to do next
    time_s: float
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The program cannot remove the danger itself. Ends only by `Acknowledge` and a safe reading (`TypeReading`)."""

    title: str
    text: str
    hands: tuple[str, ...]  # numbered hand actions
    asks: str  # label of the reading that ends it
    asks_point: str  # `TypeReading.point` for it
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds until the end rule as a range, never a single number; None where nothing honest can be said."""

    low_s: float | None = None
    high_s: float | None = None
    basis: str = ""
    progress: float | None = None  # 0..1


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of the end rule, in words, and whether it holds now."""

    text: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Captured:
    """What the live meter showed after a `Capture`, or why there is nothing. `text` is the value as it would be typed."""

    number: int
    field: str
    value: float | None = None
    text: str = ""
    problem: str = ""
    doubt: str = ""  # it can be, but is not likely: to be taken only when it comes a second time


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A session that its program left without an end. It goes on by `Continue`, or is ended by `Abandon`."""

    session: str
    bank: str
    step: str = ""  # id of the step it stood at
    gap_s: float | None = None  # wall seconds since its last sign of life; None when the clock went backwards
    charge_ah: float = 0.0
    cells_v: float | None = None  # last seen
    output_on: bool = False  # the supply was told on, or is not proved off
    supply: str = ""
    problem: str = ""  # why it cannot go on now, and what to do
    others: int = 0  # older ones that wait behind it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a screen needs to draw, about 4 kB at most. Curves and step texts are asked for apart."""

    seq: int = 0
    time_s: float = 0.0
    unix_s: float = 0.0
    state: State = "idle"
    result: Result = ""
    session: str = ""
    bank: str = ""
    arrangement: str = ""
    procedure: str = ""
    parts: tuple[PartView, ...] = ()
    part: int = 0  # index of the current part
    revision: int = 0  # of the session's card
    steps: tuple[StepView, ...] = ()  # of the current part only
    step: int = 0  # index of the current step among them
    prompt: Prompt | None = None
    next: str = ""  # the next thing to do, one sentence
    supply: str = ""  # model and address
    meter: str = ""
    output_on: bool | None = None
    mode: str = ""  # CC, CV, ""
    set_voltage_v: float | None = None
    set_current_a: float | None = None
    target_v: float | None = None  # per cell
    series: int = 1  # cells in series on the leads; above 1 `cells_v` is the highest cell
    pack_v: Channel = field(default_factory=Channel)  # at the posts of a series string; unknown where series is 1
    supply_v: Channel = field(default_factory=Channel)
    cells_v: Channel = field(default_factory=Channel)
    current_a: Channel = field(default_factory=Channel)
    per_cell_v: tuple[tuple[str, Channel], ...] = ()
    charge_ah: float = 0.0
    energy_wh: float = 0.0
    lead_drop_v: float | None = None
    lead_resistance_ohm: float | None = None
    lead_trust: Trust = "unknown"  # of that resistance
    elapsed_s: float = 0.0  # since the session began
    since_knee_s: float | None = None
    forecast: Forecast = field(default_factory=Forecast)
    end_clauses: tuple[Clause, ...] = ()
    waiting: str = ""  # what waiting on still buys while the current tapers
    reading_due_s: float | None = None  # seconds until a hand reading is due; negative: overdue
    attention_due_s: float | None = None  # seconds until somebody must show presence; negative: overdue
    alarms: tuple[Alarm, ...] = ()
    call: Call | None = None
    held_checks: tuple[str, ...] = ()  # what must be looked at before `Resume`
    speed: float = 1.0
    wanted_speed: float = 1.0  # what it runs at while nobody is asked anything
    emulated: bool = False
    journal_problem: str = ""
    unfinished: Unfinished | None = None  # only while no session is on the bench
    keys: bool = True  # commands are taken from this screen; a looker-on may still switch the output off
    screens: int = 1  # how many look on, this one included
    captured: Captured | None = None  # the answer to the last `Capture`
    drills: tuple[str, ...] = ()  # embedded bench: faults played for practice that are not put right yet
    drills_waiting: tuple[str, ...] = ()  # those that wait for their time in the charge
    bms: str = ""  # model and address, where the string's BMS is on a line
    bms_state: str = ""  # its charge switch, what is tripped, its limit, in words; only while cells are in series


def unheard(snapshot: Snapshot, silent_s: float) -> Snapshot:
    """What the bench said last, `silent_s` ago: no number in it looks fresh, and the output is unknown."""

    def stale(channel: Channel) -> Channel:
        return channel if channel.value is None else replace(channel, trust="stale", age_s=(channel.age_s or 0.0) + silent_s)

    return replace(
        snapshot,
        output_on=None,
        pack_v=stale(snapshot.pack_v),
        supply_v=stale(snapshot.supply_v),
        cells_v=stale(snapshot.cells_v),
        current_a=stale(snapshot.current_a),
        per_cell_v=tuple((label, stale(channel)) for label, channel in snapshot.per_cell_v),
        bms_state=snapshot.bms_state and "not heard",
    )


@dataclass(frozen=True, slots=True)
class StepCard:
    """The unchanging text of one step, for the checklist's detail and the help."""

    id: str
    title: str
    instruction: str
    tutorial: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    picture: str = ""
    part: int = 0  # index into `SessionCard.parts`


@dataclass(frozen=True, slots=True)
class SessionCard:
    """What changes rarely in a session: its plan (as a JSON object, see domain.plan), the plan of each part, and its steps.

    `revision` grows when a remedy puts steps in; `Snapshot.revision` tells that the card must be fetched anew.
    """

    session: str
    plan: dict[str, Any]
    steps: tuple[StepCard, ...]
    parts: tuple[dict[str, Any], ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve: the session's time and the extremes of an interval."""

    time_s: float
    cells_low_v: float | None
    cells_high_v: float | None
    current_a: float | None


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    """A port, or an instrument that is known: what answers there, and what it is used for."""

    port: str  # "/dev/ttyUSB0"; "" where a known instrument is not plugged in
    usb: str = ""  # what the adapter says of itself
    mark: str = ""  # by what it is remembered (records.known_instruments); "" nobody answered
    kind: str = ""  # supply, meter, bms
    family: str = ""
    model: str = ""
    serial: str = ""
    address: str = ""  # opens it
    role: str = ""  # supply, meter, bms; "" none
    state: Literal["unasked", "asked", "found", "silent", "busy", "away", "in use"] = "unasked"
    text: str = ""  # what was learnt, or why nothing was, in words


@dataclass(frozen=True, slots=True)
class InstrumentList:
    """What the Instruments screen draws. `searching` tells in words what is being asked now; "" nothing."""

    rows: tuple[InstrumentRow, ...] = ()
    searching: str = ""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One exchange on a line. `direction`: ">" sent, "<" received, "x" dropped unread; `data` as hexadecimal digits."""

    unix_s: float
    direction: Literal[">", "<", "x"]
    data: str


# --- commands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a session with this plan (domain.plan.Plan as a JSON object)."""

    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Continue:
    """Take a session up again that its program left without an end: supply identified, output off first, then a HOLD."""

    session: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """End such a session as *unfinished*."""

    session: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    prompt: int
    values: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Override:
    """Pass a refused gate against advice. The reason is typed by the operator, kept in the record, and shown in the report."""

    prompt: int
    reason: str


@dataclass(frozen=True, slots=True)
class TakeRemedy:
    """Do what puts right a refusal (`Prompt.remedy`): a sub-procedure that then asks the same again."""

    prompt: int


@dataclass(frozen=True, slots=True)
class TypeReading:
    """A value read by hand. `point`: "cells_v", "supply_v", "current_a", "cell:A1", "surface_c". `sure` confirms one outside the expected window."""

    point: str
    value: float
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """Take what the live meter shows for one field of a question, "cell:A1", or another point; the answer is `Snapshot.captured` with this `number`.

    Outside a session the bench opens the meter at the address `meter` for it.
    """

    number: int
    field: str
    meter: str = ""


@dataclass(frozen=True, slots=True)
class OutputOff:
    """Emergency stop: output off with proof, now, without a question."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Gas, a hiss or a swelling, seen by a person: output off with proof, latched, and words for the room (fault F-43)."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a HOLD (`checked` lists what the operator looked at) or after a TRIP (`reason` is typed, all gates again)."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """End the session before its procedure does; output off first. The result is *stopped*."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    alarm: int


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody is here (any key on the screen)."""


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed of the embedded bench while nobody is asked anything; refused on real instruments."""

    factor: float


@dataclass(frozen=True, slots=True)
class ScreenEvent:
    """What happened to the screens, for the record. The bench's server alone says it, and it is no sign that somebody is there."""

    kind: Literal["link_lost", "link_back", "ack"]
    text: str


@dataclass(frozen=True, slots=True)
class Inject:
    """Play a fault on the embedded bench, to practise: "lead-falls-off@5m", "meter:silence" (drivers.simulated.faults). Refused on real
    instruments. A time counts from the first charge of the session.
    """

    fault: str


@dataclass(frozen=True, slots=True)
class Mend:
    """Put right what a drill has broken, or call off one that waits: its name in `Snapshot.drills` or `drills_waiting`."""

    drill: str


@dataclass(frozen=True, slots=True)
class FindInstruments:
    """Ask on every free port who is there, with questions that change nothing; or only on these ports, or lines ("socket://host:5025")."""

    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveRole:
    """Use a found instrument as supply, meter or BMS of this bench from now on, or ("") no longer."""

    mark: str
    role: Literal["supply", "meter", "bms", ""] = ""


@dataclass(frozen=True, slots=True)
class TryInstrument:
    """Take one reading; `writes`: set a supply whose output is off to 1.00 V and 0.10 A and read back (F-19)."""

    address: str
    writes: bool = False


@dataclass(frozen=True, slots=True)
class SaveTrace:
    """Write the bytes of an instrument's line to a file, for a bug report. The answer's message names the file."""

    address: str


Command = (
    Start
    | Continue
    | Abandon
    | Answer
    | Override
    | TakeRemedy
    | TypeReading
    | Capture
    | OutputOff
    | Emergency
    | Resume
    | Finish
    | Acknowledge
    | Present
    | Note
    | Speed
    | ScreenEvent
    | Inject
    | Mend
    | FindInstruments
    | GiveRole
    | TryInstrument
    | SaveTrace
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The bench's answer to a Command. `confirm` asks to send it again with `sure=True` (a typed value outside its window)."""

    ok: bool
    message: str = ""
    confirm: bool = False


GAS_TEXT = (
    "Leave the room, and take everybody with you. Open a window on your way, and switch the supply off at the mains if that is on your way, or "
    "at the fuse box. Touch no cell. The gas of a cell is poisonous and burns. Fire: call the fire brigade, and say lithium batteries. Come "
    "back after half an hour without hiss, smell or smoke; cells that swelled or vented are not charged again."
)
GIVE_AGAIN = "Give the same again if it is really so."
"""Ends the refusal of a doubtful but possible answer to a prompt."""
