"""Which instruments stand at the ports: found by asking, remembered, given their roles, tested, and the bytes of their lines shown.

Asking and testing run on a thread of their own, never on the bench's: a silent port would hold up the guard. Ports of the running session are
left alone. Nothing is written while asking; the write test is a person's own word, and the driver refuses it unless the output is off.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from drivers import catalog, stable_id
from drivers import trace as traces
from drivers.address import Address, AddressError
from drivers.first_value import first_value
from drivers.probe import Found
from drivers.roles import InstrumentError, LostLine, Refused, SupplyProfile
from drivers.serial_ports import port_at
from tui.bench.finding import find_instruments
from tui.bench.messages import InstrumentList, InstrumentRow, Outcome, TraceLine
from tui.bench.port_locks import PortLocks
from tui.domain.plan import Plan
from tui.records.known_instruments import KnownInstrument, KnownInstruments, mark_of
from tui.records.places import open_private
from tui.records.store import StoreError

if TYPE_CHECKING:
    from tui.bench.bench import Bench

log = logging.getLogger(__name__)
Trace = Sequence[traces.Exchange]
SHOWN_LINES = 60


class Survey:
    """One bench's. `rows` and `searching` are replaced whole, so any thread may read them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._known = KnownInstruments(bench.home)
        self._rows: dict[str, InstrumentRow] = {}  # by port
        self._traces: dict[str, Trace] = {}  # by port
        self._remembered: list[KnownInstrument] | None = None
        self._worker: threading.Thread | None = None
        self._doing = ""

    # --- what is known ------------------------------------------------------------------------------------------

    def found(self) -> InstrumentList:
        """Every port, then what is known and not plugged in."""
        used, adapters = self._used(), self._bench.instruments.plugged_in()
        ports = {adapter.device: " ".join(part for part in (adapter.kind, adapter.serial) if part) for adapter in adapters}
        for port in (*self._bench.instruments.lines(), *self._rows, *used):
            ports.setdefault(port, "")
        known = self._all_known()
        rows: list[InstrumentRow] = []
        shown: set[str] = set()
        for port, usb in ports.items():
            row = replace(self._rows.get(port, InstrumentRow(port)), usb=usb)
            if port in used:
                row = replace(row, address=used[port], family=used[port].partition(":")[0], state="in use")
            if not row.mark and (one := self._expected(port, known)):
                text = "It answered here before; f asks again." if row.state != "in use" else ""
                row = replace(row, mark=one.id, kind=one.kind, family=one.family, model=one.model, serial=one.serial, text=text)
                row = replace(row, address=row.address or str(_at(one.address, port)))
            one_known = next((one for one in known if one.id == row.mark), None)
            rows.append(replace(row, role=one_known.role if one_known else ""))
            shown.add(row.mark)
        words = "Put its cable in again."
        rows += [
            InstrumentRow("", "", one.id, one.kind, one.family, one.model, one.serial, one.address, one.role, "away", words)
            for one in known
            if one.role and one.id not in shown
        ]
        return InstrumentList(tuple(rows), self._doing)

    def _all_known(self) -> list[KnownInstrument]:
        if self._remembered is None:
            try:
                self._remembered = self._known.list()
            except StoreError as problem:
                log.warning("the known instruments cannot be read: %s", problem)
                return []
        return self._remembered

    def _expected(self, port: str, known: Sequence[KnownInstrument]) -> KnownInstrument | None:
        """What answered at this adapter, or at this line, when it was asked last."""
        adapter = self._bench.instruments.adapter_of(f"any:{port}")
        for one in known:
            if one.adapter and adapter:
                alike = all(one.adapter.get(name) == adapter.get(name) for name in ("kind", "serial"))
                if alike and (adapter.get("serial") or one.adapter.get("socket") == adapter.get("socket")):
                    return one
            elif not one.adapter and Address.parse(one.address).url == port:
                return one
        return None

    def _used(self) -> dict[str, str]:
        """Ports of the running session, and by which address."""
        bench = self._bench
        if bench.session is None:
            return {}
        addresses = [str(port.driver.address) for port in (bench.supply, bench.meter, bench.bms) if port is not None]
        return {url: address for address in addresses if (url := Address.parse(address).url) and not address.startswith("manual")}

    # --- asking -------------------------------------------------------------------------------------------------

    def find(self, ports: Sequence[str]) -> Outcome:
        """Ask on these ports, or on all that are free."""
        used = self._used()
        try:
            asked = [_line(port) for port in ports]
        except AddressError as problem:
            return Outcome(False, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
        wanted = asked or [row.port for row in self.found().rows if row.port]
        free = [port for port in wanted if port not in used]
        if not free:
            reason = "The running session has them all." if wanted else "No serial port is there. Plug the instrument's cable in."
            return Outcome(False, f"Nothing to ask. {reason}")
        return self._start(lambda: self._ask_all(free), f"Asking at {len(free)} port{'s' if len(free) > 1 else ''} …")

    def _ask_all(self, ports: Sequence[str]) -> None:
        for port in ports:
            self._put(replace(self._row(port), state="asked", text=""))
        with ThreadPoolExecutor(len(ports), "survey") as pool:
            list(pool.map(self._ask, ports))

    def _ask(self, port: str) -> None:
        place = port_at(port, self._bench.instruments.plugged_in)
        told = lambda at, words, part: self._say(f"{at.path}: {words} ({100 * part:.0f} %)")  # noqa: E731
        try:
            found = find_instruments(self._bench.home, [place], progress=told)[0]
            self._traces[port] = [exchange for line in found.lines for exchange in line.trace]
            row = self._heard(port, found)
        except Exception as defect:  # a row must not stay "asked" for ever
            log.exception("asking at %s ran into a defect", port)
            row = InstrumentRow(port, state="silent", text=_defect_words(defect))
        self._put(row)

    def _heard(self, port: str, found: Found) -> InstrumentRow:
        words = " ".join(part for part in (found.error, found.hint) if part)
        if not found.confirmed:
            state: Literal["busy", "silent"] = "busy" if found.sure == "not probed" else "silent"
            return InstrumentRow(port, family=found.family, kind=found.kind, state=state, text=words)
        adapter = self._bench.instruments.adapter_of(found.address)
        self._remember(found, adapter)
        if found.sure == "model unknown":
            words = "Its model is not known for sure: it can be read, and is never set."
        elif found.emulated:
            words = "An emulator of this program."
        mark = mark_of(found.address, found.serial, adapter)
        row = InstrumentRow(port, "", mark, found.kind, found.family, found.model, found.serial, found.address, state="found")
        return replace(row, text=" ".join(part for part in (words, found.rating and f"Gives at most {found.rating}.") if part))

    def _remember(self, found: Found, adapter: dict[str, str] | None) -> None:
        try:
            self._known.seen(found.kind, found.address, model=found.model, serial=found.serial, rating=found.rating, adapter=adapter)
        except (StoreError, OSError) as problem:
            log.warning("an instrument could not be remembered: %s", problem)
        self._remembered = None

    # --- roles --------------------------------------------------------------------------------------------------

    def give_role(self, mark: str, role: str) -> Outcome:
        try:
            one = self._known.give_role(mark, role)
        except KeyError:
            return Outcome(False, "This instrument is not known any more. f finds it again.")
        except ValueError as problem:
            return Outcome(False, f"Not taken: {problem}.")
        finally:
            self._remembered = None
        name = f"{one.family} {one.model}".strip()
        if not role:
            return Outcome(True, f"{name} is no longer used on this bench.")
        return Outcome(True, f"{name}: this bench's {'BMS' if role == 'bms' else role}. Setup has {one.address}.")

    def moved(self, plan: Plan) -> Plan:
        """The plan with its instruments' addresses as they are now, where their adapters stand at other ports than when they were seen last."""
        known = {one.address: one.adapter for one in self._all_known() if one.adapter}

        def now(address: str, *, identifies: bool) -> str:
            with contextlib.suppress(LostLine):  # not plugged in: opening the old address tells so
                return self._bench.instruments.found_again(address, known.get(address), identifies=identifies)
            return address

        supply = replace(plan.supply, address=now(plan.supply.address, identifies=True))
        return replace(plan, supply=supply, meter=now(plan.meter, identifies=False), bms=now(plan.bms, identifies=False))

    def used(self, plan: Plan, profile: SupplyProfile) -> None:
        """A session has begun on these instruments: they are the bench's from now on. Those of the built-in bench are made anew each time."""
        if self._bench.hands is not None or profile.emulated:
            return
        rating = f"{profile.max_voltage_v:g}V/{profile.max_current_a:g}A"
        supply = "" if plan.supply.by_hand else plan.supply.address
        try:
            for kind, address in (("supply", supply), ("meter", plan.meter), ("bms", plan.bms)):
                if address:
                    mine: dict[str, Any] = {"model": profile.model, "serial": profile.serial, "rating": rating} if kind == "supply" else {}
                    self._known.seen(kind, address, adapter=self._bench.instruments.adapter_of(address), role=kind, **mine)
        except (StoreError, OSError) as problem:
            log.warning("the session's instruments could not be remembered: %s", problem)
        self._remembered = None

    # --- trying -------------------------------------------------------------------------------------------------

    def try_out(self, address: str, *, writes: bool) -> Outcome:
        """A reading, or the write test, on a thread; the result stands in the row."""
        try:
            parsed = Address.parse(address)
            kind = catalog.kind_of(parsed)
        except AddressError as problem:
            return Outcome(False, str(problem))
        if parsed.url in self._used():
            return Outcome(False, "The running session has this instrument: its values stand on the bench (1).")
        if writes and kind != "supply":
            return Outcome(False, "Only a supply is ever written to.")
        if writes and self._bench.session is not None and self._bench.state != "ended":
            return Outcome(False, "Not while a session runs.")
        return self._start(lambda: self._try(parsed, kind, writes=writes), f"Testing {address} …")

    def _try(self, address: Address, kind: str, *, writes: bool) -> None:
        row = self._row(address.url)
        self._put(replace(row, state="asked", text="Testing …"))
        adapter = stable_id.adapter_of(address.url, self._bench.instruments.plugged_in)
        state: Literal["busy", "found", "silent"]
        try:
            with PortLocks(self._bench.home).held(str(address), adapter):
                answers, text = self._tried(address, kind, writes=writes)
            state = "found" if answers else "silent"
        except LostLine as taken:
            state, text = "busy", str(taken)
        except Exception as defect:
            log.exception("testing %s ran into a defect", address)
            state, text = "silent", _defect_words(defect)
        self._put(replace(row, state=state, text=text))

    def _tried(self, address: Address, kind: str, *, writes: bool) -> tuple[bool, str]:
        """Whether it answered, and what."""
        openers: dict[str, Callable[..., Any]] = {
            "supply": catalog.open_supply,
            "meter": catalog.open_meter,
            "bms": catalog.open_bms,
        }
        try:
            driver = openers[kind](address, clock=self._bench.clock)
        except (InstrumentError, AddressError) as problem:
            return False, str(problem)
        try:
            profile = driver.identify()
            if not writes:
                return True, _reading_words(kind, first_value(driver) if kind == "meter" else driver.read())
            driver.prove_writable()
            back = driver.read()
            shown = f"{back.set_voltage_v:g} V and {back.set_current_a:g} A" if back.set_voltage_v is not None else "both"
            told = f"{profile.model} took 1 V and 0.1 A with its output off and reads back {shown}."
            return True, f"{told} Does its own display show 1.00 V? If not: stop."
        except InstrumentError as problem:
            return isinstance(problem, Refused), str(problem)
        finally:
            self._traces[address.url] = traces.trace_of(driver)
            with contextlib.suppress(InstrumentError, OSError):
                driver.close()

    # --- bytes --------------------------------------------------------------------------------------------------

    def trace(self, address: str) -> list[TraceLine]:
        """The newest exchanges on a line: live of the session's instruments, else of the last time it was asked."""
        newest = self._trace_of(address)[-SHOWN_LINES:]
        return [TraceLine(when, cast(Literal[">", "<", "x"], direction), data.hex()) for when, direction, data in newest]

    def _trace_of(self, address: str) -> Trace:
        url = Address.parse(address).url if ":" in address.partition("/")[0] else address
        for port in (self._bench.supply, self._bench.meter, self._bench.bms):
            if port is not None and Address.parse(str(port.driver.address)).url == url:
                return traces.trace_of(port.driver)
        return self._traces.get(url, ())

    def save_trace(self, address: str) -> Outcome:
        """Into a file beside the logs."""
        trace = self._trace_of(address)
        if not trace:
            return Outcome(False, "No byte has been seen on this line yet. f asks there.")
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        file = self._bench.home.logs / f"bytes-{stamp}.txt"
        try:
            with open(file, "w", encoding="utf-8", opener=open_private) as out:
                out.write(traces.FOREWORD + traces.render(trace, address))
        except OSError as problem:
            return Outcome(False, f"{file} could not be written: {problem.strerror or problem}.")
        return Outcome(True, f"Saved: {file}")

    # --- inside -------------------------------------------------------------------------------------------------

    def _start(self, work: Callable[[], None], words: str) -> Outcome:
        if self._worker is not None and self._worker.is_alive():
            return Outcome(False, "Still asking; wait for that first.")
        self._doing = words

        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("the survey of instruments ran into a defect")
            finally:
                self._doing = ""

        self._worker = threading.Thread(target=run, name="survey", daemon=True)
        self._worker.start()
        return Outcome(True)

    def wait(self, timeout_s: float) -> None:
        """Until what was begun is over; for tests and the end of the bench."""
        until = time.monotonic() + timeout_s
        if self._worker is not None:
            self._worker.join(max(until - time.monotonic(), 0.0))

    def _say(self, words: str) -> None:
        self._doing = words

    def _row(self, port: str) -> InstrumentRow:
        found = self._rows.get(port)
        return found or next((row for row in self.found().rows if row.port == port), InstrumentRow(port))

    def _put(self, row: InstrumentRow) -> None:
        self._rows = {**self._rows, row.port: row}


def _defect_words(defect: Exception) -> str:
    return f"The program ran into a defect here ({type(defect).__name__}: {defect}). The log beside the records tells more."


def _line(text: str) -> str:
    """The line in what somebody typed: a port, or a whole address with its family. Raises AddressError."""
    family, colon, _ = text.partition(":")
    known = bool(colon) and family in catalog.family_names()
    return Address.parse(text if known else f"any:{text}").url


def _at(address: str, port: str) -> Address:
    parsed = Address.parse(address)
    return Address(parsed.family, port, parsed.options)


def _reading_words(kind: str, reading: Any) -> str:
    """One reading in a sentence; what is not known is said to be."""
    known = {name: value for name, value in asdict(reading).items() if value not in (None, "", (), {}) and not name.endswith("time_s")}
    if kind == "supply":
        on = {True: "on", False: "off", None: "unknown"}[reading.output_on]
        measured, wanted = _numbers(known, "voltage_v", "current_a"), _numbers(known, "set_voltage_v", "set_current_a")
        return f"Output {on}. It measures {measured} and is set to {wanted}."
    if kind == "meter":
        volts = [f"{value:.4f} V" if value is not None else "?" for value in reading.channels_v.values()]
        if reading.status == "ok" and volts and not any(value is not None for value in reading.channels_v.values()):
            return "It answers, and its probes touch nothing that has volts."
        return " · ".join(volts) if reading.status == "ok" and volts else f"No volts: {reading.status.replace('_', ' ')}. {reading.text}"
    cells = " ".join(f"{value:.3f}" if value is not None else "?" for value in reading.cell_voltages_v)
    fet = {True: "on", False: "off", None: "unknown"}[reading.charge_fet_on]
    limit = reading.cell_overvoltage_protection_v
    return f"Cells {cells or 'unknown'} V. Charge switch {fet}, limit {f'{limit:.3f} V' if limit is not None else 'unknown'}."


def _numbers(known: dict[str, Any], volts: str, amperes: str) -> str:
    return ", ".join(f"{known[name]:g} {unit}" if name in known else f"unknown {unit}" for name, unit in ((volts, "V"), (amperes, "A")))
