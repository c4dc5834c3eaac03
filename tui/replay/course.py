"""Where a recorded session stood: its journal's events followed one by one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from tui.bench.messages import Alarm, Level, Result, State
from tui.replay.checklist import Checklist, Line, Place, remedies_taken

WARNING_STANDS_S = 300.0
"""The journal does not tell when a warning passed off by itself; so long it is shown."""
_LEVELS = ("warn", "hold", "trip", "call")


@dataclass(slots=True)
class Course:
    """Follows the events of a journal in their order. Times are session time, s."""

    checklists: Sequence[Checklist]  # at first, and after each remedy
    remedies: int = 0
    step_id: str = ""
    asked: str = ""
    refusal: str = ""
    alarms: dict[str, Alarm] = field(default_factory=dict)
    held: bool = False
    latched: bool = False  # a trip
    calling: bool = False
    output_on: bool | None = None  # as it was told, or proved
    charging_since_s: float | None = None
    end_reason: str = ""
    knee_s: float | None = None
    details: dict[str, str] = field(default_factory=dict)
    overridden: frozenset[str] = frozenset()
    ends: dict[str, str] = field(default_factory=dict)  # by part: how it ended
    typed_s: dict[str, float] = field(default_factory=dict)  # by point: when somebody typed it
    typed: dict[str, float] = field(default_factory=dict)
    set_voltage_v: float | None = None
    set_current_a: float | None = None
    silent: bool = False  # an instrument does not answer, or nobody recorded
    result: Result = ""
    _ids: int = 0

    def follow(self, line: Line) -> None:
        """Take in the next line that is no reading."""
        kind, time_s = str(line["kind"]), number_of(line.get("test_time_s")) or 0.0
        text, data = str(line.get("text") or ""), line.get("data")
        data = data if isinstance(data, Mapping) else {}
        if kind in _LEVELS:
            self._alarm(cast(Level, kind), str(data.get("code") or text.partition(":")[0]), text, time_s)
            return
        match kind:
            case "step_enter":
                self.step_id, self.asked, self.refusal = str(line.get("step_id") or ""), "", ""
            case "prompt":
                self.asked = text
            case "gate_refuse":
                self.refusal = text
            case "answer" | "correction":
                self._answered(line, text, data, time_s)
            case "override":
                self.overridden, self.asked, self.refusal = self.overridden | {str(line.get("step_id") or "")}, "", ""
            case "part_enter":
                self.charging_since_s, self.knee_s, self.end_reason, self.output_on = None, None, "", False
            case "part_end":
                self.end_reason = str(data.get("reason") or text)
                self.ends[str(data.get("part") or "")] = str(data.get("detail") or "")
            case "set":
                self.set_voltage_v = number_of(line.get("voltage_v")) if "voltage_v" in line else self.set_voltage_v
                self.set_current_a = number_of(line.get("current_a")) if "current_a" in line else self.set_current_a
            case "output_on":
                self.output_on = True
                if self._charges:
                    self.charging_since_s = time_s if self.charging_since_s is None else self.charging_since_s
            case "output_off":
                self.output_on = False
            case "remedy":
                self.remedies = min(self.remedies + 1, len(self.checklists) - 1)
            case "ack":
                self._acknowledged(text)
            case "link_lost":
                self.silent = True
            case "link_back" | "resume":
                self.silent = False
            case "pause":
                self.output_on, self.silent = False, True
            case "checkpoint":
                self.remedies = min(len(remedies_taken(line)), len(self.checklists) - 1)
                self._remembered(data)
            case "session_end":
                self.result = cast(Result, str(line.get("result") or "unfinished"))
                self.end_reason = str(line.get("end_reason") or self.end_reason)
                self.held = self.calling = False
                self.output_on, self.asked, self.refusal = False, "", ""

    @property
    def checklist(self) -> Checklist:
        """As it stood then."""
        return self.checklists[self.remedies]

    @property
    def step(self) -> int:
        """Where in the checklist."""
        return self.checklist.index_of(self.step_id)

    @property
    def _place(self) -> Place | None:
        places = self.checklist.places
        return places[self.step] if places else None

    @property
    def _charges(self) -> bool:
        """Whether the output goes on for the charge here; in a session of whose steps nothing is known it always does."""
        place = self._place
        return place is not None and (place.action == "charge" or not any(other.action for other in self.checklist.places))

    def state(self, *, output_on: bool | None) -> State:
        """The bench's word for it."""
        if self.result:
            return "ended"
        if self.calling:
            return "call"
        if self.held:
            return "tripped" if self.latched else "hold"
        place = self._place
        if (place is not None and place.until == "rest") or (self.end_reason and not output_on):
            return "resting"
        return "charging" if output_on and self.charging_since_s is not None else "preparing"

    def alarms_at(self, time_s: float) -> tuple[Alarm, ...]:
        """Those that stood then."""
        return tuple(
            alarm for alarm in self.alarms.values() if alarm.level != "warn" or self.held or time_s - alarm.time_s <= WARNING_STANDS_S
        )

    def _alarm(self, level: Level, code: str, text: str, time_s: float) -> None:
        title, _, words = text.partition(": ")
        self._ids += 1
        self.alarms[code] = Alarm(self._ids, level, code, title, words, time_s)
        self.held = self.held or level != "warn"
        self.latched = self.latched or level == "trip"
        self.calling = self.calling or level == "call"
        if level != "warn":
            self.asked = self.refusal = ""

    def _acknowledged(self, text: str) -> None:
        what, _, title = text.partition(": ")
        if what in ("hold cleared", "trip cleared"):
            self.alarms.clear()
            self.held = False
            if what == "trip cleared":
                self.latched, self.charging_since_s, self.knee_s, self.end_reason = False, None, None, ""
        elif text.startswith("the call is over"):
            self.calling = False
            self.alarms = {code: alarm for code, alarm in self.alarms.items() if alarm.level != "call"}
        elif what == "seen":
            for code, alarm in list(self.alarms.items()):
                if alarm.title == title and alarm.level == "warn":
                    del self.alarms[code]
                elif alarm.title == title:
                    self.alarms[code] = replace(alarm, acknowledged=True)

    def _answered(self, line: Line, text: str, data: Mapping[str, Any], time_s: float) -> None:
        if text.startswith(("doubted:", "not taken:")) or "rest" in line:
            return
        if "step_id" in line:
            self.asked = self.refusal = ""
        for point, value in data.items():
            number = number_of(value)
            if number is not None:
                self.typed[point], self.typed_s[point] = number, time_s

    def _remembered(self, data: Mapping[str, Any]) -> None:
        """A checkpoint tells what no other line does: the knee, the short results beside the steps."""
        details, overridden = data.get("details"), data.get("overridden")
        if isinstance(details, Mapping):
            self.details = {str(step): str(text) for step, text in details.items()}
        if isinstance(overridden, list):
            self.overridden = self.overridden | {str(step) for step in overridden}
        self.knee_s = number_of(data.get("knee_s"))
        self.charging_since_s = number_of(data.get("charging_since_s"))


def number_of(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
