"""What a session's journal tells beside its readings: marks for the curve, overrides, loosened limits, and when the charge ran. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.panes.session_text import events
from tui.widgets.marks import Mark, MarkKind
from tui.widgets.text import clock

Line = Mapping[str, Any]

LONG_ENOUGH_S = 60.0  # a shorter time with the output on is a test, not the charge
_PLAIN_MARKS: Mapping[str, MarkKind] = {"step_enter": "step", "warn": "alarm", "hold": "alarm", "trip": "alarm", "call": "alarm"}


@dataclass(frozen=True, slots=True)
class Story:
    """Of one session. Times are session time; None where the journal does not tell."""

    marks: tuple[Mark, ...] = ()
    events: tuple[str, ...] = ()
    deviations: str = ""
    charge_start_s: float | None = None
    charge_end_s: float | None = None
    end_s: float = 0.0


def story(lines: Sequence[Line], *, left_out: int = 0, end_s: float = 0.0) -> Story:
    """Everything that is told of the events of a journal. `end_s` is the time of its last line."""
    runs = list(charges(lines, end_s))
    told = [*([f"… {left_out} more are in the journal"] if left_out else []), *events(lines)]
    return Story(
        tuple(marks(lines)),
        tuple(told),
        deviations(lines),
        runs[0][0] if runs else None,
        runs[-1][1] if runs else None,
        end_s,
    )


def marks(lines: Iterable[Line]) -> Iterator[Mark]:
    """In the order of the journal; a gap stands where it began."""
    lost_s: float | None = None
    for line in lines:
        kind, time_s, text = str(line["kind"]), time_of(line), str(line.get("text") or "")
        if kind in _PLAIN_MARKS:
            yield Mark(time_s, _PLAIN_MARKS[kind], f"{kind.upper()}: {text}" if kind != "step_enter" else f"step: {text}")
        elif kind in ("output_on", "output_off"):
            yield Mark(time_s, "on" if kind == "output_on" else "off", kind.replace("_", " "))
        elif kind in ("answer", "correction") and is_typed_reading(line):
            yield Mark(time_s, "typed", typed_words(line))
        elif kind == "gap":
            seconds = line.get("seconds")
            since_s = time_s - float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else time_s
            yield Mark(max(0.0, since_s), "gap", f"gap: {text}", time_s)
        elif kind == "link_lost":
            lost_s = time_s if lost_s is None else lost_s
        elif kind == "link_back" and lost_s is not None:
            yield Mark(lost_s, "gap", "gap: an instrument did not answer", time_s)
            lost_s = None


def charges(lines: Iterable[Line], end_s: float) -> Iterator[tuple[float, float]]:
    """Each stretch for which the output was on longer than a test takes, s. One that no line ends goes on to `end_s`."""
    on_s: float | None = None
    for line in lines:
        if line["kind"] == "output_on":
            on_s = time_of(line) if on_s is None else on_s
        elif on_s is not None and line["kind"] in ("output_off", "session_end", "pause", "resume"):
            if time_of(line) - on_s > LONG_ENOUGH_S:
                yield on_s, time_of(line)
            on_s = None
    if on_s is not None and end_s - on_s > LONG_ENOUGH_S:
        yield on_s, end_s


def deviations(lines: Iterable[Line]) -> str:
    """Gates that were passed against advice, and limits that were changed, each with when and why."""
    found: dict[str, list[str]] = {"override": [], "limit_changed": []}
    titles: dict[str, str] = {}
    for line in lines:
        kind, step = str(line["kind"]), str(line.get("step_id") or "")
        if kind == "step_enter":
            titles[step] = str(line.get("text") or step)
        if kind in found:
            gate = f"{titles.get(step, step)}: " if kind == "override" and step else ""
            given = _values(line) if kind == "override" else ""
            found[kind].append(f"{clock(time_of(line))}  {gate}{line.get('text', '')}{f'  ({given})' if given else ''}")
    blocks = []
    for title, texts, none in (
        ("Gates passed against advice, with the reason typed then", found["override"], "No gate was passed against advice."),
        ("Limits and times changed", found["limit_changed"], "No limit was loosened."),
    ):
        blocks.append("\n".join([title, *(f"  {text}" for text in texts)]) if texts else none)
    return "\n\n".join(blocks)


def is_typed_reading(line: Line) -> bool:
    """Whether an answer brought a measured number that was taken."""
    data, text = line.get("data"), str(line.get("text") or "")
    if not isinstance(data, Mapping) or text.startswith(("doubted:", "not taken:")):
        return False
    return any(isinstance(value, int | float) and not isinstance(value, bool) for value in data.values())


def typed_words(line: Line) -> str:
    return f"typed: {_values(line)}"


def time_of(line: Line) -> float:
    """Session time of a line, s."""
    value = line.get("test_time_s")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _values(line: Line) -> str:
    data = line.get("data")
    pairs = data.items() if isinstance(data, Mapping) else ()
    return ", ".join(_value_words(str(name), value) for name, value in pairs)


_NAMES = {
    "surface_c": "warmest cell",
    "cells_v": "cells",
    "supply_v": "supply",
    "post_v": "posts",
    "trim_v": "supply",
    "lead_end_v": "lead ends",
}
_UNITS = {"v": " V", "c": " °C", "a": " A"}


def _value_words(name: str, value: Any) -> str:
    """One value that was typed: "A1 3.334 V", "warmest cell 25.0 °C"."""
    cell = name.startswith("cell:")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    unit = (" V" if cell else _UNITS.get(name.rpartition("_")[2], "")) if number else ""
    return f"{name.removeprefix('cell:') if cell else _NAMES.get(name, name)} {value}{unit}"
