"""Supply and meter against each other by phase, the leads' resistance live, and the trim by a live meter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.roles import SupplyReading
from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.charges import Make, alarm, answer, charge, codes, journal, until_asked, until_said, wait
from tests.bench.conftest import Driven
from tui.bench.guard import Commanded
from tui.bench.guard_leads import LeadWatch
from tui.bench.guard_meter import MeterWatch
from tui.bench.lead_measure import LeadMeasure
from tui.bench.messages import Answer, Channel, OutputOff, TypeReading
from tui.bench.reading import Reading
from tui.domain.limits import Limits

TOLD = Commanded(True, 3.65, 10.0, 0.0)


def meter_at(point: str, **more: float):  # type: ignore[no-untyped-def]
    return lambda description: replace(description, meter=MeterDescription(point=point, **more))  # type: ignore[arg-type]


def watched(watch: MeterWatch, *, cells: float, supply: float, amps: float, start: float, samples: int = 8) -> list[str]:
    """What is told of so many samples from `start` on."""
    found = []
    for second in range(samples):
        now_s = start + second
        channels = {"supply_v": Channel(supply, "measured", 0.0), "cells_v": Channel(cells, "measured", 0.0)}
        current = Channel(amps, "measured", 0.0)
        reading = Reading(now_s, output_on=True, current_a=current, lead_drop_v=supply - cells, **channels)
        found += watch.check(reading, TOLD)
    return [finding.text for finding in found]


# --- by phase


def test_a_drop_that_scales_with_the_current_is_right_all_the_way_down() -> None:
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    for step, amps in enumerate((10.0, 8.0, 5.0, 3.0, 1.0, 0.3, 0.1)):
        supply = 3.40 + 0.02 * amps + 0.015  # the meter shows 15 mV less than is there
        assert watched(watch, cells=3.40, supply=supply, amps=amps, start=100.0 + 50 * step) == []


def test_a_drop_that_does_not_shrink_with_the_current_is_told() -> None:
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    assert watched(watch, cells=3.45, supply=3.65, amps=10.0, start=100.0) == []
    assert watched(watch, cells=3.49, supply=3.65, amps=7.9, start=200.0) == []
    told = watched(watch, cells=3.53, supply=3.65, amps=3.0, start=300.0)
    assert len(told) == 1 and "contact of the leads is going bad" in told[0]


def test_at_the_end_hardly_anything_may_be_lost() -> None:
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    assert watched(watch, cells=3.45, supply=3.65, amps=10.0, start=100.0) == []
    told = watched(watch, cells=3.56, supply=3.65, amps=0.5, start=200.0)
    assert len(told) == 1 and "Only 0.5 A flow" in told[0] and "90 mV" in told[0]
    assert watch.doubted


def test_good_leads_that_lose_hardly_anything_at_little_current_are_no_meter_at_the_supply() -> None:
    """Leads of 5 mΩ and a meter that shows 5 mV too much: 5.5 mV are left of the drop at 2.1 A, within half a count of the supply."""
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    for step, amps in enumerate((10.0, 6.0, 3.0, 2.2, 2.1)):
        drop_v = 0.005 * amps - 0.005
        assert watched(watch, cells=3.60, supply=3.60 + drop_v, amps=amps, start=100.0 + 50 * step) == []
    assert not watch.doubted


def test_a_charge_that_begins_with_little_current_is_judged_by_what_leads_can_lose() -> None:
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    assert watched(watch, cells=3.60, supply=3.65, amps=1.0, start=100.0) == []
    assert watched(watch, cells=3.45, supply=3.65, amps=0.5, start=200.0)


def test_a_whole_charge_with_an_honest_cheap_meter_is_told_of_nothing(drive: Make) -> None:
    run = drive(soc=0.985, change=meter_at("bank", gain_error=-0.002, resolution_v=0.001))
    assert run.run(run.plan).result == "balanced"
    said = {line["data"]["code"] for line in journal(run, "warn")}
    assert not said & {"F-45", "leads-worn", "F-26"}


@pytest.mark.parametrize(("offset_v", "told"), [(0.015, False), (0.060, True)])
def test_with_the_output_off_supply_and_meter_see_the_same_cells(drive: Make, offset_v: float, told: bool) -> None:
    run = charge(drive, soc=0.97)
    run.send(OutputOff())
    wait(run, 5.0)
    run.rig.embedded.meter._meter = replace(run.rig.embedded.meter._meter, offset_v=offset_v)
    wait(run, 500.0)
    assert ("F-45" in codes(run)) == told
    if told:
        assert "the output is off" in alarm(run, "F-45").text.lower() and "differ by" in alarm(run, "F-45").text


def test_capacitors_that_run_empty_are_no_measurement_of_the_cells() -> None:
    watch = MeterWatch(Limits(), voltage_step_v=0.01)
    told = Commanded(False, 3.65, 10.0, 0.0)
    for second in range(900):
        volts = 3.60 - 0.001 * second
        supply = SupplyReading(float(second), False, 3.65, 10.0, max(volts, 0.0), 0.0)
        reading = Reading(
            float(second), supply, True, output_on=False, cells_v=Channel(3.40, "measured", 0.0), supply_v=Channel(volts, "measured", 0.0)
        )
        assert watch.at_rest(reading, told, off_since_s=0.0, leads_on=True) == []


def test_a_meter_at_the_terminals_that_contradicts_the_supply_is_told(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8, change=meter_at("supply"))
    wait(run, 60.0)
    assert "F-45" not in codes(run) and run.snapshot().cells_v.trust != "measured"
    run.rig.embedded.meter.probes = replace(run.rig.embedded.meter.probes, point="bank")  # the probes went on the cells
    wait(run, 20.0)
    assert "probes on the cells" in alarm(run, "F-45").text


def test_terminals_measured_above_the_limit_trip_though_the_display_hides_it(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.985, change=meter_at("supply"))
    run.world.inject("reference-drift", volts=0.05)
    wait(run, 5.0)
    assert run.bench.state == "tripped" and "by your meter" in alarm(run, "cell-over-target").text
    assert not run.world.output_on


# --- the leads


def test_the_leads_resistance_is_shown_with_its_trust(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8, lead_mohm=20.0)
    snapshot = run.snapshot()
    assert snapshot.lead_resistance_ohm == pytest.approx(0.020, abs=0.002) and snapshot.lead_trust == "measured"
    run.send(OutputOff())
    wait(run, 90.0)
    assert run.snapshot().lead_trust == "stale" and run.snapshot().lead_resistance_ohm == pytest.approx(0.020, abs=0.002)


def test_a_typed_reading_gives_the_leads_too_for_a_minute(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8, meter=False)
    assert run.snapshot().lead_trust == "unknown"
    volts = run.world.probe("posts")
    assert run.send(TypeReading("cells_v", volts)).ok
    wait(run, 2.0)
    assert run.snapshot().lead_trust == "typed" and run.snapshot().lead_resistance_ohm == pytest.approx(0.020, abs=0.003)
    wait(run, 120.0)
    assert run.snapshot().lead_trust == "stale"


def test_little_current_tells_nothing_of_leads() -> None:
    leads, volts = LeadMeasure(), Channel(3.40, "measured", 0.0)
    assert leads.look(1.0, Channel(3.41, "measured", 0.0), volts, Channel(0.5, "measured", 0.0)) == pytest.approx(0.01)
    assert leads.live(1.0).value is None and leads.smallest_ohm is None


def test_values_read_minutes_apart_are_an_upper_bound_of_the_leads_and_no_live_estimate() -> None:
    leads = LeadMeasure()
    leads.look(500.0, Channel(3.60, "measured", 0.0), Channel(3.30, "typed", 400.0), Channel(10.0, "measured", 0.0))
    assert leads.smallest_ohm == pytest.approx(0.030) and leads.live(500.0).value is None
    leads.look(510.0, Channel(3.60, "measured", 0.0), Channel(3.45, "typed", 2.0), Channel(10.0, "measured", 0.0))
    assert leads.smallest_ohm == pytest.approx(0.015) and leads.live(510.0).value == pytest.approx(0.015)


def test_leads_that_wear_are_told_once_also_where_the_volts_are_typed() -> None:
    watch, found = LeadWatch(Limits(), series=1), []
    for number, ohm in enumerate((0.020, 0.022, 0.030, 0.031, 0.032)):
        reading = Reading(
            600.0 * number,
            current_a=Channel(10.0, "measured", 0.0),
            lead_resistance_ohm=ohm,
            lead_trust="typed",
            lead_read_s=600.0 * number,
            least_lead_ohm=0.020,
        )
        found.append([finding.text for finding in watch.check(reading, told_otherwise=False)])
    assert [len(texts) for texts in found] == [0, 0, 0, 1, 0] and "31 mΩ now and had 20 mΩ" in found[3][0]


# --- the trim


def test_a_live_meter_at_the_terminals_trims_down_by_itself_and_again(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.985, change=meter_at("supply"))
    run.world.inject("reference-drift", volts=0.012)
    until_said(run, "trim", longest_s=1800.0)
    assert run.world.set_points[0] == pytest.approx(3.63)
    run.bench.safety.alarms.pop("trim")
    run.world.inject("reference-drift", volts=0.028)
    until_said(run, "trim", longest_s=1800.0)
    assert run.world.set_points[0] == pytest.approx(3.62)
    assert run.bench.state == "charging"


def test_a_live_meter_at_the_cells_trims_down_in_constant_voltage(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.99)
    run.world.inject("reference-drift", volts=0.018)
    found = until_said(run, "trim", longest_s=4 * 3600.0)
    assert "at the cells" in found.text and run.world.set_points[0] < 3.65
    assert run.bench.state == "charging"


def test_a_good_supply_is_never_trimmed(drive: Make) -> None:
    for point in ("bank", "supply"):
        run = drive(soc=0.985, change=meter_at(point, resolution_v=0.001))
        assert run.run(run.plan).result == "balanced"
        assert not [line for line in journal(run, "warn") if line["data"]["code"] in ("trim", "trim-far", "near-over-target")]


def test_up_only_on_the_operators_word(drive: Make) -> None:
    def low(description: BenchDescription) -> BenchDescription:
        return replace(meter_at("supply")(description), supply=replace(description.supply, set_point_error_v=-0.010))

    run = drive(soc=0.985, change=low)
    run.start()
    until_asked(run, "lift", longest_s=400_000.0)
    assert run.world.set_points[0] == pytest.approx(3.65)
    answer(run, lift="leave it")
    wait(run, 60.0)
    assert run.world.set_points[0] == pytest.approx(3.65)


def test_no_trim_by_a_meter_that_is_doubted(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.985, change=meter_at("supply"))
    run.bench.running.watches.meter.doubted = True
    run.world.inject("reference-drift", volts=0.015)
    wait(run, 300.0)
    assert run.world.set_points[0] == pytest.approx(3.65)


# --- the echo that the supply's model is known for


def echoing(run: Driven) -> Driven:
    """A supply whose profile says that it echoes; the emulated one does."""
    run.world.inject("echo")
    driver_of = run.bench.instruments.open_supply

    def opened(spec):  # type: ignore[no-untyped-def]
        port, profile = driver_of(spec)
        return port, replace(profile, echoes_set_point=True)

    run.bench.instruments.open_supply = opened  # type: ignore[method-assign]
    return run


def test_a_known_echo_is_one_from_the_first_reading_and_is_told(drive: Make) -> None:
    run = echoing(drive(soc=0.95, cells=8))
    run.start()
    run.go_to("write-test")
    assert "repeats its set-point" in alarm(run, "F-26").text
    run.go_to("to-knee")
    wait(run, 30.0)
    supply_v = run.snapshot().supply_v
    assert supply_v.trust == "echo" and supply_v.value == pytest.approx(3.65)
    assert run.bench.reading.cells_v.trust == "measured" and (run.bench.reading.alarm_v or 0) < 3.5  # it makes nobody anxious
    assert run.bench.reading.lead_resistance_ohm is None


def test_a_known_echo_without_a_meter_moves_nothing_on(drive: Make) -> None:
    run = echoing(drive(soc=0.95, cells=8, meter=False))
    run.start()
    run.go_to("to-knee")
    wait(run, 100.0)
    assert run.step_id == "to-knee" and run.bench.reading.upper_bound and not run.bench.reading.cells_trusted


def test_a_known_echo_with_a_meter_ends_balanced(drive: Make) -> None:
    run = echoing(drive(soc=0.985))
    assert run.run(run.plan).result == "balanced"
    said = {line["data"]["code"] for line in journal(run, "warn")}
    assert "F-26" in said and not said & {"F-45", "trim", "leads-worn"}


def test_the_prompt_of_the_trim_still_takes_a_typed_value(drive: Make) -> None:
    run = drive(soc=0.985, change=meter_at("supply"))
    run.start()
    until_asked(run, "trim")
    prompt = run.snapshot().prompt
    assert prompt is not None and run.send(Answer(prompt.id, {"trim_v": 3.652})).ok
    wait(run, 2.0)
    assert run.world.set_points[0] == pytest.approx(3.64)
