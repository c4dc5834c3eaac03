"""Takes the pictures of the running program: the real application on the embedded bench in lock-step, at moments of one whole balance.

Run it from the project's folder: `.venv/bin/python screenshots/take.py`. It writes one SVG for each moment and size beside itself.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TOPBALANCE_HOME"] = tempfile.mkdtemp(prefix="topbalance-pictures-")

from drivers.simulated.description import describe
from tui.app import TopBalanceApp
from tui.bench.headless import LockStep, lock_step_rig
from tui.bench.messages import Resume, Start
from tui.bench.stepped import SteppedLink
from tui.cli_bench import plan_from
from tui.records.places import home

FOLDER = Path(__file__).parent
SIZES = ((120, 40), (80, 24))
CHOICES = {
    "bank": "House bank", "target": 3.65, "procedure": "parallel", "end_rule": "near-zero", "end_current": 0.1, "derating": 1.0, "rest": 3600.0,
}  # fmt: skip


class Photographer:
    """One balance, stopped at the moments worth a picture."""

    def __init__(self) -> None:
        description = describe(cells=8, capacity_ah=280.0, soc=(0.97, 0.99), lead_mohm=20.0)
        self.place = home(demo=True)
        rig = lock_step_rig(description, self.place)
        self.plan = plan_from(description, rig.supply_address, rig.meter_address, CHOICES)
        self.steps = LockStep(rig)
        self.link = SteppedLink(self.steps)
        self.world = rig.embedded.world

    @property
    def at(self) -> str:
        session = self.steps.bench.session
        return session.runner.step.id if session is not None and session.runner is not None else ""

    def go(self, until: Callable[[], object]) -> None:
        """The script answers, time passes, until the moment has come."""
        while not until():
            snapshot = self.steps.snapshot()
            command = (
                self.steps.script.next(snapshot) if snapshot.prompt or snapshot.alarms or snapshot.attention_due_s is not None else None
            )
            if command is not None:
                self.steps.send(command)
            else:
                self.steps.step()

    async def take(self, name: str, *keys: str) -> None:
        """One picture for each size, after pressing `keys`."""
        for width, height in SIZES:
            app = TopBalanceApp(self.link, self.place, demo=True, defaults=self.plan.to_json())
            async with app.run_test(size=(width, height)) as pilot:
                for _ in range(8):
                    await pilot.pause(0.15)
                app.pull()
                await pilot.press(*keys)
                await pilot.pause(0.5)
                await app.workers.wait_for_complete()
                await pilot.pause(0.2)
                (FOLDER / f"{name}-{width}x{height}.svg").write_text(app.export_screenshot(title="topbalance"), encoding="utf-8")

    async def take_all(self) -> None:
        bench = self.steps.bench
        await self.take("setup")
        self.steps.send(Start(self.plan.to_json()))
        self.go(lambda: self.at == "cell-volts")
        await self.take("gate", "f4")
        self.go(lambda: self.at == "connect")
        await self.take("connect", "f4")
        self.go(lambda: self.at == "to-knee" and bench.session is not None and bench.session.count.charge_ah > 25)
        await self.take("charging", "f3")
        await self.take("why", "f3", "question_mark")
        self.go(lambda: self.at == "hold" and (bench.reading.amperes or 9) < 1.5)
        await self.take("top", "f3")
        self.world.inject("lead-falls-off")
        self.go(lambda: bench.state == "hold" and not bench.output_unproved)
        await self.take("hold", "f4")
        self.world.undo("lead-falls-off")
        self.steps.send(Resume("the lead is on again"))
        self.go(lambda: bench.state == "ended")
        await self.take("done", "f4")
        await self.take("cells", "2")
        await self.take("sessions", "3")
        await self.take("help", "f1")


if __name__ == "__main__":
    asyncio.run(Photographer().take_all())
