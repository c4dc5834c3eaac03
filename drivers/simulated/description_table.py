"""One table of a bench description: hands out checked values by key, and refuses what nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COPPER_MOHM_PER_M = {6: 1.296, 8: 2.061, 10: 3.277, 12: 5.211, 14: 8.286, 16: 13.17}  # one conductor at 20 °C, wire tables
RING_CONTACTS_MOHM = 0.8  # four crimped rings, cell model section 5


class DescriptionError(ValueError):
    """A bench description that cannot be built; the text names file, table and key, and says what is allowed."""


class Table:
    """One table of the document: hands out checked values and in the end refuses what nobody asked for."""

    def __init__(self, source: str, name: str, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise DescriptionError(f"{source}: {name} must be a table of keys and values.")
        self._source, self._name, self._content = source, name, content
        self._asked: list[str] = []

    def error(self, key: str, what: str) -> DescriptionError:
        return DescriptionError(f"{self._source}: {self._name} {key}: {what}")

    def _value(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        return self._content.get(key, default)

    def number(self, key: str, default: float | None, low: float, high: float) -> float:
        value = self._value(key, default)
        if value is None:
            raise self.error(key, "is missing.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, not {value!r}.")
        if not low <= value <= high:
            raise self.error(key, f"must lie between {low:g} and {high:g}, not {value}.")
        return float(value)

    def optional_number(self, key: str, low: float, high: float) -> float | None:
        if key not in self._content:
            self._asked.append(key)
            return None
        return self.number(key, None, low, high)

    def lead_mohm(self, key: str, default: float) -> float:
        value = self._content.get(key, default)
        if not isinstance(value, str):
            return self.number(key, default, 0, 10_000)
        self._asked.append(key)
        gauge, _, unit = value.strip().upper().partition(" ")
        if unit.strip() != "AWG" or not gauge.isdigit() or int(gauge) not in COPPER_MOHM_PER_M:
            known = ", ".join(f"{size} AWG" for size in COPPER_MOHM_PER_M)
            raise self.error(key, f"must be a number of milliohms or one of {known} (1 m each way), not {value!r}.")
        return 2 * COPPER_MOHM_PER_M[int(gauge)] + RING_CONTACTS_MOHM

    def text(self, key: str, default: str) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"must be a text, not {value!r}.")
        return value.strip()

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> Any:
        value = self._value(key, default)
        if value not in allowed:
            raise self.error(key, f"must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {value!r}.")
        return value

    def done(self) -> None:
        for key in self._content:
            if key not in self._asked:
                raise DescriptionError(f"{self._source}: {self._name} {key}: this key is unknown. Known keys: {', '.join(self._asked)}.")
