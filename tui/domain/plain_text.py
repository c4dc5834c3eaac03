"""Text as people type it or scan it, taken in without what would steer a terminal."""

from __future__ import annotations


def plain_text(text: str, *, lines: bool = False) -> str:
    """`text` with blanks for tabs and ends of lines (kept with `lines`), and a question mark for every other sign that cannot be printed."""
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(sign if sign.isprintable() or sign in kept else " " if sign.isspace() else "?" for sign in text)
