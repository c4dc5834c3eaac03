"""Two sessions side by side in numbers, and what differs in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui.panes.session_text import DASH, result_word
from tui.records.sessions import Session
from tui.widgets.text import duration


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a session. `words` makes a sentence of how much more (positive) or less the second has; `least` is not worth one."""

    title: str
    unit: str
    decimals: int
    of: Callable[[Session], float | None]
    words: Callable[[float], str]
    least: float


def charge_h(session: Session) -> float | None:
    """Hours with the charge on, of all parts together; None where no part tells."""
    known = [part["duration_s"] for part in session.parts if isinstance(part.get("duration_s"), int | float)]
    return sum(known) / 3600 if known else None


def spread_mv(volts: Mapping[str, Any]) -> float | None:
    known = [value for value in volts.values() if isinstance(value, int | float)]
    return (max(known) - min(known)) * 1000 if len(known) > 1 else None


def _more(amount: float, words: str, more: str, less: str) -> str:
    return f"{words} {more if amount > 0 else less}"


QUANTITIES: tuple[Quantity, ...] = (
    Quantity(
        "hours in all", "h", 1, lambda s: None if s.duration_s is None else s.duration_s / 3600, lambda d: _longer(d, "The session"), 0.05
    ),
    Quantity("hours of charge", "h", 1, charge_h, lambda d: _longer(d, "Its charge"), 0.05),
    Quantity("charge", "Ah", 1, lambda s: s.charge_ah, lambda d: f"It took in {_more(d, f'{abs(d):.1f} Ah', 'more', 'less')}.", 0.05),
    Quantity("energy", "Wh", 0, lambda s: s.energy_wh, lambda d: f"It took {_more(d, f'{abs(d):.0f} Wh', 'more', 'less')}.", 0.5),
    Quantity(
        "end current",
        "A",
        2,
        lambda s: s.end_current_a,
        lambda d: f"It ended at a current {_more(d, f'{abs(d):.2f} A', 'higher', 'lower')}.",
        0.005,
    ),
    Quantity("spread before", "mV", 0, lambda s: spread_mv(s.before_v), lambda d: _spread(d, "before"), 0.5),
    Quantity("spread at the end", "mV", 0, lambda s: spread_mv(s.end_v), lambda d: _spread(d, "at the end"), 0.5),
    Quantity("spread at rest", "mV", 0, lambda s: None if s.spread_v is None else s.spread_v * 1000, lambda d: _spread(d, "at rest"), 0.5),
)


def _longer(hours: float, what: str) -> str:
    return f"{what} took {duration(abs(hours) * 3600)} {'longer' if hours > 0 else 'less'}."


def _spread(millivolts: float, when: str) -> str:
    return f"Its cells stood {abs(millivolts):.0f} mV {'further apart' if millivolts > 0 else 'closer together'} {when}."


def table(first: Session, second: Session) -> str:
    """Both in columns with the difference; what one of them does not tell stays blank."""
    lines = [f"{'':<19}{'first':>12}{'second':>12}{'difference':>14}"]
    for quantity in QUANTITIES:
        one, two = quantity.of(first), quantity.of(second)
        if one is None and two is None:
            continue
        difference = "" if one is None or two is None else f"{two - one:+.{quantity.decimals}f} {quantity.unit}"
        lines.append(f"{quantity.title:<19}{_shown(one, quantity):>12}{_shown(two, quantity):>12}{difference:>14}")
    return "\n".join(lines)


def in_words(first: Session, second: Session) -> str:
    """What the second session did otherwise than the first, one sentence a difference."""
    told = []
    if result_word(first) != result_word(second):
        told.append(f"The first ended {result_word(first)}, the second {result_word(second)}.")
    for name, unit in (("target_v", "V"), ("end_current_a", "A")):
        one, two = first.plan.get(name), second.plan.get(name)
        if isinstance(one, int | float) and isinstance(two, int | float) and one != two:
            what = "target" if name == "target_v" else "end current asked for"
            told.append(f"The {what} was {one:g} {unit} in the first, {two:g} {unit} in the second.")
    if first.arrangement != second.arrangement:
        told.append(f"The first charged {first.arrangement}, the second {second.arrangement}.")
    for quantity in QUANTITIES:
        one, two = quantity.of(first), quantity.of(second)
        if one is not None and two is not None and abs(two - one) >= quantity.least:
            told.append(quantity.words(two - one))
    return ("The second against the first: " + " ".join(told)) if told else "Nothing that was measured differs between the two."


def cells_words(first: Session, second: Session) -> str:
    """How far each cell that was in both stands otherwise at the end; "" where none was."""
    both = [cell.label for cell in first.cells if cell.label in first.end_v and cell.label in second.end_v]
    if not both:
        return ""
    lines = [f"{'cell':<8}{'first end':>12}{'second end':>12}"]
    for label in both:
        one, two = first.end_v[label], second.end_v[label]
        lines.append(f"{label:<8}{one:>10.3f} V{two:>10.3f} V{(two - one) * 1000:>+8.0f} mV")
    return "\n".join(lines)


def _shown(value: float | None, quantity: Quantity) -> str:
    return DASH if value is None else f"{value:.{quantity.decimals}f} {quantity.unit}"
