"""Cells that are not alike, by what the records tell: another capacity or maker (F-10), another lot or another charge at equal volts (F-05).

Capacities in Ah, volts at rest in V. What is unknown differs from nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.domain.gate_words import PASSED, listed, refuse, refuse_softly
from tui.domain.plan import Plan
from tui.domain.procedure import Field, GateInput, GateResult, Part, Step

MIXED_CAPACITY_FRACTION = 0.05  # measured capacities of matched cells stay within this of each other
EQUAL_V = 0.020  # closer together at rest nobody can tell one charge from another on the flat part
NEARLY_FULL_V, PLATEAU_TOP_V = 3.34, 3.32  # at rest: above the first nearly full, below the second anything from half to nearly full
MIXED_CHOICES = ("are meant to be together", "do not belong together")


def mixed(plan: Plan) -> str:
    """In what the cells of the plan differ, in words; "" when they are alike."""
    capacities = [cell.capacity_ah for cell in plan.cells]
    makers = _distinct([cell.maker for cell in plan.cells])
    found = []
    if capacities and max(capacities) - min(capacities) > MIXED_CAPACITY_FRACTION * max(capacities):
        found.append(f"in capacity: {min(capacities):g} to {max(capacities):g} Ah")
    if len(makers) > 1:
        found.append(f"in maker: {listed(makers)}")
    return ", and ".join(found)


def _distinct(names: list[str]) -> list[str]:
    """Different names; one that only says more of another (EVE, EVE Energy) is the same."""
    kept: list[str] = []
    for name in sorted({" ".join(name.split()) for name in names if name.strip()}, key=len):
        if not any(name.casefold().startswith(shorter.casefold()) for shorter in kept):
            kept.append(name)
    return kept


def mixed_warning(plan: Plan) -> str:
    """What unlike cells mean for the pack; "" when they are alike."""
    found = mixed(plan)
    if not found:
        return ""
    return (
        f"The cells differ {found}. They can be balanced together, but the pack will only give what its smallest cell holds, and cells of "
        "unlike age or make drift apart. Why they are mixed is asked for and kept in the record."
    )


def mixed_step(part: Part, plan: Plan) -> Step:
    """Asks why unlike cells are together. It stands before the procedure's own steps, whatever procedure that is."""
    return Step(
        id="mixed",
        title="Unlike cells",
        instruction=f"The cells differ {mixed(plan)}. Say whether they are meant to be together; the reason is asked next.",
        tutorial="4",
        notes=(
            "A pack gives what its smallest cell holds, and the larger ones are never used wholly.",
            "Other cells age and lose charge at another pace: expect to balance such a pack again.",
        ),
        warnings=("Another chemistry is never mixed in, whatever the reason.",),
        fields=(Field("mixed", "These cells", "choice", choices=MIXED_CHOICES),),
        gate="mixed",
        part=part,
    )


def mixed_gate(plan: Plan, given: GateInput) -> GateResult:
    """Unlike cells pass with a typed reason only."""
    answer = given.values.get("mixed")
    if answer == MIXED_CHOICES[1]:
        return refuse("End this session, and begin one with the cells that belong together.")
    if answer != MIXED_CHOICES[0]:
        return refuse("Choose one of the answers.")
    if not mixed(plan):
        return PASSED
    return refuse_softly(f"{mixed_warning(plan).rpartition('. ')[0]}. Give the reason why they are mixed; it stays in the record.")


def unlike_charge(plan: Plan, volts: Mapping[str, float]) -> str:
    """Why equal volts of these cells at rest may hide unequal charge, and what helps; "" where nothing tells of it (F-05)."""
    low = [label for label, value in volts.items() if value < PLATEAU_TOP_V]
    full = [label for label, value in volts.items() if value >= NEARLY_FULL_V]
    spread_v = max(volts.values()) - min(volts.values())
    charged = [cell.label for cell in plan.cells if cell.charged]
    lots = list(dict.fromkeys(cell.lot for cell in plan.cells if cell.lot))
    if full and low:
        fullest, emptiest = max(volts, key=lambda label: volts[label]), min(volts, key=lambda label: volts[label])
        why = f"{fullest} is nearly full, {emptiest} may lack anything up to half."
    elif 0 < len(charged) < len(plan.cells) and spread_v <= EQUAL_V + 1e-9 and min(volts.values()) < NEARLY_FULL_V:
        was = "was" if len(charged) == 1 else "were"
        why = f"By the records {listed(charged)} {was} charged to the top before, the others were not, and all show nearly the same volts."
    elif len(lots) > 1 and min(volts.values()) < NEARLY_FULL_V:
        why = f"The cells come from {len(lots)} lots ({'; '.join(lots[:3])}), and the makers send each lot with another charge."
    else:
        return ""
    return (
        f"Volts are close but charge may not be: {why} It only takes longer, or one cell nears the knee long before the others are full. A "
        "series pre-charge under a BMS fills them faster. A night in parallel moves little charge on the flat part of the curve."
    )
