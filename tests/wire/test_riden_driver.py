"""The Riden driver against transcripts: every byte it sends, and what it makes of good, bad, late and missing answers."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_line import ScriptedLine, polls, reads, riden_registers, writes

from drivers import proof
from drivers.clock import VirtualClock
from drivers.modbus import read_request, write_request
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.supplies.checked import counts
from drivers.supplies.riden import MODELS, RidenSupply

FRAMES = json.loads(Path(__file__).with_name("frames").joinpath("riden.json").read_text(encoding="utf-8"))
POLL = read_request(1, 0, 42)


def supply(*steps: tuple[bytes, bytes | None], prove: bool = False) -> RidenSupply:
    return RidenSupply(ScriptedLine(list(steps)), address="riden:scripted", clock=VirtualClock(), prove=prove)


def identified(*steps: tuple[bytes, bytes | None], **changes: int) -> RidenSupply:
    driver = supply(polls(**changes), *steps)
    driver.identify()
    return driver


def names_everything(error: InstrumentError) -> bool:
    return bool(error.device == "riden:scripted" and error.request and error.what and error.check)


# --- who is there ---


def test_identify_reads_once_and_tells_model_rating_and_step() -> None:
    driver = supply(polls())
    profile = driver.identify()
    driver.close()
    assert (profile.model, profile.serial, profile.firmware) == ("RD6012", "00006464", "1.42")
    assert (profile.max_voltage_v, profile.max_current_a, profile.voltage_step_v, profile.current_step_a) == (60.0, 12.0, 0.01, 0.01)
    assert profile.has_over_voltage_protection and not profile.emulated


def test_the_captured_answer_of_an_rd6030_is_understood() -> None:
    row = next(row for row in FRAMES if row["kind"] == "captured-repaired")
    exchange = (bytes.fromhex(row["request_hex"]), bytes.fromhex(row["response_hex"]))
    driver = supply(exchange, exchange)
    profile, reading = driver.identify(), driver.read()
    meaning = row["meaning"]
    assert (profile.model, profile.firmware, profile.serial) == ("RD6030", meaning["firmware"], f"{meaning['serial']:08d}")
    assert (reading.set_voltage_v, reading.set_current_a) == (meaning["v_set_V"], meaning["i_set_A"])
    assert (reading.voltage_v, reading.current_a, reading.output_on) == (0.0, 0.0, False)
    assert reading.internal_temperature_c == meaning["temp_int_C"]
    assert reading.probe_temperature_c is None  # -191 is no probe
    assert reading.battery_voltage_v is None  # nothing at the battery terminal


@pytest.mark.parametrize(("model", "model_id"), [(model, model_id) for model in MODELS for model_id in model.ids], ids=str)
def test_each_model_writes_its_own_counts(model, model_id: int) -> None:
    for index, (per_ampere, max_current_a) in enumerate(model.ranges):
        volts, amperes = round(3.65 * model.counts_per_volt), round(5.5 * per_ampere)
        driver = identified(
            polls(r0=model_id, r20=index),
            writes(8, volts),
            writes(9, amperes),
            reads(8, volts, amperes),
            polls(r0=model_id, r20=index, r11=amperes, r8=volts, r18=1),
            r0=model_id,
            r20=index,
        )
        driver.program(voltage_v=3.65, current_a=5.5)
        reading = driver.read()
        driver.close()
        assert (reading.set_voltage_v, reading.current_a) == (pytest.approx(3.65), pytest.approx(5.5))
        assert driver._profile is not None and driver._profile.max_current_a == max_current_a


@pytest.mark.parametrize("model_id", [60182, 60189, 60063, 60309])
def test_an_unknown_member_of_the_family_is_read_and_never_set(model_id: int) -> None:
    driver = identified(polls(r0=model_id, r10=342, r11=998, r18=1), r0=model_id)
    reading = driver.read()
    assert reading.output_on is True
    assert reading.voltage_v is None and reading.current_a is None and reading.set_voltage_v is None  # a scale is never guessed
    for act in (
        lambda: driver.program(voltage_v=3.65, current_a=1.0),
        lambda: driver.set_voltage(3.65),
        lambda: driver.switch_output(True),
        lambda: driver.switch_output(False),
        driver.throttle,
        driver.prove_writable,
    ):
        with pytest.raises(Refused, match="not known for sure") as caught:
            act()
        assert names_everything(caught.value)
    driver.close()


def test_an_unknown_current_range_is_not_guessed() -> None:
    driver = identified(polls(r0=60125, r20=7, r11=500, r10=3420), r0=60125, r20=1)
    assert driver.read().current_a is None
    with pytest.raises(Refused, match="present range, is not known for sure"):
        driver.set_voltage(3.65)


def test_a_known_model_can_be_switched_off_whatever_range_it_shows() -> None:
    strange = polls(r0=60125, r20=7, r18=1)
    driver = identified(strange, writes(18, 0), reads(16, 0, 0, 0), writes(8, 0), writes(9, 0), reads(8, 0, 0), r0=60125, r20=1)
    driver.read()
    driver.switch_output(False)
    driver.throttle()
    driver.close()


def test_a_current_range_that_changes_during_the_run_changes_the_scale_at_once() -> None:
    driver = identified(polls(r0=60125, r20=1, r11=5000), polls(r0=60125, r20=0, r11=5000), r0=60125, r20=1)
    assert [driver.read().current_a for _ in range(2)] == [5.0, 0.5]


def test_a_gps_on_the_port_gets_three_questions_and_nothing_else() -> None:
    text = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n" * 2
    driver = supply((POLL, text), (read_request(1, 0, 43), text), (read_request(1, 0, 44), text))
    with pytest.raises(WrongDevice, match=r"GPGGA.*nothing was written") as caught:
        driver.identify()
    assert names_everything(caught.value)
    driver.close()


def test_another_modbus_device_is_not_taken_for_a_supply() -> None:
    with pytest.raises(WrongDevice, match="register 0 holds 5020"):
        supply(polls(r0=5020)).identify()
    with pytest.raises(WrongDevice, match="no Riden"):
        supply((POLL, bytes.fromhex("018302C0F1"))).identify()


def test_silence_names_what_to_check() -> None:
    driver = supply((POLL, b""), (read_request(1, 0, 43), b""), (read_request(1, 0, 44), b""))
    with pytest.raises(NoAnswer, match="cable") as caught:
        driver.identify()
    assert names_everything(caught.value)


def test_another_supply_on_the_same_port_is_noticed() -> None:
    driver = identified(polls(r2=7777, r10=6000))
    with pytest.raises(WrongDevice, match="another supply"):
        driver.read()


def test_scaled_time_needs_the_token_of_our_own_emulator() -> None:
    assert supply((proof.REQUEST, proof.ANSWER), polls(), prove=True).identify().emulated
    for answer in (b"", bytes.fromhex("018302C0F1"), b"?"):
        driver = supply((proof.REQUEST, answer), prove=True)
        with pytest.raises(WrongDevice, match="scaled time is for our own emulators only"):
            driver.identify()
        driver.close()


# --- readings ---


def test_a_reading_under_charge() -> None:
    driver = identified(polls(r10=342, r11=998, r17=1, r18=1, r32=1, r33=341, r34=0, r35=23))
    reading = driver.read()
    assert (reading.output_on, reading.voltage_v, reading.current_a, reading.mode) == (True, 3.42, 9.98, "CC")
    assert (reading.set_voltage_v, reading.set_current_a, reading.protection) == (3.65, 10.0, "")
    assert reading.probe_temperature_c == 23.0
    assert reading.battery_voltage_v is None  # a relay joins it to the output while that is on


def test_battery_terminal_counts_only_with_the_output_off_and_a_known_scale() -> None:
    assert identified(polls(r32=1, r33=329)).read().battery_voltage_v == 3.29
    assert identified(polls(r32=0, r33=3)).read().battery_voltage_v is None
    assert identified(polls(r0=60065, r32=1, r33=329), r0=60065).read().battery_voltage_v is None


@pytest.mark.parametrize(("code", "word"), [(0, ""), (1, "OVP"), (2, "OCP"), (3, "OTP"), (9, "code 9")])
def test_any_protection_code_is_told(code: int, word: str) -> None:
    assert identified(polls(r16=code)).read().protection == word


def test_an_output_flag_without_meaning_is_unknown() -> None:
    assert identified(polls(r18=7)).read().output_on is None


def test_power_up_setting() -> None:
    driver = identified(reads(68, 0), reads(68, 1), reads(68, 9))
    assert [driver.power_up_output() for _ in range(3)] == [False, True, None]


def test_a_lost_reply_is_asked_again_and_never_zero() -> None:
    request, answer = reads(0, *riden_registers(r11=998)[:43])
    driver = identified((POLL, b""), (request, answer))
    assert driver.read().current_a == 9.98
    driver = identified((POLL, b""), (request, b""), (read_request(1, 0, 44), b""))
    with pytest.raises(NoAnswer):
        driver.read()
    driver.close()


def test_a_garbled_reply_is_asked_again() -> None:
    request, answer = reads(0, *riden_registers(r11=998)[:43])
    bad = bytearray(polls(r11=1)[1])
    bad[-1] ^= 1
    driver = identified((POLL, bytes(bad)), (request, answer))
    assert driver.read().current_a == 9.98


def test_a_late_reply_to_the_poll_before_cannot_pass_for_the_present_one() -> None:
    late = polls(r11=1234)[1]
    driver = identified((POLL, b""), (read_request(1, 0, 43), late), reads(0, *riden_registers(r11=998)[:44]))
    assert driver.read().current_a == 9.98
    driver.close()


def test_a_late_reply_to_a_poll_cannot_pass_for_the_output_flag() -> None:
    driver = identified(writes(18, 0), (read_request(1, 16, 3), polls()[1]), r18=1)
    with pytest.raises(GarbledAnswer):
        driver.switch_output(False)


# --- setting ---


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 6200), st.sampled_from((100, 1000, 10000)))
def test_a_value_on_a_step_is_that_many_counts(hundredths: int, per_unit: int) -> None:
    assert counts(hundredths / 100, per_unit) == hundredths * per_unit // 100


@pytest.mark.parametrize(("volts", "expected"), [(3.65, 365), (3.6599, 365), (3.55 + 0.1, 365), (0.1 + 0.2, 30), (58.4, 5840), (0.0, 0)])
def test_rounding_is_down_and_decimal(volts: float, expected: int) -> None:
    assert counts(volts, 100) == expected


def test_programming_raises_the_over_voltage_level_first_when_the_voltage_would_pass_it() -> None:
    driver = identified(
        polls(),
        reads(82, 100),
        writes(82, 375),
        writes(8, 365),
        writes(9, 1000),
        writes(83, 1100),
        reads(8, 365, 1000),
        reads(82, 375, 1100),
    )
    driver.program(voltage_v=3.65, current_a=10.0, over_voltage_v=3.75, over_current_a=11.0)
    driver.close()


def test_programming_lowers_the_voltage_before_the_over_voltage_level() -> None:
    driver = identified(
        polls(r8=2400),
        reads(82, 6200),
        writes(8, 365),
        writes(9, 1000),
        writes(82, 375),
        writes(83, 1100),
        reads(8, 365, 1000),
        reads(82, 375, 1100),
    )
    driver.program(voltage_v=3.65, current_a=10.0, over_voltage_v=3.75, over_current_a=11.0)
    driver.close()


def test_an_over_current_level_beyond_the_model_is_lowered_to_its_ceiling() -> None:
    driver = identified(polls(), writes(8, 365), writes(9, 1200), writes(83, 1220), reads(8, 365, 1200), reads(83, 1220))
    driver.program(voltage_v=3.65, current_a=12.0, over_current_a=13.2)
    driver.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"voltage_v": 60.5}, "voltage 60.5 V is outside"),
        ({"voltage_v": -1.0}, "outside"),
        ({"voltage_v": float("nan")}, "outside"),
        ({"current_a": 100.0}, "current 100 A is outside 0 to 12 A"),
        ({"over_current_a": 9.0}, "would trip at once"),
    ],
)
def test_values_outside_the_rating_are_refused_before_any_write(changes: dict[str, float], words: str) -> None:
    driver = identified(polls())
    with pytest.raises(Refused, match=words) as caught:
        driver.program(**{"voltage_v": 3.65, "current_a": 10.0, **changes})
    assert names_everything(caught.value)
    driver.close()


def test_nothing_is_programmed_while_the_output_is_on() -> None:
    driver = identified(polls(r18=1), polls(r18=1))
    with pytest.raises(Refused, match="output is not off"):
        driver.program(voltage_v=3.65, current_a=10.0)
    with pytest.raises(Refused, match="output is not off"):
        driver.prove_writable()
    driver.close()


def test_a_read_back_that_differs_is_refused() -> None:
    driver = identified(polls(), writes(8, 365), writes(9, 1000), reads(8, 3650, 1000))
    with pytest.raises(Refused, match=r"reads back 36\.5 V where 3\.65 V") as caught:
        driver.program(voltage_v=3.65, current_a=10.0)
    assert names_everything(caught.value)


def test_one_count_beside_is_accepted() -> None:
    driver = identified(polls(), writes(8, 364), reads(8, 363))
    driver.set_voltage(3.64)
    driver.close()


def test_a_lost_echo_is_settled_by_reading_back_not_by_writing_again() -> None:
    driver = identified(polls(), (write_request(1, 8, 364), b""), reads(8, 364), reads(8, 364))
    driver.set_voltage(3.64)
    driver.close()


def test_a_write_that_did_not_arrive_is_written_again() -> None:
    driver = identified(polls(), (write_request(1, 8, 364), b""), reads(8, 365), writes(8, 364), reads(8, 364))
    driver.set_voltage(3.64)
    driver.close()


@pytest.mark.parametrize("on", [True, False])
def test_switching_writes_once_and_reads_the_flag_once(on: bool) -> None:
    driver = identified(writes(18, int(on)), reads(16, 0, 0, int(on)))
    driver.switch_output(on)
    driver.close()


def test_an_output_that_does_not_follow_is_refused() -> None:
    driver = identified(writes(18, 0), reads(16, 0, 1, 1), r18=1)
    with pytest.raises(Refused, match="flag reads 1") as caught:
        driver.switch_output(False)
    assert names_everything(caught.value)
    driver = identified(writes(18, 1), reads(16, 1, 0, 0))
    with pytest.raises(Refused, match="protection shows OVP"):
        driver.switch_output(True)


def test_off_with_a_lost_echo_is_proved_by_the_flag() -> None:
    driver = identified((write_request(1, 18, 0), b""), reads(16, 0, 0, 0), r18=1)
    driver.switch_output(False)
    driver.close()


def test_silence_after_off_is_no_success() -> None:
    driver = identified((write_request(1, 18, 0), b""), (read_request(1, 16, 3), b""), r18=1)
    with pytest.raises(NoAnswer):
        driver.switch_output(False)
    driver.close()


def test_throttle_takes_both_set_points_to_zero_with_the_output_on() -> None:
    driver = identified(writes(8, 0), (write_request(1, 9, 0), b""), reads(8, 0, 0), r18=1)
    driver.throttle()
    driver.close()
    with pytest.raises(Refused, match=r"read back 3\.65 V and 0 A"):
        identified(writes(8, 0), writes(9, 0), reads(8, 365, 0)).throttle()


def test_write_test_is_one_volt_and_a_tenth_of_an_ampere() -> None:
    driver = identified(polls(), writes(8, 100), writes(9, 10), reads(8, 100, 10))
    driver.prove_writable()
    driver.close()


# --- a line that breaks ---


def test_after_a_lost_line_the_supply_is_identified_again_before_any_write() -> None:
    driver = identified((POLL, None), polls(), writes(18, 0), reads(16, 0, 0, 0))
    with pytest.raises(LostLine):
        driver.read()
    driver.switch_output(False)
    driver.close()


def test_a_stranger_found_after_a_lost_line_is_not_written_to() -> None:
    driver = identified((POLL, None), polls(r0=60181, r2=1))
    with pytest.raises(LostLine):
        driver.read()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(False)
    driver.close()
