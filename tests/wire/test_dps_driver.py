"""The DPS driver against its known frames and against scripted answers, and against its emulator."""

import pytest
from frame_rows import exchange, frame_rows, where
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_line import ScriptedLine, reads, writes
from test_emulated_instruments import in_memory, open_lead_check

from drivers.address import AddressError
from drivers.catalog import FAMILIES, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.modbus import decode_request, parse_read_reply, parse_write_reply, read_reply, read_request, write_many_request, write_request
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.supplies.dps import MODELS, DpsSupply

ROWS = frame_rows("dps")
Step = tuple[bytes, bytes | None]


def live(**changes: int) -> list[int]:
    """Registers 0-0x0C of a DPS5020, output off, 3.65 V and 10 A set. `changes`: r2=342 sets register 2."""
    registers = [365, 1000, 0, 0, 0, 4800, 0, 0, 0, 0, 4, 5020, 16, 0]
    for name, value in changes.items():
        registers[int(name[1:])] = value
    return registers


def polls(**changes: int) -> Step:
    return reads(0, *live(**changes)[:13])


def supply(*steps: Step, prove: bool = False) -> DpsSupply:
    return DpsSupply(ScriptedLine(list(steps)), address="dps:scripted", clock=VirtualClock(), prove=prove)


def looks(set_current: int | None = None, **changes: int) -> list[Step]:
    """What an identification asks; `set_current` is what the group shows, else the same as register 1."""
    registers = live(**changes)
    group = [registers[0], registers[1] if set_current is None else set_current, 5200, 2020, 60000, 4, 0, 0]
    return [reads(0x0B, *registers[11:13]), reads(0, *registers[:13]), *([reads(0x50, *group)] if registers[1] else [])]


def identified(*steps: Step, group: int | None = None, **changes: int) -> DpsSupply:
    driver = supply(*looks(group, **changes), *steps)
    driver.identify()
    return driver


# --- known frames ---


def test_known_identity() -> None:
    row = where(ROWS, request_hex="0103000B0002B5C9")
    driver = supply(exchange(row), *looks()[1:])
    profile = driver.identify()
    driver.close()
    assert (profile.model, profile.firmware) == (f"DPS{row['meaning']['model_id']}", str(row["meaning"]["firmware"]))
    assert (profile.max_voltage_v, profile.max_current_a, profile.voltage_step_v, profile.current_step_a) == (50.0, 20.0, 0.01, 0.01)
    assert profile.has_over_voltage_protection and profile.has_over_current_protection and profile.poll_s == 1.0


@pytest.mark.parametrize(("request_hex", "identity"), [("01030000000AC5CD", (5020, 16)), ("01030000000985CC", (5005, 16))])
def test_known_readings(request_hex: str, identity: tuple[int, int]) -> None:
    """The driver asks for some registers more than these rows; the values are the rows'."""
    row = where(ROWS, request_hex=request_hex)
    sent, answer = exchange(row)
    asked = decode_request(sent)
    assert asked is not None
    found = parse_read_reply(answer, 1, asked.count, device="", request="")
    registers = [*found, *[1] * (10 - len(found)), 4, *identity]
    driver = identified(reads(0, *registers), r11=identity[0], r1=found[1])
    reading, meaning = driver.read(), row["meaning"]
    assert (reading.set_voltage_v, reading.set_current_a) == (meaning["v_set_V"], meaning["i_set_A"])
    assert (reading.voltage_v, reading.current_a, reading.mode) == (meaning["v_out_V"], meaning["i_out_A"], meaning["mode"])
    assert (reading.protection, reading.output_on) == ("", meaning.get("output_on", True))


@pytest.mark.parametrize("row", [row for row in ROWS if "write" in row["meaning"]], ids=lambda row: str(row["meaning"]["write"]))
def test_known_writes_are_built_and_their_echoes_taken(row: dict) -> None:
    sent, answer = exchange(row)
    asked = decode_request(sent)
    assert asked is not None
    build = write_many_request(1, asked.register, asked.values) if asked.count > 1 else write_request(1, asked.register, asked.values[0])
    assert build == sent
    parse_write_reply(answer, sent, device="", request="")


def test_known_writes_are_what_the_driver_sends() -> None:
    driver = identified(
        polls(),
        reads(0x52, 5200),
        writes(0, 365),
        writes(1, 1000),
        exchange(where(ROWS, write="S-OVP")),
        writes(0x53, 1100),
        reads(0, 365, 1000),
        reads(0x52, 375, 1100),
        exchange(where(ROWS, write="ONOFF")),
        exchange(where(ROWS, request_hex="010300070003B40A")),
    )
    driver.program(voltage_v=3.65, current_a=10.0, over_voltage_v=3.75, over_current_a=11.0)
    driver.switch_output(False)
    driver.close()


def test_known_flag_and_trip() -> None:
    driver = identified((write_request(1, 9, 1), write_request(1, 9, 1)), exchange(where(ROWS, request_hex="010300070003B40A")))
    with pytest.raises(Refused, match=r"flag reads 0 .*protection shows OVP"):
        driver.switch_output(True)
    row = where(ROWS, request_hex="0103000900015408")
    assert supply(exchange(row)).unit.read(9, 1) == (0,)


# --- who is there ---


@pytest.mark.parametrize("number", MODELS)
def test_each_model_writes_its_own_counts(number: int) -> None:
    model = MODELS[number]
    amperes = round(4.5 * model.per_ampere)
    driver = identified(polls(r11=number), writes(0, 365), writes(1, amperes), reads(0, 365, amperes), r11=number)
    driver.program(voltage_v=3.659, current_a=4.5)
    driver.close()
    assert driver._profile is not None and driver._profile.max_current_a == model.max_current_a


@pytest.mark.parametrize("number", [3003, 5006, 6005, 9999])
def test_an_unknown_member_of_the_family_is_read_and_never_set(number: int) -> None:
    on = polls(r11=number, r2=342, r9=1)
    driver = supply(*looks(r11=number)[:2], on)
    assert not driver.identify().settable
    reading = driver.read()
    assert reading.output_on is True and reading.voltage_v is None and reading.current_a is None and reading.set_voltage_v is None
    for act in (
        lambda: driver.program(voltage_v=3.65, current_a=1.0),
        lambda: driver.set_voltage(3.65),
        lambda: driver.switch_output(True),
        lambda: driver.switch_output(False),
        driver.throttle,
        driver.prove_writable,
    ):
        with pytest.raises(Refused, match="not known for sure"):
            act()
    driver.close()


def test_a_riden_is_not_taken_for_a_dps_also_when_its_current_reads_like_a_model() -> None:
    with pytest.raises(WrongDevice, match="register 0 60181, which is no DPS"):
        supply(reads(0x0B, 3005, 0), reads(0, 60181, 0, 6464, 142, 0, 25, 0, 77, 365, 1000, 342, 3005, 0)).identify()
    with pytest.raises(WrongDevice, match="no DPS"):
        supply(reads(0x0B, 0, 0), reads(0, *live(r11=0)[:13])).identify()
    with pytest.raises(WrongDevice, match="no DPS"):
        supply((read_request(1, 0x0B, 2), bytes.fromhex("018302C0F1"))).identify()


def test_a_gps_on_the_port_is_asked_harmless_questions_only() -> None:
    text = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
    driver = supply((read_request(1, 0x0B, 2), text), *[(read_request(1, 0, count), text) for count in (1, 3)])
    with pytest.raises(WrongDevice, match=r"GPGGA.*nothing was written"):
        driver.identify()
    driver.close()


def test_another_model_on_the_same_port_is_noticed() -> None:
    driver = identified(polls(r11=5005))
    with pytest.raises(WrongDevice, match="another supply"):
        driver.read()
    with pytest.raises(AddressError, match="address"):
        open_supply("dps:/dev/nowhere?address=0", clock=VirtualClock())


# --- over-current scale ---


@pytest.mark.parametrize(
    ("group", "set_current", "settled"), [(None, 1000, True), (10000, 1000, False), (None, 0, False), (0, 1000, False)]
)
def test_the_over_current_level_is_set_only_where_the_group_counts_like_the_set_point(group, set_current: int, settled: bool) -> None:
    driver = identified(
        polls(r1=set_current),
        writes(0, 365),
        writes(1, 1000),
        *([writes(0x53, 1100)] if settled else []),
        reads(0, 365, 1000),
        *([reads(0x53, 1100)] if settled else []),
        group=group,
        r1=set_current,
    )
    assert driver._profile is not None and driver._profile.has_over_current_protection is settled
    assert settled is not any("over-current level is left alone" in note for note in driver._profile.notes)
    driver.program(voltage_v=3.65, current_a=10.0, over_current_a=11.0)
    driver.close()


# --- reading and setting ---


@pytest.mark.parametrize(("code", "word"), [(0, ""), (1, "OVP"), (2, "OCP"), (3, "OPP"), (9, "code 9")])
def test_any_protection_code_is_told(code: int, word: str) -> None:
    assert identified(polls(r7=code)).read().protection == word
    assert identified(polls(r9=7)).read().output_on is None


def test_power_up_setting() -> None:
    driver = identified(reads(0x57, 0), reads(0x57, 1), reads(0x57, 9))
    assert [driver.power_up_output() for _ in range(3)] == [False, True, None]


def test_a_read_back_that_differs_is_refused() -> None:
    driver = identified(polls(), writes(0, 365), writes(1, 1000), reads(0, 3650, 1000))
    with pytest.raises(Refused, match=r"reads back 36\.5 V where 3\.65 V"):
        driver.program(voltage_v=3.65, current_a=10.0)


def test_values_outside_the_rating_are_refused_before_any_write() -> None:
    for volts, amperes in ((50.5, 1.0), (3.65, 20.5), (float("nan"), 1.0), (-1.0, 1.0)):
        driver = identified(polls())
        with pytest.raises(Refused, match="outside"):
            driver.program(voltage_v=volts, current_a=amperes)
        driver.close()


def test_silence_after_off_is_no_success() -> None:
    driver = identified((write_request(1, 9, 0), b""), (read_request(1, 7, 3), b""), r9=1)
    with pytest.raises(NoAnswer, match="cable"):
        driver.switch_output(False)
    driver.close()


def test_after_a_lost_line_the_supply_is_identified_again_before_any_write() -> None:
    driver = identified((read_request(1, 0, 13), None), *looks(), writes(9, 0), reads(7, 0, 0, 0))
    with pytest.raises(LostLine):
        driver.read()
    driver.switch_output(False)
    driver.close()
    driver = identified((read_request(1, 0, 13), None), *looks(r11=5005, r1=500))
    with pytest.raises(LostLine):
        driver.read()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(False)


def test_a_lost_answer_is_asked_again_and_never_beyond_the_registers_that_exist() -> None:
    """Asked for more than its thirteen the supply is silent for good."""
    driver = identified((read_request(1, 0, 13), b""), reads(0, 365), polls(r3=998))
    assert driver.read().current_a == 9.98
    driver.close()


def test_a_late_answer_to_the_poll_before_cannot_pass_for_the_present_one() -> None:
    poll, late = polls(r3=1234)
    driver = identified((poll, b""), (read_request(1, 0, 1), late), reads(0, 365, 998), polls(r3=998))
    assert driver.read().current_a == 9.98
    driver.close()


class Late:
    """A module that gives each answer only after the next question, and knows no registers but its own."""

    url = "late"

    def __init__(self) -> None:
        self.waiting = b""

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        asked = decode_request(request)
        assert asked is not None and asked.count <= 32
        block = live()[:13] if asked.register < 13 else [365, 1000, 375, 1100, 0, 0, 0, 0]
        first = asked.register - (0 if asked.register < 13 else 0x50)
        assert first + asked.count <= len(block), "asked beyond its registers"
        before, self.waiting = self.waiting, read_reply(asked, block[first : first + asked.count])
        return before[:expect]


def test_answers_that_are_all_late_by_one_are_never_taken() -> None:
    driver = DpsSupply(Late(), address="dps:late", clock=VirtualClock())  # type: ignore[arg-type]  # it only asks
    for register, count in ((0, 13), (0x0B, 2), (0x52, 2), (0, 2), (0x57, 1), (7, 3), (0, 13)) * 3:
        with pytest.raises((NoAnswer, GarbledAnswer)):
            driver.unit.read(register, count)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=60))
def test_noise_is_never_a_reading(noise: bytes) -> None:
    driver = supply(*looks(), *[(read_request(1, 0, count), noise) for count in (13, 1, 2, 3)])
    driver.identify()
    with pytest.raises(InstrumentError):
        driver.read()


# --- against the emulator ---


@pytest.mark.parametrize("model", FAMILIES["dps"].models)
def test_driver_and_emulator_agree_on_the_scale_of_each_model(model: str) -> None:
    bench, supply, _ = in_memory(model)
    profile = supply.identify()
    assert profile.model == model and profile.has_over_current_protection
    open_lead_check(supply)
    assert supply.power_up_output() is False
    bench.supply.inject("power-up-on")
    assert supply.power_up_output() is True
    bench.supply.inject("late-answer")
    assert supply.read().set_voltage_v == pytest.approx(3.65)
    bench.supply.inject("wrong-model", number=5006)
    with pytest.raises(WrongDevice):
        supply.read()
    bench.supply.undo("wrong-model")
    supply.throttle()
    assert supply.read().set_voltage_v == 0.0


def test_open_leads_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="DPS5020"), WallClock())
    bench.open_ptys()
    supply = open_supply(bench.supply_address, clock=WallClock())
    assert supply.identify().model == "DPS5020"
    open_lead_check(supply)
    supply.close()
    bench.close()
