"""The store: whole or not at all, one at a time, and never over a damaged file."""

from __future__ import annotations

import errno
import json
import os
import random
import select
import signal
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tui.records import places, store
from tui.records.store import StoreBusy, StoreError, StoreReadOnly, StoreTooNew, generations, transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "inventory.json"


def insert(path: Path, **record: Any) -> None:
    with transaction(path) as opened:
        opened.table("cells").insert(record)


def labels(path: Path) -> list[str]:
    with transaction(path) as opened:
        return [record["label"] for record in opened.table("cells")]


def test_a_block_is_kept_whole_or_not_at_all(path: Path) -> None:
    insert(path, label="A1")
    with pytest.raises(RuntimeError), transaction(path) as opened:
        opened.table("cells").insert({"label": "A2"})
        raise RuntimeError("in the middle")
    assert labels(path) == ["A1"]
    assert json.loads(path.read_text())["schema"] == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_reading_writes_nothing(path: Path) -> None:
    assert labels(path) == []
    assert not path.exists()
    insert(path, label="A1")
    before = path.stat().st_mtime_ns
    assert labels(path) == ["A1"]
    assert path.stat().st_mtime_ns == before
    assert generations(path) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object(), "\ud800"])
def test_what_cannot_be_stored_leaves_the_file_as_it_was(path: Path, bad: object) -> None:
    insert(path, label="A1")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not changed"):
        insert(path, label="A2", capacity_ah=bad)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage", [b"", b"\0" * 100, b'{"schema": 1, "tab', b"[]", b'{"cells": {"1": {}}}', b'{"schema":1,"tables":{"cells":[]}}']
)
def test_a_damaged_file_opens_its_newest_good_generation_read_only(path: Path, damage: bytes) -> None:
    for label in ("A1", "A2", "A3"):
        insert(path, label=label)
    path.write_bytes(damage)
    path.with_name("inventory.json.1").unlink()
    path.with_name("inventory.json.1").write_bytes(b"also damaged")
    with transaction(path) as opened:
        assert [record["label"] for record in opened.table("cells")] == ["A1"]
        assert "inventory.json.2" in opened.problem
        with pytest.raises(StoreReadOnly, match="reading only"):
            opened.table("cells").insert({"label": "A4"})
    assert path.read_bytes() == damage


def test_a_damaged_file_without_generations_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"{")
    with pytest.raises(StoreReadOnly, match="no earlier generation"):
        insert(path, label="A1")
    assert path.read_bytes() == b"{"


def test_a_vanished_file_is_not_begun_anew_over_its_generations(path: Path) -> None:
    insert(path, label="A1")
    insert(path, label="A2")
    path.unlink()
    with pytest.raises(StoreReadOnly, match="missing"):
        insert(path, label="A3")
    assert labels(path) == ["A1"]


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    insert(path, label="A1")
    insert(path, label="A2")
    newer = json.dumps({"schema": 2, "tables": {}}).encode()
    path.write_bytes(newer)
    with pytest.raises(StoreTooNew, match="newer topbalance"):
        labels(path)
    assert path.read_bytes() == newer


def test_few_generations_are_kept_the_day_s_first_state_among_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Today(store.datetime.date):
        day = 1

        @classmethod
        def today(cls) -> Today:
            return cls(2026, 11, cls.day)

    monkeypatch.setattr(store.datetime, "date", Today)
    for day in range(1, 13):
        Today.day = day
        insert(path, label=f"{day}a")
        insert(path, label=f"{day}b")
    names = {file.name.removeprefix("inventory.json.") for file in generations(path)}
    assert names == {"1", "2", "3", *(f"2026-11-{day:02}" for day in range(6, 13))}
    start_of_day = json.loads(path.with_name("inventory.json.2026-11-12").read_bytes())["tables"]["cells"]
    assert [record["label"] for record in start_of_day.values()][-1] == "11b"
    assert generations(path)[0].name == "inventory.json.1"


@pytest.mark.parametrize("failing", ["fsync", "write", "rename"])
def test_a_disk_that_refuses_leaves_the_old_state_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    insert(path, label="A1")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if failing == "fsync":
            patch.setattr(store.os, "fsync", refuse)
        elif failing == "write":
            patch.setattr(store, "open_private", refuse)
        else:
            patch.setattr(Path, "replace", refuse)
        with pytest.raises(StoreError, match="no space left"):
            insert(path, label="A2")
    assert labels(path) == ["A1"]
    insert(path, label="A2")
    assert labels(path) == ["A1", "A2"]


def test_a_lock_held_too_long_and_a_disk_without_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(path, label="A1")
    monkeypatch.setattr(store, "LOCK_TIMEOUT_S", 0.0)
    with FileLock(path.with_name("inventory.json.lock")), pytest.raises(StoreBusy, match="in use"):
        labels(path)

    def read_only(self: FileLock, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(FileLock, "acquire", read_only)
    assert labels(path) == ["A1"]
    with pytest.raises(StoreReadOnly, match="read-only file system"):
        insert(path, label="A2")


def fork_inserter(path: Path, name: str, count: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            for number in range(count):
                insert(path, label=f"{name}{number}")
        except BaseException:  # noqa: BLE001 - a forked child must never return into the test runner
            os._exit(1)
        os._exit(0)
    return child


def test_two_processes_write_and_nothing_is_lost(path: Path) -> None:
    children = [fork_inserter(path, name, 15) for name in "ab"]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0]
    assert sorted(labels(path)) == sorted(f"{name}{number}" for name in "ab" for number in range(15))


def test_killed_at_any_moment_the_store_is_whole(path: Path) -> None:
    chance = random.Random(2)
    insert(path, label="first")
    count = 1
    for _ in range(15):
        child = fork_inserter(path, "k", 1000)
        select.select([], [], [], 0.005 + chance.random() * 0.1)  # long enough for some of them to have written
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = labels(path)
        assert found[0] == "first"
        assert len(found) >= count
        count = len(found)
        with transaction(path) as opened:
            assert opened.problem == ""
    assert count > 1


def test_places_follow_topbalance_home_and_the_demo_keeps_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "a" / "b"))
    mine = places.home()
    assert mine == places.home(demo=True)
    for file in (mine.inventory, mine.sessions_db, mine.sessions_dir, mine.logs, mine.runtime, mine.locks, mine.config):
        assert file.is_relative_to(tmp_path / "a" / "b")
    for folder in (mine.data, mine.data.parent, mine.sessions_dir, mine.runtime, mine.locks, mine.logs):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert mine.free_bytes() > 0

    monkeypatch.delenv("TOPBALANCE_HOME")
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "user"))
    user, demo = places.home(), places.home(demo=True)
    assert user.inventory != demo.inventory
    assert user.runtime != demo.runtime
    assert demo.inventory.is_relative_to(tmp_path)
