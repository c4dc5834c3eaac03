"""A session of the history in words: one row of the list, its cells before, at the end and at rest, and its events. Pure."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.bench.messages import Point
from tui.domain.chosen import chosen
from tui.domain.plan import Plan
from tui.domain.value_words import values_words
from tui.records.sessions import Session, rest_readings
from tui.widgets.text import clock

DASH = "–"
RESTS_SHOWN = 4  # columns of resting volts that fit beside before and end at 80
# Journal lines that are no events to a reader: the series itself, and what the bench told its instruments.
_NOT_EVENTS = frozenset({"reading", "readback", "step_leave", "glitch", "checkpoint", "instrument"})


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    width: int
    right: bool = False


# Together 63 columns: with one blank on each side of each, they fill a terminal of 80.
COLUMNS: tuple[Column, ...] = (
    Column("date", 14),
    Column("bank", 10),
    Column("procedure", 9),
    Column("result", 10),
    Column("hours", 5, right=True),
    Column("Ah", 6, right=True),
    Column("end A", 5, right=True),
    Column("mV", 3, right=True),
)


def result_word(session: Session, *, running: str = "") -> str:
    """BALANCED, STOPPED, TRIPPED, HELD, DONE; RUNNING for the session `running`, and UNFINISHED for one that a crash left.

    A session that still takes resting volts shows its result all the same: that is what its owner looks for.
    """
    if session.state == "running":
        return "RUNNING" if session.id == running else "UNFINISHED"
    return (session.result or "unfinished").upper()


def row_of(session: Session, *, running: str = "") -> tuple[str, ...]:
    """The texts of one row, numbers with fixed decimals so that they stand below each other. `mV` is the spread at rest."""
    started = datetime.datetime.fromtimestamp(session.started_unix_s)
    return (
        started.strftime("%y-%m-%d %H:%M"),
        session.bank,
        session.procedure,
        result_word(session, running=running),
        _number(session.duration_s, 1, 1 / 3600),
        _number(session.charge_ah, 1),
        _number(session.end_current_a, 2),
        _number(session.spread_v, 0, 1000),
    )


def headline(session: Session, *, running: str = "") -> str:
    """What the session was, in one line."""
    started = datetime.datetime.fromtimestamp(session.started_unix_s).strftime("%Y-%m-%d %H:%M")
    return f"{result_word(session, running=running)} · {session.bank} · {session.arrangement} · {session.procedure} · {started}"


def facts(session: Session) -> str:
    """Numbers and the reason of the end, one short line each."""
    spread = "" if session.spread_v is None else f"{session.spread_v * 1000:.0f} mV at rest"
    lines = [
        f"{_number(session.duration_s, 1, 1 / 3600)} h · {_number(session.charge_ah, 1)} Ah · {_number(session.energy_wh, 0)} Wh"
        f" · end current {_number(session.end_current_a, 2)} A" + (f" · spread {spread}" if spread else ""),
        session.end_reason,
        session.cells_problem,
        "" if session.imported_unix_s is None else f"Imported {_day(session.imported_unix_s)}, from another home",
    ]
    return "\n".join(line for line in lines if line)


def chosen_words(session: Session) -> str:
    """What was chosen where opinions differ; nothing for a plan that another version wrote."""
    try:
        return "Chosen: " + " · ".join(chosen(Plan.from_json(dict(session.plan))))
    except (TypeError, KeyError, ValueError):
        return ""


def reading_words(line: Mapping[str, Any]) -> str:
    """What one reading of the journal tells beside volts and amperes at the cells: supply, charge, and the spread of the cells."""
    volts, charge_ah, cells = line.get("supply_v"), line.get("charge_ah"), line.get("per_cell_v")
    known = [value for value in (cells.values() if isinstance(cells, Mapping) else ()) if isinstance(value, int | float)]
    parts = [
        "" if not isinstance(volts, int | float) else f"supply {volts:.3f} V",
        "" if not isinstance(charge_ah, int | float) else f"{charge_ah:.2f} Ah",
        f"spread {(max(known) - min(known)) * 1000:.0f} mV" if len(known) > 1 else "",
    ]
    return "  ".join(part for part in parts if part)


def cells_table(session: Session) -> str:
    """Volts of each cell before, at the end and at rest, the newest rests last, and the spread below each column."""
    columns: list[tuple[str, Mapping[str, float]]] = [("before", session.before_v), ("end", session.end_v)]
    columns += [(_rest_title(rest.hours), rest.volts) for rest in session.rests[-RESTS_SHOWN:]]
    width = max([len(cell.label) for cell in session.cells] + [len("spread")])
    lines = [f"{'cell':<{width}}" + "".join(f"{title:>11}" for title, _ in columns)]
    lines += [f"{cell.label:<{width}}" + "".join(_volts(volts.get(cell.label)) for _, volts in columns) for cell in session.cells]
    spreads = [_spread(volts) for _, volts in columns]
    lines.append(f"{'spread':<{width}}" + "".join(f"{spread:>11}" for spread in spreads))
    if not session.rests:
        lines.append("No resting volts yet: r adds them. A fall to 3.35 to 3.40 V is normal.")
    return "\n".join(lines)


def rest_verdict(session: Session) -> str:
    """What the cells at rest tell, cell by cell; "" while nothing was measured."""
    from tui.domain.after import judge_rest

    judged = judge_rest(rest_readings(session))
    told = [cell.words for cell in judged if cell.verdict in ("note", "suspect")]
    if judged and not told:
        return "Every cell stays with the others at rest."
    if session.suspects:
        labels = ", ".join(str(found["label"]) for found in session.suspects)
        told.append(f"Marked suspect in the inventory: {labels}. To put a cell back, for the repeat too: key 2, then e, State: stock.")
    return "\n".join(told)


def parts_table(session: Session) -> str:
    """How each part's charge ended, one line and its reason; "" for a session of a single charge."""
    if len(session.parts) < 2:
        return ""
    lines = []
    for part in session.parts:
        cells, detail = ", ".join(part.get("cells", ())), str(part.get("detail") or "")
        ended_a, duration_s = part.get("tail_current_a"), part.get("duration_s")
        numbers = [
            "" if duration_s is None else f"{duration_s / 3600:.1f} h",
            "" if part.get("charge_ah") is None else f"{part['charge_ah']:.1f} Ah",
            "" if ended_a is None else f"ended at {ended_a:.2f} A",
            "" if ended_a is not None and detail.endswith(" A") else detail,
        ]
        lines.append(f"{part.get('title', '')}  {' · '.join(number for number in numbers if number)}")
        lines += [
            f"  {text}"
            for text in (cells if len(part.get("cells", ())) < len(session.cells) else "", str(part.get("reason") or ""))
            if text
        ]
    return "\n".join(lines)


def events(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The events of a journal, oldest first, each with the session's time."""
    for line in lines:
        if line["kind"] in _NOT_EVENTS or (line["kind"] == "gate_pass" and not line.get("text")):
            continue
        yield f"{clock(float(line.get('test_time_s', 0.0)))}  {_words(line)}"


def _words(line: Mapping[str, Any]) -> str:
    kind = str(line["kind"]).replace("_", " ")
    text = str(line.get("text") or "")
    match line:
        case {"kind": "session_start"}:
            return "session started"
        case {"kind": "session_end"}:
            return f"session ended: {line.get('result', '')}. {line.get('end_reason', '')}".strip()
        case {"kind": "step_enter"}:
            return f"step: {text}"
        case {"kind": "prompt"}:
            return f"asked: {text}"
        case {"kind": "answer" | "correction", "data": dict() as data}:
            return f"{kind}: {values_words(data) or text}"
        case {"kind": "override"}:
            return f"OVERRIDE: {text}"
        case {"kind": "warn" | "hold" | "trip" | "call"}:
            return f"{kind.upper()}: {text}"
    own = {"kind", "text", "seq", "test_time_s", "unix_time_s", "prev_hash", "hash", "data", "step_id"}
    rest = ", ".join(f"{name} {value}" for name, value in line.items() if name not in own)
    return f"{kind}: {'; '.join(part for part in (text, rest) if part)}" if text or rest else kind


def curve_csv(points: Sequence[Point]) -> str:
    """The curve under standard battery-data names: time, the higher of the cells' volts in each interval, current."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("Test Time / s", "Voltage / V", "Current / A", "Lowest Voltage / V"))
    for point in points:
        volts = (_plain(value, 4) for value in (point.cells_high_v, point.current_a, point.cells_low_v))
        writer.writerow((f"{point.time_s:.3f}", *volts))
    return out.getvalue()


def cells_csv(session: Session) -> str:
    """One line a measured voltage: which cell, when, how long after the charge."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("cell_label", "phase", "hours_after_charge", "unix_time_second", "voltage_volt"))
    for cell in session.cells:
        for phase, volts, unix_s in (("before", session.before_v, session.started_unix_s), ("end", session.end_v, session.ended_unix_s)):
            if cell.label in volts:
                writer.writerow((cell.label, phase, "", _plain(unix_s, 3), f"{volts[cell.label]:.4f}"))
        for rest in session.rests:
            if cell.label in rest.volts:
                writer.writerow((cell.label, "rest", _plain(rest.hours, 3), f"{rest.unix_s:.3f}", f"{rest.volts[cell.label]:.4f}"))
    return out.getvalue()


def _day(unix_s: float) -> str:
    return datetime.datetime.fromtimestamp(unix_s).strftime("%Y-%m-%d")


def _number(value: float | None, decimals: int, scale: float = 1.0) -> str:
    return DASH if value is None else f"{value * scale:.{decimals}f}"


def _plain(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _volts(volts: float | None) -> str:
    return f"{DASH + '    ':>11}" if volts is None else f"{volts:>9.3f} V"


def _spread(volts: Mapping[str, float]) -> str:
    return "" if len(volts) < 2 else f"{(max(volts.values()) - min(volts.values())) * 1000:.0f} mV"


def _rest_title(hours: float | None) -> str:
    if hours is None:
        return "rest"
    return f"rest {hours:.0f} h" if hours < 100 else f"rest {hours / 24:.0f} d"
