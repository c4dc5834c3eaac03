"""Codes on cells: known examples, rows in the wrong order, and what is not a cell's code."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.cell_code import read_code, tidy

EXAMPLES = [
    ("04QCB76836300JBC40000903", "EVE", "76", (2021, 12, 4), "0000903"),
    ("001CB240000003B3C0221953", "CATL", "24", (2021, 3, 12), "0221953"),
    ("04QCB76830200JD2A0005567", "EVE", "76", (2023, 2, 10), "0005567"),
    ("04QCB76718400JB630001092", "EVE", "76", (2021, 6, 3), "0001092"),
    ("001CB310000009B960502763", "CATL", "31", (2021, 9, 6), "0502763"),
    ("07HCBC1P22G06AC700002596", "Higee", "C1", (2022, 7, 31), "0002596"),  # 0 is the 31st
    ("04QCB52091380JG120006435", "EVE", "52", (2026, 1, 2), "0006435"),
    ("04QCB6CJ28801JF9F0009042", "EVE", "6C", (2025, 9, 15), "0009042"),
]


@pytest.mark.parametrize(("text", "maker", "model", "made", "serial"), EXAMPLES)
def test_known_codes(text: str, maker: str, model: str, made: tuple[int, int, int], serial: str) -> None:
    code = read_code(text)
    assert (code.maker, code.product, code.chemistry, code.model_code) == (maker, "cell", "LiFePO4", model)
    assert (code.made, code.serial, code.doubts, code.other_way) == (datetime.date(*made), serial, (), "")


def test_case_blanks_and_line_ends_do_not_matter() -> None:
    assert read_code("04qcb76836300j\n bc40000903 ") == read_code("04QCB76836300JBC40000903")


@pytest.mark.parametrize("cut", [10, 11, 12, 13, 14])
@pytest.mark.parametrize("text", [row[0] for row in EXAMPLES])
def test_rows_in_the_wrong_order_are_offered_the_other_way_round(text: str, cut: int) -> None:
    code = read_code(text[cut:] + text[:cut])
    assert code.other_way == code.key == text
    assert "wrong order" in code.doubts[0]
    assert text in code.doubts[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A765101015", "10 characters"),
        ("04QCB76836300JBC4000090312", "first 24"),
        ("04QPB76836300JBC40000903", "code of a pack"),
        ("04QMB76836300JBC40000903", "code of a module"),
        ("04QXB76836300JBC40000903", "4th character is X"),
        ("04QCY76836300JBC40000903", "5th character"),
        ("04QCB76836300JIC40000903", "no day"),  # I is no sign of a date
        ("04QCB76836300JBD40000903", "no day"),  # there is no 13th month
        ("04QCB76836300JBC4000O903", "should be a number"),
        ("04QCB76R1BC40000903", "second life"),
        ("04QMB76R1BC40000903", "code of a module"),
        ("", "0 characters"),
    ],
)
def test_what_is_doubtful_is_said_and_not_guessed(text: str, words: str) -> None:
    code = read_code(text)
    assert any(words in doubt for doubt in code.doubts), code.doubts
    assert code.text == text
    assert "second life" not in words or code.made is None


def test_an_unknown_maker_is_no_doubt_and_another_chemistry_is_told() -> None:
    assert read_code("0ZZCB76836300JBC40000903").doubts == ()
    assert read_code("04QCE76836300JBC40000903").chemistry.startswith("ternary")


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(read_code(text).words, str)


CODE = EXAMPLES[0][0]


@pytest.mark.parametrize(
    "raw",
    [
        f"]d1{CODE}",  # the scanner tells which kind of symbol it read
        f"]Q3{CODE.lower()}",
        f"]d2\x1d{CODE}",
        f"{CODE[:14]}\x1d{CODE[14:]}",
        f"{CODE}\x1d280AH\x1d3.301V",
        f"https://x.cn/q?c={CODE}&a=1",
        f"HTTPS://X.CN/{CODE}",
        f"SN:{CODE};CAP:280",
        f"{CODE}, {CODE}",  # printed twice in one symbol
    ],
)
def test_a_code_is_found_in_what_a_scanner_sends_around_it(raw: str) -> None:
    assert tidy(raw) == CODE
    assert read_code(raw) == read_code(CODE)


def test_two_codes_in_one_scan_are_not_guessed() -> None:
    text = f"{CODE},{EXAMPLES[1][0]}"
    assert tidy(text) == text
    assert read_code(text).doubts


@pytest.mark.parametrize("more", ["1", "R1"])
def test_characters_too_many_behind_a_sound_code_are_offered_to_be_left_out(more: str) -> None:
    code = read_code(CODE + more)
    assert (code.text, code.other_way, code.key) == (CODE + more, CODE, CODE)
    assert "first 24" in code.doubts[0] and "2021-12-04" in code.doubts[0]


@given(st.text(max_size=60))
def test_what_was_tidied_stays_as_it_is(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
