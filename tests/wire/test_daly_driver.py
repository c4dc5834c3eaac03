"""The Daly driver against the family's checked exchanges, in A5 frames and in Modbus."""

from __future__ import annotations

from typing import Any

import pytest
from told_line import ToldLine, agrees, frames, row

from drivers import modbus
from drivers.address import Address, AddressError
from drivers.bms import daly
from drivers.bms.daly import DalyBms, ask_frame
from drivers.bms.daly_faults import NAMES
from drivers.bms.daly_modbus import LIMIT, STATUS
from drivers.clock import VirtualClock
from drivers.roles import BmsReading, GarbledAnswer, NoAnswer, Refused, WrongDevice

ROWS = frames("daly")
SET = {  # a board of sixteen cells, by command; from one capture, as far as it goes
    0x90: bytes.fromhex("A501900802"),
    0x93: row("daly", "daly-93-set")["response"],
    0x94: row("daly", "daly-94-set")["response"],
    0x95: row("daly", "daly-95-6frames")["response"],
    0x96: row("daly", "daly-96-set")["response"],
    0x97: row("daly", "daly-97-set")["response"],
    0x98: row("daly", "daly-98-soc-low")["response"],
}


def a5(command: int, data: bytes) -> bytes:
    body = bytes((0xA5, 1, command, 8)) + data.ljust(8, b"\0")
    return body + bytes((sum(body) & 0xFF,))


SET[0x90] = a5(0x90, bytes.fromhex("020C00007530030E"))  # 52.4 V, no current


def board(answers: dict[int, Any] | None = None, *, to: int = 0x40, invert: str = "") -> tuple[DalyBms, ToldLine]:
    line = ToldLine({ask_frame(to, command): answer for command, answer in {**SET, **(answers or {})}.items()})
    return DalyBms(line, 1, invert, address="daly:told", clock=VirtualClock()), line


def reading_of(answers: dict[int, Any], invert: str = "") -> BmsReading:
    return board(answers, invert=invert)[0].read()


def known(command: int) -> list[dict[str, Any]]:
    return [one for one in ROWS if one["response"] and one["expect"] == "ok" and one["request"][2] == command]


def cells(*millivolts: int) -> bytes:
    shown = [*millivolts, 0, 0]
    parts = [b"".join(one.to_bytes(2, "big") for one in shown[at : at + 3]) for at in range(0, len(millivolts), 3)]
    return b"".join(a5(0x95, bytes((number,)) + part) for number, part in enumerate(parts, 1))


def of_pack(volts: float, count: int) -> dict[int, bytes]:
    return {0x94: a5(0x94, bytes((count, 1))), 0x95: cells(*[round(1000 * volts / count)] * count)}


@pytest.mark.parametrize("one", known(0x90), ids=lambda one: one["id"])
def test_known_volts_charge_and_current(one: dict[str, Any]) -> None:
    meaning = one["meaning"]
    for state, sign in ((1, 1), (2, -1)):
        reading = reading_of({0x90: one["response"], 0x93: a5(0x93, bytes((state, 1, 1))), **of_pack(meaning["pack_voltage_v"], 16)})
        assert agrees(reading, meaning) == []
        assert reading.current_a == sign * meaning["current_offset_a"]
    idle = {0x90: one["response"], 0x93: a5(0x93, b"\0\1\1"), **of_pack(meaning["pack_voltage_v"], 16)}
    assert reading_of(idle).current_a is None  # amperes without a direction
    assert reading_of(idle, "no").current_a == meaning["current_offset_a"]
    assert reading_of(idle, "yes").current_a == -meaning["current_offset_a"]


def test_no_current_needs_no_direction() -> None:
    for invert in ("", "yes", "no"):
        assert str(reading_of({0x93: a5(0x93, b"\0\1\1")}, invert).current_a) == "0.0"


@pytest.mark.parametrize("one", known(0x93), ids=lambda one: one["id"])
def test_known_states(one: dict[str, Any]) -> None:
    reading = reading_of({0x93: one["response"]})
    assert agrees(reading, one["meaning"]) == []
    assert reading.remaining_ah == one["meaning"]["remaining_mah"] / 1000


@pytest.mark.parametrize("one", known(0x94), ids=lambda one: one["id"])
def test_known_counts(one: dict[str, Any]) -> None:
    driver, _ = board({0x94: one["response"]})
    assert driver.identify().cell_count == one["meaning"]["cell_count"]
    reading = driver.read()
    assert reading.cycles == one["meaning"]["cycles"] and len(reading.temperatures_c) == one["meaning"]["temperature_count"]


@pytest.mark.parametrize("one", known(0x95), ids=lambda one: one["id"])
def test_known_cells(one: dict[str, Any]) -> None:
    volts = one["meaning"]["cell_voltages_v"]
    counts = a5(0x94, bytes((len(volts), 1)))
    pack = round(10 * sum(volts)).to_bytes(2, "big")
    reading = reading_of({0x95: one["response"], 0x94: counts, 0x90: a5(0x90, pack + bytes.fromhex("00007530030E"))})
    assert agrees(reading, one["meaning"]) == []  # an open tap, 5.000 V, keeps its place


@pytest.mark.parametrize("one", known(0x96), ids=lambda one: one["id"])
def test_known_temperatures(one: dict[str, Any]) -> None:
    assert agrees(reading_of({0x96: one["response"]}), one["meaning"]) == []


@pytest.mark.parametrize("one", known(0x97), ids=lambda one: one["id"])
def test_known_balancing(one: dict[str, Any]) -> None:
    reading = reading_of({0x97: one["response"]})
    assert reading.balancing is one["meaning"]["any_cell_balancing"] and reading.balancing_cells == ()


def test_known_faults() -> None:
    low, high, cut = (row("daly", f"daly-{name}")["response"] for name in ("98-soc-low", "98-cell-high", "93-charge-cut"))
    assert reading_of({0x98: low}).protection == ("soc_low",)
    reading = reading_of({0x98: high, 0x93: cut})
    assert reading.protection == ("cell_overvoltage",) and reading.charge_cut_by_cell_overvoltage is True
    assert reading_of({0x98: a5(0x98, b"\x01")}).protection == ()  # a warning
    assert reading_of({0x98: a5(0x98, b"\0\0\0\0\0\0\x14\xff")}).protection == ("short_circuit", "unknown_bit_52")
    assert len(NAMES) == 52 and NAMES[8:16:2] == ("",) * 4


def test_known_capacity_and_limit() -> None:
    driver, line = board({0x50: row("daly", "daly-50")["response"], 0x59: row("daly", "daly-59")["response"]})
    reading = driver.read()
    assert reading.nominal_ah == 210.0 and reading.cell_overvoltage_protection_v == 3.7  # the level that cuts
    driver, line = board()
    reading = driver.read()
    assert reading.nominal_ah is None and reading.cell_overvoltage_protection_v is None
    assert line.sent.count(ask_frame(0x40, 0x59)) == 1  # not on every board, so asked for once


def test_rejected_answers_and_sets_with_a_gap() -> None:
    bad = row("daly", "daly-reject-sum")["response"]
    whole = SET[0x95]
    others = [whole[: 13 * 3] + whole[13 * 4 :], whole[13:] + whole[:13], whole[: -13 - 1], b"", a5(0x95, b"\x02") * 6]
    for answers in ({0x90: bad}, *({0x95: one} for one in others)):
        with pytest.raises((GarbledAnswer, NoAnswer)):
            reading_of(answers)
    assert reading_of({0x95: b"\xa5\x01" + whole}).cell_voltages_v[0] == 3.278  # noise that looks like a header
    assert reading_of({0x95: whole + whole}).cell_voltages_v[15] == 3.277


REQUESTS = [one for one in ROWS if one["id"].startswith("daly-req-")]


@pytest.mark.parametrize("one", REQUESTS, ids=lambda one: one["id"])
def test_known_requests(one: dict[str, Any]) -> None:
    command = one["request"][2]
    assert ask_frame(0x40, command) == one["request"]
    assert board()[0]._harmless(one["request"]) is (command not in (0x91, 0x92, 0x5A))  # those are never asked


def test_nothing_but_the_questions_can_leave() -> None:
    driver, line = board()
    on = bytearray(ask_frame(0x40, 0x90))
    on[4], on[12] = 1, on[12] + 1
    switch_off = bytes.fromhex("A540D90800000000000000 00C6")
    for request in (bytes(on), switch_off, ask_frame(0x41, 0x90), ask_frame(0x40, 0x00), modbus.write_request(0xD2, 0x8C, 3650), b""):
        with pytest.raises(Refused):
            driver.ask("try", request, lambda raw: [raw])
    assert line.sent == []


def test_a_board_that_answers_its_bluetooth_side_only() -> None:
    driver, line = board(to=0x80)
    assert driver.identify().cell_count == 16
    assert line.sent[0] == ask_frame(0x40, 0x94)
    line.sent.clear()
    driver.read()
    assert {request[1] for request in line.sent} == {0x80}


# --- Modbus ---


def test_a_board_that_is_silent_to_a5_is_asked_in_modbus() -> None:
    one = row("daly-modbus", "daly-d2-status-62")
    limit = modbus.read_reply(modbus.Request(0xD2, 3, 0x8C, 1), (3650,))
    line = ToldLine({STATUS: one["response"], LIMIT: limit})
    assert one["request"] == STATUS
    driver = DalyBms(line, address="daly:told", clock=VirtualClock())
    assert driver.identify().cell_count == 8
    line.sent.clear()
    reading = driver.read()
    assert line.sent == [STATUS]
    assert agrees(reading, one["meaning"]) == []
    assert (reading.cell_overvoltage_protection_v, reading.protection, reading.temperatures_c) == (3.65, (), (21.0,))
    line.tell({STATUS: [b"", b"", b"", *[one["response"]] * 2]})
    with pytest.raises(NoAnswer):
        driver.read()
    line.sent.clear()
    assert driver.read().pack_voltage_v == 27.1  # found once, it is asked in Modbus alone
    assert not any(request[:1] == b"\xa5" for request in line.sent)


def test_modbus_faults_and_direction() -> None:
    words = list(modbus.parse_read_reply(row("daly-modbus", "daly-d2-status-62")["response"], 0xD2, 62, device="", request=""))
    words[0x3A], words[0x35], words[0x29] = 0x0302, 0, 30054
    line = ToldLine({STATUS: modbus.read_reply(modbus.Request(0xD2, 3, 0, 62), words)})
    reading = DalyBms(line, address="daly:told", clock=VirtualClock()).read()
    assert reading.protection == ("cell_overvoltage", "charge_overtemperature")
    assert (reading.charge_cut_by_cell_overvoltage, reading.current_a, reading.cell_overvoltage_protection_v) == (True, 5.4, None)
    assert DalyBms(line, 1, "yes", address="daly:told", clock=VirtualClock()).read().current_a == -5.4


def test_boards_that_answer_as_51_are_not_spoken_to() -> None:
    rows = [one for one in frames("daly-modbus") if one["id"].startswith("daly-p81")]
    assert rows and not any(board()[0]._harmless(one["request"]) for one in rows)
    with pytest.raises(WrongDevice):
        DalyBms(ToldLine({ask_frame(0x40, 0x94): rows[0]["response"]}), address="daly:told", clock=VirtualClock()).identify()


@pytest.mark.parametrize("text", ["address=0", "address=17", "invert=maybe", "invert=1"])
def test_options(text: str) -> None:
    with pytest.raises(AddressError):
        daly.check_address(Address.parse(f"daly:/dev/null?{text}"))
    assert daly.check_address(Address.parse("daly:/dev/null?address=2&invert=no")) == (2, "no")
