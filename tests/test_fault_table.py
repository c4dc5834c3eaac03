"""The table of faults is whole and true: each of F-01 … F-62 has a row, every test that it names exists, and every fault test is named in it."""

from __future__ import annotations

import ast

import pytest

from tests.fault_table import KINDS, NUMBERS, TABLE, TESTS, drills_of, fault_tests, names_in, rewritten, rows

ROWS = rows(TABLE.read_text(encoding="utf-8"))
WRITE = "write it anew: python -m tests.fault_table"


def test_every_fault_has_one_row_in_order_with_words_and_a_known_kind():
    assert [row.number for row in ROWS] == list(NUMBERS)
    for row in ROWS:
        assert row.wrong and row.answer, row.code
        assert row.kind and set(row.kind.split(", ")) <= set(KINDS), row.code


def test_the_table_names_the_tests_and_drills_of_the_tree():
    text = TABLE.read_text(encoding="utf-8")
    assert text == rewritten(text, fault_tests()), WRITE


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_fault_is_shown_by_a_test(row):
    assert row.tests, f"no test is named test_f{row.number:02}_…, or the table is old ({WRITE})"
    for listed in row.tests:
        file, _, name = listed.partition("::")
        assert name.startswith(f"test_f{row.number:02}_"), listed
        path = TESTS / file
        assert path.is_file(), listed
        assert name in names_in(ast.parse(path.read_text(encoding="utf-8"))), listed
    assert row.drills == drills_of(row.code)


def test_every_fault_test_of_the_tree_has_its_row():
    assert set(fault_tests()) <= set(NUMBERS)


def test_the_generator_fills_a_row_and_leaves_its_words_alone():
    line = "| F-27 | a lead falls off | HOLD | bench |  |  |"
    made = rewritten(f"# Faults\n\n{line}\n", {27: ["bench/test_x.py::test_f27_a", "bench/test_x.py::test_f27_b"]})
    (row,) = rows(made)
    assert (row.wrong, row.answer, row.kind) == ("a lead falls off", "HOLD", "bench")
    assert row.tests == ("bench/test_x.py::test_f27_a", "bench/test_x.py::test_f27_b")
    assert "lead-falls-off" in row.drills
    assert rewritten(made, {27: row.tests}) == made
    assert made.startswith("# Faults\n\n")
