"""A line that follows a transcript: any other byte sent fails the test, and so does a step that nobody asked for."""

from __future__ import annotations

from drivers.modbus import decode_request, read_reply, read_request, write_request
from drivers.roles import LostLine


class ScriptedLine:
    """`steps`: (bytes that must be sent, bytes that answer; b"" is silence, None a lost line)."""

    def __init__(self, steps: list[tuple[bytes, bytes | None]]) -> None:
        self.url = "scripted"
        self.steps = list(steps)
        self.sent: list[bytes] = []

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        assert self.steps, f"nothing more may be sent, but {request.hex(' ')} was"
        wanted, answer = self.steps.pop(0)
        assert request == wanted, f"sent {request.hex(' ')} where {wanted.hex(' ')} belongs"
        self.sent.append(request)
        if answer is None:
            raise LostLine(self.url, "exchange", "the line is gone.")
        return answer[:expect]

    def write(self, data: bytes) -> None:
        raise AssertionError("this driver only asks")

    def read_available(self) -> bytes:
        raise AssertionError("this driver only asks")

    def close(self) -> None:
        assert not self.steps, f"never asked: {[request.hex(' ') for request, _ in self.steps]}"


def riden_registers(**changes: int) -> list[int]:
    """Registers 0-41 of an RD6012, output off, 3.65 V and 10 A set, no probe. `changes`: r10=342 sets register 10."""
    registers = [0] * 45
    registers[0:4] = [60121, 0, 6464, 142]
    registers[5], registers[8], registers[9] = 25, 365, 1000
    registers[34], registers[35] = 1, 191
    for name, value in changes.items():
        registers[int(name[1:])] = value
    return registers


def reads(register: int, *values: int) -> tuple[bytes, bytes]:
    """A read of these registers and its good answer."""
    request = read_request(1, register, len(values))
    decoded = decode_request(request)
    assert decoded is not None
    return request, read_reply(decoded, values)


def polls(**changes: int) -> tuple[bytes, bytes]:
    return reads(0, *riden_registers(**changes)[:42])


def writes(register: int, value: int) -> tuple[bytes, bytes]:
    """A write of one register and its echo."""
    return write_request(1, register, value), write_request(1, register, value)
