"""What was made of a record file the last time. While the file's bytes are the same, nothing is made anew.

Only for a process that reads the same file again and again; the bytes are read each time all the same (see `document`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from tui.records.document import Document

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """`make` gets a whole document and what it made of the one before; what it gives is shared and must not be changed by those who read it."""

    def __init__(self, make: Callable[[Document, Made | None], Made]) -> None:
        self._make = make
        self._kept: dict[Path, tuple[Document, Made]] = {}

    def of(self, path: Path, document: Document) -> Made:
        """What the document in this file comes to."""
        kept, before = self._kept.get(path, (None, None))
        if kept is document and before is not None:
            return before
        made = self._make(document, before)
        self._kept[path] = document, made
        return made

    def last(self, path: Path) -> Made | None:
        """What was made last, without a look at the file; None where nothing was. For what must stand at once and is read right after."""
        return self._kept.get(path, (None, None))[1]
