"""The one table of everything a key does: bindings, footer, help and command palette are made from it.

`blocked` answers from the Snapshot alone why a key does nothing now; "" means that it works. A blocked key says this when it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from textual.binding import Binding

from tui.bench.messages import Snapshot

Blocked = Callable[[Snapshot], str]

REMEDY_KEY = "l"
SPEEDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)


LOOKS_ON = "This screen only looks on: another has the keys. F12 takes them; ctrl+x switches the output off from here too."


def _never(_: Snapshot) -> str:
    return ""


def _needs_session(snapshot: Snapshot) -> str:
    if snapshot.state in ("idle", "ended"):
        return "No session is running. Fill in Setup and start one."
    return ""


def _with_keys(needs: Blocked) -> Blocked:
    """What the bench takes from the screen with the keys alone, so that nobody types a note that is then refused."""
    return lambda snapshot: needs(snapshot) or ("" if snapshot.keys else LOOKS_ON)


def _needs_no_session(snapshot: Snapshot) -> str:
    return "" if snapshot.state in ("idle", "ended") else "A session is running already. End it first (e)."


def _needs_prompt(snapshot: Snapshot) -> str:
    return "" if snapshot.prompt is not None else "Nothing waits for an answer now."


def _needs_meter(snapshot: Snapshot) -> str:
    if snapshot.prompt is None:
        return "Nothing waits for a reading now. r types one at any time."
    if snapshot.prompt.fields and all(field.choices for field in snapshot.prompt.fields):
        return "This is no reading. Choose with ← → or a digit, then press Enter."
    if all(field.reading is None for field in snapshot.prompt.fields):
        return "No meter shows a value for this. Measure by hand and type the number."
    return ""


def _needs_capture(snapshot: Snapshot) -> str:
    if snapshot.prompt is not None and any(field.capture for field in snapshot.prompt.fields):
        return ""
    return "No live meter can be carried to what is asked now."


def _needs_overridable(snapshot: Snapshot) -> str:
    if snapshot.prompt is None or not snapshot.prompt.refusal:
        return "No gate has refused anything, so there is nothing to override."
    return (
        ""
        if snapshot.prompt.overridable
        else "This gate protects the cells or you: no reason opens it. Correct what it names, then answer again."
    )


def _needs_remedy(snapshot: Snapshot) -> str:
    if snapshot.prompt is not None and snapshot.prompt.remedy:
        return ""
    return "No refusal here can be put right by charging some cells first."


def _needs_alarm(snapshot: Snapshot) -> str:
    return "" if any(not alarm.acknowledged for alarm in snapshot.alarms) else "No alarm waits to be acknowledged."


def _needs_hold(snapshot: Snapshot) -> str:
    if snapshot.state in ("hold", "tripped") or snapshot.unfinished is not None:
        return ""
    return "Nothing is on hold, so there is nothing to go on with."


def _needs_end(snapshot: Snapshot) -> str:
    return "" if snapshot.unfinished is not None else _needs_session(snapshot)


def _needs_no_keys(snapshot: Snapshot) -> str:
    return "This screen has the keys." if snapshot.keys else ""


def _needs_emulator(snapshot: Snapshot) -> str:
    return "" if snapshot.emulated else "The speed can be changed on the built-in bench only. Real cells take their time."


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does. `name` is the application's `action_…`; `keys` as Textual spells them; `shown` as people read them."""

    name: str
    keys: str
    shown: str
    label: str  # the footer's words
    help: str  # one sentence
    group: str
    blocked: Blocked = _never
    footer: bool = False  # offered in the footer while it works
    priority: bool = False


ACTIONS: tuple[Action, ...] = (
    Action(
        "stop",
        "ctrl+x",
        "^x",
        "OUTPUT OFF",
        "Switch the supply's output off at once, without a question. Works on every screen and while typing.",
        "Always",
        priority=True,
    ),
    Action(
        "emergency",
        "ctrl+g",
        "^g",
        "GAS, HISS",
        "Gas, a hiss or a swelling: output off, latched, and what to do at once. Works on every screen and while typing.",
        "Always",
        priority=True,
    ),
    Action("help", "f1", "F1", "help", "Show this help.", "Always", priority=True),
    Action("command_palette", "ctrl+p", "^p", "commands", "Find a command by its name; in the demo also drills.", "Always"),
    Action(
        "quit",
        "q,ctrl+q",
        "q",
        "quit",
        "Leave the screen; a session goes on without it. Where the bench runs inside the program, it asks and switches off first.",
        "Always",
    ),
    Action(
        "take_keys",
        "f12",
        "F12",
        "take the keys",
        "Take over from the screen that has the keys. The emergency stop works from every screen.",
        "Always",
        _needs_no_keys,
        footer=True,
    ),
    Action(
        "start", "f5", "F5", "start", "Start the session with what stands in Setup.", "Answer", _with_keys(_needs_no_session), footer=True
    ),
    Action(
        "take_remedy",
        REMEDY_KEY,
        REMEDY_KEY,
        "level first",
        "Do first what a refusal offers: charge the low cells, then the same is asked again.",
        "Answer",
        _with_keys(_needs_remedy),
        footer=True,
    ),
    Action(
        "override",
        "o",
        "o",
        "override",
        "Pass a refused gate against advice, with a reason that stays in the record.",
        "Answer",
        _with_keys(_needs_overridable),
        footer=True,
    ),
    Action(
        "confirm",
        "space,enter",
        "space",
        "confirm",
        "Confirm what the checklist asks. Enter takes a typed value.",
        "Answer",
        _with_keys(_needs_prompt),
        footer=True,
    ),
    Action(
        "take_meter", "m", "m", "take meter", "Take the meter's reading into the field.", "Answer", _with_keys(_needs_meter), footer=True
    ),
    Action(
        "capture",
        "f9",
        "F9",
        "measure, next",
        "Take what the live meter shows once it has settled, and go to the next cell. Works while typing, and in the table of cells.",
        "Answer",
        _with_keys(_needs_capture),
        footer=True,
        priority=True,
    ),
    Action("acknowledge", "a", "a", "acknowledge", "Acknowledge the alarm that is shown.", "Answer", _with_keys(_needs_alarm), footer=True),
    Action(
        "resume",
        "g",
        "g",
        "go on",
        "Go on after a HOLD, once its checks are done, or with a session that was left.",
        "Answer",
        _with_keys(_needs_hold),
        footer=True,
    ),
    Action(
        "end_session",
        "e",
        "e",
        "end",
        "End the session early. Asks first; the output goes off.",
        "Charge",
        _with_keys(_needs_end),
        footer=True,
    ),
    Action(
        "type_reading", "r", "r", "reading", "Type a value read by hand: number, Enter.", "Charge", _with_keys(_needs_session), footer=True
    ),
    Action(
        "why",
        "question_mark",
        "?",
        "why",
        "Why this step, limit or number: formula, consequence, the tutorial's section.",
        "Charge",
        footer=True,
    ),
    Action("note", "n", "n", "note", "Write a note into the session's record.", "Charge", _with_keys(_needs_session), footer=True),
    Action(
        "faster",
        "plus,equals_sign",
        "+",
        "faster",
        "Let the built-in bench run faster.",
        "Charge",
        _with_keys(_needs_emulator),
        footer=True,
    ),
    Action("slower", "minus", "-", "slower", "Let the built-in bench run slower.", "Charge", _with_keys(_needs_emulator)),
    Action("go('bench')", "1", "1", "bench", "The bench: setup, live values, checklist.", "Go to", footer=True),
    Action(
        "go('advice')", "f8", "F8", "advice", "Advice: whether, which way, leads, supply, when to stop, afterwards.", "Go to", footer=True
    ),
    Action("go('cells')", "2", "2", "cells", "The inventory of cells.", "Go to", footer=True),
    Action("go('sessions')", "3", "3", "sessions", "Past sessions and their curves.", "Go to", footer=True),
    Action(
        "go('instruments')",
        "4",
        "4",
        "instruments",
        "Find supply, meter and BMS at the serial ports, test them, see their bytes.",
        "Go to",
        footer=True,
    ),
    Action("pane('setup')", "f2", "F2", "setup", "The Setup pane.", "Go to"),
    Action("pane('gauges')", "f3", "F3", "live", "The pane of live values.", "Go to"),
    Action("pane('checklist')", "f4", "F4", "checklist", "The Checklist pane.", "Go to"),
    Action("light", "t", "t", "light/dark", "Change between the light and the dark theme.", "Go to"),
)
GROUPS = ("Always", "Answer", "Charge", "Go to")


def bindings() -> list[Binding]:
    """The application's key bindings."""
    return [
        Binding(action.keys, action.name, action.label, key_display=action.shown, tooltip=action.help, show=False, priority=action.priority)
        for action in ACTIONS
    ]


def action_named(name: str) -> Action:
    return next(action for action in ACTIONS if action.name == name)


def footer(snapshot: Snapshot, *, mode: str = "bench") -> Iterator[Action]:
    """The footer's actions that work now, most important first; the present workspace is left out."""
    for action in ACTIONS:
        if not action.footer or action.blocked(snapshot) or action.name == f"go('{mode}')":
            continue
        if mode != "bench" and action.group in ("Answer", "Charge") and action.name != "acknowledge":
            continue
        if action.name == "end_session" and not (snapshot.state in ("hold", "tripped") or snapshot.unfinished is not None):
            continue  # while all is well it would only be in the way of the others
        yield action


def next_speed(now: float, by: int) -> float:
    """The next faster (`by` = 1) or slower (-1) speed of the built-in bench."""
    if by > 0:
        return next((speed for speed in SPEEDS if speed > now * 1.001), SPEEDS[-1])
    return next((speed for speed in reversed(SPEEDS) if speed < now * 0.999), SPEEDS[0])
