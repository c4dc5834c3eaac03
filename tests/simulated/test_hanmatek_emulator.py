"""The Hanmatek emulator byte for byte: the known exchanges of both generations, scales, protection and its switches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from electrical_face import emulator, freeze, world
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus import frame, read_request, write_many_request, write_request
from drivers.simulated.families import EMULATED
from drivers.simulated.hanmatek import HANMATEK_MODELS, HanmatekEmulator

ROWS = json.loads((Path(__file__).parents[1] / "wire" / "frames" / "hanmatek.json").read_text(encoding="utf-8"))
PLAIN = [row for row in ROWS if "error" not in row["meaning"]]  # an error row is a sample answer to a request that also has a good one


def registers(supply: Any, first: int, count: int) -> list[int]:
    answer = supply.answer(read_request(1, first, count))
    assert answer[:3] == bytes((1, 3, 2 * count)), answer.hex(" ")
    return [int.from_bytes(answer[3 + 2 * k : 5 + 2 * k], "big") for k in range(count)]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: f"{row['model']}-{row['request_hex'][4:12]}-{row['response_hex'][-4:]}")
def test_every_known_exchange(row: dict[str, Any]) -> None:
    request, response, meaning = bytes.fromhex(row["request_hex"]), bytes.fromhex(row["response_hex"]), row["meaning"]
    model = row["model"] if row["model"] in HANMATEK_MODELS else "HM310P"
    supply: Any = emulator("hanmatek", model)
    if "0x0222" in row["model"]:
        supply = HanmatekEmulator(world()[1], model, decimals=(2, 2, 2))
    if "v_out_V" in meaning:
        freeze(supply, voltage_v=meaning["v_out_V"], current_a=meaning.get("i_out_A", 0.0), output_on=True)
    elif "protect_old_map" in meaning:
        freeze(supply, tripped=meaning["protect_old_map"][0])
    if "p_out_W" in meaning and "0x0222" in row["model"]:
        # the document's example takes the first word of the power for all of it; ours are two words, as in the register table
        assert supply.answer(request)[:7] == response[:7]
        assert registers(supply, 0x12, 2) == [0, int.from_bytes(response[7:9], "big")]
        return
    assert supply.answer(request) == response
    if "v_set_V" in meaning or "i_set_A" in meaning:
        assert supply.world.set_points == (meaning.get("v_set_V", 0.0), meaning.get("i_set_A", 0.0))
    if "ovp_V" in meaning:
        assert supply.over_voltage_v == meaning["ovp_V"]
    if meaning.get("write") == "OUTPUT":
        assert supply.world.output_on is meaning["output_on"]


def test_an_error_answer_has_the_known_form() -> None:
    hm605 = emulator("hanmatek", "HM605")
    assert hm605.answer(write_request(1, 2, 1)) == bytes.fromhex("018602C3A1")
    assert hm605.answer(frame(bytes.fromhex("010400010001"))) == frame(b"\x01\x84\x01")
    assert hm605.answer(read_request(1, 0x10, 5)) == frame(b"\x01\x83\x03")  # at most four
    assert hm605.answer(write_request(1, 0x30, 6200)) == frame(b"\x01\x86\x05")
    assert emulator("hanmatek", "HM310P").answer(read_request(1, 0x41, 1)) == frame(b"\x01\x83\x02")


@pytest.mark.parametrize("model", EMULATED["hanmatek"].models)
def test_every_model_counts_in_its_own_scale(model: str) -> None:
    facts = HANMATEK_MODELS[model]
    assert (facts.max_voltage_v, facts.max_current_a) == EMULATED["hanmatek"].models[model]
    supply = emulator("hanmatek", model)
    per_ampere = 10 ** facts.decimals[1]
    for register, value in ((0x30, 365), (0x31, 4 * per_ampere), (1, 1)):
        assert supply.answer(write_request(1, register, value)) == write_request(1, register, value)
    supply.clock.advance(10.0)
    assert registers(supply, 0x30, 2) == [365, 4 * per_ampere]
    volts, amperes, high, low = registers(supply, 0x10, 4)
    assert amperes == 4 * per_ampere and (high << 16 | low) / 10 ** facts.decimals[2] == pytest.approx(volts / 100 * 4.0, abs=0.03)


def test_the_generations_show_a_trip_in_different_bits() -> None:
    for model, bits, five_amperes in (("HM310P", 1, 5000), ("HM310T", 1, 5000), ("HM605", 4 | 2, 500)):  # and the beeper is on
        supply = emulator("hanmatek", model)
        writes = [(0x30, 450), (0x31, five_amperes), (0x20, 345), (1, 1)]
        if model != "HM310P":
            assert supply.over_voltage_v == float("inf")  # until it is switched on
            writes.insert(0, (0x42, 1))
        for register, value in writes:
            supply.answer(write_request(1, register, value))
        supply.clock.advance(40000.0)
        assert registers(supply, 1, 2) == [0, bits]


def test_two_words_of_power_level_and_the_memories_are_kept() -> None:
    supply = emulator("hanmatek", "HM310P")
    assert supply.answer(write_many_request(1, 0x22, [1, 2])) == frame(bytes.fromhex("011000220002"))
    assert registers(supply, 0x20, 4)[2:] == [1, 2]
    supply.answer(write_request(1, 0x1010, 500))
    assert registers(supply, 0x1010, 1) == [500]
    supply.answer(write_request(1, 0x9999, 7))
    assert supply.answer(read_request(7, 3, 1))[3:5] == (3010).to_bytes(2, "big")


def test_power_up_setting_and_a_dip_of_the_mains() -> None:
    for setting, comes_back_on in ((0, False), (1, True), (2, True), (3, False)):
        supply = emulator("hanmatek", "HM310P")
        for register, value in ((0x8801, setting), (0x30, 340), (0x31, 1000), (1, 1)):
            supply.answer(write_request(1, register, value))
        assert registers(supply, 0x8801, 1) == [setting]
        supply.inject("brown-out", number=3.0)
        assert supply.answer(read_request(1, 1, 1)) == b""
        supply.clock.advance(4.0)
        assert registers(supply, 1, 1) == [int(comes_back_on)]
    supply.inject("power-up-on")
    assert registers(supply, 0x8801, 1) == [1]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.binary(max_size=40))
def test_noise_is_never_taken_for_a_command(noise: bytes) -> None:
    supply = emulator("hanmatek", "HM310P")
    supply.feed(noise)
    assert supply.world.set_points == (0.0, 0.0) and not supply.world.output_on
