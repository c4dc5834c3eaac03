"""The OWON XDM driver: known exchanges, set-up after the identity only, function and range watched, silence and late answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talking_line import TalkingLine

from drivers.address import Address, AddressError
from drivers.catalog import open_meter
from drivers.clock import VirtualClock
from drivers.meters.owon_xdm import MODELS, OwonXdm, parse_range, parse_value
from drivers.meters.polled import parse_function, parse_identity
from drivers.roles import GarbledAnswer, LostLine, NoAnswer, WrongDevice

ROWS = {row["id"]: row for row in json.loads(Path(__file__).with_name("frames").joinpath("owon-xdm.json").read_text(encoding="utf-8"))}
FORBIDDEN = ("*OPC?", "MEAS:VOLT:DC?", "VOLT:RANG?", "SYST:ERR?", "*RST", "SYST:REM")


def answered(name: str) -> str:
    row = ROWS[name]
    raw = bytes.fromhex(row["response_hex"]) if "response_hex" in row else row["response_ascii"].encode()
    return raw.decode("latin-1")


def a_meter(options: str = "", **answers: bytes) -> tuple[OwonXdm, TalkingLine]:
    """A meter on DC volts with 3.4127 V at its probes; `answers` by question, as in meas1=b"…"."""
    said = {
        "*IDN?": answered("owon-idn").encode(),
        "MEAS1?": answered("owon-meas-cell").encode(),
        "FUNC?": answered("owon-func-dc").encode(),
        "RANGE?": b"5 V\r\n",
    }
    said |= {f"{name.upper()}?" if name != "idn" else "*IDN?": answer for name, answer in answers.items()}
    line = TalkingLine(said)
    meter = open_meter(f"owon-xdm:memory{options}", clock=VirtualClock(), line_factory=lambda _: line)
    assert isinstance(meter, OwonXdm)
    return meter, line


def settled(meter: OwonXdm):
    """The second reading: the first after the set-up is not given out."""
    assert meter.read().channels_v == {"1": None}
    return meter.read()


def test_known_numbers() -> None:
    assert parse_value(answered("owon-meas-mv")) == pytest.approx(ROWS["owon-meas-mv"]["meaning"]["value"])
    assert parse_value(answered("owon-meas-cell")) == pytest.approx(3.4127)
    assert parse_value(answered("owon-ok-noise")) == pytest.approx(3.4127)
    assert parse_value("-1.2E-03") == -0.0012
    for text in ("", "OK", "nOK", "NONe", '"VOLT"', "5 V", "nan", "3,41"):
        with pytest.raises(ValueError, match=r"\w"):
            parse_value(text)


def test_known_identity_functions_and_ranges() -> None:
    identity = parse_identity(answered("owon-idn"))
    meaning = ROWS["owon-idn"]["meaning"]
    assert (identity.maker, identity.model, identity.serial) == (meaning["maker"], meaning["model"], meaning["serial"])
    assert parse_function(answered("owon-func-dc")) == "VOLT"
    assert parse_function(answered("owon-func-ac")) == "VOLT AC"
    with pytest.raises(ValueError, match="no range"):
        parse_range(answered("owon-range-bytes"))
    assert [parse_range(text) for text in ("5 V", "50 mV", "500.0 V")] == [5.0, 0.05, 500.0]


@pytest.mark.parametrize("model", MODELS)
def test_identifying_writes_nothing_and_the_first_reading_sets_it_up(model: str) -> None:
    meter, line = a_meter(idn=f"OWON,{model},23362517,V4.2.0\r\n".encode())  # older firmware: four fields
    profile = meter.identify()
    assert (profile.family, profile.model, profile.point, profile.emulated) == ("owon-xdm", model, "bank", False)
    assert line.sent == ["*IDN?"]
    reading = settled(meter)
    assert (reading.status, reading.channels_v, reading.resolution_v) == ("ok", {"1": 3.4127}, 0.0001)
    assert line.commands == ["CONF:VOLT:DC 5", "RATE S"]  # once
    meter.close()
    assert line.closed and not set(line.sent) & set(FORBIDDEN)


@pytest.mark.parametrize(("limit", "told"), [("", "5"), ("?limit=30", "50"), ("?limit=75", "500")])
def test_the_range_fits_what_can_be_at_the_probes(limit: str, told: str) -> None:
    meter, line = a_meter(limit)
    meter.read()
    assert line.commands[0] == f"CONF:VOLT:DC {told}"


def test_a_model_whose_commands_are_not_known_is_only_read() -> None:
    meter, line = a_meter(idn=b"OWON,XDM3051,123,V1.0\r\n")
    assert settled(meter).channels_v == {"1": 3.4127}
    assert line.commands == []


def test_a_stranger_is_refused_and_written_nothing() -> None:
    for identity in (b"RIGOL TECHNOLOGIES,DP832,DP8,00.01.14\r\n", b"OWON,SPE6103,1,V1\r\n"):
        meter, line = a_meter(idn=identity)
        with pytest.raises(WrongDevice, match="no OWON XDM"):
            meter.read()
        assert line.commands == []
    meter, line = a_meter(idn=b"hello\r\n")
    with pytest.raises(GarbledAnswer):
        meter.identify()
    meter, line = a_meter(idn=b"")
    with pytest.raises(NoAnswer):
        meter.identify()


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        ({"func": b'"VOLT AC"\r\n'}, "not_dc", "key for DC volts"),
        ({"func": b'"RES"\r\n'}, "wrong_function", "key for DC volts"),
        ({"meas1": b"1.000000E+09\r\n"}, "overload", "probes"),
        ({"meas1": b"6.100000E+00\r\n"}, "overload", "probes"),  # more than 1.2 times its range
        ({"meas1": b"NONe\r\n"}, "garbled", "no number"),
        ({"meas1": b""}, "no_answer", "no answer"),
    ],
)
def test_what_is_no_volts_is_told_and_the_last_value_never_stands_for_it(answers: dict[str, bytes], status: str, words: str) -> None:
    meter, line = a_meter()
    assert settled(meter).status == "ok"
    assert isinstance(line.answers, dict)
    good = dict(line.answers)
    line.answers.update({f"{name.upper()}?": answer for name, answer in answers.items()})
    reading = meter.read()
    assert (reading.status, reading.channels_v) == (status, {"1": None})
    assert words in reading.text
    line.answers.update(good)
    assert meter.read().status == "stale"  # the first value afterwards is not given out
    assert meter.read().channels_v == {"1": 3.4127}


def test_a_changed_range_costs_one_value() -> None:
    meter, line = a_meter()
    settled(meter)
    assert isinstance(line.answers, dict)
    line.answers["RANGE?"] = b"50 V\r\n"
    assert meter.read().status == "stale"
    reading = meter.read()
    assert (reading.channels_v, reading.resolution_v) == ({"1": 3.4127}, 0.001)


def test_a_meter_that_does_not_tell_its_range_is_read_without_resolution() -> None:
    meter, line = a_meter(range=b"")
    reading = settled(meter)
    assert (reading.channels_v, reading.resolution_v) == ({"1": 3.4127}, None)
    meter.read()
    assert line.sent.count("RANGE?") == 1


def test_volts_that_cannot_be_true_there_are_none() -> None:
    meter, _ = a_meter(meas1=b"-3.412700E+00\r\n")
    reading = settled(meter)
    assert (reading.channels_v, reading.flags) == ({"1": None}, ("out of range",))
    assert "-3.4127 V" in reading.text and "right way round" in reading.text
    assert settled(a_meter("?limit=60", meas1=b"5.310000E+01\r\n", range=b"500 V\r\n")[0]).channels_v == {"1": 53.1}


def test_three_silences_are_stale_and_it_is_set_up_again() -> None:
    meter, line = a_meter()
    settled(meter)
    good, line.answers = line.answers, {}
    assert [meter.read().status for _ in range(4)] == ["no_answer", "no_answer", "stale", "stale"]
    line.answers = good
    assert [meter.read().status for _ in range(2)] == ["stale", "ok"]
    assert line.commands == ["CONF:VOLT:DC 5", "RATE S"] * 2


@pytest.mark.parametrize("late", [1, 2, 4])
def test_an_answer_to_an_earlier_question_never_passes(late: int) -> None:
    meter, line = a_meter()
    settled(meter)
    line.late = late
    for _ in range(20):
        assert meter.read().channels_v == {"1": None}


def test_one_value_that_comes_late_is_dropped() -> None:
    """The answer to one question comes while the next is asked; what was shown then is not what is shown now."""
    meter, line = a_meter()
    settled(meter)
    script = [b"", b"3.000000E+00\r\n", b'"VOLT"\r\n', b"3.412700E+00\r\n", b'"VOLT"\r\n', b"5 V\r\n"]
    line.answers = lambda _: script.pop(0)
    shown = [meter.read() for _ in range(3)]
    assert [reading.status for reading in shown] == ["no_answer", "garbled", "stale"]
    assert not script


def test_after_a_lost_line_another_meter_is_not_taken_for_the_first() -> None:
    meter, line = a_meter()
    settled(meter)
    line.lost = True
    with pytest.raises(LostLine):
        meter.read()
    line.lost = False
    assert isinstance(line.answers, dict)
    line.answers["*IDN?"] = b"OWON,XDM1041,99999999,V4.2.0,3\r\n"
    before = list(line.commands)
    with pytest.raises(WrongDevice, match="another meter"):
        meter.read()
    assert line.commands == before
    line.answers["*IDN?"] = answered("owon-idn").encode()
    assert [meter.read().status for _ in range(2)] == ["stale", "ok"]


def test_options() -> None:
    meter, _ = a_meter("?cell=A3")
    profile = meter.identify()
    assert (profile.point, profile.cell) == ("cell", "A3")
    assert a_meter("?point=walk")[0].identify().point == "walk"
    for options in ("?point=cells", "?point=cell", "?point=bank&cell=A3", "?limit=3", "?frame=7E2", "?channels=2"):
        with pytest.raises(AddressError):
            a_meter(options)
    with pytest.raises(WrongDevice, match="scaled time"):
        a_meter("?speed=60")[0].identify()
    assert Address.parse("owon-xdm:/dev/ttyUSB0?cell=A3").options == {"cell": "A3"}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([b"OK\r\n", b'"VOLT"\r\n', b"3.4\r\n", b"1E9\r\n", b"5 V\r\n"])), max_size=12
    )
)
def test_no_noise_is_a_reading_unless_number_and_function_hold(answers: list[bytes]) -> None:
    meter, line = a_meter()
    meter.identify()
    said: list[tuple[str, bytes]] = []

    def speak(question: str) -> bytes:
        answer = answers[len(said) % len(answers)] if answers else b""
        said.append((question, answer))
        return answer

    line.answers = speak
    for _ in range(4):
        reading = meter.read()
        if reading.channels_v["1"] is not None:
            spoken = dict(said)
            assert b"VOLT" in spoken["FUNC?"].upper()
            assert reading.channels_v["1"] == pytest.approx(parse_value(spoken["MEAS1?"].decode("latin-1")))
