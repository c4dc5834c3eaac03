"""Where opinions differ: every side with its consequence, in this bank's numbers. Pure data for the reasons.

Sources: the tutorial (its notes and appendices A to C), the makers' data sheets, the boat builders' step-and-pause page, forum builders.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One reason. Formula and texts name the bank's numbers in braces, see `facts.bank_facts` and `reasons_facts`."""

    id: str
    title: str
    formula: str
    consequence: str
    tutorial: str
    sides: tuple[str, ...] = ()


METHOD = (
    "Single step in parallel: straight to {top_v}, {t_parallel} here. Least handling; all cells surely end at the same volts; the "
    "tutorial's way.",
    "Pre-charge in series first, then parallel: {t_chain} here. Saves days with emptier cells; needs a BMS, and the bank is built and "
    "undone twice.",
    "Step and pause: 3.40, 3.50, then 3.60 V (or scaled), output off between, {t_step} here. Gives slow cells time; takes longer, ends "
    "alike.",
    "Cell by cell: {t_single} here. No busbars to remove, the battery stays whole; but each cell stops where its own meter reading says, "
    "and every charge is watched.",
    "No top balance, the BMS does it: works with a strong balancer and low charge volts; with a small one it may take for ever.",
)
TARGET = (
    "3.65 V: the makers' charge limit, the most thorough balance (the tutorial). Needs the closest watch.",
    "3.64 V: just under the limit, a compromise for those who worry about reaching it.",
    "3.60 V: usual on boats. Gentler, with nearly the same charge in the cells: about one part in two thousand less.",
    "3.50 V: as low as it makes sense, and about what chargers use in service: some balance there to match it. Cells can "
    "still part above it when the pack is charged higher.",
)
END = (
    "Near zero (the tutorial): {end_a} here, {end_c} of the bank. All cells end at the same volts; stays longest at the top, which LiFePO4 "
    "tolerates.",
    "0.05C (data sheets, one reviewer of the tutorial): {maker_end_a} for this bank; where the supply gives less, met the moment the "
    "volts are reached. For them a longer hold at so small a current is an overcharge. Least time at the top; cells may still differ a "
    "little.",
    "3.64 V and near zero (the tutorial's way out): as thorough, and never at the makers' limit.",
    "Exactly 0.00 A (step-and-pause): leaks of the cells may never let it happen; the program ends on a leakage floor instead.",
)
REST = (
    "No rest needed (the tutorial): the drift is normal and says nothing.",
    "A day or two in parallel after the charge: harmless, and useful only while the cells are still full.",
    "Volts after disconnecting tell nothing about the balance, but a cell that leaves the others within a week tells of a leak.",
)
SPREAD = (
    "0.15 V (the tutorial): up to {surge_150} at the first touch; it falls to a fifth within a minute.",
    "0.10 V is fine, 0.25 V is not (forum builders): up to {surge_100}.",
    "0.05 V, and a resistor between cells above 0.30 V (a careful guide): up to {surge_050}; more levelling before the start.",
)
BALANCE = (
    "Balance at the top once, before the pack is built: the BMS then only has to keep it. About {t_parallel} here.",
    "Do not balance, the BMS will: then the charger must stop so low that no cell ever opens the BMS, and the loads must stop before it "
    "opens for an "
    "empty cell. Else the BMS cuts out before they do. A small balancer may never finish.",
    "Test first: a new pack that gives the {cell_ah} of its smallest cell came balanced, and a balance adds little. Balanced cells make "
    "that very test more "
    "accurate.",
    "Balance at the bottom: for packs that live near empty and have no balancing BMS. A BMS that balances at the top undoes it charge by "
    "charge.",
)
SOAK = (
    "None (the tutorial's author): not needed with new cells.",
    "A night in parallel (the tutorial, where states of charge are suspected to differ): evens out what lies far apart.",
    "Useless on the plateau (cell model): cells at 88 and 95 % exchange less than 1 A and are still 1.2 % apart after a day.",
)
