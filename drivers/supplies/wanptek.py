"""Wanptek WPS, NPS, KPS, DPS and their relatives with the USB or serial option (Wanptek sheet).

Frames, scale and fingerprint stand in `wanptek_frames`.

Every command carries the output and both set-points: the status is read right before each, and what somebody turns at the panel in that
instant is undone. Its over-current protection is a switch that drops the output in constant current: every command of ours has it off. There
is no over-voltage level, and no watchdog.

Answers look alike, so after one that did not come the line is left until none can be on its way any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drivers import modbus
from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, InstrumentError, Line, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import CheckedSupply, Found, SetPoint, counts, stranger
from drivers.supplies.wanptek_frames import CONSTANT_CURRENT, REGISTERS, Status, command, decoded

ANSWER_LENGTH = modbus.read_reply_length(REGISTERS)
DEADLINE_S, LATE_S, SILENCE_S, TRIES = 1.0, 0.5, 0.1, 2
NO_LIMIT = "It has no over-voltage protection that can be set: a BMS or another cut-off belongs between it and the cells."


def check_address(address: Address) -> int:
    """The address that it names, 0 to 31."""
    return address.integer("address", 0, low=0, high=31)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> WanptekSupply:
    unit = check_address(address)
    return WanptekSupply(line, address=str(address), clock=clock, unit=unit, prove=address.speed is not None)


class WanptekSupply(CheckedSupply):
    """One Wanptek supply on a line."""

    def __init__(self, line: Line, *, address: str, clock: Clock, unit: int = 0, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.unit = unit
        self._late = False  # an answer may still be on its way
        self._last: Status | None = None

    # --- the line ---

    def _status(self, request: str, tries: int = TRIES) -> Status:
        """Raises NoAnswer or GarbledAnswer after the last try, WrongDevice for what is no Wanptek."""
        error: InstrumentError | None = None
        for _ in range(tries):
            if self._late:
                self._let_pass()
            raw = self.line.ask(modbus.read_request(self.unit, 0, REGISTERS), ANSWER_LENGTH, DEADLINE_S)
            try:
                modbus.parse_read_reply(raw, self.unit, REGISTERS, device=self.address, request=request)
            except (NoAnswer, GarbledAnswer) as missed:
                error, self._late = missed, True
                continue
            except Refused as refused:
                raise stranger(self.address, "Wanptek", raw, refused) from refused
            status = decoded(raw[3:19])
            if status is None:
                raise stranger(self.address, "Wanptek", raw, WrongDevice(self.address, request, "no Wanptek answers."))
            return status
        assert error is not None
        if self._key is None and raw[:2] != bytes((self.unit, modbus.READ)):
            raise stranger(self.address, "Wanptek", raw, error) from error
        raise error

    def _own_status(self, request: str, tries: int = TRIES) -> Status:
        """The status of the supply that was identified: another one's byte order, scale and set-points must not go into a command."""
        status = self._status(request, tries)
        if status.key != self._key:
            what = "the answer comes from another supply than the one identified; it is not used."
            raise WrongDevice(self.address, request, what, "Was another supply plugged in? Start again from the identification.")
        self._last = status
        return status

    def _let_pass(self) -> None:
        """Drop what comes late. The question to another address, which nobody answers, brings out what an adapter may have held back."""
        self.line.ask(modbus.read_request(self.unit ^ 1, 0, REGISTERS), 4 * ANSWER_LENGTH, LATE_S, silence_s=SILENCE_S)
        self._late = False

    def _command(self, status: Status, *, on: bool | None = None, set_voltage: int | None = None, set_current: int | None = None) -> None:
        """Change what is given and send the rest as it was. NoAnswer or GarbledAnswer when the echo is lost: it may still have worked."""
        sent = command(
            self.unit,
            status,
            on=status.on if on is None else on,
            set_voltage=status.set_voltage if set_voltage is None else set_voltage,
            set_current=status.set_current if set_current is None else set_current,
        )
        raw = self.line.ask(sent, modbus.WRITE_REPLY_LENGTH, DEADLINE_S)
        modbus.parse_write_reply(raw, sent, device=self.address, request="set output, voltage and current")

    # --- reading ---

    def _look(self) -> Found:
        status = self._status("identify")
        profile = SupplyProfile(
            family="wanptek",
            model=f"Wanptek {status.class_v} V {status.class_a} A",
            over_current_folds=True,
            poll_s=0.25,
            notes=(NO_LIMIT,),
        )
        if status.per_volt is None or status.per_ampere is None:
            return Found(status.key, replace(profile, model=f"{profile.model}, decimals uncertain"), known=False)
        rated = replace(
            profile,
            max_voltage_v=status.max_voltage / status.per_volt,
            max_current_a=status.max_current / status.per_ampere,
            voltage_step_v=1 / status.per_volt,
            current_step_a=1 / status.per_ampere,
        )
        return Found(status.key, rated, known=True)

    def _poll(self) -> SupplyReading:
        """One question. Without a certain scale there are flags, but no volts or amperes."""
        status = self._own_status("read")
        time_s = self.clock.now_s()
        if status.per_volt is None or status.per_ampere is None:
            return SupplyReading(time_s, status.on, protection=status.tripped)
        return SupplyReading(
            time_s,
            status.on,
            status.set_voltage / status.per_volt,
            status.set_current / status.per_ampere,
            status.voltage / status.per_volt,
            status.current / status.per_ampere,
            None if not status.on else "CC" if status.flags & CONSTANT_CURRENT else "CV",
            status.tripped,
        )

    # --- setting ---

    def _put(self, point: SetPoint, value: float) -> None:
        status = self._own_status(f"set {point}")
        assert status.per_volt is not None and status.per_ampere is not None
        if point == "voltage":
            self._command(status, set_voltage=counts(value, status.per_volt))
        else:
            self._command(status, set_current=counts(value, status.per_ampere))

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        status = self._own_status("read back")
        assert status.per_volt is not None and status.per_ampere is not None
        found: dict[SetPoint, float] = {"voltage": status.set_voltage / status.per_volt, "current": status.set_current / status.per_ampere}
        return {point: found[point] for point in points}

    def _switch(self, on: bool) -> None:
        """Off goes out with the last known set-points where the status does not come: they do not matter with the output off."""
        try:
            status = self._own_status("switch the output", tries=1)
        except (NoAnswer, GarbledAnswer):
            if on or self._last is None:
                raise
            status = self._last
        self._command(status, on=on)

    def _flag(self) -> tuple[bool | None, str]:
        status = self._own_status("read the output flag", tries=1)
        return status.on, status.tripped
