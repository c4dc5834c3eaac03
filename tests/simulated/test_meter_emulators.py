"""The emulated meters byte for byte: known exchanges, commands in short and long form, what they do not answer, their faults."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from simulated_benches import bench

from drivers.clock import VirtualClock
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.emulated_meter import EmulatedMeter, Probes
from drivers.simulated.es51922 import Es51922Emulator
from drivers.simulated.families import EMULATED, make
from drivers.simulated.faults import FaultError
from drivers.simulated.owon_xdm import OwonXdmEmulator
from drivers.simulated.scpi_dmm import MODELS, ScpiDmmEmulator
from drivers.simulated.scpi_headers import pattern
from drivers.simulated.text_line import TextLineEmulator
from drivers.simulated.world import World

FRAMES = Path(__file__).parents[1] / "wire" / "frames"
ONE_INPUT = ("owon-xdm", "scpi-dmm", "es51922")


def rows(family: str) -> dict[str, dict]:
    return {row["id"]: row for row in json.loads((FRAMES / f"{family}.json").read_text(encoding="utf-8"))}


def answered(row: dict) -> bytes:
    return bytes.fromhex(row["response_hex"]) if "response_hex" in row else row["response_ascii"].encode()


def world(*socs: float, **meter: object) -> World:
    return World(bench(list(socs) or [0.9], meter=meter), VirtualClock(), assembled=True)


def showing(emulator: EmulatedMeter, *volts: float | None) -> None:
    """Put these volts at its inputs."""
    emulator.seen_v = lambda: list(volts)  # type: ignore[method-assign]


# --- OWON XDM ---


@pytest.mark.parametrize("name", rows("owon-xdm"))
def test_owon_known_exchanges(name: str) -> None:
    row = rows("owon-xdm")[name]
    xdm = OwonXdmEmulator(world())
    showing(xdm, {"owon-meas-mv": 0.005123456, "owon-overload": 7.0}.get(name, 3.4127))
    if name == "owon-overload":
        assert xdm.feed(b"CONF:VOLT:DC 5\n") == b"OK\r\n"
    if name == "owon-func-ac":
        xdm.feed(b"CONF:VOLT:AC\n")
    if name == "owon-range-bytes":
        xdm.feed(b"CONF:RES\n")
    assert xdm.feed(row["request_ascii"].encode()) == answered(row)


def test_owon_takes_long_forms_both_ends_and_answers_no_question_that_the_device_leaves_open() -> None:
    xdm = OwonXdmEmulator(world(), acknowledges=False)
    showing(xdm, 3.4127)
    assert xdm.feed(b"configure:voltage:dc 5\r\nmeasure1?\r\n") == xdm.feed(b"MEAS?\n") == b"3.412700E+00\r\n"
    for question in (b"*OPC?\n", b"MEAS:VOLT:DC?\n", b"SYST:ERR?\n", b"VOLT:RANG?\n", b"nonsense\n", b"*RST\n"):
        assert xdm.feed(question) == b""
    assert OwonXdmEmulator(world()).feed(b"*RST\nCONF:VOLT:DC 7\nRATE X\nRATE F\nRATE?\n") == b"nOK\r\nnOK\r\nnOK\r\nOK\r\nF\r\n"


def test_owon_ranges_climb_by_themselves_and_do_not_come_back() -> None:
    xdm = OwonXdmEmulator(world())
    showing(xdm, 0.01)
    xdm.feed(b"AUTO\n")
    asked = []
    for volts in (0.01, 3.4127, 53.1, 3.4127):
        showing(xdm, volts)
        asked.append(xdm.feed(b"MEAS1?\nRANGE?\nAUTO?\n"))
    assert asked == [
        b"1.000000E-02\r\n50 mV\r\n1\r\n",
        b"3.412700E+00\r\n5 V\r\n1\r\n",
        b"5.310000E+01\r\n50 V\r\n1\r\n",
        b"3.412700E+00\r\n50 V\r\n1\r\n",
    ]
    xdm.feed(b"CONF:DIOD\n")
    assert xdm.feed(b"RANGE?\n") == b"" and xdm.feed(b"MEAS1?\nFUNC?\n") == b'1.000000E+09\r\n"DIOD"\r\n'


# --- SCPI ---


@pytest.mark.parametrize("name", rows("scpi-dmm"))
def test_scpi_known_exchanges(name: str) -> None:
    row = rows("scpi-dmm")[name]
    meter = ScpiDmmEmulator(world(), model="34401A" if answered(row).endswith(b"\r\n") else "SDM3045X")
    meter.feed(b"SYST:REM\nCONF:VOLT:DC\n")
    shown = {"scpi-34401a-read": [10.001031], "scpi-list": [3.41268, 3.41271], "scpi-overload-pos": [2e3], "scpi-overload-neg": [-2e3]}
    values = shown.get(name, [3.41268])
    if len(values) > 1:
        meter.feed(b"SAMP:COUN 2\n")
    meter.seen_v = lambda: [values.pop(0)]  # type: ignore[method-assign]
    assert meter.feed(row["request_ascii"].encode()) == answered(row)


def test_scpi_takes_both_forms_lists_of_commands_and_keeps_errors() -> None:
    meter = ScpiDmmEmulator(world(), model="34461A")
    showing(meter, 3.41268)
    assert meter.feed(b":CONFigure:VOLTage:DC 10;:sample:count?;trig:sour?\n") == b"+1;IMM\n"
    assert meter.feed(b'SENS:FUNC "VOLT:DC"\nFUNC?\nCONF?\n') == b'"VOLT"\n"VOLT +1.000000E+01,+3.000000E-06"\n'
    assert meter.feed(b"VOLT:DC:RANG?\nVOLT:RANG:AUTO?\nVOLT:NPLC 1;NPLC?\n") == b"+1.00000000E+01\n0\n"
    assert meter.feed(b"INIT\nFETC?\nMEAS?\n") == b"+3.41268000E+00\n" * 2
    assert meter.feed(b"WHAT?\nCONF:VOLT:DC 1E9\nSAMP:COUN 0\nSYST:ERR?\nsystem:error:next?\nSYST:ERR?\nSYST:ERR?\nSYST:ERR?\n") == (
        b'-113,"Undefined header"\n' * 2 + b'-222,"Data out of range"\n' * 2 + b'+0,"No error"\n'
    )


@pytest.mark.parametrize("model", MODELS)
def test_scpi_models(model: str) -> None:
    meter = ScpiDmmEmulator(world(), model=model)
    assert model in meter.feed(b"*IDN?\n").decode()
    assert set(EMULATED["scpi-dmm"].models) == set(MODELS)
    showing(meter, 3.41268)
    meter.feed(b"CONF:VOLT:DC 10\n")
    refused = meter.feed(b"SYST:ERR?\n").startswith(b"-222")
    assert refused is (model == "SDM3045X")
    if model == "34401A":
        assert meter.feed(b"READ?\n") == b"" and meter.feed(b"SYST:ERR?\n").startswith(b"550,")
    assert float(meter.feed(b"SYST:REM\nREAD?\n")) == pytest.approx(3.41268)


def test_scpi_control_c_and_prompts() -> None:
    meter = ScpiDmmEmulator(world(), prompts=True)
    assert meter.feed(b"READ\x03*IDN?\n").endswith(b"01.06R1\n>>")
    assert meter.feed(b"SYST:ERR?\n") == b'+0,"No error"\n>>'


@pytest.mark.parametrize(
    ("header", "taken", "refused"),
    [
        ("CONFigure[:VOLTage][:DC]", ["CONF", ":conf:volt", "CONFIGURE:VOLTAGE:DC", "Conf:Dc"], ["CONFI", "CONF:AC", "CONF:"]),
        ("MEASure[1]?", ["MEAS?", "measure1?"], ["MEAS", "MEAS2?", "MEAS:VOLT:DC?"]),
        ("*IDN?", ["*idn?"], ["IDN?"]),
    ],
)
def test_headers(header: str, taken: Iterable[str], refused: Iterable[str]) -> None:
    assert all(pattern(header).fullmatch(text) for text in taken)
    assert not any(pattern(header).fullmatch(text) for text in refused)


# --- ES51922 ---

SET: dict[str, dict] = {
    "ut61e-dc-auto-zero": {"volts": 0.0},
    "ut61e-dc-22v-range": {"volts": 0.0, "range": "1"},
    "ut61e-dc-negative-mv": {"volts": -0.03055, "range": "4"},
    "ut61e-dc-max-hold-mode": {"volts": 0.0197, "range": "0", "keys": {"DC", "shows MAX"}},
    "ut61e-relative": {"volts": 0.0, "range": "0", "keys": {"DC", "REL"}},
    "ut61e-low-battery": {"volts": 0.0, "keys": {"DC", "low battery"}},
    "ut61e-frequency-in-volt-mode": {"volts": 3.4, "keys": {"DC", "shows Hz"}},
    "ut61e-duty-under-limit": {"volts": 3.4, "range": "0", "keys": {"DC", "%", "under limit", "shows Hz"}},
    "ut61e-resistance-overload": {"volts": 0.0, "function": "Ω", "range": "6", "keys": {"overload", "auto"}},
    "ut61e-ac-current-hold": {"volts": 0.0, "function": "A", "range": "0", "keys": {"AC", "HOLD"}},
    "ut61e-cell-3v412": {"volts": 3.412},
    "ut61e-cell-3v412-8n1": {"volts": 3.412},
    "ut61e-volt-overload": {"volts": 1200.0, "range": "3"},
}


@pytest.mark.parametrize("name", rows("es51922"))
def test_es51922_known_packets(name: str) -> None:
    state = SET[name]
    meter = Es51922Emulator(world(), frame="8N1" if name.endswith("8n1") else "7O1")
    showing(meter, state["volts"])
    meter.function, meter.range = state.get("function", "V"), state.get("range", "")
    meter.keys = set(state.get("keys", {"DC"}))
    assert meter.message() == answered(rows("es51922")[name])
    assert meter.feed(b"hello") == b""


# --- text lines ---

FORMS = {
    "text-kv": ("kv", [3.412, 3.409]),
    "text-csv": ("csv", [3.412, 3.409, 3.41, 3.411]),
    "text-single-unit": ("single", [3.4127]),
    "text-json-array": ("json", [3.412, 3.409, None]),
}


@pytest.mark.parametrize("name", FORMS)
def test_text_line_speaks_as_other_boards_do(name: str) -> None:
    form, volts = FORMS[name]
    meter = TextLineEmulator(world(resolution_v=0.0001 if form == "single" else 0.001), form=form)
    showing(meter, *volts)
    assert meter.message() == answered(rows("text-line")[name])
    with pytest.raises(FaultError, match="no form"):
        TextLineEmulator(world(), form="morse")


# --- all ---


def test_probes_of_a_meter_with_one_input() -> None:
    two = world(0.9, 0.5, point="cells")
    assert Probes.on(two, {}) == Probes("cells", "A1")
    for family in ONE_INPUT:
        assert make(family, two).probes == Probes("bank", "A1")
        assert make(family, two, cell="A2").probes == Probes("cell", "A2")
        with pytest.raises(FaultError, match="one input"):
            make(family, two, point="cells")
        with pytest.raises(FaultError, match="no cell"):
            make(family, two, cell="Z9")


@pytest.mark.parametrize("family", ["owon-xdm", "scpi-dmm"])
def test_a_meter_is_carried_from_cell_to_cell(family: str) -> None:
    meter = make(family, World(bench([0.9, 0.5]), VirtualClock()), point="walk", cell="A1")
    question = {"owon-xdm": b"MEAS1?\n", "scpi-dmm": b"READ?\n"}[family]
    first = float(meter.feed(question))
    meter.carry_to("A2")
    assert float(meter.feed(question)) < first - 0.01


@pytest.mark.parametrize("family", [name for name, row in EMULATED.items() if row.kind == "meter"])
def test_every_emulated_meter_has_its_faults(family: str) -> None:
    embedded = EmbeddedBench(bench([0.9], meter={"family": family}), VirtualClock(), assembled=True)
    question = {"owon-xdm": b"MEAS1?\nFUNC?\n", "scpi-dmm": b"READ?\nFUNC?\n"}.get(family, b"")

    def said() -> bytes:
        return embedded.meter.feed(question) if question else embedded.meter.message()

    good = said()
    for fault in ("meter-wrong-function", "meter-overload", "meter-silence", "meter-spike", "garbled-crc"):
        embedded.meter.inject(fault)
        spoilt = said()
        assert spoilt.partition(b" ")[2] != good.partition(b" ")[2] if family == "text-line" else spoilt != good, fault
        assert (spoilt == b"") is (fault == "meter-silence")
        embedded.meter.undo(fault)
    if family == "es51922":
        embedded.meter.inject("meter-low-battery")
        assert embedded.meter.message()[7] & 2
