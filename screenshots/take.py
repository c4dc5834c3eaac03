"""Takes the pictures of the running program: the real application on the embedded bench in lock-step, at moments of whole sessions.

Run it from the project's folder: `.venv/bin/python screenshots/take.py`. It writes one SVG for each moment and size beside itself.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TOPBALANCE_HOME"] = tempfile.mkdtemp(prefix="topbalance-pictures-")

from drivers.simulated.description import BenchDescription, describe
from drivers.simulated.faults import make_fault
from tui.app import TopBalanceApp
from tui.bench.bench import Bench
from tui.bench.headless import EmbeddedHands, LockStep, lock_step_rig
from tui.bench.instruments import Instruments
from tui.bench.messages import Acknowledge, Answer, Finish, OutputOff, Resume, Start, TypeReading
from tui.bench.stepped import SteppedLink
from tui.cli_bench import plan_from
from tui.records.inventory import Inventory
from tui.records.places import home
from tui.records.sessions import Sessions

FOLDER = Path(__file__).parent
SIZES = ((120, 40), (80, 24))
DAY_S = 86400.0
CODES = ("04QCB76836300JBC40009001", "04QCB76836300JBC40009002", "300JBC4000900304QCB76836", "04QCB76836300JBC40009001")
"""Two cells, one with its rows the other way round, and one scanned twice."""
CHOICES: dict[str, Any] = {
    "bank": "House bank", "procedure": "parallel", "target": 3.65, "stages": (), "pause": 900.0, "soak": 0.0, "pack": "", "assembled": False,
    "service": None, "model": "", "end_rule": "near-zero", "end_current": 0.1, "derating": 1.0, "rest": 3600.0,
}  # fmt: skip


class Photographer:
    """One session on a bench of its own, stopped at the moments worth a picture."""

    def __init__(self, description: BenchDescription, procedure: str) -> None:
        self.place = home(demo=True)
        rig = self.rig = lock_step_rig(description, self.place)
        self.plan = plan_from(description, rig.supply_address, rig.meter_address, {**CHOICES, "procedure": procedure})
        self.steps = LockStep(rig)
        self.link = SteppedLink(self.steps)
        self.world = rig.embedded.world

    def die(self, gap_s: float) -> None:
        """The program is killed with the supply on; `gap_s` later it is started again."""
        old = self.steps.bench
        assert old.session is not None
        old.session.recorder.close()
        self.steps.clock.advance(gap_s)
        lines = self.rig.embedded.memory_lines()
        instruments = Instruments(self.steps.clock, self.place, line_factory=lambda address: lines[str(address)]())
        hands = EmbeddedHands(self.rig.embedded)
        self.rig.bench = Bench(self.place, self.steps.clock, instruments, hands=hands, line_now_s=self.steps.clock.now_s, takes_up=True)
        self.steps = LockStep(self.rig)
        self.link = SteppedLink(self.steps)
        self.steps.step()

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

    def end(self) -> None:
        """The session's cells are free for the next one when its output is proved off."""
        self.steps.send(Finish("the pictures are taken"))
        self.go(lambda: self.steps.bench.state == "ended")

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

    def fill_inventory(self) -> None:
        """Cells that were measured over a month, one of them leaking, as an owner's inventory looks after it."""
        draw = random.Random(1)
        charged_s = time.time() - 31 * DAY_S
        inventory = Inventory(self.place)
        inventory.add_many(
            {
                "label": f"B{at:02d}", "maker": "EVE", "model": "LF280K", "capacity_ah": 280.0, "resistance_mohm": round(draw.gauss(0.18, 0.01), 2),
                "received_voltage_v": round(draw.gauss(3.295, 0.002), 3), "supplier": "a shop", "code": f"04QCB76836300JBC4{at:07d}",
                "log": [
                    {"kind": "received", "unix_s": charged_s - 5 * DAY_S},
                    {"kind": "capacity", "unix_s": charged_s - DAY_S, "capacity_ah": round(draw.gauss(283.0, 1.5), 1), "tested": "alone"},
                    *(
                        {
                            "kind": "rest", "unix_s": charged_s + days * DAY_S, "hours": 24.0 * days, "session": "20261001-0900-aaaa",
                            "voltage_v": round(rest_v - (0.0008 * days if at == 7 else 0.0) + draw.gauss(0, 0.0007), 3),
                        }
                        for days, rest_v in ((1, 3.482), (7, 3.465), (14, 3.457), (30, 3.446))
                    ),
                ],
            }
            for at in range(1, 17)
        )  # fmt: skip

    async def take_parallel(self) -> None:
        bench = self.steps.bench
        await self.take("setup")
        await self.take("advice", "f8")
        self.steps.send(Start(self.plan.to_json()))
        self.go(lambda: self.at == "cell-volts")
        await self.take("gate", "f4")
        self.go(lambda: self.at == "connect")
        await self.take("connect", "f4")
        self.go(lambda: self.at == "to-knee" and bench.session is not None and bench.session.count.charge_ah > 25)
        await self.take("charging", "f3")
        await self.take("why", "f3", "question_mark")
        self.die(2.2 * 3600)
        self.go(lambda: not self.steps.bench.output_unproved)
        await self.take("resumed", "f4")
        bench = self.steps.bench
        self.steps.send(Resume("everything is as it was"))
        self.go(lambda: self.at == "to-knee" and bench.state == "charging")
        self.rig.embedded.inject_fault(make_fault("output-stuck-on"))
        self.steps.send(OutputOff())
        self.go(lambda: bench.state == "call")
        await self.take("call")
        self.rig.embedded.undo_fault(make_fault("output-stuck-on"))
        self.steps.send(Acknowledge(0))
        self.steps.send(TypeReading("cells_v", 3.34, sure=True))
        self.go(lambda: self.steps.send(Resume("the relay works again")).ok)
        self.go(lambda: self.at == "hold" and (bench.reading.amperes or 9) < 1.5)
        await self.take("top", "f3")
        self.world.inject("lead-falls-off")
        self.go(lambda: bench.state == "hold" and not bench.output_unproved)
        await self.take("hold", "f4")
        self.world.undo("lead-falls-off")
        self.steps.send(Resume("the lead is on again"))
        self.go(lambda: bench.state == "ended")
        await self.take("done", "f4")
        await self.take("sessions", "3")
        results = [session.result for session in reversed(Sessions(self.place).list())]
        await self.take("session", "3", *["down"] * results.index("balanced"), "enter")
        self.fill_inventory()
        await self.take("cells", "2")
        await self.take("cell", "2", "slash", *"B07", "enter", "enter")
        await self.take("scan", "2", "S", *(key for code in CODES for key in (*code, "enter")))
        await self.take("grid", "2", "g", *"C01..C08", "enter", *"3,301", "enter", *"3302", "enter", *"3.303", "tab", *"0.18")
        await self.take("judge", "2", "j")
        await self.take("pack", "2", "b", "enter")
        await self.take("help", "f1")

    async def take_chain(self) -> None:
        """Half-full cells: what fits, the checklist of two parts, and a string that nears its end."""
        bench = self.steps.bench
        await self.take("procedures")
        self.steps.send(Start(self.plan.to_json()))
        self.go(lambda: self.at == "wire-series")
        await self.take("chain", "f4")
        self.go(lambda: self.at == "to-top" and (bench.reading.cells_v.value or 0) > 3.45)
        await self.take("series", "f3")
        self.end()

    async def take_level(self) -> None:
        """Cells too far apart, and what the gate offers."""
        self.steps.send(Start(self.plan.to_json()))
        self.go(lambda: self.at == "cell-volts")
        snapshot = self.steps.snapshot()
        assert snapshot.prompt is not None
        self.steps.send(Answer(snapshot.prompt.id, self.steps.script.values(snapshot.prompt)))
        await self.take("level", "f4")
        self.end()


async def take_all() -> None:
    await Photographer(
        describe(soc=(0.50, 0.56), arrangement="8S", bms_over_voltage_v=3.65, meter_point="cells"), "precharge+parallel"
    ).take_chain()
    await Photographer(describe(soc=(0.02, 0.60), arrangement="apart"), "level").take_level()
    await Photographer(describe(soc=(0.97, 0.99)), "parallel").take_parallel()


if __name__ == "__main__":
    asyncio.run(take_all())
