"""The table of probes is harmless by what it holds, and its recognisers know their own and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import modbus
from drivers.catalog import FAMILIES
from drivers.probe_table import LISTEN, PROBED, PROBES, Probe, chosen, es51922, identity, longest_s, text_line

FRAMES = Path(__file__).parent / "frames"
QUESTIONS = [probe for probe in PROBES if probe.request != LISTEN]
TRIGGER = bytes.fromhex("10 16 20 00 01 02 00 00")


def raw(entry: dict, side: str) -> bytes:
    if text := entry.get(f"{side}_ascii"):
        return text.encode("latin-1")
    return bytes.fromhex(entry.get(f"{side}_hex") or "")


def entries() -> list[tuple[str, dict]]:
    found = []
    for file in sorted(FRAMES.glob("*.json")):
        loaded = json.loads(file.read_text())
        found += [(file.stem, entry) for entry in (loaded if isinstance(loaded, list) else loaded["frames"])]
    return found


def test_every_family_with_a_line_of_its_own_can_be_found() -> None:
    assert set(PROBED) == {name for name, family in FAMILIES.items() if family.port is not None}


def test_it_is_listened_first_and_a_baud_rate_is_not_gone_back_to() -> None:
    asked = [probe.request != LISTEN for probe in PROBES]
    assert asked == sorted(asked)
    settings = [probe.settings for probe in QUESTIONS]
    assert len(dict.fromkeys(settings)) == sum(a != b for a, b in zip([None, *settings], settings, strict=False))
    assert longest_s(PROBES) < 40.0


@pytest.mark.parametrize("probe", QUESTIONS, ids=lambda probe: f"{probe.families[0]}-{probe.baud}-{probe.request[:8]!r}")
def test_a_question_reads_and_cannot_end_a_line_in_a_text_device(probe: Probe) -> None:
    text = probe.request.isascii() and all(byte >= 0x20 or byte in b"\r\n" for byte in probe.request)
    if text:
        assert probe.request.strip() in (b"*IDN?", b"", b"GMAX", b"~20004642E00200FD37")
        return
    assert not set(b"\r\n") & set(probe.request)
    if probe.families[0] in ("riden", "hanmatek", "dps", "wanptek", "jk-pb"):
        assert modbus.check(probe.request)
        reads = probe.request[1] == modbus.READ
        assert reads or (probe.request[1:9] == TRIGGER and probe.quiet and probe.families == ("jk-pb",))
    elif probe.families == ("jbd",):
        assert probe.request[1] == 0xA5  # read; 5A writes
    elif probe.request[0] == 0xD2:
        assert modbus.check(probe.request) and probe.request[1] == modbus.READ
    elif probe.families == ("daly",):
        assert probe.request[2] == 0x90 and sum(probe.request[:12]) & 0xFF == probe.request[12]
    else:
        assert probe.families == ("jk-uart",) and probe.request[8] == 6  # read all


def test_a_question_like_a_write_comes_after_every_reading_one_of_its_baud_rate() -> None:
    same = [probe for probe in QUESTIONS if probe.baud == 115200]
    assert [probe.quiet for probe in same] == sorted(probe.quiet for probe in same)
    assert any(probe.quiet for probe in same)


def test_dtr_and_rts_are_low_but_for_meters_that_live_from_them() -> None:
    assert {family for probe in PROBES if probe.dtr or probe.rts for family in probe.families} == {"es51922", "scpi-dmm"}


def test_frames_of_the_sheets_are_recognised_by_the_probe_that_asks_for_them() -> None:
    known = set()
    for family, entry in entries():
        request, answer = raw(entry, "request"), raw(entry, "response")
        if not request or not answer or entry.get("expect") in ("reject", "reject_partial"):
            continue
        for probe in QUESTIONS:
            if request == probe.request and family in (*probe.families, "scpi"):
                expected = {"rigol", "siglent", "scpi"} if family == "scpi" else {family}
                assert probe.recognise(answer) in expected, (family, entry)
                assert probe.recognise(probe.answered(probe.request + answer)) in expected  # an adapter that echoes
                known.add(family)
    assert known == {*PROBED, "scpi"} - {"rigol", "siglent", "es51922", "text-line"}  # which listen, or stand among the SCPI frames


def test_frames_that_are_spoilt_are_not_recognised() -> None:
    for family, entry in entries():
        answer = raw(entry, "response")
        if answer and entry.get("expect") == "reject" and family in ("jbd", "jk-uart", "daly", "seplos-v2"):
            assert not any(probe.recognise(answer) for probe in QUESTIONS if family in probe.families), entry


def test_an_answer_of_one_family_is_taken_for_no_other() -> None:
    near = {"daly-modbus": {"daly"}, "scpi": {"rigol", "siglent", "scpi"}}
    near["text-line"] = {"scpi"}  # a header "time,cell1,cell2" could be an identity; whoever sends by itself is not asked for one
    for family, entry in entries():
        if answer := raw(entry, "response"):
            found = {name for probe in QUESTIONS if (name := probe.recognise(answer))}
            assert found <= near.get(family, {family}), (family, entry, found)


@given(st.binary(max_size=400))
def test_noise_is_nobody(noise: bytes) -> None:
    assert not any(probe.recognise(noise) for probe in QUESTIONS)
    for probe in PROBES:
        probe.recognise(noise)  # whatever it says, it does not raise


@given(st.data())
def test_a_bit_that_flips_in_a_frame_with_a_checksum_makes_it_nobody_s(data: st.DataObject) -> None:
    whole = [
        (probe, raw(entry, "response"))
        for family, entry in entries()
        for probe in QUESTIONS
        if family in ("riden", "dps", "hanmatek", "wanptek", "jbd", "daly", "jk-uart", "seplos-v2")
        and raw(entry, "request") == probe.request
        and probe.recognise(raw(entry, "response"))
    ]
    probe, answer = data.draw(st.sampled_from(whole))
    bit = data.draw(st.integers(0, 8 * len(answer) - 1))
    spoilt = bytearray(answer)
    spoilt[bit // 8] ^= 1 << bit % 8
    if probe.families[0] in ("jbd", "jk-uart", "seplos-v2", "daly"):
        before = answer[: bit // 8]
        if not before or bit // 8 < 4:
            return  # heads that the checksum does not cover: JBD's register, the tail of a frame before
    assert probe.recognise(bytes(spoilt)) == ""


@pytest.mark.parametrize(
    ("words", "family"),
    [
        ("KORADKA3005PV2.0\x01", "korad"),
        ("RND 320-KA3005P V2.0", "korad"),
        ("TENMA 72-2540 V5.8 SN:12345", "korad"),
        ("VELLEMANLABPS3005DV2.0", "korad"),
        ("S-LS-31 V1.0", "korad"),
        ("OWON,SPM6103,123,FV:V1\r\n", "owon"),
        ("KIPRIM,DC310S,123,FV:V5.2.0\r\n", "owon"),
        ("ERR\r\nOWON,XDM1241,123,V4.2.0,3\r\n", "owon-xdm"),
        ("RIGOL TECHNOLOGIES,DP811,DP8,00.01\n", "rigol"),
        ("Rigol Technologies,DM3058E,DM3,01.01\n", "scpi-dmm"),
        ("Siglent Technologies,SPD3303X,SPD,1.01,V1\n", "siglent"),
        (">>Siglent Technologies,SDM3045X,SDM34,5.01\n", "scpi-dmm"),
        ("HEWLETT-PACKARD,34401A,0,10-5-2\r\n", "scpi-dmm"),
        ("KEITHLEY INSTRUMENTS INC.,MODEL 2000,1,A1\n", "scpi-dmm"),
        ("KEITHLEY INSTRUMENTS,MODEL DMM6500,1,1.0\n", "scpi-dmm"),
        ("FLUKE,8846A,1,1\r\n", "scpi-dmm"),
        ("Agilent Technologies,E36312A,MY1,2.1\n", "scpi"),
        ("HAMEG,HMP4040,1,HW1,SW2\n", "scpi"),
        ("ERR\r\n", ""),
        ("12,5,7", ""),
        ("51.500,2.730,140.595,OFF,OFF,OFF,2", ""),
        ("CH1:8V/5A,5.000,1.0000", ""),
        ("B&K Precision,9115,1,1.0", "scpi"),
        ('-113,"Undefined header"', ""),
        ("", ""),
    ],
)
def test_identities(words: str, family: str) -> None:
    assert identity(words.encode("latin-1")) == family


def test_lines_of_text_are_told_from_packets_and_noise() -> None:
    assert text_line(b".41*5\nseq=1 V1=3.4*11\nseq=2 V1=3.4*12\n") == "text-line"
    assert text_line(b"x\n3.412\r\n3.413\r\n") == "text-line"
    assert text_line(b"3.412\n") == ""
    assert text_line(b"x\nready\n# hello 1\nboot\n") == ""
    assert text_line(b"x\n\x80\x80 1\n\xff1\n2\n") == ""
    packets = bytes.fromhex("3030303030303b3030303a300d0a") * 3
    assert (text_line(packets), es51922(packets), es51922(packets[:27])) == ("", "es51922", "")


def test_looking_for_one_family_asks_its_own_questions_only() -> None:
    assert {family for probe in chosen(["jbd"]) for family in probe.families} == {"jbd"}
    assert chosen() == PROBES
