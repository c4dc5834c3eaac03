"""Daly: A5 frames over UART or RS485 (BMS sheet, section 3.1). A board that is silent to them is asked in Modbus (`daly_modbus`).

  request  A5 address command 08 and eight 00, sum      address 3F + board, or 80 where a board answers only its Bluetooth side
  answer   A5 board command 08 d0...d7 sum              unused bytes hold what is left of earlier answers: nothing is read from them

  90  0 pack 0.1 V, 4 current 0.1 A from 30000, 6 charge 0.1 %         95  frame from 1, then three cells mV; as many frames as it takes, or 16
  93  0 state (0 idle, 1 charging, 2 discharging), 1 charge switch,    96  frame from 1, then seven sensors °C + 40
      2 discharge switch, 4 remaining mAh                              97  48 bits, any of them: a cell balances
  94  0 cells, 1 sensors, 5 cycles                                     98  faults (`daly_faults`)
  50  0 rated mAh                                                      59  2 cell over-voltage limit mV; from one source, not on all boards

The sign of the current follows the state, because boards differ in what lies above 30000. Option `invert`: "yes" where that is discharging, "no"
where it is charging; the sign is then taken from the number. The switches of some boards are told as on when an app has switched them off.
"""

from __future__ import annotations

from contextlib import suppress

from drivers.address import Address
from drivers.bms.common import AskedBms, Found, frames, limit_v, tap_v, words
from drivers.bms.daly_faults import faults
from drivers.bms.daly_modbus import DalyModbusBms, switch
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line, NoAnswer

COMMANDS = (0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x50, 0x59)
FIRST, BLUETOOTH_SIDE = 0x3F, 0x80
CHARGING, DISCHARGING = 1, 2
ONE_TRY_S, MANY_FRAMES_S = (0.5,), (0.8, 0.8)
BETWEEN_FRAMES_S = 0.3


def check_address(address: Address) -> tuple[int, str]:
    """The board's number, 1 to 16, and what its owner knows of the current's sign: "yes", "no", or "" for nothing."""
    return address.integer("address", 1, low=1, high=16), address.choice("invert", "", ("yes", "no", ""))


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> DalyBms:
    board, invert = check_address(address)
    return DalyBms(line, board, invert, address=str(address), clock=clock, prove=address.speed is not None)


def ask_frame(to: int, command: int) -> bytes:
    body = bytes((0xA5, to, command, 8)) + bytes(8)
    return body + bytes((sum(body) & 0xFF,))


def whole(raw: bytes) -> bytes:
    """The answer at the beginning of `raw`, checked, or b""."""
    frame = raw[:13]
    return frame if len(frame) == 13 and sum(frame[:-1]) & 0xFF == frame[-1] else b""


def current_a(raw: int, state: int, invert: str) -> float | None:
    """A, positive while charging; None where the sign cannot be told."""
    amperes = abs(raw - 30000) / 10
    charging: bool | None = {CHARGING: True, DISCHARGING: False}.get(state)
    if invert:
        charging = (raw > 30000) is (invert == "no")
    if charging is None and amperes:
        return None
    return amperes if charging or not amperes else -amperes


class DalyBms(AskedBms):
    """One Daly board on a line. `board` is its number; `invert` as in the address."""

    title, header = "Daly board", b"\xa5"
    deadlines_s = (0.3, 0.5, 0.5)
    pack_step_v = 0.1

    _limit_v: float | None = None
    _nominal_ah: float | None = None
    _sensors = 0
    _in_modbus = False

    def __init__(self, line: Line, board: int = 1, invert: str = "", *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.board, self.invert, self._to = board, invert, FIRST + board
        self._modbus = DalyModbusBms(line, invert == "yes", address=address, clock=clock)

    def _harmless(self, request: bytes) -> bool:
        """One of the reading commands to this board, all data 0."""
        known = len(request) == 13 and request[0] == 0xA5 and request[1] in (FIRST + self.board, BLUETOOTH_SIDE) and request[2] in COMMANDS
        return known and request[3:12] == b"\x08" + bytes(8) and request[12] == sum(request[:12]) & 0xFF

    def _answers(self, raw: bytes, command: int) -> list[bytes]:
        """The eight bytes of each."""
        return [frame[4:12] for frame in frames(raw, bytes((0xA5, self.board, command, 8)), whole)]

    def _data(self, command: int, deadlines_s: tuple[float, ...] | None = None) -> bytes:
        what = f"read {command:02X}"
        return self.ask(what, ask_frame(self._to, command), lambda raw: self._answers(raw, command), deadlines_s=deadlines_s)

    def _numbered(self, command: int, values: int, a_frame: int, size: int) -> bytes:
        """So many values of `size` bytes from frames numbered from 1, `a_frame` in each. A set with a gap is no set."""
        count = -(-values // a_frame)
        if not count:
            return b""

        def sets(raw: bytes) -> list[bytes]:
            found: list[bytes] = []
            run: list[bytes] = []
            for number, *rest in self._answers(raw, command):
                run = [] if number == 1 else run
                run = [*run, bytes(rest[: a_frame * size])] if number == len(run) + 1 else []
                if len(run) == count:
                    found.append(b"".join(run)[: values * size])
            return found

        return self.ask(f"read {command:02X}", ask_frame(self._to, command), sets, deadlines_s=MANY_FRAMES_S, silence_s=BETWEEN_FRAMES_S)

    def _look(self) -> Found:
        """Asked at the board's number, at its Bluetooth side, in Modbus; where it has answered once it is asked alone."""
        if self._key is not None:
            return self._modbus._look() if self._in_modbus else self._look_here()
        for to in (FIRST + self.board, BLUETOOTH_SIDE):
            self._to = to
            with suppress(NoAnswer):
                return self._look_here()
        found = self._modbus._look()
        self._in_modbus = True
        return found

    def _look_here(self) -> Found:
        cells, self._sensors = self._data(0x94)[:2]
        self._nominal_ah = self._limit_v = None
        with suppress(NoAnswer):  # neither is on every board
            self._nominal_ah = int.from_bytes(self._data(0x50, ONE_TRY_S)[:4], "big") / 1000
        with suppress(NoAnswer):
            self._limit_v = limit_v(words(self._data(0x59, ONE_TRY_S))[1])
        return Found(("A5", self._to, cells), BmsProfile("daly", "Daly", cell_count=cells, poll_s=3.0))

    def _poll(self) -> BmsReading:
        if self._in_modbus:
            return self._modbus._poll()
        about, state, balancing = self._data(0x94), self._data(0x93), self._data(0x97)
        protection, basic = self._data(0x98), self._data(0x90)
        cells = words(self._numbered(0x95, about[0], 3, 2))
        time_s = self.clock.now_s()
        pack, _, current, charge = words(basic)
        return BmsReading(
            time_s,
            cell_voltages_v=tuple(tap_v(cell) for cell in cells),
            pack_voltage_v=pack / 10,
            current_a=current_a(current, state[0], self.invert),
            soc_pct=charge / 10,
            remaining_ah=int.from_bytes(state[4:], "big") / 1000,
            nominal_ah=self._nominal_ah,
            cycles=int.from_bytes(about[5:7], "big"),
            temperatures_c=tuple(float(raw - 40) for raw in self._numbered(0x96, about[1], 7, 1)),
            charge_fet_on=switch(state[1]),
            discharge_fet_on=switch(state[2]),
            balancing=any(balancing[:6]),
            protection=faults(protection),
            cell_overvoltage_protection_v=self._limit_v,
        )
