"""The end rule clause by clause, judged anew from the readings that were recorded: what the bench said is one thing, what stands there another.

The clauses and their numbers are those of the bench's own rule (tutorial 4.7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from tui.domain import calculations
from tui.domain.kinds import show_duration
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.records.planned import limits_of
from tui.records.series import cells_v, current_a, number, spread_v

_LOST_SAMPLES = 3.0  # a gap in the readings as long as so many usual ones is told
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, and what the readings show. `met` is None where they cannot tell."""

    text: str
    evidence: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Proof:
    """How one part's charge ended. Without `clauses` it did not end by the rule, and `reason` is all there is."""

    title: str
    cells: tuple[str, ...]
    reason: str
    at_s: float
    by_rule: bool
    clauses: tuple[Clause, ...] = ()
    from_s: float | None = None  # the readings that were judged
    readings: int = 0
    charge_ah: float | None = None
    duration_s: float | None = None
    tail_current_a: float | None = None
    c_rate: float | None = None  # of the bank, at the end

    @property
    def proved(self) -> bool:
        return bool(self.clauses) and all(clause.met for clause in self.clauses)


def prove(end: Mapping[str, Any], at_s: float, plan: Plan | None, rows: Sequence[Mapping[str, Any]]) -> Proof:
    """`end` is the data of a `part_end` line at `at_s`, `rows` the readings of the hour before it."""
    tail_a = number(end.get("tail_current_a"))
    proof = Proof(
        title=str(end.get("title") or ""),
        cells=tuple(str(label) for label in end.get("cells") or ()),
        reason=str(end.get("reason") or ""),
        at_s=at_s,
        by_rule=bool(end.get("by_rule")),
        charge_ah=number(end.get("charge_ah")),
        duration_s=number(end.get("duration_s")),
        tail_current_a=tail_a,
    )
    if plan is None:
        return proof
    capacity_ah = _capacity_ah(plan)
    if tail_a is not None and capacity_ah:
        proof = replace(proof, c_rate=tail_a / capacity_ah)
    if not proof.by_rule:
        return proof
    values = limits_of(plan)[0]
    limits = Limits(**values)  # type: ignore[arg-type]  # what `asdict` made of one
    floor = proof.reason.startswith("leakage floor")
    window_s = limits.flat_window_s if floor else limits.end_hold_s
    held = [row for row in rows if (number(row.get("test_time_s")) or 0.0) >= at_s - window_s - _EDGE]
    if not held:
        return proof
    from_s = number(held[0].get("test_time_s")) or 0.0
    clauses = _floor(plan, limits, held) if floor else _rule(plan, limits, held)
    covered_s = at_s - from_s
    step_s = max([1.0, *(b - a for a, b in _steps(held))])
    long_enough = covered_s >= window_s - max(2.0, step_s) - _EDGE
    clauses.append(
        Clause(f"all of it for {show_duration(window_s)}", f"{len(held)} readings over {show_duration(round(covered_s))}", long_enough)
    )
    return replace(proof, clauses=tuple(clauses), from_s=from_s, readings=len(held))


def _rule(plan: Plan, limits: Limits, held: Sequence[Mapping[str, Any]]) -> list[Clause]:
    floor_v = plan.target_v - limits.end_margin_v
    clauses = [_volts(f"cells ≥ {floor_v:.3f} V, measured or typed", floor_v, held)]
    if plan.end_rule != "volts":
        end_a = max(plan.end_current_a, limits.end_current_counts * plan.supply.current_step_a)
        clauses += [_constant_voltage(held), _current(end_a, held), _smooth(plan, held)]
    clauses.append(_output(held))
    spreads = [value for row in held if (value := spread_v(row)) is not None]
    if spreads:
        evidence = f"at most {1000 * max(spreads):.1f} mV"
        clauses.append(Clause(f"cells within {1000 * limits.end_spread_v:.0f} mV", evidence, max(spreads) <= limits.end_spread_v + 1e-6))
    return clauses


def _floor(plan: Plan, limits: Limits, held: Sequence[Mapping[str, Any]]) -> list[Clause]:
    """The other end: near the top, a small current that no longer falls is what leaks."""
    near_v = plan.target_v - limits.taper_margin_v
    amps = [value for row in held if (value := current_a(row)) is not None]
    clauses = [_volts(f"cells ≥ {near_v:.3f} V, measured or typed", near_v, held), _output(held)]
    if amps:
        band_a = max(plan.supply.current_step_a, 0.03 * amps[0])
        steady = max(amps) - min(amps) <= band_a + 1e-6 and amps[-1] <= limits.leakage_floor_a
        text = f"a steady current of at most {limits.leakage_floor_a:.2f} A"
        clauses.insert(1, Clause(text, f"{min(amps):.3f} to {max(amps):.3f} A", steady))
    return clauses


def _volts(text: str, floor_v: float, held: Sequence[Mapping[str, Any]]) -> Clause:
    volts = [cells_v(row) for row in held]
    known = [value for value in volts if value is not None]
    if not known:
        return Clause(text, "the volts at the cells are in no reading", None)
    unknown = len(volts) - len(known)
    evidence = f"lowest {min(known):.4f} V, last {known[-1]:.4f} V" + (f"; unknown in {unknown} readings" if unknown else "")
    return Clause(text, evidence, min(known) >= floor_v - 1e-4 and not unknown)


def _constant_voltage(held: Sequence[Mapping[str, Any]]) -> Clause:
    ok, shares = True, []
    for row in held:
        amps, set_a = current_a(row), number(row.get("set_current_a"))
        ok = ok and row.get("mode") != "CC" and amps is not None
        if amps is not None and set_a:
            shares.append(amps / set_a)
    modes = sorted({str(row.get("mode") or "not told") for row in held})
    evidence = f"the supply says {', '.join(modes)}" + (f"; current at most {100 * max(shares):.1f} % of its limit" if shares else "")
    return Clause("the supply holds constant voltage", evidence, ok and (not shares or max(shares) < 0.98))


def _current(end_a: float, held: Sequence[Mapping[str, Any]]) -> Clause:
    text = f"current ≤ {end_a:.2f} A"
    amps = [current_a(row) for row in held]
    known = [value for value in amps if value is not None]
    if not known:
        return Clause(text, "the current is in no reading", None)
    unknown = len(amps) - len(known)
    evidence = f"highest {max(known):.3f} A, last {known[-1]:.3f} A" + (f"; unknown in {unknown} readings" if unknown else "")
    return Clause(text, evidence, max(known) <= end_a + 1e-4 and not unknown)


def _smooth(plan: Plan, held: Sequence[Mapping[str, Any]]) -> Clause:
    """A current that halves from one reading to the next was cut, not tapered; below a few counts of the display nothing can be told."""
    known = [value for row in held if (value := current_a(row)) is not None]
    if len(known) < 2:
        return Clause("the current tapered smoothly", "too few readings of it", None)
    counts_a = 5 * plan.supply.current_step_a
    fall, before, after = max((before - after, before, after) for before, after in pairwise(known))
    cut = any(before >= counts_a and after < before / 2 for before, after in pairwise(known))
    steepest = f"steepest fall between two readings {before:.3f} to {after:.3f} A" if fall > 0 else "it did not fall any more"
    return Clause("the current tapered smoothly", f"{known[0]:.3f} A at first, {known[-1]:.3f} A at last; {steepest}", not cut)


def _output(held: Sequence[Mapping[str, Any]]) -> Clause:
    off = sum(row.get("output") is not True for row in held)
    gaps = [b - a for a, b in _steps(held)]
    usual_s = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    longest_s = max(gaps, default=0.0)
    late = f", the longest pause between two {longest_s:.1f} s" if longest_s > _LOST_SAMPLES * max(usual_s, 1.0) else ""
    evidence = f"on in all {len(held)} readings{late}" if not off else f"not on in {off} of {len(held)} readings"
    return Clause("output on, readings fresh", evidence, not off)


def _steps(held: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    return list(pairwise(number(row.get("test_time_s")) or 0.0 for row in held))


def _capacity_ah(plan: Plan) -> float:
    try:
        return calculations.capacity_ah(plan)
    except ValueError:
        return 0.0
