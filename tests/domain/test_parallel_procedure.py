"""The checklist of the parallel balance: order, what opens each step, and every sentence of the tutorial's section 4."""

from collections.abc import Iterator

import pytest
from domain_plans import RIDEN, plan

from tui.domain.gates import GATES
from tui.domain.picture import diagonal
from tui.domain.plan import Plan
from tui.domain.procedure import HANDS, Step
from tui.domain.procedures import steps
from tui.domain.quantities import kind_of_field

BY_HAND = plan()
SERIAL = plan(supply=RIDEN, meter="text-line:/dev/ttyUSB1")
BOTH = [pytest.param(BY_HAND, id="by hand"), pytest.param(SERIAL, id="serial")]


def order(chosen: Plan) -> list[str]:
    return [step.id for step in steps(chosen)]


def texts(step: Step) -> Iterator[str]:
    yield from (step.title, step.instruction, *step.notes, *step.warnings, step.confirm)


def test_the_order_for_a_supply_set_by_hand() -> None:
    assert order(BY_HAND) == [
        *("threads", "visual", "temperature", "cell-volts", "wire", "supply", "leads-apart", "lead-volts", "output-off-before"),
        *("post-polarity", "connect", "charge", "to-knee", "trim", "hold", "off", "off-amps", "disconnect", "leads-off"),
        *("take-apart", "rest", "rest-volts", "after"),
    ]


def test_the_order_for_a_supply_with_an_interface() -> None:
    assert order(SERIAL) == [
        *("threads", "visual", "temperature", "cell-volts", "wire", "supply", "write-test", "leads-apart", "lead-volts"),
        *("post-polarity", "connect", "charge", "to-knee", "trim", "hold", "off", "disconnect", "leads-off"),
        *("take-apart", "rest", "rest-volts", "after"),
    ]


@pytest.mark.parametrize("chosen", BOTH)
def test_the_voltage_is_set_and_measured_before_any_lead_touches_the_cells(chosen: Plan) -> None:
    found = steps(chosen)
    connected = next(index for index, step in enumerate(found) if "leads-on" in step.hands)
    before = found[:connected]
    assert {"open-lead", "polarity", "cell-volts", "temperature", "visual"} <= {step.gate for step in before}
    assert not any(step.action == "charge" for step in before)


def test_by_hand_the_output_is_off_between_the_open_leads_and_the_cells() -> None:
    hands = [act for step in steps(BY_HAND) for act in step.hands]
    assert hands == [
        *("wire-cells", "leads-apart", "set-knobs", "switch-on", "switch-off", "leads-on", "switch-on", "switch-off", "leads-apart"),
        "take-apart",
    ]


@pytest.mark.parametrize("chosen", BOTH)
def test_the_bank_is_taken_apart_only_after_the_leads_are_proved_off(chosen: Plan) -> None:
    found = order(chosen)
    assert found.index("off") < found.index("disconnect") < found.index("leads-off") < found.index("take-apart") < found.index("rest")


@pytest.mark.parametrize("chosen", [*BOTH, pytest.param(plan(1), id="one cell"), pytest.param(plan(16, target_v=3.5), id="16 cells")])
def test_each_step_can_be_run_and_read(chosen: Plan) -> None:
    found = steps(chosen)
    assert len({step.id for step in found}) == len(found)
    for step in found:
        assert 0 < len(step.title) <= 30, step.title
        assert step.instruction
        assert step.tutorial
        assert set(step.hands) <= set(HANDS)
        assert not step.gate or step.gate in GATES
        assert step.confirm or step.fields or step.action or step.until, step.id
        assert not any("{" in text or "}" in text for text in texts(step)), step.id


@pytest.mark.parametrize("chosen", BOTH)
def test_a_gate_that_a_number_can_open_has_a_field_for_it(chosen: Plan) -> None:
    for step in steps(chosen):
        if step.gate:
            assert step.fields, step.id
        for field in step.fields:
            if field.kind == "choice":
                assert len(field.choices) > 1
            else:
                assert field.unit
                assert field.probe
                assert kind_of_field(field.kind, field.name)


@pytest.mark.parametrize("chosen", BOTH)
def test_a_reading_is_asked_only_after_its_hands_have_moved(chosen: Plan) -> None:
    """A step asks before it acts, so a step with a measured field does nothing physical first."""
    for step in steps(chosen):
        assert not (step.hands and any(field.unit for field in step.fields)), step.id


def test_every_cell_is_measured_before_and_after() -> None:
    found = {step.id: step for step in steps(BY_HAND)}
    names = [f"cell:A{number}" for number in range(1, 9)]
    for step_id in ("cell-volts", "rest-volts"):
        assert [field.name for field in found[step_id].fields] == names
        assert [field.probe for field in found[step_id].fields] == names


def test_by_hand_the_panel_and_the_cells_are_read_while_the_charge_goes_on() -> None:
    found = {step.id: step for step in steps(BY_HAND)}
    for step_id in ("to-knee", "hold"):
        assert found[step_id].ask_during
        assert [field.name for field in found[step_id].fields] == ["supply_v", "current_a", "cells_v"]
    with_meter = {step.id: step for step in steps(SERIAL)}
    assert not with_meter["to-knee"].fields
    assert not with_meter["to-knee"].ask_during


def test_the_numbers_of_this_bank_are_in_the_instructions() -> None:
    gentle = {step.id: step for step in steps(plan(16, 100.0, target_v=3.6, derating=0.8, end_current_a=0.2, rest_s=1800))}
    assert "3.600 V" in gentle["leads-apart"].instruction
    assert "8.00 A" in gentle["leads-apart"].instruction
    assert "A16" in gentle["connect"].instruction
    assert gentle["hold"].title == "Hold at 3.60 V"
    assert "0.20 A" in gentle["hold"].instruction
    assert gentle["rest"].until_s == 1800


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (2, 2), (8, 8), (16, 5)])
def test_the_picture_shows_each_cell_with_the_leads_at_opposite_ends(count: int, drawn: int) -> None:
    lines = diagonal(count).splitlines()
    plus, minus = lines[2].rstrip(" als+pot").rstrip(), lines[4]
    assert lines[2].split("   ")[0].count("+") == drawn
    assert minus.split("   ")[0].count("−") == drawn
    assert lines[1].index("│") == lines[2].index("+") or not plus
    assert lines[5].index("│") == minus.split("   all")[0].rindex("−")
    assert str(count) in lines[3].split()
    assert all(len(line) <= 38 for line in lines)


TUTORIAL = [
    ("threads", "fit each stud once, with red thread locker"),
    ("threads", "New matched cells often come balanced"),
    ("threads", "whose BMS balances at the top"),
    ("supply", "both a voltage and a current limit"),
    ("supply", "10 A is where a supply is cheapest"),
    ("cell-volts", "charge the low ones first, in parallel with each other"),
    ("cell-volts", "Series pre-charge under a BMS is faster"),
    ("wire", "Join + to +"),
    ("supply", "10.00 A is the current to set"),
    ("leads-apart", "set 3.650 V"),
    ("leads-apart", "turned to its maximum"),
    ("leads-apart", "join the lead ends"),
    ("leads-apart", "3.60 V a mild one; below 3.50 V is not offered"),
    ("leads-apart", "above the highest volts the BMS will allow"),
    ("connect", "at the other end of the row"),
    ("connect", "The diagonal gives every cell about the same way"),
    ("connect", "rings matter more than thickness"),
    ("connect", "8 mm ring also goes on a 6 mm stud"),
    ("connect", "Fine-stranded cable"),
    ("post-polarity", "very large spark"),
    ("to-knee", "display shows less than 3.650 V"),
    ("to-knee", "Do not adjust the voltage!"),
    ("to-knee", "resistance of leads and busbars; it goes to zero with the current"),
    ("to-knee", "cells differ a little"),
    ("to-knee", "one to four hours"),
    ("trim", "passed 3.55 V"),
    ("trim", "climb fast"),
    ("trim", "do not hold their voltage exactly"),
    ("trim", "never above 3.650 V"),
    ("trim", "they will catch up"),
    ("trim", "Believe the meter, not the display"),
    ("hold", "the current falls"),
    ("hold", "usually takes less than an hour"),
    ("hold", "near zero"),
    ("off", "full and balanced"),
    ("disconnect", "Take the red lead off"),
    ("take-apart", "Remove all busbars"),
    ("after", "build the pack"),
    ("after", "near 3.5 V a cell"),
    ("after", "need not be repeated"),
    ("rest", "drift down to a resting value"),
    ("rest", "differ by a few millivolts"),
]


@pytest.mark.parametrize(("step_id", "words"), TUTORIAL)
def test_every_sentence_of_the_tutorial_has_its_place(step_id: str, words: str) -> None:
    step = next(step for step in steps(BY_HAND) if step.id == step_id)
    assert words in " ".join(texts(step))
