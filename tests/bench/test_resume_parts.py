"""After a hold in a later part the right cells are charged on, and a charge that has ended is not begun again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.conftest import Driven
from tui.bench.messages import Acknowledge, OutputOff, Resume, TypeReading

Make = Callable[..., Driven]


def cells_seen(description: BenchDescription) -> BenchDescription:
    return replace(description, meter=MeterDescription(point="cells"))


def stop_and_resume(run: Driven, why: str = "looked at it") -> None:
    """The emergency stop, and on again when all is well; with knobs the hands tell that nothing flows."""
    run.send(OutputOff())
    for _ in range(20):
        run.step()
    if run.bench.safety.call is not None:
        run.send(Acknowledge(0))
        run.send(TypeReading("current_a", 0.0, sure=True))
        for _ in range(10):
            run.step()
    assert run.bench.state == "hold", run.bench.state
    outcome = run.send(Resume(why))
    assert outcome.ok, outcome.message


def finish(run: Driven) -> None:
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.state == "ended", (run.step_id, run.snapshot().alarms, run.snapshot().prompt)


@pytest.mark.parametrize("supply", ["RD6012", "manual"])
def test_a_stop_in_the_queue_goes_on_with_the_same_cell(drive: Make, supply: str) -> None:
    run = drive(
        cells=3, capacity_ah=30.0, soc=(0.96, 0.985), supply=supply, procedure="single-cell", rest_s=60.0, amps=5.0, change=cells_seen
    )
    run.start()
    run.go_to("to-knee@3")
    run.step(30.0)
    before = {cell.label: cell.soc for cell in run.world.truth().cells}
    stop_and_resume(run)
    run.go_to("to-knee@3")
    for _ in range(40):
        run.step(5.0)
    after = {cell.label: cell.soc for cell in run.world.truth().cells}
    assert after["A2"] > before["A2"] + 0.001
    assert after["A1"] == pytest.approx(before["A1"], abs=1e-3) and after["A3"] == pytest.approx(before["A3"], abs=1e-3)
    finish(run)
    assert run.bench.running.result == "balanced"
    assert run.world.soc_spread() < 0.002


def test_a_stop_after_a_cell_read_the_target_does_not_charge_the_string_again(drive: Make) -> None:
    run = drive(cells=4, capacity_ah=50.0, soc=(0.93, 0.96), arrangement="4S", bms_v=3.65, procedure="precharge", change=cells_seen)
    run.start()
    run.go_to("opened")
    delivered_ah = run.world.delivered_ah()
    stop_and_resume(run)
    assert run.step_id == "opened"
    finish(run)
    assert run.bench.running.result == "done"
    assert run.world.delivered_ah() == pytest.approx(delivered_ah, abs=1e-3)


def test_what_was_seen_before_a_hold_swallows_no_open_circuit_after_it(drive: Make) -> None:
    run = drive(cells=4, capacity_ah=50.0, soc=(0.5, 0.52), arrangement="4S", bms_v=3.65, procedure="precharge", change=cells_seen)
    run.start()
    run.go_to("to-top")
    run.bench.running.facts["cell_at_target"] = 1.0  # a first look that a hold overtook
    stop_and_resume(run)
    run.go_to("to-top")
    for _ in range(10):
        run.step()
    run.world.inject("lead-falls-off")
    run.go_until(lambda run: not run.world.output_on, longest_s=60.0)


@pytest.mark.parametrize("supply", ["RD6012", "manual"])
def test_a_stop_while_lifted_cells_rest_does_not_charge_them_again(drive: Make, supply: str) -> None:
    def one_low(description: BenchDescription) -> BenchDescription:
        return replace(cells_seen(description), cells=(replace(description.cells[0], soc=0.02), *description.cells[1:]))

    run = drive(cells=3, capacity_ah=30.0, soc=(0.5, 0.52), supply=supply, procedure="level", change=one_low)
    run.start()
    run.go_until(lambda run: run.step_id.startswith("level-rest"))
    delivered_ah = run.world.delivered_ah()
    run.step(30.0)
    stop_and_resume(run)
    assert run.step_id.startswith("level-rest")
    finish(run)
    assert run.bench.running.result == "done"
    assert run.world.delivered_ah() < delivered_ah + 0.05


@pytest.mark.parametrize(("procedure", "step"), [("single-cell", "hold@3"), ("step-and-pause", "hold@4")])
def test_the_terminals_are_measured_again_every_quarter_hour_in_a_later_part_too(drive: Make, procedure: str, step: str) -> None:
    run = drive(
        cells=2,
        capacity_ah=280.0,
        soc=(0.985, 0.987),
        lead_mohm=50.0,
        meter=False,
        procedure=procedure,
        derating=0.8,
        rest_s=60.0,
        pause_s=60.0,
    )
    run.start()
    run.go_to(step)
    asked = False
    while run.step_id == step:
        prompt = run.snapshot().prompt
        asked |= prompt is not None and any(field.name == "trim_v" for field in prompt.fields)
        run._serve()
        assert run.bench.state == "charging" or run.step_id != step
    assert asked
