"""Banks: named groups of cells with the plan they were last balanced by, so that Setup is filled in beforehand, and the answers given
to the questions whether to balance at all."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tinydb import where

from tui.domain.plain_text import plain_text
from tui.records.cell import natural_key
from tui.records.places import Home
from tui.records.store import transaction
from tui.records.trash_table import take_out, throw_away


@dataclass(frozen=True, slots=True)
class Bank:
    """`cells` are inventory ids in their place order; `plan` is `domain.plan.Plan` as a JSON object, {} when none was made yet."""

    id: str
    name: str
    cells: tuple[str, ...]
    plan: Mapping[str, Any]
    used_unix_s: float
    advice: Mapping[str, Any] = field(default_factory=dict)  # answers of domain.should_balance, {} when none were given


class Banks:
    """The banks of a home; they lie beside the cells. All methods raise StoreError when the file cannot be used."""

    def __init__(self, home: Home) -> None:
        self.path = home.inventory

    def save(
        self,
        name: str,
        cells: Iterable[str],
        plan: Mapping[str, Any] | None = None,
        *,
        advice: Mapping[str, Any] | None = None,
        unix_s: float | None = None,
    ) -> Bank:
        """Make the bank of this name, or change it; a plan or advice that is not given stays. Raises ValueError for an empty name."""
        name = plain_text(" ".join(name.split()))
        if not name:
            raise ValueError("a bank needs a name")
        with transaction(self.path) as store:
            table = store.table("banks")
            found = table.search(where("name") == name)
            earlier = _bank(found[0]) if found else None
            bank = Bank(
                id=earlier.id if earlier else f"b-{secrets.token_hex(5)}",
                name=name,
                cells=tuple(cells),
                plan=dict(plan) if plan is not None else earlier.plan if earlier else {},
                used_unix_s=time.time() if unix_s is None else unix_s,
                advice=dict(advice) if advice is not None else earlier.advice if earlier else {},
            )
            table.upsert({**asdict(bank), "cells": [*bank.cells]}, where("name") == name)
        return bank

    def get(self, name: str) -> Bank | None:
        return next((bank for bank in self.list() if bank.name == name), None)

    def last(self) -> Bank | None:
        """The bank used last."""
        return max(self.list(), key=lambda bank: bank.used_unix_s, default=None)

    def delete(self, name: str) -> str:
        """Put the bank into the trash, and give its id there; its cells stay. A name that is not there is no error: "" then."""
        with transaction(self.path) as store:
            found = store.table("banks").search(where("name") == name)
            store.table("banks").remove(where("name") == name)
            return throw_away(store, "bank", name, found[0]) if found else ""

    def bring_back(self, trash_id: str, *, name: str = "") -> Bank:
        """Take a bank out of the trash, under another `name` where its own is taken. Raises NotInTrash, and ValueError for a name in use."""
        with transaction(self.path) as store:
            record = dict(take_out(store, "bank", trash_id))
            record["name"] = plain_text(" ".join(name.split())) or record["name"]
            if store.table("banks").contains(where("name") == record["name"]):
                raise ValueError(f"there is a bank called {record['name']} already; give this one another name")
            store.table("banks").insert(record)
        return _bank(record)

    def list(self) -> list[Bank]:
        """All banks by name."""
        with transaction(self.path) as store:
            banks = [_bank(record) for record in store.table("banks")]
        return sorted(banks, key=lambda bank: natural_key(bank.name))


def _bank(record: Mapping[str, Any]) -> Bank:
    return Bank(record["id"], record["name"], tuple(record["cells"]), record["plan"], record["used_unix_s"], record.get("advice", {}))
