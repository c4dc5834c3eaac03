"""A charge that runs, and what the bench says of it: for the tests of faults while current flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.conftest import Driven
from tui.bench.messages import Alarm, Answer
from tui.records.journal_reading import read

Make = Callable[..., Driven]


def charge(drive: Make, step: str = "to-knee", *, settled_s: float = 90.0, **more: Any) -> Driven:
    """A bench whose charge has come to `step`."""
    run = drive(**{"soc": 0.97, **more})
    run.start()
    run.go_to(step)
    wait(run, settled_s)
    assert run.bench.state == "charging", run.snapshot().alarms
    return run


def cells_seen(description: BenchDescription) -> BenchDescription:
    """With a meter at every cell."""
    return replace(description, meter=MeterDescription(point="cells"))


def wait(run: Driven, seconds: float, *, tick_s: float = 1.0) -> None:
    """Ticks without anybody who answers."""
    end_s = run.clock.now_s() + seconds
    while run.clock.now_s() < end_s:
        run.step(tick_s)


def codes(run: Driven) -> set[str]:
    return {alarm.code for alarm in run.snapshot().alarms}


def alarm(run: Driven, code: str) -> Alarm:
    found = [alarm for alarm in run.snapshot().alarms if alarm.code == code]
    assert found, (code, run.bench.state, run.snapshot().alarms)
    return found[0]


def said(run: Driven, code: str) -> bool:
    return code in codes(run)


def until_said(run: Driven, code: str, *, longest_s: float = 6 * 3600.0) -> Alarm:
    """Go on, answered by the script, until an alarm of this code is there, or the charge was stopped."""
    run.go_until(lambda run: said(run, code) or run.bench.state in ("hold", "tripped", "call", "ended"), longest_s=longest_s)
    return alarm(run, code)


def journal(run: Driven, kind: str) -> list[dict[str, Any]]:
    """The session's lines of one kind."""
    path = run.bench.home.sessions_dir / f"{run.bench.running.recorder.id}.jsonl"
    return [line for line in read(path) if line["kind"] == kind]


def answer(run: Driven, **wrong: float | str) -> str:
    """Answer what is asked now, as the meters show it but for what is given; the refusal, or ""."""
    prompt = run.snapshot().prompt
    assert prompt is not None
    outcome = run.send(Answer(prompt.id, {**run.script.values(prompt), **wrong}))
    return "" if outcome.ok else outcome.message


def until_asked(run: Driven, step: str, *, longest_s: float = 6 * 3600.0) -> None:
    """Go on, answered by the script, until the question `step` is open."""
    answers = run.script.next
    run.script.next = lambda snapshot: None if snapshot.prompt is not None and snapshot.prompt.step == step else answers(snapshot)  # type: ignore[method-assign]
    try:
        run.go_until(lambda run: (prompt := run.snapshot().prompt) is not None and prompt.step == step, longest_s=longest_s)
    finally:
        run.script.next = answers  # type: ignore[method-assign]
