"""What the columns of a cell list are: by their names in several languages and spellings, or as a person mapped them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.records.cell import EDITABLE
from tui.records.cell_formula import unprotected
from tui.records.cell_numbers import UNITS, unit_key

RECORD, LOG, CODE_RAW, STATE, MEASURED = "cell_id", "log", "code_raw", "state", "measured_ah"
"""Columns that are no plain property: the cell's own id, its whole log as JSON, the code as it was scanned, its state, a measured capacity."""

EXTRA = "extra: "
"""Begins the name of a column that would else be taken for one of ours."""

TARGETS: Mapping[str, str] = {
    "label": "label",
    "code": "code (QR)",
    "maker": "maker",
    "model": "model",
    "chemistry": "chemistry",
    "capacity_ah": "rated capacity",
    MEASURED: "measured capacity",
    "resistance_mohm": "resistance",
    "received_voltage_v": "voltage as received",
    "received_date": "date received",
    "supplier": "supplier",
    "order_no": "order number",
    "price": "price",
    STATE: "state",
    "notes": "notes",
    "": "kept as it is",
}
"""Everything a column can be mapped to, with the words for people."""

# What names mean, after case, signs and a unit in the name were taken off.
_ALIASES = {
    "label": "label name cell cellname celllabel cellno cellnumber id no number cellid batteryno "
    "zelle bezeichnung zellennummer zellnummer zellennr zellenr zellnr nr nummer",
    "code": "code qr qrcode datamatrix serial serialno serialnumber sn barcode seriennummer",
    "maker": "maker manufacturer brand make vendorbrand hersteller marke",
    "model": "model type partno modell typ",
    "chemistry": "chemistry chemie",
    "capacity_ah": "capacity ratedcapacity rated ratedah ah nominalcapacity nominal nominalah capacityah kap kapazität nennkapazität c",
    MEASURED: "measured measuredcapacity measuredah testedcapacity testcapacity tested testedah actualcapacity actual gemessen "
    "gemessenekapazität kapgemessen kapazitätgemessen",
    "resistance_mohm": "resistance mohm ir internalresistance acir impedance milliohm resistancemohm rint ri innenwiderstand widerstand r",
    "received_voltage_v": "volts voltage v receivedvoltage receivedvolts ocv asreceivedvoltage receivedvoltagev voltagev spannung u "
    "leerlaufspannung ruhespannung",
    "received_date": "date received receiveddate datereceived datum eingang",
    "supplier": "supplier seller vendor shop boughtfrom lieferant händler",
    "order_no": "order orderno ordernumber bestellung bestellnummer",
    "price": "price cost preis",
    STATE: "state status zustand",
    "notes": "notes note remarks remark comment comments notizen notiz bemerkung bemerkungen kommentar",
}
_MEANING = {alias: field for field, aliases in _ALIASES.items() for alias in aliases.split()}
_UNIT_NAMES = {unit_key(unit): field for field in ("capacity_ah", "resistance_mohm", "received_voltage_v") for unit in UNITS[field]}
_HEADER_UNIT = re.compile(r"(?:[\s_(\[/]+|\bin\s+)(mAh|Ah|mV|V|(?:milli|[mµμu])?(?:ohm|Ω|\u2126))[)\]\s]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list: its name, the target it fills ("" is kept as an extra property of that name), and the unit its name gives."""

    name: str
    field: str
    unit: str = ""


def squeezed(name: str) -> str:
    """What two names of columns are compared by."""
    return re.sub(r"[\W_]+", "", name.casefold().replace("\u2126", "ω").replace("ω", "ohm"))


def field_named(text: str) -> str:
    """The target that a person means by a word: "voltage", "mΩ", "capacity_ah"; "keep" keeps the column as it is. Raises ValueError."""
    word = squeezed(text)
    if word in ("", "keep", "extra"):
        return ""
    by_name = {squeezed(field): field for field in TARGETS if field}
    found = by_name.get(word) or _MEANING.get(word) or _UNIT_NAMES.get(unit_key(text.strip()))
    if found is None:
        raise ValueError(f"{text!r} is nothing that a column can fill; there are {', '.join(name for name in TARGETS if name)}, and keep")
    return found


def is_own(header: Sequence[str]) -> bool:
    """Whether this program wrote the list: then its names mean exactly what they say."""
    return RECORD in header and LOG in header


def columns_of(header: Sequence[str], given: Mapping[str, str] | None = None, remembered: Mapping[str, str] | None = None) -> list[Column]:
    """What each column fills. `given` (name → target, of this list) goes before `remembered` (squeezed name → target, of earlier lists),
    and both before what the name says. A name gives way where another column was mapped to the same target. Raises ValueError for a
    `given` column that the list has not.
    """
    unknown = [name for name in given or {} if squeezed(name) not in map(squeezed, header)]
    if unknown:
        raise ValueError(f"the list has no column {unknown[0]!r}; its columns are {', '.join(name or '(no name)' for name in header)}")
    if is_own(header):
        own = {squeezed(name): field for name, field in (given or {}).items()}
        return [Column(unprotected(name).removeprefix(EXTRA), own.get(squeezed(name), _own(name))) for name in header]
    mapped = {**(remembered or {}), **{squeezed(name): field for name, field in (given or {}).items()}}
    taken = {mapped[squeezed(name)] for name in header if squeezed(name) in mapped} - {"", "notes"}
    columns = []
    for name in header:
        match = _HEADER_UNIT.search(name)
        bare = name[: match.start()] if match else name
        unit = match[1] if match else ""
        field = _meaning(name, bare)
        if not unit and field and unit_key(name.strip()) in _UNIT_NAMES:  # the unit is all of the name
            unit = name.strip()
        field = mapped.get(squeezed(name), "" if field in taken else field)
        fits = unit_key(unit) in map(unit_key, UNITS.get(field, ()))
        columns.append(Column(name, field, unit if fits else ""))
    return columns


def problem_of(columns: Sequence[Column]) -> tuple[str, str]:
    """Why a list cannot be read with these columns: the name of the column ("" for all) and words; ("", "") where it can."""
    seen: dict[str, str] = {}
    for column in columns:
        if column.field and column.field != "notes" and column.field in seen:
            words = (
                f"this column and {seen[column.field]!r} both mean the {TARGETS.get(column.field, column.field)}; map one of them to keep"
            )
            return column.name, words
        seen[column.field] = column.name
    if "label" not in seen:
        found = ", ".join(column.name or "(no name)" for column in columns)
        return "", f"no column is called label (found: {found}); map the one that names the cells"
    return "", ""


def _own(name: str) -> str:
    return name if name in EDITABLE - {"extra"} or name in (RECORD, LOG, CODE_RAW, STATE) else ""


def _meaning(name: str, bare: str) -> str:
    return _MEANING.get(squeezed(name)) or _MEANING.get(squeezed(bare)) or _UNIT_NAMES.get(unit_key(name.strip()), "")
