"""The trash of one document: what was deleted lies in a table beside the others, put there by the same transaction that removed it."""

from __future__ import annotations

import getpass
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tinydb import where

from tui.records.store import Store

Kind = Literal["cell", "bank", "session"]
TABLE = "trash"


class NotInTrash(LookupError):
    """The trash holds nothing of this id (any more)."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """One thing in the trash: what it was called, when it was deleted and by which user, and its record as it was."""

    id: str
    kind: Kind
    name: str
    unix_s: float
    by: str
    record: Mapping[str, Any]


def throw_away(store: Store, kind: Kind, name: str, record: Mapping[str, Any]) -> str:
    """Keep a record that was removed, within the same transaction; gives its id in the trash."""
    trash_id = f"t-{secrets.token_hex(4)}"
    row = {"id": trash_id, "kind": kind, "name": name, "unix_s": time.time(), "by": user_name(), "record": dict(record)}
    store.table(TABLE).insert(row)
    return trash_id


def take_out(store: Store, kind: Kind, trash_id: str) -> Mapping[str, Any]:
    """Remove one thing from the trash and give its record. Raises NotInTrash."""
    table = store.table(TABLE)
    found = table.search((where("id") == trash_id) & (where("kind") == kind))
    if not found:
        raise NotInTrash(f"the trash holds no {kind} {trash_id}; `topbalance trash list` shows what it holds")
    table.remove(where("id") == trash_id)
    record: Mapping[str, Any] = found[0]["record"]
    return record


def thrown(store: Store) -> list[Thrown]:
    """What the trash of this document holds, oldest first."""
    return sorted((Thrown(**{name: row[name] for name in Thrown.__slots__}) for row in store.table(TABLE)), key=lambda one: one.unix_s)


def user_name() -> str:
    """Who does this, as the system knows the user; "unknown" where it does not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
