"""What was planned, read back from a record: by an older or a newer version too, as far as this one understands it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict

from tui.domain.limits import Limits
from tui.domain.plan import Plan


def plan_of(document: object) -> Plan | None:
    """A plan as it was written down; None where this version does not understand it."""
    try:
        return Plan.from_json(dict(document)) if isinstance(document, Mapping) else None
    except (TypeError, KeyError, ValueError):
        return None


def limits_of(plan: Plan | None) -> tuple[dict[str, float], list[str]]:
    """The limits that were in force, and the names of those that differ from the usual."""
    usual = limits = Limits()
    if plan is not None:
        with contextlib.suppress(ValueError):
            limits = limits.tightened(plan.limits)
        with contextlib.suppress(ValueError):
            limits = limits.attended(plan.attention)
    values, before = asdict(limits), asdict(usual)
    return values, [name for name, value in values.items() if value != before[name]]
