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
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from filelock import FileLock, Timeout

from tui.records.column_maps import FILE as COLUMNS_FILE
from tui.records.places import Home, open_private, sync_folder
from tui.records.session_files import trash_folder
from tui.records.store import LOCK_TIMEOUT_S, StoreBusy

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 26  # bytes
CHUNK = 1 << 20
CONFIG_NAMES = ("attention.toml", COLUMNS_FILE)
"""Files of the configuration, by which they are told from the data where both lie in one folder."""

_STORE = re.compile(r"[a-z]+\.json(?:\..+)?")
_WRONG_NAME = re.compile(r"[\\\x00-\x1f]")


class BackupError(Exception):
    """An archive cannot be made, read or put in place; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive. `name` begins with data, config or logs."""

    name: str
    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive that was made or checked. `left_out` are files whose names no archive can hold."""

    path: Path
    made_unix_s: float
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries)


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


def check_backup(path: Path) -> Backup:
    """Read a whole archive and compare every file with its checksum. Raises BackupError, OSError."""
    with opened(path) as (archive, backup):
        for entry in backup.entries:
            copy_out(archive, entry, None)
    return backup


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Backup]]:
    """An archive with its list of files, whose names were judged. Raises BackupError, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _listed(archive, path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeError, zipfile.LargeZipFile) as error:
        raise BackupError(f"{path} is no whole archive of topbalance ({error}). Nothing was changed; take another copy of it.") from error


def copy_out(archive: zipfile.ZipFile, entry: Entry, target: IO[bytes] | None) -> None:
    """Bring one file out of an archive, never more of it than its list says. Raises BackupError when it is not what was put in."""
    digest, left = hashlib.sha256(), entry.size
    try:
        with archive.open(entry.name) as member:
            while chunk := member.read(min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                if target is not None:
                    target.write(chunk)
    except (zipfile.BadZipFile, EOFError, KeyError, zlib.error) as error:
        raise _damaged(entry) from error
    if left or digest.hexdigest() != entry.sha256:
        raise _damaged(entry)


def _damaged(entry: Entry) -> BackupError:
    return BackupError(f"{entry.name} in the archive is not what was put in. Nothing was changed; take another copy of the archive.")


# --- making -------------------------------------------------------------------------------------------------------------


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


# --- judging what somebody may have made ----------------------------------------------------------------------------------


def problem_of_name(name: str) -> str:
    """Why a file of this name is never taken out of an archive; "" when it may be. Names come from outside and lead nowhere else."""
    parts = name.split("/")
    if parts[0] not in ("data", "config", "logs") or len(parts) < 2:
        return "belongs to no folder of a home"
    if any(part in ("", ".", "..") for part in parts) or _WRONG_NAME.search(name) or (os.name == "nt" and ":" in name):
        return "leads out of the home, or has signs that no name may have"
    if not name.isprintable() or len(os.fsencode(parts[-1])) > 255 or parts[-1].endswith(".lock"):
        return "is no name of a record"
    return ""


def _listed(archive: zipfile.ZipFile, path: Path) -> Backup:
    """The list inside an archive, and nothing else is inside. Raises BackupError."""
    infos = {info.filename: info for info in archive.infolist()}
    if MANIFEST not in infos or infos[MANIFEST].file_size > LARGEST_MANIFEST:
        raise BackupError(f"{path} is no archive of topbalance: it has no list of its files.")
    document = _document(archive, path)
    try:
        entries = tuple(
            Entry(str(one["name"]), _whole(one["size"]), str(one["sha256"]), _whole(one["mtime_ns"])) for one in document["files"]
        )
        made_unix_s = float(document["made_unix_s"])
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{path}: the list of its files cannot be read. Take another copy of the archive.") from error
    for entry in entries:
        problem = problem_of_name(entry.name)
        if problem:
            raise BackupError(f"{path} is not safe: it holds {entry.name!r}, which {problem}. Nothing was changed.")
    names = [entry.name for entry in entries]
    if len(archive.infolist()) != len(infos) or sorted([*names, MANIFEST]) != sorted(infos) or len(set(names)) != len(names):
        raise BackupError(f"{path} is not safe: it holds other files than its list says. Nothing was changed.")
    for info in infos.values():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir() or info.flag_bits & 1:
            raise BackupError(f"{path} is not safe: {info.filename!r} in it is a link, a folder or locked. Nothing was changed.")
    return Backup(path, made_unix_s, entries)


def _document(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        with archive.open(MANIFEST) as member:
            document = json.loads(member.read(LARGEST_MANIFEST))
    except (ValueError, RecursionError, zlib.error) as error:
        raise BackupError(f"{path}: the list of its files cannot be read. Take another copy of the archive.") from error
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise BackupError(f"{path} is no archive of topbalance: its list says nothing of a format.")
    if document["format"] > FORMAT:
        raise BackupError(
            f"{path} was made by a newer topbalance (format {document['format']}; this one knows {FORMAT}). Start the newer one."
        )
    return document


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
