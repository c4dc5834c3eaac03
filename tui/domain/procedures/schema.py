"""The format of a procedure's file: what a table may hold, and its rows as read. See `HEAD` for the format in words.

Nothing is filled in here: texts keep their {placeholders}, conditions stay words. `build` makes Steps of the rows for one plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

from tui.domain.procedure import Step
from tui.domain.procedures.errors import Path

FORMAT = 1
RESULTS = ("balanced", "done")
EACH = ("", "stage", "cell")
WIRINGS = ("parallel", "series", "single", "low")
PICTURES = ("", "diagonal", "series", "one")
KINDS = {"voltage": "V", "current": "A", "temperature": "°C", "choice": ""}
ACTIONS: tuple[str, ...] = get_args(get_type_hints(Step)["action"])
UNTILS: tuple[str, ...] = get_args(get_type_hints(Step)["until"])

HEAD = """\
A procedure of topbalance. Edit it, then bring it in again: every message names the line and the field.

[[part]]           a stretch of the work on one bank with one target. The output is off between two parts.
  each             "" once; "stage" once for each stage; "cell" once for each cell
  wiring           "parallel", "series" (the string under its BMS), "single" (with each = "cell"), "low" (the low cells, in a remedy)
  balances         true: when its charge ends by the end rule, its cells are balanced (with each = "stage" the last stage only)
  remedy           true: the part is done only when a gate asks for it
[[part.step]]      one line of the checklist. Its order: confirm and fields are asked, the gate judges, then hands, action, "until".
  title            at most 30 characters; instruction: what to do now; notes, warnings: lists of texts; tutorial: its section
  confirm          what is confirmed by a key; picture: "diagonal", "series" or "one"
  when             words that must all hold, "not …" turns one round:
                   "by hand" or "interface" (the supply), "knob current" (by hand, and less current than the supply's rating),
                   "metered" (a meter sees the cells all the time), "cells metered" (it sees each cell), "many" (more than one cell),
                   "soak" (a rest in parallel is planned), "assembled" (the cells stay in their battery), "first" and "last" (in an each)
  gate             a check of the values that were typed. No file can loosen it.
  hands            what is done by hand: leads-apart, leads-on, wire-cells, wire-series, take-apart, set-knobs, switch-on, switch-off …
  action           what the program does: identify, write-test, open-lead-test, contact-test, charge, output-off
  until            what is waited for: volts (until_v), end-rule, cell-at-target, rest (until_s)
  until_v          "knee", "level", or volts of a cell: "3.40 V"; never above the target
  until_s          "rest", "pause", "soak", or a time: "30 min"
  ask_during       true: the fields are asked while the charge goes on
  opening_ends     true: a BMS may open the charge here, and that ends the step
  retry_from       id of the step to go back to after a refusal
  leads_to         { "an answer" = "id of a step" } for an answer that goes on elsewhere
[[part.step.field]] what is typed: name, label, kind (voltage, current, temperature, choice), probe (where the meter goes), choices, when;
                   each = "cell" asks it for every cell
table "plan"       choices that this procedure fixes, whatever Setup says
table "limits"     limits of the guard that are tighter here; a looser one is refused
Names in {braces} are filled with the numbers of the bank, such as {target}, {set_a} or {cells}."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    path: Path
    name: str
    label: str
    kind: str
    probe: str = ""
    choices: tuple[str, ...] = ()
    each: str = ""
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRow:
    path: Path
    id: str
    title: str
    instruction: str
    tutorial: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    picture: str = ""
    confirm: str = ""
    gate: str = ""
    hands: tuple[str, ...] = ()
    action: str = ""
    until: str = ""
    until_v: str = ""
    until_s: str = ""
    ask_during: bool = False
    retry_from: str = ""
    opening_ends: bool = False
    leads_to: tuple[tuple[str, str], ...] = ()
    when: tuple[str, ...] = ()
    once: bool = False
    fields: tuple[FieldRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PartRow:
    path: Path
    id: str
    title: str
    each: str = ""
    wiring: str = "parallel"
    balances: bool = False
    remedy: bool = False
    when: tuple[str, ...] = ()
    steps: tuple[StepRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRow:
    """A whole file. `plan` and `limits` are as written, their texts still with units."""

    name: str
    title: str
    summary: str
    tutorial: str
    result: str
    parts: tuple[PartRow, ...]
    plan: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
