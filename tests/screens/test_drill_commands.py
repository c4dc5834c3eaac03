"""Drills in the command palette of the built-in bench, and the line that tells of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from acting import Stage, play, stage
from fake_link import CHARGING, HOLD
from textual.command import CommandList, CommandPalette

from tui.bench.messages import Inject, Mend, Snapshot
from tui.domain.drills import DRILLS

EMULATED = replace(CHARGING, emulated=True, prompt=None)
RUNNING = replace(HOLD, emulated=True, drills=("busbar-loose",))


def keys(text: str) -> list[str]:
    return ["space" if sign == " " else sign for sign in text]


async def shown(bench: Stage, words: str, *, turns: int = 200) -> None:
    """Wait until the words stand on the screen; palettes fill as their searches answer."""
    for _ in range(turns):
        if words in bench.words():
            return
        await bench.pilot.pause(0.02)
    raise AssertionError(f"never came: {words}\n{bench.text()}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_drill_is_found_by_typing_and_sent(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, EMULATED, size) as bench:
            await bench.pilot.press("ctrl+p", *keys("drill: the "), "plus", *keys(" lead comes"))
            await shown(bench, "Drill: the + lead comes off")
            await bench.pilot.press("enter")
            await until(bench, lambda: Inject("lead-falls-off") in bench.commands)

    play(script)


async def until(bench: Stage, condition: Callable[[], object]) -> None:
    for _ in range(200):
        if condition():
            return
        await bench.pilot.pause(0.02)
    raise AssertionError(f"never came; sent: {bench.commands}\n{bench.text()}")


def test_before_typing_one_entry_opens_the_list_of_all(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, EMULATED, (120, 40)) as bench:
            await bench.pilot.press("ctrl+p")
            await shown(bench, "Drill: let something go wrong")
            assert sum("Drill:" in line for line in bench.lines()) == 1
            found = bench.app.screen.query_one(CommandList)
            found.highlighted = next(number for number, option in enumerate(found.options) if "go wrong" in str(option.hit.text))
            await bench.pilot.press("enter")
            await shown(bench, "What shall go wrong?")
            await until(bench, lambda: sum("Drill:" in line for line in bench.lines()) > 5)

    play(script)


def test_what_runs_can_be_put_right_from_the_palette(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, RUNNING) as bench:
            await bench.pilot.press("ctrl+p", *keys("put it right"))
            await shown(bench, f"Drill: put it right: {DRILLS['busbar-loose'].title}")
            await bench.pilot.press("enter")
            await until(bench, lambda: Mend("busbar-loose") in bench.commands)

    play(script)


def test_real_instruments_offer_no_drill(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, replace(CHARGING, emulated=False)) as bench:
            await bench.pilot.press("ctrl+p", *keys("lead comes off"))
            await bench.pilot.pause(0.5)
            assert isinstance(bench.app.screen, CommandPalette)
            assert "Drill" not in bench.text()

    play(script)


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (RUNNING, "drill: busbar-loose · ^p, “drill”: put it right"),
        (replace(HOLD, emulated=True, drills=("lead-falls-off",)), "drill: lead-falls-off"),
        (replace(EMULATED, drills=("cv-drift",)), "drill: cv-drift"),
        (Snapshot(emulated=True, drills_waiting=("meter:silence",)), "drill waits for the charge: meter:silence"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_screen_tells_that_a_drill_runs(tmp_path: Path, size: tuple[int, int], snapshot: Snapshot, words: str) -> None:
    async def script() -> None:
        async with stage(tmp_path, snapshot, size) as bench:
            assert words in bench.words()

    play(script)
