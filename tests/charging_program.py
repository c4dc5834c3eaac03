"""Run as a program of its own by test_ways_out: the application over a bench that charges already, to be ended in one way or another."""

from __future__ import annotations

import sys
import time

from drivers.simulated.description import describe
from tests.choices import CHOICES
from tui import start
from tui.app import TopBalanceApp
from tui.bench.headless import pty_rig
from tui.bench.local import LocalLink
from tui.bench.messages import Start
from tui.bench.script import Script
from tui.cli_bench import plan_from
from tui.records.places import home


def main(way: str) -> int:
    place = home(demo=True)
    start._log_to_file(place)
    rig = pty_rig(describe(cells=2, capacity_ah=100.0, soc=(0.95, 0.95)), place, speed=1.0)
    plan = plan_from(rig.embedded.description, rig.supply_address, rig.meter_address, CHOICES)
    link, script = LocalLink(rig.bench).start(), Script()
    assert link.send(Start(plan.to_json())).ok
    while link.snapshot().state != "charging":
        command = script.next(link.snapshot())
        if command is not None:
            link.send(command)
        time.sleep(0.02)
    if way == "crash":
        TopBalanceApp.pull = lambda self: 1 / 0  # type: ignore[method-assign]
    try:
        return start._run_screen(link, place, demo=True, defaults=plan.to_json())
    finally:
        (place.data / "world.txt").write_text("on" if rig.embedded.world.output_on else "off")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
