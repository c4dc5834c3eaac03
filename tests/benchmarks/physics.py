"""The simulated bench beside the published numbers of its cell model: how current splits, how a cell relaxes, how long a bank takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from drivers.clock import VirtualClock
from drivers.simulated.description import BenchDescription, parse
from drivers.simulated.world import World
from tests.benchmarks.figures import Figure, Measurement

SPLITS_A = {
    ("diagonal", 0.1): (2.1, 1.3, 0.9, 0.7, 0.7, 0.9, 1.3, 2.1),
    ("diagonal", 0.3): (2.9, 1.2, 0.6, 0.3, 0.3, 0.6, 1.2, 2.9),
    ("same-end", 0.1): (4.0, 2.4, 1.4, 0.9, 0.5, 0.3, 0.2, 0.2),
    ("same-end", 0.3): (5.8, 2.4, 1.0, 0.4, 0.2, 0.1, 0.03, 0.02),
}
"""Cell model section 7: 10 A over eight identical cells, by hook-up and mΩ of each link."""
REST_AFTER_S = (10.0, 60.0, 300.0, 600.0)
RESTS_V = {
    2.0: (3.637, 3.620, 3.604, 3.600),
    10.0: (3.588, 3.526, 3.476, 3.466),
    56.0: (3.425, 3.346, 3.328, 3.326),
    140.0: (3.345, 3.324, 3.323, 3.323),
}
"""Cell model section 3: volts of a 280 Ah cell so long after an un-tapered stop at 3.65 V, by the charge current in A."""
SPREAD_SOCS = (0.93, 0.89, 0.95, 0.91, 0.88, 0.94, 0.90, 0.92)
CAPACITIES_AH = (280.0, 285.6, 274.4, 282.0, 278.0, 284.0, 276.0, 280.0)  # ± 2 %
LEFT_AH = {5.0: 0.13, 20.0: 0.77, 60.0: None}
"""Cell model section 9: what a 280 Ah cell still lacks where CV begins; on 60 mΩ the lead rules from the beginning, so there is no CC."""


def splits(quick: bool) -> Iterator[Figure]:
    for (hookup, link_mohm), published_a in SPLITS_A.items():
        description = _described([0.6] * 8, bank={"hookup": hookup, "link_mohm": link_mohm})
        _, world = _charging(description)
        seen_a = [cell.current_a for cell in world.truth().cells]
        apart_a = max(abs(seen - told) for seen, told in zip(seen_a, published_a, strict=True))
        shown = " ".join(f"{value:.2f}" for value in seen_a)
        yield Figure(
            f"10 A over 8 cells, {hookup}, {link_mohm} mΩ links", f"{shown} A  (apart at most {apart_a:.2f} A)", "± 0.2 A", apart_a <= 0.2
        )


def relaxation(quick: bool) -> Iterator[Figure]:
    for current_a, published_v in RESTS_V.items():
        supply = {"model": "manual", "voltage_v": 30, "current_a": 200}
        clock, world = _charging(_described([0.95], supply=supply), voltage_v=6.0, current_a=current_a)
        while world.truth().cells[0].voltage_v < 3.65:
            clock.advance(10.0 if current_a < 5 else 1.0)
        world.set_output(False)
        seen_v = []
        for before_s, now_s in pairwise((0.0, *REST_AFTER_S)):
            clock.advance(now_s - before_s)
            seen_v.append(world.truth().cells[0].voltage_v)
        apart_mv = [1000 * abs(seen - told) for seen, told in zip(seen_v, published_v, strict=True)]
        shown = " ".join(f"{value:.3f}" for value in seen_v)
        detail = f"{shown} V after 10 s, 1, 5, 10 min  (published {' '.join(f'{value:.3f}' for value in published_v)})"
        yield Figure(f"rest 10 min after a stop at 3.65 V with {current_a:.0f} A", detail, "± 15 mV", apart_mv[-1] <= 15)


def reference_banks(quick: bool) -> Iterator[Figure]:
    """8 × 280 Ah ± 2 % at 88 to 95 %, 10 A, diagonal, 0.1 mΩ: ideal time (missing charge ÷ current) and where CC must end."""
    missing_ah = sum(ah * (1 - soc) for ah, soc in zip(CAPACITIES_AH, SPREAD_SOCS, strict=True))
    for lead_mohm, left_ah in LEFT_AH.items():
        clock, world = _charging(_described(SPREAD_SOCS, CAPACITIES_AH, lead_mohm=lead_mohm))
        while world.supply_terminals()[1] > 0.09:
            clock.advance(60.0)
        charge, truth = world.charges[-1], world.truth()
        gained_ah = sum(ah * (cell.soc - soc) for ah, cell, soc in zip(CAPACITIES_AH, truth.cells, SPREAD_SOCS, strict=True))
        hours = [(at_s or 0.0) / 3600 for at_s in (charge.cc_end_s, charge.below_1a_s, charge.below_0_1a_s)]
        detail = f"end of CC {hours[0]:.2f} h, 1 A {hours[1]:.2f} h, 0.1 A {hours[2]:.2f} h; ideal {missing_ah / 10:.2f} h"
        name = f"8 × 280 Ah from 88–95 %, leads of {lead_mohm:.0f} mΩ"
        if left_ah is None:
            yield Figure(name, f"{detail}  (the lead allows {(3.65 - 3.33) / lead_mohm * 1000:.1f} A on the plateau)")
        else:
            expected_h = (missing_ah - left_ah * sum(CAPACITIES_AH) / 280.0) / 10.0
            apart = abs(hours[0] / expected_h - 1)
            yield Figure(
                f"{name}: end of CC", f"{detail}  ({100 * apart:.2f} % from the quick formula's {expected_h:.2f} h)", "± 1 %", apart <= 0.01
            )
        closed = abs(charge.charge_ah / gained_ah - 1)
        yield Figure("  charge put in against charge in the cells", f"{100 * closed:.6f} % apart", "≤ 0.01 %", closed <= 1e-4)


def _described(
    socs: list[float] | tuple[float, ...], capacities_ah: tuple[float, ...] = (), *, lead_mohm: float = 5.0, **tables: object
) -> BenchDescription:
    each_ah = capacities_ah or (280.0,) * len(socs)
    rows = [{"capacity_ah": ah, "soc": soc} for ah, soc in zip(each_ah, socs, strict=True)]
    return parse({"supply": {"model": "RD6030"}, "leads": {"resistance_mohm": lead_mohm}, "cell": rows, **tables}, "benchmark")


def _charging(description: BenchDescription, voltage_v: float = 3.65, current_a: float = 10.0) -> tuple[VirtualClock, World]:
    clock = VirtualClock()
    world = World(description, clock, assembled=True)
    world.set_supply(voltage_v=voltage_v, current_a=current_a)
    world.set_output(True)
    return clock, world


MEASUREMENTS = (Measurement("splits", splits), Measurement("relaxation", relaxation), Measurement("banks", reference_banks))
