"""The Instruments screen: what is at the ports, roles, tests, and the bytes of a line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from acting import Stage, play, stage
from fake_link import CHARGING, IDLE
from textual.widgets import Input

from tui.bench.messages import FindInstruments, GiveRole, InstrumentList, InstrumentRow, Outcome, SaveTrace, Snapshot, TryInstrument
from tui.panes.instruments import short_port
from tui.panes.setup_records import instruments_for
from tui.records.known_instruments import KnownInstruments

SUPPLY = InstrumentRow(
    "/dev/ttyUSB0",
    "1A86:7523",
    "riden#00006464",
    "supply",
    "riden",
    "RD6012",
    "00006464",
    "riden:/dev/ttyUSB0",
    "supply",
    "found",
    "Set to 3.65 V, 10 A; output off.",
)
METER = InstrumentRow(
    "/dev/ttyUSB1", "1A86:7523", "owon-xdm#[9]", "meter", "owon-xdm", "XDM1041", "[9]", "owon-xdm:/dev/ttyUSB1", "", "found", "3.3412 V"
)
SILENT = InstrumentRow("/dev/ttyACM0", "2341:0043", state="silent", text="Nobody answered at 115200, 9600 or 19200 baud.")
LIST = InstrumentList((SUPPLY, METER, SILENT))


@asynccontextmanager
async def shown(
    tmp_path: Path, found: InstrumentList = LIST, *, size: tuple[int, int] = (80, 24), snapshot: Snapshot = IDLE
) -> AsyncIterator[Stage]:
    async with stage(tmp_path, snapshot, size, answers=lambda _: Outcome(True)) as bench:
        bench.link.shown_instruments = found
        await bench.pilot.press("4")
        await until(bench, lambda: not found.rows or found.rows[0].port in bench.text())
        yield bench


async def until(bench: Stage, condition: object) -> None:
    for _ in range(200):
        if condition():  # type: ignore[operator]
            return
        await bench.pilot.pause(0.02)
    raise AssertionError(f"never came; sent: {bench.commands}\n{bench.text()}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_ports_with_what_answers_and_their_roles(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with shown(tmp_path, size=size) as bench:
            text = bench.text()
            for words in ("/dev/ttyUSB0", "SUPPLY", "riden RD6012", "owon-xdm XDM1041 #[9]", "/dev/ttyACM0", "silent", "output off"):
                assert words in text, text
            assert "u drop" in text and "i ask" in text and "b bytes" in text and "OUTPUT OFF" in text

    play(script)


def test_ports_of_one_host_can_be_told_apart_in_the_narrow_column() -> None:
    assert short_port("/dev/ttyUSB0", 17) == "/dev/ttyUSB0"
    assert short_port("socket://192.168.100.200:5025", 17) == "…2.168.100.200:5025"[:1] + "192.168.100.200:5025"[-16:]
    assert short_port("socket://10.0.0.7:5025", 17) != short_port("socket://10.0.0.7:5026", 17)


def test_without_ports_it_says_what_to_look_at(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path, InstrumentList()) as bench:
            await until(bench, lambda: "Plug the instrument's USB cable in" in bench.words())
            await bench.pilot.press("u")
            await until(bench, lambda: "No instrument has answered here yet" in bench.words())
            assert bench.commands == []

    play(script)


def test_find_and_roles_by_keys(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path) as bench:
            await bench.pilot.press("f")
            await until(bench, lambda: FindInstruments() in bench.commands)
            await bench.pilot.press("u")
            await until(bench, lambda: GiveRole("riden#00006464", "") in bench.commands)
            await bench.pilot.press("down", "enter")
            await until(bench, lambda: GiveRole("owon-xdm#[9]", "meter") in bench.commands)
            await bench.pilot.press("down", "u")
            await bench.pilot.pause(0.1)
            assert len([command for command in bench.commands if isinstance(command, GiveRole)]) == 2

    play(script)


def test_a_line_that_is_typed_is_asked(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path) as bench:
            await bench.pilot.press("i")
            await until(bench, lambda: bench.app.screen.query(Input))
            bench.app.screen.query_one(Input).value = "socket://192.168.1.7:5025"
            await bench.pilot.press("enter")
            await until(bench, lambda: FindInstruments(("socket://192.168.1.7:5025",)) in bench.commands)

    play(script)


def test_reading_and_write_test_which_asks_first(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path) as bench:
            await bench.pilot.press("v")
            await until(bench, lambda: TryInstrument("riden:/dev/ttyUSB0") in bench.commands)
            await bench.pilot.press("w")
            await until(bench, lambda: "The leads must not be on cells" in bench.words())
            await bench.pilot.press("n")
            await bench.pilot.pause(0.1)
            assert TryInstrument("riden:/dev/ttyUSB0", writes=True) not in bench.commands
            await bench.pilot.press("w")
            await until(bench, lambda: "The leads must not be on cells" in bench.words())
            await bench.pilot.press("y")
            await until(bench, lambda: TryInstrument("riden:/dev/ttyUSB0", writes=True) in bench.commands)
            await bench.pilot.press("down", "w")
            await until(bench, lambda: "Only a supply is ever written to" in bench.words())

    play(script)


def test_bytes_are_shown_and_saved(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path) as bench:
            await bench.pilot.press("b")
            await until(bench, lambda: "→ 01 02 03" in bench.text())
            await bench.pilot.press("s")
            await until(bench, lambda: SaveTrace("riden:/dev/ttyUSB0") in bench.commands)

    play(script)


def test_the_stop_key_works_here_too(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path, snapshot=CHARGING) as bench:
            await bench.pilot.press("ctrl+x")
            await until(bench, lambda: bench.link.stops == 1)

    play(script)


@pytest.mark.parametrize(
    ("answers", "before", "now", "filled"),
    [
        ({"supply": "manual", "meter": "none"}, {}, {}, {}),
        ({"supply": "manual"}, {}, {"supply": ("riden:/dev/ttyUSB0", "60V/12A")}, {"supply": "riden:/dev/ttyUSB0", "rating": "60V/12A"}),
        ({"supply": "korad:/dev/ttyUSB7"}, {}, {"supply": ("riden:/dev/ttyUSB0", "60V/12A")}, {}),
        ({"meter": "owon-xdm:/dev/ttyUSB1"}, {"meter": ("owon-xdm:/dev/ttyUSB1", "")}, {}, {"meter": "none"}),
        ({"meter": "owon-xdm:/dev/ttyUSB1"}, {}, {}, {}),
        ({"bms": "none"}, {}, {"bms": ("jbd:/dev/ttyUSB2", "")}, {"bms": "jbd:/dev/ttyUSB2"}),
    ],
)
def test_setup_is_filled_in_with_the_bench_s_instruments_and_what_was_typed_stays(answers, before, now, filled) -> None:
    assert instruments_for(answers, before, now) == filled


def test_a_role_given_here_stands_in_setup(tmp_path: Path) -> None:
    async def script() -> None:
        async with shown(tmp_path) as bench:
            await bench.pilot.press("1")
            await until(bench, lambda: bench.app.bench.query_one("#field-supply").value == "manual")
            KnownInstruments(bench.app.home).seen("supply", "riden:/dev/ttyUSB0", serial="1", rating="60V/12A", role="supply")
            await until(bench, lambda: bench.app.bench.query_one("#field-supply").value == "riden:/dev/ttyUSB0")
            assert bench.app.bench.query_one("#field-rating").value == "60V/12A"

    play(script)
