"""The SCPI bench meter driver: known exchanges, remote control on serial lines only, prompts on a LAN, time-outs, unknown models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talking_line import TalkingLine

from drivers import catalog
from drivers.address import AddressError
from drivers.clock import VirtualClock
from drivers.meters.polled import parse_identity
from drivers.meters.scpi_dmm import MODELS, OVERLOAD, ScpiDmm, parse_error, parse_value
from drivers.roles import GarbledAnswer, LostLine, NoAnswer, WrongDevice

ROWS = {row["id"]: row for row in json.loads(Path(__file__).with_name("frames").joinpath("scpi-dmm.json").read_text(encoding="utf-8"))}
SIGLENT = ROWS["scpi-idn-siglent"]["response_ascii"].encode()
NO_ERROR, REFUSED = b'+0,"No error"\n', b'-222,"Data out of range"\n'


def a_meter(place: str = "memory", **answers: bytes) -> tuple[ScpiDmm, TalkingLine]:
    said = {"*IDN?": SIGLENT, "READ?": b"+3.41268000E+00\n", "FUNC?": b'"VOLT"\n', "SYST:ERR?": NO_ERROR}
    said |= {{"idn": "*IDN?", "error": "SYST:ERR?"}.get(name, f"{name.upper()}?"): answer for name, answer in answers.items()}
    line = TalkingLine(said)
    meter = catalog.open_meter(f"scpi-dmm:{place}", clock=VirtualClock(), line_factory=lambda _: line)
    assert isinstance(meter, ScpiDmm)
    return meter, line


def settled(meter: ScpiDmm):
    assert meter.read().channels_v == {"1": None}
    return meter.read()


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row["request_ascii"] == "READ?\n"], ids=lambda row: row["id"])
def test_known_readings(row: dict) -> None:
    meaning, text = row["meaning"], row["response_ascii"].strip()
    if meaning.get("overload"):
        assert abs(parse_value(text)) >= OVERLOAD
        reading = a_meter(read=row["response_ascii"].encode())[0].read()
        assert (reading.status, reading.channels_v) == ("overload", {"1": None})
        return
    wanted = meaning["voltage_v"] if "voltage_v" in meaning else meaning["values"][-1]
    assert parse_value(text) == wanted
    assert settled(a_meter("memory?limit=75", read=row["response_ascii"].encode())[0]).channels_v == {"1": wanted}


def test_known_identity() -> None:
    identity, meaning = parse_identity(SIGLENT.decode()), ROWS["scpi-idn-siglent"]["meaning"]
    assert (identity.maker, identity.model) == (meaning["maker"], meaning["model"])


def test_only_a_number_is_a_number_and_nan_is_an_overload() -> None:
    for text in ("", '"VOLT"', "3.4 V", "1,", "+3.41,abc", "nan", "1e", "0x10", "3.4.1"):
        with pytest.raises(ValueError, match=r"\w"):
            parse_value(text)
    assert parse_value("+9.91E37") >= OVERLOAD
    assert parse_error('+0,"No error"') == parse_error("0,No Error") == ""
    assert parse_error('-113,"Undefined header"').startswith("-113")


@pytest.mark.parametrize(
    "model",
    [
        "34401A",
        "34410A",
        "34461A",
        "34470A",
        "SDM3045X",
        "SDM3055",
        "SDM3065X-SC",
        "DM3058E",
        "DM858",
        "8845A",
        "MODEL 2000",
        "MODEL DMM6500",
    ],
)
def test_known_meters_are_set_up_after_their_identity(model: str) -> None:
    assert MODELS.fullmatch(model)
    meter, line = a_meter(idn=f"Maker,{model},1,2\r\n".encode())
    found = meter.identify()
    assert (found.model, found.serial, found.firmware) == (model, "1", "2")
    assert line.sent == ["*IDN?"]
    reading = settled(meter)
    assert (reading.status, reading.channels_v, reading.resolution_v) == ("ok", {"1": 3.41268}, None)
    assert line.commands == ["SYST:REM", "*CLS", "CONF:VOLT:DC 10", "SAMP:COUN 1", "TRIG:SOUR IMM"]
    assert not {"*RST", "*OPC?", "INIT"} & set(line.sent)
    meter.close()
    assert line.commands[-1] == "SYST:LOC" and line.closed


def test_a_range_that_is_refused_is_left_to_the_meter() -> None:
    errors = [REFUSED, NO_ERROR, NO_ERROR]
    meter, line = a_meter()
    said = line.answers
    assert isinstance(said, dict)
    line.answers = lambda question: errors.pop(0) if question == "SYST:ERR?" else said.get(question, b"")
    assert settled(meter).status == "ok"
    assert line.commands[2:4] == ["CONF:VOLT:DC 10", "CONF:VOLT:DC"]
    assert not errors


def test_a_meter_whose_queue_never_ends_or_never_answers_is_read_all_the_same() -> None:
    meter, line = a_meter(error=REFUSED)
    assert settled(meter).status == "ok"
    assert line.sent.count("SYST:ERR?") == 20
    assert settled(a_meter(error=b"")[0]).status == "ok"


def test_on_a_lan_there_is_no_remote_command_but_for_fluke_and_prompts_are_stripped() -> None:
    banner = b"Welcome to the SCPI instrument 'Siglent SDM3045X'\r\n>>"
    script = {"*IDN?": [banner, b">>" + SIGLENT + b">>"], "READ?": [b"+3.41268000E+00\r\n>>"], "FUNC?": [b'>>"VOLT"\r\n>>']}
    meter, line = a_meter("socket://192.168.1.7:5024")
    line.answers = lambda question: (
        (said.pop(0) if len(said := script.get(question, [NO_ERROR])) > 1 else said[0]) if "?" in question else b""
    )
    assert meter.identify().model == "SDM3045X"
    assert settled(meter).channels_v == {"1": 3.41268}
    meter.close()
    assert "SYST:REM" not in line.sent and "SYST:LOC" not in line.sent
    meter, line = a_meter("socket://192.168.1.7:3490", idn=b"FLUKE,8846A,1,2\n")
    meter.read()
    assert line.commands[0] == "SYST:REM"


def test_a_number_that_is_cut_on_a_lan_is_none() -> None:
    meter, _ = a_meter("socket://192.168.1.7:5025", read=b"+3.41")
    assert [meter.read().status for _ in range(3)] == ["garbled", "garbled", "stale"]


@pytest.mark.parametrize("model", ["DP832", "XYZ123"])
def test_an_unknown_model_is_only_asked_and_only_if_it_says_that_it_measures_dc_volts(model: str) -> None:
    meter, line = a_meter(idn=f"Maker,{model},1,2\n".encode())
    assert settled(meter).channels_v == {"1": 3.41268}
    meter.close()
    assert line.commands == []
    meter, line = a_meter(idn=f"Maker,{model},1,2\n".encode(), func=b"")
    assert [meter.read().status for _ in range(3)] == ["wrong_function"] * 3
    assert "READ?" not in line.sent and line.commands == []


def test_an_owon_is_sent_to_its_own_family() -> None:
    with pytest.raises(WrongDevice, match="owon-xdm"):
        a_meter(idn=b"OWON,XDM1041,1,V4,3\r\n")[0].identify()
    with pytest.raises(NoAnswer):
        a_meter(idn=b"")[0].identify()
    with pytest.raises(GarbledAnswer):
        a_meter(idn=b"what?\n")[0].identify()


def test_another_function_is_told_where_the_meter_tells_it() -> None:
    meter, line = a_meter()
    settled(meter)
    assert isinstance(line.answers, dict)
    line.answers["FUNC?"] = b'"VOLT:AC"\n'
    assert meter.read().status == "not_dc"
    line.answers["FUNC?"] = b'"RES"\n'
    assert meter.read().status == "wrong_function"
    line.answers["FUNC?"] = b'"VOLT:DC"\n'
    assert [meter.read().status for _ in range(2)] == ["stale", "ok"]


def test_a_meter_that_does_not_tell_its_function_is_not_asked_again() -> None:
    meter, line = a_meter(func=b"")
    assert settled(meter).status == "ok"
    assert line.sent.count("FUNC?") == 1


def test_after_a_time_out_the_interface_is_cleared_the_identity_asked_and_two_values_needed() -> None:
    meter, line = a_meter()
    settled(meter)
    assert isinstance(line.answers, dict)
    line.answers["READ?"] = b""
    assert meter.read().status == "no_answer"
    line.answers["READ?"] = b"+3.41300000E+00\n"
    at = len(line.sent)
    assert [meter.read().status for _ in range(2)] == ["stale", "ok"]
    assert line.sent[at : at + 4] == ["\x03", "*IDN?", "SYST:ERR?", "READ?"]
    meter, line = a_meter("socket://x:5025")
    assert isinstance(line.answers, dict)
    line.answers["READ?"] = b""
    assert [meter.read().status for _ in range(2)] == ["no_answer", "no_answer"]
    assert "\x03" not in line.sent


@pytest.mark.parametrize("late", [1, 2, 3, 4])
def test_an_answer_to_an_earlier_question_never_passes(late: int) -> None:
    meter, line = a_meter()
    settled(meter)
    line.late = late
    for _ in range(25):
        assert meter.read().channels_v == {"1": None}


def test_a_meter_that_was_off_is_set_up_again() -> None:
    meter, line = a_meter()
    settled(meter)
    good, line.answers = line.answers, {}
    assert [meter.read().status for _ in range(3)] == ["no_answer", "no_answer", "stale"]
    line.answers = good
    assert [meter.read().status for _ in range(2)] == ["stale", "ok"]
    assert line.commands.count("SYST:REM") == 2


def test_another_meter_after_a_lost_line_is_not_set_up() -> None:
    meter, line = a_meter()
    settled(meter)
    line.lost = True
    with pytest.raises(LostLine):
        meter.read()
    line.lost = False
    assert isinstance(line.answers, dict)
    line.answers["*IDN?"] = b"Siglent Technologies,SDM3045X,OTHER,1\n"
    before = list(line.commands)
    with pytest.raises(WrongDevice, match="another meter"):
        meter.read()
    assert line.commands == before
    line.lost = True
    meter.close()  # the keys cannot be given back any more: no error


@pytest.mark.parametrize(("options", "frame"), [("", "8N1"), ("?frame=7E2", "7E2"), ("?frame=8N2&baud=4800", "8N2")])
def test_the_frame_of_the_address_reaches_the_line(options: str, frame: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict] = []

    def line(url: str, **how: object) -> TalkingLine:
        made.append(how)
        return TalkingLine({})

    monkeypatch.setattr(catalog, "SerialLine", line)
    catalog.open_meter(f"scpi-dmm:/dev/ttyS0{options}", clock=VirtualClock())
    assert (made[0]["frame"], made[0]["dtr"], made[0]["rts"]) == (frame, True, True)
    assert made[0]["baud"] == (4800 if "baud" in options else 9600)


@pytest.mark.parametrize("options", ["frame=9N1", "frame=7", "point=cells", "unit=V"])
def test_options_that_cannot_be_are_refused_before_the_port_is_opened(options: str) -> None:
    with pytest.raises(AddressError):
        catalog.open_meter(f"scpi-dmm:/dev/tty-not-here?{options}", clock=VirtualClock())


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([SIGLENT, b'"VOLT"\n', b"+3.4\n", b"+9.9E37\n", NO_ERROR])), max_size=14))
def test_no_noise_is_a_reading_unless_it_is_a_number(answers: list[bytes]) -> None:
    meter, line = a_meter()
    meter.identify()
    said: list[tuple[str, bytes]] = []

    def speak(question: str) -> bytes:
        said.append((question, answers[len(said) % len(answers)] if answers else b""))
        return said[-1][1]

    line.answers = speak
    for _ in range(4):
        reading = meter.read()
        if reading.channels_v["1"] is not None:
            assert reading.channels_v["1"] == parse_value(dict(said)["READ?"].decode("latin-1"))
