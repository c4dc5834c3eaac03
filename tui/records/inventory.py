"""The inventory of cells: one record a cell, for life."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from tinydb import where
from tinydb.queries import QueryLike
from tinydb.table import Document, Table

from tui.domain.labels import next_free
from tui.records.cell import (
    LOG_KINDS,
    STATES,
    Cell,
    DuplicateCode,
    DuplicateLabel,
    InvalidCell,
    State,
    checked,
    code_key,
    grown,
    label_key,
    natural_key,
)
from tui.records.cell_csv import cells_to_csv
from tui.records.cell_memory import CellMemory, Known
from tui.records.places import Home
from tui.records.store import Store, transaction
from tui.records.trash_table import take_out, throw_away

Cells = list[Cell]
Ids = list[str]

_NAMES = frozenset(field.name for field in fields(Cell))


DERIVED = ("state", "last_voltage_v", "known_capacity_ah", "known_resistance_mohm")
"""What follows from the log and can be sorted by."""


class CellGone(LookupError):
    """No cell of the inventory has this id or label (any more)."""


class Inventory:
    """Everything about cells that is on disk. `problem` is "" or, after any call, why the records are open for reading only.

    Every method reads fresh data under the lock. Besides the errors named there, all raise StoreError when the file cannot be used.
    """

    def __init__(self, home: Home) -> None:
        self.path = home.inventory
        self.problem = ""

    def add(self, *, label: str, **values: Any) -> Cell:
        """A new cell. Raises DuplicateLabel or InvalidCell."""
        return self.add_many([{"label": label, **values}])[0]

    def add_many(self, cells: Iterable[Mapping[str, Any]]) -> Cells:
        """Several new cells, all of them or none; each may bring a `log`. Raises DuplicateLabel, DuplicateCode or InvalidCell."""
        return self.enter(cells)

    def enter(self, cells: Iterable[Mapping[str, Any]], entries: Mapping[str, Iterable[Mapping[str, Any]]] | None = None) -> Cells:
        """New cells, and entries into the logs of others by their ids, as one act: all of it is kept, or nothing.

        Raises CellGone, DuplicateLabel, DuplicateCode or InvalidCell.
        """
        with transaction(self.path) as store:
            table = self._table(store)
            added = self._add(table, cells)
            if self._add_entries(table, entries or {})[1]:
                raise CellGone("a cell was deleted from the inventory meanwhile. Nothing was saved; look at the list, then save again")
        return added

    def add_scanned(self, code: str, label: str, **values: Any) -> tuple[Cell, bool]:
        """The cell with this code and False, or a new one and True, labelled `label` or the next free one counting up from it.

        Raises InvalidCell.
        """
        with transaction(self.path) as store:
            table = self._table(store)
            key = code_key(checked({"code": code})["code"])
            for record in table:
                if record.get("code") and code_key(record["code"]) == key:
                    return _cell(record), False
            free = next_free(label, {label_key(record["label"]) for record in table})
            return self._add(table, [{"code": code, "label": free, **values}])[0], True

    def _add(self, table: Table, cells: Iterable[Mapping[str, Any]]) -> Cells:
        taken = {label_key(record["label"]) for record in table}
        codes = _codes(table)
        added = []
        for values in cells:
            properties = checked({name: value for name, value in values.items() if name != "log"})
            if "label" not in properties:
                raise InvalidCell("label", "a cell needs a label: what is written on it")
            key = label_key(properties["label"])
            if key in taken:
                raise DuplicateLabel(properties["label"])
            taken.add(key)
            _claim(codes, properties)
            log = [entry(**item) for item in values.get("log", ())] or [entry("received")]
            added.append(Cell(id=f"c-{secrets.token_hex(5)}", log=tuple(log), **properties))
        table.insert_multiple(_record(cell) for cell in added)
        return added

    def edit(self, cell_id: str, *, state: State | None = None, **values: Any) -> Cell:
        """Change properties; the old values go into the log. `state` is the operator's word on the cell, kept in the same act.

        Raises CellGone, DuplicateLabel, DuplicateCode or InvalidCell.
        """
        properties = checked(values)
        with transaction(self.path) as store:
            table = self._table(store)
            record = _one(table, cell_id)
            cell = _cell(record)
            if properties.get("code") == cell.code == properties.get("code_raw"):
                properties.pop("code_raw", None)  # a form that shows the code sends it along; the scan stays as it came
            if label_key(properties.get("label", cell.label)) != label_key(cell.label):
                key = label_key(properties["label"])
                if any(label_key(record["label"]) == key and record["id"] != cell_id for record in table):
                    raise DuplicateLabel(properties["label"])
            if properties.get("code") and properties["code"] != cell.code:
                _claim(_codes(table, but=cell_id), {"label": cell.label, **properties})
            changed = changes_of(cell, properties)
            new = [entry("edit", changed=changed)] if changed else []
            if state is not None:
                new.append(entry("state", state=state, reason="by hand"))
            if new:
                cell = replace(cell, log=(*cell.log, *new), **properties)
                table.update(_record(cell), doc_ids=[record.doc_id])  # the number is good for this transaction
        return cell

    def delete(self, cell_id: str) -> str:
        """Put a cell with its log into the trash, and give its id there; sessions keep its label and volts. Raises CellGone."""
        with transaction(self.path) as store:
            table = self._table(store)
            record = _one(table, cell_id)
            table.remove(where("id") == cell_id)
            return throw_away(store, "cell", record["label"], record)

    def bring_back(self, trash_id: str, *, label: str = "") -> Cell:
        """Take a cell out of the trash, under another `label` where its own is taken.

        Raises NotInTrash, DuplicateLabel, DuplicateCode, and InvalidCell for a cell that a list brought in again meanwhile.
        """
        with transaction(self.path) as store:
            table = self._table(store)
            record = take_out(store, "cell", trash_id)
            cell = _cell(record)
            here = next((other["label"] for other in table if other["id"] == cell.id), None)
            if here is not None:
                raise InvalidCell(
                    "label", f"this very cell is in the inventory already, as {here}: a list brought it in again. Delete that one first"
                )
            if label:
                properties = checked({"label": label})
                cell = replace(cell, log=(*cell.log, entry("edit", changed=changes_of(cell, properties))), **properties)
            if any(label_key(other["label"]) == label_key(cell.label) for other in table):
                raise DuplicateLabel(cell.label)
            if cell.code:
                _claim(_codes(table), {"label": cell.label, "code": cell.code})
            table.insert({**record, **_record(cell)})
        return cell

    def get(self, cell_id: str) -> Cell:
        """Raises CellGone."""
        with transaction(self.path) as store:
            return _cell(_one(self._table(store), cell_id))

    def by_label(self, label: str) -> Cell | None:
        key = label_key(label)
        return next((cell for cell in self.list() if label_key(cell.label) == key), None)

    def list(self, filter: str = "", sort: str = "label", *, descending: bool = False) -> Cells:  # noqa: A002
        """Cells that show every word of `filter` in some property or in their state, sorted by a property or by one of `DERIVED`.

        Unknown values stand last in either direction. Raises ValueError for a `sort` that no cell has.
        """
        if sort not in _NAMES - {"log"} and sort not in DERIVED:
            raise ValueError(f"cells cannot be sorted by {sort}")

        def ordered(cells: list[Known]) -> list[Known]:
            values = [(getattr(known.cell, sort), known) for known in cells]
            there = [(value, known) for value, known in values if value not in ("", None)]
            there.sort(key=lambda pair: _sort_key(pair[0]), reverse=descending)
            return [known for _, known in there] + [known for value, known in values if value in ("", None)]

        with transaction(self.path) as store:
            found = _MEMORY.ordered(self.path, store.document, self._table(store), (sort, descending), ordered)
        words = filter.casefold().split()
        return [known.cell for known in found if all(word in known.words for word in words)]

    def remembered(self) -> Cells:
        """All cells by label as this process read them last, without a look at the disk; none where it has not yet.

        For a screen that is to stand at once, and reads the inventory right after.
        """
        return [known.cell for known in _MEMORY.last(self.path)]

    def log(self, cell_id: str, kind: str, *, unix_s: float | None = None, **data: Any) -> Cell:
        """Add one entry to a cell's log ("voltage" with voltage_v=…, "visual" with ok=…, "move" with pack=…, "note" with text=…).

        Raises CellGone, or InvalidCell for a kind that the log does not know.
        """
        cells, _ = self.log_many({cell_id: [entry(kind, unix_s=unix_s, **data)]})
        if not cells:
            raise CellGone(f"no cell with the id {cell_id} is in the inventory; it may have been deleted meanwhile")
        return cells[0]

    def take_back(self, cell_id: str, items: Iterable[Mapping[str, Any]]) -> Cell:
        """Say of entries of a cell that they were mistaken; they stay in its log and count no longer. Raises CellGone."""
        self.undo((), {cell_id: items})
        return self.get(cell_id)

    def undo(self, added: Iterable[str], entries: Mapping[str, Iterable[Mapping[str, Any]]]) -> int:
        """Undo what was kept, as one act: cells that were added go into the trash, with whatever came to them since; entries are taken back.

        Taking an edit back puts the old values in where nothing else has changed them since. Gives how many cells and entries that was;
        what is gone already is left out.
        """
        done = 0
        with transaction(self.path) as store:
            table = self._table(store)
            for cell_id in added:
                record = table.get(where("id") == cell_id)
                if record is not None and not isinstance(record, list):
                    table.remove(where("id") == cell_id)
                    throw_away(store, "cell", record["label"], record)
                    done += 1
            cells = [_cell(record) for record in table]
            there = {cell.id: cell.entries for cell in cells if cell.id in entries}
            back = {key: [entry("withdrawn", of=dict(item)) for item in entries[key] if dict(item) in there[key]] for key in there}
            for cell_id, items in back.items():
                edits = [item["of"]["changed"] for item in reversed(items) if item["of"]["kind"] == "edit"]
                if edits:
                    self._put_back(table, cells, cell_id, edits)
            self._add_entries(table, back)
            return done + sum(map(len, back.values()))

    def _put_back(self, table: Table, cells: Cells, cell_id: str, edits: Iterable[Mapping[str, Any]]) -> None:
        """The values from before these edits, but no label and no code that another cell has by now."""
        cell = next(cell for cell in cells if cell.id == cell_id)
        others = [other for other in cells if other.id != cell_id]
        taken = {("label", label_key(other.label)) for other in others} | {("code", code_key(other.code)) for other in others if other.code}
        key_of: Mapping[str, Callable[[str], str]] = {"label": label_key, "code": code_key}
        for name, (old, new) in ((name, values) for changed in edits for name, values in changed.items()):
            judged = "code" if name == "code_raw" else name  # what was scanned goes with its code
            if judged in key_of and (judged, key_of[judged](old)) in taken:
                continue
            if name in _NAMES and getattr(cell, name) == new:
                cell = replace(cell, **{name: old})
            elif name not in _NAMES and cell.extra.get(name, "") == new:
                extra = {**cell.extra, name: old}
                cell = replace(cell, extra={key: text for key, text in extra.items() if text})
        table.update(_record(cell), where("id") == cell_id)

    def set_state(self, cell_id: str, state: State, reason: str = "") -> Cell:
        """The operator's word on a cell ("suspect", "scrapped", "stock" …), kept as a log entry. Raises CellGone or InvalidCell."""
        return self.log(cell_id, "state", state=state, reason=reason)

    def log_many(self, entries: Mapping[str, Iterable[Mapping[str, Any]]]) -> tuple[Cells, Ids]:
        """Add entries to many cells as one act. Entries that stand there already are left out.

        Returns the cells that are there, and the ids that are gone.
        """
        with transaction(self.path) as store:
            return self._add_entries(self._table(store), entries)

    def _add_entries(self, table: Table, entries: Mapping[str, Iterable[Mapping[str, Any]]]) -> tuple[Cells, Ids]:
        changed, gone = [], []
        for cell_id, items in entries.items():
            record = table.get(_is(cell_id))
            if record is None or isinstance(record, list):
                gone.append(cell_id)
                continue
            cell = _cell(record)
            new = [dict(item) for item in items if dict(item) not in cell.log]
            if new:
                cell = replace(cell, log=grown(cell.log, new, time.time()))
                table.update({"log": list(cell.log)}, doc_ids=[record.doc_id])
            changed.append(cell)
        return changed, gone

    def put_many(self, change: Callable[[Cells], Iterable[Cell]]) -> Cells:
        """Let `change` see all cells as they are now and give those that are new or changed, by their ids; kept as one act.

        `change` has judged labels and codes, and written the logs; what it raises leaves the inventory as it was.
        """
        with transaction(self.path) as store:
            table = self._table(store)
            put = list(change([_cell(record) for record in table]))
            known = {record["id"] for record in table}
            changed = {cell.id: _record(cell) for cell in put if cell.id in known}
            if changed:  # in one pass: an update for each would write the whole table as often
                table.update(lambda record: record.update(changed.get(record["id"], {})))
            table.insert_multiple(_record(cell) for cell in put if cell.id not in known)
        return put

    def import_csv(self, source: Path | str) -> Cells:
        """Add the cells of a CSV or TSV file (a path, or the text itself), all of them or none. Raises CsvError naming line and column.

        See `cell_import` for a dry run, for columns mapped by hand, and for cells that are here already.
        """
        from tui.records.cell_import import import_list

        return import_list(self, source)

    def export_csv(self) -> str:
        """All cells with their logs as CSV that `import_csv` reads back."""
        return cells_to_csv(self.list())

    def _table(self, store: Store) -> Table:
        self.problem = store.problem
        return store.table("cells")


def entry(kind: str, *, unix_s: float | None = None, **data: Any) -> dict[str, Any]:
    """One entry of a cell's log, stamped now unless told otherwise. Raises InvalidCell for an unknown kind or state."""
    if kind not in LOG_KINDS:
        raise InvalidCell("log", f"the log of a cell knows no entry of the kind {kind!r}")
    if kind == "state" and data.get("state") not in STATES:
        raise InvalidCell("state", f"{data.get('state')!r} is no state of a cell; the states are {', '.join(STATES)}")
    return {"kind": kind, "unix_s": time.time() if unix_s is None else unix_s, **data}


def changes_of(cell: Cell, properties: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the log says of an edit: name → value before and now. Extra properties stand under their own names."""
    changed = {name: [getattr(cell, name), value] for name, value in properties.items() if getattr(cell, name) != value}
    if "extra" in changed:
        before, now = changed.pop("extra")
        for name in sorted(before.keys() | now.keys()):
            if before.get(name) != now.get(name):
                changed[name] = [before.get(name, ""), now.get(name, "")]
    return changed


def _codes(table: Table, but: str = "") -> dict[str, str]:
    """The labels of the cells that have a code, by what codes are compared by."""
    return {code_key(record["code"]): record["label"] for record in table if record.get("code") and record["id"] != but}


def _claim(codes: dict[str, str], properties: Mapping[str, Any]) -> None:
    """Note the code of one more cell. Raises DuplicateCode."""
    code = properties.get("code", "")
    if not code:
        return
    label = codes.setdefault(code_key(code), properties["label"])
    if label != properties["label"]:
        raise DuplicateCode(code, label)


def _is(cell_id: str) -> QueryLike:
    """A query by id. One of `where` takes several times as long, for each of ten thousand."""
    return lambda record: bool(record["id"] == cell_id)


def _one(table: Table, cell_id: str) -> Document:
    record = table.get(_is(cell_id))
    if record is None or isinstance(record, list):
        raise CellGone(f"no cell with the id {cell_id} is in the inventory; it may have been deleted meanwhile")
    return record


def _cell(record: Mapping[str, Any]) -> Cell:
    """Fields that this version does not know are left out of the object, never of the file: updates write only what they change."""
    known = {name: value for name, value in record.items() if name in _NAMES}
    return Cell(**{**known, "log": tuple(known.get("log", ()))})


def _record(cell: Cell) -> dict[str, Any]:
    return {**asdict(cell), "log": list(cell.log)}


def _searchable(cell: Cell) -> str:
    values = (cell.label, cell.code, cell.maker, cell.model, cell.supplier, cell.order_no, cell.notes, cell.state, cell.received_date)
    capacity = "" if cell.capacity_ah is None else f"{cell.capacity_ah:g}Ah"
    return "\n".join((*values, *cell.extra.values(), capacity)).casefold()


_MEMORY = CellMemory(_cell, _searchable)


def _sort_key(value: Any) -> Any:
    return natural_key(value) if isinstance(value, str) else value
