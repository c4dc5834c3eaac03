"""With what a session was made, read from its journal: who answered on each line, and how large the drop on the leads was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tui.records.series import number

MIN_CURRENT_A = 1.0
"""Below this the drop drowns in the instruments' resolution."""
_EVERY = 20  # readings: enough of them for a median, however long the session
_FIELDS = ("model", "serial", "firmware")


@dataclass(slots=True)
class Instruments:
    """`see` takes each line that is no reading, `drop` the readings. `told` holds what is known by role: supply, meter, bms."""

    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)  # what served in a role before the one that is told
    _ohm: list[float] = field(default_factory=list)
    _count: int = 0

    def see(self, line: Mapping[str, Any]) -> None:
        """The first line of a session tells its supply, and the addresses of the others; later ones who answered there."""
        data = line.get("data")
        if not isinstance(data, Mapping):
            return
        if line["kind"] == "session_start":
            supply = data.get("supply")
            if isinstance(supply, Mapping):
                self.told.setdefault("supply", supply)
            for role in ("meter", "bms"):
                if data.get(role):
                    self.told.setdefault(role, {"address": str(data[role])})
        elif line["kind"] == "instrument":
            role = str(line.get("role"))
            before = self.told.get(role)
            if before is not None and before.get("model") and words_of(before) != words_of(data):
                self.others.append(f"{role} {words_of(before)}")
            self.told[role] = data

    def wants(self) -> bool:
        """Count a reading; whether it is one of those to look at."""
        self._count += 1
        return self._count % _EVERY == 0

    def drop(self, line: Mapping[str, Any], *, string: bool) -> None:
        """Take the drop on the leads of one reading in, where supply and posts were both measured. `string`: the volts are those of its posts."""
        volts, supply_v, amps = (
            number(line.get("posts_v" if string else "cells_v")),
            number(line.get("supply_v")),
            number(line.get("current_a")),
        )
        measured = line.get("supply_trust") == "measured" and (string or line.get("cells_trust") == "measured")
        known = measured and "current_trust" not in line and line.get("output") is True
        if known and volts is not None and supply_v is not None and amps is not None and amps >= MIN_CURRENT_A:
            self._ohm.append(max(0.0, (supply_v - volts) / amps))

    @property
    def lead_ohm(self) -> float | None:
        """Both leads with their contacts, Ω: the median of what was measured; None where it was not."""
        return median(self._ohm) if self._ohm else None

    @property
    def lead_readings(self) -> int:
        return len(self._ohm)

    def name(self, role: str) -> str:
        """Model and serial number; the address of one that tells nothing of itself."""
        found = self.told.get(role, {})
        return " ".join(str(found[part]) for part in ("model", "serial") if found.get(part)) or str(found.get("address") or "")

    def about(self, role: str) -> dict[str, Any] | None:
        """Model, firmware, serial and address of what served in a role, None for each that is not known; None where nothing did."""
        found = self.told.get(role)
        return None if found is None else {name: found.get(name) or None for name in (*_FIELDS, "address")}


def words_of(found: Mapping[str, Any]) -> str:
    """Model, serial number and firmware as far as they are known."""
    parts = [str(found.get("model") or "model not recorded")]
    parts += [f"{name} {found[name]}" for name in _FIELDS[1:] if found.get(name)]
    return ", ".join(parts)
