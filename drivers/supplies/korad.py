"""Korad KA and KD (also sold as Tenma, Velleman, RND, Stamos) and KWR, in text over a serial line (Korad sheet).

KA and KD end nothing: the supply parts commands by idle time, and its answer is over when it is silent. Newer ones want a line feed and end
their answers with one. Which it is tells `*IDN?`, asked without it first; which words it knows tells the model.

  KA, KD                    KWR                   answer
  *IDN?                     *IDN?                 text; may end in NUL, 0x01 or 0xBC, may have a serial number behind SN:
  VSET1:03.65  ISET1:5.000  VSET:3.65 ISET:5.000  none
  VSET1?  ISET1?            VSET?  ISET?          set-points, five characters; an old ISET1? has a sixth, left over from *IDN?
  VOUT1?  IOUT1?            VOUT?  IOUT?          measured
  OUT1  OUT0                OUT:1  OUT:0          none
  OCP0                      -                     none; over-current protection that folds in constant current, kept off
  STATUS?                   STATUS?               one byte: bit 0 CV, bit 6 (KWR: bit 1) output on; the others differ between firmwares

A wrong command is ignored: only reading back tells. The status byte has no checksum, so whatever changes in it is asked twice. The keypad is
locked while the supply is talked to. There is no level to set for over-voltage protection, and no watchdog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, NoAnswer, SupplyProfile, SupplyReading
from drivers.supplies.checked import CheckedSupply, Found, SetPoint, stranger
from drivers.supplies.korad_models import BY_ID, KoradModel
from drivers.words import Words, number

GAP_S, SLOW_GAP_S = 0.1, 0.55
SILENCE_S, FIRST_DEADLINE_S, DEADLINE_S = 0.03, 0.5, 1.0
TAIL = "\0\x01\xbc \r\n"  # old firmwares end their identity in one of these
FAMILY = re.compile(r"KORAD|TENMA|VELLEMAN|RND|STAMOS|S-LS-|KWR|K[AD]\d{4}")
KWR = re.compile(r"KWR|72-133")
IDENTITY = re.compile(r"(?P<model>.+?)(?:V(?P<firmware>\d[\d.]*))?(?:SN:(?P<serial>\S*))?")
VALUES = {"V": re.compile(r"\d\d\.\d\d"), "A": re.compile(r"\d\.\d{3}|\d\d\.\d\d\d?")}


SLOW = ("VELLEMANPS3005D", "1.3")
NOTES = (
    "Near its set-point it may show the set-point instead of a measurement: the charge ends by a meter at the cells.",
    "It has no over-voltage level that can be set; its over-current protection is kept off, because it would end the charge at once.",
)
TWO_OUTPUTS = "It has two outputs, which may be coupled at its panel: it is only read. Use it as a supply without interface (manual)."


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> KoradSupply:
    return KoradSupply(line, address=str(address), clock=clock, prove=address.speed is not None)


class KoradSupply(CheckedSupply):
    """One Korad supply on a line."""

    def __init__(self, line: Line, *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self._words = Words(line, address, send_end=b"", reply_end=b"", silence_s=SILENCE_S, deadline_s=DEADLINE_S, encoding="latin-1")
        self._model: KoradModel | None = None
        self._kwr = self._slow = False
        self._status: bool | None = None  # the output as the last status byte told it

    # --- who is there ---

    def _look(self) -> Found:
        """Heard twice alike, because it has no checksum. Two outputs and unknown models can be read, not set."""
        self._words.anchor = None
        self._pace()
        text = self._identity()
        self._words.anchor = ("*IDN?", lambda again: _same(again, text))
        self._words.ask("*IDN?", lambda again: _same(again, text))
        whole = IDENTITY.fullmatch(text)
        assert whole is not None
        found, firmware, serial = whole["model"], whole["firmware"] or "", whole["serial"] or ""
        self._model = model = BY_ID.get(found)
        self._kwr = model.kwr if model else bool(KWR.search(found))
        self._slow, self._status = (found, firmware) == SLOW, None
        settable = model is not None and model.outputs == 1
        profile = SupplyProfile(
            family="korad",
            model=model.name if model else f"unknown Korad {found}",
            serial=serial,
            firmware=firmware,
            max_voltage_v=model.max_voltage_v if model and settable else 0.0,
            max_current_a=model.max_current_a if model and settable else 0.0,
            voltage_step_v=0.01,
            current_step_a=0.001,
            echoes_set_point=True,
            poll_s=1.0,
            max_power_w=model.max_power_w if model else None,
            over_current_folds=True,
            notes=(TWO_OUTPUTS,) if model and model.outputs > 1 else NOTES,
        )
        return Found((found, firmware, serial), profile, known=settable)

    def _identity(self) -> str:
        """Its answer to `*IDN?` without blanks and tail, and with that how its words end. Raises WrongDevice."""
        words = self._words
        for end, tries in ((b"", 1), (b"\n", words.tries)):
            words.send_end, words.reply_end = end, b""
            try:
                text = words.ask("*IDN?", _identified, tries=tries, deadline_s=FIRST_DEADLINE_S)
            except GarbledAnswer as error:
                if FAMILY.search(words.last_answer.decode("latin-1").upper()):
                    raise
                raise stranger(self.address, "Korad", words.last_answer, error) from error
            except NoAnswer:
                if end:
                    raise
                continue
            words.reply_end = b"\n" if words.last_answer.endswith(b"\n") else b""
            return text
        raise AssertionError  # the second round returns or raises

    # --- reading ---

    def _poll(self) -> SupplyReading:
        """Five questions, and the status a second time where it tells another output than before."""
        set_v, set_a = self._value("VSET", "V"), self._value("ISET", "A")
        volts, amps = self._value("VOUT", "V"), self._value("IOUT", "A")
        now, cv = self._state()
        if now is not self._status:
            self._status = now if self._state()[0] is now else None
        on = self._status if self._model is not None else None  # of an unknown model the status byte is not known
        return SupplyReading(self.clock.now_s(), on, set_v, set_a, volts, amps, ("CV" if cv else "CC") if on else None)

    def _value(self, name: str, unit: str) -> float:
        """One number in the form that its kind has: with a character lost it would be another number."""

        def whole(text: str) -> float:
            if not self._kwr and not VALUES[unit].fullmatch(text):
                raise ValueError(f"{text[:20]!r} is no value in {unit}")
            return number(text)

        question = f"{name}?" if self._kwr else f"{name}1?"
        value = self._words.ask(question, whole, most=16 if self._kwr else 5 + len(self._words.reply_end))
        self._pace()
        return value

    def _state(self, *, tries: int | None = None) -> tuple[bool, bool]:
        """Output on, and constant voltage, by one status byte."""
        end = self._words.reply_end

        def byte(raw: bytes) -> int:
            if len(raw) != 1 + len(end) or raw[1:] != end:
                raise ValueError("it is no status" if raw else "nothing came")
            return raw[0]

        status = self._words.ask_bytes("STATUS?", byte, most=1 + len(end), tries=tries)
        self._pace(slowly=True)
        return bool(status & (0x02 if self._kwr else 0x40)), bool(status & 0x01)

    # --- setting ---

    def _put(self, point: SetPoint, value: float) -> None:
        if self._kwr:
            self._tell(f"VSET:{value:.2f}" if point == "voltage" else f"ISET:{value:.3f}")
        else:
            self._tell(f"VSET1:{value:05.2f}" if point == "voltage" else f"ISET1:{value:.3f}")

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        return {point: self._value("VSET", "V") if point == "voltage" else self._value("ISET", "A") for point in points}

    def _prepare(self) -> None:
        """The folding over-current protection off: it would switch the output off as soon as it limits."""
        if not self._kwr:
            self._tell("OCP0")

    def _switch(self, on: bool) -> None:
        self._tell(f"OUT:{int(on)}" if self._kwr else f"OUT{int(on)}")

    def _flag(self) -> tuple[bool | None, str]:
        """Two status bytes in agreement."""
        first, _ = self._state(tries=1)
        second, _ = self._state(tries=1)
        self._status = first if first is second else None
        return self._status, ""

    def _tell(self, command: str) -> None:
        self._words.tell(command)
        self._pace(slowly=True)

    def _pace(self, *, slowly: bool = False) -> None:
        """How long the line waits before the next request: one firmware needs half a second more after a command or a status."""
        if hasattr(self.line, "gap_s"):
            self.line.gap_s = SLOW_GAP_S if slowly and self._slow else GAP_S


def _identified(text: str) -> str:
    cleaned = _clean(text)
    if "," in cleaned or not FAMILY.search(cleaned) or not (cleaned.isascii() and cleaned.isprintable()):
        raise ValueError("it is no identity of a Korad")
    return cleaned


def _clean(text: str) -> str:
    return "".join(text.rstrip(TAIL).split()).upper()


def _same(found: str, known: str) -> None:
    if _clean(found) != known:
        raise ValueError("it is another identity")
