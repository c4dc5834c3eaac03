"""The Wanptek driver against its known frames, scripted answers in both byte orders, and its emulator."""

import pytest
from frame_rows import exchange, frame_rows, named, where
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_line import ScriptedLine
from test_emulated_instruments import in_memory, open_lead_check

from drivers.address import AddressError
from drivers.catalog import open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.modbus import frame, read_request
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.supplies.wanptek import WanptekSupply
from drivers.supplies.wanptek_frames import command, decoded

ROWS = frame_rows("wanptek")
ASK, PASS = read_request(0, 0, 8), read_request(1, 0, 8)
ECHO = bytes.fromhex("00100000000381D9")
GOOD = [row for row in ROWS if "v_set_V" in row["meaning"]]
Step = tuple[bytes, bytes | None]


def answers(flags: int = 0, v: int = 0, a: int = 0, set_v: int = 365, set_a: int = 10000, *, scale: tuple[int, int] = (1, 5)) -> Step:
    """The status of a 30 V 10 A supply, low byte first."""
    words = (v, a, set_v, set_a, 3200, 10200)
    return ASK, frame(bytes((0, 3, 16, flags, *scale, 0)) + b"".join(word.to_bytes(2, "little") for word in words))


def told(flags: int, set_v: int, set_a: int) -> Step:
    data = bytes((flags, 0)) + set_v.to_bytes(2, "little") + set_a.to_bytes(2, "little")
    return frame(bytes.fromhex("00100000000306") + data), ECHO


def supply(*steps: Step, prove: bool = False) -> WanptekSupply:
    return WanptekSupply(ScriptedLine(list(steps)), address="wanptek:scripted", clock=VirtualClock(), prove=prove)


def identified(*steps: Step) -> WanptekSupply:
    driver = supply(answers(), *steps)
    driver.identify()
    return driver


# --- known frames ---


@pytest.mark.parametrize("row", [row for row in GOOD if "write" not in row["meaning"]], ids=named)
def test_known_status(row: dict) -> None:
    meaning = row["meaning"]
    driver = supply(exchange(row), exchange(row))
    profile, reading = driver.identify(), driver.read()
    assert (reading.output_on, reading.set_voltage_v, reading.set_current_a) == (
        meaning["output_on"],
        meaning["v_set_V"],
        meaning["i_set_A"],
    )
    assert reading.mode == (meaning["mode"] if meaning["output_on"] else None)
    assert reading.protection == ("OCP" if meaning.get("alarm") else "")
    if "v_max_V" in meaning:
        assert (reading.voltage_v, reading.current_a) == (meaning["v_out_V"], meaning["i_out_A"])
        assert (profile.max_voltage_v, profile.max_current_a) == (meaning["v_max_V"], meaning["i_max_A"])
        assert profile.model == f"Wanptek {meaning['v_class_V']} V {meaning['i_class_A']} A"
        assert profile.voltage_step_v == 10 ** -meaning["v_decimals"] and profile.current_step_a == 10 ** -meaning["i_decimals"]
    assert profile.over_current_folds and not profile.has_over_voltage_protection and not profile.has_over_current_protection


@pytest.mark.parametrize("row", [row for row in GOOD if "write" in row["meaning"]], ids=named)
def test_known_commands_are_what_the_driver_sends(row: dict) -> None:
    """The status before gives byte order and set-points; the command is the row's, byte for byte."""
    status = next(one for one in GOOD if one["model"] == row["model"] and "write" not in one["meaning"])
    meaning = row["meaning"]
    on = bool(meaning["output_on"])
    ask, answer = exchange(status)
    after = bytearray(answer[:-2])
    after[3] = (after[3] & ~1) | int(on)
    driver = supply((ask, answer), (ask, answer), exchange(row), (ask, frame(bytes(after))))
    driver.identify()
    driver.switch_output(on)
    driver.close()
    found = decoded(answer[3:19])
    assert found is not None
    assert command(0, found, on=on, set_voltage=found.set_voltage, set_current=found.set_current) == exchange(row)[0]


def test_the_known_answer_with_uncertain_decimals_is_read_only() -> None:
    row = next(row for row in ROWS if "error" in row["meaning"])
    driver = supply(exchange(row), exchange(row))
    profile, reading = driver.identify(), driver.read()
    assert "decimals uncertain" in profile.model and not profile.settable
    assert reading.output_on is True and reading.voltage_v is None and reading.current_a is None and reading.set_voltage_v is None
    for act in (
        lambda: driver.program(voltage_v=3.65, current_a=1.0),
        lambda: driver.switch_output(True),
        lambda: driver.switch_output(False),
        driver.throttle,
        driver.prove_writable,
    ):
        with pytest.raises(Refused, match="not known for sure"):
            act()
    driver.close()


# --- who is there ---


@pytest.mark.parametrize("nibble", range(1, 8))
def test_every_other_decimals_nibble_is_read_only(nibble: int) -> None:
    for scale in ((nibble << 4 | 1, 5), (1, nibble << 4 | 5)):
        assert not supply(answers(scale=scale)).identify().settable


@pytest.mark.parametrize("scale", [(9, 5), (1, 14), (0, 5), (2, 5), (1, 4), (1, 6), (0x81, 5), (1, 0x85)])
def test_what_does_not_fit_its_class_is_no_wanptek(scale: tuple[int, int]) -> None:
    """32 V and 10.2 A belong to the classes 30 V and 10 A, and to no other and to no other scale."""
    with pytest.raises(WrongDevice, match=r"no Wanptek.*nothing was written"):
        supply(answers(scale=scale)).identify()


def test_strangers() -> None:
    text = b"$GPGGA,123519,4807.038,N,01131.000,E\r\n"
    driver = supply((ASK, text[:21]), (PASS, text), (ASK, text[:21]))
    with pytest.raises(WrongDevice, match=r"GPGGA.*nothing was written"):
        driver.identify()
    driver.close()
    with pytest.raises(NoAnswer, match="cable"):
        supply((ASK, b""), (PASS, b""), (ASK, b"")).identify()
    with pytest.raises(WrongDevice, match="no Wanptek"):
        supply((ASK, frame(b"\x00\x83\x02"))).identify()
    with pytest.raises(AddressError, match="address"):
        open_supply("wanptek:/dev/nowhere?address=32", clock=VirtualClock())


def test_another_supply_on_the_same_port_gets_no_command() -> None:
    other = exchange(next(row for row in GOOD if "big-endian" in row["model"]))
    driver = identified(other, other)
    with pytest.raises(WrongDevice, match="another supply"):
        driver.read()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(False)
    driver.close()
    driver = identified(other)
    with pytest.raises(WrongDevice, match="another supply"):
        driver.switch_output(True)
    driver.close()


# --- setting ---


def test_programming_reads_before_each_command_and_takes_the_over_current_switch_off() -> None:
    driver = identified(
        answers(2 | 4, set_v=1400, set_a=500),
        answers(2 | 4, set_v=1400, set_a=500),
        told(4, 365, 500),
        answers(4, set_v=365, set_a=500),
        told(4, 365, 2000),
        answers(4, set_v=365, set_a=2000),
    )
    driver.program(voltage_v=3.659, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    driver.close()


def test_what_somebody_turned_at_the_panel_is_not_undone() -> None:
    driver = identified(answers(0, set_v=365), answers(1, set_v=360, set_a=8000), told(0, 360, 8000), answers(0, set_v=360, set_a=8000))
    driver.read()
    driver.switch_output(False)
    driver.close()


def test_off_goes_out_also_when_the_status_before_it_is_lost() -> None:
    driver = identified(answers(1), (ASK, b""), told(0, 365, 10000), (PASS, b""), answers(0))
    driver.read()
    driver.switch_output(False)
    driver.close()
    driver = identified((ASK, b""), (PASS, b""), answers(0))
    with pytest.raises(Refused, match="flag reads 0"):
        driver.switch_output(True)  # but "on" is never sent without knowing the set-points
    driver.close()


def test_silence_after_off_is_no_success() -> None:
    sent, _ = told(0, 365, 10000)
    driver = identified(answers(1), (sent, b""), (ASK, b""))
    with pytest.raises(NoAnswer, match="cable"):
        driver.switch_output(False)
    driver.close()
    driver = identified(answers(1), told(0, 365, 10000), answers(1))
    with pytest.raises(Refused, match="flag reads 1"):
        driver.switch_output(False)


def test_a_read_back_that_differs_is_refused() -> None:
    driver = identified(answers(), answers(), told(0, 365, 10000), answers(), told(0, 365, 2000), answers(0, set_v=3650, set_a=2000))
    with pytest.raises(Refused, match=r"reads back 36\.5 V"):
        driver.program(voltage_v=3.65, current_a=2.0)


def test_values_outside_the_rating_are_refused_before_any_write() -> None:
    for volts, amperes in ((32.5, 1.0), (3.65, 10.5), (float("nan"), 1.0)):
        driver = identified(answers())
        with pytest.raises(Refused, match="outside"):
            driver.program(voltage_v=volts, current_a=amperes)
        driver.close()


def test_nothing_is_programmed_while_the_output_is_on() -> None:
    driver = identified(answers(1))
    with pytest.raises(Refused, match="output is not off"):
        driver.program(voltage_v=3.65, current_a=2.0)
    driver.close()


# --- late answers ---


def test_after_a_missed_answer_what_comes_late_is_let_pass() -> None:
    late = answers(0, a=1234)[1]
    driver = identified((ASK, b""), (PASS, late), answers(1, a=998))
    assert driver.read().current_a == 0.998
    driver.close()


def test_answers_that_are_all_late_by_one_are_never_taken() -> None:
    bench, driver, _ = in_memory("WPS3010")
    driver.identify()
    bench.supply.inject("late-answer", number=0)
    for _ in range(5):
        with pytest.raises((NoAnswer, GarbledAnswer)):
            driver.read()


def test_after_a_lost_line_the_supply_is_identified_again_before_any_write() -> None:
    driver = identified((ASK, None), answers(1), answers(1), told(0, 365, 10000), answers(0))
    with pytest.raises(LostLine):
        driver.read()
    driver.switch_output(False)
    driver.close()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=60), st.integers(0, 167))
def test_noise_and_flipped_bits_are_never_a_reading(noise: bytes, bit: int) -> None:
    flipped = bytearray(answers(1, 342, 9980)[1])
    flipped[bit // 8] ^= 1 << bit % 8
    for bad in (noise, bytes(flipped)):
        driver = identified((ASK, bad), (PASS, noise), (ASK, bad))
        with pytest.raises(InstrumentError):
            driver.read()


# --- against the emulator ---


@pytest.mark.parametrize("model", ["WPS3010", "WPS605"])
def test_driver_and_emulator_agree_on_both_byte_orders(model: str) -> None:
    bench, supply, _ = in_memory(model)
    assert supply.identify().settable
    open_lead_check(supply)
    assert supply.power_up_output() is None
    bench.supply.inject("late-answer")
    assert supply.read().set_voltage_v == pytest.approx(3.65)
    bench.supply.inject("lost-reply", number=2)
    supply.set_voltage(3.64)
    assert supply.read().set_voltage_v == pytest.approx(3.64)
    bench.supply.inject("wrong-model")
    with pytest.raises(WrongDevice):
        supply.read()
    bench.supply.undo("wrong-model")
    supply.throttle()
    assert supply.read().set_voltage_v == 0.0


def test_steps_of_a_tenth_of_a_volt_round_down() -> None:
    _, supply, _ = in_memory("WPS60100")
    assert supply.identify().voltage_step_v == 0.1
    supply.program(voltage_v=3.65, current_a=2.0)
    assert supply.read().set_voltage_v == pytest.approx(3.6)


def test_open_leads_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="WPS3010"), WallClock())
    bench.open_ptys()
    supply = open_supply(bench.supply_address, clock=WallClock())
    assert supply.identify().model == "Wanptek 30 V 10 A"
    open_lead_check(supply)
    bench.supply.inject("delayed", number=1.2)  # comes after the deadline, and is let pass before the next question
    with pytest.raises(NoAnswer):
        supply.read()
    bench.supply.undo("delayed")
    bench.supply.set_voltage(3.5)
    assert supply.read().set_voltage_v == 3.5
    supply.close()
    bench.close()


def test_it_is_reached_at_another_address() -> None:
    row = where(ROWS, request_hex="00030000000845DD", response_hex=answers(17, 342, 10000)[1].hex().upper())
    moved = frame(bytes((7,)) + exchange(row)[1][1:-2])
    driver = WanptekSupply(ScriptedLine([(read_request(7, 0, 8), moved)]), address="wanptek:x?address=7", clock=VirtualClock(), unit=7)
    assert driver.identify().settable
