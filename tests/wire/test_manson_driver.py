"""The Manson driver: its inverted switch, whom it never sends one, its two scales, and how it concludes what its output does."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import random_answer, spoilt
from text_supplies import Table, exchange, faults_are_told, frames, in_memory, open_lead_check, refuses_all, throttled_when_stuck_on

from drivers import proof
from drivers.address import AddressError
from drivers.catalog import FAMILIES, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, NoAnswer, Refused, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.supplies.manson import SETTLE_S, MansonSupply
from drivers.supplies.manson_models import BY_MAX, BY_NAME, model_of

OK = b"OK\r"
HCS3302 = {
    b"GMAX\r": b"322160\rOK\r",
    b"GMOD\r": b"HCS-3302\rOK\r",
    b"GETS\r": b"036100\rOK\r",
    b"GETD\r": b"000000000\rOK\r",
    b"GOVP\r": b"036\rOK\r",
    b"GOCP\r": b"100\rOK\r",
    **dict.fromkeys((b"VOLT036\r", b"CURR100\r", b"VOLT010\r", b"CURR000\r", b"SOUT0\r", b"SOUT1\r", b"SOVP036\r", b"SOCP100\r"), OK),
}
BK9103 = {b"GMAX\r": b"42002000\rOK\r", b"GOUT\r": b"0\rOK\r", b"GETD\r": b"100200300\rOK\r", b"GETS3\r": b"10001000\rOK\r"}


def on_table(rated_a: float | None = None, **changes: bytes) -> tuple[MansonSupply, Table, list[float]]:
    """`changes`: GETD=b"...", without the CR."""
    line, waited = Table({**HCS3302, **{name.encode() + b"\r": answer for name, answer in changes.items()}}), []
    driver = MansonSupply(line, address="manson:table", clock=VirtualClock(), rated_current_a=rated_a, wait=waited.append)
    return driver, line, waited


def told(line: Table) -> list[bytes]:
    return [sent for sent in line.sent if sent[:1] != b"G" and sent != proof.REQUEST]


# --- the known exchanges ---

ROWS = {(row["model"], row["request_ascii"]): row for row in frames("manson")}


def test_known_identities() -> None:
    row = ROWS["HCS-3202", "GMAX\r"]
    profile = on_table(GMAX=exchange(row)[1], GMOD=b"")[0].identify()
    assert (profile.max_voltage_v, profile.max_current_a, profile.current_step_a) == (36.0, 10.0, 0.1)
    assert profile.max_current_a <= row["meaning"]["i_max_A"]
    for name in (b"HCS-3304", b"3304", b"HCS-3304-USB"):
        profile = on_table(GMAX=b"602080\rOK\r", GMOD=name + b"\rOK\r")[0].identify()
        assert (profile.model, profile.max_current_a) == (ROWS["HCS-3304", "GMOD\r"]["meaning"]["model"], 8.0)


def test_known_measurement_and_set_points() -> None:
    driver, line, _ = on_table(GMAX=b"362120\rOK\r", GMOD=b"")
    rows = [ROWS["BK 1687B", "GETD\r"], ROWS["BK 1687B", "GETS\r"]]
    line.answers.update([exchange(row) for row in rows])
    reading = driver.read()
    assert (reading.voltage_v, reading.current_a, reading.mode) == (3.02, 1.45, "CV")
    assert (reading.set_voltage_v, reading.set_current_a) == (2.5, 5.1)


@pytest.mark.parametrize(
    "row",
    [row for row in frames("manson") if "write" in row["meaning"] and "9103" not in row["model"]],
    ids=lambda row: row["model"] + row["request_ascii"][:-1],
)
def test_known_commands(row) -> None:
    two_decimals = "1685B" in row["model"]
    driver, line, _ = on_table(**({"GMAX": b"602600\rOK\r", "GMOD": b"HCS-3204\rOK\r"} if two_decimals else {}))
    driver.identify()
    request, meaning = exchange(row)[0], row["meaning"]
    line.answers.update({request: exchange(row)[1], b"GOCP\r": b"999\rOK\r"})
    if "v_set_V" in meaning:
        driver._put("voltage", meaning["v_set_V"])
    elif "i_set_A" in meaning:
        driver._put("current", meaning["i_set_A"])
    else:
        driver._switch(meaning["output_on"])
    assert told(line) == [request]


# --- the trap ---


class Opposite(Table):
    """A device whose SOUT may mean the opposite: to be sent one fails the test."""

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        assert not request.startswith(b"SOUT"), "the output of a device with the opposite polarity was switched"
        return super().ask(request, expect, deadline_s)


BOTH = {**HCS3302, b"GOUT\r": b"0\rOK\r"}  # a newer HCS, perhaps: its words fit both kinds
NEITHER = {b"GMAX\r": b"322160\rOK\r", b"GMOD\r": b"HCS-3302\rOK\r", b"GETD\r": b"000000000\rOK\r"}
TWICE_OK = {**BK9103, b"GETS\r": b"OK\rOK\r"}
SIX_DIGITS = {**BK9103, b"GMAX\r": b"362120\rOK\r"}
DISTURBED = {**HCS3302, b"GOUT\r": b"\x80\rOK\r"}


@pytest.mark.parametrize(
    "device", [BK9103, BOTH, NEITHER, TWICE_OK, SIX_DIGITS, DISTURBED], ids=["9103", "both", "neither", "twice", "six", "disturbed"]
)
@pytest.mark.parametrize("rated_a", [None, 10.0, 12.0])
def test_whoever_may_mean_the_opposite_is_never_switched(device: dict[bytes, bytes], rated_a: float | None) -> None:
    line = Opposite(dict(device))
    driver = MansonSupply(line, address="manson:table", clock=VirtualClock(), rated_current_a=rated_a, wait=lambda _: None)
    profile = driver.identify()
    assert not profile.settable and "never switched" in profile.notes[0]
    assert driver.read().set_voltage_v is None
    refuses_all(driver)
    assert not told(line)


def test_the_known_measurement_of_a_9103_is_read() -> None:
    row = ROWS["BK 9103", "GETD\r"]
    driver = MansonSupply(Opposite(dict(BK9103)), address="manson:table", clock=VirtualClock())
    reading = driver.read()
    assert (reading.voltage_v, reading.current_a) == (row["meaning"]["v_out_V"], row["meaning"]["i_out_A"])
    assert exchange(row)[1] == BK9103[b"GETD\r"]


def test_the_known_command_of_a_9103_is_never_sent() -> None:
    """VOLT31000: a leading 3 and four digits. This driver writes three digits, and to such a device nothing."""
    line = Opposite(dict(BK9103))
    refuses_all(MansonSupply(line, address="manson:table", clock=VirtualClock()))
    assert exchange(ROWS["BK 9103", "VOLT31000\r"])[0] not in line.sent


def test_a_line_that_breaks_while_polarity_is_asked_decides_nothing() -> None:
    driver, line, _ = on_table(GMAX=[b"322160\rOK\r", b""])  # type: ignore[arg-type]  # one answer, then silence
    with pytest.raises(NoAnswer):
        driver.identify()
    assert not told(line)


def test_another_device_in_its_place_is_not_switched() -> None:
    driver, line, _ = on_table()
    driver.identify()
    line.__class__ = Opposite
    line.answers = dict(BK9103)
    for on in (True, False):
        with pytest.raises(WrongDevice):
            driver.switch_output(on)
    driver, line, _ = on_table()
    driver.identify()
    line.__class__ = Opposite
    line.answers = {b"GETD\r": BK9103[b"GETD\r"]}  # one that does not know GMAX
    with pytest.raises(WrongDevice):
        driver.switch_output(False)


def test_to_silence_off_is_sent_all_the_same_and_on_never() -> None:
    driver, line, _ = on_table()
    driver.identify()
    line.answers = {}
    with pytest.raises(NoAnswer):
        driver.switch_output(True)
    assert not told(line)
    with pytest.raises(NoAnswer):
        driver.switch_output(False)
    assert told(line) == [b"SOUT1\r"]


# --- scale ---


@pytest.mark.parametrize("name", BY_NAME)
def test_each_model_writes_its_own_counts(name: str) -> None:
    model = BY_NAME[name]
    largest = f"{round((model.max_voltage_v + 0.2) * 10):03d}{round(model.max_current_a * model.per_ampere):03d}"
    driver, line, _ = on_table(GMAX=f"{largest}\rOK\r".encode(), GMOD=f"{name}\rOK\r".encode())
    profile = driver.identify()
    assert (profile.model, profile.current_step_a) == (model.name, 1 / model.per_ampere) and model.name in FAMILIES["manson"].models
    line.answers.update({b"CURR%03d\r" % (2 * model.per_ampere): OK, b"GOCP\r": b"999\rOK\r"})
    driver._put("current", 2.0)
    assert told(line) == [b"CURR%03d\r" % (2 * model.per_ampere)]


def test_an_unknown_model_asks_for_its_rated_current() -> None:
    driver, line, _ = on_table(GMAX=b"182220\rOK\r", GMOD=b"")
    profile = driver.identify()
    assert not profile.settable and "rated-current" in profile.notes[0]
    refuses_all(driver)
    assert not told(line)
    for largest, rated_a, per_ampere in ((b"182220", 20.0, 10), (b"605500", 5.0, 100)):
        profile = on_table(rated_a, GMAX=largest + b"\rOK\r", GMOD=b"")[0].identify()
        assert (profile.max_current_a, profile.current_step_a) == (rated_a, 1 / per_ampere)
    for rated_a in (0.5, 7.0, 90.0):
        assert not on_table(rated_a, GMAX=b"182220\rOK\r", GMOD=b"")[0].identify().settable


def test_name_largest_and_rated_current_must_fit_each_other() -> None:
    assert model_of("3302", "322160", None) and model_of("3302", "322160", 15.0)
    assert model_of("3302", "322160", 1.5) is None
    assert model_of("3302", "362700", None) is None  # a name of another device
    assert model_of("3204", "602260", None) is None
    assert all(model_of("", largest, None) is model for largest, model in BY_MAX.items())


def test_the_option_is_checked_before_a_port_opens() -> None:
    for wrong in ("0", "-1", "ten", "1000"):
        with pytest.raises(AddressError):
            open_supply(f"manson:/dev/nowhere?rated-current={wrong}", clock=VirtualClock())


# --- who is there ---


@pytest.mark.parametrize("answer", [b"$GPGGA,1*47\r\n", b"ERR\r\n", b"12345\rOK\r", b"OK\r"])
def test_a_stranger_is_named_and_gets_no_command(answer: bytes) -> None:
    driver, line, _ = on_table(GMAX=answer)
    with pytest.raises(WrongDevice, match="nothing was written"):
        driver.identify()
    assert set(line.sent) == {b"GMAX\r"}


def test_silence_names_what_to_check() -> None:
    with pytest.raises(NoAnswer, match="cable"):
        on_table(GMAX=b"")[0].identify()


def test_another_supply_after_the_line_was_lost_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, line, _ = on_table()
    driver.identify()
    ask = line.ask
    monkeypatch.setattr(line, "ask", lambda *args, **kwargs: (_ for _ in ()).throw(LostLine("table", "exchange", "gone.")))
    with pytest.raises(LostLine):
        driver.read()
    monkeypatch.setattr(line, "ask", ask)
    line.answers[b"GMAX\r"], line.answers[b"GMOD\r"] = b"362120\rOK\r", b"HCS-3202\rOK\r"
    with pytest.raises(WrongDevice, match="another supply answers now"):
        driver.switch_output(True)
    assert not told(line)


# --- what its output does ---


def test_output_is_unknown_at_connect_without_current_and_on_with() -> None:
    driver, line, _ = on_table()
    assert driver.read().output_on is None
    line.answers[b"GETD\r"] = b"034205001\rOK\r"
    reading = driver.read()
    assert (reading.output_on, reading.mode, reading.current_a) == (True, "CC", 5.0)


def test_off_is_the_acknowledgement_and_two_measurements_of_no_current_half_a_second_apart() -> None:
    driver, line, waited = on_table()
    driver.switch_output(True)
    assert driver.read().output_on is True
    driver.switch_output(False)
    assert waited == [SETTLE_S] and driver.read().output_on is False
    assert told(line) == [b"SOUT0\r", b"SOUT1\r"]


@pytest.mark.parametrize("amps", [(b"0500", b"0000"), (b"0000", b"0500"), (b"0001", b"0000"), (b"0000", b"0002")])
def test_any_current_in_either_measurement_is_no_proof(amps: tuple[bytes, bytes]) -> None:
    driver, line, _ = on_table()
    driver.identify()
    line.answers[b"GETD\r"] = [b"0342" + one + b"0\rOK\r" for one in amps]
    with pytest.raises(Refused):
        driver.switch_output(False)
    assert driver.read().output_on is not False


def test_an_unacknowledged_off_is_no_proof() -> None:
    driver, _, _ = on_table(SOUT1=b"")
    with pytest.raises(Refused, match="answer to the command was lost"):
        driver.switch_output(False)
    assert driver.read().output_on is None


def test_silence_ends_what_was_concluded() -> None:
    driver, line, _ = on_table()
    driver.switch_output(False)
    kept = dict(line.answers)
    line.answers = {}
    with pytest.raises(NoAnswer):
        driver.read()
    line.answers = kept
    assert driver.read().output_on is None  # it may have been without mains


def test_current_after_a_proved_off_is_an_output_found_on() -> None:
    driver, line, _ = on_table()
    driver.switch_output(False)
    line.answers[b"GETD\r"] = b"034205001\rOK\r"
    assert driver.read().output_on is True
    line.answers[b"GETD\r"] = b"034200000\rOK\r"
    assert driver.read().output_on is None


# --- readings and settings ---


@pytest.mark.parametrize(
    "answer", [b"03020145\rOK\r", b"030201452\rOK\r", b"030201450OK\r", b"030201450\r", b"-30201450\rOK\r", b"036100\rOK\r"]
)
def test_a_spoilt_measurement_is_no_reading(answer: bytes) -> None:
    driver, line, _ = on_table()
    driver.identify()
    line.answers[b"GETD\r"] = answer
    with pytest.raises(GarbledAnswer):
        driver.read()


@settings(deadline=None, derandomize=True, max_examples=120)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_comes_is_a_reading_in_its_form_or_an_error_with_words(seed: int, mutate: bool) -> None:
    draw = Random(seed)
    driver, line, _ = on_table()
    driver.identify()
    others = [answer for question, answer in HCS3302.items() if question.startswith(b"G")]
    line.answers = {q: spoilt(answer, others, draw) if mutate else random_answer(draw) for q, answer in line.answers.items()}
    try:
        reading = driver.read()
    except InstrumentError:
        return
    assert reading.voltage_v is not None and reading.voltage_v <= 1.1 * 32.0 and reading.output_on is not False
    assert line.answers[b"GETD\r"][9:].startswith(b"\rOK\r") and line.answers[b"GETS\r"][6:].startswith(b"\rOK\r")


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.integers(0, 2**32))
def test_no_spoilt_answer_makes_a_9103_switchable(seed: int) -> None:
    draw = Random(seed)
    line = Opposite({q: spoilt(answer, [b"322160\rOK\r", b"036100\rOK\r"], draw) for q, answer in BK9103.items() if q != b"GOUT\r"})
    line.answers[b"GOUT\r"] = BK9103[b"GOUT\r"]
    driver = MansonSupply(line, address="manson:table", clock=VirtualClock(), wait=lambda _: None)
    for act in (
        driver.read,
        lambda: driver.switch_output(True),
        lambda: driver.switch_output(False),
        driver.throttle,
        driver.prove_writable,
    ):
        try:
            act()
        except InstrumentError:
            continue
    assert not told(line)


def test_3_65_v_are_3_6_v_and_below_the_least_nothing_is_written() -> None:
    driver, line, _ = on_table()
    driver.program(voltage_v=3.65, current_a=10.0, over_voltage_v=3.75, over_current_a=11.0)
    assert told(line) == [b"SOUT1\r", b"VOLT036\r", b"CURR100\r"]  # off first, because it cannot tell
    for volts in (0.9, 32.3, 0.0):
        with pytest.raises(Refused, match="outside"):
            driver.set_voltage(volts)


def test_a_ceiling_in_the_way_is_raised_first_and_comes_down_last() -> None:
    driver, line, _ = on_table()
    line.answers[b"GOVP\r"] = [b"020\rOK\r", b"320\rOK\r", b"036\rOK\r"]
    driver.program(voltage_v=3.6, current_a=10.0)
    assert told(line) == [b"SOUT1\r", b"SOVP036\r", b"VOLT036\r", b"CURR100\r", b"SOVP036\r"]
    line.answers[b"GOVP\r"] = [b"320\rOK\r", b"320\rOK\r", b"010\rOK\r"]
    with pytest.raises(Refused, match="OVP reads back 10 counts"):
        driver.program(voltage_v=3.6, current_a=10.0)


def test_a_brand_without_ceilings_is_set_all_the_same() -> None:
    driver, line, _ = on_table(GOVP=b"", GOCP=b"")
    driver.program(voltage_v=3.6, current_a=10.0)
    assert told(line) == [b"SOUT1\r", b"VOLT036\r", b"CURR100\r"]


def test_a_read_back_that_differs_is_refused() -> None:
    driver, _, _ = on_table(GETS=b"039100\rOK\r")
    with pytest.raises(Refused, match=r"reads back 3\.9 V"):
        driver.program(voltage_v=3.6, current_a=10.0)


def test_throttle_goes_to_the_least_that_it_takes() -> None:
    driver, line, _ = on_table(GETS=b"010000\rOK\r")
    driver.throttle()
    assert told(line) == [b"VOLT010\r", b"CURR000\r"]


# --- with the emulator ---


@pytest.mark.parametrize("model", EMULATED["manson"].models)
def test_the_open_lead_check_with_each_model(model: str) -> None:
    bench, supply, _ = in_memory(model)
    profile = supply.identify()
    assert profile.settable and not profile.reports_output and not profile.has_over_voltage_protection
    open_lead_check(supply, 3.6)
    supply.throttle()
    assert bench.world.set_points == (1.0, 0.0)


def test_faults_on_the_wire_end_as_the_errors_that_the_bench_knows() -> None:
    bench, supply, _ = in_memory("HCS-3302", assembled=True)
    emulator = bench.supply
    supply.identify()
    supply.program(voltage_v=3.6, current_a=2.0)
    faults_are_told(emulator, supply, 3.6)
    assert supply.read().set_current_a == 2.0
    throttled_when_stuck_on(emulator, supply)
    assert supply.read().set_current_a == 0.0


def test_over_a_pseudo_terminal() -> None:
    bench = EmbeddedBench(describe(cells=2, model="HCS-3302"), WallClock(), assembled=True)
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
