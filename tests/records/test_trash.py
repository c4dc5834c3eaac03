"""The trash: what is deleted comes back as it was, until the trash is emptied; a crash between row and files leaves nothing behind."""

from __future__ import annotations

import os
import random
import select
import signal
from pathlib import Path

import pytest

from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records import session_files, trash_table
from tui.records.banks import Banks
from tui.records.cell import DuplicateCode, DuplicateLabel
from tui.records.integrity import check_session
from tui.records.inventory import CellGone, Inventory
from tui.records.journal import Journal, read, verify
from tui.records.places import Home
from tui.records.session_files import trash_folder
from tui.records.sessions import Session, SessionBusy, SessionGone, Sessions
from tui.records.trash import NotInTrash, Trash

START_S = 1_760_000_000.0


@pytest.fixture
def inventory(place: Home) -> Inventory:
    inventory = Inventory(place)
    inventory.add_many([{"label": "A1", "code": "X1", "extra": {"Grade": "A"}}, {"label": "A2"}])
    return inventory


@pytest.fixture
def ended(place: Home, inventory: Inventory) -> Session:
    """A session that ended, with journal, curve and a torn piece, as files lie after a crash and a continuation."""
    return made(place, inventory)


def made(place: Home, inventory: Inventory, *, end: bool = True) -> Session:
    sessions = Sessions(place)
    cells = tuple(PlanCell(cell.label, 280.0, cell.id) for cell in inventory.list())
    plan = Plan(bank="boat", cells=cells, supply=PlanSupply("manual", 30.0, 10.0))
    session = sessions.create(plan, started_unix_s=START_S, before_v={"A1": 3.3, "A2": 3.3})
    with Journal(sessions.journal_path(session.id), create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S, data={"plan": plan.to_json()})
        for second in range(5):
            journal.append("reading", test_time_s=float(second), unix_time_s=START_S + second, cells_v=3.5, current_a=9.0)
        if end:
            journal.append("session_end", test_time_s=60.0, unix_time_s=START_S + 60, result="balanced", durable=True)
        head = journal.head_hash
    sessions.curve_path(session.id).write_bytes(b'{"curve":1}\n')
    sessions.journal_path(session.id).with_name(f"{session.id}.jsonl.torn-1").write_bytes(b"{half")
    if not end:
        return sessions.get(session.id)
    return sessions.finish(session.id, result="balanced", ended_unix_s=START_S + 60, end_v={"A1": 3.65, "A2": 3.65}, journal_head=head)


def files_of(folder: Path, session: Session) -> set[str]:
    return {file.name.removeprefix(session.id) for file in folder.iterdir() if file.name.startswith(session.id)}


ALL = {".jsonl", ".curve.jsonl", ".jsonl.torn-1"}


def test_a_deleted_cell_comes_back_with_its_log_and_says_who_deleted_it(place: Home, inventory: Inventory, monkeypatch) -> None:
    monkeypatch.setattr(trash_table, "user_name", lambda: "ada")
    cell = inventory.list()[0]
    trash_id = inventory.delete(cell.id)
    with pytest.raises(CellGone):
        inventory.get(cell.id)
    (found,) = Trash(place).list()
    assert (found.id, found.kind, found.name, found.by) == (trash_id, "cell", "A1", "ada")
    assert Trash(place).restore(trash_id) == found
    assert inventory.get(cell.id) == cell
    assert Trash(place).list() == []
    with pytest.raises(NotInTrash, match="trash list"):
        Trash(place).restore(trash_id)


def test_a_cell_whose_label_or_code_is_taken_meanwhile_comes_back_under_another_or_stays(place: Home, inventory: Inventory) -> None:
    trash_id = inventory.delete(inventory.list()[0].id)
    other = inventory.add(label="a1")
    with pytest.raises(DuplicateLabel):
        Trash(place).restore(trash_id)
    inventory.edit(other.id, code="x 1")
    with pytest.raises(DuplicateCode):
        Trash(place).restore(trash_id, name="A9")
    assert [one.id for one in Trash(place).list()] == [trash_id]
    inventory.edit(other.id, code="")
    Trash(place).restore(trash_id, name="A9")
    back = inventory.by_label("A9")
    assert back is not None and back.code == "X1"
    assert back.log[-1]["changed"] == {"label": ["A1", "A9"]}


def test_a_cell_learns_what_a_session_found_while_it_was_away(place: Home, inventory: Inventory) -> None:
    session = made(place, inventory, end=False)
    trash_id = inventory.delete(inventory.list()[0].id)
    done = Sessions(place).finish(session.id, result="balanced", ended_unix_s=START_S + 60, end_v={"A1": 3.65, "A2": 3.65})
    assert "A1" in done.cells_problem
    Trash(place).restore(trash_id)
    cell = inventory.by_label("A1")
    assert cell is not None and cell.state == "balanced"
    assert Sessions(place).get(session.id).cells_problem == ""


def test_a_bank_comes_back_with_its_plan(place: Home) -> None:
    banks = Banks(place)
    kept = banks.save("boat", ["c-1"], {"target_v": 3.6}, unix_s=1.0)
    trash_id = banks.delete("boat")
    assert banks.list() == [] and banks.delete("boat") == ""
    banks.save("boat", [])
    with pytest.raises(ValueError, match="already"):
        Trash(place).restore(trash_id)
    Trash(place).restore(trash_id, name="old boat")
    back = banks.get("old boat")
    assert back is not None and (back.id, back.cells, back.plan) == (kept.id, kept.cells, kept.plan)


def test_a_session_goes_with_its_files_and_its_chain_holds_there_and_after(place: Home, ended: Session) -> None:
    sessions = Sessions(place)
    before = check_session(sessions, ended)
    assert before.ok
    content = sessions.journal_path(ended.id).read_bytes()
    trash_id = sessions.delete(ended.id)
    with pytest.raises(SessionGone):
        sessions.get(ended.id)
    assert files_of(place.sessions_dir, ended) == set()
    assert files_of(trash_folder(place), ended) == ALL
    report = verify(trash_folder(place) / f"{ended.id}.jsonl")
    assert report.ok and report.head_hash == ended.journal_head
    assert trash_folder(place).stat().st_mode & 0o777 == 0o700
    Trash(place).restore(trash_id)
    assert sessions.get(ended.id) == ended
    assert files_of(place.sessions_dir, ended) == ALL
    assert sessions.journal_path(ended.id).read_bytes() == content
    assert check_session(sessions, ended) == before


def test_a_session_without_an_end_cannot_be_deleted(place: Home, inventory: Inventory) -> None:
    sessions = Sessions(place)
    running = made(place, inventory, end=False)
    with pytest.raises(SessionBusy, match="no end yet"):
        sessions.delete(running.id)
    sessions.finish(running.id, result="stopped", ended_unix_s=START_S)
    with Journal(sessions.journal_path(running.id), create=False), pytest.raises(SessionBusy):
        sessions.delete(running.id)
    assert files_of(place.sessions_dir, running) == ALL and Trash(place).list() == []
    sessions.delete(running.id)


@pytest.mark.parametrize("moves", range(4))
def test_a_crash_between_the_row_and_its_files_is_made_good(
    place: Home, ended: Session, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """The program dies after the row was changed and some of three files were moved, in both directions."""
    sessions = Sessions(place)

    def crash_after(count: int):
        left = [count]
        move = session_files._move

        def moving(file: Path, folder: Path) -> bool:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return move(file, folder)

        return moving

    with monkeypatch.context() as patch:
        patch.setattr(session_files, "_move", crash_after(moves))
        if moves < 3:
            with pytest.raises(KeyboardInterrupt):
                sessions.delete(ended.id)
        else:
            sessions.delete(ended.id)
    assert len(files_of(trash_folder(place), ended)) == moves
    (one,) = Trash(place).list()
    assert files_of(trash_folder(place), ended) == ALL and files_of(place.sessions_dir, ended) == set()
    with monkeypatch.context() as patch:
        patch.setattr(session_files, "_move", crash_after(moves))
        if moves < 3:
            with pytest.raises(KeyboardInterrupt):
                Trash(place).restore(one.id)
        else:
            Trash(place).restore(one.id)
    sessions.settle()  # what every start of the bench does
    assert files_of(place.sessions_dir, ended) == ALL and files_of(trash_folder(place), ended) == set()
    assert check_session(sessions, sessions.get(ended.id)).ok


def test_emptied_it_is_gone_and_nothing_else_is(place: Home, inventory: Inventory, ended: Session) -> None:
    sessions, banks = Sessions(place), Banks(place)
    other = made(place, inventory)
    banks.save("boat", [])
    sessions.delete(ended.id)
    inventory.delete(inventory.list()[0].id)
    banks.delete("boat")
    gone, size = Trash(place).empty(older_than_s=3600.0)
    assert (gone, size) == ([], 0)
    (trash_folder(place) / "19990101-0000-aaaa.jsonl").write_bytes(b"left by a crash while emptying")
    gone, size = Trash(place).empty()
    assert sorted(one.kind for one in gone) == ["bank", "cell", "session"]
    assert size > 100
    assert Trash(place).list() == [] and list(trash_folder(place).iterdir()) == []
    assert check_session(sessions, sessions.get(other.id)).ok and files_of(place.sessions_dir, other) == ALL
    assert [cell.label for cell in inventory.list()] == ["A2"]


def test_killed_at_any_moment_nothing_is_lost_between_history_and_trash(place: Home, inventory: Inventory) -> None:
    """A process deletes and brings back as fast as it can, and is killed. Every session is in one place, whole."""
    chance, sessions = random.Random(6), Sessions(place)
    made_ = [made(place, inventory) for _ in range(4)]
    heads = {session.id: session.journal_head for session in made_}
    for _ in range(12):
        child = os.fork()
        if child == 0:
            try:
                while True:
                    for session in sessions.list():
                        sessions.delete(session.id)
                    for one in Trash(place).list():
                        Trash(place).restore(one.id)
            finally:
                os._exit(1)  # a forked child must never return into the test runner
        select.select([], [], [], 0.02 + chance.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        thrown = {one.record["id"] for one in Trash(place).list()}
        sessions.settle()
        here = {session.id for session in sessions.list()}
        assert here | thrown == heads.keys() and not here & thrown
        for session in made_:
            folder = place.sessions_dir if session.id in here else trash_folder(place)
            assert files_of(folder, session) == ALL
            assert verify(folder / f"{session.id}.jsonl").head_hash == heads[session.id]


def test_a_damaged_history_moves_no_file(place: Home, ended: Session) -> None:
    Sessions(place).delete(ended.id)
    place.sessions_db.write_bytes(b"{half")
    session_files.place_files(place)
    assert session_files.remove_files(place) == 0
    assert files_of(trash_folder(place), ended) == ALL
    assert list(read(trash_folder(place) / f"{ended.id}.jsonl"))
