"""The OWON and Kiprim driver: both dialects of its answers, ERR, limits, and which answers it does not take."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import random_answer, spoilt
from text_supplies import Table, exchange, faults_are_told, frames, in_memory, open_lead_check, refuses_all, throttled_when_stuck_on

from drivers import proof
from drivers.catalog import FAMILIES, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.supplies.owon import MODELS, OwonSupply

IDENTITY = b"OWON,SPE6103,24371986,FV:V5.2.0\r\n"
IDLE = {
    b"VOLT?\r\n": b"3.650\r\n",
    b"CURR?\r\n": b"5.000\r\n",
    b"VOLT:LIM?\r\n": b"3.750\r\n",
    b"CURR:LIM?\r\n": b"10.100\r\n",
    b"OUTP?\r\n": b"OFF\r\n",
    b"MEAS:ALL:INFO?\r\n": b"0.001,0.000,0.000,OFF,OFF,OFF,0\r\n",
}
ROWS = {(row["model"], row["request_ascii"]): exchange(row) for row in frames("owon")}
INFO = b"MEAS:ALL:INFO?\r\n"


def on_table(identity: bytes = IDENTITY) -> tuple[OwonSupply, Table]:
    line = Table({b"*IDN?\r\n": identity, **IDLE})
    return OwonSupply(line, address="owon:table", clock=VirtualClock()), line


def told(line: Table) -> list[bytes]:
    return [sent for sent in line.sent if b"?" not in sent]


# --- the known exchanges ---


def test_known_identity() -> None:
    profile = on_table(ROWS["SPE6103", "*IDN?\r\n"][1])[0].identify()
    assert (profile.model, profile.serial, profile.firmware) == ("SPE6103", "24371986", "V5.2.0")
    assert (profile.max_voltage_v, profile.max_current_a, profile.max_power_w) == (60.0, 10.0, 300.0)
    assert profile.has_over_voltage_protection and profile.has_over_current_protection and "300 W" in profile.notes[0]


@pytest.mark.parametrize("row", [row for row in frames("owon") if "INFO" in row["request_ascii"]], ids=lambda row: row["model"])
def test_known_measurements_in_both_dialects(row) -> None:
    driver, line = on_table()
    line.answers.update([exchange(row)])
    reading, meaning = driver.read(), row["meaning"]
    assert (reading.voltage_v, reading.current_a, reading.protection) == (meaning["v_out_V"], meaning["i_out_A"], "")
    assert reading.output_on is (meaning["mode"] != "standby")
    assert reading.mode == (None if meaning["mode"] == "standby" else meaning["mode"])


@pytest.mark.parametrize("row", [row for row in frames("owon") if row["request_ascii"] == "OUTP?\r\n"], ids=lambda row: row["model"])
def test_known_output_flags(row) -> None:
    driver, line = on_table()
    line.answers.update([exchange(row)])
    line.answers[INFO] = b"3.650,1.000,3.650,OFF,OFF,OFF,1\r\n" if row["meaning"]["output_on"] else IDLE[INFO]
    driver.switch_output(row["meaning"]["output_on"])


def test_known_commands_are_sent_as_they_stand_in_the_sheet() -> None:
    driver, line = on_table()
    driver.program(voltage_v=3.659, current_a=5.0, over_voltage_v=3.75)
    assert told(line) == [ROWS["SPE6103", "VOLT 3.650\r\n"][0], b"CURR 5.000\r\n", ROWS["SPE6103", "VOLT:LIM 3.750\r\n"][0]]
    assert line.answers[b"VOLT?\r\n"] == ROWS["SPE6103", "VOLT?\r\n"][1]
    assert line.answers[b"VOLT:LIM?\r\n"] == ROWS["SPE6103", "VOLT:LIM?\r\n"][1]


def test_known_error_is_no_reading() -> None:
    driver, line = on_table()
    driver.identify()
    for question in (INFO, b"VOLT?\r\n"):
        line.answers[question], kept = ROWS["DC310S", "NOSUCH?\r\n"][1], line.answers[question]
        with pytest.raises(GarbledAnswer, match="does not know the question"):
            driver.read()
        line.answers[question] = kept


# --- who is there ---


@pytest.mark.parametrize("name", MODELS)
def test_each_model_by_its_name(name: str) -> None:
    maker = "KIPRIM" if name.startswith("DC") else "OWON"
    profile = on_table(f"{maker},{name},123,FV:V1.0\n".encode())[0].identify()
    assert (profile.model, profile.max_voltage_v) == (name, MODELS[name].max_voltage_v)
    assert name in FAMILIES["owon"].models


@pytest.mark.parametrize("name", ["SPE9999", "SPM3051", "SPE61031", "SPE6103X"])
def test_an_unknown_model_is_read_and_nothing_is_ever_written(name: str) -> None:
    driver, line = on_table(f"OWON,{name},1,FV:V1\r\n".encode())
    assert not driver.identify().settable
    assert driver.read().voltage_v == 0.001
    refuses_all(driver)
    assert not told(line)


def test_an_odp_is_only_named() -> None:
    driver, line = on_table(b"OWON,ODP3033,2312832,FV:V3.9.0\r\n")
    profile, reading = driver.identify(), driver.read()
    assert "ODP3033" in profile.model and "several outputs" in profile.notes[0]
    assert (reading.output_on, reading.voltage_v, reading.set_voltage_v) == (None, None, None)
    refuses_all(driver)
    assert set(line.sent) == {b"*IDN?\r\n"}


@pytest.mark.parametrize("answer", [b"OWON,XDM1041,1,V1\r\n", b"RIGOL TECHNOLOGIES,DP832,1,1\n", b"$GPGGA,1*47\r\n", b"ERR\r\n"])
def test_a_stranger_is_named_and_gets_no_command(answer: bytes) -> None:
    driver, line = on_table(answer)
    with pytest.raises(WrongDevice, match="nothing was written"):
        driver.identify()
    assert set(line.sent) == {b"*IDN?\r\n"}


def test_silence_names_what_to_check() -> None:
    with pytest.raises(NoAnswer, match="cable"):
        on_table(b"")[0].identify()


def test_another_supply_after_the_line_was_lost_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, line = on_table()
    driver.identify()
    ask = line.ask
    monkeypatch.setattr(line, "ask", lambda *args, **kwargs: (_ for _ in ()).throw(LostLine("table", "exchange", "gone.")))
    with pytest.raises(LostLine):
        driver.read()
    monkeypatch.setattr(line, "ask", ask)
    line.answers[b"*IDN?\r\n"] = b"OWON,SPE6103,99999999,FV:V5.2.0\r\n"
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(True)
    assert not told(line)


def test_scaled_time_needs_our_own_emulator() -> None:
    line = Table({b"*IDN?\r\n": IDENTITY})
    with pytest.raises(WrongDevice, match="scaled time"):
        OwonSupply(line, address="owon:table", clock=VirtualClock(), prove=True).identify()
    assert line.sent == [proof.REQUEST]


# --- readings ---


def test_one_reading_is_three_questions() -> None:
    driver, line = on_table()
    driver.identify()
    line.sent.clear()
    driver.read()
    assert sorted(line.sent) == sorted([b"VOLT?\r\n", b"CURR?\r\n", INFO])


@pytest.mark.parametrize(("flags", "word"), [("ON,OFF,OFF", "OVP"), ("OFF,ON,OFF", "OCP"), ("OFF,OFF,ON", "OTP"), ("OFF,OFF,OFF", "fault")])
def test_a_fault_is_named_and_its_output_asked(flags: str, word: str) -> None:
    driver, line = on_table()
    line.answers[INFO] = f"0.001,0.000,0.000,{flags},3\r\n".encode()
    reading = driver.read()
    assert (reading.protection, reading.output_on, reading.mode) == (word, False, None)


@pytest.mark.parametrize(
    "answer",
    [
        b"3.650,1.000,3.650,OFF,OFF,OFF,1",  # its end is missing
        b"3.650,1.000,3.650,OFF,OFF,1\r\n",
        b"3.650,1.000,3.650,OFF,OFF,OFF,4\r\n",
        b"3.650,1.000,3.650,OFF,OFF,MAYBE,1\r\n",
        b"3.65,1.000,3.650,OFF,OFF,OFF,1\r\n",  # a digit is lost
        b"nan,1.000,3.650,OFF,OFF,OFF,1\r\n",
        b"365.000,1.000,3.650,OFF,OFF,OFF,1\r\n",
        b"3.650,1.000,3.650,OFF,OFF,OFF,\xb1\r\n",
    ],
)
def test_a_spoilt_measurement_is_no_reading(answer: bytes) -> None:
    driver, line = on_table()
    line.answers[INFO] = answer
    with pytest.raises(GarbledAnswer):
        driver.read()


@pytest.mark.parametrize(("flag", "mode"), [(b"OFF", b"1"), (b"ON", b"0"), (b"ON", b"3")])
def test_off_needs_switch_and_mode_in_agreement(flag: bytes, mode: bytes) -> None:
    driver, line = on_table()
    line.answers[b"OUTP?\r\n"] = flag + b"\r\n"
    line.answers[INFO] = b"3.650,1.000,3.650,OFF,OFF,OFF," + mode + b"\r\n"
    with pytest.raises(Refused):
        driver.switch_output(False)
    assert told(line) == [b"OUTP OFF\r\n"]


def test_silence_after_an_off_command_is_no_success() -> None:
    driver, line = on_table()
    driver.identify()
    line.answers[b"OUTP?\r\n"] = b""
    with pytest.raises(NoAnswer):
        driver.switch_output(False)


@settings(deadline=None, derandomize=True, max_examples=120)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_comes_is_a_reading_in_its_form_or_an_error_with_words(seed: int, mutate: bool) -> None:
    draw = Random(seed)
    driver, line = on_table()
    driver.identify()
    others = [*IDLE.values(), IDENTITY]
    line.answers = {question: spoilt(answer, others, draw) if mutate else random_answer(draw) for question, answer in line.answers.items()}
    try:
        reading = driver.read()
    except InstrumentError:
        return
    assert reading.voltage_v is not None and reading.voltage_v <= 66.0
    assert all(line.answers[question].endswith(b"\n") for question in (INFO, b"VOLT?\r\n", b"CURR?\r\n"))


# --- setting ---


def test_a_current_above_the_level_that_switches_off_raises_that_level_first() -> None:
    driver, line = on_table()
    line.answers[b"CURR:LIM?\r\n"] = b"1.000\r\n"
    driver.set_current(5.0)
    assert told(line) == [b"CURR:LIM 5.500\r\n", b"CURR 5.000\r\n"]


def test_a_voltage_level_below_the_new_volts_is_raised_first() -> None:
    driver, line = on_table()
    line.answers[b"VOLT:LIM?\r\n"] = [b"3.000\r\n", b"3.750\r\n"]
    driver.program(voltage_v=3.65, current_a=5.0, over_voltage_v=3.75)
    assert told(line)[:2] == [b"VOLT:LIM 3.750\r\n", b"VOLT 3.650\r\n"]


@pytest.mark.parametrize("question", [b"VOLT?\r\n", b"CURR?\r\n", b"VOLT:LIM?\r\n"])
def test_a_read_back_that_differs_is_refused(question: bytes) -> None:
    driver, line = on_table()
    line.answers[question] = b"3.900\r\n"
    with pytest.raises(Refused, match="reads back"):
        driver.program(voltage_v=3.65, current_a=5.0, over_voltage_v=3.75)


def test_nothing_beyond_the_rating_is_written() -> None:
    driver, line = on_table()
    for volts, amps in ((60.1, 1.0), (3.65, 10.1), (-1.0, 1.0)):
        with pytest.raises(Refused):
            driver.program(voltage_v=volts, current_a=amps)
    assert not told(line)


# --- with the emulator ---


@pytest.mark.parametrize("model", EMULATED["owon"].models)
def test_the_open_lead_check_with_each_model(model: str) -> None:
    bench, supply, _ = in_memory(model)
    assert supply.identify().model == model
    open_lead_check(supply)
    supply.throttle()
    assert bench.world.set_points == (0.0, 0.0)


def test_faults_on_the_wire_end_as_the_errors_that_the_bench_knows() -> None:
    bench, supply, _ = in_memory("SPE6103")
    emulator = bench.supply
    supply.identify()
    supply.program(voltage_v=3.65, current_a=2.0)
    faults_are_told(emulator, supply, 3.65)
    assert supply.read().set_current_a == 2.0
    throttled_when_stuck_on(emulator, supply)
    assert supply.read().set_current_a == 0.0


def test_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="DC310S"), WallClock(), assembled=True)
    bench.open_ptys()
    try:
        supply = open_supply(f"{bench.supply_address}?speed=60", clock=WallClock())
        assert supply.identify().emulated
        supply.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
        supply.switch_output(True)
        reading = supply.read()
        assert (reading.output_on, reading.mode, reading.current_a) == (True, "CC", pytest.approx(2.0, abs=0.02))
        supply.switch_output(False)
        assert (supply.read().output_on, supply.read().current_a) == (False, 0.0)
        supply.close()
    finally:
        bench.close()
