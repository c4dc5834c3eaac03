"""How fast a pack is built, and how near the best it is: 16 cells proven, 200 cells against what no way can go below."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from statistics import median

from tests.benchmarks.figures import Figure, Measurement, at_most, below
from tui.domain.packing import Pack, PackCell, build

SMALL = ("16S1P", "8S2P", "4S4P")
LARGE = ("100S2P", "50S4P", "25S8P", "20S10P")


def cells(count: int, seed: int, decimals: int = 1) -> list[PackCell]:
    """New cells of one lot as they are measured: 280 Ah to 0.1 Ah (or to so many decimals), 0.18 mΩ to 1 µΩ."""
    chance = random.Random(seed)
    return [
        PackCell(f"A{number:03}", round(chance.gauss(280.0, 2.5), decimals), round(max(0.1, chance.gauss(0.18, 0.012)), 3))
        for number in range(1, count + 1)
    ]


def _built(count: int, arrangement: str, seeds: int) -> tuple[list[Pack], list[float]]:
    packs, seconds = [], []
    for seed in range(seeds):
        lot = cells(count, seed, decimals=1 - seed % 2)  # every other lot to whole Ah: many ways are then equally good in capacity
        started_s = time.perf_counter()
        packs.append(build(lot, arrangement))
        seconds.append(time.perf_counter() - started_s)
    return packs, seconds


def pack(quick: bool) -> Iterator[Figure]:
    seeds = 2 if quick else 20
    for arrangement in SMALL:
        packs, seconds = _built(16, arrangement, seeds)
        proven = sum(each.capacity_proven and each.resistance_proven for each in packs)
        detail = f"longest of {seeds}, median {median(seconds):.2f} s; {proven} of {seeds} proven optimal"
        yield below(f"16 cells to {arrangement}", max(seconds), 1.0, "s", 2, detail)
        if proven < seeds:
            yield Figure("  proven optimal", f"{proven} of {seeds}", f"{seeds} of {seeds}", False)
    for arrangement in LARGE[:1] if quick else LARGE:
        packs, seconds = _built(200, arrangement, 1 if quick else 3)
        spread = (
            f"spread {median(each.before.capacity_ah for each in packs):.1f} → {median(each.after.capacity_ah for each in packs):.2f} Ah"
        )
        proven = sum(each.capacity_proven for each in packs)
        yield below(f"200 cells to {arrangement}", max(seconds), 10.0, "s", 1, spread)
        over = 100 * max(each.over_bound for each in packs)
        yield at_most("  its largest group over the lower bound", over, 1.0, "%", 3, f"capacity proven in {proven} of {len(packs)}")


MEASUREMENTS = (Measurement("pack", pack),)
