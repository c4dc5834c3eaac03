"""The two JK drivers against their checked exchanges."""

from __future__ import annotations

from typing import Any

import pytest
from told_line import ToldLine, agrees, frames, row

from drivers import modbus
from drivers.address import Address, AddressError
from drivers.bms import jk_pb, jk_uart
from drivers.bms.jk_pb import JkPbBms
from drivers.bms.jk_uart import READ_ALL, JkUartBms
from drivers.clock import VirtualClock
from drivers.roles import GarbledAnswer, NoAnswer, Refused, WrongDevice

UART, PB = frames("jk-uart"), frames("jk-pb")


def uart(*answers: bytes | None) -> tuple[JkUartBms, ToldLine]:
    line = ToldLine({READ_ALL: answers})
    return JkUartBms(line, address="jk-uart:told", clock=VirtualClock()), line


# --- 4E57 ---


@pytest.mark.parametrize("one", [one for one in UART if one["expect"] == "ok" and one["response"]], ids=lambda one: one["id"])
def test_known_answers_of_the_older_protocol(one: dict[str, Any]) -> None:
    driver, line = uart(one["response"])
    meaning = one["meaning"]
    profile, reading = driver.identify(), driver.read()
    assert set(line.sent) == {one["request"]}
    assert (profile.cell_count, profile.firmware) == (meaning["cell_count"], meaning["software_version"])
    assert agrees(reading, meaning, without=("temperatures_c",)) == []
    assert list(reading.temperatures_c) == [meaning["temperatures_c"]["t1"], meaning["temperatures_c"]["t2"]]
    assert reading.nominal_ah == meaning["capacity_setting_ah"]


@pytest.mark.parametrize("one", [one for one in UART if one["expect"] == "reject"], ids=lambda one: one["id"])
def test_rejected_answers_of_the_older_protocol(one: dict[str, Any]) -> None:
    good = row("jk-uart", "jk-uart-16s-lfp")["response"]
    driver, _ = uart(good, one["response"])
    driver.identify()
    with pytest.raises(GarbledAnswer):
        driver.read()


def retagged(frame: bytes, change: Any) -> bytes:
    """The frame with other tags, its length and sum made anew."""
    body = change(frame[11:-9])
    head = frame[:2] + (len(body) + 18).to_bytes(2, "big") + frame[4:11]
    summed = head + body + bytes(4) + b"\x68"
    return summed + bytes(2) + (sum(summed) & 0xFFFF).to_bytes(2, "big")


def test_an_answer_that_calls_itself_read_one_and_holds_everything_counts() -> None:
    frame = row("jk-uart", "jk-uart-16s-lfp")["response"]
    other = frame[:8] + b"\x03" + frame[9:]
    driver, _ = uart(other[:-2] + (sum(other[:-4]) & 0xFFFF).to_bytes(2, "big"))
    assert driver.read().cell_voltages_v[6] == 3.185
    one_tag = retagged(frame, lambda tags: b"\x83\x14\x01")
    driver, _ = uart(one_tag)
    with pytest.raises(GarbledAnswer):
        driver.read()


def test_what_follows_an_unknown_tag_is_left_and_cells_that_are_not_all_there_are_none() -> None:
    frame = row("jk-uart", "jk-uart-16s-lfp")["response"]
    at = frame[11:-9].index(b"\xa9\x10")
    driver, _ = uart(retagged(frame, lambda tags: tags[:at] + b"\xf0" + tags[at:]))
    reading = driver.read()
    assert reading.nominal_ah is None and reading.cell_overvoltage_protection_v == 3.65
    assert reading.current_a is not None  # without C0, in the older format
    for change in (
        lambda tags: tags.replace(b"\x8a\x00\x10", b"\x8a\x00\x0f"),
        lambda tags: tags.replace(b"\x03\x0c\x82", b"\x04\x0c\x82"),
        lambda tags: tags.replace(b"\x8a\x00\x10", b"\xf0\x00\x10"),
    ):
        driver, _ = uart(retagged(frame, change))
        with pytest.raises(GarbledAnswer, match="cells came"):
            driver.read()


@pytest.mark.parametrize("one", [one for one in UART if one["id"].startswith("jk-uart-read-")], ids=lambda one: one["id"])
def test_the_older_protocol_asks_one_question_only(one: dict[str, Any]) -> None:
    driver, line = uart(b"")
    write = bytes.fromhex("4E5700140000000002030090") + bytes(9)
    for request in (one["request"], write):
        with pytest.raises(Refused):
            driver.ask("try", request, lambda raw: [raw])
    assert line.sent == []


# --- the 300-byte frame ---


def pb(*, unit: int = 3, **answers: Any) -> tuple[JkPbBms, ToldLine]:
    known = {name: row("jk-pb", f"jk-pb-{name}") for name in ("status", "settings", "about")}
    line = ToldLine({one["request"]: answers.get(name, one["response"]) for name, one in known.items()})
    return JkPbBms(line, unit, address="jk-pb:told", clock=VirtualClock()), line


ANSWERED = [one for one in PB if one["expect"] == "ok" and one["meaning"].get("frame_type") == 2]


@pytest.mark.parametrize("one", ANSWERED, ids=lambda one: one["id"])
def test_known_status(one: dict[str, Any]) -> None:
    driver, line = pb(status=one["response"])
    profile, reading = driver.identify(), driver.read()
    about, settings = row("jk-pb", "jk-pb-about"), row("jk-pb", "jk-pb-settings")
    assert (profile.model, profile.firmware, profile.serial) == ("JK_PB2A16S20P", about["meaning"]["software_version"], "BB02")
    assert profile.cell_count == settings["meaning"]["cell_count"]
    assert line.sent == [about["request"], settings["request"], one["request"]]
    assert agrees(reading, one["meaning"]) == []
    assert agrees(reading, settings["meaning"]) == []
    assert reading.nominal_ah == one["meaning"]["full_ah"]


@pytest.mark.parametrize("one", [one for one in PB if one["expect"] == "reject"], ids=lambda one: one["id"])
def test_rejected_status(one: dict[str, Any]) -> None:
    driver, _ = pb(status=one["response"])
    with pytest.raises(GarbledAnswer):
        driver.read()


@pytest.mark.parametrize("one", [one for one in PB if one["id"].startswith("jk-pb-req-")], ids=lambda one: one["id"])
def test_known_triggers(one: dict[str, Any]) -> None:
    unit = one["request"][0]
    line = ToldLine({})
    driver = JkPbBms(line, unit, address="jk-pb:told", clock=VirtualClock())
    register = int.from_bytes(one["request"][2:4], "big")
    with pytest.raises(NoAnswer):
        driver._frame("read", register)
    assert set(line.sent) == {one["request"]}


@pytest.mark.parametrize("register", [0x1600, 0x1604, 0x1606, 0x160A, 0x160C, 0x160E, 0x1616, 0x1618, 0x161A, 0x1621, 0x1000])
def test_no_other_register_and_no_other_word_can_be_written(register: int) -> None:
    driver, line = pb()
    for request in (
        modbus.write_many_request(3, register, (0,)),
        modbus.write_many_request(3, 0x1620, (register,)),
        modbus.write_many_request(3, 0x1620, (0, register)),
        modbus.write_request(3, 0x1620, 0),
        modbus.write_many_request(2, 0x1620, (0,)),
    ):
        with pytest.raises(Refused):
            driver.ask("try", request, lambda raw: [raw])
    assert line.sent == []


def test_the_frame_of_a_neighbour_on_the_bus_is_not_ours() -> None:
    ours, cut = row("jk-pb", "jk-pb-status")["response"], row("jk-pb", "jk-pb-cell-overvoltage-cut")["response"]
    theirs = cut[:300] + modbus.frame(bytes.fromhex("021016200001"))
    driver, _ = pb(status=theirs + ours)
    assert driver.read().protection == ()
    driver, _ = pb(status=theirs)
    with pytest.raises(GarbledAnswer):
        driver.read()
    driver, _ = pb(status=ours[:300])  # without its acknowledgement nobody knows whose it is
    with pytest.raises(GarbledAnswer):
        driver.read()
    driver, _ = pb(status=row("jk-pb", "jk-pb-settings")["response"])  # another type
    with pytest.raises(GarbledAnswer):
        driver.read()


def changed(frame: bytes, at: int, value: bytes) -> bytes:
    other = bytearray(frame)
    other[at : at + len(value)] = value
    other[299] = sum(other[:299]) & 0xFF
    return bytes(other)


def test_missing_cells_and_the_reminder_to_change_the_password() -> None:
    ours = row("jk-pb", "jk-pb-status")["response"]
    driver, _ = pb(status=changed(ours, 70, b"\xff\x7f"))
    with pytest.raises(GarbledAnswer, match="15 cells came where the board has 16"):
        driver.read()
    driver, _ = pb(status=changed(ours, 166, b"\x00\x00\x08\x01"))
    assert driver.read().protection == ("unknown_bit_24",)


def test_another_board_at_the_same_address() -> None:
    driver, line = pb()
    driver.read()
    about, status = row("jk-pb", "jk-pb-about"), row("jk-pb", "jk-pb-status")
    line.tell({status["request"]: [b"", b"", status["response"]], about["request"]: changed(about["response"], 46, b"BB03")})
    with pytest.raises(NoAnswer):
        driver.read()
    with pytest.raises(WrongDevice):
        driver.read()


@pytest.mark.parametrize("text", ["address=0", "address=16", "address=x"])
def test_addresses_of_the_bus(text: str) -> None:
    with pytest.raises(AddressError):
        jk_pb.check_address(Address.parse(f"jk-pb:/dev/null?{text}"))
    assert jk_pb.check_address(Address.parse("jk-pb:/dev/null")) == 1


def test_the_lengths_of_tags_are_those_of_the_sheet() -> None:
    assert jk_uart.LENGTHS[0x8A] == 2 and jk_uart.LENGTHS[0xAD] == 2 and jk_uart.LENGTHS[0xB7] == 15 and 0x8D not in jk_uart.LENGTHS
