"""What one `reading` line of a journal says, and how far it is known. Pure; each number in V or A, None where it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KNOWN = frozenset({"measured", "typed"})


def current_trust(line: Mapping[str, Any]) -> str:
    """The trust of the current: its own where the line tells it, else that of the sample it came with."""
    own = line.get("current_trust") or line.get("supply_trust") or "unknown"
    return "measured" if own == "echo" else str(own)


def current_a(line: Mapping[str, Any]) -> float | None:
    """Amperes into the bank, measured or typed."""
    return number(line.get("current_a")) if current_trust(line) in KNOWN else None


def cells_v(line: Mapping[str, Any]) -> float | None:
    """Volts at the cells (of a string: its highest cell), measured or typed; never what is only derived from the supply."""
    return number(line.get("cells_v")) if line.get("cells_trust") in KNOWN else None


def string_v(line: Mapping[str, Any], labels: tuple[str, ...]) -> float | None:
    """Volts of a whole string, measured at its posts, or the sum of its cells where each one is seen."""
    posts = number(line.get("posts_v"))
    if posts is not None:
        return posts
    seen = line.get("per_cell_v") or {}
    volts = [number(seen.get(label)) for label in labels]
    return sum(v for v in volts if v is not None) if volts and all(v is not None for v in volts) else None


def spread_v(line: Mapping[str, Any]) -> float | None:
    """Highest less lowest of the cells that a meter sees; None for fewer than two."""
    volts = [v for value in (line.get("per_cell_v") or {}).values() if (v := number(value)) is not None]
    return max(volts) - min(volts) if len(volts) > 1 else None


def number(value: object) -> float | None:
    """A number of a journal; None for anything else, also where somebody wrote into it."""
    if type(value) is float:  # nearly always, and a week has millions of them
        return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else None


def doubted(line: Mapping[str, Any]) -> bool:
    """Whether an answer was not taken as it stands: doubted (it is asked again), or impossible."""
    return str(line.get("text") or "").startswith(("doubted:", "not taken:"))
