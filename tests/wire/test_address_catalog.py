"""Addresses, and the way from an address to a driver."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_line import ScriptedLine, polls

from drivers import catalog
from drivers.address import Address, AddressError
from drivers.clock import VirtualClock
from drivers.roles import LostLine
from drivers.supplies import riden


@pytest.mark.parametrize(
    ("text", "family", "url", "options"),
    [
        ("riden:/dev/ttyUSB0?address=1&baud=115200&speed=60", "riden", "/dev/ttyUSB0", {"address": "1", "baud": "115200", "speed": "60"}),
        ("riden:socket://192.168.1.7:8888", "riden", "socket://192.168.1.7:8888", {}),
        ("text-line:/dev/ttyUSB1?channels=1", "text-line", "/dev/ttyUSB1", {"channels": "1"}),
        ("riden:COM3", "riden", "COM3", {}),
        ("manual", "manual", "", {}),
        ("manual:30V/10A", "manual", "30V/10A", {}),
    ],
)
def test_addresses(text: str, family: str, url: str, options: dict[str, str]) -> None:
    address = Address.parse(text)
    assert (address.family, address.url, address.options) == (family, url, options)
    assert str(address) == text


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_clear_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError as error:
        assert str(error)
    else:
        assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no instrument"),
        ("/dev/ttyUSB0", "names no instrument"),
        ("riden:", "the line is missing"),
        ("riden:/dev/ttyUSB0?speed", "name=value"),
        ("riden:/dev/ttyUSB0?speed=", "name=value"),
        ("riden:/dev/ttyUSB0?baud=9600&baud=115200", "twice"),
        ("riden:/dev/tty USB0", "space"),
    ],
)
def test_wrong_addresses_say_what_belongs_there(text: str, words: str) -> None:
    with pytest.raises(AddressError, match=words):
        Address.parse(text)


@pytest.mark.parametrize("option", ["speed=0", "speed=fast", "speed=inf", "address=0", "address=1.5", "baud=7", "sped=60"])
def test_wrong_options_are_refused_before_a_port_is_opened(option: str) -> None:
    with pytest.raises(AddressError, match=option.split("=")[0]):
        catalog.open_supply(f"riden:/dev/nowhere?{option}", clock=VirtualClock())


def test_a_supply_opens_on_the_line_that_the_factory_gives() -> None:
    asked: list[Address] = []

    def factory(address: Address) -> ScriptedLine:
        asked.append(address)
        return ScriptedLine([polls()])

    supply = catalog.open_supply("riden:embedded", clock=VirtualClock(), line_factory=factory)
    assert supply.identify().model == "RD6012" and supply.address == "riden:embedded"
    assert [str(address) for address in asked] == ["riden:embedded"]


def test_a_port_that_is_not_there_is_told_to_a_person() -> None:
    with pytest.raises(LostLine, match=r"no such port.*cable"):
        catalog.open_supply("riden:/dev/tty-not-here", clock=VirtualClock())
    with pytest.raises(LostLine, match="this is no line"):
        catalog.open_supply("riden:nonsense://x", clock=VirtualClock())


def test_kinds_and_families_are_not_mixed_up() -> None:
    with pytest.raises(AddressError, match="is a meter"):
        catalog.open_supply("text-line:/dev/ttyUSB1", clock=VirtualClock())
    with pytest.raises(AddressError, match="is a supply"):
        catalog.open_meter("riden:/dev/ttyUSB1", clock=VirtualClock())
    with pytest.raises(AddressError, match="there are: riden"):
        catalog.open_supply("riggol:/dev/ttyUSB1", clock=VirtualClock())
    with pytest.raises(AddressError, match="names no line"):
        catalog.open_supply("riden", clock=VirtualClock())


def test_a_third_party_family_is_loaded_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class EntryPoint:
        value = "acme.drivers:FAMILY"
        loaded = 0

        def load(self) -> object:
            EntryPoint.loaded += 1
            return catalog.Family("acme", "supply", "an Acme supply", open=lambda address, clock, lines: address)

    monkeypatch.setattr(catalog, "entry_points", lambda group, name: [EntryPoint()] if (group, name)[1] in ("acme", "other") else [])
    catalog.open_supply("manual:30V/10A", clock=VirtualClock())
    assert EntryPoint.loaded == 0
    assert str(catalog.open_supply("acme:x", clock=VirtualClock())) == "acme:x"
    with pytest.raises(AddressError, match=r"acme\.drivers:FAMILY"):
        catalog.find_family("other")


def test_no_identity_belongs_to_two_models() -> None:
    ids = [model_id for model in riden.MODELS for model_id in model.ids]
    assert len(ids) == len(set(ids)) == len(riden.BY_ID)
    assert all(model_id in riden.IDENTITIES for model_id in ids)
    assert not set(range(60182, 60190)) & set(ids)  # may be another model with other factors


def test_manual_needs_a_rating() -> None:
    profile = catalog.open_supply("manual:30V/10A?voltage-step=0.1", clock=VirtualClock()).identify()
    assert (profile.max_voltage_v, profile.max_current_a, profile.voltage_step_v, profile.has_interface) == (30.0, 10.0, 0.1, False)
    for text in ("manual", "manual:30/10", "manual:0V/10A"):
        with pytest.raises(AddressError, match="rating"):
            catalog.open_supply(text, clock=VirtualClock())
