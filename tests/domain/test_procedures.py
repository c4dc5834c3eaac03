"""The built-in procedures and chains: what they do in which order, for every bank, supply and meter."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from domain_plans import RIDEN, plan

from tui.domain import procedures
from tui.domain.calculations import stages_v
from tui.domain.charge import soc_at
from tui.domain.gates import GATES
from tui.domain.gates_cells import VISUAL_CHOICES
from tui.domain.picture import series
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import HANDS, Step
from tui.domain.procedures import CHAINS, PROCEDURES, TITLES, ProcedureError, loader, remedy, safety
from tui.domain.procedures.build import make
from tui.domain.procedures.locate import Places
from tui.domain.procedures.reader import Findings
from tui.domain.quantities import kind_of_field

HAND = PlanSupply("manual", 60.0, 10.0)
SUPPLIES: dict[str, dict[str, Any]] = {
    "by hand": {"supply": HAND},
    "knob": {"supply": HAND, "derating": 0.5},
    "interface": {"supply": RIDEN},
}
METERS = {"no meter": "", "meter": "text-line:/dev/ttyUSB1", "cells": "text-line:/dev/ttyUSB1?point=cells"}
ALL = (*PROCEDURES, *CHAINS)
steps = lru_cache(procedures.steps)  # some plans make hundreds of steps, and three tests look at each


def chosen(name: str, count: int = 8, supply: str = "by hand", meter: str = "no meter", **changes: Any) -> Plan:
    return plan(count, procedure=name, meter=METERS[meter], **{**SUPPLIES[supply], **changes})


def every_plan() -> Iterator[Any]:
    for name in ALL:
        for supply in SUPPLIES:
            for meter in METERS:
                for count in (1, 4, 8, 16):
                    if count > 1 or not name.startswith("precharge"):
                        yield pytest.param(chosen(name, count, supply, meter), id=f"{name}, {supply}, {meter}, {count}")


def of_part(found: tuple[Step, ...], part_id: str) -> list[str]:
    return [step.topic for step in found if step.part is not None and step.part.id == part_id]


def one(found: tuple[Step, ...], topic: str) -> Step:
    return next(step for step in found if step.topic == topic)


def texts(step: Step) -> str:
    return " ".join((step.title, step.instruction, *step.notes, *step.warnings, step.confirm))


def test_names_titles_and_files_agree() -> None:
    assert set(TITLES) == set(ALL)
    for name in PROCEDURES:
        file = loader.builtin(name)
        assert (file.name, file.title) == (name, TITLES[name])
        assert file.summary.endswith(".")


@pytest.mark.parametrize("bank", every_plan())
def test_every_step_can_be_run_and_read(bank: Plan) -> None:
    found = steps(bank)
    assert len({step.id for step in found}) == len(found)
    for step in found:
        assert step.part is not None
        assert 0 < len(step.title) <= 30, step.title
        assert len(step.part.title) <= 30
        assert 0 < len(step.instruction) <= 320, step.id
        assert step.tutorial
        assert {act.partition(":")[0] for act in step.hands} <= set(HANDS)
        assert not step.gate or (step.gate in GATES and step.fields), step.id
        assert step.confirm or step.fields or step.action or step.until, step.id
        assert not (step.hands and any(field.unit for field in step.fields)), step.id  # what is measured is measured after them
        assert "{" not in texts(step) + step.picture, step.id
        assert "unknown" not in texts(step), step.id
        assert "none" not in step.title, step.title
        assert all(len(line) <= 38 for line in step.picture.splitlines()), "the checklist is 38 columns wide"
        for field in step.fields:
            assert len(field.choices) > 1 if field.kind == "choice" else field.probe and kind_of_field(field.kind, field.name)


@pytest.mark.parametrize("bank", every_plan())
def test_what_keeps_the_cells_safe_stands_in_every_checklist_in_its_order(bank: Plan) -> None:
    found = Findings(Places(""))
    safety.judge(make([loader.builtin(name) for name in bank.procedure.split("+")], bank), bank, found)
    assert found.problems == []


@pytest.mark.parametrize("bank", every_plan())
def test_the_output_is_off_at_the_end_of_each_part_and_before_leads_and_busbars_are_touched(bank: Plan) -> None:
    """The same from the steps alone, without the judge of files."""
    on, part = False, None
    for step in steps(bank):
        assert not (on and step.part is not part), step.id
        part = step.part
        for act in step.hands:
            on = {"switch-on": True, "switch-off": False}.get(act, on)
            assert not (on and act.partition(":")[0] in ("leads-on", "take-apart", "wire-cells", "wire-series")), step.id
        on = {"charge": True, "output-off": False}.get(step.action, on)
    assert not on


@pytest.mark.parametrize("target_v", [3.5, 3.6, 3.64])
@pytest.mark.parametrize("name", ALL)
def test_every_target_of_the_tutorial_reaches_the_supply(name: str, target_v: float) -> None:
    found = steps(chosen(name, 4, target_v=target_v))
    plans = [step.part.plan for step in found if step.part and step.action == "charge"]
    assert all(part.target_v <= target_v + 1e-9 for part in plans)
    assert not plans or plans[-1].target_v == target_v
    for step in found:
        if step.part and step.topic == "lead-volts":
            series = 4 if step.part.plan.arrangement == "4S" else 1
            assert f"{step.part.plan.target_v * series:.3f} V" in step.notes[0]


def test_ids_of_later_parts_are_numbered_and_topics_are_not() -> None:
    found = steps(chosen("step-and-pause", supply="interface"))
    assert [step.id for step in found if step.topic == "charge"] == ["charge@2", "charge@3", "charge@4"]
    parts_found = list(dict.fromkeys(step.part.id for step in found if step.part))
    assert parts_found == ["prepare", "stage-1", "stage-2", "stage-3"]


def test_choices_of_the_first_look_are_those_of_its_gate() -> None:
    assert one(steps(plan()), "visual").fields[0].choices == VISUAL_CHOICES


@pytest.mark.parametrize("name", ["4", "by magic", "own:mine", "parallel+by magic", ""])
def test_an_unknown_procedure_is_told(name: str) -> None:
    with pytest.raises(ProcedureError):
        steps(plan(procedure=name))


# --- series pre-charge -----------------------------------------------------------------------------------------


def test_the_precharge_with_knobs_sets_the_current_with_shorted_leads_step_by_step() -> None:
    found = steps(chosen("precharge", supply="knob"))
    order = [step.topic for step in found]
    assert order == [
        *("threads", "visual", "temperature", "cell-volts-series", "wire-series", "bms", "supply"),
        *("short-leads", "knobs-start", "short-on", "short-amps", "short-off"),
        *("leads-apart", "lead-volts", "output-off-before", "post-polarity", "connect", "charge", "to-top"),
        *("off", "off-amps", "opened", "disconnect", "leads-off", "take-apart", "settle", "mostly-charged"),
    ]
    assert [act for step in found[7:12] for act in step.hands] == [
        *("short-leads", "set-knobs", "switch-on", "set-current-knob", "switch-off", "leads-apart"),
    ]
    assert one(found, "short-amps").gate == "short-current"
    assert "5.00 A" in one(found, "short-on").title
    assert "Leave the current knob" in one(found, "leads-apart").instruction


@pytest.mark.parametrize("supply", ["by hand", "interface"])
def test_no_leads_are_shorted_where_the_knob_goes_to_its_maximum_or_the_current_is_written(supply: str) -> None:
    found = steps(chosen("precharge", supply=supply))
    assert not any("short" in step.topic for step in found)
    assert ("write-test" in [step.topic for step in found]) == (supply == "interface")
    if supply == "by hand":
        assert "to its maximum" in one(found, "leads-apart").instruction


def test_the_string_is_charged_with_the_current_of_one_cell_to_the_volts_of_all() -> None:
    found = steps(chosen("precharge", 16, supply=(supply := "by hand"), pack="2P8S"))
    part = one(found, "charge").part
    assert part is not None
    assert part.plan.arrangement == "2P8S"
    assert part.title == "Pre-charge 2P8S"
    assert not part.balances
    assert "29.200 V" in one(found, "leads-apart").instruction
    assert "8 × 3.650 V" in one(found, "leads-apart").instruction
    small = steps(chosen("precharge", 4, supply, cells=plan(4, 30.0).cells))
    assert "[+ 8 −]" in one(found, "connect").picture  # eight groups of two, not sixteen cells in series
    assert "6.00 A" in one(small, "short-on").title  # 0.2C of one cell of 30 Ah


@pytest.mark.parametrize(("count", "shown"), [(2, ["1", "2"]), (3, ["1", "2", "3"]), (16, ["1", "2", "16"])])
def test_the_picture_of_the_string_has_the_bms_between_the_last_cell_and_the_black_lead(count: int, shown: list[str]) -> None:
    row, back = series(count).splitlines()[2:4]
    assert [part.split()[0] for part in row.split("[+ ")[1:]] == shown
    assert "black lead, − ──P−[BMS]B−─" in back
    assert (row[-1], back[-1]) == ("┐", "┘") and len(row) == len(back) <= 38


def test_any_full_cell_ends_the_precharge_and_an_open_circuit_is_looked_into() -> None:
    step = one(steps(chosen("precharge")), "to-top")
    assert (step.until, step.opening_ends, step.ask_during) == ("cell-at-target", True, True)
    assert [field.probe for field in step.fields] == ["panel-v", "panel-a", "highest-cell"]
    seen = one(steps(chosen("precharge", supply="interface", meter="cells")), "to-top")
    assert not seen.fields
    pack_only = one(steps(chosen("precharge", supply="interface", meter="meter")), "to-top")
    assert [field.name for field in pack_only.fields] == ["cells_v"]
    opened = one(steps(chosen("precharge")), "opened")
    assert opened.gate == "opened"
    assert [field.name for field in opened.fields] == [f"cell:A{number}" for number in range(1, 9)]


def test_a_night_in_parallel_comes_first_only_where_it_was_chosen() -> None:
    soaked = steps(chosen("precharge", soak_s=8 * 3600.0))
    assert of_part(soaked, "soak") == ["threads", "visual", "cell-volts", "wire", "soak", "soak-apart"]
    assert one(soaked, "soak").until_s == 8 * 3600.0
    assert "moves little charge" in texts(one(soaked, "soak"))
    assert "threads" not in of_part(soaked, "precharge")
    assert of_part(steps(chosen("precharge")), "soak") == []


def test_a_chain_does_once_what_needs_doing_once() -> None:
    found = steps(chosen("precharge+parallel", supply="interface"))
    topics = [step.topic for step in found]
    for topic in ("threads", "visual", "supply", "write-test"):
        assert topics.count(topic) == 1, topic
    for topic in ("temperature", "lead-volts", "post-polarity", "charge", "take-apart"):
        assert topics.count(topic) == 2, topic
    assert topics.index("mostly-charged") < topics.index("cell-volts") < topics.index("wire")
    balance = found[-1].part
    assert balance is not None
    assert balance.balances
    assert balance.plan.soc_high is not None
    assert balance.plan.soc_high > 0.99  # the first cell is full, and that is where the forecast begins


# --- step and pause --------------------------------------------------------------------------------------------


def test_stages_rise_to_the_target_and_only_the_last_balances() -> None:
    found = steps(chosen("step-and-pause", target_v=3.6))
    stages = list(dict.fromkeys((step.part.title, step.part.plan.target_v, step.part.balances) for step in found if step.part))
    assert stages[0] == ("Prepare 8 cells", 3.6, False)
    assert stages[1:] == [("Stage 1 of 3: 3.40 V", 3.4, False), ("Stage 2 of 3: 3.50 V", 3.5, False), ("Stage 3 of 3: 3.60 V", 3.6, True)]
    own = steps(chosen("step-and-pause", stages_v=(3.45, 3.65)))
    assert [step.part.plan.target_v for step in own if step.part and step.topic == "charge"] == [3.45, 3.65]


@pytest.mark.parametrize("supply", ["by hand", "interface"])
def test_the_volts_change_only_with_the_output_off(supply: str) -> None:
    found = steps(chosen("step-and-pause", supply=supply))
    middle = of_part(found, "stage-2")
    if supply == "by hand":
        assert middle == [
            *("leads-apart", "lead-volts", "output-off-before", "post-polarity", "connect", "charge"),
            *("hold-stage", "off", "off-amps", "disconnect", "leads-off", "pause"),
        ]
    else:
        assert middle == ["charge", "hold-stage", "off", "pause"]
        assert "written and read back" in next(step for step in found if step.id == "charge@3").instruction
    assert of_part(found, "stage-1")[-1] == "pause"
    assert one(found, "pause").until_s == 900.0


def test_the_trim_and_the_knee_belong_to_the_last_stage() -> None:
    found = steps(chosen("step-and-pause"))
    for topic in ("to-knee", "trim", "hold", "take-apart", "rest"):
        assert [step.part.id for step in found if step.part and step.topic == topic] == ["stage-3"], topic


# --- one cell at a time ----------------------------------------------------------------------------------------


def test_each_cell_has_a_part_with_its_own_gates_and_end() -> None:
    found = steps(chosen("single-cell", 4, supply="interface"))
    titles = list(dict.fromkeys(step.part.title for step in found if step.part))
    assert titles == [
        "Check all 4 cells",
        "Cell A1 (1 of 4)",
        "Cell A2 (2 of 4)",
        "Cell A3 (3 of 4)",
        "Cell A4 (4 of 4)",
        "Rest and measure",
    ]
    second = of_part(found, "cell-A2")
    before = ["leads-apart", "lead-volts", "post-polarity", "connect"]  # open leads too: a trip in this cell comes back to here
    assert second == [*before, "charge", "to-knee", "trim", "hold", "off", "disconnect", "leads-off", "next"]
    part = next(step.part for step in found if step.part and step.part.id == "cell-A2")
    assert (part.plan.arrangement, [cell.label for cell in part.plan.cells], part.balances) == ("1P", ["A2"], True)
    connect = next(step for step in found if step.id == "connect@3")
    assert connect.hands == ("leads-on:A2",)
    polarity = next(step for step in found if step.id == "post-polarity@3")
    assert [field.probe for field in polarity.fields] == ["cell:A2"]


def test_by_hand_the_volts_are_measured_before_every_cell() -> None:
    found = steps(chosen("single-cell", 4))
    for number in range(1, 5):
        assert "lead-volts" in of_part(found, f"cell-A{number}")


def test_after_any_cell_one_may_stop_and_go_on_another_day() -> None:
    found = steps(chosen("single-cell", 3))
    choices = [step for step in found if step.topic == "next"]
    assert len(choices) == 2
    rest = one(found, "rest")
    assert choices[0].leads_to == (("stop here for today", rest.id),)
    assert choices[0].fields[0].choices == ("go on with A2", "stop here for today")
    assert "another day" in choices[0].instruction
    assert [field.name for field in one(found, "rest-volts").fields] == ["cell:A1", "cell:A2", "cell:A3"]


def test_in_a_battery_that_stays_assembled_nothing_is_loosened_and_the_supply_floats() -> None:
    found = steps(chosen("single-cell", 4, assembled=True))
    check = of_part(found, "check")
    assert check[:3] == ["visual", "battery-still", "assembled"]
    assert "threads" not in check
    assert one(found, "assembled").gate == "assembled"
    assert not any(act.startswith(("wire", "take-apart")) for step in found for act in step.hands)
    apart = steps(chosen("single-cell", 4))
    assert "battery-still" not in of_part(apart, "check")


# --- levelling -------------------------------------------------------------------------------------------------

APART = {
    "cell:A1": 3.30,
    "cell:A2": 3.05,
    "cell:A3": 3.31,
    "cell:A4": 3.10,
    "cell:A5": 3.30,
    "cell:A6": 3.30,
    "cell:A7": 3.3,
    "cell:A8": 3.3,
}


@pytest.mark.parametrize("supply", ["by hand", "interface"])
def test_the_low_cells_are_lifted_to_the_others_and_stop_by_volts(supply: str) -> None:
    bank = chosen("parallel", supply=supply)
    found = remedy("level", bank, APART)
    part = found[0].part
    assert part is not None
    assert [cell.label for cell in part.plan.cells] == ["A2", "A4"]
    assert part.plan.target_v == 3.31
    assert not part.balances
    assert found[0].hands == ("wire-cells:A2,A4",)
    lift = one(found, "to-level")
    assert (lift.until, lift.until_v) == ("volts", 3.235)
    assert not any(step.until == "end-rule" for step in found)
    assert [step.topic for step in found][-5:-1] == (["off-amps"] if supply == "by hand" else ["off"]) + [
        "level-rest",
        "disconnect",
        "leads-off",
    ]
    assert found[-1].hands == ("take-apart",)
    assert one(found, "level-rest").until_s == 600.0


def test_one_low_cell_is_lifted_alone() -> None:
    found = remedy("level", plan(4), {"cell:A1": 3.3, "cell:A2": 3.3, "cell:A3": 3.1, "cell:A4": 3.3})
    assert found[0].hands == ("wire-cells:A3",)
    assert "Only A3 is low" in found[0].instruction


def test_one_low_cell_is_no_row_of_cells_and_its_numbers_are_its_own() -> None:
    found = remedy("level", plan(4), {"cell:A1": 3.3, "cell:A2": 3.3, "cell:A3": 3.0, "cell:A4": 3.3})
    told = " ".join(words for step in found for words in (step.title, step.instruction, *step.notes, *step.warnings, step.confirm))
    for words in ("other end", "diagonal", "busbars again", "of the bank", " 0.00 A", " 0 mV", " full"):
        assert words not in told, words
    assert "200 mV and 2.0 W at 10.00 A" in told


@pytest.mark.parametrize("values", [{}, {"cell:A1": 3.3, "cell:A2": 3.3}])
def test_without_a_low_cell_there_is_no_remedy(values: dict[str, float]) -> None:
    with pytest.raises(ProcedureError):
        remedy("level", plan(2), values)
    with pytest.raises(ProcedureError, match="no remedy"):
        remedy("parallel", plan(), APART)


def test_levelling_by_itself_ends_when_the_cells_may_be_joined() -> None:
    found = steps(chosen("level"))
    assert [step.topic for step in found] == ["threads", "visual", "temperature", "cell-volts", "levelled"]
    assert not any(step.part.balances for step in found if step.part)


def test_stages_and_soak_of_a_plan_reach_its_parts() -> None:
    assert stages_v(plan(target_v=3.6)) == (3.4, 3.5, 3.6)
    assert stages_v(plan(target_v=3.5)) == (3.4, 3.5)  # 3.30 V lies on the plateau, where nothing would flow
    assert stages_v(plan(stages_v=(3.35, 3.65))) == (3.35, 3.65)
    assert soc_at(3.6486) == pytest.approx(1.0)
    assert soc_at(2.0) == 0.0
    assert 0.99 < soc_at(3.4) < 0.997


# --- every sentence of the tutorial that belongs to a step -----------------------------------------------------

TUTORIAL = [
    ("precharge", "wire-series", "in series as 8S"),
    ("precharge", "wire-series", "34 W for each 10 A"),
    ("precharge", "wire-series", "fit the BMS"),
    ("precharge", "bms", "as soon as any cell reaches 3.650 V"),
    ("precharge", "bms", "3.60 V for one to 3.60 V"),
    ("precharge", "supply", "a 48 V pack needs a 60 V supply"),
    ("precharge", "leads-apart", "simply turned to its maximum"),
    ("precharge", "leads-apart", "8 × 3.650 V"),
    ("precharge", "leads-apart", "8 cells 29.20 V"),
    ("precharge", "leads-apart", "never copied from a table"),
    ("precharge", "post-polarity", "very large spark"),
    ("precharge", "to-top", "several hours"),
    ("precharge", "opened", "which cell was full first"),
    ("precharge", "off", "Switch the supply's output off"),
    ("precharge", "take-apart", "each of the 8 cells stands alone"),
    ("precharge", "settle", "falls back"),
    ("precharge", "mostly-charged", "not balanced"),
    ("precharge", "mostly-charged", "started much fuller"),
    ("precharge", "cell-volts-series", "A night in parallel first".lower()),
    ("precharge", "cell-volts-series", "leave the pre-charge out"),
    ("step-and-pause", "wire", "The stages are 3.450, 3.550 and 3.650 V"),
    ("step-and-pause", "supply", "of its rating"),
    ("step-and-pause", "supply", "burn out"),
    ("step-and-pause", "cell-volts", "similar state of charge before"),
    ("step-and-pause", "hold-stage", "0.0 A"),
    ("step-and-pause", "to-knee", "Watch your meter, not the supply's display"),
    ("step-and-pause", "to-knee", "Do not leave cells unattended"),
    ("step-and-pause", "to-knee", "does not overshoot"),
    ("step-and-pause", "hold", "Then the bank is balanced"),
    ("step-and-pause", "wire", "cells end at the same charge either way"),
    ("single-cell", "battery-still", "no thread is stripped"),
    ("single-cell", "battery-still", "Some find this safer"),
    ("single-cell", "battery-still", "very same volts"),
    ("parallel", "cell-volts", "similar state of charge"),
]


@pytest.mark.parametrize(("name", "topic", "words"), TUTORIAL)
def test_the_advice_of_the_tutorial_stands_at_its_step(name: str, topic: str, words: str) -> None:
    found = steps(chosen(name, assembled=name == "single-cell"))
    assert words in " ".join(texts(step) for step in found if step.topic == topic)
