"""Everything that was deleted, wherever it came from: list it, bring it back, or let it go for good."""

from __future__ import annotations

import builtins
import time

from tinydb import where

from tui.records.banks import Banks
from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.session_files import place_files, remove_files
from tui.records.sessions import Sessions
from tui.records.store import transaction
from tui.records.trash_table import TABLE, NotInTrash, Thrown, thrown

__all__ = ["NotInTrash", "Thrown", "Trash"]


class Trash:
    """The trash of a home. All methods raise StoreError when a file cannot be used."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def list(self) -> list[Thrown]:
        """Deleted cells, banks and sessions, in the order in which they were deleted."""
        place_files(self.home)
        found = []
        for path in (self.home.inventory, self.home.sessions_db):
            with transaction(path) as store:
                found += thrown(store)
        return sorted(found, key=lambda one: one.unix_s)

    def restore(self, trash_id: str, *, name: str = "") -> Thrown:
        """Bring one thing back as it was, a cell or a bank under another `name` where its own is taken meanwhile.

        A cell is told what its sessions found while it was away. Raises NotInTrash, InvalidCell (DuplicateLabel, DuplicateCode), ValueError.
        """
        one = next((one for one in self.list() if one.id == trash_id), None)
        if one is None:
            raise NotInTrash(f"the trash holds nothing called {trash_id}; `topbalance trash list` shows what it holds")
        sessions = Sessions(self.home)
        if one.kind == "cell":
            cell = Inventory(self.home).bring_back(one.id, label=name)
            for session in sessions.list():
                if any(member.id == cell.id for member in session.cells):
                    sessions.write_cells(session.id)
        elif one.kind == "bank":
            Banks(self.home).bring_back(one.id, name=name)
        else:
            sessions.bring_back(one.id)
        return one

    def empty(self, *, older_than_s: float = 0.0) -> tuple[builtins.list[Thrown], int]:
        """Let go of what was deleted longer than so many seconds ago (0: of all); gives what it was, and the bytes of session files freed.

        Rows first, then the files that no row speaks of: a crash between leaves nothing behind that the next time does not take.
        """
        before_unix_s = time.time() - older_than_s
        gone = []
        for path in (self.home.inventory, self.home.sessions_db):
            with transaction(path) as store:
                old = [one for one in thrown(store) if not older_than_s or one.unix_s <= before_unix_s]
                if old:
                    store.table(TABLE).remove(where("id").one_of([one.id for one in old]))
                gone += old
        return gone, remove_files(self.home)
