"""A supply without interface: the words for the operator's hands, and what is known from typing."""

import pytest

from drivers.clock import VirtualClock
from drivers.roles import OperatorMustAct, Refused
from drivers.supplies.manual import ManualSupply


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def supply(clock: VirtualClock) -> ManualSupply:
    return ManualSupply("manual", clock, 30.0, 10.0, 0.01, 0.1)


def test_nothing_is_known_before_something_is_typed(supply: ManualSupply) -> None:
    reading = supply.read()
    assert (reading.output_on, reading.voltage_v, reading.current_a, reading.set_voltage_v, reading.mode) == (None,) * 5
    assert supply.power_up_output() is None


def test_each_act_has_its_words_and_numbers(supply: ManualSupply) -> None:
    with pytest.raises(OperatorMustAct, match=r"3\.65 V.*9\.9 A.*3\.75 V") as caught:
        supply.program(voltage_v=3.65, current_a=9.99, over_voltage_v=3.75)
    assert caught.value.act == "set"
    with pytest.raises(OperatorMustAct, match=r"3\.64 V.*CV") as caught:
        supply.set_voltage(3.64)
    assert caught.value.act == "set"
    for on, act in ((True, "output-on"), (False, "output-off")):
        with pytest.raises(OperatorMustAct) as caught:
            supply.switch_output(on)
        assert caught.value.act == act
    with pytest.raises(OperatorMustAct, match="mains plug") as caught:
        supply.throttle()
    assert caught.value.act == "output-off"


@pytest.mark.parametrize("values", [(36.5, 1.0), (3.65, 100.0), (float("nan"), 1.0), (-3.65, 1.0)])
def test_numbers_beyond_the_rating_are_refused(supply: ManualSupply, values: tuple[float, float]) -> None:
    with pytest.raises(Refused, match="rating"):
        supply.program(voltage_v=values[0], current_a=values[1])


def test_there_is_nothing_to_write_to(supply: ManualSupply) -> None:
    with pytest.raises(Refused, match="open lead ends"):
        supply.prove_writable()


def test_typed_values_keep_their_own_times(supply: ManualSupply, clock: VirtualClock) -> None:
    supply.told_set(3.65, 10.0)
    supply.told_output(True)
    clock.advance(10)
    supply.typed(voltage_v=3.41, current_a=9.8)
    clock.advance(600)
    supply.typed(current_a=9.7)
    reading = supply.read()
    assert (reading.voltage_v, reading.voltage_time_s) == (3.41, 10.0)
    assert (reading.current_a, reading.current_time_s) == (9.7, 610.0)
    assert (reading.time_s, reading.output_on, reading.set_voltage_v, reading.set_current_a) == (610.0, True, 3.65, 10.0)


def test_a_current_typed_before_the_output_was_switched_belongs_to_another_state(supply: ManualSupply, clock: VirtualClock) -> None:
    supply.told_output(True)
    supply.typed(voltage_v=3.41, current_a=9.8)
    clock.advance(5)
    supply.told_output(True)  # said again: no change
    assert supply.read().current_a == 9.8
    supply.told_output(False)
    reading = supply.read()
    assert reading.current_a is None and reading.current_time_s is None and reading.voltage_v == 3.41
    supply.typed(current_a=0.0)
    assert supply.read().current_a == 0.0
    supply.told_output(True)
    assert supply.read().current_a is None


def test_a_coarse_display_is_never_asked_for_more_than_it_shows() -> None:
    supply = ManualSupply("manual", VirtualClock(), 36.0, 10.0, 0.1, 0.01)
    with pytest.raises(OperatorMustAct, match=r"shows 3\.6 V"):
        supply.set_voltage(3.65)
