"""The advice that is easily lost, and the tutorial's links."""

import re

import pytest

from tui.domain.lost_advice import ADVICE, LINKS, advice


def test_each_piece_stands_once_with_its_section() -> None:
    ids = [piece.id for piece in ADVICE]
    assert len(set(ids)) == len(ids)
    for piece in ADVICE:
        assert advice(piece.id) is piece
        assert len(piece.title) <= 30 and piece.words.endswith(".")
        assert re.fullmatch(r"Warning|[1-4](\.\d)?|A\.[123]|[BCD]", piece.tutorial)


@pytest.mark.parametrize(
    ("advice_id", "words"),
    [
        ("target-above-service", "above the highest that any cell will see in use"),
        ("top", "bottom"),
        ("capacity-after", "more accurate after"),
        ("similar-charge", "similar state of charge"),
        ("rings", "sized to the stud"),
        ("cable", "12 AWG is adequate, 10 or 8 AWG better"),
        ("studs", "thread"),
        ("cv-and-cc", "current limit"),
    ],
)
def test_what_a_reader_of_the_tutorial_would_miss_is_there(advice_id: str, words: str) -> None:
    piece = advice(advice_id)
    assert words.casefold() in f"{piece.title}. {piece.words}".casefold()


def test_an_advice_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        advice("none")


def test_the_links_of_the_tutorial_are_given_with_what_they_lead_to() -> None:
    assert {link.url.split("/")[2] for link in LINKS} == {
        "www.amazon.com",
        "www.mobile-solarpower.com",
        "diysolarforum.com",
        "marinehowto.com",
    }
    assert all(link.url.startswith("https://") and link.what and link.tutorial for link in LINKS)
