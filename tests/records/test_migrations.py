"""Older records are understood for ever: files of every version that was ever written open here, and a migration survives any crash.

Whoever raises `store.SCHEMA` puts files of the version before into `older/schema-N`, and says how they become the next one.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
from pathlib import Path

import pytest

from tui.records import store
from tui.records.backup import make_backup
from tui.records.banks import Banks
from tui.records.inventory import Inventory
from tui.records.known_instruments import KnownInstruments
from tui.records.models import Models
from tui.records.places import Home, home_at
from tui.records.restore import restore
from tui.records.sessions import Sessions
from tui.records.store import StoreError, StoreReadOnly, Tables, generations, transaction

OLDER = Path(__file__).parent / "older"


@pytest.mark.parametrize("version", range(1, store.SCHEMA + 1))
def test_records_of_every_version_are_read_and_written_on(place: Home, version: int) -> None:
    """Ids, values, logs, plans and rests as they were; and what is changed lies in the file beside them."""
    folder = OLDER / f"schema-{version}"
    assert folder.is_dir(), f"files of version {version} are missing: without them nobody knows whether they still open"
    for file in folder.iterdir():
        assert json.loads(file.read_bytes())["schema"] == version
        shutil.copy(file, place.data)
    first, second = Inventory(place).list()
    assert (first.label, first.capacity_ah, first.resistance_mohm, first.received_voltage_v) == ("A1", 280.0, 0.18, 3.301)
    assert first.notes == "dent\nat the side" and first.state == "balanced" and first.last_voltage_v == 3.361
    assert [item["kind"] for item in first.log] == ["received", "session", "voltage", "session", "rest"]
    (session,) = Sessions(place).list()
    assert (session.bank, session.result, session.spread_v) == ("boat", "balanced", pytest.approx(0.003))
    assert {cell.id for cell in session.cells} == {first.id, second.id}
    (bank,) = Banks(place).list()
    assert bank.cells == (first.id, second.id) and bank.plan["bank"] == "boat"
    assert [model.title for model in Models(place).list()] == ["EVE MINE"]
    assert [known.role for known in KnownInstruments(place).list()] == ["meter"]
    changed = Inventory(place).edit(first.id, supplier="somebody")
    assert Inventory(place).get(first.id) == changed
    Sessions(place).update(session.id, end_reason="end rule")
    assert json.loads(place.inventory.read_bytes())["schema"] == store.SCHEMA


# --- the machinery, with versions that no one has written yet -----------------------------------------------------------


def to_next(tables: Tables) -> Tables:
    """As a migration would: a field gets another name in every cell."""
    return {**tables, "cells": {n: {"named": r.get("label"), **r} for n, r in tables.get("cells", {}).items()}}


def to_the_one_after(tables: Tables) -> Tables:
    return {**tables, "cells": {n: {**r, "named": f"<{r['named']}>"} for n, r in tables.get("cells", {}).items()}}


@pytest.fixture
def two_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program two versions later than the one that wrote the file."""
    monkeypatch.setattr(store, "MIGRATIONS", {store.SCHEMA: to_next, store.SCHEMA + 1: to_the_one_after})
    monkeypatch.setattr(store, "SCHEMA", store.SCHEMA + 2)


def named(path: Path) -> list[str]:
    with transaction(path) as opened:
        return [record["named"] for record in opened.table("cells")]


def test_version_0_becomes_version_1_and_is_kept_as_it_was(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MIGRATIONS", {0: to_next})
    old = json.dumps({"schema": 0, "tables": {"cells": {"1": {"id": "c-1", "label": "A1"}}}}).encode()
    place.inventory.write_bytes(old)
    assert named(place.inventory) == ["A1"]
    assert place.inventory.read_bytes() == old  # looking changes nothing
    Inventory(place).add(label="A2")
    assert json.loads(place.inventory.read_bytes())["schema"] == 1
    assert place.inventory.with_name("inventory.json.schema-0").read_bytes() == old


def test_migrations_follow_each_other_over_several_versions(place: Home, request: pytest.FixtureRequest) -> None:
    Inventory(place).add(label="A1")
    old = place.inventory.read_bytes()
    request.getfixturevalue("two_later")
    assert named(place.inventory) == ["<A1>"]
    with transaction(place.inventory) as opened:
        opened.table("banks").insert({"id": "b-1"})
    assert named(place.inventory) == ["<A1>"]  # and not "<<A1>>": each was done once
    assert place.inventory.with_name(f"inventory.json.schema-{store.SCHEMA - 2}").read_bytes() == old


def test_a_step_that_is_missing_is_told_and_nothing_is_written(place: Home, request: pytest.FixtureRequest, monkeypatch) -> None:
    Inventory(place).add(label="A1")
    old = place.inventory.read_bytes()
    request.getfixturevalue("two_later")
    monkeypatch.setattr(store, "MIGRATIONS", {store.SCHEMA - 1: to_the_one_after})
    with pytest.raises(StoreReadOnly), transaction(place.inventory) as opened:
        assert "no topbalance wrote" in opened.problem
        opened.table("cells").insert({"id": "c-1"})
    assert place.inventory.read_bytes() == old


@pytest.mark.parametrize("failing", ["_keep_older", "_replace", "sync_folder"])
def test_a_disk_that_refuses_in_a_migration_leaves_the_old_file(
    place: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    Inventory(place).add(label="A1")
    old = place.inventory.read_bytes()
    request.getfixturevalue("two_later")

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(store, failing, refuse)
        with pytest.raises(StoreError, match="Nothing was changed"), transaction(place.inventory) as opened:
            opened.table("cells").insert({"named": "A2"})
    assert place.inventory.read_bytes() == old
    assert named(place.inventory) == ["<A1>"]


def test_killed_in_a_migration_the_old_file_or_the_new_one_is_there_and_the_old_one_is_kept(
    place: Home, request: pytest.FixtureRequest
) -> None:
    Inventory(place).add_many({"label": f"A{number}"} for number in range(300))
    old = place.inventory.read_bytes()
    first_version = store.SCHEMA
    request.getfixturevalue("two_later")
    seen = set()
    for number in range(30):
        for left in place.data.glob("inventory.json*"):
            left.unlink()
        place.inventory.write_bytes(old)
        child = os.fork()
        if child == 0:
            try:
                with transaction(place.inventory) as opened:
                    opened.table("banks").insert({"id": "b-1"})
                os._exit(0)
            finally:
                os._exit(1)  # a forked child must never return into the test runner
        select.select([], [], [], number * 0.001 if number < 29 else 2.0)  # the last one may end
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        version = json.loads(place.inventory.read_bytes())["schema"]
        seen.add(version)
        assert named(place.inventory)[:2] == ["<A0>", "<A1>"]
        kept = place.inventory.with_name(f"inventory.json.schema-{first_version}")
        if version == first_version:
            assert place.inventory.read_bytes() == old
        else:
            assert kept.read_bytes() == old
        if kept.exists():
            assert kept.read_bytes() == old  # whole, whenever it is there at all
    assert seen == {first_version, first_version + 2}


def test_an_older_generation_is_brought_to_this_version_too(place: Home, request: pytest.FixtureRequest) -> None:
    for label in ("A1", "A2"):
        Inventory(place).add(label=label)
    request.getfixturevalue("two_later")
    place.inventory.write_bytes(b"{torn")
    assert named(place.inventory) == ["<A1>"]
    assert generations(place.inventory)


def test_a_backup_of_an_older_version_is_migrated_where_it_is_restored(place: Home, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    Inventory(place).add(label="A1")
    saved = make_backup(place, tmp_path / "b.zip").path
    request.getfixturevalue("two_later")
    other = home_at(tmp_path / "other")
    assert restore(saved, other).remarks == ()
    assert named(other.inventory) == ["<A1>"]
