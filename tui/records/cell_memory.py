"""What was made of the inventory's records the last time: cells, the words they are found by, and their orders.

A record that is the same gives the same cell, so after an edit one of ten thousand is made anew; while the file is the same, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.records.cell import Cell, natural_key
from tui.records.document import Document
from tui.records.memory import Memory

Record = Mapping[str, Any]

BY_LABEL = ("label", False)  # the name of the order that is always there


@dataclass(frozen=True, slots=True)
class Known:
    """One record and what was made of it."""

    record: Record
    cell: Cell
    words: str  # in which a filter's words are looked for
    label_order: list[tuple[int, int, str]]


@dataclass(slots=True)
class _Kept:
    by_id: dict[str, Known]  # by label
    by_label: list[Known]
    orders: dict[object, list[Known]]


class CellMemory:
    """`make` turns a record into a cell, `words` a cell into what it is found by."""

    def __init__(self, make: Callable[[Record], Cell], words: Callable[[Cell], str]) -> None:
        self._make, self._words = make, words
        self._memory: Memory[_Kept] = Memory(self._made)

    def _known(self, record: Record) -> Known:
        cell = self._make(record)
        return Known(record, cell, self._words(cell), natural_key(cell.label))

    def _made(self, document: Document, before: _Kept | None) -> _Kept:
        old = before.by_id if before is not None else {}
        by_id: dict[str, Known] = {}
        for record in document.tables.get("cells", {}).values():
            known = old.get(record["id"])
            by_id[record["id"]] = known if known is not None and known.record is record else self._known(record)
        in_order = [identity for identity in old if identity in by_id]  # nearly sorted, which costs a tenth of sorting
        in_order += [identity for identity in by_id if identity not in old]
        by_label = sorted((by_id[identity] for identity in in_order), key=_by_label)
        return _Kept({known.cell.id: known for known in by_label}, by_label, {BY_LABEL: by_label})

    def ordered(self, path: Path, document: Document | None, records: Iterable[Record], order: object, sort: Sort) -> list[Known]:
        """All cells, sorted by `sort`, which is named by `order` (`BY_LABEL` needs none). `records` are read where there is no whole `document`."""
        if document is None:
            return sort(sorted(map(self._known, records), key=_by_label))
        kept = self._memory.of(path, document)
        found = kept.orders.get(order)
        if found is None:
            found = kept.orders[order] = sort(kept.by_label)
        return found

    def last(self, path: Path) -> list[Known]:
        """The cells of the last reading by label, without a look at the file."""
        kept = self._memory.last(path)
        return kept.by_label if kept is not None else []


Sort = Callable[[list[Known]], list[Known]]


def _by_label(known: Known) -> list[tuple[int, int, str]]:
    return known.label_order
