"""Which command a line of SCPI means: short and long forms, optional parts, any case, a leading colon."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T", bound=Callable[..., object])
_PARTS = re.compile(r"<n>|[A-Za-z]+|.")


@lru_cache(maxsize=512)
def pattern(header: str) -> re.Pattern[str]:
    """Of a header as manuals write it, "CONFigure[:VOLTage][:DC]": capitals are the short form, brackets may be left out, <n> is a number."""

    def part(text: str) -> str:
        if text.isalpha():
            short = "".join(letter for letter in text if letter.isupper())
            return f"(?:{text.upper()}|{short})"
        return {"[": "(?:", "]": ")?", "<n>": r"(?P<n>\d*)"}.get(text, re.escape(text))

    return re.compile(":?" + "".join(part(text) for text in _PARTS.findall(header)), re.IGNORECASE)


class Headers(Generic[T]):
    """A table of headers and what each does."""

    def __init__(self, table: Mapping[str, T]) -> None:
        self._table = [(pattern(header), does) for header, does in table.items()]

    def find(self, command: str) -> tuple[T, str] | None:
        """What a command does and the text behind its header; None where the instrument does not know it."""
        header, _, rest = command.strip().partition(" ")
        for known, does in self._table:
            if known.fullmatch(header):
                return does, rest.strip()
        return None
