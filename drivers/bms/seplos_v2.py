"""Seplos V2: ASCII frames (BMS sheet, chapter 4). `~` text CR, the text in hex digits.

  request  20 address 46 command length pack checksum     command 42 status, 44 alarms; pack 00, or 01 for boards that count so
  answer   20 address 46 code    length info checksum     code 00 is well; it does not say which command it answers
  length   low 12 bits: digits of the info; high 4 bits: two's complement of the sum of their three nibbles
  checksum two's complement of the sum of the ASCII codes between ~ and it, 16 bits

  42  flag, group, n, n cells mV, t, t sensors (0.1 K from 273.1 K), current 10 mA (+ is charging), pack 10 mV, remaining 10 mAh, count, then
      so many words: full 10 mAh, charge 0.1 %, rated 10 mAh, cycles, health, port
  44  flag, group, n, n states, t, t states, 2 states, count, then so many bytes: voltages in the second and temperatures in the
      third (odd bits cut, even ones warn; bit 1 of the voltages is a cell's over-voltage), switches in the seventh (bit 0 discharge, 1 charge).
      From one source.

The over-voltage limit is in command 47, whose layout nobody has confirmed: it stays unknown. Pace boards, which differ, are not spoken to.
"""

from __future__ import annotations

from drivers.address import Address
from drivers.bms.common import AskedBms, Found, flags, frames, signed, tap_v, words
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line, NoAnswer, Refused

STATUS, ALARMS = 0x42, 0x44
PACKS = (0, 1)
CODES = {1: "it wants another version", 2: "it found a wrong checksum", 3: "it found a wrong length", 4: "it does not know this command"}
VOLTAGES = ("", "cell_overvoltage", "", "cell_undervoltage", "", "pack_overvoltage", "", "pack_undervoltage")
TEMPERATURES = (
    "",
    "charge_overtemperature",
    "",
    "charge_undertemperature",
    "",
    "discharge_overtemperature",
    "",
    "discharge_undertemperature",
)


def check_address(address: Address) -> int:
    """The board's address, 0 to 15."""
    return address.integer("address", 0, low=0, high=15)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> SeplosV2Bms:
    return SeplosV2Bms(line, check_address(address), address=str(address), clock=clock, prove=address.speed is not None)


def framed(address: int, code: int, info: bytes) -> bytes:
    digits = 2 * len(info)
    length = (-sum(digits >> shift & 15 for shift in (0, 4, 8)) & 15) << 12 | digits
    text = f"20{address:02X}46{code:02X}{length:04X}{info.hex().upper()}"
    return f"~{text}{-sum(text.encode()) & 0xFFFF:04X}\r".encode()


def whole(raw: bytes) -> bytes:
    """The frame at the beginning of `raw`, with `~` and CR, checked, or b""."""
    frame = raw[: raw.find(b"\r") + 1]
    try:
        decoded = bytes.fromhex(frame[1:-1].decode("ascii"))
    except ValueError:
        return b""
    return frame if len(decoded) >= 8 and frame == framed(decoded[1], decoded[3], decoded[6:-2]) and decoded[2] == 0x46 else b""


class SeplosV2Bms(AskedBms):
    """One Seplos board. `unit` is its address, 0 to 15."""

    title, header = "Seplos board", b"~"

    _has_alarms = False

    def __init__(self, line: Line, unit: int = 0, *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.unit, self._pack = unit, PACKS[0]

    def _harmless(self, request: bytes) -> bool:
        return request in [framed(self.unit, command, bytes((pack,))) for command in (STATUS, ALARMS) for pack in PACKS]

    def _info(self, what: str, command: int) -> bytes:
        """The info of one answer. As no answer names its command, only one of the command's shape counts. Raises Refused for a code."""

        def find(raw: bytes) -> list[bytes]:
            answers = [bytes.fromhex(frame[1:-1].decode())[:-2] for frame in frames(raw, self.header, whole)]
            ours = [answer for answer in answers if answer[1] == self.unit and answer[3] not in (STATUS, ALARMS)]  # those are echoes
            return [answer for answer in ours if answer[3] or shape(answer[6:]) == command]

        answer = self.ask(what, framed(self.unit, command, bytes((self._pack,))), find)
        if answer[3]:
            raise Refused(self.address, what, f"the board declines: {CODES.get(answer[3], f'code {answer[3]:02X}')}.")
        return answer[6:]

    def _status(self) -> bytes:
        return self._info("read the status", STATUS)

    def _look(self) -> Found:
        for self._pack in PACKS:
            try:
                status = self._status()
                break
            except (NoAnswer, Refused):
                if self._pack == PACKS[-1]:
                    raise
        try:
            self._info("read the alarms", ALARMS)
            self._has_alarms = True
        except (NoAnswer, Refused):
            self._has_alarms = False
        return Found((status[2],), BmsProfile("seplos-v2", "Seplos V2", cell_count=status[2]))

    def _poll(self) -> BmsReading:
        alarms = events(self._info("read the alarms", ALARMS)) if self._has_alarms else None
        status = self._status()
        cells = 3 + 2 * status[2]
        sensors = cells + 1 + 2 * status[cells]
        current, pack, remaining = words(status[sensors : sensors + 6])
        _, charge, rated, cycles, *_ = words(status[sensors + 7 :])
        protection = None
        if alarms is not None:
            protection = flags(alarms[1], VOLTAGES) + flags(alarms[2], TEMPERATURES)
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(tap_v(cell) for cell in words(status[3:cells])),
            pack_voltage_v=pack / 100,
            current_a=signed(current) / 100,
            soc_pct=charge / 10,
            remaining_ah=remaining / 100,
            nominal_ah=rated / 100,
            cycles=cycles,
            temperatures_c=tuple(round((raw - 2731) / 10, 1) for raw in words(status[cells + 1 : sensors])),
            charge_fet_on=None if alarms is None else bool(alarms[6] & 2),
            discharge_fet_on=None if alarms is None else bool(alarms[6] & 1),
            protection=protection,
        )


def shape(info: bytes) -> int:
    """The command that an info of this shape answers; 0 for none."""
    try:
        sensors = 3 + 2 * info[2]
        count = sensors + 1 + 2 * info[sensors] + 6
        if len(info) == count + 1 + 2 * info[count] and info[count] >= 4:
            return STATUS
    except IndexError:
        pass  # too short to be a status
    return ALARMS if len(events(info)) >= 7 else 0


def events(info: bytes) -> bytes:
    """The event bytes of an answer to 44: 1 to 6, then the switches; b"" where they are not all there."""
    if len(info) < 4 or len(info) <= (sensors := 3 + info[2]) or len(info) <= (count := sensors + 1 + info[sensors] + 2):
        return b""
    found = info[count + 1 : count + 1 + info[count]]
    return found if len(found) == info[count] else b""
