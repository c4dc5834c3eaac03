"""An adapter is known again whatever number its port has; what has no mark keeps its address."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers import stable_id
from drivers.address import Address
from drivers.stable_id import Adapter, adapter_of, moved, plugged_in, same_adapter, surely_same

FTDI = Adapter("/dev/ttyUSB0", "0403:6001", "A50285BI", "1-1")
CH340 = Adapter("/dev/ttyUSB1", "1A86:7523", "", "1-2")
OTHER = Adapter("/dev/ttyUSB2", "1A86:7523", "", "1-3")


def test_a_port_belongs_to_the_adapter_that_stands_there() -> None:
    lookup = lambda: [FTDI, CH340]  # noqa: E731
    assert adapter_of("/dev/ttyUSB1", lookup) == CH340
    for url in ("/dev/pts/3", "memory", "", "socket://127.0.0.1:4001", "rfc2217://host:1"):
        assert adapter_of(url, lookup) is None


def test_a_link_leads_to_its_adapter(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB7"
    device.touch()
    link = tmp_path / "usb-1a86_USB_Serial-if00-port0"
    link.symlink_to(device)
    there = Adapter(str(device), "1A86:7523")
    assert adapter_of(str(link), lambda: [there]) == there


@pytest.mark.parametrize(
    "url", ["/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"]
)
def test_a_link_is_an_address_and_comes_back_as_it_was(url: str) -> None:
    address = Address.parse(f"riden:{url}?address=3&baud=9600")
    assert (address.family, address.url, address.options["address"]) == ("riden", url, "3")
    assert Address.parse(str(address)) == address
    assert str(moved(address, FTDI)) == "riden:/dev/ttyUSB0?address=3&baud=9600"


def test_with_a_serial_number_one_adapter_and_no_other() -> None:
    now = Adapter("/dev/ttyUSB5", "0403:6001", "A50285BI", "3-1")
    assert same_adapter(FTDI, lambda: [CH340, Adapter("/dev/ttyUSB0", "0403:6001", "ELSE", "1-1"), now]) == [now]
    assert same_adapter(FTDI, lambda: [Adapter("/dev/ttyUSB0", "0403:6001", "ELSE", "1-1")]) == []


def test_without_one_the_same_socket_comes_first_and_the_others_are_tried() -> None:
    again = Adapter("/dev/ttyUSB9", "1A86:7523", "", "1-2")
    assert same_adapter(CH340, lambda: [OTHER, FTDI, again]) == [again, OTHER]
    assert same_adapter(CH340, lambda: [FTDI]) == []


def test_who_cannot_say_who_it_is_is_found_by_its_socket_or_alone() -> None:
    again = Adapter("/dev/ttyUSB9", "1A86:7523", "", "1-2")
    assert surely_same(CH340, lambda: [OTHER, again]) == [again]
    assert surely_same(CH340, lambda: [OTHER]) == [OTHER]
    assert surely_same(CH340, lambda: [OTHER, Adapter("/dev/ttyUSB3", "1A86:7523", "", "1-4")]) == []


def test_the_system_is_asked_for_its_usb_adapters_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ports = [
        SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, serial_number=None, location=None),
        SimpleNamespace(device=str(tmp_path / "ttyUSB0"), vid=0x1A86, pid=0x7523, serial_number=None, location="1-1.2"),
    ]
    (tmp_path / "ttyUSB0").touch()
    links = tmp_path / "by-id"
    links.mkdir()
    (links / "usb-1a86").symlink_to("../ttyUSB0")
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    monkeypatch.setattr(stable_id, "BY_ID", links)
    assert plugged_in() == [Adapter(str(tmp_path / "ttyUSB0"), "1A86:7523", "", "1-1.2", str(links / "usb-1a86"))]
    monkeypatch.setattr(stable_id, "BY_ID", tmp_path / "none")
    assert plugged_in()[0].link == ""
