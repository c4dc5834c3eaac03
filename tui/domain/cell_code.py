"""The code on a cell by GB/T 34014-2017: 24 characters of maker, kind, chemistry, model, day and number. Read, never believed beyond doubt.

Positions from 1: 1-3 maker, 4 product (P, M, C), 5 chemistry, 6-7 model and 8-14 traceability as the maker chose them, 15-17 day, 18-24
number of that day. Engraved in two rows, which are easily joined in the wrong order. A code of a second life has 19 characters and no
certain day. A sound code proves neither grade nor origin: plates are engraved anew.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

PRODUCTS = {"P": "pack", "M": "module", "C": "cell"}
LIFEPO4 = "LiFePO4"
CHEMISTRIES = {
    "A": "nickel-metal hydride",
    "B": LIFEPO4,
    "C": "LiMn2O4",
    "D": "LiCoO2",
    "E": "ternary (NMC or NCA)",
    "F": "supercapacitor",
    "G": "lithium titanate",
    "Z": "another chemistry",
}
MAKERS = {
    "001": "CATL", "00P": "Sunwoda", "01Y": "Narada", "02C": "Lishen", "02D": "JD", "02K": "Great Power", "02Y": "EVE", "03H": "Gotion",
    "04Q": "EVE", "04U": "Narada", "069": "Gree Altairnano", "07H": "Higee", "081": "REPT", "08B": "Lishen", "09U": "SVOLT",
    "0AL": "Ganfeng", "0B5": "CALB", "0F4": "BYD", "0H9": "Tafel", "0HB": "Battero Tech", "0IJ": "Hithium",
}  # fmt: skip
DATE_SIGNS = "123456789ABCDEFGHJKLMNPRSTVWXY0"
"""The value 1 to 31 of a year (from 2011), a month or a day, without I, O, Q, U and Z. Some public decoders have another end of this list."""

WHOLE, SECOND_LIFE = 24, 19
LENGTHS = (WHOLE, SECOND_LIFE)

_EVE = {
    "64": "LF90K", "65": "LF105", "66": "LF280", "68": "LF50", "6C": "LF100L", "6D": "LF100MA", "71": "LF280N", "72": "LF230", "73": "LF304",
    "75": "LF173", "76": "LF280K", "E6": "LF22K",
}  # fmt: skip
_REPT = {"26": "CB71173200EA", "40": "CB71173204EB"}
_CATL = {"24": "302 Ah", "31": "280 Ah", "20": "202 Ah", "22": "173 Ah", "32": "125 Ah", "52": "114 Ah", "15": "50 Ah"}
MODELS = {"04Q": _EVE, "02Y": _EVE, "081": _REPT, "001": _CATL}
"""What the two characters of the model mean, by maker, as owners of such cells collected it; no maker publishes the list."""


@dataclass(frozen=True, slots=True)
class CellCode:
    """What a code tells. Empty texts and None are unknown; `doubts` are sentences on what cannot be right."""

    text: str  # in capitals, without blanks and line ends
    maker: str = ""
    product: str = ""  # "cell", "module", "pack"
    chemistry: str = ""
    model_code: str = ""
    made: datetime.date | None = None
    serial: str = ""
    doubts: tuple[str, ...] = ()
    other_way: str = ""  # as which it makes sense: its two rows the other way round, or without what follows the 24th character

    @property
    def other_chemistry(self) -> str:
        """What the cell is by a sound code when that is not LiFePO4; "" else."""
        return self.chemistry if not self.doubts and self.chemistry != LIFEPO4 else ""

    @property
    def key(self) -> str:
        """What two codes are compared by: rows in the wrong order are the same code."""
        return self.other_way or self.text

    @property
    def model(self) -> str:
        """The model as owners' lists have it, "" where they do not know it. A hint, never a rating."""
        return MODELS.get(self.text[:3], {}).get(self.model_code, "")

    @property
    def words(self) -> str:
        """One line: maker, product, chemistry, day."""
        made = "" if self.made is None else f"made {self.made.isoformat()}"
        return ", ".join(part for part in (self.maker, self.product, self.chemistry, made) if part)


_AIM = re.compile(r"(?:\s*\]\s*[A-Za-z]\s*[0-9])+")
"""With which scanners may tell the kind of symbol they read (ISO/IEC 15424): ]d1 a Data Matrix, ]Q1 a QR code, ]C0 a Code 128."""


def tidy(raw: str) -> str:
    """The code in what was scanned or typed: in capitals, without blanks, separators and line ends, without the scanner's word on the symbol.

    Of a longer text, such as an address of the web, only the sound code in it, where there is exactly one.
    """
    told = _AIM.match(raw)
    bare = raw[told.end() :] if told else raw
    text = re.sub(r"\s", "", bare).upper()  # the separator of data fields (GS) is a blank here
    if len(text) in LENGTHS:
        return text
    parts = {part for part in re.split(r"[^0-9A-Z]+", bare.upper()) if len(part) == WHOLE}
    sound = [part for part in parts if not _whole(part).doubts]
    return sound[0] if len(sound) == 1 else text


def read_code(raw: str) -> CellCode:
    """What a scanned or typed code tells; never raises. Whatever is doubtful is said and nothing is guessed."""
    text = tidy(raw)
    if len(text) == SECOND_LIFE:
        return _second_life(text)
    if len(text) != WHOLE:
        counted = f"It has {len(text)} characters; a cell's code has {WHOLE}, of a second life {SECOND_LIFE}."
        first = _whole(text[:WHOLE]) if len(text) in (WHOLE + 1, WHOLE + 2) else None
        if first is not None and not first.doubts:
            return CellCode(text, doubts=(f"{counted} Its first 24 alone read {first.text}: {first.words}.",), other_way=first.text)
        return CellCode(text, doubts=(f"{counted} Part of it may be missing: scan it again.",))
    plain = _whole(text)
    if len(plain.doubts) <= (plain.product in ("pack", "module")):  # sound, or soundly no cell
        return plain
    turned = [_whole(text[cut:] + text[:cut]) for cut in range(1, WHOLE)]
    sound = [code for code in turned if not code.doubts]
    sound = [code for code in sound if code.maker] or sound
    if len(sound) != 1:
        return plain
    other = sound[0]
    doubt = f"Its two rows may be joined in the wrong order. The other way round it reads {other.text}: {other.words}."
    return CellCode(text, doubts=(doubt,), other_way=other.text)


def _whole(text: str) -> CellCode:
    product, chemistry, made, serial = PRODUCTS.get(text[3], ""), CHEMISTRIES.get(text[4], ""), _date(text[14:17]), text[17:]
    doubts = []
    if product in ("pack", "module"):
        doubts.append(f"It is the code of a {product}, not of a cell: look for the cell's own.")
    elif not product:
        doubts.append(f"Its 4th character is {text[3]} where a cell has C: rows in the wrong order, or a code of another kind.")
    if product and not chemistry:
        doubts.append(f"Its 5th character, {text[4]}, names no known chemistry; LiFePO4 is B.")
    if product and made is None:
        doubts.append(f"{text[14:17]} is no day of the standard's calendar, so the day it was made is unknown.")
    if product and not (serial.isascii() and serial.isdecimal()):
        doubts.append(f"Its last seven characters, {serial}, should be a number.")
    return CellCode(text, MAKERS.get(text[:3], ""), product, chemistry, text[5:7], made, serial, tuple(doubts))


def _second_life(text: str) -> CellCode:
    """Maker, product and chemistry stand where they always do. Where the day stands is not certain, so none is read."""
    product, chemistry = PRODUCTS.get(text[3], ""), CHEMISTRIES.get(text[4], "")
    doubts = ["With 19 characters it marks a used object in its second life; its age is unknown."]
    if product != "cell":
        doubts.append(f"Its 4th character is {text[3]} where a cell has C: the code of a {product or 'thing of another kind'}.")
    if chemistry not in ("", LIFEPO4):
        doubts.append(f"By its 5th character it is {chemistry}, which must not be charged here.")
    return CellCode(text, MAKERS.get(text[:3], ""), product, chemistry, text[5:7], None, "", tuple(doubts))


def _date(signs: str) -> datetime.date | None:
    values = [DATE_SIGNS.find(sign) + 1 for sign in signs]
    if 0 in values:
        return None
    try:
        return datetime.date(2010 + values[0], values[1], values[2])
    except ValueError:
        return None
