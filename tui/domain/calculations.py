"""What follows from a plan: every figure of Setup and of the `plan` command, each with its formula and inputs.

A, V, W, Wh, Ah, Ω, s. A figure that cannot be told has the value None. Sources: tutorial section 4 (0.2C, target), section 3
(pack volts), the cell model (plateau at 3.33 V, taper), the makers' end of charge for the comparison in C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tui.domain import charge, leads
from tui.domain.arrangement import Arrangement, parse_arrangement
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.quantities import show, show_duration

MEAN_CELL_V = 3.30  # mean over a whole charge, for energy
CHARGING_V = 3.4  # of a cell while it takes the full current: the tutorial's figure (section 3)
ASSUMED_LEAD_OHM = 0.020  # upper end of the range where the leads are not known
COMMON_PACKS = (4, 8, 15, 16)
STAGES_BELOW_V = (0.2, 0.1)
LOWEST_USUAL_STAGE_V = 3.40
KNEE_FOOT_V = 3.40  # below it equal volts hold; above it a cell falls back when its charge ends

Winner = Literal["c-rate", "supply", "leads", "cell", "cold"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One calculated number. `text` is ready to show; `low` and `high` are set where only a range is honest."""

    id: str  # also the key of its reason
    label: str
    value: float | None
    unit: str
    text: str
    formula: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class CurrentLimit:
    """The current to set, which bound decided, and all bounds in A."""

    value_a: float
    winner: Winner
    candidates: Mapping[Winner, float]

    @property
    def why(self) -> str:
        words = {
            "c-rate": "the C-rate",
            "supply": "the supply",
            "leads": "the leads",
            "cell": "the cell's own limit",
            "cold": "the cold cells",
        }
        return f"{words[self.winner]} decides"


def wiring(plan: Plan) -> Arrangement:
    """The arrangement of the plan; raises ValueError when it does not fit the cells."""
    return parse_arrangement(plan.arrangement, len(plan.cells))


def pack_wiring(plan: Plan) -> Arrangement:
    """The finished battery, as a series pre-charge wires it; all cells in series unless the plan says otherwise. Raises ValueError."""
    count = len(plan.cells)
    if plan.pack or not plan.arrangement or wiring(plan).series == 1:
        return parse_arrangement(plan.pack or f"{count}S", count)
    return wiring(plan)


def capacity_ah(plan: Plan) -> float:
    """Capacity of the whole bank as wired."""
    return wiring(plan).capacity_ah([cell.capacity_ah for cell in plan.cells])


def pack_target_v(plan: Plan) -> float:
    """The voltage of the supply: cells in series × target per cell. Never copied from a table."""
    return wiring(plan).series * plan.target_v


def stages_v(plan: Plan) -> tuple[float, ...]:
    """Targets of step-and-pause in their order, V per cell: the plan's own, or 0.2 and 0.1 V below the target and the target itself.

    As 3.400, 3.500, 3.600 V in the tutorial's appendix B. Below 3.40 V a stage would lie on the plateau and is left out.
    """
    lower = (round(plan.target_v - below, 4) for below in STAGES_BELOW_V)
    return plan.stages_v or (*(volts for volts in lower if volts >= LOWEST_USUAL_STAGE_V - 1e-9), plan.target_v)


def lifts(plan: Plan) -> bool:
    """Whether this part lifts low cells to the volts of the others: these lie on the plateau, below every target and every usual stage."""
    return plan.target_v < LOWEST_USUAL_STAGE_V - 1e-9 and plan.target_v not in plan.stages_v


def level_until_v(plan: Plan, set_v: float) -> float:
    """The volts at the cells where a levelling charge set to `set_v` ends: half the limit below, 10 mV where cells fall back at rest."""
    below_v = plan.spread_limit_v / 2 if set_v <= KNEE_FOOT_V else min(plan.spread_limit_v / 2, 0.010)
    return round(set_v - below_v, 6)


def knee_v(plan: Plan) -> float:
    """Where the volts begin to run: 3.55 V (tutorial 4.6), or 20 mV below a low target."""
    return min(Limits().knee_v, plan.target_v - 0.02)


def end_c_rate(plan: Plan) -> float:
    """The end current as C-rate of the bank, in 1/h."""
    return plan.end_current_a / capacity_ah(plan)


def smallest_end_current_a(plan: Plan) -> float:
    """Below two counts of the supply's display an end current cannot be told from zero."""
    return Limits().end_current_counts * plan.supply.current_step_a


def off_current_a(plan: Plan) -> float:
    """The largest current that still proves the output off: 0.05 A or two counts, whichever is more."""
    return max(Limits().off_current_a, Limits().off_current_counts * plan.supply.current_step_a)


def current_limit(plan: Plan, surface_c: float | None = None) -> CurrentLimit:
    """The smallest of C-rate × bank, supply × derating, the leads' limit and the cell's × cells in parallel; a quarter for 0 to 5 °C."""
    candidates: dict[Winner, float] = {
        "c-rate": plan.c_rate * capacity_ah(plan),
        "supply": plan.supply.max_current_a * plan.derating,
    }
    if plan.lead_limit_a is not None:
        candidates["leads"] = plan.lead_limit_a
    if plan.cell_limit_a is not None:
        candidates["cell"] = plan.cell_limit_a * wiring(plan).parallel
    limits = Limits()
    if surface_c is not None and surface_c < limits.cold_warn_c:
        candidates["cold"] = limits.cold_current_fraction * min(candidates.values())
    if not min(candidates.values()) > 0:
        raise ValueError("no current is left to charge with: the supply, the leads and the C-rate must all be above zero")
    winner = min(candidates, key=lambda name: candidates[name])
    return CurrentLimit(candidates[winner], winner, candidates)


def set_points(plan: Plan, surface_c: float | None = None) -> tuple[float, float]:
    """What goes on the supply: pack volts and amperes, each rounded down to the supply's step."""
    return (
        _down(pack_target_v(plan), plan.supply.voltage_step_v),
        _down(current_limit(plan, surface_c).value_a, plan.supply.current_step_a),
    )


def _down(value: float, step: float) -> float:
    return round(int(value / step + 1e-6) * step, 6) if step > 0 else value


def trims_above_v(plan: Plan) -> float:
    """From how far above the target the set-point goes down: 1 mV a cell; 10 mV where one step of the supply is more than that, because a step
    too low never reaches the end of the charge.
    """
    limits, series = Limits(), wiring(plan).series
    coarse = plan.supply.voltage_step_v > limits.warn_over_target_v * series + 1e-9
    return (limits.warn_over_target_v if coarse else limits.trim_tolerance_v) * series


def courses(plan: Plan, lead_ohm: float) -> tuple[charge.Course, charge.Course] | None:
    """The charge from the higher and from the lower end of the estimated state of charge; None without an estimate."""
    if plan.soc_low is None or plan.soc_high is None:
        return None
    arrangement, capacity = wiring(plan), capacity_ah(plan)

    def one(soc: float) -> charge.Course:
        return charge.course(
            capacity_ah=capacity,
            cells=arrangement.parallel,
            soc=soc,
            target_v=plan.target_v,
            current_a=current_limit(plan).value_a,
            lead_ohm=lead_ohm / arrangement.series,
            end_current_a=plan.end_current_a,
        )

    return one(plan.soc_high), one(plan.soc_low)


def plateau_current_a(plan: Plan) -> float:
    """What flows on the plateau; of low cells that are lifted, which stand well below it, the full current."""
    current, ohm = current_limit(plan).value_a, plan.lead_resistance_ohm or 0.0
    return current if lifts(plan) else leads.plateau_current_a(plan.target_v, current, ohm / wiring(plan).series)


def missing_charge_ah(plan: Plan) -> tuple[float, float] | None:
    """The charge still to come, least and most: to full, or of low cells to where their lift ends. None without an estimate."""
    if plan.soc_low is None or plan.soc_high is None:
        return None
    bank = capacity_ah(plan)
    if lifts(plan):
        return bank * (plan.soc_high - plan.soc_low), bank * (plan.soc_high - plan.soc_low)
    return charge.missing_charge_ah(bank, plan.soc_high), charge.missing_charge_ah(bank, plan.soc_low)


def _lift_time_s(plan: Plan, charge_ah: float) -> tuple[float, float]:
    """From all the way with the full current to all the way with what the leads let through at the end."""
    current = current_limit(plan).value_a
    least = min(current, leads.current_through_a(plan.target_v - level_until_v(plan, plan.target_v), _lead_range(plan)[1]))
    return 3600 * charge_ah / current, 3600 * charge_ah / least


def charging_time_s(plan: Plan) -> tuple[float, float] | None:
    """Time until the end of the charge as a range. Without known leads it runs from ideal leads to 20 mΩ."""
    missing = missing_charge_ah(plan)
    if lifts(plan):
        return None if missing is None else _lift_time_s(plan, missing[1])
    low_ohm, high_ohm = _lead_range(plan)
    best, worst = courses(plan, low_ohm), courses(plan, high_ohm)
    if best is None or worst is None:
        return None
    low, high = best[0], worst[1]
    if wiring(plan).series > 1:  # a string ends when its first cell is full; nothing tapers
        return low.constant_current_s * charge.LOW_FACTOR, high.constant_current_s / charge.LOW_FACTOR
    return low.total_s * charge.LOW_FACTOR, high.constant_current_s / charge.LOW_FACTOR + high.taper_s * charge.HIGH_FACTOR


def _lead_range(plan: Plan) -> tuple[float, float]:
    known = plan.lead_resistance_ohm
    return (0.0, ASSUMED_LEAD_OHM) if known is None else (known, known)


def hours_lost_s(plan: Plan) -> float | None:
    """Time that these leads cost against leads without resistance; None without leads or state of charge."""
    if plan.lead_resistance_ohm is None or lifts(plan):
        return None
    with_leads, without = courses(plan, plan.lead_resistance_ohm), courses(plan, 0.0)
    if with_leads is None or without is None:
        return None
    return with_leads[1].total_s - without[1].total_s


# --- the figures, in the order of the pane --------------------------------------------------------------------


def figures(plan: Plan) -> tuple[Figure, ...]:
    """All figures of a plan that `checks.check_plan` finds no blocking fault in; raises ValueError when the arrangement does not fit."""
    return (*_current_figures(plan), *_voltage_figures(plan), *_lead_figures(plan), *_time_figures(plan), *_end_figures(plan))


def figure(plan: Plan, figure_id: str) -> Figure:
    """One figure by its id; raises KeyError."""
    return {row.id: row for row in figures(plan)}[figure_id]


def _current_figures(plan: Plan) -> list[Figure]:
    bank, limit = capacity_ah(plan), current_limit(plan)
    capacities = {cell.label: show(cell.capacity_ah, "capacity") for cell in plan.cells}
    lead = plan.lead_limit_a
    supply = {"rating": show(plan.supply.max_current_a, "current"), "derating": f"{plan.derating:.0%}"}
    rule = "sum of the cells" if wiring(plan).series == 1 else "smallest group of parallel cells"

    def bound(name: Winner) -> str:
        value = limit.candidates[name]
        amps = f"{value:.2f}" if value < 100 else f"{value:.0f}"
        return f"{amps} A" + (" ◀ wins" if name == limit.winner else "")

    bounds: dict[str, str] = {name: show(value, "current") for name, value in limit.candidates.items()}
    return [
        Figure("bank-capacity", "Capacity", bank, "Ah", show(bank, "capacity"), rule, capacities),
        Figure(
            "c-rate-current",
            f"{plan.c_rate:g}C of bank",
            limit.candidates["c-rate"],
            "A",
            bound("c-rate"),
            f"{plan.c_rate:g}C × {show(bank, 'capacity')}",
            {"C-rate": f"{plan.c_rate:g}C", "capacity": show(bank, "capacity")},
        ),
        Figure("supply-current", "Supply gives", limit.candidates["supply"], "A", bound("supply"), "rating × derating", supply),
        Figure("lead-limit", "Lead limit", lead, "A", "not given" if lead is None else bound("leads"), "as typed", {}),
        Figure("charge-current", "Set current", limit.value_a, "A", show(limit.value_a, "current"), "smallest of the bounds", bounds),
    ]


def _voltage_figures(plan: Plan) -> list[Figure]:
    def pack(name: str, label: str, series: int) -> Figure:
        volts = series * plan.target_v
        inputs = {"cells in series": str(series), "target": show(plan.target_v, "target")}
        return Figure(name, label, volts, "V", f"{volts:.2f} V", f"{series} × {plan.target_v:.3f} V", inputs)

    arrangement = wiring(plan)
    current = plateau_current_a(plan)
    power = arrangement.series * CHARGING_V * current
    energy = sum(cell.capacity_ah for cell in plan.cells) * MEAN_CELL_V
    return [
        pack("pack-target", f"Volts for {arrangement}", arrangement.series),
        *(pack(f"pack-{series}s", f"Pack {series}S", series) for series in COMMON_PACKS),
        Figure(
            "power",
            "Power",
            power,
            "W",
            show(power, "power"),
            "volts on charge × current",
            {"on charge": f"{arrangement.series} × {CHARGING_V:g} V", "current": show(current, "current")},
        ),
        Figure("energy", "Energy", energy, "Wh", show(energy, "energy"), f"Ah of all cells × {MEAN_CELL_V:.2f} V", {}),
    ]


def _lead_figures(plan: Plan) -> list[Figure]:
    series = wiring(plan).series
    current, known = current_limit(plan).value_a, plan.lead_resistance_ohm
    critical = None if lifts(plan) else leads.critical_resistance_ohm(plan.target_v, current) * series
    drop = heat = plateau = None
    if known is not None:
        plateau = plateau_current_a(plan)
        drop, heat = leads.drop_v(known, plateau), leads.heat_w(known, plateau)
    resistance = "not given" if known is None else show(known, "resistance")
    inputs = {"leads": resistance, "current": "unknown" if plateau is None else show(plateau, "current")}
    return [
        Figure("lead-resistance", "Leads", known, "Ω", resistance, "2 × length × Ω/m + contacts, or measured", {}),
        Figure(
            "plateau-current",
            "Plateau flow",
            plateau,
            "A",
            inputs["current"],
            "smaller of set current and (target − 3.33 V) ÷ leads",
            inputs,
        ),
        Figure("lead-drop", "Lead drop", drop, "V", "unknown" if drop is None else f"{drop * 1000:.0f} mV", "leads × current", inputs),
        Figure("lead-heat", "Lead heat", heat, "W", "unknown" if heat is None else show(heat, "power"), "leads × current²", inputs),
        Figure(
            "critical-lead",
            "Leads below",
            critical,
            "Ω",
            "of no matter" if critical is None else show(critical, "resistance"),
            f"({plan.target_v:.3f} V − {leads.PLATEAU_V:.2f} V) ÷ {current:.2f} A",
            {"target": show(plan.target_v, "target"), "current": show(current, "current")},
        ),
    ]


def _time_figures(plan: Plan) -> list[Figure]:
    bank = capacity_ah(plan)
    low_ah, high_ah = missing_charge_ah(plan) or (None, None)
    if plan.soc_low is None or plan.soc_high is None:
        soc = "not given"
    else:
        soc = f"{plan.soc_low * 100:.3g} %" if plan.soc_low == plan.soc_high else f"{plan.soc_low * 100:.3g} to {plan.soc_high * 100:.3g} %"
    times, lost = charging_time_s(plan), hours_lost_s(plan)
    low_s, high_s = times or (None, None)
    known = plan.lead_resistance_ohm
    assumed = f"0 to {show(ASSUMED_LEAD_OHM, 'resistance')} (not given)" if known is None else show(known, "resistance")
    inputs = {"capacity": show(bank, "capacity"), "state of charge": soc}
    return [
        Figure(
            "missing-charge",
            "Charge missing",
            high_ah,
            "Ah",
            _range(low_ah, high_ah),
            "capacity × (share at the end − share now)" if lifts(plan) else "capacity × (1 − state of charge)",
            inputs,
            low_ah,
            high_ah,
        ),
        Figure(
            "charging-time",
            "Time",
            high_s,
            "s",
            _time_range(low_s, high_s),
            "charge ÷ current" if lifts(plan) else "charge ÷ current on the plateau, then the taper through leads and cells",
            {
                **inputs,
                "leads": assumed,
                "current": show(current_limit(plan).value_a, "current"),
                "end current": show(plan.end_current_a, "current"),
            },
            low_s,
            high_s,
        ),
        Figure(
            "hours-lost",
            "Lost to leads",
            lost,
            "s",
            "unknown" if lost is None else show_duration(lost),
            "time with these leads − time without",
            inputs,
        ),
    ]


def _range(low_ah: float | None, high_ah: float | None) -> str:
    if low_ah is None or high_ah is None:
        return "unknown"
    low, high = show(low_ah, "capacity"), show(high_ah, "capacity")
    return low if low == high else f"{low.removesuffix(' Ah')} to {high}"


def _time_range(low_s: float | None, high_s: float | None) -> str:
    """Coarse on purpose: two numbers that would read the same are one."""
    if low_s is None or high_s is None:
        return "unknown"
    if high_s >= 10 * 3600:
        low_h, high_h = round(low_s / 3600), round(high_s / 3600)
        return f"≈{low_h} h" if low_h == high_h else f"{low_h} to {high_h} h"
    low, high = show_duration(low_s), show_duration(high_s)
    return f"≈{low}" if low == high else f"{low} to {high}"


def _end_figures(plan: Plan) -> list[Figure]:
    rate, smallest = end_c_rate(plan), smallest_end_current_a(plan)
    bank = capacity_ah(plan)
    shown = {"capacity": show(bank, "capacity"), "end current": show(plan.end_current_a, "current")}
    return [
        Figure("end-current", "End current", plan.end_current_a, "A", show(plan.end_current_a, "current"), "as chosen", shown),
        Figure("end-current-c", "End as C-rate", rate, "C", f"{rate:.6f}".rstrip("0") + "C", "end current ÷ capacity", shown),
        Figure(
            "smallest-end-current",
            "Smallest end",
            smallest,
            "A",
            f"{smallest:.3g} A",
            "2 counts of the supply",
            {"one count": f"{plan.supply.current_step_a:g} A"},
        ),
    ]
