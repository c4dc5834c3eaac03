"""What the tables of a session are about: the bank in parallel, a string in series, or one cell; and which is on the leads when."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tui.domain import calculations
from tui.domain.plan import Plan
from tui.records.planned import plan_of
from tui.records.sessions import Session

Kind = Literal["bank", "string", "cell"]


@dataclass(frozen=True, slots=True)
class TestObject:
    """The one object of a time series. Its volts are those of one cell or of cells in parallel; of a string, those of the whole string."""

    __test__ = False  # no test, whatever the name suggests to a test runner

    name: str
    kind: Kind
    cells: tuple[str, ...]
    arrangement: str

    @property
    def one_by_one(self) -> bool:
        """Whether the string has one cell at each place, so that its cells' volts sum up to its own."""
        return self.arrangement == f"{len(self.cells)}S"


def object_of(session: Session, plan: Plan) -> TestObject:
    """The object of a part's plan (or of the whole plan), named after the session's bank."""
    labels = tuple(cell.label for cell in plan.cells)
    try:
        wiring = calculations.wiring(plan)
        series, arrangement = wiring.series, str(wiring)
    except ValueError:  # a plan that another version understands
        series, arrangement = 1, plan.arrangement
    if len(labels) == 1:
        return TestObject(labels[0], "cell", labels, arrangement)
    some = "" if len(labels) == len(session.cells) else " " + "+".join(labels)
    if series > 1:
        return TestObject(f"{session.bank}{some} {arrangement}", "string", labels, arrangement)
    return TestObject(f"{session.bank}{some}", "bank", labels, arrangement)


def first_object(session: Session, start: Mapping[str, Any]) -> TestObject:
    """The object of a session's first part; `start` is the data of its first line. Journals of before 0.2 do not tell it: then by its steps."""
    from tui.domain.procedures import steps

    plan = plan_of(start.get("plan")) or plan_of(session.plan)
    part = plan_of((start.get("part") or {}).get("plan"))
    if part is None and plan is not None:
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError, ZeroDivisionError):
            first = steps(plan, str(start.get("own_procedure") or ""))[0].part
            part = None if first is None else first.plan
    part = part or plan
    if part is None:
        return TestObject(session.bank, "bank", tuple(cell.label for cell in session.cells), session.arrangement)
    return object_of(session, part)
