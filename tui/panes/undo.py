"""What was done to the inventory on its screen, so that one key takes the last of it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.trash import Trash


@dataclass(frozen=True, slots=True)
class Act:
    """`words` name it. Cells `added` by their ids, entries by the ids of their cells, and the id in the trash of a cell that was deleted."""

    words: str
    added: tuple[str, ...] = ()
    entries: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    trash_id: str = ""

    @property
    def key_words(self) -> str:
        return "bring back" if self.trash_id else "undo"

    def undo(self, home: Home) -> tuple[str, str]:
        """What to say, and the label to go to. Raises StoreError, NotInTrash, ValueError."""
        if self.trash_id:
            one = Trash(home).restore(self.trash_id)
            return f"{one.name} is back.", one.name
        Inventory(home).undo(self.added, self.entries)
        where = " New cells are in the trash." if self.added else " It stays in the log, marked as taken back."
        return f"Taken back: {self.words}.{where}", ""
