"""A home of its own for every test of the records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.records.inventory import Inventory
from tui.records.places import Home, home


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return home()


@pytest.fixture
def inventory(place: Home) -> Inventory:
    return Inventory(place)
