"""Instruments that were found or used before: what stands at which adapter, and which role it has. Kept beside the cells.

An instrument is known by its adapter (USB kind and serial number, or the socket that it is plugged into) together with its family and, where it
tells one, its own serial number. Its port's number may be another each time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tinydb import where

from tui.domain.plain_text import plain_text
from tui.records.places import Home
from tui.records.store import transaction

ROLES = ("supply", "meter", "bms")
TABLE = "instruments"


@dataclass(frozen=True, slots=True)
class KnownInstrument:
    """`role` is what it serves as on this bench, one instrument for each of ROLES, or "" for one that is only known. `adapter` is by what its
    port is found again (kind, serial, socket …), {} for a line without one. `address` is the one that opened it last.
    """

    id: str
    kind: str  # supply, meter, bms
    address: str
    model: str = ""
    serial: str = ""
    role: str = ""
    rating: str = ""  # of a supply, as Setup's field has it: "60V/12A"
    adapter: Mapping[str, str] = field(default_factory=dict)
    seen_unix_s: float = 0.0

    @property
    def family(self) -> str:
        return self.address.partition(":")[0]


def mark_of(address: str, serial: str, adapter: Mapping[str, str] | None) -> str:
    """By what an instrument is told from all others."""
    family, _, line = address.partition(":")
    if serial:
        return f"{family}#{serial}"
    if adapter and adapter.get("serial"):
        return f"{family}@{adapter['kind']}#{adapter['serial']}"
    if adapter:
        return f"{family}@{adapter.get('kind', '')}@{adapter.get('socket', '')}"
    return f"{family}@{line.partition('?')[0]}"


class KnownInstruments:
    """All methods raise StoreError when the file cannot be used."""

    def __init__(self, home: Home) -> None:
        self.path = home.inventory

    def list(self) -> list[KnownInstrument]:
        """Those seen last come first."""
        with transaction(self.path) as store:
            found = [_known(record) for record in store.table(TABLE)]
        return sorted(found, key=lambda one: -one.seen_unix_s)

    def serving(self, role: str) -> KnownInstrument | None:
        """The instrument of a role."""
        return next((one for one in self.list() if one.role == role), None)

    def seen(
        self,
        kind: str,
        address: str,
        *,
        model: str = "",
        serial: str = "",
        rating: str = "",
        adapter: Mapping[str, str] | None = None,
        role: str | None = None,
        unix_s: float | None = None,
    ) -> KnownInstrument:
        """Remember an instrument as it was found now. Its role stays unless one is given; a role is taken from whoever had it.

        Raises ValueError for a role that its kind cannot have.
        """
        if role and role != kind:
            raise ValueError(f"a {kind} cannot serve as {role}")
        mark = mark_of(address, serial, adapter)
        with transaction(self.path) as store:
            table = store.table(TABLE)
            rows = table.search(where("id") == mark)
            earlier = _known(rows[0]) if rows else None
            now = KnownInstrument(
                mark,
                kind,
                plain_text(address),
                plain_text(model),
                plain_text(serial),
                (earlier.role if earlier else "") if role is None else role,
                rating,
                dict(adapter or {}),
                time.time() if unix_s is None else unix_s,
            )
            if now.role:
                table.update({"role": ""}, where("role") == now.role)
            table.upsert(asdict(now), where("id") == mark)
        return now

    def give_role(self, mark: str, role: str) -> KnownInstrument:
        """Give a known instrument its role, or none. Raises KeyError for an unknown one, ValueError for a role that it cannot have."""
        with transaction(self.path) as store:
            table = store.table(TABLE)
            rows = table.search(where("id") == mark)
            if not rows:
                raise KeyError(mark)
            one = _known(rows[0])
            if role and role != one.kind:
                raise ValueError(f"a {one.kind} cannot serve as {role}")
            if role:
                table.update({"role": ""}, where("role") == role)
            table.update({"role": role}, where("id") == mark)
        return replace(one, role=role)

    def forget(self, mark: str) -> None:
        """One that is not there is no error."""
        with transaction(self.path) as store:
            store.table(TABLE).remove(where("id") == mark)


def _known(record: Mapping[str, Any]) -> KnownInstrument:
    return KnownInstrument(**{name: record[name] for name in KnownInstrument.__slots__ if name in record})
