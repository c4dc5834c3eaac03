"""Emulator of SCPI bench meters as Siglent, Keysight, Rigol, Fluke and Keithley make them (SCPI meter sheet).

What the sheet leaves open: a range number that is none of its own is refused by the Siglent and taken as the next larger range by the others; a
command that needs remote control is refused by the 34401A with its error 550; a trigger other than immediate waits for *TRG.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.emulated_meter import EmulatedMeter, Probes
from drivers.simulated.faults import FaultError
from drivers.simulated.instrument import LineInstrument
from drivers.simulated.scpi_headers import Headers
from drivers.simulated.world import World

OVERLOAD = 9.9e37
OVER_RANGE = 1.2
PROMPT = b">>"
DEVICE_CLEAR = "\x03"
UNDEFINED, OUT_OF_RANGE, WRONG_TYPE = '-113,"Undefined header"', '-222,"Data out of range"', '-104,"Data type error"'
NOTHING_TAKEN = '-230,"Data corrupt or stale"'
LOCAL = '550,"Command not allowed in local"'
NO_ERROR = '+0,"No error"'
MOST_SAMPLES = 1000
DECADES_V, SIXES_V, TWOS_V = (0.1, 1.0, 10.0, 100.0, 1000.0), (0.6, 6.0, 60.0, 600.0, 1000.0), (0.2, 2.0, 20.0, 200.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Model:
    identity: str
    ranges_v: tuple[float, ...] = DECADES_V
    end: bytes = b"\n"
    own_ranges_only: bool = False
    needs_remote: bool = False  # answers no measurement before SYST:REM


MODELS = {
    "SDM3045X": Model("Siglent Technologies,SDM3045X,SDM34FBX5R1363,5.01.01.06R1", SIXES_V, own_ranges_only=True),
    "34401A": Model("HEWLETT-PACKARD,34401A,0,11-5-2", end=b"\r\n", needs_remote=True),
    "34461A": Model("Keysight Technologies,34461A,MY53201234,A.02.17-02.40-02.17-00.52-04-01"),
    "DM3058E": Model("Rigol Technologies,DM3058E,DM3R123456789,01.01.00.02.02.00", TWOS_V),
    "8846A": Model("FLUKE,8846A,1234567,08/02/10-11:53", end=b"\r\n"),
    "DMM6500": Model("KEITHLEY INSTRUMENTS,MODEL DMM6500,04412345,1.7.7b"),
}
FUNCTIONS = {
    "VOLTage:AC": "VOLT:AC",
    "CURRent[:DC]": "CURR",
    "CURRent:AC": "CURR:AC",
    "RESistance": "RES",
    "FRESistance": "FRES",
    "FREQuency": "FREQ",
    "PERiod": "PER",
    "CONTinuity": "CONT",
    "DIODe": "DIOD",
    "CAPacitance": "CAP",
    "TEMPerature": "TEMP",
}


def make(world: World, model: str, **options: str) -> ScpiDmmEmulator:
    return ScpiDmmEmulator(world, Probes.on(world, options, several=False), model=model or "SDM3045X", prompts="prompt" in options)


class ScpiDmmEmulator(LineInstrument, EmulatedMeter):
    """`prompts`: each answer is followed by ">>", as on the telnet port of a Siglent."""

    def __init__(self, world: World, probes: Probes | None = None, *, model: str = "SDM3045X", prompts: bool = False) -> None:
        super().__init__(world, probes)
        if model not in MODELS:
            raise FaultError(f"there is no SCPI meter {model!r}; there are: {', '.join(MODELS)}.")
        self._model, self._prompts = MODELS[model], prompts
        self._errors: deque[str] = deque(maxlen=20)
        self._remote = False
        self._reset()
        sense = "[SENSe:]VOLTage[:DC]"
        self._headers: Headers[Callable[[str], str | None]] = Headers(
            {
                "*IDN?": lambda _: self._model.identity,
                "*CLS": lambda _: self._errors.clear(),
                "*RST": lambda _: self._reset(),
                "*OPC?": lambda _: "1",
                "*TST?": lambda _: "+0",
                "*ESR?": lambda _: "+0",
                "*STB?": lambda _: "+0",
                "*OPC": lambda _: None,
                "*WAI": lambda _: None,
                "*TRG": lambda _: None,
                "SYSTem:REMote": lambda _: self._control(True),
                "SYSTem:RWLock": lambda _: self._control(True),
                "SYSTem:LOCal": lambda _: self._control(False),
                "SYSTem:ERRor[:NEXT]?": lambda _: self._errors.popleft() if self._errors else NO_ERROR,
                "SYSTem:VERSion?": lambda _: "1994.0",
                "CONFigure?": lambda _: f'"{self.function} {self._full_scale():+.6E},+3.000000E-06"',
                "CONFigure[:VOLTage][:DC]": self._configure,
                "MEASure[:VOLTage][:DC]?": self._measure,
                "READ?": lambda _: self._read(),
                "INITiate[:IMMediate]": lambda _: self._initiate(),
                "FETCh?": lambda _: self._fetch(),
                "SAMPle:COUNt": self._set_samples,
                "SAMPle:COUNt?": lambda _: f"{self._samples:+d}",
                "TRIGger:SOURce": self._set_trigger,
                "TRIGger:SOURce?": lambda _: self._trigger,
                "TRIGger:COUNt": lambda _: None,
                "TRIGger:DELay": lambda _: None,
                "DISPlay[:STATe]": lambda _: None,
                "[SENSe:]FUNCtion[:ON]?": lambda _: f'"{self.function}"',
                "[SENSe:]FUNCtion[:ON]": self._set_function,
                f"{sense}:RANGe?": lambda _: f"{self._full_scale():+.8E}",
                f"{sense}:RANGe": self._configure_range,
                f"{sense}:RANGe:AUTO?": lambda _: str(int(self._range_v is None)),
                f"{sense}:RANGe:AUTO": self._set_auto,
                f"{sense}:NPLCycles?": lambda _: f"{self._nplc:+.8E}",
                f"{sense}:NPLCycles": self._set_nplc,
                **{f"CONFigure:{header}": self._turning(name) for header, name in FUNCTIONS.items()},
            }
        )

    @property
    def function(self) -> str:
        return "VOLT:AC" if self.faults.wrong_function else self._function

    def _reply(self, line: str) -> bytes:
        answers = []
        for command in line.rpartition(DEVICE_CLEAR)[2].split(";"):
            found = self._headers.find(command)
            if found is None:
                self._refuse(UNDEFINED)
            elif (answer := found[0](found[1])) is not None:
                answers.append(answer)
        whole = ";".join(answers).encode() + self._model.end if answers else b""
        return whole + (PROMPT if self._prompts else b"")

    def _reset(self) -> None:
        self._function, self._trigger, self._samples, self._nplc = "VOLT", "IMM", 1, 10.0
        self._range_v: float | None = None  # None: it chooses
        self._taken = ""

    def _refuse(self, error: str) -> None:
        self._errors.append(error)

    def _control(self, remote: bool) -> None:
        self._remote = remote

    # --- measuring ---

    def _read(self) -> str | None:
        if self._model.needs_remote and not self._remote:
            self._refuse(LOCAL)
            return None
        if self._trigger != "IMM":
            return None
        self._taken = ",".join(f"{self._value():+.8E}" for _ in range(self._samples))
        return self._taken

    def _initiate(self) -> None:
        self._read()

    def _fetch(self) -> str | None:
        if not self._taken:
            self._refuse(NOTHING_TAKEN)
        return self._taken or None

    def _measure(self, text: str) -> str | None:
        self._configure(text)
        return self._read()

    def _value(self) -> float:
        volts = self.shown_v()
        if self.function != "VOLT":
            return 0.0004 if self.function.endswith(":AC") or self.function in ("CURR", "FREQ", "PER") else OVERLOAD
        if abs(volts) > OVER_RANGE * (self._range_v or max(self._model.ranges_v)):
            return OVERLOAD if volts > 0 else -OVERLOAD
        return volts

    def _full_scale(self) -> float:
        return self._range_v or min(self._model.ranges_v)

    # --- setting ---

    def _configure(self, text: str) -> None:
        """Also resets trigger and sample count, as CONFigure does."""
        asked = text.split(",")[0].strip().upper()
        if asked in ("", "DEF", "AUTO"):
            self._range_v = None
        elif not self._choose_range(asked):
            return
        self._function, self._trigger, self._samples = "VOLT", "IMM", 1

    def _configure_range(self, text: str) -> None:
        self._choose_range(text.strip().upper())

    def _choose_range(self, asked: str) -> bool:
        ranges_v = self._model.ranges_v
        range_v = {"MIN": ranges_v[0], "MAX": ranges_v[-1]}.get(asked) or self._number(asked)
        if range_v is None:
            return False
        fits = [volts for volts in ranges_v if volts == range_v or (volts > range_v and not self._model.own_ranges_only)]
        if not fits:
            self._refuse(OUT_OF_RANGE)
            return False
        self._range_v = fits[0]
        return True

    def _set_auto(self, text: str) -> None:
        self._range_v = None if text.strip().upper() in ("ON", "1") else self._full_scale()

    def _set_nplc(self, text: str) -> None:
        self._nplc = self._number(text) or self._nplc

    def _set_samples(self, text: str) -> None:
        count = self._number(text)
        if count is not None and 1 <= count <= MOST_SAMPLES:
            self._samples = int(count)
        else:
            self._refuse(OUT_OF_RANGE)

    def _set_trigger(self, text: str) -> None:
        source = text.strip().upper()[:3]
        if source in ("IMM", "BUS", "EXT"):
            self._trigger = source
        else:
            self._refuse(WRONG_TYPE)

    def _set_function(self, text: str) -> None:
        name = text.strip("\"' ").upper().removesuffix(":DC")
        if name in ("VOLT", *FUNCTIONS.values()):
            self._function = name
        else:
            self._refuse(WRONG_TYPE)

    def _turning(self, function: str) -> Callable[[str], None]:
        def turn(_: str) -> None:
            self._function = function

        return turn

    def _number(self, text: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            self._refuse(WRONG_TYPE)
            return None
