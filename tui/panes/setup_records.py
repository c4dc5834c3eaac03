"""What Setup knows from the records: cells to choose, models, own procedures, the bank used last, and a queue of cells left unfinished.

Reads files: for threads.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.domain.plan import Plan, PlanCell

if TYPE_CHECKING:
    from tui.domain.catalogue import CellModel
    from tui.records.places import Home
    from tui.records.sessions import Session


@dataclass(frozen=True, slots=True)
class Left:
    """A queue of single cells that was stopped: which are balanced, which still wait, and the plan to go on with (as JSON)."""

    bank: str
    done: tuple[str, ...]
    waiting: tuple[str, ...]
    plan: Mapping[str, Any]

    @property
    def words(self) -> str:
        done, waiting = ", ".join(self.done), ", ".join(self.waiting)
        return f"{self.bank}, one cell at a time: {done} balanced, {waiting} left. F9 fills in the rest."


@dataclass(frozen=True, slots=True)
class Known:
    cells: Mapping[str, PlanCell] = field(default_factory=dict)  # by label
    models: tuple[CellModel, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)  # own procedures: file's text by name
    last: Mapping[str, Any] = field(default_factory=dict)  # plan of the bank used last
    left: Left | None = None
    roles: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # address and rating of the bench's supply, meter and BMS

    def find_model(self, text: str) -> tuple[str, str] | None:
        """A model by its id or name, or the only one that fits what was typed; with what is known of it."""
        from tui.domain import catalogue

        wanted = text.casefold()
        exact = next((model for model in self.models if wanted in (model.id, model.title.casefold())), None)
        fitting = (exact,) if exact else catalogue.search(text, [model for model in self.models if model.own])
        if len(fitting) == 1:
            return fitting[0].id, model_words(fitting[0])
        return None


def model_words(model: CellModel) -> str:
    """One line on a model: what it is, thread and resistance where a document tells them."""
    resistance = "" if model.acir_mohm is None else f"{model.acir_mohm:g} mΩ"
    return " · ".join(part for part in (model.title, f"{model.capacity_ah:g} Ah", model.thread, resistance) if part)


def read_known(home: Home) -> Known:
    """Everything that can be read. A damaged record must not keep Setup from working; the screen that owns it tells of it."""
    from tui.domain import catalogue
    from tui.records.banks import Banks
    from tui.records.inventory import Inventory
    from tui.records.known_instruments import KnownInstruments
    from tui.records.models import Models
    from tui.records.own_procedures import OwnProcedureError, OwnProcedures
    from tui.records.sessions import Sessions
    from tui.records.store import StoreError

    cells: dict[str, PlanCell] = {}
    last: Mapping[str, Any] = {}
    left: Left | None = None
    models: list[CellModel] = []
    own: dict[str, str] = {}
    with contextlib.suppress(StoreError):
        models = Models(home).list()
    procedures = OwnProcedures(home)
    with contextlib.suppress(OSError):
        for name in procedures.list():
            with contextlib.suppress(OwnProcedureError):
                own[name] = procedures.read(name)
    with contextlib.suppress(StoreError):
        found = Inventory(home).list()
        cells = {cell.label: PlanCell(cell.label, cell.capacity_ah, cell.id) for cell in found if cell.capacity_ah}
    with contextlib.suppress(StoreError, KeyError, TypeError, ValueError):
        bank = Banks(home).last()
        last = bank.plan if bank else {}
    roles: dict[str, tuple[str, str]] = {}
    with contextlib.suppress(StoreError):
        roles = {one.role: (one.address, one.rating) for one in KnownInstruments(home).list() if one.role}
    if home.sessions_db.exists():
        with contextlib.suppress(StoreError, KeyError, TypeError, ValueError):
            left = left_of(Sessions(home).list())
    return Known(cells, catalogue.models(models), own, last, left, roles)


NONE = {"supply": "manual", "meter": "none", "bms": "none"}
"""What a field of Setup says while the bench has no instrument for it."""


def instruments_for(
    answers: Mapping[str, str], before: Mapping[str, tuple[str, str]], now: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """What Setup's fields become by the instruments that have roles now. What somebody typed there stays: only a field that names none, or the
    instrument that had the role `before`, is filled in.
    """
    filled: dict[str, str] = {}
    for name, none in NONE.items():
        if name not in answers or answers[name] not in (none, before.get(name, ("", ""))[0]):
            continue
        address, rating = now.get(name, (none, ""))
        if address != answers[name]:
            filled[name] = address
            if name == "supply" and rating:
                filled["rating"] = rating
    return filled


def left_of(sessions: list[Session]) -> Left | None:
    """What the last session left over, if it charged one cell at a time: cells of its plan that no end rule has closed."""
    if not sessions or sessions[-1].procedure != "single-cell" or sessions[-1].state == "running":
        return None
    last = sessions[-1]
    closed = {str(label) for part in last.parts if part.get("by_rule") for label in part.get("cells", ())}
    labels = [cell.label for cell in last.cells]
    done = tuple(label for label in labels if label in closed)
    waiting = tuple(label for label in labels if label not in closed)
    return Left(last.bank, done, waiting, last.plan) if done and waiting else None


def keep_bank(home: Home, plan: Plan) -> None:
    """Keep the bank, so that the next start is filled in with it. Its loss costs nobody anything."""
    from tui.records.banks import Banks
    from tui.records.store import StoreError

    with contextlib.suppress(StoreError):
        Banks(home).save(plan.bank, [cell.id for cell in plan.cells if cell.id], plan.to_json())


def keep_model(home: Home, model: CellModel) -> None:
    """A model of one's own goes into the catalogue of this home; where it cannot, the answers stand in the fields all the same."""
    from tui.domain.catalogue import InvalidModel
    from tui.records.models import Models
    from tui.records.store import StoreError

    values = {"maker": model.maker, "model": model.model, "capacity_ah": model.capacity_ah, "max_charge_a": model.max_charge_a}
    with contextlib.suppress(StoreError, InvalidModel):
        Models(home).add(values)
