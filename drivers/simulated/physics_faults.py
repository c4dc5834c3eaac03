"""Faults inside the supply's output stage, the leads and the cells: how each begins, and how it is mended."""

from __future__ import annotations

from drivers.simulated.assembly import Assembly
from drivers.simulated.description import BenchDescription
from drivers.simulated.faults import Fault

FOLD_EVERY_S, FOLD_BY = 60.0, 0.1  # a hot supply gives a tenth of its set current less each minute


def begin(bench: Assembly, fault: Fault, label: str) -> Fault | None:
    """Let it act on the bench, which is joined anew afterwards; `label` is the cell where it takes one. Gives what follows of it later."""
    output, cell = bench.output, bench.cells[bench.wiring.index(label)]
    if fault.name == "cell-short":
        cell.leak_a, cell.sag_v = fault.amount, fault.amount * cell.r0_ohm
        bench.refresh_cells()
    elif fault.name == "cell-warm":
        cell.warmed_k = fault.amount
    elif fault.name == "leads-short":
        bench.wiring.put_leads("shorted")
    elif fault.name == "leads-worn":
        bench.wiring.worn_ohm = fault.amount * 1e-3
    elif fault.name == "leads-same-end":
        bench.wiring.same_end = True
    elif fault.name == "reference-drift":
        output.hidden_v = fault.amount
    elif fault.name == "echo":
        output.echoes = True
    elif fault.name == "back-feed":
        output.back_feed_a = fault.amount
    elif fault.name == "supply-hot":
        output.hot_limit_a = max(fault.amount, min(output.limit_a, output.hot_limit_a) - FOLD_BY * output.set_current_a)
        if output.hot_limit_a > fault.amount:
            return Fault(fault.name, bench.now_s + FOLD_EVERY_S, number=fault.amount)
    return None


def end(bench: Assembly, name: str, description: BenchDescription) -> None:
    """Mend it; nothing happens where there is none."""
    output = bench.output
    if name in ("cell-leak", "cell-short"):
        for cell, described in zip(bench.cells, description.cells, strict=True):
            cell.leak_a, cell.sag_v = described.self_discharge_ma * 1e-3, 0.0
        bench.refresh_cells()
    elif name == "cell-warm":
        for cell in bench.cells:
            cell.warmed_k = 0.0
    elif name == "leads-worn":
        bench.wiring.worn_ohm = 0.0
    elif name == "leads-same-end":
        bench.wiring.same_end = False
    elif name == "reference-drift":
        output.hidden_v = 0.0
    elif name == "echo":
        output.echoes = False
    elif name == "back-feed":
        output.back_feed_a = 0.0
    elif name == "supply-hot":
        output.hot_limit_a = float("inf")
