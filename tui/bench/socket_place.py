"""Where the bench process of a home is reached, and who may enter: one Unix socket in a folder of the owner's alone.

The socket's name is a short hash of the home, because the path of a Unix socket ends at about 100 bytes. Whoever holds the lock beside it is the
home's bench; a socket without a holder is what a dead bench left behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path

from tui.records.places import FILE_MODE, FOLDER_MODE, Home, make_private

LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes."""


class PlaceRefused(OSError):
    """The socket cannot be used here; the text says why and what to do."""


def unix_sockets() -> bool:
    """Whether this system has Unix sockets; without them the bench runs inside the application."""
    return hasattr(socket, "AF_UNIX")


def socket_path(home: Home) -> Path:
    """The socket of this home's bench. A home too deep for a socket's path has it in a folder of this user below the temporary one."""
    name = hashlib.sha256(os.fsencode(home.data.resolve())).hexdigest()[:12] + ".sock"
    path = home.runtime / name
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"topbalance-{os.getuid()}" / name


def lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def own_folder(folder: Path) -> None:
    """Make sure that only this user can enter `folder`, which is made where it is missing. Raises PlaceRefused where it is another's."""
    make_private(folder)
    found = folder.lstat()
    problem = folder_problem(found, os.geteuid()) or parent_problem(folder.parent.stat(), os.geteuid())
    if problem:
        raise PlaceRefused(
            f"{folder} {problem}. Nobody else may reach the bench: remove it, or set TOPBALANCE_HOME to a folder of your own."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(FOLDER_MODE)


def folder_problem(found: os.stat_result, own_uid: int) -> str:
    """Why a folder cannot hold the socket; "" where it can."""
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"
    if found.st_uid != own_uid:
        return "belongs to another user"
    return ""


def parent_problem(found: os.stat_result, own_uid: int) -> str:
    """Why the folder above cannot be trusted: whoever can write there can put a folder of his own in the place of ours."""
    if found.st_uid not in (0, own_uid):
        return "lies in a folder of another user"
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        return "lies in a folder where everybody may write"
    return ""


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end as the kernel knows it; None where this system does not tell, and the folder alone keeps others out."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def may_speak(uid: int | None, own_uid: int) -> bool:
    """Whether this peer is one to talk to: the same user and nobody else, the administrator neither."""
    return uid is None or uid == own_uid


def is_own(connection: socket.socket) -> bool:
    """Whether a connected socket leads to a process of this user. A peer that is gone already is nobody's."""
    try:
        return may_speak(peer_uid(connection), os.geteuid())
    except OSError:
        return False


def listen(path: Path) -> socket.socket:
    """The listening socket at `path`. Called by the holder of the lock only: what lies there is of a dead bench and is taken away."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(FILE_MODE)
        listener.listen(16)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def connect(home: Home, *, timeout_s: float) -> socket.socket:
    """A connection to this home's bench; every later wait on it ends after `timeout_s`. Raises OSError where no bench answers."""
    path = socket_path(home)
    folder = path.parent.lstat()
    problem = folder_problem(folder, os.geteuid())
    if problem:
        raise PlaceRefused(f"{path.parent} {problem}; no bench is looked for there.")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        if not is_own(connection):
            raise PlaceRefused(f"{path} is held by another user's process; nothing is sent to it.")
    except OSError:
        connection.close()
        raise
    return connection
