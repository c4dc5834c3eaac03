"""Values of the journal are told with their unit behind the number."""

from __future__ import annotations

import pytest

from tui.domain.value_words import values_words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"surface_c": 25.0}, "warmest cell 25 °C"),
        ({"cells_v": 3.475, "current_a": 9}, "cells 3.475 V, current 9 A"),
        ({"cell:A_v": 3.3451}, "A_v 3.3451 V"),
        ({"gas_seen": False, "ok": True}, "gas seen: no, ok: yes"),
        ({"polarity": "right", "count": 8, "v": 1.5}, "polarity right, count 8, v 1.5"),
        ({"lead_mohm": float("nan")}, "lead nan mΩ"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_unit_stands_behind_its_number(data: object, words: str) -> None:
    assert values_words(data) == words
