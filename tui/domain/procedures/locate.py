"""Where in a TOML text a table or a key stands: the parser keeps no lines, and a message about a file must name one.

A small reader of headers and keys, for the shape of a procedure's file: `[name]`, `[[part]]`, `[[part.step]]`, `[[part.step.field]]`.
"""

from __future__ import annotations

import re

from tui.domain.procedures.errors import Path

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-\s]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")
_SYNTAX = re.compile(r"\(at line (\d+)")


class Places:
    """The line (from 1) of every table and key of a text."""

    def __init__(self, text: str) -> None:
        self.lines = max(1, len(text.splitlines()))
        self._found: dict[tuple[Path, str], int] = {}
        path: Path = ()
        counts: dict[Path, int] = {}
        quote = ""
        for number, line in enumerate(text.splitlines(), start=1):
            inside, quote = bool(quote), _open_quote(line, quote)
            if inside:
                continue
            header = _HEADER.fullmatch(line)
            if header is not None:
                names = tuple(name.strip() for name in header[2].split("."))
                path = _path(names, counts, new=header[1] == "[[")
                self._found.setdefault((path, ""), number)
                continue
            key = _KEY.match(line)
            if key is not None:
                self._found.setdefault((path, key[1].strip('"')), number)

    def line(self, path: Path, key: str = "") -> int:
        """The line of `key` in that table; of the table where the key is not written; of the table around it; else 1."""
        while True:
            for wanted in (key, ""):
                if (path, wanted) in self._found:
                    return self._found[path, wanted]
            if not path:
                return 1
            path = path[:-2] if isinstance(path[-1], int) else path[:-1]


def _path(names: tuple[str, ...], counts: dict[Path, int], *, new: bool) -> Path:
    """The place of a header: each name that heads an array carries the number of its last element."""
    path: Path = ()
    for depth, name in enumerate(names):
        here: Path = (*path, name)
        if new and depth == len(names) - 1:
            counts[here] = counts.get(here, -1) + 1
        path = (*here, counts[here]) if here in counts else here
    return path


def _open_quote(line: str, quote: str) -> str:
    """The kind of multi-line string that is open after this line."""
    for mark in ('"""', "'''"):
        if quote in ("", mark) and line.count(mark) % 2:
            return "" if quote else mark
    return quote


def syntax_line(message: str, lines: int) -> int:
    """The line that the TOML parser names; the last one for "at end of document"."""
    found = _SYNTAX.search(message)
    return min(max(1, int(found[1])), lines) if found else lines
