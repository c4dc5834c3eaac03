"""How a person mapped the columns of cell lists: kept in the home's configuration, so that the next list of a supplier needs no mapping."""

from __future__ import annotations

from collections.abc import Iterable

from tinydb import where

from tui.records.cell_columns import TARGETS, Column, squeezed
from tui.records.places import Home
from tui.records.store import transaction

FILE = "columns.json"


class ColumnMaps:
    """Both methods raise StoreError when the file cannot be used."""

    def __init__(self, home: Home) -> None:
        self.path = home.config / FILE

    def all(self) -> dict[str, str]:
        """The target of each name of a column, as `cell_columns.columns_of` takes them."""
        with transaction(self.path) as store:
            records = [dict(record) for record in store.table("columns")]
        return {record["id"]: record["field"] for record in records if record.get("field") in TARGETS}

    def remember(self, columns: Iterable[Column]) -> None:
        """Keep what these columns were mapped to. Columns without a name are not remembered: the next one may be another."""
        with transaction(self.path) as store:
            table = store.table("columns")
            for column in columns:
                key = squeezed(column.name)
                if key:
                    table.upsert({"id": key, "name": column.name, "field": column.field}, where("id") == key)
