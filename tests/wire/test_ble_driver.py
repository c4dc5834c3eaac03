"""The Bluetooth driver against a stand-in for the library, with the library's documented face: the library itself needs a newer Python."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from drivers.address import Address, AddressError
from drivers.bms import ble
from drivers.catalog import open_bms
from drivers.clock import VirtualClock
from drivers.roles import Bms, GarbledAnswer, LostLine, NoAnswer, Refused, WrongDevice

MAC = "A4:C1:37:00:00:01"
SAMPLE: dict[str, Any] = {
    "voltage": 13.21,
    "current": 4.5,
    "battery_level": 71,
    "cell_voltages": [3.301, 3.302, 3.303, 3.304],
    "cell_count": 4,
    "cycle_charge": 199.5,
    "design_capacity": 280,
    "cycles": 12,
    "temp_values": [SimpleNamespace(value=21.5, type=0), 22.0],
    "chrg_mosfet": True,
    "dischrg_mosfet": True,
    "balancer": 0,
    "problem_code": 0,
}


class Radio:
    """What the stand-in says; tests change it. `answers` are samples or exceptions, the last for always."""

    def __init__(self) -> None:
        self.seen = {MAC: (SimpleNamespace(address=MAC, name="JBD-BOAT"), SimpleNamespace(local_name="JBD-BOAT"))}
        self.answers: list[Any] = [SAMPLE]
        self.info: dict[str, str] = {"model": "JBD-SP04", "sw_version": "V3.2"}
        self.kinds = {"jbd_bms", "jikong_bms", "daly_bms", "ant_bms"}
        self.advertised: str | None = "jbd_bms"
        self.configs: list[Any] = []
        self.connected = self.scans = self.disconnects = 0
        self.threads: set[str] = set()


def kind_of(radio: Radio, name: str) -> Any:
    class Board:
        def __init__(self, device: Any, config: Any = None, logger_name: str = "") -> None:
            radio.configs.append(config)
            self.is_connected = False

        @classmethod
        def get_bms_module(cls) -> str:
            return f"aiobmsble.bms.{name}"

        @classmethod
        def bms_id(cls) -> str:
            return "Jiabaida smart BMS"

        async def async_update(self, raw: bool = False) -> dict[str, Any]:
            radio.threads.add(threading.current_thread().name)
            if not self.is_connected:
                self.is_connected, radio.connected = True, radio.connected + 1
            answer = radio.answers.pop(0) if len(radio.answers) > 1 else radio.answers[0]
            if answer == "hang":
                await asyncio.sleep(60)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        async def device_info(self) -> dict[str, str]:
            assert self.is_connected  # else the library would let the connection go again
            return radio.info

        async def disconnect(self, reset: bool = False) -> None:
            self.is_connected = False
            radio.disconnects += 1

    return Board


class BleakError(Exception):
    """bleak's own base of errors."""


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Radio]:
    radio = Radio()
    library, utils, bleak = ModuleType("aiobmsble"), ModuleType("aiobmsble.utils"), ModuleType("bleak")

    async def identify(advertisement: Any, mac: str) -> Any:
        return kind_of(radio, radio.advertised) if radio.advertised else None

    async def by_name(name: str) -> Any:
        return kind_of(radio, name) if name in radio.kinds else None

    async def discover(timeout: float = 5.0, *, return_adv: bool = False) -> Any:
        radio.scans += 1
        return radio.seen

    library.BMSConfig = lambda keep_alive=True, secret="": SimpleNamespace(keep_alive=keep_alive, secret=secret)  # type: ignore[attr-defined]
    utils.bms_identify, utils.bms_cls = identify, by_name  # type: ignore[attr-defined]
    bleak.BleakScanner = SimpleNamespace(discover=discover)  # type: ignore[attr-defined]
    for module in (library, utils, bleak):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    yield radio
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ble:")]


def opened(text: str = f"ble:{MAC}") -> Bms:
    return open_bms(text, clock=VirtualClock())


@pytest.mark.parametrize("text", [f"ble:{MAC}", f"ble:{MAC.lower()}", "ble:JBD-BOAT", f"ble:{MAC}?kind=jbd_bms"])
def test_a_board_is_found_by_address_or_name_and_read(radio: Radio, text: str) -> None:
    bms = opened(text)
    profile = bms.identify()
    assert (profile.family, profile.model, profile.serial, profile.firmware, profile.cell_count) == ("ble", "JBD-SP04", MAC, "V3.2", 4)
    reading = bms.read()
    assert reading.cell_voltages_v == (3.301, 3.302, 3.303, 3.304) and reading.pack_voltage_v == 13.21
    assert (reading.current_a, reading.soc_pct, reading.remaining_ah, reading.nominal_ah, reading.cycles) == (4.5, 71, 199.5, 280, 12)
    assert reading.temperatures_c == (21.5, 22.0) and reading.balancing is False
    assert (reading.charge_fet_on, reading.protection, reading.cell_overvoltage_protection_v) == (True, (), None)
    assert (radio.scans, radio.connected, radio.threads) == (1, 1, {text})
    bms.close()
    bms.close()
    assert radio.disconnects == 1


def test_a_secret_is_handed_on(radio: Radio) -> None:
    bms = opened(f"ble:{MAC}?secret=1234")
    bms.identify()
    bms.close()
    assert (radio.configs[0].keep_alive, radio.configs[0].secret) == (True, "1234")


def test_nothing_is_known_of_what_a_sample_lacks(radio: Radio) -> None:
    radio.answers = [{"voltage": 13.2}]
    bms = opened()
    reading = bms.read()
    bms.close()
    assert (reading.pack_voltage_v, reading.cell_voltages_v, reading.protection) == (13.2, (), None)
    assert reading.charge_fet_on is reading.current_a is reading.balancing is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cell_voltages": [3.301, 3.303, 3.304]}, "3 cells came where the board has 4"),
        ({"cell_voltages": [3.301, 3.303, 3.304], "cell_count": 3, "voltage": 9.91}, "3 cells came where the board had 4"),
        ({"cell_voltages": [3.301, 3.302, 3.303, 3.004]}, "add up to"),
        ({"cell_voltages": []}, "0 cells"),
    ],
)
def test_a_list_that_is_not_all_cells_is_refused(radio: Radio, change: dict[str, Any], words: str) -> None:
    bms = opened()
    bms.identify()
    radio.answers = [SAMPLE | change]
    with pytest.raises(GarbledAnswer, match=words):
        bms.read()
    bms.close()


def test_a_list_that_is_short_from_the_beginning_is_refused_too(radio: Radio) -> None:
    radio.answers = [SAMPLE | {"cell_voltages": [3.301, 3.303, 3.304]}]
    bms = opened()
    with pytest.raises(GarbledAnswer, match="would move up"):
        bms.read()
    bms.close()


@pytest.mark.parametrize(
    ("kind", "code", "software", "expected"),
    [
        ("jbd_bms", 0x1001, "", ("cell_overvoltage", "mos_locked_by_software")),
        ("jikong_bms", 0x10, "15.41", ("cell_overvoltage",)),
        ("jikong_bms", 0x10, "V11.20", ("cell_overvoltage",)),
        ("jikong_bms", 0x10, "10.08", None),  # older boards, whose alarms lie otherwise
        ("jikong_bms", 0x10, "", None),
        ("daly_bms", 0x0300000000000000, "", ("cell_overvoltage",)),
        ("daly_bms", 0x00000200, "", None),  # of which protocol, nobody can tell
        ("ant_bms", 1, "", None),
        ("ant_bms", 0, "", ()),
        ("jbd_bms", None, "", None),
    ],
)
def test_problem_codes(kind: str, code: int | None, software: str, expected: tuple[str, ...] | None) -> None:
    assert ble.protection(kind, code, software) == expected


def test_a_cut_is_told(radio: Radio) -> None:
    radio.answers = [SAMPLE | {"problem_code": 1, "chrg_mosfet": False, "current": 0.0}]
    bms = opened()
    assert bms.read().charge_cut_by_cell_overvoltage is True
    bms.close()


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (TimeoutError(), NoAnswer, "no answer"),
        (BleakError("gone"), LostLine, "BleakError: gone"),
        (EOFError(), LostLine, "EOFError"),
        (OSError("no adapter"), LostLine, "no adapter"),
        (PermissionError("login"), Refused, "secret"),
        (ValueError("BMS data incomplete"), GarbledAnswer, "incomplete"),
    ],
)
def test_what_the_library_raises_comes_out_as_one_of_ours(radio: Radio, raised: Exception, error: type[Exception], words: str) -> None:
    bms = opened()
    bms.identify()
    radio.answers = [raised, SAMPLE]
    with pytest.raises(error, match=words):
        bms.read()
    assert bms.read().pack_voltage_v == 13.21  # found and connected anew where that is needed
    assert radio.scans == (2 if error in (NoAnswer, LostLine) else 1)
    bms.close()


def test_a_library_that_hangs_is_left(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "READ_S", 0.05)
    bms = opened()
    bms.identify()
    radio.answers = ["hang", SAMPLE]
    with pytest.raises(NoAnswer):
        bms.read()
    assert bms.read().pack_voltage_v == 13.21
    bms.close()


def test_devices_that_are_not_there_twice_there_or_of_no_kind(radio: Radio) -> None:
    bms = opened("ble:OTHER")
    with pytest.raises(NoAnswer, match="not among 1 devices"):
        bms.identify()
    bms.close()
    radio.seen["X"] = (SimpleNamespace(address="X", name=None), SimpleNamespace(local_name="JBD-BOAT"))
    bms = opened("ble:JBD-BOAT")
    with pytest.raises(WrongDevice, match="2 devices"):
        bms.identify()
    bms.close()
    radio.advertised = None
    bms = opened()
    with pytest.raises(WrongDevice, match="no kind that the library knows"):
        bms.identify()
    bms.close()
    bms = opened(f"ble:{MAC}?kind=none_bms")
    with pytest.raises(WrongDevice, match="none_bms"):
        bms.identify()
    bms.close()


def test_another_board_under_the_same_name(radio: Radio) -> None:
    bms = opened("ble:JBD-BOAT")
    bms.identify()
    radio.seen = {"B": (SimpleNamespace(address="B", name="JBD-BOAT"), SimpleNamespace(local_name=None))}
    radio.answers = [BleakError("gone"), SAMPLE]
    with pytest.raises(LostLine):
        bms.read()
    with pytest.raises(WrongDevice, match="another board"):
        bms.read()
    bms.close()


@pytest.mark.parametrize("text", ["ble", "ble:X?kind=jbd", "ble:X?kind=a.b_bms", "ble:X?speed=2", "ble:X?baud=9600"])
def test_addresses_that_cannot_be(text: str) -> None:
    with pytest.raises(AddressError):
        opened(text)


def test_without_the_library_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiobmsble", None)
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    with pytest.raises(LostLine, match=r"needs Python 3\.12 or newer; this is 3\.11.* pip install 'topbalance\[ble\]'"):
        opened()
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(LostLine, match=r"cannot be imported .*Install it: pip install 'topbalance\[ble\]'"):
        opened()
    assert Address.parse("ble:AA:BB:CC:DD:EE:FF?kind=jbd_bms").url == "AA:BB:CC:DD:EE:FF"
