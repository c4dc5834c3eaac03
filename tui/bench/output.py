"""The supply's output: what it was told, and off with proof.

Proof of off = the supply's own flag says off *and* the current is at most max(0.05 A, 2 counts), both read after the command. Three tries, the
set-points to zero as a second path, and a CALL to the operator's hands five seconds after the first try. (Supply rules; fault F-36.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from drivers.roles import InstrumentError, OperatorMustAct, Supply, SupplyProfile
from tui.bench.guard import Commanded
from tui.bench.ports import Port
from tui.bench.reading import Reading

RETRY_S = 1.5
"""Line seconds between two off commands while the proof is missing."""
CALL_AFTER_S = 5.0
KEEP_TRYING_S = 1.0

Log = Callable[..., None]


class Output:
    """Owns every write to the supply. `commanded` is what the guard compares the read-back with.

    `line_now_s` is the time that lines live in: wall seconds on real and pseudo-terminal lines, the bench's clock in lock-step.
    """

    def __init__(
        self,
        port: Port[Supply],
        profile: SupplyProfile,
        *,
        now_s: Callable[[], float],
        line_now_s: Callable[[], float],
        log: Log,
    ) -> None:
        self.port = port
        self.profile = profile
        self.commanded = Commanded()
        self._now_s = now_s
        self._line_now_s = line_now_s
        self._log = log
        self._off_since: float | None = None  # line time of the first off command whose proof is missing
        self._off_tried_s = 0.0
        self._off_tries = 0
        self._off_bench_s = 0.0

    @property
    def proving_off(self) -> bool:
        """An off command is out and its proof has not come yet."""
        return self._off_since is not None

    @property
    def off_overdue(self) -> bool:
        """The proof has been missing for so long that the operator's hands are needed."""
        return self._off_since is not None and self._line_now_s() - self._off_since >= CALL_AFTER_S

    def told(self, **changes: Any) -> None:
        """Note what the supply was told (also what the operator's hands did with a supply without interface)."""
        self.commanded = replace(self.commanded, since_s=self._now_s(), **changes)

    def program(self, voltage_v: float, current_a: float, over_voltage_v: float | None, over_current_a: float | None) -> None:
        """Write set-points and protection with the output off; read back by the driver. Raises what the driver raises."""
        protection_v = over_voltage_v if self.profile.has_over_voltage_protection and not self.profile.over_voltage_is_crowbar else None
        protection_a = over_current_a if self.profile.has_over_current_protection else None
        self._log("set", voltage_v=voltage_v, current_a=current_a, over_voltage_v=protection_v, over_current_a=protection_a)
        self.port.call(
            lambda supply: supply.program(
                voltage_v=voltage_v, current_a=current_a, over_voltage_v=protection_v, over_current_a=protection_a
            )
        )
        self.told(voltage_v=voltage_v, current_a=current_a)

    def set_voltage(self, voltage_v: float) -> None:
        """The trim: the voltage set-point alone, output as it is."""
        self._log("set", voltage_v=voltage_v)
        self.port.call(lambda supply: supply.set_voltage(voltage_v))
        self.told(voltage_v=voltage_v)

    def set_current(self, current_a: float) -> None:
        """Less current for a supply in trouble: the current set-point alone, output as it is."""
        self._log("set", current_a=current_a)
        self.port.call(lambda supply: supply.set_current(current_a))
        self.told(current_a=current_a)

    def on(self) -> None:
        """Switch on. Whatever goes wrong here ends with an off command: an output whose state is unknown is not left alone."""
        self._log("output_on", durable=True)
        self.told(output_on=True, off_unproved=False)
        try:
            self.port.call(lambda supply: supply.switch_output(True))
        except InstrumentError:
            self.begin_off("switching on went wrong")
            raise
        self.told(output_on=True)  # a poll that was under way when the command was given saw the output still off

    def begin_off(self, reason: str) -> None:
        """Send off now, ahead of everything that waits; `step_off` then looks for the proof. Safe to call again and again."""
        if self._off_since is None:
            self._log("output_off", reason=reason)
            self._off_since, self._off_tries = self._line_now_s(), 0
            self._off_bench_s = self._now_s()
        if self.commanded.output_on or self._off_tries == 0:
            self.told(output_on=False, off_unproved=True)
        self._try_off()

    def _try_off(self) -> None:
        self._off_tries += 1
        self._off_tried_s = self._line_now_s()
        self.port.urgent(switch_off)
        if self._off_tries == 3:
            self.port.urgent(_throttle)
            self.told(voltage_v=None, current_a=None)  # zero, if it heard: no hand at the panel

    def step_off(self, reading: Reading) -> bool:
        """Look for the proof in this tick's Reading; try again when it is late. True once the output is proved off."""
        if self._off_since is None:
            return True
        if self.is_off(reading, since_s=self._off_bench_s):
            self._off_since = None
            self.commanded = replace(self.commanded, off_unproved=False)
            self._log("readback", output_on=False, current_a=reading.current_a.value)
            return True
        waited = self._line_now_s() - self._off_tried_s
        if waited >= (KEEP_TRYING_S if self._off_tries >= 3 else RETRY_S):
            self._try_off()
        return False

    def done_by_hand(self) -> None:
        """The operator removed the danger (mains off, lead off): a dead supply gives no proof. Found on later, it is switched off."""
        if self._off_since is not None:
            self._off_since = None
            self.commanded = replace(self.commanded, off_unproved=False)
            self._log("readback", output_on=None, text="off by the operator's hands; not proved by the supply")

    def is_off(self, reading: Reading, since_s: float = 0.0) -> bool:
        """Flag off and no current, both from an answer at or after `since_s` (bench time)."""
        supply = reading.supply
        if supply is None or not reading.supply_fresh or supply.time_s < since_s or supply.output_on is not False:
            return False
        if not self.profile.has_interface:
            return True  # the operator's word; its own gate asks for the amperes
        limit = max(0.05, 2 * self.profile.current_count_a)
        return supply.current_a is not None and abs(supply.current_a) <= limit + 1e-9

    def off_with_proof(self, reason: str, reading: Callable[[], Reading]) -> Iterator[None]:
        """Generator for actions: yields once a tick until the output is proved off."""
        self.begin_off(reason)
        yield
        while not self.step_off(reading()):
            yield


def switch_off(supply: Supply) -> None:
    try:
        supply.switch_output(False)
    except OperatorMustAct:
        return  # the bench calls the operator; there is nothing on the wire to do


def _throttle(supply: Supply) -> None:
    try:
        supply.throttle()
    except OperatorMustAct:
        return
