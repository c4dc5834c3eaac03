"""Readings of single cells and of single points, one a row: what a meter told of each cell, and everything that was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.records.export.output import OutFile
from tui.records.export.tables import Now, field_text
from tui.records.series import doubted, number
from tui.records.sessions import Rest

# By the name of what was asked: quantity, unit, point.
_POINTS = {
    "cells_v": ("voltage_volt", "V", "busbar"),
    "post_v": ("voltage_volt", "V", "busbar"),
    "lead_end_v": ("voltage_volt", "V", "lead_end"),
    "lead_end_off_v": ("voltage_volt", "V", "lead_end"),
    "supply_v": ("voltage_volt", "V", "supply_terminal"),
    "trim_v": ("voltage_volt", "V", "supply_terminal"),
    "surface_c": ("surface_temperature_celsius", "degC", ""),
}
_CELL = ("voltage_volt", "V", "cell_terminal")


@dataclass(slots=True)
class _Typed:
    """A value that waits until it is known whether it corrects an earlier one."""

    name: str
    value: float
    test_s: float
    unix_s: float
    step_text: str
    supersedes: int | None = None


class CellsTable:
    """`supersedes` is the number of the row that is corrected; the first row of data is 1."""

    COLUMNS = "test_time_second,unix_time_second,cell_label,cell_code,quantity,value,unit,point,instrument,method,step_id,supersedes\n"

    def __init__(self, file: OutFile, codes: Mapping[str, str], meter: str) -> None:
        self.file = file
        self._codes = codes
        self._meter = field_text(meter)
        self._waiting: list[_Typed] = []
        self._last: dict[str, tuple[int, float]] = {}  # newest typed row of each name, and its value
        self._heads: dict[str, str] = {}
        file.write(self.COLUMNS)

    def call_meter(self, name: str) -> None:
        """The meter answered: by its name, no longer by its address."""
        self._meter = field_text(name)

    def measured(self, line: Mapping[str, Any], now: Now) -> None:
        """The cells that a meter shows in this reading."""
        if self._waiting:
            self.flush()
        seen = line.get("per_cell_v")
        if not isinstance(seen, dict):
            return
        times, tail = f"{now.test_s:.3f},{now.unix_s:.3f},", f",V,cell_terminal,{self._meter},serial,{now.step_text},\n"
        for label, value in seen.items():
            volts = number(value)
            if volts is not None:
                self.file.rows += 1
                self.file.write(f"{times}{self._head(label)},voltage_volt,{volts:.4f}{tail}")

    def typed(self, line: Mapping[str, Any], now: Now) -> None:
        """An answer or a correction. One that was doubted is not kept: it was asked again."""
        data = line.get("data")
        if doubted(line) or not isinstance(data, dict) or "rest" in line:  # the session's row has those at rest, with their hours
            return
        corrects = (line.get("corrects") or {}).get("value") if line["kind"] == "correction" else None
        for name, value in data.items():
            known = number(value)
            if known is None or not (name in _POINTS or name.startswith("cell:")):
                continue
            same = next((one for one in self._waiting if one.name == name and one.value == known), None)
            if same is None:
                if any(one.name == name for one in self._waiting):
                    self.flush()
                same = _Typed(name, known, now.test_s, now.unix_s, now.step_text)
                self._waiting.append(same)
            last = self._last.get(name)
            if corrects is not None and last is not None and last[1] == corrects:
                same.supersedes = last[0]

    def rest(self, rest: Rest, started_unix_s: float, ended_unix_s: float) -> None:
        """Volts at rest. Those that were asked for within the session stand here already, as answers."""
        self.flush()
        within = rest.unix_s <= ended_unix_s + 1.0
        for label, volts in rest.volts.items():
            if not (within and self._last.get(f"cell:{label}", (0, None))[1] == volts):
                self._waiting.append(_Typed(f"cell:{label}", volts, max(0.0, rest.unix_s - started_unix_s), rest.unix_s, ""))
        self.flush()

    def flush(self) -> None:
        for one in self._waiting:
            label = one.name.removeprefix("cell:") if one.name.startswith("cell:") else ""
            quantity, unit, point = _POINTS.get(one.name, _CELL)
            self.file.rows += 1
            self.file.write(
                f"{one.test_s:.3f},{one.unix_s:.3f},{self._head(label)},{quantity},{one.value:.4f},{unit},{point},,typed,{one.step_text},"
                f"{'' if one.supersedes is None else one.supersedes}\n"
            )
            self._last[one.name] = (self.file.rows, one.value)
        self._waiting.clear()

    def _head(self, label: str) -> str:
        if label not in self._heads:
            self._heads[label] = f"{field_text(label)},{field_text(self._codes.get(label, ''))}"
        return self._heads[label]
