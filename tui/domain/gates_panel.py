"""The gate of a supply's front panel: the eye compares what the panel shows with what the program wrote, once for each device (F-19).

A wrong decimal between program and supply reads back right: what is written and what is read are scaled alike. Only the panel, and a meter at the
open leads, see it from outside.
"""

from __future__ import annotations

from tui.domain.gate_words import PASSED, refuse
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult

PANEL_CHOICES = ("just that voltage", "another voltage", "no set voltage at all")


def panel(plan: Plan, given: GateInput) -> GateResult:
    """What the panel shows as its set voltage. Another voltage is a wrong scale, which no reason passes."""
    answer = given.values.get("panel")
    if answer == PANEL_CHOICES[0]:
        return PASSED
    if answer == PANEL_CHOICES[1]:
        return refuse(
            "The panel shows another voltage than was written: the program and this supply do not mean the same by a number, and the cells "
            "would get ten times the volts, or a tenth. The output is off; leave the leads off. Look again whether it is the set voltage and not "
            "the output's. If it is, end the session (e) and check which model this is. No reason passes this gate."
        )
    if answer == PANEL_CHOICES[2]:
        return GateResult(
            ok=True,
            warning="The panel cannot show what is set, so only your meter at the open leads tells whether this supply and the program mean the "
            "same by a number. Take that measurement seriously; the panel is asked about again next time.",
        )
    return refuse("Look at the supply's front panel and choose one of the answers.")
