"""The second half of the parallel balance: charge, trim, hold, take apart and rest."""

from __future__ import annotations

from collections.abc import Iterator

from tui.domain.calculations import knee_v
from tui.domain.plan import Plan
from tui.domain.procedure import Field, Step


def steps(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    """From the first ampere to the finished record. `facts` are the bank's numbers."""
    yield from _charge(plan, facts)
    yield from _apart(plan, facts)
    yield from _rest(plan, facts)


def _during(plan: Plan) -> tuple[Field, ...]:
    """What is asked while the charge goes on: the panel of a supply without interface, and the cells where no meter reports them."""
    panel = (
        Field("supply_v", "Volts on the panel", "voltage", "V", "panel-v"),
        Field("current_a", "Amperes on the panel", "current", "A", "panel-a"),
    )
    cells = (Field("cells_v", "Volts at the cells", "voltage", "V", "posts"),)
    return (*(panel if plan.supply.by_hand else ()), *(() if plan.meter else cells))


def _end_text(plan: Plan, facts: dict[str, str]) -> str:
    if plan.end_rule == "volts":
        return f"the cells stand at {facts['held_v']} or more"
    return f"the current is {facts['end_a']} or less with the cells at {facts['held_v']} or more, for 10 minutes"


def _charge(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    fields = _during(plan)
    by_hand = plan.supply.by_hand
    yield Step(
        id="charge",
        title="Switch on",
        instruction=f"{'Switch the output on' if by_hand else 'The output comes on when you confirm'}. Up to {facts['set_a']} will flow "
        "into the bank. From now on do not adjust the voltage!",
        tutorial="4.5",
        notes=(
            f"If the display drops below {facts['target']} at once, all is well: the current limit is at work.",
            "Stay for the first ten minutes. Feel leads, rings and posts: lukewarm is right, hot is a bad contact.",
        ),
        warnings=("Spark, hiss, smell or a hot spot: output off.",),
        confirm="The output is on" if by_hand else "Start the charge",
        hands=("switch-on",) if by_hand else (),
        action="charge",
    )
    yield Step(
        id="to-knee",
        title=f"Charge to {facts['knee']}",
        instruction=f"The cells take {facts['plateau_a']} until they reach {facts['knee']}. Whole charge: {facts['time']}. Do not "
        "adjust the voltage!",
        tutorial="4.5",
        notes=(
            f"While the supply limits the current, its display shows less than {facts['target']}. That is right: leave the knob alone.",
            "Volts at the cells lie below the supply's, and cells differ a little from each other. That is the resistance of leads and "
            "busbars; it goes to zero with the current.",
            "For hours nothing seems to happen: the curve is flat. Nearly full cells reach the top in one to four hours, emptier ones "
            "need days.",
        ),
        warnings=("Do not adjust the voltage, whatever the display shows.",),
        fields=fields,
        until="volts",
        until_v=knee_v(plan),
        ask_during=bool(fields),
    )
    yield Step(
        id="trim",
        title="Trim at the supply",
        instruction=f"The cells passed {facts['knee']}. Put the meter on the supply's own terminals and type its volts: never above "
        f"{facts['target']}.",
        tutorial="4.6",
        notes=(
            "From here the volts climb fast, and cheap supplies do not hold their voltage exactly. Believe the meter, not the display.",
            "Cells below the supply's volts are no worry: they will catch up as the current falls.",
            f"Raising is allowed only by the error that the meter shows, 30 mV at most, and never past {facts['target']} at the terminals.",
        ),
        warnings=("Stay near from now on. Cells this full are not left alone.",),
        fields=(Field("trim_v", "Volts at the supply", "voltage", "V", "supply"),),
        gate="trim",
        ask_during=True,
    )
    yield Step(
        id="hold",
        title=f"Hold at {plan.target_v:.2f} V",
        instruction=f"The voltage stays, the current falls. It ends when {_end_text(plan, facts)}.",
        tutorial="4.7",
        notes=(
            "From the rise of the volts to the end it usually takes less than an hour; long thin leads and large banks take more.",
            f"{facts['end_a']} is {facts['end_c']} of this bank: near zero. It need not be exactly zero.",
            "A current that drops to zero at once is a lead that fell off, not the end.",
        ),
        warnings=(f"Check the supply's terminals again with the meter every 15 minutes: not above {facts['target']}.",),
        fields=fields,
        until="end-rule",
        ask_during=bool(fields),
    )


def _apart(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    drain = "Leads left on a switched-off supply slowly drain the cells."
    if plan.supply.by_hand:
        yield Step(
            id="off",
            title="Output off",
            instruction="The charge has ended: the cells are full and balanced at the top. Switch the output off.",
            tutorial="4.8",
            warnings=(drain,),
            confirm="The output is off",
            hands=("switch-off",),
        )
        yield Step(
            id="off-amps",
            title="No current flows",
            instruction="Read the amperes on the supply's panel and type them.",
            tutorial="4.8",
            notes=(f"Off means {facts['off_a']} or less.",),
            fields=(Field("off_current_a", "Amperes on the panel", "current", "A", "panel-a"),),
            gate="off",
            action="output-off",
        )
    else:
        yield Step(
            id="off",
            title="Output off",
            instruction="The charge has ended: the cells are full and balanced at the top. The output is switched off and proved off.",
            tutorial="4.8",
            notes=(f"Off means: the supply says so, and {facts['off_a']} or less flow within 2 s.",),
            warnings=(drain,),
            action="output-off",
        )
    yield Step(
        id="disconnect",
        title="Leads off the cells",
        instruction="Take the red lead off the cells first, then the black one, and lay the ends apart.",
        tutorial="4.8",
        notes=("Cover the ends: a supply may hold a little charge for a while.",),
        warnings=("Insulated tools, as before: the cells are full now.",),
        confirm="Leads are off the cells and apart",
        hands=("leads-apart",),
    )
    yield Step(
        id="leads-off",
        title="Lead ends show nothing",
        instruction="Measure between the two lead ends and type the volts.",
        tutorial="4.8",
        notes=("Near 0 V proves both: leads off the cells, and output off.",),
        warnings=("Cells go in series only after this: with leads on, the whole pack would sit on the supply.",),
        fields=(Field("lead_end_off_v", "Volts at the lead ends", "voltage", "V", "lead-ends"),),
        gate="leads-off",
    )
    yield Step(
        id="take-apart",
        title="Take the bank apart",
        instruction=f"Remove all busbars, so that each of the {facts['cells']} stands alone.",
        tutorial="4.8",
        notes=("Only a cell that stands alone shows whether it holds its volts. Studs stay in.",),
        warnings=("One tool, one nut at a time; lift busbars straight up. Full cells give the largest short.",),
        confirm="Every cell stands alone",
        hands=("take-apart",),
    )


def _rest(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    yield Step(
        id="rest",
        title=f"Rest {facts['rest']}",
        instruction=f"Leave the cells alone for {facts['rest']}. Their volts fall; that is normal.",
        tutorial="4.8",
        notes=(
            "Without current the volts drift down to a resting value, after a long taper often 3.45 to 3.6 V, after a short one 3.33 "
            "to 3.47 V, and on for days.",
            "Resting cells may differ by a few millivolts. That says nothing against the balance.",
        ),
        until="rest",
        until_s=plan.rest_s,
    )
    yield Step(
        id="rest-volts",
        title="Measure each cell at rest",
        instruction="Measure every cell and type its volts.",
        tutorial="4.8",
        notes=("Expected: 3.33 V up to a little below the target. Only a cell apart from the others counts, not the common fall.",),
        fields=tuple(Field(f"cell:{cell.label}", cell.label, "voltage", "V", f"cell:{cell.label}") for cell in plan.cells),
        gate="rest",
    )
    yield Step(
        id="after",
        title="What comes next",
        instruction="Measure the cells again after 24 hours and after 7 days, and record it with `topbalance sessions rest`. Then "
        "build the pack.",
        tutorial="4.8",
        notes=(
            "A cell that falls more than 10 mV away from the others between the first and the seventh day discharges itself: suspect it.",
            "Build soon, or take the cells down to about half: full cells age when they are stored for weeks.",
            "Set the charger of the finished pack below the balance voltage, near 3.5 V a cell, and the BMS as the last line behind it.",
            "This need not be repeated: the BMS keeps matched cells together, unless they work at very high currents.",
            "A capacity test of the pack is meaningful only now that its cells are balanced.",
        ),
        warnings=("In series the pack bites: mind its volts, and charge it only with a BMS.",),
        confirm="Understood, finish the session",
    )
