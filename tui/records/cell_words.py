"""A cell's passport in words, for the page of the cell and the command line alike. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tui.domain.plain_text import plain_text
from tui.records import cell_history
from tui.records.cell import NUMBERS, UNFIT, Cell
from tui.records.cell_columns import CODE_RAW, TARGETS
from tui.records.cell_history import CellSession, Entry, Place

UNKNOWN = "–"
Section = tuple[str, list[str]]


def sections(cell: Cell) -> list[Section]:
    """Title and lines of each part that has any; the log last, newest first."""
    rests = cell_history.rests(cell)
    tests = [f"{day(entry)}  {words(entry)}" for entry in cell_history.tests(cell)]
    parts: list[Section] = [
        ("", facts(cell)),
        ("At rest", [f"{day(rest)}  {_rest(rest)}" for rest in reversed(rests)]),
        ("Tests", tests),
        ("Sessions", [_session(session) for session in reversed(cell_history.sessions(cell))]),
        ("Places", [_place(place) for place in reversed(cell_history.places(cell))]),
        ("Photos", cell_history.photos(cell)),
        ("Log", log(cell)),
    ]
    return [(title, lines) for title, lines in parts if lines]


def facts(cell: Cell) -> list[str]:
    """What stays of a cell, its state, and what its code tells."""
    told = cell_history.told_by_code(cell)
    model = f"model {told['model_code']}" + (f" ({told['model']} by owners' lists)" if told.get("model") else "") if told else ""
    made = f"made {told['made']}" if told.get("made") else ""
    named = (told.get("maker"), told.get("product"), told.get("chemistry")) if told else ()
    by_code = ", ".join(str(part) for part in (*named, model, made) if part)
    place = cell_history.place_now(cell)
    lines = [
        ("state", f"{cell.state}{why_unfit(cell)}"),
        ("maker", cell.maker),
        ("model", cell.model),
        ("chemistry", cell.chemistry),
        ("rated", "" if cell.capacity_ah is None else f"{cell.capacity_ah:g} Ah"),
        ("resistance", "" if cell.resistance_mohm is None else f"{cell.resistance_mohm:.2f} mΩ"),
        ("received", ", ".join(part for part in (cell.received_date, volts_text(cell.received_voltage_v)) if part)),
        ("supplier", cell.supplier),
        ("order no.", cell.order_no),
        ("price", cell.price),
        ("place", _where(place) if place else ""),
        ("code", cell.code),
        ("by its code", by_code),
        *(("", f"! {doubt}") for doubt in told.get("doubts", ())),
        ("scanned as", plain_text(cell.code_raw) if cell.code_raw.strip() != cell.code else ""),
        *cell.extra.items(),
        *(("notes" if not at else "", line) for at, line in enumerate(cell.notes.splitlines())),
    ]
    return [f"{name:<11} {value}" for name, value in lines if value]


def why_unfit(cell: Cell) -> str:
    """Since when and by what a cell is suspect or scrapped; "" for the others."""
    if cell.state not in UNFIT:
        return ""
    named = [
        entry
        for entry in cell.entries
        if (entry["kind"] == "visual" and entry.get("ok") is False) or (entry["kind"] == "state" and entry.get("state") in UNFIT)
    ]
    since = f" since {day(named[-1])}" if named else ""
    reason = str(named[-1].get("reason") or "") if named and named[-1]["kind"] == "state" else words(named[-1]) if named else ""
    return f"{since}: {reason}" if reason else since


def log(cell: Cell) -> list[str]:
    """All of it, also what was taken back later: the log forgets nothing."""
    counts = cell.entries
    lines = sorted(cell.log, key=lambda entry: float(entry["unix_s"]), reverse=True)
    return [f"{day(entry)}  {words(entry)}{'' if entry in counts or entry['kind'] == 'withdrawn' else ' (taken back)'}" for entry in lines]


def words(entry: Mapping[str, Any]) -> str:
    """One entry of the log in a line. What this version does not know is shown with its names."""
    with suppress(TypeError, ValueError, KeyError):  # a value of another version is no reason to show nothing
        if said := _words(entry):
            return said
    rest = ", ".join(f"{name} {value}" for name, value in entry.items() if name not in ("kind", "unix_s"))
    return f"{entry['kind']} {rest}".rstrip()


def _words(entry: Mapping[str, Any]) -> str:
    match entry:
        case {"kind": "voltage", "voltage_v": float() | int()}:
            return " ".join(part for part in (_rest(entry), str(entry.get("when") or "")) if part)
        case {"kind": "rest", "voltage_v": float() | int()}:
            return f"at rest {_rest(entry)}"
        case {"kind": "session", "phase": "begin"}:
            return f"balancing begun, {entry.get('bank', '')}"
        case {"kind": "session"}:
            return f"session ended: {entry.get('result', '')}"
        case {"kind": "state"}:
            return f"now {entry['state']} {entry.get('reason', '')}".rstrip()
        case {"kind": "capacity", "capacity_ah": float() | int() as capacity_ah}:
            return ", ".join([f"measured {capacity_ah:g} Ah {entry.get('tested', '')}".rstrip(), *_capacity(entry)])
        case {"kind": "resistance", "resistance_mohm": float() | int() as mohm}:
            method = {"AC": "AC 1 kHz", "DC": "DC"}.get(str(entry.get("method") or ""), "")
            soc = "" if entry.get("soc") is None else f"at {entry['soc'] * 100:g} % charge"
            return ", ".join(part for part in (f"{mohm:.2f} mΩ {method}".rstrip(), soc, *_circumstances(entry)) if part)
        case {"kind": "thickness", "thickness_mm": float() | int() as thickness_mm}:
            return f"{thickness_mm:g} mm thick {entry.get('when', '')}".rstrip()
        case {"kind": "visual"}:
            return ", ".join(_visual(entry))
        case {"kind": "move"}:
            return f"moved to {_where(cell_history.place_of(entry))}"
        case {"kind": "note", "text": str(text)}:
            return text
        case {"kind": "withdrawn", "of": {"kind": str()} as of}:
            return f"taken back, of {day(of)}: {words(of)}"
        case {"kind": "photo", "path": str(path)}:
            return f"photo {path}"
        case {"kind": "edit", "changed": dict() as changed}:
            return "; ".join(changes(changed))
    return ""


def changes(changed: Mapping[str, Sequence[Any]]) -> list[str]:
    """What became of each property: "rated capacity – → 280 Ah". The raw scan goes with its code and is not told."""
    return [
        f"{TARGETS.get(name, name)} {_known(name, old)} → {_known(name, new)}" for name, (old, new) in changed.items() if name != CODE_RAW
    ]


def day(entry: Mapping[str, Any] | float) -> str:
    """The date of an entry or a time as 2026-03-21, in local time."""
    unix_s = entry["unix_s"] if isinstance(entry, Mapping) else entry
    return datetime.datetime.fromtimestamp(unix_s).strftime("%Y-%m-%d")


def _rest(entry: Entry) -> str:
    hours = entry.get("hours")
    after = "" if hours is None else f"after {hours:.1f} h" if hours < 100 else f"after {hours / 24:.0f} d"
    return ", ".join(part for part in (f"{volts_text(entry['voltage_v'])} {after}".rstrip(), *_circumstances(entry)) if part)


def _circumstances(entry: Entry) -> Iterator[str]:
    if entry.get("temperature_c") is not None:
        yield f"{entry['temperature_c']:g} °C"
    for name in ("meter", "tester"):
        if entry.get(name):
            yield str(entry[name])


def _capacity(entry: Entry) -> Iterator[str]:
    if entry.get("current_a") is not None:
        yield f"{entry['current_a']:g} A"
    if entry.get("cutoff_v") is not None:
        yield f"down to {entry['cutoff_v']:g} V"
    yield from _circumstances(entry)
    if entry.get("unbalanced"):
        yield "unbalanced: the cell may hold more"


def _visual(entry: Entry) -> Iterator[str]:
    yield "looked at"
    for name, yes, no in (("swelling", "SWOLLEN", "not swollen"), ("dents", "dented", "no dents")):
        if entry.get(name):
            yield yes if entry[name] == "yes" else no
    for name, what in (("insulation", "insulation"), ("thread", "threads"), ("stud", "studs")):
        if entry.get(name):
            yield f"{what} {entry[name]}"
    if entry.get("text"):
        yield str(entry["text"])
    if entry.get("ok") is False and entry.get("swelling") != "yes" and entry.get("insulation") != "damaged":
        yield "not in order"


def _session(session: CellSession) -> str:
    begun = UNKNOWN if session.begun_unix_s is None else day(session.begun_unix_s)
    result = session.result or "no end yet"
    volts = [f"{name} {volts_text(value)}" for name, value in (("before", session.before_v), ("end", session.end_v)) if value is not None]
    return "  ".join([begun, f"{result.upper():<10}", ", ".join(part for part in (session.bank, *volts, session.id) if part)])


def _place(place: Place) -> str:
    return f"{day(place.unix_s)}  {_where(place)}"


def _where(place: Place) -> str:
    if not place.pack:
        return "stock"
    signs = (("S", place.series_position), ("P", place.parallel_position))
    at = " ".join(f"{sign}{number}" for sign, number in signs if number is not None)
    return ", ".join(part for part in (f"{place.pack} {at}".rstrip(), place.orientation) if part)


def _known(name: str, value: Any) -> str:
    if value in (None, ""):
        return UNKNOWN
    unit = f" {NUMBERS[name][0]}" if name in NUMBERS else ""
    return f"{value:g}{unit}" if isinstance(value, float | int) else " ".join(str(value).split())


def volts_text(volts: float | None) -> str:
    """To 1 mV, and to 0.1 mV where they were told so; "" for unknown volts."""
    return "" if volts is None else f"{volts:.3f} V" if round(volts, 3) == round(volts, 6) else f"{volts:.4f} V"
