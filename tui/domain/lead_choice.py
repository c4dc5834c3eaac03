"""Which leads to build or buy: what a pair costs at this bank in volts, heat and hours, and how that compares with what is measured.

Ω for the whole pair, A, V, W, s. Sources: tutorial section 1 note 3 and appendix D (rings at both ends, 8 to 12 AWG, high-strand cable);
the lead calculator of `leads`; the course of the charge of `charge`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.domain import calculations, leads
from tui.domain.kinds import show, show_duration
from tui.domain.leads import End, Lead
from tui.domain.plan import Plan

END_WORDS: dict[End, str] = {"ring": "ring terminals", "banana": "banana plugs", "alligator": "alligator clips"}
USUAL: tuple[Lead, ...] = (  # from the best to what comes in the box
    Lead(8, 1.0, ("ring", "ring")),
    Lead(10, 1.0, ("ring", "ring")),
    Lead(12, 1.0, ("ring", "ring")),
    Lead(12, 1.0, ("banana", "ring")),
    Lead(16, 1.0, ("banana", "alligator")),
)
SMALL_SHARE = 0.02  # leads that cost less than this part of the charge are good enough
SMALL_S = 1800.0
OFF_FACTOR = 1.5  # measured above calculated by more than this, beyond the uncertainty: a contact is bad
CABLE = (
    "Build the pair from high-strand cable, such as marine or welding cable: it bends easily, and pulls less on the terminals than the "
    "stiff cable of a hardware store, which would do as well. 12 AWG is adequate at 10 A, 10 or 8 AWG is better; the tutorial's author "
    "used 8 AWG because he had it."
)
ENDS = "The ends matter most: a crimped ring terminal of the right size at every end, bolted down, instead of banana plugs and alligator clips."


@dataclass(frozen=True, slots=True)
class LeadReport:
    """A pair of leads at this bank. `lost_s`: the time that they cost against leads without resistance; None without a state of charge."""

    lead: Lead
    name: str  # "12 AWG, 1 m, banana plugs at the supply, ring terminals at the cells"
    resistance_ohm: float
    uncertainty_ohm: float
    plateau_current_a: float
    drop_v: float
    heat_w: float
    lost_s: float | None
    good_enough: bool
    words: str  # the recommendation
    measured: str = ""  # the live resistance beside the calculated one


def judge(plan: Plan, lead: Lead, measured_ohm: float | None = None) -> LeadReport:
    """What this pair does at this bank, in parallel; `measured_ohm` is the resistance seen live. Raises ValueError without cells."""
    bank = replace(plan, arrangement="", lead_resistance_ohm=lead.resistance_ohm)
    ohm, set_a = lead.resistance_ohm, calculations.current_limit(bank).value_a
    flowing_a = leads.plateau_current_a(plan.target_v, set_a, ohm)
    heat_w, lost_s = leads.heat_w(ohm, flowing_a), calculations.hours_lost_s(bank)
    small_s = SMALL_S
    if lost_s is not None:
        courses = calculations.courses(bank, ohm)
        small_s = max(SMALL_S, SMALL_SHARE * courses[1].total_s) if courses else SMALL_S
    throttled = flowing_a < set_a - 1e-9
    good = not throttled and heat_w <= leads.WARN_HEAT_W and ohm <= leads.WARN_RESISTANCE_OHM and (lost_s is None or lost_s <= small_s)
    return LeadReport(
        lead,
        name_of(lead),
        ohm,
        lead.uncertainty_ohm,
        flowing_a,
        leads.drop_v(ohm, flowing_a),
        heat_w,
        lost_s,
        good,
        _words(lead, good, throttled, flowing_a, set_a, heat_w, lost_s),
        "" if measured_ohm is None else _measured(lead, measured_ohm),
    )


def compare(plan: Plan, choices: tuple[Lead, ...] = USUAL) -> tuple[LeadReport, ...]:
    """The usual leads beside each other, at this bank."""
    return tuple(judge(plan, lead) for lead in choices)


def name_of(lead: Lead) -> str:
    supply_end, cell_end = lead.contacts
    head = f"{lead.gauge_awg} AWG, {lead.length_m:g} m each way"
    if supply_end == cell_end:
        return f"{head}, {END_WORDS[supply_end]} at both ends"
    return f"{head}, {END_WORDS[supply_end]} at the supply, {END_WORDS[cell_end]} at the cells"


def ring_for_stud(stud_mm: float | None) -> str:
    """Which ring terminal for a stud of this diameter; None where the cells' thread is not known (appendix D)."""
    if stud_mm is None:
        return "Rings sized to the stud: 6 mm rings for M6 studs, 8 mm rings for M8. Look at the cells before you buy."
    if stud_mm not in (4, 6, 8):
        return f"Rings with a hole of {stud_mm:g} mm, sized to the stud."
    words = f"Rings with a hole of {stud_mm:g} mm for M{stud_mm:g} studs at the cells."
    if stud_mm == 6:
        words += " An 8 mm ring works on them too, and serves both sizes, but a 6 mm ring has the better contact."
    if stud_mm == 8:
        words += " They work on M6 studs as well, with less contact."
    return words


def _words(lead: Lead, good: bool, throttled: bool, flowing_a: float, set_a: float, heat_w: float, lost_s: float | None) -> str:
    if good:
        return "Good enough: better leads would not shorten this charge noticeably."
    faults = []
    if throttled:
        faults.append(f"only {flowing_a:.1f} A of {set_a:.1f} A flow on the plateau")
    if heat_w > leads.WARN_HEAT_W:
        faults.append(f"{heat_w:.1f} W become heat, most of it in the contacts")
    if lost_s is not None and lost_s > SMALL_S:
        faults.append(f"about {show_duration(lost_s)} are lost")
    cure = []
    if lead.contacts != ("ring", "ring"):
        cure.append("put ring terminals at every end")
    if lead.gauge_awg > 12:
        cure.append("take 12 AWG or thicker")
    if not cure:
        cure.append("take thicker or shorter cable" if lead.length_m > 0.5 else "take thicker cable")
    text = "; ".join(faults) or f"{show(lead.resistance_ohm, 'resistance')} is more than a good pair has"
    return f"{text[0].upper()}{text[1:]}. First of all {' and '.join(cure)}."


def _measured(lead: Lead, measured_ohm: float) -> str:
    calculated, doubt = lead.resistance_ohm, lead.uncertainty_ohm
    head = f"Measured {show(measured_ohm, 'resistance')}, calculated {show(calculated, 'resistance')} ± {show(doubt, 'resistance')}"
    if measured_ohm > OFF_FACTOR * (calculated + doubt):
        return f"{head}: more than this pair should have. A contact is loose or dirty, or the wire is thinner than it says; feel which is warm."
    if measured_ohm < (calculated - doubt) / OFF_FACTOR:
        return (
            f"{head}: less than this pair can have. Look where the meter's probes are, and whether the supply's reading is its set-point."
        )
    return f"{head}: as expected."
