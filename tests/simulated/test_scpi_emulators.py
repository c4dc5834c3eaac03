"""The emulators of SCPI supplies, byte for byte: known exchanges, long and short forms, errors, channels, protection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_benches import bench

from drivers.clock import VirtualClock
from drivers.simulated.families import EMULATED, make
from drivers.simulated.instrument import Display
from drivers.simulated.scpi_supply import ScpiSupplyEmulator
from drivers.simulated.scpi_words import ScpiError, amount, arguments, pattern
from drivers.simulated.world import World

FRAMES = json.loads((Path(__file__).parents[1] / "wire" / "frames" / "scpi.json").read_text(encoding="utf-8"))
MODELS = [(family, model) for family in ("rigol", "siglent", "scpi") for model in EMULATED[family].models]


def emulator(family: str, model: str = "", **options: str) -> tuple[VirtualClock, ScpiSupplyEmulator]:
    clock = VirtualClock()
    model = model or EMULATED[family].usual_model
    world = World(bench([0.5], supply={"model": model}), clock, assembled=True)
    return clock, make(family, world, model, **options)


def says(supply: ScpiSupplyEmulator, text: str) -> str:
    return supply.feed(text.encode() + b"\n").decode().removesuffix("\n")


def shows(supply: ScpiSupplyEmulator, volts: float, amperes: float, mode: Any = "CV") -> None:
    supply.display = lambda: Display(volts, amperes, volts, amperes, mode, True, "", 0.0, 0.0)  # type: ignore[method-assign]


def _known(model: str, request: str) -> tuple[bytes, bytes]:
    row = next(row for row in FRAMES if row["model"] == model and row["request_ascii"] == request)
    return request.encode(), row.get("response_ascii", "").encode()


def _answers(supply: ScpiSupplyEmulator, model: str, request: str) -> bool:
    asked, answer = _known(model, request)
    return supply.feed(asked) == answer


def test_known_exchanges_of_rigol() -> None:
    _, supply = emulator("rigol", "DP832")
    assert _answers(supply, "Rigol DP832", "*IDN?\n") and _answers(supply, "Rigol DP800", ":OUTP? CH1\n")
    shows(supply, 2.0, 0.05)
    assert _answers(supply, "Rigol DP800", ":MEAS:ALL? CH1\n")
    _, supply = emulator("rigol", "DP831")
    says(supply, ":APPL CH1,5,1")
    assert _answers(supply, "Rigol DP831", ":APPL? CH1\n")
    says(supply, ":OUTP CH1,ON")
    assert _answers(supply, "Rigol DP800", ":OUTP:MODE? CH1\n")  # 1 A into a cell that stands below 5 V
    _, supply = emulator("rigol", "DP711")
    says(supply, ":APPL CH1,5,1")
    assert says(supply, ":APPL? CH1") == "5.00,1.00"


def test_known_exchanges_of_siglent() -> None:
    _, supply = emulator("siglent", "SPD3303X")
    says(supply, "CH1:VOLT 25")
    assert _answers(supply, "Siglent SPD3303X", "CH1:VOLT?\n")
    says(supply, "CH1:CURR 0.5")
    says(supply, "OUTP CH1,ON")
    assert _answers(supply, "Siglent SPD3303X", "SYST:STAT?\n")
    assert _answers(supply, "Siglent SPD3303X", "OUTP CH1,OFF\n") and not supply.world.output_on
    assert says(supply, "OUTP? CH1") == ""  # there is no such question
    assert says(supply, "SYST:STAT?") == "0x0004"
    _, supply = emulator("siglent", "SPD1305X")
    supply.world.hands("leads-apart")
    for command in ("MODE:SET 4W", "CH1:VOLT 3.65", "CH1:CURR 1", "OUTP CH1,ON"):
        says(supply, command)
    assert _answers(supply, "Siglent SPD1305X", "SYST:STAT?\n")


@pytest.mark.parametrize(
    ("written", "good", "bad"),
    [
        (
            "[SOURce<n>:]VOLTage[:LEVel]",
            ("VOLT", "SOUR:VOLT", "source2:voltage:level", "SOURCE1:VOLT:LEV"),
            ("VOLTA", "SOUR", "VOLT?", "SO:VOLT"),
        ),
        ("OUTPut:OVP[:STATe]?", ("OUTP:OVP?", "OUTPUT:OVP:STATE?", "outp:ovp:stat?"), ("OUTP:OVP", "OUTP:OV?", "OUTP?")),
        ("*IDN?", ("*IDN?", "*idn?"), ("IDN?", "*ID?")),
    ],
)
def test_long_and_short_words_and_nothing_between(written: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    assert all(pattern(written).fullmatch(text) for text in good)
    assert not any(pattern(written).fullmatch(text) for text in bad)


def test_arguments_and_amounts() -> None:
    assert arguments("CH1, 3.65") == ["CH1", "3.65"] and arguments("5,(@1,2)") == ["5", "(@1,2)"] and arguments("") == []
    assert [amount(text, low=0.0, high=30.0) for text in ("3.65", "3650mV", "36.5E-1 V", "MAX", "MIN", "+.5")] == [
        3.65,
        3.65,
        3.65,
        30,
        0,
        0.5,
    ]
    for text in ("31", "-1", "x", "3,5", "nan"):
        with pytest.raises(ScpiError):
            amount(text, low=0.0, high=30.0)


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_each_model_knows_itself_its_set_points_and_its_errors(family: str, model: str) -> None:
    _, supply = emulator(family, model)
    name = says(supply, "*IDN?")
    assert model.removeprefix("BK") in name and len(name.split(",")) in (4, 5)
    head = "CH1:" if family == "siglent" else ""
    says(supply, f"{head}VOLT 3.65")
    says(supply, f"{head}CURR 0.5")
    assert float(says(supply, f"{head}VOLT?")) == 3.65 and float(says(supply, f"{head}CURR?")) == 0.5
    assert says(supply, "SYST:ERR?") in ('0,"No error"', "0  No Error")
    says(supply, f"{head}VOLT 9999")
    says(supply, "NO:SUCH:THING")
    says(supply, f"{head}VOLT abc")
    says(supply, f"{head}VOLT")
    found = [says(supply, "SYST:ERR?") for _ in range(5)]
    assert [int(one.replace(",", " ").split()[0]) for one in found] == [-222, -113, -104, -109, 0]
    assert float(says(supply, f"{head}VOLT?")) == 3.65
    says(supply, "NO:SUCH:THING")
    says(supply, "*CLS")
    assert says(supply, "SYST:ERR?").startswith("0")


def test_several_commands_in_a_line_and_lines_in_pieces() -> None:
    _, supply = emulator("rigol", "DP832")
    assert says(supply, ":VOLT 3.6;CURR 1.5;:VOLT?;CURR?") == "3.600;1.5000"
    assert says(supply, ":OUTP:OVP:VAL CH1,5;VAL? CH1") == "5.000"
    assert supply.feed(b"*ID") == b"" and supply.feed(b"N?\r\n").startswith(b"RIGOL")
    assert supply.feed(b"*OPC?\n*OPC?\n") == b"1\n1\n"


def test_channels_by_header_argument_list_and_selection() -> None:
    _, supply = emulator("rigol", "DP832")
    for command in (":SOUR2:VOLT 12", ":INST CH2", ":CURR 1", ":INST:NSEL 1", ":OUTP CH2,ON"):
        says(supply, command)
    assert (says(supply, ":APPL? CH2"), says(supply, ":OUTP? CH2"), says(supply, ":OUTP?")) == ("CH2:30V/3A,12.000,1.0000", "ON", "OFF")
    assert says(supply, ":MEAS:ALL? CH2") == "12.0000,0.0000,0.000" and not supply.world.output_on
    assert says(supply, ":INST?") == "CH1:30V/3A"
    _, supply = emulator("scpi", "E36312A")
    says(supply, "VOLT 5,(@1,2)")
    says(supply, "OUTP ON,(@2)")
    assert (says(supply, "VOLT? (@2)"), says(supply, "OUTP? (@2)"), says(supply, "OUTP? (@1)")) == ("+5.00000000E+00", "1", "0")
    says(supply, "VOLT 5,(@4)")
    assert says(supply, "SYST:ERR?").startswith("-222")
    _, supply = emulator("scpi", "HMP4040")
    says(supply, "VOLT 5,(@1)")  # that is Keysight's
    assert says(supply, "SYST:ERR?").startswith("-104")
    says(supply, "INST OUT3")
    assert says(supply, "INST:NSEL?") == "3"


def test_an_hmp_has_two_switches() -> None:
    _, supply = emulator("scpi", "HMP4040")
    says(supply, "VOLT 3.65;CURR 0.5")
    says(supply, "OUTP:SEL ON")
    assert (says(supply, "OUTP?"), says(supply, "OUTP:GEN?"), supply.world.output_on) == ("1", "0", False)
    says(supply, "OUTP:GEN ON")
    assert (says(supply, "OUTP:GEN?"), supply.world.output_on) == ("1", True)
    says(supply, "OUTP OFF")
    assert (says(supply, "OUTP?"), says(supply, "OUTP:GEN?"), supply.world.output_on) == ("0", "1", False)


def test_a_trip_is_told_until_it_is_cleared_and_one_way_of_clearing_switches_on() -> None:
    _, supply = emulator("rigol", "DP832")
    supply.world.hands("leads-apart")
    for command in (":APPL CH1,3.65,1", ":OUTP:OVP:VAL CH1,3.75", ":OUTP:OVP CH1,ON", ":OUTP CH1,ON"):
        says(supply, command)
    supply.world.inject("cv-drift", volts=0.2)
    assert (says(supply, ":OUTP:OVP:QUES? CH1"), says(supply, ":OUTP? CH1")) == ("YES", "OFF")
    says(supply, ":OUTP:OVP:CLEAR CH1")
    assert (says(supply, ":OUTP:OVP:QUES? CH1"), says(supply, ":OUTP? CH1")) == ("NO", "OFF")
    supply.world.undo("cv-drift")
    says(supply, ":SOUR1:VOLT:PROT:CLE")
    assert says(supply, ":OUTP? CH1") == "ON"


def test_stores_and_reset() -> None:
    _, supply = emulator("rigol", "DP832")
    for command in (":APPL CH1,3.65,1", "*SAV 1", ":APPL CH1,5,2", ":OUTP CH1,ON", "*RCL 1"):
        says(supply, command)
    assert (says(supply, ":APPL? CH1"), supply.world.output_on) == ("CH1:30V/3A,3.650,1.0000", False)
    says(supply, "*RST")
    assert supply.world.set_points == (0.0, 0.0)


def test_what_a_hand_at_the_panel_or_a_stuck_relay_does_is_told() -> None:
    _, supply = emulator("scpi", "HMP4040")
    says(supply, "VOLT 3.65;CURR 0.5;:OUTP ON")
    supply.inject("panel-output-off")
    assert says(supply, "OUTP?") == "0"
    says(supply, "OUTP ON")
    supply.inject("output-stuck-on")
    says(supply, "OUTP OFF")
    assert (says(supply, "OUTP?"), says(supply, "OUTP:GEN?")) == ("1", "1")
    supply.inject("panel-set-voltage", number=4.0)
    assert says(supply, "VOLT?") == "4.000"
    supply.inject("wrong-model")
    assert "X60999" in says(supply, "*IDN?")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.sampled_from(MODELS), st.binary(max_size=80))
def test_any_bytes_are_survived(model: tuple[str, str], data: bytes) -> None:
    _, supply = emulator(*model)
    supply.feed(data + b"\n")
    assert supply.feed(b"*IDN?\n").count(b",") >= 3
