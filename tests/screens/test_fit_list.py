"""The procedure in Setup: what fits, the fields that belong to it, the model of the cells, a queue that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from host import home_in, on_loop, until
from test_setup import PLAN, SIZES, setup

from tui.bench.messages import Start
from tui.domain.catalogue import models
from tui.domain.fits import Choice, Fit
from tui.domain.plan import Plan
from tui.domain.procedures import export
from tui.panes import draft as drafts
from tui.panes.fit_list import FitList, hours_words, note_of, title_of
from tui.panes.model_choice import ModelChoice
from tui.panes.setup_records import Known, left_of
from tui.records.inventory import Inventory
from tui.records.models import Models
from tui.records.own_procedures import OwnProcedures
from tui.records.sessions import Sessions

ANSWERS = {spec.name: spec.default for spec in drafts.FIELDS}


def shown(bench) -> set[str]:
    return {spec.name for spec in drafts.FIELDS if bench.row(spec.name).display}


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_what_fits_is_seen_at_a_glance_with_hours_and_why_not(tmp_path, size):
    async with setup(tmp_path, size=size) as bench:
        await until(bench.pilot, lambda: "▶✓ Parallel, single step" in bench.text and "★ Pre-charge, then parallel" in bench.text)
        assert "What fits" in bench.text
        assert " h " in next(line for line in bench.text.splitlines() if "Parallel, single" in line and "✓" in line)
        await bench.type("rating", "12V/10A")
        await until(bench.pilot, lambda: "✗ Series pre-charge" in bench.text)
        fits = bench.app.query_one(FitList)
        fits.focus()
        await bench.pilot.press("down", "question_mark")
        await until(bench.pilot, lambda: "29.20 V" in bench.text)
        await bench.pilot.press("escape")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_list_fills_the_field_and_f5_starts_what_was_chosen(tmp_path, size):
    async with setup(tmp_path, size=size) as bench:
        bench.app.query_one(FitList).focus()
        await bench.pilot.press("down", "down", "enter")
        await until(bench.pilot, lambda: bench.row("procedure").value == "step-and-pause")
        await bench.type("derating", "80%")
        await bench.pilot.press("f5")
        await until(bench.pilot, lambda: bench.app.link.sent)
        (start,) = bench.app.link.sent
        assert isinstance(start, Start)
        assert Plan.from_json(start.plan).procedure == "step-and-pause"


@on_loop
async def test_the_field_goes_through_the_procedures_and_the_list_follows(tmp_path):
    async with setup(tmp_path) as bench:
        bench.row("procedure").editor.focus()
        await bench.pilot.press("right")
        await until(bench.pilot, lambda: bench.app.query_one(FitList).chosen == "step-and-pause")


@pytest.mark.parametrize(
    ("procedure", "seen", "hidden"),
    [
        ("parallel", {"end_rule", "arrangement", "service"}, {"pack", "soak", "stages", "pause", "assembled"}),
        ("step-and-pause", {"stages", "pause"}, {"pack", "soak", "assembled"}),
        ("single-cell", {"assembled"}, {"arrangement", "pack", "stages"}),
        ("precharge", {"pack", "soak"}, {"end_rule", "end_current", "stages"}),
        ("precharge+parallel", {"pack", "soak", "end_rule"}, {"stages", "assembled"}),
    ],
)
@on_loop
async def test_fields_are_shown_where_they_matter(tmp_path, procedure, seen, hidden):
    async with setup(tmp_path) as bench:
        bench.pane.fill({"procedure": procedure})
        await until(bench.pilot, lambda: seen <= shown(bench) and not hidden & shown(bench))


@pytest.mark.parametrize(
    ("procedure", "figures"),
    [("precharge", ("280 Ah", "29.20 V")), ("single-cell", ("280 Ah", "56.00 A")), ("parallel", ("2240 Ah", "448 A"))],
)
@on_loop
async def test_the_figures_are_those_of_what_is_charged(tmp_path, procedure, figures):
    async with setup(tmp_path, size=(120, 40)) as bench:
        bench.pane.fill({"procedure": procedure})
        await until(bench.pilot, lambda: bench.pane.draft.plan.procedure == procedure)
        texts = [row.text for row in bench.pane.reading.rows]
        assert all(any(figure in text for text in texts) for figure in figures)
        assert ("end-current" in [row.figure.id for row in bench.pane.reading.rows]) == (procedure != "precharge")


@on_loop
async def test_typing_filters_the_catalogue_and_choosing_fills_capacity_and_limit(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("model", "lf280k")
        await bench.pilot.press("f6")
        await until(bench.pilot, lambda: isinstance(bench.app.screen, ModelChoice))
        await until(bench.pilot, lambda: "EVE LF280K" in bench.text)
        await bench.pilot.press("enter")
        await until(bench.pilot, lambda: bench.row("model").value == "EVE LF280K")
        assert bench.row("capacity").value == "280Ah"
        model = next(model for model in models() if model.title == "EVE LF280K")
        assert model.thread in bench.row("model").message and "mΩ" in bench.row("model").message
        assert bench.pane.draft.plan is not None
        assert bench.pane.draft.plan.model == model.id
        assert bench.row("cell_limit").value.endswith("A")


@on_loop
async def test_a_model_of_ones_own_is_kept_with_what_stands_in_setup(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("model", "garage 100")
        await bench.type("capacity", "102Ah")
        await bench.type("cell_limit", "50A")
        bench.row("model").editor.focus()
        await bench.pilot.press("f6")
        await until(bench.pilot, lambda: "F6 keeps “garage 100” of 102 Ah" in " ".join(bench.text.split()))
        await bench.pilot.press("f6")
        await until(bench.pilot, lambda: Models(home_in(tmp_path)).list())
    (model,) = Models(home_in(tmp_path)).list()
    assert (model.title, model.capacity_ah, model.max_charge_a) == ("garage 100", 102, 50)


@on_loop
async def test_own_procedures_stand_among_the_others_and_a_faulty_one_says_its_line(tmp_path):
    own = OwnProcedures(home_in(tmp_path))
    own.save("mild", export("parallel", PLAN))
    own.save("broken", "this = ")
    async with setup(tmp_path) as bench:
        await until(bench.pilot, lambda: "✓ own: mild" in bench.text and "✗ own: broken" in bench.text)
        bench.pane.fill({"procedure": "own:broken"})
        await until(bench.pilot, lambda: "procedure" in bench.pane.errors)
        bench.pane.fill({"procedure": "own:mild"})
        await until(bench.pilot, lambda: not bench.pane.errors)
        await bench.pilot.press("f5")
        await until(bench.pilot, lambda: bench.app.link.sent)
        (start,) = bench.app.link.sent
        assert Plan.from_json(start.plan).procedure == "own:mild"


@on_loop
async def test_why_of_the_end_rule_shows_each_in_amperes_and_in_c(tmp_path):
    async with setup(tmp_path, size=(120, 40)) as bench:
        bench.row("end_rule").editor.focus()
        await bench.pilot.press("question_mark")
        await until(bench.pilot, lambda: "0.10 A = 0.000045C of the bank" in " ".join(bench.text.split()))
        assert "On reaching the volts" in bench.text


@on_loop
async def test_a_model_that_is_not_in_the_catalogue_stops_nothing(tmp_path):
    async with setup(tmp_path) as bench:
        await bench.type("model", "no such cell")
        assert "Not in the catalogue" in bench.row("model").message
        assert bench.pane.draft.plan is not None and bench.pane.draft.plan.model == ""


@on_loop
async def test_a_queue_of_cells_that_was_stopped_is_offered_and_filled_in(tmp_path):
    home = home_in(tmp_path)
    Inventory(home).add_many({"label": f"D{number}", "capacity_ah": 280} for number in range(1, 5))
    cells = tuple(replace(cell, id=found.id) for cell, found in zip(PLAN.cells, Inventory(home).list(), strict=False))
    sessions = Sessions(home)
    row = sessions.create(replace(PLAN, cells=cells, procedure="single-cell", arrangement=""), started_unix_s=1e9)
    parts = [
        {"title": "D1", "cells": ["D1"], "reason": "end rule", "by_rule": True},
        {"title": "D2", "cells": ["D2"], "reason": "stopped", "by_rule": False},
    ]
    sessions.finish(row.id, result="stopped", ended_unix_s=1e9 + 60, parts=parts)
    async with setup(tmp_path, demo=False) as bench:
        await until(bench.pilot, lambda: "D1 balanced, D2, D3, D4 left" in bench.text)
        await bench.pilot.press("f9")
        await until(bench.pilot, lambda: bench.row("cells").value == "D2, D3, D4")
        assert bench.row("procedure").value == "single-cell"
        assert bench.pane.draft.plan is not None
        assert [cell.label for cell in bench.pane.draft.plan.cells] == ["D2", "D3", "D4"]


def test_a_queue_that_ended_or_another_procedure_leaves_nothing(tmp_path):
    sessions = Sessions(home_in(tmp_path))
    row = sessions.create(PLAN, started_unix_s=1e9)
    assert left_of(sessions.list()) is None
    sessions.finish(row.id, result="balanced", ended_unix_s=1e9 + 60, parts=[{"cells": ["D1"], "by_rule": True}])
    assert left_of(sessions.list()) is None


def test_one_model_that_fits_what_was_typed_is_that_model():
    known = Known(models=models())
    assert known.find_model("EVE LF280K") is not None
    assert known.find_model("eve") is None  # many
    assert known.find_model("nothing like it") is None


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [
        (None, None, ""),
        (2700, 4200, "45–70 min"),
        (5760, 6480, "1.6–1.8 h"),
        (12600, 18720, "3.5–5.2 h"),
        (349200, 439200, "97–122 h"),
        (54000, 54100, "≈15 h"),
    ],
)
def test_hours_are_short(low_s, high_s, words):
    assert hours_words(low_s, high_s) == words


def test_the_note_says_why_not_or_why_recommended():
    assert note_of(Fit("level", False, "It needs two cells."), None) == "Does not fit: It needs two cells."
    assert note_of(Fit("parallel", True, note="n."), Choice("parallel", "It is best.")) == "Recommended: It is best."
    assert title_of("own:mild") == "own: mild"


@pytest.mark.parametrize(
    ("field", "text", "part", "value"),
    [
        ("stages", "3.45, 3.55, 3.65 V", "stages_v", (3.45, 3.55, 3.65)),
        ("stages", "3,40 3,50 3,60", "stages_v", (3.4, 3.5, 3.6)),
        ("stages", "3400 3500 mV", "stages_v", (3.4, 3.5)),
        ("stages", "", "stages_v", ()),
        ("pause", "15 min", "pause_s", 900),
        ("pack", "2p4s", "pack", "2P4S"),
        ("soak", "12 h", "soak_s", 43200),
        ("assembled", "yes", "assembled", True),
        ("service", "3,55", "service_v", 3.55),
        ("service", "", "service_v", None),
        ("cell_limit", "140 A", "cell_limit_a", 140),
    ],
)
def test_choices_of_procedures_are_read(field, text, part, value):
    procedure = {
        "stages": "step-and-pause",
        "pause": "step-and-pause",
        "pack": "precharge",
        "soak": "precharge",
        "assembled": "single-cell",
    }
    draft = drafts.read_draft({**ANSWERS, "procedure": procedure.get(field, "parallel"), field: text})
    assert draft.messages == {}
    assert getattr(draft.plan, part) == pytest.approx(value) if not isinstance(value, str | None) else getattr(draft.plan, part) == value


@pytest.mark.parametrize(
    ("field", "text", "words"), [("stages", "3.55 3.45", "rise"), ("stages", "high", "no stages"), ("pack", "5S", "bank has 8")]
)
def test_what_cannot_be_read_is_told_where_it_matters_and_counts_for_nothing_elsewhere(field, text, words):
    answers = {**ANSWERS, field: text}
    draft = drafts.read_draft({**answers, "procedure": "precharge+step-and-pause"})
    assert draft.plan is None and words in draft.messages[field]
    hidden = drafts.read_draft({**answers, "procedure": "single-cell"})
    assert hidden.plan is not None and hidden.messages == {}


def test_a_plan_with_every_choice_fills_the_fields_that_make_it_again():
    plan = replace(
        PLAN,
        procedure="precharge+step-and-pause",
        pack="2P4S",
        stages_v=(3.4, 3.5, 3.6),
        target_v=3.6,
        pause_s=600.0,
        soak_s=43200.0,
        cell_limit_a=140.0,
        service_v=3.55,
        derating=0.8,
        assembled=True,
    )
    answers = {**ANSWERS, **drafts.answers_of(plan.to_json())}
    assert drafts.read_draft(answers, base=PLAN).plan == plan
