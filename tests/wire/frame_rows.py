"""The known exchanges of a family, as its rows in `frames/` give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def frame_rows(family: str) -> list[Row]:
    return list(json.loads(Path(__file__).with_name("frames").joinpath(f"{family}.json").read_text(encoding="utf-8")))


def exchange(row: Row) -> tuple[bytes, bytes]:
    """What is sent and what answers."""
    return bytes.fromhex(row["request_hex"]), bytes.fromhex(row["response_hex"])


def named(row: Row) -> str:
    """For the name of a test."""
    return f"{row['model']}-{row['meaning'].get('write', row['request_hex'][4:12])}-{row['response_hex'][-4:]}"


def where(rows: list[Row], **wanted: str) -> Row:
    """The one row with this request or model; `write` looks at its meaning."""
    found = [row for row in rows if all(row.get(key, row["meaning"].get(key)) == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, found)
    return found[0]
