"""Where the files of sessions lie: beside each other while the session is in the history, in the folder `trash` once it is deleted.

The rows are the truth. A session is deleted, and brought back, by one change of the database; its files follow, and where a crash came between,
they follow at the next look. Renaming keeps every byte, so a journal's chain of hashes holds in the trash as before.
"""

from __future__ import annotations

from pathlib import Path

from tui.records.places import Home, make_private, sync_folder
from tui.records.store import transaction
from tui.records.trash_table import thrown


def trash_folder(home: Home) -> Path:
    return home.sessions_dir / "trash"


def session_of(file: Path) -> str:
    """The id of the session that a file belongs to: what stands before the first point of its name."""
    return file.name.partition(".")[0]


def pieces_of(journal: Path) -> list[Path]:
    """What was torn off a journal and kept aside, oldest first."""
    prefix = f"{journal.name}.torn-"
    found = [file for file in journal.parent.glob(f"{prefix}*") if file.name.removeprefix(prefix).isdecimal()]
    return sorted(found, key=lambda file: int(file.name.removeprefix(prefix)))


def place_files(home: Home) -> None:
    """Bring every file to where the row of its session is. A file whose place is taken, and a session without any row, are left alone.

    Raises StoreError and OSError.
    """
    trash = trash_folder(home)
    with transaction(home.sessions_db) as store:
        away = {one.record["id"] for one in thrown(store)}
        if store.problem or not (away or trash.is_dir()):
            return
        here = {record["id"] for record in store.table("sessions")}
        make_private(trash)
        moved = [
            *(_move(file, trash) for file in _files(home.sessions_dir) if session_of(file) in away - here),
            *(_move(file, home.sessions_dir) for file in _files(trash) if session_of(file) in here),
        ]
        if any(moved):
            sync_folder(trash)
            sync_folder(home.sessions_dir)


def remove_files(home: Home) -> int:
    """Delete the files in the trash that no row speaks of any more; gives their size in bytes. Raises StoreError and OSError."""
    trash, size = trash_folder(home), 0
    if not trash.is_dir():
        return 0
    with transaction(home.sessions_db) as store:
        if store.problem:
            return 0
        known = {one.record["id"] for one in thrown(store)} | {record["id"] for record in store.table("sessions")}
        for file in _files(trash):
            if session_of(file) not in known:
                size += file.lstat().st_size
                file.unlink()
        sync_folder(trash)
    return size


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file() or file.is_symlink()] if folder.is_dir() else []


def _move(file: Path, folder: Path) -> bool:
    target = folder / file.name
    if target.exists():
        return False
    file.rename(target)
    return True
