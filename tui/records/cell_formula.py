"""What a spreadsheet would take for a formula, and carry out, gets a ' in front when it is written; reading takes that off again.

It begins with = + - or @. Names of columns come from other people's lists as values do.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def protected(text: str) -> str:
    """A text as a spreadsheet may have it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unprotected(text: str) -> str:
    """A text as it was before it was kept from being a formula."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
