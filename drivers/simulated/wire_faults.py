"""Faults between an emulator and its line: silence, spoilt checksums, lost and late answers, another identity."""

from __future__ import annotations

from drivers import modbus
from drivers.clock import Clock
from drivers.simulated.faults import Fault, FaultError, FaultQueue


class WireFaults:
    """The faults that act on one emulator now, and those that wait for their time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue = FaultQueue()
        self.silent = self.stuck_on = self.welded = self.at_supply = self.wrong_function = self.overloaded = False
        self.zeros: float = 0  # answers that still show no current
        self.inside_c: float | None = None
        self.spike_v = self.drift_v_per_h = self.drift_since_s = 0.0
        self._gone_until_s = 0.0  # a mains dip
        self.delay_s = 0.0
        self.model_id: int | None = None
        self._garbled: float = 0  # answers still to garble
        self._lost: float = 0
        self._late: float = 0  # answers that come only after the next question
        self._held = b""  # one of them
        self._misplaced: float = 0  # answers that bear another unit's number

    def add(self, fault: Fault) -> None:
        """Take a fault of the wire. Raises FaultError for one of the physics."""
        if fault.kind.where != "wire":
            raise FaultError(f"fault {fault.name} happens in the physics, not on the wire.")
        self._queue.add(fault)

    def due(self) -> list[Fault]:
        """Let those begin whose time has come; gives them, so that the emulator does its own part."""
        due = self._queue.due(self._clock.now_s())
        for fault in due:
            if fault.name == "silence":
                self.silent = True
            elif fault.name == "output-stuck-on":
                self.stuck_on = True
            elif fault.name == "delayed":
                self.delay_s = fault.amount
            elif fault.name == "wrong-model":
                self.model_id = int(fault.amount)
            elif fault.name == "garbled-crc":
                self._garbled = fault.amount or float("inf")
            elif fault.name == "lost-reply":
                self._lost = fault.amount or float("inf")
            elif fault.name == "late-answer":
                self._late = fault.amount or float("inf")
            elif fault.name == "wrong-unit":
                self._misplaced = fault.amount or float("inf")
            elif fault.name == "relay-welded":
                self.welded = True
            elif fault.name == "brown-out":
                self._gone_until_s = self._clock.now_s() + fault.amount
            elif fault.name == "inside-hot":
                self.inside_c = fault.amount
            elif fault.name == "current-zero":
                self.zeros = fault.amount
            elif fault.name == "meter-silence":
                self.silent = True
            elif fault.name == "meter-spike":
                self.spike_v = fault.amount
            elif fault.name == "meter-at-supply":
                self.at_supply = True
            elif fault.name == "meter-wrong-function":
                self.wrong_function = True
            elif fault.name == "meter-overload":
                self.overloaded = True
            elif fault.name == "meter-low-battery":
                self.drift_v_per_h, self.drift_since_s = fault.amount, self._clock.now_s()
        return due

    @property
    def gone(self) -> bool:
        """Nobody answers: silent, or without mains."""
        return self.silent or self._clock.now_s() < self._gone_until_s

    def drawn_off_v(self) -> float:
        """What this one message of a meter is off by: a spike is gone with it."""
        spike_v, self.spike_v = self.spike_v, 0.0
        return spike_v + self.drift_v_per_h * (self._clock.now_s() - self.drift_since_s) / 3600.0

    def undo(self, name: str) -> None:
        """End a fault; nothing happens where there is none."""
        if name in ("silence", "meter-silence"):
            self.silent = False
        elif name == "relay-welded":
            self.welded = False
        elif name == "inside-hot":
            self.inside_c = None
        elif name == "meter-at-supply":
            self.at_supply = False
        elif name == "meter-wrong-function":
            self.wrong_function = False
        elif name == "meter-overload":
            self.overloaded = False
        elif name == "meter-low-battery":
            self.drift_v_per_h = 0.0
        elif name == "output-stuck-on":
            self.stuck_on = False
        elif name == "delayed":
            self.delay_s = 0.0
        elif name == "wrong-model":
            self.model_id = None
        elif name == "garbled-crc":
            self._garbled = 0
        elif name == "lost-reply":
            self._lost = 0
        elif name == "late-answer":
            self._late = 0
        elif name == "wrong-unit":
            self._misplaced = 0

    def spoil(self, answer: bytes) -> bytes:
        """What is left of an answer on its way: lost, with a wrong checksum or unit, or there only after the next question."""
        if answer and self._misplaced > 0 and modbus.check(answer):
            self._misplaced -= 1
            answer = modbus.frame(bytes((answer[0] ^ 2,)) + answer[1:-2])
        before, self._held = self._held, b""
        if answer and self._late > 0:
            self._late -= 1
            self._held = answer
            return before
        return before + self._spoilt(answer)

    def _spoilt(self, answer: bytes) -> bytes:
        if self._lost > 0:
            self._lost -= 1
            return b""
        if self._garbled > 0 and answer:
            self._garbled -= 1
            middle = len(answer) // 2  # a text without a checksum is spoilt where that shows: in a sign that no number has
            if answer.isascii() and len(answer) > 1:
                return answer[:middle] + bytes((answer[middle] | 0x80,)) + answer[middle + 1 :]
            return answer[:-1] + bytes((answer[-1] ^ 0x55,))
        return answer
