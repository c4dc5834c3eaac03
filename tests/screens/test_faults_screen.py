"""F-62: terminals that are small, resized, of sixteen colours, or without Unicode. The safety text and the stop key stay, and the key works."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from acting import Stage, play, stage
from fake_link import CALL, HOLD, KNEE, SERIES, STALE, TRIPPED
from rich.console import Console
from rich.segment import Segments

from tui.bench.messages import Snapshot
from tui.terminal import problem
from tui.widgets.text import LEVELS


@pytest.fixture(autouse=True)
def _without_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.panes.bench_screen.SETUP_AFTER_S", 1e6)


def says(bench: Stage, *words: str) -> None:
    for word in words:
        assert word in bench.words(), f"“{word}” is not on a screen of {bench.app.size}:\n{bench.text()}"


async def stops(bench: Stage) -> None:
    """The stop key is named in sight, and does its work."""
    says(bench, "^x OUTPUT OFF")
    before = bench.link.stops
    await bench.press("ctrl+x")
    assert bench.link.stops == before + 1


def test_f62_the_safety_view_of_60x16_and_what_is_left_below_it_tell_state_output_volts_amperes_and_the_alarm(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, HOLD, (60, 16)) as bench:
            says(bench, "HOLD", "output off", "Open circuit", "Look at the leads", "needs a terminal of 80×24")
            await stops(bench)
            await bench.show(TRIPPED)
            says(bench, "TRIPPED", "Cells above target")
            for size in ((59, 16), (60, 15), (40, 10), (30, 7)):
                await bench.pilot.resize_terminal(*size)
                await bench.settle()
                says(bench, "TRIPPED", "output off", "3.598 V ●", "0.00 A ●", "TRIP", "Cells above target")
                await stops(bench)
            await bench.show(replace(STALE, seq=90))
            says(bench, "output ?", "✕")  # never an old number as if it were new

    play(script)


def test_f62_a_resize_in_any_state_and_back_loses_neither_text_nor_key(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, (120, 40)) as bench:
            for size in ((80, 24), (60, 16), (20, 6), (200, 8), (40, 60), (120, 40)):
                await bench.pilot.resize_terminal(*size)
                await bench.settle()
                assert all(len(line) <= size[0] for line in bench.lines())
                says(bench, "CHARGING", "output ON")
                await stops(bench)
            says(bench, "Checklist", "Live", "3.598")  # all of it is back

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_f62_a_call_shows_the_hand_action_and_the_stop_key_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, CALL, size) as bench:
            says(bench, "CALL", "THE PROGRAM CANNOT SWITCH THE OUTPUT OFF", "Switch the supply off at its mains", "pull the + lead", "^x")
            before = bench.link.stops
            await bench.press("ctrl+x")
            assert bench.link.stops == before + 1

    play(script)


@pytest.mark.parametrize("opener", ["r", "f1", "n", "e", "ctrl+p", "ctrl+q", "question_mark"])
def test_f62_every_dialog_names_the_stop_key_also_in_a_small_terminal(tmp_path: Path, opener: str) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, (80, 24)) as bench:
            await bench.press(opener)
            await stops(bench)
            await bench.pilot.resize_terminal(60, 16)
            await bench.settle()
            await stops(bench)

    play(script)


def drawn(bench: Stage, color_system: str) -> str:
    """The screen as a terminal of that many colours gets it."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=color_system, width=bench.app.size.width, legacy_windows=False)  # type: ignore[arg-type]
    for strip in bench.app.screen._compositor.render_strips():
        console.print(Segments(list(strip)), end="")
    return out.getvalue()


@pytest.mark.parametrize("size", [(120, 40), (60, 16)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_f62_in_sixteen_colours_or_none_words_and_signs_tell_what_the_colour_told(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, size) as bench:
            for state, words in (
                (HOLD, ("■", "HOLD", "output off")),
                (TRIPPED, ("✖", "TRIPPED")),
                (SERIES, ("▶", "CHARGING", "output ON")),
            ):
                await bench.show(state)
                says(bench, *words, "^x OUTPUT OFF")
                few = drawn(bench, "standard")
                assert "\x1b[38;2;" not in few and "\x1b[38;5;" not in few  # nothing but the sixteen
                for alarm in state.alarms:
                    says(bench, " ".join(LEVELS[alarm.level]), alarm.title)
            await stops(bench)

    play(script)


def digits(snapshot: Snapshot) -> str:
    assert snapshot.cells_v.value is not None
    return f"{snapshot.cells_v.value:.3f} V"


def test_f62_without_unicode_the_safety_text_is_plain_ascii_and_the_numbers_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPBALANCE_GLYPHS", "ascii")

    async def script() -> None:
        async with stage(tmp_path, HOLD, (60, 16)) as bench:
            for size in ((60, 16), (40, 10)):
                await bench.pilot.resize_terminal(*size)
                for snapshot in (HOLD, TRIPPED, KNEE, CALL):
                    await bench.show(snapshot)
                    await bench.settle()
                    assert bench.text().isascii(), {sign for sign in bench.text() if not sign.isascii()}
                    if snapshot is not CALL:
                        says(bench, digits(snapshot))
                    says(bench, "^x OUTPUT OFF")
                await bench.show(HOLD)
                await stops(bench)
            await bench.pilot.resize_terminal(80, 24)
            await bench.settle()
            says(bench, "# HOLD output off", digits(HOLD), "0.00 A", "cells * measured", "Open circuit")
            assert bench.lines()[0].isascii() and bench.lines()[-1].isascii()
            await stops(bench)

    play(script)


def test_f62_a_console_whose_font_has_no_braille_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("TOPBALANCE_GLYPHS", raising=False)

    async def script() -> None:
        async with stage(tmp_path, KNEE, (120, 40)) as bench:
            assert not [sign for sign in bench.text() if "⠀" <= sign <= "⣿" or sign in "▶■✖‼●✎✕"]
            says(bench, "> CHARGING", "* measured")
            await stops(bench)

    play(script)


@pytest.mark.parametrize(
    ("environment", "encoding", "words"),
    [
        ({"TERM": "dumb"}, "utf-8", "cannot show a full screen"),
        ({"TERM": "xterm"}, "ascii", "LANG=C.UTF-8"),
        ({}, "utf-8", "TERM is not set"),
    ],
)
def test_f62_a_terminal_that_can_show_nothing_is_told_before_the_screen_with_the_way_out(
    environment: dict[str, str], encoding: str, words: str
) -> None:
    told = problem(environment, input_is_terminal=True, error_is_terminal=True, encoding=encoding)
    assert words in told and "topbalance run --headless" in told
