"""Set-up faults F-10 to F-16: the cells, their records, and what hands joined, with an interface and with knobs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests.bench.setup_words import Make, answer, asked, at, both, card_text, no_reason_helps, start_refused, warned
from tui.bench.messages import Answer, Finish, Override
from tui.cli import cli
from tui.domain.plan import PlanCell
from tui.records.inventory import Inventory
from tui.records.journal import Journal
from tui.records.journal_reading import read
from tui.records.places import Home
from tui.records.sessions import Session, Sessions
from tui.records.store import transaction

CODE = "04QCB76836300JBC40000903"
TOGETHER = "are meant to be together"


def inventory_of(place: Home, **values: object) -> Inventory:
    """Four cells alike, as the plans of these tests name them."""
    inventory = Inventory(place)
    inventory.add_many({"label": f"A{number}", "capacity_ah": 100.0, **values} for number in range(1, 5))
    return inventory


def id_of(inventory: Inventory, label: str) -> str:
    cell = inventory.by_label(label)
    assert cell is not None
    return cell.id


# --- F-10 unlike cells -------------------------------------------------------------------------------------------


def unlike_needs_a_reason(run, *words: str) -> None:
    run.start()
    warned(run, *words)
    assert run.step_id == "mixed"
    assert all(word in asked(run).instruction for word in words)
    assert "the reason why they are mixed" in answer(run, mixed=TOGETHER)
    prompt = asked(run)
    assert prompt.overridable and run.step_id == "mixed"
    assert not run.send(Override(prompt.id, "")).ok
    assert run.send(Override(prompt.id, "a boat's spare cells, all tested last week")).ok
    assert run.step_id == "threads"
    session = run.bench.running.recorder.id
    lines = list(read(run.bench.home.sessions_dir / f"{session}.jsonl"))
    assert [line["text"] for line in lines if line["kind"] == "override"] == ["a boat's spare cells, all tested last week"]


@both
def test_f10_cells_of_two_makers_need_a_typed_reason(drive: Make, place: Home, supply: str) -> None:
    inventory = inventory_of(place, maker="EVE")
    inventory.edit(id_of(inventory, "A3"), maker="CATL")
    unlike_needs_a_reason(drive(supply=supply), "in maker", "EVE and CATL")


def test_f10_the_maker_may_be_known_by_the_code_alone(drive: Make, place: Home) -> None:
    inventory = inventory_of(place, maker="CATL")
    inventory.edit(id_of(inventory, "A3"), maker="", code=CODE)
    unlike_needs_a_reason(drive(), "in maker", "EVE and CATL")


@both
def test_f10_cells_of_two_capacities_need_a_typed_reason(drive: Make, place: Home, supply: str) -> None:
    run = drive(supply=supply)
    cells = (*run.plan.cells[:3], PlanCell("A4", 90.0))
    run.plan = replace(run.plan, cells=cells)
    unlike_needs_a_reason(run, "in capacity", "90 to 100 Ah")


@both
def test_f10_who_says_that_they_do_not_belong_together_gets_no_further(drive: Make, place: Home, supply: str) -> None:
    run = drive(supply=supply)
    run.plan = replace(run.plan, cells=(*run.plan.cells[:3], PlanCell("A4", 90.0)))
    at(run, "mixed")
    assert "End this session" in answer(run, mixed="do not belong together")
    no_reason_helps(run)


def test_f10_cells_alike_are_asked_nothing(drive: Make, place: Home) -> None:
    inventory = inventory_of(place, maker="EVE")
    inventory.edit(id_of(inventory, "A2"), maker="EVE Energy")  # the same, with more words
    inventory.edit(id_of(inventory, "A3"), maker="")  # unknown is not another
    run = drive()
    run.start()
    assert run.step_id == "threads"
    assert run.snapshot().alarms == ()


@both
def test_f10_another_chemistry_is_refused_whatever_the_reason(drive: Make, place: Home, supply: str) -> None:
    inventory_of(place)
    with transaction(place.inventory) as store:  # as an older program or another hand left it
        store.table("cells").update({"chemistry": "NMC"}, lambda record: record["label"] == "A2")
    message = start_refused(drive(supply=supply))
    assert "A2 is NMC" in message and "No reason passes" in message
    assert Sessions(place).list() == []


# --- F-11 cells that are taken or unfit --------------------------------------------------------------------------


def left_open(drive: Make, place: Home) -> Session:
    """A session with these cells that a crash left open."""
    run = drive()
    run.start()
    run.bench.close()  # as after kill -9: nothing is ended, the files are let go
    session = Sessions(place).list()[-1]
    assert session.state == "running"
    return session


@both
def test_f11_a_cell_of_a_session_that_was_never_ended_is_refused_by_that_sessions_name(drive: Make, place: Home, supply: str) -> None:
    open_one = left_open(drive, place)
    message = start_refused(drive(supply=supply))
    assert "Cell A1" in message and open_one.id in message and open_one.bank in message
    assert "Resume that session or end it" in message
    assert len(Sessions(place).list()) == 1
    other = drive(supply=supply, cells=8)
    other.plan = replace(other.plan, arrangement="4P", cells=tuple(PlanCell(f"A{number}", 100.0) for number in range(5, 9)))
    other.start()  # other cells are free


def test_f11_a_cell_that_another_bench_charges_now_is_refused(drive: Make, place: Home) -> None:
    first = drive()
    first.start()
    message = start_refused(drive(supply="manual"))
    assert first.bench.running.recorder.id in message and "runs now in another bench" in message
    first.send(Finish("done with these"))
    first.step(5.0)
    drive(supply="manual").start()


@pytest.mark.parametrize("state", ["resting", "ended"])
def test_f11_a_session_that_only_rests_holds_no_cells(drive: Make, place: Home, state: str) -> None:
    open_one = left_open(drive, place)
    Sessions(place).finish(open_one.id, result="balanced", ended_unix_s=open_one.started_unix_s + 60, resting=state == "resting")
    assert Sessions(place).get(open_one.id).state == state
    drive().start()


def test_f11_a_row_behind_its_journals_end_holds_no_cells(drive: Make, place: Home) -> None:
    open_one = left_open(drive, place)
    journal = Journal(Sessions(place).journal_path(open_one.id), create=False)
    journal.append("session_end", test_time_s=60.0, unix_time_s=open_one.started_unix_s + 60, durable=True, result="stopped")
    journal.close()
    drive().start()


@both
@pytest.mark.parametrize("state", ["suspect", "scrapped"])
def test_f11_a_suspect_or_scrapped_cell_is_refused_and_nothing_is_added(drive: Make, place: Home, supply: str, state: str) -> None:
    inventory = Inventory(place)
    bad = inventory.add(label="A2", capacity_ah=100.0)
    inventory.set_state(bad.id, state, "it got warm")
    message = start_refused(drive(supply=supply))
    assert f"Cell A2 is marked {state}" in message and "Leave it out" in message
    assert [cell.label for cell in inventory.list()] == ["A2"]


# --- F-12 codes --------------------------------------------------------------------------------------------------


def cells_add(label: str, code: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["cells", "add", label, "--capacity", "280Ah", "--code", code])
    return done.exit_code, done.output


def test_f12_the_same_code_scanned_twice_is_refused(place: Home) -> None:
    assert cells_add("A1", CODE)[0] == 0
    for again in (CODE, CODE.lower(), CODE[13:] + CODE[:13]):
        status, said = cells_add("A2", again)
        assert status == 2 and "is on cell A1 already" in said
    assert [cell.label for cell in Inventory(place).list()] == ["A1"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (CODE[13:] + "\n" + CODE[:13], f"The other way round it reads {CODE}"),
        (CODE.replace("QCB", "QPB"), "code of a pack"),
        (CODE.replace("QCB", "QMB"), "code of a module"),
        ("A765101015", "10 characters"),
        ("04qcb76r1bc40000903", "second life"),
    ],
)
def test_f12_a_doubtful_code_is_a_warning_and_kept_as_it_was_scanned(place: Home, raw: str, words: str) -> None:
    status, said = cells_add("A1", raw)
    assert status == 0
    assert words in said and "A1 added" in said
    assert Inventory(place).list()[0].code_raw == raw


def test_f12_a_sound_code_says_nothing(place: Home) -> None:
    assert cells_add("A1", CODE) == (0, "A1 added\n")


# --- F-13 what the eye finds -------------------------------------------------------------------------------------


@both
def test_f13_a_swollen_or_leaking_cell_is_refused_whatever_the_reason(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "visual")
    refusal = answer(run, visual="some swollen or leaking")
    assert "not charged here, whatever the reason" in refusal and "outdoors" in refusal
    no_reason_helps(run)


@both
def test_f13_a_dented_cell_is_a_warning(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "visual")
    assert answer(run, visual="some dented") == ""
    warned(run, "Dented cells", "warmth")
    assert run.step_id == "temperature"


# --- F-14 and F-15 what hands joined -----------------------------------------------------------------------------


@both
def test_f14_a_worn_thread_is_a_warning_and_the_torque_is_shown_as_not_the_makers(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "threads")
    for step in ("threads", "wire"):
        text = card_text(run, step)
        assert "M6: 4.5 to 6.3 N·m" in text and "No cell maker publishes a value" in text
    assert "a busbar lies flat on both posts" in card_text(run, "wire")
    assert "fit each stud once" in card_text(run, "threads")
    assert answer(run, threads="worn or stripped on some post") == ""
    warned(run, "does not hold its nut", "leave that cell out")
    assert run.step_id == "visual"


def test_f14_an_empty_answer_is_none(drive: Make) -> None:
    run = drive()
    prompt = at(run, "threads")
    assert not run.send(Answer(prompt.id, {})).ok
    assert run.step_id == "threads"


@both
def test_f15_both_leads_at_one_end_are_a_warning_with_the_time_that_it_costs(drive: Make, supply: str) -> None:
    run = drive(supply=supply, cells=8, capacity_ah=280.0)
    at(run, "connect")
    assert "Both leads at the same end" in card_text(run, "connect")
    assert answer(run, hookup="both at the same end") == ""
    warned(run, "the far cells are charged last", "up to 51 min more", "With the output off")
    run.go_to("charge")  # it may be charged so


@both
def test_f15_across_the_diagonal_and_with_one_cell_nothing_is_said(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    at(run, "charge")
    assert not any("end" in alarm.title for alarm in run.snapshot().alarms)
    run.send(Finish("on with one cell"))
    run.step(5.0)
    one = drive(supply=supply, cells=1)
    prompt = at(one, "connect")
    assert prompt.fields == ()


# --- F-16 thin leads ---------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("lead_mohm", "amps"), [(60.0, 10.0), (18.0, 20.0)])
def test_f16_leads_that_lose_much_are_a_warning_with_the_time_with_and_without_them(
    drive: Make, supply: str, lead_mohm: float, amps: float
) -> None:
    """Over 30 mΩ, or over 5 W of heat in them."""
    run = drive(supply="RD6030" if supply != "manual" and amps > 12 else supply, soc=0.9, lead_mohm=lead_mohm, amps=amps, cells=8)
    run.start()
    warned(run, f"Leads of {lead_mohm:.1f} mΩ lose", "W into heat", "With them the charge takes up to", "with good ones")


def test_f16_good_leads_are_no_warning(drive: Make) -> None:
    run = drive(soc=0.9, lead_mohm=5.0)
    run.start()
    assert not any("Leads of" in alarm.text for alarm in run.snapshot().alarms)
