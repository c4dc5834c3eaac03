"""The ES51922 driver: known packets with and without parity, two that agree before a value counts, keys that make it unusable, noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_text_line import FedLine

from drivers import catalog
from drivers.address import AddressError
from drivers.clock import VirtualClock
from drivers.meters.es51922 import Es51922, decode
from drivers.roles import GarbledAnswer, LostLine, NoAnswer, WrongDevice
from tests.wire.mutations import spoilt

ROWS = {row["id"]: row for row in json.loads(Path(__file__).with_name("frames").joinpath("es51922.json").read_text(encoding="utf-8"))}
NAMES = {"low_battery": "low battery", "auto_range": "auto range", "relative": "REL", "shows_max": "MAX", "hold": "hold"}


def packet(name: str) -> bytes:
    return bytes.fromhex(ROWS[name]["response_hex"])


CELL, CELL_8N1, ZERO = packet("ut61e-cell-3v412"), packet("ut61e-cell-3v412-8n1"), packet("ut61e-dc-auto-zero")


def a_meter(options: str = "", *, in_memory: bool = True) -> tuple[Es51922, FedLine, VirtualClock]:
    line, clock = FedLine(), VirtualClock()
    place = "memory" if in_memory else "fed"
    meter = catalog.open_meter(f"es51922:{place}{options}", clock=clock, line_factory=lambda _: line)
    assert isinstance(meter, Es51922)
    meter._in_memory = in_memory
    return meter, line, clock


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row["id"])
def test_known_packets(row: dict) -> None:
    meaning, found = row["meaning"], decode(bytes.fromhex(row["response_hex"]))
    assert found is not None
    assert found.is_dc_volts is meaning["usable_dc_voltage"] is (row["expect"] == "ok")
    assert set(found.flags) == {NAMES[flag] for flag in meaning["flags"] if flag in NAMES}
    assert (found.function == "volts") is (meaning["function"] == "voltage")
    if found.is_dc_volts:
        assert found.value == pytest.approx(meaning["voltage_v"])
        assert found.resolution == pytest.approx(meaning["resolution_v"])
    else:
        assert found.status in ("wrong_function", "not_dc", "overload") and found.why


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row["id"])
def test_known_packets_as_readings(row: dict) -> None:
    meter, line, _ = a_meter()
    line.data = bytes.fromhex(row["response_hex"]) * 2
    reading = meter.read()
    usable = row["expect"] == "ok" and not {"REL", "MAX"} & set(reading.flags) and row["meaning"]["voltage_v"] >= 0
    assert reading.channels_v == {"1": pytest.approx(row["meaning"]["voltage_v"]) if usable else None}
    assert usable or reading.text
    assert (reading.status == "ok") is (row["expect"] == "ok")


def test_the_operator_is_told_which_key_ends_what_makes_the_volts_unusable() -> None:
    for name, words in (
        ("ut61e-relative", "REL key"),
        ("ut61e-dc-max-hold-mode", "MAX/MIN key"),
        ("ut61e-dc-negative-mv", "right way round"),
    ):
        meter, line, _ = a_meter()
        line.data = packet(name) * 2
        assert words in meter.read().text


@pytest.mark.parametrize("sent", [CELL, CELL_8N1], ids=["7O1", "8N1"])
def test_two_packets_that_agree_come_before_the_first_value(sent: bytes) -> None:
    meter, line, clock = a_meter()
    assert meter.read().status == "no_answer"
    line.data = sent[5:] + sent  # it was switched on in the middle of one
    assert meter.read().status == "stale"
    clock.advance(0.5)
    line.data = sent
    reading = meter.read()
    assert (reading.status, reading.channels_v, reading.resolution_v, reading.time_s) == ("ok", {"1": 3.412}, 0.001, 0.5)


def test_a_change_of_range_costs_one_packet_and_so_does_a_spoilt_one() -> None:
    meter, line, clock = a_meter()
    for sent, status in (
        (CELL, "stale"),
        (CELL, "ok"),
        (ZERO, "stale"),
        (ZERO, "ok"),
        (CELL[:9] + b"\r\n", "stale"),
        (CELL, "stale"),
        (CELL, "ok"),
    ):
        clock.advance(0.5)
        line.data = sent
        assert meter.read().status == status
    assert meter.read().channels_v == {"1": 3.412}


def test_low_battery_auto_range_and_hold_are_told_and_are_no_reason_to_refuse() -> None:
    meter, line, _ = a_meter()
    line.data = (CELL[:7] + b"\x32" + CELL[8:11] + b"\x32\r\n") * 2
    reading = meter.read()
    assert (reading.channels_v, set(reading.flags)) == ({"1": 3.412}, {"low battery", "auto range", "hold"})


def test_parity_that_does_not_hold_is_no_packet() -> None:
    assert decode(CELL_8N1) is not None
    for index in range(len(CELL_8N1)):
        for bit in range(8):
            assert decode(CELL_8N1[:index] + bytes((CELL_8N1[index] ^ 1 << bit,)) + CELL_8N1[index + 1 :]) is None


def test_silence_makes_it_stale_and_two_packets_bring_it_back() -> None:
    meter, line, clock = a_meter()
    for _ in range(4):
        clock.advance(0.5)
        line.data = CELL
        meter.read()
    statuses = []
    for _ in range(8):
        clock.advance(0.5)
        statuses.append(meter.read().status)
    assert statuses[0] == "ok" and statuses[-1] == "stale" and meter.read().channels_v == {"1": None}
    for status in ("stale", "ok"):
        clock.advance(0.5)
        line.data = CELL
        assert meter.read().status == status


def test_a_lost_line_begins_anew() -> None:
    meter, line, _ = a_meter()
    line.data = CELL * 2
    assert meter.read().status == "ok"
    line.lost = True
    with pytest.raises(LostLine):
        meter.read()
    line.lost = False
    assert meter.read().status == "no_answer"
    line.data = CELL
    assert meter.read().status == "stale"


def test_who_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    meter, line, _ = a_meter("?cell=B2", in_memory=False)
    line.data = CELL * 2
    profile = meter.identify()
    assert (profile.family, profile.point, profile.cell, line.written) == ("es51922", "cell", "B2", b"")
    monkeypatch.setattr("drivers.meters.streaming.START_UP_S", 0.0)
    meter, line, _ = a_meter(in_memory=False)
    with pytest.raises(NoAnswer, match="nothing arrived"):
        meter.identify()
    line.data = b"V1=3.412\r\n" * 3
    with pytest.raises(GarbledAnswer, match="no packet") as caught:
        meter.identify()
    assert "frame=8N1" in caught.value.check
    monkeypatch.setattr("drivers.proof.DEADLINE_S", 0.0)
    meter, line, _ = a_meter("?speed=60", in_memory=False)
    with pytest.raises(WrongDevice, match="scaled time"):
        meter.identify()
    meter, line, _ = a_meter("?speed=60")
    line.answers[b"token?\n"] = b"# topbal!!\n"
    assert meter.identify().emulated


def test_options() -> None:
    for options in ("?point=cells", "?point=cell", "?frame=6N1", "?channels=1"):
        with pytest.raises(AddressError):
            catalog.open_meter(f"es51922:/dev/tty-not-here{options}", clock=VirtualClock())


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40), st.sampled_from([CELL, CELL_8N1, *map(bytes.fromhex, (r["response_hex"] for r in ROWS.values()))])
        ),
        max_size=10,
    )
)
def test_no_noise_is_a_reading_unless_two_packets_hold(pieces: list[bytes]) -> None:
    meter, line, clock = a_meter()
    for piece in pieces:
        line.data = piece
        clock.advance(0.5)
        reading = meter.read()
        if reading.channels_v.get("1") is not None:
            heard = b"".join(pieces)
            assert sum(heard.count(end) for end in (b"\r\n", b"\r\x8a")) >= 2


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_no_spoilt_packet_is_one_unless_its_form_holds(draw) -> None:
    raw = spoilt(CELL, [packet("ut61e-low-battery"), ZERO], draw)
    if decode(raw) is not None:
        plain = bytes(byte & 0x7F for byte in raw)
        assert len(plain) == 14 and plain.endswith(b"\r\n") and all(byte >> 4 == 3 for byte in plain[:12]) and plain[1:6].isdigit()
