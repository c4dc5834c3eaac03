"""Text as people type it or scan it, taken in without what would steer a terminal."""

from __future__ import annotations

from typing import Any


def plain_text(text: str, *, lines: bool = False) -> str:
    """`text` with blanks for tabs and ends of lines (kept with `lines`), and a question mark for every other sign that cannot be printed."""
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(sign if sign.isprintable() or sign in kept else " " if sign.isspace() else "?" for sign in text)


def plain_values(value: Any) -> Any:
    """The same of every text within what JSON holds, names of fields included; ends of lines stay."""
    if isinstance(value, str):
        return plain_text(value, lines=True)
    if isinstance(value, dict):
        return {plain_text(name, lines=True): plain_values(item) for name, item in value.items()}
    return [plain_values(item) for item in value] if isinstance(value, list) else value
