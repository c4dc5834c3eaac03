"""Supplies whose front panel was seen to show what this program had set: asked once for each device, which its serial number tells."""

from __future__ import annotations

import time
from pathlib import Path

from tinydb import where

from tui.records.places import Home
from tui.records.store import transaction

TABLE = "supplies"


def tells_itself(serial: str) -> bool:
    """Whether a serial number tells one device from another: not where there is none, or only zeros and dashes."""
    return bool(serial.strip().strip("0-. "))


def panel_seen(home: Home, family: str, model: str, serial: str) -> bool:
    """Whether somebody has confirmed the panel of this very device. Raises StoreError."""
    if not tells_itself(serial) or not _path(home).exists():
        return False
    with transaction(_path(home)) as store:
        return store.table(TABLE).contains(where("id") == _id(family, model, serial))


def note_panel(home: Home, family: str, model: str, serial: str, *, shown_v: float) -> bool:
    """Keep that its panel showed what was set; whether it could be kept for this device alone. Raises StoreError."""
    if not tells_itself(serial):
        return False
    row = {
        "id": _id(family, model, serial),
        "family": family,
        "model": model,
        "serial": serial,
        "panel_v": shown_v,
        "seen_unix_s": time.time(),
    }
    with transaction(_path(home)) as store:
        store.table(TABLE).upsert(row, where("id") == row["id"])
    return True


def _path(home: Home) -> Path:
    return home.data / "supplies.json"


def _id(family: str, model: str, serial: str) -> str:
    return f"{family}|{model}|{serial}"
