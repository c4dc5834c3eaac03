"""A balance with supplies that are spoken to in text, and what the bench makes of one that does not tell whether its output is on."""

from __future__ import annotations

import pytest

from tests.bench.charges import alarm, charge, codes, wait
from tui.bench.messages import OutputOff, Start

COARSE = {"supply": "HCS-3302", "target_v": 3.6, "end_current_a": 0.2}


@pytest.mark.parametrize("more", [COARSE, {"supply": "KA3010P"}, {"supply": "SPE6103"}], ids=lambda more: more["supply"])
def test_a_whole_balance(drive, more) -> None:
    bench = drive(cells=4, soc=(0.97, 0.99), **more)
    target_v = bench.plan.target_v
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    assert bench.world.max_supply_voltage_v <= target_v + 0.001
    assert not bench.world.output_on
    assert codes(bench) <= {"power-up", "attention-soon", "F-26"}, bench.snapshot().alarms  # F-26: a Korad repeats its set-point


def test_an_output_that_is_no_longer_known_while_it_charges_is_a_hold_and_off_with_proof(drive) -> None:
    run = charge(drive, soc=0.95, **COARSE)
    run.wire.inject("brown-out", number=3.0)  # comes back with its output off, and does not tell
    wait(run, 30.0)
    assert alarm(run, "output-unknown").level == "hold"
    wait(run, 10.0)
    assert not run.bench.output.proving_off and run.bench.reading.output_on is False
    assert run.bench.safety.call is None


def test_an_output_found_on_is_nobodys_and_gets_nothing(drive) -> None:
    bench = drive(soc=0.95, **COARSE)
    for act in ("wire-cells", "leads-on"):
        bench.world.hands(act)
    bench.wire.feed(b"VOLT034\rCURR010\rSOUT0\r")
    bench.clock.advance(5.0)
    refused = bench.send(Start(bench.plan.to_json()))
    assert not refused.ok and "is on" in refused.message
    bench.wire.feed(b"SOUT1\r")
    bench.step()
    assert "does not tell whether its output is still on" in bench.bench.stranger.words
    assert bench.send(Start(bench.plan.to_json())).ok


def test_an_output_that_does_not_go_off_is_called_for(drive) -> None:
    run = charge(drive, soc=0.95, **COARSE)
    run.wire.inject("output-stuck-on")
    run.send(OutputOff())
    wait(run, 10.0)
    assert "F-36" in codes(run) and run.bench.state == "call"


def test_the_contact_test_leaves_room_above_the_cells_also_in_coarse_steps(drive) -> None:
    """Rounded down to 0.1 V a set-point 50 mV above the cells could lie below them, and an open lead would look like a good contact."""
    run = drive(soc=0.95, **COARSE)
    run.start()
    run.go_to("connect")
    run.go_until(lambda run: run.bench.output.commanded.output_on)
    set_v, _ = run.world.set_points
    assert run.world.truth().posts_v + 0.02 <= set_v <= run.plan.target_v
    run.go_until(lambda run: not run.bench.output.commanded.output_on and not run.bench.output.proving_off)  # nothing is left half done


def test_an_open_lead_is_found_by_the_contact_test_in_coarse_steps(drive) -> None:
    run = drive(soc=0.95, **COARSE)
    run.start()
    run.go_to("connect")
    run.go_until(lambda run: run.bench.output.commanded.output_on)
    run.world.inject("lead-falls-off")
    run.go_until(lambda run: run.snapshot().prompt is not None and not run.bench.output.proving_off, longest_s=600.0)
    assert "a lead is open" in run.snapshot().prompt.refusal
