"""The record names what was chosen where opinions differ."""

from __future__ import annotations

from tests.domain.domain_plans import plan
from tui.domain.chosen import chosen


def test_the_choices_of_a_plain_balance() -> None:
    assert chosen(plan()) == (
        "Parallel, single step",
        "target 3.650 V a cell",
        "until the current is near zero, 0.10 A",
        "measured after 1 h of rest",
    )


def test_what_differs_from_the_usual_is_named() -> None:
    words = chosen(
        plan(
            procedure="precharge+step-and-pause",
            target_v=3.60,
            stages_v=(3.4, 3.5, 3.6),
            end_rule="volts",
            derating=0.8,
            soak_s=8 * 3600.0,
            limits=(("trip_over_target_v", 0.02),),
        )
    )
    assert "Pre-charge, then steps" in words
    assert "target 3.600 V a cell" in words
    assert "stages 3.40, 3.50, 3.60 V" in words
    assert "until the volts are reached" in words
    assert "80% of the supply's rating" in words
    assert "8 h in parallel first" in words
    assert "trip_over_target_v tightened to 0.02" in words
