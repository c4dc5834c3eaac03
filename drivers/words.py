"""Questions and commands in text (SCPI and its relatives, Korad, Manson): deadlines, retries, and which answers count.

The line keeps the gap between two requests. A question is repeated after silence or a garbled answer; a command is sent once, because whoever
writes decides by reading back what became of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from drivers.roles import GarbledAnswer, InstrumentError, Line, NoAnswer

T = TypeVar("T")
LONGEST_ANSWER = 256
MOST_OWED = 8  # late answers that are reckoned with
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
LOOK_AT_LINE = "Look at the cable, its length and the baud rate; nothing else may use the port."
LOOK_AT_SUPPLY = "Is it switched on, is the cable in, does the baud rate match its menu?"


class Words:
    """One instrument that is spoken to in text. `send_end` ends what is sent, `reply_end` what is answered; where an instrument ends nothing,
    `silence_s` is how long it must have been quiet for its answer to be whole.

    `last_answer` is raw, to tell a stranger on the line from a disturbed answer. `anchor` is a question whose answer is like no other, and
    what raises ValueError for every other answer: after a missing or spoilt answer the line counts as out of step, and nothing else is asked
    until that question gets its own answer. Texts bear no mark of their question, so a late answer would else pass for the next one's.
    """

    def __init__(
        self,
        line: Line,
        device: str,
        *,
        send_end: bytes = b"\n",
        reply_end: bytes = b"\n",
        silence_s: float = 0.0,
        deadline_s: float = 1.0,
        tries: int = 3,
        encoding: str = "ascii",
    ) -> None:
        self.line, self.device = line, device
        self.send_end, self.reply_end, self.silence_s = send_end, reply_end, silence_s
        self.deadline_s, self.tries, self.encoding = deadline_s, tries, encoding
        self.last_answer = b""
        self.anchor: tuple[str, Callable[[str], object]] | None = None

    def ask(
        self,
        question: str,
        accept: Callable[[str], T],
        *,
        tries: int | None = None,
        deadline_s: float | None = None,
        most: int = LONGEST_ANSWER,
    ) -> T:
        """What `accept` makes of the answer, stripped of its end. It raises ValueError, told in words, for an answer that cannot be one.

        Raises NoAnswer or GarbledAnswer after the last try, LostLine at once.
        """
        return self.ask_bytes(
            question, lambda raw: accept(self._text(raw)), tries=tries, deadline_s=deadline_s, most=most, end=self.reply_end
        )

    def ask_bytes(
        self,
        question: str,
        accept: Callable[[bytes], T],
        *,
        tries: int | None = None,
        deadline_s: float | None = None,
        most: int = LONGEST_ANSWER,
        end: bytes = b"",
    ) -> T:
        """The same for an answer that is no text: `accept` gets it whole, its end included."""
        last: InstrumentError | None = None
        for _ in range(tries or self.tries):
            if not self._in_step():
                last = last or NoAnswer(self.device, f"ask {question}", "no answer that belongs to a question.", LOOK_AT_LINE)
                break
            raw = self._exchange(question, most, deadline_s, end)
            self.last_answer = raw
            try:
                found = accept(raw)
            except ValueError as problem:
                self._missing = min(self._owed, MOST_OWED) + 1
                self._heard_anchor(raw)
                if raw:
                    last = GarbledAnswer(self.device, f"ask {question}", f"{problem}; the answer was {raw[:40]!r}.", LOOK_AT_LINE)
                else:
                    last = NoAnswer(self.device, f"ask {question}", "no answer.", LOOK_AT_SUPPLY)
                continue
            self._owed = 0  # answers keep their order: nothing older can still come
            return found
        assert last is not None
        raise last

    _owed = 0  # anchors asked whose answers may still come
    _missing = 0  # answers of the anchor still to be heard before anything else is asked

    def _in_step(self) -> bool:
        """Whether the next answer can only be the next question's, or an anchor's, which is like no other."""
        if self.anchor is None:
            return True
        for _ in range(self._missing + 1):
            if self._missing <= 0:
                return True
            self._owed += 1
            self._heard_anchor(self._exchange(self.anchor[0], LONGEST_ANSWER, None, self.reply_end))
        return self._missing <= 0

    def _heard_anchor(self, raw: bytes) -> None:
        if self.anchor is not None and raw:
            with suppress(ValueError):
                self.anchor[1](self._text(raw))
                self._owed, self._missing = max(self._owed - 1, 0), self._missing - 1

    def _exchange(self, question: str, most: int, deadline_s: float | None, end: bytes) -> bytes:
        request = question.encode(self.encoding) + self.send_end
        return self.line.ask(request, most, self.deadline_s if deadline_s is None else deadline_s, end=end, silence_s=self.silence_s)

    def tell(self, command: str) -> None:
        """Send a command that is not answered. Raises LostLine."""
        self.line.ask(command.encode(self.encoding) + self.send_end, 0, 0.0)

    def _text(self, raw: bytes) -> str:
        if not raw:
            raise ValueError("nothing came")
        if self.reply_end and not raw.endswith(self.reply_end):
            raise ValueError("its end is missing")
        try:
            return raw.decode(self.encoding).strip("\r\n\0 ")
        except UnicodeDecodeError as problem:
            raise ValueError("it has signs that no answer has") from problem


def number(text: str) -> float:
    """A decimal number and nothing else; ValueError for any other text, "nan" and "inf" included, and for one beyond all numbers ("1e999")."""
    if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:20]!r} is no number")
    return value


def numbers(text: str, count: int, separators: str = ",") -> tuple[float, ...]:
    """So many decimal numbers between separators; ValueError for more, fewer, or anything else."""
    parts = [part for part in re.split(f"[{re.escape(separators)}]+", text.strip()) if part]
    if len(parts) != count:
        raise ValueError(f"{len(parts)} numbers where {count} belong")
    return tuple(number(part) for part in parts)


def flag(text: str) -> bool:
    """1, ON and YES, or 0, OFF and NO, in any case."""
    found = {"1": True, "ON": True, "YES": True, "0": False, "OFF": False, "NO": False}.get(text.strip().upper())
    if found is None:
        raise ValueError(f"{text[:20]!r} is neither on nor off")
    return found
