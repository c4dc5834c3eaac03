"""Why a field or a figure of Setup: the reasons that `?` turns through, and the help of a choice with its numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.domain.plan import Plan

if TYPE_CHECKING:
    from tui.domain.reasons import Reason


def reasons_of(reason_id: str, figure_ids: Sequence[str], plan: Plan) -> list[Reason]:
    """Why this figure, then the other figures in their order; why a choice that is no figure, alone. The end rule shows every way to end."""
    from tui.domain.reasons import why

    at = figure_ids.index(reason_id) if reason_id in figure_ids else None
    asked = [reason_id] if at is None else [*figure_ids[at:], *figure_ids[:at]]
    found = [why(name, plan, {}) for name in asked]
    if reason_id == "end-rule":
        from tui.panes.advice_text import safely, when_to_stop

        return [replace(found[0], consequence=f"{found[0].consequence}\n\n{safely(when_to_stop, plan).plain}")]
    return found


def end_help(plan: Plan | None, otherwise: str) -> str:
    """The chosen end rule in A and in C of the bank."""
    from tui.domain.end_choices import choices
    from tui.panes.advice_text import c_rate

    if plan is not None:
        with contextlib.suppress(ValueError):
            chosen = next(choice for choice in choices(plan) if choice.id == plan.end_rule)
            return f"Ends at {chosen.end_a:.2f} A, {c_rate(chosen.end_c)} of the bank. ← → choose, ? tells what each means."
    return otherwise
