"""The OWON emulator byte for byte: known exchanges, long and short forms, ERR, its two dialects."""

from __future__ import annotations

from typing import Any

import pytest
from text_emulators import a_world, frames, shows

from drivers.simulated.owon import KINDS, OwonEmulator


def emulator(model: str = "SPE6103", **details: Any) -> OwonEmulator:
    return OwonEmulator(a_world(model), model, **details)


@pytest.mark.parametrize(("row", "request_", "answer"), frames("owon"), ids=lambda part: part["model"] if isinstance(part, dict) else "")
def test_known_exchanges(row: dict[str, Any], request_: bytes, answer: bytes) -> None:
    owon, meaning = emulator(row["model"]), row["meaning"]
    owon.protect(over_voltage_v=3.75)
    mode = meaning.get("mode", "CV")
    shows(
        owon,
        voltage_v=meaning.get("v_out_V", 3.42),
        current_a=meaning.get("i_out_A", 5.0),
        mode="CV" if mode == "standby" else mode,
        output_on=meaning.get("output_on", mode != "standby"),
    )
    assert owon.feed(request_) == answer
    if meaning.get("write") == "VOLT":
        assert owon.world.set_points[0] == meaning["v_set_V"]
    if meaning.get("write") == "VOLT:LIM":
        assert owon.over_voltage_v == meaning["ovp_V"]


@pytest.mark.parametrize("forms", ["VOLT CURR OUTP", "VOLTage CURRent OUTPut", "voltage current output", ":VOLT :CURR :OUTP"])
def test_long_and_short_forms_in_any_case(forms: str) -> None:
    owon = emulator()
    volt, curr, outp = forms.split()
    said = f"{volt} 3.65\n{curr} 2\r\n{outp} ON\n{volt}:LIMit 3.75\n{curr}:lim 2.2\n{volt}?\n{outp}?\n{volt}:lim?\nMEASure:POWer?\n"
    assert owon.feed(said.encode()).startswith(b"3.650\r\nON\r\n3.750\r\n")
    assert owon.world.set_points == (3.65, 2.0) and owon.world.output_on and owon.over_current_a == 2.2


@pytest.mark.parametrize(
    "line", ["NOSUCH?", "NOSUCH", "VOLT 61", "CURR 11", "VOLT abc", "OUTP MAYBE", "VOLT:LIM 70", "VOLT -1", "CONF:ALL?"]
)
def test_what_it_does_not_know_or_take_is_an_error(line: str) -> None:
    owon = emulator()
    assert owon.feed(line.encode() + b"\n") == b"ERR\r\n" and owon.world.set_points == (0.0, 0.0)


def test_a_trip_is_a_fault_until_it_is_switched_on_again() -> None:
    owon = emulator()
    owon.feed(b"VOLT 3.65\nCURR 2\nOUTP 1\nCURR:LIM 1\n")
    owon.world.clock.advance(1.0)
    assert owon.feed(b"MEAS:ALL:INFO?\n").endswith(b",OFF,ON,OFF,3\r\n") and owon.feed(b"OUTP?\n") == b"OFF\r\n"
    owon.feed(b"CURR:LIM 5\nOUTP ON\n")
    owon.world.clock.advance(1.0)
    assert owon.feed(b"MEAS:ALL:INFO?\n").endswith(b",OFF,OFF,OFF,2\r\n")


def test_the_p4603_takes_only_the_short_form_of_the_panel_lock() -> None:
    assert emulator("P4603").feed(b"SYSTem:REMote\n") == b"ERR\r\n"
    assert emulator("P4603").feed(b"SYST:REM\n") == emulator().feed(b"SYSTem:REMote\n") == b""


def test_one_that_wants_cr_and_one_that_is_hurried() -> None:
    assert emulator(wants_cr=True).feed(b"*IDN?\n") == b"" and emulator(wants_cr=True).feed(b"*IDN?\r\n")
    now_s = [0.0]
    owon = emulator(hurried=True, wall_s=lambda: now_s[0])
    assert owon.feed(b"VOLT 3.65\nVOLT?\n") == b""
    now_s[0] = 0.03
    assert owon.feed(b"VOLT?\n") == b"3.650\r\n"


@pytest.mark.parametrize("model", KINDS)
def test_every_model_is_told_by_its_identity(model: str) -> None:
    owon = emulator(model)
    assert f",{model}," in owon.feed(b"*IDN?\r\n").decode()
    owon.inject("wrong-model")
    assert b"60999" in owon.feed(b"*IDN?\r\n")
    owon.feed(b"VOLT 5\n*RST\n")
    assert owon.world.set_points == (0.0, 0.0)
