"""What an operator may do wrong, late or out of turn in a procedure of several parts, and what the bench makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.bench_parts import with_steps
from tests.bench.conftest import Driven
from tests.bench.test_faults_series import call_answered
from tests.bench.test_resume_parts import finish, stop_and_resume
from tui.bench.messages import Answer, OutputOff, Resume
from tui.domain import procedures
from tui.domain.procedure import Field

Make = Callable[..., Driven]
both = pytest.mark.parametrize("supply", ["RD6012", "manual"])


def cells_seen(description: BenchDescription) -> BenchDescription:
    return replace(description, meter=MeterDescription(point="cells"))


@both
def test_after_a_trip_in_a_queue_the_open_leads_are_measured_again(drive: Make, supply: str) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.97, 0.985), supply=supply, procedure="single-cell", rest_s=60.0, amps=5.0)
    run.start()
    run.go_to("hold@3")
    run.world.inject("cv-drift", volts=0.08)
    run.script.wrong = {"trim_v": 3.70}
    run.go_until(lambda run: run.bench.state in ("tripped", "call"))
    run.script.wrong = {}
    if run.bench.safety.call is not None:
        call_answered(run)
    for _ in range(20):
        run.step()
    assert run.bench.state == "tripped"
    run.world.undo("cv-drift")
    outcome = run.send(Resume("the supply was warm"))
    assert outcome.ok, outcome.message
    passed: list[str] = []
    while run.step_id != "charge@3":
        if not passed or passed[-1] != run.step_id:
            passed.append(run.step_id)
        run._serve()
    assert "lead-volts@3" in passed
    finish(run)


def test_an_answer_to_a_question_of_the_past_changes_nothing(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.97, 0.985), procedure="parallel", meter=False, rest_s=60.0)
    run.start()
    run.go_to("to-knee")
    run.go_until(lambda run: run.snapshot().prompt is not None)
    prompt = run.snapshot().prompt
    assert prompt is not None
    outcome = run.send(Answer(prompt.id - 1, {"cells_v": 3.9}))
    assert not outcome.ok and not outcome.confirm
    now = run.snapshot().prompt
    assert now is not None and now.id == prompt.id and not now.refusal
    assert run.bench.running.doubted is None


@pytest.mark.parametrize("step", ["lead-volts", "short-amps"])
def test_a_stop_while_a_knob_is_set_goes_back_to_where_the_output_came_on(drive: Make, step: str) -> None:
    run = drive(
        cells=4, capacity_ah=30.0, soc=(0.95, 0.96), arrangement="4S", bms_v=3.65, supply="manual", procedure="precharge", change=cells_seen
    )
    run.start()
    run.go_to(step)
    stop_and_resume(run)
    assert run.step_id in ("leads-apart", "short-on")
    run.go_to("to-top")
    assert run.world.set_points[0] <= 14.6 + 1e-6
    finish(run)
    assert run.bench.running.result == "done"


def test_by_hand_a_stop_before_any_amperes_were_typed_can_be_resumed(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.99, 0.991), supply="manual", meter=False, rest_s=60.0)
    run.start()
    run.go_to("to-knee")
    for _ in range(4):
        run.step(60.0)
    stop_and_resume(run)
    run.go_to("to-knee")
    finish(run)
    assert run.bench.running.result == "balanced"


def test_a_rest_begins_anew_when_the_output_was_found_on_in_it(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.98, 0.985), procedure="step-and-pause", derating=0.8, pause_s=600.0, rest_s=60.0)
    run.start()
    run.go_to("pause@2")
    for _ in range(30):
        run.step(10.0)
    assert run.wire is not None
    run.wire.inject("panel-output-on")
    run.go_until(lambda run: run.bench.state == "hold", longest_s=60.0)
    for _ in range(20):
        run.step()
    assert not run.world.output_on
    assert run.send(Resume("it was a child")).ok
    resumed_s = run.clock.now_s()
    run.go_until(lambda run: run.step_id != "pause@2")
    assert run.clock.now_s() - resumed_s > 500.0
    finish(run)


def test_the_emergency_stop_in_a_pause_lets_the_pause_run_on(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.98, 0.985), procedure="step-and-pause", derating=0.8, pause_s=600.0, rest_s=60.0)
    run.start()
    run.go_to("pause@2")
    run.step(10.0)
    assert run.bench.state == "resting"
    run.send(OutputOff())
    for _ in range(10):
        run.step()
    assert run.bench.state == "hold"
    assert run.send(Resume()).ok
    assert run.step_id == "pause@2"
    finish(run)
    assert run.bench.running.result == "balanced"


def test_a_trim_in_a_string_counts_all_its_cells(drive: Make) -> None:
    """An own procedure may ask for it: 29.2 V at the terminals are no excess of a cell's 3.65 V."""
    run = drive(cells=4, capacity_ah=50.0, soc=(0.99, 0.9901), arrangement="4S", bms_v=3.75, procedure="precharge", change=cells_seen)
    made = procedures.steps(run.plan)
    top = next(number for number, step in enumerate(made) if step.until == "cell-at-target")
    trim = replace(
        next(step for step in made if step.id == "off"),
        id="fine",
        action="",
        gate="trim",
        ask_during=True,
        fields=(Field("trim_v", "Terminals", "voltage", "V", "supply"),),
    )
    with with_steps((*made[:top], trim, *made[top:])):
        run.start()
        run.go_to("fine")
        while run.bench.reading.mode != "CV":
            run.step()
            assert run.bench.state == "charging" or run.bench.state == "preparing", run.snapshot().alarms
        prompt = run.snapshot().prompt
        assert prompt is not None
        assert run.send(Answer(prompt.id, {"trim_v": 14.62})).ok
        assert run.world.set_points[0] >= 14.5
        finish(run)
    assert run.bench.running.result == "done"


def test_what_a_step_is_called_decides_nothing_of_what_is_recorded(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.98, 0.985), rest_s=60.0)
    made = tuple(replace(step, id=f"my-{number}") for number, step in enumerate(procedures.steps(run.plan)))
    names = {step.id: new.id for step, new in zip(procedures.steps(run.plan), made, strict=True)}
    made = tuple(replace(step, retry_from=names.get(step.retry_from, "")) for step in made)
    with with_steps(made):
        run.start()
        finish(run)
    session = run.bench.running
    assert session.result == "balanced"
    assert set(session.before_v) == set(session.rest_v) == set(session.end_v) == {"A1", "A2"}
