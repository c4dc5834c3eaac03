"""What an instrument can be asked, whatever its family: Supply and Meter, their readings, and the only errors a driver may raise.

Units: V, A, W, Ah, Wh, °C, s. `None` always means *unknown*; it never stands for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["CV", "CC"]


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

    def __post_init__(self) -> None:
        for name in ("model", "serial", "firmware"):
            object.__setattr__(self, name, printable(getattr(self, name)))


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


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One message of a meter. `channels_v` maps channel name ("1", "2", …) to volts; None is an invalid channel."""

    time_s: float
    channels_v: dict[str, float | None]
    status: str = "ok"  # ok, overload, stale, garbled, no_answer
    resolution_v: float | None = None
    text: str = ""  # the line as it came, for the trace

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True, slots=True)
class MeterProfile:
    """What a meter is and where it stands."""

    family: str  # "text-line"
    model: str
    point: Literal["bank", "supply", "cells"] = "bank"
    interval_s: float = 0.5  # usual gap between two messages, wall seconds
    emulated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", printable(self.model))


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


class Line(Protocol):
    """One byte line with one owner. Deadlines and gaps are wall seconds."""

    url: str

    def ask(self, request: bytes, expect: int, deadline_s: float) -> bytes:
        """Drop stale input, send, and return up to `expect` bytes that arrived before the deadline (fewer, or none, if it passed)."""
        ...

    def write(self, data: bytes) -> None: ...

    def read_available(self) -> bytes:
        """What has arrived since the last call, without waiting."""
        ...

    def close(self) -> None: ...
