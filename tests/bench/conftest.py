"""Rigs for bench tests: the embedded bench in lock-step on a virtual clock, same drivers and same bytes as on a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.simulated.description import BenchDescription, describe
from tests.choices import CHOICES
from tui.bench.headless import LockStep, Rig, lock_step_rig
from tui.bench.messages import Start
from tui.bench.script import Script
from tui.cli_bench import plan_from
from tui.domain.plan import Plan
from tui.records.places import Home, home


class Driven(LockStep):
    """A rig with its plan, and words for going somewhere in the procedure."""

    def __init__(self, rig: Rig, plan: Plan, script: Script | None = None) -> None:
        super().__init__(rig, script)
        self.plan = plan
        self.world = rig.embedded.world
        self.wire = rig.embedded.supply

    def start(self) -> None:
        outcome = self.send(Start(self.plan.to_json()))
        assert outcome.ok, outcome.message

    def go_to(self, step_id: str, *, longest_s: float = 400_000.0) -> None:
        """Answer and tick until the step `step_id` is the present one."""
        end = self.clock.now_s() + longest_s
        while self.step_id != step_id:
            assert self.clock.now_s() < end, f"never came to {step_id}, stuck at {self.step_id}: {self.snapshot().prompt}"
            assert self.bench.state not in ("hold", "tripped", "call", "ended"), self.snapshot().alarms
            self._serve()

    def go_until(self, condition: Callable[[Driven], bool], *, longest_s: float = 400_000.0) -> None:
        end = self.clock.now_s() + longest_s
        while not condition(self):
            assert self.clock.now_s() < end, "the condition never came"
            self._serve()

    def _serve(self) -> None:
        if self._asked():
            command = self.script.next(self.snapshot())
            if command is not None:
                self.send(command)
                return
        self.step()

    @property
    def step_id(self) -> str:
        session = self.bench.session
        return session.runner.step.id if session is not None and session.runner is not None else ""

    def kinds(self) -> list[str]:
        """The kinds of all journal lines of the session, in order."""
        from tui.records.journal_reading import read

        session = self.bench.session
        assert session is not None
        return [line["kind"] for line in read(self.bench.home.sessions_dir / f"{session.recorder.id}.jsonl")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return home()


@pytest.fixture
def drive(place: Home) -> Callable[..., Driven]:
    """Makes a rig. `soc` may be one value; `supply="manual"` gives a supply with knobs; further keywords change the plan.

    `arrangement="4S"` (or `bms_v`, the limit of its BMS) makes a bench on which a string can be wired."""

    def make(
        *,
        cells: int = 4,
        capacity_ah: float = 100.0,
        soc: float | tuple[float, float] = 0.985,
        lead_mohm: float = 20.0,
        supply: str = "RD6012",
        amps: float = 10.0,
        meter: bool = True,
        volts: float = 30.0,
        arrangement: str = "",
        bms_v: float | None = None,
        script: Script | None = None,
        change: Callable[[BenchDescription], BenchDescription] | None = None,
        **plan_changes: Any,
    ) -> Driven:
        span = soc if isinstance(soc, tuple) else (soc, soc)
        description = describe(
            cells=cells,
            capacity_ah=capacity_ah,
            soc=span,
            supply_current_a=amps,
            supply_voltage_v=volts,
            lead_mohm=lead_mohm,
            model=supply,
            arrangement=arrangement,
            bms_over_voltage_v=bms_v,
        )
        if change is not None:
            description = change(description)
        rig = lock_step_rig(description, place)
        plan = plan_from(description, rig.supply_address, rig.meter_address if meter else "", CHOICES)
        if "S" in arrangement:
            plan = replace(plan, arrangement="", pack=arrangement)
        return Driven(rig, replace(plan, **plan_changes), script)

    return make
