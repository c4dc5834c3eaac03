"""The catalogue of cell models, own models beside it, and what choosing a model fills in.

Ah, V, A, mΩ, °C, kg; rates in C (1/h). A field that no document tells is None, "" or (). The sources stand in `data/cells.toml`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

THREADS = ("M4", "M5", "M6", "M8")


@dataclass(frozen=True, slots=True)
class CellModel:
    """One model. `by_power`: its rates are power over nominal energy, which LiFePO4 volts make nearly the same number."""

    id: str
    maker: str
    model: str
    capacity_ah: float
    v_max: float | None = None
    v_min: float | None = None
    std_charge_c: float | None = None
    max_charge_a: float | None = None
    by_power: bool = False
    acir_mohm: float | None = None  # 1 kHz, new cell
    cv_cutoff_c: float | None = None
    charge_degc: tuple[float, float] | None = None  # coldest and warmest cell that may be charged
    limits: tuple[tuple[float, float], ...] = ()  # (°C, largest rate), rising temperatures
    thread: str = ""
    cycles: int | None = None
    mass_kg: float | None = None
    source: str = ""
    own: bool = False  # added by the user

    @property
    def title(self) -> str:
        return f"{self.maker} {self.model}".strip()

    @property
    def std_charge_a(self) -> float | None:
        return None if self.std_charge_c is None else self.std_charge_c * self.capacity_ah

    @property
    def max_charge_c(self) -> float | None:
        return None if self.max_charge_a is None else self.max_charge_a / self.capacity_ah


class InvalidModel(ValueError):
    """A value that cannot stand in a model; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


# --- looking up ------------------------------------------------------------------------------------------------


@cache
def shipped() -> tuple[CellModel, ...]:
    """The models that come with the program, in the order of their file."""
    text = resources.files("tui.domain").joinpath("data/cells.toml").read_text(encoding="utf-8")
    return tuple(parse_model({**row, "id": name}) for name, row in tomllib.loads(text).items())


def models(own: Iterable[CellModel] = ()) -> tuple[CellModel, ...]:
    """Own models first, then the shipped ones."""
    return (*own, *shipped())


def find(model_id: str, own: Iterable[CellModel] = ()) -> CellModel | None:
    """The model with this id, or None: a plan may name a model that was removed since."""
    return next((model for model in models(own) if model.id == model_id), None)


def search(text: str, own: Iterable[CellModel] = ()) -> tuple[CellModel, ...]:
    """The models in which every word of `text` is found: maker, model, id, or capacity ("eve 280", "280Ah"); all of them for ""."""
    words = text.casefold().split()

    def has(model: CellModel) -> bool:
        hay = f"{model.title} {model.id} {model.capacity_ah:g}ah {model.capacity_ah:g} ah".casefold()
        return all(word in hay for word in words)

    return tuple(model for model in models(own) if has(model))


# --- what a model decides --------------------------------------------------------------------------------------


def charge_limit_a(model: CellModel, surface_c: float) -> float | None:
    """The largest charging current of one cell at this temperature: between two rows of the maker's table the lower one.

    0 outside the temperatures that the maker allows; None where he is not known to tell anything.
    """
    if model.charge_degc is not None and not model.charge_degc[0] <= surface_c <= model.charge_degc[1]:
        return 0.0
    if not model.limits:
        return model.max_charge_a
    if not model.limits[0][0] <= surface_c <= model.limits[-1][0]:
        return 0.0
    below = max((row for row in model.limits if row[0] <= surface_c), key=lambda row: row[0])
    above = min((row for row in model.limits if row[0] >= surface_c), key=lambda row: row[0])
    limit_a = min(below[1], above[1]) * model.capacity_ah
    return limit_a if model.max_charge_a is None else min(limit_a, model.max_charge_a)


def fill(model: CellModel) -> dict[str, float | str | None]:
    """What choosing the model writes into Setup; None and "" where it is not known.

    `cell_limit_a` holds for a cell at 25 °C that is nearly full, as it is while it is balanced.
    """
    limit_a = charge_limit_a(model, 25.0)
    return {
        "model": model.id,
        "capacity_ah": model.capacity_ah,
        "cell_limit_a": model.std_charge_a if limit_a is None else limit_a,
        "resistance_mohm": model.acir_mohm,
        "thread": model.thread,
        "v_max": model.v_max,
    }


TORQUE_NM: Mapping[str, tuple[float, float]] = {"M6": (4.5, 6.3), "M8": (9.0, 10.7)}
_TORQUE_FROM = {
    "M6": "makers of other batteries with M6 posts, and builders with aluminium threads",
    "M8": "builders of electric cars with M8 aluminium threads",
}


def torque_words(thread: str) -> str:
    """The torque reminder for a thread; it never gives a cell maker's figure, because none is known."""
    head = "No cell maker's torque is known here: look in your cells' own papers."
    if thread not in TORQUE_NM:
        which = f"For {thread} no figure of others is known either" if thread else "The thread of these cells is not known"
        return f"{head} {which}: tighten by feel, little by little, and stop when the washer no longer turns."
    low, high = TORQUE_NM[thread]
    return (
        f"{head} {low:g} to {high:g} N·m is what others use for {thread} ({_TORQUE_FROM[thread]}); it is not your maker's figure. "
        "Aluminium threads strip easily: begin at the low end, with a torque wrench, and hold the stud while you turn the nut."
    )


# --- reading a model -------------------------------------------------------------------------------------------

_NUMBERS: Mapping[str, tuple[str, float, float]] = {  # unit, lowest, highest believable
    "capacity_ah": ("Ah", 1.0, 1000.0),
    "v_max": ("V", 3.4, 3.8),
    "v_min": ("V", 1.5, 3.2),
    "std_charge_c": ("C", 0.01, 5.0),
    "max_charge_a": ("A", 0.1, 3000.0),
    "acir_mohm": ("mΩ", 0.01, 100.0),
    "cv_cutoff_c": ("C", 0.001, 0.5),
    "cycles": ("cycles", 1.0, 100_000.0),
    "mass_kg": ("kg", 0.01, 50.0),
}
_TEXTS = ("maker", "model", "thread", "source")
_DEGC_LOW, _DEGC_HIGH = -40.0, 80.0


def parse_model(values: Mapping[str, Any], *, own: bool = False) -> CellModel:
    """A model from a table of the file or from what a user typed; without `id` it gets one made of maker and model.

    Needed are maker or model, and capacity_ah. None and "" stand for unknown. Raises InvalidModel naming the field.
    """
    known = {"id", "by_power", "charge_degc", "limits", *_TEXTS, *_NUMBERS}
    foreign = sorted(values.keys() - known)
    if foreign:
        raise InvalidModel(foreign[0], f"a cell model has no field {foreign[0]}; it has {', '.join(sorted(known))}")
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    texts = {name: _text(name, given.get(name, "")) for name in _TEXTS}
    if not texts["maker"] and not texts["model"]:
        raise InvalidModel("model", "a cell model needs a name, such as the one printed on the cell")
    if "capacity_ah" not in given:
        raise InvalidModel("capacity_ah", "a cell model needs its capacity in Ah, as printed on the cell")
    numbers = {name: _number(name, given[name]) for name in _NUMBERS if name in given}
    by_power = given.get("by_power", False)
    if not isinstance(by_power, bool):
        raise InvalidModel("by_power", f"by_power is true or false, not {by_power!r}")
    if texts["thread"] and texts["thread"].upper() not in THREADS:
        raise InvalidModel("thread", f"“{texts['thread']}” is no thread of a cell; there are {', '.join(THREADS)}")
    fields: dict[str, Any] = {**texts, **numbers, "thread": texts["thread"].upper()}
    if "cycles" in fields:
        fields["cycles"] = int(fields["cycles"])
    made = CellModel(
        id=str(given["id"]) if "id" in given else model_id(texts["maker"], texts["model"]),
        by_power=by_power,
        charge_degc=_span(given["charge_degc"]) if "charge_degc" in given else None,
        limits=_limits(given["limits"]) if "limits" in given else (),
        own=own,
        **fields,
    )
    if made.v_max is not None and made.v_min is not None and made.v_max <= made.v_min:
        raise InvalidModel("v_min", f"the end of discharge ({made.v_min:g} V) must lie below the end of charge ({made.v_max:g} V)")
    return made


def model_id(maker: str, model: str) -> str:
    """ "EVE LF280K" → "eve-lf280k"."""
    return re.sub(r"[^a-z0-9]+", "-", f"{maker} {model}".casefold()).strip("-") or "model"


def _number(field: str, value: Any) -> float:
    unit, low, high = _NUMBERS[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
        hint = ""
        if field == "capacity_ah" and isinstance(value, int | float) and not isinstance(value, bool) and low <= value / 1000 <= high:
            hint = "; were milliampere-hours meant?"
        raise InvalidModel(field, f"{field} must be a number from {low:g} to {high:g} {unit}, not {value!r}{hint}")
    return float(value)


def _text(field: str, value: Any) -> str:
    text = " ".join(str(value).split())
    if not text.isprintable() or len(text) > (400 if field == "source" else 60):
        raise InvalidModel(field, f"{field} must be one line of at most {400 if field == 'source' else 60} printable characters")
    return text


def _temperature(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _DEGC_LOW <= value <= _DEGC_HIGH:
        raise InvalidModel(field, f"{field}: {value!r} is no temperature of a cell; it lies between −40 and 80 °C")
    return float(value)


def _span(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidModel("charge_degc", "charge_degc is two temperatures, such as [0, 60]")
    low, high = (_temperature("charge_degc", end) for end in value)
    if low >= high:
        raise InvalidModel("charge_degc", f"charge_degc runs downwards: {low:g} to {high:g} °C")
    return low, high


def _limits(value: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(row, list | tuple) and len(row) == 2 for row in value):
        raise InvalidModel("limits", "limits is a list of [°C, rate], such as [[0, 0.05], [10, 0.3], [25, 1.0]]")
    rows = []
    for degc, rate in value:
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 5:
            raise InvalidModel("limits", f"limits: {rate!r} is no charging rate; it lies between 0 and 5 C")
        rows.append((_temperature("limits", degc), float(rate)))
    if any(rows[k][0] >= rows[k + 1][0] for k in range(len(rows) - 1)):
        raise InvalidModel("limits", "the temperatures of limits must rise from row to row")
    return tuple(rows)
