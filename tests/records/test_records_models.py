"""Own cell models and own procedures in the home."""

from __future__ import annotations

import pytest

from tui.domain.catalogue import InvalidModel, find, models
from tui.records.models import Models
from tui.records.own_procedures import NameTaken, OwnProcedureError, OwnProcedures
from tui.records.places import Home
from tui.records.store import transaction

MINE = {"maker": "Basen", "model": "BS 280", "capacity_ah": 280, "thread": "M6", "limits": [[0, 0.05], [25, 0.5]], "charge_degc": [0, 55]}


def test_an_own_model_is_kept_as_it_was_typed_and_found_beside_the_shipped_ones(place: Home) -> None:
    made = Models(place).add(MINE)
    kept = Models(place).list()
    assert kept == [made]
    assert made.own and made.limits == ((0.0, 0.05), (25.0, 0.5)) and made.charge_degc == (0.0, 55.0)
    assert find("basen-bs-280", kept) == made
    assert models(kept)[0] == made


def test_a_model_that_is_there_is_refused_unless_it_replaces_an_own_one(place: Home) -> None:
    own = Models(place)
    own.add(MINE)
    for again in (MINE, {**MINE, "maker": "basen"}, {"maker": "EVE", "model": "LF280K", "capacity_ah": 280}):
        with pytest.raises(InvalidModel) as caught:
            own.add(again)
        assert caught.value.field == "model"
    assert own.add({**MINE, "capacity_ah": 285}, replace=True).capacity_ah == 285
    assert [model.capacity_ah for model in own.list()] == [285]
    with pytest.raises(InvalidModel):
        own.add({"maker": "EVE", "model": "LF280K", "capacity_ah": 280}, replace=True)


def test_a_bad_value_is_refused_by_its_field_and_nothing_is_kept(place: Home) -> None:
    with pytest.raises(InvalidModel) as caught:
        Models(place).add({**MINE, "capacity_ah": 280_000})
    assert caught.value.field == "capacity_ah"
    assert Models(place).list() == []


def test_an_own_model_can_be_forgotten(place: Home) -> None:
    own = Models(place)
    made = own.add(MINE)
    own.remove(made.id)
    own.remove("never there")
    assert own.list() == []


def test_a_record_of_a_newer_program_is_left_alone(place: Home) -> None:
    own = Models(place)
    own.add(MINE)
    with transaction(own.path) as store:
        store.table("models").insert({"id": "y", "model": "Y", "capacity_ah": 100, "of_the_future": 1})
    assert [model.id for model in own.list()] == ["basen-bs-280"]
    own.add({"model": "Z", "capacity_ah": 50})
    with transaction(own.path) as store:
        assert len(store.table("models")) == 3


# --- own procedures ---------------------------------------------------------------------------------------------

TEXT = 'title = "My way"  # Ω stays Ω\n'


def test_a_procedure_is_kept_as_it_is(place: Home) -> None:
    own = OwnProcedures(place)
    path = own.save("my way", TEXT)
    assert own.read("my way") == TEXT
    assert own.list() == ["my way"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in own.folder.iterdir()] == ["my way.toml"]


def test_names_are_sorted_as_people_count(place: Home) -> None:
    own = OwnProcedures(place)
    for name in ("A10", "A2"):
        own.save(name, TEXT)
    assert own.list() == ["A2", "A10"]


def test_a_procedure_is_replaced_only_when_that_is_said(place: Home) -> None:
    own = OwnProcedures(place)
    own.save("my way", TEXT)
    for name in ("my way", "My Way"):
        with pytest.raises(NameTaken):
            own.save(name, "other")
    assert own.read("my way") == TEXT
    own.save("My Way", "other", overwrite=True)
    assert own.list() == ["My Way"]
    assert own.read("my way") == "other"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "a.toml", " a", "a ", "ä", "a\nb", "x" * 41, "NUL", "-a", "a:b"])
def test_a_name_that_could_be_another_file_is_refused(place: Home, name: str) -> None:
    own = OwnProcedures(place)
    for act in (lambda: own.save(name, TEXT), lambda: own.read(name), lambda: own.remove(name)):
        with pytest.raises(OwnProcedureError):
            act()
    assert not own.folder.exists()


def test_a_procedure_that_is_not_there_is_told_with_those_that_are(place: Home) -> None:
    own = OwnProcedures(place)
    own.save("other", TEXT)
    with pytest.raises(OwnProcedureError, match="other"):
        own.read("mine")
    own.remove("mine")
    own.remove("other")
    assert own.list() == []


@pytest.mark.parametrize("text", ["\ud800", "x" * 1_000_001])
def test_what_is_no_text_is_not_written(place: Home, text: str) -> None:
    with pytest.raises(OwnProcedureError):
        OwnProcedures(place).save("mine", text)
    assert OwnProcedures(place).list() == []


def test_a_disk_that_refuses_leaves_the_old_text(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnProcedures(place)
    own.save("mine", TEXT)

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui.records.own_procedures.os.fsync", refuse)
    with pytest.raises(OwnProcedureError, match="no space left"):
        own.save("mine", "other", overwrite=True)
    assert own.read("mine") == TEXT
    assert [file.name for file in own.folder.iterdir()] == ["mine.toml"]
