"""The Hanmatek driver against its known frames, scripted answers of both generations, and its emulator."""

import pytest
from frame_rows import exchange, frame_rows, where
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_line import ScriptedLine, reads, writes
from test_emulated_instruments import in_memory, open_lead_check

from drivers.address import AddressError
from drivers.catalog import open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.modbus import decode_request, frame, read_reply, read_request, write_request
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED, rating
from drivers.supplies.hanmatek import HanmatekSupply, rated

ROWS = frame_rows("hanmatek")
KP = 0x4B50
Step = tuple[bytes, bytes | None]


def declines(register: int, count: int = 1, code: int = 2) -> Step:
    request = read_request(1, register, count)
    return request, frame(bytes((1, 0x83, code)))


def supply(*steps: Step, prove: bool = False) -> HanmatekSupply:
    return HanmatekSupply(ScriptedLine(list(steps)), address="hanmatek:scripted", clock=VirtualClock(), prove=prove)


def first(*steps: Step, decimals: int = 0x0233, limits: tuple[int, ...] | None = (11, 21, 3200, 10100)) -> HanmatekSupply:
    """An HM310P that was identified."""
    registers = (0xC110, 0xC120, 0xC11E, 0xC12E)
    asked = (
        [reads(register, value) for register, value in zip(registers, limits, strict=True)] if limits else list(map(declines, registers))
    )
    likely = all(1 <= decimals >> shift & 15 <= 4 for shift in (0, 4, 8)) and decimals < 0x1000
    driver = supply(reads(3, 3010, KP, decimals), declines(0x41), *(asked if likely else []), *steps)
    driver.identify()
    return driver


def second(*steps: Step, decimals: int = 0x0222, limits: tuple[int, int] = (6100, 510)) -> HanmatekSupply:
    """An HM605 that was identified."""
    driver = supply(reads(3, 6005, KP, decimals), reads(0x41, 1), reads(0x14, *limits), *steps)
    driver.identify()
    return driver


def polls(output: int = 0, status: int = 0, *, v: int = 0, a: int = 0, set_v: int = 365, set_a: int = 10000, who: int = 3010) -> list[Step]:
    return [reads(1, output, status, who, KP), reads(0x30, set_v, set_a), reads(0x10, v, a)]


# --- known frames ---


def test_known_identity() -> None:
    row = where(ROWS, request_hex="010300030003F5CB")
    registers = (0xC110, 0xC120, 0xC11E, 0xC12E)
    asked = [reads(register, value) for register, value in zip(registers, (11, 21, 3200, 10100), strict=True)]
    driver = supply(exchange(row), declines(0x41), *asked)
    profile, meaning = driver.identify(), row["meaning"]
    driver.close()
    assert profile.model == f"{meaning['class']} {meaning['spec']}"
    assert (profile.voltage_step_v, profile.current_step_a) == (10 ** -meaning["v_decimals"], 10 ** -meaning["i_decimals"])
    assert (profile.min_voltage_v, profile.max_voltage_v, profile.min_current_a, profile.max_current_a) == (0.11, 32.0, 0.021, 10.1)
    assert profile.has_over_voltage_protection and not profile.has_over_current_protection and not profile.reports_mode


def test_known_measurements() -> None:
    row = where(ROWS, request_hex="01030010000445CC")
    assert supply(exchange(row)).unit.read(0x10, 4) == (342, 10000, 0, 34200)
    reading = first(*polls(1, v=342, a=10000)).read()
    assert (reading.voltage_v, reading.current_a) == (row["meaning"]["v_out_V"], row["meaning"]["i_out_A"])
    row = where(ROWS, request_hex="010300100003040E")
    assert supply(exchange(row)).unit.read(0x10, 3) == (3000, 500, 15000)
    reading = second(*polls(1, v=3000, a=500, set_v=3000, set_a=500, who=6005)).read()
    assert (reading.voltage_v, reading.current_a) == (row["meaning"]["v_out_V"], row["meaning"]["i_out_A"])
    row = where(ROWS, request_hex="01030010000185CF", response_hex="0103020064B9AF")
    assert supply(exchange(row)).unit.read(0x10, 1) == (100,)


def test_known_writes_are_what_the_driver_sends() -> None:
    driver = first(
        *polls(),
        reads(0x20, 3300),
        exchange(where(ROWS, write="SetU")),
        exchange(where(ROWS, write="SetI")),
        exchange(where(ROWS, write="OVP")),
        reads(0x20, 375),
        reads(0x30, 365, 10000),
        exchange(where(ROWS, write="OUTPUT", response_hex="01060001000119CA")),
        reads(1, 1, 0),
        exchange(where(ROWS, write="OUTPUT", response_hex="010600010000D80A")),
        exchange(where(ROWS, request_hex="01030001000295CB")),
    )
    driver.program(voltage_v=3.65, current_a=10.0, over_voltage_v=3.75, over_current_a=11.0)
    driver.switch_output(True)
    driver.switch_output(False)
    driver.close()


def test_known_trip() -> None:
    row = where(ROWS, request_hex="01030001000295CB")
    driver = first(writes(1, 1), exchange(row))
    with pytest.raises(Refused, match=f"protection shows {row['meaning']['protect_old_map'][0]}"):
        driver.switch_output(True)


def test_known_refusals() -> None:
    with pytest.raises(Refused, match="code 1"):
        supply(exchange(where(ROWS, response_hex="01830180F0"))).unit.read(0x10, 1)
    with pytest.raises(Refused, match="code 2"):
        supply(exchange(where(ROWS, response_hex="018602C3A1"))).unit.write(1, 1)


# --- who is there, and its scale ---


@pytest.mark.parametrize(
    ("number", "expected"), [(3010, (30, 10)), (305, (30, 5)), (3005, (30, 5)), (6005, (60, 5)), (605, (60, 5)), (0, None), (60999, None)]
)
def test_ratings(number: int, expected: tuple[float, float] | None) -> None:
    assert rated(number) == expected


@pytest.mark.parametrize("decimals", [0x0033, 0x0533, 0x0203, 0x0253, 0x0230, 0x0236, 0x1233, 0xFFFF, 0])
def test_decimals_that_cannot_be_are_read_only(decimals: int) -> None:
    driver = first(*polls(1, 1, v=342, a=10000), decimals=decimals)
    reading = driver.read()
    assert (reading.output_on, reading.protection) == (True, "OVP")
    assert reading.voltage_v is None and reading.current_a is None and reading.set_voltage_v is None
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


@pytest.mark.parametrize(("decimals", "v", "a"), [(0x0233, 365, 2000), (0x0222, 365, 200), (0x0323, 3650, 200), (0x0313, 3650, 20)])
def test_each_scale_writes_its_own_counts(decimals: int, v: int, a: int) -> None:
    driver = first(*polls(set_v=v, set_a=a), writes(0x30, v), writes(0x31, a), reads(0x30, v, a), decimals=decimals, limits=None)
    driver.program(voltage_v=3.65, current_a=2.0)
    driver.close()
    assert driver._profile is not None and (driver._profile.max_voltage_v, driver._profile.max_current_a) == (30.0, 10.0)


def test_a_scale_that_the_largest_values_contradict_is_not_believed() -> None:
    for decimals, limits in ((0x0133, (11, 21, 3200, 10100)), (0x0223, (11, 21, 3200, 10100)), (0x0233, (11, 21, 3200, 1010))):
        driver = first(decimals=decimals, limits=limits)
        assert driver._profile is not None and not driver._profile.settable
    for decimals in (0x0433, 0x0243):  # 30 V or 10 A would not go into a register
        driver = first(decimals=decimals, limits=None)
        assert driver._profile is not None and not driver._profile.settable
    driver = second(limits=(6100, 5100))
    assert driver._profile is not None and not driver._profile.settable


def test_the_second_generation_is_known_by_register_0041() -> None:
    driver = second()
    profile = driver._profile
    assert profile is not None and (profile.max_voltage_v, profile.max_current_a, profile.current_step_a) == (61.0, 5.1, 0.01)
    assert not any("panel: " in note and "over-voltage" in note for note in profile.notes)
    profile = first()._profile
    assert profile is not None and any("cannot be switched on from here" in note for note in profile.notes)


def test_a_first_generation_that_is_silent_about_what_it_does_not_have() -> None:
    """Its silence is asked about, and nothing that could come late is taken for what is asked next."""
    line = Silent(range(1, 0x40))
    driver = HanmatekSupply(line, address="hanmatek:silent", clock=VirtualClock())  # type: ignore[arg-type]  # it only asks
    profile = driver.identify()
    assert (profile.max_voltage_v, profile.max_current_a) == (30.0, 10.0)
    assert driver.read().set_voltage_v == 3.65 and driver.power_up_output() is None


class Silent:
    """A supply that answers only for some of its registers, at most four at once."""

    url = "silent"
    held = {1: 0, 2: 0, 3: 3010, 4: KP, 5: 0x0233, 0x30: 365, 0x31: 10000}

    def __init__(self, answered: range, late: int = 0) -> None:
        self.answered, self.late, self.queue = answered, late, []

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        asked = decode_request(request)
        assert asked is not None and asked.count <= 4
        registers = range(asked.register, asked.register + asked.count)
        if registers[-1] not in self.answered:
            return b""
        self.queue.append(read_reply(asked, [self.held.get(register, 0) for register in registers]))
        return self.queue.pop(0)[:expect] if len(self.queue) > self.late else b""


@pytest.mark.parametrize("late", [1, 2, 3])
def test_answers_that_are_all_late_are_never_taken(late: int) -> None:
    driver = HanmatekSupply(Silent(range(0x10000), late), address="hanmatek:late", clock=VirtualClock())  # type: ignore[arg-type]
    for register, count in ((3, 3), (1, 4), (0x30, 2), (0x10, 2), (0x20, 1), (1, 2), (0x8801, 1)) * 3:
        with pytest.raises((NoAnswer, GarbledAnswer)):
            driver.unit.read(register, count)


def test_strangers() -> None:
    text = b"$GPGGA,123519,4807.038,N,01131.000,E\r\n"
    with pytest.raises(WrongDevice, match=r"GPGGA.*nothing was written"):
        supply((read_request(1, 3, 3), text), *[(read_request(1, 2, count), text) for count in (1, 2)]).identify()
    with pytest.raises(WrongDevice, match="no Hanmatek"):
        supply(reads(3, 142, 0, 25)).identify()  # a Riden
    with pytest.raises(WrongDevice, match="no Hanmatek"):
        supply(reads(3, 1000, 3420, 0x0233)).identify()  # a DPS
    with pytest.raises(WrongDevice, match="no Hanmatek"):
        supply(declines(3, 3)).identify()
    with pytest.raises(WrongDevice, match="another supply"):
        first(*polls(who=305)[:1]).read()
    with pytest.raises(AddressError, match="address"):
        open_supply("hanmatek:/dev/nowhere?address=251", clock=VirtualClock())


# --- status bits ---


@pytest.mark.parametrize(("status", "word"), [(0, ""), (1, "OVP"), (2, "OCP"), (4, "OPP"), (8, "OTP"), (16, "SCP"), (5, "OVP OPP")])
def test_first_generation_bits(status: int, word: str) -> None:
    assert first(*polls(status=status)).read().protection == word
    assert first(*polls(status=0x40)).read().protection == "code 0040"


@pytest.mark.parametrize(
    ("status", "lock", "beep", "word"),
    [
        (0b10, 0, 1, ""),
        (0b11, 1, 1, ""),
        (0b110, 0, 1, "OVP"),
        (0b1010, 0, 1, "OCP"),
        (0b10010, 0, 1, "OPP"),
        (0b01, 0, 0, "OVP"),  # no lock: it uses the first meaning
        (0b10, 1, 0, "OCP"),
        (0b100000, 0, 0, "code 0020"),
    ],
)
def test_second_generation_bits_count_as_a_trip_unless_its_switches_confirm_them(status: int, lock: int, beep: int, word: str) -> None:
    output, *rest = polls(status=status, set_a=500, who=6005)
    asked = [reads(0x40, lock, beep)] if status & 3 else []
    driver = second(output, *rest, *asked)
    assert driver.read().protection == word
    driver.close()


def test_a_model_of_the_second_generation_whose_status_never_follows_its_switches() -> None:
    """As one source saw on an HM310T: the beeper is on, the bits have the first meaning."""
    steps: list[Step] = []
    for status in (2, 0, 8):
        steps += [*polls(status=status, set_a=500, who=6005), reads(0x40, 0, 1)]
    assert [driver.read().protection for driver in [second(*steps)] for _ in range(3)] == ["", "", "OTP"]


def test_switches_are_asked_again_only_when_the_bits_change() -> None:
    idle = polls(status=2, set_a=500, who=6005)
    driver = second(*idle, reads(0x40, 0, 1), *idle, *idle)
    assert [driver.read().protection for _ in range(3)] == ["", "", ""]
    driver.close()


# --- reading and setting ---


@pytest.mark.parametrize(
    ("v", "a", "mode"), [(342, 10000, "CC"), (342, 9950, "CC"), (365, 2000, "CV"), (363, 2000, "CV"), (350, 2000, None), (0, 0, None)]
)
def test_the_mode_is_concluded(v: int, a: int, mode: str | None) -> None:
    assert first(*polls(1, v=v, a=a)).read().mode == mode
    assert first(*polls(0, v=v, a=a)).read().mode is None


def test_second_generation_arms_its_over_voltage_protection() -> None:
    steps = [*polls(set_a=500, who=6005), reads(0x20, 6200), writes(0x42, 1), reads(0x42, 1)]
    done = [writes(0x30, 365), writes(0x31, 200), writes(0x20, 375), reads(0x20, 375), reads(0x30, 365, 200)]
    driver = second(*steps, *done)
    driver.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75)
    driver.close()
    driver = second(*steps[:-2], (write_request(1, 0x42, 1), b""), reads(0x42, 0))
    with pytest.raises(Refused, match="protection stays switched off"):
        driver.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75)
    driver.close()


def test_power_up_setting() -> None:
    driver = first(*[reads(0x8801, value) for value in range(4)], declines(0x8801))
    assert [driver.power_up_output() for _ in range(5)] == [False, True, True, None, None]


def test_throttle_goes_to_the_least_that_it_takes() -> None:
    driver = first(writes(0x30, 11), writes(0x31, 21), reads(0x30, 11, 21))
    driver.throttle()
    driver.close()
    with pytest.raises(Refused, match=r"outside 0\.021 to 10\.1 A"):
        first(*polls()).set_current(0.01)


def test_a_read_back_that_differs_is_refused() -> None:
    driver = first(*polls(), writes(0x30, 365), writes(0x31, 2000), reads(0x30, 365, 200))
    with pytest.raises(Refused, match=r"reads back 0\.2 A where 2 A"):
        driver.program(voltage_v=3.65, current_a=2.0)


def test_silence_after_off_is_no_success() -> None:
    driver = first((write_request(1, 1, 0), b""), (read_request(1, 1, 2), b""))
    with pytest.raises(NoAnswer, match="cable"):
        driver.switch_output(False)
    driver.close()


def test_after_a_lost_line_the_supply_is_identified_again_before_any_write() -> None:
    driver = first((read_request(1, 1, 4), None), reads(3, 305, KP, 0x0233))
    with pytest.raises(LostLine):
        driver.read()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(False)
    driver.close()


def test_another_supply_found_by_asking_again_is_not_written_to_either() -> None:
    driver = first(*[reads(3, 3010, KP, 0x0222)] * 2)
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.identify()
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(False)
    driver.close()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=60))
def test_noise_is_never_a_reading(noise: bytes) -> None:
    driver = first(*[(read_request(1, first, count), noise) for first, count in ((1, 4), (2, 1), (2, 2), (2, 3))])
    with pytest.raises(InstrumentError):
        driver.read()


# --- against the emulator ---


@pytest.mark.parametrize("model", EMULATED["hanmatek"].models)
def test_driver_and_emulator_agree_on_each_model(model: str) -> None:
    bench, supply, _ = in_memory(model)
    profile = supply.identify()
    assert profile.settable and profile.max_voltage_v <= rating(model)[0] and profile.max_current_a <= rating(model)[1]
    open_lead_check(supply)
    assert supply.power_up_output() is False
    bench.supply.inject("power-up-on")
    assert supply.power_up_output() is True
    bench.supply.inject("late-answer")
    assert supply.read().set_voltage_v == pytest.approx(3.65)
    assert bench.supply.over_voltage_v == 3.75  # armed
    bench.supply.inject("wrong-model")
    with pytest.raises(WrongDevice):
        supply.read()
    bench.supply.undo("wrong-model")
    supply.throttle()
    assert supply.read().set_voltage_v == pytest.approx(profile.min_voltage_v)


def test_open_leads_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="HM310P"), WallClock())
    bench.open_ptys()
    supply = open_supply(bench.supply_address, clock=WallClock())
    assert supply.identify().model == "KP 3010"
    open_lead_check(supply)
    supply.close()
    bench.close()
