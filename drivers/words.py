"""Questions and commands in text (SCPI and its relatives, Korad, Manson): deadlines, retries, and which answers count.

The line keeps the gap between two requests. A question is repeated after silence or a garbled answer; a command is sent once, because whoever
writes decides by reading back what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from drivers.roles import GarbledAnswer, InstrumentError, Line, NoAnswer

T = TypeVar("T")
LONGEST_ANSWER = 256
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
LOOK_AT_LINE = "Look at the cable, its length and the baud rate; nothing else may use the port."
LOOK_AT_SUPPLY = "Is it switched on, is the cable in, does the baud rate match its menu?"


class Words:
    """One instrument that is spoken to in text. `send_end` ends what is sent, `reply_end` what is answered; where an instrument ends nothing,
    `silence_s` is how long it must have been quiet for its answer to be whole.

    `last_answer` is raw, to tell a stranger on the line from a disturbed answer.
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
        last: InstrumentError | None = None
        for _ in range(tries or self.tries):
            raw = self.line.ask(
                question.encode(self.encoding) + self.send_end,
                most,
                self.deadline_s if deadline_s is None else deadline_s,
                end=self.reply_end,
                silence_s=self.silence_s,
            )
            self.last_answer = raw
            try:
                return accept(self._text(raw))
            except ValueError as problem:
                if raw:
                    last = GarbledAnswer(self.device, f"ask {question}", f"{problem}; the answer was {raw[:40]!r}.", LOOK_AT_LINE)
                else:
                    last = NoAnswer(self.device, f"ask {question}", "no answer.", LOOK_AT_SUPPLY)
        assert last is not None
        raise last

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
    """A decimal number and nothing else; ValueError for any other text, "nan" and "inf" included."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text[:20]!r} is no number")
    return float(text)


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
