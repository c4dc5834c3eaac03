"""What a Manson may answer: each of these takes the text of an answer apart, and raises ValueError, in words, for any other."""

from __future__ import annotations

from collections.abc import Callable


def data(text: str) -> str:
    """What stands before the OK."""
    found, end, ok = text.rpartition("\r")
    if not end or ok != "OK" or not found.isprintable():
        raise ValueError("it is no answer with OK behind it")
    return found


def digits(*how_many: int) -> Callable[[str], str]:
    """So many digits, or one of these numbers of them."""

    def only_digits(text: str) -> str:
        found = data(text)
        if len(found) not in how_many or not (found.isascii() and found.isdigit()):
            raise ValueError(f"it is not {' or '.join(map(str, how_many))} digits")
        return found

    return only_digits


def exactly(known: str) -> Callable[[str], str]:
    """The same as before."""

    def same(text: str) -> str:
        if data(text) != known:
            raise ValueError("it is another answer than before")
        return known

    return same


def display(text: str) -> str:
    """Volts and amperes of four digits each, and 0 or 1."""
    found = digits(9)(text)
    if found[8] not in "01":
        raise ValueError("it tells neither constant voltage nor constant current")
    return found


def acknowledged(text: str) -> None:
    if text != "OK":
        raise ValueError("it is no OK")
