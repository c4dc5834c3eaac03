"""The advice whether to balance at all."""

import json

import pytest
from domain_plans import plan
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.should_balance import (
    QUESTIONS,
    UNKNOWN,
    bms_time_h,
    charge_volts_v,
    clean_answers,
    cut_off_volts_v,
    recommend,
)

BANK = plan(soc_low=None, soc_high=None)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({}, "balance"),
        ({"matched": "yes"}, "test the capacity first"),
        ({"matched": "yes", "capacity-test": "not tested", "bms": "yes"}, "test the capacity first"),
        ({"matched": "yes", "capacity-test": "it did", "bms": "yes"}, "not needed"),
        ({"matched": "yes", "capacity-test": "it did", "high-rates": "yes"}, "balance"),
        ({"matched": "yes", "capacity-test": "it fell short"}, "balance"),
        ({"capacity-test": "it fell short", "rather-not": "yes", "bms": "yes"}, "balance"),
        ({"balanced-before": "yes", "aged-together": "yes", "bms": "yes"}, "not needed"),
        ({"balanced-before": "yes", "aged-together": "yes", "bms": "no"}, "balance"),
        ({"balanced-before": "yes", "aged-together": "no", "bms": "yes"}, "balance"),
        ({"rather-not": "yes", "bms": "yes"}, "do not balance: conditions"),
        ({"rather-not": "yes", "bms": "no"}, "balance"),
        ({"bms": "yes", "balance-current": 2.0, "spread": 0.03}, "do not balance: conditions"),
        ({"bms": "yes", "balance-current": 0.1, "spread": 0.03}, "balance"),
        ({"bms": "yes", "balance-current": 2.0, "spread": 0.03, "rather-not": "no"}, "balance"),
    ],
)
def test_the_verdict_follows_the_tutorial(answers: dict, verdict: str) -> None:
    found = recommend(answers, BANK)
    assert found.verdict == verdict
    assert found.reasons and found.next
    assert all(reason.text and reason.tutorial in {"2", "A.2"} for reason in found.reasons)


def test_an_unknown_answer_is_the_same_as_none() -> None:
    unknown = {question.id: UNKNOWN for question in QUESTIONS if UNKNOWN in question.choices}
    assert recommend(unknown, BANK) == recommend({}, BANK)


def test_a_bms_needs_the_spread_over_its_current_and_only_works_at_the_top() -> None:
    answers = {"bms": "yes", "balance-current": 0.1, "spread": 0.05, "share-at-top": 0.1}
    assert bms_time_h(answers, BANK) == pytest.approx(0.05 * 280 / 0.1)
    words = " ".join(reason.text for reason in recommend(answers, BANK).reasons)
    assert "14.0 Ah ÷ 0.1 A = 140 h" in words and "58 d" in words


def test_the_spread_may_come_from_the_estimate_of_the_plan() -> None:
    assert bms_time_h({"balance-current": 1.0}, plan(soc_low=0.4, soc_high=0.5)) == pytest.approx(28)
    assert bms_time_h({"balance-current": 1.0}, BANK) is None
    assert bms_time_h({"balance-current": 1.0, "spread": 0.1}, plan(16, pack="2P8S")) == pytest.approx(56)


def test_a_low_charge_keeps_one_full_cell_below_its_limit() -> None:
    """Series − 1 cells on the plateau of 3.33 V and one at 3.65 V; one at 2.5 V and the others at 3.20 V."""
    assert charge_volts_v(8) == pytest.approx(26.9)
    assert cut_off_volts_v(8) == pytest.approx(24.9)
    for series in (4, 8, 15, 16):
        assert charge_volts_v(series) - (series - 1) * 3.33 <= 3.65 + 1e-9
        assert cut_off_volts_v(series) - (series - 1) * 3.20 >= 2.5 - 1e-9
    conditions = " ".join(recommend({"rather-not": "yes", "bms": "yes"}, BANK).next)
    assert "26.9 V for 8S" in conditions and "24.9 V" in conditions


def test_a_lower_limit_of_the_bms_lowers_the_charge() -> None:
    assert "26.8 V" in " ".join(recommend({"rather-not": "yes", "bms": "yes"}, plan(service_v=3.5)).next)


def test_both_sides_of_a_test_before_the_balance_are_told() -> None:
    found = recommend({"matched": "yes"}, BANK)
    assert any("more accurate after a balance" in reason.text for reason in found.reasons)


def test_answers_survive_json_and_old_or_foreign_ones_are_dropped() -> None:
    answers = {"matched": "yes", "balance-current": 0.1, "use": "solar: often full"}
    assert clean_answers(json.loads(json.dumps(answers))) == answers
    assert clean_answers({"matched": "perhaps", "colour": "blue", "balance-current": -1, "spread": True, "use": None}) == {}


@given(st.fixed_dictionaries({}, optional={q.id: st.sampled_from(q.choices) if q.choices else st.floats(0.001, 1.0) for q in QUESTIONS}))
def test_whatever_is_answered_there_is_a_verdict_with_reasons(answers: dict) -> None:
    found = recommend(answers, BANK)
    assert found.reasons and found.next
    if found.verdict == "do not balance: conditions":
        assert answers["bms"] == "yes" and answers.get("high-rates") != "yes"
    if answers.get("high-rates") == "yes":
        assert found.verdict == "balance"
