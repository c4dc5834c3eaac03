"""Which instruments are supported: families, how each is reached and recognised, what it senses, how sure that is.

`open_supply`, `open_meter` and `open_bms` turn an address into a driver. Another family comes in through the entry-point group
`topbalance.drivers`: each entry point names a `Family` under the family's name, and is loaded only when an address asks for it.
A family's module is imported only when one of its instruments is opened; it gives `open_driver(address, line, clock, in_memory)`, and its
tables of models, scales and ratings stand there. `in_memory` tells a driver that waits for messages that on this line nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, cast

from drivers import trace
from drivers.address import Address, AddressError
from drivers.clock import Clock
from drivers.line import SerialLine
from drivers.roles import Bms, Line, Meter, Supply

ENTRY_POINTS = "topbalance.drivers"

Kind = Literal["supply", "meter", "bms"]
LineFactory = Callable[[Address], Line]
"""Gives the line for an address instead of a serial port: a test, or the embedded bench at full speed."""
Opener = Callable[[Address, Clock, LineFactory | None], Any]


@dataclass(frozen=True, slots=True)
class Port:
    """How a family's serial port is opened. `bauds` are those that its devices are found at, the usual one first."""

    bauds: tuple[int, ...] = (115200,)
    gap_s: float = 0.05
    dtr: bool = False
    rts: bool = False
    frame: str = "8N1"


@dataclass(frozen=True, slots=True)
class Family:
    """One family of instruments. `module` holds its driver; a third party's family may give `open` instead, which is then called with the
    address, the clock and the line factory.

    `options` are the names an address may carry besides `baud` and `speed`. `senses` and `lacks` are for the table of what is supported,
    `evidence` says how sure its protocol is, `notes` what an owner should know. None of our families was tried on hardware by us.
    """

    name: str
    kind: Kind
    title: str
    module: str = ""
    options: tuple[str, ...] = ()
    port: Port | None = field(default_factory=Port)  # None: there is no line
    senses: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    usb_ids: tuple[str, ...] = ()  # "vendor:product"; a hint where to look, never an identity
    models: tuple[str, ...] = ()
    evidence: str = ""
    notes: tuple[str, ...] = ()
    open: Opener | None = None

    @property
    def all_options(self) -> tuple[str, ...]:
        return self.options if self.port is None else (*self.options, "baud", "speed")


SEVERAL = "several independent sources agree"
ONE = "from one source"
HARDWARE = SEVERAL + ", seen on hardware by them"
CH340 = "1A86:7523"
FRAMES = tuple(f"{bits}{parity}{stops}" for bits in "87" for parity in "NEO" for stops in "12")
"""What the option `frame` may say: data bits, parity, stop bits."""
POINT = ("point", "cell", "limit")
"""The options that every meter has."""
ISOLATE = ("Its ground is the battery's minus: use an adapter that isolates.",)

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "riden",
            "supply",
            "Riden RD60xx and RK6006 over USB, TTL, WiFi or a serial bridge",
            "drivers.supplies.riden",
            ("address",),
            port=Port((115200, 9600, 19200, 57600, 38400)),
            senses=(
                "set-points",
                "output",
                "terminal voltage",
                "current",
                "CC or CV",
                "protection",
                "battery terminal voltage",
                "temperature",
                "output at power-up",
                "its own Ah and Wh",
            ),
            usb_ids=(CH340,),
            models=("RD6006", "RD6006P", "RK6006", "RD6012", "RD6012P", "RD6018", "RD6024", "RD6030"),
            evidence=HARDWARE,
            notes=(
                "Its WiFi module connects to this computer: riden:listen://0.0.0.0:8080 waits for it. A bridge is riden:socket://HOST:PORT.",
                "The RD6018P, and any other identity without a row in the sheet, can be looked at and never set.",
            ),
        ),
        Family(
            "dps",
            "supply",
            "Ruideng DPS and DPH, communication versions, over TTL",
            "drivers.supplies.dps",
            options=("address",),
            port=Port((9600, 19200, 4800, 2400), 0.1),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV", "protection", "output at power-up"),
            usb_ids=(CH340,),
            models=("DPS3005", "DPS5005", "DPH5005", "DPS5015", "DPS5020", "DPS8005"),
            evidence=SEVERAL,
            notes=(
                "It answers within half a second at best: one poll a second.",
                "Cells feed back into it while its input power is off: use a diode in the lead, or take the leads off first.",
            ),
        ),
        Family(
            "korad",
            "supply",
            "Korad KA/KD and KWR, and what is sold as Tenma, Velleman, RND, Stamos",
            "drivers.supplies.korad",
            port=Port((9600,), 0.1),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV"),
            lacks=("over-voltage protection that can be set", "volts near the set-point (it repeats that)"),
            models=(
                *("KA3003P", "KA3005P", "KA3010P", "KA6002P", "KA6003P", "KA6005P", "KD3005P", "KD6005P", "KWR103"),
                *("72-2535", "72-2540", "72-2545", "72-2550", "72-2705", "72-2710", "72-2930", "72-2940", "PS3005D", "S-LS-31"),
            ),
            evidence=HARDWARE + "; KWR from one source",
            notes=("The KA3305P has two outputs and is only read.", "Some Velleman PS3005D speak another protocol and do not answer."),
        ),
        Family(
            "hanmatek",
            "supply",
            "Hanmatek HM305P, HM310P, HM310T, HM605, and eTommens, Rockseed",
            "drivers.supplies.hanmatek",
            options=("address",),
            port=Port((9600,), 0.01),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV, concluded", "protection", "output at power-up"),
            lacks=("CC or CV of its own", "over-current level (decimals in dispute)"),
            usb_ids=(CH340,),
            models=("HM305P", "HM310P", "HM310T", "HM605", "eTM-xxxxP", "RS305P", "RS310P"),
            evidence=HARDWARE,
            notes=("P models: the over-voltage level can be set from here, but protection is switched on at the panel only.",),
        ),
        Family(
            "wanptek",
            "supply",
            "Wanptek WPS, NPS, KPS and their relatives with the USB option",
            "drivers.supplies.wanptek",
            options=("address",),
            port=Port((9600, 4800, 2400, 19200), 0.05),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV"),
            lacks=("over-voltage protection", "over-current level", "a name of its model"),
            models=("WPS", "NPS", "KPS", "DPS", "APS"),
            evidence="two readers agree, its classes from one of them",
            notes=("Each command carries output and set-points together: leave its panel alone while it charges.",),
        ),
        Family(
            "owon",
            "supply",
            "OWON SPE, SPM, SPS, P4000, Kiprim DC, multicomp",
            "drivers.supplies.owon",
            port=Port((115200, 9600), 0.03),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV", "protection"),
            usb_ids=(CH340,),
            models=("SPE3102", "SPE3103", "SPE6053", "SPE6103", "SPM6103", "P4305", "P4603", "DC310S", "DC605S", "DC610S", "DC620S"),
            evidence=HARDWARE,
            notes=("ODP models have several outputs and other words: they are named, not read and not set.",),
        ),
        Family(
            "rigol",
            "supply",
            "Rigol DP700 and DP800, serial or LAN",
            "drivers.supplies.rigol",
            options=("channel",),
            port=Port((9600,), 0.05),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV", "protection"),
            models=("DP711", "DP712", "DP811", "DP811A", "DP821", "DP821A", "DP831", "DP831A", "DP832", "DP832A"),
            evidence=SEVERAL,
            notes=("over LAN: rigol:socket://HOST:5555", "channel=2 takes another output; channel 3 of a DP831 is negative and refused"),
        ),
        Family(
            "siglent",
            "supply",
            "Siglent SPD3303X and SPD1000X over LAN",
            "drivers.supplies.siglent",
            options=("channel",),
            port=Port((9600,), 0.1),
            senses=("set-points", "output", "terminal voltage", "current", "CC or CV"),
            lacks=("what tripped", "over-voltage protection (SPD3303X)"),
            models=("SPD1168X", "SPD1305X", "SPD3303X", "SPD3303X-E", "SPD3303C"),
            evidence=SEVERAL,
            notes=("over LAN: siglent:socket://HOST:5025", "set only while its channels are independent and no timer runs"),
        ),
        Family(
            "scpi",
            "supply",
            "Other SCPI supplies: Keysight E36xxx, BK Precision 91xx, R&S HMP and HMC",
            "drivers.supplies.scpi",
            options=("channel", "max-voltage", "max-current", "voltage-step", "current-step"),
            port=Port((9600,), 0.05),
            senses=("set-points", "output", "terminal voltage", "current", "protection"),
            lacks=("CC or CV (concluded)", "protection by an over-current threshold"),
            models=(
                *("E36102A", "E36103A", "E36104A", "E36105A", "E36106A", "E36231A", "E36232A", "E36311A", "E36312A", "E36313A"),
                *("BK9115", "BK9130", "BK9130B", "HMP2020", "HMP2030", "HMP4030", "HMP4040", "HMC8041", "HMC8042", "HMC8043"),
            ),
            evidence=SEVERAL,
            notes=(
                "over LAN: scpi:socket://HOST:5025",
                "another model is read, and set when you give its rating: scpi:socket://HOST:5025?max-voltage=30&max-current=5",
            ),
        ),
        Family(
            "manson",
            "supply",
            "Manson HCS, Voltcraft PPS, BK Precision 1685B, 1687B, 1688B",
            "drivers.supplies.manson",
            options=("rated-current",),
            port=Port((9600,), 0.05),
            senses=("set-points", "terminal voltage", "current", "CC or CV"),
            lacks=("whether its output is on (concluded)", "protection that trips", "steps finer than 0.1 V"),
            models=(
                *("HCS-3100", "HCS-3102", "HCS-3104", "HCS-3150", "HCS-3200", "HCS-3202", "HCS-3204", "HCS-3300", "HCS-3302", "HCS-3304"),
                *("HCS-3400", "HCS-3402", "HCS-3404", "HCS-3600", "HCS-3602", "HCS-3604", "PPS11360", "PPS16005", "DPPS3220", "DPPS6010"),
                *("1685B", "1687B", "1688B"),
            ),
            evidence=HARDWARE,
            notes=(
                "3.6 V is the highest target below 3.65 V.",
                "BK 9103, 9104, Manson SSP and whoever else answers GOUT are only read: their commands for on and off may be the other way round.",
                "A model that is not in the tables needs the option rated-current.",
            ),
        ),
        Family(
            "manual",
            "supply",
            "Any supply without interface: the operator sets, reads and types",
            "drivers.supplies.manual",
            ("voltage-step", "current-step"),
            port=None,
            senses=("what the operator types",),
            evidence="needs none",
        ),
        Family(
            "owon-xdm",
            "meter",
            "OWON XDM1041, XDM1241, XDM2041 bench meters",
            "drivers.meters.owon_xdm",
            options=POINT,
            port=Port((115200,), 0.05),
            senses=("volts", "function and range that it is set to"),
            usb_ids=(CH340, "10C4:EA60"),
            models=("XDM1041", "XDM1241", "XDM2041"),
            evidence=HARDWARE,
            notes=(
                "The first reading sets it to DC volts, its 5 V range and the slow rate; its keys stay free.",
                "Whether its REL key is on is not told over the line: look at its display.",
                "Other XDM models are only read: set DC volts and the range at their keys.",
            ),
        ),
        Family(
            "scpi-dmm",
            "meter",
            "SCPI bench meters: Keysight, Siglent, Rigol, Fluke, Keithley, over serial or LAN",
            "drivers.meters.scpi_dmm",
            options=(*POINT, "frame"),
            port=Port((9600, 19200, 115200), 0.05, dtr=True, rts=True),
            senses=("volts", "function that it is set to, where it tells"),
            models=(
                "34401A",
                "34410A",
                "34461A",
                "SDM3045X",
                "SDM3055",
                "SDM3065X",
                "DM3058",
                "DM858",
                "8845A",
                "8846A",
                "2000",
                "DMM6500",
            ),
            evidence=SEVERAL,
            notes=(
                "The 34401A leaves the factory with frame=7E2; others are at 8N1 or 8N2.",
                "A Rigol DM3058 must be set to the command set AGILENT in its menu.",
                "Whether its NULL key is on is not told over the line: look at its display.",
                "An unknown model is only read: set DC volts and a fixed range at its keys.",
            ),
        ),
        Family(
            "es51922",
            "meter",
            "Hand-held meters with the ES51922 chip (UNI-T UT61E with its serial cable)",
            "drivers.meters.es51922",
            options=(*POINT, "frame"),
            port=Port((19200,), 0.0, dtr=True, rts=False, frame="7O1"),
            senses=("volts", "function and range that it is set to", "REL, MAX, MIN, low battery"),
            models=("UT61E", "Victor 86E", "RuoShui 86E"),
            evidence=HARDWARE,
            notes=(
                "An adapter that has no 7O1 needs frame=8N1.",
                "The newer UT61E+ and the HID cable of the old UT61E are no serial ports and are not understood.",
            ),
        ),
        Family(
            "text-line",
            "meter",
            "A meter that sends lines of text (microcontroller boards, loggers)",
            "drivers.meters.text_line",
            (*POINT, "channels", "map", "mode", "unit", "decimal", "checksum"),
            senses=("volts of one or more channels",),
            evidence="grammar of our own, given in the documentation for builders",
        ),
        Family(
            "typed",
            "meter",
            "Any meter without a line: the operator reads it and types",
            "drivers.meters.typed",
            ("point", "cell"),
            port=None,
            senses=("what the operator types",),
            evidence="needs none",
        ),
        Family(
            "jbd",
            "bms",
            "JBD: Xiaoxiang, Overkill Solar and many others",
            "drivers.bms.jbd",
            port=Port((9600,), 0.1),
            senses=("cells", "pack", "current", "charge switch", "protection", "over-voltage limit on newer boards"),
            lacks=("over-voltage limit of older boards (their factory mode is not entered)", "UP16S boards, which speak another protocol"),
            evidence=HARDWARE + "; over-voltage limit from the maker's document alone",
            notes=("Some boards can be set to count in 0.1 A and 0.1 Ah: compare its capacity with yours, nothing is scaled.", *ISOLATE),
        ),
        Family(
            "jk-uart",
            "bms",
            "JK BMS, older UART and RS485 protocol (4E57)",
            "drivers.bms.jk_uart",
            port=Port((115200,), 0.1),
            senses=("cells", "pack", "current", "charge switch", "protection", "over-voltage limit"),
            evidence=HARDWARE,
            notes=("Which protocol its port speaks is a setting in the phone app (UART1 protocol).", *ISOLATE),
        ),
        Family(
            "jk-pb",
            "bms",
            "JK BMS, PB series and others set to RS485 Modbus",
            "drivers.bms.jk_pb",
            options=("address",),
            port=Port((115200,), 0.12),
            senses=("cells", "pack", "current", "charge switch", "protection", "over-voltage limit"),
            lacks=("boards at address 0, which are masters of their bus",),
            evidence=HARDWARE,
            notes=ISOLATE,
        ),
        Family(
            "daly",
            "bms",
            "Daly, A5 frames over UART or RS485, or Modbus at D2",
            "drivers.bms.daly",
            options=("address", "invert"),
            port=Port((9600,), 0.15),
            senses=("cells", "pack", "current", "charge switch", "protection", "over-voltage limit on some boards"),
            lacks=("boards that answer Modbus at 51",),
            evidence=HARDWARE + "; over-voltage limit from one source",
            notes=("Some boards tell their charge switch as on when it is off: confirm a cut by the current.", *ISOLATE),
        ),
        Family(
            "seplos-v2",
            "bms",
            "Seplos V2, ASCII frames",
            "drivers.bms.seplos_v2",
            options=("address",),
            port=Port((9600, 19200), 0.1),
            senses=("cells", "pack", "current", "charge switch", "protection"),
            lacks=("over-voltage limit", "Pace boards"),
            evidence=SEVERAL + "; alarms and charge switch from one source",
            notes=ISOLATE,
        ),
        Family(
            "ble",
            "bms",
            "Many BMSs over Bluetooth LE (needs the extra topbalance[ble] and Python 3.12)",
            "drivers.bms.ble",
            options=("kind", "secret"),
            port=None,
            senses=("cells", "pack", "current", "charge switch", "protection of JBD, newer JK and Daly"),
            lacks=("over-voltage limit", "cells of a pack of which one reads 0 V"),
            evidence="through the library aiobmsble, whose authors ask not to rely on it for safety",
        ),
    )
}


def find_family(name: str) -> Family:
    """The family of that name, built in or from a third party. AddressError when nobody knows it."""
    if name in FAMILIES:
        return FAMILIES[name]
    for entry_point in entry_points(group=ENTRY_POINTS, name=name):
        family = entry_point.load()
        if isinstance(family, Family) and family.name == name:
            return family
        raise AddressError(f"the plug-in for '{name}' ({entry_point.value}) gives no family of that name; tell its author")
    raise AddressError(f"no instrument family is called '{name}'; there are: {', '.join(family_names())}")


def family_names() -> tuple[str, ...]:
    """Every family's name, ours first, then those of third parties; nothing of theirs is loaded."""
    others = {entry_point.name for entry_point in entry_points(group=ENTRY_POINTS)}
    return (*FAMILIES, *sorted(others - set(FAMILIES)))


def all_families() -> Mapping[str, Family]:
    """Every family, ours first, then those of third parties, which are loaded. A plug-in that does not load is left out here: `find_family`
    tells why. A third party cannot take the name of one of ours.
    """
    found = dict(FAMILIES)
    for name in family_names()[len(FAMILIES) :]:
        with suppress(Exception):  # whatever a stranger's module does when it is loaded must not end a list
            found[name] = find_family(name)
    return found


def kind_of(address: Address | str) -> Kind:
    """Whether an address names a supply, a meter or a BMS. Raises AddressError."""
    return find_family(Address.parse(address).family).kind


def _line(family: Family, address: Address, line_factory: LineFactory | None) -> Line | None:
    port = family.port
    if port is None:
        return None
    if line_factory is not None:
        return line_factory(address)
    if not address.url:
        raise AddressError(f"'{address}' names no line: give one, as in {address.family}:/dev/ttyUSB0")
    baud = address.integer("baud", port.bauds[0], low=300, high=4_000_000)
    frame = address.choice("frame", port.frame, FRAMES)
    return SerialLine(address.url, baud=baud, gap_s=port.gap_s, dtr=port.dtr, rts=port.rts, frame=frame)


def _open(address: Address | str, kind: Kind, clock: Clock, line_factory: LineFactory | None) -> Any:
    parsed = Address.parse(address)
    family = find_family(parsed.family)
    if family.kind != kind:
        raise AddressError(f"'{parsed}' is a {family.kind}, and a {kind} is asked for here")
    if family.open is not None:
        parsed.refuse_unknown(family.options)
        return family.open(parsed, clock, line_factory)
    parsed.refuse_unknown(family.all_options)
    _ = parsed.speed  # wrong options come before an open port
    module = import_module(family.module)
    if check := getattr(module, "check_address", None):
        check(parsed)
    line = _line(family, parsed, line_factory)
    driver = module.open_driver(parsed, line, clock, line_factory is not None)
    if line is not None:
        trace.remember(driver, line)
    return driver


def open_supply(address: Address | str, *, clock: Clock, line_factory: LineFactory | None = None) -> Supply:
    """The driver of a supply. Nothing is written to the instrument; call `identify` next.

    Raises AddressError (the address cannot be understood) or LostLine (the port does not open).
    """
    return cast(Supply, _open(address, "supply", clock, line_factory))


def open_meter(address: Address | str, *, clock: Clock, line_factory: LineFactory | None = None) -> Meter:
    """The driver of a meter; raises like `open_supply`."""
    return cast(Meter, _open(address, "meter", clock, line_factory))


def open_bms(address: Address | str, *, clock: Clock, line_factory: LineFactory | None = None) -> Bms:
    """The driver of a BMS, which only ever reads; raises like `open_supply`."""
    return cast(Bms, _open(address, "bms", clock, line_factory))
