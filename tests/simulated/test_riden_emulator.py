"""The Riden emulator byte for byte: the known exchanges of the family, its scales, its protection, its faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from electrical_face import freeze
from hypothesis import given
from hypothesis import strategies as st
from simulated_benches import bench

from drivers.clock import VirtualClock
from drivers.modbus import frame, read_request, write_many_request, write_request
from drivers.simulated.description import parse
from drivers.simulated.riden import RidenEmulator
from drivers.simulated.riden_models import RIDEN_MODELS
from drivers.simulated.world import World

FRAMES = json.loads((Path(__file__).parents[1] / "wire" / "frames" / "riden.json").read_text(encoding="utf-8"))


def emulator(model: str = "RD6012", soc: float = 0.9, lead_mohm: float = 20.0, **details: Any) -> tuple[VirtualClock, RidenEmulator]:
    clock = VirtualClock()
    world = World(bench([soc], lead_mohm=lead_mohm, supply={"model": model}), clock, assembled=True)
    return clock, RidenEmulator(world, model, **details)


def registers(riden: RidenEmulator, first: int, count: int) -> list[int]:
    answer = riden.answer(read_request(1, first, count))
    assert answer[:3] == bytes((1, 3, 2 * count))
    return [int.from_bytes(answer[3 + 2 * k : 5 + 2 * k], "big") for k in range(count)]


def known(**wanted: str) -> dict[str, Any]:
    """The one known exchange with this request (and answer)."""
    found = [f for f in FRAMES if all(f[key] == value for key, value in wanted.items())]
    assert len(found) == 1, wanted
    return found[0]


def exchanged(riden: RidenEmulator, exchange: dict[str, Any]) -> bool:
    return riden.answer(bytes.fromhex(exchange["request_hex"])) == bytes.fromhex(exchange["response_hex"])


@pytest.mark.parametrize("exchange", [f for f in FRAMES if "write" in f["meaning"]], ids=lambda f: f"{f['model']} {f['meaning']['write']}")
def test_known_writes_are_answered_as_by_the_device(exchange: dict[str, Any]) -> None:
    _, riden = emulator(exchange["model"].split()[0])
    meaning = exchange["meaning"]
    assert exchanged(riden, exchange)
    set_voltage_v, set_current_a = riden.world.set_points
    assert set_voltage_v == pytest.approx(meaning.get("v_set_V", 0.0))
    assert set_current_a == pytest.approx(meaning.get("i_set_A", 0.0))


def test_known_identity() -> None:
    _, riden = emulator("RD6018")
    assert exchanged(riden, known(model="RD6018", request_hex="0103000000044409"))


def test_known_whole_poll_of_an_idle_supply() -> None:
    clock = VirtualClock()
    world = World(bench([0.9], supply={"model": "RD6030"}), clock)
    riden = RidenEmulator(world, "RD6030", serial=6477, firmware=147, input_voltage_v=67.96, inside_c=18)
    riden.answer(write_many_request(1, 8, [2400, 300]))
    assert exchanged(riden, known(kind="captured-repaired"))


def test_known_readings_while_charging() -> None:
    clock, riden = emulator("RD6018", lead_mohm=9.0)
    riden.answer(write_many_request(1, 8, [365, 1000]))
    riden.answer(write_request(1, 18, 1))
    clock.advance(60.0)  # the lag has risen by then: 3.33 V in the cell, 0.09 V on the leads
    assert exchanged(riden, known(model="RD6018", request_hex="0103000A0009A5CE"))


def test_known_power_above_what_one_word_holds() -> None:
    _, riden = emulator("RD6030")
    row = known(request_hex="0103000A0004640B")
    meaning = row["meaning"]
    freeze(riden, voltage_v=meaning["v_out_V"], current_a=meaning["i_out_A"], output_on=True)
    assert exchanged(riden, row)


def test_known_protection_levels() -> None:
    _, riden = emulator("RD6024")
    riden.answer(write_many_request(1, 82, [2000, 220]))
    assert exchanged(riden, known(model="RD6024"))
    _, riden = emulator("RD6006")
    riden.answer(write_many_request(1, 80, [500, 3010, 699, 3990]))
    assert exchanged(riden, known(model="RD6006"))


def test_known_battery_voltage_with_the_output_off() -> None:
    _, riden = emulator("RD6018", soc=0.62)
    assert exchanged(riden, known(model="RD6018", request_hex="010300200002C5C1"))


def test_known_trip() -> None:
    clock, riden = emulator("RD6018", soc=0.98)
    riden.answer(write_many_request(1, 8, [450, 1000]))
    riden.answer(write_many_request(1, 82, [375, 1100]))
    riden.answer(write_request(1, 18, 1))
    clock.advance(7200.0)
    assert exchanged(riden, known(model="RD6018", request_hex="010300100003040E"))
    riden.answer(write_request(1, 8, 340))
    riden.answer(write_request(1, 18, 1))
    assert registers(riden, 16, 1) == [0]


def test_known_refusal_and_output_flag() -> None:
    _, riden = emulator("RD6018")
    assert exchanged(riden, known(model="any"))
    assert exchanged(riden, known(model="RD6018", request_hex="010300120001240F"))


@pytest.mark.parametrize("model", RIDEN_MODELS)
def test_every_model_counts_in_its_own_scale(model: str) -> None:
    clock, riden = emulator(model, lead_mohm=20)
    facts = RIDEN_MODELS[model]
    riden.answer(write_request(1, 8, round(3.65 * facts.counts_per_volt)))
    riden.answer(write_request(1, 9, round(5.0 * facts.counts_per_ampere)))
    riden.answer(write_request(1, 18, 1))
    clock.advance(10.0)
    found = registers(riden, 0, 42)
    true_v, true_a, _ = riden.world.supply_terminals()
    assert found[0] == facts.model_id
    assert found[10] == round(true_v * facts.counts_per_volt)
    assert found[11] == 5 * facts.counts_per_ampere
    assert true_a == 5.0
    assert (found[12] << 16 | found[13]) / facts.counts_per_watt == pytest.approx(true_v * 5.0, abs=0.05)
    assert found[14] == 6500
    assert found[15:19] == [1, 0, 1, 1]


def test_range_of_the_rd6012p_changes_the_scale_of_current() -> None:
    _, riden = emulator("RD6012P")
    riden.answer(write_request(1, 9, 5000))
    assert riden.world.set_points[1] == 5.0
    riden.answer(write_request(1, 20, 0))
    assert registers(riden, 9, 1) == [50000]


def test_reversed_battery_reads_nothing_at_the_battery_terminal() -> None:
    _, riden = emulator()
    riden.world.inject("leads-reversed")
    riden.world.hands("leads-on")
    assert registers(riden, 32, 2) == [0, 0]


def test_counters_follow_what_was_delivered() -> None:
    clock, riden = emulator("RD6012")
    riden.answer(write_many_request(1, 8, [365, 1000]))
    riden.answer(write_request(1, 18, 1))
    for _ in range(60):
        clock.advance(60.0)
        found = registers(riden, 38, 4)
    assert (found[0] << 16 | found[1]) / 1000 == pytest.approx(10.0, abs=0.002)
    assert (found[2] << 16 | found[3]) / 1000 == pytest.approx(35.2, abs=0.3)


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (read_request(2, 0, 4), b""),
        (read_request(1, 0, 4)[:-1] + b"\x00", b""),
        (b"", b""),
        (read_request(1, 118, 3), frame(b"\x01\x83\x02")),
        (read_request(1, 0, 0), frame(b"\x01\x83\x02")),
        (write_request(1, 10, 5), frame(b"\x01\x86\x02")),
        (write_request(1, 55, 5), frame(b"\x01\x86\x02")),
        (write_request(1, 8, 7000), frame(b"\x01\x86\x03")),
        (write_request(1, 9, 2000), frame(b"\x01\x86\x03")),
        (write_request(1, 18, 2), frame(b"\x01\x86\x03")),
        (frame(b"\x01\x04\x00\x00\x00\x01"), frame(b"\x01\x84\x01")),
    ],
)
def test_what_the_device_cannot_do_is_declined_or_met_with_silence(request_bytes: bytes, expected: bytes) -> None:
    _, riden = emulator()
    assert riden.answer(request_bytes) == expected
    assert riden.world.set_points == (0.0, 0.0)


def test_a_capped_supply_declines_more_than_its_cap() -> None:
    document = {"supply": {"model": "RD6012", "current_a": 5, "voltage_v": 30}, "cell": [{"capacity_ah": 100, "soc": 0.5}]}
    riden = RidenEmulator(World(parse(document, "x"), VirtualClock()), "RD6012")
    assert riden.answer(write_request(1, 9, 500))[1] == 0x06
    assert riden.answer(write_request(1, 9, 501))[1] == 0x86
    assert riden.answer(write_request(1, 8, 3001))[1] == 0x86


@given(st.binary(max_size=40))
def test_noise_is_never_taken_for_a_command(noise: bytes) -> None:
    _, riden = emulator()
    riden.feed(noise)
    assert riden.world.set_points == (0.0, 0.0)
    assert not riden.world.output_on


def test_requests_are_found_in_pieces_and_one_after_the_other() -> None:
    wall = [0.0]
    _, riden = emulator(wall_s=lambda: wall[0])
    request, many = read_request(1, 0, 1), write_many_request(1, 8, [365, 100])
    expected = riden.answer(request)
    assert riden.feed(request[:3]) == b""
    assert riden.feed(request[3:]) == expected
    assert riden.feed(many + request) == riden.answer(many) + expected
    assert riden.feed(request[:5]) == b""
    wall[0] += 1.0  # the rest of that frame never came
    assert riden.feed(request) == expected


def test_wire_faults() -> None:
    clock, riden = emulator()
    request = read_request(1, 0, 2)
    good = riden.answer(request)
    riden.inject("garbled-crc", number=1)
    garbled = riden.answer(request)
    assert garbled[:-1] == good[:-1]
    assert garbled != good
    assert riden.answer(request) == good

    riden.inject("lost-reply")
    assert riden.answer(write_request(1, 8, 365)) == b""
    assert riden.world.set_points[0] == 3.65  # carried out, only its answer was lost

    riden.inject("silence", at_s=100.0)
    assert riden.answer(request) == good
    clock.advance(100.0)
    assert riden.answer(request) == b""
    riden.undo("silence")
    assert riden.answer(request) == good

    riden.inject("wrong-model", number=60065)
    assert registers(riden, 0, 1) == [60065]
    riden.undo("wrong-model")

    riden.inject("power-up-on")
    assert registers(riden, 68, 1) == [1]
    riden.inject("delayed", number=0.9)
    riden.answer(request)
    assert riden.delay_s == 0.9


def test_panel_faults_and_an_output_that_does_not_switch_off() -> None:
    clock, riden = emulator()
    riden.answer(write_many_request(1, 8, [365, 500]))
    riden.inject("panel-output-on")
    assert registers(riden, 18, 1) == [1]
    riden.inject("panel-set-voltage", at_s=10.0, number=3.8)
    clock.advance(10.0)
    assert registers(riden, 8, 1) == [380]
    riden.inject("output-stuck-on")
    off = write_request(1, 18, 0)
    assert riden.answer(off) == off
    assert registers(riden, 18, 1) == [1]
    riden.undo("output-stuck-on")
    riden.inject("panel-output-off")
    assert registers(riden, 18, 1) == [0]
