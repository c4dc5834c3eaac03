"""A line that does what lines do to a driver: silence, damage, late and lost answers, a cable pulled, another device at its end."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from drivers import proof
from drivers.roles import Line, LostLine


def whole(answer: bytes) -> bytes:
    return answer


def silence(answer: bytes) -> bytes:
    return b""


class BadLine:
    """Implements `roles.Line` on top of another one. `spoil` makes of each answer what arrives. `late`: each answer arrives only after so many
    later questions. `gone`: the cable is pulled. `after`: called after every request, for what a device does by itself.

    `sent` holds what the driver sent. `is_hardware`: our emulators' token is not answered.
    """

    def __init__(self, line: Line) -> None:
        self.url = line.url
        self.line = line
        self.sent: list[bytes] = []
        self.spoil: Callable[[bytes], bytes] = whole
        self.after: Callable[[], None] = lambda: None
        self.late, self.gone, self.is_hardware = 0, False, False
        self._held: list[bytes] = []

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        if self.is_hardware and request == proof.REQUEST:
            return b""
        self._in_reach("exchange")
        self.sent.append(request)
        answer = self.line.ask(request, expect, deadline_s, end=end, silence_s=silence_s)
        self.after()
        if not expect:
            return b""
        return self._on_its_way(answer)[:expect]

    def write(self, data: bytes) -> None:
        if self.is_hardware and data == proof.REQUEST:
            return
        self._in_reach("write")
        self.sent.append(data)
        self.line.write(data)
        self.after()

    def read_available(self) -> bytes:
        self._in_reach("read")
        return self._on_its_way(self.line.read_available())

    def close(self) -> None:
        self.line.close()

    def _in_reach(self, request: str) -> None:
        if self.gone:
            raise LostLine(self.url, request, "the line is gone.", "Is the cable in?")

    def _on_its_way(self, answer: bytes) -> bytes:
        arrived = self.spoil(answer)
        if self.late or self._held:
            self._held.append(arrived)
            arrived = self._held.pop(0) if len(self._held) > self.late else b""
        return arrived


def sometimes(draw: Random, spoil: Callable[[bytes], bytes], part: float) -> Callable[[bytes], bytes]:
    """Only a part of the answers, 0 to 1, is spoilt."""
    return lambda answer: spoil(answer) if draw.random() < part else answer


def noise(draw: Random) -> Callable[[bytes], bytes]:
    """Bytes that nobody sent."""
    return lambda answer: draw.randbytes(draw.randint(1, 60))


def damage(draw: Random, *, shows: bool) -> Callable[[bytes], bytes]:
    """One thing that lines do to an answer: a bit turned, a byte lost or put in, its end cut. `shows`: only what can be seen in a text without
    a checksum: bytes that no text has, and a missing end.
    """

    def spoil(answer: bytes) -> bytes:
        if not answer:
            return answer
        place, kind = draw.randrange(len(answer)), draw.randrange(4)
        if kind == 0:
            flipped = 0x80 if shows else 1 << draw.randrange(8)
            return answer[:place] + bytes((answer[place] ^ flipped,)) + answer[place + 1 :]
        if kind == 1:
            return answer[:place]
        if kind == 2 and not shows:
            return answer[:place] + answer[place + 1 :]
        return answer[:place] + bytes((draw.randrange(128, 256),)) + answer[place:]

    return spoil
