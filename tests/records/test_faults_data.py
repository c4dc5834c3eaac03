"""Faults of the data (F-56 to F-61): nothing acknowledged is ever lost, nothing damaged is overwritten, nothing that cannot be is stored.

How they are simulated: writers that are killed at random moments, a crash at each step of a replacement, files cut at every byte, disks
that refuse. See also test_records_journal.py and test_records_store.py for the parts by themselves.
"""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
import random
import select
import shutil
import signal
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from tests.bench.conftest import Driven, drive
from tests.bench.test_faults import codes, full_disk, settle
from tui import cli as cli_module
from tui.bench.messages import Answer, Note, Start, TypeReading
from tui.cli import cli
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records import journal as journal_module
from tui.records import journal_reading, store
from tui.records.banks import Banks
from tui.records.cell import InvalidCell
from tui.records.integrity import check_session
from tui.records.inventory import Inventory
from tui.records.journal import Journal, JournalUnwritable, read, verify
from tui.records.places import Home
from tui.records.sessions import RestRefused, Session, Sessions
from tui.records.store import StoreError, StoreReadOnly, generations, transaction

__all__ = ["drive", "full_disk"]  # fixtures

START_S = 1_760_000_000.0
KILLS = 200


def plan_of(inventory: Inventory) -> Plan:
    cells = tuple(PlanCell(cell.label, 280.0, cell.id) for cell in inventory.list())
    return Plan(bank="boat", cells=cells, supply=PlanSupply("manual", 30.0, 10.0))


@pytest.fixture
def running(place: Home) -> Session:
    """A session that runs, of two cells."""
    Inventory(place).add_many([{"label": "A1"}, {"label": "A2"}])
    return Sessions(place).create(plan_of(Inventory(place)), started_unix_s=START_S)


# --- F-56: killed at any moment ---------------------------------------------------------------------------------------

ACKNOWLEDGED = struct.Struct(">cQ")


class Writer:
    """A process that writes journal, inventory and sessions as fast as it can, and tells each act once it is acknowledged."""

    def __init__(self, place: Home, session: Session, journal: Path, name: str, first: int) -> None:
        self.name, self.told, self._heard = name, dict.fromkeys((b"J", b"I", b"S"), 0), b""
        self._receive, send = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            try:
                _write_for_ever(place, session, journal, name, first, send)
            finally:
                os._exit(1)  # a forked child must never return into the test runner
        os.close(send)

    def wait(self, acts: int, seconds: float) -> None:
        """Until so many acts were acknowledged, and then a little longer: machines under load are slow to begin."""
        while len(self._heard) < acts * ACKNOWLEDGED.size:
            self._heard += os.read(self._receive, acts * ACKNOWLEDGED.size - len(self._heard))
        select.select([], [], [], seconds)

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        with os.fdopen(self._receive, "rb") as pipe:
            data = self._heard + pipe.read()
        for at in range(0, len(data) - len(data) % ACKNOWLEDGED.size, ACKNOWLEDGED.size):
            what, number = ACKNOWLEDGED.unpack_from(data, at)
            self.told[what] = number


def _write_for_ever(place: Home, session: Session, path: Path, name: str, first: int, send: int) -> None:
    def tell(what: bytes, number: int) -> None:
        os.write(send, ACKNOWLEDGED.pack(what, number))

    journal = Journal(path, create=not path.exists())
    banks, sessions = Banks(place), Sessions(place)
    while True:
        first += 1
        for second in range(3):
            journal.append("reading", test_time_s=float(second), unix_time_s=START_S, cells_v=3.5, current_a=9.9)
        tell(b"J", journal.append("answer", test_time_s=0.0, unix_time_s=START_S, durable=True, text="kept"))
        banks.save(name, [], {"count": first}, unix_s=START_S)
        tell(b"I", first)
        sessions.update(session.id, **{"charge_ah" if name == "a" else "energy_wh": float(first)})
        tell(b"S", first)


def kept_by(place: Home, session: Session, journal: Path, writer: Writer) -> int:
    """Everything that `writer` was told to be kept is there, whole; gives the newest number in the stores."""
    if journal.exists():
        report = verify(journal)
        assert report.ok, report.message
        assert report.lines >= writer.told[b"J"]
        with Journal(journal, create=False) as again:  # and it goes on
            assert again.seq == report.lines
    else:
        assert writer.told[b"J"] == 0
    sessions, banks = Sessions(place), Banks(place)
    bank = banks.get(writer.name)
    count = 0 if bank is None else bank.plan["count"]
    row = sessions.get(session.id)
    noted = (row.charge_ah if writer.name == "a" else row.energy_wh) or 0.0
    assert count >= writer.told[b"I"]
    assert noted >= writer.told[b"S"]
    for path in (place.inventory, place.sessions_db):
        with transaction(path) as opened:
            assert opened.problem == ""
    return max(count, int(noted))


def test_f56_killed_hundreds_of_times_at_random_moments_nothing_acknowledged_is_lost(place: Home, running: Session) -> None:
    chance = random.Random(56)
    newest, told, in_mid_replacement = 0, 0, 0
    slowest_s = 0.002
    for turn in range(KILLS):
        journal = place.sessions_dir / f"kill-{turn // 10}.jsonl"  # a new one now and then, so that making it is interrupted too
        writer = Writer(place, running, journal, "a", newest)
        begun_s = time.monotonic()
        acts = chance.randint(0, 4)
        writer.wait(acts, chance.random() * slowest_s)
        if acts > 1:
            slowest_s = min(0.02, max(0.002, (time.monotonic() - begun_s) / acts))  # about one act: any of its moments
        writer.kill()
        in_mid_replacement += any(path.with_name(f"{path.name}.new").exists() for path in (place.inventory, place.sessions_db))
        found = kept_by(place, running, journal, writer)
        assert found >= newest  # what was there stays there
        newest, told = found, told + (writer.told[b"S"] > 0)
    assert newest > KILLS / 4 and told > KILLS / 10
    assert in_mid_replacement > 0, "no kill fell into a replacement"
    assert {cell.label for cell in Inventory(place).list()} == {"A1", "A2"}


def test_f56_two_writers_at_once_and_one_of_them_killed_neither_loses_anything(place: Home, running: Session) -> None:
    chance = random.Random(57)
    steady_journal = place.sessions_dir / "steady.jsonl"
    steady, newest = Writer(place, running, steady_journal, "b", 0), 0
    for turn in range(25):
        journal = place.sessions_dir / "killed.jsonl"
        writer = Writer(place, running, journal, "a", newest)
        writer.wait(chance.randint(0, 3), chance.random() * 0.01)
        writer.kill()
        newest = max(newest, kept_by(place, running, journal, writer))
        assert os.waitpid(steady.child, os.WNOHANG) == (0, 0), f"the other writer fell in turn {turn}"
    steady.wait(1, 0.0)
    steady.kill()
    assert kept_by(place, running, steady_journal, steady) > 0 and newest > 0


def test_f56_one_journal_has_one_writer_whoever_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "race.jsonl"
    Journal(path, create=True).close()
    go, start = os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(start)
                os.read(go, 1)  # until the starting pipe closes
                with Journal(path, create=False) as journal:
                    journal.append("note", test_time_s=0.0, unix_time_s=0.0, durable=True)
                    select.select([], [], [], 0.3)
                code = 0
            except JournalUnwritable:
                code = 7
            finally:
                os._exit(code)
        children.append(child)
    os.close(start)
    results = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    os.close(go)
    assert results == [0, 7, 7, 7]
    assert (verify(path).ok, verify(path).lines) == (True, 1)


class Crash(BaseException):
    """The power goes."""


def test_f56_a_crash_at_each_single_step_of_a_replacement_leaves_the_old_or_the_new_state_whole(
    place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory, steps_seen = Inventory(place), 0
    for at in range(60):
        before = [cell.label for cell in inventory.list()]
        left = [at]

        def counted(real: Callable[..., Any], left: list[int] = left) -> Callable[..., Any]:
            def call(*args: Any, **values: Any) -> Any:
                if left[0] == 0:
                    raise Crash
                left[0] -= 1
                return real(*args, **values)

            return call

        with monkeypatch.context() as patch:
            for owner, name in ((store, "open_private"), (store.os, "fsync"), (store.os, "link"), (Path, "unlink"), (Path, "replace")):
                patch.setattr(owner, name, counted(getattr(owner, name)))
            try:
                inventory.add(label=f"B{at}")
                done = True
            except Crash:
                done = False
        found = [cell.label for cell in inventory.list()]
        assert inventory.problem == ""
        assert found in ([*before, f"B{at}"], before) and (not done or found != before)
        steps_seen = max(steps_seen, at - left[0])
    assert steps_seen >= 6  # aside, sync, generations, rename, folder: each of them was the last one once


def test_f56_a_left_over_file_cut_at_every_byte_disturbs_nothing(place: Home) -> None:
    inventory = Inventory(place)
    inventory.add(label="A1")
    whole = place.inventory.read_bytes()
    aside = place.inventory.with_name("inventory.json.new")
    for cut in range(len(whole) + 1):
        aside.write_bytes(whole[:cut])
        assert [cell.label for cell in inventory.list()] == ["A1"]
        assert inventory.problem == ""
        if cut % 16 == 0:  # and the next change is kept
            inventory.edit(inventory.list()[0].id, notes=f"cut at {cut}")
            assert inventory.list()[0].notes == f"cut at {cut}"


def test_f56_a_database_cut_at_any_byte_shows_the_newest_good_state_for_reading_and_is_never_written_over(place: Home) -> None:
    inventory = Inventory(place)
    cell = inventory.add(label="A1")
    inventory.edit(cell.id, notes="older")
    inventory.edit(cell.id, notes="newest")
    whole = place.inventory.read_bytes()
    for cut in range(len(whole)):
        place.inventory.write_bytes(whole[:cut])
        assert [cell.notes for cell in inventory.list()] == ["older"], cut
        assert "inventory.json.1" in inventory.problem and "reading only" in inventory.problem
        with pytest.raises(StoreReadOnly):
            inventory.add(label="A2")
        assert place.inventory.read_bytes() == whole[:cut]
    shown = CliRunner().invoke(cli, ["cells", "list"])
    assert shown.exit_code == 0 and "A1" in shown.output and "To go on from it" in shown.output
    place.inventory.write_bytes(whole)
    assert inventory.list()[0].notes == "newest" and inventory.problem == ""


def test_f56_the_newest_generation_is_known_though_the_clock_stepped_back(place: Home) -> None:
    inventory = Inventory(place)
    cell = inventory.add(label="A1")
    for notes in ("first", "second", "third"):
        inventory.edit(cell.id, notes=notes)
    for file, year in (("1", 1970), ("2", 1999), ("3", 2030)):  # a clock without battery, set right in between
        os.utime(place.inventory.with_name(f"inventory.json.{file}"), ((year - 1970) * 3.15e7 + 1,) * 2)
    place.inventory.with_name("inventory.json.2099-01-01").write_bytes(place.inventory.with_name("inventory.json.3").read_bytes())
    assert [file.name.removeprefix("inventory.json.") for file in generations(place.inventory)][:3] == ["1", "2", "3"]
    place.inventory.write_bytes(b"{")
    assert inventory.list()[0].notes == "second"


# --- F-57: the samples ------------------------------------------------------------------------------------------------


def test_f57_a_journal_cut_at_every_byte_of_its_last_line_keeps_all_before_it_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with Journal(path, create=True) as journal:
        for number in range(4):
            journal.append("reading", test_time_s=float(number), unix_time_s=START_S, cells_v=3.4, text="Ω")
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        report = verify(path)
        assert (report.ok, report.lines, report.torn_tail) == (True, 3, cut > last), report.message
        with Journal(path, create=False) as journal:
            assert journal.append("reading", test_time_s=9.0, unix_time_s=START_S) == 4
        assert (verify(path).ok, verify(path).lines) == (True, 4)
        torn = path.with_name(path.name + ".torn-1")
        if cut > last:
            assert torn.read_bytes() == whole[last:cut]
            torn.unlink()


def test_f57_each_sample_is_in_the_file_at_once_and_on_the_disk_within_ten_seconds_idle_or_charging(
    drive: Callable[..., Driven], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = drive(soc=0.97)
    bench.start()
    now_s, synced = [1e6], []
    real = os.fsync
    monkeypatch.setattr(journal_module.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(journal_module.os, "fsync", lambda descriptor: (synced.append(now_s[0]), real(descriptor)))
    path = bench.bench.home.sessions_dir / f"{bench.bench.running.recorder.id}.jsonl"

    def longest_gap(seconds: int) -> float:
        bench.bench.log("warn", text="a line that nobody waits for")
        synced[:] = [now_s[0]]
        for _ in range(seconds):
            now_s[0] += 1.0
            bench.step(1.0)
        return max(later - before for before, later in zip(synced, [*synced[1:], now_s[0]], strict=True))

    assert longest_gap(45) <= 10.0  # nothing flows: a reading each minute, but other lines in between
    bench.go_to("to-knee")
    before = sum(line["kind"] == "reading" for line in read(path))
    assert longest_gap(25) <= 10.0
    assert sum(line["kind"] == "reading" for line in read(path)) == before + 25  # while the writer has the file open


# --- F-58: the disk ---------------------------------------------------------------------------------------------------


def start(bench: Driven) -> str:
    """A Start that must be refused, with nothing sent; gives its words."""
    before = bench.world.set_points
    outcome = bench.send(Start(bench.plan.to_json()))
    assert not outcome.ok
    assert bench.snapshot().state == "idle"
    assert not bench.world.output_on and bench.world.set_points == before
    return outcome.message


def test_f58_less_than_a_hundred_megabytes_refuse_the_start(drive: Callable[..., Driven], monkeypatch: pytest.MonkeyPatch) -> None:
    bench = drive()
    monkeypatch.setattr(Home, "free_bytes", lambda _: 99_400_000)
    words = start(bench)
    assert "99 MB are free" in words and "100 MB are needed" in words and "Make room" in words
    monkeypatch.setattr(Home, "free_bytes", lambda _: 100_000_000)
    assert bench.send(Start(bench.plan.to_json())).ok


def test_f58_a_read_only_disk_refuses_the_start_and_what_is_there_can_still_be_read(
    drive: Callable[..., Driven], place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = drive(cells=4)
    Inventory(place).add_many([{"label": f"A{number}"} for number in range(1, 5)])

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    monkeypatch.setattr(store, "open_private", refuse)
    assert "read-only file system" in start(bench)
    assert [cell.label for cell in Inventory(place).list()] == ["A1", "A2", "A3", "A4"]


def test_f58_a_place_that_is_not_there_refuses_the_start_in_words(
    drive: Callable[..., Driven], place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = drive()
    shutil.rmtree(place.data)
    place.data.write_bytes(b"the mount point of a stick that is not in")
    words = start(bench)
    assert "cannot be kept" in words and "TOPBALANCE_HOME" in words


def test_f58_a_disk_that_fills_up_is_told_once_while_the_charge_goes_on(
    drive: Callable[..., Driven], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, free = drive(soc=0.97), [5_000_000_000]
    monkeypatch.setattr(Home, "free_bytes", lambda _: free[0])
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 90)
    assert "disk" not in codes(bench)
    free[0] = 12_000_000
    settle(bench, 90)
    assert bench.snapshot().state == "charging" and bench.world.output_on
    alarm = next(alarm for alarm in bench.snapshot().alarms if alarm.code == "disk")
    assert alarm.level == "warn" and "12 MB left" in alarm.text
    kinds = bench.kinds()
    settle(bench, 300)
    assert bench.kinds().count("warn") == kinds.count("warn")  # one line, not one a minute
    free[0] = 5_000_000_000
    settle(bench, 90)
    assert "disk" not in codes(bench)


class Stick:
    """The records lie on a stick that can be pulled: then writes fail, and the folder is gone."""

    def __init__(self, place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.pocket, self.out = place.sessions_dir, place.data.parent / "pocket", False
        stick = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                if stick.out:
                    raise OSError(errno.EIO, "Input/output error")
                return super().write(data)

        monkeypatch.setattr(journal_module.io, "FileIO", File)

    def pull(self) -> None:
        self.out = True
        self.folder.rename(self.pocket)

    def put_back(self) -> None:
        self.pocket.rename(self.folder)
        self.out = False


def test_f58_a_removed_stick_warns_at_once_keeps_samples_in_memory_and_writes_them_when_it_is_back(
    drive: Callable[..., Driven], place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = Stick(place, monkeypatch)
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 30)
    path = place.sessions_dir / f"{bench.bench.running.recorder.id}.jsonl"
    before = sum(1 for _ in read(path))
    stick.pull()
    settle(bench, 1)
    assert "journal" in codes(bench) and bench.snapshot().state == "charging"
    assert not bench.send(Note("was this kept?")).ok
    settle(bench, 60)
    problem = bench.snapshot().journal_problem
    assert "not being recorded" in problem and "wait in memory" in problem
    assert not path.exists()
    stick.put_back()
    settle(bench, 5)
    assert bench.snapshot().journal_problem == ""
    report = verify(path)
    assert report.ok and report.lines >= before + 60
    times = [line["test_time_s"] for line in read(path) if line["kind"] == "reading"]
    assert times == sorted(times) and max(b - a for a, b in itertools.pairwise(times) if a > times[-80]) <= 1.0


def test_f58_a_removed_stick_near_the_top_is_a_hold(drive: Callable[..., Driven], place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stick = Stick(place, monkeypatch)
    bench = drive(soc=0.99, capacity_ah=50.0)
    bench.start()
    bench.go_to("hold")
    stick.pull()
    settle(bench, 5)
    assert bench.snapshot().state == "hold"
    assert not bench.world.output_on


def test_f58_a_disk_that_is_full_when_the_session_ends_costs_no_record_that_was_acknowledged(
    drive: Callable[..., Driven], place: Home, full_disk: Callable[[bool], None]
) -> None:
    bench = drive(soc=0.995, capacity_ah=50.0)
    bench.start()
    bench.go_to("after")
    kept = list(read(Sessions(place).journal_path(bench.bench.running.recorder.id)))
    rows = place.sessions_db.read_bytes()
    full_disk(True)
    prompt = bench.snapshot().prompt
    assert prompt is not None
    outcome = bench.send(Answer(prompt.id, {}))
    assert not outcome.ok and "could not be written down" in outcome.message
    full_disk(False)
    assert place.sessions_db.read_bytes() == rows
    assert list(read(Sessions(place).journal_path(bench.bench.running.recorder.id)))[: len(kept)] == kept
    assert bench.go_on().result == "balanced"
    assert check_session(Sessions(place), Sessions(place).list()[-1]).ok


# --- F-59: what cannot be stored --------------------------------------------------------------------------------------

NO_NUMBERS = [float("nan"), float("inf"), float("-inf")]


@pytest.mark.parametrize("bad", [*NO_NUMBERS, object(), "\ud800"], ids=["nan", "inf", "-inf", "object", "half a letter"])
def test_f59_what_cannot_be_stored_is_rejected_everywhere_and_the_files_stay(place: Home, running: Session, bad: Any) -> None:
    inventory, sessions = Inventory(place), Sessions(place)
    cell = inventory.list()[0]
    files = {path: path.read_bytes() for path in (place.inventory, place.sessions_db)}
    acts: list[Callable[[], object]] = [
        lambda: inventory.edit(cell.id, capacity_ah=bad),
        lambda: inventory.log(cell.id, "note", text=bad, deep=[{"value": bad}]),
        lambda: sessions.update(running.id, charge_ah=bad),
        lambda: sessions.update(running.id, end_v={"A1": bad}),
        lambda: Banks(place).save("boat", [], {"target_v": bad}),
    ]
    for act in acts:
        with pytest.raises((ValueError, InvalidCell)):
            act()
    assert {path: path.read_bytes() for path in files} == files
    assert inventory.edit(cell.id, capacity_ah=280.0).capacity_ah == 280.0


@pytest.mark.parametrize("bad", NO_NUMBERS, ids=repr)
def test_f59_resting_volts_and_readings_that_are_no_numbers_are_refused(place: Home, running: Session, bad: float) -> None:
    sessions = Sessions(place)
    sessions.finish(running.id, result="balanced", ended_unix_s=START_S + 60)
    with pytest.raises(RestRefused, match="A1"):
        sessions.add_rest(running.id, {"A1": bad}, START_S + 4000)
    assert sessions.get(running.id).rests == ()


def test_f59_the_bench_takes_no_such_value_from_anybody(drive: Callable[..., Driven], place: Home) -> None:
    bench = drive()
    for change in ({"target_v": float("nan")}, {"end_current_a": float("inf")}, {"rest_s": float("nan")}):
        outcome = bench.send(Start({**bench.plan.to_json(), **change}))
        assert not outcome.ok, change
        assert bench.snapshot().state == "idle"
    bench.plan = replace(bench.plan, bank="Bank \ud800B")  # half a letter is left out where it comes in
    bench.start()
    assert "\ud800" not in bench.snapshot().bank
    bench.go_to("cell-volts")
    prompt = bench.snapshot().prompt
    assert prompt is not None
    for bad in NO_NUMBERS:
        assert not bench.send(TypeReading("cells_v", bad, sure=True)).ok
        assert not bench.send(Answer(prompt.id, {field.name: bad for field in prompt.fields})).ok
    bench.send(Note("half a letter \ud800"))
    assert bench.step_id == "cell-volts"
    assert verify(Sessions(place).journal_path(bench.bench.running.recorder.id)).ok


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_f59_a_file_that_holds_such_a_number_is_a_damaged_one(place: Home, number: str) -> None:
    inventory = Inventory(place)
    inventory.add(label="A1", capacity_ah=280.0)
    inventory.add(label="A2")
    damaged = place.inventory.read_bytes().replace(b"280.0", number.encode())
    place.inventory.write_bytes(damaged)
    assert [cell.capacity_ah for cell in inventory.list()] == [280.0]  # the generation before
    assert f"{number} is no number" in inventory.problem
    assert place.inventory.read_bytes() == damaged


# --- F-60: other versions ---------------------------------------------------------------------------------------------


def door(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The command line from its door: exit status, output, error."""
    monkeypatch.setattr("sys.argv", ["topbalance", *arguments])
    with pytest.raises(SystemExit) as left:
        cli_module.main()
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


@pytest.mark.parametrize(
    "tables", [{}, {"cells": {"1": {"label": "from the future"}}}, "of another shape"], ids=["empty", "like ours", "other"]
)
def test_f60_newer_records_are_refused_in_words_read_by_nobody_and_left_alone(
    place: Home, drive: Callable[..., Driven], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tables: Any
) -> None:
    Inventory(place).add(label="A1")
    Inventory(place).add(label="A2")  # an older generation lies beside it, and is not shown instead
    newer = json.dumps({"schema": store.SCHEMA + 1, "tables": tables}).encode()
    for path in (place.inventory, place.sessions_db):
        path.write_bytes(newer)
    files = sorted(path.name for path in place.data.iterdir())
    for arguments in (
        ("cells", "list"),
        ("cells", "add", "A3"),
        ("sessions", "list"),
        ("cells", "state", "A1", "stock", "--reason", "why"),
    ):
        code, out, error = door(monkeypatch, capsys, *arguments)
        assert (code, out) == (1, "")
        assert "written by a newer topbalance" in error and "start the newer version" in error and len(error.splitlines()) == 1
    bench = drive()
    assert "newer topbalance" in start(bench)
    assert place.inventory.read_bytes() == place.sessions_db.read_bytes() == newer
    assert [name for name in sorted(path.name for path in place.data.iterdir()) if not name.endswith(".lock")] == [
        name for name in files if not name.endswith(".lock")
    ]


def test_f60_a_newer_journal_is_neither_written_on_nor_judged(place: Home, running: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Sessions(place).journal_path(running.id)
    with monkeypatch.context() as future:
        future.setattr(journal_module, "FORMAT", 2)
        with Journal(path, create=True) as journal:
            journal.append("session_start", test_time_s=0.0, unix_time_s=START_S)
    whole = path.read_bytes() + b'{"torn'
    path.write_bytes(whole)
    with pytest.raises(JournalUnwritable, match="newer topbalance"):
        Journal(path, create=False)
    assert path.read_bytes() == whole and not list(path.parent.glob("*.torn-*"))
    told = CliRunner().invoke(cli, ["sessions", "verify", running.id])
    assert told.exit_code == 1 and "newer topbalance" in told.output and "not judged" in told.output


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A topbalance of tomorrow, whose cells bear their name in another field."""

    def rename(tables: store.Tables) -> store.Tables:
        cells = {number: {**cell, "named": cell["label"]} for number, cell in tables["cells"].items()}
        return {**tables, "cells": cells}

    monkeypatch.setattr(store, "SCHEMA", store.SCHEMA + 1)
    monkeypatch.setattr(store, "MIGRATIONS", {store.SCHEMA - 1: rename})
    return


def names(path: Path) -> list[str]:
    with transaction(path) as opened:
        return [record.get("named", "?") for record in opened.table("cells")]


def test_f60_older_records_are_migrated_and_the_file_as_it_was_is_kept_for_good(place: Home, request: pytest.FixtureRequest) -> None:
    inventory = Inventory(place)
    for label in ("A1", "A2"):
        inventory.add(label=label)
    old = place.inventory.read_bytes()
    request.getfixturevalue("next_version")
    assert names(place.inventory) == ["A1", "A2"]
    assert place.inventory.read_bytes() == old  # looking changes nothing
    for number in range(5):
        with transaction(place.inventory) as opened:
            opened.table("cells").insert({"label": f"B{number}", "named": f"B{number}", "id": f"c-{number}"})
    assert json.loads(place.inventory.read_bytes())["schema"] == store.SCHEMA
    assert names(place.inventory) == ["A1", "A2", "B0", "B1", "B2", "B3", "B4"]
    assert place.inventory.with_name(f"inventory.json.schema-{store.SCHEMA - 1}").read_bytes() == old


def test_f60_a_crash_in_a_migration_leaves_the_old_file_and_a_damaged_one_falls_back_to_a_migrated_generation(
    place: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = Inventory(place)
    for label in ("A1", "A2"):
        inventory.add(label=label)
    old = place.inventory.read_bytes()
    request.getfixturevalue("next_version")
    with monkeypatch.context() as patch:
        patch.setattr(store, "_replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        with pytest.raises(StoreError, match="Nothing was changed"), transaction(place.inventory) as opened:
            opened.table("cells").insert({"label": "B1"})
    assert place.inventory.read_bytes() == old
    place.inventory.write_bytes(b"{")
    assert names(place.inventory) == ["A1"]


@pytest.mark.parametrize("schema", [0, -1, "1", None, 1.5])
def test_f60_a_version_that_nobody_wrote_is_damage(place: Home, schema: object) -> None:
    place.inventory.write_bytes(json.dumps({"schema": schema, "tables": {}}).encode())
    with pytest.raises(StoreReadOnly):
        Inventory(place).add(label="A1")
    with transaction(place.inventory) as opened:
        assert "no topbalance wrote" in opened.problem or "not a record file" in opened.problem


def test_f60_the_journals_own_format_is_told_in_its_first_line_only(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with Journal(path, create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=0.0)
        journal.append("note", test_time_s=0.0, unix_time_s=0.0)
    assert [line.get("format") for line in read(path)] == [journal_reading.FORMAT, None]


# --- F-61: a record that was edited later -----------------------------------------------------------------------------


@pytest.fixture
def ended(place: Home, running: Session) -> Session:
    """A session that ended balanced, with rests and a journal as the bench writes it."""
    sessions = Sessions(place)
    values = {"end_reason": "end rule", "charge_ah": 19.5, "end_current_a": 0.09, "end_v": {"A1": 3.65, "A2": 3.649}}
    with Journal(sessions.journal_path(running.id), create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S, data={"plan": dict(running.plan)})
        for second in range(5):
            journal.append("reading", test_time_s=float(second), unix_time_s=START_S, cells_v=3.64, current_a=0.4)
        journal.append("warn", test_time_s=6.0, unix_time_s=START_S, text="slightly over the target")
        journal.append("session_end", test_time_s=7.0, unix_time_s=START_S + 60, result="balanced", durable=True, **values)
        head = journal.head_hash
    sessions.finish(running.id, result="balanced", ended_unix_s=START_S + 60, resting=True, journal_head=head, **values)
    return sessions.add_rest(running.id, {"A1": 3.36, "A2": 3.361}, START_S + 60 + 86_400)


def told(session: Session, *options: str) -> Result:
    return CliRunner().invoke(cli, ["sessions", "verify", session.id, *options])


def rechained(lines: list[dict[str, Any]]) -> bytes:
    """What a forger writes who makes all hashes good again."""
    head, out = journal_reading.GENESIS, b""
    for number, line in enumerate(lines, 1):
        body = {**{name: value for name, value in line.items() if name not in ("hash", "prev_hash")}, "seq": number, "prev_hash": head}
        head = sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()
        out += json.dumps({**body, "hash": head}, separators=(",", ":")).encode() + b"\n"
    return out


def test_f61_an_untouched_record_holds_and_its_head_is_printed(place: Home, ended: Session) -> None:
    found = told(ended)
    assert found.exit_code == 0, found.output
    head = Sessions(place).get(ended.id).journal_head
    assert f"chain head: {head}" in found.output
    assert told(ended, "--head", head[:10].upper()).exit_code == 0
    shown = CliRunner().invoke(cli, ["sessions", "show", ended.id])
    assert "record         holds" in shown.output and head in shown.output


def test_f61_an_edited_a_dropped_and_an_added_line_are_shown_with_their_place(place: Home, ended: Session) -> None:
    path = Sessions(place).journal_path(ended.id)
    lines = path.read_bytes().splitlines(keepends=True)
    edits = {
        "line 3": [*lines[:2], lines[2].replace(b"0.4", b"0.1"), *lines[3:]],
        "line 7": [*lines[:6], *lines[7:]],
        "line 5": [*lines[:4], lines[2], *lines[4:]],
        "line 1": lines[1:],
    }
    for where, changed in edits.items():
        path.write_bytes(b"".join(changed))
        found = told(ended)
        assert found.exit_code == 1 and f"breaks at {where}:" in found.output, found.output
        shown = CliRunner().invoke(cli, ["sessions", "show", ended.id]).output
        assert "DOES NOT HOLD" in shown and where in shown
    path.write_bytes(b"".join(lines))
    assert told(ended).exit_code == 0


def test_f61_whole_lines_cut_off_the_end_show_although_the_chain_before_them_holds(place: Home, ended: Session) -> None:
    path = Sessions(place).journal_path(ended.id)
    lines = path.read_bytes().splitlines(keepends=True)
    for left in range(len(lines)):
        path.write_bytes(b"".join(lines[:left]))
        assert verify(path).ok
        found = told(ended)
        assert found.exit_code == 1 and f"stops with line {left}." in found.output and "cut off" in found.output
    path.write_bytes(b"".join(lines)[:-4])  # the last line torn: of a session that ended well that is no power cut
    assert told(ended).exit_code == 1
    path.unlink()
    assert told(ended).exit_code == 1 and "not there" in told(ended).output


def test_f61_a_journal_written_anew_with_good_hashes_is_found_by_the_row_and_with_the_row_by_a_noted_head(
    place: Home, ended: Session
) -> None:
    sessions = Sessions(place)
    path, noted = sessions.journal_path(ended.id), Sessions(place).get(ended.id).journal_head
    path.write_bytes(rechained([line for line in read(path) if line["kind"] != "warn"]))
    assert verify(path).ok
    assert told(ended).exit_code == 1 and "written anew" in told(ended).output
    sessions.update(ended.id, journal_head=verify(path).head_hash)
    assert told(ended).exit_code == 0  # nothing on this disk can tell any more
    found = told(ended, "--head", noted[:16])
    assert found.exit_code == 1 and "not the journal from which it was noted" in found.output


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"result": "done"}, 'result "done", the journal "balanced"'),
        ({"end_current_a": 0.01}, "end_current_a 0.01, the journal 0.09"),
        ({"end_v": {"A1": 3.65, "A2": 3.65}}, "end_v"),
        ({"journal_head": ""}, ""),
    ],
)
def test_f61_a_row_that_was_made_to_look_better_is_told_against_the_journal(
    place: Home, ended: Session, values: dict[str, Any], words: str
) -> None:
    Sessions(place).update(ended.id, **values)
    found = told(ended)
    assert (found.exit_code, words in found.output) == (1 if words else 0, True), found.output


def test_f61_resting_volts_and_a_plan_that_were_changed_in_the_database_are_told(place: Home, ended: Session) -> None:
    text = place.sessions_db.read_text()
    for old, new, words in (
        ("3.361", "3.371", "resting volts after 24 h"),
        ('"target_v": 3.65', '"target_v": 3.6', "plan in the database"),
    ):
        assert old in text
        place.sessions_db.write_text(text.replace(old, new))
        found = told(ended)
        assert found.exit_code == 1 and words in found.output, found.output
    place.sessions_db.write_text(text)
    assert told(ended).exit_code == 0


def test_f61_a_session_without_an_end_says_that_its_end_is_not_proved(place: Home, running: Session) -> None:
    with Journal(Sessions(place).journal_path(running.id), create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S, data={"plan": dict(running.plan)})
    found = told(running)
    assert found.exit_code == 0 and "no end yet" in found.output


def test_f61_a_row_closed_after_a_crash_remembers_the_head_and_a_rest_that_only_the_journal_got_is_no_fault(
    place: Home, running: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(place)
    with Journal(sessions.journal_path(running.id), create=True) as journal:
        journal.append("session_start", test_time_s=0.0, unix_time_s=START_S)
        journal.append("session_end", test_time_s=1.0, unix_time_s=START_S + 1, result="stopped", durable=True)
        head = journal.head_hash
    assert [session.id for session in sessions.settle()] == [running.id]
    assert sessions.get(running.id).journal_head == head
    assert told(running).exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr(store, "_replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        with pytest.raises(StoreError):
            sessions.add_rest(running.id, {"A1": 3.36}, START_S + 4000)
    found = told(running)
    assert found.exit_code == 0 and "1 more were added" in found.output
    assert sessions.add_rest(running.id, {"A1": 3.36}, START_S + 4000).rests
    assert told(running).exit_code == 0
