"""What was typed in Setup, read as a plan: the traps of typing, without a screen."""

from __future__ import annotations

import pytest

from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.panes import draft as drafts

ANSWERS = {spec.name: spec.default for spec in drafts.FIELDS}


def read(find_cell=drafts.no_inventory, **answers: str) -> drafts.Draft:
    return drafts.read_draft({**ANSWERS, **answers}, find_cell)


def plan_of(**answers: str) -> Plan:
    draft = read(**answers)
    assert draft.messages == {}
    assert draft.plan is not None
    return draft.plan


def test_the_filled_in_answers_make_a_plan():
    plan = plan_of()
    assert [cell.label for cell in plan.cells] == ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"]
    assert (plan.target_v, plan.arrangement, plan.supply.by_hand, plan.meter) == (3.65, "8P", True, "")
    assert plan.lead_resistance_ohm == pytest.approx(0.0049, abs=0.0003)


@pytest.mark.parametrize(
    ("field", "text", "part", "value"),
    [
        ("target", "3,65V", "target_v", 3.65),
        ("target", "3650 mV", "target_v", 3.65),
        ("leads", "20 mOhm", "lead_resistance_ohm", 0.020),
        ("leads", "20mΩ", "lead_resistance_ohm", 0.020),
        ("leads", "", "lead_resistance_ohm", None),
        ("rate", "0.2C", "c_rate", 0.2),
        ("rate", "0,1C", "c_rate", 0.1),
        ("end_current", "100 mA", "end_current_a", 0.1),
        ("end_current", "0.005C", "end_current_a", 11.2),
        ("derating", "80%", "derating", 0.8),
        ("soc", "", "soc_low", None),
        ("soc", "90%..97%", "soc_high", 0.97),
    ],
)
def test_a_quantity_is_taken_with_its_unit(field, text, part, value):
    assert getattr(plan_of(**{field: text}), part) == pytest.approx(value)


@pytest.mark.parametrize(
    ("field", "text", "part_of_message"),
    [
        ("target", "36.5", "3.650 V"),
        ("target", "10 A", "voltage"),
        ("target", "3.66 V", "3.65"),
        ("target", "3.4 V", "3.50"),
        ("capacity", "many", "capacity"),
        ("capacity", "280 V", "capacity"),
        ("rating", "10A", "volts"),
        ("leads", "8 Ah", "leads"),
        ("rate", "10 A", "C-rate"),
        ("cells", "0", "1 to 64"),
        ("cells", "A1, A1", "twice"),
        ("cells", "A1..A8", "inventory"),
        ("arrangement", "4P", "bank has 8"),
        ("supply", "", "address"),
        ("bank", " ", "name"),
    ],
)
def test_what_cannot_be_read_has_its_message_at_its_field(field, text, part_of_message):
    draft = read(**{field: text})
    assert draft.plan is None
    assert list(draft.messages) == [field]
    assert part_of_message in draft.messages[field]


def test_cells_named_by_label_bring_their_own_capacity_and_id():
    inventory = {"B1": PlanCell("B1", 100, "id-1"), "B2": PlanCell("B2", 104, "id-2")}
    draft = read(inventory.get, cells="B1..B2", capacity="")
    assert draft.plan is not None
    assert draft.plan.cells == (PlanCell("B1", 100, "id-1"), PlanCell("B2", 104, "id-2"))


def test_counted_cells_that_the_inventory_knows_keep_their_record():
    draft = read({"A2": PlanCell("A2", 280, "id-2")}.get, cells="2")
    assert draft.plan is not None
    assert [cell.id for cell in draft.plan.cells] == ["", "id-2"]


def test_counted_cells_are_not_mixed_up_with_others_of_the_same_label():
    draft = read({"A2": PlanCell("A2", 100, "id-2")}.get, cells="2")
    assert draft.plan is None
    assert "A2 of 100 Ah" in draft.messages["cells"]


def test_the_letter_of_the_bank_names_its_cells():
    assert [cell.label for cell in plan_of(bank="Bank C", cells="2").cells] == ["C1", "C2"]


def test_a_plan_fills_the_fields_that_make_it_again():
    plan = plan_of(soc="97%..99%", leads="20mOhm", derating="80%", meter="text:/dev/ttyUSB1")
    assert plan_of(**drafts.answers_of(plan.to_json())) == plan


def test_what_setup_has_no_field_for_comes_from_the_plan_that_filled_it():
    base = Plan(
        "Bank D", (PlanCell("x1", 280), PlanCell("x2", 281)), PlanSupply("riden:/dev/pts/9", 60, 12, current_step_a=0.001), rest_s=60
    )
    answers = {**ANSWERS, **drafts.answers_of(base.to_json())}
    plan = drafts.read_draft(answers, {"x2": PlanCell("x2", 281, "id-2")}.get, base).plan
    assert plan is not None
    assert plan.cells == (PlanCell("x1", 280), PlanCell("x2", 281, "id-2"))
    assert (plan.supply, plan.rest_s) == (base.supply, 60)
    other = drafts.read_draft({**answers, "cells": "3", "supply": "manual"}, drafts.no_inventory, base).plan
    assert other is not None
    assert [cell.label for cell in other.cells] == ["D1", "D2", "D3"]
    assert other.supply == PlanSupply("manual", 60, 12)
