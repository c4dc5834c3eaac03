"""The texts of Advice, each for this bank: made of what the calculations say, without a widget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from textual.content import Content

from tui.domain import after as after_balance
from tui.domain import calculations, catalogue, end_choices, fits, lead_choice, lost_advice, supply_fit
from tui.domain.kinds import show, show_duration
from tui.domain.leads import Lead
from tui.domain.plan import Plan
from tui.domain.reasons import why
from tui.domain.should_balance import Recommendation
from tui.panes.fit_list import hours_words, title_of
from tui.widgets.text import plain

Part = Content | str | tuple[str, str]
HEAD, DIM = "bold $accent", "$foreground 60%"
OPINIONS = ("target", "end-rule", "procedure", "balance-or-not", "top-or-bottom", "rest-time", "soak-time", "spread-limit")
VERDICTS = {
    "balance": "Balance them.",
    "test the capacity first": "Build the battery and test its capacity first.",
    "not needed": "A balance is not needed.",
    "do not balance: conditions": "Do not balance; then these conditions hold.",
}


def paragraphs(parts: Iterable[Part]) -> Content:
    """Parts one after the other; each ends its own lines."""
    return Content.assemble(*parts).rstrip()


def section(number: str) -> Part:
    return (f"  (tutorial {number})", DIM) if number else ""


def verdict(found: Recommendation) -> Content:
    return Content.assemble((f"{plain('▶')} ", "$accent"), (VERDICTS[found.verdict], "bold"))


def recommendation(found: Recommendation) -> Content:
    """Why, and what to do now."""
    parts: list[Part] = [("Why\n", HEAD)]
    for ground in found.reasons:
        parts += [f"· {ground.text}", section(ground.tutorial), "\n"]
    parts.append(("\nWhat to do\n", HEAD))
    parts += [f"· {step}\n" for step in found.next]
    return paragraphs(parts)


def c_rate(rate: float) -> str:
    """A small rate without an exponent: "0.000045C"."""
    return f"{rate:.6f}".rstrip("0").rstrip(".") + "C"


def procedures(plan: Plan) -> Content:
    """Every procedure with its hours, what it is like and what it asks for; then what can be said for and against."""
    found = fits.fits(plan)
    best = fits.best(plan, found)
    parts: list[Part] = []
    if best.name:
        parts += [(f"{plain('★')} {title_of(best.name)}\n", HEAD), f"{best.why}\n"]
    elif best.why:
        parts.append(f"{best.why}\n")
    for fit in found:
        hours = hours_words(fit.low_s, fit.high_s) or "time not known"
        parts.append((f"\n{plain('✓') if fit.ok else plain('✗')} {title_of(fit.name)}", "bold" if fit.ok else DIM))
        if fit.ok:
            hands = f" You {fit.hands_on}." if fit.hands_on else ""
            parts += [(f"  {hours}\n", "$accent"), f"{fit.note}{hands}\n"]
        else:
            parts.append(f"\n{fit.why_not}\n")
    parts.append("\nThe Procedure field of Setup takes one of these; F5 starts it.")
    return paragraphs(parts)


def lead_report(report: lead_choice.LeadReport) -> Content:
    """What one pair of leads does at this bank."""
    lost = "not known without a state of charge" if report.lost_s is None else show_duration(report.lost_s)
    rows = (
        ("resistance", f"{show(report.resistance_ohm, 'resistance')} ± {show(report.uncertainty_ohm, 'resistance')}"),
        ("on the plateau", f"{report.plateau_current_a:.2f} A flow"),
        ("drop", f"{report.drop_v * 1000:.0f} mV"),
        ("heat", f"{report.heat_w:.1f} W"),
        ("time lost", lost),
    )
    parts: list[Part] = [part for label, value in rows for part in ((f"{label:<15}", DIM), f"{value}\n")]
    parts += [(f"{plain('✓') if report.good_enough else plain('▲')} ", "bold"), f"{report.words}\n"]
    parts.append(f"{report.measured}\n" if report.measured else ("Measured: nothing yet; a charge that runs shows it here.\n", DIM))
    return paragraphs(parts)


def lead_advice(plan: Plan, stud_mm: float | None) -> Content:
    """The usual pairs beside each other, and what to build."""
    parts: list[Part] = [("The usual pairs at this bank\n", HEAD)]
    for report in lead_choice.compare(plan):
        lost = "" if report.lost_s is None else f", {show_duration(report.lost_s)} lost"
        sign = plain("✓") if report.good_enough else plain("▲")
        parts.append(f"{sign} {report.name}: {show(report.resistance_ohm, 'resistance')}, {report.plateau_current_a:.1f} A{lost}\n")
    parts += [("\nWhat to build\n", HEAD)]
    parts += [f"{text}\n" for text in (lead_choice.ENDS, lead_choice.ring_for_stud(stud_mm), lead_choice.CABLE)]
    return paragraphs(parts)


def supply(plan: Plan, has_cv_and_cc: bool | None) -> Content:
    """What this supply can do: the balance, and the pre-charge of the usual packs."""
    found = supply_fit.supply_fit(plan, has_cv_and_cc=has_cv_and_cc)
    words = found.words.removesuffix(supply_fit.QUESTION).strip()
    parts: list[Part] = [(f"{plain('✓') if found.ok else plain('✗')} ", "bold"), f"{words}\n", ("\nPre-charge in series\n", HEAD)]
    for pack in found.packs:
        sign = plain("✓") if pack.has_margin else plain("▲") if pack.ok else plain("✗")
        parts.append(f"{sign} {pack.name:<9} {pack.series:>2}S  {pack.words}\n")
    parts += [f"\n{found.shorting}\n", ("\nHours against amperes, this bank in parallel\n", HEAD), found.sweet_spot]
    return paragraphs(parts)


def amperes(plan: Plan) -> tuple[tuple[float, float], ...]:
    """Points of the plot: from 4 A, so that the curve is not all first column."""
    return supply_fit.hours_by_amps(plan, (4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0))


def when_to_stop(plan: Plan) -> Content:
    """The end rules in A, in C of the bank, and with their consequence; the plan's own is marked."""
    parts: list[Part] = []
    for choice in end_choices.choices(plan):
        own = choice.rule == plan.end_rule and abs(choice.target_v - plan.target_v) < 1e-6
        sign = plain("▶") if own else " "
        parts += [
            (f"{sign} {choice.title}", HEAD if own else "bold"),
            (f"  {choice.end_a:.2f} A = {c_rate(choice.end_c)} of the bank, {choice.target_v:.2f} V a cell\n", DIM),
            f"{choice.words}\n\n",
        ]
    parts += [end_choices.makers_rule_words(plan), "\n\nThe fields End by, End at and Target of Setup choose."]
    return paragraphs(parts)


def opinions(plan: Plan) -> Content:
    """Where opinions differ: all sides with their consequence here."""
    parts: list[Part] = ["Opinions differ, and nobody has the last word. You choose; the report names what you chose.\n"]
    for topic in OPINIONS:
        reason = why(topic, plan, {})
        parts += [(f"\n{reason.title}", HEAD), section(reason.tutorial), f"\n{reason.consequence}\n"]
        parts += [f"· {side}\n" for side in reason.sides]
    return paragraphs(parts)


def lead_of(gauge: str, length_m: float, supply_end: str, cell_end: str, temperature_c: float) -> Lead:
    """A pair of leads from the answers of the calculator; raises ValueError for what cannot be."""
    return Lead(int(gauge), length_m, (supply_end, cell_end), temperature_c)  # type: ignore[arg-type]  # the choices are its ends


TextTopic = Callable[[Plan], Content]


def safely(make: TextTopic, plan: Plan) -> Content:
    """The text, or what is missing in the plan for it."""
    try:
        return make(plan)
    except (ValueError, KeyError, ZeroDivisionError) as problem:
        return Content.assemble(("This cannot be told for the bank as it stands in Setup.\n", "bold"), str(problem))


def after(plan: Plan, readings: Mapping[str, Sequence[tuple[float, float]]]) -> Content:
    """The rest, the cells against their median, the battery, its settings. `readings`: (hours since the charge, V) by cell."""
    end_c = calculations.end_c_rate(replace(plan, arrangement=""))
    bands = [after_balance.drift_band(end_c, hours, plan.target_v) for hours in after_balance.MARKS_H]
    parts: list[Part] = [("At rest\n", HEAD), f"{bands[0].words}\n"]
    later = (f"{words} {band.low_v:.2f} to {band.high_v:.2f} V" for words, band in zip(("24 h", "7 d"), bands[1:], strict=True))
    parts.append(f"After {', after '.join(later)}.\n")
    parts += [("\nEach cell against the median\n", HEAD), *deviations(readings)]
    model = catalogue.find(plan.model)
    parts += [("\nBuild the battery\n", HEAD)]
    parts += [f"{number}. {step}\n" for number, step in enumerate(after_balance.reassembly(plan, model.thread if model else ""), 1)]
    parts += [("\nCharge settings\n", HEAD), f"{after_balance.CONTROLLER_WHY}\n"]
    parts += [f"· {setting.words}\n" for setting in after_balance.controller_settings(plan)]
    parts += [f"{after_balance.service_words(plan)}\n", ("\nThen\n", HEAD)]
    parts += [f"· {after_balance.CAPACITY_TEST}\n", f"· {after_balance.STORING}\n"]
    return paragraphs(parts)


def deviations(readings: Mapping[str, Sequence[tuple[float, float]]]) -> list[Part]:
    """mV above or below the median after 1 h, 24 h and 7 days, and in words only what is not normal."""
    if not readings:
        return [("No resting volts of this bank yet. Key 3, then r, takes them after 1 h, 24 h and 7 days.\n", DIM)]
    judged = after_balance.judge_rest(readings)
    width = max(len(cell.label) for cell in judged)
    parts: list[Part] = [(f"{'':<{width}}{'1 h':>9}{'24 h':>9}{'7 d':>9}\n", DIM)]
    for cell in judged:
        off = "".join(f"{'—':>9}" if volts is None else f"{volts * 1000:>+6.0f} mV" for volts in cell.deviations_v)
        parts.append((f"{cell.label:<{width}}{off}  {cell.verdict}\n", "bold" if cell.verdict == "suspect" else ""))
    parts += [f"{cell.words}\n" for cell in judged if cell.verdict in ("suspect", "note")]
    return parts


def lost(_: Plan) -> Content:
    """Advice that is easily lost between the procedures, and the tutorial's own links as text."""
    parts: list[Part] = []
    for piece in lost_advice.ADVICE:
        parts += [(piece.title, "bold"), section(piece.tutorial), f"\n{piece.words}\n\n"]
    parts.append(("The tutorial's links\n", HEAD))
    parts += [part for link in lost_advice.LINKS for part in (f"{link.url}\n", (f"  {link.what} (tutorial {link.tutorial})\n", DIM))]
    return paragraphs(parts)
