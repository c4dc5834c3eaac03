"""The battery data format's rules as code: what its own package checks, and what its text asks beyond."""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path
from statistics import median

import bdf
import pandas as pd

SUMS = (
    ("Charging Capacity / Ah", "Discharging Capacity / Ah", "Net Capacity / Ah", "Cumulative Capacity / Ah"),
    ("Charging Energy / Wh", "Discharging Energy / Wh", "Net Energy / Wh", "Cumulative Energy / Wh"),
)
DECIMALS = {
    "Test Time / s": 3,
    "Unix Time / s": 3,
    "Voltage / V": 4,
    "Current / A": 4,
    "Charging Capacity / Ah": 6,
    "Charging Energy / Wh": 6,
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows if row[column]]


def judge(path: Path, *, full: bool = False) -> list[dict[str, str]]:
    """Assert that a file is sound, by the published package and by the rules; its rows."""
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw and raw.endswith(b"\n")
    assert path.name.endswith(".bdf.csv") and len(path.name.removesuffix(".bdf.csv").split("__")) == 3 and " " not in path.name
    seen = bdf.read(path)
    report = bdf.validate_df(seen, raise_on_error=True)
    assert report["ok"] and report["time_stats"]["monotonic"] and not report["legacy_labels"]
    assert full or not report["extras"], report["extras"]
    rows = rows_of(path)
    assert len(rows) == len(pd.read_csv(path)) == len(seen)
    for word in ("nan", "None", "null", "inf"):
        assert not any(word in value for row in rows for name, value in row.items() if not name.startswith("Step "))
    for column, decimals in DECIMALS.items():
        assert all(len(row[column].partition(".")[2]) == decimals for row in rows if row[column]), column
    for column in (
        "Test Time / s",
        "Charging Capacity / Ah",
        "Discharging Capacity / Ah",
        "Cumulative Capacity / Ah",
        "Charging Energy / Wh",
    ):
        assert all(before <= after for before, after in pairwise(numbers(rows, column))), column
    for into, out, net, both in SUMS:
        for row in rows:
            if row[into]:
                assert math.isclose(float(row[both]), float(row[into]) + float(row[out]), abs_tol=1e-9)
                assert math.isclose(float(row[net]), float(row[into]) - float(row[out]), abs_tol=1e-9)
    cycles = [int(row["Cycle Count / 1"]) for row in rows]
    assert set(cycles) == {0}
    steps = [int(row["Step Count / 1"]) for row in rows]
    assert all(before <= after for before, after in pairwise(steps))
    clocks = [
        (float(b["Test Time / s"]) - float(a["Test Time / s"]), float(b["Unix Time / s"]) - float(a["Unix Time / s"]))
        for a, b in pairwise(rows)
    ]
    shares = [test / unix for test, unix in clocks if test >= 0.5 and unix > 0]
    assert len(shares) < 10 or abs(median(shares) - 1) < 0.05
    if full:
        index = [int(row["Step Record Index / 1"]) for row in rows]
        assert index[0] == 1 and all(after in (1, before + 1) for before, after in pairwise(index))
        assert [int(row["Record Index / 1"]) for row in rows] == list(range(1, len(rows) + 1))
    return rows
