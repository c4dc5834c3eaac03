"""The Seplos V2 driver against its checked exchange, and against alarms laid out as the sheet says."""

from __future__ import annotations

import pytest
from told_line import ToldLine, agrees, row

from drivers.bms.seplos_v2 import ALARMS, STATUS, SeplosV2Bms, framed, shape, whole
from drivers.clock import VirtualClock
from drivers.roles import GarbledAnswer, NoAnswer, Refused, WrongDevice

ONE = row("seplos-v2", "seplos-v2-42-16s")
ASK_STATUS, ASK_ALARMS = ONE["request"], framed(0, ALARMS, b"\0")
INFO = bytes.fromhex(ONE["response"][13:-5].decode())


def alarms(voltages: int = 0, temperatures: int = 0, switches: int = 3, cells: int = 16, sensors: int = 6) -> bytes:
    events = bytes((0, voltages, temperatures, 0, 0, 0, switches)) + bytes(13)
    info = bytes((0, 2, cells)) + bytes(cells) + bytes((sensors,)) + bytes(sensors) + bytes(2) + bytes((len(events),)) + events
    if (cells, sensors) == (16, 6):
        assert (info[30], info[35]) == (voltages, switches)  # where the sheet has them, counted from the flag
    return framed(0, 0, info)


def board(status: object = ONE["response"], alarm: object = None, **more: object) -> tuple[SeplosV2Bms, ToldLine]:
    line = ToldLine({ASK_STATUS: status, ASK_ALARMS: alarms() if alarm is None else alarm})  # type: ignore[dict-item]
    return SeplosV2Bms(line, address="seplos-v2:told", clock=VirtualClock()), line


def test_known_status() -> None:
    driver, line = board()
    assert driver.identify().cell_count == 16
    reading = driver.read()
    assert set(line.sent) == {ASK_STATUS, ASK_ALARMS} and line.sent[0] == ONE["request"]
    assert agrees(reading, ONE["meaning"]) == []
    assert reading.nominal_ah == ONE["meaning"]["rated_ah"]
    assert (reading.protection, reading.charge_fet_on, reading.discharge_fet_on) == ((), True, True)


def test_a_cut_and_other_reasons() -> None:
    reading = board(alarm=alarms(0x03, 0, 1))[0].read()
    assert reading.charge_cut_by_cell_overvoltage is True and reading.protection == ("cell_overvoltage",)
    reading = board(alarm=alarms(0x55, 0x02, 1))[0].read()  # warnings, and a temperature that cuts
    assert reading.charge_cut_by_cell_overvoltage is False and reading.protection == ("charge_overtemperature",)


def test_a_board_without_alarms_tells_cells_and_no_switches() -> None:
    driver, line = board(alarm=b"")
    reading = driver.read()
    assert reading.cell_voltages_v[2] == 3.316
    assert reading.protection is None and reading.charge_fet_on is None and reading.charge_cut_by_cell_overvoltage is None
    line.sent.clear()
    driver.read()
    assert line.sent == [ASK_STATUS]


def test_a_board_that_counts_its_packs_from_one() -> None:
    line = ToldLine({framed(0, STATUS, b"\1"): ONE["response"], framed(0, ALARMS, b"\1"): alarms()})
    assert framed(0, STATUS, b"\1") == b"~20004642E00201FD36\r"
    assert SeplosV2Bms(line, address="seplos-v2:told", clock=VirtualClock()).read().pack_voltage_v == 52.8
    declined = ToldLine({ASK_STATUS: framed(0, 5, b""), framed(0, STATUS, b"\1"): ONE["response"]})
    assert SeplosV2Bms(declined, address="seplos-v2:told", clock=VirtualClock()).identify().cell_count == 16


def test_what_is_declined_is_told() -> None:
    driver, line = board(status=framed(0, 2, b""))
    line.tell({framed(0, STATUS, b"\1"): framed(0, 2, b"")})
    with pytest.raises(Refused, match="wrong checksum"):
        driver.identify()


def damaged(text: bytes) -> list[bytes]:
    return [
        text[:20] + b"8" + text[21:],
        text[:-5] + b"DC6D\r",
        text[:-1],
        text[:9] + b"2" + text[10:],
        text.replace(b"~", b""),
        text[:40] + b"\xc7" + text[41:],
    ]


@pytest.mark.parametrize("answer", damaged(ONE["response"]))
def test_damaged_answers_give_no_value(answer: bytes) -> None:
    assert not whole(answer)
    driver, line = board()
    driver.identify()
    line.tell({ASK_STATUS: answer})
    with pytest.raises(GarbledAnswer):
        driver.read()


def test_noise_echo_and_another_address() -> None:
    assert board(status=b"~2000" + ONE["response"])[0].read().soc_pct == 78.7
    assert board(status=ASK_STATUS + ONE["response"])[0].read().soc_pct == 78.7
    assert board(status=b"~" + ASK_STATUS + ONE["response"])[0].read().soc_pct == 78.7
    driver, line = board()
    driver.identify()
    line.tell({ASK_STATUS: framed(1, 0, INFO)})
    with pytest.raises(GarbledAnswer):
        driver.read()


def test_an_answer_to_the_other_question_is_none_to_this_one() -> None:
    """No answer names its command."""
    assert shape(INFO) == STATUS
    driver, line = board()
    driver.identify()
    line.tell({ASK_STATUS: alarms(), ASK_ALARMS: ONE["response"]})
    with pytest.raises(GarbledAnswer):
        driver.read()
    for cells in range(1, 33):
        for sensors in range(8):
            info = bytes.fromhex(alarms(cells=cells, sensors=sensors)[13:-5].decode())
            assert shape(info) == ALARMS


@pytest.mark.parametrize(
    "request_bytes", [framed(0, 0x47, b"\0"), framed(0, 0x49, b"\0"), framed(1, STATUS, b"\0"), framed(0, STATUS, b"\2")]
)
def test_nothing_but_the_two_questions_can_leave(request_bytes: bytes) -> None:
    driver, line = board()
    with pytest.raises(Refused):
        driver.ask("try", request_bytes, lambda raw: [raw])
    assert line.sent == []


def test_nobody_and_strangers() -> None:
    with pytest.raises(NoAnswer):
        board(status=b"")[0].identify()
    with pytest.raises(WrongDevice, match="no Seplos board"):
        board(status=b"$GPGGA,1\r\n")[0].identify()
