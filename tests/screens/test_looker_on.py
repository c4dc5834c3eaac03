"""What a screen without the keys offers, and what stands there when the bench is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens import fake_link
from tui import actions
from tui.bench.remote import GONE, as_lost
from tui.panes.status import next_words

HELD = replace(fake_link.KNEE, state="hold")


@pytest.mark.parametrize("name", ["resume", "note", "type_reading", "end_session"])
def test_a_key_that_the_bench_would_refuse_says_so_before_anything_is_typed(name):
    action = actions.action_named(name)
    assert not action.blocked(HELD)
    assert "F12" in action.blocked(replace(HELD, keys=False))


def test_a_looker_on_is_offered_the_keys_and_nothing_that_needs_them():
    offered = [action.name for action in actions.footer(replace(HELD, keys=False))]
    assert offered[:2] == ["take_keys", "why"]


def test_a_hold_offers_its_end_in_the_footer_and_a_charge_does_not():
    assert "end_session" in [action.name for action in actions.footer(HELD)]
    assert "end_session" not in [action.name for action in actions.footer(fake_link.KNEE)]


def test_nobody_is_asked_to_take_keys_from_a_bench_that_is_gone():
    text, key = next_words(as_lost(replace(fake_link.KNEE, keys=False), 4.0, GONE))
    assert not key and "only looks on" not in text
