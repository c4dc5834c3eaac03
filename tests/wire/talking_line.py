"""A line at whose end a meter stands that is told what to say; whatever it is sent is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.roles import LostLine

Answers = Mapping[str, bytes] | Callable[[str], bytes]


class TalkingLine:
    """`answers`: by question without its end, or a function of it; what it does not know is not answered. `late`: each answer comes only after
    so many further questions.
    """

    def __init__(self, answers: Answers, late: int = 0) -> None:
        self.url = "talking"
        self.answers = answers
        self.sent: list[str] = []
        self.lost = self.closed = False
        self.late, self._held = late, []

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        if self.lost:
            raise LostLine(self.url, "exchange", "the line is gone.")
        text = request.decode("latin-1").removesuffix("\n")
        self.sent.append(text)
        answer = self.answers(text) if callable(self.answers) else self.answers.get(text, b"")
        if expect == 0:
            return b""
        self._held.append(answer)
        return self._held.pop(0)[:expect] if len(self._held) > self.late else b""

    def write(self, data: bytes) -> None:
        raise AssertionError("a polled meter is asked")

    def read_available(self) -> bytes:
        return b""

    def close(self) -> None:
        self.closed = True

    @property
    def commands(self) -> list[str]:
        """What was sent and is no question."""
        return [text for text in self.sent if "?" not in text]
