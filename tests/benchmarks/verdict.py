"""In which tick the guard's word falls and the output is off: that which saw the violation, or the confirming one where two samples are asked for."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator

from drivers.simulated.description import describe
from drivers.simulated.faults import Fault, make_fault
from tests.benchmarks.figures import Figure, Measurement, at_most
from tests.benchmarks.stop import own_home
from tests.choices import CHOICES
from tui.bench.bench import Bench
from tui.bench.headless import LockStep, lock_step_rig
from tui.bench.messages import Start
from tui.cli_bench import plan_from

LONGEST_TICKS = 400


def _set_point(bench: Bench) -> bool:
    told, shown = bench.output.commanded.voltage_v, bench.reading.set_voltage_v
    return told is not None and shown is not None and shown > told + 0.015


def _over_target(bench: Bench) -> bool:
    limits, session = bench.running.limits, bench.running
    volts = bench.reading.supply_v.value
    return volts is not None and volts > session.plan.target_v + limits.trip_over_target_v


def _found_off(bench: Bench) -> bool:
    return bench.reading.output_on is False


CASES: tuple[tuple[Fault, Callable[[Bench], bool], int], ...] = (
    (make_fault("panel-set-voltage", number=3.9), _set_point, 1),
    (make_fault("cv-drift", number=0.06), _over_target, 2),
    (make_fault("panel-output-off"), _found_off, 1),
)
"""The fault, what shows it in a Reading, and how many samples the limit asks for."""


def verdicts(quick: bool) -> Iterator[Figure]:
    logging.getLogger("tui.bench").setLevel(logging.CRITICAL)
    draw, rounds = random.Random(5), 1 if quick else 20
    for fault, seen, samples in CASES:
        late = [_late_ticks(fault, seen, samples, draw.randrange(1, 60)) for _ in range(rounds)]
        detail = f"{rounds} × {fault.name}, {samples} sample{'s' * (samples > 1)} asked for"
        yield at_most("guard: ticks from the one that saw it to the word", max(late), 0, "", 0, detail)


def _late_ticks(fault: Fault, seen: Callable[[Bench], bool], samples: int, after: int) -> int:
    """Ticks between the `samples`-th that shows the violation and the one with the output off and the session held."""
    with own_home() as place:
        description = describe(cells=4, capacity_ah=100.0, soc=(0.99, 0.99))
        rig = lock_step_rig(description, place)
        try:
            run = LockStep(rig)
            bench = run.bench
            run.send(Start(plan_from(description, rig.supply_address, rig.meter_address, CHOICES).to_json()))
            while not (bench.state == "charging" and bench.running.runner is not None and bench.running.runner.step.until == "end-rule"):
                command = run.script.next(run.snapshot())
                if command is not None:
                    run.send(command)
                else:
                    run.step()
            for _ in range(after):
                run.step(1.0)
            rig.embedded.inject_fault(fault)
            shown = 0
            for _ in range(LONGEST_TICKS):
                run.step(1.0)
                shown += seen(bench)
                if bench.state in ("hold", "tripped") and not rig.embedded.world.output_on:
                    return shown - samples
            raise RuntimeError(f"{fault.name} was never acted on")
        finally:
            rig.close()


MEASUREMENTS = (Measurement("verdict", verdicts),)
