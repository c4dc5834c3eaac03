"""A meter that stands on one cell, or is carried about: what it counts for, and the key that takes what it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.roles import MeterReading
from drivers.simulated.description import MeterDescription
from tests.bench.charges import Make, charge, codes, journal, wait
from tests.bench.conftest import Driven
from tui.bench.messages import Answer, Capture, Captured, Start, TypeReading
from tui.bench.script import Script
from tui.domain import meter_place
from tui.domain.checks import check_plan
from tui.domain.plan import Plan, PlanCell, PlanSupply


def meter_at(point: str):  # type: ignore[no-untyped-def]
    return lambda description: replace(description, meter=MeterDescription(point=point))  # type: ignore[arg-type]


def walked(drive: Make, **more) -> Driven:  # type: ignore[no-untyped-def]
    return drive(change=meter_at("walk"), **more)


def captured(run: Driven, field: str, *, number: int = 1, meter: str = "") -> Captured:
    """Press the key for a field and wait for the answer."""
    outcome = run.send(Capture(number, field, meter))
    if not outcome.ok:
        return Captured(number, field, problem=outcome.message)
    for _ in range(60):
        run.step(0.25)
        found = run.snapshot().captured
        if found is not None and found.number == number:
            return found
    raise AssertionError("no answer")


def shows(run: Driven, *volts: float | None, status: str = "ok", resolution_v: float | None = 0.0001) -> None:
    """The meter's messages from now on, one for each tick; the last again and again."""
    left = list(volts)

    def read() -> MeterReading:
        value = left.pop(0) if len(left) > 1 else left[0]
        return MeterReading(run.clock.now_s(), {"1": value}, status, resolution_v)

    run.bench.meter.driver.read = read  # type: ignore[union-attr, method-assign]


# --- what each role counts for


def test_a_meter_that_is_carried_about_measures_nothing_by_itself(drive: Make) -> None:
    run = walked(drive, soc=0.97)
    run.start()
    run.go_to("to-knee")
    run.rig.embedded.meter.inject("meter-spike", number=0.9)  # whatever it shows
    wait(run, 90.0)
    reading = run.bench.reading
    assert reading.walk_v.trust == "measured" and reading.cells_v.trust != "measured" and not reading.per_cell_v
    assert not codes(run) & {"glitches", "ceiling", "cell-over-target", "F-45", "F-40"}
    assert run.snapshot().reading_due_s is not None  # readings are asked of the operator
    assert any(field.name == "cells_v" for field in run.bench.running.runner.step.fields)


def test_a_meter_that_is_carried_about_and_falls_silent_is_no_alarm(drive: Make) -> None:
    run = walked(drive, soc=0.97)
    run.start()
    run.go_to("to-knee")
    run.rig.embedded.meter.inject("meter-silence")
    wait(run, 60.0)
    assert "meter-silent" not in codes(run)


def test_a_whole_balance_with_a_meter_that_is_carried_about_by_the_script(drive: Make) -> None:
    run = walked(drive, soc=0.985)
    assert run.run(run.plan).result == "balanced"
    assert not {line["data"]["code"] for line in journal(run, "warn")} & {"F-45", "meter-silent", "trim"}


def test_probes_on_one_cell_of_a_bank_are_the_banks_volts(drive: Make) -> None:
    run = charge(drive, change=meter_at("cell"), soc=0.97)
    reading = run.bench.reading
    assert list(reading.per_cell_v) == ["A1"] and reading.per_cell_v["A1"].trust == "measured"
    assert reading.cells_v == reading.per_cell_v["A1"] and reading.cells_trusted
    assert run.snapshot().lead_trust == "measured"


def test_a_whole_balance_by_the_volts_of_one_cell(drive: Make) -> None:
    run = drive(change=meter_at("cell"), soc=0.985)
    assert run.run(run.plan).result == "balanced"
    assert not {line["data"]["code"] for line in journal(run, "warn")} & {"F-45", "F-24", "trim"}


def test_probes_on_one_cell_of_a_string_say_nothing_of_the_highest(drive: Make) -> None:
    run = drive(cells=4, arrangement="4S", soc=0.9, change=meter_at("cell"), procedure="precharge+parallel")
    run.start()
    run.go_to("string-charge") if False else run.go_until(lambda run: run.bench.state == "charging")
    wait(run, 30.0)
    reading = run.bench.reading
    assert reading.per_cell_v["A1"].trust == "measured" and reading.cells_v.trust != "measured"
    assert run.bench.running.attention.unseen(reading)


def test_a_typed_cell_is_compared_with_the_metered_one_only_while_it_is_fresh(drive: Make) -> None:
    run = charge(drive, change=meter_at("cell"), soc=0.97)
    assert run.send(TypeReading("cell:A2", run.bench.reading.cells_v.value)).ok
    run.bench.running.composer.typed["cell:A2"].value -= 0.05  # read a while ago, lower
    run.bench.running.composer.typed["cell:A2"].time_s -= 60.0
    wait(run, 10.0)
    assert "F-24" not in codes(run)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("", ("", "")),
        ("typed", ("", "")),
        ("text-line:/dev/ttyUSB1", ("bank", "")),
        ("text-line:/dev/ttyUSB1?point=walk", ("walk", "")),
        ("owon-xdm:socket://host:4001?cell=A3", ("cell", "A3")),
        ("owon-xdm:/dev/x?baud=9600&point=cell&cell=B12", ("cell", "B12")),
    ],
)
def test_where_a_meter_stands_is_read_from_its_address(address: str, place: tuple[str, str]) -> None:
    assert meter_place.meter_place(address) == place


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("point=cell&cell=Z9", "Z9, which is not in this bank"),
        ("point=cell", "needs the cell"),
        ("point=walk&cell=A1", "Leave one of the two out"),
        ("point=roof", "is none of"),
        ("cell=A2", ""),
        ("point=walk", ""),
    ],
)
def test_a_place_that_cannot_be_is_a_fault_of_the_plan(options: str, words: str) -> None:
    cells = (PlanCell("A1", 100.0), PlanCell("A2", 100.0))
    plan = Plan("B", cells, PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0), meter=f"text-line:/dev/ttyUSB1?{options}")
    found = [problem.message for problem in check_plan(plan) if problem.field == "meter"]
    assert (words in found[0]) if words else not found


def test_a_meter_that_is_read_by_hand_needs_no_line(drive: Make) -> None:
    run = drive(meter=False)
    assert run.send(Start(replace(run.plan, meter="typed").to_json())).ok
    assert run.bench.meter is None and run.bench.running.whole.meter == ""


# --- the key


def test_all_cells_are_walked_with_one_key_each(drive: Make) -> None:
    run = walked(drive, cells=4, soc=(0.5, 0.9))
    run.start()
    run.go_to("cell-volts")
    prompt = run.snapshot().prompt
    assert prompt is not None and all(field.capture for field in prompt.fields)
    values: dict[str, float | str] = {}
    for number, field in enumerate(prompt.fields):
        found = captured(run, field.name, number=number + 10)
        assert found.problem == "" and found.field == field.name and float(found.text) == found.value
        assert found.value == pytest.approx(run.world.probe(field.name), abs=0.0006)
        values[field.name] = found.value
    assert run.send(Answer(prompt.id, values)).ok
    line = journal(run, "answer")[-1]
    assert line["data"] == values and line["measured"] == list(values)


def test_only_what_the_meter_gave_is_called_measured(drive: Make) -> None:
    run = walked(drive, cells=2, soc=0.9)
    run.start()
    run.go_to("cell-volts")
    prompt = run.snapshot().prompt
    assert prompt is not None
    found = captured(run, "cell:A1")
    assert found.value is not None
    assert run.send(Answer(prompt.id, {"cell:A1": found.value, "cell:A2": 3.333})).ok
    assert journal(run, "answer")[-1]["measured"] == ["cell:A1"]


def at_cell_volts(drive: Make) -> Driven:
    run = walked(drive, cells=2, soc=0.9)
    run.start()
    run.go_to("cell-volts")
    return run


def test_what_was_shown_before_the_key_is_not_taken(drive: Make) -> None:
    run = at_cell_volts(drive)
    shows(run, 3.3000)
    wait(run, 3.0)
    shows(run, 3.2000, 3.3400, 3.3402)  # the probes are put on, the display still falls
    found = captured(run, "cell:A1")
    assert found.value == pytest.approx(3.3402)


def test_a_value_that_does_not_settle_is_told(drive: Make) -> None:
    run = at_cell_volts(drive)
    shows(run, *(3.30 + 0.01 * number for number in range(90)))
    found = captured(run, "cell:A1")
    assert found.value is None and "does not settle" in found.problem


def test_two_values_within_a_few_counts_of_a_coarse_meter_agree(drive: Make) -> None:
    run = at_cell_volts(drive)
    shows(run, 3.331, 3.333, resolution_v=0.001)
    found = captured(run, "cell:A1")
    assert found.text == "3.333"


def test_crossed_probes_are_told_and_nothing_is_taken(drive: Make) -> None:
    run = at_cell_volts(drive)
    shows(run, -3.331)
    assert "crossed" in captured(run, "cell:A1").problem


@pytest.mark.parametrize(("status", "words"), [("overload", "an overload"), ("wrong_function", "no volts"), ("not_dc", "no DC volts")])
def test_a_meter_on_the_wrong_function_is_told_at_once(drive: Make, status: str, words: str) -> None:
    run = at_cell_volts(drive)
    shows(run, None, status=status)
    assert words in captured(run, "cell:A1").problem


def test_a_silent_meter_is_told(drive: Make) -> None:
    run = at_cell_volts(drive)
    run.rig.embedded.meter.inject("meter-silence")
    wait(run, 5.0)
    assert "nothing new" in captured(run, "cell:A1").problem


def test_a_doubtful_value_says_so(drive: Make) -> None:
    run = at_cell_volts(drive)
    shows(run, 1.2)
    found = captured(run, "cell:A1")
    assert found.value == pytest.approx(1.2) and "no usual voltage" in found.doubt


def test_of_several_channels_nobody_knows_which_one_a_hand_holds(drive: Make) -> None:
    run = at_cell_volts(drive)
    run.bench.meter.driver.read = lambda: MeterReading(run.clock.now_s(), {"1": 3.3, "2": 3.4})  # type: ignore[union-attr, method-assign]
    assert "nothing new" in captured(run, "cell:A1").problem or "settle" in captured(run, "cell:A1", number=2).problem


def test_a_meter_that_stands_elsewhere_is_not_taken_for_a_cell(drive: Make) -> None:
    run = drive(soc=0.9)  # at the bank's posts
    run.start()
    run.go_to("cell-volts")
    prompt = run.snapshot().prompt
    assert prompt is not None and not any(field.capture for field in prompt.fields)
    assert "point=walk" in captured(run, "cell:A1").problem


def test_a_meter_at_one_cell_fills_that_cell_alone(drive: Make) -> None:
    run = drive(soc=0.9, change=meter_at("cell"))
    run.start()
    run.go_to("cell-volts")
    prompt = run.snapshot().prompt
    assert prompt is not None and [field.name for field in prompt.fields if field.capture] == ["cell:A1"]
    assert captured(run, "cell:A1").value is not None
    assert "stands on cell A1" in captured(run, "cell:A2", number=2).problem


def test_a_reading_beside_the_charge_is_taken_like_a_typed_one(drive: Make) -> None:
    run = walked(drive, soc=0.97)
    run.start()
    run.go_to("to-knee")
    wait(run, 5.0)
    found = captured(run, "cell:A2")
    assert found.value is not None
    assert run.send(TypeReading("cell:A2", found.value)).ok
    line = journal(run, "answer")[-1]
    assert line["measured"] == ["cell:A2"] and "by the meter" in line["text"]
    assert run.bench.reading.per_cell_v.get("A2") is None or run.bench.reading.per_cell_v["A2"].trust == "typed"


def test_what_a_carried_meter_showed_at_the_open_leads_is_kept_for_the_question(drive: Make) -> None:
    run = walked(drive, soc=0.97)
    run.bench.hands.carry = lambda cell: None  # type: ignore[union-attr, method-assign]
    run.rig.embedded.meter.probes = replace(run.rig.embedded.meter.probes, point="supply")  # held at the lead ends
    run.start()
    run.go_to("lead-volts")
    prompt = run.snapshot().prompt
    assert prompt is not None and prompt.fields[0].reading == pytest.approx(3.65, abs=0.001)


# --- outside a session


def test_the_meter_is_opened_for_the_key_and_let_go_when_nobody_measures(drive: Make) -> None:
    run = walked(drive, cells=2, soc=0.9)
    address = run.rig.meter_address
    found = captured(run, "cell:A2", meter=address)
    assert found.value == pytest.approx(run.world.probe("cell:A2"), abs=0.0006)
    assert run.bench.meter is None and run.bench.capture._port is not None
    run.clock.advance(200.0)
    run.step(1.0)
    assert run.bench.capture._port is None


def test_a_session_that_starts_takes_the_meter_over(drive: Make) -> None:
    run = walked(drive, cells=2, soc=0.9)
    assert captured(run, "cell:A1", meter=run.rig.meter_address).value is not None
    run.start()
    assert run.bench.capture._port is None and run.bench.meter is not None


def test_without_a_meter_it_says_what_is_missing(drive: Make) -> None:
    run = drive(meter=False)
    for address in ("", "typed", "none"):
        assert captured(run, "cell:A1", meter=address if address != "none" else "").problem.startswith("No meter is on a line")
    run.start()
    assert "no meter on a line" in captured(run, "cell:A1", meter=run.rig.meter_address).problem


def test_a_meter_at_the_posts_is_not_walked_outside_a_session_either(drive: Make) -> None:
    run = drive()
    assert "point=walk" in captured(run, "cell:A1", meter=run.rig.meter_address).problem


def test_the_script_is_unaffected(drive: Make) -> None:
    run = walked(drive, cells=2, soc=0.99)
    run.script = Script()
    assert run.run(run.plan).result == "balanced"
    assert all("measured" not in line for line in journal(run, "answer"))
