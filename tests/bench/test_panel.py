"""The supply's front panel: once for each device somebody looks whether it shows what this program has set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.charges import Make, codes, journal
from tests.bench.conftest import Driven
from tui.bench import picture
from tui.bench.messages import Answer, Finish, Override
from tui.domain.gates_panel import PANEL_CHOICES
from tui.records import known_supplies
from tui.records.places import Home

HAND_V = 3.30


def real(run: Driven) -> Driven:
    """The bench takes its instruments for real ones: no simulated hands, and nobody but this test answers."""
    run.bench.hands = None
    return run


def on_to(run: Driven, step: str) -> None:
    """Answer by hand until `step` is asked."""
    for _ in range(400):
        prompt = run.snapshot().prompt
        if prompt is None:
            run.step(0.25)
        elif prompt.step == step:
            return
        else:
            values = {field.name: field.choices[0] if field.choices else 22.0 if field.unit == "°C" else HAND_V for field in prompt.fields}
            outcome = run.send(Answer(prompt.id, values))
            assert outcome.ok, outcome.message
    raise AssertionError(f"never asked {step}: {run.snapshot().prompt}")


def say(run: Driven, choice: str) -> str:
    prompt = run.snapshot().prompt
    assert prompt is not None and prompt.step == "panel"
    return run.send(Answer(prompt.id, {"panel": choice})).message


def with_serial(run: Driven, serial: str) -> Driven:
    opened = run.bench.instruments.open_supply

    def open_supply(spec):  # type: ignore[no-untyped-def]
        port, profile = opened(spec)
        return port, replace(profile, serial=serial)

    run.bench.instruments.open_supply = open_supply  # type: ignore[method-assign]
    return run


def end(run: Driven) -> None:
    run.send(Finish("enough"))
    for _ in range(20):
        run.step(1.0)


def test_it_is_asked_behind_the_write_test_and_only_once_for_a_device(drive: Make, place: Home) -> None:
    run = real(drive())
    run.start()
    on_to(run, "panel")
    prompt = run.snapshot().prompt
    assert prompt is not None and "1.00 V" in prompt.instruction and "RD6012" in prompt.instruction
    assert run.world.set_points[0] == pytest.approx(1.0) and not run.world.output_on
    assert say(run, PANEL_CHOICES[0]) == ""
    on_to(run, "leads-apart")
    assert run.step_id == "leads-apart"
    assert {"panel": PANEL_CHOICES[0]} in [line["data"] for line in journal(run, "answer")]
    end(run)
    again = real(drive())
    again.start()
    on_to(again, "leads-apart")
    assert "panel" not in [line.get("step_id") for line in journal(again, "prompt")]


def test_another_voltage_stops_here_and_no_reason_passes(drive: Make, place: Home) -> None:
    run = real(drive())
    run.start()
    on_to(run, "panel")
    assert "ten times the volts" in say(run, PANEL_CHOICES[1])
    prompt = run.snapshot().prompt
    assert prompt is not None and prompt.step == "panel" and not prompt.overridable
    assert not run.send(Override(prompt.id, "it will be fine")).ok
    assert say(run, PANEL_CHOICES[0]) == ""  # he looked at the wrong number
    on_to(run, "leads-apart")


def test_a_panel_without_a_set_voltage_is_told_and_asked_again_next_time(drive: Make, place: Home) -> None:
    run = real(drive())
    run.start()
    on_to(run, "panel")
    say(run, PANEL_CHOICES[2])
    assert "gate-panel" in codes(run)
    on_to(run, "leads-apart")
    end(run)
    again = real(drive())
    again.start()
    on_to(again, "panel")


@pytest.mark.parametrize("serial", ["", "00000000", "0000-0000"])
def test_a_supply_without_a_serial_number_is_asked_about_in_each_session(drive: Make, serial: str, place: Home) -> None:
    for _ in range(2):
        run = real(with_serial(drive(), serial))
        run.start()
        with pytest.MonkeyPatch.context() as patch:  # the emulator has a serial number: the same device answers
            patch.setattr(type(run.bench.supply.driver), "identify", lambda self, profile=run.bench.running.profile: profile)
            on_to(run, "panel")
        say(run, PANEL_CHOICES[0])
        on_to(run, "leads-apart")
        end(run)
    assert not known_supplies.panel_seen(place, "riden", "RD6012", serial)


def test_another_device_of_the_same_model_is_asked_about(place: Home) -> None:
    assert known_supplies.note_panel(place, "riden", "RD6012", "0001", shown_v=1.0)
    assert known_supplies.panel_seen(place, "riden", "RD6012", "0001")
    assert not known_supplies.panel_seen(place, "riden", "RD6012", "0002")
    assert not known_supplies.panel_seen(place, "riden", "RD6018", "0001")


def test_the_built_in_bench_has_no_panel(drive: Make) -> None:
    run = drive()
    run.start()
    run.go_to("leads-apart")
    assert "panel" not in [line.get("step_id") for line in journal(run, "prompt")]


def test_what_the_owner_should_know_stands_at_the_step_that_finds_the_supply(drive: Make) -> None:
    run = drive()
    opened = run.bench.instruments.open_supply

    def open_supply(spec):  # type: ignore[no-untyped-def]
        port, profile = opened(spec)
        return port, replace(profile, notes=("It beeps at each write.",))

    run.bench.instruments.open_supply = open_supply  # type: ignore[method-assign]
    run.start()
    card = picture.card(run.bench)
    assert card is not None
    told = [step.id for step in card.steps if "It beeps at each write." in step.notes]
    assert told == ["supply"]
    assert journal(run, "session_start")[0]["data"]["supply_notes"] == ["It beeps at each write."]
