"""The whole home as one archive, with a checksum of every file inside, taken while everything goes on.

The databases are opened together under their locks: each is replaced whole and never written in place, so what was opened stays one state.
Journals only grow, and are copied afterwards, up to the last whole line of that moment: they hold at least what the databases know of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO

from filelock import FileLock, Timeout

from tui.records.archive import CHUNK, FORMAT, MANIFEST, Backup, BackupError, Entry, check_backup, problem_of_name
from tui.records.column_maps import FILE as COLUMNS_FILE
from tui.records.places import Home, open_private, sync_folder
from tui.records.session_files import trash_folder
from tui.records.store import LOCK_TIMEOUT_S, StoreBusy

CONFIG_NAMES = ("attention.toml", COLUMNS_FILE)
"""Files of the configuration, by which they are told from the data where both lie in one folder."""

_STORE = re.compile(r"[a-z]+\.json(?:\..+)?")


def roots(home: Home) -> dict[str, Path]:
    """The folders of a home by their names in an archive. Two may be the same, or lie in each other."""
    return {"data": home.data, "config": home.config, "logs": home.logs}


def files_of(home: Home) -> Iterator[tuple[str, Path]]:
    """Every file of a home with its name in an archive. Locks, sockets, half-written files and the demo's home are none of it."""
    demo = (home.data / "demo" / "locks").is_dir()
    done: set[Path] = set()
    for prefix, root in roots(home).items():
        if root in done:
            continue
        done.add(root)
        apart = {folder for folder in (*roots(home).values(), home.runtime, home.locks) if folder != root}
        apart |= {root / "demo"} if demo else set()
        for file in _walk(root, apart):
            name = file.relative_to(root).as_posix()
            shared = prefix == "data" and home.config == root and name.startswith(CONFIG_NAMES)
            yield f"{'config' if shared else prefix}/{name}", file


def make_backup(home: Home, target: Path, *, overwrite: bool = False) -> Backup:
    """Write the archive aside, read it back, and give it its name. Raises BackupError, StoreBusy, OSError; an earlier archive is then as it was."""
    target = target.expanduser().absolute()
    if target.exists() and not overwrite:
        raise BackupError(f"{target} exists already. Nothing was written; choose another name, or --overwrite.")
    if any(target.resolve().is_relative_to(root.resolve()) for root in roots(home).values()):
        raise BackupError(f"{target} lies within the home that it would save, and would be lost with it. Choose another folder.")
    aside = target.with_name(f"{target.name}.new")
    aside.unlink(missing_ok=True)
    try:
        with open(aside, "xb", opener=open_private) as file:
            left_out = _write(home, file)
            file.flush()
            os.fsync(file.fileno())
        made = check_backup(aside)
        aside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    return Backup(target, made.made_unix_s, made.entries, tuple(left_out))


@contextlib.contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the locks of all databases of a home; nobody changes one meanwhile. Raises StoreBusy."""
    stores = {folder / f"{file.name.partition('.json')[0]}.json" for folder in {home.data, home.config} for file in _stores(folder)}
    with ExitStack() as stack:
        for path in sorted(stores):
            lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIMEOUT_S, mode=0o600)
            try:
                stack.enter_context(lock)
            except Timeout as error:
                raise StoreBusy(f"{path.name} has been in use by another topbalance for {LOCK_TIMEOUT_S:.0f} s. Try again.") from error
            except OSError:  # a disk that cannot be written: nobody else writes there either
                continue
        yield


def _stores(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if _is_store(file.name) and file.is_file()] if folder.is_dir() else []


def _is_store(name: str) -> bool:
    return bool(_STORE.fullmatch(name)) and not name.endswith((".lock", ".new"))


def _walk(folder: Path, apart: set[Path], seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The regular files below `folder`, links followed, but for the folders `apart` and for what a program at work has open."""
    real = folder.resolve()
    if real in seen or not folder.is_dir():
        return
    for item in sorted(folder.iterdir()):
        if item.is_dir():
            if item not in apart:
                yield from _walk(item, apart, seen | {real})
        elif item.is_file() and not item.name.endswith((".lock", ".new")):
            yield item


def _write(home: Home, file: IO[bytes]) -> list[str]:
    """The archive; gives the names that it cannot hold."""
    entries: list[Entry] = []
    left_out: list[str] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive, ExitStack() as stack:
        with locked(home):
            found = list(files_of(home))
            stores = {path: stack.enter_context(path.open("rb")) for _, path in found if _is_database(home, path)}
        for name, path in found:
            if problem_of_name(name):
                left_out.append(name)
                continue
            source = stores.get(path) or _open(home, path)
            if source is not None:
                with source:
                    entries.append(_add(archive, name, source))
        head = {"format": FORMAT, "made_unix_s": time.time()}
        document = {**head, "files": [{slot: getattr(entry, slot) for slot in Entry.__slots__} for entry in entries]}
        archive.writestr(_info(MANIFEST, time.time_ns()), json.dumps(document, indent=1))
    return left_out


def _is_database(home: Home, path: Path) -> bool:
    return path.parent in (home.data, home.config) and _is_store(path.name)


def _open(home: Home, path: Path) -> BinaryIO | None:
    """A file that was there a moment ago. One of a session may just have gone into the trash, or come back; None when it is gone."""
    for folder in (path.parent, home.sessions_dir, trash_folder(home)):
        if folder == path.parent or path.parent in (home.sessions_dir, trash_folder(home)):
            with contextlib.suppress(FileNotFoundError):
                return (folder / path.name).open("rb")
    return None


def _add(archive: zipfile.ZipFile, name: str, source: BinaryIO) -> Entry:
    found = os.fstat(source.fileno())
    size = whole_lines(source, found.st_size) if name.endswith(".jsonl") else found.st_size
    source.seek(0)
    digest, left = hashlib.sha256(), size
    with archive.open(_info(name, found.st_mtime_ns), "w", force_zip64=True) as member:
        while left and (chunk := source.read(min(CHUNK, left))):
            left -= len(chunk)
            digest.update(chunk)
            member.write(chunk)
    return Entry(name, size - left, digest.hexdigest(), found.st_mtime_ns)


def whole_lines(file: BinaryIO, size: int) -> int:
    """How many of the first `size` bytes are whole lines: what stands behind the last end of a line is still being written, or torn."""
    end = size
    while end > 0:
        begin = max(0, end - CHUNK)
        file.seek(begin)
        at = file.read(end - begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return 0


def _info(name: str, mtime_ns: int) -> zipfile.ZipInfo:
    moment = time.localtime(mtime_ns // 10**9)[:6]
    info = zipfile.ZipInfo(name, max(moment, (1980, 1, 1, 0, 0, 0)))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info
