"""The README's table "Where the tutorial is in the program": every place exists, every quoted word stands there, no section is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tutorial_places import ADVICE, REFERENCE, NoSuchPlace, text_of

README = Path(__file__).parent.parent / "README.md"

# Every piece of advice of the tutorial, in its order: section, note or step, and a letter where one paragraph says several things.
PIECES = (
    "Disclaimer", "Note", "Warning a", "Warning b",
    "1 a", "1 note 1", "1 note 2", "1 note 3",
    "2 a", "2 b", "2 c", "2 d", "2 e",
    "3 a", "3 b", "3.1", "3.2", "3.3", "3.3.1", "3.3.2", "3.3.3", "3.3.4", "3.3 note", "3.4", "3.5", "3.6", "3.7", "3 note 1 a", "3 note 1 b",
    "4 note 1", "4 note 2 a", "4 note 2 b", "4.1", "4.1 note", "4.2", "4.3", "4.4 a", "4.4 b", "4.5", "4.5 note",
    "4.6 a", "4.6 b", "4.6 c", "4.6 d", "4.7", "4.8", "4.8 note",
    "A.1", "A.2 a", "A.2 b", "A.2 c", "A.3 a", "A.3 b",
    "B a", "B b", "B c", "B 1", "B 2", "B 3–6", "B 7–8", "B warning 1", "B warning 2 a", "B warning 2 b",
    "C a", "C b", "C c", "D a", "D b", "D c", "D d", "D e", "E",
)  # fmt: skip


def rows() -> list[tuple[str, str, str]]:
    """Section, what it says, and where, of each row of the table."""
    _, _, after = README.read_text(encoding="utf-8").partition("<!-- tutorial -->\n")
    lines = after.split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    assert all(len(row) == 3 for row in cells), "every row has three columns; a | inside of one would split it"
    return [(row[0], row[1], row[2]) for row in cells]


ROWS = rows()


def test_every_piece_of_the_tutorial_has_its_row():
    assert [section for section, _, _ in ROWS] == list(PIECES)


@pytest.mark.parametrize(("section", "says", "where"), ROWS, ids=[row[0] for row in ROWS])
def test_what_the_tutorial_says_is_found_at_its_place(section: str, says: str, where: str):
    found = list(REFERENCE.finditer(where))
    rest = REFERENCE.sub("", where)
    assert says
    assert found, f"{section} names no place"
    assert not re.sub(r"[ ,;]", "", rest), f"{section}: “{rest.strip()}” is no reference; write `kind:name` “words”"
    for reference in found:
        text = text_of(reference["kind"], reference["name"])
        for words in re.findall(r"“([^”]+)”", reference["words"]):
            assert words in text, f"{section}: “{words}” is not told at {reference['kind']}:{reference['name']}, which says: {text[:600]}"


@pytest.mark.parametrize(
    "reference", ["step:parallel/nothing", "step:nothing/wire", "gate:nothing", "figure:nothing", "limit:nothing", "page:1"]
)
def test_a_place_that_does_not_exist_is_refused(reference: str):
    kind, _, name = reference.partition(":")
    with pytest.raises(NoSuchPlace):
        text_of(kind, name)


def test_the_topics_are_those_of_the_advice_screen():
    from tui.panes.advice import TOPICS

    assert list(ADVICE) == [entry.title for entry in TOPICS]
