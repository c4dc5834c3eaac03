"""Finding instruments: which family answers on a port, by questions that only read, and the driver's own identification as proof.

    found = probe([port_at("/dev/ttyUSB0")])           # or probe(ports()), a thread for each port
    found[0].address                                    # "riden:/dev/ttyUSB0", ready for a session

`probe_table` says what is asked and in what order. Each port is opened with DTR and RTS low unless a probe needs otherwise, listened to, and
asked at one baud rate after another, until the driver of a family that was recognised has identified its instrument. Where something sends by
itself that no probe knows, nothing is asked. Nothing is ever written to an instrument.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from drivers import catalog, proof
from drivers import trace as traces
from drivers.address import Address, AddressError
from drivers.clock import Clock, WallClock
from drivers.line import SerialLine
from drivers.probe_table import LISTEN, PROBED, Probe, chosen, longest_s
from drivers.roles import InstrumentError, Line, LostLine
from drivers.serial_ports import SerialPort
from drivers.trace import Traced

Sure = Literal["identified", "model unknown", "not identified", "nothing", "not probed"]
"""How sure a find is: the driver identified its instrument; it did, but the model is unknown and can only be read; a probe recognised the family and
the driver did not confirm it; nobody answered; the port was not opened or was left out.
"""
SPEAKS_FROM = 16
"""Bytes that come unasked while it is listened: from here on something speaks there, fewer are noise."""
GAP_S = 0.1
"""Between two questions, for devices that want a pause."""
SILENCE_S = 0.1
"""An answer has ended when nothing came for so long."""
LONGEST_ANSWER = 600
LISTEN_STEP_S = 0.05
OURS_S = 0.5
"""How long a pseudo-terminal is given to prove an emulator of ours."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at one port. `address` opens it; `error` says in words why nothing was found or confirmed ("" where it was), and `hint` what to do.

    `lines` hold the byte traces of all that was tried, for `trace.report`.
    """

    port: SerialPort
    sure: Sure
    family: str = ""
    kind: str = ""  # "supply", "meter", "bms"
    model: str = ""
    serial: str = ""
    firmware: str = ""
    rating: str = ""  # of a supply, "60V/12A"
    address: str = ""
    emulated: bool = False
    error: str = ""
    hint: str = ""
    lines: tuple[Traced, ...] = ()

    @property
    def confirmed(self) -> bool:
        return self.sure in ("identified", "model unknown")


Progress = Callable[[SerialPort, str, float], None]
"""Told which port, what is done there ("is it riden?"), and the part of its time that has passed, 0 to 1. Called from the ports' threads."""
Lines = Callable[[SerialPort, Probe], Line]
"""Gives the line for a probe instead of a serial port (tests, lines in memory)."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What a test puts in the place of ports and time. `lines` also stands behind the drivers that identify."""

    lines: Lines | None = None
    clock: Clock | None = None
    now_s: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def probe(
    places: Iterable[SerialPort],
    *,
    families: Collection[str] = (),
    skip: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    ways: Ways | None = None,
) -> list[Found]:
    """What answers on each port, in the ports' order; the ports are probed at the same time. Never raises for what happens on a port.

    `families`: look for these only; AddressError for one that no probe can find. `skip`: ports (by path) that are not opened, and why, as those
    that a session holds. `stop`: set it to end early; what is under way ends within a few seconds. See `budget_s` for how long it takes.
    """
    wanted = _probes(families)
    told: Progress = progress or (lambda port, words, part: None)
    ended = stop or threading.Event()
    here = list(places)
    if not here:
        return []

    def one(port: SerialPort) -> Found:
        if reason := (skip or {}).get(port.path):
            return Found(port, "not probed", error=reason)
        return _Port(port, wanted, bool(families), told, ended, ways or Ways()).find()

    with ThreadPoolExecutor(len(here), "probe") as pool:
        try:
            return list(pool.map(one, here))
        except BaseException:  # an interrupt: the threads end at their next step
            ended.set()
            raise


def budget_s(families: Collection[str] = ()) -> float:
    """How long one port takes at most while nobody answers there, wall seconds; an identification comes on top. Raises like `probe`."""
    return longest_s(_probes(families))


def _probes(families: Collection[str]) -> tuple[Probe, ...]:
    for name in families:
        family = catalog.find_family(name)
        if name not in PROBED:
            why = "has no serial line" if family.port is None else "cannot be found by questions that are harmless to others"
            raise AddressError(f"{name} {why}; name its address yourself. These can be found: {', '.join(PROBED)}")
    return chosen(families)


class _Port:
    """The probing of one port."""

    def __init__(self, port: SerialPort, probes: Sequence[Probe], named: bool, told: Progress, ended: threading.Event, ways: Ways) -> None:
        self._port, self._named, self._told, self._ended, self._ways = port, named, told, ended, ways
        if not port.has_baud:  # what differs by the baud rate alone is asked once
            probes = list({(probe.request, probe.recognise): probe for probe in reversed(probes)}.values())[::-1]
        self._probes = probes
        self._lines: list[Traced] = []
        self._heard = 0  # bytes that came unasked
        self._answers = 0  # questions that anything was answered to
        self._tried: dict[str, Found] = {}  # by address, where a family was recognised and its driver did not confirm it
        self._passed_s, self._whole_s = 0.0, max(longest_s(probes), 0.1)

    def find(self) -> Found:
        """Until the first that is confirmed, or the end of the table."""
        with traces.kept() as self._lines:
            try:
                found = self._search()
            except LostLine as lost:
                found = self._best(Found(self._port, "not probed", error=_sentence(lost.what), hint=lost.check))
            self._told(self._port, "done", 1.0)
            return replace(found, lines=tuple(self._lines))

    def _search(self) -> Found:
        for _, group in groupby(self._probes, key=lambda probe: self._port.has_baud and probe.settings):
            for probe, family in self._recognised(list(group)):
                found = self._confirmed(probe, family)
                if found.confirmed:
                    return found
                self._tried[found.address] = found
            if self._ended.is_set():
                return self._best(Found(self._port, "not probed", error="Stopped before the end."))
        return self._best(self._nothing())

    def _best(self, otherwise: Found) -> Found:
        return next(iter(self._tried.values()), otherwise)

    def _nothing(self) -> Found:
        if self._heard >= SPEAKS_FROM:
            what = "Something sends by itself here, but nothing that is known; so nothing was asked."
            return Found(self._port, "nothing", error=what, hint="Is its baud rate one of 115200 and 9600 (text), or 19200 (UT61E)?")
        if self._answers:
            what = "Something answers here, but nothing that is known."
            return Found(
                self._port, "nothing", error=what, hint="Name the family yourself if you know it, and look at the baud rate in its menu."
            )
        hint = "Is it switched on, is the cable a data cable, and is the interface on in its menu? TTL and RS485 lines: try the two wires swapped."
        return Found(self._port, "nothing", error="Nobody answers.", hint=hint)

    def _recognised(self, group: list[Probe]) -> Iterable[tuple[Probe, str]]:
        """What these probes, which share one opening, recognise; the line is closed while it is looked at more closely."""
        line: Line | None = None
        try:
            for probe in group:
                self._told(self._port, _doing(probe), min(self._passed_s / self._whole_s, 1.0))
                self._passed_s += probe.longest_s
                if self._ended.is_set() or self._left_out(probe):
                    continue
                line = line or self._open(probe)
                family = self._try(line, probe)
                if family and str(self._address(probe, family)) not in self._tried:
                    line.close()
                    line = None
                    yield probe, family
        finally:
            if line is not None:
                line.close()

    def _left_out(self, probe: Probe) -> bool:
        """Nothing is sent to what speaks by itself, nor a question in the shape of a write to what answers others."""
        if probe.request == LISTEN:
            return False
        return self._heard >= SPEAKS_FROM or (probe.quiet and not self._named and self._answers > 0)

    def _open(self, probe: Probe) -> Line:
        if self._ways.lines is not None:
            return self._ways.lines(self._port, probe)
        return SerialLine(self._port.path, baud=probe.baud, gap_s=GAP_S, dtr=probe.dtr, rts=probe.rts, frame=probe.frame)

    def _try(self, line: Line, probe: Probe) -> str:
        """The family that this probe recognises, "" for none."""
        if probe.request == LISTEN:
            return self._listen(line, probe)
        for _ in range(probe.tries):
            answer = probe.answered(line.ask(probe.request, LONGEST_ANSWER, probe.deadline_s, silence_s=SILENCE_S))
            self._answers += bool(answer)
            if family := probe.recognise(answer):
                return family
            if self._ended.is_set():
                return ""
        return ""

    def _listen(self, line: Line, probe: Probe) -> str:
        came, until_s = b"", self._ways.now_s() + probe.deadline_s
        while self._ways.now_s() < until_s and not self._ended.is_set():
            came += line.read_available()
            self._heard = max(self._heard, len(came))
            if family := probe.recognise(came):
                return family
            self._ways.pause(LISTEN_STEP_S)
        return ""

    # --- what it is ---

    def _confirmed(self, probe: Probe, family: str) -> Found:
        """What the family's driver finds, on a line of its own."""
        address = self._address(probe, family)
        self._told(self._port, f"{family}? asking its name", min(self._passed_s / self._whole_s, 1.0))
        bare = Found(self._port, "not identified", family, catalog.find_family(family).kind, address=str(address))
        try:
            driver = self._driver(bare.kind, address, probe)
        except (InstrumentError, AddressError, ImportError) as problem:
            return replace(bare, error=str(problem))
        try:
            profile = driver.identify()
        except InstrumentError as problem:
            return replace(bare, error=_sentence(problem.what), hint=problem.check)
        except Exception as defect:  # noqa: BLE001 - of one driver: the other ports are searched all the same
            return replace(bare, error=f"The program ran into a defect with it ({type(defect).__name__}: {defect}).")
        finally:
            driver.close()
        return replace(
            bare,
            sure="identified" if getattr(profile, "settable", True) else "model unknown",
            model=profile.model,
            serial=getattr(profile, "serial", ""),
            firmware=getattr(profile, "firmware", ""),
            rating=f"{profile.max_voltage_v:g}V/{profile.max_current_a:g}A" if getattr(profile, "settable", False) else "",
            emulated=profile.emulated or self._is_ours(),
        )

    def _address(self, probe: Probe, family: str) -> Address:
        port = catalog.find_family(family).port
        options = dict(probe.options) if family in probe.families and len(probe.families) == 1 else {}
        if port is not None and probe.baud != port.bauds[0] and self._port.has_baud:
            options["baud"] = str(probe.baud)
        return Address(family, self._port.path, options)

    def _driver(self, kind: str, address: Address, probe: Probe) -> Any:
        opener: Callable[..., Any] = {"supply": catalog.open_supply, "meter": catalog.open_meter, "bms": catalog.open_bms}[kind]
        lines = self._ways.lines
        factory = None if lines is None else (lambda _: lines(self._port, probe))
        return opener(address, clock=self._ways.clock or WallClock(), line_factory=factory)

    def _is_ours(self) -> bool:
        """Whether an emulator of ours proves itself; hardware is never asked, and no hardware is behind a pseudo-terminal."""
        if not self._port.is_pty or self._ways.lines is not None:
            return False
        try:
            line = SerialLine(self._port.path)
        except LostLine:
            return False
        try:
            line.write(proof.REQUEST)
            came, until_s = b"", time.monotonic() + OURS_S
            while proof.ANSWER not in came and time.monotonic() < until_s:
                time.sleep(LISTEN_STEP_S)
                came += line.read_available()
        except LostLine:
            return False
        finally:
            line.close()
        return proof.ANSWER in came


def _doing(probe: Probe) -> str:
    what = "listening for" if probe.request == LISTEN else "asking for"
    return f"{what} {', '.join(probe.families)} at {probe.baud} baud"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
