"""What was made of the inventory's records the last time: cells, the words they are found by, and their orders.

A record that is the same gives the same cell, so after an edit one of ten thousand is made anew; while the file is the same, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.records.cell import Cell, natural_key
from tui.records.document import Document

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """One record and what was made of it."""

    record: Record
    cell: Cell
    words: str  # in which a filter's words are looked for
    label_order: list[tuple[int, int, str]]


@dataclass(slots=True)
class _Kept:
    document: Document
    by_id: dict[str, Known]
    orders: dict[object, list[Known]] = field(default_factory=dict)


_kept: dict[Path, _Kept] = {}


class CellMemory:
    """`make` turns a record into a cell, `words` a cell into what it is found by."""

    def __init__(self, make: Callable[[Record], Cell], words: Callable[[Cell], str]) -> None:
        self._make, self._words = make, words

    def _known(self, record: Record) -> Known:
        cell = self._make(record)
        return Known(record, cell, self._words(cell), natural_key(cell.label))

    def ordered(self, path: Path, document: Document | None, records: Iterable[Record], order: object, sort: Sort) -> list[Known]:
        """All cells, sorted by `sort`, which is named by `order`. `records` are read where there is no whole `document`."""
        if document is None:
            return sort(sorted(map(self._known, records), key=_by_label))
        kept = _kept.get(path)
        if kept is None or kept.document is not document:
            before = kept.by_id if kept is not None else {}
            by_id = {}
            for record in document.tables.get("cells", {}).values():
                known = before.get(record["id"])
                by_id[record["id"]] = known if known is not None and known.record == record else self._known(record)
            kept = _kept[path] = _Kept(document, by_id)
            kept.orders["label"] = sorted(by_id.values(), key=_by_label)
        found = kept.orders.get(order)
        if found is None:
            found = kept.orders[order] = sort(kept.orders["label"])
        return found


Sort = Callable[[list[Known]], list[Known]]


def _by_label(known: Known) -> list[tuple[int, int, str]]:
    return known.label_order
