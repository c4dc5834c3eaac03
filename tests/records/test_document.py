"""Record files in lines: what is read back is what was written, whoever wrote it, and nothing kept in memory is taken for the file."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinydb import operations, where

from tui.records import document
from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.store import SCHEMA, transaction

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
).filter(lambda value: "\\ud" not in json.dumps(value))
RECORDS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4)
TABLES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])), st.dictionaries(st.integers(1, 99).map(str), RECORDS, max_size=4), max_size=3
)


@given(TABLES, TABLES)
def test_what_is_written_reads_back_also_through_the_lines_of_before(first, second):
    one = document.render(SCHEMA, first, None)
    assert json.loads(one.raw) == {"schema": SCHEMA, "tables": first}
    again = document.read(one.raw)
    assert again.tables == first
    assert {name: set(table) for name, table in again.lines.items()} == {name: set(table) for name, table in first.items()}
    two = document.render(SCHEMA, second, again)
    assert json.loads(two.raw) == {"schema": SCHEMA, "tables": second}
    assert document.read(two.raw).tables == second


@given(TABLES)
def test_what_python_calls_equal_is_not_the_same_to_a_file(tables):
    before = document.read(document.render(SCHEMA, tables, None).raw)
    changed = {
        name: {number: {field: _twin(value) for field, value in record.items()} for number, record in table.items()}
        for name, table in tables.items()
    }
    assert changed == tables
    written = document.render(SCHEMA, changed, before)
    text = json.dumps({"schema": SCHEMA, "tables": changed})
    assert json.dumps(json.loads(written.raw)) == text
    assert json.dumps({"schema": SCHEMA, "tables": written.tables}) == text


def _twin(value):
    """Equal, and another thing in JSON where there is one: true and 1, 1 and 1.0, 0.0 and -0.0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and float(value) == value:
        return float(value)
    return -value if value == 0.0 and isinstance(value, float) else value


@given(TABLES, TABLES)
def test_a_file_that_another_program_wrote_reads_the_same_whatever_was_read_before(first, second):
    before = document.read(document.render(SCHEMA, first, None).raw)
    raw = document.render(SCHEMA, second, None).raw
    found = document.read(raw, before)
    assert json.dumps(found.tables) == json.dumps(document.read(raw).tables)
    assert found.lines == document.read(raw).lines


def test_a_change_of_kind_alone_is_written(place: Home):
    place.data.mkdir(parents=True, exist_ok=True)
    with transaction(place.inventory) as store:
        store.table("facts").insert_multiple([{"id": "a", "ok": 1}, {"id": "b", "ok": 1}])
    with transaction(place.inventory) as store:
        store.table("facts").update({"ok": True}, where("id") == "b")
    assert [record["ok"] is True for record in json.loads(place.inventory.read_text())["tables"]["facts"].values()] == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.update({"n": 2}),
        lambda table: table.update({"n": 2}, where("n") == 1),
        lambda table: table.update({"n": 2}, doc_ids=[1, 2, 7]),
        lambda table: table.update(lambda record: record.update(n=2)),
        lambda table: table.update(operations.set("n", 2), where("n") == 1),
        lambda table: table.update_multiple([({"n": 2}, where("n") == 1)]),
        lambda table: table.upsert({"n": 2}, where("n") == 1),
    ],
)
def test_every_way_to_change_records_leaves_those_of_before_alone_until_it_is_kept(place: Home, change):
    place.data.mkdir(parents=True, exist_ok=True)
    with transaction(place.inventory) as store:
        store.table("facts").insert_multiple([{"n": 1}, {"n": 1}])
    with pytest.raises(RuntimeError), transaction(place.inventory) as store:
        assert change(store.table("facts")) == [1, 2]
        assert [record["n"] for record in store.table("facts")] == [2, 2]
        raise RuntimeError
    with transaction(place.inventory) as store:
        assert [record["n"] for record in store.table("facts")] == [1, 1]
        change(store.table("facts"))
    assert [record["n"] for record in json.loads(place.inventory.read_text())["tables"]["facts"].values()] == [2, 2]


@given(TABLES.filter(bool), st.data())
def test_a_document_cut_anywhere_is_no_document(tables, data):
    raw = document.render(SCHEMA, tables, None).raw
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(ValueError):
        document.read(raw[:cut])


@given(TABLES)
def test_a_document_in_any_other_layout_reads_the_same(tables):
    text = json.dumps({"schema": SCHEMA, "tables": tables}, indent=1)
    assert document.read(text.encode()).tables == tables


def test_a_change_by_another_hand_is_seen_though_size_and_times_are_the_same(place: Home):
    inventory = Inventory(place)
    inventory.add(label="A1", notes="one")
    before = place.inventory.stat()
    raw = place.inventory.read_bytes()
    place.inventory.write_bytes(raw.replace(b'"one"', b'"two"'))
    os.utime(place.inventory, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert inventory.list()[0].notes == "two"


def test_a_refused_change_is_not_remembered(place: Home):
    inventory = Inventory(place)
    cell = inventory.add(label="A1")
    with pytest.raises(RuntimeError), transaction(place.inventory) as store:
        store.table("cells").update({"notes": "half"})
        raise RuntimeError
    assert inventory.get(cell.id).notes == "" == inventory.list()[0].notes


def test_cells_that_are_remembered_follow_every_edit(place: Home):
    inventory = Inventory(place)
    inventory.add_many({"label": f"A{number}", "capacity_ah": 280.0 - number} for number in range(1, 12))
    assert inventory.list("", "capacity_ah")[0].label == "A11"
    first = inventory.list()[0]
    inventory.edit(first.id, label="A99", capacity_ah=10)
    assert inventory.list()[-1].label == "A99"
    assert inventory.list("", "capacity_ah")[0].label == "A99"
    assert [cell.label for cell in inventory.list("a99")] == ["A99"]
    inventory.delete(first.id)
    assert inventory.list("a99") == []
    assert len(inventory.list()) == 10


def test_what_was_just_written_is_given_as_a_new_start_would_read_it(place: Home):
    place.data.mkdir(parents=True, exist_ok=True)
    mine = {"kept": ["a"]}
    with transaction(place.inventory) as store:
        store.table("cells").insert({"id": "c-1", "parts": ({"cells": ("A1", "A2")},), "mine": mine})
    mine["kept"].append("changed afterwards")
    with transaction(place.inventory) as store:
        remembered = [dict(record) for record in store.table("cells")]
    assert remembered == [{"id": "c-1", "parts": [{"cells": ["A1", "A2"]}], "mine": {"kept": ["a"]}}]
