"""The Korad emulator byte for byte: known exchanges, commands in any pieces, its protection that folds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_emulators import a_world, frames, shows

from drivers.simulated.korad import KINDS, KoradEmulator

ROWS = frames("korad")
COMMANDS = b"*IDN?VSET1:03.65ISET1:2.500OUT1STATUS?VSET1?ISET1?OCP0BEEP1VSET1:3.6OUT0STATUS?"


def emulator(model: str = "KA3005P", **details: Any) -> KoradEmulator:
    return KoradEmulator(a_world(model), model, **details)


def of_row(model: str) -> KoradEmulator:
    name = {"Tenma 72-2540": "72-2540", "Velleman PS3005D": "PS3005D"}.get(model, "KWR103" if "KWR" in model else "KA3005P")
    return emulator(name, old="old" in model)


@pytest.mark.parametrize(("row", "request_", "answer"), ROWS, ids=lambda part: part["model"] if isinstance(part, dict) else "")
def test_known_exchanges(row: dict[str, Any], request_: bytes, answer: bytes) -> None:
    korad, meaning = of_row(row["model"]), row["meaning"]
    if "old" in row["model"]:
        korad.feed(b"*IDN?")
    on = meaning.get("output_on", True)
    shows(korad, mode=meaning.get("mode", "CC"), output_on=on)
    assert korad.feed(request_) == answer
    if meaning.get("write") == "VSET":
        assert korad.world.set_points[0] == meaning["v_set_V"]
    if meaning.get("write") == "OUT":
        assert korad.world.output_on is False


@given(st.lists(st.integers(1, len(COMMANDS) - 1), max_size=12))
def test_commands_in_any_pieces_do_the_same(cuts: list[int]) -> None:
    korad = emulator(wall_s=lambda: 0.0)
    places = [0, *sorted(set(cuts)), len(COMMANDS)]
    answers = b"".join(korad.feed(COMMANDS[a:b]) for a, b in pairwise(places))
    assert answers.startswith(b"KORADKA3005PV2.0") and answers.endswith(b"\x11")
    assert b"03.652.500" in answers and len(answers) == 16 + 1 + 5 + 5 + 1
    assert korad.world.set_points == (3.6, 2.5) and not korad.world.output_on


def test_a_number_that_may_still_grow_is_taken_as_it_stands() -> None:
    korad = emulator(wall_s=lambda: 0.0)
    korad.feed(b"VSET1:3")
    assert korad.world.set_points[0] == 3.0
    korad.feed(b".6")
    assert korad.world.set_points[0] == 3.6
    korad.feed(b"5VSET1?")
    assert korad.world.set_points[0] == 3.65


def test_after_a_pause_what_was_begun_is_forgotten() -> None:
    now_s = [0.0]
    korad = emulator(wall_s=lambda: now_s[0])
    korad.feed(b"VSE")
    now_s[0] = 1.0
    assert korad.feed(b"*IDN?") == b"KORADKA3005PV2.0"


@pytest.mark.parametrize("junk", [b"\n", b"\r\n", b"XYZ", b"VSET1", b"VSET9?", b"OUT7", b"VSET1:99.00", b"ISET1:9.000", b"*RST\n"])
def test_what_is_not_known_is_ignored(junk: bytes) -> None:
    korad = emulator()
    before = korad.world.set_points
    assert korad.feed(junk) == b"" and korad.world.set_points == before
    korad._buffer = b""
    assert korad.feed(b"VSET1?") == b"00.00"


def test_the_newer_words_want_a_line_feed() -> None:
    korad = emulator("KWR103")
    assert korad.feed(b"*IDN?") == b"" and korad.feed(b"\n").startswith(b"KORADKWR103")
    assert korad.feed(b"VSET:3.65\nISET:2.5\nVSET?\nISET?\nVOUT?\nOUT:1\n") == b"03.65\n2.500\n00.00\n"
    assert korad.world.output_on


def test_its_protection_switches_off_as_soon_as_it_limits() -> None:
    korad = emulator()
    korad.feed(b"VSET1:03.65ISET1:2.000OUT1")
    korad.world.clock.advance(1.0)
    assert korad.feed(b"STATUS?")[0] & 0x40
    korad.feed(b"OCP1")
    korad.world.clock.advance(1.0)
    assert not korad.feed(b"STATUS?")[0] & 0x40
    korad.feed(b"OCP0OUT1")
    korad.world.clock.advance(1.0)
    assert korad.feed(b"STATUS?")[0] & 0x40


def test_near_the_set_point_it_repeats_it() -> None:
    korad = emulator()
    shows(korad, voltage_v=3.55)
    assert korad.feed(b"VOUT1?") == b"03.65"
    shows(korad, voltage_v=3.44)
    assert korad.feed(b"VOUT1?") == b"03.44"
    shows(korad, voltage_v=3.55, output_on=False)
    assert korad.feed(b"VOUT1?") == b"03.55"


def test_presets_and_the_second_output_are_kept() -> None:
    korad = emulator("KA3305P")
    korad.feed(b"VSET1:03.65ISET1:2.000SAV1VSET1:12.00RCL1VSET2:05.00")
    assert korad.world.set_points == (3.65, 2.0)
    assert korad.feed(b"VSET2?VOUT2?") == b"05.0000.00"
    assert emulator().feed(b"VSET2?") == b""


@pytest.mark.parametrize("model", KINDS)
def test_every_model_is_told_by_its_identity(model: str) -> None:
    korad = emulator(model, tail=b"\xbc")
    assert korad.feed(b"*IDN?\n").rstrip(b"\n") == KINDS[model].identity.encode() + b"\xbc"
    korad.inject("wrong-model")
    assert b"60999" in korad.feed(b"*IDN?\n")
