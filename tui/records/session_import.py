"""Sessions that were exported whole, taken into this home: looked at first, never over what is here, and once however often they are offered.

Files first, the row last: a crash between leaves files without a row, which the next import of the same session finds and takes for its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from tui.records.cell import code_key
from tui.records.curve import make_curve
from tui.records.integrity import check_journal
from tui.records.inventory import Inventory
from tui.records.places import Home, open_private, sync_folder
from tui.records.session_files import pieces_of
from tui.records.sessions import Session, SessionCell, SessionGone, Sessions
from tui.records.store import LOCK_TIMEOUT_S, Store, StoreBusy, StoreError, transaction
from tui.records.trash_table import thrown
from tui.records.whole_session import ImportRefused, WholeSession, is_whole_session, read_whole

__all__ = ["Found", "ImportRefused", "files_in", "import_session", "look_at"]

Verdict = Literal["new", "here", "differs", "refused"]
_OWN = ("cells", "cells_pending", "cells_problem", "imported_unix_s")
"""Of a row, what may differ from home to home; of the cells the ids alone."""
_SPARE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What one file is to this home. `words` is one sentence or more; `session` None where the file is refused. `lines` of its journal."""

    path: Path
    verdict: Verdict
    words: str
    session: Session | None = None
    lines: int = 0
    linked: tuple[tuple[str, str], ...] = ()  # label in the session → label of the cell here
    kept: bool = False


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files that are meant: each that is named, and those of a folder that look like whole sessions. Raises ImportRefused for none."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if file.suffix == ".json" and file.is_file()]
        whole = [file for file in inside if is_whole_session(file)]
        if not whole:
            raise ImportRefused(
                f"{path} holds no session that was exported whole. `sessions export --format json` makes one; the other formats are for "
                "other programs and hold no whole journal."
            )
        found += whole
    return found


def look_at(home: Home, path: Path, *, broken: bool = False) -> Found:
    """What an import of this file would do; nothing is kept. `broken` takes a session whose record does not hold, too. Raises StoreError."""
    return _staged(home, path, broken, lambda found, whole, staged: found)


def import_session(home: Home, path: Path, *, broken: bool = False) -> Found:
    """Take one session in, with `kept` when it is here afterwards by this call. Raises StoreError; nothing was kept then."""

    def keep(found: Found, whole: WholeSession, staged: Path) -> Found:
        if found.verdict != "new":
            return found
        _keep(home, whole, staged)
        words = Sessions(home).write_cells(whole.session.id).cells_problem
        return replace(found, kept=True, words=f"{found.words} {words}".strip())

    return _staged(home, path, broken, keep)


def _staged(home: Home, path: Path, broken: bool, act: Callable[[Found, WholeSession, Path], Found]) -> Found:
    """Bring the journal to a place aside, judge all of it, act, and clear the place."""
    lock = FileLock(home.locks / "import.lock", timeout=LOCK_TIMEOUT_S, mode=0o600)
    staged = home.sessions_dir / "import.new"  # no backup takes files of this name, and no session has it
    try:
        with lock:
            try:
                return _judged(home, path, staged, broken, act)
            finally:
                for file in (staged, _curve_of(staged)):
                    with contextlib.suppress(OSError):
                        file.unlink(missing_ok=True)
    except Timeout as error:
        raise StoreBusy("Another import into this home is at work. Nothing was kept; try again when it is done.") from error
    except ImportRefused as problem:
        return Found(path, "refused", str(problem))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Found(path, "refused", f"{path.name} cannot be taken: {where}{(error.strerror or str(error)).lower()}. Nothing was kept.")


def _judged(home: Home, path: Path, staged: Path, broken: bool, act: Callable[[Found, WholeSession, Path], Found]) -> Found:
    if not path.is_file():
        raise ImportRefused(f"{path} is not there, or no file.")
    if path.stat().st_size + _SPARE_BYTES > home.free_bytes():
        raise ImportRefused(
            f"{path.name} has {path.stat().st_size / 1e6:.0f} MB, and {home.free_bytes() / 1e6:.0f} MB are free. Make room first."
        )
    with open(staged, "wb", opener=open_private) as journal:
        whole = read_whole(path, journal)
        journal.flush()
        os.fsync(journal.fileno())
    session = whole.session
    record = check_journal(staged, session)
    words = record.words.replace(staged.name, f"{session.id}.jsonl")
    if not record.ok and not broken:
        raise ImportRefused(
            f"{path.name}: its record does not hold, so it proves nothing. {words} Nothing was kept. If it was so in the home that it comes "
            "from, --broken takes it as it is; the history then says of it what is said here."
        )
    linked = _links(home, whole)
    found = Found(path, "new", "" if record.ok else words, session, whole.lines, tuple((label, name) for label, _, name in linked))
    return act(replace(found, **_beside(home, whole, staged)), _with_links(whole, {label: cell for label, cell, _ in linked}), staged)


def _beside(home: Home, whole: WholeSession, staged: Path) -> dict[str, Any]:
    """What is here already of a session with this id, as fields of `Found`."""
    sessions, session_id = Sessions(home), whole.session.id
    with transaction(home.sessions_db) as store:
        if store.problem:
            raise StoreError(store.problem)
        gone = _in_trash(store, session_id)
    if gone:
        words = (
            f"It lies in the trash here; `topbalance trash restore {gone}` brings it back. To take the file instead, empty the trash first."
        )
        return {"verdict": "differs", "words": words}
    try:
        here = sessions.record(session_id)
    except SessionGone:
        return {"verdict": "new"}
    journal = sessions.journal_path(session_id)
    there = list(_lines_and_torn(journal)) if journal.exists() else []
    if journal.exists() and journal.stat().st_size > whole.size and _hash_of(journal, whole.size) == whole.journal_sha256:
        return {"verdict": "here", "words": "It is here already, and goes further here than in the file."}
    same_row = _core(here) == _core(whole.record)
    if same_row and there == [whole.journal_sha256, *(sha256(piece).hexdigest() for piece in whole.torn)]:
        return {"verdict": "here", "words": "It is here already, the same."}
    parts = " and ".join(name for name, same in (("row", same_row), ("journal", there[:1] == [whole.journal_sha256])) if not same)
    words = f"A session with this id is here, and its {parts or 'torn pieces'} differ from the file's. It was left as it is."
    if there and journal.stat().st_size < whole.size and _hash_of(staged, journal.stat().st_size) == there[0]:
        words += " The file goes further. To take it: sessions delete, empty the trash, import again."
    return {"verdict": "differs", "words": words}


def _keep(home: Home, whole: WholeSession, staged: Path) -> None:
    """Files, then the row; all under the lock of the rows. Raises ImportRefused, StoreError, OSError."""
    sessions, session_id = Sessions(home), whole.session.id
    journal, curve = sessions.journal_path(session_id), sessions.curve_path(session_id)
    make_curve(staged, _curve_of(staged))
    with transaction(home.sessions_db) as store:
        table = store.table("sessions")
        if store.problem:
            raise StoreError(store.problem)
        if any(row["id"] == session_id for row in table) or _in_trash(store, session_id):
            raise ImportRefused(f"{session_id} came into this home meanwhile. Nothing was kept; look again.")
        if journal.exists() and next(_lines_and_torn(journal)) != whole.journal_sha256:
            raise ImportRefused(
                f"{journal} is there without a session that it belongs to, and it is another than the file's. Nothing was kept. "
                "Look what it is, and move it away."
            )
        for number, piece in enumerate(whole.torn, 1):
            _write(journal.with_name(f"{journal.name}.torn-{number}"), piece)
        _curve_of(staged).replace(curve)
        staged.replace(journal)
        sync_folder(home.sessions_dir)
        session = whole.session
        table.insert(
            {
                **whole.record,
                "cells": [asdict(cell) for cell in session.cells],
                "cells_pending": session.state != "running",
                "cells_problem": "",
                "imported_unix_s": time.time(),
            }
        )


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=open_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _links(home: Home, whole: WholeSession) -> list[tuple[str, str, str]]:
    """Label in the session, id and label here of each cell that is in this inventory: by its id, else by its code."""
    cells = Inventory(home).list()
    by_id = {cell.id: cell for cell in cells}
    by_code = {code_key(cell.code): cell for cell in cells if cell.code}
    linked: list[tuple[str, str, str]] = []
    for cell in whole.session.cells:
        code = code_key(whole.codes.get(cell.label, ""))
        found = by_id.get(cell.id) or (by_code.get(code) if code else None)
        if found is not None and not any(found.id == other for _, other, _ in linked):
            linked.append((cell.label, found.id, found.label))
    return linked


def _with_links(whole: WholeSession, ids: Mapping[str, str]) -> WholeSession:
    """With the ids that its cells have here. One that is not here keeps its id: it may come later."""
    cells = tuple(SessionCell(cell.label, ids.get(cell.label, cell.id)) for cell in whole.session.cells)
    return replace(whole, session=replace(whole.session, cells=cells))


def _lines_and_torn(journal: Path) -> Iterator[str]:
    """The hash of a journal's bytes, then those of its torn pieces."""
    for path in (journal, *pieces_of(journal)):
        yield _hash_of(path, path.stat().st_size)


def _hash_of(path: Path, size: int) -> str:
    """Of the first `size` bytes of a file."""
    digest, left = sha256(), size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _core(record: Mapping[str, Any]) -> str:
    """What must be the same for two rows to be of the same session in the same state."""
    core = {name: value for name, value in record.items() if name not in _OWN}
    return json.dumps({**core, "labels": [cell["label"] for cell in record["cells"]]}, sort_keys=True)


def _in_trash(store: Store, session_id: str) -> str:
    """The id in the trash of a session that lies there; "" for none."""
    return next((one.id for one in thrown(store) if one.kind == "session" and one.record.get("id") == session_id), "")


def _curve_of(staged: Path) -> Path:
    return staged.with_name(f"curve-{staged.name}")
