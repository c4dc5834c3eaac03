"""What did not go by the book, from the events of a session: overrides, limits, alarms, interruptions, corrections, notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tui.domain.chosen import own_time
from tui.domain.kinds import show_duration
from tui.domain.plan import Plan
from tui.domain.value_words import values_words
from tui.records.series import doubted, number

Group = Literal["Overrides", "Limits", "Alarms", "Interruptions", "Corrections and refusals", "Notes"]
GROUPS: tuple[Group, ...] = ("Overrides", "Limits", "Alarms", "Interruptions", "Corrections and refusals", "Notes")
_ALARMS = ("warn", "hold", "trip", "call")
_MOST_NOTES = 2000


@dataclass(slots=True)
class Deviation:
    """One of them; the same one again is counted, not repeated. `time_s` is of the first, in the session's time."""

    group: Group
    time_s: float
    word: str  # "OVERRIDE", "WARN", "gap"
    text: str
    times: int = 1


def deviations(events: Iterable[Mapping[str, Any]], plan: Plan | None) -> list[Deviation]:
    """By group, each in the order of time."""
    found: dict[tuple[str, str, str], Deviation] = {}
    title = ""
    for event in events:
        if event["kind"] == "step_enter":
            title = str(event.get("text") or event.get("step_id") or "")
        made = _deviation(event, title)
        if made is None:
            continue
        known = found.get((made.group, made.word, made.text))
        if known is not None:
            known.times += 1
        else:
            found[made.group, made.word, made.text] = made
    made_tighter = (
        [Deviation("Limits", 0.0, "tightened", f"{name} to {value:g}, by the procedure") for name, value in plan.limits] if plan else []
    )
    own_times = [Deviation("Limits", 0.0, "own", own_time(name, value)) for name, value in plan.attention] if plan else []
    said = {one.text for one in found.values()}
    own_times = [one for one in own_times if not any(one.text in text for text in said)]
    every = [*made_tighter, *own_times, *found.values()]
    return sorted(every, key=lambda one: (GROUPS.index(one.group), one.time_s))


def _deviation(event: Mapping[str, Any], step: str) -> Deviation | None:
    kind, text = str(event["kind"]), str(event.get("text") or "")
    time_s = number(event.get("test_time_s")) or 0.0

    def one(group: Group, word: str, words: str = text) -> Deviation:
        return Deviation(group, time_s, word, words[:_MOST_NOTES])

    match kind:
        case "override":
            return one("Overrides", "OVERRIDE", f"{step}: {text}" if step else text)
        case "limit_changed":
            return one("Limits", "changed")
        case "warn" | "hold" | "trip" | "call":
            return one("Alarms", kind.upper())
        case "ack" if text.partition(":")[0] in ("trip cleared", "hold cleared"):
            return one("Alarms", "cleared", text.partition(": ")[2] or text)
        case "gap":
            seconds = number(event.get("seconds"))
            lasted = "" if seconds is None else f"{show_duration(round(seconds))}: "
            return one("Interruptions", "gap", f"{lasted}{text}")
        case "link_lost" | "link_back" | "pause" | "resume":
            return one("Interruptions", kind.replace("_", " "))
        case "glitch":
            return one("Interruptions", "odd reading")
        case "answer" if doubted(event):
            return one("Corrections and refusals", "asked again", text)
        case "correction":
            before = (event.get("corrects") or {}).get("value")
            values = values_words(event.get("data"))
            return one("Corrections and refusals", "corrected", values + (f" instead of {before}" if before is not None else ""))
        case "gate_refuse":
            return one("Corrections and refusals", "refused", f"{step}: {text}" if step else text)
        case "remedy":
            return one("Corrections and refusals", "remedy")
        case "note" if text:
            return one("Notes", "note")
    return None
