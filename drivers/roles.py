"""What an instrument can be asked, whatever its family: Supply and Meter, their readings, and the only errors a driver may raise.

Units: V, A, W, Ah, Wh, °C, s. `None` always means *unknown*; it never stands for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["CV", "CC"]
Point = Literal["bank", "supply", "cells", "cell", "walk"]
"""Where a meter's probes are: on the posts of the bank or the string, on the supply's terminals, one channel on each cell, on one cell that
the address names (`cell=A3`), or carried from cell to cell."""


def printable(text: str) -> str:
    """Text that an instrument sent, without what would steer a terminal: each such sign as a question mark."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)


@dataclass(frozen=True, slots=True)
class SupplyProfile:
    """What is known of one supply after it was identified. Limits are the model's rating."""

    family: str  # "riden", "manual"
    model: str  # "RD6012"
    serial: str = ""
    firmware: str = ""
    max_voltage_v: float = 0.0
    max_current_a: float = 0.0
    voltage_step_v: float = 0.01  # one count of the set-point and of the reading
    current_step_a: float = 0.01
    has_interface: bool = True  # False: the operator is the driver (`manual`)
    has_over_voltage_protection: bool = False  # programmable
    has_over_current_protection: bool = False
    over_voltage_is_crowbar: bool = False
    echoes_set_point: bool = False  # reports the set-point instead of a measurement near it
    emulated: bool = False  # proved by our own emulator's token; never true for hardware
    poll_s: float = 0.5  # smallest gap between two polls, wall seconds
    min_voltage_v: float = 0.0  # smallest set-point that it takes
    max_power_w: float | None = None  # where it cannot give its largest voltage and current at once
    reports_output: bool = True  # False: no question tells its output; the driver concludes it from what was acknowledged and flows
    reports_mode: bool = True  # False: the driver concludes CV or CC from the set-points
    over_current_folds: bool = False  # its over-current protection switches off as soon as it limits; the driver keeps it off
    has_watchdog: bool = False  # switches off by itself when the line dies
    notes: tuple[str, ...] = ()  # what its owner should know before cells are near, a sentence each
    shown_voltage_step_v: float | None = None  # one count of the reading, where that is finer than of the set-point
    shown_current_step_a: float | None = None
    min_current_a: float = 0.0  # smallest set-point that it takes

    def __post_init__(self) -> None:
        for name in ("model", "serial", "firmware"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    @property
    def voltage_count_v(self) -> float:
        """One count of the volts that it measures."""
        return self.voltage_step_v if self.shown_voltage_step_v is None else self.shown_voltage_step_v

    @property
    def current_count_a(self) -> float:
        """One count of the amperes that it measures."""
        return self.current_step_a if self.shown_current_step_a is None else self.shown_current_step_a

    @property
    def settable(self) -> bool:
        """Whether anything may ever be written to it: its model, and with that its scale and rating, are known."""
        return self.max_voltage_v > 0.0 and self.max_current_a > 0.0


@dataclass(frozen=True, slots=True)
class SupplyReading:
    """One poll of a supply. `time_s` is the bench clock at the arrival of the answer's last byte."""

    time_s: float
    output_on: bool | None = None
    set_voltage_v: float | None = None
    set_current_a: float | None = None
    voltage_v: float | None = None  # at the supply's terminals
    current_a: float | None = None
    mode: Mode | None = None
    protection: str = ""  # "" nothing tripped; "OVP", "OCP", "OTP" or a raw code
    battery_voltage_v: float | None = None  # battery terminals, where the model has them and they mean something
    internal_temperature_c: float | None = None
    probe_temperature_c: float | None = None
    # `manual` only: when the operator typed volts and amperes (they age apart)
    voltage_time_s: float | None = None
    current_time_s: float | None = None
    # what the supply itself has counted since it was switched on, by its own panel's rules
    charge_ah: float | None = None
    energy_wh: float | None = None


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One message of a meter. `channels_v` maps channel name ("1", "2", …) to volts; None is an invalid channel.

    `status`: ok, overload, wrong_function (not volts), not_dc, stale, garbled, no_answer. `flags` are what else the meter shows: "hold",
    "low battery", "auto range"; "REL", "MAX" or "MIN" make the volts unusable and come with None, and so does "out of range" (no volts that
    can be true where the meter stands). Where there are no volts, `text` says why, in words for a person.
    """

    time_s: float
    channels_v: dict[str, float | None]
    status: str = "ok"
    resolution_v: float | None = None
    text: str = ""  # the line as it came, for the trace, or why there are no volts
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True, slots=True)
class MeterProfile:
    """What a meter is and where it stands."""

    family: str  # "text-line"
    model: str
    point: Point = "bank"
    interval_s: float = 0.5  # usual gap between two messages, wall seconds
    emulated: bool = False
    cell: str = ""  # label of the one that it stands on, where `point` is "cell"; the bench takes it from the address
    serial: str = ""  # "" for one that does not tell
    firmware: str = ""

    def __post_init__(self) -> None:
        for name in ("model", "serial", "firmware"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class BmsProfile:
    """What is known of a battery management system after it was identified."""

    family: str  # "jbd"
    model: str
    serial: str = ""
    firmware: str = ""
    cell_count: int | None = None
    emulated: bool = False
    poll_s: float = 1.0  # smallest gap between two polls, wall seconds

    def __post_init__(self) -> None:
        for name in ("model", "serial", "firmware"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class BmsReading:
    """One consistent poll of a BMS. Current is positive while charging. `cell_voltages_v[0]` is cell 1; a tap that cannot be right is None and
    keeps its place. `protection` names what is tripped ("cell_overvoltage", "charge_overcurrent", …); None where it is not known.
    """

    time_s: float
    cell_voltages_v: tuple[float | None, ...] = ()
    pack_voltage_v: float | None = None
    current_a: float | None = None
    soc_pct: float | None = None
    remaining_ah: float | None = None
    nominal_ah: float | None = None
    cycles: int | None = None
    temperatures_c: tuple[float | None, ...] = ()
    charge_fet_on: bool | None = None
    discharge_fet_on: bool | None = None
    balancing: bool | None = None
    balancing_cells: tuple[int, ...] = ()  # counted from 1
    protection: tuple[str, ...] | None = None
    cell_overvoltage_protection_v: float | None = None  # the setting, where it can be read
    cell_overvoltage_release_v: float | None = None
    cell_overvoltage_delay_s: float | None = None

    @property
    def charge_cut_by_cell_overvoltage(self) -> bool | None:
        """The charge path is open and a cell's over-voltage is the reason; None where either is not known."""
        if self.protection is None or self.charge_fet_on is None:
            return None
        return "cell_overvoltage" in self.protection and not self.charge_fet_on


class InstrumentError(Exception):
    """Base of everything a driver raises. `device` is the address, `request` what was asked, `check` what the operator should look at."""

    def __init__(self, device: str, request: str, what: str, check: str = "") -> None:
        what = printable(what)  # it may quote what the instrument sent
        self.device, self.request, self.what, self.check = device, request, what, check
        super().__init__(f"{device}: {request}: {what}" + (f" {check}" if check else ""))


class NoAnswer(InstrumentError):
    """Silence up to the deadline. The state of the instrument is unknown."""


class GarbledAnswer(InstrumentError):
    """An answer that breaks the protocol's rules (length, checksum, echo). The reading is unknown."""


class Refused(InstrumentError):
    """The instrument understood and declined, or its read-back differs from what was written."""


class WrongDevice(InstrumentError):
    """Something answers, but it is not the instrument that the address names. Nothing was written."""


class LostLine(InstrumentError):
    """The line itself is gone: cable pulled, port renumbered, permission denied, port taken by another program."""


class OperatorMustAct(Exception):
    """A supply without interface cannot do this itself: the words tell the operator's hands what to do.

    `act` names it for the bench: "set", "output-on", "output-off".
    """

    def __init__(self, act: str, words: str) -> None:
        self.act, self.words = act, words
        super().__init__(words)


class Supply(Protocol):
    """A bench supply used as the CC/CV source. Every write is verified by reading it back; connecting writes nothing."""

    address: str

    def identify(self) -> SupplyProfile:
        """Who is there; read-only. Raises WrongDevice before anything could be written to a stranger."""
        ...

    def read(self) -> SupplyReading:
        """One poll: one request on the wire."""
        ...

    def power_up_output(self) -> bool | None:
        """Whether the supply switches its output on by itself after a mains dip; None where it cannot tell."""
        ...

    def program(
        self,
        *,
        voltage_v: float,
        current_a: float,
        over_voltage_v: float | None = None,
        over_current_a: float | None = None,
    ) -> None:
        """Write set-points and protection in the safe order, read all back. Rounds voltage and current down to the supply's step.

        Refused when a value is outside the rating or the read-back differs by more than one count.
        """
        ...

    def set_voltage(self, voltage_v: float) -> None:
        """Change the voltage set-point alone (the trim); read back."""
        ...

    def set_current(self, current_a: float) -> None:
        """Change the current set-point alone; read back."""
        ...

    def switch_output(self, on: bool) -> None:
        """Write the output state and read the flag back once. Refused when the flag does not follow."""
        ...

    def throttle(self) -> None:
        """Second path when an off command is ignored: voltage and current set-points to zero, whatever the output's state."""
        ...

    def prove_writable(self) -> None:
        """Harmless write test with the output off (1.00 V, 0.10 A, read back). Refused when the output is on or the read-back differs."""
        ...

    def close(self) -> None: ...


class Meter(Protocol):
    """A voltmeter on a serial line."""

    address: str

    def identify(self) -> MeterProfile: ...

    def read(self) -> MeterReading:
        """The newest message that has arrived, or a reading whose status tells why there is none. Never an old value as new."""
        ...

    def close(self) -> None: ...


class Bms(Protocol):
    """A battery management system, only ever read: no driver has a way to write a setting."""

    address: str

    def identify(self) -> BmsProfile: ...

    def read(self) -> BmsReading:
        """One poll, every frame of it checked. Raises NoAnswer or GarbledAnswer rather than give a set of cells that may be wrong."""
        ...

    def close(self) -> None: ...


class Line(Protocol):
    """One byte line with one owner. Deadlines and gaps are wall seconds."""

    url: str

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        """Keep the line's gap, drop stale input, send, and return what arrived before the deadline: up to `expect` bytes, nothing more once
        they end with `end`, or once nothing came for `silence_s` after the first byte. `expect` 0: send only.
        """
        ...

    def write(self, data: bytes) -> None: ...

    def read_available(self) -> bytes:
        """What has arrived since the last call, without waiting."""
        ...

    def close(self) -> None: ...
