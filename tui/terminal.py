"""What the terminal can show, and the refusal to start where the screen would be unreadable.

The screen goes to standard error; keys come from standard input. Both must be a terminal that takes cursor movements and UTF-8.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Literal

Glyphs = Literal["braille", "block", "ascii"]

_NO_BRAILLE = ("linux", "vt", "cons", "sun")  # consoles whose font holds blocks and lines, but neither braille nor pictographs


def glyphs(environment: Mapping[str, str] | None = None) -> Glyphs:
    """The finest signs that this terminal's font is likely to hold. `TOPBALANCE_GLYPHS` (braille, block, ascii) overrides the guess."""
    found = os.environ if environment is None else environment
    wishes: dict[str, Glyphs] = {"braille": "braille", "block": "block", "ascii": "ascii"}
    wish = wishes.get(found.get("TOPBALANCE_GLYPHS", ""))
    if wish is not None:
        return wish
    return "block" if found.get("TERM", "").startswith(_NO_BRAILLE) else "braille"


def problem(
    environment: Mapping[str, str] | None = None,
    *,
    input_is_terminal: bool | None = None,
    error_is_terminal: bool | None = None,
    encoding: str | None = None,
) -> str:
    """Why the screen cannot be shown here, as one sentence with the way out; "" when it can."""
    found = os.environ if environment is None else environment
    if input_is_terminal is None:
        input_is_terminal = sys.stdin is not None and sys.stdin.isatty()
    if error_is_terminal is None:
        error_is_terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    if encoding is None:
        encoding = (sys.__stderr__.encoding if sys.__stderr__ is not None else "") or ""
    headless = "For work without a screen see `topbalance run --headless` and `topbalance --help`."
    if not input_is_terminal:
        return f"The screen needs a keyboard, but standard input is no terminal (is something piped into the program?). {headless}"
    if not error_is_terminal:
        return f"The screen is drawn on standard error, but that is no terminal (is it redirected to a file?). {headless}"
    term = found.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        shown = f"TERM is “{term}”" if term else "TERM is not set"
        return f"This terminal cannot show a full screen ({shown}). Use another terminal, or set TERM to what it really is. {headless}"
    if encoding.lower().replace("-", "").replace("_", "") not in ("utf8", "utf8sig"):
        return f"The terminal's text is {encoding or 'of an unknown encoding'}, and the screen needs UTF-8. Start with LANG=C.UTF-8. {headless}"
    return ""
