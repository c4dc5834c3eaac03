"""A backup is whole while everything goes on, and what comes back is what was saved, or nothing is touched."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import stat
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.test_trash import made
from tui.records import attention_times, backup, restore, store
from tui.records.archive import MANIFEST, BackupError, check_backup, problem_of_name
from tui.records.backup import files_of, make_backup, whole_lines
from tui.records.banks import Banks
from tui.records.cell_columns import Column
from tui.records.column_maps import ColumnMaps
from tui.records.integrity import check_session
from tui.records.inventory import Inventory
from tui.records.journal import Journal, verify
from tui.records.models import Models
from tui.records.own_procedures import OwnProcedures
from tui.records.places import Home, home, home_at
from tui.records.restore import finish_restore
from tui.records.sessions import Sessions
from tui.records.store import StoreBusy, transaction
from tui.records.trash import Trash


@pytest.fixture
def inventory(place: Home) -> Inventory:
    """A home with something of everything."""
    inventory = Inventory(place)
    inventory.add_many([{"label": "A1"}, {"label": "A2"}, {"label": "A3"}])
    made(place, inventory)
    Sessions(place).delete(made(place, inventory).id)
    inventory.delete(inventory.list()[2].id)
    Banks(place).save("boat", [])
    Models(place).add({"maker": "EVE", "model": "MINE", "capacity_ah": 280})
    OwnProcedures(place).save("gentle", 'name = "gentle"\n')
    ColumnMaps(place).remember([Column("Klemme", "received_voltage_v")])
    attention_times.save(place, {"knee": 900.0})
    (place.logs / "topbalance.log").write_text("a line\n")
    return inventory


def contents(place: Home) -> dict[str, bytes]:
    return {name: file.read_bytes() for name, file in files_of(place)}


def kept_by(place: Home) -> dict[str, bytes]:
    """What a backup keeps: journals without their torn ends."""
    return {name: data[: data.rfind(b"\n") + 1] if name.endswith(".jsonl") else data for name, data in contents(place).items()}


@pytest.fixture
def archive(place: Home, inventory: Inventory, tmp_path: Path) -> Path:
    return make_backup(place, tmp_path / "b.zip").path


def other_home(tmp_path: Path, name: str = "other") -> Home:
    return home_at(tmp_path / name / "home")


def test_everything_comes_back_in_another_place(place: Home, archive: Path, tmp_path: Path) -> None:
    other = other_home(tmp_path)
    done = restore.restore(archive, other)
    assert contents(other) == kept_by(place)
    assert done.kept == () and done.remarks == ()
    assert [cell.label for cell in Inventory(other).list()] == ["A1", "A2"]
    assert sorted(one.kind for one in Trash(other).list()) == ["cell", "session"]
    for session in Sessions(other).list():
        assert check_session(Sessions(other), session) == check_session(Sessions(place), session)
        assert check_session(Sessions(other), session).ok
    assert attention_times.load(other) == attention_times.load(place) != ()
    assert ColumnMaps(other).all() == {"klemme": "received_voltage_v"}
    assert OwnProcedures(other).list() == ["gentle"]
    assert not [item for item in (tmp_path / "other").iterdir() if item.name != "home"]


def test_how_the_demo_was_started_is_no_damaged_record(place: Home, inventory: Inventory, tmp_path: Path) -> None:
    place.demo_options.write_text('["--cells", "4"]')
    done = restore.restore(make_backup(place, tmp_path / "demo.zip").path, other_home(tmp_path))
    assert done.remarks == ()


def test_only_the_owner_can_read_archive_and_home(archive: Path, tmp_path: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    other = other_home(tmp_path)
    restore.restore(archive, other)
    for item in (other.data, *other.data.rglob("*")):
        assert stat.S_IMODE(item.stat().st_mode) == (0o700 if item.is_dir() else 0o600), item


def test_the_order_of_the_generations_survives(place: Home, archive: Path, tmp_path: Path) -> None:
    other = other_home(tmp_path)
    restore.restore(archive, other)
    names = [file.name for file in store.generations(place.inventory)]
    assert [file.name for file in store.generations(other.inventory)] == names and len(names) > 1


@pytest.mark.parametrize("mine", [True, False])
def test_a_home_in_several_folders_becomes_one_in_one_and_back(place: Home, archive: Path, tmp_path: Path, mine: bool) -> None:
    """As platforms have it: configuration, data and logs apart, the demo's home within; and all together."""
    apart = Home(*(tmp_path / "user" / name for name in ("config/tb", "share/tb", "state/tb", "run/tb")))
    demo = Home(*(folder / "demo" for folder in (apart.config, apart.data, apart.logs, apart.runtime)))
    apart.create()
    demo.create()
    Inventory(demo).add(label="D1")
    if mine:
        Inventory(apart).add(label="OLD")
    restore.restore(archive, apart, replace=mine)
    assert (apart.config / "attention.toml").is_file() and (apart.config / "columns.json").is_file()
    assert [cell.label for cell in Inventory(demo).list()] == ["D1"]
    assert [cell.label for cell in Inventory(apart).list()] == ["A1", "A2"]
    assert not any("demo" in name for name, _ in files_of(apart))
    again = other_home(tmp_path)
    restore.restore(make_backup(apart, tmp_path / "apart.zip").path, again)
    assert contents(again) == kept_by(place)


def test_what_lies_in_the_way_is_refused_or_kept_aside(archive: Path, tmp_path: Path) -> None:
    other = other_home(tmp_path)
    Inventory(other).add(label="OLD")
    before = contents(other)
    with pytest.raises(BackupError, match="holds records already"):
        restore.restore(archive, other)
    assert contents(other) == before
    done = restore.restore(archive, other, replace=True)
    (kept,) = done.kept
    assert contents(home_at(kept)) == before
    assert [cell.label for cell in Inventory(other).list()] == ["A1", "A2"]


def test_a_backup_is_never_overwritten_nor_laid_into_the_home(place: Home, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        make_backup(place, archive)
    assert archive.read_bytes() == before
    make_backup(place, archive, overwrite=True)
    with pytest.raises(BackupError, match="within the home"):
        make_backup(place, place.data / "b.zip")


def test_an_earlier_archive_stays_when_the_new_one_fails(place: Home, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = archive.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        make_backup(place, archive, overwrite=True)
    assert archive.read_bytes() == before and not archive.with_name("b.zip.new").exists()


# --- while everything goes on -----------------------------------------------------------------------------------------


def test_a_running_session_is_copied_to_its_last_whole_line(place: Home, inventory: Inventory, tmp_path: Path) -> None:
    sessions = Sessions(place)
    running = made(place, inventory, end=False)
    path = sessions.journal_path(running.id)
    with Journal(path, create=False) as journal:
        journal.append("reading", test_time_s=9.0, unix_time_s=1.0, cells_v=3.5)
        with path.open("ab") as half:
            half.write(b'{"seq":8,"kind":"rea')
        head = journal.head_hash
        saved = make_backup(place, tmp_path / "b.zip").path
    other = other_home(tmp_path)
    restore.restore(saved, other)
    report = verify(Sessions(other).journal_path(running.id))
    assert (report.ok, report.torn_tail, report.head_hash) == (True, False, head)
    assert [session.id for session in Sessions(other).unfinished()] == [running.id]


def test_a_session_that_goes_into_the_trash_meanwhile_is_in_the_archive_all_the_same(
    place: Home, inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Sessions(place).list()[0]
    opening, moved = backup._open, []

    def late(home_: Home, path: Path):
        if not moved:
            moved.append(Sessions(home_).delete(session.id))
        return opening(home_, path)

    monkeypatch.setattr(backup, "_open", late)
    saved = make_backup(place, tmp_path / "b.zip").path
    other = other_home(tmp_path)
    restore.restore(saved, other)
    assert check_session(Sessions(other), Sessions(other).get(session.id)).ok


def test_a_database_that_is_being_written_is_waited_for(place: Home, inventory: Inventory, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(backup, "LOCK_TIMEOUT_S", 0.0)
    with FileLock(place.inventory.with_name("inventory.json.lock")), pytest.raises(StoreBusy, match="Try again"):
        make_backup(place, tmp_path / "b.zip")
    assert not list(tmp_path.glob("b.zip*"))


def test_backups_taken_while_another_process_writes_are_whole(place: Home, inventory: Inventory, tmp_path: Path) -> None:
    """Banks follow their cells in one file, sessions and journals follow each other: no backup shows one without the other."""
    sessions = Sessions(place)
    session = made(place, inventory, end=False)
    child = os.fork()
    if child == 0:
        try:
            journal = Journal(sessions.journal_path(session.id), create=False)
            while True:
                journal.append("reading", test_time_s=0.0, unix_time_s=1.0, cells_v=3.5)
                head = journal.head_hash
                journal.sync_if_due()
                sessions.update(session.id, journal_head=head)
                time.sleep(0.005)  # as a session does; who writes without a pause leaves the lock to nobody
        finally:
            os._exit(1)  # a forked child must never return into the test runner
    try:
        for number in range(4):
            other = other_home(tmp_path, f"other{number}")
            restore.restore(make_backup(place, tmp_path / f"{number}.zip").path, other)
            row = Sessions(other).get(session.id)
            path = Sessions(other).journal_path(session.id)
            assert verify(path).ok
            assert not row.journal_head or row.journal_head in path.read_text()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@given(lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=6), torn=st.binary(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_lines_end_at_the_last_end_of_a_line(tmp_path: Path, lines: list[bytes], torn: bytes) -> None:
    torn = torn.replace(b"\n", b"")
    whole = b"".join(line + b"\n" for line in lines)
    path = tmp_path / "j"
    path.write_bytes(whole + torn + b"\nlater")
    before, backup.CHUNK = backup.CHUNK, 7
    try:
        with path.open("rb") as file:
            assert whole_lines(file, len(whole) + len(torn)) == len(whole)
    finally:
        backup.CHUNK = before


# --- archives that are damaged, or that somebody made ------------------------------------------------------------------


def nothing_changed(tmp_path: Path, path: Path, words: str) -> None:
    """The archive is refused and leaves no trace, in a new home and in one that is there."""
    for name in ("new", "there"):
        other = other_home(tmp_path, name)
        if name == "there" and not other.inventory.exists():
            Inventory(other).add(label="OLD")
        before = {item: item.read_bytes() for item in (tmp_path / name).rglob("*") if item.is_file()}
        with pytest.raises(BackupError, match=words):
            restore.restore(path, other, replace=True)
        assert {item: item.read_bytes() for item in (tmp_path / name).rglob("*") if item.is_file()} == before
    assert not (tmp_path / "escaped").exists()


def test_a_torn_or_changed_archive_is_refused_wherever_it_is_torn(archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    chance = random.Random(9)
    bad = tmp_path / "bad.zip"
    for at in (0, 1, len(data) // 2, len(data) - 1, *(chance.randrange(len(data)) for _ in range(10))):
        bad.write_bytes(data[:at])
        with pytest.raises(BackupError):
            check_backup(bad)
    told = 0
    for _ in range(60):
        at = chance.randrange(len(data))
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        try:
            check_backup(bad)
        except BackupError:
            told += 1
    assert told > 40  # what is left are bits that say nothing of a file: times, versions, attributes
    bad.write_bytes(data[: len(data) // 2])
    nothing_changed(tmp_path, bad, "no whole archive")
    bad.write_bytes(b"")
    nothing_changed(tmp_path, bad, "no whole archive")


def rewritten(archive: Path, target: Path, change) -> Path:
    """The same archive with its members and its list as `change` leaves them."""
    with zipfile.ZipFile(archive) as old:
        members = {info.filename: (info, old.read(info)) for info in old.infolist()}
    document = json.loads(members.pop(MANIFEST)[1])
    change(members, document)
    with zipfile.ZipFile(target, "w") as new:
        for name, (info, data) in members.items():
            fresh = zipfile.ZipInfo(name)
            fresh.external_attr = info.external_attr
            new.writestr(fresh, data)
        new.writestr(MANIFEST, json.dumps(document))
    return target


def entry_of(name: str, data: bytes) -> dict[str, object]:
    import hashlib

    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "mtime_ns": 0}


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "data/../../escaped",
        "/tmp/escaped",
        "data//escaped",
        "data/./escaped",
        "data/..",
        "escaped",
        "elsewhere/escaped",
        "data/a\\..\\..\\escaped",
        "data/\x1b[2Jescaped",
        "data/inventory.json.lock",
    ],
)
def test_a_name_that_leads_out_of_the_home_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    def add(members, document) -> None:
        members[name] = (zipfile.ZipInfo(), b"x")
        document["files"].append(entry_of(name, b"x"))

    nothing_changed(tmp_path, rewritten(archive, tmp_path / "evil.zip", add), "not safe")


def test_a_link_in_an_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    def link(members, document) -> None:
        info = zipfile.ZipInfo()
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        members["data/sessions/x.jsonl"] = (info, b"/etc/passwd")
        document["files"].append(entry_of("data/sessions/x.jsonl", b"/etc/passwd"))

    nothing_changed(tmp_path, rewritten(archive, tmp_path / "evil.zip", link), "link")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members, document: members.update({"data/more.json": (zipfile.ZipInfo(), b"x")}), "other files"),
        (lambda members, document: document["files"].append(entry_of("data/less.json", b"x")), "other files"),
        (lambda members, document: document["files"].append(document["files"][0]), "other files"),
        (lambda members, document: document["files"][0].update(size=1), "not what was put in"),
        (lambda members, document: document["files"][0].update(sha256="0" * 64), "not what was put in"),
        (lambda members, document: document["files"][0].update(size=-1), "cannot be read"),
        (lambda members, document: document["files"][0].pop("name"), "cannot be read"),
        (lambda members, document: document.update(files=7), "cannot be read"),
        (lambda members, document: document.update(format=2), "newer topbalance"),
        (lambda members, document: document.pop("format"), "nothing of a format"),
    ],
)
def test_an_archive_whose_list_and_files_differ_is_refused(archive: Path, tmp_path: Path, change, words: str) -> None:
    nothing_changed(tmp_path, rewritten(archive, tmp_path / "evil.zip", change), words)


def test_a_bomb_is_stopped_at_the_size_that_its_list_tells(archive: Path, tmp_path: Path) -> None:
    def bomb(members, document) -> None:
        info, data = members["data/inventory.json"]
        members["data/inventory.json"] = (info, data + b" " * 50_000_000)

    nothing_changed(tmp_path, rewritten(archive, tmp_path / "evil.zip", bomb), "not what was put in")


def test_records_of_a_newer_program_are_refused_before_anything_is_exchanged(archive: Path, tmp_path: Path) -> None:
    newer = json.dumps({"schema": store.SCHEMA + 1, "tables": {}}).encode()

    def age(members, document) -> None:
        members["data/inventory.json"] = (zipfile.ZipInfo(), newer)
        document["files"] = [entry_of(one["name"], newer) if one["name"] == "data/inventory.json" else one for one in document["files"]]

    nothing_changed(tmp_path, rewritten(archive, tmp_path / "evil.zip", age), "newer topbalance")


@given(name=st.text(st.sampled_from("data/config.\\:\x00 é\n"), max_size=20) | st.text(max_size=20))
def test_no_name_that_is_taken_leads_out(name: str) -> None:
    if not problem_of_name(name):
        root = Path("/somewhere/home")
        path = Path(os.path.normpath(root.joinpath(*name.split("/")[1:])))
        assert path.is_relative_to(root) and path != root


# --- a crash while a backup is put in place ----------------------------------------------------------------------------


def test_a_running_session_is_never_exchanged(archive: Path, tmp_path: Path) -> None:
    other = other_home(tmp_path)
    inventory = Inventory(other)
    inventory.add_many([{"label": "B1"}])
    running = made(other, inventory, end=False)
    with Journal(Sessions(other).journal_path(running.id), create=False), pytest.raises(BackupError, match="A session runs"):
        restore.restore(archive, other, replace=True)
    assert [cell.label for cell in Inventory(other).list()] == ["B1"]


def test_killed_at_any_moment_the_old_home_or_the_new_one_is_there_whole(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for number in range(25):
        root = tmp_path / f"k{number}" / "home"
        monkeypatch.setenv("TOPBALANCE_HOME", str(root))
        Inventory(home()).add(label="OLD")
        before = contents(home_at(root))
        child = os.fork()
        if child == 0:
            try:
                restore.restore(archive, home_at(root), replace=True)
                os._exit(0)
            finally:
                os._exit(1)  # a forked child must never return into the test runner
        select.select([], [], [], number * 0.005 if number < 24 else 3.0)  # the last one may end
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        labels = [cell.label for cell in Inventory(home()).list()]  # the next start
        seen.add(tuple(labels))
        assert labels in (["OLD"], ["A1", "A2"])
        kept = list(root.parent.glob("home.before-*"))
        assert contents(home_at(root)) == before if labels == ["OLD"] else contents(home_at(kept[0])) == before
        restore.restore(archive, home_at(root), replace=True)  # and it can be done again; what was left lying is swept
        assert not list(root.parent.glob(".home.restored-*"))
    assert len(seen) == 2  # killed before and after the exchange


@pytest.mark.parametrize("renames", range(3))
def test_a_crash_between_two_renames_is_finished_by_the_next_start(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    root = tmp_path / "other" / "home"
    monkeypatch.setenv("TOPBALANCE_HOME", str(root))
    Inventory(home()).add(label="OLD")
    before, left = contents(home_at(root)), [renames]
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        if renames < 2:
            with pytest.raises(KeyboardInterrupt):
                restore.restore(archive, home_at(root), replace=True)
        else:
            restore.restore(archive, home_at(root), replace=True)
    place = home()
    assert [cell.label for cell in Inventory(place).list()] == ["A1", "A2"]
    assert not place.restoring.exists()
    (kept,) = root.parent.glob("home.before-*")
    assert contents(home_at(kept)) == before


def test_a_system_that_does_not_rename_leaves_everything_as_it_was(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = other_home(tmp_path)
    Inventory(other).add(label="OLD")
    before = contents(other)
    rename = Path.rename

    def busy(self: Path, target: Path) -> Path:
        if ".restored-" in self.name:
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", busy)
        with pytest.raises(BackupError, match="busy"):
            restore.restore(archive, other, replace=True)
    assert contents(other) == before
    assert [item.name for item in other.data.parent.iterdir()] == ["home"]


@pytest.mark.parametrize("mark", [b"", b"{", b'{"mark": "../../x"}', b'{"mark": 7}', b"[]"])
def test_a_torn_or_invented_mark_exchanges_nothing(place: Home, inventory: Inventory, mark: bytes) -> None:
    before = contents(place)
    place.restoring.write_bytes(mark)
    finish_restore(place)
    assert contents(place) == before and not place.restoring.exists()


def test_links_in_a_home_are_followed_but_not_round_in_a_ring(place: Home, inventory: Inventory, tmp_path: Path) -> None:
    elsewhere = tmp_path / "big disk"
    place.sessions_dir.rename(elsewhere)
    place.sessions_dir.symlink_to(elsewhere)
    (elsewhere / "ring").symlink_to(place.data)
    names = [name for name, _ in files_of(place)]
    assert sum(name.endswith(".curve.jsonl") for name in names) == 2
    assert len(names) == len(set(names))
    with transaction(place.sessions_db):
        pass
    other = other_home(tmp_path)
    restore.restore(make_backup(place, tmp_path / "b.zip").path, replace(other))
    assert not other.sessions_dir.is_symlink() and Sessions(other).list() == Sessions(place).list()
