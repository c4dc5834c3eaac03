"""For every test: property tests draw forty examples unless they ask for another number, so that the whole suite stays short.

The pilot of the screens presses keys as fast as a scanner; it stands for a hand, except where a test says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("suite", max_examples=40)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def pilot_is_a_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.burst.FASTEST_HAND_S", 1e-6)
