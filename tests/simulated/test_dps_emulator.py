"""The DPS emulator byte for byte: the known exchanges, its register map, its groups, its protection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from electrical_face import emulator, freeze, world
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus import frame, read_request, write_many_request, write_request
from drivers.simulated.dps import DPS_MODELS, DpsEmulator
from drivers.simulated.families import EMULATED

ROWS = json.loads((Path(__file__).parents[1] / "wire" / "frames" / "dps.json").read_text(encoding="utf-8"))


def registers(dps: Any, first: int, count: int) -> list[int]:
    answer = dps.answer(read_request(1, first, count))
    assert answer[:3] == bytes((1, 3, 2 * count)), answer.hex(" ")
    return [int.from_bytes(answer[3 + 2 * k : 5 + 2 * k], "big") for k in range(count)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']}-{row['request_hex'][4:12]}-{row['response_hex'][-4:]}")
def test_every_known_exchange(row: dict[str, Any]) -> None:
    """What the row says is what the physics shows; what it writes is what the physics is set to."""
    dps, meaning = emulator("dps", row["model"]), row["meaning"]
    if "write" not in meaning:
        tripped = "" if meaning.get("protection", "none") == "none" else meaning["protection"]
        current_a = meaning.get("i_out_A", 0.0)
        state = {"set_voltage_v": meaning.get("v_set_V", 0.0), "set_current_a": meaning.get("i_set_A", 0.0), "tripped": tripped}
        on = meaning.get("output_on", bool(current_a))
        freeze(dps, voltage_v=meaning.get("v_out_V", 0.0), current_a=current_a, output_on=on, mode=meaning.get("mode", "CV"), **state)
    assert dps.answer(bytes.fromhex(row["request_hex"])) == bytes.fromhex(row["response_hex"])
    if "v_set_V" in meaning:
        assert dps.world.supply_state()[3:5] == (meaning["v_set_V"], meaning["i_set_A"])
    if "ovp_V" in meaning:
        assert (dps.over_voltage_v, registers(dps, 0x52, 1)) == (meaning["ovp_V"], [375])
    if "key_lock" in meaning:
        assert registers(dps, 6, 1) == [int(meaning["key_lock"])]


@pytest.mark.parametrize("model", EMULATED["dps"].models)
def test_every_model_counts_in_its_own_scale(model: str) -> None:
    dps, facts = emulator("dps", model), DPS_MODELS[model]
    assert (facts.max_voltage_v, facts.max_current_a) == EMULATED["dps"].models[model]
    dps.answer(write_many_request(1, 0, [365, round(4.0 * facts.counts_per_ampere)]))
    dps.answer(write_request(1, 9, 1))
    dps.clock.advance(10.0)
    found = registers(dps, 0, 13)
    assert found[1] == found[3] == 4 * facts.counts_per_ampere and found[11] == facts.number
    assert found[4] == round(found[2] * 4.0) and found[7:10] == [0, 1, 1]
    assert registers(dps, 0x50, 2) == found[:2]


def test_a_firmware_whose_group_counts_otherwise() -> None:
    dps = DpsEmulator(world()[1], "DPS5020", group_per_ampere=1000)
    dps.answer(write_request(1, 1, 1000))
    assert registers(dps, 0x51, 1) == [10000]
    dps.answer(write_request(1, 0x53, 11000))
    assert dps.over_current_a == 11.0


def test_protection_switches_off_until_it_is_switched_on_again() -> None:
    dps = emulator("dps", "DPS5020")
    dps.answer(write_many_request(1, 0, [450, 1000]))
    dps.answer(write_many_request(1, 0x52, [345, 1100]))
    dps.answer(write_request(1, 9, 1))
    dps.clock.advance(7200.0)
    assert registers(dps, 7, 3) == [1, 0, 0]
    dps.answer(write_request(1, 0, 330))
    dps.answer(write_request(1, 9, 1))
    assert registers(dps, 7, 1) == [0]


def test_a_group_is_stored_and_recalled() -> None:
    dps = emulator("dps", "DPS5020")
    dps.answer(write_many_request(1, 0x80, [340, 200, 360, 300, 60000, 4, 0, 1]))
    assert registers(dps, 0x80, 8) == [340, 200, 360, 300, 60000, 4, 0, 1]
    dps.answer(write_request(1, 9, 1))
    dps.answer(write_request(1, 0x23, 3))
    assert registers(dps, 0, 2) == [340, 200] and registers(dps, 0x50, 8) == [340, 200, 360, 300, 60000, 4, 0, 1]
    assert registers(dps, 9, 1) == [0] and dps.power_up_on
    assert dps.answer(write_request(1, 0x23, 10)) == frame(b"\x01\x86\x03")


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (read_request(2, 0, 4), b""),
        (read_request(1, 0, 4)[:-1] + b"\x00", b""),
        (read_request(1, 0, 14), frame(b"\x01\x83\x02")),
        (read_request(1, 0x50, 33), frame(b"\x01\x83\x02")),
        (read_request(1, 0x0C, 2), frame(b"\x01\x83\x02")),
        (write_request(1, 2, 5), frame(b"\x01\x86\x02")),
        (write_request(1, 0, 5100), frame(b"\x01\x86\x03")),
        (write_request(1, 1, 2100), frame(b"\x01\x86\x03")),
        (write_request(1, 9, 2), frame(b"\x01\x86\x03")),
    ],
)
def test_what_the_device_cannot_do_is_declined_or_met_with_silence(request_bytes: bytes, expected: bytes) -> None:
    dps = emulator("dps", "DPS5020")
    before = dps.world.set_points
    assert dps.answer(request_bytes) == expected
    assert dps.world.set_points == before and not dps.world.output_on


def test_faults_of_the_instrument() -> None:
    dps = emulator("dps", "DPS5020")
    dps.inject("wrong-model", number=5006)
    assert registers(dps, 0x0B, 1) == [5006]
    dps.answer(write_many_request(1, 0, [365, 500]))
    dps.inject("panel-output-on")
    dps.inject("output-stuck-on")
    dps.answer(write_request(1, 9, 0))
    assert registers(dps, 9, 1) == [1]
    dps.undo("output-stuck-on")
    dps.inject("relay-welded")
    dps.answer(write_request(1, 9, 0))
    assert registers(dps, 9, 1) == [0] and dps.world.output_on and registers(dps, 3, 1)[0] > 0
    dps.inject("power-up-on")
    assert registers(dps, 0x57, 1) == [1]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.binary(max_size=40))
def test_noise_is_never_taken_for_a_command(noise: bytes) -> None:
    dps = emulator("dps", "DPS5020")
    before = dps.world.set_points
    dps.feed(noise)
    assert dps.world.set_points == before and not dps.world.output_on
