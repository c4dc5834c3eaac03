"""Parallel balance, single step: the tutorial's section 4 as data, for a supply with an interface and for one that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator

from tui.domain.facts import bank_facts
from tui.domain.gates import OVER_VOLTAGE_CHOICES, POWER_UP_CHOICES
from tui.domain.gates_cells import VISUAL_CHOICES
from tui.domain.picture import diagonal
from tui.domain.plan import Plan
from tui.domain.procedure import Field, Step
from tui.domain.procedures import parallel_charge

# No maker of cells publishes a torque: these are makers of other batteries and builders' practice.
TORQUE = "M6: 4.5 to 6.3 N·m. M8: 9 to 10.7 N·m. No cell maker publishes a value; these are other makers' and builders'."


def steps(plan: Plan) -> tuple[Step, ...]:
    """The checklist for this plan, in order. Raises ValueError for a plan that `check_plan` refuses."""
    facts = bank_facts(plan)
    return (
        *_cells(plan, facts),
        *_supply(plan, facts),
        *_connection(plan, facts),
        *parallel_charge.steps(plan, facts),
    )


def _cells(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    yield Step(
        id="threads",
        title="Studs in, threads sound",
        instruction="Check the thread of every post and fit the studs. Use the same studs for the balance and for the finished pack.",
        tutorial="Warning",
        notes=(
            "The posts are soft aluminium. Steel studs that go in and out wear the thread; fit each stud once, with red thread locker, "
            "and leave it there.",
            f"Torque for the nuts: {TORQUE}",
            "Is it needed at all? New matched cells often come balanced. A pack that shows its full capacity in a test needs no "
            "balance now.",
            "Balance at the top suits packs whose BMS balances at the top, as in solar use; such a pack spends little time near empty.",
        ),
        warnings=("Turn nuts by hand first: a stripped post cannot be repaired on most cells.",),
        confirm="Threads are sound, studs are in",
    )
    yield Step(
        id="visual",
        title="Look at every cell",
        instruction=f"Look at all {facts['cells']} from every side: swelling, dents, torn wrapping, wet spots, smell.",
        tutorial="Warning",
        notes=("A straight edge along the wide side shows swelling. Write a label on each cell now if it has none.",),
        warnings=("A swollen or leaking cell is not charged. Take it out of the room.",),
        fields=(Field("visual", "The cells are", "choice", choices=VISUAL_CHOICES),),
        gate="visual",
    )
    yield Step(
        id="temperature",
        title="Temperature of the cells",
        instruction="Measure the side of a cell that has stood in this room for some hours.",
        tutorial="4",
        notes=("10 to 40 °C is good. A cell from a cold garage needs a day in the warm to its core.",),
        warnings=("Never charge below 0 °C: lithium metal grows on the anode and stays.",),
        fields=(Field("surface_c", "Surface of a cell", "temperature", "°C", "surface"),),
        gate="temperature",
    )
    yield Step(
        id="cell-volts",
        title=f"Cells within {plan.spread_limit_v:.2f} V",
        instruction="Measure each cell alone, before any busbar joins them: red on +, black on −, with the sign that the meter shows.",
        tutorial="4.1",
        notes=(
            f"Cells more than {facts['spread']} apart are not joined: charge the low ones first, in parallel with each other, with this "
            "same procedure, until they are near the high ones.",
            f"Equal volts on the flat part do not mean equal charge. Mostly empty cells take long here: {facts['set_a']} into "
            f"{facts['bank_ah']} is only {facts['power']}. Series pre-charge under a BMS is faster (tutorial section 3).",
        ),
        warnings=("One cell below 2.00 V, or with a minus sign, stops here.",),
        fields=tuple(Field(f"cell:{cell.label}", cell.label, "voltage", "V", f"cell:{cell.label}") for cell in plan.cells),
        gate="cell-volts",
    )
    yield Step(
        id="wire",
        title="Wire all cells in parallel",
        instruction=f"Set the {facts['cells']} in a row, all + on one side. Join + to + and − to − with a busbar between neighbours, "
        "nuts tight."
        if len(plan.cells) > 1
        else "One cell alone: there is nothing to join. Set it upright, with free access to both posts.",
        tutorial="4.1",
        notes=(
            f"Torque: {TORQUE}",
            "Clean the faces of posts and busbars. One loose nut leaves its cell behind and hides it until the cells are taken apart.",
            f"The bank has {facts['bank_ah']} then, at the volts of a single cell.",
        ),
        warnings=(
            "The supply stays away from the cells in this step. No rings, no watch, insulated tools.",
            "Never join + to −. Shorted, this bank gives thousands of amperes.",
        ),
        picture=diagonal(len(plan.cells)),
        confirm="All cells are in parallel, nuts tight",
        hands=("wire-cells",),
    )


def _supply(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    notes = (
        "The supply must hold both a voltage and a current limit (CV and CC).",
        f"{facts['set_a']} is the current to set, {facts['set_c']} of the bank: {facts['why_current']}. {facts['c_rate']} of "
        f"{facts['bank_ah']} would be {facts['c_rate_a']}, nearly always more than a supply gives.",
        "About 10 A is where a supply is cheapest; more amperes finish sooner.",
    )
    if plan.supply.by_hand:
        yield Step(
            id="supply",
            title="Know your supply",
            instruction="Answer two questions about the supply. Its leads are off the cells, its output is off.",
            tutorial="1",
            notes=notes,
            warnings=("This supply has no interface: in danger only you can switch it off. Keep its switch in reach.",),
            fields=(
                Field("power_up", "After a power cut its output", "choice", choices=POWER_UP_CHOICES),
                Field("over_voltage", "Over-voltage protection", "choice", choices=OVER_VOLTAGE_CHOICES),
            ),
            gate="supply-by-hand",
            action="identify",
        )
        return
    yield Step(
        id="supply",
        title="Find the supply",
        instruction=f"Switch on {facts['supply']} and connect its serial line. Its leads are off the cells. Nothing is written to it in "
        "this step.",
        tutorial="1",
        notes=notes,
        warnings=("Another device on this port stops the procedure here.",),
        confirm="The supply is on, its leads are off the cells",
        action="identify",
    )
    yield Step(
        id="write-test",
        title="Try the supply's settings",
        instruction="With the leads off the cells a harmless value (1.00 V, 0.10 A, output off) is written and read back.",
        tutorial="4.2",
        notes=(
            "A wrong scale between program and supply shows itself here, where it can harm nothing. Compare the panel: it must show "
            "1.00 V.",
        ),
        warnings=("If the panel shows 10.0 V or 0.10 V, do not go on: the model is not the one that was named.",),
        confirm="Leads are off the cells",
        action="write-test",
    )


def _connection(plan: Plan, facts: dict[str, str]) -> Iterator[Step]:
    by_hand = plan.supply.by_hand
    target_notes = (
        "3.65 V is a thorough target, 3.60 V a mild one; below 3.50 V is not offered. It should lie above the highest volts the BMS "
        "will allow in use.",
        f"Both limits are set before any cell is connected: {facts['set_v']} and {facts['set_a']}.",
    )
    if by_hand:
        yield Step(
            id="leads-apart",
            title="Leads apart, set the supply",
            instruction=f"Leads off the cells and apart, meter probes on their rings. Output on, set {facts['set_v']} by the meter, "
            f"then the current limit to {facts['set_a']}.",
            tutorial="4.3",
            notes=(
                *target_notes,
                "If the knob shows no amperes with open leads: switch the output off, volts at the lowest, join the lead ends, output "
                "on, turn the current up to its value, output off, part the ends. Then set the voltage anew.",
                "In most cases the current knob is simply turned to its maximum.",
            ),
            warnings=(
                "The voltage is set now or never: with cells connected the panel shows the cells' volts, and the knob would run away.",
                "A voltage left high from setting the current charges the cells to that voltage.",
            ),
            confirm="Leads are apart, output on, both values set",
            hands=("leads-apart", "set-knobs", "switch-on"),
        )
    else:
        yield Step(
            id="leads-apart",
            title="Leads apart, test the output",
            instruction="Take the lead ends off the cells and lay them apart. Hold red probe on red ring, black on black: the output "
            "comes on for at most 3 s. Watch the meter.",
            tutorial="4.3",
            notes=(
                *target_notes,
                "The values are written, read back and then measured here, the only place where a wrong scale harms no cell.",
            ),
            warnings=("Nothing may touch the lead ends while the output is on.",),
            confirm="Leads are apart, probes are on the rings",
            hands=("leads-apart",),
            action="open-lead-test",
        )
    yield Step(
        id="lead-volts",
        title=f"Open leads show {plan.target_v:.2f} V",
        instruction="Type what your meter showed at the open lead ends, with its sign.",
        tutorial="4.3",
        notes=(f"It must be {facts['set_v']}, plus or minus 10 mV or one count of the supply ({facts['v_step']}).",),
        warnings=("A minus sign here means a reversed bank later, and a very large spark.",),
        fields=(Field("lead_end_v", "Volts at the lead ends", "voltage", "V", "lead-ends"),),
        gate="open-lead",
        retry_from="" if by_hand else "leads-apart",
    )
    if by_hand:
        yield Step(
            id="output-off-before",
            title="Output off",
            instruction="Switch the supply's output off and touch none of its knobs from now on. Without an output switch, use the "
            "mains switch.",
            tutorial="4.4",
            warnings=("Live leads near a bank of cells are a danger of their own.",),
            confirm="The output is off",
            hands=("switch-off",),
        )
    yield Step(
        id="post-polarity",
        title="Polarity of the posts",
        instruction=f"Red probe on the + post of {facts['first']}, black on the − post of {facts['last']}, just as they were on the "
        "rings. Type the volts with their sign.",
        tutorial="4.4",
        notes=("The same probes the same way twice: so red lead and + post are proved to belong together.",),
        warnings=("Wrong polarity makes a very large spark and can destroy the supply.",),
        fields=(Field("post_v", "Volts at the two posts", "voltage", "V", "posts"),),
        gate="polarity",
    )
    yield Step(
        id="connect",
        title="Connect across the diagonal",
        instruction=f"Output off. Bolt the black lead to the − post of {facts['last']}, then the red lead with its fuse to the + post "
        f"of {facts['first']} at the other end of the row.",
        tutorial="4.4",
        notes=(
            "The diagonal gives every cell about the same way through the busbars.",
            "Leads: short, 8 or 10 AWG, with ring terminals at both ends; rings matter more than thickness. Banana plugs and clips "
            "lose volts and heat.",
            "A ring that fits the stud is best: an 8 mm ring also goes on a 6 mm stud. Fine-stranded cable, as for boats or welding, "
            "bends easily.",
            f"Your leads: {facts['leads']}, {facts['lead_drop']} and {facts['lead_heat']} at {facts['plateau_a']}.",
        ),
        warnings=(
            "Insulated tools, no rings or watch, unused posts covered.",
            "The fuse sits in the + lead, at the post: it protects the leads from the cells.",
        ),
        picture=diagonal(len(plan.cells)),
        confirm="Leads are on, + at one end and − at the other",
        hands=("leads-on",),
        action="" if by_hand else "contact-test",
    )
