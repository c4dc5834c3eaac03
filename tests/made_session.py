"""A session written line by line, for tests of what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.domain.domain_plans import plan
from tui.domain.plan import Plan
from tui.records.journal import Journal
from tui.records.places import Home
from tui.records.sessions import Session, Sessions

START_S = 1_760_000_000.0


class Made:
    """A session of `made`; `reading` and `line` add to its journal, `end` closes both."""

    def __init__(self, place: Home, made: Plan | None = None, **start: Any) -> None:
        self.plan = made or plan(4)
        self.store = Sessions(place)
        self.session = self.store.create(self.plan, started_unix_s=START_S, before_v={cell.label: 3.30 for cell in self.plan.cells})
        self.path = self.store.journal_path(self.session.id)
        self.journal = Journal(self.path, create=True)
        self.time_s = 0.0
        self.line(
            "session_start", data={"plan": self.plan.to_json(), "supply": {"model": "RD6012", "serial": "77", "firmware": "1.4"}, **start}
        )

    def line(self, kind: str, *, after_s: float = 0.0, **fields: Any) -> None:
        self.time_s += after_s
        self.journal.append(kind, test_time_s=self.time_s, unix_time_s=START_S + self.time_s, **fields)

    def reading(self, *, after_s: float = 1.0, **changes: Any) -> None:
        row = {
            "cells_v": 3.4,
            "cells_trust": "measured",
            "supply_v": 3.6,
            "supply_trust": "measured",
            "current_a": 10.0,
            "set_voltage_v": 3.65,
            "set_current_a": 10.0,
            "mode": "CC",
            "output": True,
            "charge_ah": round(self.time_s / 360, 6),
            "energy_wh": round(self.time_s / 106, 6),
        }
        self.line("reading", after_s=after_s, **{**row, **changes})

    def end(self, result: str = "balanced", **values: Any) -> Session:
        fields: Mapping[str, Any] = {"end_reason": "end rule", "duration_s": self.time_s, "charge_ah": 8.0, "end_current_a": 0.05, **values}
        self.line("session_end", result=result, state="ended", **fields)
        head = self.journal.head_hash
        self.journal.close()
        self.session = self.store.finish(
            self.session.id, result=result, ended_unix_s=START_S + self.time_s, resting=result == "balanced", journal_head=head, **fields
        )
        return self.session
