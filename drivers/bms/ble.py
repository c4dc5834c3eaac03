"""BMSs over Bluetooth LE, through the library aiobmsble 0.31 (BMS sheet, chapter 6): "ble:AA:BB:CC:DD:EE:FF?kind=jbd_bms" or "ble:NAME".

The library is asynchronous and an extra, `topbalance[ble]`, for Python 3.12 and newer. It is imported when an address asks for it, and runs in an
event loop in a thread of this driver's own. Without `kind` the library tells the kind by what the device advertises; `secret` is a password
that some modules want. One program at a time can be connected: close the phone app.

The library leaves out cells that read 0, so that those behind would move up: a list that is not as long as the board's count is refused. It has
no read-back of the over-voltage limit. What has tripped is known for JBD, newer JK and Daly; of other kinds only that nothing has.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

from drivers.address import Address, AddressError
from drivers.bms import jbd, jk_pb
from drivers.bms.common import LOOK_AT_CELLS, TAP_V, doubted, flags
from drivers.bms.daly_faults import faults
from drivers.bms.event_loop import EventLoop
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, GarbledAnswer, InstrumentError, Line, LostLine, NoAnswer, Refused, WrongDevice

T = TypeVar("T")
OLDEST_PYTHON = (3, 12)
SCAN_S, CONNECT_S, READ_S, CLOSE_S = 10.0, 60.0, 12.0, 5.0
PACK_STEP_V = 0.1
JK_WITH_32_PLACES = 11  # software from which on the alarms are those of the 300-byte frame
LOOK_AT_RADIO = "Is Bluetooth on, is the board awake and near, is no phone app connected to it?"


def check_address(address: Address) -> None:
    if not address.url:
        raise AddressError(f"'{address}' names no device: give its address or name, as in ble:AA:BB:CC:DD:EE:FF")
    kind = address.options.get("kind")
    if kind is not None and not (kind.endswith("_bms") and kind.isidentifier()):
        raise AddressError(f"the kind '{kind}' in '{address}' is none: it is called as in aiobmsble, jbd_bms, jikong_bms, daly_bms, …")


def open_driver(address: Address, line: Line | None, clock: Clock, in_memory: bool) -> BleBms:
    """Raises LostLine, with what to install, where the library is missing."""
    return BleBms(address, clock)


def missing(address: str, error: BaseException) -> LostLine:
    """What to install where the library is not there."""
    if sys.version_info < OLDEST_PYTHON:
        have = f"{sys.version_info[0]}.{sys.version_info[1]}"
        what = f"Bluetooth needs the library aiobmsble, which needs Python 3.12 or newer; this is {have}."
        return LostLine(address, "open Bluetooth", what, "Install this program with a newer Python: pip install 'topbalance[ble]'.")
    what = f"Bluetooth needs the library aiobmsble, which cannot be imported ({error})."
    return LostLine(address, "open Bluetooth", what, "Install it: pip install 'topbalance[ble]'.")


def protection(kind: str, code: int | None, software: str) -> tuple[str, ...] | None:
    """What a kind's problem code names; None where nobody can tell."""
    if not code:
        return None if code is None else ()
    if kind == "jbd_bms":
        return flags(code, jbd.PROTECTION)
    if kind == "jikong_bms":
        major = software.lstrip("Vv").partition(".")[0]
        return flags(code, jk_pb.PROTECTION) if major.isdecimal() and int(major) >= JK_WITH_32_PLACES else None
    if kind == "daly_bms" and code >> 32:  # shorter codes may be of another of its protocols
        return faults(code.to_bytes(8, "big"))
    return None


class BleBms:
    """One BMS over Bluetooth LE; implements `roles.Bms`."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self.address, self.clock = str(address), clock
        self._wanted, self._kind, self._secret = address.url, address.options.get("kind", ""), address.options.get("secret", "")
        try:
            self._library, self._utils, self._bleak = (import_module(name) for name in ("aiobmsble", "aiobmsble.utils", "bleak"))
        except (ImportError, SyntaxError) as error:  # its syntax is that of a newer Python
            raise missing(self.address, error) from error
        self._loop = EventLoop(self.address)
        self._bms: Any = None
        self._profile: BmsProfile | None = None
        self._key: tuple[str, str] | None = None

    # --- roles.Bms ---

    def identify(self) -> BmsProfile:
        """Looks for the device, connects, reads once. Raises NoAnswer where it is not found, WrongDevice for an unknown kind."""
        if self._bms is None:
            self._bms, key = self._run("look for the device", self._find(), SCAN_S + READ_S)
            if self._key not in (None, key):
                self._bms = None
                raise WrongDevice(self.address, "identify", f"another board answers now ({key[0]}).", "Start anew with this board.")
            self._key = key
        sample, info = self._run("connect", self._first(), CONNECT_S)
        assert self._key is not None
        self._profile = BmsProfile(
            "ble",
            info.get("model") or self._bms.bms_id(),
            serial=info.get("serial_number") or self._key[0],
            firmware=info.get("sw_version") or info.get("fw_version") or "",
            cell_count=sample.get("cell_count"),
            poll_s=2.0,
        )
        return self._profile

    def read(self) -> BmsReading:
        """One sample. A list of cells with one missing is refused."""
        if self._profile is None or self._bms is None:
            self.identify()
        assert self._profile is not None and self._key is not None
        sample = self._run("read", self._bms.async_update(), READ_S)
        reading = self._reading(sample, self._key[1], self._profile.firmware)
        doubt = doubted(reading, sample.get("cell_count"), PACK_STEP_V) if reading.cell_voltages_v or self._profile.cell_count else ""
        if not doubt and sample.get("cell_count") != self._profile.cell_count:
            doubt = f"{sample.get('cell_count')} cells came where the board had {self._profile.cell_count}."
        if doubt:
            raise GarbledAnswer(
                self.address, "read", f"{doubt} A cell that reads 0 is left out, and the others would move up.", LOOK_AT_CELLS
            )
        return reading

    def close(self) -> None:
        """Disconnect and end the thread; a second call does nothing."""
        with suppress(InstrumentError):
            self._forget()
        self._loop.close()

    # --- in the event loop ---

    async def _find(self) -> tuple[Any, tuple[str, str]]:
        seen = await self._bleak.BleakScanner.discover(timeout=SCAN_S, return_adv=True)
        wanted = self._wanted.casefold()
        names = [(device, told, told.local_name or device.name or "") for device, told in seen.values()]
        found = [(device, told) for device, told, name in names if wanted in (device.address.casefold(), name.strip().casefold())]
        if not found:
            raise NoAnswer(self.address, "look for the device", f"'{self._wanted}' is not among {len(seen)} devices heard.", LOOK_AT_RADIO)
        if len(found) > 1:
            what = f"{len(found)} devices are called '{self._wanted}'."
            raise WrongDevice(self.address, "look for the device", what, "Give the address of the one that is meant.")
        device, told = found[0]
        kind = await (self._utils.bms_cls(self._kind) if self._kind else self._utils.bms_identify(told, device.address))
        if kind is None:
            what = (
                f"the library knows no kind '{self._kind}'."
                if self._kind
                else "the device is there, but of no kind that the library knows."
            )
            raise WrongDevice(self.address, "identify", what, "Give its kind, as in ?kind=jbd_bms, if you know it.")
        bms = kind(device, self._library.BMSConfig(keep_alive=True, secret=self._secret))
        return bms, (device.address, kind.get_bms_module().rpartition(".")[2])

    async def _first(self) -> tuple[Any, Any]:
        """The sample comes first: it connects and stays so."""
        sample = await self._bms.async_update()
        return sample, await self._bms.device_info()

    # --- from this thread into the loop ---

    def _run(self, request: str, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        """What the work gives. Whatever the library raises comes out as one of the errors of `roles`."""
        try:
            return self._loop.run(work, deadline_s)
        except InstrumentError:
            raise
        except PermissionError as error:
            raise Refused(
                self.address, request, f"the board does not let us in ({error}).", "Give its password, as in ?secret=1234."
            ) from error
        except ValueError as error:
            raise GarbledAnswer(self.address, request, f"what came cannot be understood ({error}).", LOOK_AT_RADIO) from error
        except (TimeoutError, CancelledError) as error:
            self._lose()
            raise NoAnswer(self.address, request, "no answer.", LOOK_AT_RADIO) from error
        except Exception as error:
            self._lose()
            raise LostLine(self.address, request, f"the connection failed ({type(error).__name__}: {error}).", LOOK_AT_RADIO) from error

    def _lose(self) -> None:
        """After a failed exchange the device is looked for again."""
        if self._bms is not None:
            with suppress(InstrumentError):
                self._forget()

    def _forget(self) -> None:
        bms, self._bms = self._bms, None
        if bms is not None:
            self._run("disconnect", bms.disconnect(), CLOSE_S)

    def _reading(self, sample: Any, kind: str, software: str) -> BmsReading:
        balancer = sample.get("balancer")
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(volts if TAP_V[0] <= volts <= TAP_V[1] else None for volts in sample.get("cell_voltages", ())),
            pack_voltage_v=sample.get("voltage"),
            current_a=sample.get("current"),
            soc_pct=sample.get("battery_level"),
            remaining_ah=sample.get("cycle_charge"),
            nominal_ah=sample.get("design_capacity"),
            cycles=sample.get("cycles"),
            temperatures_c=tuple(float(getattr(value, "value", value)) for value in sample.get("temp_values", ())),
            charge_fet_on=sample.get("chrg_mosfet"),
            discharge_fet_on=sample.get("dischrg_mosfet"),
            balancing=None if balancer is None else bool(balancer),
            protection=protection(kind, sample.get("problem_code"), software),
        )
