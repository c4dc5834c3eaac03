"""A session that was exported whole, read back: from here or from anywhere, so that nothing in it is believed before it was looked at.

The lines of the journal stand in the document as they stood in their file, one a line, and are taken byte for byte. A document that another
program wrote anew is not taken: its lines are no longer those that were hashed.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NoReturn

from tui.records.session_row import RowRefused, checked_row
from tui.records.sessions import Session

FORMAT = 2
"""1 has no pieces that were torn off, leaves out lines that cannot be read, and has no hash of its own."""
UNREADABLE = "unreadable_base64"

_LONGEST_LINE = 1 << 24  # bytes
_LARGEST_PART = 1 << 26  # of what stands before the journal, and of what stands behind it
_NAME = b'"topbalance_session"'
_FIRST = re.compile(rb' "topbalance_session": (\d{1,9}),\n')
_JOURNAL = b' "journal": [\n'
_UNREADABLE = re.compile(rb'\{"' + UNREADABLE.encode("ascii") + rb'":"([A-Za-z0-9+/=]*)"\}')
_HASH = re.compile(rb' "sha256": "([0-9a-f]{64})"\n')


class ImportRefused(Exception):
    """A file that is not taken; the text says why and what to do. Nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class WholeSession:
    """What a file holds. The journal's bytes went where the caller wanted them."""

    record: Mapping[str, Any]  # the row as it was
    session: Session
    codes: Mapping[str, str]  # label → code of the cell
    torn: tuple[bytes, ...]  # pieces that were cut off its journal, oldest first
    lines: int
    size: int  # of the journal, bytes
    journal_sha256: str


def is_whole_session(path: Path) -> bool:
    """Whether it looks like one, told by its beginning. Raises OSError."""
    with path.open("rb") as file:
        return _NAME in file.read(256)


def read_whole(path: Path, journal: IO[bytes]) -> WholeSession:
    """Read and check a whole document; the bytes of the journal are written to `journal`. Raises ImportRefused, OSError."""
    with path.open("rb") as file:
        reader = _Reader(path.name, file)
        try:
            head = reader.head()
            lines, size, digest = reader.journal(journal)
            tail = reader.tail()
            record, session = checked_row(head["session"])
            codes = {str(cell["label"]): str(cell["code"]) for cell in head.get("cells") or () if cell["code"]}
            torn = tuple(b64decode(piece, validate=True) for piece in tail.get("torn_base64") or ())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as problem:
            if isinstance(problem, RowRefused):
                raise ImportRefused(f"{path.name} is not taken: {problem}. Nothing was kept.") from problem
            raise ImportRefused(f"{path.name} {_DAMAGED}") from problem
    return WholeSession(record, session, codes, torn, lines, size, digest)


class _Reader:
    """One passage through a document."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name, self._file = name, file
        self._hash = sha256()  # of every byte so far
        self._format = 0

    def head(self) -> Any:
        """What stands before the journal."""
        begin = self._file.readline(_LONGEST_LINE), self._file.readline(_LONGEST_LINE)
        found = _FIRST.fullmatch(begin[1]) if begin[0] == b"{\n" else None
        if found is None:
            self._foreign(b"".join(begin))
        self._format = int(found[1])
        if self._format > FORMAT:
            raise ImportRefused(
                f"{self.name} was written by a newer topbalance (session format {self._format}; this one knows {FORMAT}). "
                "Import it with the newer version."
            )
        for line in begin:
            self._hash.update(line)
        return _parsed(b"{\n" + self._until(_JOURNAL).rstrip().removesuffix(b",") + b"}")

    def journal(self, target: IO[bytes]) -> tuple[int, int, str]:
        """Bring the journal out; how many items it has, its bytes, and their hash."""
        lines, size, digest, ends = 0, 0, sha256(), b" ],\n" if self._format > 1 else b"]}\n"
        for line in self._lines():
            if line == ends:
                return lines, size, digest.hexdigest()
            raw = line[:-1].removesuffix(b",") + b"\n"
            if raw == b"\n":
                continue
            unreadable = _UNREADABLE.fullmatch(raw[:-1])
            raw = b64decode(unreadable[1]) if unreadable else raw
            digest.update(raw)
            target.write(raw)
            lines, size = lines + 1, size + len(raw)
        raise ImportRefused(_cut(self.name))

    def tail(self) -> Any:
        """What stands behind the journal, after the hash of the document was compared."""
        if self._format == 1:
            return {}
        parts, size = [b"{"], 0
        while True:
            before = self._hash.hexdigest()
            line = next(self._lines(), b"")
            found = _HASH.fullmatch(line)
            if found:
                break
            size += len(line)
            if not line or size > _LARGEST_PART:
                raise ImportRefused(_cut(self.name))
            parts.append(line)
        if found[1].decode("ascii") != before or self._file.read(3) != b"}\n":
            raise ImportRefused(f"{self.name} {_DAMAGED}")
        return _parsed(b"".join(parts).rstrip().removesuffix(b",") + b"}")

    def _until(self, end: bytes) -> bytes:
        parts: list[bytes] = []
        size = 0
        for line in self._lines():
            if line == end:
                return b"".join(parts)
            size += len(line)
            if size > _LARGEST_PART:
                break
            parts.append(line)
        raise ImportRefused(_cut(self.name))

    def _lines(self) -> Iterator[bytes]:
        while line := self._file.readline(_LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise ImportRefused(_cut(self.name))
            self._hash.update(line)
            yield line

    def _foreign(self, begin: bytes) -> NoReturn:
        if _NAME in begin[:4096]:
            raise ImportRefused(
                f"{self.name} was written anew by another program: its lines are no longer those that were hashed. Take the file as it was exported."
            )
        if b'"topbalance"' in begin[:4096] or self.name.endswith(
            (".session.json", ".bdf.csv", ".events.jsonl", ".supply.csv", ".cells.csv")
        ):
            raise ImportRefused(
                f"{self.name} is of the bdf export, which is for other programs and holds no whole journal. Export with --format json."
            )
        raise ImportRefused(f"{self.name} is no session that topbalance exported. `sessions export --format json` makes one.")


def _parsed(raw: bytes) -> Any:
    document = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _cut(name: str) -> str:
    return f"{name} is cut off: its end is missing. Nothing was kept; copy it again from where it was exported."


_DAMAGED = "is not what was exported: it was changed or damaged since. Nothing was kept; copy it again from where it was exported."
