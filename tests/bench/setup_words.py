"""What tests of set-up faults share: answering as the meters show it but for what is given, and looking at what was said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench.conftest import Driven
from tui.bench.messages import Answer, Override, Prompt, Start

Make = Callable[..., Driven]
both = pytest.mark.parametrize("supply", ["RD6012", "manual"])


def asked(run: Driven) -> Prompt:
    """The question that is open, or comes."""
    run.go_until(lambda run: run.snapshot().prompt is not None, longest_s=600.0)
    prompt = run.snapshot().prompt
    assert prompt is not None
    return prompt


def at(run: Driven, step: str) -> Prompt:
    """Start if need be, go to the step and give its question."""
    if run.bench.session is None:
        run.start()
    run.go_to(step)
    return asked(run)


def answer(run: Driven, **wrong: float | str) -> str:
    """Answer what is asked now, as the meters show it but for what is given; the refusal, or ""."""
    return give(run, {name.replace("__", ":"): value for name, value in wrong.items()})


def give(run: Driven, wrong: dict[str, float | str]) -> str:
    prompt = asked(run)
    outcome = run.send(Answer(prompt.id, {**run.script.values(prompt), **wrong}))
    return "" if outcome.ok else outcome.message


def no_reason_helps(run: Driven) -> None:
    """The refusal that stands is not opened by a reason, the leads stay off the cells, and nothing has reached them."""
    prompt = run.snapshot().prompt
    assert prompt is not None and not prompt.overridable
    step = run.step_id
    assert not run.send(Override(prompt.id, "I know what I do")).ok
    assert run.step_id == step
    assert not run.world.truth().leads_on
    assert run.world.delivered_ah() == 0.0


def untouched(run: Driven) -> None:
    """Nothing has reached the cells."""
    assert not run.world.output_on
    assert run.world.delivered_ah() == 0.0


def warned(run: Driven, *words: str) -> None:
    """A banner says all of these words, and the journal has it."""
    text = next((alarm.text for alarm in run.snapshot().alarms if alarm.level == "warn" and all(word in alarm.text for word in words)), "")
    assert text, [alarm.text for alarm in run.snapshot().alarms]
    assert "warn" in run.kinds()


def start_refused(run: Driven) -> str:
    """The session does not begin; in whose words."""
    outcome = run.send(Start(run.plan.to_json()))
    assert not outcome.ok
    assert run.snapshot().state == "idle"
    untouched(run)
    return outcome.message


def card_text(run: Driven, step_id: str) -> str:
    """All that the checklist says of a step."""
    session = run.bench.session
    assert session is not None and session.runner is not None
    step = next(step for step in session.runner.steps if step.id == step_id)
    return "\n".join((step.title, step.instruction, *step.notes, *step.warnings, step.confirm, step.picture))
