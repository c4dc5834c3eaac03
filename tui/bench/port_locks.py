"""One owner a port: a lock beside the records with the owner's process and session in it, so that a second copy is refused by name (fault F-20)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from drivers.address import Address
from drivers.roles import LostLine
from drivers.stable_id import Adapter, lock_name
from tui.records.places import FILE_MODE, Home, open_private


class PortLocks:
    """The ports that this bench has taken."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._held: list[tuple[FileLock, Path]] = []

    def take(self, address: str, key: str) -> None:
        """Take the port that `key` names. Raises LostLine where another process has it."""
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        owner = self._home.locks / f"port-{name}.json"
        lock = FileLock(str(owner.with_suffix(".lock")), mode=FILE_MODE, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as busy:
            what = f"another copy of this program uses this port{_told(owner)}."
            look = "End its session first; to look on, start topbalance in the same home: it joins the bench that runs there."
            raise LostLine(address, "open", what, look) from busy
        self._held.append((lock, owner))
        self._write(owner, "")

    @contextlib.contextmanager
    def held(self, address: str, adapter: Adapter | None) -> Iterator[None]:
        """The port of an address is this program's alone meanwhile. Raises LostLine where another process has it."""
        try:
            self.take(address, lock_name(Address.parse(address).url, adapter))
            yield
        finally:
            self.release()

    def name(self, session: str) -> None:
        """Note the session that the ports are held for."""
        for _, owner in self._held:
            self._write(owner, session)

    def give_back(self) -> None:
        """Let the port go that was taken last."""
        if not self._held:
            return
        lock, owner = self._held.pop()
        owner.unlink(missing_ok=True)
        lock.release()

    def release(self) -> None:
        for lock, owner in self._held:
            owner.unlink(missing_ok=True)
            lock.release()
        self._held.clear()

    @staticmethod
    def _write(owner: Path, session: str) -> None:
        with contextlib.suppress(OSError), open(owner, "w", opener=open_private, encoding="utf-8") as file:  # a help for a person, no more
            json.dump({"process": os.getpid(), "session": session}, file)


def _told(owner: Path) -> str:
    """Who holds it, as far as that is written down."""
    try:
        found = json.loads(owner.read_text(encoding="utf-8"))
        process, session = int(found["process"]), str(found["session"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f" (process {process}" + (f", session {session})" if session else ")")
