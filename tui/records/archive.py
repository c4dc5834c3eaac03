"""A backup's archive read back: every file with its checksum, and no name in it that could lead anywhere else.

An archive may come from anywhere. Only what its list names is taken out, never more of it than the list says, and nothing but plain files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 26  # bytes
CHUNK = 1 << 20

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
