"""What a measurement ends in: a name, a target, what was seen, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `ok` is None for a number that has no target and is there to explain another."""

    name: str
    seen: str
    target: str = ""
    ok: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.ok is None else "OK" if self.ok else "MISSED"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that yields figures; `quick` asks for one short round."""

    name: str
    measure: Callable[[bool], Iterator[Figure]]


def at_most(name: str, value: float, limit: float, unit: str, digits: int = 2, detail: str = "") -> Figure:
    return Figure(name, _shown(value, unit, digits, detail), f"≤ {_shown(limit, unit, digits, '')}", value <= limit)


def below(name: str, value: float, limit: float, unit: str, digits: int = 2, detail: str = "") -> Figure:
    return Figure(name, _shown(value, unit, digits, detail), f"< {_shown(limit, unit, digits, '')}", value < limit)


def at_least(name: str, value: float, limit: float, unit: str, digits: int = 0, detail: str = "") -> Figure:
    return Figure(name, _shown(value, unit, digits, detail), f"≥ {_shown(limit, unit, digits, '')}", value >= limit)


def _shown(value: float, unit: str, digits: int, detail: str) -> str:
    return f"{value:,.{digits}f} {unit}".rstrip() + (f"  ({detail})" if detail else "")


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of all do not exceed (inclusive method); a single value is its own percentile."""
    return values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[percent - 1]


HEAD = Figure("figure", "seen", "target")
WIDTHS = (58, 12)


def line(figure: Figure) -> str:
    """One row of the table."""
    verdict = "" if figure is HEAD else figure.verdict
    return f"{figure.name:<{WIDTHS[0]}}  {figure.target:<{WIDTHS[1]}}  {verdict:<6}  {figure.seen}".rstrip()
