"""Which instruments are supported: families, models with scale and rating, how each is recognised, what it senses, how sure that is.

`open_supply` and `open_meter` turn an address into a driver. Another family comes in through the entry-point group `topbalance.drivers`:
each entry point names a `Family` under the family's name, and is loaded only when an address asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Literal

from drivers.address import Address, AddressError
from drivers.clock import Clock, WallClock
from drivers.line import SerialLine
from drivers.roles import Line, Meter, Supply

ENTRY_POINTS = "topbalance.drivers"

LineFactory = Callable[[Address], Line]
"""Gives the line for an address instead of a serial port: a test, or the embedded bench at full speed."""


@dataclass(frozen=True, slots=True)
class RidenModel:
    """One model of the Riden family, recognised by the exact value of register 0 and by nothing else.

    `ranges` holds (counts per ampere, largest current in A): one entry, or two where register 20 selects the range.
    `battery_scale_known`: whether sources agree on the scale of the battery terminal's register.
    """

    name: str
    ids: tuple[int, ...]
    counts_per_volt: int
    ranges: tuple[tuple[int, float], ...]
    max_voltage_v: float = 60.0
    battery_scale_known: bool = True
    evidence: str = ""


_SEVERAL = "several independent implementations agree"
_HARDWARE = _SEVERAL + ", seen on hardware"

RIDEN_MODELS = (  # from the Riden register sheet; a wrong row here is a tenfold over-voltage, so a doubtful ID stays out
    RidenModel("RD6006", (60061, 60062), 100, ((1000, 6.0),), evidence=_SEVERAL),
    RidenModel("RD6006P", (60065,), 1000, ((10000, 6.0),), battery_scale_known=False, evidence=_HARDWARE),
    RidenModel("RK6006", (60066,), 100, ((1000, 6.0),), evidence=_HARDWARE),
    RidenModel("RD6012", (60121,), 100, ((100, 12.0),), evidence=_HARDWARE),
    RidenModel("RD6012P", (60125,), 1000, ((10000, 6.0), (1000, 12.0)), battery_scale_known=False, evidence=_HARDWARE),
    RidenModel("RD6018", (60181,), 100, ((100, 18.0),), evidence=_HARDWARE),  # 60182-60189 may be an RD6018P: left out
    RidenModel("RD6024", (60241,), 100, ((100, 24.0),), evidence=_HARDWARE),
    RidenModel("RD6030", (60301,), 100, ((100, 30.0),), evidence=_HARDWARE),
)
RIDEN_BY_ID: Mapping[int, RidenModel] = {model_id: model for model in RIDEN_MODELS for model_id in model.ids}
RIDEN_IDS = range(60060, 60310)  # where the family's identities lie; one without a row above can be looked at, never set


@dataclass(frozen=True, slots=True)
class Family:
    """One family of instruments. `open` makes the driver; `options` are the names an address may carry."""

    name: str
    kind: Literal["supply", "meter"]
    title: str
    options: tuple[str, ...]
    open: Callable[[Address, Clock, LineFactory | None], Supply | Meter]
    senses: tuple[str, ...] = ()
    usb_ids: tuple[str, ...] = ()  # "vendor:product"; a hint where to look, never an identity
    models: tuple[str, ...] = ()
    evidence: str = ""


def _serial(address: Address, line_factory: LineFactory | None, *, baud: int = 115200) -> Line:
    if line_factory is not None:
        return line_factory(address)
    if not address.url:
        raise AddressError(f"'{address}' names no line: give one, as in {address.family}:/dev/ttyUSB0")
    return SerialLine(address.url, baud=address.integer("baud", baud, low=300, high=4_000_000))


def _open_riden(address: Address, clock: Clock, line_factory: LineFactory | None) -> Supply:
    from drivers.supplies.riden import RidenSupply

    unit, prove = address.integer("address", 1, low=1, high=247), address.speed is not None  # wrong options come before an open port
    return RidenSupply(_serial(address, line_factory), address=str(address), clock=clock, unit=unit, prove=prove)


def _open_manual(address: Address, clock: Clock, line_factory: LineFactory | None) -> Supply:
    from drivers.supplies.manual import ManualSupply, parse_rating

    max_voltage_v, max_current_a = parse_rating(address)
    voltage_step_v = address.number("voltage-step", 0.01, low=0.0, above=True)
    current_step_a = address.number("current-step", 0.01, low=0.0, above=True)
    return ManualSupply(str(address), clock, max_voltage_v, max_current_a, voltage_step_v, current_step_a)


def _open_text_line(address: Address, clock: Clock, line_factory: LineFactory | None) -> Meter:
    from drivers.meters.text_line import TextLineMeter

    line = _serial(address, line_factory)
    in_memory = line_factory is not None
    return TextLineMeter(line, address=address, clock=clock, line_clock=clock if in_memory else WallClock(), in_memory=in_memory)


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "riden",
            "supply",
            "Riden RD60xx and RK6006 over USB, TTL or a serial bridge",
            ("address", "baud", "speed"),
            _open_riden,
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
            ),
            usb_ids=("1A86:7523",),
            models=tuple(model.name for model in RIDEN_MODELS),
            evidence=_HARDWARE,
        ),
        Family(
            "manual",
            "supply",
            "Any supply without interface: the operator sets, reads and types",
            ("voltage-step", "current-step"),
            _open_manual,
            senses=("what the operator types",),
            evidence="needs none",
        ),
        Family(
            "text-line",
            "meter",
            "A meter that sends lines of text (microcontroller boards, loggers)",
            ("baud", "point", "channels", "unit", "decimal", "checksum", "limit", "speed"),
            _open_text_line,
            senses=("volts of one or more channels",),
            evidence="grammar of our own, given in the documentation for builders",
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
    raise AddressError(f"no instrument family is called '{name}'; there are: {', '.join(FAMILIES)}")


def _open(address: Address | str, kind: str, clock: Clock, line_factory: LineFactory | None) -> Supply | Meter:
    parsed = Address.parse(address)
    family = find_family(parsed.family)
    if family.kind != kind:
        raise AddressError(f"'{parsed}' is a {family.kind}, and a {kind} is asked for here")
    parsed.refuse_unknown(family.options)
    return family.open(parsed, clock, line_factory)


def open_supply(address: Address | str, *, clock: Clock, line_factory: LineFactory | None = None) -> Supply:
    """The driver of a supply. Nothing is written to the instrument; call `identify` next.

    Raises AddressError (the address cannot be understood) or LostLine (the port does not open).
    """
    return _open(address, "supply", clock, line_factory)  # type: ignore[return-value]  # the kind was checked


def open_meter(address: Address | str, *, clock: Clock, line_factory: LineFactory | None = None) -> Meter:
    """The driver of a meter; raises like `open_supply`. With a `line_factory` its staleness runs on `clock`, else on wall time."""
    return _open(address, "meter", clock, line_factory)  # type: ignore[return-value]  # the kind was checked
