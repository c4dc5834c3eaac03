"""What Setup asks for: its fields in their groups, for which procedures each matters, and which part of a plan each answers for."""

from __future__ import annotations

from collections.abc import Mapping

from tui.domain.procedures import TITLES
from tui.panes.fields import FieldSpec

END_RULES = (("near-zero", "near-zero current"), ("fixed", "fixed current"), ("volts", "volts reached"))
PLACES = (("no", "taken out, each by itself"), ("yes", "stay in their battery"))
BALANCES = ("parallel", "step-and-pause", "single-cell")  # procedures with an end rule
OWN = "own:"  # a person's own procedure: every field may matter

FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(
        "bank", "Bank", "text", "Names these cells in the history. Its last letter labels them.", "Bank A", wide=True, group="The bank"
    ),
    FieldSpec(
        "procedure",
        "Procedure",
        "choice",
        "What is done. ← → go through it; What fits tells hours.",
        "parallel",
        choices=tuple(TITLES.items()),
        wide=True,
    ),
    FieldSpec("model", "Model", "text", "Maker and model: type a part of it. F6 lists the catalogue.", "", wide=True, asks_why=True),
    FieldSpec(
        "cells",
        "Cells",
        "text",
        "How many: 8. Or labels of the inventory: A1..A8. F6 lists them.",
        "8",
        question="How many cells?",
        asks_why=True,
    ),
    FieldSpec(
        "capacity",
        "Each",
        "capacity",
        "Ah of one cell, from its label. Chosen cells bring their own.",
        "280Ah",
        question="Which cell? Its Ah, from the label.",
    ),
    FieldSpec("cell_limit", "Cell A", "current", "Most charging amperes of one cell, by its data sheet; empty if unknown.", ""),
    FieldSpec(
        "arrangement",
        "Wired",
        "text",
        "8P: eight in parallel. Empty means all in parallel.",
        "",
        matters=("parallel", "step-and-pause"),
        asks_why=True,
    ),
    FieldSpec(
        "pack", "Pack", "text", "The battery for the pre-charge: 8S, 2P8S. Empty: all in series.", "", matters=("precharge",), asks_why=True
    ),
    FieldSpec(
        "assembled",
        "Battery",
        "choice",
        "Do the cells stay in their battery? BMS and loads off then.",
        "no",
        choices=PLACES,
        wide=True,
        matters=("single-cell",),
    ),
    FieldSpec(
        "supply",
        "Supply",
        "text",
        "manual: you read and type. One with a serial port or LAN: F6 finds it.",
        "manual",
        wide=True,
        question="Which supply, and what does it give?",
        group="Supply and leads",
        asks_why=True,
    ),
    FieldSpec(
        "rating",
        "Rating",
        "supply",
        "What the supply gives at most, from its label: 30V/10A.",
        "30V/10A",
        first=True,
    ),
    FieldSpec("derating", "Derate", "fraction", "Share of the rating to use for hours: 100%, or 80% to spare it.", "100%"),
    FieldSpec(
        "meter",
        "Meter",
        "text",
        "none: you type. F6 finds one; ?point=walk behind it: carried to each cell.",
        "none",
        wide=True,
        asks_why=True,
    ),
    FieldSpec(
        "bms",
        "BMS",
        "text",
        "none: you type what its app shows. F6 finds one on a line.",
        "none",
        wide=True,
        matters=("precharge",),
        asks_why=True,
    ),
    FieldSpec("leads", "Leads", "lead", "Both wires with contacts: 20mOhm, or 8AWG. Empty if unknown.", "8AWG"),
    FieldSpec("target", "Target", "target", "Volts per cell. 3.65 is usual, 3.64 or 3.60 milder, 3.50 least.", "3.65V", group="The charge"),
    FieldSpec("service", "In use", "cell_voltage", "Highest volts of a cell in use, by BMS and charger. Below the target.", ""),
    FieldSpec("soc", "Charge", "soc", "State of charge you expect: 50% or 90%..97%. For the forecast.", "50%"),
    FieldSpec("rate", "C limit", "c_rate", "Largest current, as C of the whole bank: 0.2C or less.", "0.2C"),
    FieldSpec("soak", "Soak", "time", "All in parallel before the pre-charge: 12 h, or 0 for none.", "0", matters=("precharge",)),
    FieldSpec(
        "stages",
        "Stages",
        "text",
        "Volts of the stages, upwards: 3.45 3.55 3.65. Empty: 0.1 V apart.",
        "",
        wide=True,
        matters=("step-and-pause",),
        asks_why=True,
    ),
    FieldSpec("pause", "Pause", "time", "Output off between two stages: 15 min.", "15 min", matters=("step-and-pause",)),
    FieldSpec(
        "end_rule",
        "End by",
        "choice",
        "When the charge ends. ← → choose, ? tells what each means.",
        "near-zero",
        choices=END_RULES,
        wide=True,
        matters=BALANCES,
    ),
    FieldSpec("end_current", "End at", "current", "It ends when the current stays below this: 0.10A.", "0.10A", matters=BALANCES),
)

# Which field of the form answers for which part of a plan.
FIELD_OF_PLAN: Mapping[str, str] = {
    "target_v": "target",
    "supply.address": "supply",
    "supply.max_voltage_v": "rating",
    "supply.max_current_a": "rating",
    "supply": "rating",
    "lead_resistance_ohm": "leads",
    "lead_limit_a": "leads",
    "soc_low": "soc",
    "soc_high": "soc",
    "c_rate": "rate",
    "end_current_a": "end_current",
    "capacity_ah": "capacity",
    "stages_v": "stages",
    "pause_s": "pause",
    "soak_s": "soak",
    "cell_limit_a": "cell_limit",
    "service_v": "service",
    "limits": "procedure",
}


def field_of(plan_field: str) -> str:
    """The field of Setup that answers for a part of the plan."""
    return FIELD_OF_PLAN.get(plan_field, plan_field)


def spec_of(name: str) -> FieldSpec:
    """The description of a field by its name; KeyError on another name."""
    return {spec.name: spec for spec in FIELDS}[name]


def matters(spec: FieldSpec, procedure: str) -> bool:
    """Whether a field says anything in this procedure or chain."""
    return not spec.matters or procedure.startswith(OWN) or not set(spec.matters).isdisjoint(procedure.split("+"))
