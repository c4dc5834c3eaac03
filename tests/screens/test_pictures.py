"""Few pictures with large meaning: the knee side by side, many answers in 80×24, HOLD, and a CALL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_link import CALL, HOLD, KNEE, PREPARING, FakeLink
from host import home_in
from textual.pilot import Pilot

from tui.app import TopBalanceApp
from tui.bench.messages import Snapshot


@pytest.mark.parametrize(
    ("name", "shown", "size"),
    [
        ("knee", KNEE, (120, 40)),
        ("answers", PREPARING, (80, 24)),
        ("hold", HOLD, (80, 24)),
        ("call", CALL, (80, 24)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_picture(
    snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shown: Snapshot, size: tuple[int, int]
) -> None:
    monkeypatch.setattr("tui.panes.bench_screen.SETUP_AFTER_S", 1e6)
    monkeypatch.setattr("tui.widgets.freshness.SILENT_AFTER_S", 1e6)

    async def settle(pilot: Pilot[int]) -> None:
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    assert snap_compare(TopBalanceApp(FakeLink(shown), home_in(tmp_path), demo=True), terminal_size=size, run_before=settle)
