"""The Modbus codec against recorded frames, and against frames that a bad line has changed."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import modbus
from drivers.roles import GarbledAnswer, NoAnswer, Refused

FRAMES = json.loads(Path(__file__).with_name("frames").joinpath("riden.json").read_text(encoding="utf-8"))
GOOD = [row for row in FRAMES if "error" not in row["meaning"]]
ASKED = {"device": "riden:test", "request": "a request"}


def crc_bit_by_bit(data: bytes) -> int:
    """The rule as the Modbus text gives it, without a table."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


@pytest.mark.parametrize("row", GOOD, ids=lambda row: f"{row['model']}-{row['request_hex'][:12]}")
def test_recorded_frames_decode_and_are_built_again(row: dict) -> None:
    sent, reply = bytes.fromhex(row["request_hex"]), bytes.fromhex(row["response_hex"])
    assert modbus.check(sent) and modbus.check(reply)
    request = modbus.decode_request(sent)
    assert request is not None
    if request.function == modbus.READ:
        assert modbus.read_request(request.unit, request.register, request.count) == sent
        values = modbus.parse_read_reply(reply, request.unit, request.count, **ASKED)
        assert modbus.read_reply(request, values) == reply
    else:
        build = modbus.write_request if request.function == modbus.WRITE else modbus.write_many_request
        argument = request.values[0] if request.function == modbus.WRITE else request.values
        assert build(request.unit, request.register, argument) == sent
        modbus.parse_write_reply(reply, sent, **ASKED)
        assert modbus.write_reply(request) == reply


def test_a_captured_answer_that_lost_one_byte_is_refused() -> None:
    row = next(row for row in FRAMES if row["kind"] == "captured" and "error" in row["meaning"])
    with pytest.raises(GarbledAnswer, match="88 bytes came where 89 belong"):
        modbus.parse_read_reply(bytes.fromhex(row["response_hex"]), 1, 42, **ASKED)


def test_a_refusal_is_told_with_its_meaning() -> None:
    with pytest.raises(Refused, match=r"code 2: it has no such register"):
        modbus.parse_read_reply(bytes.fromhex("018302C0F1"), 1, 1, **ASKED)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (b"", NoAnswer, "no answer"),
        (b"\x01", GarbledAnswer, "1 byte"),
        (modbus.frame(b"\x02\x03\x02\x00\x01"), GarbledAnswer, "answers another request"),  # another unit
        (modbus.frame(b"\x01\x06\x00\x12\x00\x00"), GarbledAnswer, "answers another request"),  # late echo of a write
        (modbus.frame(b"\x01\x03\x04\x00\x01\x00\x02"), GarbledAnswer, "late answer"),  # of a longer read
        (modbus.frame(b"\x01\x03\x02\x00\x01")[:-1] + b"\x00", GarbledAnswer, "checksum"),
        (b"$GPGGA,123519,4807.038,N", GarbledAnswer, "answers another request"),
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(reply: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        modbus.parse_read_reply(reply, 1, 1, **ASKED)
    assert "riden:test" in str(caught.value) and "a request" in str(caught.value)


def test_an_echo_of_another_value_is_refused() -> None:
    with pytest.raises(GarbledAnswer, match="differs"):
        modbus.parse_write_reply(modbus.write_request(1, 8, 3650), modbus.write_request(1, 8, 365), **ASKED)


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_the_table_agrees_with_the_rule(data: bytes) -> None:
    assert modbus.crc16(data) == crc_bit_by_bit(data)
    assert modbus.check(modbus.frame(data + b"..")) is True


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=42), st.data())
def test_a_changed_answer_is_never_accepted_against_its_crc(values: list[int], data: st.DataObject) -> None:
    count = len(values)
    request = modbus.decode_request(modbus.read_request(1, 0, count))
    assert request is not None
    good = bytearray(modbus.read_reply(request, values))
    change = data.draw(st.sampled_from(("bits", "drop", "insert", "swap")))
    place = data.draw(st.integers(0, len(good) - 2))
    if change == "bits":  # a burst of up to 16 bits: this CRC sees every one of them
        burst = data.draw(st.integers(1, 0xFFFF))
        good[place] ^= burst >> 8
        good[place + 1] ^= burst & 0xFF
    elif change == "drop":
        del good[place]
    elif change == "insert":
        good.insert(place, data.draw(st.integers(0, 255)))
    else:
        good[place], good[place + 1] = good[place + 1], good[place]
    answer = bytes(good)[: modbus.read_reply_length(count)]
    try:
        accepted = modbus.parse_read_reply(answer, 1, count, **ASKED)
    except (GarbledAnswer, NoAnswer, Refused):
        return
    assert crc_bit_by_bit(answer) == 0 and accepted == tuple(values)


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=64))
def test_an_emulator_is_not_upset_by_noise(data: bytes) -> None:
    request = modbus.decode_request(data)
    assert request is None or crc_bit_by_bit(data) == 0
