"""What SCPI supplies answer: identities, quantities, modes, errors. Every one of these takes a text apart or raises ValueError, told in words."""

from __future__ import annotations

import re
from typing import NamedTuple

from drivers.roles import Mode
from drivers.words import number

NO_NUMBER = 1e9  # SCPI writes "overload" as 9.9E37
_QUANTITY = re.compile(r"(?P<number>[^\sA-Za-z]+([eE][+-]?\d+)?)\s*[VAW]?")


class Identity(NamedTuple):
    """What *IDN? tells."""

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""

    @property
    def maker(self) -> str:
        """The vendor as tables write it: letters and digits only."""
        return re.sub(r"[^A-Z0-9]", "", self.vendor.upper())


def identity(text: str) -> Identity:
    """Three to five fields; ValueError for any other text."""
    fields = [part.strip().strip('"') for part in text.split(",")]
    if not 3 <= len(fields) <= 5 or not text.isprintable() or not fields[0] or not fields[1]:
        raise ValueError("it is no identity")
    return Identity(*fields[:4])


def quantity(text: str) -> float:
    """A number, with or without exponent and unit (V, A or W, never mV); ValueError for anything else and for "overload"."""
    match = _QUANTITY.fullmatch(text.strip())
    value = number(match["number"] if match else text)
    if abs(value) > NO_NUMBER:
        raise ValueError(f"{text[:20]!r} stands for no number")
    return value


def volts_and_amperes(text: str) -> tuple[float, float]:
    """The first two of two or three numbers; the third are watts."""
    found = [quantity(part) for part in text.split(",")]
    if len(found) not in (2, 3):
        raise ValueError(f"{len(found)} numbers where volts, amperes and watts belong")
    return found[0], found[1]


def mode_said(text: str) -> Mode | None:
    """None for UR: neither limit rules."""
    found: dict[str, Mode | None] = {"CV": "CV", "CC": "CC", "UR": None}
    if text.upper() not in found:
        raise ValueError("it is no mode")
    return found[text.upper()]


def error_said(text: str) -> str:
    """What SYST:ERR? tells; "" where its first whole number is 0."""
    match = re.match(r"\s*([+-]?\d+)(?=$|[\s,])", text)
    if match is None or not text.isprintable():
        raise ValueError("it is no error message")
    return "" if int(match[1]) == 0 else text.strip()[:80]
