"""Each gate of the procedure is given a wrong value: it refuses, says why, nothing is energised on cells, and no reason opens what none may."""

from __future__ import annotations

import pytest

from tui.bench.messages import Answer, Override
from tui.bench.script import Script, ScriptStuck

WRONG = [
    # step, field, wrong value, words of the refusal, whether a typed reason may pass it
    ("visual", "visual", "some swollen or leaking", "swollen", False),
    ("temperature", "surface_c", -3.0, "0", False),
    ("temperature", "surface_c", 60.0, "45", False),
    ("cell-volts", "cell:A2", 1.8, "A2", False),
    ("cell-volts", "cell:A2", -3.3, "A2", False),
    ("cell-volts", "cell:A2", 2.4, "A2", True),
    ("cell-volts", "cell:A2", 3.1, "A2", True),
    ("cell-volts", "cell:A2", 3.9, "A2", False),
    ("lead-volts", "lead_end_v", 3.95, "3.9", False),
    ("lead-volts", "lead_end_v", 36.5, "36.5", False),
    ("lead-volts", "lead_end_v", -3.65, "−|-", False),
    ("post-polarity", "post_v", -3.3, "polarity|revers|minus|−|-", False),
    ("post-polarity", "post_v", 0.0, "", False),
    ("post-polarity", "post_v", 2.7, "", False),
    ("leads-off", "lead_end_off_v", 3.6, "", False),
    ("leads-off", "lead_end_off_v", 1.2, "", True),
    ("rest-volts", "cell:A3", 4.1, "A3", True),
]


@pytest.mark.parametrize(("step", "field", "value", "words", "overridable"), WRONG, ids=[f"{row[1]}={row[2]}" for row in WRONG])
def test_gate_refuses_a_wrong_value(drive, step, field, value, words, overridable):
    bench = drive(script=Script({field: value}, remedies=False))
    if step == "rest-volts":
        bench.script.wrong = {}
    bench.start()
    bench.go_to(step)
    bench.script.wrong = {field: value}
    delivered_ah = bench.world.delivered_ah()
    with pytest.raises(ScriptStuck, match=words or ".+"):
        bench.go_on()
    prompt = bench.snapshot().prompt
    assert bench.step_id == ("leads-apart" if step == "lead-volts" else step)  # the output test runs again before the value is read anew
    assert prompt.refusal
    assert prompt.overridable is overridable
    assert not bench.world.output_on
    assert bench.world.delivered_ah() == delivered_ah
    assert "gate_refuse" in bench.kinds()
    if not overridable:
        refused = bench.send(Override(prompt.id, "I know what I do"))
        assert not refused.ok
        assert bench.snapshot().prompt.refusal


def test_override_asks_for_words_and_is_kept_in_the_record(drive):
    bench = drive(script=Script(remedies=False))
    bench.start()
    bench.go_to("cell-volts")
    bench.script.wrong = {"cell:A2": 3.05}
    with pytest.raises(ScriptStuck):
        bench.go_on()
    prompt = bench.snapshot().prompt
    assert not bench.send(Override(prompt.id, "  ")).ok
    assert bench.send(Override(prompt.id, "the same lot, measured twice")).ok
    assert bench.step_id == "wire"
    assert "override" in bench.kinds()
    assert next(step for step in bench.snapshot().steps if step.id == "cell-volts").status == "overridden"


def test_a_tick_does_not_open_a_gate_that_asks_for_a_number(drive):
    bench = drive()
    bench.start()
    bench.go_to("temperature")
    prompt = bench.snapshot().prompt
    outcome = bench.send(Answer(prompt.id, {}))
    assert not outcome.ok
    assert bench.step_id == "temperature"


def test_text_for_a_number_is_not_taken(drive):
    bench = drive()
    bench.start()
    bench.go_to("temperature")
    prompt = bench.snapshot().prompt
    for value in ("warm", float("nan"), float("inf"), True):
        assert not bench.send(Answer(prompt.id, {"surface_c": value})).ok
    assert bench.step_id == "temperature"


def test_cold_cells_get_a_quarter_of_the_current(drive):
    bench = drive(script=Script({"surface_c": 3.0}))
    bench.start()
    bench.go_to("to-knee")
    assert bench.world.set_points[1] == pytest.approx(2.5)


def test_trim_above_target_lowers_the_set_point_by_itself(drive):
    bench = drive()
    bench.start()
    bench.go_to("trim")
    bench.go_until(lambda b: b.bench.reading.mode == "CV" or b.step_id != "trim")
    bench.script.wrong = {"trim_v": 3.662}
    bench.go_to("hold")
    assert bench.world.set_points[0] == pytest.approx(3.63)


def test_trim_far_above_target_trips(drive):
    bench = drive()
    bench.start()
    bench.go_to("trim")
    prompt = bench.snapshot().prompt
    assert not bench.send(Answer(prompt.id, {"trim_v": 3.69})).ok
    assert bench.snapshot().state == "tripped"
    assert not bench.world.output_on
