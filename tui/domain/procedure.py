"""A procedure is data: a list of Steps. The engine in `tui.bench` runs them; nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tui.domain.plan import Plan

Value = float | str


@dataclass(frozen=True, slots=True)
class Field:
    """One thing the operator types or chooses.

    `name` is its key in answers and journal ("cell:A1", "lead_end_v", "surface_c"). `unit` is "V", "A", "°C" or "" for choices.
    `probe` tells where meter probes go for it ("cell:A1", "lead-ends", "posts", "supply", "panel-v", "panel-a", "surface", ""): what the
    one-key capture reads, what the simulated hands of the embedded bench read, and what the prompt names.
    """

    name: str
    label: str
    kind: Literal["voltage", "current", "temperature", "choice"]
    unit: str = ""
    probe: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a procedure on one bank with one target: the whole balance, one stage, one cell of a queue, the string under its BMS.

    `plan` is the session's plan cut down to this part: its cells, wiring, target, end rule. Calculations, gates, guard and end rule take
    it as they take any plan. The engine goes from one part to the next only with the output proved off.
    """

    id: str  # "balance", "stage-2", "cell-A3"
    title: str  # at most 30 characters: "Stage 2 of 3: 3.55 V"
    plan: Plan
    balances: bool = False  # reaching its end rule makes its cells balanced; never so for a pre-charge, a levelling, a lower stage


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist.

    The engine goes through a step in this order: ask (`confirm` label and/or `fields`, checked by `gate`), let the simulated `hands` do the
    physical part (embedded bench only), do the bench's `action`, wait for `until`. Empty parts are skipped. While a step with
    `until` runs, `fields` with `ask_during=True` are asked without stopping the charge.
    """

    id: str  # unique in the session: "open-lead", or "open-lead@2" in its second part
    title: str  # at most 30 characters, for the checklist
    instruction: str  # what to do now, with this bank's numbers, 1-3 sentences
    tutorial: str  # section of the tutorial, "4.4" or "A.1"
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    picture: str = ""  # text picture, fixed width
    confirm: str = ""  # what the operator asserts by confirming; "" needs no confirmation
    fields: tuple[Field, ...] = ()
    gate: str = ""  # name in gates.GATES; a gate that a number can open is not opened by a tick
    hands: tuple[str, ...] = ()  # physical acts: see HANDS
    action: Literal["", "identify", "write-test", "open-lead-test", "contact-test", "charge", "output-off"] = ""
    until: Literal["", "volts", "end-rule", "cell-at-target", "rest"] = ""
    until_v: float = 0.0  # for "volts": at the cells, while the charge goes on
    until_s: float = 0.0  # for "rest": how long, from the last proof of off
    ask_during: bool = False
    retry_from: str = ""  # after a refusal go back to this step: its action must run again before the value can be read anew
    opening_ends: bool = False  # a BMS may open the charge here: an open circuit ends the step, and the next ones find out why
    leads_to: tuple[tuple[str, str], ...] = ()  # an answer (of a choice) that continues at another step: (answer, id of that step)
    part: Part | None = None  # set by whoever builds the procedure

    @property
    def topic(self) -> str:
        """What the step is about, in whichever part: the key of its reason, and of where its values belong."""
        return self.id.partition("@")[0]


def as_remedy(steps: tuple[Step, ...], number: int) -> tuple[Step, ...]:
    """Steps of a remedy with ids of their own, however often it is taken."""

    def renamed(step_id: str) -> str:
        return f"{step_id}@remedy-{number}" if step_id else ""

    return tuple(
        replace(
            step,
            id=renamed(step.id),
            retry_from=renamed(step.retry_from),
            leads_to=tuple((answer, renamed(to)) for answer, to in step.leads_to),
            part=step.part and replace(step.part, id=renamed(step.part.id)),
        )
        for step in steps
    )


HANDS = (
    "leads-apart",
    "leads-on",  # "leads-on:A2": on that cell alone
    "short-leads",  # the two lead ends joined, away from the cells, to set a current
    "wire-cells",  # in parallel; "wire-cells:A2,A5": only these
    "wire-series",  # in series, with the BMS
    "take-apart",
    "set-knobs",
    "set-current-knob",
    "switch-on",
    "switch-off",
    "trim-knob",
)
"""Physical acts, each with an optional list of cells after a colon."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate says of the values: `ok`, else `message` (what was found, what it means, what to do). `overridable` by a typed reason."""

    ok: bool
    message: str = ""
    overridable: bool = False
    warning: str = ""  # passes, but this must be shown and journalled
    hold: str = ""  # the refusal is a HOLD too, under this code: "F-28"
    remedy: str = ""  # a procedure that puts right what was refused, and then asks again: "level"
    remedy_text: str = ""  # what it would do, with the numbers: the label of the choice


@dataclass(frozen=True, slots=True)
class GateInput:
    """Everything a gate may look at: the answers of this step, all earlier answers of the session, and facts measured by the bench."""

    values: Mapping[str, Value]
    earlier: Mapping[str, Value] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)  # "open_lead_supply_v", "contact_test_v", …
