"""Procedures of several parts: each part brings its own bank, target and guard into force, and none begins with the output on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription
from tests.bench.bench_parts import with_steps
from tests.bench.conftest import Driven
from tui.bench.guard import Finding
from tui.bench.messages import Answer, OutputOff, Resume, TakeRemedy
from tui.domain.gates import GATES
from tui.domain.plan import Plan
from tui.domain.procedure import Field, GateInput, GateResult, Part, Step

Make = Callable[..., Driven]


def part(plan: Plan, name: str, target_v: float, *, balances: bool = False) -> Part:
    return Part(name, f"To {target_v:.2f} V", replace(plan, target_v=target_v), balances)


def stage(part: Part, number: int, *, off: bool = True) -> tuple[Step, ...]:
    """On, to the end rule, and off again."""
    mark = f"@{number}" if number > 1 else ""
    steps = (
        Step(f"charge{mark}", "Switch on", "Now.", "4.5", confirm="Start", action="charge", part=part),
        Step(f"hold{mark}", "Hold", "Wait.", "4.7", until="end-rule", part=part),
        Step(f"off{mark}", "Off", "Off.", "4.8", action="output-off", part=part),
    )
    return steps if off else steps[:-1]


def joined(part: Part) -> tuple[Step, ...]:
    """Cells wired, leads on: what the real procedures do behind their gates."""
    return (Step("join", "Join", "Join.", "4.1", confirm="Joined", hands=("wire-cells", "leads-on"), action="write-test", part=part),)


def test_each_part_has_its_own_target_and_the_next_is_set_with_the_output_off(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low, top = part(run.plan, "low", 3.45), part(run.plan, "top", 3.60, balances=True)
    with with_steps((*joined(low), *stage(low, 1), *stage(top, 2))):
        run.start()
        targets = []
        while run.bench.state != "ended":
            run._serve()
            set_v, _ = run.world.set_points
            if run.world.output_on and (not targets or targets[-1] != set_v):
                targets.append(set_v)
            assert not run.world.output_on or set_v <= run.bench.running.plan.target_v + 1e-6
    assert targets == [3.45, 3.60]
    session = run.bench.running
    assert session.result == "balanced"
    assert [end.title for end in session.ends.values()] == ["To 3.45 V", "To 3.60 V"]
    assert all(end.by_rule for end in session.ends.values())
    assert 3.59 <= run.world.max_cell_voltage_v <= 3.605


def test_the_charge_of_all_stages_is_counted_together(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low, top = part(run.plan, "low", 3.45), part(run.plan, "top", 3.60, balances=True)
    with with_steps((*joined(low), *stage(low, 1), *stage(top, 2))):
        run.start()
        run.go_on()
    assert run.bench.running.charge_ah == pytest.approx(run.world.delivered_ah(), rel=0.02)


def test_a_part_that_would_begin_with_the_output_on_is_held_and_switched_off(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low, top = part(run.plan, "low", 3.45), part(run.plan, "top", 3.60, balances=True)
    with with_steps((*joined(low), *stage(low, 1, off=False), *stage(top, 2))):
        run.start()
        run.go_on()
        assert run.bench.state == "hold"
        assert not run.world.output_on
        assert run.bench.running.plan.target_v == 3.45
        assert any(alarm.code == "part-change" for alarm in run.snapshot().alarms)


def test_a_lower_stage_alone_balances_nothing(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low = part(run.plan, "low", 3.45)
    with with_steps((*joined(low), *stage(low, 1))):
        run.start()
        run.go_on()
    assert run.bench.running.result == "done"


def test_the_checklist_shows_the_present_part_and_the_others_by_name(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low, top = part(run.plan, "low", 3.45), part(run.plan, "top", 3.60, balances=True)
    with with_steps((*joined(low), *stage(low, 1), *stage(top, 2))):
        run.start()
        run.go_to("hold@2")
        shown = run.snapshot()
    assert [(view.title, view.status) for view in shown.parts] == [("To 3.45 V", "done"), ("To 3.60 V", "now")]
    assert shown.parts[0].detail.endswith("A")
    assert [view.id for view in shown.steps] == ["charge@2", "hold@2", "off@2"]
    assert shown.steps[shown.step].id == "hold@2"
    assert shown.target_v == 3.60


def test_stop_between_parts_ends_as_stopped_not_balanced(drive: Make) -> None:
    run = drive(soc=0.996, capacity_ah=50.0)
    low, top = part(run.plan, "low", 3.45), part(run.plan, "top", 3.60, balances=True)
    with with_steps((*joined(low), *stage(low, 1), *stage(top, 2))):
        run.start()
        run.go_to("hold@2")
        run.send(OutputOff())
        for _ in range(20):
            run.step()
        assert not run.world.output_on
        assert run.bench.running.outcome == "stopped"


def test_an_answer_may_lead_to_another_step(drive: Make) -> None:
    run = drive()
    only = part(run.plan, "only", 3.60, balances=True)
    choose = Step(
        "next",
        "Go on?",
        "Choose.",
        "C",
        fields=(Field("next", "Next", "choice", choices=("go on", "stop here")),),
        leads_to=(("stop here", "last"),),
        part=only,
    )
    last = Step("last", "Last", "Done.", "C", confirm="Seen", part=only)
    with with_steps((choose, *stage(only, 1), last)):
        run.start()
        run.step()
        prompt = run.snapshot().prompt
        assert prompt is not None
        assert run.send(Answer(prompt.id, {"next": "stop here"})).ok
        assert run.step_id == "last"
        run.go_on()
    assert run.bench.running.result == "stopped"
    assert not run.world.charges


def test_a_remedy_is_put_in_before_the_step_that_refused_and_then_it_asks_again(drive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = drive()
    main = part(run.plan, "main", 3.60, balances=True)
    asked: list[float] = []

    def gate(plan: Plan, given: GateInput) -> GateResult:
        asked.append(float(given.values["cells_v"]))
        return GateResult(len(asked) > 1, "too far apart", overridable=True, remedy="level", remedy_text="Charge A1 first")

    monkeypatch.setitem(GATES, "spread", gate)
    fix = Part("level", "Level A1", replace(run.plan, cells=run.plan.cells[:1], arrangement="1P", target_v=3.30))
    monkeypatch.setattr(
        "tui.bench.runner.remedy", lambda name, plan, values: (Step("lift", "Lift", "Lift.", "4.1", confirm="Lifted", part=fix),)
    )
    volts = Step("volts", "Volts", "Measure.", "4.1", fields=(Field("cells_v", "Cells", "voltage", "V"),), gate="spread", part=main)
    with with_steps((volts,)):
        run.start()
        run.step()
        prompt = run.snapshot().prompt
        assert prompt is not None
        assert not run.send(TakeRemedy(prompt.id)).ok  # nothing was refused yet
        run.send(Answer(prompt.id, {"cells_v": 3.3}))
        prompt = run.snapshot().prompt
        assert prompt is not None and prompt.remedy == "Charge A1 first"
        assert run.send(TakeRemedy(prompt.id)).ok
        assert run.step_id == "lift@remedy-1"
        assert run.bench.running.plan.target_v == 3.30
        assert run.snapshot().revision == 1
        prompt = run.snapshot().prompt
        assert prompt is not None
        run.send(Answer(prompt.id))
        assert run.step_id == "volts"
        assert run.bench.running.plan.target_v == 3.60
        prompt = run.snapshot().prompt
        assert prompt is not None and not prompt.refusal
        assert run.send(Answer(prompt.id, {"cells_v": 3.3})).ok
    assert "remedy" in run.kinds()


@pytest.mark.parametrize("where", ["to-level@remedy-1", "hold"])
def test_after_a_trip_every_gate_is_asked_again_also_where_a_remedy_was_put_in(drive: Make, where: str) -> None:
    def one_empty(description: BenchDescription) -> BenchDescription:
        return replace(description, cells=(replace(description.cells[0], soc=0.02), *description.cells[1:]))

    run = drive(cells=3, capacity_ah=20.0, soc=0.985, change=one_empty)
    run.start()
    run.go_to(where)
    run.bench.safety.act_on(Finding("trip", "cell-over-target", "over the target", "seen by the test"))
    for _ in range(20):
        run.step()
    assert run.bench.state == "tripped" and not run.world.output_on
    assert run.send(Resume("the supply was mended")).ok
    assert run.step_id == "threads"
    assert not any("@remedy" in step.id for step in run.bench.running.runner.steps)
    run.go_on()
    assert run.bench.running.result == "balanced"
