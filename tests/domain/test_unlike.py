"""Cells that are not alike: what counts as another maker or capacity, and where the question why stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from domain_plans import plan

from tui.domain.gates_wiring import same_end_extra_s
from tui.domain.plan import Plan
from tui.domain.procedures import CHAINS, PROCEDURES, export, steps
from tui.domain.unlike import mixed, unlike_charge


def with_cells(**values: tuple[object, ...]) -> Plan:
    bank = plan(3)
    cells = list(bank.cells)
    for name, given in values.items():
        cells = [replace(cell, **{name: value}) for cell, value in zip(cells, given, strict=True)]  # type: ignore[arg-type]
    return replace(bank, cells=tuple(cells))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (with_cells(maker=("EVE", "EVE", "EVE")), ""),
        (with_cells(maker=("EVE Energy", "eve", "EVE")), ""),
        (with_cells(maker=("EVE", "", "EVE")), ""),
        (with_cells(maker=("EVE", "CATL", "")), "in maker: EVE and CATL"),
        (with_cells(capacity_ah=(280.0, 270.0, 280.0)), ""),
        (with_cells(capacity_ah=(280.0, 230.0, 280.0)), "in capacity: 230 to 280 Ah"),
    ],
)
def test_what_makes_cells_unlike(chosen: Plan, words: str) -> None:
    assert mixed(chosen) == words


UNLIKE = with_cells(maker=("EVE", "CATL", "EVE"))


@pytest.mark.parametrize("name", [*PROCEDURES, *CHAINS])
def test_the_question_why_stands_first_in_every_procedure_and_only_where_cells_are_unlike(name: str) -> None:
    chosen = replace(UNLIKE, procedure=name)
    alike = replace(plan(3), procedure=name)
    assert [step.id for step in steps(chosen)] == ["mixed", *(step.id for step in steps(alike))]
    own = export(name, alike)
    assert steps(replace(chosen, procedure="own:mine"), own)[0].id == "mixed"


FLAT = {"A1": 3.30, "A2": 3.305, "A3": 3.31}


@pytest.mark.parametrize(
    ("chosen", "volts", "words"),
    [
        (plan(3), FLAT, ""),
        (with_cells(charged=(True, True, True)), FLAT, ""),
        (with_cells(charged=(False, True, False)), FLAT, "A2 was charged to the top before"),
        (with_cells(charged=(False, True, False)), {"A1": 3.36, "A2": 3.37, "A3": 3.36}, ""),  # all nearly full
        (with_cells(charged=(False, True, False)), {"A1": 3.25, "A2": 3.33, "A3": 3.25}, ""),  # told by the volts
        (with_cells(lot=("Shop", "Shop", "")), FLAT, ""),
        (with_cells(lot=("Shop", "Other shop", "")), FLAT, "2 lots (Shop; Other shop)"),
        (plan(3), {"A1": 3.36, "A2": 3.29, "A3": 3.36}, "A1 is nearly full, A2 may lack"),
    ],
)
def test_equal_volts_that_may_hide_unequal_charge(chosen: Plan, volts: dict[str, float], words: str) -> None:
    said = unlike_charge(chosen, volts)
    assert words in said
    assert bool(words) == bool(said)


def test_leads_at_one_end_cost_the_more_the_more_cells_and_the_thinner_the_leads() -> None:
    assert same_end_extra_s(plan(1)) == 0.0
    assert same_end_extra_s(replace(plan(4), arrangement="4S")) == 0.0
    few, many = same_end_extra_s(plan(4)), same_end_extra_s(plan(16))
    assert 60 < few < same_end_extra_s(plan(8)) < many < 4 * 3600
    assert same_end_extra_s(plan(8, lead_resistance_ohm=0.005)) < same_end_extra_s(plan(8, lead_resistance_ohm=0.040))
