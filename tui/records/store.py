"""The one way to the TinyDB documents: `transaction(path)`.

It holds an inter-process lock over read, change and write with fresh data. The file is replaced whole or not at all (write aside, fsync,
rename), and earlier generations stay beside it: `.1` is the state before the last change, `.2` and `.3` the ones before, and one
dated file a day the state before that day's first change. A file that cannot be parsed is never overwritten.

A file of an older version is brought to this one when it is opened (`MIGRATIONS`); before the first change it is kept as `<file>.schema-N`.
A file of a newer version is neither shown nor written.

Records carry text ids of their own in the field `id`; TinyDB's document numbers are never used.
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Table

from tui.records import document
from tui.records.document import Document, Tables
from tui.records.places import make_private, open_private, sync_folder

SCHEMA = 1
NUMBERED_GENERATIONS = 3
DATED_GENERATIONS = 7
LOCK_TIMEOUT_S = 10.0

MIGRATIONS: Mapping[int, Callable[[Tables], Tables]] = {}
"""How the tables of version N become those of version N + 1, for every version from the first to `SCHEMA` − 1."""


class StoreError(Exception):
    """The records cannot be opened or written; the text says what to do. Nothing was changed."""


class StoreBusy(StoreError):
    """Another process has held the lock too long."""


class StoreReadOnly(StoreError):
    """The file is damaged or cannot be written, and only an earlier generation or the old state is shown."""


class StoreTooNew(StoreError):
    """The file was written by a newer version of this program."""


class RecordTable(Table):
    """A table that leaves the records of the document as they are: those that an update is about to change become copies first.

    So ten thousand need no copy for one that changes, and what stayed the same object has not changed.
    """

    def update(
        self, fields: Mapping[str, Any] | Callable[[Any], None], cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None
    ) -> list[int]:
        if doc_ids is None:
            doc_ids = [record.doc_id for record in (self if cond is None else self.search(cond))]
        numbers = list(doc_ids)
        storage = self.storage
        assert isinstance(storage, WholeFileStorage)
        storage.copy(self.name, numbers)
        return super().update(fields, doc_ids=numbers)

    def update_multiple(self, updates: Iterable[tuple[Mapping[str, Any] | Callable[[Any], None], QueryLike]]) -> list[int]:
        return [number for fields, cond in updates for number in self.update(fields, cond)]


class Store(TinyDB):
    """A TinyDB database inside one transaction. `problem` is "" or tells why it is open for reading only."""

    table_class = RecordTable

    @property
    def problem(self) -> str:
        return self._whole.problem

    @property
    def document(self) -> Document | None:
        """The file as it lies on the disk, to look at and not to change; None where it cannot be read or is of an older version."""
        return self._whole.document

    @property
    def _whole(self) -> WholeFileStorage:
        storage = self.storage
        assert isinstance(storage, WholeFileStorage)
        return storage


@contextlib.contextmanager
def transaction(path: Path) -> Iterator[Store]:
    """Read, change and write `path` as one act: all of it is kept when the block ends, nothing when it raises.

    A missing file is an empty store. Writing to a store with a `problem` raises StoreReadOnly. Raises StoreTooNew, StoreBusy, StoreError,
    and ValueError for NaN, infinity or what JSON cannot hold; the file is then as it was. Blocks of one file do not
    nest: the inner one would wait for the outer.
    """
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=LOCK_TIMEOUT_S, mode=0o600)
    no_lock = ""
    try:
        make_private(path.parent)
        lock.acquire()
    except Timeout as error:
        raise StoreBusy(
            f"{path.name} has been in use by another topbalance for {LOCK_TIMEOUT_S:.0f} s. "
            "Nothing was changed; close the other one or try again."
        ) from error
    except OSError as error:  # a read-only disk: what is there can still be shown
        no_lock = f"{path.parent} cannot be written ({_reason(error)}), so {path.name} is open for reading only."
    try:
        with _uncollected():
            storage = WholeFileStorage(path, problem=no_lock)
            with Store(storage=lambda: storage) as store:
                yield store
            storage.commit()
    finally:
        lock.release()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No collection of garbage in the midst: going through ten thousand records for it takes longer than writing them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class WholeFileStorage(Storage):
    """Holds the document in memory during a transaction and puts it on the disk in one replacement."""

    def __init__(self, path: Path, *, problem: str = "") -> None:
        self.path = path
        self.problem = problem
        self._tables: Tables | None = None
        self._changed = False
        self._schema = SCHEMA  # of the file as it lies on the disk
        self.document: Document | None = None  # as it lies on the disk; None where it cannot be read or is of an older version
        try:
            self._schema, self._tables, self.document = _load(path)
        except FileNotFoundError:
            if generations(path):
                self._fall_back("is missing, although earlier generations of it are there")
        except _Damaged as damage:
            self._fall_back(f"cannot be read ({damage})")
        except OSError as error:
            raise StoreError(
                f"{path} cannot be opened: {_reason(error)}. Nothing was changed; see who owns the file and its disk."
            ) from error

    def read(self) -> Tables | None:
        if self._tables is None and self.document is not None:
            self._tables = self.document.opened()
        return self._tables

    def copy(self, table: str, numbers: Iterable[int]) -> None:
        """Put copies in the place of these records, where they are there."""
        records = (self.read() or {}).get(table, {})
        for number in map(str, numbers):
            if number in records:
                records[number] = dict(records[number])

    def write(self, data: Tables) -> None:
        if self.problem:
            raise StoreReadOnly(self.problem)
        self._tables = data
        self._changed = True

    def commit(self) -> None:
        """Replace the file if anything changed. Raises ValueError before the file is touched, StoreError when the disk refuses."""
        if not self._changed:
            return
        try:
            new = document.render(SCHEMA, self._tables or {}, self.document)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.path.name} was not changed: a record holds what cannot be stored: {error}") from error
        try:
            if self._schema < SCHEMA:
                _keep_older(self.path, self._schema)
            _replace(self.path, new.raw)
        except OSError as error:
            raise StoreError(
                f"{self.path} could not be written: {_reason(error)}. Nothing was changed; free some space and try again."
            ) from error
        self._changed, self._schema, self.document, self._tables = False, SCHEMA, new, None
        document.keep(self.path, new)

    def _fall_back(self, fault: str) -> None:
        for older in generations(self.path):
            with contextlib.suppress(_Damaged, OSError, StoreTooNew):
                _, tables, found = _load(older)
                self._tables = tables if found is None else found.opened()
                self.problem = (
                    f"{self.path} {fault}. It was left as it is. The newest good state, {older.name}, is shown for reading only. "
                    f"To go on from it: move {self.path.name} away and copy {older.name} to its name."
                )
                return
        self.problem = (
            f"{self.path} {fault}, and no earlier generation can be read either. It was left as it is, and nothing is written over it. "
            "Repair it or move it away; the next start then begins empty."
        )


def generations(path: Path) -> list[Path]:
    """The earlier generations of a file, newest state first.

    The numbered ones come first, by their numbers: they follow each other whatever the clock did, and the newest of them is never older
    than a dated one. Dates and times of files are believed only among the dated.
    """
    pattern = re.compile(re.escape(path.name) + r"\.(\d|\d{4}-\d\d-\d\d)")
    found = [file for file in path.parent.glob(f"{path.name}.*") if pattern.fullmatch(file.name)]
    numbered = sorted(file for file in found if file.name[-2] == ".")
    dated = [file for file in found if file not in numbered]
    return numbered + sorted(dated, key=lambda file: (-file.stat().st_mtime_ns, file.name))


class _Damaged(Exception):
    """The file is there and readable, but is not one of our documents."""


def _load(path: Path) -> tuple[int, Tables | None, Document | None]:
    """The version on the disk, the tables as this version has them, and instead of these the document where it is of this version."""
    try:
        found = document.load(path)
    except (ValueError, RecursionError) as error:
        raise _Damaged(str(error)) from error
    if found.schema == SCHEMA and document.is_kept(path, found):
        return SCHEMA, None, found
    schema = found.schema
    if isinstance(schema, int) and schema > SCHEMA:  # asked before all else: its tables may look like nothing known here
        raise StoreTooNew(
            f"{path} was written by a newer topbalance (records version {schema}; this one knows {SCHEMA}). "
            "It was left as it is: start the newer version."
        )
    if not isinstance(schema, int) or not _are_tables(found.tables):
        raise _Damaged("it is not a record file of topbalance")
    if schema == SCHEMA:
        document.keep(path, found)
        return schema, None, found
    tables: Tables = found.tables
    for version in range(schema, SCHEMA):
        if version not in MIGRATIONS:
            raise _Damaged(f"no topbalance wrote records of version {schema}")
        tables = MIGRATIONS[version](tables)
    return schema, tables, None


def _keep_older(path: Path, schema: int) -> None:
    """Keep the file of an older version for good, before it is first written as this version. No rotation takes it away."""
    kept = path.with_name(f"{path.name}.schema-{schema}")
    if not kept.exists():
        aside = path.with_name(f"{kept.name}.new")
        _copy(path, aside)
        aside.replace(kept)
        sync_folder(path.parent)


def _are_tables(tables: object) -> bool:
    """Tables as TinyDB keeps them: name → document number → record."""
    return isinstance(tables, dict) and all(
        isinstance(table, dict) and all(number.isdecimal() and isinstance(record, dict) for number, record in table.items())
        for table in tables.values()
    )


def _replace(path: Path, document: bytes) -> None:
    """Write aside, bring to the disk, keep the old state, and rename: at every moment the name leads to a whole file."""
    aside = path.with_name(path.name + ".new")  # alone, because the lock is held
    with open(aside, "wb", opener=open_private) as file:
        file.write(document)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        _keep_generation(path)
    aside.replace(path)
    sync_folder(path.parent)


def _keep_generation(path: Path) -> None:
    def numbered(number: int) -> Path:
        return path.with_name(f"{path.name}.{number}")

    today = path.with_name(f"{path.name}.{datetime.date.today().isoformat()}")
    if not today.exists():
        _copy(path, today)
        for old in sorted(path.parent.glob(f"{path.name}.????-??-??"))[:-DATED_GENERATIONS]:
            old.unlink()
    for number in range(NUMBERED_GENERATIONS - 1, 0, -1):
        if numbered(number).exists():
            numbered(number).replace(numbered(number + 1))
    _copy(path, numbered(1))


def _copy(source: Path, target: Path) -> None:
    """A second name for the same content, or a copy where the disk has no links. The modification time stays the source's."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
