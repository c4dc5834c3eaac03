"""Why each choice of Setup, and advice that belongs to no single step. Pure data for `reasons`."""

from __future__ import annotations

from tui.domain.reasons_sides import BALANCE, END, METHOD, REST, SOAK, SPREAD, TARGET, Text

CHOICES: tuple[Text, ...] = (
    Text("procedure", "Which procedure",
         "{missing} of {bank_ah} missing: parallel {t_parallel}, with a pre-charge {t_chain}, step and pause {t_step}, cell by cell "
         "{t_single}",
         "All end at the same charge if they are done with care; they differ in hours and in handling. A mostly empty bank without a "
         "pre-charge takes days.",
         "3", METHOD),
    Text("target", "The target of each cell",
         "{top_v}; highest in use: {service_v}; the target above it: {service_gap}",
         "It must lie above the highest volts that BMS and charger will allow in use. Balanced lower, cells still part above that point, "
         "and one of them runs over its "
         "limit at the end of a charge.", "4", TARGET),
    Text("service-volts", "Highest volts in use",
         "target − service = {top_v} − {service_v}: {service_gap}; it must be above 0 mV",
         "The tutorial's author charges in service to about 3.5 V a cell and balances at 3.65 V. The other way round, each charge in "
         "service goes where nothing was "
         "balanced.", "A.1", TARGET),
    Text("end-rule", "When the charge is over",
         "near zero: ≤ {end_a} ({end_c}); data sheet: 0.05C = {maker_end_a}; volts: ≥ {held_v} at the cells",
         "Stopped on volts, a small supply has charged most cells and not evened them. Waited to 0.00 A, a leak may never let it "
         "end.", "A.3", END),
    Text("derating", "How hard the supply works",
         "{rating_a} × {derating} = {supply_a}; 80 % would be {rated_80_a}",
         "At its full rating for days a cheap supply may burn out. The step-and-pause method asks for 80 % or less.", "B.2"),
    Text("pack", "Wiring of the finished battery",
         "{string}: {string_n} × {target} = {string_v}; {string_class}",
         "The number in series sets the volts of the pre-charge. One too many in the sum is {one_more_v} for each cell.", "3.4"),
    Text("stages", "Stages of step and pause",
         "{stages}; each at least a count ({v_step}) above the one before",
         "They only make a difference of minutes in the outcome; the last is the target. The first must lie above what the cells show at "
         "rest.", "B"),
    Text("soak-time", "Parallel before a pre-charge",
         "{soak}; 0 s is none",
         "It evens out cells that lie far apart in charge. On the plateau it does little, and it never balances.", "3", SOAK),
    Text("pause-time", "Pause between stages",
         "{pause} with the output off",
         "Long enough for the volts to settle, which takes minutes. Longer harms nothing; the cells stay joined.", "B"),
    Text("rest-time", "Rest before the last look",
         "{rest}; then each of {n} cells against the median",
         "Measured at once, all show the charge's own volts. Measured after a day and a week, one that leaks leaves the "
         "others.", "4.8", REST),
    Text("spread-limit", "Volts apart before joining",
         "{spread} ÷ {pair_ohm} = {surge} for a moment, {surge_heat}",
         "Looser saves a levelling charge and costs sparks; tighter costs time and saves posts.", "4.1", SPREAD),
    Text("cell-limit", "Largest current of one cell",
         "by its data sheet {cell_limit}; 0.2C = {cell_c_a}",
         "A small cell alone or in a string gets the whole current, not its share. Above the sheet's limit it heats and ages.", "3.3"),
    Text("model", "The cell's model",
         "{cell_ah}, largest current {cell_limit}",
         "Its data sheet fills capacity, limits, resistance and thread. A wrong model makes every limit of current wrong by its "
         "ratio.", "4.2"),
    Text("assembled-battery", "Cells stay in their battery",
         "0 busbars off, {n} charges one after the other: {t_single}",
         "Right where threads are at risk. The supply must float, loads must be off, and all cells must end by the same "
         "meter.", "C", METHOD),
    Text("state-of-charge", "How full the cells are",
         "{soc} of {bank_ah}: {missing} missing",
         "It cannot be read from the volts on the plateau. New cells often come about half full; a wrong guess makes only the forecast "
         "wrong.", "3"),
    Text("meter", "A meter at the cells",
         "supply's volts − current × leads: {lead_drop} at {plateau_a}; a meter shows the cells' own",
         "The supply's display is what drifts, and some show the set-point instead of a measurement. A second instrument sees it, and lets "
         "you stay away longer "
         "(30 min instead of 5 near {top_v}).", "4.6"),
    Text("bms-line", "A BMS that is read",
         "{n} cells, each seen every second; at most {target} for its own limit",
         "It sees each cell of the string, tells that a full one has opened it, and why it opened otherwise. Without its line all of that is "
         "typed. Its 5 to 20 mV of error declare no balance. Use an isolated adapter.", "3.2"),
    Text("supply-fit", "Does the supply do it",
         "{set_v} of {rating_v} needed; pre-charge {string}: {string_v}, {string_class}",
         "Both a constant voltage and a constant current are needed. 30 V do for 12 V and 24 V packs, 48 V need 60 V. About 10 A is where "
         "the price is best.", "1"),
)  # fmt: skip

ADVICE: tuple[Text, ...] = (
    Text("balance-or-not", "Balance at all?",
         "1 balance, then the BMS; new matched cells that gave {cell_ah} in a test need 0",
         "Once done it need not be repeated, unless very high currents drive the cells apart faster than the BMS brings them "
         "together.", "2", BALANCE),
    Text("waiting", "What waiting still buys",
         "charge apart = volts lost in busbars and joints ÷ slope of the curve; often below 0.01 % of {cell_ah} already when the current "
         "begins to fall",
         "Each hour at the top buys less and ages the cells a little. The current may never reach {end_a}: {n} cells leak too, and then it "
         "only stops falling.",
         "A.3", END),
    Text("top-or-bottom", "Why at the top",
         "{n} cells equal at {top_v}; the pack stops charging when the first of them is there",
         "A solar pack lives near full and its BMS balances at the top: a balance at the bottom is soon undone, and helps where the pack "
         "hardly ever is.", "2",
         BALANCE),
    Text("capacity-test", "Test the capacity after balancing",
         "pack = its smallest cell, {cell_ah}, only if all {n} start full together",
         "Unbalanced, the test ends when the emptiest is empty and began when the fullest was full: it reports less than the cells "
         "hold.", "A.2"),
    Text("lead-ends", "Ends first, then copper",
         "8 AWG 4.1 mΩ, 10 AWG 6.6, 12 AWG 10.4 for 1 m each way; rings 0.8 mΩ, banana plugs 5, clips 25",
         "Rings sized to the stud matter most; an 8 mm ring also goes on a 6 mm stud, a 6 mm ring fits it better. 12 AWG is adequate, 10 "
         "or 8 is better. High-strand "
         "marine or welding cable bends easily.", "D"),
    Text("studs-once", "Studs in once, with thread locker",
         "{posts} threads in soft aluminium; 1 time in, 0 times out",
         "Steel studs that go in and out wear the thread away. Put each in once, with red thread locker, and undo only the "
         "nuts.", "Warning"),
    Text("defect", "A defect of the program",
         "output off first, then the report; {off_a} or less is off",
         "A program that has lost its way must not go on charging. The record and the log tell what happened; go on only when the cells "
         "have been measured.", "4.6"),
    Text("journal", "The record cannot be written",
         "below 3.45 V told, above it held",
         "A charge near the top that nobody can look up afterwards is not worth its risk. Free some space, then go on.", "4.6"),
    Text("part-change", "Off before the volts change",
         "output off, proved by {off_a} or less, before a set-point goes up",
         "Raised with the output on, a slip of a digit goes into the cells at once.", "B.4"),
)  # fmt: skip
