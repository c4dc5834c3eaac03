"""An operator who carries the demo to its charge from the screen alone: takes the meter's readings, chooses the first answer, confirms.

Each key waits for its effect on the screen, so that a slow machine only makes the operator slow.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from tests.benchmarks.harness import Terminal

PATIENCE_S = 3.0  # after so long without an effect the operator looks again
_METER_WAITS = re.compile(r"\bm [+−-]?\d+\.\d")  # an empty field, and what the meter shows for it
_CHOOSE = "choose one"
_STEP = re.compile(r"step \d+ of \d+")


def start_demo(terminal: Terminal, *, longest_s: float = 60.0) -> None:
    """Wait for the form, then press F5 until the session is there. Raises TimeoutError with the screen."""
    terminal.wait_for(lambda lines: any("Start" in line for line in lines), longest_s)
    end_s = time.monotonic() + longest_s
    while _step(terminal.lines()) == "":
        if time.monotonic() > end_s:
            raise TimeoutError("the demo's session did not start:\n" + terminal.text())
        terminal.wait_quiet(1.0, 5.0)  # units and bench are loaded after the first paint
        _press(terminal, "f5", partial(_other_step, ""))


def carry_to_charge(terminal: Terminal, *, longest_s: float = 240.0) -> None:
    """Start the session and answer until the header says CHARGING. Raises TimeoutError with the screen."""
    start_demo(terminal)
    end_s = time.monotonic() + longest_s
    while "CHARGING" not in (lines := terminal.lines())[0]:
        if time.monotonic() > end_s:
            raise TimeoutError("the demo never came to its charge:\n" + terminal.text())
        if _waiting(lines):
            _press(terminal, "m", partial(_fewer_wait, _waiting(lines)))
        elif _choice_missing(lines):
            _press(terminal, "1", _choice_made)
            _press(terminal, "enter", partial(_other_step, _step(lines)))
        else:
            _press(terminal, "enter", partial(_taken_or_missing, _step(lines)))


def _press(terminal: Terminal, key: str, effect: Callable[[list[str]], bool]) -> None:
    terminal.press(key)
    with suppress(TimeoutError):
        terminal.wait_for(effect, PATIENCE_S)
    terminal.wait_quiet(0.1, 1.0)


def _waiting(lines: list[str]) -> int:
    return sum(len(_METER_WAITS.findall(line)) for line in lines)


def _step(lines: list[str]) -> str:
    found = _STEP.search(lines[0])
    return found.group() if found else ""


def _fewer_wait(before: int, lines: list[str]) -> bool:
    return _waiting(lines) < before


def _choice_missing(lines: list[str]) -> bool:
    return any(_CHOOSE in line for line in lines)


def _choice_made(lines: list[str]) -> bool:
    return not _choice_missing(lines)


def _other_step(before: str, lines: list[str]) -> bool:
    return _step(lines) != before


def _taken_or_missing(before: str, lines: list[str]) -> bool:
    return _other_step(before, lines) or _choice_missing(lines)
