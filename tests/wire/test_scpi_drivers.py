"""The SCPI supplies' drivers: Rigol, Siglent and the others, byte for byte, on lines that answer from a table and on our emulators."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.address import AddressError
from drivers.catalog import FAMILIES, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.roles import GarbledAnswer, InstrumentError, NoAnswer, Refused, Supply, SupplyReading, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.supplies import rigol, scpi_dialects, siglent
from drivers.supplies.scpi_answers import error_said, identity, quantity
from tests.wire.mutations import spoilt

FRAMES = json.loads(Path(__file__).with_name("frames").joinpath("scpi.json").read_text(encoding="utf-8"))
FAMILY_NAMES = ("rigol", "siglent", "scpi")
MODELS = [(family, model) for family in FAMILY_NAMES for model in EMULATED[family].models]
FORBIDDEN = ("*RST", "*RCL", "*SAV", "PROT:CLE", "CAL")
RIGOL_NAME = "RIGOL TECHNOLOGIES,DP832,DP8C194205678,00.01.14"
SIGLENT_NAME = "Siglent Technologies,SPD3303X,SPD3XIDD4R5678,1.01.01.02.07R2,V3.0"


class TableLine:
    """Answers from a table, by question; silence for what is not in it. A list is given out one by one, the last one again and again."""

    def __init__(self, answers: dict[str, Any], url: str = "socket://bench:5555") -> None:
        self.url, self.answers, self.sent = url, answers, list[str]()

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        assert request.endswith(b"\n"), "a command and its end travel in one packet"
        text = request.decode().rstrip("\r\n")
        self.sent.append(text)
        answer = self.answers.get(text, b"")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return (answer if isinstance(answer, bytes) else f"{answer}\n".encode())[:expect]

    def write(self, data: bytes) -> None:
        raise AssertionError("this driver only asks")

    def read_available(self) -> bytes:
        return b""

    def close(self) -> None:
        return None


def a_rigol(**answers: Any) -> tuple[rigol.RigolSupply, TableLine]:
    line = TableLine({"*IDN?": RIGOL_NAME, ":APPL? CH1": "CH1:30V/3A,3.650,1.0000", "SYST:ERR?": '0,"No error"', **answers})
    return rigol.RigolSupply(line, address="rigol:bench", clock=VirtualClock()), line


def a_siglent(name: str = SIGLENT_NAME, **answers: Any) -> tuple[siglent.SiglentSupply, TableLine]:
    rest = {"CH1:VOLT?": "3.650", "CH1:CURR?": "1.000", "MEAS:VOLT? CH1": "3.400", "MEAS:CURR? CH1": "1.000", "SYST:ERR?": "0  No Error"}
    line = TableLine({"*IDN?": name, "SYST:STAT?": "0x0004", **rest, **answers})
    return siglent.SiglentSupply(line, address="siglent:bench", clock=VirtualClock()), line


def emulated(
    family: str, model: str = "", options: str = "", channel: str = "1", soc: tuple[float, float] = (0.4, 0.5)
) -> tuple[EmbeddedBench, Any, list[bytes], VirtualClock]:
    """A bench with one such supply, its driver, and what the driver sends."""
    clock = VirtualClock()
    model = model or EMULATED[family].usual_model
    bench = EmbeddedBench(describe(cells=2, soc=soc, model=model, supply_current_a=99.0), clock, assembled=True)
    if channel != "1":
        bench.stations.clear()
        bench.add(family, model, channel=channel)
    heard: list[bytes] = []
    feed = bench.supply.feed
    bench.supply.feed = lambda data: heard.append(data) or feed(data)
    lines = bench.memory_lines()
    driver = open_supply(bench.supply_address + options, clock=clock, line_factory=lambda address: lines[str(address).partition("?")[0]]())
    return bench, driver, heard, clock


# --- frames ---------------------------------------------------------------------------------------------------------


def _reading(driver: Supply) -> SupplyReading:
    driver.identify()
    return driver.read()


def _frame(model: str, request: str) -> tuple[str, bytes, dict[str, Any]]:
    row = next(row for row in FRAMES if row["model"] == model and row["request_ascii"] == request)
    return row["request_ascii"].rstrip("\n"), row.get("response_ascii", "").encode(), row["meaning"]


def test_every_frame_is_used() -> None:
    used = {(row["model"], row["request_ascii"]) for row in FRAMES}
    assert used == {
        ("Rigol DP832", "*IDN?\n"),
        ("Rigol DP831", ":APPL? CH1\n"),
        ("Rigol DP800", ":MEAS:ALL? CH1\n"),
        ("Rigol DP800", ":OUTP? CH1\n"),
        ("Rigol DP800", ":OUTP:MODE? CH1\n"),
        ("Siglent SPD3303X", "SYST:STAT?\n"),
        ("Siglent SPD1305X", "SYST:STAT?\n"),
        ("Siglent SPD3303X", "CH1:VOLT?\n"),
        ("Siglent SPD3303X", "OUTP CH1,OFF\n"),
    }


def test_frames_of_rigol() -> None:
    asked, answer, meaning = _frame("Rigol DP832", "*IDN?\n")
    profile = a_rigol(**{asked: answer})[0].identify()
    assert (profile.model, profile.firmware, profile.serial) == (meaning["model"], meaning["firmware"], "DP8C194205678")
    frames = [_frame("Rigol DP831", ":APPL? CH1\n"), *(_frame("Rigol DP800", f"{ask}\n") for ask in (":MEAS:ALL? CH1", ":OUTP:MODE? CH1"))]
    driver, line = a_rigol(**{ask: answer for ask, answer, _ in frames}, **{":OUTP? CH1": "ON"})
    reading = _reading(driver)
    assert (reading.set_voltage_v, reading.set_current_a, reading.voltage_v, reading.current_a) == (5.0, 1.0, 2.0, 0.05)
    assert (reading.mode, reading.output_on) == ("CC", True) and set(line.answers) - set(line.sent) == {"SYST:ERR?"}
    asked, answer, meaning = _frame("Rigol DP800", ":OUTP? CH1\n")
    quiet = {":OUTP:OVP:QUES? CH1": "NO", ":OUTP:OCP:QUES? CH1": "NO", ":MEAS:ALL? CH1": "0.0000,0.0000,0.000"}
    assert _reading(a_rigol(**{asked: answer}, **quiet)[0]).output_on is meaning["output_on"]


def test_frames_of_siglent() -> None:
    asked, answer, meaning = _frame("Siglent SPD3303X", "SYST:STAT?\n")
    reading = _reading(a_siglent(**{asked: answer})[0])
    assert (reading.output_on, reading.mode) == (meaning["ch1_on"], meaning["ch1_mode"])
    second = siglent.SiglentSupply(
        TableLine({"*IDN?": SIGLENT_NAME, asked: answer, "CH2:VOLT?": "1", "CH2:CURR?": "1", "MEAS:VOLT? CH2": "0", "MEAS:CURR? CH2": "0"}),
        address="siglent:bench",
        clock=VirtualClock(),
        channel=2,
    )
    assert _reading(second).output_on is meaning["ch2_on"]
    asked, answer, meaning = _frame("Siglent SPD1305X", "SYST:STAT?\n")
    driver, _ = a_siglent("Siglent Technologies,SPD1305X,S,1,V1", **{asked: answer})
    reading = _reading(driver)  # bit 5 is 4-wire sensing and no second channel
    assert (reading.output_on, reading.mode, driver._coupled) == (meaning["ch1_on"], meaning["ch1_mode"], "")
    asked, answer, meaning = _frame("Siglent SPD3303X", "CH1:VOLT?\n")
    assert _reading(a_siglent(**{asked: answer})[0]).set_voltage_v == meaning["v_set_V"]
    asked, _, _ = _frame("Siglent SPD3303X", "OUTP CH1,OFF\n")
    driver, line = a_siglent()
    driver.identify()
    driver.switch_output(False)
    assert line.sent[-2:] == [asked, "SYST:STAT?"]


# --- who is there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "vendor", "model", "serial", "firmware"),
    [
        ("A,B,C", "A", "B", "C", ""),
        ("A , B,C,D", "A", "B", "C", "D"),
        ("A,B,C,D,E", "A", "B", "C", "D"),
    ],
)
def test_identities_have_three_to_five_fields(text: str, vendor: str, model: str, serial: str, firmware: str) -> None:
    assert identity(text) == (vendor, model, serial, firmware)


@pytest.mark.parametrize("text", ["", "A,B", "A,B,C,D,E,F", ",B,C,D", "A,,C,D", "3.65", "A,B\nC,D"])
def test_what_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match="no identity"):
        identity(text)


@pytest.mark.parametrize(
    ("text", "value"), [("3.650", 3.65), ("+3.65000000E+00", 3.65), ("3.65V", 3.65), ("-0.001 A", -0.001), ("1E1", 10.0)]
)
def test_quantities_may_have_exponent_and_unit(text: str, value: float) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["", "3650mV", "3,65", "9.9E37", "nan", "ON", "3.65 3.65", "3.6\n3.7", "CC", "V"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [('0,"No error"', ""), ("0  No Error", ""), ("+0", ""), ("0", ""), ('-222,"Data out of range"', '-222,"Data out of range"')],
)
def test_errors_are_told_by_their_first_number(text: str, said: str) -> None:
    assert error_said(text) == said


@pytest.mark.parametrize("text", ["", "ON", "0.5", "No error", "0x0014"])
def test_what_is_no_error_message(text: str) -> None:
    with pytest.raises(ValueError, match="no error message"):
        error_said(text)


@pytest.mark.parametrize(
    ("family", "answer", "words"),
    [
        ("rigol", "Siglent Technologies,SPD3303X,S,1,V3.0", "no Rigol"),
        ("siglent", RIGOL_NAME, "no Siglent"),
        ("scpi", RIGOL_NAME, "rigol:"),
        ("scpi", "OWON,SPE6103,24371986,FV:V5.2.0", "owon:"),
        ("rigol", b"$GPGGA,123519,4807.038,N,01131.000,E,1\r\n", "GPGGA"),
        ("scpi", b"\x01\x03\x02\x00\x01\xff\xff\n", "no SCPI supply"),
    ],
)
def test_a_stranger_is_told_and_gets_one_question_only(family: str, answer: Any, words: str) -> None:
    line = TableLine({"*IDN?": answer})
    driver = open_supply(f"{family}:socket://x:1", clock=VirtualClock(), line_factory=lambda _: line)
    with pytest.raises(WrongDevice, match=words) as caught:
        driver.identify()
    assert set(line.sent) == {"*IDN?"} and caught.value.check


def test_a_name_that_is_spoilt_once_is_not_believed() -> None:
    with pytest.raises(GarbledAnswer, match="two names"):
        a_rigol(**{"*IDN?": [RIGOL_NAME.replace("DP832", "DP822"), RIGOL_NAME]})[0].identify()
    with pytest.raises(GarbledAnswer):
        a_rigol(**{"*IDN?": RIGOL_NAME.encode().replace(b"DP8", b"\xc4P8") + b"\n"})[0].identify()


def test_an_unknown_model_is_read_and_gets_no_command() -> None:
    off = {":OUTP? CH1": "OFF", ":OUTP:OVP:QUES? CH1": "NO", ":OUTP:OCP:QUES? CH1": "NO", ":MEAS:ALL? CH1": "3.3000,0.0000,0.000"}
    driver, line = a_rigol(**{"*IDN?": RIGOL_NAME.replace("DP832", "DP932")}, **off)
    assert (driver.identify().model, driver.identify().settable) == ("unknown DP932", False)
    assert driver.read().voltage_v == 3.3
    acts: tuple[Callable[[], None], ...] = (
        lambda: driver.program(voltage_v=3.65, current_a=1.0),
        lambda: driver.set_voltage(3.65),
        lambda: driver.switch_output(True),
        lambda: driver.switch_output(False),
        driver.throttle,
        driver.prove_writable,
    )
    for act in acts:
        with pytest.raises(Refused, match="not known for sure"):
            act()
    assert all("?" in one for one in line.sent)
    rebadged, line = a_siglent("SPD3XIDD5R7170,1.01,V1.0")
    assert not rebadged.identify().settable and rebadged.read().output_on is None  # its status bits mean nothing either
    assert all("?" in one for one in line.sent)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_the_catalogue_names_every_model_that_the_driver_knows(family: str) -> None:
    tables = {"rigol": rigol.MODELS, "siglent": siglent.MODELS, "scpi": scpi_dialects.MODELS}
    assert set(FAMILIES[family].models) == set(tables[family])
    assert set(EMULATED[family].models) <= set(tables[family])


# --- channels, ranges, dialects -------------------------------------------------------------------------------------


def test_a_channel_with_negative_volts_is_refused_and_so_is_one_that_is_not_there() -> None:
    for family, model, channel, words in (
        ("rigol", "DP831", 3, "gives negative volts"),
        ("rigol", "DP711", 2, "does not exist"),
        ("siglent", "SPD3303X", 3, "is fixed"),
        ("scpi", "E36312A", 4, "does not exist"),
    ):
        bench, driver, heard, _ = emulated(family, model, f"?channel={channel}")
        with pytest.raises(WrongDevice, match=words):
            driver.identify()
        with pytest.raises(WrongDevice, match=words):
            driver.switch_output(True)
        assert bench.world.set_points == (0.0, 0.0) and all(b"?" in one for one in heard)
    with pytest.raises(AddressError, match="channel"):
        emulated("rigol", "DP832", "?channel=9")


@pytest.mark.parametrize(
    ("family", "model"), [("rigol", "DP832"), ("siglent", "SPD3303X"), ("scpi", "HMP4040"), ("scpi", "BK9130B"), ("scpi", "E36312A")]
)
def test_another_channel_is_set_and_the_first_left_alone(family: str, model: str) -> None:
    bench, driver, heard, clock = emulated(family, model, "?channel=2", channel="2")
    bench.supply.selected = 1
    driver.identify()
    assert all(b"?" in one for one in heard)  # also nothing was selected
    driver.program(voltage_v=3.65, current_a=0.8, over_voltage_v=3.75, over_current_a=0.9)
    driver.switch_output(True)
    clock.advance(1.0)
    assert driver.read().current_a == pytest.approx(0.8, abs=0.01) and bench.world.output_on
    assert bench.supply.set_points(1) == (0.0, 0.0) and not bench.supply.is_on(1)
    bench.supply.selected = 1  # somebody presses a channel key
    driver.switch_output(False)
    assert not bench.world.output_on and driver.read().output_on is False


def test_the_selection_is_looked_at_in_every_reading() -> None:
    _, driver, _, _ = emulated("scpi", "HMP4040")
    driver.identify()
    ask = driver.words.ask
    answers = iter((1, 2))

    def pressed(question: str, accept: Callable[[str], Any], **details: Any) -> Any:
        found = ask(question, accept, **details)
        return float(next(answers)) if question == "INST:NSEL?" else found

    driver.words.ask = pressed
    with pytest.raises(GarbledAnswer, match="another channel was selected"):
        driver.read()


def test_an_hmp_is_on_with_both_switches_only() -> None:
    bench, driver, heard, _ = emulated("scpi", "HMP4040")
    driver.identify()
    driver.program(voltage_v=3.65, current_a=0.8)
    bench.supply.answer(b"OUTP:SEL ON\n")
    assert driver.read().output_on is False  # the channel's switch alone gives nothing
    driver.switch_output(True)
    assert bench.world.output_on
    bench.supply.answer(b"OUTP:GEN OFF\n")
    assert driver.read().output_on is False and not bench.world.output_on
    assert not any(b"OUTP:GEN O" in one for one in heard)  # the master switch would close other channels too


def test_the_range_of_a_dp811_is_its_rating() -> None:
    bench, driver, _, _ = emulated("rigol", "DP811")
    assert (driver.identify().max_voltage_v, driver.identify().max_current_a) == (40.0, 5.0)
    with pytest.raises(Refused, match="outside 0 to 5 A"):
        driver.program(voltage_v=3.65, current_a=8.0)
    bench.supply.answer(b":OUTP:RANG P20V\n")
    driver.program(voltage_v=3.65, current_a=8.0)
    assert (driver.identify().max_voltage_v, bench.world.set_points[1]) == (20.0, 8.0)
    with pytest.raises(Refused, match="outside 0 to 20 V"):
        driver.set_voltage(24.0)
    low, _ = a_rigol(**{"*IDN?": RIGOL_NAME.replace("DP832", "DP811"), ":APPL? CH1": "3.65,1.00"})
    assert (low.identify().max_voltage_v, low.identify().max_current_a) == (20.0, 5.0)  # what either range can give


def test_set_points_of_another_channel_are_not_ours() -> None:
    with pytest.raises(GarbledAnswer, match="not the set-points of this channel"):
        _reading(a_rigol(**{":OUTP? CH1": "ON", ":OUTP:MODE? CH1": "CV", ":APPL? CH1": "CH2:30V/3A,3.650,1.0000"})[0])


@pytest.mark.parametrize(
    ("command", "words"), [(b"OUTP:TRACK 1\n", "in series"), (b"OUTP:TRACK 2\n", "in parallel"), (b"TIME CH1,ON\n", "timer")]
)
def test_a_siglent_with_coupled_channels_or_a_timer_is_switched_off_but_not_set(command: bytes, words: str) -> None:
    bench, driver, _, _ = emulated("siglent", "SPD3303X")
    driver.identify()
    driver.program(voltage_v=3.6, current_a=0.8)
    driver.switch_output(True)
    bench.supply.answer(command)
    with pytest.raises(Refused, match=words):
        driver.set_voltage(3.5)
    if b"TRACK" in command:
        assert (driver.read().voltage_v, driver.read().current_a) == (None, None)
    driver.throttle()
    driver.switch_output(False)
    assert not bench.world.output_on and bench.world.set_points == (0.0, 0.0)
    with pytest.raises(Refused, match=words):
        driver.switch_output(True)
    assert not bench.world.output_on


def test_a_supply_of_an_unknown_model_is_set_by_the_rating_that_was_typed() -> None:
    bench, driver, _, _ = emulated("scpi", "BK9115", "?max-voltage=30&max-current=5&voltage-step=0.1")
    bench.supply.inject("wrong-model")
    profile = driver.identify()
    assert (profile.model, profile.max_voltage_v, profile.max_current_a, profile.voltage_step_v) == ("unknown BKX60999", 30.0, 5.0, 0.1)
    assert "what you typed" in profile.notes[0] and not profile.has_over_voltage_protection
    driver.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75)
    assert bench.world.set_points == (3.6, 2.0)
    with pytest.raises(Refused, match="outside 0 to 30 V"):
        driver.set_voltage(31.0)
    driver.switch_output(True)
    driver.switch_output(False)
    assert not bench.world.output_on


def test_a_typed_rating_lowers_a_known_one_and_never_raises_it() -> None:
    assert emulated("scpi", "BK9115", "?max-voltage=30&max-current=500")[1].identify().max_voltage_v == 30.0
    assert emulated("scpi", "BK9115", "?max-voltage=30&max-current=500")[1].identify().max_current_a == 60.0
    for half in ("max-voltage=30", "max-current=3", "voltage-step=0.1", "max-voltage=0&max-current=3"):
        with pytest.raises(AddressError):
            emulated("scpi", "BK9115", f"?{half}")


def test_a_serial_line_is_opened_to_commands_only_by_the_first_command() -> None:
    _, driver, heard, _ = emulated("scpi", "BK9115")
    driver.identify()
    driver.read()
    assert b"SYST:REM\n" not in heard
    driver.prove_writable()
    driver.set_voltage(2.0)
    assert heard.count(b"SYST:REM\n") == 1 and heard.index(b"SYST:REM\n") < heard.index(b"VOLT 1\n")


def test_a_serial_rigol_that_wants_cr_lf_gets_it_after_silence() -> None:
    class WantsBoth(TableLine):
        def ask(self, request: bytes, expect: int, deadline_s: float, **details: Any) -> bytes:
            return super().ask(request, expect, deadline_s) if request.endswith(b"\r\n") else b""

    line = WantsBoth({"*IDN?": RIGOL_NAME}, url="/dev/ttyUSB0")
    assert rigol.RigolSupply(line, address="rigol:bench", clock=VirtualClock()).identify().model == "DP832"
    silent = TableLine({}, url="socket://x:5555")
    with pytest.raises(NoAnswer):
        rigol.RigolSupply(silent, address="rigol:bench", clock=VirtualClock()).identify()
    assert len(silent.sent) == 3


# --- setting --------------------------------------------------------------------------------------------------------


def test_what_is_sent_to_program_a_rigol() -> None:
    _, driver, heard, _ = emulated("rigol", "DP832")
    driver.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    commands = [one.decode().strip() for one in heard if b"?" not in one]
    assert commands == [
        ":SOUR1:VOLT 3.65",
        ":SOUR1:CURR 2",
        ":OUTP:OVP:VAL CH1,3.75",
        ":OUTP:OVP CH1,ON",
        ":OUTP:OCP:VAL CH1,2.2",
        ":OUTP:OCP CH1,ON",
    ]
    for place, one in enumerate(heard):
        if b"?" not in one:
            assert heard[place + 1] == b"SYST:ERR?\n"


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_the_open_lead_check_of_every_model_and_what_is_never_sent(family: str, model: str) -> None:
    bench, driver, heard, clock = emulated(family, model)
    bench.world.hands("leads-apart")
    assert driver.identify().model == model
    driver.prove_writable()
    driver.program(voltage_v=3.65, current_a=0.9, over_voltage_v=3.75, over_current_a=0.99)
    off = driver.read()
    assert (off.output_on, off.set_voltage_v, off.set_current_a) == (False, pytest.approx(3.65), pytest.approx(0.9))
    driver.switch_output(True)
    clock.advance(1.0)
    on = driver.read()
    assert (on.output_on, on.mode) == (True, "CV") and on.voltage_v == pytest.approx(3.65, abs=0.011) and on.current_a == 0.0
    driver.switch_output(False)
    assert driver.read().output_on is False and driver.power_up_output() is None
    driver.throttle()
    assert driver.read().set_voltage_v == 0.0
    assert not [one for one in heard if any(word in one.decode() for word in FORBIDDEN)]


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_over_voltage_protection_trips_where_there_is_one(family: str, model: str) -> None:
    bench, driver, _, _ = emulated(family, model)
    profile = driver.identify()
    bench.world.hands("leads-apart")
    driver.program(voltage_v=3.65, current_a=0.9, over_voltage_v=3.75)
    driver.switch_output(True)
    bench.world.inject("cv-drift", volts=0.2)
    reading = driver.read()
    assert reading.output_on is not profile.has_over_voltage_protection
    if profile.has_over_voltage_protection and family != "siglent" and "BK" not in model:
        assert reading.protection == "OVP"


@pytest.mark.parametrize(
    ("model", "fold", "tells"),
    [
        ("E36312A", b"CURR:PROT:STAT ON\n", b"CURR:PROT:STAT?\n"),
        ("HMP4040", b"FUSE ON\n", b"FUSE?\n"),
        ("HMC8043", b"FUSE ON\n", b"FUSE?\n"),
    ],
)
def test_protection_that_switches_off_in_constant_current_is_kept_off(model: str, fold: bytes, tells: bytes) -> None:
    bench, driver, _, clock = emulated("scpi", model)
    assert driver.identify().over_current_folds
    bench.supply.answer(fold)
    assert bench.supply.answer(tells).strip() == b"1"
    driver.program(voltage_v=3.65, current_a=0.9)
    assert bench.supply.answer(tells).strip() == b"0"
    driver.switch_output(True)
    clock.advance(60.0)
    assert (driver.read().output_on, driver.read().mode) == (True, "CC")
    driver.switch_output(False)
    bench.supply.answer(fold)
    bench.world.set_output(True)
    clock.advance(1.0)
    assert not bench.world.output_on  # what the emulator does with it on


def test_a_fold_that_stays_on_is_refused() -> None:
    bench, driver, _, _ = emulated("scpi", "HMP4040")
    driver.identify()
    bench.supply.answer(b"FUSE ON\n")
    bench.supply.fuse = lambda number, args: None
    with pytest.raises(Refused, match="stays on"):
        driver.program(voltage_v=3.65, current_a=0.9)
    assert bench.world.set_points == (0.0, 0.0)


def test_protection_that_does_not_arm_is_refused() -> None:
    bench, driver, _, _ = emulated("rigol", "DP832")
    driver.identify()
    bench.supply.over_voltage_armed = lambda number, args: None
    with pytest.raises(Refused, match="protection stays off"):
        driver.program(voltage_v=3.65, current_a=0.9, over_voltage_v=3.75)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_what_the_supply_complains_of_is_told_and_old_complaints_are_not_ours(family: str) -> None:
    bench, driver, _, _ = emulated(family)
    driver.identify()
    for _ in range(3):
        bench.supply.answer(b"NO:SUCH\n")
    driver.set_voltage(3.0)
    put = bench.supply.put_voltage

    def declines(number: int | None, text: str) -> None:
        put(number, "9999")

    bench.supply.put_voltage = declines
    with pytest.raises(Refused, match=r"declines: -222.*out of range"):
        driver.set_voltage(3.1)
    bench.supply.put_voltage = put
    driver.set_voltage(3.1)
    assert bench.world.set_points[0] == 3.1


def test_an_error_that_never_leaves_the_queue_is_not_blamed_on_us() -> None:
    driver, line = a_siglent(**{"SYST:ERR?": "5  Sticky"})
    driver.identify()
    driver.set_voltage(3.65)
    line.answers["SYST:ERR?"] = "7  Another"
    with pytest.raises(Refused, match="declines: 7"):
        driver.set_voltage(3.65)


def test_off_costs_one_command_and_one_look_and_is_no_success_in_silence() -> None:
    bench, driver, heard, _ = emulated("rigol", "DP832")
    driver.identify()
    heard.clear()
    driver.switch_output(False)
    assert heard == [b":OUTP CH1,OFF\n", b":OUTP? CH1\n", b":OUTP:OVP:QUES? CH1\n", b":OUTP:OCP:QUES? CH1\n"]
    bench.supply.inject("silence")
    with pytest.raises(NoAnswer):
        driver.switch_output(False)


def test_one_reading_asks_four_questions_of_a_rigol_that_is_on() -> None:
    _, driver, heard, _ = emulated("rigol", "DP832")
    driver.program(voltage_v=3.65, current_a=2.0)
    driver.switch_output(True)
    heard.clear()
    driver.read()
    assert heard == [b":OUTP? CH1\n", b":OUTP:MODE? CH1\n", b":APPL? CH1\n", b":MEAS:ALL? CH1\n"]


# --- faults, and anything at all ------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_faults_end_as_the_errors_that_the_bench_knows(family: str) -> None:
    bench, driver, _, clock = emulated(family)
    driver.identify()
    driver.program(voltage_v=3.65, current_a=0.9)
    for fault, number, error in (("silence", None, NoAnswer), ("garbled-crc", 0, GarbledAnswer), ("delayed", 5.0, NoAnswer)):
        bench.supply.inject(fault, number=number)
        with pytest.raises(error):
            driver.read()
        bench.supply.undo(fault)
        assert driver.read().set_voltage_v == pytest.approx(3.65)
    bench.supply.inject("wrong-model")
    with pytest.raises(WrongDevice):
        driver.identify()
    with pytest.raises(WrongDevice):
        driver.set_voltage(3.0)
    bench.supply.undo("wrong-model")
    driver.switch_output(True)
    bench.supply.inject("output-stuck-on")
    with pytest.raises(Refused, match="flag reads 1"):
        driver.switch_output(False)
    driver.throttle()
    assert driver.read().set_voltage_v == 0.0
    bench.supply.undo("output-stuck-on")
    bench.supply.inject("brown-out")
    with pytest.raises(NoAnswer):
        driver.read()
    clock.advance(4.0)
    assert driver.read().output_on is False
    bench.supply.inject("late-answer", number=1)
    for volts in (3.1, 3.2, 3.3):
        bench.world.set_supply(voltage_v=volts)
        try:
            assert driver.read().set_voltage_v == pytest.approx(volts)
        except InstrumentError:
            continue


@settings(deadline=None, derandomize=True, max_examples=120)
@given(st.sampled_from(MODELS), st.integers(0, 2**32), st.binary(max_size=60), st.booleans())
def test_whatever_comes_nothing_but_a_drivers_errors_leaves_it(model: tuple[str, str], seed: int, noise: bytes, mutate: bool) -> None:
    """Noise is never a reading. A changed digit cannot be seen, but what is believed has the form of an answer."""
    bench, driver, _, _ = emulated(*model)
    driver.identify()
    driver.program(voltage_v=3.65, current_a=0.5)
    draw, others = Random(seed), [b"3.650\n", b"ON\n", b"1\n", b"0x0014\n", b"CH1:8V/5A,5.000,1.0000\n"]
    feed = bench.supply.feed
    bench.supply.feed = lambda data: spoilt(answer, others, draw) if mutate and (answer := feed(data)) else noise
    for act in (driver.read, driver.identify, lambda: driver.set_voltage(3.0), lambda: driver.switch_output(False), driver.throttle):
        try:
            found = act()
        except InstrumentError:
            continue
        if isinstance(found, SupplyReading):
            assert mutate and (found.set_voltage_v is None or 0 <= found.set_voltage_v < 1e9)


@pytest.fixture
def on_pty(request: pytest.FixtureRequest) -> Iterator[EmbeddedBench]:
    bench = EmbeddedBench(describe(cells=2, model=EMULATED[request.param].usual_model, supply_current_a=5.0), WallClock())
    bench.open_ptys()
    yield bench
    bench.close()


@pytest.mark.parametrize("on_pty", FAMILY_NAMES, indirect=True)
def test_over_a_pseudo_terminal(on_pty: EmbeddedBench) -> None:
    driver = open_supply(f"{on_pty.supply_address}?speed=60", clock=WallClock())
    assert driver.identify().emulated
    driver.prove_writable()
    driver.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    driver.switch_output(True)
    reading = driver.read()
    assert reading.output_on is True and reading.voltage_v == pytest.approx(3.65, abs=0.011)
    driver.switch_output(False)
    assert driver.read().output_on is False
    driver.close()


@pytest.mark.parametrize("on_pty", ["scpi"], indirect=True)
def test_answers_that_are_late_on_a_pseudo_terminal_are_never_taken_for_later_ones(on_pty: EmbeddedBench) -> None:
    driver = open_supply(on_pty.supply_address, clock=WallClock())
    driver.identify()
    driver.program(voltage_v=3.65, current_a=2.0)
    driver.words.deadline_s = 0.2
    on_pty.supply.inject("delayed", number=0.3)  # arrives while the next question is listened for
    with pytest.raises((NoAnswer, GarbledAnswer)):
        driver.read()
    on_pty.supply.undo("delayed")
    driver.words.deadline_s = 1.0
    assert (driver.read().set_voltage_v, driver.read().set_current_a) == (3.65, 2.0)
    driver.close()
