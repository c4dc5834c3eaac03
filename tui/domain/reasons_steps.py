"""Why each step of the parallel balance and each gate that shares no name with a step. Pure data for `reasons`.

An id with a stroke is a variant: "connect/one" is told instead of "connect" where the part has one cell,
"/series" where it is a string, "/low" where low cells are lifted to the others.
"""

from __future__ import annotations

from tui.domain.reasons_sides import END, METHOD, REST, SPREAD, TARGET, Text

STEPS: tuple[Text, ...] = (
    Text("threads", "Studs and threads",
         "{n} cells × 2 posts = {posts} threads, each used twice or more",
         "Steel turned in soft aluminium takes metal with it each time. A stripped post holds no busbar; a loose one gets hot under load "
         "and leaves its cell behind.", "Warning"),
    Text("mixed", "Cells that belong together",
         "largest − smallest ≤ 5 % of the largest, one maker; the pack gives {n} × its smallest, {cell_ah}",
         "Unlike cells are balanced once and drift apart again: they age, and lose charge at rest, each in its own way. A reason in words "
         "tells a later reader that it was meant.", "4"),
    Text("visual", "Sound cells only",
         "{n} cells looked at, 0 swollen",
         "A swollen cell has gas inside from an earlier abuse. Charged to {target} it gasses on, may vent, and takes its neighbours with "
         "it.", "Warning"),
    Text("temperature", "Cells at room temperature",
         "0 °C ≤ cells ≤ 45 °C; below 5 °C {quarter_a} instead of {set_a}",
         "In the cold lithium settles on the anode as metal: capacity lost for good, and a possible short. Heat at the top of charge ages "
         "all {n} cells at once.", "4"),
    Text("cell-volts", "Cells near each other",
         "highest − lowest ≤ {spread}; at that, ΔV ÷ (2 × (R0 + 2 × contact)) = {spread} ÷ {pair_ohm} = {surge}, and ({surge})² × {pair_ohm} "
         "= {surge_heat}",
         "Joined too far apart, the fuller cells pour into the emptier ones through a busbar: sparks, pitted posts, a burn. Bring all "
         "cells to a similar "
         "state of charge before any are joined. A cell under 2.00 V may burn later.", "4.1", SPREAD),
    Text("wire", "All in parallel",
         "{bank_ah} at the volts of one cell; every cell sees the same {target}",
         "Only cells joined + to + and − to − are forced to the same volts. One loose nut, and its cell is left behind, hidden by its "
         "neighbours.", "4.1", METHOD),
    Text("supply", "The right supply",
         "{rating_v}, {rating_a} × {derating} = {supply_a}; needed {set_v}",
         "A supply without a voltage limit overcharges, one without a current limit burns. A wrong model on the line sets ten times the "
         "volts.", "1"),
    Text("write-test", "Writing tried where it harms nothing",
         "1.00 V and 0.10 A written, the same read back, output off",
         "A command lost or misread later, with cells connected, would be found by the cells. {set_v} one place off are "
         "{ten_times_v}.", "4.2"),
    Text("leads-apart", "Voltage set before connecting",
         "set {set_v} and {set_a} with open leads; {set_a} = smallest of {c_rate_a}, {supply_a} and the leads",
         "With cells connected the panel shows their volts, not the set-point. Turned until it “reads right”, the true limit may lie at 30 "
         "V, and the cells go there. The target of a balance belongs above the highest volts of a cell in "
         "use (yours: {service_v}).", "4.3", TARGET),
    Text("leads-apart/low", "The highest cell's volts, set before connecting",
         "set {set_v}, the volts of the highest cell, and {set_a} with open leads",
         "With cells connected the panel shows their volts, not the set-point. Set to the target of the balance instead, the low cells "
         "would climb past the others.", "4.1"),
    Text("leads-apart/series", "Pack volts, set before connecting",
         "{series} × {target} = {set_v}; one cell too many would be {one_more_v} for each",
         "The number of cells decides everything here: fifteen charged as sixteen are lost. The tutorial's own line for 24 V at 3.6 V "
         "slips (3.6 × 4 = 28.8; "
         "it is 3.6 × 8), so it is computed.", "3.4", TARGET),
    Text("lead-volts", "The limit, measured",
         "open lead ends = {set_v} ± 10 mV or one count ({v_step})",
         "This is the only check of the scale made while no cell is in danger. A 3.95 or 36.5 found here costs nothing; found later it "
         "costs {cells}.", "4.3"),
    Text("lead-volts/series", "The pack's limit, measured",
         "open lead ends = {set_v} ± 10 mV a cell or one count ({v_step})",
         "After the current was set with shorted leads the knob stands anywhere. Found here it costs nothing; found by the battery it "
         "costs {cells}.", "3.4"),
    Text("output-off-before", "Output off before the cells",
         "output off; {off_a} or less",
         "Live lead ends beside {cells} are two mistakes waiting: a touch shorts the supply, a slip the bank.", "4.4"),
    Text("post-polarity", "Plus belongs to plus",
         "volts at the posts > 0 with the probes as on the rings; near the mean of the {n} cells",
         "Reversed, the bank drives its full current through the supply: a very large spark, a dead supply, perhaps molten leads.", "4.4"),
    Text("post-polarity/series", "Plus, and the right number of cells",
         "posts = {series} × mean of the cells, within 2 %, and 2.50 to 3.65 V a cell",
         "Reversed, the string drives its whole current through the supply. A missing or spare cell shows itself here as a wrong "
         "sum.", "3.5"),
    Text("post-polarity/one", "This cell, this way round",
         "volts of {first} > 0 with the probes as on the rings; across two cells it would be {two_cells_v}",
         "In a battery + and − change sides from cell to cell. The wrong neighbour's post reverses the supply or feeds it two cells.", "C"),
    Text("connect", "Across the diagonal",
         "+ at {first}, − at {last}: every way through the row has the same length",
         "With both leads at one end the first cells take most of {set_a} and the last nearly nothing; stopped early, the bank is "
         "uneven.", "4.4"),
    Text("connect/series", "Through the BMS",
         "+ on the battery, − on the BMS's P−: {set_a} flow through all {series} and through the BMS",
         "A lead on the first cell's own − goes past the BMS: it opens, and the charge flows on into the full cell.", "3.5"),
    Text("connect/one", "On one cell's own posts",
         "+ and − of {first}; {set_a} is {set_c} for it",
         "Nothing lies between leads and cell, so nothing evens out: a clip on the neighbour's post puts two cells, {two_cells_v}, on a "
         "supply set to {target}.", "C"),
    Text("charge", "The first amperes",
         "{set_a} into {bank_ah} = {set_c}; {cell_a} a cell; {why_current}",
         "The first minutes show a wrong scale, a reversed lead or a clip that heats at {lead_heat}, while everything can still be "
         "undone.", "4.5"),
    Text("charge/series", "The same current through every cell",
         "{set_a} into each cell of {cell_ah} = {set_c}; {series} × 3.4 V × {plateau_a} = {power}",
         "In parallel this supply brings {parallel_w}. In a string 0.2C counts for one cell, {cell_c_a}, not for the sum of "
         "all.", "3.3"),
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
    Text("hold/one", "Hold this cell until the current dies",
         "current ≤ {end_a} ({end_c}) and {first} ≥ {held_v}, for 10 min",
         "Stopped at the first touch of {target}, the volts are lead drop and surface only: {first} is not full, and the next cell ends "
         "otherwise. Held for days, it ages.", "4.7", END),
    Text("off", "Output off, proved",
         "flag off and current ≤ {off_a} within 2 s",
         "An output believed off but on goes on charging with nobody looking; handling leads and busbars on it draws arcs.", "4.8"),
    Text("off/series", "Off, also when the BMS opened",
         "the BMS closes again by itself within minutes; {off_a} or less is off",
         "Left on, the supply charges the full cell anew each time the BMS closes, with nobody looking.", "3.7"),
    Text("off-amps", "Nothing flows any more",
         "amperes on the panel ≤ {off_a}, 2 counts of {a_step}",
         "This supply cannot tell the program. Its panel is the only witness that the switch did what it should.", "4.8"),
    Text("disconnect", "Leads off first",
         "red first, then black; {cells} of {energy} when full",
         "A lead that stays on drains the cells through the supply, and whatever is wired next is wired to the supply too.", "4.8"),
    Text("leads-off", "Lead ends without volts",
         "between the lead ends less than 1 V, not {set_v} or the cells' volts",
         "Volts there mean that the leads still lie on the cells, or that the output is on. Put in series then, the pack sits on the "
         "supply.", "4.8"),
    Text("take-apart/series", "Undo the string",
         "{series} in series = {set_v}; each alone at most {target}",
         "They must stand in parallel for the balance: in series the first full cell stops the others for ever.", "3.7"),
    Text("take-apart/low", "All cells alone again",
         "highest − lowest of all cells is asked again, each measured alone",
         "In parallel cells show one common voltage. Only alone they show whether all are near enough to be joined.", "4.1"),
    Text("take-apart", "Each cell alone",
         "{n} cells apart: only then {n} different voltages exist",
         "In parallel a leaking cell is fed by the others and looks healthy. Built in unseen, it pulls the pack down within "
         "months.", "4.8"),
    Text("rest", "The volts may fall",
         "{target} → 3.33 to 3.60 V within hours, without current",
         "Nothing is lost: the charge spreads inside the cell. Recharging against the drift only keeps the cells longer at the "
         "top.", "4.8", REST),
    Text("rest-volts", "Who leaves the others",
         "each of {n} cells against the median; more than 20 mV is noted",
         "The common fall is normal. One cell apart from the rest had a bad joint in the bank, or discharges itself.", "4.8"),
    Text("after", "Build, or discharge",
         "24 h and 7 days: 10 mV away from the median marks a cell; then {string_v} for {string} at most",
         "Full cells stored for weeks age. Charged in series without a BMS, the first full cell runs away and nobody sees it.", "4.8"),
)  # fmt: skip

# Gates that share no name with a step.
GATES: tuple[Text, ...] = (
    Text("panel", "What the panel shows",
         "the panel shows 1.00 V, just as written; asked once for each supply",
         "What is written and read back is scaled alike, so a wrong decimal reads back right. Only the panel and a meter see it from outside; "
         "with cells connected {set_v} would be {ten_times_v}.", "4.2"),
    Text("supply-by-hand", "A supply that cannot be asked",
         "power returns: 0 A; over-voltage: no short of {rating_v} and {rating_a}",
         "After a power cut it would charge {n} cells again, unwatched. A crowbar would short {bank_ah} through itself.", "1"),
    Text("open-lead/series", "No battery before the sum is right",
         "|lead ends − {set_v}| ≤ 10 mV × {series} or {v_step}, sign +",
         "No reason passes this gate: a shorted-lead setting leaves the voltage arbitrarily high, and the string would go there.", "3.4"),
    Text("open-lead", "No cell before the limit is right",
         "|lead ends − {set_v}| ≤ 10 mV or {v_step}, sign +",
         "No reason passes this gate: everything after it trusts that the supply stops at {set_v}.", "4.3"),
    Text("polarity/series", "No string before its sum is right",
         "2.50 V ≤ posts ÷ {series} ≤ 3.65 V, within 2 % of the mean of the cells, sign +",
         "No reason passes this gate: a wrong count of cells overcharges each of them by its share, {one_more_v} for one too few.", "3.5"),
    Text("polarity", "No connection before the sign is right",
         "posts within 2 % or 60 mV of the mean of the cells, sign +",
         "No reason passes this gate: {n} cells in parallel give thousands of amperes the wrong way round.", "4.4"),
)  # fmt: skip
