"""Emulator of the Korad KA, KD and KWR, on the embedded bench's physics (Korad sheet).

KA and KD know no end of a command: one is recognised when it is whole, however its bytes arrive, and a number that may still grow is taken
as it stands until more of it comes or the line is idle. KWR reads lines. A command that is not known is ignored, as by the devices.

Where the sheet is not sure: the display repeats the set-point within 0.2 V of it, OVP has no level and never trips, presets keep V and A only.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.instrument import EmulatedSupply
from drivers.simulated.world import World

ECHO_WITHIN_V = 0.2
WORDS = tuple(
    word.encode()
    for word in (
        *("*IDN?", "STATUS?", "OUT0", "OUT1", "OCP0", "OCP1", "OVP0", "OVP1", "BEEP0", "BEEP1", "TRACK0", "TRACK1", "TRACK2"),
        *(f"{name}{number}?" for name in ("VSET", "ISET", "VOUT", "IOUT") for number in (1, 2)),
        *(f"{name}{number}" for name in ("SAV", "RCL") for number in range(1, 6)),
    )
)
BEGINNINGS = (*WORDS, b"VSET1:", b"VSET2:", b"ISET1:", b"ISET2:")
SET = re.compile(rb"([VI])SET([12]):(\d{0,3}(?:\.\d{0,3})?)")
DECIMALS = {b"V": 2, b"I": 3}


@dataclass(frozen=True, slots=True)
class Kind:
    """What it answers to `*IDN?`, and what it is beside its rating, which stands in the table of families."""

    identity: str
    max_voltage_v: float
    max_current_a: float
    kwr: bool = False
    outputs: int = 1


KINDS = {
    "KA3010P": Kind("KORADKA3010PV2.0", 31.0, 10.0),
    "KA3005P": Kind("KORADKA3005PV2.0", 31.0, 5.1),
    "KA6003P": Kind("KORADKA6003PV2.0", 60.0, 3.0),
    "KD3005P": Kind("KORAD KD3005P V4.1", 31.0, 5.1),
    "KA3305P": Kind("KORAD KA3305P V7.1", 30.0, 5.0, outputs=2),
    "72-2540": Kind("TENMA 72-2540 V2.1", 30.0, 5.0),
    "72-2930": Kind("TENMA 72-2930 V5.8 SN:27100123", 30.0, 10.0),
    "PS3005D": Kind("VELLEMANPS3005DV1.3", 31.0, 5.1),
    "KWR103": Kind("KORADKWR103 V1.5 SN:00015030", 60.0, 15.0, kwr=True),
}


def make(world: World, model: str, **options: str) -> KoradEmulator:
    return KoradEmulator(world, model)


class KoradEmulator(EmulatedSupply):
    """One supply. `old`: its `ISET1?` has a sixth character, left over from `*IDN?`; `tail` is what stands behind its identity."""

    def __init__(
        self,
        world: World,
        model: str = "KA3010P",
        *,
        old: bool = False,
        tail: bytes = b"",
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model_name, self._kind = model, KINDS[model]
        super().__init__(world, self._kind.max_voltage_v, self._kind.max_current_a, wall_s=wall_s)
        self._old, self._tail, self._left_over = old, tail, b""
        self._folds = self._ovp = self._beeps = False
        self._presets: dict[str, tuple[float, float]] = {}
        self._second = {b"V": 0.0, b"I": 0.0}  # set-points of an output to which nothing is joined

    # --- commands as they arrive ---

    def feed(self, data: bytes) -> bytes:
        with self._lock:
            answers = super().feed(data)
            if not self._kind.kwr and (grows := SET.fullmatch(self._buffer)) and grows[3]:
                answers += self.answer(self._buffer)
            return answers

    def _request_length(self, buffer: bytes) -> int:
        if self._kind.kwr:
            return buffer.find(b"\n") + 1
        if number := SET.match(buffer):
            whole = len(number[3].partition(b".")[2]) >= DECIMALS[number[1]]
            if not whole and number.end() == len(buffer):
                return 0  # it may grow
            return number.end()
        for word in WORDS:
            if buffer.startswith(word):
                return len(word)
        return 0 if any(word.startswith(buffer) for word in BEGINNINGS) else 1  # what begins no command is passed over

    # --- what they do ---

    def _answer(self, request: bytes) -> bytes:
        if not self._kind.kwr:
            return self._did(request)
        plain = re.sub(
            rb"^([VI]SET|[VI]OUT)(?=[?:])", rb"\g<1>1", request.strip()
        )  # its words without the colons and with the output's number
        answer = self._did(re.sub(rb"^(OUT|BEEP|SAV|RCL):", rb"\1", plain))
        return answer + b"\n" if answer else b""

    def _did(self, command: bytes) -> bytes:
        if command == b"*IDN?":
            identity = f"KORADKA{self.faults.model_id}PV2.0" if self.faults.model_id else self._kind.identity
            self._left_over = identity[5:6].encode() if self._old else b""
            return identity.encode() + self._tail
        if command == b"STATUS?":
            return bytes((self._status(),))
        if asked := re.fullmatch(rb"([VI])(SET|OUT)([12])\?", command):
            return self._shown(asked[1], asked[2] == b"SET", asked[3])
        if told := SET.fullmatch(command):
            self._set(told[1], told[2], float(told[3] or 0))
        elif command in (b"OUT0", b"OUT1"):
            self.switch(command == b"OUT1")
        elif command in (b"OCP0", b"OCP1"):
            self._folds = command == b"OCP1"
            self._fold()
        elif command in (b"OVP0", b"OVP1"):
            self._ovp = command == b"OVP1"
        elif command in (b"BEEP0", b"BEEP1"):
            self._beeps = command == b"BEEP1"
        elif command[:3] in (b"SAV", b"RCL"):
            self._preset(command[:3] == b"SAV", command[3:].decode())
        return b""

    def _status(self) -> int:
        now = self.display()
        constant_voltage = now.mode == "CV" or not now.output_on
        if self._kind.kwr:
            return constant_voltage | now.output_on << 1 | self._beeps << 4
        return constant_voltage | self._beeps << 4 | self._folds << 5 | now.output_on << 6 | self._ovp << 7

    def _shown(self, kind: bytes, is_set: bool, output: bytes) -> bytes:
        if output == b"2":
            if self._kind.outputs < 2:
                return b""
            volts = amperes = 0.0
            if is_set:
                volts, amperes = self._second[b"V"], self._second[b"I"]
        else:
            now = self.display()
            volts, amperes = (now.set_voltage_v, now.set_current_a) if is_set else (now.voltage_v, now.current_a)
            if not is_set and now.output_on and abs(volts - now.set_voltage_v) < ECHO_WITHIN_V:
                volts = now.set_voltage_v
        if kind == b"V":
            return b"%05.2f" % max(volts, 0.0)
        return b"%.3f" % amperes + (self._left_over if is_set else b"")

    def _set(self, kind: bytes, output: bytes, value: float) -> None:
        if output == b"2":
            self._second[kind] = value
        elif kind == b"V":
            self.set_voltage(value)
        else:
            self.set_current(value)
            self._fold()

    def _fold(self) -> None:
        """With its over-current protection on it switches off as soon as it limits."""
        _, set_current_a = self.world.set_points
        self.protect(over_current_a=set_current_a - 1e-6 if self._folds else float("inf"))

    def _preset(self, save: bool, number: str) -> None:
        if save:
            self._presets[number] = self.world.set_points
        elif number in self._presets:
            volts, amperes = self._presets[number]
            self.set_voltage(volts)
            self.set_current(amperes)
            self._fold()
