"""The JBD driver against the family's checked exchanges: every byte it sends, and what it makes of good and bad answers."""

from __future__ import annotations

from typing import Any

import pytest
from told_line import ToldLine, agrees, frames, row

from drivers.bms.jbd import BASIC, CELLS, LIMITS, NAME, JbdBms, whole
from drivers.clock import VirtualClock
from drivers.roles import GarbledAnswer, NoAnswer, Refused, WrongDevice

ROWS = frames("jbd")
BY_REGISTER = {"0x03": BASIC, "0x04": CELLS, "0x05": NAME, "0xFA": LIMITS}


def dd(register: int, data: bytes, status: int = 0) -> bytes:
    body = bytes((status, len(data))) + data
    return bytes((0xDD, register)) + body + (-sum(body) & 0xFFFF).to_bytes(2, "big") + b"\x77"


def basic(cells: int, pack_v: float, **bits: int) -> bytes:
    data = bytearray(23)
    data[:2] = round(100 * pack_v).to_bytes(2, "big")
    data[16:18] = bits.get("protection", 0).to_bytes(2, "big")
    data[18], data[20], data[21] = 0x21, bits.get("switches", 3), cells
    return dd(3, bytes(data))


def cells_of(*millivolts: int) -> bytes:
    return dd(4, b"".join(one.to_bytes(2, "big") for one in millivolts))


def board(**answers: Any) -> tuple[JbdBms, ToldLine]:
    """`basic`, `cells`, `name`, `limits`: the answers to these four; a board of four cells without the last two else."""
    line = ToldLine(
        {
            BASIC: answers.get("basic", basic(4, 13.2)),
            CELLS: answers.get("cells", cells_of(3300, 3300, 3300, 3300)),
            NAME: answers.get("name", dd(5, b"", 0x80)),
            LIMITS: answers.get("limits", dd(0xFA, b"", 0x80)),
        }
    )
    return JbdBms(line, address="jbd:told", clock=VirtualClock()), line


def answered(register: str, kind: str = "ok") -> list[dict[str, Any]]:
    return [one for one in ROWS if one["expect"] == kind and one["response"] and one["meaning"].get("register") == register]


@pytest.mark.parametrize("one", answered("0x03"), ids=lambda one: one["id"])
def test_known_basic_data(one: dict[str, Any]) -> None:
    meaning = one["meaning"]
    count = meaning["cell_count"]
    driver, line = board(basic=one["response"], cells=cells_of(*[round(1000 * meaning["pack_voltage_v"] / count)] * count))
    profile, reading = driver.identify(), driver.read()
    assert line.sent[0] == one["request"] and set(line.sent) == {BASIC, CELLS, NAME, LIMITS}
    assert (profile.cell_count, profile.firmware) == (count, meaning["software_version"])
    assert agrees(reading, meaning, without=("temperatures_c",)) == []
    assert list(reading.temperatures_c) == [None if celsius == -30.0 else celsius for celsius in meaning["temperatures_c"]]


@pytest.mark.parametrize("one", [*answered("0x04"), *answered("0x04", "ok_after_resync")], ids=lambda one: one["id"])
def test_known_cells(one: dict[str, Any]) -> None:
    volts = one["meaning"]["cell_voltages_v"]
    driver, line = board(basic=basic(len(volts), sum(volts)), cells=one["response"])
    assert agrees(driver.read(), one["meaning"]) == []
    assert one["request"] in line.sent


def test_a_tap_without_volts_keeps_its_place() -> None:
    driver, _ = board(basic=basic(16, 0.0), cells=row("jbd", "jbd-04-floating-cell")["response"])
    cells = driver.read().cell_voltages_v
    assert len(cells) == 16 and cells[15] is None and cells[14] == 3.6


def test_known_name_and_limit() -> None:
    name, limit = row("jbd", "jbd-05-sp04s034"), row("jbd", "jbd-fa-read-covp-reply")
    driver, line = board(name=name["response"], limits=limit["response"])
    assert driver.identify().model == name["meaning"]["hardware_name"]
    reading = driver.read()
    assert agrees(reading, limit["meaning"]) == []
    assert {name["request"], limit["request"]} <= set(line.sent)
    driver.read()
    assert line.sent.count(LIMITS) == 1  # settings once, at the identification
    driver.identify()
    assert line.sent.count(LIMITS) == 2


@pytest.mark.parametrize(
    "limits",
    [b"", dd(0xFA, b"", 0x80), dd(0xFA, bytes.fromhex("00150200000000")), dd(0xFA, bytes.fromhex("00140200000000"))],
    ids=bytes.hex,
)
def test_a_limit_that_is_not_told_is_unknown(limits: bytes) -> None:
    driver, _ = board(limits=limits)
    reading = driver.read()
    assert reading.cell_overvoltage_protection_v is None and reading.cell_overvoltage_release_v is None
    assert reading.cell_voltages_v == (3.3, 3.3, 3.3, 3.3)


@pytest.mark.parametrize("one", [one for one in ROWS if one["expect"] == "reject"], ids=lambda one: one["id"])
def test_rejected_answers_give_no_value(one: dict[str, Any]) -> None:
    driver, _ = board(cells=one["response"])
    with pytest.raises(GarbledAnswer):
        driver.read()


def test_every_answer_in_the_sheet_has_the_envelope() -> None:
    for one in ROWS:
        assert bool(one["response"] and whole(one["response"])) is (one["expect"] == "ok" and bool(one["response"])), one["id"]


WRITES = [one["request"] for one in ROWS if one["request"][1] == 0x5A or one["request"][2] in (0x24, 0xAA) or one["id"] == "jbd-fa-vendor"]


@pytest.mark.parametrize("request_bytes", [*WRITES, BASIC[:-1], BASIC + b"\0", bytes.fromhex("DD5AE1020003FF1A77")], ids=bytes.hex)
def test_nothing_but_the_four_questions_can_leave(request_bytes: bytes) -> None:
    driver, line = board()
    with pytest.raises(Refused, match="nothing was sent"):
        driver.ask("try", request_bytes, lambda raw: [raw])
    assert line.sent == []


def test_a_sleeping_board_is_woken() -> None:
    driver, line = board(basic=[b"", basic(4, 13.2)])
    driver.identify()
    assert line.sent[:2] == [BASIC, BASIC]


def test_a_board_that_declines_its_cells_says_so() -> None:
    driver, _ = board(cells=dd(4, b"", 0x83))
    with pytest.raises(Refused, match="password"):
        driver.read()


def test_cells_that_do_not_agree_with_the_pack_or_the_count_are_none() -> None:
    driver, _ = board(cells=cells_of(3300, 3300, 3300, 3000))
    with pytest.raises(GarbledAnswer, match=r"add up to 12\.90 V, and the board says 13\.20 V"):
        driver.read()
    driver, _ = board(cells=cells_of(4400, 4400, 4400))
    with pytest.raises(GarbledAnswer, match="3 cells came where the board has 4"):
        driver.read()
    driver, _ = board(cells=[cells_of(3300, 3300, 3300, 3000), cells_of(3300, 3310, 3300, 3300)])  # the pack moved between two answers
    assert driver.read().cell_voltages_v[1] == 3.31


def test_too_few_bytes_for_the_sensors_are_no_basic_data() -> None:
    data = bytearray(23)
    data[21:23] = 4, 3
    driver, _ = board(basic=dd(3, bytes(data)))
    with pytest.raises(GarbledAnswer, match="too few"):
        driver.identify()


def test_an_echo_of_the_request_is_passed_over() -> None:
    driver, _ = board(basic=BASIC + basic(4, 13.2), cells=CELLS + cells_of(3300, 3300, 3300, 3301))
    assert driver.read().cell_voltages_v[3] == 3.301


def test_another_family_or_nobody_on_the_port() -> None:
    driver, _ = board(basic=b"OWON,XDM1041,23100001,V4.3.0,3\n")
    with pytest.raises(WrongDevice, match="no JBD board"):
        driver.identify()
    driver, _ = board(basic=b"")
    with pytest.raises(NoAnswer):
        driver.identify()


def test_another_board_after_the_line_was_lost() -> None:
    driver, line = board(name=dd(5, b"first"))
    driver.identify()
    line.tell({BASIC: [None, basic(4, 13.2)], NAME: dd(5, b"second")})
    with pytest.raises(Exception, match="line is gone"):
        driver.read()
    with pytest.raises(WrongDevice, match=r"another board answers now \(second"):
        driver.read()
    line.tell({NAME: dd(5, b"first")})
    assert driver.read().pack_voltage_v == 13.2


def test_an_unknown_protection_bit_is_not_hidden() -> None:
    driver, _ = board(basic=basic(4, 13.2, protection=0x8001, switches=2))
    reading = driver.read()
    assert reading.protection == ("cell_overvoltage", "unknown_bit_15")
    assert reading.charge_cut_by_cell_overvoltage is True and reading.discharge_fet_on is True
