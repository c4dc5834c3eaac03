"""A person's own times between two signs of presence: looser too, within their ranges, never off. (Fault F-44.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.domain_plans import plan
from tui.domain.checks import check_plan
from tui.domain.chosen import chosen
from tui.domain.limits import ATTENTION, LIMITS, Limits
from tui.domain.plan import Plan
from tui.domain.reasons import why


@given(st.sampled_from(ATTENTION), st.floats(allow_nan=True, allow_infinity=True))
def test_f44_whatever_is_asked_presence_is_never_off_nor_beyond_its_range(name: str, time_s: float) -> None:
    try:
        made = Limits().attended([(name, time_s)])
    except ValueError as refusal:
        assert LIMITS[name].title in str(refusal) or "knee" in str(refusal)
        return
    assert made.problems() == [] and made.attention_top_s <= made.attention_knee_s


def test_f44_looser_and_tighter_are_taken_and_nothing_else_is_a_persons_to_change() -> None:
    made = Limits().attended([("attention_knee_s", 1200.0), ("attention_top_s", 120.0)])
    assert (made.attention_knee_s, made.attention_top_s, made.attention_metered_s) == (1200.0, 120.0, 1800.0)
    with pytest.raises(ValueError, match="not for a person to change"):
        Limits().attended([("ceiling_v", 3.79)])
    with pytest.raises(ValueError, match="more seldom"):
        Limits().attended([("attention_knee_s", 300.0), ("attention_top_s", 600.0)])


def test_f44_a_plan_keeps_them_and_says_them() -> None:
    own = plan(attention=(("attention_knee_s", 900.0),))
    assert Plan.from_json(own.to_json()) == own
    assert "presence near the knee every 15 min instead of 10 min" in chosen(own)
    assert why("attention_knee_s", own).formula.endswith("by your own setting every 15 min")
    assert not [problem for problem in check_plan(own) if problem.field == "limits"]
    off = plan(attention=(("attention_knee_s", 0.0),))
    assert [problem.field for problem in check_plan(off) if problem.blocking] == ["limits"]
