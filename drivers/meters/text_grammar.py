"""The grammar of a text-line meter: bytes → lines → volts by channel. Pure; nothing here waits, opens or remembers a time.

A builder's board should send `seq=17 V1=3.4123 V2=3.4098*HH`, measured values only, 2 to 5 lines a second. Accepted are,
in this order: JSON, key = value, numbers alone (with or without a header line), one value with words. Whatever is ambiguous
is refused, never interpreted: half a line, a decimal comma, volts mixed with millivolts, a wrong checksum.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import xor
from typing import Any, Literal

LONGEST_LINE_BYTES = 512
Kind = Literal["reading", "header", "comment", "empty", "junk"]
Unit = Literal["auto", "V", "mV"]

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_VALUE = re.compile(rf"({_NUMBER})\s*(V|mV|uV|µV|μV|VDC)?", re.ASCII)
_SINGLE = re.compile(rf"(?:DC\s*)?({_NUMBER}\s*(?:V|mV|uV|µV|μV|VDC))(?:\s*DC)?", re.ASCII)
_KEY = re.compile(r"(?<![A-Za-z0-9_.\[\]])([A-Za-z_][A-Za-z0-9_.\[\]]*)\s*[=:]", re.ASCII)
_CHANNEL = re.compile(r"(?:V|C|CH|CELL|U|A|AIN|VOLT|VOLTAGE)[_\[.]?(\d{1,4})\]?", re.ASCII | re.IGNORECASE)
_TEMPERATURE = re.compile(r"(?:T|TEMP)_?(\d{1,4})", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]()/°%-]*")
_CHECKSUM = re.compile(r"\*([0-9A-Fa-f]{2})$")
_SEPARATORS = re.compile(r"[,;\t]")
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_ONLY_CHANNEL = {"v", "volt", "voltage", "vbat"}
_SEQUENCE = {"seq"}
_DEVICE_MS = {"ms", "t_ms"}
_INVALID = {"", "nan", "inf", "-inf", "ol", "o.l", "ovf", "over", "open", "err", "--", "---", "n/a", "null"}
_FACTORS = {"V": 1.0, "VDC": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "μV": 1e-6}


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says. Only a `reading` has channels; None there: the device calls it invalid, or it is out of range."""

    kind: Kind
    text: str = ""
    channels_v: dict[str, float | None] = field(default_factory=dict)
    resolution_v: float | None = None  # the coarsest last digit
    out_of_range: tuple[str, ...] = ()
    sequence: float | None = None
    device_ms: float | None = None
    temperatures_c: dict[str, float] = field(default_factory=dict)
    reason: str = ""  # of junk


class _Junk(Exception):
    """Why a line is refused."""


class Framer:
    """Bytes in, lines out. A line ends with LF, CR LF or CR; one longer than 512 bytes comes out cut, so that the grammar refuses it."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete, ends removed; empty lines are left out."""
        *whole, rest = data.replace(b"\r", b"\n").split(b"\n")
        lines = []
        for part in whole:
            self._grow(part)
            if self._line:
                lines.append(bytes(self._line))
            self._line.clear()
        self._grow(rest)
        return lines

    def _grow(self, part: bytes) -> None:
        self._line += part[: LONGEST_LINE_BYTES + 1 - len(self._line)]


@dataclass(slots=True)
class _Found:
    """What one line holds before the unit of its bare numbers is known. `values`: channel → (number, unit or "", last digit)."""

    named: bool = True  # names stand beside the numbers
    unit: str = ""  # that the line itself gives to bare numbers
    values: dict[str, tuple[float, str, float] | None] = field(default_factory=dict)
    sequence: float | None = None
    device_ms: float | None = None
    temperatures_c: dict[str, float] = field(default_factory=dict)

    def add(self, channel: str, value: tuple[float, str, float] | None) -> None:
        if channel in self.values:
            raise _Junk(f"channel {channel} stands twice in the line")
        self.values[channel] = value

    def note(self, name: str, text: object) -> None:
        """Keep sequence number, device time and temperatures; every other name is ignored."""
        try:
            number = float(str(text))
        except ValueError:
            return
        key = name.lower()
        if not math.isfinite(number):
            return
        if key in _SEQUENCE:
            self.sequence = number
        elif key in _DEVICE_MS:
            self.device_ms = number
        elif match := _TEMPERATURE.fullmatch(name):
            self.temperatures_c[str(int(match[1]))] = number


class Grammar:
    """Reads the lines of one device. It keeps what the device's first lines decide: header, number of columns, unit of bare numbers, checksum.

    `unit`: of numbers without one; "auto" decides once, by the first line (0 to 10: V, 500 to 10000: mV), and refuses later lines that
    contradict. `limit_v`: highest plausible value, 5 V for a cell or a parallel bank, up to 75 V for a pack.
    """

    def __init__(self, *, unit: Unit = "auto", decimal_comma: bool = False, checksum_required: bool = False, limit_v: float = 5.0) -> None:
        self.unit: Unit = unit
        self._decimal_comma, self._checksum_required, self._limit_v = decimal_comma, checksum_required, limit_v
        self._header: list[str] | None = None
        self._columns: int | None = None

    def read(self, raw: bytes) -> Line:
        """What this line says; never raises."""
        try:
            text = raw.decode("utf-8").strip("\ufeff\0 \t\r\n")
        except UnicodeDecodeError:
            return Line("junk", raw.decode("latin-1"), reason="bytes that are no text")
        if len(raw) > LONGEST_LINE_BYTES:
            return Line("junk", text[:80], reason=f"longer than {LONGEST_LINE_BYTES} bytes")
        if not text:
            return Line("empty")
        if text.startswith(("#", "//", ";")):
            return Line("comment", text)
        try:
            return self._read(text)
        except _Junk as junk:
            return Line("junk", text, reason=str(junk))

    def _read(self, text: str) -> Line:
        body = _without_checksum(text, self._checksum_required)
        checked = len(body) < len(text)
        if body.startswith(("{", "[")):
            found = _json(body)
        else:
            if self._decimal_comma:
                body = body.replace(",", ".")
            if keys := list(_KEY.finditer(body)):
                found = _key_values(body, keys)
            elif numbers := self._numbers(body):
                if isinstance(numbers, Line):
                    return numbers
                found = numbers
            else:
                found = _single(body)
        if not found.values:
            raise _Junk("no voltage channel")
        volts, resolution_v, too_far = self._volts(found)
        if not found.named:
            self._columns = self._columns or len(found.values)
        self._checksum_required = self._checksum_required or checked  # who sends it once sends it always: without it a line was cut
        return Line("reading", text, volts, resolution_v, too_far, found.sequence, found.device_ms, found.temperatures_c)

    # --- numbers alone ---

    def _numbers(self, body: str) -> _Found | Line | None:
        """Channels by column, a header line, or None when the line is of another form."""
        fields = [part.strip() for part in _SEPARATORS.split(body)] if _SEPARATORS.search(body) else body.split()
        if all(_WORD.fullmatch(part) and part.lower() not in _INVALID for part in fields):
            return self._take_header(fields, body)
        names = self._header or [f"ch{index}" for index in range(1, len(fields) + 1)]
        if any(_parse(part) is _NO_VALUE for part, name in zip(fields, names, strict=False) if _channel(name)):
            return None
        if len(fields) != len(self._header or fields):
            raise _Junk(f"{len(fields)} columns where the header names {len(self._header or ())}")
        found = _Found(named=self._header is not None)
        for name, part in zip(names, fields, strict=True):
            if channel := _channel(name):
                if self._header is None and self.unit != "mV" and _is_whole(part):
                    raise _Junk("volts without a decimal point: a decimal comma must be switched on by the user")
                found.add(channel, _parse_value(part))
            else:
                found.note(name, part)
        if not found.named and self._columns not in (None, len(fields)):
            raise _Junk(f"{len(fields)} columns where the first line had {self._columns}")
        return found

    def _take_header(self, fields: list[str], body: str) -> Line | None:
        if self._header == fields:
            return Line("header", body)
        channels = [channel for name in fields if (channel := _channel(name))]
        if self._header or self._columns or not channels or len(set(channels)) < len(channels):
            return None
        self._header = fields
        return Line("header", body)

    # --- volts ---

    def _volts(self, found: _Found) -> tuple[dict[str, float | None], float | None, tuple[str, ...]]:
        numbers = [value[0] for value in found.values.values() if value and not value[1]]
        own = found.unit or self._unit_of(numbers, strict=not found.named)
        volts: dict[str, float | None] = {}
        too_far: list[str] = []
        digits: list[float] = []
        for channel, value in found.values.items():
            volts[channel] = None
            if value is None:
                continue
            factor = _FACTORS[value[1] or own]
            voltage_v = round(value[0] * factor, 9)
            if 0 <= voltage_v <= self._limit_v:
                volts[channel] = voltage_v
                digits.append(value[2] * factor)
            else:
                too_far.append(channel)
        return volts, max(digits, default=None), tuple(too_far)

    def _unit_of(self, numbers: list[float], *, strict: bool) -> str:
        """The unit of bare numbers, decided once. `strict`: without names beside them, every number must lie in the unit's window."""
        volts = millivolts = neither = False
        for number in numbers:
            if 0 < number <= 10:
                volts = True
            elif 500 <= number <= 10000:
                millivolts = True
            elif number:
                neither = True
        if (volts and millivolts) or (volts and self.unit == "mV") or (millivolts and self.unit == "V"):
            raise _Junk("bare numbers disagree about their unit (V or mV): give it in the address")
        if self.unit == "auto":
            if neither and (strict or not (volts or millivolts)):
                raise _Junk("the unit of bare numbers cannot be told (V or mV): give it in the address")
            if not (volts or millivolts):
                return "V"  # zeros alone are zero in any unit and decide nothing
            self.unit = "V" if volts else "mV"
        return self.unit


# --- forms ----------------------------------------------------------------------------------------------------


def _without_checksum(text: str, required: bool) -> str:
    """The text before `*HH`, where HH is the XOR of all its bytes without a leading `$`."""
    match = _CHECKSUM.match(text, len(text) - 3) if text[-3:-2] == "*" else None
    if not match:
        if required:
            raise _Junk("no checksum")
        return text
    body = text[: match.start()].removeprefix("$")
    if reduce(xor, body.encode(), 0) != int(match[1], 16):
        raise _Junk("checksum")
    return body.strip()


def _key_values(body: str, keys: list[re.Match[str]]) -> _Found:
    if body[: keys[0].start()].strip(" ,;\t"):
        raise _Junk("a value before the first name: the start of the line is lost")
    found, single = _Found(), ""
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        name, value = key[1], body[key.end() : following.start() if following else None].strip(" ,;\t")
        if _SEPARATORS.search(value):
            raise _Junk(f"more than one value after {name}: a decimal comma must be switched on by the user")
        if channel := _channel(name):
            found.add(channel, _parse_value(value))
        elif name.lower() in _ONLY_CHANNEL:
            if single:
                raise _Junk("two voltages without a number")
            single = value or "nan"
        else:
            found.note(name, value)
    if single and not found.values:
        found.add("1", _parse_value(single))
    return found


def _single(body: str) -> _Found:
    match = _SINGLE.fullmatch(body)
    if not match:
        raise _Junk("not DC" if re.search(r"\bAC\b", body) else "no voltage in it")
    found = _Found()
    found.add("1", _parse_value(match[1]))
    return found


def _json(body: str) -> _Found:
    try:
        document = json.loads(body, object_pairs_hook=_pairs, parse_int=_Literal, parse_float=_Literal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Junk("JSON that cannot be read") from None
    found, single = _Found(), []
    for name, value in document.items() if isinstance(document, dict) else [("cells", document)]:
        key = name.lower()
        if key == "unit":
            if not isinstance(value, str) or value not in _FACTORS:
                raise _Junk(f"unit {value!r} is no unit of voltage")
            found.unit = value
        elif key in ("cells", "v", "voltages") and isinstance(value, (list, dict)):
            items = value.items() if isinstance(value, dict) else [(str(index), item) for index, item in enumerate(value, 1)]
            for part, item in items:
                channel = _channel(part) or (str(int(part)) if re.fullmatch(r"\d{1,4}", part, re.ASCII) else "")
                if not channel:
                    raise _Junk(f"'{part}' names no channel")
                found.add(channel, _parse_json(item))
        elif channel := _channel(name):
            found.add(channel, _parse_json(value))
        elif key in _ONLY_CHANNEL:
            single.append(value)
        elif key == "temps" and isinstance(value, list):
            for index, item in enumerate(value, 1):
                found.note(f"t{index}", item)
        elif isinstance(value, str):
            found.note(name, value)
    if len(single) > 1:
        raise _Junk("two voltages without a number")
    if single and not found.values:
        found.add("1", _parse_json(single[0]))
    return found


class _Literal(str):
    """A JSON number as it was written, so that its digits can be counted."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Junk("a name stands twice in the line")
    return dict(pairs)


def _no_constant(word: str) -> None:
    raise ValueError(word)


# --- names and values -----------------------------------------------------------------------------------------

_NO_VALUE = (math.nan, "", 0.0)


@lru_cache(maxsize=256)  # a device says the same names in every line
def _channel(name: str) -> str:
    """The channel's number as text, leading zeros removed; "" for a name that is no voltage channel."""
    match = _CHANNEL.fullmatch(name)
    return str(int(match[1])) if match else ""


@lru_cache(maxsize=1024)  # volts in steps of a tenth of a millivolt come again
def _parse(text: str) -> tuple[float, str, float] | None:
    """Number, unit and last digit; None for an invalid marker; _NO_VALUE for anything else."""
    match = _VALUE.fullmatch(text)
    if match:
        mantissa, _, exponent = match[1].lower().partition("e")
        decimals = len(mantissa.partition(".")[2])
        power = max(-300, min(300, int(exponent or 0)))
        return float(match[1]), match[2] or "", 10.0 ** (power - decimals)
    return None if text.lower() in _INVALID else _NO_VALUE


def _parse_value(text: str) -> tuple[float, str, float] | None:
    value = _parse(text)
    if value is _NO_VALUE:
        raise _Junk(f"'{text[:20]}' is no voltage")
    return value


def _parse_json(item: object) -> tuple[float, str, float] | None:
    if item is None:
        return None
    if not isinstance(item, str):
        raise _Junk("true, false or a nested value where a voltage belongs")
    return _parse_value(str(item).strip())


def _is_whole(text: str) -> bool:
    """A number without point, exponent or unit, other than zero and too small for millivolts: no meter shows a cell in whole volts."""
    return bool(_WHOLE.fullmatch(text)) and 0 < abs(float(text)) < 500
