"""Whatever a bad line makes of an answer: the driver says what it is or refuses it, and never takes a reading whose checksum does not hold."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import modbus
from drivers.clock import VirtualClock
from drivers.meters.text_grammar import LONGEST_LINE_BYTES, Framer, Grammar
from drivers.roles import GarbledAnswer, InstrumentError, NoAnswer
from drivers.supplies.riden import RidenSupply
from tests.benchmarks import fuzz
from tests.wire.mutations import crc_holds, spoilt, xor_holds
from tests.wire.scripted_line import ScriptedLine, polls, reads, riden_registers

POLL, ANSWER = polls(r10=341, r11=999, r18=1)
LINE = b"seq=17 V1=3.4123 V2=3.4098*5E"
OTHERS = [reads(8, 365, 1000)[1], reads(16, 0, 0, 1)[1], polls(r10=999)[1]]


class OneAnswer:
    """A line that gives the same answer to every question."""

    url = "one"

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        return self.answer[:expect]

    def close(self) -> None:
        return None


def a_riden() -> tuple[RidenSupply, OneAnswer]:
    line = OneAnswer(ANSWER)
    driver = RidenSupply(line, address="riden:one", clock=VirtualClock())  # type: ignore[arg-type]  # it only asks
    driver.identify()
    return driver, line


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, 2**32), st.binary(max_size=120), st.booleans())
def test_no_spoilt_answer_is_a_reading_of_a_riden_unless_its_checksum_holds(seed: int, noise: bytes, mutate: bool) -> None:
    driver, line = a_riden()
    line.answer = spoilt(ANSWER, OTHERS, Random(seed)) if mutate else noise
    try:
        reading = driver.read()
    except InstrumentError:
        return
    assert crc_holds(line.answer[: len(ANSWER)])
    assert reading.voltage_v in (3.41, 9.99)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, 2**32), st.binary(max_size=120), st.booleans())
def test_no_spoilt_line_is_a_reading_of_a_meter_unless_its_checksum_holds(seed: int, noise: bytes, mutate: bool) -> None:
    framer, grammar = Framer(), Grammar()
    assert grammar.read(LINE).kind == "reading"
    sent = spoilt(LINE, [b"V1=3.3", LINE], Random(seed)) if mutate else noise
    for raw in framer.feed(sent + b"\n"):
        assert grammar.read(raw).kind != "reading" or xor_holds(raw)


def test_a_line_cut_before_its_checksum_is_no_reading_of_a_device_that_sends_them() -> None:
    grammar = Grammar()
    assert grammar.read(b"V1=3.4123").kind == "reading"  # nothing is known of this device yet
    assert grammar.read(LINE).kind == "reading"
    for cut in (b"seq=18 V1=3.4123 V2=3.40", b"seq=18 V1=3"):
        line = grammar.read(cut)
        assert line.kind == "junk" and line.reason == "no checksum"


def test_the_benchmark_finds_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the checks taken out of the drivers it counts false readings and crashes."""
    for run in (fuzz.riden, fuzz.text_line):
        seen, slowest_s = run(600)
        assert seen["false"] == seen["crash"] == seen["hang"] == 0 and seen["whole"] > 5 and slowest_s < fuzz.HANG_S
    monkeypatch.setattr(modbus, "crc16", lambda data: 0)
    monkeypatch.setattr("drivers.meters.text_grammar._without_checksum", lambda text, required: text.rpartition("*")[0] or text)
    assert fuzz.riden(2000)[0]["false"] > 0
    assert fuzz.text_line(2000)[0]["false"] > 0


# --- answers and their questions ----------------------------------------------------------------------------------


class LateLine:
    """A device that gives each answer only after the next question, or the `late`-th after it."""

    url = "late"

    def __init__(self, late: int = 1) -> None:
        self.late, self.queue = late, []
        self.registers = riden_registers(r8=365, r9=1000) + [0] * 80
        self.registers[82:84] = [375, 1100]

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        decoded = modbus.decode_request(request)
        assert decoded is not None
        self.queue.append(modbus.read_reply(decoded, self.registers[decoded.register : decoded.register + decoded.count]))
        return self.queue.pop(0)[:expect] if len(self.queue) > self.late else b""


@pytest.mark.parametrize("late", [1, 2, 3, 4, 7, 12])
def test_f30_an_answer_to_an_earlier_question_is_never_taken_also_of_other_registers(late: int) -> None:
    unit = modbus.Unit(LateLine(late), "riden:late")  # type: ignore[arg-type]  # it only asks
    for register, count in ((8, 2), (82, 2), (16, 3), (0, 42), (8, 2), (82, 2), (68, 1), (18, 1), (0, 42), (82, 2)):
        with pytest.raises((NoAnswer, GarbledAnswer)):
            unit.read(register, count)


def test_f30_an_answer_that_comes_after_a_good_one_is_not_taken_for_the_next() -> None:
    """Question 1 is answered only after question 2 was: the third asks otherwise than the first."""
    first, second, third = (modbus.read_request(1, register, count) for register, count in ((8, 2), (82, 3), (82, 3)))
    answers = [reads(8, 365, 1000)[1], reads(82, 375, 1100, 0)[1]]
    line = ScriptedLine([(first, b""), (second, answers[1]), (third, answers[0])])
    unit = modbus.Unit(line, "riden:late", tries=1)
    with pytest.raises(NoAnswer):
        unit.read(8, 2)
    assert unit.read(82, 2) == (375, 1100)
    with pytest.raises(GarbledAnswer, match="late answer"):
        unit.read(82, 2)


def test_f30_another_unit_on_the_line_is_refused() -> None:
    driver, line = a_riden()
    line.answer = modbus.frame(bytes((2,)) + ANSWER[1:-2])
    with pytest.raises(GarbledAnswer, match="02 03 where 01 03 belongs"):
        driver.read()


@pytest.mark.parametrize("changes", [{"r10": 65535}, {"r11": 65535}, {"r8": 7000}, {"r9": 1400}])
def test_f30_a_number_that_the_model_cannot_have_is_no_reading(changes: dict[str, int]) -> None:
    driver, line = a_riden()
    line.answer = polls(**changes)[1]
    with pytest.raises(GarbledAnswer, match="a RD6012 does not have"):
        driver.read()


# --- any amount ---------------------------------------------------------------------------------------------------


def test_a_line_without_end_is_cut_and_refused() -> None:
    framer, grammar = Framer(), Grammar()
    for _ in range(200):
        assert framer.feed(b"V1=3.4 " * 10_000) == []
    assert len(framer._line) <= LONGEST_LINE_BYTES + 1
    (line,) = framer.feed(b"\n")
    assert grammar.read(line).kind == "junk"
