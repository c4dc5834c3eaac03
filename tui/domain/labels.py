"""Labels of cells that count up: `A01…A16`, and the next one that is free."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MAX_LABELS = 1000
_COUNTED = re.compile(r"(.*?)(\d{1,9})")
_RANGE = re.compile(r"\s*(?P<stem>.*?)(?P<first>\d{1,9})\s*(?:\.\.\.?|…)\s*(?P<stem2>.*?)(?P<last>\d{1,9})\s*")


def expand(text: str) -> tuple[str, ...]:
    """`A01…A16`, `A01..A16` and `A01..16` as sixteen labels, zeros in front kept; anything else is one label. Raises ValueError."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return (text.strip(),) if text.strip() else ()
    first, last = int(match["first"]), int(match["last"])
    if match["stem2"] not in ("", match["stem"]) or not first <= last < first + MAX_LABELS:
        raise ValueError(f"{text.strip()} is no range of labels: write it as A01..A16, upwards, at most {MAX_LABELS} of them.")
    width = len(match["first"])
    return tuple(f"{match['stem']}{number:0{width}d}" for number in range(first, last + 1))


def following(label: str) -> str:
    """The label after this one: A02 after A01, A10 after A9; a label without a number at its end gets one."""
    match = _COUNTED.fullmatch(label)
    if match is None:
        return f"{label}2" if label else "A01"
    return f"{match[1]}{int(match[2]) + 1:0{len(match[2])}d}"


def next_free(label: str, taken: Collection[str]) -> str:
    """`label` itself, or the first one counting up from it that is not taken. `taken` holds labels as `key` spells them."""
    while key(label) in taken:
        label = following(label)
    return label


def key(label: str) -> str:
    """What two labels are compared by: A1 and a1 are one cell to a person, and so is an Ä of one sign or of two."""
    return unicodedata.normalize("NFC", " ".join(label.split()).casefold())
