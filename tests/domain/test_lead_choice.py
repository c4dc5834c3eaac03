"""The lead calculator and what leads cost at a bank."""

import pytest
from domain_plans import plan

from tui.domain import lead_choice
from tui.domain.calculations import hours_lost_s
from tui.domain.lead_choice import USUAL, compare, judge, ring_for_stud
from tui.domain.leads import Lead
from tui.domain.quantities import parse

CLIPS = Lead(16, 1.0, ("banana", "alligator"))
RINGS = Lead(8, 1.0, ("ring", "ring"))


@pytest.mark.parametrize(
    ("lead", "low_ohm", "high_ohm"),
    [(RINGS, 0.0045, 0.006), (Lead(12, 1.0, "bananas"), 0.013, 0.019), (CLIPS, 0.040, 0.070)],
)
def test_a_pair_has_the_resistance_of_the_cell_models_table(lead: Lead, low_ohm: float, high_ohm: float) -> None:
    assert low_ohm <= lead.resistance_ohm <= high_ohm


def test_each_end_counts_on_both_wires() -> None:
    mixed = Lead(12, 1.0, ("ring", "alligator"))
    assert mixed.resistance_ohm - Lead(12).resistance_ohm == pytest.approx(2 * (10.2e-3 - 0.2e-3))
    assert Lead(12, 1.0, "clips").resistance_ohm == Lead(12, 1.0, ("banana", "alligator")).resistance_ohm


def test_warm_copper_resists_more() -> None:
    cold, warm = Lead(12), Lead(12, temperature_c=45.0)
    assert warm.wire_ohm / cold.wire_ohm == pytest.approx(1 + 25 * 0.00393)
    assert warm.resistance_ohm - warm.wire_ohm == pytest.approx(cold.resistance_ohm - cold.wire_ohm)


def test_contacts_make_the_figure_uncertain() -> None:
    assert CLIPS.uncertainty_ohm == pytest.approx(0.0163, abs=0.001)
    assert RINGS.uncertainty_ohm < 0.001


def test_the_tutorials_word_for_clips_is_read() -> None:
    assert parse("16 AWG 1 m alligator", "lead") == CLIPS.resistance_ohm


@pytest.mark.parametrize("wrong", [{"gauge_awg": 9}, {"gauge_awg": 8, "length_m": 0.0}, {"gauge_awg": 8, "temperature_c": 400.0}])
def test_what_is_no_lead_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"AWG|outside"):
        Lead(**wrong)


def test_clips_throttle_the_supply_and_cost_hours() -> None:
    found = judge(plan(), CLIPS)
    assert found.plateau_current_a == pytest.approx(0.32 / found.resistance_ohm)
    assert found.drop_v == pytest.approx(0.32)
    assert found.heat_w == pytest.approx(0.32 * found.plateau_current_a)
    assert found.lost_s == hours_lost_s(plan(lead_resistance_ohm=found.resistance_ohm))
    assert found.lost_s is not None and found.lost_s > 20 * 3600
    assert not found.good_enough
    assert "of 10.0 A flow" in found.words and "ring terminals at every end" in found.words and "12 AWG or thicker" in found.words


def test_rings_on_8_awg_are_good_enough_and_so_is_12_awg() -> None:
    assert judge(plan(), RINGS).good_enough
    assert judge(plan(), Lead(12)).good_enough


def test_without_a_state_of_charge_the_hours_are_unknown_and_the_rest_is_told() -> None:
    found = judge(plan(soc_low=None), CLIPS)
    assert found.lost_s is None and "flow on the plateau" in found.words


def test_the_usual_leads_go_from_best_to_worst() -> None:
    ohms = [report.resistance_ohm for report in compare(plan())]
    assert ohms == sorted(ohms) and len(ohms) == len(USUAL)


@pytest.mark.parametrize(("ohm", "words"), [(0.0052, "as expected"), (0.030, "loose or dirty"), (0.001, "less than this pair can have")])
def test_the_measured_resistance_stands_beside_it(ohm: float, words: str) -> None:
    assert words in judge(plan(), RINGS, ohm).measured
    assert judge(plan(), RINGS).measured == ""


def test_the_plans_wiring_does_not_matter() -> None:
    assert judge(plan(arrangement="8S"), CLIPS) == judge(plan(), CLIPS)


def test_rings_are_sized_to_the_stud() -> None:
    assert "6 mm for M6" in ring_for_stud(6) and "8 mm ring works" in ring_for_stud(6)
    assert "8 mm for M8" in ring_for_stud(8)
    assert "sized to the stud" in ring_for_stud(None)
    assert "welding cable" in lead_choice.CABLE and "12 AWG is adequate" in lead_choice.CABLE
