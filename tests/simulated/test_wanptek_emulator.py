"""The Wanptek emulator byte for byte: the known exchanges in both byte orders, the command's fields, the over-current switch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from electrical_face import emulator, freeze, world
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus import frame, read_request
from drivers.simulated.families import EMULATED
from drivers.simulated.wanptek import WANPTEK_MODELS, WanptekEmulator

ROWS = json.loads((Path(__file__).parents[1] / "wire" / "frames" / "wanptek.json").read_text(encoding="utf-8"))
MODELS = {"30 V / 10 A, little-endian": "WPS3010", "60 V / 5 A, big-endian": "WPS605", "60 V / 100 A class": "WPS60100"}
ASK = bytes.fromhex("00030000000845DD")


def command(flags: int, volts: int, amperes: int) -> bytes:
    return frame(bytes.fromhex("00100000000306") + bytes((flags, 0)) + volts.to_bytes(2, "little") + amperes.to_bytes(2, "little"))


def put_into(supply: Any, meaning: dict[str, Any]) -> None:
    """The state that a row tells of."""
    supply._folds, supply._locked = meaning.get("ocp_enabled", False), meaning.get("locked", False)
    freeze(
        supply,
        voltage_v=meaning.get("v_out_V", 0.0),
        current_a=meaning.get("i_out_A", 0.0),
        mode=meaning["mode"],
        set_voltage_v=meaning["v_set_V"],
        set_current_a=meaning["i_set_A"],
        output_on=meaning["output_on"],
        tripped="OCP" if meaning.get("alarm") else "",
    )


@pytest.mark.parametrize("row", [row for row in ROWS if "v_set_V" in row["meaning"]], ids=lambda row: row["response_hex"])
def test_every_known_exchange(row: dict[str, Any]) -> None:
    supply, meaning = emulator("wanptek", MODELS[row["model"]]), row["meaning"]
    if "write" not in meaning:
        put_into(supply, meaning)
    assert supply.answer(bytes.fromhex(row["request_hex"])) == bytes.fromhex(row["response_hex"])
    if "write" in meaning:
        assert supply.world.set_points == (meaning["v_set_V"], meaning["i_set_A"])
        assert supply.world.output_on is meaning["output_on"]


def test_the_known_answer_with_uncertain_decimals() -> None:
    row = next(row for row in ROWS if "error" in row["meaning"])
    supply = WanptekEmulator(world()[1], "WPS60100", scale_bytes=(0x12, 0x1C))
    put_into(supply, {"mode": "CV", "output_on": True, "v_out_V": 14.6, "i_out_A": 25.0, "v_set_V": 14.6, "i_set_A": 25.0})
    assert supply.answer(bytes.fromhex(row["request_hex"])) == bytes.fromhex(row["response_hex"])


@pytest.mark.parametrize("model", EMULATED["wanptek"].models)
def test_ratings_and_status_of_each_model(model: str) -> None:
    facts = WANPTEK_MODELS[model]
    assert (facts.max_voltage_v, facts.max_current_a) == EMULATED["wanptek"].models[model]
    supply = emulator("wanptek", model)
    assert len(supply.answer(ASK)) == 21 and supply.answer(ASK)[4:6] == bytes(facts.scale_bytes)


def test_all_fields_of_a_command_act_together() -> None:
    supply = emulator("wanptek", "WPS3010")
    assert supply.answer(command(1 | 4, 365, 5000)) == bytes.fromhex("00100000000381D9")
    supply.clock.advance(10.0)
    assert supply.world.output_on and supply.world.set_points == (3.65, 5.0)
    assert supply.answer(ASK)[3] == 1 | 4 | 16  # on, locked, constant current
    assert supply.answer(command(0, 365, 5000)) and not supply.world.output_on
    assert supply.answer(ASK)[3] == 0


def test_the_over_current_switch_drops_the_output_in_constant_current() -> None:
    supply = emulator("wanptek", "WPS3010")
    supply.answer(command(1 | 2, 365, 5000))
    assert supply.answer(ASK)[3] == 2 | 32 and not supply.world.output_on
    supply.answer(command(1, 365, 5000))
    assert supply.answer(ASK)[3] == 1 | 16 and supply.world.output_on


@pytest.mark.parametrize(
    "request_bytes",
    [
        read_request(1, 0, 8),
        read_request(0, 0, 7),
        read_request(0, 1, 8),
        ASK[:-1] + b"\x00",
        frame(bytes.fromhex("000600000001")),
        command(1, 3300, 1000),
        command(1, 365, 11000),
        b"",
    ],
)
def test_silence_for_all_else(request_bytes: bytes) -> None:
    supply = emulator("wanptek", "WPS3010")
    assert supply.answer(request_bytes) == b""
    assert supply.world.set_points == (0.0, 0.0) and not supply.world.output_on


def test_requests_in_pieces_and_faults() -> None:
    supply = emulator("wanptek", "WPS3010")
    good = supply.answer(ASK)
    assert supply.feed(ASK[:5]) == b"" and supply.feed(ASK[5:] + command(0, 100, 100) + ASK)[:21] == good
    supply.inject("wrong-model")
    assert supply.answer(ASK)[4] == 60999 & 0xFF
    supply.undo("wrong-model")
    supply.answer(command(1, 365, 1000))
    supply.inject("output-stuck-on")
    supply.answer(command(0, 365, 1000))
    assert supply.answer(ASK)[3] & 1
    supply.undo("output-stuck-on")
    supply.inject("relay-welded")
    supply.answer(command(0, 365, 1000))
    assert not supply.answer(ASK)[3] & 1 and supply.world.output_on


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.binary(max_size=40))
def test_noise_is_never_taken_for_a_command(noise: bytes) -> None:
    supply = emulator("wanptek", "WPS3010")
    supply.feed(noise)
    assert supply.world.set_points == (0.0, 0.0) and not supply.world.output_on
