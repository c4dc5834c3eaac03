"""How each family is found on an unknown port: what is sent, what its answer looks like. Data and pure functions; nothing here opens a line.

The order cannot upset anybody. First it is listened to, so that nothing is sent to what speaks by itself; then one baud rate after another, the
questions that only read. No binary question holds a line end (0x0D, 0x0A), which would make a text device act on it. What such a question leaves
in a text device's line spoils the next text question, so those are asked twice. One question has the shape of a write: JK's PB series sends its
frames when a 0 is written to a register that keeps nothing. It is asked last at its baud rate, and only where nothing at all has answered, so
that no Modbus device of another kind ever gets it (`quiet`).

A recogniser takes what arrived and gives the family's name, or "" where it is none of its own; each checks the protocol's length and checksum.
It proves nothing: the family's driver must identify the instrument before it counts as found.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from drivers.modbus import check as crc_is_right

Recogniser = Callable[[bytes], str]
LISTEN = b""


@dataclass(frozen=True, slots=True)
class Probe:
    """One try. `families` are those that its answer can tell; `options` belong in the address besides the baud rate. `tries` in a row.

    An answer is awaited for `deadline_s`, wall seconds, at most; listening (`request` empty) ends as soon as something is recognised.
    """

    families: tuple[str, ...]
    baud: int
    request: bytes
    recognise: Recogniser
    deadline_s: float = 0.5
    tries: int = 1
    frame: str = "8N1"
    dtr: bool = False
    rts: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False

    @property
    def settings(self) -> tuple[int, str, bool, bool]:
        """How the port is opened: probes that share it share one opening."""
        return self.baud, self.frame, self.dtr, self.rts

    @property
    def longest_s(self) -> float:
        return self.deadline_s * self.tries

    def answered(self, answer: bytes) -> bytes:
        """The answer without the echo of the question, which some RS485 adapters give back."""
        return answer.removeprefix(self.request) if self.request else answer


# --- recognisers ----------------------------------------------------------------------------------------------


def _words(answer: bytes, unit: int, count: int) -> tuple[int, ...] | None:
    """The registers in a whole Modbus answer of `unit` to a read of `count`."""
    if len(answer) != 5 + 2 * count or answer[:3] != bytes((unit, 3, 2 * count)) or not crc_is_right(answer):
        return None
    return struct.unpack_from(f">{count}H", answer, 3)


def riden(answer: bytes) -> str:
    """Register 0 names a model of the family."""
    words = _words(answer, 1, 4)
    return "riden" if words and 60060 <= words[0] <= 60309 else ""


def hanmatek(answer: bytes) -> str:
    """Registers 3 to 5: rating, two letters of the class, the digits behind the point of V, A and W, each 1 to 4."""
    words = _words(answer, 1, 3)
    if not words or not words[1].to_bytes(2, "big").isalpha() or words[2] > 0xFFF:
        return ""
    return "hanmatek" if all(1 <= words[2] >> shift & 15 <= 4 for shift in (0, 4, 8)) else ""


def dps(answer: bytes) -> str:
    """Register 11 names a model."""
    words = _words(answer, 1, 2)
    return "dps" if words and words[0] in (3005, 5005, 5205, 5015, 5020, 8005) else ""


def wanptek(answer: bytes) -> str:
    """It has no name: a status of 16 bytes, volts and amperes of a class that exists."""
    words = _words(answer, 0, 8)
    return "wanptek" if words and answer[4] & 15 <= 8 and answer[5] & 15 <= 13 else ""


def manson(answer: bytes) -> str:
    return "manson" if re.fullmatch(rb"\d{6}(\d\d)?\rOK\r", answer) else ""


KORADS = ("KORAD", "RND", "TENMA", "VELLEMAN", "STAMOS", "S-LS-", "KWR10")
METERS = re.compile(r"HP?344\d\d|344\d\dA?|884[56]A?|SDM\d|DM(3\d{3}|858)|DMM\d|MODEL (2\d{3}|DMM\d)")

NAME = re.compile(r"[A-Z][A-Z0-9 .&/*-]*")  # of a maker; a row of numbers or an error is no identity
MODEL = re.compile(r"(?=.*[A-Z]|\d{3,})[A-Z0-9][A-Z0-9 ./+-]*")


def identity(answer: bytes) -> str:
    """Whose answer to `*IDN?` it is: a known maker's, else the generic SCPI supply's for any identity of at least three fields."""
    for line in re.split(r"[\r\n]+", answer.decode("latin-1")):
        text = line.strip(" \0\x01\xbc>").upper()
        fields = [part.strip() for part in text.split(",")]
        if text.startswith(KORADS):
            return "korad"
        if len(fields) < 3 or not NAME.fullmatch(fields[0]) or not MODEL.fullmatch(fields[1]):
            continue
        maker, model = fields[:2]
        if maker in ("OWON", "KIPRIM"):
            return "owon-xdm" if model.startswith("XDM") else "owon"
        if METERS.match(model):
            return "scpi-dmm"
        if maker.startswith("RIGOL") and model.startswith("DP"):
            return "rigol"
        return "siglent" if model.startswith("SPD") else "scpi"
    return ""


def _found(answer: bytes, head: bytes, whole: Callable[[bytes], bool]) -> bool:
    """Whether a good frame with this head stands anywhere; after a bad one it is looked for again one byte on."""
    at = answer.find(head)
    while at >= 0:
        if whole(answer[at:]):
            return True
        at = answer.find(head, at + 1)
    return False


def jk_uart(answer: bytes) -> str:
    def whole(data: bytes) -> bool:
        end = int.from_bytes(data[2:4], "big") + 2
        return len(data) >= end > 20 and data[10] == 1 and sum(data[: end - 2]) & 0xFFFF == int.from_bytes(data[end - 2 : end], "big")

    return "jk-uart" if _found(answer, b"NW", whole) else ""


def jk_pb_read(unit: int, answer: bytes) -> str:
    """Sixteen cells in mV, as a Modbus read gives them: the first of them there, those that are not fitted 0 and at the end."""
    words = _words(answer, unit, 16)
    cells = [word for word in words or () if word]
    return "jk-pb" if words and cells and tuple(cells) == words[: len(cells)] and all(500 <= mv <= 4500 for mv in cells) else ""


def jk_pb_frame(unit: int, answer: bytes) -> str:
    """The frame of 300 bytes, and behind it the acknowledgement that tells whose it is."""
    acknowledged = bytes((unit, 0x10, 0x16, 0x20, 0x00, 0x01))

    def whole(data: bytes) -> bool:
        return len(data) >= 300 and sum(data[:299]) & 0xFF == data[299] and acknowledged in data[300:]

    return "jk-pb" if _found(answer, b"\x55\xaa\xeb\x90", whole) else ""


def jbd(answer: bytes) -> str:
    def whole(data: bytes) -> bool:
        end = data[3] + 7 if len(data) > 3 else 0
        return (
            len(data) >= end >= 30 and data[2] == 0 and data[end - 1] == 0x77 and sum(data[2 : end - 3]) + _word(data, end - 3) == 0x10000
        )

    return "jbd" if _found(answer, b"\xdd\x03", whole) else ""


def daly(answer: bytes) -> str:
    def whole(data: bytes) -> bool:
        return len(data) >= 13 and data[1] not in (0x40, 0x80) and data[2:4] == b"\x90\x08" and sum(data[:12]) & 0xFF == data[12]

    return "daly" if _found(answer, b"\xa5", whole) else ""


def daly_modbus(answer: bytes) -> str:
    """The 62 words of a board that speaks Modbus, at its own number."""
    return "daly" if len(answer) == 129 and answer[:3] == b"\xd2\x03\x7c" and crc_is_right(answer) else ""


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def seplos_v2(answer: bytes) -> str:
    """A frame of hexadecimal text whose checksum, the codes of all signs before it included, comes to nothing; return code 00."""
    for frame in re.findall(rb"~([0-9A-F]{16,})\r", answer):
        if frame[4:8] == b"4600" and (sum(frame[:-4]) + int(frame[-4:], 16)) & 0xFFFF == 0:
            return "seplos-v2"
    return ""


def es51922(answer: bytes) -> str:
    """Two packets of 14 bytes; the top bit, which is the parity where the adapter gives eight bits, does not count."""
    masked = bytes(byte & 0x7F for byte in answer)
    return "es51922" if len(re.findall(rb"[0-?][0-9]{5}[0-?]{6}\r\n", masked)) >= 2 else ""


def text_line(answer: bytes) -> str:
    """Two whole lines of text with a number in them, after the first, which may be the rest of one."""
    _, *lines = re.split(rb"[\r\n]+", answer)
    whole = [line for line in lines[:-1] if line and not line.startswith((b"#", b"//", b";"))]
    printable = all(32 <= byte < 127 or byte >= 0xC2 or byte == 9 for line in whole for byte in line)
    numbers = sum(re.search(rb"\d", line) is not None for line in whole)
    return "text-line" if len(whole) >= 2 and printable and numbers >= 2 and not es51922(answer) else ""


# --- the table ------------------------------------------------------------------------------------------------

TEXT = ("owon", "owon-xdm", "korad", "rigol", "siglent", "scpi", "scpi-dmm")
JK_PB_READS = {1: "01 03 12 00 00 10 41 7e", 2: "02 03 12 00 00 10 41 4d", 3: "03 03 12 00 00 10 40 9c"}
JK_PB_TRIGGERS = {
    1: "01 10 16 20 00 01 02 00 00 d6 f1",
    2: "02 10 16 20 00 01 02 00 00 c2 01",
    3: "03 10 16 20 00 01 02 00 00 cf 91",
}
WANPTEK = bytes.fromhex("00 03 00 00 00 08 45 dd")
DPS = bytes.fromhex("01 03 00 0b 00 02 b5 c9")
SEPLOS = b"~20004642E00200FD37\r"


def _numbered(unit: int, usual: int = 1) -> Mapping[str, str]:
    return {} if unit == usual else {"address": str(unit)}


PROBES: tuple[Probe, ...] = (
    # listening
    Probe(("text-line",), 115200, LISTEN, text_line, 3.0),
    Probe(("text-line",), 9600, LISTEN, text_line, 2.5),
    Probe(("es51922",), 19200, LISTEN, es51922, 3.5, frame="7O1", dtr=True),
    # 115200 baud
    Probe(("riden",), 115200, bytes.fromhex("01 03 00 00 00 04 44 09"), riden),
    Probe(TEXT, 115200, b"*IDN?\r\n", identity, tries=2),
    Probe(("jk-uart",), 115200, bytes.fromhex("4e57 0013 00000000 06 03 00 00 00000000 68 0000 0129"), jk_uart),
    *(
        Probe(("jk-pb",), 115200, bytes.fromhex(text), partial(jk_pb_read, unit), options=_numbered(unit))
        for unit, text in JK_PB_READS.items()
    ),
    *(
        Probe(("jk-pb",), 115200, bytes.fromhex(text), partial(jk_pb_frame, unit), options=_numbered(unit), quiet=True)
        for unit, text in JK_PB_TRIGGERS.items()
    ),
    # 9600 baud
    Probe(("hanmatek",), 9600, bytes.fromhex("01 03 00 03 00 03 f5 cb"), hanmatek),
    Probe(("dps",), 9600, DPS, dps, 0.8),
    Probe(("korad",), 9600, b"*IDN?", identity),
    Probe(TEXT, 9600, b"\n", identity),  # ends the question for whoever waits for that
    Probe(TEXT, 9600, b"*IDN?\n", identity, tries=2),
    Probe(("manson",), 9600, b"GMAX\r", manson, tries=2),
    Probe(("wanptek",), 9600, WANPTEK, wanptek),
    Probe(("jbd",), 9600, bytes.fromhex("dd a5 03 00 ff fd 77"), jbd, tries=2),  # the first wakes a board that sleeps
    Probe(("daly",), 9600, bytes.fromhex("a5 40 90 08 0000000000000000 7d"), daly),
    Probe(("daly",), 9600, bytes.fromhex("a5 80 90 08 0000000000000000 bd"), daly),
    Probe(("daly",), 9600, bytes.fromhex("d2 03 00 00 00 3e d7 b9"), daly_modbus),
    Probe(("seplos-v2",), 9600, SEPLOS, seplos_v2),
    # others
    Probe(("dps",), 19200, DPS, dps, 0.8),
    Probe(("wanptek",), 19200, WANPTEK, wanptek),
    Probe(("seplos-v2",), 19200, SEPLOS, seplos_v2),
    Probe(("wanptek",), 4800, WANPTEK, wanptek),
    Probe(("wanptek",), 2400, WANPTEK, wanptek),
    Probe(("scpi-dmm",), 9600, b"*IDN?\n", identity, 1.0, frame="7E2", dtr=True, rts=True, options={"frame": "7E2"}),
    Probe(("scpi-dmm",), 9600, b"*IDN?\n", identity, 1.0, frame="8N2", dtr=True, rts=True, options={"frame": "8N2"}),
)
PROBED = tuple(dict.fromkeys(family for probe in PROBES for family in probe.families))
"""The families that can be found on a port."""
OPENING_S = 0.2


def chosen(families: Iterable[str] = ()) -> tuple[Probe, ...]:
    """The probes that can tell one of these families; without any, all."""
    wanted = set(families)
    return tuple(probe for probe in PROBES if not wanted or wanted & set(probe.families))


def longest_s(probes: Iterable[Probe]) -> float:
    """How long these take on a port where nobody answers, wall seconds."""
    probes = tuple(probes)
    openings = sum(before is None or before.settings != probe.settings for before, probe in zip((None, *probes), probes, strict=False))
    return sum(probe.longest_s for probe in probes) + OPENING_S * openings
