"""The Manson emulator byte for byte: known exchanges, its inverted switch, its ceilings."""

from __future__ import annotations

from typing import Any

import pytest
from text_emulators import a_world, frames, shows

from drivers.simulated.manson import KINDS, MansonEmulator

ROWS = [(row, request, answer) for row, request, answer in frames("manson") if "9103" not in row["model"]]


def emulator(model: str = "HCS-3302") -> MansonEmulator:
    return MansonEmulator(a_world(model), model)


@pytest.mark.parametrize(("row", "request_", "answer"), ROWS, ids=lambda part: part["model"] if isinstance(part, dict) else "")
def test_known_exchanges(row: dict[str, Any], request_: bytes, answer: bytes) -> None:
    name = {"BK 1687B": "1687B", "BK 1685B / HCS-3204": "HCS-3204", "HCS-3304": "HCS-3302"}.get(row["model"], row["model"])
    manson, meaning = emulator(name), row["meaning"]
    if "model" in meaning:
        answer = answer.replace(b"3304", b"3302")
    if "v_out_V" in meaning:
        shows(manson, voltage_v=meaning["v_out_V"], current_a=meaning["i_out_A"], mode=meaning["mode"])
    if request_ == b"GETS\r":
        shows(manson, set_voltage_v=meaning["v_set_V"], set_current_a=meaning["i_set_A"])
    assert manson.feed(request_) == answer
    if meaning.get("write") == "VOLT":
        assert manson.world.set_points[0] == meaning["v_set_V"]
    if meaning.get("write") == "CURR":
        assert manson.world.set_points[1] == pytest.approx(meaning["i_set_A"])
    if meaning.get("write") == "SOUT":
        assert manson.world.output_on is meaning["output_on"]


@pytest.mark.parametrize("line", ["GOUT", "VOLT009", "VOLT323", "VOLT36", "CURR161", "SOUT2", "NOSUCH", "gmax", "VOLT3360"])
def test_what_it_does_not_know_or_take_is_met_with_silence(line: str) -> None:
    manson = emulator()
    assert manson.feed(line.encode() + b"\r") == b"" and manson.world.set_points == (1.0, 0.0) and not manson.world.output_on


def test_brands_without_a_name() -> None:
    assert [model for model in KINDS if not emulator(model).feed(b"GMOD\r")] == ["1687B", "PPS11360", "DPPS3220"]
    assert emulator("HCS-3202").feed(b"GMOD\r") == b"3202\rOK\r"


def test_ceilings_bind_the_set_points() -> None:
    manson = emulator()
    manson.feed(b"VOLT050\rCURR050\rSOVP036\rSOCP020\r")
    assert manson.world.set_points == (3.6, 2.0)
    assert manson.feed(b"VOLT040\r") == b"" == manson.feed(b"CURR030\r")
    assert manson.feed(b"GOVP\rGOCP\r") == b"036\rOK\r020\rOK\r"


def test_presets_and_panel_lock() -> None:
    manson = emulator()
    assert manson.feed(b"PROM036020050010100030\rGETM\rRUNM0\rSESS\rENDS\r") == b"OK\r036020\r050010\r100030\rOK\rOK\rOK\rOK\r"
    assert manson.world.set_points == (3.6, 2.0)


@pytest.mark.parametrize("model", KINDS)
def test_it_charges_and_shows_two_decimals_on_every_model(model: str) -> None:
    manson = emulator(model)
    manson.feed(b"VOLT036\rCURR%03d\rSOUT0\r" % (2 * KINDS[model].per_ampere))
    manson.world.clock.advance(1.0)
    assert manson.feed(b"GETD\r")[4:] == b"02001\rOK\r"
    manson.inject("wrong-model")
    assert manson.feed(b"GMAX\r") == b"060999\rOK\r"
