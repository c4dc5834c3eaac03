"""What a bad line makes of answers: bits flipped, bytes lost, doubled, swapped or put in, ends cut or grown, other answers in between."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def spoilt(answer: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """`answer` after one to three changes; `others` are whole answers to other questions, which may be put in or stand in its place."""
    changed = bytearray(answer)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        place = draw.randrange(len(changed)) if changed else 0
        kind = draw.randrange(9)
        if kind == 0 and changed:
            changed[place] ^= 1 << draw.randrange(8)
        elif kind == 1 and changed:
            changed[place] = draw.randrange(256)
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            del changed[place : place + draw.randint(1, 4)]
        elif kind == 4:
            changed[place:place] = draw.randbytes(draw.randint(1, 8))
        elif kind == 5:
            changed += draw.randbytes(draw.randint(1, 16))
        elif kind == 6 and len(changed) > 1:
            other = draw.randrange(len(changed))
            changed[place], changed[other] = changed[other], changed[place]
        elif kind == 7:
            changed[place:place] = draw.choice(others)
        elif kind == 8:
            changed[:] = draw.choice(others)
    return bytes(changed)


def random_answer(draw: Random, longest: int = 120) -> bytes:
    return draw.randbytes(draw.randrange(longest))


def crc_holds(frame: bytes) -> bool:
    """The rule of Modbus bit by bit: another code than the driver's."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return len(frame) >= 4 and crc == 0


def xor_holds(line: bytes) -> bool:
    """Whether a text line ends with `*HH`, the XOR of all bytes before it: another code than the grammar's.

    Blanks, NUL and a byte-order mark around the line are not of it, nor is a `$` before it.
    """
    text = line.decode("utf-8").strip("\ufeff\0 \t\r\n").encode()
    body, star, digits = text.rpartition(b"*")
    if not star or len(digits) != 2:
        return False
    total = 0
    for byte in body.removeprefix(b"$"):
        total ^= byte
    return digits.decode("ascii", "replace").upper() == f"{total:02X}"
