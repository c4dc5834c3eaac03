"""The conditions of a procedure's file: words that hold or not for a plan and a part of it."""

from __future__ import annotations

from collections.abc import Iterable

from tui.domain import calculations
from tui.domain.meter_place import meter_place, sees_cells
from tui.domain.plan import Plan

WORDS = ("by hand", "interface", "metered", "cells metered", "many", "knob current", "soak", "assembled", "first", "last")


def words_of(session: Plan, part: Plan, *, first: bool = True, last: bool = True) -> frozenset[str]:
    """The words that hold. `first` and `last` tell the place among the parts that one `each` makes."""
    by_hand = session.supply.by_hand
    held = {
        "by hand": by_hand,
        "interface": not by_hand,
        "metered": sees_cells(part, session.meter),
        "cells metered": meter_place(session.meter).point == "cells",
        "many": len(part.cells) > 1,
        "knob current": by_hand and calculations.set_points(part)[1] < session.supply.max_current_a - 1e-9,
        "soak": session.soak_s > 0,
        "assembled": session.assembled,
        "first": first,
        "last": last,
    }
    return frozenset(word for word, holds in held.items() if holds)


def hold(when: Iterable[str], words: frozenset[str]) -> bool:
    """Whether every condition holds."""
    return all((word[4:] not in words) if word.startswith("not ") else word in words for word in when)


_IMPLIES = {"interface": "not by hand", "not interface": "by hand", "knob current": "by hand", "cells metered": "metered"}


def exclude(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two conditions can never hold together, by what is written."""
    others = _with_implied(other)
    return any((word[4:] if word.startswith("not ") else f"not {word}") in others for word in _with_implied(one))


def _with_implied(words: Iterable[str]) -> set[str]:
    """The words and what follows from them."""
    found = set(words)
    return found | {_IMPLIES[word] for word in found if word in _IMPLIES}
