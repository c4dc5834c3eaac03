"""The report from the opened session: one key, a file name, and the words where it went."""

from __future__ import annotations

import pytest
from host import home_in, on_loop
from test_sessions import SIZES, balanced, history

from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.session_view import SessionView


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "begins"), [("out.html", "<!DOCTYPE html>"), ("post.md", "## BALANCED: Bank A")])
@on_loop
async def test_one_key_writes_the_report(tmp_path, size, name, begins):
    home, path = home_in(tmp_path), tmp_path / name
    balanced(home)
    async with history(home, size=size) as bench:
        await bench.shown("BALANCED")
        await bench.press("enter")
        await bench.at(SessionView)
        await bench.shown("w report")
        await bench.press("w")
        await bench.at(LineScreen)
        bench.app.screen.query_one("Input").value = str(path)
        await bench.press("enter")
        await bench.shown("Written to")
    assert path.read_text().startswith(begins)


@on_loop
async def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path):
    home, path = home_in(tmp_path), tmp_path / "mine.html"
    path.write_text("mine")
    balanced(home)
    async with history(home) as bench:
        await bench.shown("BALANCED")
        await bench.press("enter")
        await bench.at(SessionView)
        await bench.press("w")
        await bench.at(LineScreen)
        bench.app.screen.query_one("Input").value = str(path)
        await bench.press("enter")
        await bench.at(ConfirmScreen)
        await bench.press("escape")
        await bench.at(SessionView)
    assert path.read_text() == "mine"
