"""What every supply must do: identity, scale, read-back, proof of off, and what it must make of bad lines."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import partial
from typing import Any

from drivers.conformance.kit import Kit
from drivers.conformance.lines import BadLine, damage, noise, silence, sometimes, whole
from drivers.conformance.words import must, must_raise, outcome
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice

VOLTS, AMPERES = 3.65, 2.0
NO_NEWS = (NoAnswer, GarbledAnswer, WrongDevice)
DECLINED = (Refused, WrongDevice)


class SupplyConformance(Kit):
    """Each method is one check, told in its docstring. See `Kit` for what to give."""

    _profile: SupplyProfile  # of the supply that is being charged with

    # --- who is there ---

    def test_identity(self) -> None:
        """It says what it is, twice the same: family, model, rating, steps."""
        for model in self.models:
            _, _, driver = self.connected(model)
            profile = driver.identify()
            must(profile == driver.identify(), "identified twice, it is not the same twice.")
            must(profile.settable, f"a known model ({model}) has a rating.")
            must(not model or not self.tells_model or profile.model == model, f"a {model} calls itself {profile.model}.")
            must(0 < profile.voltage_step_v <= 0.1 and 0 < profile.current_step_a <= 0.1, "its steps are between 0 and 0.1.")
            must(not profile.emulated, "only an address with `speed` asks whether it is emulated.")

    def test_connecting_writes_nothing(self) -> None:
        """Opening, identifying, polling and closing change neither set-points nor output, whether that is off or found on."""
        for on in (False, True):
            device, _, driver = self.connected()
            device.hand(voltage_v=3.4, current_a=1.0, on=on)
            driver.identify()
            driver.read()
            driver.power_up_output()
            driver.close()
            must((device.output_on, device.set_points) == (on, (3.4, 1.0)), "identifying and reading have changed the supply.")

    def test_unknown_model_is_refused(self) -> None:
        """A model that is not known for sure is not identified, or cannot be set: nothing is written to it."""
        device, _, driver = self.connected(device=self.unknown())
        device.hand(voltage_v=3.4, current_a=1.0)
        profile = outcome(driver.identify, "identify an unknown model")
        if profile is None:
            return
        must(not profile.settable, f"an unknown model has no rating, and this is said to have {profile.max_voltage_v:g} V.")
        outcome(driver.read, "read an unknown model")
        acts = {
            "program": lambda: driver.program(voltage_v=3.0, current_a=1.0),
            "set_voltage": lambda: driver.set_voltage(3.0),
            "set_current": lambda: driver.set_current(0.5),
            "switch_output": lambda: driver.switch_output(True),
            "throttle": driver.throttle,
            "prove_writable": driver.prove_writable,
        }
        for name, act in acts.items():
            must_raise(DECLINED, act, f"{name} of an unknown model")
        must((device.output_on, device.set_points) == (False, (3.4, 1.0)), "something was written to an unknown model.")

    def test_scaled_time_needs_our_own_emulator(self) -> None:
        """With `speed` in the address anything that does not prove to be an emulator is refused, before anything else is asked."""
        device = self.device()
        line = BadLine(device.line())
        line.is_hardware = True
        driver = self.open(line, device, "speed=60")
        must_raise(WrongDevice, driver.identify, "identify hardware with speed=60")

    # --- scale, read-back, off ---

    def test_scale(self) -> None:
        """What is set, is set: on every model the device's own set-points and its terminals agree with what was asked for and is read."""
        for model in self.models:
            device, _, driver = self.connected(model)
            profile = driver.identify()
            amperes = min(AMPERES, profile.max_current_a)
            driver.program(voltage_v=VOLTS, current_a=amperes)
            self._agrees(device.set_points, (VOLTS, amperes), profile, f"a {profile.model} was set to {VOLTS} V, {amperes:g} A")
            driver.switch_output(True)
            must(device.output_on, "switch_output(True) has not switched the output on.")
            device.clock.advance(2.0)
            reading = driver.read()
            must(reading.output_on is not False, "the output is on, and the reading says off.")
            self._agrees((reading.set_voltage_v, reading.set_current_a), device.set_points, profile, "set-points that are read")
            self._agrees((reading.voltage_v, reading.current_a), device.measured, profile, "volts and amperes that are read", 0.02)
            driver.switch_output(False)
            must(not device.output_on, "switch_output(False) has not switched the output off.")

    def test_set_points_round_down(self) -> None:
        """A value between two steps becomes the lower one: never more than was asked for."""
        device, _, driver = self.connected()
        profile = driver.identify()
        for part in (0.2, 0.5, 0.7, 0.99):
            volts, amperes = VOLTS + part * profile.voltage_step_v, 1.0 + part * profile.current_step_a
            driver.program(voltage_v=volts, current_a=amperes)
            set_v, set_a = device.set_points
            must(
                set_v <= volts + 1e-9 and set_a <= amperes + 1e-9,
                f"{volts:g} V, {amperes:g} A were asked for and {set_v:g} V, {set_a:g} A set.",
            )
            self._agrees((set_v, set_a), (volts, amperes), profile, "set-points between two steps")

    def test_rating_is_a_limit(self) -> None:
        """Beyond the rating, below zero, or no number: Refused, and nothing is written."""
        device, _, driver = self.connected()
        profile = driver.identify()
        device.hand(voltage_v=3.4, current_a=1.0)
        wrong = ({"voltage_v": 10 * profile.max_voltage_v}, {"current_a": 10 * profile.max_current_a}, {"voltage_v": -1.0})
        for values in (*wrong, {"voltage_v": math.nan}, {"current_a": math.inf}):
            both = {"voltage_v": VOLTS, "current_a": 1.0, **values}
            must_raise(Refused, partial(driver.program, **both), f"program {values}")
        must_raise(Refused, lambda: driver.set_voltage(10 * profile.max_voltage_v), "set_voltage beyond the rating")
        must(device.set_points == (3.4, 1.0), "something was written for a value beyond the rating.")

    def test_read_back(self) -> None:
        """A set-point that the supply does not take is noticed: every act that sets raises."""
        for values in ((3.4, 0.7), (36.5, 0.7), (3.4, 1.5)):
            device, line, driver = self.connected()
            profile = driver.identify()
            kept = (min(values[0], profile.max_voltage_v), values[1])
            device.hand(voltage_v=kept[0], current_a=kept[1])
            line.after = partial(device.hand, voltage_v=kept[0], current_a=kept[1])  # it takes nothing
            must_raise(Refused, partial(driver.program, voltage_v=3.6, current_a=1.0), "program a supply that keeps its set-points")
            must_raise(Refused, partial(driver.set_voltage, 3.1), "set_voltage of a supply that keeps its set-points")
            must_raise(Refused, partial(driver.set_current, 0.3), "set_current of a supply that keeps its set-points")
            must_raise(Refused, driver.prove_writable, "prove_writable of a supply that keeps its set-points")
            must_raise(Refused, driver.throttle, "throttle a supply that keeps its set-points")

    def test_output_on_is_not_programmed(self) -> None:
        """`program` and `prove_writable` want the output off: on, they are Refused and nothing changes."""
        device, _, driver = self.connected()
        driver.identify()
        device.hand(voltage_v=3.5, current_a=1.0, on=True)
        device.clock.advance(1.0)
        if driver.read().output_on is None:
            return  # it cannot tell: it switches off and proves it first
        must_raise(Refused, lambda: driver.program(voltage_v=3.6, current_a=1.0), "program with the output on")
        must_raise(Refused, driver.prove_writable, "prove_writable with the output on")
        must((device.output_on, device.set_points) == (True, (3.5, 1.0)), "the supply was changed with its output on.")

    def test_off_is_verified(self) -> None:
        """An output that stays on, and silence after "off", are no success."""
        device, line, driver = self._charging()
        line.after = lambda: device.hand(on=True)  # its relay sticks
        must_raise((Refused, *NO_NEWS), lambda: driver.switch_output(False), "switch off a supply that stays on")
        device, line, driver = self._charging()
        line.spoil = silence
        must_raise(NO_NEWS, lambda: driver.switch_output(False), "switch off a supply that no longer answers")
        device, line, driver = self._charging()
        driver.switch_output(False)
        must(not device.output_on, "switch_output(False) has not switched the output off.")

    def test_throttle(self) -> None:
        """The second way: with the output on and stuck, volts and amperes go to the least that the supply takes."""
        device, line, driver = self._charging()
        profile = self._profile
        line.after = lambda: device.hand(on=True)
        driver.throttle()
        volts, amperes = device.set_points
        must(volts <= profile.min_voltage_v + 1e-9, f"throttled, it is still set to {volts:g} V.")
        must(amperes <= getattr(profile, "min_current_a", 0.0) + 1e-9, f"throttled, it is still set to {amperes:g} A.")

    # --- bad lines ---

    def test_timeout(self) -> None:
        """Silence is NoAnswer, not zero and not the last reading."""
        _, line, driver = self.connected()
        line.spoil = silence
        must_raise(NoAnswer, driver.identify, "identify a silent supply")
        _, line, driver = self._charging()
        line.spoil = silence
        must_raise(NoAnswer, driver.read, "read a silent supply")
        line.spoil = whole
        driver.read()

    def test_garbage(self) -> None:
        """Random bytes are never an identity and never a reading, and nothing but a driver's own errors comes of them."""
        for draw in self.draws():
            _, line, driver = self.connected()
            line.spoil = noise(draw)
            must(outcome(driver.identify, "identify noise") is None, "random bytes were taken for an identity.")
        _, line, driver = self._charging()
        for draw in self.draws():
            line.spoil = noise(draw)
            must(outcome(driver.read, "read noise") is None, "random bytes were taken for a reading.")
            must_raise((*NO_NEWS, Refused), partial(driver.switch_output, False), "switch off with noise for answers")

    def test_damaged_answers(self) -> None:
        """Whatever a line does to an answer: it is refused, or asked again and what is read is true."""
        for draw in self.draws():
            device, line, driver = self._charging()
            line.spoil = sometimes(draw, damage(draw, shows=not self.has_checksum), 0.5)
            self._true_or_none(device, driver, "a damaged answer")

    def test_late_answers(self) -> None:
        """An answer that comes only after later questions never passes for theirs."""
        for late in (1, 2, 3, 5):
            for asked in range(8):
                device, line, driver = self._charging()
                for _ in range(asked % 3):
                    driver.read()
                line.late = late
                for number in range(6):
                    device.hand(voltage_v=3.5 + 0.01 * number, current_a=1.0 + 0.1 * number)
                    device.clock.advance(1.0)
                    self._true_or_none(device, driver, f"answers {late} questions late")
                    if number == asked % 5:
                        line.late = 0

    def test_lost_answers(self) -> None:
        """Whichever answer is lost, of however many: what is read is true or nothing is."""
        for draw in self.draws():
            device, line, driver = self._charging()
            line.spoil = sometimes(draw, silence, 0.4)
            for number in range(4):
                device.hand(voltage_v=3.5 + 0.01 * number)
                self._true_or_none(device, driver, "lost answers")

    def test_reconnect(self) -> None:
        """A lost line is LostLine; back with the same supply, it is read and set as before."""
        device, line, driver = self._charging()
        line.gone = True
        for act in (driver.read, lambda: driver.set_voltage(3.5), lambda: driver.switch_output(False)):
            must_raise(LostLine, act, "use a lost line")
        line.gone = False
        self._agrees((driver.read().set_voltage_v,), (device.set_points[0],), driver.identify(), "volts after the line came back")
        driver.switch_output(False)
        must(not device.output_on, "off after the line came back has not switched off.")

    def test_reconnect_to_another(self) -> None:
        """Back with another supply: its readings are not ours, and nothing is written to it."""
        for begin in ("read", "set_voltage", "switch_output"):
            other = self.another()
            _, line, driver = self._charging()
            line.gone = True
            must_raise(LostLine, driver.read, "read a lost line")
            line.gone, line.line = False, other.line()
            other.hand(voltage_v=3.3, current_a=0.5)
            acts: dict[str, Any] = {
                "read": driver.read,
                "set_voltage": partial(driver.set_voltage, 3.5),
                "switch_output": partial(driver.switch_output, True),
            }
            must_raise(DECLINED, acts[begin], f"{begin} with another supply on the line")
            for name, act in acts.items():
                with suppress(InstrumentError):
                    must(act() is None and name == "", f"{name} works with another supply on the line.")
            must((other.output_on, other.set_points) == (False, (3.3, 0.5)), "something was written to another supply.")

    def test_another_that_took_its_place(self) -> None:
        """Exchanged without a lost line and identified anew, another supply is WrongDevice, and nothing is written to it from then on."""
        _, line, driver = self._charging()
        other = self.another()
        line.line = other.line()
        other.hand(voltage_v=3.3, current_a=0.5)
        must_raise(WrongDevice, driver.identify, "identify another supply")
        for act in (driver.read, partial(driver.set_voltage, 3.5), partial(driver.switch_output, True), driver.throttle):
            must_raise(DECLINED, act, "use another supply after it was identified")
        must((other.output_on, other.set_points) == (False, (3.3, 0.5)), "something was written to another supply.")

    # --- inside ---

    def _charging(self) -> tuple[Any, BadLine, Any]:
        """A supply that was programmed, is on, and gives amperes to cells."""
        device, line, driver = self.connected()
        self._profile = driver.identify()
        driver.program(voltage_v=3.6, current_a=1.0)
        driver.switch_output(True)
        device.clock.advance(1.0)
        return device, line, driver

    @staticmethod
    def _agrees(found: tuple[float | None, ...], true: tuple[float, ...], profile: SupplyProfile, what: str, by: float = 0.0) -> None:
        """Within one step, and `by` of the value."""
        steps = (profile.voltage_step_v, profile.current_step_a)
        for value, wanted, step in zip(found, true, steps, strict=False):
            good = value is not None and abs(value - wanted) <= 1.01 * step + by * abs(wanted)
            must(good, f"{what}: {value} where {wanted:g} is true.")

    def _true_or_none(self, device: Any, driver: Any, what: str) -> None:
        """A reading that is true now, or an error that a driver may raise."""
        reading: SupplyReading | None = outcome(driver.read, f"read with {what}")
        if reading is None:
            return
        for name, value, true, step in (
            ("set volts", reading.set_voltage_v, device.set_points[0], self._profile.voltage_step_v),
            ("set amperes", reading.set_current_a, device.set_points[1], self._profile.current_step_a),
            ("volts", reading.voltage_v, device.measured[0], self._profile.voltage_step_v),
            ("amperes", reading.current_a, device.measured[1], self._profile.current_step_a),
        ):
            fine = 1.01 * step + 0.005
            must(value is None or abs(value - true) <= fine, f"{what}: {name} read {value} where {true:g} is true.")
        must(reading.output_on is None or reading.output_on == device.output_on, f"{what}: the output is said to be {reading.output_on}.")
