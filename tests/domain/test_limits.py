"""Limits that a procedure may tighten and never loosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.limits import LIMITS, Limits, tighter

NOW = Limits()
CHANGEABLE = sorted(name for name in LIMITS if tighter(name) != "fixed")


def test_a_tighter_value_is_taken_and_the_others_stay() -> None:
    tightened = NOW.tightened([("trip_over_target_v", 0.02), ("end_hold_s", 1200.0), ("glitch_count", 2.0)])
    assert (tightened.trip_over_target_v, tightened.end_hold_s, tightened.glitch_count) == (0.02, 1200.0, 2)
    assert isinstance(tightened.glitch_count, int)
    assert tightened.ceiling_v == NOW.ceiling_v


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("trip_over_target_v", 0.04, "looser than the guard's 0.03 V"),
        ("ceiling_v", 3.75, "looser"),
        ("end_hold_s", 300.0, "looser"),
        ("start_low_v", 2.4, "only make it tighter, that is higher"),
        ("trip_over_target_v", 0.001, "outside its range of 0.01 to 0.05 V"),
        ("glitch_count", 2.5, "whole number"),
        ("over_limit_reads", 2.0, "the same for every procedure"),
        ("ceiling", 3.6, "is ceiling_v meant?"),
        ("colour", 1.0, "“colour” is no limit"),
        ("ceiling_v", float("nan"), "looser"),
    ],
)
def test_a_looser_an_unknown_or_an_impossible_value_is_refused_by_name(name: str, value: float, part: str) -> None:
    with pytest.raises(ValueError) as refusal:
        NOW.tightened([(name, value)])
    assert part in str(refusal.value)
    assert name in str(refusal.value)


@given(st.sampled_from(CHANGEABLE), st.floats(allow_nan=True, allow_infinity=True))
def test_whatever_is_asked_no_limit_gets_looser_or_leaves_its_range(name: str, value: float) -> None:
    try:
        tightened = NOW.tightened([(name, value)])
    except ValueError:
        return
    before, after = getattr(NOW, name), getattr(tightened, name)
    assert after <= before if tighter(name) == "lower" else after >= before
    assert tightened.problems() == []


def test_tightening_twice_is_from_the_value_in_force() -> None:
    once = NOW.tightened([("hot_trip_c", 43.0)])
    with pytest.raises(ValueError, match="looser than the guard's 43"):
        once.tightened([("hot_trip_c", 44.0)])


def test_the_side_of_an_unknown_limit_is_no_guess() -> None:
    with pytest.raises(KeyError):
        tighter("nothing_v")
