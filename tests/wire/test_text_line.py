"""The text-line meter: its grammar against given lines, noise, and the rules for live, stale and garbled."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.address import Address, AddressError
from drivers.clock import VirtualClock
from drivers.meters.text_grammar import Framer, Grammar
from drivers.meters.text_line import TextLineMeter
from drivers.roles import GarbledAnswer, LostLine, NoAnswer, WrongDevice

ROWS = json.loads(Path(__file__).with_name("frames").joinpath("text-line.json").read_text(encoding="utf-8"))


class FedLine:
    """A line whose bytes the test puts in."""

    def __init__(self) -> None:
        self.url, self.data, self.written, self.lost = "fed", b"", b"", False
        self.answers: dict[bytes, bytes] = {}

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        raise AssertionError("a streaming meter is not asked")

    def write(self, data: bytes) -> None:
        self.written += data
        self.data += self.answers.get(data, b"")

    def read_available(self) -> bytes:
        if self.lost:
            raise LostLine(self.url, "read", "the line is gone.")
        data, self.data = self.data, b""
        return data

    def close(self) -> None:
        self.lost = True


def meter(options: str = "", *, in_memory: bool = True) -> tuple[TextLineMeter, FedLine, VirtualClock]:
    line, clock = FedLine(), VirtualClock()
    address = Address.parse("text-line:fed" + (f"?{options}" if options else ""))
    return TextLineMeter(line, address=address, clock=clock, line_clock=clock, in_memory=in_memory), line, clock


def read_lines(grammar: Grammar, text: str) -> list:
    return [grammar.read(raw) for raw in Framer().feed(text.encode())]


# --- grammar ---


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_given_lines(row: dict) -> None:
    meaning, grammar = row["meaning"], Grammar()
    if header := meaning.get("needs_header"):
        assert grammar.read(header.encode()).kind == "header"
    (line,) = read_lines(grammar, row["response_ascii"])
    assert (line.kind == "junk") == (row["expect"] == "reject"), line.reason
    if line.kind == "junk":
        assert line.reason and not line.channels_v
    if "channels_v" in meaning:
        assert line.channels_v == meaning["channels_v"]
    if "sequence" in meaning:
        assert (line.sequence, line.device_ms) == (meaning["sequence"], meaning["device_ms"])
        assert line.temperatures_c == meaning["temperatures_c"]
    assert list(line.out_of_range) == meaning.get("out_of_range", [])
    if meaning.get("ignored") is True:
        assert line.kind == "comment"


@pytest.mark.parametrize(
    "text",
    [
        "3,412",  # a decimal comma must not become 3 V
        "3,412;3,409",
        "3",  # no meter shows a cell in whole volts
        "34.12",  # neither volts of a cell nor millivolts
        "V1=3.412V2=3.409",  # glued together
        "V1=3.412 9",
        "V1=3.412V1",
        "V1=3.412 MV",
        '{"V1":true}',
        '{"cells":[[3.412]]}',
        '{"cells":[NaN]}',
        '{"V1":3.412,"V1":3.409}',
        '{"V1":3.412',
        '{"unit":"A","V1":3.412}',
        "[" * 300,
        "V1=3.412*7g",
        "3.412 AC",
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
        "Guru Meditation Error: Core 1 panic'ed",
        "token?",
    ],
)
def test_doubtful_lines_are_junk(text: str) -> None:
    (line,) = read_lines(Grammar(), text + "\n")
    assert line.kind == "junk" and line.reason


def test_the_unit_is_decided_once_and_never_turned_round() -> None:
    lines = read_lines(Grammar(), "0\n3412\n3.412\n0\n3409\n")
    assert [line.channels_v.get("1") for line in lines] == [0.0, 3.412, None, 0.0, 3.409]
    assert lines[2].kind == "junk"
    assert [line.channels_v.get("1") for line in read_lines(Grammar(unit="mV"), "12\n3412\n3.4 V\n")] == [0.012, 3.412, 3.4]


def test_columns_stay_what_they_were() -> None:
    lines = read_lines(Grammar(), "3.412 3.409\n3.412\n3.413 3.409\n")
    assert [line.kind for line in lines] == ["reading", "junk", "reading"]
    lines = read_lines(Grammar(), "time,cell1,cell2\n5,3.412,3.409\n6,3.412\n")
    assert [line.kind for line in lines] == ["header", "reading", "junk"]


def test_options_of_the_grammar() -> None:
    assert read_lines(Grammar(decimal_comma=True), "V1=3,412;V2=3,409\n")[0].channels_v == {"1": 3.412, "2": 3.409}
    lines = read_lines(Grammar(checksum_required=True), "V1=3.412\nV1=3.412*70\n")
    assert [line.kind for line in lines] == ["junk", "reading"]
    assert read_lines(Grammar(limit_v=60.0), "V1=54.75V\n")[0].channels_v == {"1": 54.75}


def test_resolution_is_that_of_the_coarsest_channel() -> None:
    assert read_lines(Grammar(), "V1=3.4123 V2=3.41\n")[0].resolution_v == pytest.approx(0.01)
    assert read_lines(Grammar(), "V1=3412.5mV\n")[0].resolution_v == pytest.approx(0.0001)


def test_lines_end_in_three_ways_and_may_come_in_pieces() -> None:
    framer = Framer()
    assert framer.feed(b"V1=3.4") == []
    assert framer.feed(b"12\r\nV1=3.413\rV1=3.414\n\n") == [b"V1=3.412", b"V1=3.413", b"V1=3.414"]


def test_an_overlong_line_is_dropped_up_to_its_end() -> None:
    framer, grammar = Framer(), Grammar()
    lines = [grammar.read(raw) for part in (b"V1=3.412 " * 70, b"V2=3.4", b"\nV1=3.413\n") for raw in framer.feed(part)]
    assert [line.kind for line in lines] == ["junk", "reading"]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=120), max_size=8))
def test_noise_never_raises_and_never_leaves_the_window(parts: list[bytes]) -> None:
    driver, line, clock = meter()
    for part in parts:
        line.data += part + b"\n"
        clock.advance(0.5)
        reading = driver.read()
        assert all(volts is None or 0 <= volts <= 5 for volts in reading.channels_v.values())
        assert reading.status == "ok" or not any(volts is not None for volts in reading.channels_v.values())


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet='V1234567890=:.,; \t-+eEmuµnaolAC{}[]"*$#', max_size=40))
def test_what_is_accepted_was_written_there(text: str) -> None:
    """Every volt that comes out is a number of the line, in V, mV or µV: nothing is invented."""
    (line,) = read_lines(Grammar(), f"{text}\n") or [Grammar().read(b"")]
    numbers = [float(number) for number in re.findall(r"(?=((?<![\d.])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))", text, re.ASCII)]
    for volts in line.channels_v.values():
        assert volts is None or any(volts == pytest.approx(number * factor, abs=1e-8) for number in numbers for factor in (1, 1e-3, 1e-6))


# --- live, stale, garbled ---


def test_three_good_lines_make_it_live_and_an_old_value_is_never_new() -> None:
    driver, line, clock = meter()
    assert driver.read().status == "no_answer"
    for expected in ("stale", "stale", "ok"):
        clock.advance(0.5)
        line.data = b"V1=3.412\r\n"
        assert driver.read().status == expected
    first = driver.read()
    clock.advance(0.5)
    again = driver.read()
    assert again.channels_v == {"1": 3.412} and again.time_s == first.time_s == 1.5  # its own time, not now


def test_silence_makes_it_stale_and_two_good_lines_bring_it_back() -> None:
    driver, line, clock = meter()
    line.data = b"V1=3.412\n" * 3
    assert driver.read().status == "ok"
    statuses = []
    for _ in range(8):
        clock.advance(0.5)
        statuses.append(driver.read().status)
    assert statuses[0] == "ok" and statuses[-1] == "stale"
    assert driver.read().channels_v == {"1": None}
    line.data = b"V1=3.413\n"
    assert driver.read().status == "stale"
    line.data = b"V1=3.413\n"
    assert driver.read().channels_v == {"1": 3.413}


def test_a_bench_that_looks_every_thirty_seconds_sees_each_fresh_line() -> None:
    driver, line, clock = meter()
    for number in range(10):
        clock.advance(30)
        line.data = f"seq={number} V1=3.412\n".encode()
        reading = driver.read()
        assert reading.status == ("ok" if number >= 2 else "stale")
    clock.advance(30)
    for _ in range(2):
        reading = driver.read()
        assert (reading.status, reading.time_s) == ("ok", 300.0)  # late by one look, which is no proof of silence
    clock.advance(30)
    assert driver.read().status == "stale"


def test_a_counter_that_stands_still_is_stale_and_one_that_falls_is_a_restart() -> None:
    driver, line, clock = meter()
    statuses = []
    for seq in (1, 2, 3, 3, 3, 3, 4, 1, 2, 3):
        clock.advance(0.5)
        line.data = f"seq={seq} V1=3.412\n".encode()
        statuses.append(driver.read().status)
    assert statuses == ["stale", "stale", "ok", "ok", "ok", "stale", "ok", "stale", "stale", "ok"]


def test_mostly_junk_is_garbled() -> None:
    driver, line, _ = meter()
    line.data = b"V1=3.412\n" * 8
    assert driver.read().status == "ok"
    line.data = b"~}x\n" * 11 + b"V1=3.412\n"
    reading = driver.read()
    assert reading.status == "garbled" and reading.channels_v == {"1": None} and "x" in reading.text


def test_a_wrong_baud_rate_is_garbled_even_without_line_ends() -> None:
    driver, line, _ = meter()
    line.data = bytes(range(128, 256))
    assert driver.read().status == "garbled"


def test_the_first_line_on_a_port_may_be_half_of_one() -> None:
    driver, line, _ = meter(in_memory=False)
    line.data = b"2 3.409\n" + b"3.412 3.409 3.410\n" * 3  # half a line would set the number of columns for good
    assert driver.read().channels_v == {"1": 3.412, "2": 3.409, "3": 3.41}


def test_a_lost_line_forgets_what_the_device_had_decided() -> None:
    driver, line, clock = meter()
    line.data = b"3412\n" * 3
    assert driver.read().channels_v == {"1": 3.412}
    line.lost = True
    with pytest.raises(LostLine):
        driver.read()
    line.lost, line.data = False, b"3.413\n" * 3
    clock.advance(1)
    assert driver.read().channels_v == {"1": 3.413}


def test_channels_counted_from_zero_are_shifted_and_missing_ones_are_unknown() -> None:
    driver, line, _ = meter("point=cells&channels=3")
    line.data = b"CH0=3412mV;CH1=3409mV\n" * 3
    assert driver.read().channels_v == {"1": 3.412, "2": 3.409, "3": None}
    assert driver.identify().point == "cells"


# --- who is there ---


def test_identify_waits_for_good_lines_on_a_port() -> None:
    driver, line, _ = meter(in_memory=False)
    line.data = b"half\n" + b"V1=3.412\n" * 3
    profile = driver.identify()
    assert (profile.family, profile.point, profile.emulated) == ("text-line", "bank", False)
    assert line.written == b""


def test_identify_tells_silence_from_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.meters.streaming.START_UP_S", 0.0)
    driver, line, _ = meter(in_memory=False)
    with pytest.raises(NoAnswer, match="nothing arrived"):
        driver.identify()
    line.data = b"half\nblah blah\nblah\n"
    with pytest.raises(GarbledAnswer, match="blah") as caught:
        driver.identify()
    assert "baud" in caught.value.check


def test_scaled_time_needs_the_token() -> None:
    driver, line, _ = meter("speed=60")
    line.answers[b"token?\n"] = b"# topbal!!\n"
    assert driver.identify().emulated
    driver, line, _ = meter("speed=60")
    line.data = b"V1=3.412\n" * 3
    with pytest.raises(WrongDevice, match="scaled time"):
        driver.identify()


def test_options_are_checked() -> None:
    wrong = ("map=1,1", "map=a", "map=1,2&channels=2", "mode=cumulative", "mode=series&point=cells", "point=cell", "point=bank&cell=A1")
    for options in ("point=pack", "channels=0", "unit=kV", "limit=100", *wrong):
        with pytest.raises(AddressError):
            meter(options)


def test_a_map_tells_which_channel_is_on_which_cell() -> None:
    driver, line, _ = meter("point=cells&map=3,0,7")
    line.data = b"V0=3.300 V1=3.301 V3=3.303\n" * 3
    assert driver.read().channels_v == {"1": 3.303, "2": 3.3, "3": None}


def test_taps_of_a_string_give_its_cells_and_a_lost_one_takes_both_beside_it() -> None:
    driver, line, _ = meter("point=cells&mode=cumulative&unit=V")
    line.data = b"V1=3.400 V2=6.810 V3=10.200 V4=13.640\n" * 3
    assert driver.read().channels_v == {"1": 3.4, "2": pytest.approx(3.41), "3": pytest.approx(3.39), "4": pytest.approx(3.44)}
    line.data = b"V1=3.400 V2=nan V3=10.200 V4=13.640\n"
    assert driver.read().channels_v == {"1": 3.4, "2": None, "3": None, "4": pytest.approx(3.44)}
    line.data = b"V1=3.400 V2=3.300 V3=10.200\n"
    assert driver.read().channels_v == {"1": 3.4, "2": None, "3": None}  # no cell has less than nothing, or 6.9 V


def test_the_cell_of_the_address_is_told() -> None:
    driver, _, _ = meter("cell=A3")
    profile = driver.identify()
    assert (profile.point, profile.cell) == ("cell", "A3")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_given_lines_as_readings_of_the_driver(row: dict) -> None:
    driver, line, _ = meter()
    header = row["meaning"].get("needs_header", "")
    line.data = (f"{header}\n" if header else "").encode() + row["response_ascii"].encode() * 3
    reading = driver.read()
    if "channels_v" not in row["meaning"]:
        assert reading.status in ("garbled", "no_answer") and not reading.channels_v
        return
    wanted = row["meaning"]["channels_v"]
    if row["meaning"].get("zero_based"):
        wanted = {str(int(name) + 1): volts for name, volts in wanted.items()}
    assert (reading.status, reading.channels_v) == ("ok", wanted)
