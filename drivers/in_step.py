"""Text instruments whose answers do not say which question they answer (SCPI): after a lost or strange answer, answers and questions are
brought back in step before anything else is asked.

The instrument is asked who it is until it says so. Its answers come in the order of its questions, so whatever came before was an answer to
an earlier question, and what may still come is its name, which no other question takes for an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drivers.roles import GarbledAnswer, InstrumentError, Line, NoAnswer, WrongDevice
from drivers.words import LONGEST_ANSWER, LOOK_AT_LINE, LOOK_AT_SUPPLY, Words

T = TypeVar("T")
STEPS = 4
"""Questions after its name before the instrument is given up."""


class InStep(Words):
    """Words that stay in step. `name` is what the instrument answers to `who`; "" until it was identified, and nothing is brought in step then.

    `is_name` tells whether a text could be some instrument's name: another one than ours is another device.
    """

    who = "*IDN?"
    name = ""

    def __init__(
        self, line: Line, device: str, *, is_name: Callable[[str], bool], send_end: bytes = b"\n", deadline_s: float = 1.0
    ) -> None:
        super().__init__(line, device, send_end=send_end, deadline_s=deadline_s)
        self.is_name = is_name
        self._in_step = True

    def ask(
        self,
        question: str,
        accept: Callable[[str], T],
        *,
        tries: int | None = None,
        deadline_s: float | None = None,
        most: int = LONGEST_ANSWER,
    ) -> T:
        """As `Words.ask`. WrongDevice when another instrument than `name` is there after an answer was lost."""
        last: InstrumentError | None = None
        for _ in range(tries or self.tries):
            try:
                self._get_in_step()
                self._in_step = False  # until the answer was taken
                answer = super().ask(question, accept, tries=1, deadline_s=deadline_s, most=most)
                self._in_step = True
                return answer
            except (NoAnswer, GarbledAnswer) as error:
                last = error
        assert last is not None
        raise last

    def _get_in_step(self) -> None:
        if self._in_step or not self.name:
            return
        raw, other = b"", ""
        for _ in range(STEPS):
            raw = self.line.ask(self.who.encode() + self.send_end, LONGEST_ANSWER, self.deadline_s, end=self.reply_end)
            said = raw.decode(self.encoding, "replace").strip("\r\n\0 ").splitlines()[-1:]  # earlier lines answer earlier questions
            if said == [self.name]:
                self._in_step = True
                return
            if said == [other]:  # twice the same: not our name spoilt on its way
                what = f"another instrument answers now ({other[:60]}); nothing was written."
                raise WrongDevice(self.device, f"ask {self.who}", what, "Plug the first one in again, or start anew with this one.")
            other = said[0] if said and self.is_name(said[0]) else ""
        if raw:
            what = f"it no longer says who it is; the answer was {raw[:40]!r}."
            raise GarbledAnswer(self.device, f"ask {self.who}", what, LOOK_AT_LINE)
        raise NoAnswer(self.device, f"ask {self.who}", "no answer.", LOOK_AT_SUPPLY)
