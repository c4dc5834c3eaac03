"""Set-up faults F-01 to F-09: what is found before current flows, as a person at the bench meets it, with an interface and with knobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription
from tests.bench.setup_words import Make, answer, asked, at, both, card_text, give, no_reason_helps, start_refused, untouched, warned
from tui.bench.messages import Answer, Finish, TakeRemedy
from tui.bench.script import ScriptStuck
from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.sessions import Sessions

# --- F-01 the voltage ------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("shown_v", [3.95, 3.661, 3.639, 36.5])
def test_f01_no_lead_touches_the_cells_before_the_open_leads_show_the_target(drive: Make, supply: str, shown_v: float) -> None:
    run = drive(supply=supply)
    at(run, "lead-volts")
    assert "not 3.650 V (± 10 mV)" in answer(run, lead_end_v=shown_v)
    assert not run.world.truth().leads_on
    no_reason_helps(run)
    while run.step_id != "post-polarity":  # set and measured anew, and right now
        assert answer(run) == ""
    assert not run.world.truth().leads_on


def test_f01_with_an_interface_the_scale_is_tried_for_three_seconds_with_the_leads_apart(drive: Make) -> None:
    run = drive()
    at(run, "leads-apart")
    run.send(Answer(asked(run).id, {}))
    on_s, last_s = 0.0, run.clock.now_s()
    while run.step_id == "leads-apart":
        run.step(0.25)
        on_s += (run.clock.now_s() - last_s) * run.world.output_on
        last_s = run.clock.now_s()
        assert not run.world.truth().leads_on
    assert 0 < on_s <= 3.0
    assert not run.world.output_on


def gives_more(description: BenchDescription) -> BenchDescription:
    return replace(description, supply=replace(description.supply, set_point_error_v=0.10))


def test_f01_a_supply_that_gives_more_than_it_is_set_to_is_found_with_the_leads_apart(drive: Make) -> None:
    run = drive(change=gives_more)
    with pytest.raises(ScriptStuck, match=r"Set to 3\.650 V, the supply measures 3\.750 V"):
        at(run, "lead-volts")
    no_reason_helps(run)


def test_f01_a_panel_that_shows_less_than_its_supply_gives_is_found_by_the_meter(drive: Make) -> None:
    run = drive(supply="manual", change=gives_more)
    at(run, "lead-volts")
    assert run.world.probe("panel-v") != 3.75
    assert "show 3.750 V" in answer(run)
    no_reason_helps(run)


def test_f01_a_knob_turned_with_the_cells_on_is_a_hold_that_says_do_not_adjust(drive: Make) -> None:
    run = drive(soc=0.97)
    run.start()
    run.go_to("to-knee")
    run.wire.inject("panel-set-voltage", number=3.95)
    run.go_until(lambda run: run.bench.state == "hold", longest_s=30)
    assert any("Do not adjust the voltage" in alarm.text for alarm in run.snapshot().alarms)
    assert not run.world.output_on
    assert run.world.max_cell_voltage_v < 3.65


def test_f01_with_knobs_nobody_sets_the_voltage_on_the_cells(drive: Make) -> None:
    """Nothing reads such a supply's set-point: it is set with the leads apart, and from then on every step says to leave it alone."""
    run = drive(supply="manual")
    at(run, "leads-apart")
    assert not run.world.truth().leads_on
    assert "set now or never" in card_text(run, "leads-apart")
    for step in ("charge", "to-knee"):
        assert "not adjust the voltage" in card_text(run, step)


# --- F-02 the current, with shorted leads ------------------------------------------------------------------------

SHORTED = {"cells": 4, "capacity_ah": 20.0, "soc": (0.95, 0.96), "arrangement": "4S", "bms_v": 3.65, "procedure": "precharge"}


def test_f02_after_the_leads_were_shorted_the_voltage_is_set_and_measured_and_nothing_skips_that(drive: Make) -> None:
    run = drive(supply="manual", **SHORTED)
    at(run, "short-off")
    run.world.set_supply(voltage_v=30.0)  # the knob stands anywhere
    assert answer(run) == ""
    assert not run.world.output_on  # off before anything else
    assert run.step_id == "leads-apart"
    assert run.world.truth().leads_on is False
    run.go_to("lead-volts")
    assert "14.600 V" in answer(run, lead_end_v=30.0)
    no_reason_helps(run)
    steps = [step.id for step in run.bench.running.runner.steps]
    assert steps.index("short-off") + 1 == steps.index("leads-apart") < steps.index("lead-volts") < steps.index("connect")


def test_f02_with_an_interface_no_leads_are_shorted_and_the_current_is_written(drive: Make) -> None:
    run = drive(**SHORTED)
    at(run, "post-polarity")
    assert not any("short-leads" in step.hands for step in run.bench.running.runner.steps)
    assert run.world.set_points == (pytest.approx(14.6), pytest.approx(4.0))


# --- F-03 polarity -----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("value", [-3.3, 0.0])
@pytest.mark.parametrize("step", ["lead-volts", "post-polarity"])
def test_f03_a_minus_sign_or_nothing_at_all_names_two_likely_causes(drive: Make, supply: str, step: str, value: float) -> None:
    run = drive(supply=supply)
    at(run, step)
    refusal = give(run, {"lead_end_v" if step == "lead-volts" else "post_v": value})
    assert "Two likely causes" in refusal and "spark" in refusal
    no_reason_helps(run)


@both
def test_f03_who_takes_plus_for_minus_is_told_before_the_leads_go_on(drive: Make, supply: str) -> None:
    run = drive(supply=supply, meter=False)  # both probes in his hands
    run.world.inject("leads-reversed")
    at(run, "post-polarity")
    assert "must be positive" in answer(run)
    assert not run.world.truth().leads_on
    no_reason_helps(run)


def test_f03_leads_put_on_the_wrong_way_round_are_found_before_full_current(drive: Make) -> None:
    run = drive()
    at(run, "connect")
    run.world.inject("leads-reversed")
    assert answer(run) == ""
    run.go_until(lambda run: bool(asked(run).refusal), longest_s=60)
    assert "wrong way round" in asked(run).refusal or "red on +" in asked(run).refusal
    assert not run.world.output_on
    assert run.world.delivered_ah() < 0.001


@both
def test_f03_the_step_reminds_of_tools_rings_posts_and_fuse(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "connect")
    for word in ("Insulated tools", "no rings or watch", "unused posts covered", "fuse sits in the + lead"):
        assert word in card_text(run, "connect")


# --- F-04 to F-06 unequal cells ----------------------------------------------------------------------------------


@both
def test_f04_cells_too_far_apart_are_not_joined_and_it_is_said_which_to_lift(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "cell-volts")
    refusal = give(run, {"cell:A1": 3.32, "cell:A2": 3.10, "cell:A3": 3.31, "cell:A4": 3.30})
    assert "differ by 220 mV; 150 mV is allowed" in refusal
    assert "First charge A2 (3.100 V) alone to 3.32" in refusal
    assert " A would flow for a moment" in refusal  # the surge
    prompt = asked(run)
    assert run.step_id == "cell-volts" and prompt.remedy.startswith("Charge A2 first")
    untouched(run)
    assert run.send(TakeRemedy(prompt.id)).ok
    assert "wire" not in [step.id for step in run.snapshot().steps if step.status == "done"]
    assert run.step_id.endswith("@remedy-1")


@both
def test_f04_just_inside_the_limit_they_are_joined(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "cell-volts")
    assert give(run, {"cell:A1": 3.30, "cell:A2": 3.15, "cell:A3": 3.30, "cell:A4": 3.30}) == ""
    assert run.step_id == "wire"


FLAT = {f"cell:A{number}": 3.300 + 0.004 * number for number in range(1, 5)}


@both
def test_f05_equal_volts_with_one_cell_recorded_as_charged_are_a_warning(drive: Make, place: Home, supply: str) -> None:
    inventory = Inventory(place)
    for number in range(1, 5):
        inventory.add(label=f"A{number}", capacity_ah=100.0)
    full = inventory.by_label("A2")
    assert full is not None
    inventory.log(full.id, "session", session="earlier", phase="end", result="balanced")
    run = drive(supply=supply)
    at(run, "cell-volts")
    assert give(run, FLAT) == ""
    warned(run, "A2 was charged to the top before", "nears the knee long before", "pre-charge", "A night in parallel moves little charge")
    assert run.step_id == "wire"


@both
def test_f05_equal_volts_of_cells_from_two_lots_are_a_warning_and_of_one_lot_are_none(drive: Make, place: Home, supply: str) -> None:
    inventory = Inventory(place)
    cells = [inventory.add(label=f"A{number}", capacity_ah=100.0, supplier="Shop", order_no="77") for number in range(1, 5)]
    run = drive(supply=supply)
    at(run, "cell-volts")
    assert give(run, FLAT) == ""
    assert not any(alarm.code == "gate-cell-volts" for alarm in run.snapshot().alarms)
    run.send(Finish("the other lot came"))
    inventory.edit(cells[3].id, order_no="78")
    run.start()
    at(run, "cell-volts")
    assert give(run, FLAT) == ""
    warned(run, "2 lots (Shop, order 77; Shop, order 78)", "pre-charge")


@both
def test_f06_a_night_in_parallel_is_not_a_balance(drive: Make, place: Home, supply: str) -> None:
    run = drive(supply=supply, soc=0.5)
    at(run, "supply")  # joined
    run.step(8 * 3600.0)
    outcome = run.send(Finish("parallel overnight, all at 3.300 V, balanced"))
    assert "not recorded as balanced" in outcome.message
    assert "say nothing about charge" in outcome.message
    run.step(5.0)
    assert run.snapshot().result == "stopped"
    assert Sessions(place).list()[-1].result == "stopped"
    assert {cell.state for cell in Inventory(place).list()} == {"received"}


# --- F-07 and F-09 the string and the supply's volts (F-07 and F-08 also in test_faults_series) -------------------


@both
@pytest.mark.parametrize(
    ("post_v", "words"), [(9.9, "3 cells in series, not 4"), (16.5, "5 cells in series, not 4"), (13.6, "on average|×")]
)
def test_f07_pack_volts_must_fit_the_cells_and_their_mean(drive: Make, supply: str, post_v: float, words: str) -> None:
    run = drive(supply=supply, cells=4, capacity_ah=50.0, soc=(0.5, 0.52), arrangement="4S", bms_v=3.65, procedure="precharge")
    at(run, "post-polarity")
    refusal = answer(run, post_v=post_v)
    assert any(word in refusal for word in words.split("|")), refusal
    assert not run.world.truth().leads_on
    no_reason_helps(run)


@both
@pytest.mark.parametrize(("pack", "cells", "volts", "needed"), [("16S", 16, 30.0, "a 60 V supply"), ("8S", 8, 15.0, "a 30 V supply")])
def test_f09_a_supply_that_cannot_reach_the_pack_is_named_with_the_class_that_can(
    drive: Make, supply: str, pack: str, cells: int, volts: float, needed: str
) -> None:
    run = drive(supply=supply, cells=cells, volts=volts, arrangement=pack, bms_v=3.65, procedure="precharge")
    message = start_refused(run)
    assert f"gives {volts:g} V" in message and needed in message


def test_f09_the_rating_that_the_supply_itself_tells_counts(drive: Make) -> None:
    run = drive(cells=20, volts=60.0, arrangement="20S", bms_v=3.65, procedure="precharge")
    run.plan = replace(run.plan, supply=replace(run.plan.supply, max_voltage_v=600.0))
    assert "gives 60 V, but 20S needs" in start_refused(run)
