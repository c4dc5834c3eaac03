"""How SCPI text is taken apart by an emulator: long and short words, channel numbers, several commands in a line, the queue of errors."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from drivers.simulated.instrument import LineInstrument
from drivers.simulated.scpi_headers import pattern

LONGEST_QUEUE = 20


class ScpiError(Exception):
    """What goes into the queue of errors."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code} {text}")


UNDEFINED, MISSING, WRONG_TYPE, OUT_OF_RANGE = (
    (-113, "Undefined header"),
    (-109, "Missing parameter"),
    (-104, "Data type error"),
    (-222, "Data out of range"),
)


def arguments(text: str) -> list[str]:
    """What stands between commas; a channel list "(@1,2)" is one argument."""
    return [part.strip() for part in re.findall(r"(?:\([^)]*\)|\"[^\"]*\"|[^,])+", text) if part.strip()]


def switched(text: str) -> bool:
    """ON and 1, OFF and 0; raises ScpiError."""
    found = {"ON": True, "1": True, "OFF": False, "0": False}.get(text.upper())
    if found is None:
        raise ScpiError(*WRONG_TYPE)
    return found


def amount(text: str, *, low: float, high: float) -> float:
    """A number, with or without its unit, or MIN or MAX; raises ScpiError, also outside `low`..`high`."""
    word = text.upper()
    if word[:3] in ("MIN", "MAX"):
        return low if word[:3] == "MIN" else high
    match = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*(M?[VA])?", word)
    if match is None:
        raise ScpiError(*WRONG_TYPE)
    value = float(match[1]) * (0.001 if (match[2] or "").startswith("M") else 1.0)
    if not low - 1e-9 <= value <= high + 1e-9:
        raise ScpiError(*OUT_OF_RANGE)
    return value


class ScpiInstrument(LineInstrument):
    """`commands` maps what may be written to the method that does it: it is called with the number in the header (None without one) and the
    arguments, gives the answer of a question, and raises ScpiError.
    """

    commands: ClassVar[Mapping[str, str]]
    errors_written: ClassVar[str] = '{code},"{text}"'
    no_error: ClassVar[str] = "No error"
    reply_end: ClassVar[bytes] = b"\n"
    ends = b"\n"
    _errors: list[ScpiError]

    def _reply(self, line: str) -> bytes:
        answers: list[str] = []
        path = ""
        for text in line.split(";"):
            head, _, rest = text.strip().partition(" ")
            if not head:
                continue
            try:
                found = self._find(head, path)
                if found is None:
                    raise ScpiError(*UNDEFINED)
                method, number, path = found
                answer = method(number, arguments(rest))
            except (ScpiError, IndexError) as problem:
                self._complain(problem if isinstance(problem, ScpiError) else ScpiError(*MISSING))
                continue
            if answer is not None:
                answers.append(answer)
        return ";".join(answers).encode() + self.reply_end if answers else b""

    def _find(self, head: str, path: str) -> tuple[Callable[[int | None, list[str]], str | None], int | None, str] | None:
        """The method, the number in the header, and the path that a command after a semicolon stands on."""
        for whole in ([path + head] if path and head[0] not in ":*" else []) + [head]:
            for written, name in self.commands.items():
                match = pattern(written).fullmatch(whole)
                if match is not None:
                    number = match.groupdict().get("n")
                    trail = path if head.startswith("*") else whole[: whole.rfind(":") + 1]
                    return getattr(self, name), int(number) if number else None, trail
        return None

    def _complain(self, problem: ScpiError) -> None:
        if len(self._errors) < LONGEST_QUEUE:
            self._errors.append(problem)

    # --- what every instrument of the kind knows ---

    COMMON: ClassVar[Mapping[str, str]] = {
        "*IDN?": "idn_q",
        "*CLS": "clear_status",
        "*ESR?": "zero_q",
        "*ESE?": "zero_q",
        "*SRE?": "zero_q",
        "*STB?": "zero_q",
        "*TST?": "zero_q",
        "*ESE": "nothing",
        "*SRE": "nothing",
        "*OPC": "nothing",
        "*WAI": "nothing",
        "*OPC?": "one_q",
        "SYSTem:ERRor[:NEXT]?": "error_q",
        "SYSTem:VERSion?": "version_q",
        "SYSTem:REMote": "nothing",
        "SYSTem:LOCal": "nothing",
        "SYSTem:RWLock": "nothing",
    }

    @abstractmethod
    def idn_q(self, number: int | None, args: list[str]) -> str:
        """What it says it is."""

    def clear_status(self, number: int | None, args: list[str]) -> None:
        self._errors.clear()

    def nothing(self, number: int | None, args: list[str]) -> None:
        """Taken, without effect here."""

    def zero_q(self, number: int | None, args: list[str]) -> str:
        return "0"

    def one_q(self, number: int | None, args: list[str]) -> str:
        return "1"

    def version_q(self, number: int | None, args: list[str]) -> str:
        return "1999.0"

    def error_q(self, number: int | None, args: list[str]) -> str:
        found = self._errors.pop(0) if self._errors else ScpiError(0, self.no_error)
        return self.errors_written.format(code=found.code, text=found.text)
