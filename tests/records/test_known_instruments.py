"""Instruments that are known: found again by their marks, one for each role, forgotten on demand."""

from __future__ import annotations

import pytest

from tui.records.known_instruments import KnownInstruments, mark_of
from tui.records.places import Home

CH340 = {"device": "/dev/ttyUSB0", "kind": "1A86:7523", "serial": "", "socket": "1-1.2", "link": ""}


def test_an_instrument_is_known_by_its_own_serial_number_then_by_its_adapter_then_by_its_socket() -> None:
    assert mark_of("riden:/dev/ttyUSB0", "00006464", CH340) == mark_of("riden:/dev/ttyUSB3?baud=9600", "00006464", None)
    ftdi = {**CH340, "kind": "0403:6001", "serial": "A1"}
    assert mark_of("korad:/dev/ttyUSB0", "", ftdi) == mark_of("korad:/dev/ttyUSB1", "", {**ftdi, "socket": "2-1"})
    assert mark_of("korad:/dev/ttyUSB0", "", CH340) != mark_of("korad:/dev/ttyUSB0", "", {**CH340, "socket": "2-1"})
    assert mark_of("korad:socket://host:1", "", None) != mark_of("owon:socket://host:1", "", None)


def test_one_instrument_serves_in_a_role_and_another_takes_it_over(place: Home) -> None:
    known = KnownInstruments(place)
    first = known.seen("supply", "riden:/dev/ttyUSB0", model="RD6012", serial="1", role="supply", unix_s=1.0)
    known.seen("meter", "owon-xdm:/dev/ttyUSB1", serial="9", role="meter", unix_s=2.0)
    assert known.serving("supply") == first
    second = known.seen("supply", "korad:/dev/ttyUSB2", adapter=CH340, role="supply", unix_s=3.0)
    assert known.serving("supply") == second and known.serving("meter") is not None
    assert [one.role for one in known.list()] == ["supply", "meter", ""]
    known.give_role(first.id, "supply")
    assert known.serving("supply") is not None and known.serving("supply").model == "RD6012"  # type: ignore[union-attr]
    known.give_role(first.id, "")
    assert known.serving("supply") is None
    known.forget(first.id)
    known.forget("nobody")
    assert {one.family for one in known.list()} == {"owon-xdm", "korad"}


def test_seen_again_under_another_number_it_keeps_its_role(place: Home) -> None:
    known = KnownInstruments(place)
    known.seen("supply", "riden:/dev/ttyUSB0", serial="1", role="supply")
    again = known.seen("supply", "riden:/dev/ttyUSB5", serial="1", model="RD6012")
    assert (again.role, again.address) == ("supply", "riden:/dev/ttyUSB5")
    assert len(known.list()) == 1


def test_a_meter_is_no_supply(place: Home) -> None:
    known = KnownInstruments(place)
    with pytest.raises(ValueError, match="cannot serve"):
        known.seen("meter", "owon-xdm:x", role="supply")
    meter = known.seen("meter", "owon-xdm:x")
    with pytest.raises(ValueError, match="cannot serve"):
        known.give_role(meter.id, "bms")
    with pytest.raises(KeyError):
        known.give_role("nobody", "meter")
