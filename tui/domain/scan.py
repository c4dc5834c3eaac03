"""Codes as a scanner brings them, one after the other: whole, or as the two rows of one plate.

A scanner types what it reads and ends with Enter. Two rows of 24 characters together are one code, in whichever order they come.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.domain.cell_code import LENGTHS, LIFEPO4, SECOND_LIFE, WHOLE, CellCode, read_code, tidy

LEAST = 4
"""Characters of the shorter row of a plate; what leaves less for the other row is a code with something missing."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one scan came to. `raw` is what the scanner sent, of both rows where two were joined.

    `half`: it may be one row of a plate, and the next scan the other. `dropped` is an earlier half that nothing was found for.
    """

    raw: str
    code: CellCode
    half: bool = False
    joined: bool = False
    dropped: str = ""

    @property
    def refused(self) -> str:
        """Why no cell can have this code; "" where one may."""
        if self.code.product in ("pack", "module"):
            return f"It is the code of a {self.code.product}, not of a cell: look for the cell's own."
        if self.code.product == "cell" and self.code.chemistry not in ("", LIFEPO4):
            return f"By this code the cell is {self.code.chemistry}; the inventory takes LiFePO4 cells only."
        return ""

    @property
    def doubtful(self) -> str:
        """What a person should look at before the code is kept; "" for the code of a cell, new or in its second life."""
        sound = not self.code.doubts or (len(self.code.text) == SECOND_LIFE and self.code.product == "cell")
        return "" if sound else " ".join(self.code.doubts)


class Scanner:
    """Takes scans one after the other and joins halves."""

    def __init__(self) -> None:
        self.pending = ""

    def take(self, raw: str) -> Scanned | None:
        """None for an empty scan (a scanner that ends with two line ends)."""
        text = tidy(raw)
        if not text:
            return None
        half, self.pending = self.pending, ""
        if half == text:  # the same row twice
            self.pending = half
            return Scanned(raw, read_code(half), half=True)
        if half and len(half) + len(text) == WHOLE and (code := self._join(half, text)) is not None:
            return Scanned(f"{half} {raw.strip()}", code, joined=True)
        if LEAST <= len(text) <= WHOLE - LEAST and len(text) not in LENGTHS:
            self.pending = text
            return Scanned(raw, read_code(text), half=True, dropped=half)
        return Scanned(raw, read_code(text), dropped=half)

    @staticmethod
    def _join(first: str, second: str) -> CellCode | None:
        """The code of two rows in the order that makes sense; None where neither does, so that one of them is of another plate."""
        for text in (first + second, second + first):
            code = read_code(text)
            if not code.doubts or code.product in ("pack", "module"):
                return code
        return None
