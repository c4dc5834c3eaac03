"""A backup put in the place of a home: verified whole beside it first, then exchanged by renaming; what was there before is kept.

A small file beside the home (`Home.restoring`) stands from before the first renaming until after the last. Where a crash comes between, the
next start finds it and finishes the exchange before anything is read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tui.records.archive import Backup, BackupError, Entry, copy_out, opened
from tui.records.backup import files_of, locked, roots
from tui.records.journal_reading import is_being_written
from tui.records.places import Home, make_private, open_private, sync_folder
from tui.records.store import StoreTooNew, WholeFileStorage

_MARK = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_SPARE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place, and where the folders of the home before it are now."""

    backup: Backup
    kept: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def restore(path: Path, home: Home, *, replace: bool = False) -> Restored:
    """Put the home of an archive in the place of `home`. Raises BackupError, StoreBusy, OSError; everything is then as it was.

    A home that holds anything is exchanged only with `replace`, and kept beside the new one. One whose session is running never is.
    """
    filled = any(not name.startswith("logs/") for name, _ in files_of(home))
    if filled and not replace:
        raise BackupError(
            f"{home.data} holds records already. Nothing was changed. --replace exchanges it and keeps it aside; --into takes another folder."
        )
    _refuse_running(home)
    mark = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    _sweep(home)
    try:
        with opened(path) as (archive, backup):
            _refuse_full(home, backup)
            for entry in backup.entries:
                _extract(archive, entry, _staged_path(home, entry.name, mark))
        for root in _tops(home):
            make_private(_staged(root, mark))
            _sync_tree(_staged(root, mark))
        remarks = tuple(_remarks(home, mark))
        with locked(home):
            _refuse_running(home)
            _exchange(home, mark)
    except BaseException:
        if not home.restoring.exists():
            for root in _tops(home):
                shutil.rmtree(_staged(root, mark), ignore_errors=True)
        raise
    return Restored(backup, _tidied(home, mark), remarks)


def finish_restore(home: Home) -> None:
    """Finish an exchange that a crash interrupted; harmless when there is none. Raises OSError."""
    with FileLock(home.restoring.with_name(f"{home.restoring.name}.lock"), timeout=10.0, mode=0o600):
        try:
            mark = json.loads(home.restoring.read_bytes())["mark"]
        except FileNotFoundError:
            return  # another start did it
        except (ValueError, KeyError, TypeError):
            mark = ""  # torn: it was written, and synced, before anything was renamed
        if isinstance(mark, str) and _MARK.fullmatch(mark):
            for root in _tops(home):
                _forward(root, mark)
        home.restoring.unlink(missing_ok=True)
        sync_folder(home.restoring.parent)


def _refuse_running(home: Home) -> None:
    if home.sessions_dir.is_dir() and any(is_being_written(file) for file in home.sessions_dir.glob("*.jsonl")):
        raise BackupError(f"A session runs in {home.data}. Nothing was changed; end it first.")


def _refuse_full(home: Home, backup: Backup) -> None:
    free = shutil.disk_usage(next(folder for folder in home.data.parents if folder.exists())).free
    if backup.size + _SPARE_BYTES > free:
        raise BackupError(
            f"The backup needs {backup.size / 1e6:.0f} MB and {free / 1e6:.0f} MB are free beside {home.data}. Make room first."
        )


def _tops(home: Home) -> list[Path]:
    """The folders that are exchanged: those of the home that do not lie in another of them."""
    folders = list(dict.fromkeys(roots(home).values()))
    return [folder for folder in folders if not any(other != folder and folder.is_relative_to(other) for other in folders)]


def _staged(root: Path, mark: str) -> Path:
    return root.with_name(f".{root.name}.restored-{mark}")


def _kept(root: Path, mark: str) -> Path:
    return root.with_name(f"{root.name}.before-{mark[:15]}")


def _staged_path(home: Home, name: str, mark: str) -> Path:
    prefix, _, rest = name.partition("/")
    path = roots(home)[prefix].joinpath(*rest.split("/"))
    top = next(top for top in _tops(home) if path.is_relative_to(top))
    staged = _staged(top, mark) / path.relative_to(top)
    if not staged.is_relative_to(_staged(top, mark)) or ".." in staged.parts:  # names were judged before; this is the second lock
        raise BackupError(f"{name!r} leads out of the home. Nothing was changed.")
    return staged


def _extract(archive: zipfile.ZipFile, entry: Entry, target: Path) -> None:
    make_private(target.parent)
    with open(target, "xb", opener=open_private) as file:
        copy_out(archive, entry, file)
        file.flush()
        os.fsync(file.fileno())
    os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))


def _sync_tree(folder: Path) -> None:
    for sub in (folder, *(item for item in folder.rglob("*") if item.is_dir())):
        sync_folder(sub)


def _remarks(home: Home, mark: str) -> Iterator[str]:
    """What does not stop a restore but is worth knowing. Raises BackupError for records that a newer program wrote."""
    for root in _tops(home):
        for file in sorted(_staged(root, mark).glob("*.json")):
            if file.name == home.demo_options.name:
                continue
            try:
                problem = WholeFileStorage(file).problem
            except StoreTooNew as error:
                raise BackupError(
                    f"The backup holds records of a newer topbalance ({file.name}). Nothing was changed; start the newer one."
                ) from error
            if problem:
                yield f"{file.name} was damaged already when the backup was made; it opens for reading only."


def _exchange(home: Home, mark: str) -> None:
    """Rename the old folders away and the new ones in. Raises BackupError with everything as it was when the system refuses."""
    aside = home.restoring.with_name(f"{home.restoring.name}.new")
    with open(aside, "wb", opener=open_private) as file:
        file.write(json.dumps({"mark": mark}).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(home.restoring)
    sync_folder(home.restoring.parent)
    done: list[Path] = []
    try:
        for root in _tops(home):
            done.append(root)
            _forward(root, mark)
    except OSError as error:
        for root in reversed(done):
            _back(root, mark)
        home.restoring.unlink()
        raise BackupError(
            f"{done[-1]} cannot be exchanged: {(error.strerror or str(error)).lower()}. Nothing was changed. "
            "Restore into another folder instead, and set TOPBALANCE_HOME to it."
        ) from error
    home.restoring.unlink()
    sync_folder(home.restoring.parent)


def _forward(root: Path, mark: str) -> None:
    """Bring one folder's exchange to its end, wherever it stands."""
    staged, kept = _staged(root, mark), _kept(root, mark)
    if not staged.exists():
        return
    if root.exists():
        number, free = 2, kept
        while free.exists():  # somebody made the folder anew meanwhile: nothing is lost
            free, number = kept.with_name(f"{kept.name}-{number}"), number + 1
        root.rename(free)
        sync_folder(root.parent)
    staged.rename(root)
    sync_folder(root.parent)


def _back(root: Path, mark: str) -> None:
    staged, kept = _staged(root, mark), _kept(root, mark)
    if root.exists() and not staged.exists():
        root.rename(staged)
    if kept.exists() and not root.exists():
        kept.rename(root)


def _tidied(home: Home, mark: str) -> tuple[Path, ...]:
    """The demo's home goes back to its place. Folders of a home that held no file are removed; the others are told."""
    kept = []
    for root in _tops(home):
        before = _kept(root, mark)
        demo = before / "demo"
        if demo.is_dir() and not (root / "demo").exists():
            with contextlib.suppress(OSError):
                demo.rename(root / "demo")
        if any(item.is_file() and item.suffix != ".lock" for item in before.rglob("*")):
            kept.append(before)
        else:
            shutil.rmtree(before, ignore_errors=True)
    home.create()
    return tuple(kept)


def _sweep(home: Home) -> None:
    """Remove what an earlier restore unpacked before a crash stopped it."""
    if home.restoring.exists():
        finish_restore(home)
    for root in _tops(home):
        for left in root.parent.glob(f".{root.name}.restored-*"):
            if _MARK.fullmatch(left.name.rpartition(".restored-")[2]):
                shutil.rmtree(left, ignore_errors=True)
