"""What each safety limit is for: title, unit, allowed range, action, rule with the bank's numbers, consequence, source.

Pure data for `limits`. Rules name the bank's numbers in braces (see `facts.bank_facts`). Sources: the tutorial's section, the makers' limits of
LiFePO4 cells, the cell model, practice of battery cyclers and of bench supplies.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Action = Literal["REFUSE", "WARN", "HOLD", "TRIP", "CALL", "END", "RULE"]


class Row(NamedTuple):
    name: str
    title: str
    unit: str
    low: float
    high: float
    action: Action
    rule: str
    reason: str
    source: str


_MAKERS = "makers' limits of LiFePO4 cells"
_CYCLER = "practice of battery cyclers"
_SUPPLY = "practice with bench supplies"
_MODEL = "cell model"
R = Row

VOLTS = (
    R("warn_over_target_v", "Warning above the target", "V", 0.002, 0.02, "WARN", "{target} + 0.010 V = {warn_v}, seen twice",
      "The supply drifts upwards, or the meter does. Ignored, the next ten millivolts come without notice.", "4.6"),
    R("trip_over_target_v", "Trip above the target", "V", 0.01, 0.05, "TRIP", "{target} + 0.030 V = {trip_v}, seen twice",
      "Thirty millivolts over, the supply is no longer holding. Full cells follow it within minutes and swell.", "4.6"),
    R("ceiling_v", "Ceiling of any cell", "V", 3.60, 3.80, "TRIP", "3.70 V, whatever the target of {target}",
      "At 3.65 V only hundredths of the charge are left; one cell fed with {set_a} passes from 3.65 to 3.80 V in about two minutes.", _MODEL),
    R("over_voltage_protection_over_target_v", "Supply's own OVP above target", "V", 0.05, 0.15, "RULE", "{set_v} + 0.10 V = {ovp_v}",
      "The supply's protection must act when this program cannot. Set too close it stops good charges, too far it stops none.", _SUPPLY),
    R("over_voltage_protection_ceiling_v", "Highest OVP of the supply", "V", 3.65, 3.80, "RULE", "OVP never above 3.80 V a cell",
      "A protection above the harmful voltage is only a comfort: electrolyte decomposes and gas forms before it acts.", _SUPPLY),
    R("set_point_counts", "Set-point read back", "counts", 1, 2, "HOLD", "read-back within 1 count ({v_step}) of what was set",
      "A set-point that differs was changed at the panel, or never arrived. Half a percent would be 18 mV on every cell.", "4.5"),
    R("set_point_lift_v", "Largest lift of the set-point", "V", 0.0, 0.03, "RULE", "up by the error that a trusted meter showed, 30 mV at most",
      "Lifting against lead drop instead of supply error leaves the set-point high when the current ends, and the cells with it.", "4.6"),
    R("trim_tolerance_v", "Tolerance of the trim", "V", 0.0, 0.005, "RULE", "the meter may show {target} + 1 mV, its last digit",
      "Chasing the last digit turns the knob for ever; a larger tolerance would let the supply creep.", "4.6"),
    R("plausible_low_v", "Lowest possible reading", "V", 0.0, 2.0, "RULE", "a cell reads 0 V or more",
      "A negative reading in mid-charge is a probe or a line error. Taken as true it would hide a high cell.", _CYCLER),
    R("plausible_high_v", "Highest possible reading", "V", 4.0, 5.0, "RULE", "a cell reads 5 V or less",
      "No LiFePO4 cell reaches 5 V. Such a number is a wrong range or a slipped point, and acting on it would stop good charges.", _CYCLER),
    R("knee_v", "The knee", "V", 3.40, 3.60, "RULE", "{knee}; about {knee_ah} still missing in {bank_ah}",
      "From here the volts run. Who still sleeps at the knee meets the end of the charge asleep.", "4.6"),
)  # fmt: skip
CURRENT = (
    R("current_over_fraction", "Current above its limit", "", 0.01, 0.05, "HOLD", "{set_a} + 3 % + 1 count = {over_a}",
      "The supply's current limit does not work, or its scale is wrong. Tenfold current looks like this first.", _SUPPLY),
    R("current_over_counts", "Counts allowed above", "counts", 0, 3, "RULE", "1 count of the current is {a_step}",
      "The last digit flickers. Without a count of grace a healthy supply would be stopped again and again.", _SUPPLY),
    R("negative_current_a", "Cells feed the supply", "A", 0.02, 0.2, "HOLD", "current below −0.05 A",
      "Charge flows back into the supply: the balance is lost, and some supplies burn when they are fed for long.", _SUPPLY),
    R("over_current_protection_fraction", "Supply's own OCP", "", 0.05, 0.2, "RULE", "{set_a} + 10 % = {ocp_a}",
      "If the current limit fails, the supply stops itself even when its line is dead.", _SUPPLY),
    R("open_circuit_from_fraction", "A lead fell off: from", "", 0.05, 0.3, "HOLD", "from more than {tenth_a} to nothing at once",
      "A sudden zero is an open circuit. Taken for the end, the bank would be called balanced while half full.", "4.7"),
    R("open_circuit_current_a", "A lead fell off: to", "A", 0.01, 0.05, "HOLD", "to less than 0.02 A",
      "Below this nothing flows any more; a small leak through a loose contact would otherwise pass for a taper.", "4.7"),
    R("open_circuit_samples", "A lead fell off: within", "samples", 1, 5, "HOLD", "within 2 samples",
      "A taper takes many minutes for the same fall. Waiting longer mixes up the two.", "4.7"),
    R("open_circuit_half_time_s", "Fastest honest taper", "s", 10, 60, "HOLD", "current halves in less than 30 s",
      "Through {leads} this bank cannot taper so fast. Something came loose, and the gauge still shows a gentle curve.", _MODEL),
    R("open_circuit_counts", "Too small to tell", "counts", 3, 10, "RULE", "a fall from fewer than 5 counts ({a_step} each) is resolution",
      "At the very end the display steps down to zero by itself; a hold there would never let a charge end.", _SUPPLY),
    R("flat_window_s", "Current no longer falls", "s", 1800, 7200, "HOLD", "flat for 60 min with cells near {target}",
      "A leaking cell, a soft short or a wrong set-point can hold a current for ever; days of it are days of overcharge.", "A.3"),
    R("taper_margin_v", "Where the taper must show", "V", 0.02, 0.05, "RULE", "only with the cells within 30 mV of {target}",
      "On the plateau a steady current through thin leads is normal for hours. Judged there, it would stop a healthy charge.", _MODEL),
    R("leakage_floor_a", "Leakage floor", "A", 0.1, 0.5, "END", "flat at 0.5 A or less ends the charge",
      "Each cell leaks some milliamperes of its own. {n} of them can hold a current that never reaches {end_a}.", _MODEL),
    R("falling_v", "Volts fall on charge", "V", 0.01, 0.05, "TRIP", "down by more than 20 mV in 5 min at constant current",
      "A charging cell does not lose volts. An internal short does, and it heats from inside.", _CYCLER),
    R("falling_window_s", "Window of that fall", "s", 120, 600, "RULE", "looked at over 5 minutes",
      "A shorter look catches noise, a longer one lets a shorted cell warm up.", _CYCLER),
    R("cell_apart_v", "A cell apart under load", "V", 0.005, 0.02, "HOLD", "10 mV from the others, plus what the current may drop",
      "Joined cells cannot differ by more than their busbars drop. One that does hangs on a bad joint and is not being filled.", "4.8"),
    R("cell_apart_ohm", "What a sound joint may drop", "Ω", 0.0002, 0.002, "RULE", "1 mΩ × the current: {set_a} × 1 mΩ beside the 10 mV",
      "Busbars and joints together drop tenths of a milliohm. A limit blind to the current would miss the bad joint or cry wolf.", _MODEL),
    R("cell_follow_v", "A cell that does not follow", "V", 0.005, 0.03, "HOLD", "the others rose by 10 mV, this one by less than a quarter of it",
      "A cell left out of the row, or on a loose nut, stands still while its neighbours fill. At the end it is the empty one.", "4.8"),
    R("same_end_v", "Both leads at one end", "V", 0.001, 0.01, "WARN", "volts fall along the row, from one end to the other by 2 mV",
      "The cells at the far end get what the near ones leave. It ends alike, but later, and an early stop finds them behind.", "4.4"),
    R("drop_shift_v", "Meter and supply drift apart", "V", 0.015, 0.1, "WARN", "volts between them change by 25 mV at {set_a}",
      "At one current the leads drop the same. Another drop is a meter that lies, or a contact that is going bad and getting hot.", "4.5"),
    R("echo_s", "A display that only repeats", "s", 300, 3600, "WARN", "exactly the set-point for 10 min with {set_a} flowing",
      "A display that repeats its set-point hides the lead drop and the cells. Believed, the charge ends far too early.", _SUPPLY),
    R("fold_back_fraction", "The supply folds back", "", 0.02, 0.1, "WARN", "5 % below {set_a} while it says that it limits the current",
      "A hot supply gives less than it is set to. Left so for days its fan and its capacitors die, at worst with full volts.", _SUPPLY),
    R("fold_back_to", "Current after folding back", "", 0.5, 0.9, "RULE", "80 % of {set_a}; held below half of it",
      "Run at its edge, it folds back again and again. A fifth less current is a third less heat.", "B"),
    R("inside_warm_c", "Supply warm inside", "°C", 50, 75, "WARN", "65 °C inside, where the supply tells it: current to 80 %",
      "Dust or a dead fan. The hours to come are the same, and the summer afternoon is still ahead.", _SUPPLY),
    R("inside_hot_c", "Supply hot inside", "°C", 60, 85, "HOLD", "75 °C inside, where the supply tells it",
      "Its own protection is the last thing between heat and a failed output stage. Do not wait for it.", _SUPPLY),
    R("end_current_counts", "Smallest end current", "counts", 2, 5, "REFUSE", "2 counts of {a_step} = {smallest_end}",
      "An end current that the display cannot tell from zero ends the charge by chance.", _SUPPLY),
)  # fmt: skip
START = (
    R("start_low_v", "Lowest volts to start", "V", 2.3, 2.8, "REFUSE", "each of {n} cells at 2.50 V or more",
      "Below the makers' discharge end a cell may be harmed. With others beside it, its trouble stays hidden.", _MAKERS),
    R("dead_v", "Dead or reversed cell", "V", 2.0, 2.3, "REFUSE", "each of {n} cells at 2.00 V or more",
      "Below 2 V copper goes into solution and grows back as a short. Charged again, such a cell can burn.", _MAKERS),
    R("spread_before_parallel_v", "Spread before paralleling", "V", 0.02, 0.30, "REFUSE", "highest − lowest ≤ {spread}; surge there {surge}",
      "Cells apart in charge even themselves out through the busbars at the moment of contact: sparks, pitted posts.", "4.1"),
    R("cold_refuse_c", "Too cold to charge", "°C", 0, 10, "REFUSE", "cells at 0 °C or more",
      "Below freezing lithium plates on the anode instead of going in. The loss is lasting and can end in a short.", _MAKERS),
    R("cold_warn_c", "Cold", "°C", 5, 15, "WARN", "below 5 °C: {quarter_a} instead of {set_a}",
      "Between 0 and 5 °C makers allow only a fraction of the usual current; more of it plates lithium.", _MAKERS),
    R("cold_current_fraction", "Current in the cold", "", 0.05, 0.5, "RULE", "{set_a} × ¼ = {quarter_a}",
      "A quarter keeps within every maker's cold table; the full current does not.", _MAKERS),
    R("hot_warn_c", "Warm cells", "°C", 30, 45, "WARN", "surface above 40 °C",
      "Warm cells at the top of charge lose life by the hour. At {cell_a} a cell they should not warm at all.", _MAKERS),
    R("hot_trip_c", "Hot cells", "°C", 40, 55, "TRIP", "surface above 45 °C",
      "The current here warms a cell by hundredths of a degree an hour. Heat means a fault inside or a bad joint.", _MAKERS),
    R("self_heating_warn_k", "Warmer than the room", "K", 4, 15, "WARN", "more than 8 K above the room at under 0.05C",
      "A cell that heats itself at {set_c} burns charge inside. Touch each cell and find it before it finds you.", _MODEL),
    R("self_heating_rate_c", "Rate for that rule", "1/h", 0.02, 0.1, "RULE", "only under 0.05C of the bank; here {set_c}",
      "At higher rates cells warm by honest work, and the comparison with the room would cry wolf.", _MODEL),
    R("lead_resistance_warn_ohm", "Thin leads", "Ω", 0.01, 0.1, "WARN", "pair with contacts above 30 mΩ; yours {leads}",
      "Above {critical_lead} the leads decide the current; hours turn into days.", "D"),
    R("lead_heat_warn_w", "Hot leads", "W", 2, 10, "WARN", "leads × current² above 5 W; yours {lead_heat}",
      "Five watts sit in a clip or a banana plug, not in the copper: it chars, loosens, and gets worse.", "D"),
)  # fmt: skip
TIME = (
    R("charge_over_warn", "More charge than it holds", "× bank", 1.0, 1.1, "WARN", "more than {charge_warn} in one session",
      "Charge beyond the capacity goes somewhere: heat in a leaking cell, or a wrong current reading.", _CYCLER),
    R("charge_over_trip", "Far more than it holds", "× bank", 1.05, 1.2, "TRIP", "more than {charge_trip} in one session",
      "The bank cannot hold this. Whatever takes it turns it into heat.", _CYCLER),
    R("time_at_top_s", "Time at the top", "s", 1800, 8 * 3600, "HOLD", "4 h with the cells at {held_v} or more",
      "Held at the top, cells age by the hour. Four hours finish any healthy taper at the cells themselves.", "A.3"),
    R("top_margin_v", "Margin of the top", "V", 0.005, 0.02, "RULE", "counted from {target} − 10 mV = {held_v} at the cells",
      "Counted at the supply instead, thin leads would run the time out while the cells are still on the plateau.", _MODEL),
    R("top_floor_v", "Where the top begins", "V", 3.40, 3.55, "RULE", "counted from 3.50 V at least, however low the target; here {target}",
      "A low stage tapers for many hours on the plateau, where cells do not age. Counted there, the time would stop a healthy stage.", "B"),
    R("step_overtime_factor", "Overtime of a step: factor", "× forecast", 1.2, 3.0, "HOLD", "1.5 × the upper end of {time}",
      "Far over its time, the charge meets something unseen: a leak, a loose busbar, a cell that takes all.", _CYCLER),
    R("step_overtime_s", "Overtime of a step: margin", "s", 1800, 8 * 3600, "RULE", "and 2 h on top",
      "Short steps need room for slow readings; without it every quick trial would end in a hold.", _CYCLER),
    R("leads_left_on_s", "Leads left on after the end", "s", 600, 7200, "WARN", "30 min with the output off",
      "A switched-off supply draws a little from the cells, unevenly over the row, and for nothing.", "4.8"),
    R("too_slow_factor", "Far too slow", "× plan", 2, 5, "WARN", "forecast more than 3 × the plan of {time}",
      "A week instead of days has a cause: thin leads, a folded-back supply, a bank mostly empty.", "3"),
    R("stale_periods", "Stale reading", "periods", 2, 5, "RULE", "older than 3 poll periods",
      "An old number in fresh ink is the most dangerous one: cells near the top move in seconds.", _CYCLER),
    R("reread_s", "Second look", "s", 0.2, 2, "RULE", "read again within 1 s",
      "One odd sample stops nothing, two in a row stop everything; the second must come before the cells move.", _CYCLER),
    R("over_limit_reads", "Reads over a limit", "reads", 2, 3, "RULE", "2 readings in a row",
      "Stopping on single spikes teaches people to ignore stops.", _CYCLER),
    R("glitch_step_v", "Impossible step", "V", 0.2, 1.0, "RULE", "0.5 V between two samples",
      "No cell of {cell_ah} jumps half a volt at {cell_a}. The wire did, and the limit must not act on it alone.", _CYCLER),
    R("glitch_spike_v", "A spike", "V", 0.05, 0.3, "RULE", "0.1 V from the sample before: read again before it counts",
      "A spike taken for volts would end a stage or start a hunt. The second look tells it from cells that run.", _CYCLER),
    R("glitch_count", "Too many glitches", "glitches", 2, 10, "HOLD", "3 glitches in ten minutes",
      "A line that lies three times is no guard. Fix cable and plug before more charge goes in.", _CYCLER),
    R("glitch_window_s", "Window of glitches", "s", 300, 1800, "RULE", "counted over 10 minutes",
      "Counted for ever, rare noise would stop a week's charge.", _CYCLER),
    R("link_retry_s", "Line lost: time to retry", "s", 10, 120, "CALL", "60 s below 3.37 V a cell; at once above",
      "Unwatched, {set_a} flow on. On the plateau a minute is nothing, in the knee it is everything.", _CYCLER),
    R("link_call_v", "Line lost: volts to call", "V", 3.34, 3.45, "CALL", "3.37 V a cell, or unknown",
      "Above this less than one percent is missing, and the knee may arrive before the line comes back.", _MODEL),
)  # fmt: skip
ATTENTION = (
    R("hand_knee_v", "Readings by hand: from", "V", 3.40, 3.50, "RULE", "more often from 3.45 V",
      "From here the volts climb faster with each minute; half-hourly looks would miss the knee.", "4.6"),
    R("hand_top_v", "Readings by hand: top from", "V", 3.50, 3.60, "RULE", "most often from 3.55 V",
      "The tutorial watches from 3.55 V. The last tenth of a volt takes minutes in a small bank.", "4.6"),
    R("hand_reading_below_s", "Reading due on the plateau", "s", 600, 7200, "WARN", "every 30 min below 3.45 V",
      "On the flat part little happens; a look now and then still finds a loose lead or a warm cell.", "4.5"),
    R("hand_reading_knee_s", "Reading due near the knee", "s", 300, 900, "CALL", "every 10 min from 3.45 V",
      "Without an interface nobody else reads: ten minutes at {set_a} are {over_10min}, and only {knee_ah} fit above 3.55 V.", "4.6"),
    R("hand_reading_top_s", "Reading due at the top", "s", 120, 600, "CALL", "every 5 min from 3.55 V",
      "Your eyes are the only guard of a supply without interface; its voltage can creep at any time.", "4.6"),
    R("hand_first_reading_s", "First reading after switch-on", "s", 60, 900, "RULE", "5 min after the output went on",
      "The first reading under current tells the lead resistance, and shows a clip that warms up.", _MODEL),
    R("series_reading_s", "Highest cell of a string due", "s", 120, 1200, "WARN", "every 10 min while no meter sees each of {n} cells",
      "Pack volts are a sum: one cell at 3.80 V hides behind others at 3.40 V. Only each cell's own volts show it, in the BMS's app.", "3.6"),
    R("hand_overdue_call", "Overdue reading", "× interval", 1.5, 3, "CALL", "twice the interval from 3.45 V",
      "Nobody looked twice. The program cannot switch this supply off and must fetch somebody.", _CYCLER),
    R("attention_knee_s", "Presence near the knee", "s", 300, 1200, "HOLD", "a key every 10 min from 3.45 V",
      "The last hour needs a person in the house: a program cannot smell.", "B"),
    R("attention_top_s", "Presence at the top", "s", 120, 600, "HOLD", "a key every 5 min from 3.55 V",
      "Cells above 3.55 V are not left alone for long. Without an answer the charge stops.", "B"),
    R("look_over_s", "A look at the bank", "s", 600, 3600, "RULE", "every 30 min near the top; on the plateau only while somebody is about",
      "No instrument smells gas, hears a hiss or sees a swelling. A minute with eyes, ears, nose and hand does.", "B"),
    R("attention_metered_s", "Presence with a meter", "s", 600, 3600, "RULE", "every 30 min while a fresh meter at the cells agrees",
      "A second instrument watches with the same care as a person; taken alone, the supply's own display does not.", "4.6"),
)  # fmt: skip
OFF_AND_END = (
    R("off_current_a", "Proof of off: current", "A", 0.02, 0.1, "CALL", "{off_a} at most",
      "A relay can weld. Believed off while it is on, the supply charges on with nobody looking.", _SUPPLY),
    R("off_current_counts", "Proof of off: counts", "counts", 1, 3, "RULE", "or 2 counts of {a_step}",
      "A coarse display shows its last count at no current; it must not look like a welded relay.", _SUPPLY),
    R("off_proof_s", "Proof of off: time", "s", 1, 5, "RULE", "within 2 s of the command",
      "A capacitor needs a moment, a failed switch does not get better. Two seconds tell them apart.", _SUPPLY),
    R("off_tries", "Tries to switch off", "tries", 2, 5, "RULE", "3 tries, then voltage and current to the minimum",
      "One lost command on the line must not leave {set_a} flowing.", _SUPPLY),
    R("off_call_s", "Call after a failed off", "s", 3, 10, "CALL", "5 s after the first try",
      "From now on only hands help: mains switch, or the + lead. Each second of hope is a second of charge.", _SUPPLY),
    R("end_hold_s", "Hold of the end rule", "s", 300, 1800, "END", "all conditions for 10 min",
      "Cells cross each other on their way and look equal for a moment. Ten minutes tell balance from a crossing.", "4.7"),
    R("end_margin_v", "End: volts at the cells", "V", 0.005, 0.015, "END", "{target} − 10 mV = {held_v} at the cells",
      "Small current with low cells is lead drop or an echoing display. Ended there, the bank is not full.", "4.7"),
    R("end_spread_v", "End: spread of the cells", "V", 0.005, 0.02, "END", "cells within 10 mV where each is seen",
      "A cell still apart at the end sits on a bad joint and will be out of step in the pack.", "4.8"),
    R("rest_spread_note_v", "Spread at rest worth a note", "V", 0.005, 0.05, "RULE", "20 mV from the median",
      "A few millivolts are normal after the charge. A cell far from the rest leaks or was badly joined.", "4.8"),
    R("rest_decay_v", "Decay at rest", "V", 0.005, 0.02, "WARN", "10 mV away from the median between day 1 and day 7",
      "It discharges itself and will pull the pack out of balance within months.", "4.8"),
)  # fmt: skip

SERIES = (
    R("target_reached_v", "A cell at the target", "V", 0.0, 0.02, "END", "{target} − 5 mV at any one cell ends the pre-charge",
      "In a string the full current goes through the full cell too. Waiting for the last millivolts of a meter is waiting for the overcharge.",
      "3.6"),
    R("bms_opened_v", "Opened by a full cell", "V", 0.005, 0.05, "RULE", "last read at {target} − 20 mV or more: the BMS opened as it should",
      "A BMS that opens with every cell lower saw cold, heat, a short or a loose wire. Taken for the end, the fault stays in the battery.",
      "3.6"),
)  # fmt: skip

# The part of the tutorial that each group belongs to, where a row's own source is none.
GROUPS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("4.6", VOLTS),
    ("4.5", CURRENT),
    ("4.1", START),
    ("4.7", TIME),
    ("4.6", ATTENTION),
    ("4.8", OFF_AND_END),
    ("3.6", SERIES),
)
