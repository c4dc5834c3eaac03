"""What a session must not forget when its program dies: a `checkpoint` in the journal at each turn, read back by the next start.

A checkpoint holds where the procedure stands and what was answered, measured and counted so far. Moments in it are session time (seconds since the
session began), so that they outlive the clock of the bench that wrote them. Readings behind it bring the counted charge up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.bench.charge_count import ChargeCount
from tui.bench.progress import part_of
from tui.bench.runner import Runner, Taken
from tui.bench.session import PartEnd

if TYPE_CHECKING:
    from tui.bench.session import Session

VERSION = 1
EVERY_S = 600.0
"""Bench seconds between two checkpoints while current flows; turns of the procedure write theirs at once."""
PLAIN = ("facts", "before_v", "end_v", "rest_v", "end_reason", "end_reason_so_far", "tail_current_a", "latched", "top_s")
OF_THE_MOMENT = ("looked_s", "lifting_to_v")
"""Facts that mean nothing to another bench: a moment on its clock, a switching that was under way."""
MOMENTS = ("charging_since_s", "off_since_s", "knee_s", "last_trim_s")


class Forgotten(ValueError):
    """A checkpoint that cannot be used; the text says why."""


def capture(session: Session, *, output_on: bool) -> dict[str, Any]:
    """The checkpoint of this moment, as plain JSON. `output_on`: it was told on, or is not proved off yet."""
    runner = session.runner
    assert runner is not None
    surface = session.composer.typed.get("surface_c")
    return {
        "version": VERSION,
        "step": runner.steps[runner.index].id,
        "answers": dict(runner.answers),
        "details": dict(runner.details),
        "overridden": sorted(runner.overridden),
        "remedies": runner.remedies,
        "taken": [taken.row() for taken in runner.taken],
        "ends": [end.row() for end in session.ends.values()],
        "counted_ah": [round(number, 6) for number in session.counted],
        "charge_ah": round(session.count.charge_ah, 6),
        "energy_wh": round(session.count.energy_wh, 6),
        "surface_c": None if surface is None else surface.value,
        "echoes": session.composer.echoes,
        "output_on": output_on,
        **{name: _copy(getattr(session, name)) for name in PLAIN},
        **{name: _since(getattr(session, name), session.started_s) for name in MOMENTS},
    }


def restore(session: Session, runner: Runner, memory: Mapping[str, Any], last_reading: Mapping[str, Any], now_s: float) -> None:
    """Put a fresh session and its runner where the checkpoint left them. `last_reading`: the journal's newest reading behind it, or {}.

    Raises Forgotten where the checkpoint is of another version of the program, or does not fit the procedure.
    """
    check(memory)
    try:
        for row in memory["taken"]:
            runner.put_in(Taken(**row))
        ids = [step.id for step in runner.steps]
        runner.index, runner.remedies = ids.index(memory["step"]), int(memory["remedies"])
        runner.answers, runner.details = dict(memory["answers"]), dict(memory["details"])
        runner.overridden, runner.phase, runner.entered_s = set(memory["overridden"]), "paused", now_s
        part = part_of(runner.steps[runner.index])
        if part != session.part:
            session.enter(part)
        for name in PLAIN:
            _put(session, name, memory[name])
        for fact in OF_THE_MOMENT:
            session.facts.pop(fact, None)
        for name in MOMENTS:
            since = memory[name]
            setattr(session, name, None if since is None else session.started_s + float(since))
        session.ends = {row["part"]: PartEnd(**{**row, "cells": tuple(row["cells"])}) for row in memory["ends"]}
        session.counted = (float(memory["counted_ah"][0]), float(memory["counted_ah"][1]))
        if memory.get("echoes"):
            session.composer.learn_echo()
        newest = {**memory, **{key: value for key, value in last_reading.items() if key in ("charge_ah", "energy_wh")}}
        session.count = ChargeCount(float(newest["charge_ah"]), float(newest["energy_wh"]))
    except (KeyError, TypeError, ValueError) as problem:
        raise Forgotten(f"what was written down of its state does not fit its procedure ({problem})") from problem


def check(memory: Mapping[str, Any]) -> None:
    """Raises Forgotten for a checkpoint that this program cannot read."""
    if not memory:
        raise Forgotten("it died before its first step was written down")
    if memory.get("version") != VERSION:
        raise Forgotten("another version of this program wrote it")


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def _put(session: Session, name: str, value: Any) -> None:
    held = getattr(session, name)
    if isinstance(held, dict):  # others hold on to it
        held.clear()
        held.update(value)
    else:
        setattr(session, name, value)


def _since(moment_s: float | None, started_s: float) -> float | None:
    return None if moment_s is None else round(moment_s - started_s, 3)
