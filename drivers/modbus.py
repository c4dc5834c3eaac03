"""Modbus RTU as bench supplies speak it: one small codec, the asking side, and what an emulator needs to answer.

No library is used on purpose. The frames must travel over any pyserial URL and over an in-memory line alike, with our
own deadlines, retries and rules for late answers; the emulators need the same frames from the other side; and one family
to come speaks a byte-swapped relative of the protocol. The well-kept Modbus libraries own their port or keep their framing
private, so each of those needs would go around them.

A frame is unit, function, data, CRC-16 (low byte first). Registers hold 16 bits, high byte first. Functions: 3 reads,
6 writes one register, 16 writes several; a refusal is the function with its top bit set and a code. A device that sees a
wrong CRC stays silent.
"""

from __future__ import annotations

import struct
import time
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from drivers.roles import GarbledAnswer, InstrumentError, Line, NoAnswer, Refused

READ, WRITE, WRITE_MANY, REFUSAL = 0x03, 0x06, 0x10, 0x80
ILLEGAL_FUNCTION, ILLEGAL_REGISTER, ILLEGAL_VALUE = 1, 2, 3
REFUSALS = {
    ILLEGAL_FUNCTION: "it does not know this function",
    ILLEGAL_REGISTER: "it has no such register",
    ILLEGAL_VALUE: "it does not accept this value",
    4: "it reports a failure of its own",
    6: "it is busy",
}
WRITE_REPLY_LENGTH = 8
LATEST_ANSWER_S = 30.0  # whatever was asked longer ago is not answered any more
MOST_SPARE = 15  # registers that a read may ask for beyond those that are wanted
REFUSAL_LENGTH = 5


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC_TABLE = tuple(_crc_of_byte(value) for value in range(256))


@cache
def _crc_of_pairs() -> array[int]:
    """The table for two bytes at once, low byte first: 128 kB and some milliseconds, so it waits for the first frame."""
    before = [(crc >> 8) ^ _CRC_TABLE[crc & 0xFF] for crc in _CRC_TABLE]  # a byte with one more byte behind it
    return array("H", [last ^ first for last in _CRC_TABLE for first in before])


# --- frames, both sides ---------------------------------------------------------------------------------------


def crc16(data: bytes) -> int:
    """CRC-16 of Modbus: start 0xFFFF, polynomial 0xA001 reflected. A whole frame with its CRC behind it gives 0."""
    crc, pairs = 0xFFFF, _crc_of_pairs()
    for pair in struct.unpack_from(f"<{len(data) // 2}H", data):  # every poll goes through here twice
        crc = pairs[crc ^ pair]
    if len(data) % 2:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ data[-1]) & 0xFF]
    return crc


def frame(body: bytes) -> bytes:
    """The body with its CRC behind it, low byte first."""
    return body + crc16(body).to_bytes(2, "little")


@lru_cache(maxsize=64)  # a poll is the same request each time
def check(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of all before them; false for anything too short to be a frame."""
    return len(frame) >= 4 and crc16(frame) == 0


# --- requests -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def read_request(unit: int, register: int, count: int) -> bytes:
    return frame(struct.pack(">BBHH", unit, READ, register, count))


def write_request(unit: int, register: int, value: int) -> bytes:
    return frame(struct.pack(">BBHH", unit, WRITE, register, value))


def write_many_request(unit: int, register: int, values: Sequence[int]) -> bytes:
    count = len(values)
    return frame(struct.pack(f">BBHHB{count}H", unit, WRITE_MANY, register, count, 2 * count, *values))


def read_reply_length(count: int) -> int:
    """Bytes in the answer to a read of `count` registers."""
    return 5 + 2 * count


# --- answers --------------------------------------------------------------------------------------------------


def parse_read_reply(reply: bytes, unit: int, count: int, *, device: str, request: str) -> tuple[int, ...]:
    """The registers in an answer to a read.

    Raises NoAnswer (nothing came), Refused (the device declined), GarbledAnswer (length, unit, function, byte count or CRC is wrong).
    """
    _check_head(reply, unit, READ, device, request)
    if reply[2] != 2 * count:
        what = f"the answer carries {reply[2]} bytes of data where {2 * count} were asked for: a late answer to another request, or noise."
        raise GarbledAnswer(device, request, what, _LOOK_AT_LINE)
    _check_body(reply, read_reply_length(count), device, request)
    return struct.unpack_from(f">{count}H", reply, 3)


def parse_write_reply(reply: bytes, sent: bytes, *, device: str, request: str) -> None:
    """Check the echo of a write: a single write comes back unchanged, a write of several returns its head.

    Raises like `parse_read_reply`.
    """
    _check_head(reply, sent[0], sent[1], device, request)
    _check_body(reply, WRITE_REPLY_LENGTH, device, request)
    if reply[:6] != sent[:6]:
        what = f"the echo {reply[2:6].hex(' ')} differs from what was sent ({sent[2:6].hex(' ')})."
        raise GarbledAnswer(device, request, what, _LOOK_AT_LINE)


_LOOK_AT_LINE = "Look at the cable, its length and the baud rate; nothing else may use the port."


def _check_head(reply: bytes, unit: int, function: int, device: str, request: str) -> None:
    if not reply:
        raise NoAnswer(device, request, "no answer.", "Is it switched on, is the cable in, do baud rate and address match its menu?")
    if len(reply) < 3:
        raise GarbledAnswer(device, request, f"only {len(reply)} byte(s) came: {reply.hex(' ')}.", _LOOK_AT_LINE)
    if reply[0] == unit and reply[1] == function | REFUSAL and check(reply[:REFUSAL_LENGTH]):
        raise Refused(device, request, f"declined with code {reply[2]}: {REFUSALS.get(reply[2], 'a code without a meaning')}.")
    if reply[0] != unit or reply[1] != function:
        what = f"the answer begins with {reply[:2].hex(' ')} where {bytes((unit, function)).hex(' ')} belongs: it answers another request."
        raise GarbledAnswer(device, request, what, _LOOK_AT_LINE)


def _check_body(reply: bytes, length: int, device: str, request: str) -> None:
    if len(reply) != length:
        raise GarbledAnswer(device, request, f"{len(reply)} bytes came where {length} belong.", _LOOK_AT_LINE)
    if crc16(reply):
        raise GarbledAnswer(device, request, "the checksum of the answer is wrong.", _LOOK_AT_LINE)


# --- the asking side ------------------------------------------------------------------------------------------


class Unit:
    """One Modbus device on a line, with deadlines and retries. The line keeps the gap between two requests.

    A read is repeated after silence or a garbled answer. Answers to reads name no register, so a late answer to an earlier
    question could pass for the present one, of other registers too. So no read asks for as many registers as one whose
    answer may still be on its way: it asks for some more (with `spare`), and the byte count tells the two apart.
    A write is sent once: whoever writes decides by a read-back what a lost echo means.

    Some devices answer no more than `most` registers at once, or none beyond their own: `blocks` then are those that exist. Where that leaves
    no other number to ask for, `sounding`, a register with some behind it, is read first until its answer can be no late one: a device answers
    in order, so nothing late comes after that.
    """

    def __init__(
        self,
        line: Line,
        device: str,
        unit: int = 1,
        *,
        deadline_s: float = 0.5,
        tries: int = 3,
        most: int = 125,
        blocks: Iterable[range] = (),
        sounding: int = 0,
    ) -> None:
        self.line, self.device, self.unit = line, device, unit
        self.deadline_s, self.tries = deadline_s, tries
        self._most, self._blocks, self._sounding = most, tuple(blocks), sounding
        self.last_answer = b""  # raw, to tell a stranger on the line from a disturbed answer
        self._unanswered: deque[tuple[int, float]] = deque(maxlen=MOST_SPARE)  # registers asked for, and when (wall seconds)

    def read(self, register: int, count: int, *, tries: int | None = None, spare: bool = True) -> tuple[int, ...]:
        """`count` registers from `register` on. Raises NoAnswer or GarbledAnswer after the last try, Refused and LostLine at once."""
        request = f"read registers {register}-{register + count - 1}" if count > 1 else f"read register {register}"
        return self._tried(request, register, count, tries or self.tries, spare=spare)[:count]

    def _tried(self, request: str, register: int, count: int, tries: int, *, spare: bool = True, sounding: bool = False) -> tuple[int, ...]:
        last: InstrumentError | None = None
        for done in range(tries):
            asked = self._told_apart(register, count, tries - done, sounding) if spare else count
            self.last_answer = self.line.ask(read_request(self.unit, register, asked), read_reply_length(asked), self.deadline_s)
            try:
                return parse_read_reply(self.last_answer, self.unit, asked, device=self.device, request=request)
            except (NoAnswer, GarbledAnswer) as error:
                last = error
                self._unanswered.append((asked, time.monotonic()))
        assert last is not None
        raise last

    def _told_apart(self, register: int, count: int, tries: int, sounding: bool) -> int:
        """How many registers to ask for so that no answer that may still come has as many."""
        now_s = time.monotonic()
        while self._unanswered and now_s - self._unanswered[0][1] > LATEST_ANSWER_S:
            self._unanswered.popleft()
        last_s = dict(self._unanswered)  # when each number was last asked for
        numbers = range(count, self._room(register, count) + 1)
        free = next((asked for asked in numbers if asked not in last_s), 0)
        if free:
            return free
        if sounding:
            return min(numbers, key=last_s.__getitem__)
        self._tried(f"read register {self._sounding}", self._sounding, 1, tries, sounding=True)
        self._unanswered.clear()
        return count

    def _room(self, register: int, count: int) -> int:
        """The most registers that may be asked for from here on."""
        end = next((block.stop for block in self._blocks if register in block), register + count if self._blocks else 0x10000)
        return max(count, min(count + MOST_SPARE, self._most, end - register))

    def write(self, register: int, value: int) -> None:
        """Write one register, once. Raises NoAnswer or GarbledAnswer when the echo is lost: the write may still have worked."""
        sent = write_request(self.unit, register, value)
        self.last_answer = self.line.ask(sent, WRITE_REPLY_LENGTH, self.deadline_s)
        parse_write_reply(self.last_answer, sent, device=self.device, request=f"write {value} to register {register}")


# --- the answering side (emulators) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """A request as an emulator sees it. `values` is empty for a read; `count` is 1 for a single write."""

    unit: int
    function: int
    register: int
    count: int
    values: tuple[int, ...] = ()


def request_length(buffer: bytes) -> int:
    """Bytes of the request that begins here; 0 while that cannot be told."""
    if len(buffer) < 8:
        return 0
    return 9 + buffer[6] if buffer[1] == WRITE_MANY else 8


def decode_request(data: bytes) -> Request | None:
    """The request in one whole frame; None for a wrong CRC or shape, to which a device stays silent."""
    if not check(data) or len(data) < 8:
        return None
    unit, function, register, word = struct.unpack_from(">BBHH", data)
    if function == READ and len(data) == 8:
        return Request(unit, function, register, word)
    if function == WRITE and len(data) == 8:
        return Request(unit, function, register, 1, (word,))
    if function == WRITE_MANY and len(data) == 9 + 2 * word and data[6] == 2 * word:
        return Request(unit, function, register, word, struct.unpack_from(f">{word}H", data, 7))
    return Request(unit, function, register, 0) if function not in (READ, WRITE, WRITE_MANY) else None


def read_reply(request: Request, values: Sequence[int]) -> bytes:
    count = len(values)
    return frame(struct.pack(f">BBB{count}H", request.unit, READ, 2 * count, *values))


def write_reply(request: Request) -> bytes:
    word = request.values[0] if request.function == WRITE else request.count
    return frame(struct.pack(">BBHH", request.unit, request.function, request.register, word))


def refusal(request: Request, code: int) -> bytes:
    return frame(bytes((request.unit, request.function | REFUSAL, code)))
