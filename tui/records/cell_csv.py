"""Cell lists as CSV: read whatever a supplier or a spreadsheet makes, write what reads back without loss."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tui.records.cell import STATES, Cell, InvalidCell, checked, label_key

Parse = Callable[[str, str], float]

COLUMNS = (
    *("label", "code", "maker", "model", "chemistry", "capacity_ah", "resistance_mohm", "received_voltage_v", "received_date"),
    *("supplier", "order_no", "price", "state", "notes"),
)

# What header names mean, after case, signs and a unit in the name were taken off.
_NAMES = {
    "label": "label name cell cellname celllabel cellno cellnumber id no number",
    "code": "code qr qrcode datamatrix serial serialno serialnumber sn barcode",
    "maker": "maker manufacturer brand make vendorbrand",
    "model": "model type partno",
    "chemistry": "chemistry",
    "capacity_ah": "capacity ratedcapacity rated ratedah ah nominalcapacity nominal nominalah capacityah",
    "measured_ah": "measured measuredcapacity measuredah testedcapacity tested testedah actualcapacity actual",
    "resistance_mohm": "resistance mohm ir internalresistance acir impedance milliohm resistancemohm rint ri",
    "received_voltage_v": "volts voltage v receivedvoltage receivedvolts ocv asreceivedvoltage receivedvoltagev voltagev",
    "received_date": "date received receiveddate datereceived",
    "supplier": "supplier seller vendor shop boughtfrom",
    "order_no": "order orderno ordernumber",
    "price": "price cost",
    "state": "state status",
    "notes": "notes note remarks remark comment comments",
}
_MEANING = {alias: field for field, aliases in _NAMES.items() for alias in aliases.split()}
_UNITS = {
    "capacity_ah": {"ah": 1.0, "mah": 1e-3},
    "resistance_mohm": {"mohm": 1.0, "mω": 1.0, "milliohm": 1.0, "ohm": 1e3, "ω": 1e3, "µohm": 1e-3, "uohm": 1e-3, "µω": 1e-3},
    "received_voltage_v": {"v": 1.0, "mv": 1e-3},
}
_UNITS["measured_ah"] = _UNITS["capacity_ah"]
_HEADER_UNIT = re.compile(r"[\s_(\[/]+(mAh|Ah|mV|V|[mµu]?(?:ohm|Ω|Ω))[)\]\s]*$", re.IGNORECASE)


class CsvError(ValueError):
    """A cell list that cannot be taken in. `line` counts from 1 with the header; `column` is the header's name. Nothing was saved."""

    def __init__(self, line: int, column: str, message: str) -> None:
        self.line, self.column = line, column
        where = f"line {line}, column {column}" if column else f"line {line}"
        super().__init__(f"{where}: {message}. Nothing was saved; correct the list and import it again.")


def parse_number(text: str, field: str) -> float:
    """A number with or without its unit, with point or comma, in the field's unit. Raises ValueError.

    A bare 2000 to 4500 in a field of volts is millivolts.
    """
    match = re.fullmatch(r"([+-]?\d*(?:[.,]\d+|\d)(?:e[+-]?\d+)?)\s*(\D*)", text.strip(), re.IGNORECASE)
    units = _UNITS[field]
    unit = match[2].strip().casefold().replace("ω", "ohm").replace("μ", "µ") if match else ""
    scales = {name.replace("ω", "ohm"): scale for name, scale in units.items()}
    if match is None or (unit and unit not in scales):
        raise ValueError(f"{text!r} is not a number in {next(iter(units)).replace('ah', 'Ah').replace('v', 'V')}")
    value = float(match[1].replace(",", "."))
    if not unit and field == "received_voltage_v" and 2000 <= value <= 4500:
        return value / 1000
    return value * scales.get(unit, 1.0)


def read_cells(source: Path | str, parse: Parse, taken: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The cells of a list as `Inventory.add_many` takes them. `taken` holds label keys in use. Raises CsvError, OSError."""
    text = _text_of(source)
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max("\t;,|", key=header_line.count)  # the header has no numbers, so a decimal comma cannot mislead
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    seen = dict.fromkeys(taken, 0)
    header: list[str] = []
    cells = []
    line = 1
    try:
        for row in reader:
            first_line, line = line, reader.line_num + 1
            if not any(value.strip() for value in row):
                continue
            if not header:
                header = [name.strip() for name in row]
                fields, units = _meanings(header, first_line)
                continue
            if len(row) > len(header) and any(value.strip() for value in row[len(header) :]):
                raise CsvError(first_line, "", f"{len(row)} values under {len(header)} headings; put values with a {delimiter!r} in quotes")
            cells.append(_cell_of(row, header, fields, units, first_line, parse, seen))
    except csv.Error as error:
        raise CsvError(line, "", f"this is no readable CSV ({error})") from error
    if not header:
        raise CsvError(1, "", "the list is empty")
    return cells


def cells_to_csv(cells: Iterable[Cell]) -> str:
    """One line a cell under `COLUMNS`; unknown values are empty. The log is not part of it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for cell in cells:
        writer.writerow("" if (value := getattr(cell, name)) is None else value for name in COLUMNS)
    return out.getvalue()


def _text_of(source: Path | str) -> str:
    if isinstance(source, str) and ("\n" in source or "\r" in source or not source):
        return source.removeprefix("\ufeff")
    data = Path(source).read_bytes()
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CsvError(1, "", f"{Path(source).name} is not text in a known encoding; save it as UTF-8")


def _meanings(header: list[str], line: int) -> tuple[list[str], list[str]]:
    """For each column the field it fills ("" for a note) and the unit its name gives."""
    fields: list[str] = []
    units: list[str] = []
    for name in header:
        unit = _HEADER_UNIT.search(name)
        bare = name[: unit.start()] if unit else name
        field = _MEANING.get(_squeezed(name)) or _MEANING.get(_squeezed(bare), "")
        if field and field != "notes" and field in fields:
            other = header[fields.index(field)]
            raise CsvError(line, name, f"this column and {other!r} both mean the {field}; rename or remove one of them")
        fields.append(field)
        units.append(unit[1] if unit and field in _UNITS else "")
    if "label" not in fields:
        raise CsvError(line, "", f"no column is called label (found: {', '.join(name or '(no name)' for name in header)})")
    return fields, units


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold().replace("ω", "ohm"))


def _cell_of(
    row: list[str], header: list[str], fields: list[str], units: list[str], line: int, parse: Parse, seen: dict[str, int]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    log: list[dict[str, Any]] = []
    notes = []
    for text, name, field, unit in zip(row, header, fields, units, strict=False):
        text = text.strip()
        if not text:
            continue
        try:
            if field in _UNITS:
                number = parse(f"{text} {unit}" if unit and text[-1].isdigit() else text, field)
                if field == "measured_ah":
                    checked({"capacity_ah": number})
                    log.append({"kind": "capacity", "capacity_ah": number})
                else:
                    values.update(checked({field: number}))
            elif field == "state":
                if text.casefold() not in STATES:
                    raise InvalidCell("state", f"{text!r} is no state of a cell; the states are {', '.join(STATES)}")
                log.append({"kind": "state", "state": text.casefold(), "reason": "imported"})
            elif field in ("", "notes"):
                notes.append(text if field else f"{name or 'no name'}: {text}")
            else:
                checked({field: text})
                values[field] = text
        except ValueError as error:
            raise CsvError(line, name, str(error)) from error
    label_column = header[fields.index("label")]
    if "label" not in values:
        raise CsvError(line, label_column, "the cell has no label")
    key = label_key(values["label"])
    if key in seen:
        where = f"in line {seen[key]} already" if seen[key] else "in the inventory already"
        raise CsvError(line, label_column, f"a cell labelled {values['label']} is {where}")
    seen[key] = line
    if notes:
        values["notes"] = "\n".join(notes)
    return {**values, "log": [{"kind": "received"}, *log]}
