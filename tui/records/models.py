"""Cell models that the user added to the catalogue; they lie in a file of their own in the home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tinydb import where

from tui.domain.catalogue import CellModel, InvalidModel, parse_model, shipped
from tui.records.cell import natural_key
from tui.records.places import Home
from tui.records.store import transaction


class Models:
    """The own models of a home. All methods raise StoreError when the file cannot be used."""

    def __init__(self, home: Home) -> None:
        self.path = home.data / "models.json"

    def add(self, values: Mapping[str, Any], *, replace: bool = False) -> CellModel:
        """Keep a model; its id is made of maker and model.

        Raises InvalidModel for a bad value, by its field, and for a name that is in the catalogue already; `replace` allows to
        take the place of an own model of that name, never of a shipped one.
        """
        made = parse_model({name: value for name, value in values.items() if name != "id"}, own=True)
        if any(model.id == made.id for model in shipped()):
            raise InvalidModel("model", f"{made.title} comes with the program already; give this one another name")
        with transaction(self.path) as store:
            table = store.table("models")
            if not replace and table.contains(where("id") == made.id):
                raise InvalidModel("model", f"{made.title} is among your models already; give this one another name, or replace it")
            table.upsert(_record(made), where("id") == made.id)
        return made

    def remove(self, model_id: str) -> None:
        """Forget an own model. Plans that name it keep their figures. An id that is not there is no error."""
        with transaction(self.path) as store:
            store.table("models").remove(where("id") == model_id)

    def list(self) -> list[CellModel]:
        """The own models by name. A record that a newer program wrote, and this one cannot read, is left out and stays in the file."""
        with transaction(self.path) as store:
            records = [dict(record) for record in store.table("models")]
        found = []
        for record in records:
            try:
                found.append(parse_model(record, own=True))
            except InvalidModel:
                continue
        return sorted(found, key=lambda model: natural_key(model.title))


def _record(model: CellModel) -> dict[str, Any]:
    """What is known of a model, as JSON."""
    values = {field.name: getattr(model, field.name) for field in fields(model) if field.name != "own"}
    return {name: value for name, value in values.items() if value not in (None, "", ())}
