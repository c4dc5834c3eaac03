"""Why each step of the other procedures: pre-charge in series, levelling, step and pause, one cell at a time. Pure data for `reasons`."""

from __future__ import annotations

from tui.domain.reasons_sides import END, METHOD, SOAK, SPREAD, Text

PRECHARGE: tuple[Text, ...] = (
    Text("soak", "A night in parallel",
         "{soak} joined, no supply; ΔV ÷ {pair_ohm} drives what flows, less than 1 A on the plateau",
         "A cell that starts much fuller ends the pre-charge early and leaves the rest far behind. Equal volts after it do not mean "
         "balanced.", "3", SOAK),
    Text("soak-apart", "Apart before they go in series",
         "{n} cells in parallel hold {bank_ah}; the first series link between them shorts it",
         "A busbar left from the parallel row joins + to + while the next one joins + to −: a dead short of two cells.", "3"),
    Text("cell-volts-series", "Similar charge, not equal volts",
         "each of {n} cells between 2.50 V and {target}; no spread is refused, above 50 mV it is told",
         "No cell feeds another in a string. But all get the same ampere-hours: the fullest is full first, and the others stay behind by "
         "what they lacked.", "3"),
    Text("wire-series", "In series, with a BMS",
         "{string_n} × 3.4 V × {string_a} = {string_w} in series, {parallel_w} in parallel; {t_chain} against {t_parallel} in all",
         "Without the pre-charge a mostly empty bank takes days. Without the BMS nobody stops the first full cell, and it swells while the "
         "sum still looks low.",
         "3.1", METHOD),
    Text("bms", "The BMS opens at the target",
         "over-voltage limit = {target} of any one cell; refused above 3.80 V",
         "Set higher, it stands behind the target and this program must stop by the volts that you read to it. Without one there is no "
         "pre-charge, whatever the "
         "reason.", "3.2"),
    Text("short-leads", "Lead ends joined, away from cells",
         "supply off, 0 A; joined, {set_a} lose {short_v} in the leads",
         "A current limit cannot be seen with open leads. Joined while on the cells, the ends would carry thousands of amperes.", "3.3.1"),
    Text("knobs-start", "Volts high, amperes lowest",
         "volts anywhere well above {short_v}; amperes at 0",
         "With the volts too low the leads, not the limit, decide the current. With the current not at its lowest the short gets all the "
         "supply has.", "3.3.2"),
    Text("short-on", "Slowly up to the current",
         "{cell_c_a} (0.2C of one cell), {supply_a} (supply): {set_a}; {short_w} in the leads",
         "Turned up fast it passes the limit before the panel shows it. More than 0.2C drives the first cell to the top before the others "
         "are charged.", "3.3.3"),
    Text("short-amps", "What the limit really lets through",
         "0 < amperes ≤ {set_a} + 1 count of {a_step}",
         "This is the only moment when the current limit itself is seen. Ten times too much found here heats a lead; found later it heats "
         "cells.", "3.3.3"),
    Text("short-off", "Off before the ends part",
         "output off, then ends apart; next the volts: {set_v}",
         "Parted under current they draw an arc. The voltage still stands arbitrarily high: forgotten, it charges the cells without "
         "end.", "3.3.4"),
    Text("to-top", "Until the first cell is full",
         "any cell ≥ {target} − 5 mV = {reached_v}, or the BMS opens; {missing} at {plateau_a}: {time}",
         "Pack volts are a sum: {set_v} can hide one cell far above {target}. The highest cell's own volts are read by a meter, or "
         "asked for every 10 min, every 5 from 3.45 V.",
         "3.6"),
    Text("opened", "A full cell, or a fault",
         "last read ≥ {opened_v}, or the highest cell now where a full one falls to: {relaxed_1} after 1 min, {relaxed_5} after 5, "
         "{relaxed_10} after 10, less 40 mV",
         "A BMS also opens for cold, heat, a low cell, a short or a loose sense wire. Taken for the end, the fault stays in the battery "
         "and the cells are far "
         "from full.", "3.6"),
    Text("settle", "Settle before the next measurement",
         "the first cell falls from {target} over {relaxed_1} after 1 min to {relaxed_10} after 10 min; the others hardly move",
         "Measured at once, the first cell stands far above the others by its surface alone, and the spread would be refused or levelled "
         "for "
         "nothing.", "4.8"),
    Text("mostly-charged", "Charged is not balanced",
         "the first cell at {target}, {others} more behind it by what they differed at the start",
         "Every cell got the same ampere-hours, whatever it lacked. Built so, the BMS meets the same first cell at every charge and wastes "
         "the rest.", "3.7"),
)  # fmt: skip

LEVEL: tuple[Text, ...] = (
    Text("wire-low", "Only the low cells",
         "only cells within {spread} of each other are joined: at most {surge} and {surge_heat} for a moment",
         "The high cells stay apart: joined to the low ones now, they would pour into them. Where the low ones differ too much, the lowest "
         "group goes first.",
         "4.1", SPREAD),
    Text("to-level", "Up to the others, not to the top",
         "set {set_v}, the highest cell's volts; ends at {target} − {level_below} = {level_v} at the cells",
         "On the plateau a constant voltage never tapers: waiting for zero current here would fill the cells or never end.", "4.1"),
    Text("level-rest", "Rested volts count",
         "10 min without current; only then highest − lowest ≤ {spread} is asked",
         "Under current a cell shows tens of millivolts too much. Joined on that reading, it falls back and the surge comes after "
         "all.", "4.1"),
    Text("levelled", "Levelled is not balanced",
         "all {n} cells within {spread}: near enough to join, no more",
         "On the flat part {spread} hide most of a cell's charge. Only the common charge to the top brings equal charge.", "4.1"),
)  # fmt: skip

STAGES: tuple[Text, ...] = (
    Text("hold-stage", "A stage until nothing flows",
         "current ≤ {end_a} with the cells at {held_v} or more; supply at {derating} of {rating_a} = {supply_a}",
         "Left early, the slow cells carry their lag into the next stage, and the pauses were for nothing. At full rating for days a cheap "
         "supply burns out.",
         "B", END),
    Text("pause", "Output off between stages",
         "{pause} off after {target}; stages {stages}",
         "The volts are never raised with the output on: a slip of the knob goes straight into the cells. Meanwhile charge spreads inside "
         "and between them.",
         "B"),
)  # fmt: skip

SINGLE: tuple[Text, ...] = (
    Text("battery-still", "The battery stays whole",
         "0 nuts loosened, {n} BMS wires stay; {t_single} in all",
         "The argument for cell by cell: no thread is stripped. But a load or charger that starts meanwhile pulls its current through the "
         "cell in charge.",
         "C", METHOD),
    Text("assembled", "A supply that floats",
         "ohms from − and + to earth: both open; with one joined, up to {others} of {n} cells are shorted",
         "In a battery most cells stand above earth. An earthed supply shorts every cell between the earth and the one in charge through "
         "its thin lead.", "C"),
    Text("cell-volts-single", "Each from where it stands",
         "each of {n} cells from 2.00 V up to {target}; no limit on how far apart",
         "They are never joined, so no surge can flow. A dead or reversed one would still be charged into a short.", "C"),
    Text("next", "One done, one to go",
         "{cell_ah} done as all the others: same target {target}, same end {end_a}, same meter",
         "What balances them is that all ended alike. Another meter or end rule on another day ends them at another charge.", "C"),
)  # fmt: skip
