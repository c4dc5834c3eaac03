"""A line that knows an answer to some requests, and what the checked exchanges of a family say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.roles import BmsReading, LostLine

Answers = Mapping[bytes, bytes | Sequence[bytes | None] | None]


class ToldLine:
    """`answers` by request: one for always, or one after the other with the last for always. b"" is silence, None a lost line."""

    def __init__(self, answers: Answers) -> None:
        self.url = "told"
        self.answers: dict[bytes, list[bytes | None]] = {}
        self.sent: list[bytes] = []
        self.tell(answers)

    def tell(self, answers: Answers) -> None:
        for request, answer in answers.items():
            self.answers[request] = [answer] if answer is None or isinstance(answer, bytes) else list(answer)

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.sent.append(request)
        known = self.answers.get(request, [b""])
        answer = known.pop(0) if len(known) > 1 else known[0]
        if answer is None:
            raise LostLine(self.url, "exchange", "the line is gone.")
        return answer[:expect]

    def write(self, data: bytes) -> None:
        raise AssertionError("this driver only asks")

    def read_available(self) -> bytes:
        raise AssertionError("this driver only asks")

    def close(self) -> None:
        self.answers.clear()


def frames(family: str) -> list[dict[str, Any]]:
    """The checked exchanges of a family, with requests and responses as bytes."""
    rows = json.loads(Path(__file__).with_name("frames").joinpath(f"{family}.json").read_text(encoding="utf-8"))
    for row in rows:
        for side in ("request", "response"):
            text = row.get(f"{side}_ascii")
            row[side] = text.encode() if text else bytes.fromhex(row.get(f"{side}_hex", ""))
    return list(rows)


def row(family: str, name: str) -> dict[str, Any]:
    return next(one for one in frames(family) if one["id"] == name)


def agrees(reading: BmsReading, meaning: Mapping[str, Any], *, without: Sequence[str] = ()) -> list[str]:
    """The names of all fields in which a reading and a frame's meaning differ; the meaning's other fields are no reading's."""
    wanted = dict(meaning)
    if "cell_voltages_v" in wanted:
        wanted["cell_voltages_v"] = [volts if 0.5 <= volts <= 4.5 else None for volts in wanted["cell_voltages_v"]]
    names = [name for name in wanted if hasattr(reading, name) and name not in without]
    differing = []
    for name in names:
        found = getattr(reading, name)
        found = list(found) if isinstance(found, tuple) else found
        if found != wanted[name] and not (isinstance(found, float) and abs(found - wanted[name]) < 1e-9):
            differing.append(f"{name}: {found} instead of {wanted[name]}")
    return differing
