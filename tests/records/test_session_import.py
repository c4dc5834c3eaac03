"""Sessions exported in one home and taken into another: the same row, the same bytes, the same proof; and nothing of what is not ours."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.domain_plans import plan
from tests.made_session import START_S, Made
from tui.domain.plan import PlanCell
from tui.records import session_import
from tui.records.curve import load_curve
from tui.records.export import export_session
from tui.records.integrity import check_session
from tui.records.inventory import Inventory
from tui.records.journal import Journal
from tui.records.places import Home, home_at
from tui.records.session_import import ImportRefused, files_in, import_session, look_at
from tui.records.sessions import Session, SessionBusy, Sessions
from tui.records.trash import Trash

OWN = {"imported_unix_s", "cells_pending", "cells_problem"}


@pytest.fixture
def other(tmp_path: Path) -> Home:
    """The home that it is taken into."""
    return new_home(tmp_path / "other")


def new_home(folder: Path) -> Home:
    place = home_at(folder)
    place.create()
    return place


def exported(place: Home, session: Session, folder: Path) -> Path:
    store = Sessions(place)
    (path,) = export_session(store, store.get(session.id), folder, form="json")
    return path


def ended(place: Home, **kinds: object) -> Session:
    made = Made(place, **kinds)
    made.line("step_enter", step_id="charge", text="Charge")
    made.line("override", step_id="charge", text="the meter is good enough", data={"spread_v": 0.2})
    made.line("limit_changed", text="silence from 30 min to 60 min")
    for second in range(30):
        made.reading(cells_v=round(3.4 + second / 1000, 4), per_cell_v={"A1": 3.4})
    return made.end(end_v={"A1": 3.65, "A2": 3.64, "A3": 3.65, "A4": 3.65})


def left_open(place: Home) -> Session:
    made = Made(place)
    for _ in range(10):
        made.reading()
    made.journal.close()
    with made.path.open("ab") as file:
        file.write(b'{"seq": 12, "kind": "read')
    return made.store.get(made.session.id)


def as_it_is(place: Home, session: Session) -> dict[str, object]:
    """Everything that must be the same in both homes."""
    store = Sessions(place)
    row = store.get(session.id)
    files = sorted(place.sessions_dir.glob(f"{session.id}.jsonl*"))
    found = check_session(store, row)
    return {
        "row": {name: value for name, value in asdict(row).items() if name not in OWN},
        "files": {file.name: sha256(file.read_bytes()).hexdigest() for file in files},
        "curve": load_curve(store.curve_path(row.id)),
        "proof": (found.ok, found.words, found.head_hash),
    }


def test_a_session_stands_in_another_home_as_it_was(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    store = Sessions(place)
    store.add_rest(session.id, {"A1": 3.35, "A2": 3.34, "A3": 3.35, "A4": 3.33}, START_S + 90_000, temperature_c=21.5)
    found = import_session(other, exported(place, session, tmp_path / "out"))
    assert found.kept and found.words == ""
    assert as_it_is(other, session) == as_it_is(place, session)
    assert Sessions(other).get(session.id).imported_unix_s is not None
    assert (other.sessions_dir / f"{session.id}.jsonl").stat().st_mode & 0o077 == 0


def test_a_look_keeps_nothing(place: Home, other: Home, tmp_path: Path) -> None:
    path = exported(place, ended(place), tmp_path / "out")
    assert look_at(other, path).verdict == "new"
    assert Sessions(other).list() == [] and list(other.sessions_dir.iterdir()) == []


def test_twice_is_once(place: Home, other: Home, tmp_path: Path) -> None:
    path = exported(place, ended(place), tmp_path / "out")
    assert import_session(other, path).kept
    again = import_session(other, path)
    assert (again.verdict, again.kept) == ("here", False)
    assert look_at(place, path).verdict == "here", "and in the home that it comes from"
    assert len(Sessions(other).list()) == 1


def test_what_comes_back_from_another_home_is_known_again(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    import_session(other, exported(place, session, tmp_path / "out"))
    assert look_at(place, exported(other, session, tmp_path / "back")).verdict == "here"


def test_what_is_here_and_differs_is_never_overwritten(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")
    import_session(other, path)
    Sessions(other).add_rest(session.id, {"A1": 3.35}, START_S + 90_000)
    Sessions(place).add_rest(session.id, {"A1": 3.34}, START_S + 90_000)
    path = exported(place, session, tmp_path / "out")
    before = as_it_is(other, session)
    found = import_session(other, path)
    assert found.verdict == "differs" and "row and journal differ" in found.words
    assert as_it_is(other, session) == before


def test_one_of_two_that_goes_further_is_told(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")
    import_session(other, path)
    Sessions(place).add_rest(session.id, {"A1": 3.35}, START_S + 90_000)
    found = look_at(place, path)
    assert found.verdict == "here" and "further here" in found.words
    newer = import_session(other, exported(place, session, tmp_path / "newer"))
    assert newer.verdict == "differs" and "The file goes further" in newer.words
    assert Sessions(other).get(session.id).rests == ()


def test_a_session_that_a_crash_left_open_comes_with_its_torn_end_and_nobody_here_goes_on_with_it(
    place: Home, other: Home, tmp_path: Path
) -> None:
    session = left_open(place)
    assert import_session(other, exported(place, session, tmp_path / "out")).kept
    assert as_it_is(other, session) == as_it_is(place, session)
    there, here = Sessions(place), Sessions(other)
    assert [one.id for one in there.unfinished()] == [session.id] == [one.id for one in there.holding()]
    assert here.unfinished() == [] == here.holding() == here.settle()
    with pytest.raises(SessionBusy):
        there.delete(session.id)
    here.delete(session.id)


def test_one_that_was_taken_up_after_a_crash_brings_the_piece_that_was_torn_off(place: Home, other: Home, tmp_path: Path) -> None:
    session = left_open(place)
    store = Sessions(place)
    with Journal(store.journal_path(session.id), create=False) as journal:
        journal.append("gap", test_time_s=500.0, unix_time_s=START_S + 500, seconds=480.0)
        journal.append("session_end", test_time_s=510.0, unix_time_s=START_S + 510, result="unfinished", durable=True)
        head = journal.head_hash
    store.finish(session.id, result="unfinished", ended_unix_s=START_S + 510, journal_head=head)
    assert import_session(other, exported(place, session, tmp_path / "out")).kept
    assert (other.sessions_dir / f"{session.id}.jsonl.torn-1").read_bytes() == b'{"seq": 12, "kind": "read'
    assert as_it_is(other, session) == as_it_is(place, session)


def test_cells_are_linked_by_id_or_by_code_and_the_others_keep_their_labels(place: Home, other: Home, tmp_path: Path) -> None:
    ours = Inventory(place).add_many([{"label": "A1", "code": "QR-1"}, {"label": "A2", "code": "QR-2"}, {"label": "A3"}])
    cells = tuple(PlanCell(cell.label, 100.0, cell.id) for cell in ours)
    session = ended(place, made=replace(plan(3), cells=cells))
    (there,) = Inventory(other).add_many([{"label": "Z9", "code": "qr-2"}])
    Inventory(other).put_many(lambda _: [replace(ours[0], label="B1")])
    found = import_session(other, exported(place, session, tmp_path / "out"))
    assert found.linked == (("A1", "B1"), ("A2", "Z9"))
    assert [cell.id for cell in Sessions(other).get(session.id).cells] == [ours[0].id, there.id, ours[2].id]
    assert [item["voltage_v"] for item in Inventory(other).get(there.id).log if item["kind"] == "voltage"] == [3.3]
    assert "A3" in found.words and "A2" not in found.words


def test_an_old_session_does_not_move_a_cell_from_where_it_is_now(place: Home, other: Home, tmp_path: Path) -> None:
    (cell,) = Inventory(place).add_many([{"label": "A1"}])
    session = ended(place, made=replace(plan(1), cells=(PlanCell("A1", 100.0, cell.id),)))
    here = Inventory(other)
    here.put_many(lambda _: [replace(cell, log=())])
    here.log(cell.id, "move", pack="Boat", unix_s=START_S + 10**6)
    import_session(other, exported(place, session, tmp_path / "out"))
    assert here.get(cell.id).state == "in pack"
    assert [item["unix_s"] for item in here.get(cell.id).log] == sorted(item["unix_s"] for item in here.get(cell.id).log)


def test_it_is_undone_by_the_trash_and_refused_while_it_lies_there(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")
    import_session(other, path)
    before = as_it_is(other, session)
    trash_id = Sessions(other).delete(session.id)
    found = import_session(other, path)
    assert found.verdict == "differs" and f"trash restore {trash_id}" in found.words
    Trash(other).restore(trash_id)
    assert as_it_is(other, session) == before
    Sessions(other).delete(session.id)
    Trash(other).empty()
    assert import_session(other, path).kept and as_it_is(other, session) == before


def edited(path: Path, before: str, after: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


def hashed_anew(path: Path) -> Path:
    """As somebody who knows the format would hide what they did."""
    data = path.read_bytes()
    at = data.rindex(b' "sha256"')
    path.write_bytes(data[:at] + f' "sha256": "{sha256(data[:at]).hexdigest()}"\n}}\n'.encode())
    return path


def refused(place: Home, path: Path) -> str:
    found = import_session(place, path)
    assert found.verdict == "refused" and not found.kept
    assert Sessions(place).list() == [] and [file for file in place.sessions_dir.iterdir() if file.is_file()] == []
    return found.words


def test_what_was_changed_since_is_refused(place: Home, other: Home, tmp_path: Path) -> None:
    path = exported(place, ended(place), tmp_path / "out")
    whole = path.read_bytes()
    assert "changed or damaged" in refused(other, edited(path, "3.401", "3.501"))
    assert "chain breaks at line" in refused(other, hashed_anew(path))
    path.write_bytes(whole)
    assert "The database says charge_ah 9" in refused(other, hashed_anew(edited(path, '"charge_ah": 8.0', '"charge_ah": 9.0')))
    for cut in (10, len(whole) // 2, len(whole) - 3, len(whole) - 80):
        path.write_bytes(whole[:cut])
        assert "topbalance" in refused(other, path) or "cut off" in refused(other, path) or "damaged" in refused(other, path)
    path.write_bytes(json.dumps(json.loads(whole)).encode())
    assert "another program" in refused(other, path)
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert "another program" in refused(other, path)


def test_a_record_that_held_nowhere_comes_only_when_it_is_wanted_so(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    journal = Sessions(place).journal_path(session.id)
    journal.write_bytes(journal.read_bytes().replace(b"3.41", b"3.91", 1))
    path = exported(place, session, tmp_path / "out")
    assert "--broken" in refused(other, path)
    found = import_session(other, path, broken=True)
    assert found.kept and "chain breaks" in found.words
    assert as_it_is(other, session) == as_it_is(place, session)


def test_what_is_foreign_or_newer_is_told(place: Home, other: Home, tmp_path: Path) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")
    store = Sessions(place)
    for file in export_session(store, session, tmp_path / "bdf"):
        assert "of the bdf export" in refused(other, file)
    with pytest.raises(ImportRefused, match="--format json"):
        files_in([tmp_path / "bdf"])
    edited(path, '"topbalance_session": 2', '"topbalance_session": 3')
    assert "newer topbalance (session format 3" in refused(other, path)
    for text in ("", "{}", "[]", "{\n", '{\n "topbalance_session": 2,\n "journal": [\n', "PK\x03\x04", '{\n "topbalance_session": "x",\n'):
        path.write_text(text)
        assert refused(other, path)
    assert "not there" in import_session(other, tmp_path / "nothing.json").words


def test_a_journal_of_a_newer_program_is_not_taken(place: Home, other: Home, tmp_path: Path) -> None:
    path = exported(place, ended(place), tmp_path / "out")
    assert "newer topbalance" in refused(other, hashed_anew(edited(path, '"format":1', '"format":9')))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"id": "{id}"', '"id": "../../evil"'),
        ('"id": "{id}"', '"id": "/tmp/evil"'),
        ('"id": "{id}"', '"id": ""'),
        ('"bank": "Bank A"', '"bank": "\\u001b[31mBank"'),
        ('"bank": "Bank A"', '"bank": 7'),
        ('"started_unix_s": 1760000000.0', '"started_unix_s": 1e999'),
        ('"started_unix_s": 1760000000.0', '"started_unix_s": -1e14'),
        ('"started_unix_s": 1760000000.0', '"started_unix_s": NaN'),
        ('"state": "resting"', '"state": "odd"'),
        ('"before_v": {{', '"before_v": [], "more": {{'),
        ('"label": "A2"', '"label": "A1"'),
        ('"rests": []', '"rests": [{{"unix_s": 1}}]'),
        ('"parts": []', '"parts": [{{"title": 1}}]'),
        ('"suspects": []', '"suspects": [7]'),
        ('"target_v": 3.65', '"target_v": "high"'),
    ],
)
def test_a_row_that_no_session_has_is_refused(place: Home, other: Home, tmp_path: Path, before: str, after: str) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")
    assert refused(other, hashed_anew(edited(path, before.format(id=session.id), after.format())))
    assert not (tmp_path / "evil").exists()


def test_what_an_earlier_version_exported_is_taken(place: Home, other: Home, tmp_path: Path) -> None:
    """Without cells, without torn pieces, without a hash of its own."""
    session = ended(place)
    store = Sessions(place)
    row = {name: value for name, value in asdict(store.get(session.id)).items() if name != "imported_unix_s"}
    head = json.dumps({"topbalance_session": 1, "exported_by": "0.1.0", "session": row}, ensure_ascii=False, indent=1)[:-2]
    lines = store.journal_path(session.id).read_text().splitlines()
    path = tmp_path / "old.json"
    path.write_text(head + ',\n "journal": [\n' + ",\n".join(lines) + "\n]}\n")
    assert import_session(other, path).kept
    assert as_it_is(other, session) == as_it_is(place, session)


def test_files_that_a_crash_left_without_a_row_are_taken_for_its_own_and_others_are_not(
    place: Home, other: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ended(place)
    path = exported(place, session, tmp_path / "out")

    def dies(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(session_import, "sync_folder", dies)
        import_session(other, path)
    journal = other.sessions_dir / f"{session.id}.jsonl"
    assert journal.exists() and Sessions(other).list() == []
    assert import_session(other, path).kept and as_it_is(other, session) == as_it_is(place, session)
    third = new_home(tmp_path / "third")
    (third.sessions_dir / journal.name).write_bytes(b"somebody's\n")
    found = import_session(third, path)
    assert found.verdict == "refused" and (third.sessions_dir / journal.name).read_bytes() == b"somebody's\n"


def test_a_folder_gives_its_whole_sessions(place: Home, tmp_path: Path) -> None:
    paths = sorted(exported(place, ended(place), tmp_path / "out") for _ in range(2))
    (tmp_path / "out" / "notes.json").write_text("{}")
    assert files_in([tmp_path / "out"]) == paths


text = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=12).filter(str.isprintable)  # what Setup lets in
volts = st.integers(20_000, 40_000).map(lambda counts: counts / 10_000)  # as a journal rounds them


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    bank=text,
    labels=st.lists(text.filter(bool), min_size=1, max_size=4, unique=True),
    readings=st.lists(
        st.tuples(
            st.integers(1, 500_000).map(lambda ms: ms / 1000), st.none() | volts, st.sampled_from(["measured", "typed", "derived", "stale"])
        ),
        max_size=12,
    ),
    notes=st.lists(st.text(max_size=20), max_size=3),
    junk=st.lists(st.binary(min_size=1, max_size=30), max_size=2),
    end=st.booleans(),
    rest=st.none() | st.floats(2.5, 3.7),
)
def test_any_session_comes_through(place, tmp_path, bank, labels, readings, notes, junk, end, rest) -> None:
    there = new_home(tmp_path / "to")
    from_home = new_home(tmp_path / "from")
    try:
        made = Made(from_home, replace(plan(1), bank=bank, cells=tuple(PlanCell(label, 100.0) for label in labels)))
        for seconds, value, trust in readings:
            made.reading(after_s=seconds, cells_v=value, cells_trust=trust)
        for note in notes:
            made.line("note", text=note)
        if end:
            session = made.end(end_v={labels[0]: 3.65})
            if rest is not None:
                made.store.add_rest(session.id, {labels[0]: rest}, START_S + 10**6)
        else:
            made.journal.close()
        for number, piece in enumerate(junk, 1):
            made.path.with_name(f"{made.path.name}.torn-{number}").write_bytes(piece)
        path = exported(from_home, made.session, tmp_path / "out")
        assert json.loads(path.read_text())["session"]["bank"] == bank
        found = import_session(there, path)
        assert found.kept, found.words
        assert as_it_is(there, made.session) == as_it_is(from_home, made.session)
        assert (
            exported(there, made.session, tmp_path / "again").read_bytes().partition(b'"journal"')[2].rpartition(b'"sha256"')[0]
            == (path.read_bytes().partition(b'"journal"')[2].rpartition(b'"sha256"')[0])
        )
    finally:
        for folder in ("to", "from"):
            shutil.rmtree(tmp_path / folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_to_a_byte_is_taken(place, tmp_path, data) -> None:
    path = tmp_path / "out" / "one.json"
    if not path.exists():
        exported(place, ended(place), tmp_path / "out").rename(path)
    other, whole = new_home(tmp_path / "other"), path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + data.draw(st.binary(max_size=3).filter(lambda new: new != whole[at : at + 1])) + whole[at + 1 :]
    damaged = tmp_path / "damaged.json"
    damaged.write_bytes(broken)
    refused(other, damaged)
