"""Own procedures: TOML texts that the user imported or edited, one file each in the home, named after the procedure.

The texts are stored as they are; whoever saves them has checked them before (`domain.procedures.check`).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui.records.cell import natural_key
from tui.records.places import Home, make_private, open_private, sync_folder

MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,38}[A-Za-z0-9])?", re.ASCII)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.ASCII | re.IGNORECASE)  # no file of one system may be named so


class OwnProcedureError(ValueError):
    """A procedure cannot be kept or read; the text says why and what to do."""


class NameTaken(OwnProcedureError):
    """There is a procedure of this name already."""


class OwnProcedures:
    """The own procedures of a home."""

    def __init__(self, home: Home) -> None:
        self.folder = home.data / "procedures"

    def save(self, name: str, text: str, *, overwrite: bool = False) -> Path:
        """Write the procedure whole or not at all, and give its file.

        Raises NameTaken unless `overwrite`, and OwnProcedureError for a bad name, a text that is too long, or a disk that refuses.
        """
        path = self._path(name)
        document = text.encode("utf-8", errors="strict") if _encodable(text) else None
        if document is None or len(document) > MOST_BYTES:
            raise OwnProcedureError(f"the text of “{name}” is no text of at most {MOST_BYTES // 1000} kB; nothing was written")
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            make_private(self.folder)
            if not overwrite and self._same(name) is not None:
                raise NameTaken(f"there is a procedure “{name}” already; choose another name, or say that it is to be replaced")
            with open(aside, "wb", opener=open_private) as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            other = self._same(name)
            aside.replace(path)
            if other is not None and other != path and not other.samefile(path):  # the same name in other capitals
                other.unlink()
            sync_folder(self.folder)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise OwnProcedureError(
                f"{path} could not be written: {_reason(error)}. Nothing was changed; free some space and try again"
            ) from error
        return path

    def read(self, name: str) -> str:
        """The text of a procedure. Raises OwnProcedureError when it is not there or cannot be read."""
        path = self._same(name)
        if path is None:
            there = ", ".join(self.list()) or "none yet"
            raise OwnProcedureError(f"there is no own procedure “{name}”; there are: {there}")
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = _reason(error) if isinstance(error, OSError) else "it is not UTF-8 text"
            raise OwnProcedureError(f"{path} cannot be read: {reason}") from error

    def list(self) -> list[str]:
        """The names, A2 before A10."""
        if not self.folder.is_dir():
            return []
        names = [file.stem for file in self.folder.iterdir() if file.suffix == ".toml" and _NAME.fullmatch(file.stem)]
        return sorted(names, key=natural_key)

    def remove(self, name: str) -> None:
        """Delete a procedure; sessions keep the text they ran by. A name that is not there is no error."""
        path = self._same(name)
        if path is None:
            return
        try:
            path.unlink(missing_ok=True)
            sync_folder(self.folder)
        except OSError as error:
            raise OwnProcedureError(f"{path} could not be removed: {_reason(error)}") from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            raise OwnProcedureError(
                f"“{name}” cannot be the name of a procedure: use 1 to 40 letters, digits, blanks, - and _, with a letter or digit at both ends"
            )
        return self.folder / f"{name}.toml"

    def _same(self, name: str) -> Path | None:
        """The file of this name, whatever its capitals: some disks do not tell them apart, and people on the bench do not either."""
        self._path(name)
        return next((self.folder / f"{known}.toml" for known in self.list() if known.casefold() == name.casefold()), None)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
