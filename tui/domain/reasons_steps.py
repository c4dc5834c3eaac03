"""Why each step and each gate: formula, consequence, the tutorial's section, and the sides where opinions differ. Pure data for `reasons`."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One reason. Formula and texts name the bank's numbers in braces, see `facts.bank_facts`."""

    id: str
    title: str
    formula: str
    consequence: str
    tutorial: str
    sides: tuple[str, ...] = ()


SINGLE_STEP = (
    "Single step: straight to {target}. Least handling; the tutorial's way.",
    "Step and pause: 3.40, 3.50, then 3.60 V, output off between. Gives slow cells time; takes longer, ends alike.",
    "Cell by cell: no busbars to remove, no parallel bank; but each cell stops where its own meter reading says, and {n} charges are to be watched.",
    "No top balance, the BMS does it: works with a strong balancer and low charge volts; with a small one it may take for ever.",
)
TARGET = (
    "3.65 V: the makers' charge limit, the most thorough balance. Needs the closest watch.",
    "3.60 V: usual on boats. Gentler, with nearly the same charge in the cells: about one part in two thousand less.",
    "3.64 V: just under the limit, for those who worry about reaching it.",
    "3.50 V: as low as it makes sense; cells can still part above it when the pack is charged higher.",
)
END = (
    "Near zero (the tutorial): {end_a} here, {end_c} of the bank. All cells end at the same volts; stays longest at the top.",
    "0.05C (data sheets, one reviewer of the tutorial): {maker_end_a} for this bank, met the moment the volts are reached. Least time at the top, "
    "cells may still differ a little.",
    "Exactly 0.00 A: leaks of the cells may never let it happen; the program ends on a leakage floor instead.",
)
REST = (
    "No rest needed (the tutorial): the drift is normal and says nothing.",
    "A day or two in parallel after the charge: harmless, and useful only while the cells are still full.",
    "Volts after disconnecting tell nothing about the balance, but a cell that leaves the others within a week tells of a leak.",
)

STEPS: tuple[Text, ...] = (
    Text("threads", "Studs and threads",
         "{n} cells × 2 posts = {posts} threads, each used twice or more",
         "Steel turned in soft aluminium takes metal with it each time. A stripped post holds no busbar; a loose one gets hot under load "
         "and leaves its cell behind.", "Warning"),
    Text("visual", "Sound cells only",
         "{n} cells looked at, 0 swollen",
         "A swollen cell has gas inside from an earlier abuse. Charged to {target} it gasses on, may vent, and takes its neighbours with "
         "it.", "Warning"),
    Text("temperature", "Cells at room temperature",
         "0 °C ≤ cells ≤ 45 °C; below 5 °C {quarter_a} instead of {set_a}",
         "In the cold lithium settles on the anode as metal: capacity lost for good, and a possible short. Heat at the top of charge ages "
         "all {n} cells at once.", "4"),
    Text("cell-volts", "Cells near each other",
         "highest − lowest ≤ {spread}; surge ≈ ΔV ÷ (2 × cell and contact resistance) = {surge}",
         "Joined too far apart, the fuller cells pour into the emptier ones through a busbar: sparks, pitted posts, a burn. A cell under "
         "2.00 V may burn later.", "4.1"),
    Text("wire", "All in parallel",
         "{bank_ah} at the volts of one cell; every cell sees the same {target}",
         "Only cells joined + to + and − to − are forced to the same volts. One loose nut, and its cell is left behind, hidden by its "
         "neighbours.", "4.1", SINGLE_STEP),
    Text("supply", "The right supply",
         "{rating_v}, {rating_a} × {derating} = {supply_a}; needed {set_v}",
         "A supply without a voltage limit overcharges, one without a current limit burns. A wrong model on the line sets ten times the "
         "volts.", "1"),
    Text("write-test", "Writing tried where it harms nothing",
         "1.00 V and 0.10 A written, the same read back, output off",
         "A command lost or misread later, with cells connected, would be found by the cells. {set_v} read with the wrong scale is 36.5 V.", "4.2"),
    Text("leads-apart", "Voltage set before connecting",
         "set {set_v} and {set_a} with open leads; {set_a} = smallest of {c_rate_a}, {supply_a} and the leads",
         "With cells connected the panel shows their volts, not the set-point. Turned until it “reads right”, the true limit may lie at 30 "
         "V, and the cells go there.", "4.3", TARGET),
    Text("lead-volts", "The limit, measured",
         "open lead ends = {set_v} ± 10 mV or one count ({v_step})",
         "This is the only check of the scale made while no cell is in danger. A 3.95 or 36.5 found here costs nothing; found later it "
         "costs {cells}.", "4.3"),
    Text("output-off-before", "Output off before the cells",
         "output off; {off_a} or less",
         "Live lead ends between {n} cells are two mistakes waiting: a touch shorts the supply, a slip the bank.", "4.4"),
    Text("post-polarity", "Plus belongs to plus",
         "volts at the posts > 0 with the probes as on the rings; near the mean of the {n} cells",
         "Reversed, the bank drives its full current through the supply: a very large spark, a dead supply, perhaps molten leads.", "4.4"),
    Text("connect", "Across the diagonal",
         "+ at {first}, − at {last}: every way through the row has the same length",
         "With both leads at one end the first cells take most of {set_a} and the last nearly nothing; stopped early, the bank is uneven.", "4.4"),
    Text("charge", "The first amperes",
         "{set_a} into {bank_ah} = {set_c}; {cell_a} a cell; {why_current}",
         "The first minutes show a wrong scale, a reversed lead or a clip that heats at {lead_heat}, while everything can still be undone.", "4.5"),
    Text("to-knee", "Long, flat, and left alone",
         "time = missing charge ÷ current: {missing} at {plateau_a}, in all {time}",
         "The display shows less than {target} because the current is limited. Who turns the voltage up now sets a limit that the cells "
         "meet in the night.", "4.5"),
    Text("trim", "The meter, not the display",
         "supply's terminals ≤ {target}, read by meter; above the knee about {knee_ah} are missing",
         "Cheap supplies drift by tens of millivolts. At the top the cells follow: {trip_v} is the point where this program stops.", "4.6"),
    Text("hold", "Hold until the current dies",
         "current ≤ {end_a} ({end_c}) and cells ≥ {held_v}, for 10 min",
         "Stopped at the first touch of {target}, the volts are lead drop and surface only: cells far from the leads are not full. Held "
         "for days, all of them age.", "4.7", END),
    Text("off", "Output off, proved",
         "flag off and current ≤ {off_a} within 2 s",
         "An output believed off but on holds full cells at the top with nobody looking; handling busbars on a live bank draws arcs.", "4.8"),
    Text("off-amps", "Nothing flows any more",
         "amperes on the panel ≤ {off_a}, 2 counts of {a_step}",
         "This supply cannot tell the program. Its panel is the only witness that the switch did what it should.", "4.8"),
    Text("disconnect", "Leads off first",
         "red first, then black; {n} full cells hold {energy}",
         "A lead that stays on drains the cells through the supply, and turns the first series connection into a short through it.", "4.8"),
    Text("leads-off", "Lead ends without volts",
         "between the lead ends less than 1 V, not the {target} of the bank",
         "Cell volts at the lead ends mean that they still lie on the bank, or that the output is on. Put in series then, the pack sits on "
         "the supply.", "4.8"),
    Text("take-apart", "Each cell alone",
         "{n} cells apart: only then {n} different voltages exist",
         "In parallel a leaking cell is fed by the others and looks healthy. Built in unseen, it pulls the pack down within months.", "4.8"),
    Text("rest", "The volts may fall",
         "{target} → 3.33 to 3.60 V within hours, without current",
         "Nothing is lost: the charge spreads inside the cell. Recharging against the drift only keeps the cells longer at the top.", "4.8", REST),
    Text("rest-volts", "Who leaves the others",
         "each of {n} cells against the median; more than 20 mV is noted",
         "The common fall is normal. One cell apart from the rest had a bad joint in the bank, or discharges itself.", "4.8"),
    Text("after", "Build, or discharge",
         "24 h and 7 days: 10 mV away from the median marks a cell; then {pack_16s} for 16 in series at most",
         "Full cells stored for weeks age. Charged in series without a BMS, the first full cell runs away and nobody sees it.", "4.8"),
)  # fmt: skip

# Gates that share no name with a step.
GATES: tuple[Text, ...] = (
    Text("supply-by-hand", "A supply that cannot be asked",
         "power returns → output off; over-voltage → no short",
         "After a power cut it would charge {n} cells again, unwatched. A crowbar would short {bank_ah} through itself.", "1"),
    Text("open-lead", "No cell before the limit is right",
         "|lead ends − {set_v}| ≤ 10 mV or {v_step}, sign +",
         "No reason passes this gate: everything after it trusts that the supply stops at {set_v}.", "4.3"),
    Text("polarity", "No connection before the sign is right",
         "posts within 2 % or 60 mV of the mean of the cells, sign +",
         "No reason passes this gate: {n} cells in parallel give thousands of amperes the wrong way round.", "4.4"),
)  # fmt: skip
