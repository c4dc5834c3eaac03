"""The Korad driver: every byte it sends, how it finds out which words and ends its supply knows, and which answers it does not take."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import random_answer, spoilt
from scripted_line import ScriptedLine
from text_supplies import Table, exchange, faults_are_told, frames, in_memory, open_lead_check, refuses_all, throttled_when_stuck_on

from drivers import proof
from drivers.catalog import FAMILIES, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.line import SerialLine
from drivers.roles import GarbledAnswer, InstrumentError, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.supplies.korad import SLOW_GAP_S, KoradSupply
from drivers.supplies.korad_models import MODELS

KA3005P = b"KORADKA3005PV2.0"
POLL = {b"VSET1?": b"03.65", b"ISET1?": b"5.000", b"VOUT1?": b"03.42", b"IOUT1?": b"5.000", b"STATUS?": b"\x40"}
OFF = {**POLL, b"STATUS?": b"\x01", b"IOUT1?": b"0.000"}


def on_table(identity: bytes = KA3005P, **answers: bytes) -> tuple[KoradSupply, Table]:
    line = Table({b"*IDN?": identity, **POLL})
    return KoradSupply(line, address="korad:table", clock=VirtualClock()), line


def scripted(*steps: tuple[bytes, bytes | None], identity: bytes = KA3005P) -> KoradSupply:
    line = ScriptedLine([(b"*IDN?", identity), (b"*IDN?", identity), *steps])
    driver = KoradSupply(line, address="korad:scripted", clock=VirtualClock())
    driver.identify()
    return driver


# --- the known exchanges ---


@pytest.mark.parametrize("row", [row for row in frames("korad") if row["request_ascii"] == "*IDN?"], ids=lambda row: row["model"])
def test_known_identities(row) -> None:
    driver, _ = on_table(exchange(row)[1])
    profile, meaning = driver.identify(), row["meaning"]
    assert profile.settable and profile.firmware == meaning["firmware"]
    assert profile.model in meaning["model"] or meaning["model"] in profile.model
    assert driver._slow is meaning.get("slow_device", False)


@pytest.mark.parametrize(
    "row", [row for row in frames("korad") if row["request_ascii"].endswith("1?")], ids=lambda row: row["request_ascii"]
)
def test_known_numbers(row) -> None:
    driver, line = on_table()
    driver.identify()
    line.answers.update([exchange(row)])
    reading, meaning = driver.read(), row["meaning"]
    fields = {"v_set_V": "set_voltage_v", "i_set_A": "set_current_a", "v_out_V": "voltage_v", "i_out_A": "current_a"}
    for name, field in fields.items():
        if name in meaning:
            assert getattr(reading, field) == meaning[name]


@pytest.mark.parametrize("row", [row for row in frames("korad") if row["request_ascii"] == "STATUS?"], ids=lambda row: row["response_hex"])
def test_known_status_bytes(row) -> None:
    driver, line = on_table()
    driver.identify()
    line.answers.update([exchange(row)])
    reading = driver.read()
    assert (reading.output_on, reading.mode) == (row["meaning"]["output_on"], row["meaning"]["mode"] if reading.output_on else None)


def test_known_status_and_commands_of_the_newer_words() -> None:
    rows = {row["request_ascii"]: exchange(row) for row in frames("korad") if row["model"].startswith("KWR")}
    identity = b"TENMA 72-13360 V1.0 SN:1\n"
    line = Table({b"*IDN?\n": identity, b"VSET?\n": b"3.65\n", b"ISET?\n": b"5.000\n", b"VOUT?\n": b"3.4\n", b"IOUT?\n": b"5\n"})
    line.answers.update([rows["STATUS?\n"]])
    driver = KoradSupply(line, address="korad:table", clock=VirtualClock())
    assert (driver.identify().model, driver.identify().max_power_w) == ("KWR103", 300.0)
    assert line.sent[:2] == [b"*IDN?", b"*IDN?\n"]
    reading = driver.read()
    assert (reading.output_on, reading.mode, reading.set_voltage_v, reading.current_a) == (True, "CV", 3.65, 5.0)
    with pytest.raises(Refused, match="flag reads 1"):
        driver.switch_output(False)
    assert rows["OUT:0\n"][0] in line.sent
    line.answers[b"STATUS?\n"] = b"\x0a\n"  # a status may be the byte that ends lines
    assert driver.read().output_on is True


def test_known_commands_are_sent_as_they_stand_in_the_sheet() -> None:
    rows = [exchange(row) for row in frames("korad") if row["model"] == "KA3005P"]
    volts, off = (next(pair for pair in rows if pair[0] == wanted) for wanted in (b"VSET1:03.65", b"OUT0"))
    poll = [(question, OFF[question]) for question in POLL]
    driver = scripted(*poll, (b"STATUS?", b"\x01"), volts, (b"VSET1?", b"03.65"), off, (b"STATUS?", b"\x01"), (b"STATUS?", b"\x01"))
    driver.set_voltage(3.659)
    driver.switch_output(False)
    driver.close()


# --- who is there ---


@pytest.mark.parametrize("tail", [b"", b"\0", b"\x01", b"\xbc", b" \0"])
def test_tails_of_the_identity_are_none_of_it(tail: bytes) -> None:
    assert on_table(KA3005P + tail)[0].identify().model == "KA3005P"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_each_model_by_each_of_its_identities(model) -> None:
    for known in model.ids:
        profile = on_table(f"{known} V2.0 SN:77".encode())[0].identify()
        assert (profile.model, profile.serial) == (model.name, "77")
        assert profile.max_voltage_v == (model.max_voltage_v if model.outputs == 1 else 0.0)


def test_what_it_is_not_is_told() -> None:
    profile = on_table()[0].identify()
    assert not profile.has_over_voltage_protection and not profile.has_over_current_protection
    assert profile.over_current_folds and profile.echoes_set_point


@pytest.mark.parametrize("identity", [b"KORADKA9999PV2.0", b"TENMA 72-9999 V1.0", b"KORADKA3005PXV2.0", b"KORAD KA3305P V7.1"])
def test_an_unknown_or_two_output_model_is_read_and_nothing_is_ever_written(identity: bytes) -> None:
    driver, line = on_table(identity)
    assert not driver.identify().settable
    assert driver.read().voltage_v == 3.42
    refuses_all(driver)
    assert set(line.sent) <= {b"*IDN?", *POLL}


def test_of_an_unknown_model_the_status_byte_is_not_known() -> None:
    assert on_table(b"KORADKA9999PV2.0")[0].read().output_on is None


@pytest.mark.parametrize("answer", [b"OWON,XDM1041,1,V1\n", b"$GPGGA,1,N*47\r\n", b"\x01\x03\x00\x08", b"?"])
def test_a_stranger_is_named_and_gets_no_command(answer: bytes) -> None:
    line = Table({b"*IDN?": answer, b"*IDN?\n": answer})
    with pytest.raises(WrongDevice, match="nothing was written"):
        KoradSupply(line, address="korad:table", clock=VirtualClock()).identify()
    assert set(line.sent) <= {b"*IDN?", b"*IDN?\n"}


def test_silence_names_what_to_check() -> None:
    with pytest.raises(NoAnswer, match="cable"):
        KoradSupply(Table({}), address="korad:table", clock=VirtualClock()).identify()


def test_an_identity_that_is_heard_otherwise_the_second_time_is_none() -> None:
    line = Table({b"*IDN?": [KA3005P, b"KORADKA3003PV2.0"]})
    with pytest.raises(GarbledAnswer, match="another identity"):
        KoradSupply(line, address="korad:table", clock=VirtualClock()).identify()


def test_another_supply_after_the_line_was_lost_is_not_written_to() -> None:
    driver = scripted((b"VSET1?", None), (b"*IDN?", b"KORADKA6003PV2.0"), (b"*IDN?", b"KORADKA6003PV2.0"))
    with pytest.raises(InstrumentError, match="gone"):
        driver.read()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(True)
    driver.close()


def test_scaled_time_needs_our_own_emulator() -> None:
    line = Table({b"*IDN?": KA3005P})
    driver = KoradSupply(line, address="korad:table", clock=VirtualClock(), prove=True)
    with pytest.raises(WrongDevice, match="scaled time"):
        driver.identify()
    assert line.sent == [proof.REQUEST]


# --- readings ---


@pytest.mark.parametrize("question", [question for question in POLL if question != b"STATUS?"])
def test_a_number_with_a_character_lost_or_added_is_none(question: bytes) -> None:
    for cut in (POLL[question][:-1], POLL[question][1:], b"x" + POLL[question], b"9" + POLL[question], b"-" + POLL[question][1:], b"nan.0"):
        driver, line = on_table()
        driver.identify()
        line.answers[question] = cut
        if question in (b"ISET1?", b"IOUT1?") and cut == b"95.000":
            cut = b""  # 95.00 A has the form of amperes, and no such supply has them
        with pytest.raises(GarbledAnswer):
            driver.read()


def test_a_status_byte_that_tells_something_new_is_asked_twice() -> None:
    driver, line = on_table()
    driver.identify()
    assert driver.read().output_on is True
    line.sent.clear()
    driver.read()
    assert line.sent.count(b"STATUS?") == 1
    line.answers[b"STATUS?"] = [b"\x01", b"\x40"]
    assert driver.read().output_on is None  # one byte without a checksum proves nothing
    line.answers[b"STATUS?"] = b"\x01"
    assert driver.read().output_on is False


def test_only_two_bits_of_the_status_count() -> None:
    for byte in range(256):
        driver, line = on_table()
        driver.identify()
        line.answers[b"STATUS?"] = bytes((byte,))
        reading = driver.read()
        assert reading.output_on is bool(byte & 0x40)
        assert reading.mode == (("CV" if byte & 1 else "CC") if byte & 0x40 else None)


def test_off_needs_two_bytes_in_agreement() -> None:
    for answers, fits in (
        ([b"\x01", b"\x01"], True),
        ([b"\x01", b"\x41"], False),
        ([b"\x41", b"\x01"], False),
        ([b"\x41", b"\x41"], False),
    ):
        driver, line = on_table()
        driver.identify()
        line.answers[b"STATUS?"] = answers
        if fits:
            driver.switch_output(False)
        else:
            with pytest.raises(Refused):
                driver.switch_output(False)
        assert line.sent.count(b"OUT0") == 1


def test_silence_after_an_off_command_is_no_success() -> None:
    driver, line = on_table()
    driver.identify()
    line.answers[b"STATUS?"] = b""
    with pytest.raises(NoAnswer):
        driver.switch_output(False)


class Late:
    """A supply whose answers come `late` questions late from the `since`-th question on."""

    url = "late"

    def __init__(self, late: int, since: int) -> None:
        self.late, self.since, self.waiting, self.asked = late, since, [], 0

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.asked += 1
        self.waiting.append({b"*IDN?": KA3005P, **POLL, b"IOUT1?": b"4.123"}.get(request, b""))
        if self.asked < self.since:
            return self.waiting.pop()[:expect]
        return self.waiting.pop(0)[:expect] if len(self.waiting) > self.late else b""

    def close(self) -> None:
        return None


@pytest.mark.parametrize("late", [1, 2, 3, 5])
@pytest.mark.parametrize("since", range(3, 9))
def test_a_late_answer_never_passes_for_the_present_one(late: int, since: int) -> None:
    driver = KoradSupply(Late(late, since), address="korad:late", clock=VirtualClock())  # type: ignore[arg-type]  # it only asks
    driver.identify()
    for _ in range(4):
        try:
            reading = driver.read()
        except InstrumentError:
            continue
        assert (reading.set_voltage_v, reading.set_current_a, reading.voltage_v, reading.current_a) == (3.65, 5.0, 3.42, 4.123)


@settings(deadline=None, derandomize=True, max_examples=120)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_comes_is_a_reading_in_its_form_or_an_error_with_words(seed: int, mutate: bool) -> None:
    draw = Random(seed)
    driver, line = on_table()
    driver.identify()
    others = [*POLL.values(), KA3005P]
    line.answers = {question: spoilt(answer, others, draw) if mutate else random_answer(draw) for question, answer in line.answers.items()}
    try:
        reading = driver.read()
    except InstrumentError:
        return
    assert reading.voltage_v is not None and 0.0 <= reading.voltage_v <= 1.1 * 31.0
    assert reading.current_a is not None and 0.0 <= reading.current_a <= 1.1 * 5.1
    sent = [question for question in (b"VSET1?", b"VOUT1?") if len(line.answers[question]) < 5]
    assert not sent


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_comes_to_an_identification_is_a_profile_or_an_error(seed: int, mutate: bool) -> None:
    draw = Random(seed)
    identity = spoilt(KA3005P, [b"TENMA 72-2540 V2.1", b"03.65"], draw) if mutate else random_answer(draw)
    try:
        profile = on_table(identity)[0].identify()
    except InstrumentError:
        return
    assert not profile.settable or profile.model in {model.name for model in MODELS}


# --- setting ---


def test_set_points_go_down_to_the_step_and_the_folding_protection_is_off_before_them() -> None:
    driver, line = on_table()
    driver.identify()
    line.answers.update(OFF)
    line.answers[b"VSET1?"], line.answers[b"ISET1?"] = b"03.65", b"1.999"
    driver.program(voltage_v=3.6599, current_a=1.9999, over_voltage_v=3.75, over_current_a=2.2)
    told = [sent for sent in line.sent if not sent.endswith(b"?")]
    assert told == [b"OCP0", b"VSET1:03.65", b"ISET1:1.999"]


@pytest.mark.parametrize(("question", "answer"), [(b"VSET1?", b"03.70"), (b"ISET1?", b"4.900")])
def test_a_read_back_that_differs_is_refused(question: bytes, answer: bytes) -> None:
    driver, line = on_table()
    driver.identify()
    line.answers.update(OFF)
    line.answers[question] = answer
    with pytest.raises(Refused, match="reads back"):
        driver.program(voltage_v=3.65, current_a=5.0)


@pytest.mark.parametrize(("volts", "amps"), [(31.01, 1.0), (3.65, 5.11), (-0.1, 1.0), (float("nan"), 1.0)])
def test_nothing_beyond_the_rating_is_written(volts: float, amps: float) -> None:
    driver, line = on_table()
    driver.identify()
    line.answers.update(OFF)
    with pytest.raises(Refused):
        driver.program(voltage_v=volts, current_a=amps)
    assert not [sent for sent in line.sent if not sent.endswith(b"?")]


# --- with the emulator ---


@pytest.mark.parametrize("model", [name for name in EMULATED["korad"].models if name != "KA3305P"])
def test_the_open_lead_check_with_each_model(model: str) -> None:
    bench, supply, _ = in_memory(model)
    assert supply.identify().model == model and model in FAMILIES["korad"].models
    open_lead_check(supply)
    assert supply.power_up_output() is None
    supply.throttle()
    assert bench.world.set_points == (0.0, 0.0)


def test_two_outputs_are_only_read_on_the_emulator_too() -> None:
    bench, supply, _ = in_memory("KA3305P")
    assert not supply.identify().settable and supply.read().output_on is False
    refuses_all(supply)
    assert bench.world.set_points == (0.0, 0.0)


def test_faults_on_the_wire_end_as_the_errors_that_the_bench_knows() -> None:
    bench, supply, _ = in_memory("KA3010P")
    emulator = bench.supply
    supply.identify()
    supply.program(voltage_v=3.65, current_a=2.0)
    faults_are_told(emulator, supply, 3.65)
    assert supply.read().current_a == 0.0
    throttled_when_stuck_on(emulator, supply)
    reading = supply.read()
    assert (reading.output_on, reading.set_voltage_v, reading.set_current_a) == (True, 0.0, 0.0)


def test_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="KA3010P"), WallClock(), assembled=True)
    bench.open_ptys()
    try:
        supply = open_supply(f"{bench.supply_address}?speed=60", clock=WallClock())
        assert supply.identify().emulated
        supply.program(voltage_v=3.65, current_a=2.0)
        supply.switch_output(True)
        reading = supply.read()
        assert (reading.output_on, reading.mode, reading.current_a) == (True, "CC", pytest.approx(2.0, abs=0.02))
        supply.switch_output(False)
        assert (supply.read().output_on, supply.read().current_a) == (False, 0.0)
        supply.close()
    finally:
        bench.close()


def test_the_slow_firmware_gets_its_pause_after_commands_and_status_only() -> None:
    bench = EmbeddedBench(describe(cells=2, model="PS3005D"), WallClock())
    bench.open_ptys()
    line = SerialLine(bench.supply_address.partition(":")[2], baud=9600, gap_s=0.1)
    try:
        driver = KoradSupply(line, address="korad:pty", clock=WallClock())
        driver.identify()
        driver._value("VSET", "V")
        began_s = time.monotonic()
        driver._value("ISET", "A")
        assert 0.09 <= time.monotonic() - began_s < SLOW_GAP_S
        driver._switch(False)
        began_s = time.monotonic()
        driver._state()
        assert time.monotonic() - began_s >= SLOW_GAP_S - 0.02
    finally:
        line.close()
        bench.close()
