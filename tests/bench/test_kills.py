"""The bench is killed at random moments of a session while its supply goes on: the benchmark `kills` in small."""

from __future__ import annotations

import logging

from tests.benchmarks.killing import Killing


def test_f32_kills_at_random_moments_lose_nothing(place, caplog):
    caplog.set_level(logging.CRITICAL)
    tally = Killing(place, seed=1).until(4)
    assert tally.wrong == []
    assert tally.taken_up >= 4 and tally.kills == tally.taken_up + tally.again
    assert tally.acknowledged > 100
    assert tally.max_cell_v <= 3.660
