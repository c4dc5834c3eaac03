"""Keys that were meant for something else: a scanner's burst, or values typed into a table, while the bench asks or calls."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from acting import Stage, play, stage
from fake_link import CALL, CHARGING, CONFIRMING, HOLD, IDLE, POLARITY, WARNED, FakeLink
from host import home_in, until
from textual import events
from textual.widgets import Input

from tui.app import TopBalanceApp
from tui.bench.messages import Acknowledge, Answer, Emergency, TypeReading
from tui.panes.call import CallScreen
from tui.panes.entry_grid import EntryGrid
from tui.panes.scan import ScanScreen
from tui.records.inventory import Inventory

SEND_ALONE = TopBalanceApp._send_alone


@pytest.fixture(autouse=True)
def as_in_life(pilot_is_a_hand: None, one_letter_is_no_scan: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pilot may press two keys within this time, so those are pressed that the tests send as a burst."""
    monkeypatch.setattr("tui.burst.FASTEST_HAND_S", 0.035)
    monkeypatch.setattr(TopBalanceApp, "_send_alone", SEND_ALONE)


NAMES = {"/": "slash", ":": "colon", ".": "full_stop", "\r": "enter", " ": "space"}


def burst(bench: Stage, text: str) -> None:
    """All the keys of a scanner at once, none of them waited for."""
    for sign in text:
        bench.app.post_message(events.Key(NAMES.get(sign, sign), sign))


async def called_over(bench: Stage, screen: type) -> None:
    await until(bench.pilot, lambda: isinstance(bench.app.screen, screen) and bench.app.screen.is_mounted)
    await bench.show(CALL)
    await until(bench.pilot, lambda: isinstance(bench.app.screen, CallScreen) and bench.app.screen.is_mounted)


@pytest.mark.parametrize("scanned", ["3\r", "3.31\r", "3\r3\r", "04QCB76836300JBC40000901\r3\r"])
def test_a_scan_that_a_call_comes_over_is_no_reading(tmp_path: Path, scanned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            await bench.press("2", "S")
            await called_over(bench, ScanScreen)
            burst(bench, scanned)
            await bench.settle()
            await bench.settle()
            assert bench.commands == []
            assert "ctrl+r" in bench.words()
            monkeypatch.setattr("tui.burst.FASTEST_HAND_S", 1e-6)  # a hand, now
            await bench.press("ctrl+r")
            await bench.type("3.31")
            await bench.press("enter")
            await bench.settle()
            assert bench.commands == [Acknowledge(0), TypeReading("cells_v", pytest.approx(3.31))]

    play(script)


@pytest.mark.parametrize("keys", [("2", "g"), ("2", "slash")])
def test_values_typed_elsewhere_while_a_call_comes_are_no_reading(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            await bench.press(*keys)
            await until(bench.pilot, lambda: isinstance(bench.app.screen, EntryGrid) or isinstance(bench.app.focused, Input))
            await called_over(bench, object)
            await bench.type("3.312")
            await bench.press("enter")
            await bench.settle()
            assert bench.commands == []

    play(script)


@pytest.mark.parametrize("workspace", ["1", "2", "3", "4", "f8"])
@pytest.mark.parametrize("code", ["04QCB76836300JBC40000901", "https://a.example/g/o/1"])
def test_a_burst_answers_nothing_that_the_bench_asks(tmp_path: Path, workspace: str, code: str) -> None:
    """On the wrong screen its digits go to workspaces, and its Enter would confirm what the bench asks."""

    async def script() -> None:
        async with stage(tmp_path, CONFIRMING) as bench:
            await bench.press(workspace)
            burst(bench, f"{code}\r")
            for _ in range(4):
                await bench.settle()
            assert bench.commands == []

    play(script)


@pytest.mark.parametrize("code", ["https://example.org/cell/a/g/y/1", "bms-a-01-battery", "packagy1"])
@pytest.mark.parametrize("state", [WARNED, HOLD, replace(HOLD, alarms=WARNED.alarms), IDLE])
def test_a_burst_acknowledges_nothing_and_goes_on_with_nothing(tmp_path: Path, code: str, state) -> None:
    async def script() -> None:
        async with stage(tmp_path, state) as bench:
            burst(bench, f"{code}\r")
            for _ in range(4):
                await bench.settle()
            assert bench.commands == []

    play(script)


@pytest.mark.parametrize("scanned", ["7\r", " ", "7 ", "x\r"])
def test_two_keys_together_confirm_nothing(tmp_path: Path, scanned: str) -> None:
    """The shortest label that a scanner may bring."""

    async def script() -> None:
        async with stage(tmp_path, CONFIRMING) as bench:
            await bench.press("2")
            burst(bench, f"7{scanned}")
            for _ in range(4):
                await bench.settle()
            assert bench.commands == []

    play(script)


def test_a_code_fills_no_gate(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, POLARITY) as bench:
            burst(bench, "04QCB76836300JBC40000901\r")
            for _ in range(4):
                await bench.settle()
            assert bench.commands == []

    play(script)


def test_a_value_and_its_enter_may_come_together_over_a_slow_line(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        asked = replace(POLARITY.prompt, fields=POLARITY.prompt.fields[:1])
        async with stage(tmp_path, replace(POLARITY, prompt=asked)) as bench:
            await until(bench.pilot, lambda: isinstance(bench.app.focused, Input))
            burst(bench, "3.31\r")
            await until(bench.pilot, lambda: [type(command) for command in bench.commands] == [Answer])

    play(script)


def test_two_commands_may_come_together_and_a_held_key_repeats(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, WARNED) as bench:
            burst(bench, "a2")
            await until(bench.pilot, lambda: [type(command) for command in bench.commands] == [Acknowledge])
            assert bench.app.current_mode == "cells"
            burst(bench, "1")
            await until(bench.pilot, lambda: bench.app.current_mode == "bench")
            burst(bench, "3" * 12 + "1")
            await until(bench.pilot, lambda: bench.app.current_mode == "bench")

    play(script)


def test_one_letter_by_hand_acknowledges(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, WARNED) as bench:
            await bench.press("a")
            await until(bench.pilot, lambda: [type(command) for command in bench.commands] == [Acknowledge])

    play(script)


@pytest.mark.parametrize("keys", [("2", "S"), ("2", "g"), ("2", "a")])
def test_both_stop_keys_work_in_the_midst_of_a_burst(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            await bench.press(*keys)
            burst(bench, "04QCB768")
            bench.app.post_message(events.Key("ctrl+x", "\x18"))
            burst(bench, "36300")
            bench.app.post_message(events.Key("ctrl+g", "\x07"))
            burst(bench, "JBC40000901\r")
            await bench.settle()
            assert bench.link.stops == 2
            assert [type(command) for command in bench.commands] == [Emergency]

    play(script)


@pytest.mark.parametrize("mode", ["bench", "cells", "sessions", "instruments", "advice"])
@pytest.mark.parametrize("turns", [2, 3, 4])
@pytest.mark.parametrize("by_key", [True, False])
def test_leaving_while_a_workspace_is_made_is_no_fault(tmp_path: Path, mode: str, turns: int, by_key: bool) -> None:
    """Its widgets are gone before it is mounted: a way out of the program by key ended in a traceback."""

    async def script() -> None:
        home = home_in(tmp_path)
        Inventory(home).add_many([{"label": "A1"}])
        app = TopBalanceApp(FakeLink(), home)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            app.switch_mode(mode)
            for _ in range(turns):
                await asyncio.sleep(0)
            if by_key:
                app.exit()

    play(script)


@pytest.mark.parametrize("keys", [("2", "g"), ("2", "a"), ("2", "S"), ("n",), ("r",), ("e",)])
def test_a_dialog_that_closes_under_a_call_leaves_the_call_alone(tmp_path: Path, keys: tuple[str, ...]) -> None:
    """What was saved when the call came closed the call in its place, and stood there to be saved a second time."""

    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            workspace = bench.app.screen
            for key in keys:
                await bench.press(key)
                workspace = bench.app.screen if key == "2" else workspace
            dialog = bench.app.screen
            assert dialog is not workspace
            await called_over(bench, type(dialog))
            call = bench.app.screen
            dialog.dismiss(None)
            await bench.settle()
            assert bench.app.screen is call
            await bench.show(HOLD)
            await until(bench.pilot, lambda: bench.app.screen is workspace)

    play(script)
