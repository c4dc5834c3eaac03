"""The tables of an export, each fed with journal lines: time series of one object, raw supply rows, readings of single cells, events.

Column names, units and signs are those of the Battery Data Format (ontology 1.3.0; unchanged since package 0.1.0 in the strict profile).
What is not known is a blank, and a typed value stands in one row only: it was read once.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tui.records.export.objects import TestObject
from tui.records.export.output import OutFile
from tui.records.series import cells_v, current_a, current_trust, number, string_v

STRICT = (
    "Test Time / s",
    "Unix Time / s",
    "Voltage / V",
    "Current / A",
    "Cycle Count / 1",
    "Step Count / 1",
    "Charging Capacity / Ah",
    "Discharging Capacity / Ah",
    "Net Capacity / Ah",
    "Cumulative Capacity / Ah",
    "Charging Energy / Wh",
    "Discharging Energy / Wh",
    "Net Energy / Wh",
    "Cumulative Energy / Wh",
    "Power / W",
    "Ambient Temperature / degC",
)
FULL = (
    *STRICT,
    "Step ID",
    "Step Type",
    "Step Time / s",
    "Step Charging Capacity / Ah",
    "Step Record Index / 1",
    "Record Index / 1",
    "Surface Temperature / degC",
)


@dataclass(slots=True)
class Now:
    """Where the session stands at the present line of its journal. Values that were typed wait for the next row, and are then forgotten."""

    test_s: float = 0.0  # never falls
    unix_s: float = 0.0
    step: int = 0  # steps entered so far
    step_id: str = ""
    step_text: str = ""  # the same for a CSV field
    step_from_s: float = 0.0
    typed: dict[str, float] = field(default_factory=dict)
    charged: bool = False  # current has flowed

    def see(self, line: Mapping[str, Any]) -> None:
        """The times of the next line."""
        self.test_s = max(self.test_s, number(line.get("test_time_s")) or 0.0)
        self.unix_s = number(line.get("unix_time_s")) or self.unix_s

    def enter(self, step_id: str) -> None:
        self.step += 1
        self.step_id, self.step_text, self.step_from_s = step_id, field_text(step_id), self.test_s


class _Total:
    """A count that grows: what came in, and apart from it what went out while the current was seen to flow back. Whole millionths.

    A bank that returns to the leads, and a program that started anew, count from lower than where they stood: that is no discharge.
    """

    def __init__(self) -> None:
        self.charging = self.discharging = 0
        self._last = 0

    def take(self, value: float, backwards: bool) -> None:
        now = round(value * 1e6)
        change, self._last = now - self._last, now
        if change >= 0:
            self.charging += change
        elif backwards:
            self.discharging -= change

    def begin(self) -> None:
        """The count of the session starts from zero."""
        self._last = 0

    def text(self) -> str:
        """Charging, discharging, net and cumulative, each a field: the parts are rounded, then summed."""
        charging = f"{self.charging / 1e6:.6f}"
        if not self.discharging:
            return f"{charging},0.000000,{charging},{charging}"
        net, both = self.charging - self.discharging, self.charging + self.discharging
        return f"{charging},{self.discharging / 1e6:.6f},{net / 1e6:.6f},{both / 1e6:.6f}"


_UNKNOWN = ",,,"  # of the four fields of a total


class SeriesTable:
    """The time series of one object, in the strict or the full profile."""

    def __init__(self, file: OutFile, item: TestObject, *, full: bool) -> None:
        self.file, self.item, self.full = file, item, full
        self.parts: list[str] = []  # ids of the parts that stand in it
        self.telling = False  # volts of the object, or current through it, stand in it
        self._charge, self._energy = _Total(), _Total()
        self._amps_before: float | None = None
        self._step, self._step_rows, self._step_charge = 0, 0, 0
        file.write(",".join(FULL if full else STRICT) + "\n")

    def enter(self, part: str) -> None:
        """The object comes onto the leads, with a count of its own."""
        self.parts.append(part)
        self._charge.begin()
        self._energy.begin()

    def row(self, line: Mapping[str, Any], now: Now) -> None:
        volts, amps = self._volts(line, now), _current(line, now)
        backwards = (amps is not None and amps < 0) or (self._amps_before is not None and self._amps_before < 0)
        self._amps_before = amps
        charge, energy = number(line.get("charge_ah")), number(line.get("energy_wh"))
        if charge is not None:
            self._charge.take(charge, backwards)
        if energy is not None:
            self._energy.take(energy, backwards)
        self.telling = self.telling or volts is not None or bool(amps)
        power = "" if volts is None or amps is None else f"{volts * amps:.4f}"
        ambient = f"{now.typed['ambient_c']:.1f}" if "ambient_c" in now.typed else ""
        self.file.rows += 1
        self.file.write(
            f"{now.test_s:.3f},{now.unix_s:.3f},{_short(volts)},{_short(amps)},0,{now.step},"
            f"{_UNKNOWN if charge is None else self._charge.text()},{_UNKNOWN if energy is None or volts is None else self._energy.text()},"
            f"{power},{ambient}{self._full(line, now) if self.full else ''}\n"
        )

    def _volts(self, line: Mapping[str, Any], now: Now) -> float | None:
        if self.item.kind == "string":
            return string_v(line, self.item.cells if self.item.one_by_one else ())
        volts = cells_v(line)
        return volts if line.get("cells_trust") == "measured" or _just_typed(volts, "cells_v", now) else None

    def _full(self, line: Mapping[str, Any], now: Now) -> str:
        if now.step != self._step:
            self._step, self._step_rows, self._step_charge = now.step, 0, self._charge.charging
        self._step_rows += 1
        surface = f"{now.typed['surface_c']:.1f}" if "surface_c" in now.typed else ""
        return (
            f",{now.step_text},{_step_type(line, now)},{now.test_s - now.step_from_s:.3f},"
            f"{(self._charge.charging - self._step_charge) / 1e6:.6f},{self._step_rows},{self.file.rows},{surface}"
        )


def _current(line: Mapping[str, Any], now: Now) -> float | None:
    amps = current_a(line)
    return amps if current_trust(line) == "measured" or _just_typed(amps, "current_a", now) else None


def _just_typed(value: float | None, name: str, now: Now) -> bool:
    """Whether a typed value was typed since the row before: it holds on, but it was read once."""
    typed = now.typed.get(name)
    return value is not None and typed is not None and abs(value - typed) < 1e-4


def _step_type(line: Mapping[str, Any], now: Now) -> str:
    if not line.get("output"):
        return "REST" if now.charged else "OCV"
    return {"CC": "CC_CHG", "CV": "CV_CHG"}.get(str(line.get("mode")), "CCCV_CHG")


class SupplyTable:
    """Every raw row of the supply, as it was read. Age and bytes of a sample are not kept in the journal: blank."""

    COLUMNS = (
        "test_time_second,unix_time_second,v_set_volt,i_set_ampere,v_reported_volt,i_reported_ampere,mode,output,age_second,trust,raw\n"
    )

    def __init__(self, file: OutFile) -> None:
        self.file = file
        file.write(self.COLUMNS)

    def row(self, line: Mapping[str, Any], now: Now) -> None:
        get = line.get
        mode, output, trust = get("mode"), get("output"), get("supply_trust")
        self.file.rows += 1
        self.file.write(
            f"{now.test_s:.3f},{now.unix_s:.3f},{_short(number(get('set_voltage_v')))},{_short(number(get('set_current_a')))},"
            f"{_short(number(get('supply_v')))},{_short(number(get('current_a')))},{mode if mode in ('CC', 'CV') else 'unknown'},"
            f"{'on' if output is True else 'off' if output is False else 'unknown'},,"
            f"{trust if trust in ('measured', 'echo', 'typed', 'stale') else ''},\n"
        )


class EventsFile:
    """What happened beside the readings, one object a line; the hashes are those of the journal's own lines."""

    LEFT_OUT = frozenset({"reading", "checkpoint"})
    _TOP = frozenset({"seq", "test_time_s", "unix_time_s", "kind", "step_id", "text", "data", "prev_hash", "hash"})

    def __init__(self, file: OutFile) -> None:
        self.file = file

    def row(self, line: Mapping[str, Any], now: Now) -> None:
        own = {name: value for name, value in line.items() if name not in self._TOP}
        data = line.get("data")
        event = {
            "seq": line["seq"],
            "test_time_second": line.get("test_time_s"),
            "unix_time_second": line.get("unix_time_s"),
            "kind": line["kind"],
            "step_id": line.get("step_id", now.step_id),
            "text": line.get("text", ""),
            "data": {**(data if isinstance(data, dict) else {} if data is None else {"value": data}), **own},
            "prev_hash": line.get("prev_hash"),
            "hash": line["hash"],
        }
        self.file.rows += 1
        self.file.write(json.dumps(event, ensure_ascii=False) + "\n")


def field_text(text: str) -> str:
    """One field of a CSV line, in quotes where it needs them."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow((text, ""))
    return out.getvalue()[:-1]


@lru_cache(4096)  # most numbers of a row are those of the row before
def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
