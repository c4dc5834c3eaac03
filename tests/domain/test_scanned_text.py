"""Scans one after the other: whole codes, rows of a plate in either order, and what no cell can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.scan import Scanned, Scanner

CODE = "04QCB76836300JBC40000903"
OTHER = "07HCBC1P22G06AC700002596"


def scan(*raws: str) -> list[Scanned]:
    scanner = Scanner()
    return [found for raw in raws if (found := scanner.take(raw)) is not None]


def test_a_whole_code_is_taken_as_it_is_and_its_raw_text_kept():
    (found,) = scan(" 04qcb76836300jbc40000903\r")
    assert (found.code.text, found.refused, found.doubtful, found.half) == (CODE, "", "", False)
    assert found.raw == " 04qcb76836300jbc40000903\r"
    assert (found.code.maker, found.code.model) == ("EVE", "LF280K")


@pytest.mark.parametrize("cut", [10, 12, 14])
@pytest.mark.parametrize("turned", [False, True])
def test_two_rows_are_joined_in_whichever_order_they_come(cut, turned):
    rows = (CODE[:cut], CODE[cut:])
    first, second = scan(*reversed(rows) if turned else rows)
    assert first.half
    assert (second.joined, second.code.text, second.doubtful) == (True, CODE, "")
    assert second.raw == " ".join(reversed(rows) if turned else rows)


def test_rows_of_two_plates_are_not_joined():
    first, second, third = scan(CODE[:14], OTHER, CODE[14:])
    assert first.half
    assert (second.code.text, second.dropped) == (OTHER, CODE[:14])
    assert third.half and not third.joined


def test_a_row_that_is_scanned_twice_still_waits_for_the_other():
    *_, last = scan(CODE[:12], CODE[:12], CODE[12:])
    assert last.code.text == CODE


def test_one_code_with_its_rows_in_the_wrong_order_is_doubtful_and_offered():
    (found,) = scan(CODE[14:] + CODE[:14])
    assert "wrong order" in found.doubtful
    assert found.code.other_way == CODE


@pytest.mark.parametrize(
    ("code", "words"),
    [("04QPB76836300JBC40000903", "pack"), ("04QMB76836300JBC40000903", "module"), ("04QCE76836300JBC40000903", "ternary")],
)
def test_what_is_no_lifepo4_cell_is_refused(code, words):
    assert words in scan(code)[0].refused


def test_nineteen_characters_are_a_cell_of_a_second_life():
    (found,) = scan("04QCB76RRBC40000903")
    assert (found.half, found.refused, found.doubtful) == (False, "", "")
    assert "second life" in found.code.doubts[0]


@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_scans_are_taken_without_an_error_and_none_is_lost(raws):
    for found in scan(*raws):
        assert isinstance(found.refused + found.doubtful, str)


@pytest.mark.parametrize("text", [CODE[:-1], CODE[:21], "A1", "123"])
def test_what_cannot_be_a_row_beside_another_is_no_half(text):
    (found,) = scan(text)
    assert not found.half
    assert f"It has {len(text)} characters" in found.doubtful


def test_the_raw_text_keeps_what_a_scanner_sent_around_the_code():
    (found,) = scan(f"]d2{CODE}\x1d280AH")
    assert (found.code.text, found.doubtful, found.raw) == (CODE, "", f"]d2{CODE}\x1d280AH")
