"""Labels that count up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain import labels


@pytest.mark.parametrize("text", ["A01…A16", "A01..A16", "A01 .. A16", "A01..16", "A01...A16"])
def test_a_range_is_all_its_labels_with_their_zeros(text):
    assert labels.expand(text) == tuple(f"A{number:02d}" for number in range(1, 17))


@pytest.mark.parametrize(
    ("text", "found"), [("A1", ("A1",)), ("", ()), (" EVE-7 ", ("EVE-7",)), ("A8..A12", ("A8", "A9", "A10", "A11", "A12"))]
)
def test_one_label_stays_one(text, found):
    assert labels.expand(text) == found


@pytest.mark.parametrize("text", ["A16..A01", "A1..B4", "A1..A9999"])
def test_a_range_without_sense_is_refused(text):
    with pytest.raises(ValueError, match="no range"):
        labels.expand(text)


@pytest.mark.parametrize(("label", "after"), [("A01", "A02"), ("A9", "A10"), ("A99", "A100"), ("spare", "spare2"), ("B-07", "B-08")])
def test_labels_count_up(label, after):
    assert labels.following(label) == after


def test_the_next_free_label_leaves_out_those_that_are_taken():
    assert labels.next_free("A1", {"a1", "a2", "a4"}) == "A3"


@given(st.text(max_size=20))
def test_any_text_is_labels_or_a_reason(text):
    try:
        found = labels.expand(text)
    except ValueError:
        return
    assert all(label.strip() == label for label in found)
