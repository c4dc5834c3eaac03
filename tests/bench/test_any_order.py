"""Whatever the operator does, in whatever order: nothing above the target, nothing left on after an end, a hold, a trip or a stop."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.simulated.description import MeterDescription, describe
from tests.bench.conftest import Driven
from tests.choices import CHOICES
from tui.bench.headless import lock_step_rig
from tui.bench.messages import (
    Acknowledge,
    Answer,
    Finish,
    Note,
    OutputOff,
    Override,
    Present,
    Resume,
    TakeRemedy,
    TypeReading,
)
from tui.bench.script import ScriptStuck
from tui.cli_bench import plan_from
from tui.domain import calculations
from tui.domain.limits import Limits
from tui.domain.procedures import CHAINS, PROCEDURES
from tui.records.places import Home

LIFT_V = Limits().set_point_lift_v
WORDS = (
    "go",
    "go",
    "go",
    "answer",
    "wrong",
    "override",
    "remedy",
    "stop",
    "resume",
    "trip-reason",
    "finish",
    "seen",
    "note",
    "read",
    "minute",
    "hour",
)


@contextmanager
def bench(procedure: str, supply: str, *, low_cell: bool) -> Iterator[Driven]:
    """Three cells of 20 Ah, near full unless one is to be levelled: small, so that a whole procedure takes a second."""
    folder = Path(tempfile.mkdtemp())
    try:
        description = describe(
            cells=3,
            capacity_ah=30.0,
            soc=(0.98, 0.995),
            supply_current_a=10.0,
            supply_voltage_v=30.0,
            model=supply,
            bms_over_voltage_v=3.65,
        )
        if low_cell:
            cells = (replace(description.cells[0], soc=0.02), *description.cells[1:])
            description = replace(description, cells=cells)
        description = replace(description, meter=MeterDescription(point="cells"))
        rig = lock_step_rig(description, Home(folder / "config", folder / "data", folder / "logs", folder / "run"))
        derating = 0.8 if "step-and-pause" in procedure else 1.0
        options = {**CHOICES, "procedure": procedure, "derating": derating, "pause": 60.0, "rest": 60.0}
        yield Driven(rig, plan_from(description, rig.supply_address, rig.meter_address, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Watched:
    """Does what it is told and looks at the physics after every tick and every word."""

    def __init__(self, run: Driven) -> None:
        self.run = run
        self.still_on = 0

    def look(self) -> None:
        run, session = self.run, self.run.bench.session
        if session is None:
            return
        truth, (set_v, _) = run.world.truth(), run.world.set_points
        if truth.leads_on:
            most_v = calculations.pack_target_v(session.plan) + (LIFT_V if session.series == 1 else 0.0)
            assert set_v <= most_v + 1e-6, f"{set_v} V set on cells whose target is {session.plan.target_v} V at {run.step_id}"
        over_v = truth.max_cell_voltage_v - session.whole.target_v
        assert over_v < Limits().trip_over_target_v, f"a cell came to {truth.max_cell_voltage_v} V"
        stopped = run.bench.state in ("hold", "tripped", "ended", "idle")
        self.still_on = self.still_on + 1 if stopped and truth.output_on else 0
        assert self.still_on <= 12, f"the output stays on in the state {run.bench.state}"

    def tick(self, seconds: float | None = None) -> None:
        self.run.step(seconds)
        self.look()

    def go(self, commands: int) -> None:
        """Like a careful operator, until so many things were said or nothing goes on."""
        run, said = self.run, 0
        for _ in range(1500):
            if said >= commands or run.bench.state in ("hold", "tripped", "call", "ended"):
                return
            if run._asked():
                try:
                    command = run.script.next(run.snapshot())
                except ScriptStuck:
                    return
                if command is not None:
                    run.send(command)
                    self.look()
                    said += 1
                    continue
            self.tick()

    def do(self, word: str) -> None:
        run, prompt = self.run, self.run.snapshot().prompt
        if word == "go":
            self.go(7)
        elif word == "answer" and prompt is not None:
            run.send(Answer(prompt.id, _values(run)))
        elif word == "wrong" and prompt is not None:
            wrong = {name: value * 1.07 + 0.4 if isinstance(value, float) else value for name, value in _values(run).items()}
            for _ in range(2):  # a doubted value is confirmed
                prompt = run.snapshot().prompt
                if prompt is not None:
                    run.send(Answer(prompt.id, wrong))
        elif word == "override" and prompt is not None:
            run.send(Override(prompt.id, "I know better"))
        elif word == "remedy" and prompt is not None:
            run.send(TakeRemedy(prompt.id))
        elif word == "stop":
            run.send(OutputOff())
        elif word == "resume":
            run.send(Resume())
        elif word == "trip-reason":
            run.send(Resume("looked at everything"))
        elif word == "finish":
            run.send(Finish("enough"))
        elif word == "seen":
            run.send(Acknowledge(0))
            run.send(TypeReading("current_a", 0.0))
            run.send(TypeReading("cells_v", 3.4, sure=True))
        elif word == "note":
            run.send(Note("a note"))
            run.send(Present())
        elif word == "read":
            run.send(TypeReading("cells_v", 3.55))
        elif word in ("minute", "hour"):
            for _ in range(60):
                self.tick(1.0 if word == "minute" else None)
        self.look()
        for _ in range(8):
            self.tick()

    def end(self) -> None:
        """The operator gives up: whatever is the case, the output is off soon."""
        run = self.run
        run.send(Finish("the test is over"))
        for _ in range(30):
            self.tick()
        for _ in range(3):  # a supply with knobs is switched off by hands, and the call wants to hear of it
            if run.bench.safety.call is None:
                break
            run.send(Acknowledge(0))
            run.send(TypeReading("current_a", 0.0, sure=True))
            run.send(TypeReading("cells_v", 3.4, sure=True))
            for _ in range(10):
                self.tick()
        assert not run.world.output_on
        assert run.bench.state == "ended"


def _values(run: Driven) -> dict[str, float | str]:
    prompt = run.snapshot().prompt
    try:
        return run.script.values(prompt) if prompt is not None else {}
    except ScriptStuck:
        return {}


@pytest.mark.parametrize("supply", ["RD6012", "manual"])
@pytest.mark.parametrize("procedure", [*PROCEDURES, CHAINS[0]])
@given(words=st.lists(st.sampled_from(WORDS), min_size=4, max_size=16), low_cell=st.booleans())
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_order_of_words_overcharges_or_leaves_the_output_on(procedure: str, supply: str, words: list[str], low_cell: bool) -> None:
    with bench(procedure, supply, low_cell=low_cell) as run:
        run.start()
        watched = Watched(run)
        watched.go(10)
        for word in words:
            watched.do(word)
            if run.bench.state == "ended":
                break
        watched.end()


@pytest.mark.parametrize(
    ("procedure", "supply"),
    [*((name, "RD6012") for name in (*PROCEDURES, CHAINS[0])), ("precharge", "manual"), ("step-and-pause", "manual")],
)
def test_a_careful_operator_comes_to_the_end_of_every_procedure(procedure: str, supply: str) -> None:
    with bench(procedure, supply, low_cell=procedure == "level") as run:
        run.start()
        watched = Watched(run)
        for _ in range(60):
            watched.go(60)
            if run.bench.state == "ended":
                break
        session = run.bench.running
        assert run.bench.state == "ended", (run.step_id, run.bench.state, run.snapshot().prompt, run.snapshot().alarms)
        assert session.result == ("done" if procedure in ("precharge", "level") else "balanced")
        truth = run.world.truth()
        assert not truth.output_on and not truth.leads_on
        if session.result == "balanced":
            assert truth.soc_spread < 0.002
